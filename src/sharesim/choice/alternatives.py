"""Other good portfolios: the next best, and the most different ones that are nearly as good."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np
from scipy import sparse

from sharesim.choice.candidates import Candidates, DrawSource
from sharesim.choice.choose import choose_program
from sharesim.choice.formulation import build
from sharesim.choice.portfolio import Portfolio
from sharesim.choice.program import Program, Target
from sharesim.choice.search import ChoiceOptions, Judge
from sharesim.choice.solution import Solution, Status, worst
from sharesim.choice.view import View
from sharesim.display import record
from sharesim.study.rules import Objective, RuleBase


@record
class Alternative:
    """One other portfolio.

    Parameters
    ----------
    solution : Solution
        Its `value_gbp` is the objective of the study, whatever was maximised to find it.
    given_up_gbp : float
        What the best portfolio is worth more.
    differs_share : float
        Share of (council, service) slots whose partners differ from the best portfolio's.
    """

    solution: Solution
    given_up_gbp: float
    differs_share: float


@dataclass(frozen=True)
class Alternatives(Sequence[Alternative]):
    """Other portfolios in order, the best first, and whether their searches came to an end.

    Parameters
    ----------
    found : tuple of Alternative
    complete : bool
        False when some search was stopped: an even better, or more different, portfolio may be missing.
    """

    found: tuple[Alternative, ...]
    complete: bool

    def __len__(self) -> int:
        return len(self.found)

    @overload
    def __getitem__(self, at: int) -> Alternative: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[Alternative, ...]: ...

    def __getitem__(self, at: int | slice) -> Alternative | tuple[Alternative, ...]:
        return self.found[at]


def signatures(candidates: Candidates) -> np.ndarray:
    """Return a number per bundle: equal for equal services, partners and hosts, whatever start and form, shape (B,).

    Examples
    --------
    >>> from sharesim.testing import small_case
    >>> len(set(signatures(small_case().candidates).tolist()))
    14
    """
    known: dict[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], int], int] = {}
    found = np.zeros(candidates.n_bundles, dtype=np.int64)
    for bundle in range(candidates.n_bundles):
        hosts = candidates.partners[bundle][candidates.host_share[bundle] > 0]
        key = (
            tuple(sorted(candidates.services_of[bundle].tolist())),
            tuple(candidates.partners[bundle].tolist()),
            tuple(sorted(hosts.tolist())),
            int(candidates.stage[bundle]),
        )
        found[bundle] = known.setdefault(key, len(known))
    return found


def partner_sets(candidates: Candidates, chosen: np.ndarray) -> dict[tuple[int, int], frozenset[int]]:
    """Return the partners of every (council, service) that a portfolio shares."""
    found: dict[tuple[int, int], frozenset[int]] = {}
    for bundle in chosen.tolist():
        partners = candidates.partners[bundle][candidates.partners[bundle] >= 0]
        if len(partners) > 1:
            for service in candidates.services_of[bundle].tolist():
                found.update({(int(council), int(service)): frozenset(partners.tolist()) for council in partners})
    return found


def difference(candidates: Candidates, one: np.ndarray, other: np.ndarray) -> float:
    """Return the share of (council, service) slots whose partners differ between two portfolios."""
    slots = np.argwhere(View(candidates).has_service)
    first, second = partner_sets(candidates, one), partner_sets(candidates, other)
    differ = sum(first.get((a, s)) != second.get((a, s)) for a, s in map(tuple, slots.tolist()))
    return differ / max(len(slots), 1)


def best_few(
    candidates: Candidates,
    source: DrawSource | None,
    rules: Iterable[RuleBase],
    objective: Objective | None = None,
    options: ChoiceOptions | None = None,
    *,
    count: int = 5,
) -> Alternatives:
    """Return the best portfolios in order, distinct in services, partners and hosts; another start is not another one.

    Parameters
    ----------
    count : int
        Most portfolios, the best itself among them; fewer when there are no more.

    Examples
    --------
    >>> from sharesim.testing import small_case
    >>> case = small_case()
    >>> [round(item.given_up_gbp) > 0 for item in best_few(case.candidates, case.source, [], count=3)]
    [False, True, True]
    """
    options = replace(options or ChoiceOptions(), binding=False)
    program = build(candidates, rules, objective or Objective(kind="mean"), source, full_draws=options.full_draws)
    kind, complete = signatures(candidates), True
    found: list[Solution] = []
    while len(found) < count:
        solution = choose_program(program, source, options)
        complete &= _ended(solution)
        if not solution.status.has_portfolio:
            break
        found.append(solution)
        program = _without_signature(program, kind, solution.chosen)
    return _alternatives(candidates, found, complete)


def _ended(solution: Solution) -> bool:
    """Return whether a search came to an end by itself."""
    return solution.status in (Status.OPTIMAL, Status.INFEASIBLE)


def _without_signature(program: Program, kind: np.ndarray, chosen: np.ndarray) -> Program:
    """Not all of these (services, partners, hosts) together with none else."""
    taken = np.unique(kind[chosen])
    row = np.zeros(program.n_variables)
    row[: len(kind)] = np.where(np.isin(kind, taken), 1.0, -1.0)
    bounds = (np.array([-np.inf]), np.array([len(taken) - 1.0]))
    return program.with_rows(sparse.csr_array(row[None]), bounds, ["another"])


def _alternatives(candidates: Candidates, found: list[Solution], complete: bool) -> Alternatives:
    others = tuple(
        Alternative(item, found[0].value_gbp - item.value_gbp, difference(candidates, found[0].chosen, item.chosen))
        for item in found
    )
    return Alternatives(others, complete)


def most_different(
    candidates: Candidates,
    source: DrawSource | None,
    rules: Iterable[RuleBase],
    objective: Objective | None = None,
    options: ChoiceOptions | None = None,
    *,
    give_up_share: float = 0.02,
    count: int = 3,
) -> Alternatives:
    """Return portfolios nearly as good as the best that differ most, each from all before it.

    Parameters
    ----------
    give_up_share : float
        How much of the best value may be given up, such as 0.01 to 0.05.
    count : int
        Most portfolios beside the best.

    Returns
    -------
    Alternatives
        The best first; then each maximises the smallest share of slots whose partners differ from those before.

    Examples
    --------
    >>> from sharesim.testing import small_case
    >>> case = small_case()
    >>> found = most_different(case.candidates, case.source, [], give_up_share=0.2, count=1)
    >>> found[1].differs_share > 0, found[1].given_up_gbp <= 0.2 * found[0].solution.value_gbp
    (True, True)
    """
    options = replace(options or ChoiceOptions(), binding=False)
    objective = objective or Objective(kind="mean")
    program = build(candidates, rules, objective, source, full_draws=options.full_draws)
    best = choose_program(program, source, options)
    if not best.status.has_portfolio:
        return Alternatives((), _ended(best))
    floor = best.value_gbp - give_up_share * abs(best.value_gbp)
    row = sparse.csr_array(program.objective[None])
    near = program.with_rows(row, (np.array([floor]), np.array([np.inf])), ["nearly as good"])
    found, complete = [best], _ended(best)
    while len(found) <= count:
        solution = _furthest(near, source, options, [item.chosen for item in found])
        complete &= _ended(solution)
        if not solution.status.has_portfolio or solution.value_gbp < floor - 1e-9 * abs(floor):
            break
        found.append(solution)
    return _alternatives(candidates, found, complete)


def _furthest(program: Program, source: DrawSource | None, options: ChoiceOptions, known: list[np.ndarray]) -> Solution:
    """Maximise d, where d is at most the difference from each known portfolio; INFEASIBLE when none differs."""
    view, column = View(program.candidates), program.n_variables
    wide = program.with_variables(["difference"], np.zeros(1), np.ones(1), np.zeros(1, bool))
    rows, upper = zip(*(_sameness(view, chosen, column) for chosen in known), strict=True)
    names = [f"differs from {number}" for number in range(len(known))]
    wide = wide.with_rows(sparse.csr_array(np.array(rows)), (np.full(len(known), -np.inf), np.array(upper)), names)
    return _solve_difference(program, wide, (source, options), known)


def _sameness(view: View, chosen: np.ndarray, column: int) -> tuple[np.ndarray, float]:
    """Row that says: difference + share of slots that stay the same <= 1."""
    candidates = view.candidates
    sets, slots = partner_sets(candidates, chosen), np.argwhere(view.has_service)
    row, constant = np.zeros(column + 1), 0.0
    row[column] = 1.0
    for council, service in map(tuple, slots.tolist()):
        covering = view.covering(council, service)
        wanted = sets.get((council, service))
        if wanted is None:
            # Unshared stays the same unless some bundle shares it.
            constant += 1.0 / len(slots)
            row[covering] -= 1.0 / len(slots)
        else:
            held = [
                b for b in covering if frozenset(candidates.partners[b][candidates.partners[b] >= 0].tolist()) == wanted
            ]
            row[held] += 1.0 / len(slots)
    return row, 1.0 - constant


def _solve_difference(
    program: Program, wide: Program, how: tuple[DrawSource | None, ChoiceOptions], known: list[np.ndarray]
) -> Solution:
    """Difference first, then the study's own objective among the most different; no better proven than the worse."""
    source, options = how
    started = options.clock()
    target = np.zeros(wide.n_variables)
    target[-1] = 1.0
    judged = replace(wide, targets=(Target("difference", target),))

    def least(portfolio: Portfolio) -> float:
        return min(difference(program.candidates, portfolio.chosen, chosen) for chosen in known)

    found = choose_program(judged, source, replace(options, ties=False), started=started, measure=least)
    if not found.status.has_portfolio:
        return found
    reached = found.value_gbp
    if reached <= 0:
        none = Status.INFEASIBLE if found.status is Status.OPTIMAL else Status.UNPROVEN
        return replace(found, status=none)
    bounds = (wide.lower.copy(), wide.upper)
    bounds[0][-1] = reached - 1e-9
    better = choose_program(replace(wide, lower=bounds[0]), source, options, started=started, known=[found.chosen])
    if not better.status.has_portfolio:
        return better
    portfolio = Portfolio(program.candidates, better.chosen, source)
    value = Judge(program, source).value(portfolio, 0)
    return replace(better, status=worst(found.status, better.status), value_gbp=value)
