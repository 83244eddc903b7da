"""What the answer rests on: rules, choosing and judging, published figures, inputs, and how it was computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sharesim.choice.solution import StoppedBy
from sharesim.report import words
from sharesim.report.cells import PageTable, columns, page_table
from sharesim.report.correlations import changed_table
from sharesim.report.decision import Figure, gbp
from sharesim.report.existing import PARTIES, ends_words, notice_words
from sharesim.report.material import Material
from sharesim.report.readings import luck, owner_words, quantity_words, readings, rule_sentence, rules
from sharesim.report.tables import bundles
from sharesim.study.plain import visible
from sharesim.study.rules import Objective

SIGNS = {"<=": "at most", ">=": "at least", "==": "exactly"}
#: Assumptions that move the value by less than this share of the largest effect are listed apart.
SMALL_EFFECT_SHARE = 0.02

RULES = columns("""
    rule | Rule | text | | sentence
    owner | Set by
    subject | Tightest for
    measured_words | Measured | figure
    limit_words | Limit | figure
    slack_words | Room left | figure
    holds | Kept
    binding | Decides
""")
STATED = columns("""
    rule | Rule
    owner | Set by
    sentence | What it demands
""")
CHECKS = columns("""
    rule | Rule
    owner | Set by
    subject | For
    measured_words | Measured | figure
    limit_words | Limit | figure
    slack_words | Room left | figure
    holds | Kept
""")
READINGS = columns("""
    title | Measure
    choosing_words | On the futures that chose | figure | | choosing_reach
    judging_words | On fresh futures | figure | | judging_reach
    difference_words | Difference | figure
""")
#: Said of a published figure of services, or of councils, of which the choice has none.
NOT_SHARED = "not shared in this choice"
PUBLISHED = columns("""
    label | Published figure | text | | covers
    published_words | Published | figure | | kind
    simulated_p5_words | Simulated, low (5%) | figure
    simulated_mean_words | On average | figure
    simulated_p95_words | High (95%) | figure
    falls | Where it falls
    source | Source
""")
DRIVERS = columns("""
    input | Input | text | | driver
    distribution | Distribution
    mean | Mean | number
    p5 | 5% | number
    p95 | 95% | number
    origin | From
    source | Source
    owner | Who stands behind it | text | | status_words
""")
ASSUMED = columns("""
    input | Assumed | text | | for_words
    range | Range looked at | text | | drawn
    effect_low_gbp | At the low end | gbp | change of value
    effect_high_gbp | At the high end | gbp | change of value
    reasoning | Why
    source | Source
    owner | Who stands behind it | text | | status_words
""")
CONVENTIONS = columns("""
    convention | Setting | text | | for_words
    value | In force
    meaning | What that means
""")
EXISTING = columns("""
    name | Arrangement | text | | services
    partners | Councils | text | | party_words
    ends_words | Until
    notice_words | Notice
    earliest_start | Free from | date
    break_words | Leaving before the end costs each
    paid_to_words | Paid to
""")
CHANGES = columns("""
    path | What
    before | In the files
    after | In this run
    by | Changed by
""")
CANDIDATES = columns("""
    what | Arrangement
    npv_mean_gbp | Value on average | gbp
    npv_p5_gbp | Low (5%) | gbp
    npv_p95_gbp | High (95%) | gbp
    probability_of_loss | Chance of a loss | share
