"""Intervals hold the truth as often as they say: a sample of `python -m tests.verify --only coverage`."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy import stats

from sharesim.measures import estimate
from sharesim.workflow.cases import case, cases
from sharesim.workflow.doors import appraise, choose, judge, load
from tests.verify import coverage

SEEDS = 80


@pytest.mark.slow
@pytest.mark.parametrize("title", [case.title for case in coverage.CASES])
def test_intervals_hold_the_truth_as_often_as_they_say(title: str) -> None:
    """Each cell within what 1 in 10,000 samples gives at the limits, and all of a law together within the limits."""
    chosen = tuple(case for case in coverage.CASES if case.title == title)
    found = coverage.grid(chosen, SEEDS, (1024, 8192))
    kept = [cell for cell in found.values() if cell.available]
    assert len(kept) >= 24
    for key, cell in found.items():
        low, high = coverage.ALLOWED_RARE if cell.rare else coverage.ALLOWED
        runs = cell.runs - cell.refused
        if cell.available:
            assert stats.binom.ppf(1e-4, runs, low) <= cell.covered <= stats.binom.ppf(1 - 1e-4, runs, high), (
                key,
                cell,
            )
    usual = [cell for cell in kept if not cell.rare]
    together = sum(cell.covered for cell in usual) / sum(cell.runs - cell.refused for cell in usual)
    assert coverage.ALLOWED[0] <= together <= coverage.ALLOWED[1]


@pytest.mark.slow
def test_few_scrambles_and_a_heavy_tail_do_not_claim_too_much() -> None:
    """By the scrambles' figures alone 82% for the mean and 84% for the CVaR (500 seeds), where 95% was said."""
    (case,) = (case for case in coverage.CASES if "tail" in case.title)
    found = coverage.grid((case,), 150, (8192,), ("sobol",))
    for name in ("mean", "cvar"):
        assert found[case.title, "sobol", 8192, name].coverage > 0.92


@pytest.mark.slow
@pytest.mark.parametrize("name", [item.name for item in cases()])
def test_the_seven_figures_of_a_case_are_available_at_its_own_draws(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    from tests.endtoend.test_cases import at_hand

    judged = judge(choose(appraise(load(at_hand(case(name), request, tmp_path)))))
    for measure in coverage.MEASURES:
        found = estimate(judged.npv, measure, judged.outcomes.plan)
        low, high = found.interval()
        assert found.available and low <= found.value <= high, (measure, str(found))
