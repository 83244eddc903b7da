"""What is known without any search: portfolios at hand that keep every rule, and a bound from the slots alone.

A search that is stopped falls back on these, so it never comes back with less than was there before it began
(docs/decisions/088).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from sharesim.choice.portfolio import Portfolio
from sharesim.choice.program import Program
from sharesim.choice.risk import HeldBlock, extent
from sharesim.choice.search import Judge, Settled
from sharesim.choice.solution import Status, StoppedBy
from sharesim.choice.view import View


def at_hand(program: Program, judge: Judge, others: Iterable[np.ndarray] = ()) -> list[Portfolio]:
    """Return the portfolios that need no search and keep every rule: the fewest bundles allowed, and `others`.

    Parameters
    ----------
    program : Program
        With the rows and bounds of the question at hand, where it is narrower than the study's.
    judge : Judge
    others : iterable of ndarray of int
        Chosen bundles of portfolios found before; those that break a rule of this question are left out.
    """
    # Sharing nothing, or only what the question itself holds fixed.
    fewest = np.flatnonzero(program.lower[: program.candidates.n_bundles] > 0.5)
    found = [Portfolio(program.candidates, chosen, judge.source) for chosen in (fewest, *others)]
    return [
        portfolio
        for portfolio in found
        if program.allows(judge.variables(portfolio)) and all(check.holds for check in judge.checks(portfolio))
    ]


def ceiling(program: Program, target: int) -> float:
    """Return what no portfolio can exceed, from the slots alone: rough, and there before any solver has run.

    Examples
    --------
    >>> from sharesim.choice.choose import choose
    >>> from sharesim.choice.formulation import build
    >>> from sharesim.study.rules import Objective
    >>> from sharesim.testing import small_case
    >>> case = small_case()
    >>> highest = ceiling(build(case.candidates, [], Objective(kind="mean"), None), 0)
    >>> highest >= choose(case.candidates, None).value_gbp
    True
    """
    column, width = program.targets[target].column, program.n_columns
    # One draw that holds the target's own coefficients.
    block = HeldBlock(np.arange(width), column[:width, None], width)
    _, high = extent(View(program.candidates), block)
    rest = np.flatnonzero(column[width:]) + width
    reach = np.where(column[rest] > 0, program.upper[rest], program.lower[rest]) * column[rest]
    return float(high[0] + reach.sum())


def no_less(found: Settled, known: Iterable[Portfolio], judge: Judge, target: int) -> Settled:
    """Return what a search found, or a portfolio known before where it came back with less or with nothing."""
    best = max(known, key=lambda portfolio: judge.value(portfolio, target), default=None)
    if best is None or found.status is Status.OPTIMAL or found.status is Status.UNBOUNDED:
        return found
    value = judge.value(best, target)
    if found.portfolio is not None and value <= found.value:
        return found
    bound = found.bound if np.isfinite(found.bound) else np.inf
    stopped_by = StoppedBy.FAILURE if found.status is Status.FAILED else found.stopped_by
    return replace(
        found, status=Status.FEASIBLE, portfolio=best, value=value, bound=max(bound, value), stopped_by=stopped_by
    )


def bounded(found: Settled, program: Program, target: int) -> Settled:
    """Return what a search found with a finite bound: the one of the slots where it was stopped before any other."""
    if found.bound < np.inf or found.status in (Status.UNBOUNDED, Status.FAILED):
        return found
    value = found.value if found.portfolio is not None else -np.inf
    return replace(found, bound=max(ceiling(program, target), value))
