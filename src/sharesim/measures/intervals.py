"""Confidence intervals of figures of draws: lopsided where the truth is, and for each way that draws can be made.

Every figure is, to first order, a mean over draws of something: of the value itself, of its squared distance from the
mean, of how far it lies below a percentile, of being below a threshold. So there are two intervals here, that of a mean
and that of a share; percentiles are shares read the other way (docs/decisions/096).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from sharesim.measures.figures import rank_of
from sharesim.measures.tails import FEWEST_IN_TAIL, beyond, fitted_tail

Array = NDArray[np.float64]
Ends = tuple[float, float]

#: The tail of a mean is the farthest 1/16 of the draws on a side, 512 at most.
TAIL_SHARE, MOST_IN_TAIL = 1 / 16, 512
#: Draws of each design that its farthest few are, which no design evens out.
TIP = 4


@dataclass(frozen=True)
class Designs:
    """The independent designs that a row of draws is made of, one after the other and equally long.

    Parameters
    ----------
    method : str
        ``monte_carlo`` (each draw for itself), ``latin_hypercube`` or ``sobol``.
    count : int
        Designs; under Monte Carlo 1.
    """

    method: str = "monte_carlo"
    count: int = 1

    @property
    def independent(self) -> bool:
        """Whether the draws themselves are independent."""
        return self.method == "monte_carlo"

    def freedom(self, n_draws: int) -> float:
        """Return the independent figures that an error is judged from, less one."""
        return (n_draws if self.independent else self.count) - 1.0

    def means(self, values: Array) -> Array:
        """Return the mean of each design."""
        found: Array = values.reshape(self.count, -1).mean(axis=1)
        return found

    def variance_of_mean(self, values: Array) -> float:
        """Return the variance of the mean of all draws."""
        if self.independent:
            return float(values.var(ddof=1)) / values.size
        return float(self.means(values).var(ddof=1)) / self.count

    def passed_on(self, values: Array) -> float:
        """Return how much of the variance of independent draws the designs leave to a mean: from 0, at most 1."""
        own = float(values.var()) / values.size
        return 1.0 if self.independent else min(self.variance_of_mean(values) / own, 1.0) if own > 0.0 else 0.0


def mean_ends(
    values: Array, designs: Designs, confidence: float, sides: tuple[int, ...] = (-1, 1), in_tail: int = MOST_IN_TAIL
) -> Ends:
    """Return a confidence interval of the mean that a row of draws has.

    Student's t, made lopsided by Hall's (1992) cubic with the skewness of the mean's error. Draws of a heavy tail
    mostly show too little of it: where a generalised Pareto law fitted to a tail has a larger second or third moment
    than its draws, the law's stands.

    Parameters
    ----------
    values : ndarray, shape (draw,)
    designs : Designs
    confidence : float
    sides : tuple of int
        Tails that may be heavy: -1 the lower, 1 the upper.
    in_tail : int
        Most draws that belong to a tail.

    Examples
    --------
    >>> low, high = mean_ends(np.arange(101.0) ** 3, Designs(), 0.95)
    >>> bool((high - 255_025 > 255_025 - low) and low > 190_000)
    True
    """
    centre = float(values.mean())
    if values.size < 2 or values.min() == values.max():
        return centre, centre
    ordered, count = np.sort(values), min(int(values.size * TAIL_SHARE), MOST_IN_TAIL, in_tail)
    tails = [_TailOf.draws(ordered, count, side) for side in sides] if count >= FEWEST_IN_TAIL else []
    tails = [tail for tail in tails if tail.excess[-1] > 0.0]
    moments = _moments_independent if designs.independent else _moments_of_designs
    error, lean, freedom = moments(values, designs, tails)
    if not error > 0.0:
        return centre, centre
    reach = student_quantile(0.5 + confidence / 2.0, freedom)
    down, up = _leaning(reach, lean), -_leaning(-reach, lean)
    if not designs.independent:  # a lean that designs pass on is known too badly to draw an end nearer by all of it
        down, up = max(down, (down + reach) / 2.0), max(up, (up + reach) / 2.0)
    return centre - down * error, centre + up * error


def _leaning(score: float, lean: float) -> float:
    """Return the studentised score that Hall's cubic takes to a symmetric one."""
    return score if abs(lean) < 1e-9 else (math.cbrt(1.0 + lean * (score - lean / 6.0)) - 1.0) * 3.0 / lean


