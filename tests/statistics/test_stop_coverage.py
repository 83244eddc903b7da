"""The stop rules keep what they claim, measured over 500 seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr, ndtri

from sharesim.uncertainty.distributions import lognormal, normal, pert, uniform
from sharesim.uncertainty.draws import DrawPlan, DriverSpec
from sharesim.uncertainty.stop import Parts, PrecisionRule, RankingRule, run_until_precise, run_until_ranked

SEEDS = 500
LAW = lognormal(mean=100, sd=80)
SHIFT = 60.0
TRUTH = {
    "mean": 100 - SHIFT,
    "p10": float(LAW.quantile(0.1)) - SHIFT,
    "cvar": 100 * float(ndtr(ndtri(0.05) - LAW.log_sd)) / 0.05 - SHIFT,
    "p_loss": float(LAW._cdf(np.array([SHIFT]))[0]),
}
#: About a third of the error at the first look, so that every run goes on for some looks.
TARGET = {"mean": 0.5, "p10": 0.25, "cvar": 0.2, "p_loss": 0.003}


def within(share: float) -> tuple[float, float]:
    """Return the least and the largest count in 500 that a true share gives in 999 of 1,000 studies."""
    low, high = stats.binom.interval(0.999, SEEDS, share)
    return float(low), float(high)


@pytest.mark.slow
@pytest.mark.parametrize("measure", TRUTH)
def test_intervals_after_stopping_cover_what_they_claim(measure: str) -> None:
    covered = reached = 0
    for seed in range(SEEDS):
        plan = DrawPlan([DriverSpec("a", LAW)], seed=seed)
        found = run_until_precise(
            lambda start, stop, plan=plan: plan.values(start, stop)[0] - SHIFT, PrecisionRule(measure, TARGET[measure])
        )
        low, high = found.estimates[0].interval(0.95)
        covered += low <= TRUTH[measure] <= high
        reached += found.reached
    assert reached == SEEDS
    low_count, high_count = within(0.95)
    assert low_count <= covered <= high_count, covered


@pytest.mark.slow
def test_intervals_after_stopping_cover_under_latin_hypercube() -> None:
    covered, truth = 0, _p10_of_the_sum()
    for seed in range(SEEDS):
        plan = DrawPlan([DriverSpec("a", LAW), DriverSpec("b", normal(0, 20))], seed=seed, method="latin_hypercube")
        found = run_until_precise(
            lambda start, stop, plan=plan: plan.values(start, stop).sum(axis=0) - SHIFT,
            PrecisionRule("p10", 0.18), Parts("latin_hypercube"),
        )  # fmt: skip
        low, high = found.estimates[0].interval(0.95)
        covered += low <= truth <= high
    low_count, high_count = within(0.95)
    assert low_count <= covered <= high_count, covered


#: A share of a saving, less a cost that comes with a chance of 30%; the mean is known.
DEAL = [
    DriverSpec("saving", pert(80, 120, 220)), DriverSpec("share", uniform(0.5, 1)),
    DriverSpec("cost", lognormal(mean=60, sd=30)), DriverSpec("event", uniform(0, 1)),
]  # fmt: skip
DEAL_MEAN = 130 * 0.75 - 0.3 * 60


def deal(values: np.ndarray) -> np.ndarray:
    saving, share, cost, event = values
    return saving * share - cost * (event < 0.3)


@pytest.mark.slow
@pytest.mark.parametrize("method, target", [("latin_hypercube", 0.055), ("sobol", 0.007)])
def test_intervals_of_a_mean_after_stopping_on_few_designs(method: str, target: float) -> None:
    covered = stopped = went_on = 0
    parts = Parts(method)
    for seed in range(SEEDS):
        sized = {"n_draws": 400 * 1024, "scrambles": 400} if method == "sobol" else {}
        plan = DrawPlan(DEAL, seed=seed, method=method, **sized)  # type: ignore[arg-type]
        found = run_until_precise(
            lambda start, stop, plan=plan: deal(plan.values(start, stop)),
            PrecisionRule("mean", target, most_draws=400 * 1024), parts,
        )  # fmt: skip
        low, high = found.estimates[0].interval(0.95)
        covered += low <= DEAL_MEAN <= high
        stopped += found.reached
        went_on += found.n_draws > 32 * 1024
    assert stopped == SEEDS and went_on > 0.9 * SEEDS, (stopped, went_on)
    # 95% is not kept in full: 93% is what is said (decision 086), from four runs of 500 seeds.
    assert within(0.93)[0] <= covered <= within(0.95)[1], covered


@pytest.mark.slow
def test_the_first_look_is_late_enough_for_skewed_designs() -> None:
    """A jump and two long tails: with a first look at 8 designs it is 84%, at 32 about 92%."""
    specs = [DriverSpec("a", LAW), DriverSpec("b", normal(0, 20)), DriverSpec("c", lognormal(mean=50, sd=30))]
    truth = 100 + 50 + 30 * float(LAW._cdf(np.array([70.0]))[0])
    covered = 0
    for seed in range(SEEDS):
        plan = DrawPlan(specs, seed=seed, method="latin_hypercube")

        def chunks(start: int, stop: int, plan: DrawPlan = plan) -> np.ndarray:
            values = plan.values(start, stop)
            return values.sum(axis=0) + 30.0 * (values[0] < 70.0)

        found = run_until_precise(chunks, PrecisionRule("mean", 0.029), Parts("latin_hypercube"))
        low, high = found.estimates[0].interval(0.95)
        covered += low <= truth <= high
    assert within(0.92)[0] <= covered <= within(0.95)[1], covered


def _p10_of_the_sum() -> float:
    z = np.linspace(-9, 9, 20_001)
    weight = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    low, high = -100.0, 300.0
    for _ in range(60):
        middle = (low + high) / 2
        share = float(np.sum(weight * ndtr((middle - LAW._exact_normal(z)) / 20)))
        low, high = (middle, high) if share < 0.1 else (low, middle)
    return low - SHIFT


@pytest.mark.slow
def test_a_settled_ranking_is_the_right_one() -> None:
    wrong = settled = 0
    for seed in range(SEEDS):
        means = np.sort(np.random.default_rng(seed).normal(100, 3, 10))[::-1]
        specs = [DriverSpec("market", normal(0, 30))]
        specs += [DriverSpec(f"{n}", normal(float(mean), 5)) for n, mean in enumerate(means)]
        plan = DrawPlan(specs, seed=seed)

        def chunks(start: int, stop: int, plan: DrawPlan = plan) -> np.ndarray:
            values = plan.values(start, stop)
            return values[1:] + values[0]

        found = run_until_ranked(chunks, RankingRule(n_best=3, most_draws=32_768))
        settled += found.settled
        wrong += found.settled and found.best != (0, 1, 2)
    assert settled > 0.6 * SEEDS
    # At most 5% of what is called settled may be wrong; sharing the error out makes it far fewer.
    assert wrong <= within(0.05)[1] * settled / SEEDS, (wrong, settled)


@pytest.mark.slow
def test_ties_are_rarely_called_settled() -> None:
    called = 0
    for seed in range(SEEDS):
        plan = DrawPlan([DriverSpec("a", normal(0, 1)), DriverSpec("b", normal(0, 1))], seed=seed)
        called += run_until_ranked(plan.values, RankingRule(most_draws=131_072)).settled
    # Two equal bundles have no right order. Each look takes its share of 5%, and the better of two is what is tested:
    # twice the chance.
    assert called <= within(0.10)[1], called
