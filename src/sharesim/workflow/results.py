"""The results that users hold: thin wrappers with words, tables and rich display round what the halves worked out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from sharesim.arguments import a_text, a_word, an_instance, number, takes, whole
from sharesim.choice.choose import ChoiceOptions
from sharesim.choice.frontier import AGAINST
from sharesim.choice.stability import LEAST_SETS, Stability
from sharesim.display import record, shortened
from sharesim.measures import Estimate
from sharesim.measures.estimates import degrees_of_freedom
from sharesim.report import tables
from sharesim.study.rules import Objective
from sharesim.workflow.explore import (
    N_POINTS,
    WORST_SHARE,
    Question,
    Rules,
    frontier_table,
    question_behind,
    question_of,
)
from sharesim.workflow.records import AppraisalRecord, PortfolioRecord
from sharesim.workflow.replay import Replay, replay
from sharesim.workflow.summary_figures import chosen_bundles
from sharesim.workflow.words import correlation_lines, money, money_note, portfolio_words

if TYPE_CHECKING:
    from sharesim.workflow.plots import Plots

CHOICE_OPTIONS = an_instance(
    ChoiceOptions, "not options of a choice", "ChoiceOptions", "Write ChoiceOptions(time_limit_seconds=60)."
)
COUNT = whole(1, 1000, "not a number of portfolios")
LEVEL = number(0.0, 1.0, "not a share of the worst futures", "Write 0.05 for 5%.", above=True)
SHARE = number(0.0, 1.0, "not a share", "Write 0.02 for 2%.")


@record
class Appraisal(AppraisalRecord):
    """Every candidate bundle simulated on one set of draws.

    Parameters
    ----------
    study : Study
    outcomes : Outcomes
    seed : int
    settled : Settled or None
        What the stop rule reached, where there was one.
    """

    def bundles(self) -> pd.DataFrame:
        """Return one row per candidate bundle with its value and risk."""
        return tables.bundles(self.outcomes)

    def summary(self) -> str:
        """Return what was simulated, in words."""
        about, frame = self.study.model.study, self.bundles()
        best = frame.sort_values(["npv_mean_gbp", "bundle"], ascending=[False, True]).head(3)
        lines = [
            f"{about.title}: {len(frame)} candidate bundles on {self.n_draws:,} futures (seed {self.seed}).",
            *([f"Stop rule '{self.settled.rule}': {self.settled.said}."] if self.settled else []),
            f"{(frame.npv_mean_gbp > 0).sum()} are worth more than they cost on average, {(frame.probability_of_loss < 0.2).sum()} lose in fewer than 1 of 5 futures.",
            "Most valuable alone:",
        ]
        for row in best.index:
            value = frame.loc[row]
            lines.append(
                f"  {self.outcomes.table.describe(row)}: mean {money(value.npv_mean_gbp)}{self._sure(value)}, "
                f"loses in {value.probability_of_loss:.0%} of futures"
            )
        return "\n".join([*lines, *correlation_lines(self.outcomes.plan.changes), money_note(self.study)])

    def _sure(self, bundle: pd.Series) -> str:
        """Return how far the 95% interval of a bundle's mean reaches, in words; "" where the draws give no error."""
        freedom = degrees_of_freedom(self.outcomes.plan, self.n_draws)
        found = Estimate(bundle.npv_mean_gbp, bundle.npv_mean_error_gbp, self.n_draws, freedom)
        return f" (± {money(found.reach())})" if found.available else ""

    @takes(options=CHOICE_OPTIONS)
    def question(
        self,
        rules: Rules | None = None,
        objective: Objective | str | Mapping[str, Any] | None = None,
        options: ChoiceOptions | None = None,
    ) -> Question:
        """Return what a choice from these outcomes is made from, under the study's rules or others.

        Raises
        ------
        UsageError
            With every fault of the rules and the objective given, as of a study's own.
        """
        return question_of(self, rules, objective, options)

    @takes(against=a_word(*AGAINST), n_points=N_POINTS, level=LEVEL)
    def frontier(
        self, against: str = "cvar", *, n_points: int = 9, level: float = WORST_SHARE, rules: Rules | None = None
    ) -> pd.DataFrame:
        """Return the best mean NPV for each level of risk, exits or non-cashable saving, and the portfolio at each point.

        Parameters
        ----------
        against : {"cvar", "loss_probability", "exits", "non_cashable"}
        n_points : int
            Most points; duplicates are merged and dominated points left out.
        level : float
            Share of worst futures in CVaR.
        rules : rule, mapping, or iterable of these, optional
            In place of the study's.

        Examples
        --------
        >>> from sharesim.examples import two_councils
        >>> from sharesim.workflow.doors import appraise
        >>> list(appraise(two_councils(), draws=256, seed=1).frontier(n_points=3).columns)
        ['mean_npv_gbp', 'cvar', 'n_bundles', 'gap', 'bundles']
        """
        question = self.question(rules)
        return frontier_table(question, question.frontier(against, n_points, level))

    def why_not(self, rules: Rules | None = None) -> str:
        """Return why no portfolio satisfies the rules, in their own words, and the least that would help."""
        return self.question(rules).why_not()

    def replay(self, draw: int, bundle: int | str | None = None) -> Replay:
        """Return one future by number: every driver's value and every line of the cash flow.

        Parameters
        ----------
        draw : int
            Number of the draw, 0 for the first.
        bundle : int or str, optional
            Row or id of one bundle; every bundle where left out.

        Raises
        ------
        UsageError
            When there is no such draw or bundle.
        """
        return replay(self.outcomes, draw, bundle)

    def __repr__(self) -> str:
        # Not the summary: at a prompt nobody waits for the errors of ten thousand bundles.
        worth = self.outcomes.npv_mean
        found = [
            f"Appraisal of '{self.study.model.study.name}': {self.candidates.n_bundles} candidate bundles on {self.n_draws:,} futures (seed {self.seed})",
            f"{int((worth > 0).sum())} are worth more than they cost on average; most valuable alone:",
            *(f"  {money(float(worth[row]))}: {self.outcomes.table.describe(int(row))}" for row in (-worth).argsort(kind="stable")[:3]),
            "More: .summary(), .bundles(), .frontier(), .replay(draw)",
        ]  # fmt: skip
        return shortened("\n".join(found))

    def _repr_html_(self) -> str:
        frame = self.bundles().sort_values("npv_mean_gbp", ascending=False).head(10)
        return f"<p>{escape(self.summary()).replace(chr(10), '<br>')}</p>" + frame.to_html(
            index=False, float_format="{:,.0f}".format
        )


