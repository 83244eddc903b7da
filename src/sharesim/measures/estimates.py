"""A figure of draws with its Monte Carlo error, for each way that draws can be made."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sharesim.arguments import a_word, number, shown, takes
from sharesim.display import shortened
from sharesim.errors import Fault, UsageError
from sharesim.measures.figures import (
    CHUNK,
    checked_draws,
    checked_percentage,
    checked_share,
    cvar,
    mean,
    percentile,
    probability_below,
    rank_of,
    standard_deviation,
    total,
)

Array = NDArray[np.float64]

#: Independent designs (chunks of a Latin hypercube, scrambles of Sobol') that a standard error needs.
FEWEST_DESIGNS = 8
_CONFIDENCE = number(0.0, 1.0, "not a level of confidence", "Write 0.95 for 95%.", above=True, below=True)


@dataclass(frozen=True)
class Estimate:
    """A figure from draws with its standard error.

    Parameters
    ----------
    value : float
        The figure, in the unit of the draws (or a share).
    standard_error : float
        In the same unit; NaN where the draws cannot give one.
    n_draws : int
        Draws that it rests on.
    degrees_of_freedom : float
        Independent figures that the error was judged from, less one; infinite where the draws themselves were.

    Examples
    --------
    >>> print(Estimate(12.0, 0.5, 1024))
    12 (standard error 0.5)
    >>> print(Estimate(12.0, math.nan, 1024))
    12 (standard error not available)
    """

    value: float
    standard_error: float
    n_draws: int
    degrees_of_freedom: float = math.inf

    @property
    def available(self) -> bool:
        """Whether there is a standard error."""
        return not math.isnan(self.standard_error)

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return a confidence interval of the figure, by Student's t where few designs gave the error; else normal."""
        reach = self.reach(confidence)
        return self.value - reach, self.value + reach

    def reach(self, confidence: float = 0.95) -> float:
        """Return how far the confidence interval reaches on either side."""
        confidence = _CONFIDENCE("confidence", confidence)
        return _student_quantile(0.5 + confidence / 2, self.degrees_of_freedom) * self.standard_error

    def __str__(self) -> str:
        error = f"{self.standard_error:.3g}" if self.available else "not available"
        return f"{self.value:.6g} (standard error {error})"


