"""The search for one target's best portfolio: solve, judge by own arithmetic, cut, solve again.

`settle` is exact on everything but chance rows that are not yet in the program; `choice.chance` builds on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from sharesim.arguments import a_flag, a_function, a_word, check_fields, number, whole
from sharesim.choice.candidates import DrawSource
from sharesim.choice.checks import recheck
from sharesim.choice.cuts import Pool
from sharesim.choice.portfolio import Portfolio, cvar
from sharesim.choice.pricing import PRICED_FROM, Root, cut_broken, solve_root
from sharesim.choice.program import ArrayProgram, Program
from sharesim.choice.risk import Risk
from sharesim.choice.solution import Check, Progress, Status, StoppedBy, relative_gap
from sharesim.choice.solver import RawSolution, SolverOptions, solve

# A first portfolio is looked for among few columns, roughly: it only has to rule columns out.
FIRST_ROUNDS = 4
FIRST_GAP = 1e-3
FIRST_ENOUGH = 5e-3
FIRST_SHARE = 0.25


@dataclass(frozen=True)
class ChoiceOptions:
    """How the choice is searched for.

    Parameters
    ----------
    gap : float
        Stop when no portfolio can be worth more than this share above the one found.
    time_limit_seconds : float
        Elapsed time over all solves. A run that it stops is marked; value and bound hold all the same.
    work_limit_nodes : int or None
        Most branch-and-bound nodes per solve: stops at the same point on every machine.
    solver : {"auto", "cbc", "highs"}
    seed : int
        Of the solver's own random choices.
    progress : callable, optional
        Called with a `Progress`; returning True stops the search and keeps the best found.
    full_draws : int
        Up to this many draws, rules on draws become rows of the program; with 500 bundles and more they never do.
    chance : {"exact", "cvar"}
        How chance rules are modelled beyond `full_draws`: exactly, or by a stricter CVaR (status ``restricted``).
    ties : bool
        True: of portfolios worth exactly the same, return the first by bundle id.
    binding : bool
        True: say which rules bind.
    clock : callable
        Seconds since some moment, from which elapsed time is told; the machine's own unless a test needs a steady one.
    """

    gap: float = 1e-6
    time_limit_seconds: float = np.inf
    work_limit_nodes: int | None = None
    solver: str = "auto"
    seed: int = 1
    progress: Callable[[Progress], bool | None] | None = None
    full_draws: int = 300
    chance: str = "exact"
    ties: bool = True
    binding: bool = True
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        check_fields(
            self, gap=number(0.0, below=True), time_limit_seconds=number(0.0), work_limit_nodes=whole(0, 2**31 - 1),
            seed=whole(0, 2**31 - 1), progress=a_function, full_draws=whole(0, 10_000_000),
            chance=a_word("exact", "cvar"), ties=a_flag, binding=a_flag, clock=a_function,
        )  # fmt: skip


@dataclass(frozen=True)
class Judge:
    """Values and checks a portfolio by sharesim's own arithmetic.

    Parameters
    ----------
    program : Program
        Rules, risks and targets to judge by (before any cut).
    source : DrawSource or None
    floors : tuple of (int, float)
        Targets already settled (lexicographic) and what they must keep.
    measure : callable, optional
        What the first target is worth for a portfolio, where it is more than its coefficients say.
    """

    program: Program
    source: DrawSource | None
    floors: tuple[tuple[int, float], ...] = ()
    measure: Callable[[Portfolio], float] | None = None

    def portfolio(self, values: np.ndarray) -> Portfolio:
        """Return the portfolio of a solver's values, binaries rounded."""
        candidates = self.program.candidates
        return Portfolio(candidates, np.flatnonzero(values[: candidates.n_bundles] > 0.5), self.source)

    def columns(self, portfolio: Portfolio) -> np.ndarray:
        """Return the portfolio over bundle and activation columns, shape (B + K,)."""
        found = np.zeros(self.program.n_columns)
        found[portfolio.chosen] = 1.0
        found[self.program.candidates.n_bundles + portfolio.activations] = 1.0
        return found

    def variables(self, portfolio: Portfolio) -> np.ndarray:
        """Return the portfolio over all variables, shape (V,); nan for what a rule added and it leaves open."""
        found = np.full(self.program.n_variables, np.nan)
        found[: self.program.n_columns] = self.columns(portfolio)
        for risk in self.program.risks:
            if risk.column >= 0:
                found[risk.column] = cvar(portfolio.draws, risk.level)
        return found

    def value(self, portfolio: Portfolio, target: int) -> float:
        """Return what a target is worth for a portfolio, CVaR terms by direct sorting."""
        if self.measure is not None and target == 0:
            return self.measure(portfolio)
        column = self.program.targets[target].column
        total = float(column[: self.program.n_columns] @ self.columns(portfolio))
        for risk in self.program.risks:
            if risk.column >= 0 and column[risk.column]:
                total += float(column[risk.column]) * cvar(portfolio.draws, risk.level)
        return total

    def checks(self, portfolio: Portfolio) -> tuple[Check, ...]:
        """Return all checks, the floors of settled targets among them."""
        found = list(recheck(portfolio, self.program.rules))
        for target, floor in self.floors:
            value = self.value(portfolio, target)
            measure = self.program.targets[target].measure
            name, rounding = f"{measure} settled before", 1e-9 * abs(floor)
            found.append(Check(name, "programme", "", ">=", value, floor, "", rounding, by_rule=False))
        return tuple(found)


