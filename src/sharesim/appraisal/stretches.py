"""From terms and times to pounds: what a stretch of an arrangement's life, its start and its end bring under a
clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sharesim.appraisal.flows import StaffTerms, Terms, to_fund
from sharesim.appraisal.partnership import OneOff, Partnership
from sharesim.appraisal.savings import over_slots
from sharesim.appraisal.sheets import Part, Sheet
from sharesim.appraisal.valuation import Course
from sharesim.appraisal.views import total_of


@dataclass(frozen=True)
class Variety:
    """Which forms and host patterns are wanted.

    Parameters
    ----------
    forms : tuple of int
    hosts : tuple of ndarray, shape (partner slot,)
        Shares hosted by each partner, one for each pattern.
    """

    forms: tuple[int, ...]
    hosts: tuple[np.ndarray, ...]

    @property
    def apart(self) -> bool:
        """Whether there is a pattern in which nobody hosts."""
        return any(not shares.any() for shares in self.hosts)

    @property
    def hosted(self) -> bool:
        """Whether there is a pattern in which somebody hosts."""
        return any(shares.any() for shares in self.hosts)


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

    @property
    def by_partner(self) -> bool:
        """Whether partners have ends of their own, since some are abolished."""
        return self.ends.shape[-2] > 1


@dataclass(frozen=True)
class Marks:
    """Values from the start to a time, so that the next stretch need not work them out again.

    Parameters
    ----------
    until : ndarray
        Integral of the weight to that time.
    savings : tuple of ndarray
        Value of a saving of 1 a year of each service from the start to that time.
    """

    until: np.ndarray
    savings: tuple[np.ndarray, ...]


def enter_stretch(sheet: Sheet, stretch: Stretch, course: Course, variety: Variety, before: Marks | None) -> Marks:
    """Enter savings, running costs and what strikes once while a stretch lasts.

    Parameters
    ----------
    course : Course
        Of the same cells.
    before : Marks or None
        Values from the start to the beginning of the stretch; None where it begins with the start.

    Returns
    -------
    Marks
        At its end.
    """
    who = stretch.who
    until_end = course.until(stretch.end)
    until_begin = course.at_start if before is None else before.until
    numbers = [rate.numbers for rate in who.rates]
    values = tuple(
        factors.value(course, number["ramp"], stretch.end, until_end)
        for factors, number in zip(who.factors, numbers, strict=True)
    )
    lasting = (
        values
        if before is None
        else tuple(value - earlier for value, earlier in zip(values, before.savings, strict=True))
    )
    _enter_savings(sheet, stretch, course, lasting, variety)
    if sheet.by_line:
        _enter_carbon(sheet, who, lasting)
    length = until_end - until_begin
    sheet.enter(sheet.shared, who.running, length)
    sheet.enter(sheet.shared, who.extra_cost, length, measure="cashable_gbp")
    for form in variety.forms:
        sheet.enter(sheet.of_form(form), who.form(form), length)
    _enter_hosting(sheet, stretch, course, (until_begin, length), variety)
    for amount, time in who.risk_costs(per_year=True):
        inside = (time >= stretch.begin) & (time < stretch.end)
        if inside.any():
            sheet.enter(
                sheet.shared, Terms({"risk_one_off": who.overspend}), amount * (course.clock.when(time) * inside)
            )
    return Marks(until_end, values)


def _enter_hosting(
    sheet: Sheet, stretch: Stretch, course: Course, times: tuple[np.ndarray, np.ndarray], variety: Variety
) -> None:
    """Enter what depends on who provides the service."""
    who = stretch.who
    until_begin, length = times
    if who.view.n_slots == 1:
        return
    if who.stranded:
        services = who.context.study.model.services
        years = max(services[service].stranded_years for service in who.package.services)
        until = np.maximum(np.minimum(stretch.end, stretch.start + years), stretch.begin)
        left = course.until(until) - until_begin
    for part, wanted, hosted in ((sheet.apart, variety.apart, False), (sheet.guest, variety.hosted, True)):
        if wanted:
            sheet.enter(part, who.guest(hosted=hosted), length)
            if who.stranded:
                sheet.enter(part, who.stranded, left)
    for pattern, shares in enumerate(variety.hosts):
        for slot in np.flatnonzero(shares):
            terms = who.host(shares.tobytes(), int(slot))
            times_here = length if length.shape[-2] == 1 else length[..., slot : slot + 1, :]
            sheet.enter(sheet.of_hosting(pattern, int(slot)), terms, times_here)


def _enter_savings(
    sheet: Sheet, stretch: Stretch, course: Course, values: tuple[np.ndarray, ...], variety: Variety
) -> None:
    who = stretch.who
    premium = who.context.study.model.split.host_premium_share
    totals = _cash_and_time(who, who.saving if premium > 0 else who.fund_saving, values)
    if premium <= 0:
        sheet.enter_saving(sheet.shared, *totals)
        return
    _enter_cut(sheet, sheet.shared, who, totals)
    wholes = _while_hosts_last(stretch, course, variety) if stretch.by_partner else tuple(map(over_slots, totals))
    for pattern, shares in enumerate(variety.hosts):
        hosts = shares[:, None] * who.view.present
        if shares.any():
            moved = (to_hosts(part, whole, hosts, premium) for part, whole in zip(totals, wholes, strict=True))
            _enter_cut(sheet, sheet.of_host(pattern), who, tuple(moved))


def _while_hosts_last(stretch: Stretch, course: Course, variety: Variety) -> tuple[np.ndarray, np.ndarray]:
    """Return what all save, cashable and not, until each host's own abolition, (..., partner slot, draw).

    Others save on after theirs: successors pay the premium in their place (decision 087).
    """
    who = stretch.who
    shape = np.broadcast_shapes(stretch.end.shape, who.saving[0].shape)
    found = np.zeros(shape), np.zeros(shape)
    for slot in np.flatnonzero(np.any(variety.hosts, axis=0)):
        totals = _cash_and_time(who, who.saving, _lasting_for(stretch, course, int(slot)))
        for whole, total in zip(found, totals, strict=True):
            whole[..., slot : slot + 1, :] = over_slots(total)
    return found


def _cash_and_time(
    who: Partnership, savings: Sequence[np.ndarray], values: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return what partners save of all services, as cash and as time, by partner slot."""
    cash, other = [], []
    for rate, saving, value in zip(who.rates, savings, values, strict=True):
        whole = saving * value
        cashable = rate.numbers["cashable"] * whole
        cash.append(cashable)
        other.append(np.subtract(whole, cashable, out=whole))
    return total_of(cash), total_of(other)


