"""Figures of draws: mean, spread, percentiles, CVaR, chance of a loss, payback, peak funding.

All functions take draws on the last axis and work along it. Money is positive when it is a gain, so the worst draws are
the lowest. Sums run chunk by chunk in order: the first 10,240 of 102,400 draws give exactly what 10,240 give.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sharesim.arguments import floats, number
from sharesim.errors import Fault, UsageError

Array = NDArray[np.float64]

#: Draws that are added up together, as they are drawn together.
CHUNK = 1024
_PERCENTAGE = number(0.0, 100.0, "out of range", "P5 is 5, not 0.05.", above=True, below=True)
_LEVEL = number(0.0, 1.0, "out of range", "Write 0.05 for 5%.", above=True)
_ANY_NUMBER = number(problem="not a number")
_DRAWS = floats()
_SOME_DRAWS = floats(1, "an array of draws on its last axis")
_YEARS = floats(2, "an array of years by draws")


def chunk_sums(x: ArrayLike) -> Array:
    """Return the sum of each chunk of draws.

    Parameters
    ----------
    x : array_like (..., draw)
        Values; the last chunk may be short.

    Returns
    -------
    ndarray of float64 (..., chunk)
    """
    values = _SOME_DRAWS("draws", x)
    n_draws = values.shape[-1]
    n_whole = n_draws // CHUNK
    whole = values[..., : n_whole * CHUNK].reshape(*values.shape[:-1], n_whole, CHUNK)
    sums: Array = np.ascontiguousarray(whole).sum(axis=-1)
    if n_draws % CHUNK:
        rest = np.ascontiguousarray(values[..., n_whole * CHUNK :]).sum(axis=-1)
        sums = np.concatenate([sums, rest[..., None]], axis=-1)
    return sums


def total(x: ArrayLike) -> Array:
    """Return the sum over draws, chunk by chunk in order.

    Examples
    --------
    >>> float(total(np.arange(4096.0)))
    8386560.0
    """
    # cumsum adds strictly from left to right; sum would group chunks by how many there are.
    sums = chunk_sums(x)
    return np.cumsum(sums, axis=-1)[..., -1] if sums.shape[-1] else np.zeros(sums.shape[:-1])


def mean(x: ArrayLike) -> Array:
    """Return the mean over draws.

    Parameters
    ----------
    x : array_like (..., draw)
        Values in any unit.

    Returns
    -------
    ndarray (...)
        In the same unit.

    Examples
    --------
    >>> float(mean([1.0, 2.0, 6.0]))
    3.0
    """
    values = checked_draws(x)
    return total(values) / n_draws_of(values)


def standard_deviation(x: ArrayLike) -> Array:
    """Return the sample standard deviation over draws (divisor n - 1), 0 for a single draw.

    Examples
    --------
    >>> float(standard_deviation([1.0, 3.0, 5.0]))
    2.0
    """
    values = checked_draws(x)
    centred = values - mean(values)[..., None]
    return np.sqrt(total(centred * centred) / max(n_draws_of(values) - 1, 1))


def percentile(x: ArrayLike, q: float) -> Array:
    """Return the value that a percentage of draws stays at or below.

    The draw of rank ceil(n q / 100): a value that occurred, so a statement about draws holds for it exactly.

    Parameters
    ----------
    x : array_like (..., draw)
    q : float
        Percentage above 0 and below 100.

    Examples
    --------
    >>> float(percentile(np.arange(1.0, 101.0), 5))
    5.0
    """
    values = checked_draws(x)
    rank = rank_of(values.shape[-1], checked_percentage(q) / 100.0)
    return np.partition(values, rank, axis=-1)[..., rank]


#: How far apart two sums of the same amounts may lie and still be equal, as a share of what was added up.
ROUNDING = 1e-9


def percentile_of(x: ArrayLike, value: float, amounts: ArrayLike | None = None) -> Array:
    """Return where a figure lies among draws: the percentage of draws below it, those equal to it by half.

    Parameters
    ----------
    x : array_like (..., draw)
    value : float
        The figure, in the unit of the draws.
    amounts : array_like (..., draw or 1), optional
        Sum of the sizes of what was added up to a draw; the size of the draw where it is left out. A draw and the
        figure are equal within 1e-9 of it: the order in which a sum was made decides nothing.

    Returns
    -------
    ndarray (...)
        0 where every draw is above the figure, 100 where every draw is below it, 50 where all are equal to it; NaN
        where a draw is.

    Examples
    --------
    >>> float(percentile_of([1.0, 2.0, 2.0, 4.0], 2.0)), float(percentile_of([0.1 + 0.2] * 4, 0.3))
    (50.0, 50.0)
    """
    values = checked_draws(x)
    sizes = np.abs(values) if amounts is None else _DRAWS("amounts", amounts)
    if any(n not in (1, m) for n, m in zip(sizes.shape[::-1], values.shape[::-1], strict=False)):
        raise UsageError(Fault("amounts", "do not fit the draws", str(sizes.shape), str(values.shape)))
    value = _ANY_NUMBER("value", value)
    near = ROUNDING * np.maximum(sizes, abs(value))
    place = np.where(values < value - near, 1.0, np.where(values > value + near, 0.0, 0.5))
    return 100.0 * mean(np.where(np.isnan(values), np.nan, place))


def cvar(x: ArrayLike, level: float = 0.05) -> Array:
    """Return the mean of the worst share of draws; money, so the lowest are the worst and a higher figure is better.

    Where the share is no whole number of draws, the draw on the boundary counts by the fraction.

    Parameters
    ----------
    x : array_like (..., draw)
        Values, higher is better.
    level : float
        Share of draws, above 0 and at most 1.

    Examples
    --------
    >>> float(cvar(np.arange(1.0, 11.0), 0.25))  # (1 + 2 + 3 / 2) / 2.5
    1.8
    """
    values = checked_draws(x)
    level = checked_share(level)
    wanted = level * n_draws_of(values)
    last = rank_of(n_draws_of(values), level)
    worst = np.sort(np.partition(values, last, axis=-1)[..., : last + 1], axis=-1)
    boundary: Array = worst[..., last]
    return (total(worst[..., :last]) + (wanted - last) * boundary) / wanted


def probability_below(x: ArrayLike, threshold: float = 0.0) -> Array:
    """Return the share of draws below a threshold; with 0, the chance of a loss.

    Examples
    --------
    >>> float(probability_below([-1.0, 0.0, 1.0, 2.0]))
    0.25
    """
    return mean(checked_draws(x) < _ANY_NUMBER("threshold", threshold))


def payback_years(cumulative: ArrayLike) -> Array:
    """Return the years until the cumulative cash flow is paid back for good, in every draw.

    Parameters
    ----------
    cumulative : array_like (..., year, draw)
        Cumulative net cash flow at the end of each year, GBP.

    Returns
    -------
    ndarray (..., draw)
        Years from the start, a straight line between year ends; 0 where it never is negative, infinite where it is
        negative at the end. When it turns negative again, only the last recovery counts.

    Examples
    --------
    >>> payback_years([[-100.0, 10.0, -5.0], [-50.0, 20.0, -5.0], [50.0, 30.0, -1.0]])
    array([2.5, 0. , inf])
    """
    flow = _by_year(cumulative)
    n_years = flow.shape[-2]
    negative = flow < 0.0
    ever = negative.any(axis=-2)
    last = n_years - 1 - np.argmax(negative[..., ::-1, :], axis=-2)  # last year that ends below zero
    following = np.minimum(last + 1, n_years - 1)
    below = np.take_along_axis(flow, last[..., None, :], axis=-2)[..., 0, :]
    above = np.take_along_axis(flow, following[..., None, :], axis=-2)[..., 0, :]
    recovered = last < n_years - 1
    step = np.where(recovered, above - below, 1.0)
    years = last + 1.0 - below / np.where(step == 0.0, 1.0, step)
    return np.where(ever, np.where(recovered, years, np.inf), 0.0)


def peak_funding(cumulative: ArrayLike) -> Array:
    """Return the most that has to be found before the arrangement pays for itself, in every draw.

    Parameters
    ----------
    cumulative : array_like (..., year, draw)
        Cumulative net cash flow at the end of each year, GBP.

    Returns
    -------
    ndarray (..., draw)
        GBP, 0 or more.

    Examples
    --------
    >>> peak_funding([[-100.0, 10.0], [-150.0, 20.0]])
    array([150.,   0.])
    """
    lowest: Array = _by_year(cumulative).min(axis=-2)
    return np.maximum(-lowest, 0.0)


def _by_year(x: ArrayLike) -> Array:
    values = _YEARS("cumulative", x)
    if 0 in values.shape[-2:]:
        raise UsageError(Fault("cumulative", "no year or no draw", str(values.shape), "one of each or more"))
    return values


def checked_draws(x: ArrayLike) -> Array:
    """Return draws as floats, or refuse an array without any."""
    values = _DRAWS("draws", x)
    if values.ndim == 0 or values.shape[-1] == 0:
        raise UsageError(Fault("draws", "nothing to measure", str(values.shape), "one draw or more on the last axis"))
    return values


def n_draws_of(values: Array) -> int:
    """Return how many draws an array has, which lie on its last axis."""
    return int(values.shape[-1])


def rank_of(n_draws: int, share: float) -> int:
    """Return the position of the draw that ends the worst share, ceil(n x share) - 1, safe from rounding."""
    return min(max(math.ceil(round(n_draws * share, 9)) - 1, 0), n_draws - 1)


def checked_percentage(q: float) -> float:
    """Return a percentage above 0 and below 100, or refuse it."""
    return _PERCENTAGE("percentile", q)


def checked_share(level: float) -> float:
    """Return a share above 0 and at most 1, or refuse it."""
    return _LEVEL("cvar level", level)
