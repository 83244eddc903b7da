"""Figures of draws against brute force, their chunk order, and the errors that come with them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sharesim.errors import UsageError
from sharesim.measures import (
    CHUNK,
    MEASURES,
    Estimate,
    chunk_sums,
    cvar,
    estimate,
    mean,
    measure_named,
    payback_years,
    peak_funding,
    percentile,
    percentile_of,
    probability_below,
    standard_deviation,
    standard_errors,
    total,
)

RANDOM = np.random.default_rng(7)
DRAWS = RANDOM.lognormal(3, 1, (3, 10 * CHUNK)) - 30


def brute_cvar(row: np.ndarray, level: float) -> float:
    """Return the mean of the worst share, each draw split into many equal parts."""
    parts = np.repeat(np.sort(row), 1000)
    return float(parts[: round(level * parts.size)].mean())


@pytest.mark.parametrize("n_draws", [1, 7, 1023, 1024, 1025, 5000])
def test_mean_and_spread_are_numpys(n_draws: int) -> None:
    x = DRAWS[:, :n_draws]
    np.testing.assert_allclose(mean(x), x.mean(axis=-1), rtol=1e-12)
    spread = x.std(axis=-1, ddof=1) if n_draws > 1 else np.zeros(3)
    np.testing.assert_allclose(standard_deviation(x), spread, rtol=1e-12)
    np.testing.assert_allclose(total(x), x.sum(axis=-1), rtol=1e-12)


def test_sums_run_in_chunk_order() -> None:
    ordered = np.zeros(3)
    for k in range(10):
        ordered = ordered + DRAWS[:, k * CHUNK : (k + 1) * CHUNK].sum(axis=-1)
    np.testing.assert_array_equal(total(DRAWS), ordered)
    # So more draws go on from what fewer draws gave, and a strided array gives the same bits as a packed one.
    np.testing.assert_array_equal(total(DRAWS[:, : 4 * CHUNK]), np.cumsum(chunk_sums(DRAWS), axis=-1)[:, 3])
    np.testing.assert_array_equal(total(np.asfortranarray(DRAWS)), total(DRAWS))
    np.testing.assert_array_equal(total(DRAWS[1]), total(DRAWS)[1])


@pytest.mark.parametrize("q", [0.05, 1, 5, 10, 50, 90, 99.99])
@pytest.mark.parametrize("n_draws", [1, 10, 20, 1000])
def test_percentile_is_the_least_draw_that_enough_draws_do_not_pass(q: float, n_draws: int) -> None:
    x = DRAWS[:, :n_draws]
    np.testing.assert_array_equal(percentile(x, q), np.percentile(x, q, axis=-1, method="inverted_cdf"))


@pytest.mark.parametrize("level", [0.001, 0.05, 0.123, 0.25, 0.999, 1.0])
@pytest.mark.parametrize("n_draws", [1, 13, 100, 2000])
def test_cvar_is_the_mean_of_the_worst_share(level: float, n_draws: int) -> None:
    x = DRAWS[:, :n_draws]
    np.testing.assert_allclose(cvar(x, level), [brute_cvar(row, level) for row in x], rtol=1e-9)


def test_cvar_of_everything_is_the_mean_and_of_a_whole_number_of_draws_is_exact() -> None:
    np.testing.assert_allclose(cvar(DRAWS, 1.0), mean(DRAWS), rtol=1e-12)
    # 0.07 x 100 is 7.000000000000001 in floating point; still seven draws.
    assert float(cvar(np.arange(1.0, 101.0), 0.07)) == pytest.approx(4.0)


def test_chance_of_a_loss_counts_draws_below_zero_only() -> None:
    assert float(probability_below(np.array([-1.0, 0.0, 0.0, 5.0]))) == 0.25
    np.testing.assert_array_equal(probability_below(DRAWS, 3.0), (DRAWS < 3.0).mean(axis=-1))


def slow_payback(flow: np.ndarray) -> float:
    if np.all(flow >= 0):
        return 0.0
    last = max(year for year, value in enumerate(flow) if value < 0)
    if last == len(flow) - 1:
        return math.inf
    return last + 1 + flow[last] / (flow[last] - flow[last + 1])


def test_payback_is_the_last_recovery() -> None:
    flows = np.cumsum(RANDOM.normal(0.3, 2, (4, 10, 500)), axis=1)
    expected = np.array([[slow_payback(flows[b, :, n]) for n in range(500)] for b in range(4)])
    np.testing.assert_allclose(payback_years(flows), expected, rtol=1e-12)
    assert float(payback_years(np.array([[-10.0], [10.0]]))[0]) == 1.5
    assert float(payback_years(np.array([[-10.0], [0.0], [5.0]]))[0]) == 2.0
    assert float(payback_years(np.array([[-10.0]]))[0]) == math.inf


def test_peak_funding() -> None:
    flows = np.cumsum(RANDOM.normal(0, 2, (2, 6, 100)), axis=1)
    np.testing.assert_array_equal(peak_funding(flows), np.maximum(0, -flows.min(axis=1)))


def test_every_figure_keeps_the_leading_axes() -> None:
    x = DRAWS.reshape(3, 2, -1)
    for measure in MEASURES.values():
        assert np.shape(measure.figure(x)) == (3, 2)
        assert np.shape(standard_errors(x, measure)) == (3, 2)


@pytest.mark.parametrize("name", ["mean", "sd", "p10", "p97.5", "cvar", "p_loss"])
def test_measures_by_name(name: str) -> None:
    found = estimate(np.sqrt(DRAWS + 30) - 5, name)
    assert isinstance(found, list) and len(found) == 3
    assert all(item.available and item.standard_error > 0 and item.n_draws == 10 * CHUNK for item in found)
    assert measure_named(measure_named(name)) is measure_named(measure_named(name)) or name == "p97.5"


def test_latin_errors_come_from_chunks_and_need_eight() -> None:
    found = standard_errors(DRAWS, "mean", "latin_hypercube")
    chunk_means = DRAWS.reshape(3, 10, CHUNK).mean(axis=-1)
    np.testing.assert_allclose(found, chunk_means.std(axis=-1, ddof=1) / math.sqrt(10), rtol=1e-10)
    assert np.isnan(standard_errors(DRAWS[:, : 7 * CHUNK], "mean", "latin_hypercube")).all()
    few = estimate(DRAWS[0, : 7 * CHUNK], "mean", "latin_hypercube")
    assert not few.available and "not available" in str(few) and math.isnan(few.interval()[0])


def test_sobol_errors_come_from_scrambles_and_need_eight() -> None:
    scrambles = RANDOM.normal(5, 1, (8, 2, CHUNK))
    figures = scrambles.mean(axis=-1)
    np.testing.assert_allclose(
        standard_errors(scrambles, "mean", "sobol"), figures.std(axis=0, ddof=1) / math.sqrt(8), rtol=1e-10
    )
    found = estimate(scrambles, "mean", "sobol")
    assert [item.value for item in found] == pytest.approx(figures.mean(axis=0).tolist())
    assert found[0].n_draws == 8 * CHUNK
    assert np.isnan(standard_errors(scrambles[:7], "mean", "sobol")).all()
    one = estimate(scrambles[0, 0], "p5", "sobol")
    assert not one.available and one.value == float(percentile(scrambles[0, 0], 5))


def test_errors_that_few_draws_cannot_give() -> None:
    assert not estimate(np.array([3.0])).available
    assert not estimate(np.arange(50.0), "p1").available
    assert estimate(np.arange(100.0), "p_loss").standard_error > 0  # no loss seen is not proof of none
    assert estimate(np.full(100, 2.0), "sd").standard_error == 0.0


def test_intervals() -> None:
    low, high = Estimate(10.0, 2.0, 100).interval(0.95)
    assert (low, high) == pytest.approx((10 - 1.959964 * 2, 10 + 1.959964 * 2), rel=1e-6)


@pytest.mark.parametrize("designs", [8, 9, 16, 64])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_few_designs_widen_the_interval(designs: int, confidence: float) -> None:
    x = RANDOM.normal(size=(designs, CHUNK))
    for found in (estimate(x.ravel(), "mean", "latin_hypercube"), estimate(x, "mean", "sobol")):
        low, high = found.interval(confidence)
        wanted = stats.t.ppf(0.5 + confidence / 2, designs - 1) * found.standard_error
        assert (high - low) / 2 == pytest.approx(wanted, rel=0.05)


@pytest.mark.parametrize("ask", [
    lambda: mean([]), lambda: mean(3.0), lambda: percentile([1.0], 0), lambda: percentile([1.0], 100),
    lambda: cvar([1.0], 0), lambda: cvar([1.0], 1.5), lambda: measure_named("median"), lambda: measure_named("p0"),
    lambda: measure_named("p"), lambda: estimate([1.0], "mean", "halton"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused(ask) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError):
        ask()


def test_a_figure_equal_to_draws_counts_them_by_half() -> None:
    draws = np.array([[1.0, 2.0, 2.0, 4.0], [2.0, 2.0, 2.0, 2.0], [3.0, 4.0, 5.0, np.nan]])
    assert percentile_of(draws, 2.0)[:2].tolist() == [50.0, 50.0]
    assert np.isnan(percentile_of(draws, 2.0)[2])
    assert float(percentile_of(draws[0], 0.0)) == 0.0 and float(percentile_of(draws[0], 9.0)) == 100.0


def test_equal_is_within_a_billionth_of_what_was_added_up() -> None:
    draws, amounts = np.array([1e-4, 1.0]), np.array([1e6, 1e6])
    assert float(percentile_of(draws, 0.0)) == 0.0
    assert float(percentile_of(draws, 0.0, amounts)) == 25.0
