"""A stop rule as a field of a study."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from sharesim.errors import UsageError
from sharesim.study.fields import Line, refusal
from sharesim.uncertainty.goal import goal, in_words


def _stop_rule(text: str) -> str:
    """Return a stop rule in its own words, or refuse it."""
    try:
        return in_words(goal(text)) if text else ""
    except UsageError as error:
        fault = error.faults[0]
        raise refusal(fault.problem, fault.got, fault.allowed, fault.remedy) from None


StopRule = Annotated[Line, AfterValidator(_stop_rule)]

__all__ = ["StopRule"]
