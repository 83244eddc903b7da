"""Everything a page, a workbook or slides would show of one run, worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import pandas as pd

from sharesim.appraisal.account import Account
from sharesim.appraisal.outcomes import Outcomes
from sharesim.display import record
from sharesim.report import (
    breakdown,
    budget,
    existing,
    inputs,
    log,
    options,
    public,
    register,
    schedule,
    switching,
    tables,
    worth,
)
from sharesim.report.contents import Contents
from sharesim.report.decision import Sentence, decision
from sharesim.report.figures import Plot
from sharesim.report.figures import rule_costs as choice_figures
from sharesim.report.figures import who as who_figures
from sharesim.report.figures import why as why_figures
from sharesim.report.figures import worth as worth_figures
from sharesim.report.matrix import Arrangement, arrangements, links, matrix
from sharesim.study.study import Study

PANELS = (
    ("npv_mean_gbp", "Value on average", "gbp"),
    ("probability_of_loss", "Chance of losing", "share"),
    ("peak_funding_mean_gbp", "Peak funding", "gbp"),
    ("exits_posts", "Exits, posts", "posts"),
)


@record
class Material:
    """Tables, sentences and figures of one run.

    Parameters
    ----------
    contents : Contents
    """

    contents: Contents

    @property
    def study(self) -> Study:
        return self.contents.study

    @property
    def judged(self) -> Outcomes:
        """The chosen bundles on the judging draws; only where there are any."""
        assert self.contents.judged is not None
        return self.contents.judged

    @property
    def account(self) -> Account:
        """The portfolio's flows; only where there are any."""
        assert self.contents.account is not None
        return self.contents.account

    @cached_property
    def chosen(self) -> tuple[Arrangement, ...]:
        """The chosen arrangements, each with its letter; empty where nothing is shared."""
        return arrangements(self.study, self.judged.table) if self.contents.is_judged else ()

    @cached_property
    def decision(self) -> tuple[Sentence, ...]:
        """The decision in three sentences."""
        return decision(self.contents, self.chosen)

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Every table by name; what needs a portfolio is there only where there is one."""
        contents, study = self.contents, self.study
        found = {
            "matrix": matrix(study, self.chosen),
            "rules": tables.checks(contents.solution),
            "drivers": inputs.drivers(study),
            "assumptions": inputs.assumed(contents),
            "conventions": log.conventions(study),
            "existing": existing.existing(study),
        }
        return found | (self._of_portfolio() | self._of_finance() | self._of_choices() if contents.is_judged else {})

    def _of_portfolio(self) -> dict[str, pd.DataFrame]:
        contents, study, judged, account = self.contents, self.study, self.judged, self.account
        npv = np.asarray(contents.council_npv)
        councils = tables.councils(study, account, npv, judged.plan)
        cells = breakdown.cells(judged, account)
        return {
            "portfolio": tables.portfolio(contents.outcomes, contents.solution, judged),
            "councils": councils,
            "council_ranges": worth.council_ranges(study.councils.names, npv),
            "council_panels": councils.assign(
                council=councils["name"], exits_posts=councils.compulsory_exits_posts + councils.voluntary_exits_posts
            ),
            "fan": worth.fan(study, account),
            "yearly": worth.yearly(study, account),
            "horizons": worth.horizons(study, account, judged.plan),
            "payback": worth.payback(study, account),
            "spread": worth.spread(contents.npv),
            "staff": breakdown.staff(study, account),
            "schedule": schedule.schedule(study, judged, account.started, self.chosen),
            "links": links(study, self.chosen),
            "risks": register.risks(study, judged),
            "tornado": inputs.tornado(
                study, contents.driver_effects, sorted({at for item in self.chosen for at in item.services})
            ),
            "published": tables.published(study, self.judged.table, account),
            "lines": cells,
            "lines_by_council": breakdown.by_line_and_council(study, cells),
            "lines_by_year": breakdown.by_line_and_year(study, cells),
            "lines_by_bundle": breakdown.by_line_and_bundle(cells, list(judged.table.ids)),
            "general_fund": breakdown.council_years(study, account),
            "one_off": breakdown.council_years(study, account, "one_off"),
            "cumulative": breakdown.council_years(study, account, "cumulative"),
            "one_off_funding": breakdown.one_off_funding(study, account),
        }

    @cached_property
    def public_value(self) -> public.PublicValue:
        """The chosen portfolio in the public-value reading."""
        return public.public_value(self.judged)

    def _of_finance(self) -> dict[str, pd.DataFrame]:
        """Tables for the finance director that only that page shows."""
        study, account = self.study, self.account
        lines = breakdown.cells(self.judged, account)
        value = float(self.contents.npv.mean())
        held = sorted({at for item in self.chosen for at in item.services})
        top = inputs.tornado(study, self.contents.driver_effects, held)
        return {
            "against_plan": budget.against_plan(study, account),
            "funding": budget.funding(study, account),
            "reserves": budget.reserves_by_year(study, account),
            "band_d": budget.band_d(study, account),
            "switching_totals": switching.switching_totals(lines, value),
            "switching": switching.switching(study, self.judged, top, value),
            "public_value": public.table(self.public_value),
        }

    def _of_choices(self) -> dict[str, pd.DataFrame]:
        """Tables of what else could be chosen; only those that were worked out."""
        found, beyond = {}, self.contents.beyond
        if beyond.options:
            found["options"] = options.options_table(self.study, beyond.options)
            found["lines_by_option"] = options.lines_by_option(beyond.options)
            found["baseline_path"] = options.baseline_path(self.study)
        if beyond.rule_costs is not None:
            found["rule_costs"] = beyond.rule_costs
        if beyond.alternatives is not None:
            found["alternatives"] = beyond.alternatives
        return found

    @cached_property
    def plots(self) -> Mapping[str, Plot]:
        """Every figure by name, in the order of the report; none where nothing is shared."""
        if not self.contents.is_judged:
            return {}
        found = [*self._worth_plots(), *self._who_plots(), *self._why_plots()]
        return {plot.name: plot for plot in found}

    def _worth_plots(self) -> list[Plot]:
        frames, about = self.tables, self.study.model.study
        facts = {
            name: float(self.contents.figures[name])
            for name in ("npv_mean_gbp", "npv_p5_gbp", "npv_p95_gbp", "probability_of_loss")
        }
        return [
            worth_figures.spread_plot(frames["spread"], facts, self.study.n_years, about.price_base),
            worth_figures.fan_plot(frames["fan"], frames["payback"], about.price_base),
            worth_figures.yearly_plot(frames["yearly"], about.price_base),
        ]

    def _who_plots(self) -> list[Plot]:
        frames, study = self.tables, self.study
        hosts = [
            sum(len(item.services) for item in self.chosen if council in item.hosts)
            for council in range(len(study.councils))
        ]
        found = [
            who_figures.matrix_plot(study, frames["matrix"], self.chosen),
            who_figures.map_plot(study, frames["links"], hosts),
            who_figures.timeline_plot(study, frames["schedule"]),
        ]
        return [plot for plot in found if plot is not None]

    def _why_plots(self) -> list[Plot]:
        frames = self.tables
        found = [
            why_figures.councils_plot(frames["council_ranges"]),
            why_figures.panels_plot(frames["council_panels"], PANELS),
        ]
        if len(frames["tornado"]):
            found.append(why_figures.tornado_plot(frames["tornado"], float(self.contents.npv.mean())))
        if frames["risks"].is_exposed.any():
            found.append(why_figures.risks_plot(frames["risks"]))
        if "options" in frames:
            found.append(choice_figures.options_plot(frames["options"]))
        if "rule_costs" in frames and (frames["rule_costs"].high_gbp > choice_figures.NOTHING_GBP).any():
            found.append(choice_figures.rule_costs_plot(frames["rule_costs"]))
        if len(frames["published"]):
            published = why_figures.published_plot(frames["published"])
            found += [published] if published is not None else []
        return found