@dataclass
class Told:
    """What the solves of one search left to say, shared by every control of it.

    Parameters
    ----------
    interrupted : bool
        Somebody asked to stop: nothing is searched from then on.
    solver : str
    notes : list of str
        That a solver failed and another took over.
    """

    interrupted: bool = False
    solver: str = ""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Control:
    """Time, interruption and progress over many solves.

    Parameters
    ----------
    options : ChoiceOptions
    started : float
        Reading of the options' clock from which time counts.
    share : float
        Seconds after the start at which this part of the search ends, if that is before the time limit.
    told : Told
    """

    options: ChoiceOptions
    started: float
    share: float = np.inf
    told: Told = field(default_factory=Told)

    @classmethod
    def begin(cls, options: ChoiceOptions, started: float | None = None) -> Control:
        """Return the control of a search that starts now, or started before."""
        return cls(options, options.clock() if started is None else started)

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self.options.clock() - self.started

    @property
    def left(self) -> float:
        """Seconds left; none once somebody asked to stop."""
        return 0.0 if self.told.interrupted else min(self.options.time_limit_seconds, self.share) - self.elapsed

    def until(self, seconds: float) -> Control:
        """Return a control of the same search that stops after so many more seconds at most."""
        return replace(self, share=min(self.share, self.elapsed + seconds))

    @property
    def stopped_by(self) -> StoppedBy:
        """What ends a search that has no time left."""
        return StoppedBy.INTERRUPT if self.told.interrupted else StoppedBy.TIME

    def run(
        self, program: ArrayProgram, start: np.ndarray | None, known: tuple[float, float], gap: float | None = None
    ) -> RawSolution:
        """Solve one program within what is left."""
        raw = solve(
            program,
            SolverOptions(
                solver=self.options.solver,
                gap=self.options.gap if gap is None else gap,
                time_limit_seconds=max(self.left, 0.0),
                work_limit_nodes=self.options.work_limit_nodes,
                seed=self.options.seed,
                progress=self._relay(known),
                start=start,
            ),
        )
        self.told.solver = raw.solver
        self.told.notes += raw.notes
        self.told.interrupted |= raw.stopped_by is StoppedBy.INTERRUPT
        # Whoever asked to stop left the later solves no time.
        return replace(raw, stopped_by=self.stopped_by) if raw.stopped_by is StoppedBy.TIME else raw

    def _relay(self, known: tuple[float, float]) -> Callable[[Progress], bool | None] | None:
        """A round's own incumbent may break a rule still held by cuts, so only what is judged good is passed on."""
        told = self.options.progress
        if told is None:
            return None
        value, bound = known

        def relay(progress: Progress) -> bool | None:
            return told(Progress(self.elapsed, value, min(bound, progress.bound_gbp)))

        return relay


@dataclass(frozen=True)
class Settled:
    """What one search found.

    Parameters
    ----------
    status : Status
    portfolio : Portfolio or None
    value, bound : float
    stopped_by : StoppedBy
    """

    status: Status
    portfolio: Portfolio | None
    value: float
    bound: float
    stopped_by: StoppedBy


def settle(
    program: Program,
    pool: Pool,
    judge: Judge,
    target: int,
    control: Control,
    skipped: frozenset[str] = frozenset(),
    given: Portfolio | None = None,
) -> Settled:
    """Find the best portfolio of a program, CVaR rules exact by cuts.

    Parameters
    ----------
    program : Program
        Rows to keep; may hold rows and binaries beyond the judge's program.
    pool : Pool
        CVaR rows found before; new ones are added to it.
    judge : Judge
    target : int
    control : Control
    skipped : frozenset of str
        Rules whose check may be broken here (chance rows not in the program yet).

    Returns
    -------
    Settled
        Portfolio and bound for the program as it stands.
    """
    goal = replace(program, targets=(program.targets[target],))
    lazy = [risk for risk in goal.risks if not risk.full and not risk.is_chance]
    root = None
    if lazy or goal.candidates.n_bundles >= PRICED_FROM:
        root = solve_root(goal, pool, lazy, lambda: control.left)
        if root.status is Status.INFEASIBLE:
            return Settled(Status.INFEASIBLE, None, np.nan, -np.inf, StoppedBy.PROOF)
    rounds = _Rounds(goal, pool, judge, target, control, lazy, skipped)
    if given is not None:
        rounds.best, rounds.value = given, judge.value(given, target)
    if root is not None and root.status is Status.OPTIMAL and goal.candidates.n_bundles >= PRICED_FROM:
        rounds.bound = root.bound
        rounds.first(root)
        return rounds.run(root)
    return rounds.run(None)


