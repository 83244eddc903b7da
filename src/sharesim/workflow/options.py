"""The options that a committee compares, what each rule costs and plans B: by the same engine, within a time budget."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from sharesim.appraisal.account import account
from sharesim.appraisal.outcomes import Outcomes, appraise_again
from sharesim.choice.alternatives import difference, most_different
from sharesim.choice.choose import ChoiceOptions
from sharesim.choice.choose import choose as solve
from sharesim.choice.solution import Solution, Status
from sharesim.choice.view import unused_name
from sharesim.report.options import Beyond, Option
from sharesim.study.rules import MustShare, NeverShare, RuleBase
from sharesim.workflow.explore import Question, question_behind
from sharesim.workflow.records import JudgedRecord

#: Seconds for all of it in a run, unless said otherwise; the larger part goes to the rules.
BUDGET_SECONDS = 60.0
#: What may be given up for a plan B, as a share of the best value.
GIVE_UP_SHARE, N_ALTERNATIVES = 0.05, 3
#: Rules that doing less may have to break, since they ask for something to be shared.
ASKS_FOR_SHARING = ("must_share", "force_partners", "least_hosted")


def beyond(
    judged: JudgedRecord,
    seconds: float = BUDGET_SECONDS,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Beyond:
    """Return the options compared, what the rules cost and plans B for a judged portfolio.

    Parameters
    ----------
    judged : JudgedRecord
    seconds : float
        Elapsed time for the searches together; a search that it stops gives a range instead of a figure. The options
        themselves are simulated in full, whatever that takes.
    jobs : int
        Threads.
    progress : callable (done, of), optional

    Examples
    --------
    >>> from sharesim.examples import two_councils
    >>> from sharesim.workflow.doors import appraise, choose, judge
    >>> judged = judge(choose(appraise(two_councils(), draws=256, seed=1)), draws=256, seed=1)
    >>> [option.key for option in beyond(judged).options]
    ['business_as_usual', 'preferred']
    """
    if not len(judged.portfolio.solution.chosen):
        return Beyond()
    begun = time.monotonic()
    question = question_behind(judged.portfolio)
    n_owners = len({rule.owner for rule in question.rules})
    share = seconds / (len(question.rules) + n_owners + N_ALTERNATIVES + 5)
    question = replace(question, options=replace(question.options, time_limit_seconds=share, progress=None))
    found = _Finder(judged, question, jobs)
    tell = progress or (lambda done, of: None)
    tell(0, 3)
    options = tuple(found.options())
    tell(1, 3)
    costs = question.costs() if question.rules else None
    tell(2, 3)
    others = found.alternatives()
    tell(3, 3)
    return Beyond(options, costs, others, seconds, time.monotonic() - begun)


class _Finder:
    """Looks for other portfolios of one study and judges them on the futures that judged the chosen one."""

    def __init__(self, judged: JudgedRecord, question: Question, jobs: int) -> None:
        self.judged, self.question, self.jobs = judged, question, jobs
        self.solution = judged.portfolio.solution

    def options(self) -> Iterable[Option]:
        """Yield the options from the least to the most ambitious."""
        yield Option(
            "business_as_usual",
            "Business as usual",
            "Nothing changes; savings already in plans are counted in the baseline.",
        )
        found = [self._do_minimum(), self._less(), self._preferred(), self._more()]
        seen: set[tuple[int, ...]] = {()}
        for option in found:
            if option is not None and (
                option.key == "preferred" or option.rows not in seen | {self._rows(self.solution)}
            ):
                seen.add(option.rows)
                yield option

    def _preferred(self) -> Option:
        how = f"{_best(self.solution)} portfolio that keeps every rule.".capitalize()
        return Option(
            "preferred", "Preferred", how, self._rows(self.solution), self.judged.outcomes, self.judged.account
        )

    def _do_minimum(self) -> Option | None:
        """Each council improves by itself: what can be had without anybody else."""
        table = self.question.outcomes.table
        if not (table.n_partners == 1).any():
            return None
        alone = NeverShare(kind="never_share", name="do minimum: nothing shared", services=("all",))
        return self._option("do_minimum", "Do minimum", "Each council reorganises by itself; nothing is shared", alone)

    def _less(self) -> Option | None:
        """The better half of what was chosen, and nothing else."""
        table, rows = self.question.outcomes.table, self._rows(self.solution)
        if len(rows) < 2:
            return None
        worth = self.judged.outcomes.npv_mean
        best = np.argsort(-worth, kind="stable")[: -(-len(rows) // 2)]
        kept = {name for at in best for name in table.service_ids(rows[at])}
        names = self.judged.study.services
        others = tuple(name for name in names.ids if name not in kept)
        if not others:
            return None
        rule = NeverShare(kind="never_share", name="less ambitious: the rest stays", services=others)
        listed = ", ".join(names.name(names.index(name)) for name in names.ids if name in kept)
        return self._option("less", "Less ambitious", f"Only the more valuable half: {listed}", rule)

    def _more(self) -> Option | None:
        """Every service that can be shared, shared by all who have it."""
        table, names = self.question.outcomes.table, self.judged.study.services
        shared = [row for row in range(len(table)) if table.n_partners[row] > 1]
        possible = {name for row in shared for name in table.service_ids(row)}
        services = tuple(name for name in names.ids if name in possible)
        rule = MustShare(kind="must_share", name="more ambitious: everything", services=services)
        return self._option("more", "More ambitious", "Every service is shared by every council that has it", rule)

    def _option(self, key: str, title: str, how: str, rule: RuleBase) -> Option | None:
        """Return the best portfolio with a rule more; where no portfolio keeps the rules too, the best without them."""
        for aside in self._aside():
            kept = tuple(item for item in self.question.rules if item not in aside)
            solution = self._solved((*kept, rule.model_copy(update={"name": unused_name(rule.name, kept)})))
            if solution.status.has_portfolio and len(solution.chosen):
                outcomes = self._judged(solution)
                said = f"{how}; {_said(aside, kept, _best(solution))}."
                return Option(key, title, said, self._rows(solution), outcomes, account(outcomes), bool(aside))
        return None

    def _aside(self) -> Iterable[tuple[RuleBase, ...]]:
        """Yield the rules to set aside, one try after the other: none, those that ask for sharing, all."""
        yield ()
        asking = tuple(rule for rule in self.question.rules if rule.kind in ASKS_FOR_SHARING)
        if asking:
            yield asking
        if len(asking) < len(self.question.rules):
            yield self.question.rules

    def _solved(self, rules: tuple[RuleBase, ...]) -> Solution:
        part, options = self.question, _quick(self.question.options)
        return solve(part.candidates, part.outcomes, rules, part.objective, options)

    def _judged(self, solution: Solution) -> Outcomes:
        """Return a portfolio on the futures that judged the chosen one."""
        table = self.question.outcomes.table.take(solution.chosen)
        return appraise_again(self.judged.outcomes, table, jobs=self.jobs)

    def alternatives(self) -> pd.DataFrame:
        """Return plans B: nearly as good, most different, with what they would be worth on the judging futures."""
        part = self.question
        found = most_different(
            part.candidates, part.outcomes, part.rules, part.objective, _quick(part.options),
            give_up_share=GIVE_UP_SHARE, count=N_ALTERNATIVES,
        )  # fmt: skip
        rows: list[dict[str, Any]] = []
        for item in found:
            if not len(item.solution.chosen) or self._rows(item.solution) == self._rows(self.solution):
                continue
            outcomes = self._judged(item.solution)
            worth = outcomes.npv.sum(axis=(0, 1)) + outcomes.needed @ outcomes.activation_npv.sum(axis=1)
            rows.append(
                {
                    "plan": f"Plan {chr(66 + len(rows))}",
                    "bundles": part.describe(item.solution),
                    "npv_mean_gbp": float(worth.mean()),
                    "given_up_gbp": float(self.judged.npv.mean() - worth.mean()),
                    "better_share": float((worth > self.judged.npv).mean()),
                    "probability_of_loss": float((worth < 0).mean()),
                    "differs_share": difference(part.candidates, self.solution.chosen, item.solution.chosen),
                }
            )
        columns = [
            "plan",
            "bundles",
            "npv_mean_gbp",
            "given_up_gbp",
            "better_share",
            "probability_of_loss",
            "differs_share",
        ]
        return pd.DataFrame(rows, columns=columns)

    @staticmethod
    def _rows(solution: Solution) -> tuple[int, ...]:
        return tuple(int(row) for row in solution.chosen)


def _best(solution: Solution) -> str:
    """What may be said of a portfolio: a search that was stopped leaves open whether there is a better one."""
    return "the best" if solution.status is Status.OPTIMAL else "the best found"


def _said(aside: tuple[RuleBase, ...], kept: tuple[RuleBase, ...], best: str) -> str:
    if not aside:
        return f"{best} that keeps every rule" if kept else f"{best} of them"
    if not kept:
        return "no such portfolio keeps the rules, so they are set aside here"
    return f"set aside here: {', '.join(rule.name for rule in aside)}"


def _quick(options: ChoiceOptions) -> ChoiceOptions:
    """Which rules bind does not matter to other portfolios."""
    return replace(options, binding=False)


__all__ = ["BUDGET_SECONDS", "beyond"]
