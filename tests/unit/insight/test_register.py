"""What a risk does: against futures written out by hand."""

from __future__ import annotations

import numpy as np

from sharesim.insight.register import correlation_ratio, risk_effect


def test_effect_by_hand() -> None:
    without = np.arange(20.0)
    strikes = np.array([1, 0] * 10)
    effect = risk_effect("flood", without - 3.0 * strikes, without, strikes)
    assert (effect.name, effect.struck_share, effect.mean_cost_gbp, effect.cost_when_struck_gbp) == (
        "flood",
        0.5,
        1.5,
        3.0,
    )
    # The lowest of twenty is 0 without, and 0 - 3 with; so are the 5% point and the mean of the worst twentieth.
    assert (effect.p5_cost_gbp, effect.cvar_cost_gbp) == (3.0, 3.0)
    assert np.isclose(effect.mean_cost_error_gbp, np.std(3.0 * strikes, ddof=1) / np.sqrt(20))


def test_what_never_strikes_costs_nothing() -> None:
    without = np.arange(10.0)
    effect = risk_effect("none", without, without, np.zeros(10, int))
    assert effect.struck_share == effect.mean_cost_gbp == effect.cost_when_struck_gbp == effect.spread_share == 0.0


def test_share_of_the_spread_of_known_groups() -> None:
    rng = np.random.default_rng(3)
    strikes = rng.integers(0, 2, 50_000)
    values = rng.normal(size=50_000) + 2.0 * strikes  # variance 1 within, 1 between
    assert np.isclose(correlation_ratio(values, strikes), 0.5, atol=0.01)


def test_share_of_the_spread_of_groups_that_mean_nothing_is_about_none() -> None:
    rng = np.random.default_rng(4)
    shares = [correlation_ratio(rng.normal(size=200), rng.integers(0, 4, 200)) for _ in range(200)]
    assert min(shares) == 0.0
    assert np.mean(shares) < 0.01


def test_no_spread_to_share() -> None:
    assert correlation_ratio(np.full(5, 2.0), np.array([0, 0, 1, 1, 1])) == 0.0
    assert correlation_ratio(np.array([1.0, 2.0]), np.array([0, 1])) == 0.0
