"""Everything that a report shows, in one place: workflow fills it, tables and figures read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from sharesim.appraisal.account import Account
from sharesim.appraisal.outcomes import Outcomes
from sharesim.choice.solution import Solution
from sharesim.display import record
from sharesim.insight.drivers import DriverEffect
from sharesim.report.options import Beyond
from sharesim.study.rules import Objective, RuleBase
from sharesim.study.study import Assumption, Study


class Effect(Protocol):
    """What one assumption's range moves; `workflow.assumed.AssumptionEffect` is one.

    Pounds of the portfolio's mean NPV at the low and at the high end, less the mean NPV as assumed.
    """

    @property
    def assumption(self) -> Assumption: ...

    @property
    def low_gbp(self) -> float: ...

    @property
    def high_gbp(self) -> float: ...


@record
class Contents:
    """The parts of a report.

    Parameters
    ----------
    study : Study
    outcomes : Outcomes
        Every candidate bundle on the choosing draws.
    solution : Solution
    rules : tuple of RuleBase
        The rules that were active.
    objective : Objective
    judged : Outcomes or None
        The chosen bundles on the judging draws; None where no portfolio keeps the rules.
    account : Account or None
        Their flows by council and year.
    council_npv : ndarray, shape (council, draw), or None
        GBP, real, discounted.
    figures : mapping
        What ``summary.json`` holds.
    driver_effects : sequence of DriverEffect
        The largest swing first.
    assumption_effects : sequence of Effect
        May be empty: then no pounds are shown beside the assumptions.
    timings : mapping of str to float
        Seconds by stage.
    versions : mapping of str to str
    seed : int
    date : str
        Day of the run, ISO; empty leaves it out.
    beyond : Beyond
        Options compared, what rules cost, plans B; empty where it was not asked for.
    """

    study: Study
    outcomes: Outcomes
    solution: Solution
    rules: tuple[RuleBase, ...]
    objective: Objective
    judged: Outcomes | None = None
    account: Account | None = None
    council_npv: np.ndarray | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)
    driver_effects: Sequence[DriverEffect] = ()
    assumption_effects: Sequence[Effect] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    date: str = ""
    beyond: Beyond = field(default_factory=Beyond)

    @property
    def is_judged(self) -> bool:
        """Whether there is a portfolio with figures to show: False without one, and where nothing is shared."""
        return self.judged is not None and self.account is not None and len(self.judged.table) > 0

    @cached_property
    def npv(self) -> np.ndarray:
        """NPV of the portfolio on the judging draws, GBP, shape (draw,)."""
        if self.council_npv is None:
            return np.zeros(1)
        return self.council_npv.sum(axis=0)