@record
class Portfolio(PortfolioRecord):
    """What was chosen, and the proof.

    Parameters
    ----------
    appraisal : Appraisal
    solution : Solution
    rules : tuple of RuleBase
    objective : Objective
    """

    appraisal: Appraisal

    def bundles(self) -> pd.DataFrame:
        """Return one row per chosen bundle, on the choosing draws."""
        return tables.portfolio(self.appraisal.outcomes, self.solution)

    def rule_checks(self) -> pd.DataFrame:
        """Return every rule with what was measured, its limit and the room left."""
        return tables.checks(self.solution)

    def chosen(self) -> list[dict[str, Any]]:
        """Return the chosen bundles as plain data."""
        return chosen_bundles(self)

    def describe(self) -> list[str]:
        """Return each chosen bundle in words."""
        return [self.appraisal.outcomes.table.describe(int(row)) for row in self.solution.chosen]

    @property
    def question(self) -> Question:
        """What it was chosen from."""
        return question_behind(self)

    def rule_costs(self) -> pd.DataFrame:
        """Return what each rule and each owner's rules cost, by solving again without: GBP as an interval."""
        return self.question.costs()

    @takes(count=COUNT)
    def alternatives(self, count: int = 5) -> pd.DataFrame:
        """Return the best portfolios in order, distinct in services, partners and hosts; the chosen one first."""
        return self.question.alternatives(count)

    @takes(give_up_share=SHARE, count=COUNT)
    def most_different(self, give_up_share: float = 0.02, count: int = 3) -> pd.DataFrame:
        """Return portfolios nearly as good that differ most, so that members can say no and still have a plan."""
        return self.question.most_different(give_up_share, count)

    @takes(n_sets=whole(LEAST_SETS, 1000, "not a number of sets", "20 is usual."), draws=whole(64, 10_000_000))
    def how_sure(self, n_sets: int = 20, draws: int = 1024) -> Stability:
        """Return how often each bundle, partner and host is in the best portfolio of independent sets of futures.

        With the sampling gap: how much better the best portfolio could be in expectation, with 95% confidence. MIP gap
        (`gap`), sampling gap and the value on fresh draws (`sharesim.judge`) are three separate figures.
        """
        return self.question.stability(self.solution, self.appraisal.seed, n_sets, draws)

    @takes(council=a_text)
    def if_leaves(self, council: str | None = None) -> pd.DataFrame:
        """Return what happens when a council leaves, one row for it, or for each chosen partner where left out.

        What ends, what stays and what that is worth, the best repair that holds on to what stays, and the best choice anew
        (GBP of the objective over the choosing draws).
        """
        partners = sorted({name for entry in self.chosen() for name in entry["partners"]})
        return self.question.leaving_table(self.solution, partners if council is None else [council])

    @cached_property
    def plot(self) -> Plots:
        """Its figures, such as ``portfolio.plot.matrix()``, as matplotlib Axes; judged on fresh futures when first drawn."""
        from sharesim.workflow.plots import Plots

        return Plots.of(self)

    def summary(self) -> str:
        """Return what was chosen, in words."""
        return portfolio_words(self)

    def __repr__(self) -> str:
        return shortened(f"Portfolio for '{self.study.model.study.name}'\n{self.summary()}")

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.summary()).replace(chr(10), '<br>')}</p>"