@dataclass(frozen=True)
class _TailOf:
    """The draws of one tail, and those that a law fitted to it would have.

    Parameters
    ----------
    side : int
        -1 the lower, 1 the upper.
    level : float
        Where it begins.
    excess, expected : ndarray, shape (draw,)
        By how much draws lie beyond, and by how much the law's would.
    """

    side: int
    level: float
    excess: Array
    expected: Array

    @classmethod
    def draws(cls, ordered: Array, count: int, side: int) -> _TailOf:
        """Return a tail of sorted draws."""
        level = float(ordered[-count - 1] if side > 0 else ordered[count])
        excess = beyond(ordered, count, side > 0)
        return cls(side, level, excess, fitted_tail(excess).expected(count) if excess[-1] > 0.0 else excess)

    def hidden(self, power: int, from_level: float = 0.0) -> float:
        """Return how much larger the law's sum of powers is than that of the draws; 0 where it is not."""
        law, drawn = (((from_level + part) ** power).sum() for part in (self.expected, self.excess))
        return max(float(law - drawn), 0.0)


def _moments_independent(values: Array, designs: Designs, tails: list[_TailOf]) -> tuple[float, float, float]:
    """Return the error of the mean of independent draws, the skewness of that error, and its degrees of freedom."""
    n_draws, centre = values.size, float(values.mean())
    apart = values - centre
    second, third = float((apart**2).sum()), float((apart**3).sum())
    for tail in tails:
        start = tail.side * (tail.level - centre)
        second += tail.hidden(2, start)
        third += tail.side * tail.hidden(3, start)
    return math.sqrt(second / n_draws / (n_draws - 1.0)), third / second**1.5, designs.freedom(n_draws)


def _moments_of_designs(values: Array, designs: Designs, tails: list[_TailOf]) -> tuple[float, float, float]:
    """Return the error of the mean of draws in designs, the skewness of that error, and its degrees of freedom.

    The error is the spread of the designs' means, and what the law of a tail adds to it. Their skewness cannot be read
    from a few; it comes from all draws. Designs even out most of the body and less of the tails, so each part, the body
    and what lies beyond it on either side, brings its third moment as far as the designs pass its own variance on.
    Only the spread is judged from a few figures, so the degrees of freedom grow with what the law adds (Satterthwaite
    1946).
    """
    n_draws, spread = values.size, designs.variance_of_mean(values)
    variance, third, largest = spread, 0.0, 0.0
    body = values.copy()
    for tail in tails:
        seen = np.maximum(tail.side * (values - tail.level), 0.0)
        body -= tail.side * seen
        passed, hidden = _tip_passed_on(values, tail, designs), tail.hidden(2)
        variance += hidden * passed / n_draws**2
        cubed = float(((seen - seen.mean()) ** 3).sum()) + tail.hidden(3)
        third += tail.side * cubed * passed**1.5 / n_draws**3
        largest = max(largest, (seen.var() * designs.passed_on(seen) + hidden * passed / n_draws) / n_draws)
    kept = designs.passed_on(body)
    third += float(((body - body.mean()) ** 3).mean()) * kept**1.5 / n_draws**2
    # Parts that make up for each other leave less than one of them: no reason to lean more than that one would.
    largest = max(largest, body.var() * kept / n_draws, variance)
    lean = third / largest**1.5 if largest > 0.0 else 0.0
    # No draws are more skewed than one among nothings.
    freedom = designs.freedom(n_draws) * (variance / spread) ** 2 if spread > 0.0 else math.inf
    return math.sqrt(variance), max(-1.0, min(lean, 1.0)), freedom