def _lasting_for(stretch: Stretch, course: Course, slot: int) -> list[np.ndarray]:
    """Return the value of a saving of 1 a year of each service in the stretch until one partner's own end."""
    every, own = np.broadcast_arrays(stretch.begin, stretch.end), slice(slot, slot + 1)
    begin, end = (np.maximum(time[..., own, :], stretch.start) for time in every)
    found = []
    for factors, rate in zip(stretch.who.factors, stretch.who.rates, strict=True):
        ramp = rate.numbers["ramp"]
        value = factors.value(course, ramp, end, course.until(end))
        found.append(value - factors.value(course, ramp, begin, course.until(begin)))
    return found


def _enter_carbon(sheet: Sheet, who: Partnership, values: tuple[np.ndarray, ...]) -> None:
    """Enter the carbon that is avoided, in tonnes: it comes up and is lost as the savings of the service are."""
    for rate, value in zip(who.rates, values, strict=True):
        if "carbon" in rate.numbers:
            tonnes = rate.numbers["carbon"] * who.view.present + np.zeros((who.view.n_slots, 1))
            sheet.enter(sheet.shared, Terms({"carbon_tonnes": tonnes}), value)


def _enter_cut(sheet: Sheet, part: Part, who: Partnership, saving: tuple[np.ndarray, ...]) -> None:
    cash, other = (to_fund(who.rows, value + 0.0) for value in saving)
    sheet.enter_saving(part, cash, other)


