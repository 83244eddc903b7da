"""What the steps take of each other, and what to do where another step's result is given."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from sharesim.arguments import Kind, an_instance, refuse
from sharesim.study.study import Study
from sharesim.workflow.records import AppraisalRecord, JudgedRecord, PortfolioRecord

#: The steps in their order: what each is called, what it takes, and what it returns.
STEPS = (
    ("load", "path", Study), ("appraise", "study", AppraisalRecord), ("choose", "outcomes", PortfolioRecord),
    ("judge", "portfolio", JudgedRecord),
)  # fmt: skip


def _made_by(step: str, problem: str) -> Kind[Any]:
    """Return the kind of what a step returns."""
    at = [name for name, _, _ in STEPS].index(step)

    def remedy(value: Any) -> str:
        returned = (at for at, (_, _, made) in enumerate(STEPS) if isinstance(value, made))
        given = 0 if isinstance(value, (str, os.PathLike)) else next(returned, None)
        if given is None:
            return ""
        if given > at:
            return f"Give its {'.portfolio' if STEPS[at][2] is PortfolioRecord else '.appraisal'}."
        missing = STEPS[given + 1 : at + 1]
        called = missing[0][1]
        for name, _, _ in missing:
            called = f"{name}({called})"
        return f"Call {called} first."

    return an_instance(STEPS[at][2], problem, f"what {step} returned", remedy)


an_appraisal = _made_by("appraise", "not an appraisal")
a_portfolio = _made_by("choose", "not a portfolio")
a_judged = _made_by("judge", "not a judged portfolio")


def assignments(where: str, value: Any) -> tuple[str | tuple[str, Any], ...]:
    """Return changes of a study, each ``"path=value"`` or (path, value): from one, a list, or a mapping of paths."""
    if isinstance(value, Mapping):
        value = value.items()
    items = (value,) if isinstance(value, str) else value
    if isinstance(items, bytes) or not isinstance(items, Iterable):
        refuse(where, "not changes of a study", value, '"path=value", or a list of such', "")
    found = tuple(items)
    for item in found:
        if not isinstance(item, str) and not (isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)):
            refuse(where, "not a change of a study", item, '"path=value" or ("path", value)', "")
    return found


__all__ = ["a_judged", "a_portfolio", "an_appraisal", "assignments"]
