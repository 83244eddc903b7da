"""When things happen and what a pound then is worth (docs/model.md section 1).

For speed the yearly sums are integrals: with cumulative weights per draw, the value of a saving that ramps up from a
start and stops at an end is a difference of look-ups. Yearly accounts are the same integrals under weights that are
1 in one year and 0 in the others, so that years add up to the NPV by construction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Clock:
    """The weight of money over time.

    Parameters
    ----------
    yearly : ndarray, shape (year, m)
        Weight of a pound a year that flows in each year; m is the number of draws, or 1 where all draws agree.
    one_off : ndarray, shape (year,)
        Weight of a pound paid once in each year.
    cumulative : ndarray, shape (year + 1, m)
        Integral of the weight from 0 to each year.
    area : ndarray, shape (year + 1, m)
        Integral of `cumulative`.
    """

    yearly: np.ndarray
    one_off: np.ndarray
    cumulative: np.ndarray
    area: np.ndarray

    @classmethod
    def of(cls, yearly: np.ndarray, one_off: np.ndarray) -> Clock:
        """Build a clock from weights by year, shapes (year, m) and (year,)."""
        zero = np.zeros((1, yearly.shape[1]))
        cumulative = np.concatenate([zero, np.cumsum(yearly, axis=0)])
        area = np.concatenate([zero, np.cumsum(cumulative[:-1] + 0.5 * yearly, axis=0)])
        return cls(yearly, one_off, cumulative, area)

    @property
    def n_years(self) -> int:
        return len(self.one_off)

    def until(self, time: np.ndarray, draws: np.ndarray | None = None) -> np.ndarray:
        """Return the integral of the weight from 0 to `time`.

        Parameters
        ----------
        time : ndarray, shape (..., draw)
            Years since the study's first day, within 0 and the horizon.
        draws : ndarray of int, shape (draw,), optional
            Which draw of the clock each column is; absent when columns are the draws in order.
        """
        at, part = self._place(time, draws)
        value = self._rates.take(at)
        value *= part
        value += self.cumulative.take(at)
        return value

    def area_until(self, time: np.ndarray, draws: np.ndarray | None = None) -> np.ndarray:
        """Return the integral of `until` from 0 to `time`."""
        return self.both_until(time, draws)[1]

    def both_until(self, time: np.ndarray, draws: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return `until` and `area_until` of the same times."""
        at, part = self._place(time, draws)
        yearly, cumulative = self._rates.take(at), self.cumulative.take(at)
        yearly *= part
        until = cumulative + yearly
        yearly *= 0.5
        yearly += cumulative
        yearly *= part
        yearly += self.area.take(at)
        return until, yearly

    def when(self, time: np.ndarray) -> np.ndarray:
        """Return the weight of a pound paid once at `time`; 0 at or beyond the horizon."""
        return self._once.take(np.minimum(time, self.n_years).astype(np.int64))

    @cached_property
    def _once(self) -> np.ndarray:
        """Weights of a pound paid once by year, and 0 beyond the horizon."""
        return np.append(self.one_off, 0.0)

    @cached_property
    def _rates(self) -> np.ndarray:
        """Weights by year, and 0 beyond the horizon, so that the horizon itself needs no case of its own."""
        return np.concatenate([self.yearly, np.zeros((1, self.yearly.shape[1]))])

    def _place(self, time: np.ndarray, draws: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Return flat positions of times in tables (year, draw), and the part of the year that has gone."""
        year = time.astype(np.int64)
        part, width = time - year, self.yearly.shape[1]
        if width == 1:
            return year, part
        year *= width
        return year + (np.arange(width) if draws is None else draws), part


def ramp_value(
    clock: Clock, start: np.ndarray, ramp: np.ndarray, end: np.ndarray, draws: np.ndarray | None = None
) -> np.ndarray:
    """Return the weighted value of 1 a year that ramps up from `start` over `ramp` years and stops at `end`.

    Parameters
    ----------
    clock : Clock
    start, end : ndarray, shape (..., draw)
        Years; an end at or before the start gives 0.
    ramp : ndarray, shape (..., draw)
        Years to full effect; 0 is at once.
    draws : ndarray, optional
        As in `Clock.until`.

    Notes
    -----
    With A the cumulative weight and AA its integral, the part lost while ramping is
    A(m) (1 - (m - s)/r) + (AA(m) - AA(s))/r where m = min(end, s + r) (integration by parts).

    Examples
    --------
    >>> flat = Clock.of(np.ones((10, 1)), np.ones(10))
    >>> float(ramp_value(flat, np.array([1.0]), np.array([2.0]), np.array([10.0]))[0])
    8.0
    """
    horizon = float(clock.n_years)
    start = np.minimum(start, horizon)
    end = np.clip(end, start, horizon)
    full = np.minimum(end, start + ramp)
    at_once = ramp < 1e-6
    length = np.where(at_once, 1.0, ramp)
    gone = clock.until(full, draws) * (1.0 - (full - start) / length)
    gone += (clock.area_until(full, draws) - clock.area_until(start, draws)) / length
    if at_once.any():
        gone = np.where(at_once, clock.until(start, draws), gone)
    return clock.until(end, draws) - gone


def flat_value(clock: Clock, begin: np.ndarray, end: np.ndarray, draws: np.ndarray | None = None) -> np.ndarray:
    """Return the weighted value of 1 a year from `begin` to `end` (0 where the end comes first)."""
    horizon = float(clock.n_years)
    begin = np.minimum(begin, horizon)
    return clock.until(np.clip(end, begin, horizon), draws) - clock.until(begin, draws)


def planned_years(start_years: float, lead_years: int, profile: Sequence[float], n_years: int) -> np.ndarray:
    """Return the shares of one-off cost by year of the horizon for a planned start.

    Spending keeps its planned dates even when the start slips; what would fall outside the horizon is counted in its
    first or last year, so that a late start does not hide committed cost.

    Returns
    -------
    ndarray, shape (year,), summing to 1

    Examples
    --------
    >>> planned_years(1.2, 1, (0.25, 0.75), 4).tolist()
    [0.25, 0.75, 0.0, 0.0]
    """
    result = np.zeros(n_years)
    first = int(np.floor(start_years)) - lead_years
    for step, share in enumerate(profile):
        result[min(max(first + step, 0), n_years - 1)] += share
    return result


def instalments(start_years: float, n_instalments: int, n_years: int) -> np.ndarray:
    """Return the shares by year of a cost paid in equal yearly instalments from the planned start on."""
    return planned_years(start_years, 0, [1.0 / n_instalments] * n_instalments, n_years)
