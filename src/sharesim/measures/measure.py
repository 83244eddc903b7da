"""The measures that results show: figure, standard error, interval, and when the draws can give no error."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from sharesim.arguments import number, shown, takes
from sharesim.errors import Fault, UsageError
from sharesim.measures.figures import (
    checked_percentage,
    checked_share,
    cvar,
    mean,
    n_draws_of,
    percentile,
    probability_below,
    rank_of,
    standard_deviation,
    total,
)
from sharesim.measures.intervals import Designs, Ends, mean_ends, percentile_ends, share_ends
from sharesim.measures.tails import deviation_has_no_error, mean_has_no_error, worst_mean_has_no_error

Array = NDArray[np.float64]

#: Draws in the worst share that a CVaR's error needs.
FEWEST_TAIL_DRAWS = 50


@dataclass(frozen=True)
class Doubt:
    """A test of draws that says for which rows a measure has no error.

    Parameters
    ----------
    said : str
        What it says of them.
    found : callable
        (rows (..., draw), whether they are sorted) to (...) of bool.
    """

    said: str
    found: Callable[[Array, bool], NDArray[np.bool_]]


@dataclass(frozen=True)
class Measure:
    """A named figure of draws and, for independent draws, its standard error.

    Parameters
    ----------
    name : str
        As people read it.
    figure : callable
        (..., draw) to (...).
    error : callable
        (..., draw) of independent draws to (...).
    error_of_sorted : callable, optional
        The same from draws that are sorted already, where that is cheaper.
    ends : callable, optional
        (row of draws, designs, confidence) to the ends of a confidence interval; by Student's t where left out.
    doubts : tuple of Doubt
        When there is no error.
    """

    name: str
    figure: Callable[[Array], Array]
    error: Callable[[Array], Array]
    error_of_sorted: Callable[[Array], Array] | None = None
    ends: Callable[[Array, Designs, float], Ends] | None = None
    doubts: tuple[Doubt, ...] = ()


def error_of_mean(x: Array) -> Array:
    """Return the error of the mean of independent figures; NaN for one of them.

    Examples
    --------
    >>> round(float(error_of_mean(np.array([1.0, 3.0, 5.0, 7.0]))), 4)
    1.291
    """
    return standard_deviation(x) / math.sqrt(x.shape[-1]) if x.shape[-1] > 1 else np.full(x.shape[:-1], math.nan)


def _sd_error(x: Array) -> Array:
    """Return the asymptotic error of the standard deviation, from the fourth moment."""
    spread, n_draws = standard_deviation(x), x.shape[-1]
    fourth = mean((x - mean(x)[..., None]) ** 4)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(np.maximum(fourth - spread**4, 0.0) / n_draws) / (2.0 * spread)
    return np.where(spread > 0.0, error, 0.0)


def _percentile_error(x: Array, q: float, *, is_sorted: bool = False) -> Array:
    """Return the asymptotic error of a percentile, its density taken from the spacing of draws around it.

    The width is Bofinger's (1975), which makes the density's own error smallest: about 4% at 8,192 draws.
    """
    n_draws, share = n_draws_of(x), q / 100.0
    score = NormalDist().inv_cdf(share)
    density = math.exp(-score * score / 2.0) / math.sqrt(2.0 * math.pi)
    width = n_draws**-0.2 * (4.5 * density**4 / (2.0 * score * score + 1.0) ** 2) ** 0.2
    width = min(width, share / 2.0, (1.0 - share) / 2.0)
    low, high = (rank_of(n_draws, share + sign * width) for sign in (-1.0, 1.0))
    if high == low or n_draws * width < 4.0:
        return np.full(x.shape[:-1], math.nan)
    ordered = x if is_sorted else np.partition(x, (low, high), axis=-1)
    sparsity: Array = (ordered[..., high] - ordered[..., low]) * (n_draws / (high - low))
    return math.sqrt(share * (1.0 - share) / n_draws) * sparsity


def _cvar_error(x: Array, level: float) -> Array:
    """Return the asymptotic error of the CVaR: that of the mean of min(x, boundary) over the share."""
    rank = rank_of(x.shape[-1], level)
    boundary = np.partition(x, rank, axis=-1)[..., rank]
    return error_of_mean(np.minimum(x, boundary[..., None])) / level


def _cvar_error_of_sorted(x: Array, level: float) -> Array:
    """Return the same from sorted draws: what lies at the boundary or above adds nothing to the sums."""
    n_draws = n_draws_of(x)
    rank = rank_of(n_draws, level)
    if n_draws < 2:
        return np.full(x.shape[:-1], math.nan)
    below = x[..., : rank + 1] - x[..., rank, None]
    spread = np.maximum(total(below * below) - total(below) ** 2 / n_draws, 0.0)
    return np.sqrt(spread / (n_draws - 1) / n_draws) / level


def _share_error(x: Array, threshold: float) -> Array:
    share, n_draws = probability_below(x, threshold), n_draws_of(x)
    # At 0 or n hits the plug-in error would be 0, a claim nobody can make; one hit more or less is counted.
    near = (share * n_draws + 1.0) / (n_draws + 2.0)
    share = np.where((share == 0.0) | (share == 1.0), near, share)
    return np.sqrt(share * (1.0 - share) / n_draws)


def _sd_ends(x: Array, designs: Designs, confidence: float) -> Ends:
    """Return the interval of the standard deviation: the root of that of the mean squared distance from the mean."""
    apart = x - x.mean()
    low, high = mean_ends(apart * apart * (x.size / max(x.size - 1.0, 1.0)), designs, confidence, (1,))
    return math.sqrt(max(low, 0.0)), math.sqrt(max(high, 0.0))


def _cvar_ends(x: Array, designs: Designs, confidence: float, level: float) -> Ends:
    """Return the interval of the CVaR: the boundary less that of the mean shortfall below it."""
    rank = rank_of(x.size, level)
    boundary = float(np.partition(x, rank)[rank])
    low, high = mean_ends(np.maximum(boundary - x, 0.0) / level, designs, confidence, (1,), rank)
    return boundary - high, boundary - low


def _few_in_tail(x: Array, is_sorted: bool, level: float) -> NDArray[np.bool_]:
    return np.full(x.shape[:-1], level * x.shape[-1] < FEWEST_TAIL_DRAWS)


MEAN = Measure(
    "mean", mean, error_of_mean, ends=mean_ends, doubts=(Doubt("a tail index of at most 2", mean_has_no_error),)
)
STANDARD_DEVIATION = Measure(
    "standard deviation", standard_deviation, _sd_error, ends=_sd_ends,
    doubts=(Doubt("a tail index of at most 4", deviation_has_no_error),),
)  # fmt: skip


def percentile_measure(q: float) -> Measure:
    """Return the measure of a percentile, named such as P5."""
    q = checked_percentage(q)
    return Measure(
        f"P{q:g}", lambda x: percentile(x, q), lambda x: _percentile_error(x, q),
        lambda x: _percentile_error(x, q, is_sorted=True),
        lambda x, designs, confidence: percentile_ends(x, q, designs, confidence),
    )  # fmt: skip


def cvar_measure(level: float = 0.05) -> Measure:
    """Return the measure of the mean of the worst share of draws."""
    checked_share(level)
    return Measure(
        f"CVaR {level:.0%}", lambda x: cvar(x, level), lambda x: _cvar_error(x, level),
        lambda x: _cvar_error_of_sorted(x, level), partial(_cvar_ends, level=level),
        (
            Doubt(f"fewer than {FEWEST_TAIL_DRAWS} draws in the tail", partial(_few_in_tail, level=level)),
            Doubt("a tail index of at most 2", partial(worst_mean_has_no_error, level=level)),
        ),
    )  # fmt: skip


@takes(threshold=number(problem="not a number"))
def below_measure(threshold: float = 0.0) -> Measure:
    """Return the measure of the chance to stay below a threshold."""
    name = "P(loss)" if threshold == 0.0 else f"P(below {threshold:g})"
    return Measure(
        name, lambda x: probability_below(x, threshold), lambda x: _share_error(x, threshold),
        ends=lambda x, designs, confidence: share_ends(x < threshold, designs, confidence),
    )  # fmt: skip


#: Measures that every result shows, by the names that commands and files use.
MEASURES: Mapping[str, Measure] = {
    "mean": MEAN,
    "sd": STANDARD_DEVIATION,
    **{f"p{q}": percentile_measure(q) for q in (5, 10, 50, 90, 95)},
    "cvar": cvar_measure(0.05),
    "p_loss": below_measure(0.0),
}


def measure_named(name: str | Measure) -> Measure:
    """Return a measure by name: mean, sd, p_loss, cvar, or p and a percentage such as p10.

    Raises
    ------
    UsageError
        When there is no such measure.
    """
    if isinstance(name, Measure):
        return name
    if isinstance(name, str) and name in MEASURES:
        return MEASURES[name]
    if isinstance(name, str) and re.fullmatch(r"p\d+(\.\d*)?", name, re.ASCII):
        return percentile_measure(float(name[1:]))
    raise UsageError(Fault("measure", "unknown", shown(name), ", ".join(MEASURES), "Percentiles are p1, p2.5 ... p99."))
