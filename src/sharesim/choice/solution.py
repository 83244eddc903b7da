"""What the choice answers: a portfolio, how good it is, how good any could be, and every rule checked again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from sharesim.display import record


class Status(Enum):
    """How far an answer may be trusted.

    ======================  ==========================================================================================
    ``OPTIMAL``             no portfolio that keeps the rules is worth more, to the gap that was asked for
    ``FEASIBLE``            keeps every rule; stopped before the gap was reached; value and bound both hold
    ``RESTRICTED``          keeps every rule; best under a stricter stand-in for a chance rule; the bound still holds
    ``INFEASIBLE``          proven: no portfolio keeps all rules
    ``UNBOUNDED``           the program has no finite best (a fault in what was handed in)
    ``UNPROVEN``            stopped with no portfolio found and no proof that there is none
    ``FAILED``              the solver failed; the notes say how
    ======================  ==========================================================================================
    """

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    RESTRICTED = "restricted"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    UNPROVEN = "unproven"
    FAILED = "failed"

    @property
    def has_portfolio(self) -> bool:
        """True when a portfolio that keeps every rule comes with the status."""
        return self in (Status.OPTIMAL, Status.FEASIBLE, Status.RESTRICTED)

    @property
    def doubt(self) -> int:
        """How little is proven, 0 for the most: of several searches, the answer is no better proven than the worst."""
        rest = [status for status in Status if not status.has_portfolio]
        return [Status.OPTIMAL, Status.RESTRICTED, Status.FEASIBLE, *rest].index(self)


def worst(*found: Status) -> Status:
    """Return the status of what several searches found together: the one that proves least.

    Examples
    --------
    >>> worst(Status.OPTIMAL, Status.FEASIBLE, Status.RESTRICTED)
    <Status.FEASIBLE: 'feasible'>
    """
    return max(found, key=lambda status: status.doubt)


class StoppedBy(Enum):
    """What ended the search."""

    GAP = "gap"
    TIME = "time"
    WORK = "work"
    INTERRUPT = "interrupt"
    PROOF = "proof"
    FAILURE = "failure"


@dataclass(frozen=True)
class About:
    """Whom or what a check measured, as ids; empty for the whole portfolio.

    Parameters
    ----------
    council, service : str
        Ids; a council and a service may have the same one.
    year : int or None
        Calendar year.

    Examples
    --------
    >>> str(About("bolsover", "hr")), str(About("bolsover", year=2027)), str(About())
    ('bolsover|hr', 'bolsover 2027', '')
    """

    council: str = ""
    service: str = ""
    year: int | None = None

    def __str__(self) -> str:
        cell = "|".join(item for item in (self.council, self.service) if item)
        return cell if self.year is None else f"{cell} {self.year}"


@dataclass(frozen=True)
class Check:
    """One rule at one subject, recomputed from the candidates and the draws by sharesim's own arithmetic.

    Parameters
    ----------
    rule, owner : str
        Name of the rule and who set it.
    subject : str
        What was measured, such as ``bolsover 2027``; empty for the whole portfolio.
    relation : {"<=", ">=", "=="}
    measured, limit : float
        In `unit`.
    unit : str
    tolerance : float
        Rounding of the sum that was compared, never a margin: 1e-9 of the largest amounts added.
    about : About
        The subject as ids.
    by_rule : bool
        False for what holds without any rule, whatever the rules are called.

    Examples
    --------
    >>> Check("cap", "programme", "2027", "<=", 90.0, 100.0, "GBP").slack
    10.0
    """

    rule: str
    owner: str
    subject: str
    relation: str
    measured: float
    limit: float
    unit: str = ""
    tolerance: float = 0.0
    about: About = About()
    by_rule: bool = True

    @property
    def slack(self) -> float:
        """Room left in the rule's unit; negative when it is broken."""
        if self.relation == "<=":
            return self.limit - self.measured
        if self.relation == ">=":
            return self.measured - self.limit
        return -abs(self.measured - self.limit)

    @property
    def holds(self) -> bool:
        """True when the rule is kept, rounding of the sum apart."""
        return bool(self.slack >= -self.tolerance)

    def passes(self, spared: Collection[str]) -> bool:
        """True when the rule is kept, or is one of those spared; what holds without any rule is never spared."""
        return self.holds or (self.by_rule and self.rule in spared)

    def __str__(self) -> str:
        where = f"{self.rule} ({self.subject})" if self.subject else self.rule
        verdict = "holds" if self.holds else "BROKEN"
        return f"{where}: {self.measured:,.6g} {self.relation} {self.limit:,.6g} {self.unit}".rstrip() + f": {verdict}"


