"""What a block of draws says of a service or a package, council by council, before any bundle is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sharesim.appraisal.context import Context
from sharesim.appraisal.outlays import one_off_costs
from sharesim.appraisal.register import Strikes
from sharesim.appraisal.staff import WEEKS_PER_YEAR, weekly_pay
from sharesim.appraisal.views import Table, total_of
from sharesim.study.priors import WEEKLY_PAY_CAP_GBP

if TYPE_CHECKING:
    from sharesim.appraisal.staging import Left


@dataclass(frozen=True)
class ServiceTables:
    """One service in a block of draws.

    Costs are net of the retained client side, recharged overhead and savings already in the plan: what sharing can act
    on.

    Parameters
    ----------
    rates : Table, by council and draw
        ``cost`` (GBP per year) and, where the service has them: ``power`` (workload or cost to the power that the scale
        form adds up), ``workload``, ``line`` and ``bought`` (gains of the share form, GBP per year), ``posts``,
        ``income`` (change of fee income), ``posts_per_pound`` (what a pound of yearly gain on the line takes off the
        structure), ``empty`` and ``unbudgeted_share`` (vacant posts, and the share of them without a budget),
        ``form_cost_per_post``.
    staff : Table, by council and draw
        ``empty``, ``unbudgeted_share``, ``filled`` (posts), and where pay differs ``posts`` and ``pay``.
    numbers : Table, by draw
        ``elasticity``, ``factor`` (what is realised of a gain), ``loss`` (share lost by coordinating each partner
        beyond
        two), ``increase``, ``posts_share``, ``structure``, ``cashable``, ``ramp``, ``internal``, ``per_partner``,
        ``per_partnership`` and ``posts_off`` (posts removed for each further partner), as far as they are not 0.
    by_pooled_cost : bool
    delay : ndarray, shape (draw or 1,)
        Years.
    overhead, pay, cost_per_post : ndarray, shape (council, draw or 1)
        GBP per year.
    overrun : ndarray, shape (draw or 1,)
    leavers_from : ndarray or None, shape (council, draw)
        Years from which leavers count; None where that is the decision for everybody.
    """

    rates: Table
    staff: Table
    numbers: Table
    by_pooled_cost: bool
    delay: np.ndarray
    overhead: np.ndarray
    pay: np.ndarray
    cost_per_post: np.ndarray
    overrun: np.ndarray
    leavers_from: np.ndarray | None = None

    @property
    def cost(self) -> np.ndarray:
        """Yearly cost, shape (council, draw)."""
        return self.rates["cost"]

    @cached_property
    def staff_beside(self) -> Table:
        """What `staff` holds beside `rates`, so that nothing is looked up twice."""
        beside = [at for at, name in enumerate(self.staff.names) if name not in self.rates]
        return Table(tuple(self.staff.names[at] for at in beside), self.staff.values[beside])

    @property
    def ramp(self) -> np.ndarray:
        """Years to full effect, shape (draw,)."""
        return self.numbers["ramp"]

    @classmethod
    def of(cls, context: Context, service: int, left: Left | None = None) -> ServiceTables:
        """Work out the tables of one service; `left` is what a first stage has taken off it."""
        line = lambda name: np.nan_to_num(context.number(f"baseline.{name}", (slice(None), service)))  # noqa: E731
        own = lambda name: np.nan_to_num(context.number(f"services.{name}", service))  # noqa: E731
        full = line("cost_gbp")
        cost = np.maximum(
            full * (1.0 - line("client_side_share") - line("overhead_share")) - line("planned_saving_gbp"), 0.0
        )
        pay = _pay(context, service)
        per_post = pay * (1.0 + context.number("staff.on_cost_share"))
        given = context.number("baseline.posts_fte", (slice(None), service))
        posts = np.where(np.isnan(given), cost * own("labour_share") / np.where(per_post > 0, per_post, np.inf), given)
        empty, share = _vacant(line("vacant_fte"), line("unbudgeted_vacant_fte"))
        if left is not None:
            cost, posts, empty = np.maximum(cost - left.cost_gbp, 0.0), posts - left.posts, empty - left.empty
        scale = _scale(context, service, cost)
        stated = context.number("services.cost_per_post_gbp", service)
        extra = {} if (pay == pay[:1]).all() else {"posts": posts, "pay": pay}
        shape = (len(cost), context.n_draws)
        rates = {"cost": cost, **scale, **_rate_gains(context, service, cost), "posts": posts}
        if not np.isnan(context.study.numbers["services.income_change_share"].base[service]):
            rates["income"] = own("income_change_share") * line("income_gbp")
        rates["posts_per_pound"] = (
            own("structure_share") * own("posts_share") / np.where(per_post > 0, per_post, np.inf)
        )
        if share.any():
            rates |= {"empty": empty, "unbudgeted_share": share}
        if own("posts_removed_per_extra_partner").any():
            rates["form_cost_per_post"] = np.where(np.isnan(stated), per_post, stated)
        return cls(
            Table.of(rates, shape),
            Table.of(
                {"empty": empty, "unbudgeted_share": share, "filled": np.maximum(posts - empty, 0.0), **extra}, shape
            ),
            Table.of(_numbers(context, service), shape[1:]),
            context.study.model.services[service].gain_by == "pooled_cost",
            own("delay_months") / 12.0,
            full * line("overhead_share"),
            pay,
            per_post,
            _overrun(context, service),
            None if left is None else left.leavers_from,
        )


def _vacant(vacant: np.ndarray, unbudgeted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    empty = vacant + unbudgeted
    return empty, unbudgeted / np.where(empty > 0, empty, 1.0)


def _numbers(context: Context, service: int) -> dict[str, np.ndarray]:
    own = lambda name: np.nan_to_num(context.number(f"services.{name}", service))  # noqa: E731
    planned = context.study.model.services[service].saving_kind == "planned"
    kept = {
        "cashable": own("cashable_share"),
        "ramp": own("ramp_years"),
        "posts_share": own("posts_share"),
        "structure": own("structure_share"),
    }
    if planned:
        kept["factor"] = own("realisation_share")
    maybe = {
        "elasticity": own("elasticity"),
        "internal": own("internal_saving_share"),
        "carbon": own("carbon_tonnes_per_partner"),
        "per_partner": own("amount_per_partner_gbp"),
        "per_partnership": own("amount_per_partnership_gbp"),
        "posts_off": own("posts_removed_per_extra_partner"),
        "loss": own("coordination_loss_share") if planned else np.zeros(1),
        "increase": own("cost_increase_share") if planned else np.zeros(1),
    }
    return kept | {name: number for name, number in maybe.items() if number.any()}


def _pay(context: Context, service: int) -> np.ndarray:
    """Average pay of a post: the line's terms, else the council's, else the study's, shape (council, draw or 1)."""
    line = context.number("baseline.terms_gbp", (slice(None), service))
    council = context.number("councils.terms_gbp")
    return np.nan_to_num(
        np.where(np.isnan(line), np.where(np.isnan(council), context.number("staff.pay_gbp"), council), line)
    )


