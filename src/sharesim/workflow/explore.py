"""Beyond the best portfolio: what rules cost, why nothing fits, the frontier, plans B, how sure, and who may leave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from sharesim.appraisal.outcomes import Outcomes
from sharesim.appraisal.outcomes import appraise as simulate
from sharesim.arguments import whole
from sharesim.choice.alternatives import Alternatives, best_few, most_different
from sharesim.choice.candidates import Candidates
from sharesim.choice.choose import ChoiceOptions
from sharesim.choice.explain import rule_costs, why_not
from sharesim.choice.frontier import Frontier, frontier
from sharesim.choice.leaving import Leaving, Setting, leaving
from sharesim.choice.relax import drops, relaxations
from sharesim.choice.solution import Solution
from sharesim.choice.stability import Stability, stability
from sharesim.display import record
from sharesim.study.given import choice_of
from sharesim.study.rules import Objective, RuleBase
from sharesim.workflow.bridge import candidates_of
from sharesim.workflow.records import AppraisalRecord, PortfolioRecord
from sharesim.workflow.words import active

#: A rule, a mapping of its fields as in study.toml, or several.
Rules = RuleBase | Mapping[str, Any] | Iterable[RuleBase | Mapping[str, Any]]
#: How many points a frontier may have, and the share of worst futures in its CVaR where none is given.
N_POINTS, WORST_SHARE = whole(2, 1000, "not a number of points"), 0.05


@record
class Question:
    """What a choice is made from: candidates, their draws, rules, objective and how hard to search.

    Parameters
    ----------
    candidates : Candidates
    outcomes : Outcomes
    rules : tuple of RuleBase
        Those that are switched on.
    objective : Objective
    options : ChoiceOptions
    """

    candidates: Candidates
    outcomes: Outcomes
    rules: tuple[RuleBase, ...]
    objective: Objective
    options: ChoiceOptions

    def costs(self) -> pd.DataFrame:
        """Return what each rule, and each owner's rules together, cost: solved again without, one row each.

        The cost lies between `low_gbp` and `high_gbp` (GBP of the objective over the choosing draws); `mean_npv_gbp`
        and `loss_probability` say what the portfolio without it has more.
        """
        found = rule_costs(self.candidates, self.outcomes, self.rules, self.objective, self.options)
        rows = [
            {
                "name": item.name, "kind": item.kind, "low_gbp": item.low_gbp, "high_gbp": item.high_gbp,
                "mean_npv_gbp": item.mean_npv_gbp, "loss_probability": item.loss_probability, "status": item.status.value, "owner": item.owner,
            }
            for item in found
        ]  # fmt: skip
        names = ["name", "kind", "low_gbp", "high_gbp", "mean_npv_gbp", "loss_probability", "status", "owner"]
        return pd.DataFrame(rows, columns=names).sort_values(
            ["kind", "low_gbp"], ascending=[False, False], ignore_index=True
        )

    def why_not(self) -> str:
        """Return in the rules' own words why no portfolio satisfies them, and the least that would help."""
        reason = why_not(self.candidates, self.outcomes, self.rules, self.options)
        lines = [str(reason)]
        if reason.status != "feasible":
            changes = [str(item) for item in relaxations(self.candidates, self.outcomes, self.rules, self.options)]
            groups = [] if changes else drops(self.candidates, self.outcomes, self.rules, self.options)
            changes += ["Drop " + " and ".join(repr(name) for name in group) + " together." for group in groups]
            if changes:
                lines += ["Any one of these would do:", *(f"- {change}" for change in changes)]
        return "\n".join(lines)

    def frontier(self, against: str, n_points: int, level: float) -> Frontier:
        """Return the portfolios of which none is better in both mean NPV and the measure set against it."""
        return frontier(
            self.candidates,
            self.outcomes,
            self.rules,
            against=against,
            level=level,
            n_points=n_points,
            options=self.options,
        )

    def alternatives(self, count: int) -> pd.DataFrame:
        """Return the best portfolios in order, distinct in services, partners and hosts.

        ``attrs["complete"]`` of the table is False when the clock stopped some search, here and in `most_different`.
        """
        return self._table(
            best_few(self.candidates, self.outcomes, self.rules, self.objective, self.options, count=count)
        )

    def most_different(self, give_up_share: float, count: int) -> pd.DataFrame:
        """Return portfolios nearly as good as the best that differ most from it and from each other."""
        found = most_different(
            self.candidates,
            self.outcomes,
            self.rules,
            self.objective,
            self.options,
            give_up_share=give_up_share,
            count=count,
        )
        return self._table(found)

    def _table(self, found: Alternatives) -> pd.DataFrame:
        rows = [
            {
                "value_gbp": item.solution.value_gbp, "given_up_gbp": item.given_up_gbp, "differs_share": item.differs_share,
                "bundles": self.describe(item.solution),
            }
            for item in found
        ]  # fmt: skip
        frame = pd.DataFrame(rows, columns=["value_gbp", "given_up_gbp", "differs_share", "bundles"])
        frame.attrs["complete"] = found.complete
        return frame

    def describe(self, solution: Solution) -> str:
        """Return a solution's bundles in words, one a line."""
        return "\n".join(self.outcomes.table.describe(int(row)) for row in solution.chosen)

    def stability(self, solution: Solution, seed: int, n_sets: int, n_draws: int) -> Stability:
        """Choose again on independent sets of futures and compare with a solution."""
        ids = [self.candidates.bundle_ids[row] for row in solution.chosen]
        return stability(self._sets(seed, n_sets, n_draws), ids, self.rules, self.objective, self.options)

    def _sets(self, seed: int, n_sets: int, n_draws: int) -> Iterator[tuple[Candidates, Outcomes]]:
        study, table = self.outcomes.study, self.outcomes.table
        # As many draws as chose come in as many scrambles, which a stop rule may have decided.
        scrambles = self.outcomes.plan.scrambles if n_draws == self.outcomes.n_draws else None
        for number in range(n_sets):
            outcomes = simulate(
                study, table, seed=seed, purpose="sampling_gap", n_draws=n_draws, replicate=number, scrambles=scrambles
            )
            yield candidates_of(outcomes), outcomes

    def leaving(self, solution: Solution, council: str) -> Leaving:
        """Return what remains of a solution, what it is worth and the best repair when a council leaves."""
        return leaving(
            Setting(self.candidates, self.outcomes, self.rules, self.objective), solution, council, self.options
        )

    def leaving_table(self, solution: Solution, councils: Sequence[str]) -> pd.DataFrame:
        """Return one row per council that may leave: what ends, what stays and is worth, and the best repair."""
        rows = []
        for council in councils:
            found = self.leaving(solution, council)
            rows.append(
                {
                    "council": council, "ends": self._words(found.lost), "stays": self._words(found.kept),
                    "value_before_gbp": found.value_before_gbp, "value_kept_gbp": found.value_kept_gbp,
                    "repaired_gbp": found.repair.value_gbp, "anew_gbp": found.fresh.value_gbp,
                    "rules_broken": ", ".join(found.broken), "repair": self._repair(found),
                }
            )  # fmt: skip
        names = [
            "council",
            "ends",
            "stays",
            "value_before_gbp",
            "value_kept_gbp",
            "repaired_gbp",
            "anew_gbp",
            "rules_broken",
            "repair",
        ]
        return pd.DataFrame(rows, columns=names)

    def _words(self, ids: Sequence[str]) -> str:
        """Return bundles in words, one a line."""
        position = {name: row for row, name in enumerate(self.candidates.bundle_ids)}
        return "\n".join(self.outcomes.table.describe(position[name]) for name in ids)

    def _repair(self, found: Leaving) -> str:
        if not found.repair.status.has_portfolio:
            return f"no plan that holds on to what stays keeps the rules ({found.repair.status.value})"
        return self._words([found.candidates.bundle_ids[row] for row in found.repair.chosen]) or "share nothing"


