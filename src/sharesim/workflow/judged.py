"""A portfolio judged on futures that had no part in choosing it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sharesim.display import record, shortened
from sharesim.measures import cvar, estimate, percentile
from sharesim.report import tables
from sharesim.workflow import beside
from sharesim.workflow.records import JudgedRecord
from sharesim.workflow.replay import Replay, replay
from sharesim.workflow.results import Portfolio
from sharesim.workflow.stage_gate import gate_line, right_to_stop_table, rights_to_stop
from sharesim.workflow.summary_figures import summary_figures
from sharesim.workflow.words import money, money_note

if TYPE_CHECKING:
    from sharesim.workflow.plots import Plots


@record
class Judged(JudgedRecord):
    """A portfolio judged on futures that had no part in choosing it.

    Parameters
    ----------
    portfolio : Portfolio
    outcomes : Outcomes
        The chosen bundles on the judging draws.
    account : Account
        Their flows by council and year.
    seed : int
    effects : tuple of AssumptionEffect
        Pounds that each assumption's range moves; empty where it was not asked for.
    settled : Settled or None
        What the stop rule of the judging draws reached, where there was one.
    """

    portfolio: Portfolio

    @cached_property
    def plot(self) -> Plots:
        """Its figures, such as ``judged.plot.fan()``, as matplotlib Axes."""
        from sharesim.workflow.plots import Plots

        return Plots(self)

    def figures(self) -> dict[str, Any]:
        """Return the summary that ``summary.json`` holds: units in the names, horizons as the study's unless said."""
        return summary_figures(self)

    def replay(self, draw: int) -> Replay:
        """Return one judging future of the portfolio: every driver's value and every line of the cash flow."""
        return replay(self.outcomes, draw)

    def right_to_stop(self) -> pd.DataFrame:
        """Return what the right to stop at each stage gate is worth, with its Monte Carlo error (GBP)."""
        return right_to_stop_table(self)

    def do_minimum(self) -> pd.DataFrame:
        """Return what each council gains over the best that it can do alone (GBP); empty where nobody can."""
        return beside.do_minimum(self)

    def readings(self) -> pd.DataFrame:
        """Return council cash, council value and public value side by side (GBP)."""
        return beside.readings(self)

    def mitigations(self) -> pd.DataFrame:
        """Return what each mitigation in the register is worth to this portfolio (GBP)."""
        return beside.mitigations(self)

    def metrics(self) -> pd.DataFrame:
        """Return carbon avoided by year (tonnes) and the change of each scored criterion (points)."""
        return beside.metrics(self)

    def councils(self) -> pd.DataFrame:
        """Return one row per council: value, risk, exits and peak funding."""
        return tables.councils(self.study, self.account, self.council_npv, self.outcomes.plan)

    def years(self) -> pd.DataFrame:
        """Return one row per financial year, undiscounted real GBP."""
        return tables.years(self.study, self.account)

    def bundles(self) -> pd.DataFrame:
        """Return one row per chosen bundle with the judging and the choosing figures."""
        return tables.portfolio(self.portfolio.appraisal.outcomes, self.portfolio.solution, self.outcomes)

    def lines(self) -> pd.DataFrame:
        """Return mean pounds by bundle, council, year and line."""
        return tables.lines(self.outcomes, self.account)

    def published(self) -> pd.DataFrame:
        """Return each published figure beside the simulated range."""
        return tables.published(self.study, self.outcomes.table, self.account)

    def summary(self) -> str:
        """Return the decision, what it is worth, and how sure that is, in words."""
        if not len(self.portfolio.solution.chosen):
            return self.portfolio.summary()
        worth, error = float(self.npv.mean()), estimate(self.npv, "mean", self.outcomes.plan)
        chose = float(self.portfolio.solution.mean_npv_gbp)
        lines = [self.portfolio.summary(), ""]
        sure = f" (± {money(error.reach())})" if error.available else ""
        lines.append(
            f"On {self.outcomes.n_draws:,} fresh futures it is worth {money(worth)}{sure} on average; nine in ten futures lie between "
            f"{money(float(percentile(self.npv, 5)))} and {money(float(percentile(self.npv, 95)))}; it loses money in {np.mean(self.npv < 0):.0%}, "
            f"and the worst twentieth average {money(float(cvar(self.npv, 0.05)))}."
        )
        lines.append(
            f"The futures that chose it said {money(chose)}: {money(chose - worth)} of that was luck of the draw."
        )
        rows: Iterable[Any] = self.councils().itertuples()
        for row in rows:
            lines.append(
                f"  {row.name}: mean {money(row.npv_mean_gbp)}, loses in {row.probability_of_loss:.0%} of futures, "
                f"one-off cost {money(row.one_off_mean_gbp)}{_set_against(row)}, "
                f"{row.compulsory_exits_posts:.1f} compulsory exits"
            )
        lines += list(map(gate_line, rights_to_stop(self)))
        lines += [f"Stop rule for {name} '{rule.rule}': {rule.said}." for name, rule in self.stop_rules.items()]
        return "\n".join([*lines, money_note(self.study)])

    def __repr__(self) -> str:
        # Not the summary: at a prompt nobody waits for what the right to stop is worth.
        draws = self.npv
        low, high = (money(float(percentile(draws, q))) for q in (5, 95))
        found = [
            f"Judged portfolio for '{self.study.model.study.name}': {len(self.portfolio.solution.chosen)} bundles ({self.portfolio.status})",
            f"Worth {money(float(draws.mean()))} on average over {draws.size:,} fresh futures (seed {self.seed})",
            f"Nine in ten futures lie between {low} and {high}; it loses money in {float((draws < 0).mean()):.0%}",
            "More: .summary(), .councils(), .years(), .bundles(), .plot, .replay(draw)",
        ]  # fmt: skip
        return shortened("\n".join(found))

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.summary()).replace(chr(10), '<br>')}</p>" + self.councils().to_html(
            index=False, float_format="{:,.2f}".format
        )


def _set_against(row: Any) -> str:
    """Return what grants and receipts bring a council, in words; nothing where they bring nothing."""
    parts = [(row.grants_mean_gbp, "grants"), (row.receipts_mean_gbp, "receipts")]
    told = [f"{name} of {money(gbp)}" for gbp, name in parts if gbp]
    return f" (before {', '.join(told)})" if told else ""
