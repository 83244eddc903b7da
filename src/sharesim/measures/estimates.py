"""A figure of draws with its Monte Carlo error, for each way that draws can be made."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sharesim.arguments import a_word, floats, number, takes
from sharesim.display import shortened
from sharesim.measures.figures import CHUNK, checked_draws, mean
from sharesim.measures.intervals import Designs, Ends, student_quantile
from sharesim.measures.measure import Measure, error_of_mean, measure_named

Array = NDArray[np.float64]

#: Independent designs (chunks of a Latin hypercube, scrambles of Sobol') that a standard error needs.
FEWEST_DESIGNS = 8
_CONFIDENCE = number(0.0, 1.0, "not a level of confidence", "Write 0.95 for 95%.", above=True, below=True)


@dataclass(frozen=True)
class Estimate:
    """A figure from draws with its standard error and confidence interval.

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
    reason : str
        Why there is no standard error; "" where there is one.
    ends : callable, optional
        (confidence) to the ends of the interval; by Student's t where left out.

    Examples
    --------
    >>> print(Estimate(12.0, 0.5, 1024))
    12 (standard error 0.5)
    >>> print(Estimate(12.0, math.nan, 1024, reason="fewer than 50 draws in the tail"))
    12 (not available: fewer than 50 draws in the tail)
    """

    value: float
    standard_error: float
    n_draws: int
    degrees_of_freedom: float = math.inf
    reason: str = ""
    ends: Callable[[float], Ends] | None = field(default=None, repr=False, compare=False)

    @property
    def available(self) -> bool:
        """Whether there is a standard error, and an interval."""
        return not math.isnan(self.standard_error)

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return a confidence interval of the figure, lopsided where the truth is; NaN where there is none.

        Examples
        --------
        >>> low, high = estimate(np.arange(1000.0) - 3.0, "p_loss").interval()
        >>> round(low, 3), round(high, 3)
        (0.001, 0.009)
        """
        confidence = _CONFIDENCE("confidence", confidence)
        if not self.available:
            return math.nan, math.nan
        if self.ends is not None:
            return self.ends(confidence)
        reach = student_quantile(0.5 + confidence / 2, self.degrees_of_freedom) * self.standard_error
        return self.value - reach, self.value + reach

    def reach(self, confidence: float = 0.95) -> float:
        """Return how far the confidence interval reaches from the figure, on the side where it reaches farther."""
        low, high = self.interval(confidence)
        return max(self.value - low, high - self.value)

    def __str__(self) -> str:
        said = f"standard error {self.standard_error:.3g}" if self.available else "not available"
        return f"{self.value:.6g} ({said}{': ' + self.reason if self.reason else ''})"


class Estimates(list[Estimate]):
    """Estimates of many rows of draws: a list that prints its first few."""

    def __repr__(self) -> str:
        return shortened(f"{len(self):,} estimates\n" + "\n".join(f"  {item}" for item in self[:8]))


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


def _a_method(where: str, value: Any) -> Any:
    """Return how draws were made: a method by name, or a design that says it."""
    if isinstance(value, str) or not isinstance(getattr(value, "method", None), str):
        return a_word("monte_carlo", "latin_hypercube", "sobol")(where, value)
    return value


@takes(method=_a_method, ordered=floats(1))
def standard_errors(
    x: ArrayLike, measure: str | Measure, method: str | Design = "monte_carlo", *, ordered: Array | None = None
) -> Array:
    """Return the standard error of a measure over draws; NaN where the draws give none.

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
    ordered : ndarray (..., draw), optional
        All draws of each row sorted, where they are at hand.

    Examples
    --------
    >>> float(standard_errors([1.0, 3.0, 5.0, 7.0], "mean").round(4))
    1.291
    """
    chosen = measure_named(measure)
    rows, designs = _rows(checked_draws(x), method)
    error = _plain_errors(rows, chosen, designs, ordered)
    for _, doubted in _doubted(rows, chosen, ordered):
        error = np.where(doubted, math.nan, error)
    return np.asarray(error)


