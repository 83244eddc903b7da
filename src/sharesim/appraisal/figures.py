"""Figures of every bundle's NPV, worked out while its draws are at hand."""

from __future__ import annotations

import numpy as np

from sharesim import measures
from sharesim.appraisal.savings import over_slots
from sharesim.measures.figures import rank_of
from sharesim.uncertainty.draws import DrawPlan

#: Share of draws in the CVaR of the figures.
TAIL = 0.05
PERCENTILES = (5, 10, 50, 90, 95)
_MEASURED = ("mean", "sd", *(f"p{q}" for q in PERCENTILES), "cvar", "p_loss")
#: Figures of each bundle by name, and their standard errors: GBP, but for the chance of a loss.
FIGURES = (*_MEASURED, *(f"{name}_error" for name in _MEASURED))


def figures_of(draws: np.ndarray, plan: DrawPlan) -> dict[str, np.ndarray]:
    """Return the figures of bundles, exact for their draws, and their standard errors: each (bundle,).

    Parameters
    ----------
    draws : ndarray, shape (bundle, draw), GBP
    plan : DrawPlan
        By which they were drawn; one scramble of Sobol' points gives no standard error.

    Examples
    --------
    >>> from sharesim.uncertainty.draws import DriverSpec
    >>> from sharesim.uncertainty.distributions import normal
    >>> found = figures_of(np.arange(2048.0)[None, :], DrawPlan([DriverSpec("a", normal(0, 1))], seed=1))
    >>> float(found["mean"][0]), float(found["p50"][0])
    (1023.5, 1023.0)
    """
    n_draws = draws.shape[-1]
    result = {"mean": measures.mean(draws), "sd": measures.standard_deviation(draws)}
    # One sorting serves all that depends on the order; the definitions are those of `measures`.
    ordered = np.sort(draws, axis=-1)
    for q in PERCENTILES:
        result[f"p{q}"] = ordered[:, rank_of(n_draws, q / 100.0)].copy()
    last, wanted = rank_of(n_draws, TAIL), TAIL * n_draws
    result["cvar"] = (measures.total(ordered[:, :last]) + (wanted - last) * ordered[:, last]) / wanted
    result["p_loss"] = measures.probability_below(draws, 0.0)
    result |= {
        f"{name}_error": measures.standard_errors(draws, name, plan, ordered=ordered) for name in _MEASURED
    }
    return {name: result[name] for name in FIGURES}


def weighted_sum(npv: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the sum over partners and draws of weight x NPV, shape (bundle,), the same bits whatever other bundles
    there are.

    Parameters
    ----------
    npv : ndarray, shape (bundle, partner slot, draw)
    weight : ndarray, shape (draw,)
    """
    return np.ascontiguousarray(over_slots(npv)[:, 0] * weight).sum(axis=-1)


__all__ = ["FIGURES", "PERCENTILES", "TAIL", "figures_of", "weighted_sum"]