""")
STOPPED = {
    StoppedBy.GAP: "the gap asked for was reached",
    StoppedBy.TIME: "the time limit",
    StoppedBy.WORK: "the work limit",
    StoppedBy.INTERRUPT: "a request to stop",
    StoppedBy.PROOF: "proof",
    StoppedBy.FAILURE: "a failure",
}


def rules_section(material: Material) -> dict[str, Any]:
    """Return the rules with what was measured, and every check; without a portfolio, what the rules demand."""
    contents = material.contents
    short, checks = rules(contents), _in_words(material.tables["rules"])
    stated = _in_words(short[~short.built_in.astype(bool)])
    table = page_table("rules", "The rules, each at its tightest", stated, RULES) if len(stated) else None
    if table is None and contents.rules:
        said = [
            {"rule": rule.name, "owner": owner_words(contents.study, rule.owner), "sentence": rule_sentence(rule)}
            for rule in contents.rules
        ]
        table = page_table("rules", "The rules", pd.DataFrame(said), STATED)
    return {
        "table": table,
        "all": page_table("rule-checks", "Every check", checks, CHECKS) if len(checks) else None,
        "binding": list(contents.solution.binding),
        "n_checks": len(checks),
    }


def _in_words(frame: pd.DataFrame) -> pd.DataFrame:
    """Return checks with every figure in the words of its unit."""
    texts = {
        f"{name}_words": [quantity_words(value, unit) for value, unit in zip(frame[name], frame.unit, strict=True)]
        for name in ("measured", "limit", "slack")
    }
    limits = [f"{SIGNS[sign]} {text}" for sign, text in zip(frame.relation, texts["limit_words"], strict=True)]
    holds = ["yes" if kept else "BROKEN" for kept in frame.holds]
    return frame.assign(**texts).assign(
        limit_words=limits, holds=holds, binding=["yes" if bites else "" for bites in frame.binding]
    )


def readings_section(material: Material) -> dict[str, Any]:
    """Return choosing and judging side by side, and how much of the value was luck."""
    frame = readings(material.contents)
    flattered, reach = luck(frame)
    text = _with_words(frame, ("choosing", "judging", "difference"), frame.kind)
    for name in ("choosing", "judging"):
        errors = zip(frame[f"{name}_error"], frame.kind, strict=True)
        text[f"{name}_reach"] = [_reach(error, unit) for error, unit in errors]
    return {
        "table": page_table("readings", "The same portfolio on two sets of futures", text, READINGS),
        "is_noise": bool(abs(flattered) <= reach),
        "verb": "flattered the value by" if flattered >= 0 else "were harder on the value by",
        "luck": Figure("luck_gbp", flattered, words.money(abs(flattered))),
        "reach": gbp("luck_reach_gbp", reach) if np.isfinite(reach) else None,
    }


def _reach(error: float, unit: str) -> str:
    """Return a standard error in words; nothing where the draws give none."""
    if not np.isfinite(error):
        return ""
    return f"standard error {words.share(error, 1) if unit == 'share' else words.pounds(error)}"


def _with_words(frame: pd.DataFrame, names: tuple[str, ...], units: pd.Series) -> pd.DataFrame:
    shown = {
        f"{name}_words": [figure_words(value, unit) for value, unit in zip(frame[name], units, strict=True)]
        for name in names
    }
    return frame.assign(**shown)


def figure_words(value: float, unit: str) -> str:
    """Return a figure in full, in its unit: a share or pounds; a dash where there is none.

    Examples
    --------
    >>> figure_words(0.54, "share"), figure_words(80_000, "GBP")
    ('54%', '£80,000')
    """
    if value != value:
        return "–"
    return words.share(value) if unit == "share" else words.pounds(value)


def published_table(material: Material) -> PageTable | None:
    """Return published figures beside the simulated range; None where the study has none."""
    frame = material.tables["published"]
    if not len(frame):
        return None
    names = ("published", "simulated_mean", "simulated_p5", "simulated_p95")
    text = _with_words(frame, names, frame.unit).assign(falls=[falls(row) for row in frame.itertuples()])
    note = (
        "Published figures are not inputs: nothing was fitted to them. The simulated side is the portfolio chosen "
        "here, which need not be what the figure covers."
    )
    return page_table("published", "Published figures beside the simulated range", text, PUBLISHED, note=note)


def falls(row: Any) -> str:
    """Return where a published figure falls in the simulated range, in words."""
    if row.simulated_mean != row.simulated_mean:
        return NOT_SHARED
    if row.percentile_of_published <= 0:
        return "below every future"
    if row.percentile_of_published >= 100:
        return "above every future"
    if row.percentile_of_published == 50:
        return "in the middle of the futures"
    below = row.percentile_of_published / 100
    if row.percentile_of_published > 50:
        return f"above {words.share(below)} of futures"
    return f"below {words.share(1 - below)} of futures"


def inputs_section(material: Material) -> dict[str, Any]:
    """Return what was assumed, what moves little of it apart, what is there already, every driver, and what was changed
    from the files."""
    assumed, drivers = material.tables["assumptions"], material.tables["drivers"]
    usual = material.tables["conventions"]
    size = (assumed.effect_high_gbp - assumed.effect_low_gbp).abs()
    has_effects = bool(size.notna().any())
    small = size < SMALL_EFFECT_SHARE * size.max()
    changes = pd.DataFrame(
        [
            tuple(visible(str(text)) for text in (item.path, item.before, item.after, item.by))
            for item in material.study.changes
        ],
        columns=["path", "before", "after", "by"],
    )
    return {
        "has_effects": has_effects,
        "n_drivers": len(drivers),
        "n_small": int(small.sum()),
        "assumed": _assumed_table("assumptions", "What was assumed, what moves most first", assumed[~small]),
        "small": _assumed_table("assumptions-small", "Assumed too, moving little", assumed[small]),
        "existing": _existing_table(material),
        "drivers": page_table("drivers", "Every uncertain input", drivers, DRIVERS) if len(drivers) else None,
        "conventions": page_table("conventions", "Settings that the study left as they are", usual, CONVENTIONS)
        if len(usual)
        else None,
        "correlations": changed_table(material.study, material.contents.outcomes.plan.changes),
        "changes": page_table("changes", "Changed from the files", changes, CHANGES) if len(changes) else None,
    }


def _assumed_table(name: str, caption: str, frame: pd.DataFrame) -> PageTable | None:
    if not len(frame):
        return None
    shown = ASSUMED if frame.effect_low_gbp.notna().any() else (*ASSUMED[:2], *ASSUMED[4:])
    return page_table(name, caption, frame.assign(drawn=[f"drawn from {text}" for text in frame.assumed]), shown)


def _existing_table(material: Material) -> PageTable | None:
    """Return what is there already, and what leaving it costs."""
    frame = material.tables["existing"]
    if not len(frame):
        return None
    text = frame.assign(
        party_words=frame.party.map(PARTIES),
        ends_words=[ends_words(day) for day in frame.ends],
        notice_words=[notice_words(months) for months in frame.notice_months],
    )
    note = (
        "Its cost is in the baseline. Free from: no partner starts anew before. What leaving costs is due once, in the "
        "year of the decision, where a new arrangement is planned to start before the end."
    )
    return page_table("existing", "What is there already", text, EXISTING, note=note)


def method_section(material: Material) -> list[tuple[str, str]]:
    """Return how the answer was computed, as label and fact."""
    contents, study = material.contents, material.study
    solution, plan, judged = contents.solution, contents.outcomes.plan, contents.judged
    fresh = f", {judged.n_draws:,} fresh ones to judge" if judged is not None else ""
    seconds = "; ".join(f"{stage} {taken:.1f}" for stage, taken in contents.timings.items())
    facts = [
        ("Date of the run", words.day(contents.date) if contents.date else "not recorded"),
        ("Study", f"{study.model.study.name}, content hash {study.content_hash}"),
        ("Seed", f"{contents.seed}"),
        ("Futures", f"{contents.outcomes.n_draws:,} to choose{fresh} ({plan.method.replace('_', ' ')})"),
        *_stop_rules(contents.figures.get("stop_rules", {})),
        ("Monte Carlo errors", plan.standard_error_source),
        ("Uncertain inputs", f"{len(study.drivers):,} drivers, events included"),
        ("Candidates", words.count(len(contents.outcomes.table), "arrangement")),
        ("Objective", objective_words(contents.objective)),
        ("Status", f"{solution.status.value}; what ended the search: {STOPPED[solution.stopped_by]}"),
        ("Gap", _gap(material)),
        *(("Goal in turn", str(stage)) for stage in solution.stages),
        ("Solver", solution.solver or "not recorded"),
        ("Seconds", seconds or "not recorded"),
        ("Versions", "; ".join(f"{name} {text}" for name, text in contents.versions.items()) or "not recorded"),
    ]
    return [*facts, *(("Note", note) for note in solution.notes)]


def _stop_rules(rules: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [
        (f"Stop rule for {name}", f"{rule['rule']}: {'reached' if rule['reached'] else 'not reached'}; {rule['said']}")
        for name, rule in rules.items()
    ]


def _gap(material: Material) -> str:
    solution = material.contents.solution
    if not solution.status.has_portfolio:
        return "there is no portfolio"
    widest = " (the widest of the goals in turn)" if solution.stages else ""
    return (
        f"{words.gap(solution.gap)}{widest}: no portfolio that keeps the rules is worth more than "
        f"{words.money(solution.bound_gbp)} by the objective; the one chosen brings it to "
        f"{words.money(solution.value_gbp)}"
    )


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
        mean, tail = words.share(1 - objective.risk_weight), words.share(objective.risk_weight)
        return f"{mean} the value on average, {tail} that of the worst {words.share(objective.level)} of futures"
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
    note = "Each alone, before what several would pay for together, and whatever the rules say of it."
    return page_table("candidates", "The most valuable candidate arrangements", frame, CANDIDATES, note=note)
