"""Each law against scipy.stats, against published formulas, or against another program's figures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sharesim.errors import StudyError
from sharesim.uncertainty.distributions import (
    Distribution,
    beta,
    discrete,
    gamma,
    lognormal,
    metalog,
    normal,
    pareto_tail,
    pert,
    triangular,
    truncated,
    uniform,
)

U = np.concatenate([10.0 ** np.arange(-15, -1), np.linspace(0.01, 0.99, 99), 1 - 10.0 ** np.arange(-2, -10, -1)])


def pert_beta(low: float, mode: float, high: float, shape: float) -> Any:
    first, second = 1 + shape * (mode - low) / (high - low), 1 + shape * (high - mode) / (high - low)
    return stats.beta(first, second, loc=low, scale=high - low)


LOG_SD = math.sqrt(math.log(1.25))
PAIRS: list[tuple[Distribution, Any]] = [
    (uniform(-3, 5), stats.uniform(-3, 8)),
    (triangular(0, 1, 3), stats.triang(1 / 3, 0, 3)),
    (triangular(-2, -2, 3), stats.triang(0, -2, 5)),
    (triangular(-2, 3, 3), stats.triang(1, -2, 5)),
    (pert(80, 120, 220), pert_beta(80, 120, 220, 4)),
    (pert(80, 100, 220, shape=2.5), pert_beta(80, 100, 220, 2.5)),
    (normal(3, 2), stats.norm(3, 2)),
    (lognormal(mean=4, sd=2), stats.lognorm(LOG_SD, scale=4 * math.exp(-(LOG_SD**2) / 2))),
    (truncated(normal(1, 2), low=0), stats.truncnorm(-0.5, math.inf, 1, 2)),
    (truncated(normal(1, 2), low=-1, high=2), stats.truncnorm(-1, 0.5, 1, 2)),
    (truncated(normal(0, 1), low=4), stats.truncnorm(4, math.inf)),
    (truncated(normal(0, 4), high=0), stats.truncnorm(-math.inf, 0, 0, 4)),
    (beta(2, 3.6, 0, 25), stats.beta(2, 3.6, 0, 25)),
    (beta(0.4, 0.7), stats.beta(0.4, 0.7)),
    (gamma(4, 2), stats.gamma(4, scale=2)),
    (gamma(mean=8, sd=12), stats.gamma(4 / 9, scale=18)),
]


@pytest.mark.parametrize(("law", "oracle"), PAIRS, ids=[law.text() for law, _ in PAIRS])
def test_quantiles_and_moments_are_scipys(law: Distribution, oracle: Any) -> None:
    # scipy's truncated normal is itself good to about 1e-9; the others to rounding. The upper end of a probability
    # close to 1 is known to one part in 1e-16 / (1 - u) only.
    tolerance = 2e-8 if isinstance(oracle.dist, type(stats.truncnorm)) else 1e-10
    np.testing.assert_allclose(law.quantile(U), oracle.ppf(U), rtol=tolerance, atol=tolerance * oracle.std())
    assert law.mean == pytest.approx(oracle.mean(), rel=1e-9)
    assert law.variance == pytest.approx(oracle.var(), rel=1e-8)


@pytest.mark.parametrize(("law", "oracle"), PAIRS, ids=[law.text() for law, _ in PAIRS])
def test_probabilities_are_scipys(law: Distribution, oracle: Any) -> None:
    x = oracle.ppf(np.linspace(0.001, 0.999, 201))
    np.testing.assert_allclose(law._cdf(x), oracle.cdf(x), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(law._survival(x), oracle.sf(x), rtol=1e-9, atol=1e-12)


def test_discrete_is_scipys() -> None:
    values, weights = np.array([1.0, 4.0, 9.0, 16.0]), np.array([0.1, 0.4, 0.3, 0.2])
    oracle = stats.rv_discrete(values=(values, weights))
    law = discrete(values, weights)
    u = np.linspace(0.005, 0.995, 199)
    u = u[~np.isclose(u[:, None], np.cumsum(weights)).any(axis=1)]
    np.testing.assert_array_equal(law.quantile(u), oracle.ppf(u))
    assert (law.mean, law.variance) == pytest.approx((oracle.mean(), oracle.var()), rel=1e-12)


@pytest.mark.parametrize(("low", "high", "at_low", "at_high"), [("p10", "p90", 50, 200), ("p2_5", "median", 1, 3)])
def test_lognormal_goes_through_its_quantiles(low: str, high: str, at_low: float, at_high: float) -> None:
    law = lognormal(**{low: at_low, high: at_high})
    levels = {"p10": 0.1, "p90": 0.9, "p2_5": 0.025, "median": 0.5}
    np.testing.assert_allclose(law.quantile([levels[low], levels[high]]), [at_low, at_high], rtol=1e-12)


@pytest.mark.parametrize("cap", [None, 350.0, 1e5])
@pytest.mark.parametrize("index", [1.0, 1.5, 2.0, 2.5, 4.0])
def test_pareto_tail_is_scipys_pareto_beyond_the_splice(index: float, cap: float | None) -> None:
    body = lognormal(p10=50, p90=200)
    law = pareto_tail(body, above=0.9, index=index, cap=cap)
    tail = stats.pareto(index, scale=200)
    u = np.linspace(0.9001, 0.9999, 50)
    beyond = tail.ppf((u - 0.9) / 0.1)
    np.testing.assert_allclose(law.quantile(u), beyond if cap is None else np.minimum(beyond, cap), rtol=1e-10)
    np.testing.assert_allclose(law.quantile(u - 0.5), body.quantile(u - 0.5), rtol=1e-14)
    # E X = the body's share below the splice (closed form of the log-normal) + the tail's.
    below = body.mean * stats.norm.cdf(stats.norm.ppf(0.9) - body.log_sd)
    if cap is None:
        beyond_mean = 200 * index / (index - 1) if index > 1 else math.inf
    else:
        beyond_mean = tail.expect(lambda x: np.minimum(x, cap), lb=200, ub=cap) + cap * tail.sf(cap)
    assert law.mean == pytest.approx(below + 0.1 * beyond_mean, rel=1e-7)
    assert math.isfinite(law.variance) == (cap is not None or index > 2)


# The metalog

# Figures of pymetalog 0.2.2 (another program, after the author's own workbooks): levels 1, 5, 30, 60, 80, 95, 99%.
PYMETALOG = [
    (
        {"p10": 10, "p50": 20, "p90": 45},
        [2.61582628, 7.855598138, 14.697699225, 23.575368012, 34.590250551, 54.758115675, 75.812347206],
    ),
    (
        {"p10": 10, "p50": 20, "p90": 45, "low": 0},
        [4.825163908, 7.978337469, 15.136130433, 23.039882035, 33.052036142, 59.877568465, 112.097119905],
    ),
    (
        {"p10": 10, "p50": 20, "p90": 33, "high": 40},
        [-0.128727972, 7.373759547, 15.116422972, 22.771014715, 29.149770184, 35.359011805, 38.087124042],
    ),
    (
        {"p10": 10, "p50": 20, "p90": 45, "low": 0, "high": 100},
        [4.769492007, 8.005375298, 14.993266269, 23.264529633, 33.898968412, 55.821205022, 76.519778483],
    ),
    (
        {"p5": 1, "p25": 3, "p50": 5, "p75": 8, "p95": 15},
        [-0.497801052, 1.0, 3.381641582, 5.981368955, 8.960369244, 15.0, 21.928875345],
    ),
]


@pytest.mark.parametrize(("given", "figures"), PYMETALOG, ids=[str(given) for given, _ in PYMETALOG])
def test_metalog_is_another_programs(given: dict[str, float], figures: list[float]) -> None:
    found = metalog(**given).quantile([0.01, 0.05, 0.3, 0.6, 0.8, 0.95, 0.99])
    np.testing.assert_allclose(found, figures, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.25])
@pytest.mark.parametrize("values", [(10, 22, 40), (-3, 0, 3), (1, 2, 2.9)])
def test_three_symmetric_quantiles_have_the_published_closed_form(alpha: float, values: tuple[float, ...]) -> None:
    # Keelin 2016, section 6.2.1: coefficients from a symmetric triplet.
    low, middle, high = values
    odds = math.log((1 - alpha) / alpha)
    share = (middle - low) / (high - low)
    a1, a2 = middle, (high - low) / (2 * odds)
    a3 = (1 - 2 * share) * (high - low) / ((1 - 2 * alpha) * odds)
    law = metalog(**{f"p{100 * alpha:g}": low, "p50": middle, f"p{100 - 100 * alpha:g}": high})
    u = np.linspace(0.001, 0.999, 99)
    logit = np.log(u / (1 - u))
    np.testing.assert_allclose(law.quantile(u), a1 + a2 * logit + a3 * (u - 0.5) * logit, rtol=1e-9, atol=1e-9)
    # And the published central moments of three terms.
    assert law.mean == pytest.approx(a1 + a3 / 2, rel=1e-9, abs=1e-9)
    variance = math.pi**2 * a2**2 / 3 + a3**2 / 12 + math.pi**2 * a3**2 / 36
    assert law.variance == pytest.approx(variance, rel=1e-9)


def test_two_quantiles_make_a_logistic() -> None:
    law = metalog(p10=10, p90=30)
    oracle = stats.logistic(20, 10 / math.log(9))
    u = np.linspace(0.001, 0.999, 99)
    np.testing.assert_allclose(law.quantile(u), oracle.ppf(u), rtol=1e-10)
    assert (law.mean, law.sd) == pytest.approx((oracle.mean(), oracle.std()), rel=1e-9)


@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.25])
def test_what_is_refused_is_what_the_author_calls_infeasible(alpha: float) -> None:
    # Keelin 2016: feasible when k < (middle - low) / (high - low) < 1 - k, k = (1 - 1.66711 (1/2 - alpha)) / 2.
    k = 0.5 * (1 - 1.66711 * (0.5 - alpha))
    names = (f"p{100 * alpha:g}", "p50", f"p{100 - 100 * alpha:g}")
    for share, feasible in ((k + 2e-5, True), (k - 2e-5, False), (1 - k - 2e-5, True), (1 - k + 2e-5, False)):
        given = dict(zip(names, (0.0, share, 1.0), strict=True))
        if feasible:
            metalog(**given)
        else:
            with pytest.raises(StudyError, match="P50 between"):
                metalog(**given)


def test_the_range_offered_is_feasible_up_to_its_ends() -> None:
    given = {"p5": 1.0, "p20": 3.0, "p40": 5.0, "p50": 6.0, "p70": 8.0, "p85": 11.0, "p95": 15.0}
    with pytest.raises(StudyError) as caught:
        metalog(**given, low=0, high=100)
    allowed = caught.value.faults[0].allowed
    first, last = (float(text) for text in allowed.removeprefix("P50 between ").split(" with")[0].split(" and "))
    inside = 1e-3 * (last - first)
    for value in (first + inside, (first + last) / 2, last - inside):
        metalog(**(given | {"p50": value}), low=0, high=100)
    for value in (first - inside, last + inside):
        with pytest.raises(StudyError):
            metalog(**(given | {"p50": value}), low=0, high=100)


def test_metalog_with_a_bound_has_the_moments_of_a_crude_integral() -> None:
    # Index 4 on the heavy side: mean and variance exist, and the far tail counts for them.
    law = metalog(p10=10, p90=30, high=40)
    odds = np.linspace(-160, 160, 2_000_001)
    weight = 1 / (2 + np.exp(odds) + np.exp(-odds))
    x = 40 - np.exp(-(-np.log(30) + (np.log(3)) / (2 * np.log(9)) * (odds + np.log(9))))
    mean = np.trapezoid(weight * x, odds)
    assert law.mean == pytest.approx(mean, rel=1e-9)
    assert law.variance == pytest.approx(np.trapezoid(weight * (x - mean) ** 2, odds), rel=1e-9)
