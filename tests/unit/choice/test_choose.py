"""The door: every status it can give, ties, sameness of runs, interruption, and what is never handed out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.choice_instances import instance
from sharesim.choice.choose import ChoiceOptions, choose
from sharesim.choice.formulation import build
from sharesim.choice.solution import Status, StoppedBy
from sharesim.choice.solver import GENERATION, SolverOptions, available, problem, scaled, solve
from sharesim.study import rules as r
from sharesim.testing import Case, CaseSize, synthetic

MEDIUM = CaseSize(n_councils=3, n_services=6, n_draws=400)


def test_optimal_and_infeasible():
    case = synthetic(1, MEDIUM)
    assert choose(case.candidates, case.source).status is Status.OPTIMAL
    rules = [
        r.MustShare(kind="must_share", name="share", services=("hr",)),
        r.RiskPoints(kind="risk_points", name="calm", limit_points=0),
        r.Exits(kind="exits", name="nobody goes", limit_posts=0, exit_kind="all"),
    ]
    found = choose(case.candidates, case.source, rules)
    assert found.status is Status.INFEASIBLE
    assert found.stopped_by is StoppedBy.PROOF
    assert np.isnan(found.value_gbp)
    assert found.bound_gbp == -np.inf
    assert found.gap == np.inf


def test_a_stopped_run_is_marked_and_still_holds():
    made = instance(600, 60, tightness=0.6)
    found = choose(
        made.candidates, made.source, made.rules, made.objective, ChoiceOptions(time_limit_seconds=3.0, gap=0.0)
    )
    assert found.status in (Status.FEASIBLE, Status.UNPROVEN)
    assert found.stopped_by is StoppedBy.TIME
    if found.status is Status.FEASIBLE:
        assert found.bound_gbp >= found.value_gbp
        assert not found.broken


def test_progress_that_says_stop_keeps_the_best_found():
    made = instance(600, 60, tightness=0.6)
    told = []

    def stop(progress):
        told.append(progress)
        return progress.seconds > 2.0

    options = ChoiceOptions(progress=stop, solver="highs", gap=0.0, time_limit_seconds=120)
    found = choose(made.candidates, made.source, made.rules, made.objective, options)
    assert told
    assert found.stopped_by is StoppedBy.INTERRUPT
    assert found.status in (Status.FEASIBLE, Status.UNPROVEN)
    assert found.seconds < 100
    assert all(item.bound_gbp >= item.incumbent_gbp for item in told)


@pytest.mark.slow
def test_restricted_is_said_and_its_bound_is_that_without_the_chance_rule():
    case = synthetic(3, CaseSize(n_councils=3, n_services=8, n_draws=600))
    free = choose(case.candidates, case.source)
    draws = case.source.draws(free.chosen).sum(axis=0) + case.source.activation_draws().sum(axis=(0, 1))
    share = float((draws < 0).mean())
    rule = r.LossProbability(kind="loss_probability", name="safe", most=max(0.95 * share, 0.002))
    stricter = choose(case.candidates, case.source, [rule], options=ChoiceOptions(chance="cvar"))
    assert stricter.status is Status.RESTRICTED
    assert stricter.bound_gbp == pytest.approx(free.bound_gbp, rel=1e-6)
    exact = choose(case.candidates, case.source, [rule], options=ChoiceOptions(time_limit_seconds=60))
    assert exact.value_gbp >= stricter.value_gbp - 1.0
    assert exact.bound_gbp <= stricter.bound_gbp + 1.0
    assert not exact.broken


def test_a_stricter_rule_that_fails_proves_nothing():
    case = synthetic(3, CaseSize(n_councils=3, n_services=2, n_draws=400))
    rule = r.Target(kind="target", name="dream", target_gbp=1e12, probability=0.5)
    assert choose(case.candidates, case.source, [rule], options=ChoiceOptions(chance="cvar")).status is Status.UNPROVEN
    assert choose(case.candidates, case.source, [rule]).status is Status.INFEASIBLE


@pytest.mark.parametrize("solver", available())
def test_same_run_same_bits(solver):
    case = synthetic(4, MEDIUM)
    rules = [
        r.CvarFloor(kind="cvar_floor", name="floor", floor_gbp=0.0),
        r.RiskPoints(kind="risk_points", name="c", limit_points=9),
    ]
    one, other = (choose(case.candidates, case.source, rules, options=ChoiceOptions(solver=solver)) for _ in range(2))
    assert one.chosen.tolist() == other.chosen.tolist()
    assert (one.value_gbp, one.bound_gbp) == (other.value_gbp, other.bound_gbp)


def twins() -> Case:
    """Every bundle twice: the copies, with later ids, differ from the first in nothing but the id."""
    case = synthetic(8, CaseSize(n_councils=3, n_services=2, n_draws=10, hosts=False))
    candidates, count = case.candidates, case.candidates.n_bundles
    both = np.concatenate([np.arange(count), np.arange(count)])
    fields = {
        name: getattr(candidates, name)[both]
        for name in (
            "partners", "host_share", "form", "start_years", "stage", "requires", "npv_gbp", "partner_npv_gbp",
            "cashable_gbp", "non_cashable_gbp", "quality_change", "one_off_gbp", "officer_days", "compulsory_exits",
            "voluntary_exits", "redeployments", "risk_points",
        )
    }  # fmt: skip
    ids = tuple(f"z {item}" for item in candidates.bundle_ids) + tuple(f"a {item}" for item in candidates.bundle_ids)
    doubled = replace(
        candidates,
        bundle_ids=ids,
        services_of=candidates.services_of.take(both),
        activations_of=candidates.activations_of.take(both),
        **fields,
    )
    source = replace(
        case.source, partner_npv_gbp=case.source.partner_npv_gbp[both], one_off_gbp=case.source.one_off_gbp[both]
    )
    return Case(doubled, source)


@pytest.mark.parametrize("solver", available())
def test_of_equals_the_first_by_id_is_chosen(solver):
    case = twins()
    found = choose(case.candidates, case.source, options=ChoiceOptions(solver=solver))
    assert len(found.chosen)
    assert all(case.candidates.bundle_ids[item].startswith("a ") for item in found.chosen)


def test_binding_rules_are_those_that_matter():
    case = synthetic(1, MEDIUM)
    free = choose(case.candidates, case.source)
    cost = float(case.candidates.one_off_gbp[free.chosen].sum() + case.candidates.activation_one_off_gbp.sum())
    tight = r.Budget(kind="budget", name="tight", limit_gbp=0.7 * cost)
    loose = r.RiskPoints(kind="risk_points", name="loose", limit_points=1e6)
    found = choose(case.candidates, case.source, [tight, loose])
    assert found.binding == ("tight",)
    assert found.value_gbp < free.value_gbp


@pytest.mark.slow
def test_chance_rules_on_many_draws_agree_with_one_binary_a_draw():
    """300 draws as rows, one by one, against the search that starts from the best portfolio without the rule."""
    case = synthetic(5, CaseSize(n_councils=3, n_services=4, n_draws=300))
    free = choose(case.candidates, case.source)
    draws = case.source.draws(free.chosen).sum(axis=0) + case.source.activation_draws().sum(axis=(0, 1))
    most = float((draws < 0).mean()) - 1 / 300
    assert most > 0
    rule = r.LossProbability(kind="loss_probability", name="safe", most=most)
    options = ChoiceOptions(gap=1e-7, time_limit_seconds=60)
    rows = choose(case.candidates, case.source, [rule], options=replace(options, full_draws=300))
    grown = choose(case.candidates, case.source, [rule], options=replace(options, full_draws=0))
    assert rows.value_gbp < free.value_gbp
    assert grown.bound_gbp >= rows.value_gbp - 1.0
    assert rows.bound_gbp >= grown.value_gbp - 1.0
    if rows.status is grown.status is Status.OPTIMAL:
        assert grown.value_gbp == pytest.approx(rows.value_gbp, rel=1e-6)


def test_pulp_holds_the_same_program_as_the_arrays(tmp_path):
    """HiGHS is handed arrays while CBC reads PuLP's file: both must be the one program."""
    highspy = pytest.importorskip("highspy")
    case = synthetic(2, CaseSize(n_councils=3, n_services=2, n_draws=12))
    rules = [
        r.BreakEven(kind="break_even", name="even", measure="cvar"),
        r.MostPartners(kind="most_partners", name="p", limit=1),
    ]
    program = build(case.candidates, rules, r.Objective(kind="mean_cvar", risk_weight=0.3), case.source)
    made, _ = problem(program, scaled(program))
    path = tmp_path / "choice.mps"
    made.writeMPS(str(path))
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.readModel(str(path))
    model.run()
    expected = solve(program, SolverOptions(solver="highs", gap=0.0)).objective
    found = -model.getInfo().objective_function_value / scaled(program).objective_scale
    assert found == pytest.approx(expected, rel=1e-6), f"generation {GENERATION}"


@pytest.mark.slow
def test_large_cases_are_priced_to_the_same_answer():
    """620 bundles go through the relaxation, cliques and column choice; all rows in one program are the yardstick."""
    made = instance(620, 40, tightness=3.0)
    options = ChoiceOptions(gap=1e-6, time_limit_seconds=100)
    priced = choose(made.candidates, made.source, made.rules, made.objective, options)
    whole = build(made.candidates, made.rules, made.objective, made.source, full_draws=300)
    rows = solve(whole, SolverOptions(gap=1e-6, time_limit_seconds=100))
    assert priced.status is rows.status is Status.OPTIMAL
    assert priced.value_gbp == pytest.approx(rows.objective, rel=2e-6)
