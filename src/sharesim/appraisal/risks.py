"""What may strike: the register, refusal at gates, and partners who leave (docs/model.md section 5)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def strikes_once(uniform: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Return whether a once-only event strikes, given its uniform driver."""
    return uniform < probability


def strike_time(uniform: np.ndarray, probability: np.ndarray, *, per_year: bool, horizon: float) -> np.ndarray:
    """Return when an event strikes, in years; inf where it never does.

    A yearly chance p strikes before time t with chance 1 - (1 - p) ** t. A once-only chance strikes at a time spread
    evenly over the horizon.

    Examples
    --------
    >>> strike_time(np.array([0.1, 0.5]), np.array([0.19]), per_year=True, horizon=10).round(3).tolist()
    [0.5, 3.289]
    >>> strike_time(np.array([0.1, 0.5]), np.array([0.2]), per_year=False, horizon=10).tolist()
    [5.0, inf]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        if per_year:
            time = np.log1p(-uniform) / np.log1p(-probability)
            return np.where(probability > 0, time, np.inf)
        return np.where(uniform < probability, uniform / np.where(probability > 0, probability, 1.0) * horizon, np.inf)


def partner_hazard(arrangement_per_year: np.ndarray) -> np.ndarray:
    """Return a partner's own rate of leaving, per year of continuous time.

    The register gives the chance per arrangement-year, with three partners on average, that somebody leaves:
    per partner 1 - (1 - h) ** (1/3), as a rate -ln(1 - h) / 3.
    """
    return -np.log1p(-arrangement_per_year) / 3.0


def elections_until(years: list[int], first_year: int, n_years: int) -> np.ndarray:
    """Return how many elections have raised the hazard by the end of each year, shape (year + 1,).

    An election in May of calendar year y raises the hazard throughout the financial year that begins in y.

    Examples
    --------
    >>> elections_until([2011, 2015], 2010, 3).tolist()
    [0.0, 0.0, 1.0, 1.0]
    """
    counts = np.zeros(n_years)
    for year in years:
        if 0 <= year - first_year < n_years:
            counts[year - first_year] += 1.0
    return np.concatenate([[0.0], np.cumsum(counts)])


def exposure(time: np.ndarray, uplift: np.ndarray, elections: np.ndarray) -> np.ndarray:
    """Return the hazard accumulated by `time` in units of the plain rate: the time, and more for each election passed.

    Parameters
    ----------
    time : ndarray, years within 0 and the horizon
    uplift : ndarray
        Extra hazard of an election year.
    elections : ndarray, shape (year + 1, ...)
        From `elections_until`; axes after the first broadcast against `time`.
    """
    result = time
    for year, extra in _raised(uplift, elections):
        result = result + extra * np.clip(time - year, 0.0, 1.0)
    return result


def _raised(uplift: np.ndarray, elections: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each year in which an election raises somebody's hazard, and by how much."""
    if not uplift.any():
        return
    for year, step in enumerate(np.diff(elections, axis=0)):
        if step.any():
            yield year, uplift * step


def leave_time(
    patience: np.ndarray, start: np.ndarray, decision: float, before: np.ndarray, after: np.ndarray, uplift: np.ndarray,
    elections: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Return when a partner decides to leave, in years; inf where it stays to the horizon.

    Parameters
    ----------
    patience : ndarray
        Unit exponential: the partner leaves when its accumulated hazard reaches it.
    start : ndarray
        Start of the arrangement, years.
    decision : float
        When the arrangement was agreed; the hazard before the start runs from here.
    before, after : ndarray
        Rates per year before and after the start.
    uplift, elections : ndarray
        As in `exposure`; they raise the rate after the start.

    Examples
    --------
    >>> none = np.zeros(11)
    >>> patience, start, before, after = np.array([0.2, 0.04, 9.0]), np.array([1.0]), np.array([0.1]), np.array([0.05])
    >>> leave_time(patience, start, 0.0, before, after, np.zeros(1), none).round(6).tolist()
    [3.0, 0.4, inf]
    """
    horizon = float(len(elections) - 1)
    left = patience - before * np.maximum(start - decision, 0.0)
    begun = np.minimum(start, horizon)
    with np.errstate(divide="ignore", invalid="ignore"):
        # A rate of zero is never used up: patience is above zero, and what is left of it counts where it is.
        early = decision + patience / before
        goal = exposure(begun, uplift, elections) + left / after
    late = _time_of_exposure(goal, uplift, elections)
    return np.where(left < 0, early, np.where(late < horizon, late, np.inf))


def _time_of_exposure(goal: np.ndarray, uplift: np.ndarray, elections: np.ndarray) -> np.ndarray:
    """Return the time at which the exposure reaches `goal`: in years after elections it grows faster than time."""
    time, added = goal, np.zeros(1)
    for year, extra in _raised(uplift, elections):
        length = 1.0 + extra
        time = time - np.clip(goal - (year + added), 0.0, length) * (extra / length)
        added = added + extra
    return np.where(goal < len(elections) - 1 + added, time, np.inf)
