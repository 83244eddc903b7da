"""The choice against every portfolio of small studies: each rule alone, sets of rules, objectives, solvers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sharesim.choice.choose import ChoiceOptions, choose
from sharesim.choice.portfolio import Portfolio
from sharesim.choice.solution import Status
from sharesim.choice.solver import available
from sharesim.study.rules import Objective
from sharesim.testing import CaseSize, synthetic
from tests.oracles.choice_brute_force import KINDS, best, objective_values, random_rule

SIZES = (
    CaseSize(n_councils=3, n_services=2, n_draws=12, hosts=False),
    CaseSize(n_councils=2, n_services=2, n_draws=20, packages=True, n_activations=2),
    CaseSize(n_councils=3, n_services=1, n_draws=15, staged=True),
)


def agree(case, rules, objective, options):
    expected = best(case, rules, objective)
    found = choose(case.candidates, case.source, rules, objective, options)
    if expected is None:
        assert found.status is Status.INFEASIBLE, (found, rules)
        return
    assert found.status is Status.OPTIMAL, (found, expected, rules)
    assert all(check.holds for check in found.checks)
    values = objective_values(Portfolio(case.candidates, found.chosen, case.source), objective)
    scale = 1e-6 * max(1.0, *(abs(item) for item in expected[1]))
    assert values == pytest.approx(expected[1], abs=scale), (found, expected, rules)
    assert found.bound_gbp >= expected[1][0] - scale


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("full_draws", [300, 0], ids=["rows", "cuts"])
def test_each_rule_alone(kind, full_draws):
    """Four cases per kind, by full rows and by cuts: the same best value as looking at every portfolio."""
    for seed in range(4):
        rng = np.random.default_rng([seed, KINDS.index(kind)])
        case = synthetic(seed, SIZES[seed % len(SIZES)])
        rule = (
            random_rule(kind, "rule", case, rng)
            if kind != "link_services" or len(case.candidates.services) > 1
            else None
        )
        if rule is None:
            continue
        agree(case, [rule], Objective(kind="mean"), ChoiceOptions(gap=0.0, full_draws=full_draws))


OBJECTIVES = st.sampled_from(
    [
        Objective(kind="mean"),
        Objective(kind="mean_cvar", risk_weight=0.6, level=0.3),
        Objective(kind="mean_cvar", risk_weight=1.0, level=0.1),
        Objective(kind="weights", cashable_weight=0.4, non_cashable_weight=2.0, quality_weight_gbp=3e5),
        Objective(kind="lexicographic", order=("npv", "exits"), tolerance_share=0.1),
        Objective(kind="lexicographic", order=("cvar", "npv", "quality"), tolerance_share=0.2, level=0.25),
        Objective(kind="lexicographic", order=("non_cashable", "npv"), tolerance_share=0.3),
    ]
)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10_000),
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=4),
    size=st.sampled_from(SIZES),
    objective=OBJECTIVES,
    full_draws=st.sampled_from([300, 0]),
    solver=st.sampled_from(available()),
)
def test_rule_sets(seed, kinds, size, objective, full_draws, solver):
    rng = np.random.default_rng(seed)
    case = synthetic(seed, size)
    if len(case.candidates.services) == 1:
        kinds = [kind for kind in kinds if kind != "link_services"]
    rules = [random_rule(kind, f"{kind} {number}", case, rng) for number, kind in enumerate(kinds)]
    agree(case, rules, objective, ChoiceOptions(gap=0.0, full_draws=full_draws, solver=solver))
