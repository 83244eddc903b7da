"""Which bundles can still matter: the linear relaxation, its proven bound, and columns in and out by reduced cost.

The relaxation is solved over all bundles with warm starts while cuts come in. Its value bounds every portfolio, and a
bundle whose reduced cost is worse than the distance from the bound to a known portfolio is in no better portfolio.
So the integer program need hold only the others, and its bound is the bound of the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sharesim.choice.cliques import broken_cliques
from sharesim.choice.cuts import HOT_SPREAD, Pool
from sharesim.choice.portfolio import cvar
from sharesim.choice.program import Program
from sharesim.choice.risk import Risk
from sharesim.choice.solution import Status
from sharesim.choice.solver import LinearSession
from sharesim.choice.view import View

# Below this many bundles the integer program is small enough as it stands.
PRICED_FROM = 500
FIRST_COLUMNS = 150
ROOT_PROGRESS = 1e-5
ROOT_ROUNDS = 100
QUIET_ROUNDS = 3


@dataclass(frozen=True)
class Root:
    """The linear relaxation at its last round.

    Parameters
    ----------
    status : Status
        OPTIMAL, INFEASIBLE, or UNPROVEN when time ran out.
    bound : float
        No portfolio is worth more; inf unless OPTIMAL.
    reduced : ndarray, shape (B + K,)
        Reduced costs; at most 0 for bundles left out.
    """

    status: Status
    bound: float
    reduced: np.ndarray

    def useful(self, program: Program, value: float) -> np.ndarray:
        """Return the columns that can be in a portfolio worth more than `value`, ascending."""
        n_bundles = program.candidates.n_bundles
        margin = self.bound - value + 1e-6 * max(abs(self.bound), 1.0)
        kept = self.reduced[:n_bundles] >= -margin
        return np.concatenate([np.flatnonzero(kept), np.arange(n_bundles, program.n_variables)])

    def first(self, program: Program) -> np.ndarray:
        """Return the columns of the best reduced costs, for a first portfolio; follow-ons bring their predecessors."""
        n_bundles = program.candidates.n_bundles
        best = np.argsort(-self.reduced[:n_bundles], kind="stable")[:FIRST_COLUMNS]
        before = program.candidates.requires[best]
        kept = np.union1d(best, before[before >= 0])
        return np.concatenate([kept, np.arange(n_bundles, program.n_variables)])


def solve_root(goal: Program, pool: Pool, lazy: list[Risk], seconds_left: Callable[[], float]) -> Root:
    """Solve the relaxation over all bundles, cutting CVaR rows and cliques until little moves."""
    session, view = LinearSession.of(pool.onto(goal, linear=True)), View(goal.candidates)
    known: set[tuple[int, ...]] = set()
    before, quiet, nothing = np.inf, 0, np.zeros(goal.n_columns)
    root = Root(Status.UNPROVEN, np.inf, nothing)
    for number in range(ROOT_ROUNDS):
        found = session.solve(max(seconds_left(), 0.0))
        if found.status is Status.INFEASIBLE:
            return Root(Status.INFEASIBLE, -np.inf, nothing)
        if found.status is not Status.OPTIMAL:
            return root
        root = Root(Status.OPTIMAL, found.objective, found.reduced[: goal.n_columns])
        small = before - found.objective < ROOT_PROGRESS * max(abs(found.objective), 1.0)
        quiet, before = (quiet + 1 if small else 0), found.objective
        if quiet >= QUIET_ROUNDS or number == ROOT_ROUNDS - 1 or seconds_left() <= 0:
            return root
        if not _cut_round(session, (goal, pool, view, known), lazy, found.values):
            return root
    return root


def _cut_round(
    session: LinearSession,
    state: tuple[Program, Pool, View, set[tuple[int, ...]]],
    lazy: list[Risk],
    values: np.ndarray,
) -> bool:
    goal, pool, view, known = state
    n_rows, n_cliques = len(pool.rows), len(pool.cliques)
    cut_broken(lazy, pool, values[: goal.n_columns], values, spread=HOT_SPREAD)
    pool.cliques += broken_cliques(view, values[: goal.candidates.n_bundles], known)
    matrix, lower, _ = pool.cut_rows(goal.n_variables, n_rows)
    if matrix.shape[0]:
        session.add_rows(matrix, lower, np.full(len(lower), np.inf))
    cliques = pool.clique_rows(goal.n_variables, n_cliques)
    if cliques.shape[0]:
        session.add_rows(cliques, np.full(cliques.shape[0], -np.inf), np.ones(cliques.shape[0]))
    return bool(matrix.shape[0] or cliques.shape[0])


def cut_broken(lazy: list[Risk], pool: Pool, columns: np.ndarray, values: np.ndarray, *, spread: float = 1.0) -> bool:
    """Add the CVaR rows that a point breaks; True when one is new."""
    found = False
    for risk in lazy:
        draws = risk.block.total(columns)
        reached, wanted = cvar(draws, risk.level), values[risk.column] if risk.column >= 0 else risk.floor_gbp
        if reached < wanted - 1e-9 * max(abs(wanted), float(np.abs(draws).max(initial=0.0)), 1.0):
            found |= pool.add_cvar(risk, draws, spread=spread)
    return found