def _tip_passed_on(values: Array, tail: _TailOf, designs: Designs) -> float:
    """Return how much of the variance of a tail's farthest few draws (four a design) comes through to the mean.

    Sobol' points may make up in the rest for what a design has too much of at its tip: it counts by the share of the
    variance of the designs' means that goes along with it (the squared correlation, less what chance makes of it).
    """
    count = min(TIP * designs.count, len(tail.excess))
    level = tail.level + tail.side * (tail.excess[-count - 1] if count < len(tail.excess) else 0.0)
    tip = np.maximum(tail.side * (values - level), 0.0)
    passed = designs.passed_on(tip)
    if designs.method == "sobol" and passed > 0.0:
        apart, means = designs.means(tip), tail.side * designs.means(values)
        if not means.std() > 0.0:
            return 0.0
        together, chance = float(np.corrcoef(apart, means)[0, 1]), 1.0 / (designs.count - 1.0)
        passed *= max((together**2 - chance) / (1.0 - chance), 0.0) if together > 0.0 else 0.0
    return passed


def share_ends(hits: NDArray[np.bool_], designs: Designs, confidence: float) -> Ends:
    """Return a confidence interval of the share that a row of hits has, inside [0, 1]: Wilson's (1927).

    Examples
    --------
    >>> low, high = share_ends(np.zeros(1024, dtype=bool), Designs(), 0.95)
    >>> round(low, 4), round(high, 4)
    (0.0, 0.0037)
    """
    share = float(hits.mean())
    effective = hits.size * 1.0
    if not designs.independent and 0.0 < share < 1.0:
        effective = share * (1.0 - share) / _variance_of_share(hits, designs)
    reach = student_quantile(0.5 + confidence / 2.0, math.inf if designs.independent else designs.freedom(hits.size))
    weight = reach * reach / effective
    half = reach * math.sqrt(share * (1.0 - share) / effective + weight / (4.0 * effective)) / (1.0 + weight)
    middle = (share + weight / 2.0) / (1.0 + weight)
    # Rounding must not leave a sliver of a chance where nothing was seen.
    low = 0.0 if share == 0.0 else max(middle - half, 0.0)
    return low, 1.0 if share == 1.0 else min(middle + half, 1.0)


def percentile_ends(values: Array, percentage: float, designs: Designs, confidence: float) -> Ends:
    """Return a confidence interval of a percentile: the draws at the ends of the share's interval (Woodruff 1952).

    Parameters
    ----------
    values : ndarray, shape (draw,)
    percentage : float
    designs : Designs
    confidence : float

    Examples
    --------
    >>> percentile_ends(np.arange(10_000.0), 50.0, Designs(), 0.95)[0] > 4900
    True
    """
    ordered, share, n_draws = np.sort(values), percentage / 100.0, values.size
    figure = float(ordered[rank_of(n_draws, share)])
    if designs.independent:
        variance, freedom = share * (1.0 - share) / n_draws, math.inf
    else:
        variance, freedom = _variance_of_share(values <= figure, designs), designs.freedom(n_draws)
    half = student_quantile(0.5 + confidence / 2.0, freedom) * math.sqrt(variance)
    # The draw of rank r stands for the share (r - 1/2) / n; between draws a straight line.
    low, high = (
        float(np.interp((share + sign * half) * n_draws - 0.5, np.arange(n_draws), ordered)) for sign in (-1.0, 1.0)
    )
    return min(low, figure), max(high, figure)


def _variance_of_share(hits: NDArray[np.bool_], designs: Designs) -> float:
    """Return the variance of the share of hits, no less than what counting in whole draws leaves in each design."""
    in_design = hits.size / designs.count
    return max(designs.variance_of_mean(hits.astype(np.float64)), 1.0 / (12.0 * hits.size * in_design))


def student_quantile(p: float, freedom: float) -> float:
    """Return Student's t quantile by its expansion around the normal's (within 0.001 from 7 degrees, up to 99%)."""
    z = NormalDist().inv_cdf(p)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom ** (power + 1) for power, term in enumerate(terms))
