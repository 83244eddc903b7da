"""When to stop: what was reached is said, and no rule goes past its end."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from sharesim.errors import UsageError
from sharesim.measures import estimate, standard_errors
from sharesim.uncertainty.distributions import normal
from sharesim.uncertainty.draws import DrawPlan, DriverSpec
from sharesim.uncertainty.stop import Parts, PrecisionRule, RankingRule, run_until_precise, run_until_ranked

PLAN = DrawPlan([DriverSpec("a", normal(100, 50)), DriverSpec("b", normal(101, 50))], seed=4)


def one(start: int, stop: int) -> np.ndarray:
    return PLAN.values(start, stop)[0]


@pytest.mark.parametrize("measure", ["mean", "p10", "cvar", "p_loss", "sd"])
def test_precision_is_reached_and_is_that_of_the_draws_taken(measure: str) -> None:
    first = float(standard_errors(PLAN.values(0, 8)[0], measure))
    found = run_until_precise(one, PrecisionRule(measure, first / 2))
    assert found.reached and found.estimates[0].standard_error <= first / 2
    values = PLAN.values(0, found.n_draws // 1024)[0]
    assert found.estimates[0].standard_error == float(standard_errors(values, measure))
    assert 2.5 * 8192 < found.n_draws < 6 * 8192
    assert "within the target" in found.said and f"{found.n_draws:,}" in found.said


def test_every_row_has_to_be_precise() -> None:
    found = run_until_precise(lambda i, j: PLAN.values(i, j) * np.array([[1.0], [3.0]]), PrecisionRule("mean", 0.9))
    assert found.reached and len(found.estimates) == 2
    assert found.estimates[1].standard_error <= 0.9 < 3 * found.estimates[1].standard_error


def test_chunks_are_asked_for_once_and_in_order() -> None:
    asked: list[tuple[int, int]] = []

    def chunks(start: int, stop: int) -> np.ndarray:
        asked.append((start, stop))
        return one(start, stop)

    found = run_until_precise(chunks, PrecisionRule("mean", 0.2))
    assert asked[0] == (0, 8) and asked[-1][1] * 1024 == found.n_draws
    assert all(first[1] == second[0] for first, second in pairwise(asked))


def test_giving_up_is_said() -> None:
    found = run_until_precise(one, PrecisionRule("mean", 0.001, most_draws=20_000))
    assert not found.reached and found.n_draws <= 20_000 and "above the target" in found.said


def test_latin_hypercube_stops_on_the_error_of_its_chunks() -> None:
    plan = DrawPlan([DriverSpec("a", normal(100, 50))], seed=4, method="latin_hypercube")
    found = run_until_precise(
        lambda i, j: plan.values(i, j)[0], PrecisionRule("mean", 0.01), Parts.of("latin_hypercube", 4096, 1)
    )
    assert found.reached and found.n_draws == 32 * 1024
    assert found.estimates[0].standard_error == float(standard_errors(plan.values(0, 32)[0], "mean", plan))


def sobol_plan(scrambles: int) -> DrawPlan:
    return DrawPlan(PLAN.specs, seed=4, method="sobol", n_draws=2048 * scrambles, scrambles=scrambles)


@pytest.mark.parametrize("measure", ["mean", "p10", "cvar", "p_loss"])
def test_sobol_adds_whole_scrambles(measure: str) -> None:
    long, asked = sobol_plan(500), []
    first = sobol_plan(32)
    target = float(standard_errors(first.values(0, 64).sum(axis=0), measure, first)) / 1.7

    def chunks(start: int, stop: int) -> np.ndarray:
        asked.append((start, stop))
        return long.values(start, stop).sum(axis=0)

    parts = Parts.of("sobol", 8 * 2048, 8)
    found = run_until_precise(chunks, PrecisionRule(measure, target), parts)
    assert found.reached and asked[0] == (0, 64) and 64 * 1024 < found.n_draws < 8 * 64 * 1024
    assert all(stop % 2 == 0 for _, stop in asked)
    # The same draws, and the same error, as that many scrambles asked for.
    fixed = sobol_plan(found.n_draws // 2048)
    values = fixed.values(0, found.n_draws // 1024).sum(axis=0)
    again = estimate(values, measure, fixed)
    assert (again.value, again.standard_error) == (found.estimates[0].value, found.estimates[0].standard_error)
    assert again.degrees_of_freedom == found.estimates[0].degrees_of_freedom == found.n_draws / 2048 - 1


def test_a_ranking_under_sobol_rests_on_its_scrambles() -> None:
    plan = sobol_plan(64)
    found = run_until_ranked(plan.values, RankingRule(), Parts("sobol", 2))
    # Monte Carlo needs many more draws for a difference of 1 among values that spread by 70.
    assert found.settled and found.best == (1,) and found.n_draws == 8 * 2048
    assert not run_until_ranked(PLAN.values, RankingRule(most_draws=16_384)).settled
    np.testing.assert_allclose(found.means, plan.values(0, 16).mean(axis=1), rtol=1e-12)


@pytest.mark.parametrize("method, draws, scrambles, chunks", [
    ("monte_carlo", 500, 1, 1), ("latin_hypercube", 4096, 1, 1), ("sobol", 4096, 1, 4), ("sobol", 4096, 4, 1),
    ("sobol", 3000, 1, 4), ("sobol", 100, 8, 1),
])  # fmt: skip
def test_parts_are_as_long_as_without_a_rule(method: str, draws: int, scrambles: int, chunks: int) -> None:
    assert Parts.of(method, draws, scrambles) == Parts(method, chunks)


def test_ranking_sees_through_what_moves_all_alike() -> None:
    common = DrawPlan([DriverSpec("m", normal(0, 1e6)), *PLAN.specs], seed=4)

    def tied(start: int, stop: int) -> np.ndarray:
        market, first, second = common.values(start, stop)
        return np.stack([market + first, market + second, market + second - 40])

    found = run_until_ranked(tied, RankingRule(n_best=2, most_draws=2_000_000))
    assert found.settled and found.best == (1, 0) and not found.open_pairs
    assert "settled with 95% confidence" in found.said


def test_a_tie_is_not_settled_unless_it_does_not_matter() -> None:
    def twins(start: int, stop: int) -> np.ndarray:
        a, b = PLAN.values(start, stop)
        return np.stack([a, b - 1])  # equal means

    left = run_until_ranked(twins, RankingRule(most_draws=100_000))
    assert not left.settled and len(left.open_pairs) == 1 and "not settled" in left.said
    enough = run_until_ranked(twins, RankingRule(most_draws=100_000, indifference=3.0))
    assert enough.settled


def test_rankings_of_one_and_of_equals() -> None:
    assert run_until_ranked(lambda i, j: PLAN.values(i, j)[:1], RankingRule(n_best=3)).best == (0,)
    same = run_until_ranked(lambda i, j: np.repeat(PLAN.values(i, j)[:1], 3, axis=0), RankingRule(n_best=2))
    assert same.settled and same.best == (0, 1)  # equal in every draw: any order is right


@pytest.mark.parametrize("make", [
    lambda: PrecisionRule("mean", 0.0), lambda: PrecisionRule("mean", math.nan), lambda: PrecisionRule("mode", 1.0),
    lambda: PrecisionRule("mean", 1.0, fewest_parts=4), lambda: PrecisionRule("mean", 1.0, most_draws=5000),
    lambda: RankingRule(n_best=0), lambda: RankingRule(confidence=1.0), lambda: RankingRule(indifference=-1),
    lambda: RankingRule(fewest_parts=2), lambda: run_until_ranked(one, RankingRule()),
    lambda: run_until_precise(one, PrecisionRule("mean", 1.0, most_draws=16_384), Parts("sobol", 1)),
])  # fmt: skip
def test_rules_that_make_no_sense(make) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError):
        make()
