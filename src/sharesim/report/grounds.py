"""What the answer rests on: rules, choosing and judging, published figures, inputs, and how it was computed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sharesim.choice.solution import StoppedBy
from sharesim.report import words
from sharesim.report.cells import Column, PageTable, page_table
from sharesim.report.decision import Figure, gbp
from sharesim.report.material import Material
from sharesim.report.readings import luck, quantity_words, readings, rules
from sharesim.report.tables import bundles
from sharesim.study.rules import Objective

SIGNS = {"<=": "at most", ">=": "at least", "==": "exactly"}
#: Assumptions that move the value by less than this share of the largest effect are listed apart.
SMALL_EFFECT_SHARE = 0.02


def rules_section(material: Material) -> dict[str, Any]:
    """Return the rules with what was measured, and every check."""
    contents = material.contents
    columns = [
        Column("rule", "Rule", under="sentence"), Column("owner", "Set by"), Column("subject", "Tightest for"), Column("measured_words", "Measured"),
        Column("limit_words", "Limit"), Column("slack_words", "Room left"), Column("holds", "Kept"), Column("binding", "Decides"),
    ]  # fmt: skip
    short = rules(contents)
    stated, everything = _in_words(short[~short.built_in]), _in_words(material.tables["rules"])
    return {
        "table": page_table("rules", "The rules, each at its tightest", stated, columns) if len(stated) else None,
        "all": page_table("rule-checks", "Every check", everything, [Column("rule", "Rule"), *columns[1:2], Column("subject", "For"), *columns[3:7]]) if len(everything) else None,
        "binding": list(contents.solution.binding), "n_checks": len(everything),
    }  # fmt: skip


def _in_words(frame: pd.DataFrame) -> pd.DataFrame:
    """Return checks with every figure in the words of its unit."""
    texts = {f"{column}_words": [quantity_words(value, unit) for value, unit in zip(frame[column], frame.unit, strict=True)] for column in ("measured", "limit", "slack")}
    texts["limit_words"] = [f"{SIGNS[sign]} {text}" for sign, text in zip(frame.relation, texts["limit_words"], strict=True)]
    return frame.assign(**texts, holds=["yes" if kept else "BROKEN" for kept in frame.holds], binding=["yes" if bites else "" for bites in frame.binding])


def readings_section(material: Material) -> dict[str, Any]:
    """Return choosing and judging side by side, and how much of the value was luck."""
    frame = readings(material.contents)
    flattered, reach = luck(frame)
    sets = (("choosing", "On the futures that chose"), ("judging", "On fresh futures"), ("difference", "Difference"))
    text = frame.assign(**{f"{name}_words": [figure_words(value, unit) for value, unit in zip(frame[name], frame.kind, strict=True)] for name, _ in sets})
    columns = [Column("title", "Measure"), *(Column(f"{name}_words", title) for name, title in sets)]
    return {
        "table": page_table("readings", "The same portfolio on two sets of futures", text, columns), "is_noise": abs(flattered) <= reach,
        "verb": "flattered the value by" if flattered >= 0 else "were harder on the value by", "luck": Figure("luck_gbp", flattered, words.money(abs(flattered))),
        "reach": gbp("luck_reach_gbp", reach) if np.isfinite(reach) else None,
    }  # fmt: skip


def figure_words(value: float, unit: str) -> str:
    """Return a figure in full, in its unit: a share or pounds.

    Examples
    --------
    >>> figure_words(0.54, "share"), figure_words(80_000, "GBP")
    ('54%', '£80,000')
    """
    return words.share(value) if unit == "share" else words.pounds(value)


def published_table(material: Material) -> PageTable | None:
    """Return published figures beside the simulated range; None where the study has none."""
    frame = material.tables["published"]
    if not len(frame):
        return None
    names = ("published", "simulated_mean", "simulated_p5", "simulated_p95")
    shown = {f"{name}_words": [figure_words(value, unit) for value, unit in zip(frame[name], frame.unit, strict=True)] for name in names}
    text = frame.assign(**shown, falls=[falls(row) for row in frame.itertuples()])
    columns = [
        Column("label", "Published figure", under="covers"), Column("published_words", "Published", under="kind"), Column("simulated_p5_words", "Simulated, low (5%)"),
        Column("simulated_mean_words", "On average"), Column("simulated_p95_words", "High (95%)"), Column("falls", "Where it falls"), Column("source", "Source"),
    ]  # fmt: skip
    note = "Published figures are not inputs: nothing was fitted to them. The simulated side is the portfolio chosen here, which need not be what the figure covers."
    return page_table("published", "Published figures beside the simulated range", text, columns, note=note)


def falls(row: Any) -> str:
    """Return where a published figure falls in the simulated range, in words."""
    if row.percentile_of_published <= 0:
        return "below every future"
    if row.percentile_of_published >= 100:
        return "above every future"
    above = row.percentile_of_published / 100
    return f"above {words.share(above)} of futures" if row.published > row.simulated_p50 else f"below {words.share(1 - above)} of futures"


def inputs_section(material: Material) -> dict[str, Any]:
    """Return what was assumed, what moves little of it apart, every driver, and what was changed from the files."""
    assumed, drivers, changes = material.tables["assumptions"], material.tables["drivers"], material.study.changes
    size = (assumed.effect_high_gbp - assumed.effect_low_gbp).abs()
    has_effects = bool(len(assumed)) and not size.isna().all()
    small = size < SMALL_EFFECT_SHARE * size.max() if has_effects else size.isna() & False
    every = [
        Column("input", "Input", under="driver"), Column("distribution", "Distribution"), Column("mean", "Mean", "number"), Column("p5", "5%", "number"),
        Column("p95", "95%", "number"), Column("origin", "From"), Column("source", "Source"),
    ]  # fmt: skip
    moved = pd.DataFrame([{"path": item.path, "before": str(item.before), "after": str(item.after), "by": item.by} for item in changes])
    return {
        "n_assumed": len(assumed), "n_drivers": len(drivers), "has_effects": has_effects, "n_small": int(small.sum()),
        "assumed": _assumed_table("assumptions", "What was assumed, what moves most first", assumed[~small], has_effects),
        "small": _assumed_table("assumptions-small", "Assumed too, moving little", assumed[small], has_effects),
        "drivers": page_table("drivers", "Every uncertain input", drivers, every) if len(drivers) else None,
        "changes": page_table("changes", "Changed from the study's files", moved, [Column(name, name.title()) for name in moved]) if len(moved) else None,
    }  # fmt: skip


def _assumed_table(name: str, caption: str, frame: pd.DataFrame, has_effects: bool) -> PageTable | None:
    if not len(frame):
        return None
    effects = [Column("effect_low_gbp", "At the low end", "gbp", "change of value"), Column("effect_high_gbp", "At the high end", "gbp", "change of value")]
    columns = [
        Column("input", "Assumed", under="for_words"), Column("range", "Range looked at", under="drawn"), *(effects if has_effects else []),
        Column("reasoning", "Why"), Column("source", "Source"),
    ]  # fmt: skip
    return page_table(name, caption, frame.assign(drawn=[f"drawn from {text}" for text in frame.assumed]), columns)


STOPPED = {
    StoppedBy.GAP: "the gap asked for was reached", StoppedBy.TIME: "the time limit", StoppedBy.WORK: "the work limit", StoppedBy.INTERRUPT: "a request to stop",
    StoppedBy.PROOF: "proof", StoppedBy.FAILURE: "a failure",
}  # fmt: skip


def method_section(material: Material) -> list[tuple[str, str]]:
    """Return how the answer was computed, as label and fact."""
    contents, study = material.contents, material.study
    solution, plan, judged = contents.solution, contents.outcomes.plan, contents.judged
    gap = "there is no portfolio"
    if solution.status.has_portfolio:
        gap = f"{words.share(solution.gap, 2)}: no portfolio that keeps the rules is worth more than {words.money(solution.bound_gbp)} by the objective, which the one chosen brings to {words.money(solution.value_gbp)}"
    fresh = f", {judged.n_draws:,} fresh ones to judge" if judged is not None else ""
    facts = [
        ("Date of the run", words.day(contents.date) if contents.date else "not recorded"),
        ("Study", f"{study.model.study.name}, content hash {study.content_hash}"),
        ("Seed", f"{contents.seed}"),
        ("Futures", f"{contents.outcomes.n_draws:,} to choose{fresh} ({plan.method.replace('_', ' ')})"),
        ("Monte Carlo errors", plan.standard_error_source),
        ("Uncertain inputs", f"{len(study.drivers):,} drivers, events included"),
        ("Candidates", words.count(len(contents.outcomes.table), "arrangement")),
        ("Objective", objective_words(contents.objective)),
        ("Status", f"{solution.status.value}; what ended the search: {STOPPED[solution.stopped_by]}"),
        ("Gap", gap),
        ("Solver", solution.solver or "not recorded"),
        ("Seconds", "; ".join(f"{stage} {seconds:.1f}" for stage, seconds in contents.timings.items()) or "not recorded"),
        ("Versions", "; ".join(f"{name} {version}" for name, version in contents.versions.items()) or "not recorded"),
    ]  # fmt: skip
    return [*facts, *(("Note", note) for note in solution.notes)]


def objective_words(objective: Objective) -> str:
    """Return what the choice maximised, in words.

    Examples
    --------
    >>> objective_words(Objective(kind="mean_cvar", risk_weight=0.3))
    '70% the value on average, 30% that of the worst 5% of futures'
    """
    if objective.kind == "mean":
        return "the value on average"
    if objective.kind == "mean_cvar":
        weight = objective.risk_weight
        return f"{words.share(1 - weight)} the value on average, {words.share(weight)} that of the worst {words.share(objective.level)} of futures"
    if objective.kind == "lexicographic":
        return "first " + ", then ".join(objective.order)
    return (
        f"{objective.cashable_weight:g} x value + {objective.non_cashable_weight:g} x time saved + "
        f"{words.pounds(objective.quality_weight_gbp)} x change of quality"
    )


def candidates_table(material: Material) -> PageTable | None:
    """Return the most valuable candidates, for a report that has no portfolio to show."""
    outcomes = material.contents.outcomes
    if not len(outcomes.table):
        return None
    frame = bundles(outcomes).sort_values(["npv_mean_gbp", "bundle"], ascending=[False, True]).head(10)
    frame = frame.assign(what=[outcomes.table.describe(int(row)) for row in frame.index])
    columns = [
        Column("what", "Arrangement"), Column("npv_mean_gbp", "Value on average", "gbp"), Column("npv_p5_gbp", "Low (5%)", "gbp"),
        Column("npv_p95_gbp", "High (95%)", "gbp"), Column("probability_of_loss", "Chance of a loss", "share"),
    ]  # fmt: skip
    note = "Each alone, before what several would pay for together, and whatever the rules say of it."
    return page_table("candidates", "The most valuable candidate arrangements", frame, columns, note=note)
