"""What every law promises: quantile and probability agree, moments, bounds, scaling, equality, pickling."""

from __future__ import annotations

import dataclasses
import math
import pickle

import numpy as np
import pytest
from scipy.special import ndtr

from sharesim.errors import StudyError, UsageError
from sharesim.uncertainty.distributions import (
    Distribution,
    bernoulli,
    beta,
    constant,
    discrete,
    empirical,
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
from tests.unit.uncertainty.laws import ALL, HEAVY, JUMPING, SMOOTH, STEPPED

SCORES = np.concatenate([np.linspace(-7.5, 7.5, 601), [-1e-9, 0.0, 1e-9]])


def named(law: Distribution) -> str:
    return law.text()[:60]


@pytest.mark.parametrize("law", SMOOTH, ids=named)
def test_probability_undoes_quantile(law: Distribution) -> None:
    p, q = ndtr(SCORES), ndtr(-SCORES)
    x = law._at(p, q)
    # A value is rounded to its last bits, so its probability lies between those of its neighbours.
    largest = max(map(abs, filter(math.isfinite, law.support)), default=0.0)
    step = 4 * np.maximum(np.spacing(np.abs(x)), np.spacing(largest))
    for probability, wanted, sign in ((law._cdf, p, 1), (law._survival, q, -1)):
        assert np.all(probability(x - sign * step) <= wanted * (1 + 2e-9) + 2e-14)
        assert np.all(probability(x + sign * step) >= wanted * (1 - 2e-9) - 2e-14)


@pytest.mark.parametrize("law", [*STEPPED, *JUMPING], ids=named)
def test_quantile_is_the_least_value_that_reaches_a_probability(law: Distribution) -> None:
    p = np.linspace(0.0005, 0.9995, 1999)
    x = law.quantile(p)
    assert np.all(law._cdf(x) >= p - 1e-12)
    assert np.all(law._cdf(np.nextafter(x, -math.inf)) <= p + 1e-12)


@pytest.mark.parametrize("law", ALL, ids=named)
def test_quantile_never_falls_and_stays_in_the_support(law: Distribution) -> None:
    x = law._at(ndtr(np.sort(SCORES)), ndtr(-np.sort(SCORES)))
    assert np.all(np.diff(x) >= 0.0)
    assert law.minimum <= x[0] and x[-1] <= law.maximum
    assert law.support == (law.minimum, law.maximum)


@pytest.mark.parametrize("law", [*SMOOTH, *STEPPED, *JUMPING], ids=named)
def test_moments_are_those_of_the_quantile_function(law: Distribution) -> None:
    # The middle of many equal shares: an independent, crude integral that misses a little of each tail.
    u = (np.arange(40_000) + 0.5) / 40_000
    x = law.quantile(u)
    missed = 2e-4 if law.heaviest_tail_index is None else 2e-2
    assert abs(x.mean() - law.mean) <= missed * law.sd + 1e-12
    if law.heaviest_tail_index is None:
        assert x.std() == pytest.approx(law.sd, rel=5e-3, abs=1e-12)
    assert law.variance == pytest.approx(law.sd**2)


@pytest.mark.parametrize("law", ALL, ids=named)
def test_scaling_multiplies_values(law: Distribution) -> None:
    factor = 1.7
    u = np.array([0.001, 0.2, 0.5, 0.77, 0.999])
    np.testing.assert_allclose(law.scaled(factor).quantile(u), factor * law.quantile(u), rtol=1e-9, atol=1e-9)
    assert law.scaled(1) is law
    if math.isfinite(law.mean):
        assert law.scaled(factor).mean == pytest.approx(factor * law.mean, rel=1e-9, abs=1e-12)
    assert law.scaled(factor).heaviest_tail_index == pytest.approx(law.heaviest_tail_index)


@pytest.mark.parametrize("law", ALL, ids=named)
def test_laws_are_values(law: Distribution) -> None:
    law.quantile_normal(np.zeros(3))  # fills what is cached, which must not travel or count
    copy = pickle.loads(pickle.dumps(law))
    assert copy == law and hash(copy) == hash(law)
    assert len(pickle.dumps(law)) < 2000
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(law, dataclasses.fields(law)[0].name, 1)


@pytest.mark.parametrize("factor", [0.0, -1.0, math.nan, math.inf, True, "2"])
def test_scaling_by_what_is_no_positive_number_is_refused(factor: object) -> None:
    with pytest.raises(StudyError):
        normal(0, 1).scaled(factor)  # type: ignore[arg-type]


@pytest.mark.parametrize("u", [0.0, 1.0, -0.1, 1.1, math.nan])
def test_probabilities_outside_are_refused(u: float) -> None:
    with pytest.raises(UsageError, match="above 0 and below 1"):
        normal(0, 1).quantile(u)


def test_shapes_are_kept() -> None:
    law = pert(0, 1, 3)
    assert law.quantile(0.5).shape == () and law.quantile_normal(0.3).shape == ()
    assert law.quantile(np.full((2, 3, 4), 0.5)).shape == (2, 3, 4)
    z = np.asfortranarray(np.random.default_rng(1).standard_normal((30, 400)))
    np.testing.assert_array_equal(law.quantile_normal(z), law.quantile_normal(z.copy(order="C")))
    out = np.empty((400, 30)).T
    assert law.quantile_normal(z, out=out) is out
    np.testing.assert_array_equal(out, law.quantile_normal(z))
    inplace = z.copy()
    law.quantile_normal(inplace, out=inplace)
    np.testing.assert_array_equal(inplace, law.quantile_normal(z))


@pytest.mark.parametrize(
    ("law", "figure"),
    [
        (constant(3), 3),
        (uniform(0, 10), 5),
        (triangular(0, 1, 5), 1),
        (pert(80, 120, 220), 120),
        (normal(4, 1), 4),
        (lognormal(p10=50, p90=200), 100),
        (bernoulli(0.2), 0),
        (bernoulli(0.8), 1),
        (discrete([1, 2, 9], [1, 1, 3]), 9),
        (metalog(p10=1, p50=2, p90=4), 2),
        (pareto_tail(lognormal(median=7, p90=20), above=0.9, index=3), 7),
        (mixture([0, normal(5, 1)], [0.9, 0.1]), 0),
    ],
    ids=str,
)
def test_central_figure(law: Distribution, figure: float) -> None:
    assert law.central == pytest.approx(figure, rel=1e-12)


def test_heavy_tails_say_so() -> None:
    assert [law.heaviest_tail_index is not None for law in HEAVY] == [True] * 3
    no_variance, no_mean, semi_bounded = HEAVY
    assert no_variance.heaviest_tail_index == 1.8
    assert math.isfinite(no_variance.mean) and no_variance.variance == math.inf
    assert no_mean.mean == math.inf and no_mean.variance == math.inf
    # One bound below makes a metalog's upper tail a power law; here it is too heavy for a variance.
    assert semi_bounded.heaviest_tail_index < 2.0 and semi_bounded.variance == math.inf
    nearer, farther = (semi_bounded._at(np.array([1.0]), np.array([q]))[0] for q in (1e-12, 1e-15))
    slope = math.log(1e3) / math.log(farther / nearer)
    assert slope == pytest.approx(semi_bounded.heaviest_tail_index, rel=1e-3)


def test_heavy_tails_pass_through_what_is_made_of_them() -> None:
    heavy = pareto_tail(lognormal(p10=50, p90=200), above=0.9, index=1.5)
    assert mixture([normal(0, 1), heavy], [0.9, 0.1]).heaviest_tail_index == 1.5
    assert mixture([normal(0, 1), heavy], [1, 0]).heaviest_tail_index is None
    assert pooled([normal(0, 1), heavy], average="quantiles").variance == math.inf
    assert truncated(heavy, low=60).heaviest_tail_index == 1.5
    assert truncated(heavy, high=5000).heaviest_tail_index is None
    assert pareto_tail(heavy, above=0.99, index=3).heaviest_tail_index == 3
    assert pareto_tail(lognormal(p10=50, p90=200), above=0.9, index=1.5, cap=900).heaviest_tail_index is None


def test_mixture_of_the_realised_saving_prior_has_its_published_mean() -> None:
    # 45% none or worse, -|N(0, 4)|; 55% a beta(2, 3.6) on 0 to 25: mean about 3.5% over all.
    law = mixture([truncated(normal(0, 4), high=0), beta(2, 3.6, 0, 25)], [0.45, 0.55])
    expected = 0.45 * -4 * math.sqrt(2 / math.pi) + 0.55 * 25 * 2 / 5.6
    assert law.mean == pytest.approx(expected, rel=1e-12)
    assert law._cdf(np.array([0.0]))[0] == pytest.approx(0.45, rel=1e-12)


def test_pooling_keeps_weights_and_ways_apart() -> None:
    experts = [uniform(0, 1), uniform(2, 3)]
    by_probability, by_quantile = pooled(experts, [3, 1]), pooled(experts, [3, 1], average="quantiles")
    assert by_probability.mean == by_quantile.mean == pytest.approx(1.0)
    assert by_probability.quantile(0.75 - 1e-9) == pytest.approx(1.0, abs=1e-6)
    assert by_quantile.quantile(0.5) == pytest.approx(0.75 * 0.5 + 0.25 * 2.5)
    assert by_probability.variance > by_quantile.variance


def test_empirical_gives_observed_values_only() -> None:
    observed = [3.5, 1.25, 9.0, 9.0]
    assert set(empirical(observed).quantile_normal(np.linspace(-5, 5, 101))) == set(observed)