def _scale(context: Context, service: int, cost: np.ndarray) -> dict[str, np.ndarray]:
    if np.isnan(context.study.numbers["services.elasticity"].base[service]):
        return {}
    elasticity = context.number("services.elasticity", service)
    workload = context.number("baseline.workload", (slice(None), service))
    held = context.study.present[:, service]
    if np.isnan(workload[held]).any():
        return {"power": cost ** (1.0 / elasticity)}
    workload = np.nan_to_num(workload)
    return {"power": workload**elasticity * held[:, None], "workload": workload}


def _rate_gains(context: Context, service: int, cost: np.ndarray) -> dict[str, np.ndarray]:
    """Gains of the share form: on the line itself (posts go with it) and on spend that is bought in (none do)."""
    rate = context.number("services.saving_rate_share", service)
    if np.isnan(rate).any():
        return {}
    spend = context.number("baseline.addressable_gbp", (slice(None), service))
    given = ~np.isnan(spend)
    gains = {} if given.all() else {"line": rate * np.where(given, 0.0, cost)}
    return gains | {"bought": rate * np.nan_to_num(spend)} if given.any() else gains


def _overrun(context: Context, service: int) -> np.ndarray:
    factor = context.number("services.overrun_factor", service)
    return np.where(np.isnan(factor), 1.0, factor) * (1.0 + context.fixed.bias[service])