class Estimates(list[Estimate]):
    """Estimates of many rows of draws: a list that prints its first few."""

    def __repr__(self) -> str:
        return shortened(f"{len(self):,} estimates\n" + "\n".join(f"  {item}" for item in self[:8]))


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
    """

    name: str
    figure: Callable[[Array], Array]
    error: Callable[[Array], Array]
    error_of_sorted: Callable[[Array], Array] | None = None


class Design(Protocol):
    """How the draws of a row were made, as far as their errors depend on it: a `DrawPlan` says so.

    Under Sobol' the draws are that many independent scrambles, one after the other and equally long.
    """

    @property
    def method(self) -> str:
        """``monte_carlo``, ``latin_hypercube`` or ``sobol``."""
        ...

    @property
    def scrambles(self) -> int:
        """How many scrambles there are; 1 where there are none."""
        ...


def _by_scramble(values: Array, scrambles: int) -> Array:
    """Return draws (..., draw) as (scramble, ..., draw of the scramble)."""
    return np.ascontiguousarray(np.moveaxis(values.reshape(*values.shape[:-1], scrambles, -1), -2, 0))


def _mean_error(x: Array) -> Array:
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
    n_draws, share = x.shape[-1], q / 100.0
    score = NormalDist().inv_cdf(share)
    density = math.exp(-score * score / 2.0) / math.sqrt(2.0 * math.pi)
    width = n_draws**-0.2 * (4.5 * density**4 / (2.0 * score * score + 1.0) ** 2) ** 0.2
    width = min(width, share / 2.0, (1.0 - share) / 2.0)
    low, high = (rank_of(n_draws, share + sign * width) for sign in (-1.0, 1.0))
    if high == low or n_draws * width < 4.0:
        return np.full(x.shape[:-1], math.nan)
    ordered = x if is_sorted else np.partition(x, (low, high), axis=-1)
    sparsity = (ordered[..., high] - ordered[..., low]) * (n_draws / (high - low))
    return math.sqrt(share * (1.0 - share) / n_draws) * sparsity


def _cvar_error(x: Array, level: float) -> Array:
    """Return the asymptotic error of the CVaR: that of the mean of min(x, boundary) over the share."""
    rank = rank_of(x.shape[-1], level)
    boundary = np.partition(x, rank, axis=-1)[..., rank]
    return _mean_error(np.minimum(x, boundary[..., None])) / level


def _cvar_error_of_sorted(x: Array, level: float) -> Array:
    """Return the same from sorted draws: what lies at the boundary or above adds nothing to the sums."""
    rank, n_draws = rank_of(x.shape[-1], level), x.shape[-1]
    if n_draws < 2:
        return np.full(x.shape[:-1], math.nan)
    below = x[..., : rank + 1] - x[..., rank, None]
    spread = np.maximum(total(below * below) - total(below) ** 2 / n_draws, 0.0)
    return np.sqrt(spread / (n_draws - 1) / n_draws) / level


def _share_error(x: Array, threshold: float) -> Array:
    share = probability_below(x, threshold)
    n_draws = x.shape[-1]
    # At 0 or n hits the plug-in error would be 0, a claim nobody can make; one hit more or less is counted.
    near = (share * n_draws + 1.0) / (n_draws + 2.0)
    share = np.where((share == 0.0) | (share == 1.0), near, share)
    return np.sqrt(share * (1.0 - share) / n_draws)


MEAN = Measure("mean", mean, _mean_error)
STANDARD_DEVIATION = Measure("standard deviation", standard_deviation, _sd_error)


def percentile_measure(q: float) -> Measure:
    """Return the measure of a percentile, named such as P5."""
    q = checked_percentage(q)
    return Measure(
        f"P{q:g}", lambda x: percentile(x, q), lambda x: _percentile_error(x, q),
        lambda x: _percentile_error(x, q, is_sorted=True),
    )  # fmt: skip


def cvar_measure(level: float = 0.05) -> Measure:
    """Return the measure of the mean of the worst share of draws."""
    checked_share(level)
    return Measure(
        f"CVaR {level:.0%}", lambda x: cvar(x, level), lambda x: _cvar_error(x, level),
        lambda x: _cvar_error_of_sorted(x, level),
    )  # fmt: skip


@takes(threshold=number(problem="not a number"))
def below_measure(threshold: float = 0.0) -> Measure:
    """Return the measure of the chance to stay below a threshold."""
    name = "P(loss)" if threshold == 0.0 else f"P(below {threshold:g})"
    return Measure(name, lambda x: probability_below(x, threshold), lambda x: _share_error(x, threshold))


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


def _a_method(where: str, value: Any) -> Any:
    """Return how draws were made: a method by name, or a design that says it."""
    if isinstance(value, str) or not isinstance(getattr(value, "method", None), str):
        return a_word("monte_carlo", "latin_hypercube", "sobol")(where, value)
    return value


@takes(method=_a_method)
def standard_errors(x: ArrayLike, measure: str | Measure, method: str | Design = "monte_carlo") -> Array:
    """Return the standard error of a measure over draws; NaN where the method gives none.

    Parameters
    ----------
    x : array_like (..., draw), or (scramble, ..., draw) under Sobol'
        Values. Under Sobol' the first axis holds independent scrambles.
    measure : str or Measure
        Which figure.
    method : {"monte_carlo", "latin_hypercube", "sobol"} or Design
        How the draws were made. Monte Carlo: from the draws. Latin hypercube: from the figures of the chunks, 8 at
        least. Sobol': from the figures of the scrambles, 8 at least. A design's scrambles lie one after the other
        among the draws.

    Examples
    --------
    >>> float(standard_errors([1.0, 3.0, 5.0, 7.0], "mean").round(4))
    1.291
    """
    values, chosen = checked_draws(x), measure_named(measure)
    if not isinstance(method, str):
        values = _by_scramble(values, method.scrambles) if method.method == "sobol" else values
        method = method.method
    if method == "monte_carlo":
        return np.asarray(chosen.error(values))
    if method == "latin_hypercube":
        n_chunks = values.shape[-1] // CHUNK
        if n_chunks < FEWEST_DESIGNS:
            return np.full(values.shape[:-1], math.nan)
        chunks = values[..., : n_chunks * CHUNK].reshape(*values.shape[:-1], n_chunks, CHUNK)
        return _mean_error(chosen.figure(chunks))
    if values.ndim < 2 or values.shape[0] < FEWEST_DESIGNS:
        return np.full(values.shape[1:-1], math.nan)
    return _mean_error(np.moveaxis(chosen.figure(values), 0, -1))


@takes(method=_a_method)
def estimate(x: ArrayLike, measure: str | Measure = "mean", method: str | Design = "monte_carlo") -> Any:
    """Return a measure with its standard error.

    Parameters
    ----------
    x, measure, method
        As for `standard_errors`. Under Sobol' with scrambles on the first axis, the figure is the mean over them;
        one row of draws is one scramble, without an error. With a design the figure is that of all draws.

    Returns
    -------
    Estimate, or list of Estimate
        One for each row of draws.

    Examples
    --------
    >>> estimate([1.0, 3.0, 5.0, 7.0]).value
    4.0
    """
    values, chosen = checked_draws(x), measure_named(measure)
    scrambles = 1
    if not isinstance(method, str):
        figure, n_draws, scrambles = np.asarray(chosen.figure(values)), values.shape[-1], method.scrambles
    elif method == "sobol":
        values = values[None] if values.ndim == 1 else values
        scrambles = values.shape[0]
        figure = mean(np.moveaxis(np.asarray(chosen.figure(values)), 0, -1))
        n_draws = values.shape[0] * values.shape[-1]
    else:
        figure, n_draws = np.asarray(chosen.figure(values)), values.shape[-1]
    name = method if isinstance(method, str) else method.method
    designs = {"sobol": scrambles, "latin_hypercube": values.shape[-1] // CHUNK}.get(name, math.inf)
    freedom = designs - 1 if designs >= FEWEST_DESIGNS else math.inf
    error = standard_errors(values, chosen, method)
    if figure.ndim == 0:
        return Estimate(float(figure), float(error), n_draws, freedom)
    flat = zip(figure.ravel(), np.broadcast_to(error, figure.shape).ravel(), strict=True)
    return Estimates(Estimate(float(value), float(spread), n_draws, freedom) for value, spread in flat)


def _student_quantile(p: float, freedom: float) -> float:
    """Return Student's t quantile by its expansion around the normal's (within 0.001 from 7 degrees, up to 99%)."""
    z = NormalDist().inv_cdf(p)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom ** (power + 1) for power, term in enumerate(terms))
