"""The door to the choice: candidates, draws and rules in, a certified portfolio out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import numpy as np
from scipy import sparse

from sharesim.choice.candidates import Candidates, DrawSource
from sharesim.choice.chance import best_portfolio
from sharesim.choice.formulation import Program, build, contradictions
from sharesim.choice.portfolio import Portfolio
from sharesim.choice.pricing import PRICED_FROM
from sharesim.choice.search import ChoiceOptions, Control, Judge, Settled
from sharesim.choice.solution import Solution, Stage, Status, StoppedBy
from sharesim.choice.swaps import MOST_BUNDLES, Swaps
from sharesim.choice.ties import first_by_id
from sharesim.study.rules import Objective, RuleBase

__all__ = ["ChoiceOptions", "choose", "choose_program"]


def choose(
    candidates: Candidates,
    source: DrawSource | None,
    rules: Iterable[RuleBase] = (),
    objective: Objective | None = None,
    options: ChoiceOptions | None = None,
) -> Solution:
    """Return the bundles that are worth most together under all rules, with the proof.

    Parameters
    ----------
    candidates : Candidates
    source : DrawSource or None
        May be None when no rule looks at draws.
    rules : iterable of RuleBase
        Rules of the study; those with ``active=False`` are passed over.
    objective : Objective, optional
        Mean NPV when left out.
    options : ChoiceOptions, optional

    Returns
    -------
    Solution
        Every rule has been checked again on it; a portfolio that breaks one is never returned.

    Raises
    ------
    StudyError
        Rules name what the candidates do not have.
    SolverError
        The solver broke down.

    Examples
    --------
    >>> from sharesim.study.rules import RiskPoints
    >>> from sharesim.testing import small_case
    >>> case = small_case()
    >>> found = choose(case.candidates, case.source, [RiskPoints(kind="risk_points", name="calm", limit_points=3)])
    >>> found.status, all(check.holds for check in found.checks)
    (<Status.OPTIMAL: 'optimal'>, True)
    """
    started = time.monotonic()
    options, objective, rules = options or ChoiceOptions(), objective or Objective(kind="mean"), tuple(rules)
    # With many bundles, cuts and hot draws take half the time of full rows (docs/decisions/020).
    full_draws = options.full_draws if candidates.n_bundles < PRICED_FROM else 0
    program = build(candidates, rules, objective, source, full_draws=full_draws)
    faults = contradictions(rules, candidates)
    if faults:
        none = np.zeros(0, dtype=np.int64)
        notes = tuple(str(fault) for fault in faults)
        seconds = time.monotonic() - started
        return Solution(
            Status.INFEASIBLE,
            none,
            none,
            np.nan,
            -np.inf,
            np.nan,
            stopped_by=StoppedBy.PROOF,
            seconds=seconds,
            notes=notes,
        )
    return choose_program(program, source, options, started=started)


def choose_program(
    program: Program,
    source: DrawSource | None,
    options: ChoiceOptions,
    *,
    started: float | None = None,
    measure: Callable[[Portfolio], float] | None = None,
) -> Solution:
    """Return the best portfolio of a program already built; targets in turn when it has several.

    Parameters
    ----------
    program : Program
    source : DrawSource or None
    options : ChoiceOptions
    started : float, optional
        Reading of the monotonic clock from which the time limit runs; now when left out.
    measure : callable, optional
        What the first target is worth for a portfolio, where its coefficients on bundles do not say it.
    """
    control = Control(options, started=time.monotonic() if started is None else started)
    floors: tuple[tuple[int, float], ...] = ()
    stages: list[Stage] = []
    notes: list[str] = []
    first: Settled | None = None
    for target in range(len(program.targets)):
        judge = Judge(program, source, floors, measure)
        found = best_portfolio(_floored(program, floors), judge, target, control, notes)
        first = first or found
        if found.portfolio is None:
            break
        stages.append(_stage(program, target, found))
        kept = found.value - program.tolerance_share * abs(found.value)
        floors = (*floors, (target, kept - 1e-9 * abs(found.value)))
        last, last_judge = found, judge
        if found.status is not Status.OPTIMAL and control.left <= 0:
            break
    if first.portfolio is None:
        none = np.zeros(0, dtype=np.int64)
        return Solution(
            first.status, none, none, np.nan, first.bound, np.nan, stopped_by=first.stopped_by,
            seconds=time.monotonic() - control.started, solver=control.solver, notes=tuple(notes),
        )  # fmt: skip
    portfolio = last.portfolio
    if options.ties and last.status is Status.OPTIMAL:
        kept = last_judge.floors
        portfolio = first_by_id(_floored(program, kept), last_judge, portfolio, len(kept), control)
    status = first.status if len(program.targets) == 1 else _worst([first.status, last.status])
    return Solution(
        status=status,
        chosen=portfolio.chosen,
        activations=portfolio.activations,
        value_gbp=last_judge.value(portfolio, 0),
        bound_gbp=first.bound,
        mean_npv_gbp=portfolio.mean_npv_gbp,
        checks=last_judge.checks(portfolio),
        binding=_binding(last_judge, portfolio) if options.binding else (),
        stages=tuple(stages) if len(program.targets) > 1 else (),
        stopped_by=last.stopped_by,
        seconds=time.monotonic() - control.started,
        solver=control.solver,
        notes=tuple(dict.fromkeys(notes)),
    )


def _binding(judge: Judge, portfolio: Portfolio) -> tuple[str, ...]:
    if judge.program.candidates.n_bundles > MOST_BUNDLES or not judge.program.rules:
        return ()
    return Swaps(judge, len(judge.floors)).in_the_way(portfolio.chosen)


def _stage(program: Program, target: int, found: Settled) -> Stage:
    measure = program.targets[target].measure
    sign = -1.0 if measure == "exits" else 1.0
    return Stage(measure, sign * found.value, sign * found.bound)


def _worst(statuses: list[Status]) -> Status:
    order = [Status.OPTIMAL, Status.RESTRICTED, Status.FEASIBLE]
    return max(statuses, key=lambda status: order.index(status) if status in order else len(order) - 1)


def _floored(program: Program, floors: tuple[tuple[int, float], ...]) -> Program:
    """Return the program with a row for each target settled before."""
    if not floors:
        return program
    matrix = sparse.csr_array(np.array([program.targets[target].column for target, _ in floors]))
    lower = np.array([floor for _, floor in floors])
    names = [f"settled: {program.targets[target].measure}" for target, _ in floors]
    return program.with_rows(matrix, (lower, np.full(len(floors), np.inf)), names)
