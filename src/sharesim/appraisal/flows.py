"""What partners gain and pay, before it is valued over time: the same formulas for whole groups and for single draws.

Signs: what a council gains is positive, what it pays is negative. Arrays are (..., partner slot, draw), money as far as
it falls on the General Fund. Terms are yearly flows or sums paid once; `valuation` weighs them by a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sharesim.appraisal.context import Context
from sharesim.appraisal.rates import ServiceRates, meet_posts, paid_posts, service_rates
from sharesim.appraisal.savings import over_slots
from sharesim.appraisal.tables import Package, cut, exit_costs
from sharesim.appraisal.timing import instalments, planned_years
from sharesim.appraisal.transition import host_fee_gbp, stranded_gbp
from sharesim.appraisal.views import View
from sharesim.study.study import Study

#: Lines that count in the NPV, in the order of reports.
CASH_LINES = (
    "saving_cashable", "extra_cost", "harmonisation", "governance", "vehicle", "client_side", "cost_sharing", "host_fee",
    "stranded_overhead", "vat", "transition", "receipts", "joining", "officers", "delay_cost", "risk_one_off", "redundancy", "pension_strain", "notice", "exit_cost",
)  # fmt: skip
ONE_OFF_LINES = ("transition", "joining", "officers", "delay_cost", "risk_one_off", "redundancy", "pension_strain", "notice")

#: Terms by line.
Terms = dict[str, np.ndarray]


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

    def staff_year(self, n_years: int) -> int:
        """The year in which redundancy is paid."""
        return min(int(self.start_years), n_years - 1)


def rates_of(context: Context, package: Package, view: View, *, structure: bool) -> tuple[ServiceRates, ...]:
    """Return the rates of every service of a package for the partners in a view."""
    rule = context.study.model.split.saving
    return tuple(service_rates(view, tables, saving_rule=rule, structure=structure) for tables in package.tables)


def to_fund(package: Package, view: View, amount: np.ndarray) -> np.ndarray:
    """Return the part of each partner's amount that falls on its General Fund."""
    return amount if package.fund is None else amount * view.all_of(package.fund)


# -- yearly -----------------------------------------------------------------------------------------------------------


def running_terms(package: Package, view: View, rates: Sequence[ServiceRates]) -> Terms:
    """Return yearly flows that no host or form changes, besides extra cost; they come in full at once, whatever savings do."""
    terms: Terms = {}
    if view.n_slots > 1 and package.governance.any():
        # One council alone has nobody to govern with.
        table = package.governance
        each = view.scalar(table[0]) * view.present if len(table) == 1 else view.council(table)
        terms["governance"] = -each
    sharing = [rate.cost_sharing for rate in rates if rate.cost_sharing is not None]
    if sharing:
        terms["cost_sharing"] = to_fund(package, view, _total(sharing))
    return terms


def extra_cost(package: Package, view: View, rates: Sequence[ServiceRates]) -> np.ndarray:
    """Return the yearly extra cost of working together, negative."""
    return to_fund(package, view, -_total([rate.extra_cost for rate in rates]))


def _total(parts: Sequence[np.ndarray]) -> np.ndarray:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def host_terms(package: Package, view: View, host_share: np.ndarray) -> Terms:
    """Return yearly costs that depend on who hosts.

    Parameters
    ----------
    host_share : ndarray, shape (partner slot, 1)
        Share of the service that each partner hosts.
    """
    terms: Terms = {}
    if package.client.any():
        table = package.client
        each = view.scalar(table[0]) * view.present if len(table) == 1 else view.council(table)
        terms["client_side"] = -each * elsewhere(view, host_share)
    if package.fee is not None:
        # The fee's share is already in the table, so that its factor here is 1.
        terms["host_fee"] = to_fund(package, view, -host_fee_gbp(np.ones((1, 1)), view.council(package.fee), host_share * view.present))
    return terms


def elsewhere(view: View, host_share: np.ndarray) -> np.ndarray:
    """Return 1 for partners whose service is provided elsewhere, shape (partner slot, 1).

    A company or private partner is a provider outside the council as much as a host elsewhere is; one council alone
    provides for itself.
    """
    return ((host_share <= 0) & (view.n_slots > 1)).astype(float)


def stranded_term(package: Package, view: View, host_share: np.ndarray) -> np.ndarray | None:
    """Return the yearly overhead that stays behind for a while, negative; None where there is none."""
    if package.stranded is None:
        return None
    return -stranded_gbp(np.ones((1, 1)), view.council(package.stranded), elsewhere(view, host_share))


def form_terms(context: Context, package: Package, view: View, form: int) -> Terms:
    """Return yearly costs that depend on the form: the vehicle, and VAT that is not recovered."""
    terms: Terms = {}
    yearly, vat = context.number("forms.yearly_gbp", form), context.number("forms.vat_share", form)
    if yearly.any():
        terms["vehicle"] = to_fund(package, view, -view.scalar(yearly) * view.weight("running"))
    if vat.any():
        terms["vat"] = -view.scalar(vat) * view.council(package.cost)
    return terms


