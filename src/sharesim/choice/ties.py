"""Portfolios worth exactly the same: always the same one of them, the first by bundle id.

Bundles are taken in the order of their ids. From the front, as many as possible are asked for in blocks, each block a
small integer program among the portfolios of best value; so the answer depends on no solver's habits. What is promised
and what it costs is in docs/decisions/022.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from sharesim.choice.cuts import Pool
from sharesim.choice.portfolio import Portfolio
from sharesim.choice.program import Program, Target
from sharesim.choice.search import Control, Judge
from sharesim.choice.solution import Status, StoppedBy
from sharesim.choice.solver import SolverOptions, solve

# 2^-19 is the least weight in a block: far above a solver's tolerance.
BLOCK = 20
# Larger programs keep the solver's own choice, which is the same on every run of the same solver.
MOST_BUNDLES = 600
# Two portfolios are worth the same when their values differ by rounding only.
SAME = 1e-9


def first_by_id(program: Program, judge: Judge, best: Portfolio, target: int, control: Control) -> Portfolio | None:
    """Return, of all portfolios worth as much as `best`, the one whose ids come first.

    Rules on draws must be rows of the program; with rules held by cuts, or many bundles, `best` is returned as it is.
    None when time ran out before it was settled.
    """
    if any(not risk.full for risk in program.risks) or program.candidates.n_bundles > MOST_BUNDLES:
        return best
    n_bundles, value = program.candidates.n_bundles, judge.value(best, target)
    column = program.targets[target].column
    floor = np.array([value - SAME * max(abs(value), 1.0)])
    goal = program.with_rows(sparse.csr_array(column[None]), (floor, np.array([np.inf])), ["as good"])
    pool = Pool(program.n_columns)
    pool.excluded.append(best.chosen)
    if solve(pool.onto(goal), _plain(control)).status is Status.INFEASIBLE:
        return best
    if control.left <= 0:
        return None
    order = np.argsort(np.array(program.candidates.bundle_ids), kind="stable")
    lower, upper = goal.lower.copy(), goal.upper.copy()
    for start in range(0, n_bundles, BLOCK):
        block = order[start : start + BLOCK]
        weight = np.zeros(goal.n_variables)
        weight[block] = np.exp2(-np.arange(len(block)))
        here = replace(goal, targets=(Target("ids", weight),), lower=lower, upper=upper)
        raw = solve(here, _plain(control))
        if raw.values is None or raw.status is not Status.OPTIMAL:
            return best if raw.stopped_by in (StoppedBy.PROOF, StoppedBy.FAILURE) else None
        lower[block] = upper[block] = np.round(raw.values[block])
    found = judge.portfolio(lower)
    good = all(check.holds for check in judge.checks(found))
    return found if good and judge.value(found, target) >= floor[0] else best


def _plain(control: Control) -> SolverOptions:
    options = control.options
    return SolverOptions(options.solver, gap=0.0, time_limit_seconds=max(control.left, 0.0), seed=options.seed)
