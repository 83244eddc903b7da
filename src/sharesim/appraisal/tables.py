"""What a block of draws says of a service or a package, council by council, before any bundle is looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sharesim.appraisal.context import Context
from sharesim.appraisal.staff import WEEKS_PER_YEAR, weekly_pay
from sharesim.study.priors import WEEKLY_PAY_CAP_GBP


@dataclass(frozen=True)
class ServiceTables:
    """One service in a block of draws; council tables are (council, draw or 1), the rest (draw or 1,).

    Costs are net of the retained client side, recharged overhead and savings already in the plan: what sharing can act on.
    `posts_per_pound` is what a pound of yearly gain on the line takes off the structure.
    """

    cost: np.ndarray
    overhead: np.ndarray
    posts: np.ndarray
    vacant: np.ndarray
    unbudgeted: np.ndarray
    pay: np.ndarray
    cost_per_post: np.ndarray
    workload: np.ndarray | None
    power: np.ndarray | None
    elasticity: np.ndarray
    line_rate_gain: np.ndarray | None
    bought_rate_gain: np.ndarray | None
    amount_per_partner: np.ndarray
    amount_per_partnership: np.ndarray
    posts_per_extra_partner: np.ndarray
    form_cost_per_post: np.ndarray
    internal_share: np.ndarray
    realisation: np.ndarray
    coordination_loss: np.ndarray
    increase_share: np.ndarray
    cashable: np.ndarray
    ramp: np.ndarray
    delay: np.ndarray
    posts_share: np.ndarray
    structure: np.ndarray
    posts_per_pound: np.ndarray
    overrun: np.ndarray
    by_pooled_cost: bool

    @classmethod
    def of(cls, context: Context, service: int) -> ServiceTables:
        """Work out the tables of one service."""
        row = context.study.model.services[service]

        def line(name: str) -> np.ndarray:
            return np.nan_to_num(context.number(f"baseline.{name}", (slice(None), service)))

        def own(name: str) -> np.ndarray:
            return np.nan_to_num(context.number(f"services.{name}", service))

        full = line("cost_gbp")
        cost = np.maximum(full * (1.0 - line("client_side_share") - line("overhead_share")) - line("planned_saving_gbp"), 0.0)
        pay, on_cost = _pay(context, service), context.number("staff.on_cost_share")
        cost_per_post = pay * (1.0 + on_cost)
        given = context.number("baseline.posts_fte", (slice(None), service))
        derived = cost * own("labour_share") / np.where(cost_per_post > 0, cost_per_post, np.inf)
        posts = np.where(np.isnan(given), derived, given)
        per_pound = own("structure_share") * own("posts_share") / np.where(cost_per_post > 0, cost_per_post, np.inf)
        scale = not np.isnan(context.study.numbers["services.elasticity"].base[service])
        workload, power, elasticity = _scale(context, service, cost) if scale else (None, None, np.ones(1))
        on_line, bought = _rate_gains(context, service, cost)
        planned = row.saving_kind == "planned"
        post_cost = context.number("services.cost_per_post_gbp", service)
        return cls(
            cost=cost, overhead=full * line("overhead_share"), posts=posts, vacant=line("vacant_fte"),
            unbudgeted=line("unbudgeted_vacant_fte"), pay=pay, cost_per_post=cost_per_post, workload=workload, power=power,
            elasticity=elasticity, line_rate_gain=on_line, bought_rate_gain=bought,
            amount_per_partner=own("amount_per_partner_gbp"), amount_per_partnership=own("amount_per_partnership_gbp"),
            posts_per_extra_partner=own("posts_removed_per_extra_partner"),
            form_cost_per_post=np.where(np.isnan(post_cost), cost_per_post, post_cost), internal_share=own("internal_saving_share"),
            realisation=own("realisation_share") if planned else np.ones(1),
            coordination_loss=own("coordination_loss_share") if planned else np.zeros(1),
            increase_share=own("cost_increase_share") if planned else np.zeros(1), cashable=own("cashable_share"),
            ramp=own("ramp_years"), delay=own("delay_months") / 12.0, posts_share=own("posts_share"),
            structure=own("structure_share"), posts_per_pound=per_pound, overrun=_overrun(context, service), by_pooled_cost=row.gain_by == "pooled_cost",
        )  # fmt: skip


def _pay(context: Context, service: int) -> np.ndarray:
    """Average pay of a post: the line's terms, else the council's, else the study's, shape (council, draw or 1)."""
    line = context.number("baseline.terms_gbp", (slice(None), service))
    council = context.number("councils.terms_gbp")
    return np.nan_to_num(np.where(np.isnan(line), np.where(np.isnan(council), context.number("staff.pay_gbp"), council), line))


