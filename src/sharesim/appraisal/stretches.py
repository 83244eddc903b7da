"""From terms and times to pounds: what a stretch of an arrangement's life, its start and its end bring under a clock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sharesim.appraisal.flows import StaffTerms, Terms, to_fund
from sharesim.appraisal.partnership import Partnership
from sharesim.appraisal.savings import over_slots
from sharesim.appraisal.sheets import Part, Sheet
from sharesim.appraisal.timing import Clock
from sharesim.appraisal.valuation import Course


@dataclass(frozen=True)
class Stretch:
    """A time in which the same partners are in.

    Parameters
    ----------
    who : Partnership
    start : ndarray, shape (..., 1, draw)
        When the arrangement started, years, within the horizon; ramps run from here.
    begin, end : ndarray, shape (..., 1 or partner slot, draw)
        Years, from the start to the horizon; by partner where councils are abolished.
    first : bool
        Whether it begins with the start.
    ends : ndarray, shape (..., 1 or partner slot, 1 or draw)
        When councils are abolished, or the horizon.
    """

    who: Partnership
    start: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    first: bool
    ends: np.ndarray


def enter_stretch(sheet: Sheet, stretch: Stretch, clock: Clock, forms: list[int], hosted: list[int]) -> Course:
    """Enter savings, running costs and what strikes once while a stretch lasts.

    Parameters
    ----------
    forms : list of int
        Forms that are wanted.
    hosted : list of int
        Host patterns that are wanted.
    """
    who = stretch.who
    course = Course(clock, stretch.start, who.view.draws)
    until_end = course.until(stretch.end)
    until_begin = course.at_start if stretch.first else course.until(stretch.begin)
    _enter_savings(sheet, stretch, course, (until_begin, until_end), hosted)
    length = until_end - until_begin
    sheet.enter(sheet.shared, who.running, length)
    sheet.enter(sheet.shared, who.extra_cost, length, measure="cashable_gbp")
    for form in forms:
        sheet.enter(sheet.of_form(form), who.form(form), length)
    left = _stranded_length(stretch, course, until_begin) if who.package.stranded is not None else None
    for pattern in hosted:
        sheet.enter(sheet.of_host(pattern), who.host[pattern], length)
        if left is not None:
            sheet.enter(sheet.of_host(pattern), who.stranded[pattern], left)
    for amount, time in who.risk_costs(per_year=True):
        inside = (time >= stretch.begin) & (time < stretch.end)
        if inside.any():
            sheet.enter(sheet.shared, {"risk_one_off": -who.overspend * amount}, clock.when(time) * inside)
    return course


def _stranded_length(stretch: Stretch, course: Course, until_begin: np.ndarray) -> np.ndarray:
    services = stretch.who.context.study.model.services
    years = max(services[service].stranded_years for service in stretch.who.package.services)
    until = np.maximum(np.minimum(stretch.end, stretch.start + years), stretch.begin)
    return course.until(until) - until_begin


def _enter_savings(
    sheet: Sheet, stretch: Stretch, course: Course, until: tuple[np.ndarray, np.ndarray], hosted: list[int]
) -> None:
    who, view = stretch.who, stretch.who.view
    premium = who.context.study.model.split.host_premium_share
    cash, other = None, None
    for tables, rate, saving, factors in zip(who.package.tables, who.rates, who.saving, who.factors, strict=True):
        ramp = view.scalar(tables.ramp)
        value = factors.value(course, ramp, stretch.end, until[1])
        if not stretch.first:
            value = value - factors.value(course, ramp, stretch.begin, until[0])
        whole = (rate.saving if premium > 0 else saving) * value
        cashable = view.scalar(tables.cashable) * whole
        rest = whole - cashable
        cash, other = (cashable, rest) if cash is None else (cash + cashable, other + rest)
    assert cash is not None and other is not None
    if premium <= 0:
        sheet.enter_saving(sheet.shared, cash, other)
        return
    _enter_shared(sheet, sheet.shared, who, (cash, other))
    for pattern in hosted:
        hosts = who.patterns[pattern] * view.present
        if hosts.any():
            _enter_shared(sheet, sheet.of_host(pattern), who, tuple(to_hosts(part, hosts, premium) for part in (cash, other)))


def _enter_shared(sheet: Sheet, part: Part, who: Partnership, saving: tuple[np.ndarray, ...]) -> None:
    cash, other = (to_fund(who.package, who.view, value) for value in saving)
    sheet.enter_saving(part, cash, other)


def to_hosts(saving: np.ndarray, host_share: np.ndarray, premium: float) -> np.ndarray:
    """Return what the host's premium moves: away from every partner, to the hosts; sums to zero."""
    hosted = over_slots(host_share)
    there = hosted > 0
    return np.where(there, premium * (over_slots(saving) * host_share / np.where(there, hosted, 1.0) - saving), 0.0)


