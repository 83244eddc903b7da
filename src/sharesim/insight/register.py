"""What each risk of the register does: the same futures with it and without it (docs/model.md section 5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sharesim.measures import cvar, mean, percentile, standard_deviation


@dataclass(frozen=True)
class RiskEffect:
    """How much one risk takes away.

    Parameters
    ----------
    name : str
    struck_share : float
        Share of futures in which it strikes anything at all.
    mean_cost_gbp, mean_cost_error_gbp : float
        What it takes off the measure on average, and the standard error of that.
    cost_when_struck_gbp : float
        The same over the futures in which it struck; 0 where it never does.
    p5_cost_gbp, cvar_cost_gbp : float
        How much better the 5% point, and the mean of the worst twentieth, would be without it.
    spread_share : float
        Share of the measure's variance that knowing whether it struck would explain (correlation ratio, less bias).
    """

    name: str
    struck_share: float
    mean_cost_gbp: float
    mean_cost_error_gbp: float
    cost_when_struck_gbp: float
    p5_cost_gbp: float
    cvar_cost_gbp: float
    spread_share: float


def risk_effect(name: str, with_gbp: np.ndarray, without_gbp: np.ndarray, strikes: np.ndarray) -> RiskEffect:
    """Return what a risk does to a measure, from the same futures with and without it.

    Parameters
    ----------
    name : str
    with_gbp, without_gbp : ndarray, shape (draw,)
    strikes : ndarray of int, shape (draw,)
        How many of the things it threatens it struck in each future.

    Examples
    --------
    >>> without = np.arange(8.0)
    >>> strikes = np.array([0, 1] * 4)
    >>> effect = risk_effect("fire", without - 2.0 * strikes, without, strikes)
    >>> effect.struck_share, effect.mean_cost_gbp, effect.cost_when_struck_gbp
    (0.5, 1.0, 2.0)
    """
    cost = without_gbp - with_gbp
    struck = strikes > 0
    return RiskEffect(
        name,
        float(struck.mean()),
        float(mean(cost)),
        float(standard_deviation(cost) / np.sqrt(cost.size)),
        float(cost[struck].mean()) if struck.any() else 0.0,
        float(percentile(without_gbp, 5) - percentile(with_gbp, 5)),
        float(cvar(without_gbp, 0.05) - cvar(with_gbp, 0.05)),
        correlation_ratio(with_gbp, strikes),
    )


def correlation_ratio(values: np.ndarray, group: np.ndarray) -> float:
    """Return the share of variance that lies between groups, never below 0 (epsilon squared, Kelley 1935).

    Parameters
    ----------
    values : ndarray, shape (draw,)
    group : ndarray of int, shape (draw,)

    Examples
    --------
    >>> correlation_ratio(np.array([1.0, 1.0, 3.0, 3.0]), np.array([0, 0, 1, 1]))
    1.0
    """
    labels, place = np.unique(group, return_inverse=True)
    centred = values - values.mean()
    total = float(centred @ centred)
    spare = values.size - len(labels)
    if total <= 0.0 or len(labels) < 2 or spare <= 0:
        return 0.0
    sums, counts = np.bincount(place, centred), np.bincount(place)
    between = float((sums**2 / counts).sum())
    within = total - between
    return max(0.0, 1.0 - (within / spare) / (total / (values.size - 1)))
