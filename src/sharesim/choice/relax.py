"""What would make an infeasible study feasible: per rule the least change of its own number, or dropping it.

Rules whose number bounds a plain sum get a slack variable that is made as small as can be: one integer program, exact.
Rules on shares and draws are searched by halving, which ends on the safe side within a ten-thousandth of the range.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from sharesim.choice.candidates import Candidates, DrawSource
from sharesim.choice.explain import _Oracle, _quiet, _without
from sharesim.choice.formulation import build
from sharesim.choice.keys import RowKind
from sharesim.choice.program import Program, Target
from sharesim.choice.risk import extent
from sharesim.choice.search import ChoiceOptions
from sharesim.choice.solution import Status
from sharesim.choice.solver import SolverOptions, solve
from sharesim.choice.view import View
from sharesim.study.rules import Objective, RuleBase

HALVINGS = 14


@dataclass(frozen=True)
class Relaxation:
    """One change of one rule after which all rules can hold.

    Parameters
    ----------
    rule, owner : str
    field : str
        The rule's number that changes; empty when the rule has to be dropped.
    old, new : float
        nan when dropped.
    unit : str
    exact : bool
        True: no smaller change will do, proven. False: found by halving, or the clock stopped a proof.
    """

    rule: str
    owner: str
    field: str
    old: float
    new: float
    unit: str
    exact: bool

    @property
    def change(self) -> float:
        """New less old number."""
        return self.new - self.old

    def __str__(self) -> str:
        if not self.field:
            return f"Drop '{self.rule}' ({self.owner}){'' if self.exact else ' (changing its number may do)'}."
        up = self.change > 0
        verb, tilde = "Raise" if up else "Lower", "" if self.exact else " (a slightly smaller change may do)"
        # Rounded to the side on which the rule is looser, so that what is written is enough.
        old, new = _amount(self.old, self.unit, None), _amount(self.new, self.unit, up)
        by = _by(self.change, self.unit)
        return f"{verb} '{self.rule}' ({self.owner}) by {by}, from {old} to {new}{tilde}."


def _amount(value: float, unit: str, up: bool | None) -> str:
    """Return a number in its unit, rounded up, down or (None) to the nearest.

    Examples
    --------
    >>> _amount(-93_338.4, "GBP", False), _amount(0.1234, "share", True), _amount(1.0, "services", True)
    ('-£93,339', '12.4%', '1 service')
    """
    to = round if up is None else math.ceil if up else math.floor
    if unit == "GBP":
        whole = to(value)
        return f"{'-' if whole < 0 else ''}£{abs(whole):,}"
    if unit == "share":
        return f"{to(1000 * value - (1e-9 if up else -1e-9 if up is not None else 0)) / 10:g}%"
    if unit in ("days", "posts", "points"):
        value = to(10 * value - (1e-9 if up else -1e-9 if up is not None else 0)) / 10
    return f"{value:,.10g} {unit.removesuffix('s') if value == 1 else unit}"


def _by(change: float, unit: str) -> str:
    """Return the size of a change: thousands of pounds are enough for the eye.

    Examples
    --------
    >>> _by(-786_720.0, "GBP"), _by(412.0, "GBP"), _by(0.05, "share"), _by(1.0, "councils")
    ('£787k', '£412', '5 percentage points', '1 council')
    """
    size = abs(change)
    if unit == "GBP":
        if size >= 999_500:
            return f"£{size / 1e6:,.2f}m"
        return f"£{size / 1e3:,.0f}k" if size >= 9_950 else f"£{math.ceil(size):,}"
    if unit == "share":
        return f"{100 * size:.3g} percentage points"
    return _amount(size, unit, True)


# Rules with a number over plain sums: field, unit, +1 when raising it loosens.
SLACK: dict[str, tuple[str, str, float]] = {
    "budget": ("limit_gbp", "GBP", 1.0),
    "officer_days": ("limit_days", "days", 1.0),
    "exits": ("limit_posts", "posts", 1.0),
    "redeployments": ("limit_posts", "posts", 1.0),
    "risk_points": ("limit_points", "points", 1.0),
    "most_partners": ("limit", "councils", 1.0),
    "most_hosted": ("limit", "services", 1.0),
    "least_hosted": ("limit", "services", -1.0),
    "break_even": ("floor_gbp", "GBP", -1.0),
}
# Rules on draws or shares: field, unit, +1 when raising it loosens.
HALVED: dict[str, tuple[str, str, float]] = {
    "budget": ("limit_gbp", "GBP", 1.0),
    "smallest_share": ("share", "share", -1.0),
    "break_even": ("floor_gbp", "GBP", -1.0),
    "cvar_floor": ("floor_gbp", "GBP", -1.0),
    "loss_probability": ("most", "share", 1.0),
    "target": ("target_gbp", "GBP", -1.0),
}


def relaxations(
    candidates: Candidates, source: DrawSource | None, rules: Iterable[RuleBase], options: ChoiceOptions | None = None
) -> tuple[Relaxation, ...]:
    """Return, rule by rule, the least change after which all rules can hold together.

    Returns
    -------
    tuple of Relaxation
        In the rules' order. A rule is left out when changing it alone is not enough; when that is so for every rule,
        see `drops`.

    Examples
    --------
    >>> from sharesim.study.rules import LeastHosted, MostHosted
    >>> from sharesim.testing import small_case
    >>> case = small_case()
    >>> rules = [LeastHosted(kind="least_hosted", name="host one", councils=("bol",)),
    ...          MostHosted(kind="most_hosted", name="no hosts", limit=0)]
    >>> [str(item) for item in relaxations(case.candidates, case.source, rules)]
    ["Drop 'host one' (programme).", "Raise 'no hosts' (programme) by 1 service, from 0 services to 1 service."]
    """
    options = _quiet(options)
    program = build(candidates, rules, Objective(kind="mean"), source)
    oracle = _Oracle(program, source, options)
    everything = set(range(len(program.rules)))
    if oracle.feasible(everything) is not False:
        return ()
    found = []
    for number, rule in enumerate(program.rules):
        if oracle.feasible(everything - {number}):
            found.append(_least(program, source, options, number, rule))
    return tuple(found)


def drops(
    candidates: Candidates, source: DrawSource | None, rules: Iterable[RuleBase], options: ChoiceOptions | None = None
) -> tuple[tuple[str, ...], ...]:
    """Return the smallest sets of rules, at most three together, whose going leaves rules that can hold."""
    program = build(candidates, rules, Objective(kind="mean"), source)
    oracle = _Oracle(program, source, _quiet(options))
    everything = set(range(len(program.rules)))
    for count in (1, 2, 3):
        found = [group for group in combinations(sorted(everything), count) if oracle.feasible(everything - set(group))]
        if found:
            return tuple(tuple(program.rules[number].name for number in group) for group in found)
    return ()


def _least(
    program: Program, source: DrawSource | None, options: ChoiceOptions, number: int, rule: RuleBase
) -> Relaxation:
    on_draws = any(risk.rule == number for risk in program.risks)
    if rule.kind in SLACK and not on_draws:
        found = _by_slack(program, source, options, number)
        if found is not None:
            return found
    if rule.kind in HALVED or rule.kind in SLACK:
        return _by_halving(program, source, options, number)
    return _drop(rule)


def _drop(rule: RuleBase, exact: bool = True) -> Relaxation:
    return Relaxation(rule.name, rule.owner, "", np.nan, np.nan, "", exact)


def _by_slack(program: Program, source: DrawSource | None, options: ChoiceOptions, number: int) -> Relaxation | None:
    """Add one slack to all rows of a rule that carry its number, and make it as small as the other rules allow."""
    rule = program.rules[number]
    field, unit, sign = SLACK[rule.kind]
    column = program.n_variables
    whole = isinstance(getattr(rule, field), int)
    eased = program.with_variables([f"slack[{rule.name}]"], np.zeros(1), np.array([np.inf]), np.array([whole]))
    rows = [row for row in np.flatnonzero(program.row_rule == number) if program.row_keys[row].kind is RowKind.LIMIT]
    matrix = eased.matrix.tolil()
    for row in rows:
        matrix[row, column] = -1.0 if np.isfinite(program.row_upper[row]) else 1.0
    target = np.zeros(eased.n_variables)
    target[column] = -1.0
    eased = replace(eased, matrix=type(program.matrix)(matrix.tocsr()), targets=(Target("slack", target),))
    others = _without(program, [number]).rules
    found = _solve_slack(replace(eased, rules=others), options)
    if found is None:
        return None
    slack, proven = found
    old = float(getattr(rule, field))
    new = old + sign * slack
    if (new < 0 and rule.kind == "least_hosted") or (rule.kind == "least_hosted" and new < 1):
        return None
    return Relaxation(rule.name, rule.owner, field, old, new, unit, proven)


def _solve_slack(program: Program, options: ChoiceOptions) -> tuple[float, bool] | None:
    if any(not risk.full for risk in program.risks):
        return None
    raw = solve(program, SolverOptions(solver=options.solver, gap=0.0, time_limit_seconds=options.time_limit_seconds))
    if raw.values is None:
        return None
    return -raw.objective, raw.status is Status.OPTIMAL


def _by_halving(program: Program, source: DrawSource | None, options: ChoiceOptions, number: int) -> Relaxation:
    """Halve between the rule as it is, which fails, and a number that surely holds; dropped where no number will do."""
    rule = program.rules[number]
    field, unit, sign = HALVED.get(rule.kind) or SLACK[rule.kind]
    old = float(getattr(rule, field))
    whole = isinstance(getattr(rule, field), int)
    safe = _safe(program, number, field, sign)
    works = _asker(program, source, options, number, field)
    answer = False if safe is None else works(safe)
    if safe is None or not answer:
        return _drop(rule, exact=answer is False)
    low, high, proven = old, safe, True
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if whole:
            middle = float(int(middle))
            if middle in (low, high):
                break
        answer = works(middle)
        if answer:
            high = middle
        else:
            # A proof that the clock stopped counts as "will not do": the number found is enough all the same.
            low, proven = middle, proven and answer is False
    return Relaxation(rule.name, rule.owner, field, old, high, unit, whole and proven)


def _asker(
    program: Program, source: DrawSource | None, options: ChoiceOptions, number: int, field: str
) -> Callable[[float], bool | None]:
    rules = program.rules

    kind = type(getattr(rules[number], field))

    def works(value: float) -> bool | None:
        changed = list(rules)
        changed[number] = rules[number].model_copy(update={field: kind(value)})
        again = build(program.candidates, changed, Objective(kind="mean"), source)
        return _Oracle(again, source, options).feasible(range(len(changed)))

    return works


def _safe(program: Program, number: int, field: str, sign: float) -> float | None:
    """Return a number at which the rule rules out nothing."""
    rule = program.rules[number]
    if field == "share":
        return 0.0
    if field == "most":
        return 1.0 - 1e-12
    if rule.kind == "least_hosted":
        return 1.0
    if isinstance(getattr(rule, field), int):
        return float(len(program.candidates.councils) * len(program.candidates.services) * 2)
    view = View(program.candidates)
    rows = program.matrix[program.row_rule == number]
    if rows.shape[0]:
        return sign * (float(np.abs(rows.data).sum()) + abs(float(getattr(rule, field))))
    reach = [np.abs(extent(view, risk.block)).max() for risk in program.risks if risk.rule == number]
    if not reach:
        return None
    return sign * (float(max(reach)) + abs(float(getattr(rule, field)))) + (0.0 if sign < 0 else 1.0)
