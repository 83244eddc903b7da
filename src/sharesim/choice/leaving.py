"""If a council leaves: what remains of the portfolio, what that is worth, and the best way to mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sharesim.choice.candidates import Candidates, DrawSource
from sharesim.choice.checks import recheck
from sharesim.choice.choose import choose_program
from sharesim.choice.formulation import build
from sharesim.choice.portfolio import Portfolio
from sharesim.choice.program import Program
from sharesim.choice.search import ChoiceOptions, Judge
from sharesim.choice.solution import Solution
from sharesim.choice.view import View, unused_name
from sharesim.display import record
from sharesim.errors import Fault, UsageError
from sharesim.study.labels import unknown_name
from sharesim.study.rules import ALL, ControlGroups, MustShare, Objective, RuleBase

Reappraise = Callable[[str], tuple[Candidates, DrawSource]]


@record
class Leaving:
    """What happens when one council goes.

    Parameters
    ----------
    council : str
    lost, kept : tuple of str
        Bundle ids of the portfolio that end with it, and that stay.
    value_before_gbp, value_kept_gbp : float
        Objective of the portfolio, and of what stays by itself.
    broken : tuple of str
        Rules that what stays does not keep by itself (rules of and about the one who left are gone).
    repair : Solution
        Best portfolio that holds on to all that stays.
    fresh : Solution
        Best portfolio without the council when everything may be chosen anew.
    candidates : Candidates
        What `repair` and `fresh` point into.
    """

    council: str
    lost: tuple[str, ...]
    kept: tuple[str, ...]
    value_before_gbp: float
    value_kept_gbp: float
    broken: tuple[str, ...]
    repair: Solution
    fresh: Solution
    candidates: Candidates


def rules_without(
    rules: Iterable[RuleBase], council: str, candidates: Candidates | None = None
) -> tuple[RuleBase, ...]:
    """Return the rules that are left when a council goes: not its own, and without its name in the others.

    A rule that was about it alone, or that needs two councils and has one left, goes. With `candidates`, "all" councils
    become all others, so that nothing is asked of the one who left.

    Examples
    --------
    >>> from sharesim.study.rules import ForcePartners, MostHosted
    >>> rules = [ForcePartners(kind="force_partners", name="us two", councils=("bol", "che")),
    ...          MostHosted(kind="most_hosted", name="hosts", limit=1, councils=("bol", "che"))]
    >>> [(rule.name, rule.councils) for rule in rules_without(rules, "che")]
    [('hosts', ('bol',))]
    """
    rules = tuple(rules)
    found: list[RuleBase] = []
    for rule in rules:
        if rule.owner == council or getattr(rule, "council", None) == council:
            continue
        named = getattr(rule, "councils", ())
        if candidates is not None and ALL in named:
            found += _of_the_others(rule, council, candidates, (*rules, *found))
            continue
        if council in named:
            left = tuple(name for name in named if name != council)
            least = 2 if rule.kind in ("force_partners", "forbid_partners", "link_partners") else 1
            if len(left) < least:
                continue
            rule = rule.model_copy(update={"councils": left})
        if isinstance(rule, ControlGroups):
            groups = {name: tuple(item for item in members if item != council) for name, members in rule.groups.items()}
            rule = rule.model_copy(update={"groups": groups})
        found.append(rule)
    return tuple(found)


def _of_the_others(rule: RuleBase, council: str, candidates: Candidates, beside: Sequence[RuleBase]) -> list[RuleBase]:
    """Return a rule on all councils as one on all but one; sharing is asked of each for the services that it has."""
    if rule.kind not in ("must_share", "least_hosted", "smallest_share", "break_even"):
        # The others ask nothing of a council that is in no bundle.
        return [rule]
    others = tuple(name for name in candidates.councils.ids if name != council)
    if not isinstance(rule, MustShare):
        return [rule.model_copy(update={"councils": others})] if others else []
    view = View(candidates)
    found: list[RuleBase] = []
    for service in view.services(rule.services):
        have = tuple(name for name in others if view.has_service[candidates.councils.index(name), service])
        name = unused_name(f"{rule.name}: {candidates.services.ids[service]}", (*beside, *found))
        changed = {"name": name, "services": (candidates.services.ids[service],), "councils": have}
        found += [rule.model_copy(update=changed)] if have else []
    return found


@dataclass(frozen=True)
class Setting:
    """What a portfolio was chosen from, as it was given to `choose`."""

    candidates: Candidates
    source: DrawSource | None
    rules: tuple[RuleBase, ...] = ()
    objective: Objective = Objective(kind="mean")  # noqa: RUF009 (frozen)


def leaving(
    setting: Setting,
    solution: Solution,
    council: str,
    options: ChoiceOptions | None = None,
    reappraise: Reappraise | None = None,
) -> Leaving:
    """Return what remains, what it is worth and the best repair when a council leaves.

    Parameters
    ----------
    setting : Setting
        Of the choice that made `solution`.
    solution : Solution
    council : str
        Id of the one who leaves.
    options : ChoiceOptions, optional
    reappraise : callable, optional
        council id -> (Candidates, DrawSource) appraised again without it (smaller arrangements, costs already sunk).
        What stays is matched by bundle id. Left out: the candidates that never held it.

    Raises
    ------
    UsageError
        No such council, or the solution holds no portfolio.

    Examples
    --------
    >>> from sharesim.choice.choose import choose
    >>> from sharesim.testing import small_case
    >>> case = small_case()
    >>> best = choose(case.candidates, case.source)
    >>> found = leaving(Setting(case.candidates, case.source), best, "che")
    >>> found.repair.value_gbp >= found.value_kept_gbp, found.fresh.value_gbp >= found.repair.value_gbp
    (True, True)
    """
    candidates, source = setting.candidates, setting.source
    if council not in candidates.councils:
        raise UsageError(unknown_name("leaving.council", "council", council, candidates.councils.ids))
    if not solution.status.has_portfolio:
        raise UsageError(Fault("leaving.solution", "there is no portfolio to leave", solution.status.value))
    options = replace(options or ChoiceOptions(), binding=False)
    rules, objective = setting.rules, setting.objective
    before = build(candidates, rules, objective, source, full_draws=options.full_draws)
    value = Judge(before, source).value(Portfolio(candidates, solution.chosen, source), 0)
    goes = (candidates.partners[solution.chosen] == candidates.councils.index(council)).any(axis=1)
    chosen = [candidates.bundle_ids[item] for item in solution.chosen]
    lost = [name for name, gone in zip(chosen, goes, strict=True) if gone]
    after, draws = reappraise(council) if reappraise else (candidates, source)
    left = rules_without(rules, council, after)
    return _mend(_Mended(after, draws, left, objective, options, council), chosen, lost, value)


@dataclass(frozen=True)
class _Mended:
    candidates: Candidates
    source: DrawSource | None
    rules: tuple[RuleBase, ...]
    objective: Objective
    options: ChoiceOptions
    council: str

    def program(self) -> Program:
        """The choice without the council: its bundles are fixed at 0, so nothing of it can come back."""
        program = build(self.candidates, self.rules, self.objective, self.source, full_draws=self.options.full_draws)
        if self.council not in self.candidates.councils:
            return program
        holds = (self.candidates.partners == self.candidates.councils.index(self.council)).any(axis=1)
        upper = program.upper.copy()
        upper[: self.candidates.n_bundles][holds] = 0.0
        return replace(program, upper=upper)


def _mend(case: _Mended, chosen: list[str], lost: list[str], value: float) -> Leaving:
    position = {name: index for index, name in enumerate(case.candidates.bundle_ids)}
    kept = [name for name in chosen if name not in lost and name in position]
    # A follow-on whose first stage went cannot stand by itself.
    held = np.array(sorted(position[name] for name in kept), dtype=np.int64)
    before = case.candidates.requires[held]
    stands = (before < 0) | np.isin(before, held)
    held = held[stands]
    program = case.program()
    portfolio = Portfolio(case.candidates, held, case.source)
    lower = program.lower.copy()
    lower[held] = 1.0
    repair = choose_program(replace(program, lower=lower), case.source, case.options)
    fresh = choose_program(program, case.source, case.options, known=[held, repair.chosen])
    names = tuple(case.candidates.bundle_ids[item] for item in held)
    broken = {check.rule for check in recheck(portfolio, case.rules) if check.by_rule and not check.holds}
    return Leaving(
        council=case.council,
        lost=tuple(name for name in chosen if name not in names),
        kept=names,
        value_before_gbp=value,
        value_kept_gbp=Judge(program, case.source).value(portfolio, 0),
        broken=tuple(rule.name for rule in case.rules if rule.name in broken),
        repair=repair,
        fresh=fresh,
        candidates=case.candidates,
    )
