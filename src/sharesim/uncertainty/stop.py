"""When draws are enough: a figure is precise, or the order of the best bundles is settled; and what was reached."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from sharesim.errors import Fault, UsageError
from sharesim.measures import CHUNK, FEWEST_DESIGNS, Estimate, Measure, chunk_sums, estimate, measure_named

Array = NDArray[np.float64]
#: Gives the values of chunks `start` to before `stop`: (draw,) or (bundle, draw); under Sobol' scrambles come first.
Chunks = Callable[[int, int], Array]


@dataclass(frozen=True)
class PrecisionRule:
    """Draw until the standard error of a measure is small enough.

    Parameters
    ----------
    measure : str or Measure
        Such as ``mean``, ``p10``, ``cvar`` or ``p_loss``.
    standard_error : float
        Largest standard error that will do, in the unit of the measure.
    method : {"monte_carlo", "latin_hypercube", "sobol"}
        How the draws are made.
    fewest_chunks : int
        Chunks before the first look, 8 at least: an error judged from less is too uncertain to stop on.
    most_draws : int
        Where to give up.

    Examples
    --------
    >>> PrecisionRule("p10", 500.0).fewest_chunks
    8
    """

    measure: str | Measure
    standard_error: float
    method: str = "monte_carlo"
    fewest_chunks: int = FEWEST_DESIGNS
    most_draws: int = 1_000_000

    def __post_init__(self) -> None:
        measure_named(self.measure)
        if not 0.0 < self.standard_error < math.inf:
            got, remedy = repr(self.standard_error), "Give it in the unit of the measure."
            raise UsageError(Fault("stop rule", "the target is no standard error", got, "above 0", remedy))
        _check_chunks(self.fewest_chunks, self.most_draws)


@dataclass(frozen=True)
class Stopped:
    """What a precision rule reached.

    Parameters
    ----------
    estimates : tuple of Estimate
        One for each row of values.
    n_draws : int
        Draws taken (of each scramble, under Sobol').
    reached : bool
        Whether the largest standard error is within the target.
    said : str
        The same in words.
    """

    estimates: tuple[Estimate, ...]
    n_draws: int
    reached: bool
    said: str


def run_until_precise(chunks: Chunks, rule: PrecisionRule) -> Stopped:
    """Draw until every row's standard error is within the target, or the most draws are taken.

    Parameters
    ----------
    chunks : callable
        (start, stop) to the values of those chunks: (draw,) or (bundle, draw); under Sobol' (scramble, ..., draw).
    rule : PrecisionRule
        When to stop.

    Examples
    --------
    >>> from sharesim.uncertainty.sample import DrawPlan, DriverSpec
    >>> from sharesim.uncertainty.distributions import normal
    >>> plan = DrawPlan([DriverSpec("npv", normal(100, 50))], seed=1)
    >>> found = run_until_precise(lambda start, stop: plan.values(start, stop)[0], PrecisionRule("mean", 0.4))
    >>> found.reached, found.n_draws, found.said
    (True, 16384, 'the standard error of mean is 0.392, within the target 0.4, after 16,384 draws')
    """
    most = max(rule.most_draws // CHUNK, rule.fewest_chunks)
    done, wanted = 0, rule.fewest_chunks
    kept: list[Array] = []
    while True:
        kept.append(np.asarray(chunks(done, wanted), dtype=np.float64))
        done = wanted
        values = np.concatenate(kept, axis=-1)
        kept = [values]
        found = estimate(values, rule.measure, rule.method)
        estimates = (found,) if isinstance(found, Estimate) else tuple(found)
        error = max(item.standard_error for item in estimates)  # NaN compares false and is never within a target
        if error <= rule.standard_error or done >= most:
            break
        wanted = _next_look(done, error / rule.standard_error, most, rule.method)
        if wanted == done:
            break
    reached = error <= rule.standard_error
    return Stopped(estimates, done * CHUNK, reached, _said(rule, error, done * CHUNK, reached))


def _next_look(done: int, excess: float, most: int, method: str) -> int:
    """Return the chunks at the next look: what the error seems to need, at most twice as many.

    Few looks are better than many: every look is a chance to stop on an error that happens to look small.
    """
    if method == "sobol":
        return 2 * done if 2 * done <= most else done
    needed = math.ceil(done * excess * excess) if math.isfinite(excess) else 2 * done
    return min(max(needed, done + max(1, done // 8)), 2 * done, most)


def _said(rule: PrecisionRule, error: float, n_draws: int, reached: bool) -> str:
    name = measure_named(rule.measure).name
    if math.isnan(error):
        return f"no standard error of {name} is available from these draws; stopped after {n_draws:,}"
    place = "within" if reached else "above"
    target = f"{place} the target {_figure(rule.standard_error)}"
    return f"the standard error of {name} is {_figure(error)}, {target}, after {n_draws:,} draws"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000.0 else f"{value:.3g}"


@dataclass(frozen=True)
class RankingRule:
    """Draw until the best bundles and their order are settled.

    Parameters
    ----------
    n_best : int
        How many of the best matter, in order.
    confidence : float
        Probability that the whole statement holds, over all comparisons and all looks.
    indifference : float
        Differences in the mean up to this are a tie; 0 for none. In the unit of the values.
    fewest_chunks, most_draws : int
        As for `PrecisionRule`.

    Examples
    --------
    >>> RankingRule(n_best=3).confidence
    0.95
    """

    n_best: int = 1
    confidence: float = 0.95
    indifference: float = 0.0
    fewest_chunks: int = FEWEST_DESIGNS
    most_draws: int = 1_000_000

    def __post_init__(self) -> None:
        if self.n_best < 1:
            raise UsageError(Fault("stop rule", "no bundle to rank", str(self.n_best), "1 or more"))
        if not 0.5 <= self.confidence < 1.0:
            raise UsageError(Fault("stop rule", "confidence out of range", f"{self.confidence:g}", "0.5 to below 1"))
        if not self.indifference >= 0.0:
            raise UsageError(Fault("stop rule", "indifference is negative", f"{self.indifference:g}", "0 or more"))
        _check_chunks(self.fewest_chunks, self.most_draws)


@dataclass(frozen=True)
class Ranked:
    """What a ranking rule reached.

    Parameters
    ----------
    best : tuple of int
        Rows of the best, in order.
    means : ndarray (bundle,)
        Mean of every row.
    n_draws : int
        Draws taken.
    settled : bool
        Whether the order is settled at the confidence asked for.
    open_pairs : tuple of (int, int)
        Pairs of rows, better first, whose order is not settled; the closest first.
    said : str
        The same in words.
    """

    best: tuple[int, ...]
    means: Array
    n_draws: int
    settled: bool
    open_pairs: tuple[tuple[int, int], ...]
    said: str


def run_until_ranked(chunks: Chunks, rule: RankingRule) -> Ranked:
    """Draw until the best rows by mean, and their order, are settled, or the most draws are taken.

    Rows are compared draw by draw, so what moves all of them alike does not count: each chunk gives one mean of every
    difference, and these are judged by Student's t. The error allowed is shared out over the comparisons (Bonferroni)
    and over the looks (the j-th look gets 6 / (pi j)^2 of it), so looking often does not wear out the confidence.

    Parameters
    ----------
    chunks : callable
        (start, stop) to values (bundle, draw) of those chunks, under Monte Carlo or Latin hypercube draws.
    rule : RankingRule
        When to stop.

    Examples
    --------
    >>> from sharesim.uncertainty.draws import DrawPlan, DriverSpec
    >>> from sharesim.uncertainty.distributions import normal
    >>> plan = DrawPlan([DriverSpec("a", normal(10, 9)), DriverSpec("b", normal(12, 9))], seed=1)
    >>> found = run_until_ranked(plan.values, RankingRule(n_best=1))
    >>> found.best, found.settled
    ((1,), True)
    """
    most = max(rule.most_draws // CHUNK, rule.fewest_chunks)
    done, wanted, look = 0, rule.fewest_chunks, 0
    kept: list[Array] = []
    while True:
        values = np.asarray(chunks(done, wanted), dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != (wanted - done) * CHUNK:
            allowed = f"(bundle, {(wanted - done) * CHUNK})"
            raise UsageError(Fault("stop rule", "the chunks have the wrong shape", str(values.shape), allowed))
        kept.append(chunk_sums(values) / CHUNK)
        done, look = wanted, look + 1
        means_by_chunk = np.concatenate(kept, axis=1)
        best, open_pairs = _open_pairs(means_by_chunk, rule, look)
        if not open_pairs or done >= most:
            break
        wanted = min(2 * done, most)
    means = means_by_chunk.mean(axis=1)
    return Ranked(best, means, done * CHUNK, not open_pairs, open_pairs, _said_of_order(rule, best, open_pairs, done))


def _open_pairs(
    means_by_chunk: Array, rule: RankingRule, look: int
) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...]]:
    """Return the best rows in order and the pairs among them, or with the rest, that are not settled."""
    n_rows, n_chunks = means_by_chunk.shape
    means = means_by_chunk.mean(axis=1)
    order = np.argsort(-means, kind="stable")
    n_best = min(rule.n_best, n_rows)
    best = order[:n_best]
    # Each of the best against the next, and the last of them against all the rest: together they fix the order.
    better = np.concatenate([best[:-1], np.full(n_rows - n_best, best[-1])])
    worse = np.concatenate([best[1:], order[n_best:]])
    if not better.size:
        return tuple(map(int, best)), ()
    differences = means_by_chunk[better] - means_by_chunk[worse]
    gap = differences.mean(axis=1)
    error = differences.std(axis=1, ddof=1) / math.sqrt(n_chunks)
    share = (1.0 - rule.confidence) * 6.0 / (math.pi * look) ** 2 / better.size
    reach = float(stdtrit(n_chunks - 1, 1.0 - share)) * error
    # Settled as different, or settled as so close that the order does not matter.
    settled = (gap > reach) | (gap + reach <= rule.indifference) | (error == 0.0)
    left = np.flatnonzero(~settled)
    left = left[np.argsort(gap[left], kind="stable")]
    return tuple(map(int, best)), tuple((int(better[item]), int(worse[item])) for item in left)


def _said_of_order(rule: RankingRule, best: tuple[int, ...], left: Any, done: int) -> str:
    what = "the best is" if len(best) == 1 else f"the best {len(best)} and their order are"
    if not left:
        return f"{what} settled with {rule.confidence:.0%} confidence after {done * CHUNK:,} draws"
    return f"{what} not settled after {done * CHUNK:,} draws: {len(left)} comparisons are still open"


def _check_chunks(fewest_chunks: int, most_draws: int) -> None:
    if fewest_chunks < FEWEST_DESIGNS:
        got = str(fewest_chunks)
        raise UsageError(Fault("stop rule", "too few chunks before the first look", got, f"{FEWEST_DESIGNS} or more"))
    if most_draws < fewest_chunks * CHUNK:
        allowed = f"{fewest_chunks * CHUNK:,} or more"
        raise UsageError(Fault("stop rule", "no room for the first look", f"{most_draws:,} draws", allowed))
