"""What must be given up of one thing for more of another, with the portfolio at every point."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import sparse

from sharesim.choice.candidates import Candidates, DrawSource
from sharesim.choice.choose import choose_program
from sharesim.choice.formulation import build
from sharesim.choice.portfolio import Portfolio, cvar
from sharesim.choice.program import Program
from sharesim.choice.search import ChoiceOptions
from sharesim.choice.solution import Solution, Status
from sharesim.choice.view import unused_name
from sharesim.display import record
from sharesim.errors import Fault, UsageError
from sharesim.study.rules import LossProbability, Objective, RuleBase

AGAINST = ("cvar", "loss_probability", "exits", "non_cashable")
# Measures of which less is better.
LESS = ("loss_probability", "exits")


@record
class Point:
    """One point of a frontier.

    Parameters
    ----------
    mean_npv_gbp : float
    other : float
        CVaR or non-cashable savings in GBP, P(NPV < 0), or expected exits.
    solution : Solution
    """

    mean_npv_gbp: float
    other: float
    solution: Solution


@record
class Frontier:
    """Portfolios of which none is better than another in both measures.

    Parameters
    ----------
    against : {"cvar", "loss_probability", "exits", "non_cashable"}
    points : tuple of Point
        From the highest mean NPV down.
    complete : bool
        False when the clock stopped some search short of its gap: of a point, of one that then is not among the points,
        or of an end, between which the points lie.
    """

    against: str
    points: tuple[Point, ...]
    complete: bool


def frontier(
    candidates: Candidates,
    source: DrawSource | None,
    rules: Iterable[RuleBase],
    *,
    against: str = "cvar",
    level: float = 0.05,
    n_points: int = 9,
    options: ChoiceOptions | None = None,
) -> Frontier:
    """Return the best mean NPV for each level of CVaR, P(loss), exits or non-cashable savings.

    Parameters
    ----------
    candidates : Candidates
    source : DrawSource or None
        Needed for CVaR and P(loss).
    rules : iterable of RuleBase
        Hold at every point.
    against : {"cvar", "loss_probability", "exits", "non_cashable"}
    level : float
        Share of worst draws in CVaR.
    n_points : int
        Most points; duplicates are merged and dominated points left out.
    options : ChoiceOptions, optional
        The time limit holds for each solve.

    Examples
    --------
    >>> from sharesim.testing import small_case
    >>> case = small_case()
    >>> found = frontier(case.candidates, case.source, [], against="exits", n_points=4)
    >>> [point.mean_npv_gbp for point in found.points] == sorted((p.mean_npv_gbp for p in found.points), reverse=True)
    True
    """
    if against not in AGAINST:
        raise UsageError(
            Fault("frontier.against", "unknown measure", repr(against), ", ".join(AGAINST), "Use one of these.")
        )
    options = replace(options or ChoiceOptions(), binding=False)
    rules = tuple(rule for rule in rules if rule.active)
    solver = _Loss if against == "loss_probability" else _Measured
    run = solver(candidates, source, rules, against, level, options)
    ends = run.ends()
    limits = np.linspace(*ends, n_points) if ends is not None else ()
    solved = [item for item in map(run.at, limits) if item is not None]
    return Frontier(against, _undominated(solved, against), run.complete)


def _undominated(points: list[Point], against: str) -> tuple[Point, ...]:
    """Merge equal portfolios and drop points that another beats; from the highest mean down."""
    sign = -1.0 if against in LESS else 1.0
    unique = {tuple(point.solution.chosen.tolist()): point for point in points}
    ordered = sorted(unique.values(), key=lambda point: (-point.mean_npv_gbp, -sign * point.other))
    kept: list[Point] = []
    for point in ordered:
        if not kept or sign * point.other > sign * kept[-1].other + 1e-9 * max(abs(kept[-1].other), 1e-6):
            kept.append(point)
    return tuple(kept)


@dataclass
class _Measured:
    """Frontier against something the program has a target for: limit it, take the best mean, then the best of it."""

    candidates: Candidates
    source: DrawSource | None
    rules: tuple[RuleBase, ...]
    against: str
    level: float
    options: ChoiceOptions
    complete: bool = True
    known: list[np.ndarray] = field(default_factory=list)

    def program(self, order: tuple[str, str]) -> Program:
        objective = Objective(kind="lexicographic", order=order, level=self.level)
        return build(self.candidates, self.rules, objective, self.source, full_draws=self.options.full_draws)

    def ends(self) -> tuple[float, float] | None:
        """Return the other measure (more is better) at the best mean, and at its own best."""
        best_mean = self.solve(self.program(("npv", self.against)))
        best_other = self.solve(self.program((self.against, "npv")))
        if best_mean is None or best_other is None:
            return None
        sign = -1.0 if self.against in LESS else 1.0
        return sign * best_mean.other, sign * best_other.other

    def at(self, limit: float) -> Point | None:
        program = self.program(("npv", self.against))
        slack = 1e-9 * max(abs(limit), 1.0)
        row = sparse.csr_array(program.targets[1].column[None])
        return self.solve(program.with_rows(row, (np.array([limit - slack]), np.array([np.inf])), ["frontier"]))

    def solve(self, program: Program) -> Point | None:
        found = choose_program(program, self.source, self.options, known=self.known)
        self.complete &= found.status in (Status.OPTIMAL, Status.INFEASIBLE)
        if not found.status.has_portfolio:
            return None
        self.known.append(found.chosen)
        portfolio = Portfolio(self.candidates, found.chosen, self.source)
        return Point(found.mean_npv_gbp, self.measure(portfolio), found)

    def measure(self, portfolio: Portfolio) -> float:
        chosen = portfolio.chosen
        if self.against == "cvar":
            return cvar(portfolio.draws, self.level)
        if self.against == "exits":
            exits = self.candidates.compulsory_exits + self.candidates.voluntary_exits
            return float(exits[chosen].sum())
        if self.against == "loss_probability":
            return float((portfolio.draws < 0).mean())
        return float(self.candidates.non_cashable_gbp[chosen].sum())


@dataclass
class _Loss(_Measured):
    """Frontier against P(loss): every point is a chance rule of its own."""

    def ends(self) -> tuple[float, float] | None:
        best_mean = self.solve(self._limited(None))
        if best_mean is None:
            return None
        # An empty portfolio loses nothing, so the other end is known without solving.
        return best_mean.other, 0.0

    def at(self, limit: float) -> Point | None:
        return self.solve(self._limited(limit))

    def _limited(self, limit: float | None) -> Program:
        rules = self.rules
        if limit is not None:
            most = min(max(limit, 1e-9), 1 - 1e-9)
            name = unused_name("frontier", rules)
            rules = (*rules, LossProbability(kind="loss_probability", name=name, most=most))
        return build(self.candidates, rules, Objective(kind="mean"), self.source, full_draws=self.options.full_draws)
