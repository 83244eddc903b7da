"""Any law, any dependence: properties that hold for all of them."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from sharesim.errors import StudyError
from sharesim.measures import cvar, mean, percentile, probability_below, total
from sharesim.uncertainty.correlation import nearest_correlation, triangular_root
from sharesim.uncertainty.dependence import Dependence, RankCorrelation
from sharesim.uncertainty.distributions import (
    Distribution,
    bernoulli,
    beta,
    constant,
    discrete,
    empirical,
    gamma,
    lognormal,
    metalog,
    mixture,
    normal,
    pareto_tail,
    pert,
    pooled,
    triangular,
    truncated,
    uniform,
)
from sharesim.uncertainty.draws import DrawPlan, DriverSpec
from sharesim.uncertainty.notation import parse

FIGURE = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
SIZE = st.floats(0.01, 1e4).map(lambda x: round(x, 3))
SHARE = st.floats(0.01, 0.99)


@st.composite
def simple(draw: st.DrawFn) -> Distribution:
    low, first, second = draw(FIGURE), draw(SIZE), draw(SIZE)
    return draw(
        st.sampled_from(
            [
                constant(low),
                uniform(low, low + first),
                triangular(low, low + first, low + first + second),
                pert(low, low + first, low + first + second, shape=draw(st.floats(0.5, 20))),
                normal(low, first),
                lognormal(mean=first, sd=min(second, 3 * first)),
                beta(draw(st.floats(0.3, 30)), draw(st.floats(0.3, 30)), low, low + first),
                gamma(draw(st.floats(0.3, 50)), first),
                bernoulli(draw(st.floats(0, 1))),
                discrete([low, low + first, low + 2 * first], [1, draw(SIZE), draw(SIZE)]),
                empirical([low, low + first, low, low - second]),
                metalog(p10=low, p50=low + first, p90=low + first * draw(st.floats(1.5, 3))),
            ]
        )
    )


@st.composite
def laws(draw: st.DrawFn) -> Distribution:
    law, other = draw(simple()), draw(simple())
    kind = draw(st.integers(0, 5))
    try:
        if kind == 1:
            return truncated(law, low=float(law.quantile(draw(SHARE) / 2)))
        if kind == 2:
            return mixture([law, other], [draw(SHARE), draw(SHARE)])
        if kind == 3:
            return pooled([law, other], average=draw(st.sampled_from(["probabilities", "quantiles"])))
        if kind == 4:
            return pareto_tail(law, above=draw(st.floats(0.5, 0.99)), index=draw(st.floats(2.1, 9)))
    except StudyError:
        return law
    return law


@settings(max_examples=60)
@given(laws())
def test_quantiles_rise_round_trip_and_agree(law: Distribution) -> None:
    z = np.linspace(-6, 6, 97)
    exact = law._at(ndtr(z), ndtr(-z))
    assert np.all(np.isfinite(exact)) and np.all(np.diff(exact) >= 0)
    low, high = law.support
    slack = 1e-9 * max(1.0, *(abs(x) for x in (low, high) if math.isfinite(x)), 1.0)
    assert exact[0] >= low - slack and exact[-1] <= high + slack
    scale = law.sd if law.sd > 0 else 1.0
    tolerance = 1e-7 * scale + 1e-11 * np.abs(exact)
    assert np.all(np.abs(law.quantile_normal(z) - exact) <= tolerance)
    assert parse(law.text()) == law and parse(law.to_dict()) == law
    assert low <= law.mean <= high and low - slack <= law.central <= high + slack


@settings(max_examples=40)
@given(laws(), st.floats(0.01, 100))
def test_scaling_is_scaling(law: Distribution, factor: float) -> None:
    u = np.array([0.01, 0.3, 0.7, 0.99])
    before, after = law.quantile(u), law.scaled(factor).quantile(u)
    size = factor * max(float(np.abs(before).max()), law.sd, 1e-9)
    assert np.all(np.abs(after - factor * before) <= 1e-6 * size)


@settings(max_examples=60)
@given(st.integers(2, 8), st.randoms(use_true_random=False))
def test_repair_is_possible_and_leaves_what_is_possible(size: int, random: object) -> None:
    draws = np.array([[random.uniform(-1, 1) for _ in range(size)] for _ in range(size)])  # type: ignore[attr-defined]
    matrix = np.triu(draws, 1) + np.triu(draws, 1).T + np.eye(size)
    nearest = nearest_correlation(matrix)
    assert triangular_root(nearest) is not None
    assert np.all(np.abs(nearest) <= 1.0) and np.array_equal(nearest, nearest.T)
    np.testing.assert_allclose(nearest_correlation(nearest), nearest, atol=3e-6 * size)


@settings(max_examples=30)
@given(st.permutations(list("abcdef")), st.floats(-0.9, 0.9), st.integers(0, 2**64 - 1), st.sampled_from([None, 3.0]))
def test_order_never_counts(names: list[str], rank: float, seed: int, freedom: float | None) -> None:
    statements = [RankCorrelation(between=("a", "b"), rank=rank), RankCorrelation(among=("c", "d", "e"), rank=0.2)]
    dependence = Dependence(statements, copula="t" if freedom else "gaussian", degrees_of_freedom=freedom)
    backwards = Dependence(statements[::-1], copula=dependence.copula, degrees_of_freedom=freedom)
    usual = DrawPlan([DriverSpec(n, normal(0, 1)) for n in sorted(names)], seed=seed, dependence=dependence).chunk(1)
    turned = DrawPlan([DriverSpec(n, normal(0, 1)) for n in names], seed=seed, dependence=backwards).chunk(1)
    for row, name in enumerate(names):
        np.testing.assert_array_equal(turned[row], usual[sorted(names).index(name)])


@settings(max_examples=60)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.floats(0.01, 1), st.floats(0.1, 99.9))
def test_measures_are_ordered(values: list[float], level: float, q: float) -> None:
    x = np.array(values)
    slack = 1e-9 * (1 + np.abs(x).max())
    assert x.min() - slack <= cvar(x, level) <= mean(x) + slack
    assert cvar(x, level) <= cvar(x, min(1.0, level * 1.5)) + slack
    assert percentile(x, q) in x
    assert np.mean(x <= percentile(x, q)) >= q / 100 - 1e-9
    assert probability_below(x, 0.0) == np.mean(x < 0)
    shifted = cvar(x + 5, level)
    assert abs(shifted - cvar(x, level) - 5) <= slack
    assert abs(total(x) - math.fsum(values)) <= slack * len(values)
