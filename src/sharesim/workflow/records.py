"""What the steps hand on, as data only: what was simulated, what was chosen of it, and how that was judged.

Users hold `results.Appraisal`, `results.Portfolio` and `judged.Judged`, which add words, tables and figures. Whatever
answers a question about one of these takes the record, so that the result can call it in turn.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from sharesim.appraisal.account import Account
from sharesim.appraisal.outcomes import Outcomes
from sharesim.choice.candidates import Candidates
from sharesim.choice.solution import Solution
from sharesim.display import record
from sharesim.study.rules import Objective, RuleBase
from sharesim.study.study import Study
from sharesim.uncertainty.goal import Settled
from sharesim.workflow.assumed import AssumptionEffect
from sharesim.workflow.bridge import candidates_of


@record
class AppraisalRecord:
    """Data of `results.Appraisal`: every candidate bundle on the choosing draws."""

    study: Study
    outcomes: Outcomes
    seed: int
    settled: Settled | None = None

    @property
    def n_draws(self) -> int:
        return self.outcomes.n_draws

    @cached_property
    def candidates(self) -> Candidates:
        """What the choice sees of the bundles."""
        return candidates_of(self.outcomes)


@record
class PortfolioRecord:
    """Data of `results.Portfolio`: what was chosen, from what, and by which rules and objective."""

    appraisal: AppraisalRecord
    solution: Solution
    rules: tuple[RuleBase, ...]
    objective: Objective

    @property
    def study(self) -> Study:
        return self.appraisal.study

    @property
    def status(self) -> str:
        return self.solution.status.value

    @property
    def value_gbp(self) -> float:
        return float(self.solution.value_gbp)

    @property
    def bound_gbp(self) -> float:
        return float(self.solution.bound_gbp)

    @property
    def gap(self) -> float:
        return float(self.solution.gap)

    @property
    def has_portfolio(self) -> bool:
        return self.solution.status.has_portfolio


@record
class JudgedRecord:
    """Data of `judged.Judged`: the chosen bundles on the judging draws, and their flows."""

    portfolio: PortfolioRecord
    outcomes: Outcomes
    account: Account
    seed: int
    effects: tuple[AssumptionEffect, ...] = ()
    settled: Settled | None = None

    @property
    def stop_rules(self) -> dict[str, Settled]:
        """What stop rules reached, by what they were for: choosing, judging."""
        found = {"choosing": self.portfolio.appraisal.settled, "judging": self.settled}
        return {name: settled for name, settled in found.items() if settled is not None}

    @property
    def study(self) -> Study:
        return self.portfolio.study

    @cached_property
    def council_npv(self) -> np.ndarray:
        """NPV by council, GBP, shape (council, draw)."""
        return self.account.npv(self.study.discount())

    @cached_property
    def npv(self) -> np.ndarray:
        """NPV of the portfolio, GBP, shape (draw,)."""
        total: np.ndarray = self.council_npv.sum(axis=0)
        return total


__all__ = ["AppraisalRecord", "JudgedRecord", "PortfolioRecord"]
