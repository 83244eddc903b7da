"""The solver layer: every status, both solvers, limits, starts and interruption, from plain arrays."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace

import numpy as np
import pytest
from pulp import PulpError
from scipy import sparse

import sharesim
import sharesim.choice.solver.integer as solver_module
from sharesim.choice.choose import choose
from sharesim.choice.program import ArrayProgram, Target
from sharesim.choice.solution import Status, StoppedBy
from sharesim.choice.solver import LinearSession, RawSolution, SolverOptions, available, solve
from sharesim.choice.solver.cbc import _cbc_stands
from sharesim.cli.arguments import parser
from sharesim.errors import SolverError, UsageError
from sharesim.examples import two_councils_raw
from sharesim.study.load import build
from sharesim.study.places import Places
from sharesim.testing import small_case

SOLVERS = available()


def program(objective, matrix, lower, upper, *, integer=True, bounds=(0.0, 1.0)) -> ArrayProgram:
    objective, matrix = np.array(objective, float), sparse.csr_array(np.atleast_2d(np.array(matrix, float)))
    n_variables = len(objective)
    return ArrayProgram(
        targets=(Target("objective", objective),),
        lower=np.full(n_variables, bounds[0]),
        upper=np.full(n_variables, bounds[1]),
        integer=np.full(n_variables, integer),
        matrix=matrix,
        row_lower=np.array(lower, float),
        row_upper=np.array(upper, float),
    )


def knapsacks(seed: int, size: int = 60, rows: int = 12) -> ArrayProgram:
    """Several tight knapsacks at once: hard enough that a short clock stops the proof."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(10, 100, size=(rows, size)).astype(float)
    worth = weights.sum(axis=0) + rng.integers(0, 30, size=size)
    return program(worth, weights, np.full(rows, -np.inf), 0.5 * weights.sum(axis=1))


@pytest.mark.parametrize("solver", SOLVERS)
def test_optimal_with_its_bound(solver):
    found = solve(program([3, 2, 2], [[2, 1, 1]], [-np.inf], [2]), SolverOptions(solver=solver))
    assert found.status is Status.OPTIMAL
    assert found.values.round().tolist() == [0, 1, 1]
    assert found.objective == pytest.approx(4)
    assert found.bound == pytest.approx(4)
    assert found.stopped_by is StoppedBy.GAP


@pytest.mark.parametrize("solver", SOLVERS)
def test_integer_infeasible_though_the_relaxation_is_not(solver):
    found = solve(program([1, 1], [[2, 2]], [1], [1]), SolverOptions(solver=solver))
    assert found.status is Status.INFEASIBLE
    assert found.values is None
    assert found.bound == -np.inf


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("integer", [True, False])
def test_unbounded(solver, integer):
    found = solve(
        program([1, 0], [[0, 1]], [-np.inf], [1], integer=integer, bounds=(0.0, np.inf)), SolverOptions(solver=solver)
    )
    assert found.status is Status.UNBOUNDED


@pytest.mark.parametrize("solver", SOLVERS)
def test_infeasible_is_not_called_unbounded(solver):
    made = program([1, 1], [[0, 1], [0, 1]], [2, -np.inf], [np.inf, 1], integer=False, bounds=(0.0, np.inf))
    assert solve(made, SolverOptions(solver=solver)).status is Status.INFEASIBLE


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_clock_that_stops_the_search_is_never_called_optimal(solver):
    """CBC writes 'Optimal' for such a run; value and bound must hold all the same."""
    made = knapsacks(1, size=120, rows=30)
    found = solve(made, SolverOptions(solver=solver, gap=0.0, time_limit_seconds=0.5))
    assert found.status in (Status.FEASIBLE, Status.UNPROVEN)
    assert found.stopped_by is StoppedBy.TIME
    assert found.values is not None
    assert (made.matrix @ found.values.round() <= made.row_upper + 1e-6).all()
    assert found.bound >= found.objective


@pytest.mark.parametrize("solver", SOLVERS)
def test_no_time_at_all_proves_nothing(solver):
    found = solve(knapsacks(2, size=200, rows=40), SolverOptions(solver=solver, gap=0.0, time_limit_seconds=0.0))
    assert found.status in (Status.UNPROVEN, Status.FEASIBLE)
    assert found.stopped_by is StoppedBy.TIME


@pytest.mark.parametrize("solver", SOLVERS)
def test_work_limit_stops_at_the_same_point_twice(solver):
    options = SolverOptions(solver=solver, gap=0.0, work_limit_nodes=5)
    one, other = (solve(knapsacks(3, size=60, rows=20), options) for _ in range(2))
    assert one.status is Status.FEASIBLE
    assert one.stopped_by is StoppedBy.WORK
    assert (one.values.tolist(), one.bound) == (other.values.tolist(), other.bound)