def to_hosts(saving: np.ndarray, whole: np.ndarray, host_share: np.ndarray, premium: float) -> np.ndarray:
    """Return what the host's premium moves: away from every partner, to the hosts; sums to zero.

    Parameters
    ----------
    saving : ndarray, shape (..., partner slot, draw)
        What each saves.
    whole : ndarray, shape (..., 1 or partner slot, draw)
        What all save, while a host is there to receive a share of it.
    host_share : ndarray, shape (..., partner slot, draw or 1)
    premium : float
    """
    hosted = over_slots(host_share)
    there = hosted > 0
    return np.where(there, premium * (whole * host_share / np.where(there, hosted, 1.0) - saving), 0.0)


@dataclass(frozen=True)
class Outlay:
    """Weights of what is paid once because of the start.

    Parameters
    ----------
    spending : float
        Of one-off cost on its planned dates.
    staff, strain : float
        Of redundancy, and of pension strain in its instalments.
    """

    spending: float
    staff: float
    strain: float


def enter_transition(
    sheet: Sheet, one_off: OneOff, weight: float, times: np.ndarray | None, delay: np.ndarray | None
) -> None:
    """Enter one-off costs on their planned dates.

    Parameters
    ----------
    one_off : OneOff
    weight : float
        Weight of one-off cost.
    times : ndarray or None
        How far it is due in each cell; None for in full.
    delay : ndarray or None
        Years of delay that are due, `times` included; None to leave them out.
    """
    sheet.enter(sheet.shared, one_off.transition, times, weight, "transition_gbp")
    if delay is not None:
        sheet.enter(sheet.shared, one_off.delay, delay, weight, "transition_gbp")
    for form, set_up in one_off.set_up.items():
        sheet.enter(sheet.of_form(form), set_up, times, weight, "transition_gbp")


def enter_start(
    sheet: Sheet,
    stretch: Stretch,
    course: Course,
    staff: StaffTerms,
    lively: np.ndarray | None,
    forms: tuple[int, ...],
    outlay: Outlay,
) -> None:
    """Enter what the start brings besides transition: exits of staff, pay that drifts up, events that struck, and
    counts.

    Parameters
    ----------
    staff : StaffTerms
        Zero where the arrangement does not start.
    lively : ndarray or None
        1 where the arrangement starts, (..., 1, draw); None for everywhere.
    """
    who, shared = stretch.who, sheet.shared
    sheet.enter(shared, staff.paid, None, outlay.staff, "staff_gbp")
    sheet.enter(shared, staff.strain, None, outlay.strain, "strain_gbp")
    counted = {
        "compulsory_exits": staff.compulsory,
        "voluntary_exits": staff.voluntary,
        "redeployments": staff.redeployed,
        "posts_removed": staff.removed,
    }
    for name, value in counted.items():
        sheet.count(shared, name, value)
    starts = np.ones((1, 1)) if lively is None else lively
    sheet.count(shared, "started", starts)
    if who.receipts:
        # Premises are given up when the arrangement starts, however late that is.
        sheet.enter(shared, who.receipts, course.clock.when(stretch.start) * starts * (stretch.start < stretch.ends))
    change = [
        who.view.scalar(part)
        for part in (who.context.quality(service) for service in who.package.services)
        if part.any()
    ]
    if change:
        there = stretch.start.min(axis=-2, keepdims=True) < stretch.ends if stretch.by_partner else 1.0
        sheet.count(shared, "quality_change", starts * there * total_of(change))
    struck = [amount * row for amount, row in who.risk_costs(per_year=False)]
    if struck:
        sheet.enter(shared, Terms({"risk_one_off": who.overspend}), total_of(struck) * starts, outlay.staff)
    changing = [form for form in forms if who.context.fixed.transfers[form]]
    if changing and who.drift:
        # Pay once lifted stays lifted, whoever leaves later.
        # No start is later than the horizon; councils may be abolished before they would start.
        last = stretch.ends if stretch.ends.size == 1 else np.maximum(stretch.ends, stretch.start)
        length = (course.until(last) - course.at_start) * starts
        for form in changing:
            sheet.enter(sheet.of_form(form), who.drift, length)


__all__ = ["Marks", "Outlay", "Stretch", "Variety", "enter_start", "enter_stretch", "enter_transition", "to_hosts"]
