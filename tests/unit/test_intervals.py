"""Intervals of figures, and what is not available: by figures that are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sharesim.measures import CHUNK, MEASURES, Measure, estimate, mean, standard_errors, tails
from sharesim.uncertainty.distributions import lognormal
from sharesim.uncertainty.draws import DrawPlan, DriverSpec

SEVEN = ("mean", "sd", "p5", "p50", "p95", "cvar", "p_loss")


def pareto(index: float, n_draws: int, seed: int = 3) -> np.ndarray:
    return -(np.random.default_rng(seed).random(n_draws) ** (-1 / index))


@pytest.mark.parametrize("n_draws", [1, 50, 1024, 32_768])
@pytest.mark.parametrize("hits", [0, 1, 2, 17])
def test_a_share_has_its_interval_inside_nought_and_one(n_draws: int, hits: int) -> None:
    """A normal interval of 1 loss in 1,024 begins at -0.09%, and that of none has no width."""
    hits = min(hits, n_draws)
    draws = np.where(np.arange(n_draws) < hits, -1.0, 1.0)
    for sign in (1.0, -1.0):
        found = estimate(sign * draws, "p_loss")
        low, high = found.interval()
        assert 0.0 <= low <= found.value <= high <= 1.0 and high > low
        wanted = stats.binomtest(round(found.value * n_draws), n_draws).proportion_ci(method="wilson")
        assert (low, high) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


@pytest.mark.parametrize("method", ["latin_hypercube", "sobol"])
@pytest.mark.parametrize("hits", [0, 1, 3, 400, 8192])
def test_a_share_of_designs_has_its_interval_inside_nought_and_one(method: str, hits: int) -> None:
    draws = np.where(np.random.default_rng(1).permutation(8 * CHUNK) < hits, -1.0, 1.0)
    found = estimate(draws if method != "sobol" else draws.reshape(8, CHUNK), "p_loss", method)
    low, high = found.interval()
    assert found.available and 0.0 <= low <= found.value <= high <= 1.0 and high > low


def test_a_percentile_has_the_draws_at_the_ends_of_its_share() -> None:
    low, high = estimate(
        np.random.default_rng(1).permutation(10_000.0 * np.ones(1) * np.arange(1, 10_001)), "p50"
    ).interval()
    half = stats.norm.ppf(0.975) * 0.5 / 100
    assert low == pytest.approx((5000.5 - half * 1e4) * 1e4, rel=1e-3)
    assert high == pytest.approx((5000.5 + half * 1e4) * 1e4, rel=1e-3)


def test_the_interval_of_a_skewed_mean_leans_to_the_side_of_its_tail() -> None:
    draws = np.random.default_rng(1).lognormal(0, 1, 512)
    found = estimate(draws)
    low, high = found.interval()
    assert high - found.value > 1.1 * (found.value - low) > 0
    assert found.reach() == high - found.value
    low, high = estimate(-draws).interval()
    assert -found.value - low > 1.1 * (high + found.value) > 0


def test_the_interval_of_a_normal_mean_is_students() -> None:
    draws = np.random.default_rng(1).normal(size=4096)
    wanted = stats.t.interval(0.95, 4095, draws.mean(), draws.std(ddof=1) / 64)
    assert estimate(draws).interval() == pytest.approx(wanted, abs=0.02 / 64)


@pytest.mark.parametrize("name", SEVEN)
@pytest.mark.parametrize("method", ["monte_carlo", "latin_hypercube", "sobol"])
def test_an_interval_is_wider_the_surer_it_is_and_holds_its_figure(name: str, method: str) -> None:
    sized = {"n_draws": 8 * CHUNK, "scrambles": 8} if method == "sobol" else {"n_draws": 8 * CHUNK}
    plan = DrawPlan([DriverSpec("a", lognormal(mean=100, sd=50))], seed=2, method=method, **sized)  # type: ignore[arg-type]
    found = estimate(plan.values(0, 8)[0] - 60, name, plan)
    ends = [found.interval(confidence) for confidence in (0.5, 0.8, 0.95, 0.99)]
    lows, highs = zip(*ends, strict=True)
    assert list(lows) == sorted(lows, reverse=True) and list(highs) == sorted(highs)
    assert lows[0] <= found.value <= highs[0] and lows[-1] < highs[-1]


def test_draws_that_never_vary_are_sure() -> None:
    for name in ("mean", "sd", "p5", "cvar"):
        low, high = estimate(np.full(2048, 7.0), name).interval()
        assert low == high == (0.0 if name == "sd" else 7.0)


def test_a_fitted_tail_is_that_of_its_law() -> None:
    for shape in (-0.4, 0.0, 0.4, 0.8):
        excess = np.sort(stats.genpareto(shape, scale=5).ppf((np.arange(2000) + 0.5) / 2000))
        assert tails.fitted_tail(excess).shape == pytest.approx(shape, abs=0.03)
    assert tails.fitted_tail(np.zeros(10)).shape < 0  # draws that all tie


@pytest.mark.parametrize(
    ("draws", "name", "reason"),
    [
        (pareto(0.9, 8192), "mean", "a tail index of at most 2"),
        (-pareto(0.9, 8192), "mean", "a tail index of at most 2"),
        (pareto(2.5, 8192), "sd", "a tail index of at most 4"),
        (-pareto(2.5, 8192), "sd", "a tail index of at most 4"),
        (pareto(0.9, 8192), "cvar", "a tail index of at most 2"),
        (np.arange(999.0), "cvar", "fewer than 50 draws in the tail"),
        (np.arange(50.0), "p1", "too few draws"),
    ],
)  # fmt: skip
def test_what_has_no_error_says_why(draws: np.ndarray, name: str, reason: str) -> None:
    found = estimate(draws, name)
    assert not found.available and found.reason == reason and np.isnan(found.interval()).all()
    assert str(found).endswith(f"(not available: {reason})")
    assert np.isnan(standard_errors(draws, name)) and np.isnan(standard_errors(draws, name, ordered=np.sort(draws)))


@pytest.mark.parametrize(("method", "needed"), [("latin_hypercube", "chunks"), ("sobol", "scrambles")])
def test_few_designs_say_how_many_are_needed(method: str, needed: str) -> None:
    draws = np.random.default_rng(1).normal(size=(7, CHUNK))
    found = estimate(draws if method == "sobol" else draws.ravel(), "mean", method)
    assert found.reason == f"fewer than 8 {needed}"


@pytest.mark.parametrize("name", ["mean", "p5", "p50", "p95", "p_loss"])
def test_monte_carlo_has_these_whatever_the_tail_of_index_two_and_a_half(name: str) -> None:
    for seed in range(20):
        assert estimate(pareto(2.5, 1024, seed) + 2, name).available


def test_a_test_of_the_tail_needs_draws() -> None:
    assert [tails.tested_draws(n) for n in (255, 256, 1024, 4096, 10**6)] == [0, 32, 32, 128, 256]


def test_sorted_or_not_the_same_rows_are_doubted() -> None:
    draws = np.stack([pareto(index, 4096) for index in (1.0, 2.5, 15.0)] + [np.random.default_rng(1).normal(size=4096)])
    for name in MEASURES:
        ordered = np.sort(draws, axis=-1)
        np.testing.assert_allclose(
            standard_errors(draws, name), standard_errors(draws, name, ordered=ordered), rtol=1e-9
        )
    assert np.isnan(standard_errors(draws, "sd")).tolist() == [True, True, False, False]


def test_a_measure_of_ones_own_has_students_interval() -> None:
    own = Measure("twice the mean", lambda x: 2 * mean(x), lambda x: 2 * standard_errors(x, "mean"))
    found = estimate(np.arange(100.0), own)
    assert found.interval()[1] - found.value == pytest.approx(1.959964 * found.standard_error, rel=1e-6)
