"""Which inputs move the answer: against linear models whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, spearmanr

from sharesim.insight.drivers import driver_effects

#: Mean of a standard normal within its highest tenth.
TENTH = norm.pdf(norm.ppf(0.9)) / 0.1


def normals(n_drivers: int, n_draws: int = 20_000, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n_drivers, n_draws))


def test_swing_of_a_linear_model() -> None:
    x = normals(2)
    found = {effect.name: effect for effect in driver_effects(["a", "b"], x, 100 + 3 * x[0] - 2 * x[1])}
    assert np.isclose(found["a"].swing_gbp, 6 * TENTH, rtol=0.02)
    assert np.isclose(found["b"].swing_gbp, -4 * TENTH, rtol=0.03)
    for effect in found.values():
        assert np.isclose(effect.own_swing_gbp, effect.swing_gbp, rtol=0.05)
    assert np.isclose((found["a"].own_low_gbp + found["a"].own_high_gbp) / 2, 100, atol=0.2)


def test_rank_correlation_is_spearmans() -> None:
    x = normals(3, 2_000)
    measure = np.exp(x[0]) + x[1]
    for effect, row in zip(
        sorted(driver_effects(["a", "b", "c"], x, measure), key=lambda item: item.name), x, strict=True
    ):
        assert np.isclose(effect.rank_correlation, spearmanr(row, measure).statistic)
        assert np.isclose(effect.rank_correlation_error, 1 / np.sqrt(1_999))


def test_ties_share_their_ranks() -> None:
    rng = np.random.default_rng(2)
    x = np.stack([rng.integers(0, 2, 3_000).astype(float), rng.normal(size=3_000)])
    (coin,) = [effect for effect in driver_effects(["coin", "other"], x, 5 * x[0] + x[1]) if effect.name == "coin"]
    assert np.isclose(coin.rank_correlation, spearmanr(x[0], 5 * x[0] + x[1]).statistic)
    assert np.isclose(coin.own_swing_gbp, 5.0, atol=0.3)


def test_what_only_moves_along_does_nothing_by_itself() -> None:
    base = normals(2)
    along = 0.8 * base[0] + 0.6 * base[1]
    found = {
        effect.name: effect for effect in driver_effects(["cause", "along"], np.stack([base[0], along]), 10 * base[0])
    }
    assert np.isclose(found["along"].swing_gbp, 16 * TENTH, rtol=0.05)
    assert abs(found["along"].own_swing_gbp) < 0.2
    assert np.isclose(found["cause"].own_swing_gbp, 20 * TENTH, rtol=0.02)


def test_curved_effects_are_fitted() -> None:
    x = normals(1)
    (effect,) = driver_effects(["a"], x, x[0] ** 2)
    assert np.isclose(effect.own_high_gbp, effect.high_gbp, rtol=0.02)
    assert np.isclose(effect.own_low_gbp, effect.low_gbp, rtol=0.02)


def test_constants_are_left_out() -> None:
    x = normals(2, 500)
    x[1] = 4.0
    assert [effect.name for effect in driver_effects(["a", "b"], x, x[0])] == ["a"]
    assert driver_effects(["b"], x[1:], x[0]) == []


def test_more_inputs_than_the_draws_can_tell_apart() -> None:
    x = normals(80, 200)
    effects = driver_effects([f"d{at}" for at in range(80)], x, 10 * x[0] + 0.1 * x[1])
    assert effects[0].name == "d0"
    assert all(np.isfinite([effect.own_low_gbp, effect.own_high_gbp]).all() for effect in effects)


def test_two_inputs_that_always_move_together_share_what_they_do() -> None:
    x = normals(1)
    one, other = driver_effects(["a", "b"], np.stack([x[0], x[0]]), 4 * x[0])
    assert np.isclose(one.own_swing_gbp, other.own_swing_gbp, rtol=1e-6)
    assert np.isclose(one.own_swing_gbp + other.own_swing_gbp, 8 * TENTH, rtol=0.02)


def test_measure_without_spread() -> None:
    (effect,) = driver_effects(["a"], normals(1, 300), np.full(300, 7.0))
    assert (effect.low_gbp, effect.high_gbp, effect.rank_correlation) == (7.0, 7.0, 0.0)
    assert np.isclose(effect.own_swing_gbp, 0.0)


@pytest.mark.parametrize("n_draws", [1, 2, 9])
def test_hardly_any_draws(n_draws: int) -> None:
    x = normals(2, n_draws)
    for effect in driver_effects(["a", "b"], x, x[0]):
        assert np.isfinite([effect.low_gbp, effect.high_gbp, effect.rank_correlation]).all()
