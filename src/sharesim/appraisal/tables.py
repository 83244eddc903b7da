"""What a block of draws says of a package, council by council, before any bundle is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sharesim.appraisal.context import Context
from sharesim.appraisal.outlays import one_off_costs
from sharesim.appraisal.register import Strikes
from sharesim.appraisal.service_tables import Left, ServiceTables
from sharesim.appraisal.staff import WEEKS_PER_YEAR, weekly_pay
from sharesim.appraisal.views import Table, total_of
from sharesim.study.priors import WEEKLY_PAY_CAP_GBP


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
        taken: Sequence[Left | None] = left or [None] * len(services)
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


__all__ = ["Package", "cut", "exit_costs"]
