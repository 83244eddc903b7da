"""Integer programs solved by HiGHS through PuLP, the arrays handed over in one call."""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np
import pulp

from sharesim.choice.program import ArrayProgram
from sharesim.choice.solution import Status, StoppedBy
from sharesim.choice.solver.answer import RawSolution, SolverOptions
from sharesim.choice.solver.linear import unbounded_or_infeasible
from sharesim.choice.solver.problem import GENERATION, problem
from sharesim.choice.solver.scaling import Scaled
from sharesim.choice.solver.watch import Watch, interruptible


def highs_program(program: ArrayProgram, form: Scaled) -> highspy.HighsLp:
    """Return the program as HiGHS's own structure."""
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = program.n_variables, program.n_rows
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = form.cost, program.lower, program.upper
    lp.row_lower_, lp.row_upper_ = form.row_lower, form.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = form.matrix.indptr.astype(np.int32), form.matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = form.matrix.data
    kinds = np.array([highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger])
    lp.integrality_ = kinds[program.integer.astype(int)]
    return lp


class ArrayHiGHS(pulp.HiGHS):
    """PuLP's HiGHS, handed the arrays behind the problem in one call and read back in one call.

    Parameters
    ----------
    lp : HighsLp
    start : ndarray, shape (V,), or None
        Values of a good solution; nan where HiGHS is to work them out.
    **options
        As for `pulp.HiGHS`.
    """

    model: highspy.Highs

    def __init__(self, lp: highspy.HighsLp, start: np.ndarray | None, **options: object) -> None:
        super().__init__(**options)
        self.arrays, self.start_values = lp, start

    def buildSolverModel(self, lp: pulp.LpProblem) -> None:
        """Hand the arrays and the start to HiGHS; PuLP calls this in place of its own walk over the problem."""
        self.model = lp.solverModel
        self.model.passModel(self.arrays)
        if self.start_values is not None:
            known = np.flatnonzero(np.isfinite(self.start_values)).astype(np.int32)
            self.model.setSolution(len(known), known, self.start_values[known])

    def findSolutionValues(self, lp: pulp.LpProblem) -> tuple[Any, Any]:
        """Tell PuLP nothing: values and status are read from the model, and another walk would only cost time."""
        if GENERATION < 4:
            return pulp.LpStatusNotSolved, pulp.LpSolutionNoSolutionFound
        return pulp.LpSolveStatus.NotSolved, False


def solve_with_highs(program: ArrayProgram, form: Scaled, options: SolverOptions) -> RawSolution:
    """Solve with HiGHS, called back as it searches so that it can be followed and stopped."""
    made, _ = problem(program, form)
    watch = Watch(options, form.objective_scale)
    kinds = highspy.cb.HighsCallbackType

    def on_event(kind: int, message: str, out: Any, into: Any, user: object) -> None:
        # The kind comes as a bare number; the logging event stays away when output is off, this one comes always.
        if int(kind) == int(kinds.kCallbackMipInterrupt):
            watch.report(out.mip_primal_bound, out.mip_dual_bound)
        if watch.interrupted.is_set():
            into.user_interrupt = True

    limits = {} if options.work_limit_nodes is None else {"mip_max_nodes": int(options.work_limit_nodes)}
    solver = ArrayHiGHS(
        highs_program(program, form),
        options.start,
        msg=False,
        threads=1,
        gapRel=options.gap,
        gapAbs=0.0,
        timeLimit=options.time_limit_seconds if np.isfinite(options.time_limit_seconds) else None,
        callbackTuple=(on_event, None),
        callbacksToActivate=[kinds.kCallbackMipInterrupt, kinds.kCallbackSimplexInterrupt],
        random_seed=options.seed,
        parallel="off",
        **limits,
    )
    with interruptible(watch):
        made.solve(solver)
    return _read_highs(program, solver.model, form.objective_scale)


def _read_highs(program: ArrayProgram, model: highspy.Highs, scale: float) -> RawSolution:
    kinds, status = highspy.HighsModelStatus, model.getModelStatus()
    info, whole = model.getInfo(), bool(program.integer.any())
    has_values = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    values = np.array(model.getSolution().col_value) if has_values else None
    raw_bound = info.mip_dual_bound if whole else info.objective_function_value
    bound = -raw_bound / scale if np.isfinite(raw_bound) and abs(raw_bound) < 1e100 else np.inf
    objective = float(program.objective @ values) if has_values else np.nan
    stops = {
        kinds.kTimeLimit: StoppedBy.TIME,
        kinds.kInterrupt: StoppedBy.INTERRUPT,
        kinds.kHighsInterrupt: StoppedBy.INTERRUPT,  # type: ignore[attr-defined]  # HiGHS has it, its types do not
        kinds.kIterationLimit: StoppedBy.WORK,
        kinds.kSolutionLimit: StoppedBy.WORK,
    }
    if status in (kinds.kOptimal, kinds.kModelEmpty):
        if values is None or not len(values):
            values, objective = np.zeros(program.n_variables), 0.0
        bound = max(bound, objective) if np.isfinite(bound) else objective
        return RawSolution(Status.OPTIMAL, values, objective, bound, StoppedBy.GAP)
    if status == kinds.kInfeasible:
        return RawSolution(Status.INFEASIBLE, None, np.nan, -np.inf, StoppedBy.PROOF)
    if status in (kinds.kUnbounded, kinds.kUnboundedOrInfeasible):
        return RawSolution(unbounded_or_infeasible(program), None, np.nan, np.inf, StoppedBy.PROOF)
    if status in stops:
        status_said = Status.FEASIBLE if has_values else Status.UNPROVEN
        return RawSolution(status_said, values, objective, bound, stops[status])
    return RawSolution(Status.FAILED, None, np.nan, np.inf, StoppedBy.FAILURE)