def _scale(context: Context, service: int, cost: np.ndarray) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
    elasticity = context.number("services.elasticity", service)
    workload = context.number("baseline.workload", (slice(None), service))
    held = context.study.present[:, service]
    if np.isnan(workload[held]).any():
        return None, cost ** (1.0 / elasticity), elasticity
    workload = np.nan_to_num(workload)
    return workload, workload**elasticity * held[:, None], elasticity


def _rate_gains(context: Context, service: int, cost: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Gains of the share form: on the line itself (posts go with it) and on spend that is bought in (none do)."""
    rate = context.number("services.saving_rate_share", service)
    if np.isnan(rate).any():
        return None, None
    spend = context.number("baseline.addressable_gbp", (slice(None), service))
    given = ~np.isnan(spend)
    return (rate * np.where(given, 0.0, cost) if not given.all() else None), (rate * np.nan_to_num(spend) if given.any() else None)


def _overrun(context: Context, service: int) -> np.ndarray:
    factor = context.number("services.overrun_factor", service)
    return np.where(np.isnan(factor), 1.0, factor) * (1.0 + context.fixed.bias[service])


def exit_costs(context: Context, tables: ServiceTables, calendar_year: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return redundancy, pension strain and notice per exit, GBP, shape (council, draw or 1).

    Parameters
    ----------
    calendar_year : int
        Year in which the financial year of the planned start begins: the weekly cap and the pension age are of that year.
    """
    study, staff = context.study, context.study.model.staff
    caps = WEEKLY_PAY_CAP_GBP | staff.weekly_pay_cap_gbp
    # The last one set by then: a cap stands until the next.
    cap = caps[max((year for year in caps if year <= calendar_year), default=min(caps))] if staff.pay_is_capped else None
    factor = context.number("staff.exit_cost_factor")
    redundancy = context.fixed.weeks[:, None] * weekly_pay(tables.pay, cap) * context.number("staff.redundancy_multiple") * factor
    strain = context.fixed.strain_units[calendar_year][:, None] * tables.pay * context.number("staff.scheme_member_share") * context.number("staff.strain_multiple") * factor
    notice = tables.cost_per_post / WEEKS_PER_YEAR * context.number("staff.notice_weeks")
    return redundancy, strain, notice


@dataclass(frozen=True)
class Package:
    """A package in a block of draws: its services' tables, and what does not depend on who shares it.

    Money by council is what falls on the General Fund. Council tables are (council, draw or 1), the rest (draw or 1,);
    None stands for zero everywhere.

    Parameters
    ----------
    index : int
    services : tuple of int
    tables : tuple of ServiceTables
    fund : ndarray or None
        Share of the package's cost that falls on the General Fund; None where all of it does.
    cost, governance, client : ndarray
        Yearly cost of the services, of governing an arrangement and of the client side, GBP.
    fee : ndarray or None
        Net fee that a host may take on each council's cost, GBP per year, not yet cut to the fund.
    stranded : ndarray or None
        Overhead that stays behind, GBP per year.
    exit_cost : ndarray
        What leaving costs, GBP, not yet cut to the fund.
    delay : ndarray
        The longest delay of its services, years.
    actual, joining, officers, monthly : ndarray
        One-off cost of the arrangement as it turns out, of joining and of officers' days of each partner, and of a month's
        delay, GBP.
    receipts : ndarray
        What premises that are given up bring, GBP.
    planned : float
        The same one-off cost as planned, GBP.
    """

    index: int
    services: tuple[int, ...]
    tables: tuple[ServiceTables, ...]
    fund: np.ndarray | None
    cost: np.ndarray
    governance: np.ndarray
    client: np.ndarray
    fee: np.ndarray | None
    stranded: np.ndarray | None
    exit_cost: np.ndarray
    delay: np.ndarray
    actual: np.ndarray
    joining: np.ndarray
    officers: np.ndarray
    monthly: np.ndarray
    receipts: np.ndarray
    planned: float

    @classmethod
    def of(cls, context: Context, index: int, *, all_funds: bool = False) -> Package:
        """Work out a package's tables in a block of draws; `all_funds` counts every pound, whatever fund it falls on."""
        services = context.study.package_services[index]
        tables = tuple(ServiceTables.of(context, service) for service in services)
        fund = None if all_funds else _fund(context, services)
        cost = _sum([table.cost for table in tables])
        client = _sum([context.number("services.client_gbp_per_year", service) for service in services])
        fee = _sum_of_some([(context.number("services.host_fee_share", at), table.cost) for at, table in zip(services, tables, strict=True)])
        stranded = _sum_of_some([(context.number("services.stranded_share", at), table.overhead) for at, table in zip(services, tables, strict=True)])
        delay = tables[0].delay
        for table in tables[1:]:
            delay = np.maximum(delay, table.delay)
        return cls(
            index, services, tables, fund, cost=cut(cost, fund), governance=cut(context.number("costs.governance_gbp_per_partner")[None, :], fund),
            client=cut(client[None, :], fund), fee=fee, stranded=None if stranded is None else cut(stranded, fund),
            exit_cost=np.nan_to_num(context.number("exit.cost_share")) * cost, delay=delay, **_one_off(context, services, tables),
        )  # fmt: skip


def cut(amount: np.ndarray, fund: np.ndarray | None) -> np.ndarray:
    """Return the part of an amount that falls on the General Fund."""
    return amount if fund is None else amount * fund


def _fund(context: Context, services: tuple[int, ...]) -> np.ndarray | None:
    base = context.fixed.cost_gbp[:, list(services)]
    total = base.sum(axis=1, keepdims=True)
    weight = np.where(total > 0, base / np.where(total > 0, total, 1.0), 1.0 / len(services))
    shares = [np.nan_to_num(context.number("baseline.gf_share", (slice(None), service)), nan=1.0) for service in services]
    if all(share.shape[1] == 1 and (share == 1.0).all() for share in shares):
        return None
    return _sum([weight[:, at, None] * share for at, share in enumerate(shares)])


def _sum(parts: list[np.ndarray]) -> np.ndarray:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _sum_of_some(parts: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray | None:
    """Return the sum of share x amount over the services that have a share; None where none has."""
    some = [share * amount for share, amount in parts if share.any()]
    return _sum(some) if some else None


def _one_off(context: Context, services: tuple[int, ...], tables: tuple[ServiceTables, ...]) -> dict[str, np.ndarray | float]:
    """Return what a package costs once, by kind."""
    totals: dict[str, np.ndarray] = dict.fromkeys(("actual", "joining", "officers", "monthly", "receipts"), np.zeros(1))
    planned, centre = 0.0, context.study.numbers
    for service, table in zip(services, tables, strict=True):
        team, ict, dual, premises, joining, days, monthly = (
            context.number(f"services.{name}", service)
            for name in ("team_gbp", "ict_gbp", "dual_running_gbp", "premises_gbp", "joining_gbp", "officer_days", "delay_cost_gbp_per_month")
        )
        # Premises overrun as the rest does; a receipt does not grow with it, nor come before they are given up.
        parts = {
            "actual": (team + ict + dual + np.maximum(premises, 0.0)) * table.overrun, "receipts": np.maximum(-premises, 0.0),
            "joining": joining * table.overrun, "officers": days * np.nan_to_num(context.number("staff.officer_day_gbp")), "monthly": monthly,
        }  # fmt: skip
        totals = {name: total + parts[name] for name, total in totals.items()}
        planned += sum(max(float(centre[f"services.{name}"].base[service]), 0.0) for name in ("team_gbp", "ict_gbp", "dual_running_gbp", "premises_gbp"))
    return {**totals, "planned": planned}


__all__ = ["Package", "ServiceTables", "cut", "exit_costs"]