def exit_costs(
    context: Context, tables: ServiceTables, calendar_year: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return redundancy, pension strain and notice per exit, GBP, shape (council, draw or 1).

    Parameters
    ----------
    calendar_year : int
        Year in which the financial year of the planned start begins: the weekly cap and the pension age are of that
        year.
    """
    staff = context.study.model.staff
    caps = WEEKLY_PAY_CAP_GBP | staff.weekly_pay_cap_gbp
    # The last one set by then: a cap stands until the next.
    cap = (
        caps[max((year for year in caps if year <= calendar_year), default=min(caps))] if staff.pay_is_capped else None
    )
    factor = context.number("staff.exit_cost_factor")
    redundancy = (
        context.fixed.weeks[:, None]
        * weekly_pay(tables.pay, cap)
        * (context.number("staff.redundancy_multiple") * factor)
    )
    strained = context.number("staff.scheme_member_share") * context.number("staff.strain_multiple") * factor
    strain = context.fixed.strain_units[calendar_year][:, None] * tables.pay * strained
    notice = tables.cost_per_post * (context.number("staff.notice_weeks") / WEEKS_PER_YEAR)
    return redundancy, strain, notice


@dataclass(frozen=True)
class Package:
    """A package in a block of draws: its services' tables, and what does not depend on who shares it.

    Parameters
    ----------
    index : int
    services : tuple of int
    tables : tuple of ServiceTables
    fund : ndarray or None, shape (council, draw or 1)
        Share of the package's cost that falls on the General Fund; None where all of it does.
    yearly : Table, by council and draw
        What falls on the General Fund, GBP per year, as far as there is any: ``fund``, ``governance``, ``client``,
        ``fee``
        (net fee that a host may take on the council's cost, not yet cut to the fund), ``stranded`` (overhead that stays
        behind), ``cost``.
    leaving : Table, by council and draw
        ``exit_cost`` (GBP, not yet cut to the fund) and ``fund``.
    delay : ndarray, shape (draw or 1,)
        The longest delay of its services, years.
    one_off : dict of str to ndarray, shape (draw or 1,)
        ``actual`` (one-off cost of the arrangement as it turns out), ``alone`` (of one council alone), ``joining`` and
        ``officers`` (each partner's), ``monthly`` (of a month's delay), ``receipts`` and ``alone_receipts`` (what
        premises that are given up bring), GBP.
    planned_gbp : float
        The arrangement's one-off cost as planned.
    once : tuple of ndarray or None
        Product of the register's factors on each service's savings that struck for good, (council or 1, draw); None
        for 1.
    """

    index: int
    services: tuple[int, ...]
    tables: tuple[ServiceTables, ...]
    fund: np.ndarray | None
    yearly: Table
    leaving: Table
    delay: np.ndarray
    one_off: dict[str, np.ndarray]
    planned_gbp: float
    once: tuple[np.ndarray | None, ...]
    exits: dict[int, Table] = field(default_factory=dict)

    @classmethod
    def of(
        cls, context: Context, index: int, *, all_funds: bool = False, left: Sequence[Left] | None = None
    ) -> Package:
        """Work out a package's tables in a block of draws.

        Parameters
        ----------
        all_funds : bool
            Count every pound, whatever fund it falls on.
        left : sequence of Left, optional
            What a first stage has taken off each service.
        """
        services = context.study.package_services[index]
        taken = left or [None] * len(services)
        tables = tuple(ServiceTables.of(context, *part) for part in zip(services, taken, strict=True))
        fund, shape = None if all_funds else _fund(context, services), (len(context.study.councils), context.n_draws)
        cost = total_of([table.cost for table in tables])
        parts = {
            "governance": cut(context.number("costs.governance_gbp_per_partner")[None, :], fund),
            "client": cut(
                total_of([context.number("services.client_gbp_per_year", service) for service in services])[None, :],
                fund,
            ),
            "fee": _share_of(context, "host_fee_share", services, [table.cost for table in tables]),
            "stranded": cut(_share_of(context, "stranded_share", services, [table.overhead for table in tables]), fund),
        }
        parts = {name: part for name, part in parts.items() if part.any()}
        if context.number("forms.vat_share").any():
            parts["cost"] = cut(cost, fund)
        own_fund = {} if fund is None else {"fund": fund}
        leaving = {"exit_cost": np.nan_to_num(context.number("exit.cost_share")) * cost, **own_fund}
        delay = tables[0].delay
        for table in tables[1:]:
            delay = np.maximum(delay, table.delay)
        one_off, planned = one_off_costs(context, services, tables)
        return cls(
            index,
            services,
            tables,
            fund,
            Table.of(parts | own_fund, shape),
            Table.of(leaving, shape),
            delay,
            one_off,
            planned,
            tuple(_once(context, service) for service in services),
        )

    def exits_in(self, context: Context, service: int, calendar_year: int) -> Table:
        """Return what an exit from one of its services costs in a year, on the General Fund: ``redundancy``,
        ``strain``, ``notice``."""
        key = service * 10_000 + calendar_year
        if key not in self.exits:
            costs = zip(
                ("redundancy", "strain", "notice"),
                exit_costs(context, self.tables[service], calendar_year),
                strict=True,
            )
            shape = (len(context.study.councils), context.n_draws)
            self.exits[key] = Table.of({name: cut(cost, self.fund) for name, cost in costs}, shape)
        return self.exits[key]


def cut(amount: np.ndarray, fund: np.ndarray | None) -> np.ndarray:
    """Return the part of an amount that falls on the General Fund."""
    return amount if fund is None else amount * fund


def _fund(context: Context, services: tuple[int, ...]) -> np.ndarray | None:
    base = context.fixed.cost_gbp[:, list(services)]
    total = base.sum(axis=1, keepdims=True)
    weight = np.where(total > 0, base / np.where(total > 0, total, 1.0), 1.0 / len(services))
    shares = [
        np.nan_to_num(context.number("baseline.gf_share", (slice(None), service)), nan=1.0) for service in services
    ]
    if all(share.shape[1] == 1 and (share == 1.0).all() for share in shares):
        return None
    return total_of([weight[:, at, None] * share for at, share in enumerate(shares)])


def _share_of(context: Context, name: str, services: Sequence[int], amounts: Sequence[np.ndarray]) -> np.ndarray:
    """Return the sum over services of a share of an amount by council."""
    shares = [context.number(f"services.{name}", service) for service in services]
    return total_of([share * amount for share, amount in zip(shares, amounts, strict=True)])


def _once(context: Context, service: int) -> np.ndarray | None:
    """Return the product of the factors on a service's savings that struck for good, pairs apart; what strikes one
    council is
    felt in its own saving."""
    result = None
    for strikes in context.strikes:
        if not strikes.per_year and strikes.scope != "pair" and strikes.softens:
            struck = _struck(context, strikes, service)
            if struck is not None:
                part = 1.0 + struck * (strikes.saving_factor - 1.0)
                result = part if result is None else result * part
    return result


def _struck(context: Context, strikes: Strikes, service: int) -> np.ndarray | None:
    table = strikes.struck.astype(float)
    if strikes.scope == "council":
        return strikes.by_council(table, len(context.study.councils), 0.0)
    at = strikes.position((service,) if strikes.scope == "service" else ())
    return table[at : at + 1] if at >= 0 else None


__all__ = ["Package", "ServiceTables", "cut", "exit_costs"]
