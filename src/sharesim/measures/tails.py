"""How heavy the tail of a row of draws is: a generalised Pareto law fitted to the draws beyond a high one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Draws that the fit of a tail needs.
FEWEST_IN_TAIL = 8
#: The tests of an index look at the farthest 1/32 of the draws, at 32 at least and 256 at most.
TESTED_SHARE, FEWEST_TESTED, MOST_TESTED = 1 / 32, 32, 256
#: Shape at which the tested values have no variance, so that their mean has no error: an index of 2.
NO_VARIANCE = 0.5
#: Standard deviations of the fitted shape by which an index must lie below the limit to be *shown* there (99.9%).
SHOWN = 3.09


@dataclass(frozen=True)
class Tail:
    """A generalised Pareto law of what lies beyond a draw.

    Parameters
    ----------
    shape : float
        One over the tail index; 0 or less for a tail that falls off faster than any power.
    scale : float
        In the unit of the draws.

    Examples
    --------
    >>> round(Tail(0.4, 10.0).index, 3)
    2.5
    """

    shape: float
    scale: float

    @property
    def index(self) -> float:
        """Order from which on moments are infinite; infinite where all are finite."""
        return 1.0 / self.shape if self.shape > 0.0 else math.inf

    def expected(self, count: int) -> Array:
        """Return the values that so many draws beyond would have, lowest first: the quantiles at (i - 1/2) / count."""
        rest = np.log1p(-(np.arange(1, count + 1) - 0.5) / count)
        shape = min(max(self.shape, -0.5), 0.9)
        return -self.scale * rest if abs(shape) < 1e-6 else self.scale * np.expm1(-shape * rest) / shape


def fitted_tail(excess: Array) -> Tail:
    """Return the generalised Pareto law of excesses, its scale averaged by likelihood (Zhang and Stephens 2009).

    Parameters
    ----------
    excess : ndarray, shape (draw,)
        By how much draws lie beyond a level, lowest first; 8 or more.

    Examples
    --------
    >>> excess = 3.0 * np.expm1(0.4 * -np.log1p(-(np.arange(400) + 0.5) / 400))
    >>> round(fitted_tail(excess).shape, 2)
    0.4
    """
    count, quarter, largest = len(excess), excess[int(len(excess) / 4 + 0.5) - 1], excess[-1]
    if quarter <= 0.0:  # a quarter of them tie with the level: no law of a tail, but none without an end either
        return Tail(-1.0, float(largest))
    tried = 30 + int(math.sqrt(count))
    theta = 1.0 / largest + (1.0 - np.sqrt(tried / (np.arange(1, tried + 1) - 0.5))) / (3.0 * quarter)
    shapes = np.log1p(-theta[:, None] * excess).mean(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        likelihood = count * (np.log(-theta / shapes) - shapes - 1.0)
    likelihood = np.where(np.isfinite(likelihood), likelihood, -np.inf)
    weight = np.exp(likelihood - likelihood.max())
    best = float((theta * weight).sum() / weight.sum())
    shape = float(np.log1p(-best * excess).mean())
    return Tail(shape, -shape / best)


def beyond(draws: Array, count: int, upper: bool, *, is_sorted: bool = True) -> Array:
    """Return by how much the `count` farthest draws of each row lie beyond the next, lowest first.

    Examples
    --------
    >>> beyond(np.array([9.0, 1.0, 4.0, 2.0]), 2, True, is_sorted=False).tolist()
    [2.0, 7.0]
    """
    if not is_sorted:
        near = draws.shape[-1] - count - 1 if upper else count
        parted = np.partition(draws, near, axis=-1)
        draws = np.sort(parted[..., near:] if upper else parted[..., : near + 1], axis=-1)
    if upper:
        return np.asarray(draws[..., -count:] - draws[..., -count - 1, None])
    return np.asarray(draws[..., count, None] - draws[..., count - 1 :: -1])


def tested_draws(n_draws: int) -> int:
    """Return how many of the farthest draws the test of an index looks at; 0 where there are too few draws for one."""
    return min(max(int(n_draws * TESTED_SHARE), FEWEST_TESTED), MOST_TESTED) if n_draws >= 8 * FEWEST_TESTED else 0


def index_is_low(excess: Array, *, shown: bool) -> NDArray[np.bool_]:
    """Return whether tails have an index of 2 or less, so that the mean of the values has no error.

    Parameters
    ----------
    excess : ndarray (..., draw)
        From `beyond`.
    shown : bool
        Only where the draws show it with 99.9% confidence; else where their best estimate says so.

    Examples
    --------
    >>> draws = (1 - (np.arange(4096) + 0.5) / 4096) ** -np.array([[1.5], [0.25]])
    >>> index_is_low(beyond(draws, tested_draws(4096), True), shown=True).tolist()
    [True, False]
    """
    # Excesses hardly more spread out than exponential ones (whose variance is the squared mean) need no fit.
    suspect = excess.var(axis=-1) > 1.1 * excess.mean(axis=-1) ** 2
    result = np.zeros(excess.shape[:-1], dtype=bool)
    for place in np.ndindex(result.shape):
        if suspect[place]:
            shape = fitted_tail(excess[place]).shape
            margin = SHOWN * (1.0 + shape) / math.sqrt(excess.shape[-1]) if shown else 0.0
            result[place] = shape - margin >= NO_VARIANCE
    return result


def mean_has_no_error(draws: Array, is_sorted: bool) -> NDArray[np.bool_]:
    """Return whether the draws of rows show a tail, on either side, of index 2 or less."""
    count = tested_draws(draws.shape[-1])
    result = np.zeros(draws.shape[:-1], dtype=bool)
    for upper in (False, True) if count else ():
        result |= index_is_low(beyond(draws, count, upper, is_sorted=is_sorted), shown=True)
    return result


def deviation_has_no_error(draws: Array, is_sorted: bool) -> NDArray[np.bool_]:
    """Return whether the draws of rows have a tail of index 4 or less: their squares one of 2 or less."""
    count = tested_draws(draws.shape[-1])
    if not count:
        return np.zeros(draws.shape[:-1], dtype=bool)
    centre = draws.mean(axis=-1)[..., None]
    if is_sorted:  # the farthest draws are at the ends
        draws = np.concatenate([draws[..., : count + 1], draws[..., -count - 1 :]], axis=-1)
    return index_is_low(beyond((draws - centre) ** 2, count, True, is_sorted=False), shown=False)


def worst_mean_has_no_error(draws: Array, is_sorted: bool, level: float) -> NDArray[np.bool_]:
    """Return whether the worst share of the draws of rows shows a tail of index 2 or less."""
    count = min(tested_draws(draws.shape[-1]), int(draws.shape[-1] * level) - 1)
    if count < FEWEST_TESTED:
        return np.zeros(draws.shape[:-1], dtype=bool)
    return index_is_low(beyond(draws, count, False, is_sorted=is_sorted), shown=True)
