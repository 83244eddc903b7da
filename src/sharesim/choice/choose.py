"""From candidates, draws and rules to the best portfolio, with a bound on its value and every rule checked again."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from scipy import sparse

from sharesim.choice.candidates import Candidates, DrawSource
from sharesim.choice.chance import best_portfolio
from sharesim.choice.formulation import build, contradictions
from sharesim.choice.known import at_hand, bounded, no_less
from sharesim.choice.portfolio import Portfolio
from sharesim.choice.pricing import PRICED_FROM
from sharesim.choice.program import Program, Target
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
    options, objective, rules = options or ChoiceOptions(), objective or Objective(kind="mean"), tuple(rules)
    control = Control.begin(options)
    # With many bundles, cuts and hot draws take half the time of full rows (docs/decisions/020).
    full_draws = options.full_draws if candidates.n_bundles < PRICED_FROM else 0
    program = build(candidates, rules, objective, source, full_draws=full_draws)
    faults = contradictions(rules, candidates)
    if faults:
        impossible = Settled(Status.INFEASIBLE, None, np.nan, -np.inf, StoppedBy.PROOF)
        return _without_portfolio(impossible, control, [str(fault) for fault in faults])
    return choose_program(program, source, options, started=control.started)


def choose_program(
    program: Program,
    source: DrawSource | None,
    options: ChoiceOptions,
    *,
    started: float | None = None,
    measure: Callable[[Portfolio], float] | None = None,
    known: Iterable[np.ndarray] = (),
) -> Solution:
    """Return the best portfolio of a program already built; targets in turn when it has several.

    Parameters
    ----------
    program : Program
    source : DrawSource or None
    options : ChoiceOptions
    started : float, optional
        Reading of the options' clock from which the time limit runs; now when left out.
    measure : callable, optional
        What the first target is worth for a portfolio, where its coefficients on bundles do not say it.
    known : iterable of ndarray of int
        Chosen bundles of portfolios found before: a search that is stopped comes back with no less than the best of
        them that keeps this program's rules.
    """
    control = Control.begin(options, started)
    notes: list[str] = []
    judges: list[Judge] = []
    found: list[Settled] = []
    best: Portfolio | None = None
    floors: tuple[tuple[int, float], ...] = ()
    for target in range(len(program.targets)):
        judge = Judge(program, source, floors, measure)
        before = [best] if best is not None else at_hand(program, judge, known)
        stage = _stage(_floored(program, floors), judge, target, (control, notes), before)
        if stage.portfolio is None:
            return _without_portfolio(stage, control, notes)
        judges.append(judge)
        found.append(stage)
        best = stage.portfolio
        kept = stage.value - program.tolerance_share * abs(stage.value)
        floors = (*floors, (target, kept - 1e-9 * abs(stage.value)))
    return _solution(judges, found, control, notes)


def _stage(
    program: Program, judge: Judge, target: int, told: tuple[Control, list[str]], before: list[Portfolio]
) -> Settled:
    """Search one target from the portfolios known before; only the first stage can come back with none."""
    control, notes = told
    if before and control.left <= 0:
        found = Settled(Status.UNPROVEN, None, np.nan, np.inf, control.stopped_by)
    else:
        # The first stage is searched afresh, so that what is found hangs on no habit of a solver with its start.
        given = before[0] if judge.floors else None
        found = best_portfolio(program, judge, target, control, notes, given)
    return bounded(no_less(found, before, judge, target), program, target)


def _without_portfolio(found: Settled, control: Control, notes: list[str]) -> Solution:
    none = np.zeros(0, dtype=np.int64)
    return Solution(
        found.status, none, none, np.nan, found.bound, np.nan, stopped_by=found.stopped_by,
        seconds=control.elapsed, solver=control.told.solver, notes=tuple(dict.fromkeys([*control.told.notes, *notes])),
    )  # fmt: skip


def _solution(judges: list[Judge], found: list[Settled], control: Control, notes: list[str]) -> Solution:
    """Return the last stage's portfolio; it is no better proven than the worst of all stages."""
    judge, last, options = judges[-1], found[-1], control.options
    weakest = max(found, key=lambda stage: stage.status.doubt)
    portfolio = last.portfolio
    assert portfolio is not None  # a stage without one has ended the choice
    if options.ties and last.status is Status.OPTIMAL:
        first = first_by_id(_floored(judge.program, judge.floors), judge, portfolio, len(judge.floors), control)
        if first is None:
            notes.append("time ran out before it was settled which portfolio worth the same comes first by bundle id")
        portfolio = first or portfolio
    targets = judge.program.targets
    return Solution(
        status=weakest.status,
        chosen=portfolio.chosen,
        activations=portfolio.activations,
        value_gbp=judge.value(portfolio, 0),
        bound_gbp=found[0].bound,
        mean_npv_gbp=portfolio.mean_npv_gbp,
        checks=judge.checks(portfolio),
        binding=_binding(judge, portfolio) if options.binding else (),
        stages=tuple(map(_told, targets, found)) if len(targets) > 1 else (),
        stopped_by=last.stopped_by if weakest.status is Status.OPTIMAL else weakest.stopped_by,
        seconds=control.elapsed,
        solver=control.told.solver,
        notes=tuple(dict.fromkeys([*control.told.notes, *notes])),
    )


def _binding(judge: Judge, portfolio: Portfolio) -> tuple[str, ...]:
    if judge.program.candidates.n_bundles > MOST_BUNDLES or not judge.program.rules:
        return ()
    return Swaps(judge, len(judge.floors)).in_the_way(portfolio.chosen)


def _told(target: Target, found: Settled) -> Stage:
    sign = -1.0 if target.measure == "exits" else 1.0
    return Stage(target.measure, sign * found.value, sign * found.bound, found.status, found.stopped_by)


def _floored(program: Program, floors: tuple[tuple[int, float], ...]) -> Program:
    """Return the program with a row for each target settled before."""
    if not floors:
        return program
    matrix = sparse.csr_array(np.array([program.targets[target].column for target, _ in floors]))
    lower = np.array([floor for _, floor in floors])
    names = [f"settled: {program.targets[target].measure}" for target, _ in floors]
    return program.with_rows(matrix, (lower, np.full(len(floors), np.inf)), names)