@pytest.mark.skipif(len(SOLVERS) < 2, reason="CBC is not installed here")
@pytest.mark.parametrize("seed", range(6))
def test_both_solvers_find_the_same_best(seed):
    cbc, highs = (solve(knapsacks(seed, 18, 3), SolverOptions(solver=name, gap=0.0)) for name in ("cbc", "highs"))
    assert cbc.status is highs.status is Status.OPTIMAL
    assert cbc.objective == pytest.approx(highs.objective, rel=1e-9)


@pytest.mark.parametrize("solver", SOLVERS)
def test_progress_that_says_stop_keeps_the_best_found(solver):
    if solver == "cbc" and os.name != "posix":
        pytest.skip("CBC is a program of its own and can only be stopped from here where signals reach it")
    seen = []

    def stop(progress):
        seen.append(progress)
        return np.isfinite(progress.incumbent_gbp)

    made = knapsacks(4, size=150, rows=40)
    found = solve(made, SolverOptions(solver=solver, gap=0.0, progress=stop, time_limit_seconds=60))
    assert found.status is Status.FEASIBLE
    assert found.stopped_by is StoppedBy.INTERRUPT
    assert found.objective <= found.bound
    assert seen[-1].incumbent_gbp <= seen[-1].bound_gbp
    # What was told while it ran is no better than what came back, and the bound no lower (a log rounds).
    assert seen[-1].incumbent_gbp <= found.objective * (1 + 1e-6)
    assert found.bound <= seen[-1].bound_gbp * (1 + 1e-6)
    assert found.seconds < 30


def test_a_half_written_log_of_cbc_tells_what_is_whole():
    said = "Continuous objective value is -12 - 0.01 seconds\nCbc0012I Integer solution of -9.5 found by rounding\n"
    assert _cbc_stands(said) == (-9.5, -12.0)
    assert _cbc_stands(said + "Cbc0010I After 100 nodes, 4 on tree, -10 best sol") == (-9.5, -12.0)
    none_yet = "Cbc0010I After 0 nodes, 1 on tree, 1e+50 best solution, best possible -11 (1 seconds)\n"
    assert _cbc_stands(said + none_yet) == (-9.5, -11.0)
    assert _cbc_stands("") == (np.inf, -np.inf)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_start_is_used(solver):
    made = knapsacks(5, size=120, rows=30)
    good = solve(made, SolverOptions(solver=solver, gap=0.0, time_limit_seconds=0.7))
    again = solve(made, SolverOptions(solver=solver, gap=0.0, work_limit_nodes=1, start=good.values.round()))
    assert again.objective >= good.objective - 1e-6


def test_a_free_gap_stops_early_and_says_how_far():
    found = solve(knapsacks(6), SolverOptions(gap=0.5))
    assert found.status is Status.OPTIMAL
    assert found.bound <= 1.5 * found.objective


def test_a_number_that_is_not_finite_is_refused():
    with pytest.raises(SolverError, match="not finite"):
        solve(program([np.nan], [[1]], [0], [1]))


def test_an_unknown_solver_is_refused():
    with pytest.raises(UsageError, match="unknown solver"):
        solve(program([1], [[1]], [0], [1]), SolverOptions(solver="gurobi"))


def test_linear_session_keeps_up_with_rows_columns_and_bounds():
    made = program([300.0, 200.0], [[1000.0, 1000.0]], [-np.inf], [1500.0], integer=False)
    session = LinearSession.of(made)
    first = session.solve()
    assert first.objective == pytest.approx(400)
    assert first.row_price == pytest.approx([0.2])
    assert first.reduced == pytest.approx([100, 0])
    session.add_rows(sparse.csr_array(np.array([[1.0, 0.0]])), np.array([-np.inf]), np.array([0.25]))
    assert session.solve().objective == pytest.approx(275)
    column = sparse.csc_array(np.array([[500.0], [0.0]]))
    session.add_columns(np.array([400.0]), (np.zeros(1), np.ones(1)), column)
    assert session.solve().objective == pytest.approx(75 + 400 + 200 * 0.75)
    session.set_bounds(np.array([2]), np.zeros(1), np.zeros(1))
    assert session.solve().objective == pytest.approx(275)
    session.set_cost(np.array([0.0, 1.0, 0.0]))
    assert session.solve().objective == pytest.approx(1)


HARD_PATHS = ("with space", 'it\'s "quoted" $HOME;&(x)', "ŵ Жабокряч £")


@pytest.mark.skipif("cbc" not in SOLVERS, reason="CBC is not installed here")
@pytest.mark.parametrize("name", HARD_PATHS)
def test_no_path_of_the_temporary_folder_matters_to_cbc(name, tmp_path, monkeypatch):
    folder = tmp_path / (name.replace('"', "") if os.name == "nt" else name)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    made = knapsacks(3, 18, 3)
    here = os.getcwd()
    best = solve(made, SolverOptions(solver="highs", gap=0.0))
    found = solve(made, SolverOptions(solver="cbc", gap=0.0, start=best.values.round()))
    assert found.status is Status.OPTIMAL
    assert found.objective == pytest.approx(best.objective, rel=1e-9)
    assert os.getcwd() == here
    assert not list(folder.iterdir())


