"""What callers give for a study, its rules and its objective: the objects, or what a study's files would say."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from sharesim.arguments import a_path, an_instance, refuse, shown
from sharesim.errors import UsageError
from sharesim.study.checks import CHOICE_CHECKS, cross_check
from sharesim.study.load import load
from sharesim.study.places import Places, in_order
from sharesim.study.rules import Objective, RuleBase
from sharesim.study.study import Study
from sharesim.study.validate import validated


def a_study(where: str, value: Any) -> Study:
    """Return a study that was given as it is, or by its path; for `arguments.takes`.

    Raises
    ------
    StudyError
        With every fault of the study.
    UsageError
        When it is neither.
    """
    if isinstance(value, (str, os.PathLike)):
        return load(a_path(where, value))
    return _a_study(where, value)


_a_study = an_instance(
    Study,
    "not a study",
    "what load returned, or the path of a study",
    lambda value: "Give its .study." if isinstance(getattr(value, "study", None), Study) else "",
)


def choice_of(
    study: Study, rules: Any, objective: Any, where: str = "choose"
) -> tuple[tuple[RuleBase, ...], Objective]:
    """Return rules and objective as a study's own, from objects or from what a study's files would say.

    Rules that contradict each other are let pass: that no portfolio keeps them is an answer.

    Parameters
    ----------
    study : Study
        Whose councils, services and years they name.
    rules : None, rule, mapping, or iterable of these
        The study's own where None. A mapping has the fields of a ``[[rules]]`` entry.
    objective : None, Objective, str or mapping
        The study's own where None, or where the text is its kind; another kind as text has the usual weights.
    where : str
        For messages.

    Raises
    ------
    UsageError
        With every fault of both, in the words of a study's faults.

    Examples
    --------
    >>> from sharesim.examples import two_councils
    >>> rules, objective = choice_of(two_councils(), {"kind": "exits", "name": "few", "limit_posts": "3"}, "mean")
    >>> rules[0].limit_posts, objective.kind
    (3.0, 'mean')
    >>> choice_of(two_councils(), {"kind": "must_share", "name": "pay", "services": "payrol"}, None)
    Traceback (most recent call last):
    sharesim.errors.UsageError: choose: rules 1 (pay), services: unknown service: got 'payrol'; allowed payroll. Did you
    mean 'payroll'?
    """
    model = study.model
    if rules is None and objective is None:
        return model.rules, model.objective
    if isinstance(objective, str):
        objective = None if objective == model.objective.kind else {"kind": objective}
    asked = {
        "rules": model.rules if rules is None else [_plain(rule) for rule in _listed(where, rules)],
        "objective": model.objective if objective is None else _plain(objective),
    }
    raw = {**dict(model), "study": dict(model.study), **asked}
    found, faults = validated(raw, Places(where, {}).about(raw), partial(cross_check, checks=CHOICE_CHECKS))
    if faults or found is None:
        raise UsageError(in_order(faults))
    return found.rules, found.objective


def _listed(where: str, rules: Any) -> list[Any]:
    if isinstance(rules, (RuleBase, Mapping)):
        return [rules]
    if isinstance(rules, (str, bytes)) or not isinstance(rules, Iterable):
        remedy = 'Give a rule such as {"kind": "exits", "name": "few", "limit_posts": 3}.'
        problem = "neither rules nor tables of their fields"
        refuse(f"{where}: rules", problem, rules, "a rule, or a list of rules", remedy)
    return list(rules)


def _plain(part: Any) -> Any:
    """Return what a file would say: the fields of an object or mapping; anything else in words that are refused."""
    if isinstance(part, (RuleBase, Objective)):
        return part.model_dump()
    if isinstance(part, Mapping):
        return {str(key): value for key, value in part.items()}
    return part if part is None or isinstance(part, (str, int, float)) else shown(part)


__all__ = ["a_study", "choice_of"]