def drift_term(context: Context, package: Package, view: View, rates: Sequence[ServiceRates]) -> np.ndarray | None:
    """Return the yearly cost of lifting pay to the best terms of those in, were terms to transfer; None where all are alike."""
    drift, lift = None, None
    for tables, rate in zip(package.tables, rates, strict=True):
        if (tables.pay == tables.pay[:1]).all():
            continue
        if lift is None:
            lift = view.scalar((1.0 + context.number("staff.on_cost_share")) * context.number("staff.harmonisation_share"))
        pay = view.council(tables.pay)
        gap = (pay.max(axis=-2, keepdims=True) - pay) * view.present
        part = -paid_posts(view, tables, rate.removed) * gap * lift
        drift = part if drift is None else drift + part
    return None if drift is None else to_fund(package, view, drift)


# -- one-off ----------------------------------------------------------------------------------------------------------


def transition_terms(package: Package, view: View) -> Terms:
    """Return one-off costs before their profile over years."""
    one_off, over_rule = view.weight("one_off"), view.weight("overspend")
    shared = over_rule * view.scalar(package.actual) + (one_off - over_rule) * package.planned
    terms = {"transition": to_fund(package, view, -shared)}
    if view.n_slots > 1 and package.joining.any():
        terms["joining"] = to_fund(package, view, -view.scalar(package.joining) + np.zeros_like(one_off))
    if package.officers.any():
        terms["officers"] = to_fund(package, view, -view.scalar(package.officers) + np.zeros_like(one_off))
    return terms


def receipts_term(package: Package, view: View) -> np.ndarray | None:
    """Return what premises that are given up bring, once; None where they bring nothing."""
    if not package.receipts.any():
        return None
    return to_fund(package, view, view.scalar(package.receipts) * view.weight("one_off"))


def delay_term(package: Package, view: View) -> np.ndarray | None:
    """Return the one-off cost of a year's delay; None where delay costs nothing."""
    if not package.monthly.any():
        return None
    return to_fund(package, view, -view.weight("overspend") * view.scalar(package.monthly) * 12.0)


def set_up_term(context: Context, package: Package, view: View, form: int) -> np.ndarray | None:
    """Return the cost of setting up a form; None where it costs nothing."""
    cost = context.number("forms.set_up_gbp", form)
    return to_fund(package, view, -view.scalar(cost) * view.weight("one_off")) if cost.any() else None


def exit_term(context: Context, package: Package, view: View, paying: np.ndarray) -> np.ndarray:
    """Return what those who pay now for having left pay, by the rule for exits.

    Parameters
    ----------
    paying : ndarray, shape (..., partner slot, draw)
        1 for partners who are out now and take their service back.
    """
    own = -view.council(package.exit_cost) * paying
    if context.study.model.split.exit != "own":
        own = over_slots(own) * view.weight("exit")
    return to_fund(package, view, own)


@dataclass(frozen=True)
class StaffTerms:
    """One-off cost of exits (negative), and how many there are, each (..., partner slot, draw)."""

    redundancy: np.ndarray
    pension_strain: np.ndarray
    notice: np.ndarray
    voluntary: np.ndarray
    compulsory: np.ndarray
    redeployed: np.ndarray
    removed: np.ndarray


def staff_terms(
    context: Context, package: Package, view: View, removed: Sequence[np.ndarray], start: np.ndarray, calendar_year: int
) -> StaffTerms:
    """Return exits and their cost for the structure that is implemented at the start.

    Parameters
    ----------
    removed : sequence of ndarray
        Posts removed, for each service.
    start : ndarray, shape (..., 1, draw)
    calendar_year : int
        In which redundancy is paid.
    """
    shares = context.number("staff.redeployment_share"), context.number("staff.voluntary_share")
    totals = None
    for tables, gone in zip(package.tables, removed, strict=True):
        lead = start + view.scalar(tables.ramp) - context.fixed.decision_years
        staff = meet_posts(view, tables, gone, _leaving(context, view, lead), shares)
        redundancy, strain, notice = (view.all_of(cut(table, package.fund)) for table in exit_costs(context, tables, calendar_year))
        leave = staff.voluntary + staff.compulsory
        parts = (
            -leave * redundancy, -leave * strain, -staff.compulsory * notice, staff.voluntary, staff.compulsory, staff.redeployed,
            staff.removed,
        )  # fmt: skip
        totals = parts if totals is None else tuple(total + part for total, part in zip(totals, parts, strict=True))
    assert totals is not None
    return StaffTerms(*totals)


def _leaving(context: Context, view: View, lead_years: np.ndarray) -> np.ndarray:
    """Return the share of those in post at the decision who leave on their own by full effect; who has left cannot leave again."""
    turnover = context.number("councils.turnover_per_year")
    if not turnover.any():
        return np.zeros((1, 1))
    return 1.0 - view.all_of(1.0 - turnover) ** np.maximum(lead_years, 0.0)


__all__ = [
    "CASH_LINES", "ONE_OFF_LINES", "Plan", "StaffTerms", "Terms", "delay_term", "drift_term", "elsewhere", "exit_term", "extra_cost",
    "form_terms", "host_terms", "rates_of", "receipts_term", "running_terms", "set_up_term", "staff_terms", "stranded_term", "to_fund", "transition_terms",
]  # fmt: skip