def question_of(
    appraisal: AppraisalRecord,
    rules: Rules | None = None,
    objective: Objective | str | Mapping[str, Any] | None = None,
    options: ChoiceOptions | None = None,
) -> Question:
    """Return what a choice from an appraisal is made from, under the study's rules or others.

    Raises
    ------
    UsageError
        With every fault of the rules and the objective given, as of a study's own.
    """
    run = appraisal.study.model.run
    options = options or ChoiceOptions(
        gap=run.gap, time_limit_seconds=run.time_limit_seconds, solver=run.solver, seed=1
    )
    used, aim = choice_of(appraisal.study, rules, objective)
    return Question(appraisal.candidates, appraisal.outcomes, active(used), aim, options)


def question_behind(portfolio: PortfolioRecord) -> Question:
    """Return what a portfolio was chosen from."""
    return question_of(portfolio.appraisal, portfolio.rules, portfolio.objective)


def frontier_table(question: Question, found: Frontier) -> pd.DataFrame:
    """Return one row per point of a frontier, from the highest mean NPV down; ``attrs["complete"]``: see `Frontier`."""
    rows = [
        {
            "mean_npv_gbp": point.mean_npv_gbp, found.against: point.other, "n_bundles": len(point.solution.chosen),
            "gap": max(round(point.solution.gap, 12), 0.0), "bundles": question.describe(point.solution),
        }
        for point in found.points
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["mean_npv_gbp", found.against, "n_bundles", "gap", "bundles"])
    frame.attrs["complete"] = found.complete
    return frame


#: Headings of the tables above as they are printed; the tables themselves keep their names.
HEADINGS = {
    "name": "Rule or owner", "kind": "What", "owner": "Set by", "low_gbp": "Costs at least", "high_gbp": "Costs at most",
    "mean_npv_gbp": "Mean NPV", "loss_probability": "P(loss)", "status": "Search", "cvar": "Worst futures (CVaR)",
    "exits": "Exits", "non_cashable": "Non-cashable", "n_bundles": "Bundles", "gap": "Gap",
}  # fmt: skip


def spoken(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table of costs or of a frontier as text: pounds, percentages, and headings that say what they are.

    Examples
    --------
    >>> rows = {"mean_npv_gbp": [790616.9], "cvar": [-312851.6], "n_bundles": [3], "gap": [0.0]}
    >>> spoken(pd.DataFrame(rows)).iloc[0].tolist()
    ['£790,617', '-£312,852', '3', '0.00%']
    """
    found, by_rule = {}, "low_gbp" in frame
    for name in frame.columns:
        heading = HEADINGS.get(name, name)
        if by_rule and name in ("mean_npv_gbp", "loss_probability"):
            heading += " without it, more by"
        found[heading] = [_spoken(name, value, by_rule) for value in frame[name]]
    return pd.DataFrame(found)


def _spoken(name: str, value: object, is_change: bool) -> str:
    if not isinstance(value, float):
        return str(value)
    if value != value:
        return "not known"
    if name.endswith("_gbp") or name in ("cvar", "non_cashable"):
        whole = round(value)
        return f"{'-' if whole < 0 else ''}£{abs(whole):,}"
    if name == "loss_probability":
        return f"{100 * value:+.1f} points" if is_change else f"{value:.1%}"
    return f"{value:.2%}" if name == "gap" else f"{value:,.1f}"
