"""Weights of futures given what has been observed: those that agree with it weigh more."""

from __future__ import annotations

import numpy as np

from sharesim.display import record

#: Fewest futures that a projection may rest on; with fewer the weights are softened.
LEAST_EFFECTIVE = 50.0


@record
class Weights:
    """The weight of each future given what has been observed.

    Parameters
    ----------
    values : ndarray, shape (draw,)
        They sum to 1.
    softening : float
        1 where what was seen counts in full; below 1 it was softened so that enough futures remain.
    """

    values: np.ndarray
    softening: float

    @property
    def effective(self) -> float:
        """As many equally weighted futures would be as sure (Kish's effective sample size)."""
        return float(1.0 / (self.values**2).sum())


def reweighted(simulated: np.ndarray, seen: np.ndarray, noise: np.ndarray, least: float = LEAST_EFFECTIVE) -> Weights:
    """Return the weight of each future given what was seen.

    Each figure is taken for the future's own plus a normal error. With normal futures this gives the closed form of the
    normal model as the number of futures grows.

    Parameters
    ----------
    simulated : ndarray, shape (figure, draw)
    seen : ndarray, shape (figure,)
    noise : ndarray, shape (figure,)
        Standard deviation of each error; a figure with none says nothing and is left out.
    least : float
        Fewest effective futures.

    Examples
    --------
    >>> futures = np.random.default_rng(1).normal(size=(1, 100_000))
    >>> found = reweighted(futures, np.array([1.0]), np.array([0.5]))
    >>> bool(abs(found.values @ futures[0] - 1 / (1 + 0.25)) < 0.01), found.softening
    (True, 1.0)
    """
    used = noise > 0
    distance = (((simulated[used] - seen[used, None]) / noise[used, None]) ** 2).sum(axis=0)
    distance = distance - distance.min() if distance.size else distance

    def at(softening: float) -> Weights:
        raw = np.exp(-0.5 * softening * distance)
        return Weights(raw / raw.sum(), softening)

    full, least = at(1.0), min(least, 0.5 * distance.size)
    if full.effective >= least:
        return full
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if at(middle).effective >= least else (low, middle)
    return at(low)


def weighted_percentile(values: np.ndarray, weights: np.ndarray, q: float) -> float:
    """Return the smallest value at or below which at least q percent of the weight lies.

    Examples
    --------
    >>> weighted_percentile(np.array([3.0, 1.0, 2.0]), np.array([0.1, 0.8, 0.1]), 85)
    2.0
    """
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    at = np.searchsorted(reached, q / 100.0 * reached[-1] - 1e-12)
    return float(values[order[min(at, values.size - 1)]])


__all__ = ["LEAST_EFFECTIVE", "Weights", "reweighted", "weighted_percentile"]
