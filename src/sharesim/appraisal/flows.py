"""What partners gain and pay, before it is valued over time: the same formulas for whole groups and for single draws.

Signs: what a council gains is positive, what it pays is negative. Arrays are (..., partner slot, draw), money as far as
it falls on the General Fund. Terms are yearly flows or sums paid once; `stretches` weighs them by a clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sharesim.appraisal.context import Context
from sharesim.appraisal.rates import Rows, ServiceRates, service_rates
from sharesim.appraisal.savings import over_slots
from sharesim.appraisal.staff import by_vacancies, met_by_people
from sharesim.appraisal.tables import Package
from sharesim.appraisal.timing import instalments, planned_years
from sharesim.appraisal.views import View, total_of
from sharesim.bundles.table import BundleTable
from sharesim.study.study import Study

#: Lines that count in the NPV, in the order of reports.
CASH_LINES = (
    "saving_cashable",
    "extra_cost",
    "harmonisation",
    "governance",
    "vehicle",
    "client_side",
    "cost_sharing",
    "host_fee",
    "stranded_overhead",
    "vat",
    "transition",
    "receipts",
    "joining",
    "officers",
    "delay_cost",
    "risk_one_off",
    "redundancy",
    "pension_strain",
    "notice",
    "exit_cost",
    "joining_fee",
)
ONE_OFF_LINES = (
    "transition",
    "joining",
    "officers",
    "delay_cost",
    "redundancy",
    "pension_strain",
    "notice",
)


@dataclass(frozen=True)
class Terms:
    """Flows by line that fall due together, and their sum."""

    lines: Mapping[str, np.ndarray]

    @cached_property
    def total(self) -> np.ndarray:
        """Sum over the lines."""
        return total_of(list(self.lines.values()))

    def while_there(self, there: np.ndarray) -> Terms:
        """Return the terms of those who are not abolished yet; the others' are not changed by it."""
        return Terms({name: term * there for name, term in self.lines.items()})

    def __bool__(self) -> bool:
        return bool(self.lines)