@dataclass(frozen=True)
class Stage:
    """One measure of a lexicographic objective: its best, and the proof.

    Parameters
    ----------
    measure : str
    value, bound : float
        In the measure's own unit; for ``exits`` fewer is better, so the bound is a lower one. Of the measure's own
        search: of what is found, later measures may give up the share that the objective allows.
    status : Status
        Of the measure's own search.
    stopped_by : StoppedBy
    """

    measure: str
    value: float
    bound: float
    status: Status
    stopped_by: StoppedBy

    @property
    def gap(self) -> float:
        """|bound - value| as a share of |value|; 0 where they are the same, inf where the value is nothing."""
        open_by = abs(self.bound - self.value)
        return open_by / abs(self.value) if self.value else float("inf") if open_by else 0.0

    def __str__(self) -> str:
        least = "at least" if self.measure == "exits" else "at most"
        return f"{self.measure} {self._said(self.value)} of {least} {self._said(self.bound)} ({self.status.value})"

    def _said(self, value: float) -> str:
        if self.measure == "quality":
            return f"{value:.2%}"
        return f"{value:,.1f} posts" if self.measure == "exits" else f"{'-' if value < 0 else ''}£{abs(value):,.0f}"


@dataclass(frozen=True)
class Progress:
    """Where a running search stands.

    Parameters
    ----------
    seconds : float
    incumbent_gbp, bound_gbp : float
        Best value found (-inf before any) and proven bound (inf before any).
    """

    seconds: float
    incumbent_gbp: float
    bound_gbp: float

    @property
    def gap(self) -> float:
        """(bound - value) / max(|value|, 1)."""
        return relative_gap(self.incumbent_gbp, self.bound_gbp)


def relative_gap(value: float, bound: float) -> float:
    """Return how much better than `value` a portfolio could still be, as a share of it.

    Examples
    --------
    >>> round(relative_gap(100.0, 103.0), 6)
    0.03
    """
    if not (np.isfinite(value) and np.isfinite(bound)):
        return float("inf")
    return float(max(bound - value, 0.0) / max(abs(value), 1.0))


@record
class Solution:
    """The answer to "which bundles should be agreed together?".

    Parameters
    ----------
    status : Status
    chosen : ndarray of int64
        Indices of the chosen bundles, ascending; empty when there is no portfolio.
    activations : ndarray of int64
        Indices of the activation columns that these bundles need.
    value_gbp : float
        Objective of the portfolio (for lexicographic objectives: of the first measure); nan without a portfolio.
    bound_gbp : float
        No portfolio that keeps the rules has a higher objective. -inf when none exists.
    mean_npv_gbp : float
        Mean NPV over the choosing draws, whatever the objective; nan without a portfolio.
    checks : tuple of Check
    binding : tuple of str
        Names of the rules without which the portfolio would not be the best, as far as one change can show.
    stages : tuple of Stage
        One per measure of a lexicographic objective; empty otherwise.
    stopped_by : StoppedBy
    seconds : float
        Elapsed time; never part of a comparison between runs.
    solver : str
        Solver and version that ran.
    notes : tuple of str
        What a reader must know: how a chance rule was modelled, what a restricted answer leaves open.
    """

    status: Status
    chosen: np.ndarray
    activations: np.ndarray
    value_gbp: float
    bound_gbp: float
    mean_npv_gbp: float
    checks: tuple[Check, ...] = ()
    binding: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    stopped_by: StoppedBy = StoppedBy.GAP
    seconds: float = 0.0
    solver: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def gap(self) -> float:
        """(bound - value) / max(|value|, 1); of measures in turn the widest of theirs; inf without a portfolio."""
        if self.stages:
            return max(stage.gap for stage in self.stages)
        return relative_gap(self.value_gbp, self.bound_gbp)

    @property
    def broken(self) -> tuple[Check, ...]:
        """Checks that do not hold; always empty in an answer that `choose` hands out."""
        return tuple(check for check in self.checks if not check.holds)

    def summary(self) -> str:
        """Return the answer in a few lines of text."""
        lines = [f"status: {self.status.value} (stopped by {self.stopped_by.value}, {self.solver})"]
        if self.status.has_portfolio:
            lines.append(f"value: £{self.value_gbp:,.0f}; no portfolio is worth more than £{self.bound_gbp:,.0f}")
            lines.append(f"gap: {self.gap:.4%}; bundles: {len(self.chosen)}; mean NPV: £{self.mean_npv_gbp:,.0f}")
            lines.extend(f"in turn, {stage}" for stage in self.stages)
            lines.append("binding rules: " + (", ".join(self.binding) or "none"))
        lines.extend(self.notes)
        return "\n".join(lines)