@dataclass(frozen=True)
class Outlay:
    """What is paid once because of the start.

    Parameters
    ----------
    spending : float
        Weight of one-off cost on its planned dates.
    staff, strain : float
        Weight of redundancy, and of pension strain in its instalments.
    struck : float
        Weight of what strikes once.
    """

    spending: float
    staff: float
    strain: float
    struck: float


def enter_transition(
    sheet: Sheet, who: Partnership, forms: list[int], weight: float, times: np.ndarray | None, delay: np.ndarray | None
) -> None:
    """Enter one-off costs on their planned dates.

    Parameters
    ----------
    weight : float
        Weight of one-off cost.
    times : ndarray or None
        How far it is due in each cell; None for in full.
    delay : ndarray or None
        Years of delay that are due, `times` included; None to leave them out.
    """
    sheet.enter(sheet.shared, who.transition, times, weight, "transition_gbp")
    if delay is not None:
        sheet.enter(sheet.shared, who.delay, delay, weight, "transition_gbp")
    for form in forms:
        sheet.enter(sheet.of_form(form), who.set_up(form), times, weight, "transition_gbp")


def enter_start(
    sheet: Sheet, stretch: Stretch, course: Course, staff: StaffTerms, lively: np.ndarray | None, forms: list[int], outlay: Outlay
) -> None:
    """Enter what the start brings besides transition: exits of staff, pay that drifts up, events that struck, and counts.

    Parameters
    ----------
    staff : StaffTerms
        Zero where the arrangement does not start.
    lively : ndarray or None
        1 where the arrangement starts, (..., 1, draw); None for everywhere.
    """
    who, shared = stretch.who, sheet.shared
    sheet.enter(shared, {"redundancy": staff.redundancy, "notice": staff.notice}, None, outlay.staff, "staff_gbp")
    sheet.enter(shared, {"pension_strain": staff.pension_strain}, None, outlay.strain, "strain_gbp")
    counted = {"compulsory_exits": staff.compulsory, "voluntary_exits": staff.voluntary, "redeployments": staff.redeployed, "posts_removed": staff.removed}
    for name, value in counted.items():
        sheet.count(shared, name, value)
    starts = np.ones((1, 1)) if lively is None else lively
    sheet.count(shared, "started", starts)
    if who.receipts:
        # Premises are given up when the arrangement starts, however late that is.
        sheet.enter(shared, who.receipts, course.clock.when(stretch.start) * starts * (stretch.start < stretch.ends))
    _count_quality(sheet, who, starts)
    struck = [amount * row for amount, row in who.risk_costs(per_year=False)]
    if struck:
        due = struck[0]
        for part in struck[1:]:
            due = due + part
        sheet.enter(shared, {"risk_one_off": -who.overspend}, due * starts, outlay.struck)
    changing = [form for form in forms if who.context.fixed.transfers[form]]
    if changing and who.drift:
        # Pay once lifted stays lifted, whoever leaves later.
        length = course.until(np.maximum(stretch.ends, stretch.start)) - course.at_start
        for form in changing:
            sheet.enter(sheet.of_form(form), who.drift, length * starts)


def _count_quality(sheet: Sheet, who: Partnership, starts: np.ndarray) -> None:
    change = [who.context.quality(service) for service in who.package.services]
    some = [who.view.scalar(part) for part in change if part.any()]
    if some:
        sheet.count(sheet.shared, "quality_change", starts * sum(some[1:], some[0]))


def exits_now(terms: Terms, weight: np.ndarray, ends: np.ndarray | None) -> Terms:
    """Return exit costs weighted by when they fall due; nothing from councils that are abolished by then."""
    due = weight if ends is None else weight * ends
    return {name: term * due for name, term in terms.items()}


__all__ = ["Outlay", "Stretch", "enter_start", "enter_stretch", "enter_transition", "exits_now", "to_hosts"]
