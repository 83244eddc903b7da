"""What rules cost, why nothing satisfies them all, and what would."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sharesim.choice.candidates import Candidates, DrawSource
from sharesim.choice.choose import choose_program
from sharesim.choice.formulation import build
from sharesim.choice.known import at_hand
from sharesim.choice.portfolio import Portfolio
from sharesim.choice.program import Program, Target
from sharesim.choice.search import ChoiceOptions, Judge
from sharesim.choice.solution import Solution, Status, worst
from sharesim.study.rules import Objective, RuleBase


@dataclass(frozen=True)
class RuleCost:
    """What one rule, or all rules of one owner, take from the best portfolio.

    Parameters
    ----------
    name : str
        Rule name, or owner.
    kind : {"rule", "owner"}
    low_gbp, high_gbp : float
        The cost lies between them: [value without - bound with, bound without - value with], never below 0. In GBP of
        the objective (mean NPV by default).
    mean_npv_gbp : float
        Mean NPV of the portfolio without it less that with it; may be negative when the objective is not the mean.
    loss_probability : float
        P(NPV < 0) without it less with it; nan without draws.
    status : Status
        Of the choices with and without it: the one that proves less.
    owner : str
        Who set the rule, or the owner itself.
    n_rules : int
        How many rules were left out.
    """

    name: str
    kind: str
    low_gbp: float
    high_gbp: float
    mean_npv_gbp: float
    loss_probability: float
    status: Status
    owner: str = ""
    n_rules: int = 1


def rule_costs(
    candidates: Candidates,
    source: DrawSource | None,
    rules: Iterable[RuleBase],
    objective: Objective | None = None,
    options: ChoiceOptions | None = None,
) -> tuple[RuleCost, ...]:
    """Return what each rule and each owner costs, by solving again without.

    Returns
    -------
    tuple of RuleCost
        Rules in order, then owners, each without all rules of its own. Empty when no portfolio keeps all rules (see
        `why_not`).

    Examples
    --------
    >>> from sharesim.study.rules import RiskPoints
    >>> from sharesim.testing import small_case
    >>> case = small_case()
    >>> rule = RiskPoints(kind="risk_points", name="calm", limit_points=3)
    >>> cost, of_owner = rule_costs(case.candidates, case.source, [rule])
    >>> cost.name, cost.low_gbp > 0, round(cost.high_gbp - cost.low_gbp, 2), of_owner.name
    ('calm', True, 0.0, 'programme')
    """
    objective, options = objective or Objective(kind="mean"), _quiet(options)
    program = build(candidates, rules, objective, source, full_draws=options.full_draws)
    base = choose_program(program, source, options)
    if not base.status.has_portfolio:
        return ()
    found = [
        _cost(program, source, options, base, (rule.name, "rule", [number]))
        for number, rule in enumerate(program.rules)
    ]
    owners: dict[str, list[int]] = {}
    for number, rule in enumerate(program.rules):
        owners.setdefault(rule.owner, []).append(number)
    for owner, numbers in owners.items():
        if len(numbers) == 1:
            # One rule of an owner has just been solved without.
            found.append(replace(found[numbers[0]], name=owner, kind="owner", owner=owner))
        else:
            found.append(_cost(program, source, options, base, (owner, "owner", numbers)))
    return tuple(found)


def _quiet(options: ChoiceOptions | None) -> ChoiceOptions:
    """Ties and binding rules do not matter to values, so they are not worked out many times over."""
    return replace(options or ChoiceOptions(), ties=False, binding=False)


def _cost(
    program: Program,
    source: DrawSource | None,
    options: ChoiceOptions,
    base: Solution,
    what: tuple[str, str, Sequence[int]],
) -> RuleCost:
    name, kind, numbers = what
    # What keeps all rules keeps fewer.
    free = choose_program(_without(program, numbers), source, options, known=[base.chosen])
    losses = [_loss(program, source, found) for found in (free, base)]
    # A rule can only take, so below 0 is rounding or an unfinished search.
    low = max(free.value_gbp - base.bound_gbp, 0.0) if free.status.has_portfolio else 0.0
    high = max(free.bound_gbp - base.value_gbp, low)
    change, owner = free.mean_npv_gbp - base.mean_npv_gbp, program.rules[numbers[0]].owner
    status = worst(free.status, base.status)
    return RuleCost(name, kind, low, high, change, losses[0] - losses[1], status, owner, len(numbers))


def _loss(program: Program, source: DrawSource | None, found: Solution) -> float:
    if source is None or not found.status.has_portfolio:
        return float("nan")
    return float((Portfolio(program.candidates, found.chosen, source).draws < 0).mean())


def _without(program: Program, numbers: Sequence[int]) -> Program:
    """Return the program without some rules, and a judge that does not ask for them."""
    rules = tuple(
        rule.model_copy(update={"active": False}) if number in numbers else rule
        for number, rule in enumerate(program.rules)
    )
    return replace(program.without(numbers), rules=rules)


@dataclass(frozen=True)
class WhyNot:
    """Which rules cannot hold together.

    Parameters
    ----------
    status : {"feasible", "conflict", "unproven"}
        ``conflict``: the rules named cannot hold together, and without any one of them the others can, both proven.
        ``unproven``: the clock stopped a proof; the rules named are a conflict that may not be smallest, or none.
    rules : tuple of RuleBase
    """

    status: str
    rules: tuple[RuleBase, ...] = ()

    def __str__(self) -> str:
        if self.status == "feasible":
            return "The rules can hold together."
        lines = [
            f"- {rule.name} ({rule.owner})" + (f": {rule.sentence}" if rule.sentence else "") for rule in self.rules
        ]
        head = "These rules cannot hold together; without any one of them the others can:"
        if len(self.rules) == 1:
            head = "No portfolio keeps this rule, even without all the others:"
        if self.status == "unproven":
            head = "Time ran out before it was proven whether these rules can hold together:"
        return "\n".join([head, *lines])


class _Oracle:
    """Answers whether some of a program's rules can hold together, each question once."""

    def __init__(self, program: Program, source: DrawSource | None, options: ChoiceOptions) -> None:
        nothing = (Target("any", np.zeros(program.n_variables)),)
        self.program, self.source, self.options = replace(program, targets=nothing), source, options
        self.known: dict[frozenset[int], bool | None] = {}

    def feasible(self, numbers: Iterable[int]) -> bool | None:
        """Return True, False, or None when the clock stopped the proof."""
        wanted = frozenset(numbers)
        if wanted not in self.known:
            left = [number for number in range(len(self.program.rules)) if number not in wanted]
            program = _without(self.program, left)
            needs_none = at_hand(program, Judge(program, self.source))
            self.known[wanted] = True if needs_none else self._searched(program)
        return self.known[wanted]

    def _searched(self, program: Program) -> bool | None:
        found = choose_program(program, self.source, self.options)
        proven = False if found.status is Status.INFEASIBLE else None
        return True if found.status.has_portfolio else proven