@dataclass
class _Rounds:
    """Integer rounds of one search: solve, judge, cut."""

    goal: Program
    pool: Pool
    judge: Judge
    target: int
    control: Control
    lazy: list[Risk]
    skipped: frozenset[str]
    best: Portfolio | None = None
    value: float = -np.inf
    bound: float = np.inf

    @property
    def gap(self) -> float:
        return relative_gap(self.value, self.bound)

    def first(self, root: Root) -> None:
        """Find a good first portfolio among the most promising columns; it bounds nothing."""
        for _ in range(FIRST_ROUNDS):
            raw = self.solve(root.first(self.goal), FIRST_GAP, self.control.until(FIRST_SHARE * self.control.left))
            if raw.values is None or not self.judged(raw.values) or raw.stopped_by is not StoppedBy.GAP:
                return
            if relative_gap(self.value, raw.bound) <= FIRST_ENOUGH:
                return

    def solve(self, columns: np.ndarray | None, gap: float, control: Control) -> RawSolution:
        """Solve the program with the pool's rows over some columns (None: all)."""
        whole = self.pool.onto(self.goal)
        start = np.full(whole.n_variables, np.nan)
        if self.best is not None:
            start[: self.goal.n_columns] = self.judge.columns(self.best)
        if columns is None:
            return control.run(whole, start if self.best is not None else None, (self.value, self.bound), gap)
        columns = np.concatenate([columns, np.arange(self.goal.n_variables, whole.n_variables)])
        part = start[columns] if self.best is not None else None
        raw = control.run(whole.restricted(columns), part, (self.value, self.bound), gap)
        if raw.values is None:
            return raw
        values = np.zeros(whole.n_variables)
        values[columns] = raw.values
        return replace(raw, values=values)

    def judged(self, values: np.ndarray) -> bool:
        """Take a solver's portfolio if it is good; True when something was cut or ruled out for the next round."""
        portfolio = self.judge.portfolio(values)
        cut = cut_broken(self.lazy, self.pool, self.judge.columns(portfolio), values)
        if all(check.passes(self.skipped) for check in self.judge.checks(portfolio)):
            found = self.judge.value(portfolio, self.target)
            if found > self.value:
                self.best, self.value = portfolio, found
            return cut
        if not cut:
            self.pool.excluded.append(portfolio.chosen)
        return True

    def run(self, root: Root | None) -> Settled:
        """Solve round by round until the gap, the clock or the work limit says stop."""
        wanted = self.control.options.gap
        # Half the gap is left to the cuts, unless it is so small that only exact rounds can reach it.
        inner = 0.5 * wanted if self.lazy and wanted >= 1e-4 else wanted
        while True:
            if self.best is not None and self.gap <= wanted:
                return Settled(Status.OPTIMAL, self.best, self.value, max(self.bound, self.value), StoppedBy.GAP)
            columns = None
            if root is not None and self.best is not None:
                columns = root.useful(self.goal, self.value)
            raw = self.solve(columns, inner, self.control)
            self.bound = min(self.bound, max(raw.bound, self.value))
            if raw.values is None:
                return _without_values(raw, self.best, self.value, self.bound)
            cut = self.judged(raw.values)
            self.bound = max(self.bound, self.value)
            if self.best is not None and self.gap <= wanted:
                continue
            if raw.stopped_by not in (StoppedBy.GAP, StoppedBy.PROOF) or self.control.left <= 0 or not cut:
                return _stopped(raw, self.best, self.value, self.bound, cut)


def _without_values(raw: RawSolution, best: Portfolio | None, value: float, bound: float) -> Settled:
    if raw.status is Status.INFEASIBLE and best is not None:
        return Settled(Status.OPTIMAL, best, value, value, StoppedBy.PROOF)
    if raw.status in (Status.INFEASIBLE, Status.UNBOUNDED, Status.FAILED) and best is None:
        return Settled(raw.status, None, np.nan, raw.bound, raw.stopped_by)
    status = Status.UNPROVEN if best is None else Status.FEASIBLE
    return Settled(status, best, value if best is not None else np.nan, bound, raw.stopped_by)


def _stopped(raw: RawSolution, best: Portfolio | None, value: float, bound: float, cut: bool) -> Settled:
    if best is None:
        return Settled(Status.UNPROVEN, None, np.nan, bound, raw.stopped_by)
    # The solver proved its own gap on values that differ from ours by rounding only.
    proven = raw.status is Status.OPTIMAL and not cut
    stopped_by = raw.stopped_by if raw.stopped_by is not StoppedBy.GAP or proven else StoppedBy.TIME
    return Settled(Status.OPTIMAL if proven else Status.FEASIBLE, best, value, max(bound, value), stopped_by)