@dataclass(frozen=True)
class Plan:
    """What was planned for a start: dates that do not slip.

    Parameters
    ----------
    start_years : float
    spending : ndarray, shape (year,)
        Shares of one-off cost by year.
    strain : ndarray, shape (year,)
        Shares of pension strain by year.
    """

    start_years: float
    spending: np.ndarray
    strain: np.ndarray

    @classmethod
    def of(cls, study: Study, start_years: float) -> Plan:
        """Return the planned dates of a start."""
        costs, n_years = study.model.costs, study.n_years
        return cls(
            start_years,
            planned_years(start_years, costs.lead_years, costs.profile, n_years),
            instalments(start_years, study.model.staff.strain_years, n_years),
        )

    @classmethod
    def joining(cls, study: Study, joins_years: float) -> Plan:
        """Return the planned dates of a partner that joins later: it pays when it joins."""
        when = planned_years(joins_years, 0, (1.0,), study.n_years)
        return cls(joins_years, when, instalments(joins_years, study.model.staff.strain_years, study.n_years))

    def shares(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the shares by year of one-off cost, of redundancy, and of pension strain."""
        staff = np.zeros(len(self.spending))
        staff[self.staff_year(len(staff))] = 1.0
        return self.spending, staff, self.strain

    def staff_year(self, n_years: int) -> int:
        """The year in which redundancy is paid."""
        return min(int(self.start_years), n_years - 1)


def planned_shares(study: Study, table: BundleTable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return shares by year of one-off cost, redundancy and pension strain, each (bundle, partner slot or 1, year)."""
    starts, place = np.unique(table.start_years, return_inverse=True)
    plans = [Plan.of(study, start).shares() for start in starts]
    parts = np.array(plans).reshape(len(starts), 3, study.n_years)[place]
    spending, staff, strain = (parts[:, at, None, :] for at in range(3))
    if table.joins is not None:
        shape = (*table.joins.shape, study.n_years)
        spending, staff, strain = (np.broadcast_to(part, shape).copy() for part in (spending, staff, strain))
        for row, slot in zip(*np.nonzero(table.joins), strict=True):
            own = Plan.joining(study, float(table.joins[row, slot])).shares()
            spending[row, slot], staff[row, slot], strain[row, slot] = own
    return spending, staff, strain


def rates_of(context: Context, package: Package, view: View, *, structure: bool) -> tuple[ServiceRates, ...]:
    """Return the rates of every service of a package for the partners in a view."""
    rule = context.study.model.split.saving
    return tuple(service_rates(view, tables, saving_rule=rule, structure=structure) for tables in package.tables)


def to_fund(rows: Rows, amount: np.ndarray) -> np.ndarray:
    """Return the part of each partner's amount that falls on its General Fund."""
    return amount * rows["fund"] if "fund" in rows else amount


# -- yearly -----------------------------------------------------------------------------------------------------------


def running_terms(view: View, rows: Rows, rates: Sequence[ServiceRates]) -> Terms:
    """Return yearly flows that no host or form changes, besides extra cost: in full at once, whatever savings do."""
    lines = {}
    if view.n_slots > 1 and "governance" in rows:
        # One council alone has nobody to govern with.
        lines["governance"] = -rows["governance"]
    sharing = [rate.cost_sharing for rate in rates if rate.cost_sharing is not None]
    if sharing:
        lines["cost_sharing"] = to_fund(rows, total_of(sharing))
    return Terms(lines)


def extra_cost(rows: Rows, rates: Sequence[ServiceRates]) -> Terms:
    """Return the yearly extra cost of working together, negative."""
    return Terms({"extra_cost": -to_fund(rows, total_of([rate.extra_cost for rate in rates]))})


def guest_terms(view: View, rows: Rows, *, hosted: bool) -> Terms:
    """Return yearly costs of partners whose service is provided elsewhere, by one of them (`hosted`) or by others.

    A company or private partner is a provider outside the council as much as a host elsewhere is; one council alone
    provides for itself.
    """
    if view.n_slots == 1:
        return Terms({})
    lines = {"client_side": -rows["client"]} if "client" in rows else {}
    if hosted and "fee" in rows:
        lines["host_fee"] = -to_fund(rows, rows["fee"])
    return Terms(lines)


def host_terms(view: View, rows: Rows, host_share: np.ndarray, slot: int) -> Terms:
    """Return the yearly flows of a partner that hosts, shape (..., 1, draw): its own part of the fee, and what others
    pay.

    Parameters
    ----------
    host_share : ndarray, shape (partner slot, 1)
        Share of the service that each partner hosts.
    slot : int
        The host.
    """
    if "fee" not in rows:
        return Terms({})
    if host_share[slot, 0] == 1.0:
        # It pays no fee and takes all of the others'; where it is out, `counting` lets nothing of this count.
        others = [rows["fee"][..., other : other + 1, :] for other in range(view.n_slots) if other != slot]
        net = total_of(others)
    else:
        shares = host_share * view.present
        paid, hosted = rows["fee"] * (1.0 - shares), over_slots(shares)
        own = shares[..., slot : slot + 1, :]
        net = over_slots(paid) * (own / np.where(hosted > 0, hosted, 1.0)) - paid[..., slot : slot + 1, :]
    return Terms({"host_fee": net * rows["fund"][..., slot : slot + 1, :] if "fund" in rows else net})


def stranded_terms(view: View, rows: Rows) -> Terms:
    """Return the yearly overhead that stays for a while with partners whose service is provided elsewhere, negative."""
    return Terms({"stranded_overhead": -rows["stranded"]} if view.n_slots > 1 and "stranded" in rows else {})


def form_terms(context: Context, view: View, rows: Rows, form: int) -> Terms:
    """Return yearly costs that depend on the form: the vehicle, and VAT that is not recovered."""
    lines = {}
    yearly, vat = context.number("forms.yearly_gbp", form), context.number("forms.vat_share", form)
    if yearly.any():
        lines["vehicle"] = -view.scalar(yearly) * to_fund(rows, view.weight("running"))
    if vat.any():
        lines["vat"] = -view.scalar(vat) * rows["cost"]
    return Terms(lines)


def drift_terms(context: Context, package: Package, view: View, rows: Rows, rates: Sequence[ServiceRates]) -> Terms:
    """Return the yearly cost of lifting pay to the best terms of those in, were terms to transfer; nothing where all
    are alike."""
    parts = []
    for tables, rate in zip(package.tables, rates, strict=True):
        if "pay" not in tables.staff:
            continue
        staff = rate.rows | view.rows(tables.staff_beside)
        gap = staff["pay"].max(axis=-2, keepdims=True) - staff["pay"]
        gap = gap if view.active is None else gap * view.active
        # Posts with a budget that remain.
        _, unbudgeted = by_vacancies(rate.posts_removed, staff["empty"], staff["unbudgeted_share"])
        over = np.maximum(staff["empty"] * staff["unbudgeted_share"] - unbudgeted, 0.0)
        paid = staff["posts"] - rate.posts_removed - over
        parts.append(paid * gap)
    if not parts:
        return Terms({})
    lift = (1.0 + context.number("staff.on_cost_share")) * context.number("staff.harmonisation_share")
    return Terms({"harmonisation": to_fund(rows, total_of(parts) * -view.scalar(lift))})


# -- one-off ----------------------------------------------------------------------------------------------------------


def transition_terms(package: Package, view: View, fund: Rows) -> Terms:
    """Return one-off costs before their profile over years."""
    one_off, over_rule, costs = view.weight("one_off"), view.weight("overspend"), package.one_off
    actual = costs["actual" if view.n_slots > 1 else "alone"]
    lines = {"transition": -view.scalar(actual) * to_fund(fund, over_rule)}
    unplanned = (one_off - over_rule) * package.planned_gbp
    if unplanned.any():
        lines["transition"] = lines["transition"] - to_fund(fund, unplanned)
    return Terms({**lines, **own_costs(package, view, fund, np.ones_like(one_off) * view.signed).lines})


def own_costs(package: Package, view: View, fund: Rows, whose: np.ndarray) -> Terms:
    """Return one-off costs that each partner has for itself; `whose` is 1 for those who pay now."""
    lines, costs = {}, package.one_off
    for name in ("joining", "officers"):
        if costs[name].any() and (name == "officers" or view.n_slots > 1):
            lines[name] = -view.scalar(costs[name]) * to_fund(fund, whose)
    return Terms(lines)


def receipts_terms(package: Package, view: View, fund: Rows) -> Terms:
    """Return what premises that are given up bring, once."""
    receipts = package.one_off["receipts" if view.n_slots > 1 else "alone_receipts"]
    return Terms({"receipts": view.scalar(receipts) * to_fund(fund, view.weight("one_off"))} if receipts.any() else {})


def delay_terms(package: Package, view: View, fund: Rows) -> Terms:
    """Return the one-off cost of a year's delay."""
    monthly = package.one_off["monthly"]
    return Terms(
        {"delay_cost": -view.scalar(monthly * 12.0) * to_fund(fund, view.weight("overspend"))} if monthly.any() else {}
    )


def set_up_terms(context: Context, view: View, fund: Rows, form: int) -> Terms:
    """Return the cost of setting up a form."""
    cost = context.number("forms.set_up_gbp", form)
    return Terms({"transition": -view.scalar(cost) * to_fund(fund, view.weight("one_off"))} if cost.any() else {})


def exit_terms(context: Context, view: View, leaving: Rows, paying: np.ndarray | None) -> Terms:
    """Return what those who pay now for having left pay, by the rule for exits.

    Parameters
    ----------
    leaving : dict
        Rows of `Package.leaving` for those who are in until now.
    paying : ndarray or None, shape (..., partner slot, draw)
        1 for partners who are out now and take their service back; None for all.
    """
    own = -leaving["exit_cost"] if paying is None else leaving["exit_cost"] * -paying
    if context.study.model.split.exit != "own":
        own = over_slots(own) * view.weight("exit")
    return Terms({"exit_cost": to_fund(leaving, own)})


@dataclass(frozen=True)
class StaffTerms:
    """One-off cost of exits (negative), and how many there are, each (..., partner slot, draw).

    Parameters
    ----------
    paid : Terms
        Redundancy and notice.
    strain : Terms
    voluntary, compulsory, redeployed, removed : ndarray
        Posts.
    """

    paid: Terms
    strain: Terms
    voluntary: np.ndarray
    compulsory: np.ndarray
    redeployed: np.ndarray
    removed: np.ndarray


def staff_terms(
    context: Context,
    package: Package,
    view: View,
    rates: Sequence[ServiceRates],
    start: np.ndarray,
    lively: np.ndarray | None,
    calendar_year: int,
) -> StaffTerms:
    """Return exits and their cost for the structure that is implemented at the start.

    Parameters
    ----------
    start : ndarray, shape (..., 1, draw)
    lively : ndarray or None, shape (..., 1, draw)
        1 where the arrangement starts, 0 where it does not; None for everywhere.
    calendar_year : int
        In which redundancy is paid.
    """
    shares = (view.scalar(context.number(f"staff.{name}")) for name in ("redeployment_share", "voluntary_share"))
    redeployment, voluntary = shares
    staying = context.log_staying
    log_staying = None if staying is None else view.council(staying)
    totals = None
    for number, (tables, rate) in enumerate(zip(package.tables, rates, strict=True)):
        staff = rate.rows | view.rows(tables.staff_beside)
        costs = view.rows(package.exits_in(context, number, calendar_year))
        removed = rate.posts_removed if lively is None else rate.posts_removed * lively
        vacancies, _ = by_vacancies(removed, staff["empty"], staff["unbudgeted_share"])
        leaving: np.ndarray = np.zeros((1, 1))
        if log_staying is not None:
            since = context.fixed.decision_years if tables.leavers_from is None else view.council(tables.leavers_from)
            lead = np.maximum(start + rate.numbers["ramp"] - since, 0.0)
            # Of those in post at the decision; who has left cannot leave again.
            leaving = staff["filled"] * (1.0 - np.exp(log_staying * lead))
        met = met_by_people(removed - vacancies, leaving, redeployment, voluntary)
        parts = (
            met.paid * -costs["redundancy"],
            met.compulsory * -costs["notice"],
            met.paid * -costs["strain"],
            met.voluntary,
            met.compulsory,
            met.redeployed,
            removed,
        )
        totals = parts if totals is None else tuple(total + part for total, part in zip(totals, parts, strict=True))
    assert totals is not None
    return StaffTerms(
        Terms({"redundancy": totals[0], "notice": totals[1]}), Terms({"pension_strain": totals[2]}), *totals[3:]
    )


__all__ = [
    "CASH_LINES",
    "ONE_OFF_LINES",
    "Plan",
    "StaffTerms",
    "Terms",
    "delay_terms",
    "drift_terms",
    "exit_terms",
    "extra_cost",
    "form_terms",
    "guest_terms",
    "host_terms",
    "own_costs",
    "planned_shares",
    "rates_of",
    "receipts_terms",
    "running_terms",
    "set_up_terms",
    "staff_terms",
    "stranded_terms",
    "to_fund",
    "transition_terms",
]