def impossible() -> dict[str, ArrayProgram]:
    """Programs that nothing satisfies, in every way in which that can be written."""
    plain = program([1, 1], [[1, 1]], [-np.inf], [1])
    return {
        "halves only": program([1, 1], [[2, 2]], [1], [1]),
        "the relaxation too": program([1, 1], [[1, 1]], [3], [np.inf]),
        "continuous": program([1, 1], [[1, 1]], [3], [np.inf], integer=False),
        "two rows": program([1, 1], [[1, 0], [1, 0]], [1, -np.inf], [np.inf, 0]),
        "a row of nothing": program([1, 1], [[0, 0]], [1], [np.inf]),
        "no objective": program([0, 0], [[2, 2]], [1], [1]),
        "a row with crossed sides": program([1, 1], [[1, 1]], [2], [1]),
        "crossed bounds": replace(plain, lower=np.array([1.0, 0.0]), upper=np.array([0.0, 1.0])),
        "no whole number within bounds": replace(plain, lower=np.full(2, 0.2), upper=np.full(2, 0.8)),
        "held in": replace(plain, lower=np.ones(2)),
    }


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("kind", impossible())
def test_an_infeasible_program_is_an_answer_and_no_error(kind, solver):
    found = solve(impossible()[kind], SolverOptions(solver=solver))
    assert (found.status, found.stopped_by) == (Status.INFEASIBLE, StoppedBy.PROOF)


def broken(*_):
    raise PulpError("it fell over")


@pytest.mark.skipif(len(SOLVERS) < 2, reason="CBC is not installed here")
@pytest.mark.parametrize(("first", "other"), [("highs", "cbc"), ("cbc", "highs")])
def test_under_auto_the_other_solver_takes_over_and_says_so(first, other, monkeypatch):
    made = knapsacks(3, 18, 3)
    best = solve(made, SolverOptions(solver=other, gap=0.0))
    monkeypatch.setattr(solver_module, "pick", lambda program, solver: first if solver == "auto" else solver)
    monkeypatch.setattr(solver_module, f"solve_with_{first}", broken)
    found = solve(made, SolverOptions(gap=0.0))
    assert (found.status, found.objective) == (Status.OPTIMAL, best.objective)
    assert found.solver.endswith(other)
    assert found.notes == (f"{first} failed (it fell over), so {other} took over",)
    with pytest.raises(SolverError, match=f"{first} failed: got it fell over. Try the other solver"):
        solve(made, SolverOptions(solver=first))
    monkeypatch.setattr(solver_module, f"solve_with_{other}", broken)
    with pytest.raises(SolverError, match=f"{first} and {other} failed: got it fell over; it fell over"):
        solve(made, SolverOptions())


@pytest.mark.skipif(len(SOLVERS) < 2, reason="CBC is not installed here")
def test_a_solver_that_gives_no_answer_is_followed_by_the_other(monkeypatch):
    nothing = RawSolution(Status.FAILED, None, np.nan, np.inf, StoppedBy.FAILURE)
    monkeypatch.setattr(solver_module, "solve_with_highs", lambda *_: nothing)
    found = solve(knapsacks(3, 18, 3), SolverOptions(gap=0.0))
    assert found.status is Status.OPTIMAL
    assert found.notes == ("highs failed (it gave no answer), so cbc took over",)
    assert solve(knapsacks(3, 18, 3), SolverOptions(solver="highs")).status is Status.FAILED


@pytest.mark.skipif(len(SOLVERS) < 2, reason="CBC is not installed here")
def test_a_choice_says_that_a_solver_failed(monkeypatch):
    case = small_case()
    monkeypatch.setattr(solver_module, "solve_with_highs", broken)
    found = choose(case.candidates, case.source)
    assert found.status is Status.OPTIMAL
    assert "highs failed (it fell over), so cbc took over" in found.notes
    assert "took over" in found.summary()


@pytest.mark.skipif("cbc" not in SOLVERS, reason="CBC is not installed here")
def test_the_study_names_the_solver_of_its_choice():
    home = Places("study", {})
    plain = build(two_councils_raw(), home)
    study = build(two_councils_raw(), home, assignments=["run.solver=cbc"])
    found = sharesim.choose(sharesim.appraise(study, draws=256, seed=1))
    assert found.solution.solver.endswith("+ cbc")
    assert study.content_hash != plain.content_hash
    assert parser().parse_args(["run", "x", "--set", "a=b", "--solver", "cbc"]).assignments == ["a=b", "run.solver=cbc"]