def why_not(
    candidates: Candidates,
    source: DrawSource | None,
    rules: Iterable[RuleBase],
    options: ChoiceOptions | None = None,
) -> WhyNot:
    """Return a smallest set of rules that cannot hold together (QuickXplain, Junker 2004, over whole rules).

    Earlier rules are kept in preference: the conflict found is made of later ones where there is a choice. The time
    limit of the options holds for each question whether some rules can hold together.

    Examples
    --------
    >>> from sharesim.study.rules import LeastHosted, MostHosted, RiskPoints
    >>> from sharesim.testing import small_case
    >>> case = small_case()
    >>> rules = [LeastHosted(kind="least_hosted", name="host one", councils=("bol",)),
    ...          RiskPoints(kind="risk_points", name="calm", limit_points=9),
    ...          MostHosted(kind="most_hosted", name="no hosts", limit=0)]
    >>> why_not(case.candidates, case.source, rules).status
    'conflict'
    """
    program = build(candidates, rules, Objective(kind="mean"), source)
    oracle = _Oracle(program, source, _quiet(options))
    everything = list(range(len(program.rules)))
    answer = oracle.feasible(everything)
    if answer:
        return WhyNot("feasible")
    if answer is None:
        return WhyNot("unproven", program.rules)
    found = sorted(_quick_xplain(oracle, [], False, everything))
    # An unproven question counts as "can hold", so the set is proven a conflict only if it is asked again as a whole.
    proven = oracle.feasible(found) is False and all(oracle.feasible(set(found) - {number}) for number in found)
    return WhyNot("conflict" if proven else "unproven", tuple(program.rules[number] for number in found))


def _quick_xplain(oracle: _Oracle, background: list[int], added: bool, rules: list[int]) -> list[int]:
    if added and oracle.feasible(background) is False:
        return []
    if len(rules) <= 1:
        return rules
    half = len(rules) // 2
    first, second = rules[:half], rules[half:]
    late = _quick_xplain(oracle, background + first, bool(first), second)
    early = _quick_xplain(oracle, background + late, bool(late), first)
    return early + late