def _rows(values: Array, method: str | Design) -> tuple[Array, Designs]:
    """Return draws as rows (..., draw), and the designs that each of them is made of."""
    if not isinstance(method, str):
        designs = method.scrambles if method.method == "sobol" else values.shape[-1] // CHUNK
        return values, Designs(method.method, 1 if method.method == "monte_carlo" else designs)
    if method == "sobol":
        values = values[None] if values.ndim == 1 else values
        by_row = np.ascontiguousarray(np.moveaxis(values, 0, -2))
        return by_row.reshape(*by_row.shape[:-2], -1), Designs(method, len(values))
    if method == "latin_hypercube":
        return values, Designs(method, values.shape[-1] // CHUNK)
    return values, Designs()


def degrees_of_freedom(design: Design, n_draws: int) -> float:
    """Return the independent figures that an error is judged from, less one; infinite where the draws themselves are.

    Examples
    --------
    >>> from sharesim.uncertainty.draws import DrawPlan
    >>> degrees_of_freedom(DrawPlan([], seed=1, method="latin_hypercube"), 8192)
    7.0
    """
    _, designs = _rows(np.broadcast_to(0.0, n_draws), design)
    return math.inf if designs.independent else designs.freedom(n_draws)


def _plain_errors(rows: Array, measure: Measure, designs: Designs, ordered: Array | None) -> Array:
    """Return the errors of rows (..., draw) as far as their designs give any."""
    if designs.independent:
        if ordered is not None and measure.error_of_sorted is not None:
            return np.asarray(measure.error_of_sorted(ordered))
        return np.asarray(measure.error(rows))
    if designs.count < FEWEST_DESIGNS:
        return np.full(rows.shape[:-1], math.nan)
    return error_of_mean(np.asarray(measure.figure(_whole(rows, designs).reshape(*rows.shape[:-1], designs.count, -1))))


def _whole(rows: Array, designs: Designs) -> Array:
    """Return rows without the draws of a design that was cut short."""
    return rows[..., : designs.count * CHUNK] if designs.method == "latin_hypercube" else rows


def _doubted(rows: Array, measure: Measure, ordered: Array | None) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield what speaks against an error, and for which rows."""
    for doubt in measure.doubts:
        yield doubt.said, doubt.found(rows if ordered is None else ordered, ordered is not None)


@takes(method=_a_method)
def estimate(x: ArrayLike, measure: str | Measure = "mean", method: str | Design = "monte_carlo") -> Any:
    """Return a measure with its standard error and confidence interval.

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
    rows, designs = _rows(values, method)
    if method == "sobol":
        figure = mean(np.moveaxis(np.asarray(chosen.figure(values if values.ndim > 1 else values[None])), 0, -1))
    else:
        figure = np.asarray(chosen.figure(rows))
    error = _plain_errors(rows, chosen, designs, None)
    doubts = list(_doubted(rows, chosen, None))
    found = Estimates(
        _estimate_of(float(figure[place]), float(error[place]), rows[place], chosen, designs,
                     next((said for said, doubted in doubts if doubted[place]), ""))
        for place in np.ndindex(figure.shape)
    )  # fmt: skip
    return found if figure.ndim else found[0]


def _estimate_of(value: float, error: float, row: Array, measure: Measure, designs: Designs, doubt: str) -> Estimate:
    """Return the estimate of one row of draws."""
    few = not designs.independent and designs.count < FEWEST_DESIGNS
    freedom = math.inf if designs.independent or few else designs.freedom(row.size)
    if few:
        needed = "chunks" if designs.method == "latin_hypercube" else "scrambles"
        doubt = f"fewer than {FEWEST_DESIGNS} {needed}"
    elif not doubt and math.isnan(error):
        doubt = "too few draws"
    if doubt:
        return Estimate(value, math.nan, row.size, freedom, doubt)
    # Worked out when asked for: an interval takes longer than an error, and stop rules need errors only.
    ends = None if measure.ends is None else partial(measure.ends, _whole(row, designs), designs)
    return Estimate(value, error, row.size, freedom, ends=ends)
