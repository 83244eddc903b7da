"""What a pound a year is worth over the life of an arrangement, under one clock (docs/model.md section 1)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sharesim.appraisal.context import Context
from sharesim.appraisal.register import Strikes
from sharesim.appraisal.tables import Package
from sharesim.appraisal.timing import Clock
from sharesim.appraisal.views import View

#: A ramp shorter than this is at once.
AT_ONCE = 1e-6


class Course:
    """Values by time for one set of cells under one clock.

    Parameters
    ----------
    clock : Clock
    start : ndarray, shape (..., 1, draw)
        Years, within 0 and the horizon.
    draws : ndarray of int or None
        Which draw of the clock each cell is; None when dense.
    """

    def __init__(self, clock: Clock, start: np.ndarray, draws: np.ndarray | None) -> None:
        self.clock, self.start, self.draws = clock, start, draws

    def until(self, time: np.ndarray) -> np.ndarray:
        """Return the integral of the weight from 0 to a time."""
        return self.clock.until(time, self.draws)

    @cached_property
    def at_start(self) -> np.ndarray:
        """Integral of the weight from 0 to the start."""
        return self.until(self.start)

    @cached_property
    def area_at_start(self) -> np.ndarray:
        return self.clock.area_until(self.start, self.draws)

    def ramped(self, ramp: np.ndarray, end: np.ndarray, until_end: np.ndarray) -> np.ndarray:
        """Return the value of 1 a year that ramps up from the start and stops at `end` (see `timing.ramp_value`).

        Parameters
        ----------
        ramp : ndarray
            Years to full effect.
        end : ndarray
            Years, from the start to the horizon.
        until_end : ndarray
            `until(end)`, so that it is looked up once.
        """
        at_once = ramp < AT_ONCE
        if at_once.all():
            return until_end - self.at_start
        length = np.where(at_once, 1.0, ramp) if at_once.any() else ramp
        full = np.minimum(end, self.start + ramp)
        to_full, area = self.clock.both_until(full, self.draws)
        gone = to_full * (1.0 - (full - self.start) / length)
        area -= self.area_at_start
        area /= length
        gone += area
        if at_once.any():
            gone = np.where(at_once, self.at_start, gone)
        return until_end - gone


@dataclass(frozen=True)
class Factors:
    """What strikes the savings of one service in the course of time, for the partners of a view.

    Parameters
    ----------
    later : tuple of (ndarray, ndarray)
        Time of a strike (years, inf for never) and its factor from then on, each (..., 1 or partner slot, draw).
    """

    later: tuple[tuple[np.ndarray, np.ndarray], ...]

    @classmethod
    def of(cls, context: Context, service: int, view: View) -> Factors:
        """Return the factors for those who signed: what struck one outlasts who leaves first."""
        later = []
        for strikes in context.strikes:
            if strikes.per_year and strikes.softens:
                factor = view.scalar(strikes.saving_factor)
                later += [(time, factor) for time in _times(context, strikes, view, service)]
        return cls(tuple(later))

    def value(self, course: Course, ramp: np.ndarray, end: np.ndarray, until_end: np.ndarray) -> np.ndarray:
        """Return the value from the start to `end` of a saving of 1 a year, with its ramp and these factors."""
        value = course.ramped(ramp, end, until_end)
        return self._with_later(value, course, ramp, end) if self.later else value

    def _with_later(self, value: np.ndarray, course: Course, ramp: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Correct the draws in which something strikes before the end."""
        first = self.later[0][0]
        for time, _ in self.later[1:]:
            first = np.minimum(first, time)
        hit = np.broadcast_to(first < end, np.broadcast_shapes(first.shape, value.shape))
        at = np.flatnonzero(hit)
        if not len(at):
            return value
        shape = hit.shape
        value = np.array(np.broadcast_to(value, shape), order="C")

        place = np.unravel_index(at, shape)

        def here(part: np.ndarray) -> np.ndarray:
            """Return a part at the cells in which something strikes."""
            by_axis = zip(part.shape, place[-part.ndim :], strict=True)
            return part[tuple(index if size > 1 else np.zeros_like(index) for size, index in by_axis)]

        draws = place[-1]
        few = Course(course.clock, here(course.start), draws if course.draws is None else course.draws.take(draws))
        flat = value.reshape(-1)
        np.add.at(flat, at, self._corrections(few, here(ramp), here(end), flat.take(at), here))
        return value

    def _corrections(self, few: Course, ramp: np.ndarray, end: np.ndarray, to_end: np.ndarray, here) -> np.ndarray:
        """Add up the stretches between strikes, each with the product of the factors struck before it.

        `to_end` is the value to the end had nothing struck.
        """
        times = np.stack([here(time) for time, _ in self.later])
        factors = np.stack([here(factor) for _, factor in self.later])
        if len(times) > 1:
            order = np.argsort(times, axis=0, kind="stable")
            times, factors = np.take_along_axis(times, order, axis=0), np.take_along_axis(factors, order, axis=0)
        total, before = np.zeros(len(end)), np.ones(len(end))
        for time, factor in zip(times, factors, strict=True):
            since = np.minimum(np.maximum(time, few.start), end)
            product = before * factor
            total += (product - before) * (to_end - few.ramped(ramp, since, few.until(since)))
            before = product
        return total


