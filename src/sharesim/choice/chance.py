"""Chance rules over many draws, exactly: a good portfolio first, then bounds on every draw, then few binaries.

A chance row over thousands of draws is hopeless as thousands of loose binaries. Three facts make it small:

* most rules on chance are kept by the best portfolio without them: then nothing is left to do;
* the mean of the worst (allowed + 1) draws above the floor keeps the rule, so a CVaR row finds a good portfolio fast;
* nothing worth less than that portfolio is of interest. Among portfolios worth more, the linear relaxation bounds each
  draw of z from below and above: draws that cannot miss need no row, draws that must miss no choice, and the others get
  a constant that is tight.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from sharesim.choice.branch import Tree
from sharesim.choice.cuts import Pool
from sharesim.choice.portfolio import Portfolio
from sharesim.choice.program import Program
from sharesim.choice.risk import Risk, extent
from sharesim.choice.search import Control, Judge, Settled, settle
from sharesim.choice.solution import Status, StoppedBy, relative_gap
from sharesim.choice.solver import LinearSession
from sharesim.choice.swaps import MOST_BUNDLES, Swaps
from sharesim.choice.view import View

# Linear programs spent on bounding draws: a count, not seconds, so that every machine does the same.
MOST_BOUNDS = 6000
# Height of the first slice of the objective below the bound; it doubles as long as slices prove empty.
FIRST_SLICE = 0.005
# Undecided draws that all get their binary at once; beyond, they come as they are missed.
AT_ONCE = 400
MOST_SWAPS = 6
# Of the time left, for the tree.
TREE_SHARE = 0.5


@dataclass
class Grown:
    """One chance rule with its draws.

    Parameters
    ----------
    risk : Risk
    low, high : ndarray, shape (n_draws,)
        What z can be at least and at most in any portfolio worth having.
    active : ndarray of int
        Draws with a row in the program.
    """

    risk: Risk
    low: np.ndarray
    high: np.ndarray
    active: np.ndarray

    @property
    def undecided(self) -> np.ndarray:
        """Draws that may miss and may not."""
        return np.flatnonzero((self.low < self.risk.floor_gbp) & (self.high >= self.risk.floor_gbp))

    @property
    def certain(self) -> np.ndarray:
        """Draws that miss in every portfolio worth having."""
        return np.flatnonzero(self.high < self.risk.floor_gbp)

    @property
    def left(self) -> int:
        """How many undecided draws may miss."""
        return self.risk.allowed - len(self.certain)


@dataclass(frozen=True)
class _Case:
    """What every step here needs."""

    program: Program
    judge: Judge
    target: int
    control: Control
    pool: Pool
    skipped: frozenset[str]

    def settle(self, program: Program, given: Portfolio | None = None) -> Settled:
        """Search a program that holds some draws of the chance rules."""
        return settle(program, self.pool, self.judge, self.target, self.control, self.skipped, given)

    def goal(self) -> Program:
        """The program with the one target that is searched."""
        return replace(self.program, targets=(self.program.targets[self.target],))

    def good(self, found: Settled) -> bool:
        """True when the portfolio keeps every rule."""
        return found.portfolio is not None and all(check.holds for check in self.judge.checks(found.portfolio))


def best_portfolio(
    program: Program, judge: Judge, target: int, control: Control, notes: list[str], given: Portfolio | None = None
) -> Settled:
    """Find the best portfolio of a program, chance rules and all.

    Parameters
    ----------
    program : Program
    judge : Judge
    target : int
        Which of the program's targets to maximise.
    control : Control
    notes : list of str
        What a reader must know is appended.
    given : Portfolio, optional
        One that keeps every rule, to start from: the search never comes back with less.
    """
    lazy = [risk for risk in program.risks if risk.is_chance and not risk.full]
    pool = Pool(program.n_columns)
    skipped = frozenset(program.rules[risk.rule].name for risk in lazy)
    case = _Case(program, judge, target, control, pool, skipped)
    if any(risk.is_chance and risk.full for risk in program.risks):
        notes.append("chance rules are held exactly, with one binary a draw")
    free = case.settle(program, given)
    if not lazy or free.portfolio is None or case.good(free):
        if lazy and free.portfolio is not None:
            best = "best portfolio" if free.status is Status.OPTIMAL else "portfolio found"
            notes.append(f"chance rules are held exactly: the {best} without them keeps them")
        return free
    stand_in = _stand_in(case, lazy)
    if control.options.chance == "cvar":
        return _restricted(free, stand_in, notes)
    notes.append("chance rules are held exactly, draw by draw")
    starts = [start for start in (free, stand_in) if start.portfolio is not None]
    starts += _climbed(case, lazy, starts)
    worth = -np.inf if given is None else judge.value(given, target)
    first = Settled(Status.FEASIBLE, given, worth, np.inf, free.stopped_by)
    known = max((first, *(_improve(case, lazy, start) for start in starts)), key=lambda item: _worth(case, item))
    if not case.good(known):
        known = Settled(Status.UNPROVEN, None, -np.inf, free.bound, known.stopped_by)
    known, top, complete = _by_tree(case, lazy, free, known)
    if complete:
        return _closed(case, known, known, top) if known.portfolio is not None else _proven(known)
    return _exact(case, lazy, free.portfolio, top, known)


def _by_tree(case: _Case, lazy: list[Risk], free: Settled, known: Settled) -> tuple[Settled, float, bool]:
    """Branch on who shares what; often the whole answer, else a better portfolio and a lower bound to go on from."""
    if case.program.candidates.n_bundles > MOST_BUNDLES:
        return known, free.bound, False
    swaps = Swaps(case.judge, case.target, tuple(lazy))
    control, gap = case.control.until(TREE_SHARE * case.control.left), case.control.options.gap
    tree = Tree(case.pool.onto(case.goal(), linear=True), swaps, tuple(lazy), control, known.value, gap)
    found = tree.run()
    if found.portfolio is not None:
        known = Settled(Status.FEASIBLE, found.portfolio, found.value, np.inf, StoppedBy.WORK)
    return known, min(free.bound, found.bound), found.complete


def _climbed(case: _Case, lazy: list[Risk], starts: list[Settled]) -> list[Settled]:
    if case.program.candidates.n_bundles > MOST_BUNDLES:
        return []
    swaps = Swaps(case.judge, case.target, tuple(lazy))
    found = swaps.best_climb([start.portfolio.chosen for start in starts if start.portfolio is not None])
    if found is None:
        return []
    return [Settled(Status.FEASIBLE, found, case.judge.value(found, case.target), np.inf, StoppedBy.WORK)]


def _worth(case: _Case, found: Settled) -> float:
    return found.value if case.good(found) else -np.inf


def _restricted(free: Settled, found: Settled, notes: list[str]) -> Settled:
    notes.append(
        "chance rules are replaced by stricter ones on CVaR: the portfolio keeps them, but a better one may; "
        "the bound is the one without chance rules"
    )
    if found.portfolio is None:
        return Settled(Status.UNPROVEN, None, np.nan, free.bound, found.stopped_by)
    # A search that was stopped found some portfolio that keeps the stand-in, not the best that does.
    stands = Status.RESTRICTED if found.status is Status.OPTIMAL else Status.FEASIBLE
    status = Status.OPTIMAL if relative_gap(found.value, free.bound) <= 1e-9 else stands
    return Settled(status, found.portfolio, found.value, max(free.bound, found.value), found.stopped_by)


def _stand_in(case: _Case, lazy: list[Risk]) -> Settled:
    """Best portfolio when the mean of the worst (allowed + 1) draws keeps the floor; it keeps the chance rule too."""
    stricter = tuple(
        replace(risk, name=f"stand-in {risk.name}", level=(risk.allowed + 1) / risk.block.n_draws, allowed=-1)
        for risk in lazy
    )
    program = replace(case.program, risks=tuple(risk for risk in case.program.risks if risk not in lazy) + stricter)
    pool = Pool(case.program.n_columns)
    control = case.control.until(0.3 * case.control.left)
    found = settle(program, pool, case.judge, case.target, control)
    # Its cuts are stricter than the rules, so they stay out of the pool that bounds are proven with.
    return found if case.good(found) else Settled(Status.UNPROVEN, None, np.nan, np.inf, found.stopped_by)


def _improve(case: _Case, lazy: list[Risk], known: Settled) -> Settled:
    """Let the worst draws of the best portfolio so far miss, hold all others, and solve; repeat while it gains."""
    control = case.control.until(0.3 * case.control.left)
    for _ in range(MOST_SWAPS):
        assert known.portfolio is not None  # it starts from one, and goes on only to those that keep every rule
        columns = case.judge.columns(known.portfolio)
        held = {risk.key: _better_draws(risk, columns) for risk in lazy}
        found = _with_held(case, lazy, held, control)
        if not case.good(found) or (case.good(known) and found.value <= known.value + 1e-9 * abs(known.value)):
            return known
        known = found
    return known


def _better_draws(risk: Risk, columns: np.ndarray) -> np.ndarray:
    """Draws of z after the worst ones that are allowed to miss, worst first."""
    return np.argsort(risk.block.total(columns), kind="stable")[risk.allowed :]


def _with_held(case: _Case, lazy: list[Risk], held: dict[tuple[int, int], np.ndarray], control: Control) -> Settled:
    """Best portfolio with given draws of each rule at their floor; rows come in as they are broken."""
    rows = {risk.key: held[risk.key][: max(risk.allowed // 4, 10)] for risk in lazy}
    pool = Pool(case.program.n_columns)
    while True:
        program = case.program
        for risk in lazy:
            program = _with_floor(program, risk, rows[risk.key])
        found = settle(program, pool, case.judge, case.target, control, case.skipped)
        if found.portfolio is None or control.left <= 0:
            return found
        columns, broken = case.judge.columns(found.portfolio), False
        for risk in lazy:
            draws = risk.block.total(columns)
            low = held[risk.key][draws[held[risk.key]] < risk.floor_gbp]
            new = np.setdiff1d(low, rows[risk.key])
            rows[risk.key] = np.union1d(rows[risk.key], new)
            broken |= len(new) > 0
        if not broken:
            return found


def _with_floor(program: Program, risk: Risk, active: np.ndarray) -> Program:
    columns, draws = risk.block.matrix()
    wide = np.zeros((len(active), program.n_variables))
    wide[:, columns] = draws[:, active].T
    bounds = (np.full(len(active), risk.floor_gbp), np.full(len(active), np.inf))
    return program.with_rows(sparse.csr_array(wide), bounds, [f"{risk.name}: held {n}" for n in active])


def _exact(case: _Case, lazy: list[Risk], free: Portfolio, top: float, known: Settled) -> Settled:
    """Work down from the bound in slices of the objective until the best portfolio is met or proven.

    Within a slice all portfolios are worth nearly the same, so the relaxation bounds z closely: often so many draws
    must miss that the slice is empty without an integer program, and otherwise its constants are tight.
    """
    view = View(case.program.candidates)
    wide = [Grown(risk, *extent(view, risk.block), np.zeros(0, dtype=int)) for risk in lazy]
    columns = case.judge.columns(free)
    width = FIRST_SLICE * max(abs(top), 1.0)
    if sum(len(item.undecided) for item in wide) <= AT_ONCE:
        # So few binaries are no burden: one program settles it.
        width = np.inf
    while True:
        if relative_gap(known.value, top) <= case.control.options.gap:
            return replace(known, status=Status.OPTIMAL, bound=top, stopped_by=StoppedBy.GAP)
        base = known.value - 1e-9 * max(abs(known.value), 1.0) if known.portfolio is not None else -np.inf
        bottom = max(base, top - width)
        bottom = -np.inf if bottom < _least(case) else bottom
        found = _slice(case, wide, (bottom, top), columns)
        if found.status is Status.INFEASIBLE:
            if bottom <= base:
                return _proven(known)
            # Slices that cost an integer program do not get higher: their constants would loosen.
            top, width = bottom, width * (2.0 if found.stopped_by is StoppedBy.PROOF else 1.0)
            continue
        if case.good(found) and not found.value < known.value:
            known = found
        bound = max(min(top, found.bound), bottom) if np.isfinite(bottom) else min(top, found.bound)
        return _closed(case, found, known, bound)


def _least(case: _Case) -> float:
    """Less than any portfolio is worth: the sum of all that can count against it; inf when all are worth the same."""
    column = case.program.targets[case.target].column
    if not column.any():
        return np.inf
    return float(np.minimum(column * case.program.lower, column * case.program.upper).sum()) - 1.0


def _slice(case: _Case, wide: list[Grown], ends: tuple[float, float], columns: np.ndarray) -> Settled:
    """Best portfolio between two values, INFEASIBLE if none; `columns` (B + K,): the best without chance rules."""
    column = case.program.targets[case.target].column
    row = (np.array([ends[0]]), np.array([ends[1] + 1e-7 * max(abs(ends[1]), 1.0)]))
    program = case.program.with_rows(sparse.csr_array(column[None]), row, ["worth"])
    grown = [replace(item, low=item.low.copy(), high=item.high.copy(), active=item.active) for item in wide]
    session = LinearSession.of(case.pool.onto(program, linear=True))
    empty = Settled(Status.INFEASIBLE, None, np.nan, -np.inf, StoppedBy.PROOF)
    if session.solve().status is Status.INFEASIBLE:
        return empty
    for item in grown:
        _bound(case, session, item, columns, upper=True)
        if item.left < 0:
            return empty
    for item in grown:
        _bound(case, session, item, columns, upper=False)
        item.active = item.undecided if len(item.undecided) <= AT_ONCE else np.zeros(0, dtype=int)
    while True:
        found = case.settle(_with_draws(program, grown))
        if found.status is Status.INFEASIBLE:
            return replace(found, stopped_by=StoppedBy.WORK)
        if found.portfolio is None or case.good(found) or case.control.left <= 0:
            return found
        _grow(case, grown, found.portfolio)


def _proven(known: Settled) -> Settled:
    if known.portfolio is None:
        return Settled(Status.INFEASIBLE, None, np.nan, -np.inf, StoppedBy.PROOF)
    return Settled(Status.OPTIMAL, known.portfolio, known.value, known.value, StoppedBy.PROOF)


def _closed(case: _Case, found: Settled, known: Settled, bound: float) -> Settled:
    if known.portfolio is None:
        return Settled(Status.UNPROVEN, None, np.nan, bound, found.stopped_by)
    done = relative_gap(known.value, bound) <= case.control.options.gap or (
        found.status is Status.OPTIMAL and case.good(found)
    )
    status, stopped_by = (Status.OPTIMAL, StoppedBy.GAP) if done else (Status.FEASIBLE, found.stopped_by)
    if not done and stopped_by in (StoppedBy.GAP, StoppedBy.PROOF):
        stopped_by = StoppedBy.TIME
    return Settled(status, known.portfolio, known.value, max(bound, known.value), stopped_by)


def _grow(case: _Case, grown: list[Grown], portfolio: Portfolio) -> None:
    """Give a row to every undecided draw that the portfolio misses; rule it out when all have theirs."""
    columns, new = case.judge.columns(portfolio), False
    for item in grown:
        draws = item.risk.block.total(columns)
        missed = np.intersect1d(np.flatnonzero(draws < item.risk.floor_gbp), item.undecided)
        more = np.setdiff1d(missed, item.active)
        new |= len(more) > 0
        item.active = np.union1d(item.active, more)
    if not new:
        case.pool.excluded.append(portfolio.chosen)


def _bound(case: _Case, session: LinearSession, item: Grown, columns: np.ndarray, *, upper: bool) -> None:
    """Bound z from above in draws that the free portfolio misses, worst first, or from below in all undecided ones.

    From above it stops as soon as too few draws are left to prove that too many must miss.
    """
    held, draws = item.risk.block.matrix()
    order = np.argsort(item.risk.block.total(columns), kind="stable")
    at_free = item.risk.block.total(columns)[order] < item.risk.floor_gbp
    order = order[at_free] if upper else order
    order = order[np.isin(order, item.undecided)]
    spare = len(order) + len(item.certain) - item.risk.allowed - 1
    for n in order[:MOST_BOUNDS]:
        if case.control.left <= 0 or (upper and (spare < 0 or item.left < 0)):
            return
        if upper:
            item.high[n] = _extreme(session, len(case.program.lower), (held, draws[:, n]), 1.0, item.high[n])
            spare -= bool(item.high[n] >= item.risk.floor_gbp)
        else:
            item.low[n] = _extreme(session, len(case.program.lower), (held, -draws[:, n]), -1.0, item.low[n])


def _extreme(session: LinearSession, width: int, cost: tuple[np.ndarray, ...], sign: float, before: float) -> float:
    columns, values = cost
    objective = np.zeros(width)
    objective[columns] = values
    session.set_cost(objective)
    found = session.solve()
    if found.status is not Status.OPTIMAL:
        return before
    # The solver's own tolerance goes to the safe side.
    reach = sign * (found.objective + 1e-6 * float(np.abs(values).max(initial=0.0)))
    return max(before, reach) if sign < 0 else min(before, reach)


def _with_draws(program: Program, grown: list[Grown]) -> Program:
    """Return the program with rows and binaries for the active draws."""
    for item in grown:
        active = np.intersect1d(item.active, item.undecided)
        if len(active) > max(item.left, 0):
            program = _with_binaries(program, item, active)
    return program


def _with_binaries(program: Program, item: Grown, active: np.ndarray) -> Program:
    risk, n_before, n_active = item.risk, program.n_variables, len(active)
    names = [f"miss[{risk.name}|{n}]" for n in active]
    program = program.with_variables(names, np.zeros(n_active), np.ones(n_active), np.ones(n_active, bool))
    columns, draws = risk.block.matrix()
    wide = np.zeros((n_active + 1, program.n_variables))
    wide[:n_active, columns] = draws[:, active].T
    wide[np.arange(n_active), n_before + np.arange(n_active)] = risk.floor_gbp - item.low[active]
    wide[-1, n_before:] = 1.0
    lower = np.append(np.full(n_active, risk.floor_gbp), -np.inf)
    upper = np.append(np.full(n_active, np.inf), float(item.left))
    rows = [f"{risk.name}: draw {n}" for n in active] + [f"{risk.name}: misses"]
    return program.with_rows(sparse.csr_array(wide), (lower, upper), rows)