def _times(context: Context, strikes: Strikes, view: View, service: int) -> list[np.ndarray]:
    """Return when a row strikes the partners of a view, one array for each way, inf where it does not concern them."""
    table = strikes.time
    if strikes.scope == "programme":
        return [view.scalar(table[0])]
    if strikes.scope == "service":
        at = strikes.position((service,))
        return [view.scalar(table[at])] if at >= 0 else []
    if strikes.scope == "council":
        # What strikes one council is felt in its own saving.
        return [view.council(strikes.by_council(table, len(context.study.councils), np.inf))]
    found = []
    for target, row in zip(strikes.targets, table, strict=True):
        both = holds(view, target)
        if both.any():
            found.append(np.where(both, view.scalar(row), np.inf))
    return found


def quarrels(context: Context, view: View) -> np.ndarray | None:
    """Return the product of the factors of pairs' events that struck for good, (..., 1, draw); None where none
    concerns them."""
    result = None
    for strikes in context.strikes:
        if strikes.scope != "pair" or strikes.per_year or not strikes.softens:
            continue
        for target, struck in zip(strikes.targets, strikes.struck, strict=True):
            both = holds(view, target)
            if both.any():
                part = 1.0 + both * view.scalar(struck.astype(float)) * (view.scalar(strikes.saving_factor) - 1.0)
                result = part if result is None else result * part
    return result


def holds(view: View, pair: tuple[int, ...], *, active: bool = False) -> np.ndarray:
    """Return whether both councils of a pair are partners, shape (..., 1, 1 or cell), bool; with `active`, still in."""
    inside = view.councils if not active or view.active is None else np.where(view.active > 0, view.councils, -1)
    axis = 1 if view.draws is None else 0
    both = (inside == pair[0]).any(axis=axis, keepdims=True) & (inside == pair[1]).any(axis=axis, keepdims=True)
    return both[..., None] if view.draws is None else both


def actual_start(context: Context, package: Package, view: View, plan_years: float) -> np.ndarray:
    """Return when an arrangement starts, years, dense (group or 1, 1, draw): plan + gate waits + delays (model section
    1)."""
    study = context.study
    services = {study.services.ids[service] for service in package.services}
    wait: np.ndarray = np.full(1, plan_years)
    for gate, row in enumerate(study.model.gates):
        if not row.services or services & set(row.services):
            wait = wait + context.number("gates.wait_months", gate) / 12.0
    start = np.broadcast_to(wait + package.delay, (context.n_draws,))[None, None, :]
    for strikes in context.strikes:
        if strikes.delay_years.any():
            hit = _delaying(context, package, view, strikes, plan_years)
            if hit is not None:
                start = start + hit * strikes.delay_years
    return np.ascontiguousarray(start)


def _delaying(context: Context, package: Package, view: View, strikes: Strikes, plan_years: float) -> np.ndarray | None:
    """Whether a row delays the start, (group or 1, 1, draw), bool: what it strikes at the same time delays once."""
    table = strikes.struck & (strikes.time < plan_years) if strikes.per_year else strikes.struck
    if strikes.scope == "programme":
        return table[None, :1]
    if strikes.scope == "service":
        at = [strikes.position((service,)) for service in package.services]
        at = [position for position in at if position >= 0]
        return np.any(table[at], axis=0)[None, None, :] if at else None
    if strikes.scope == "council":
        hit = view.council(strikes.by_council(table, len(context.study.councils), False))
        return np.any(hit, axis=1, keepdims=True)
    found: np.ndarray | None = None
    for target, row in zip(strikes.targets, table, strict=True):
        here = holds(view, target) & row
        found = here if found is None else found | here
    return found


__all__ = ["Course", "Factors", "actual_start", "holds", "quarrels"]
