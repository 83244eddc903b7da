"""Sections on what else could be chosen: the options compared, what the red lines cost, and plans B."""

from __future__ import annotations

from typing import Any

import pandas as pd

from sharesim.report import words
from sharesim.report.cells import Column, columns, filled, page_table, sums
from sharesim.report.figures.rule_costs import NOTHING_GBP, cost_words
from sharesim.report.finance import years_of
from sharesim.report.material import Material
from sharesim.report.readings import owner_words

OPTIONS = columns("""
    title | Option
    n_services | Services | number | shared
    npv_mean_gbp | Value | gbp | on average | | from-
    npv_p5_gbp | Low (5%) | gbp
    npv_p95_gbp | High (95%) | gbp
    probability_of_loss | Chance of a loss | share
    n_losing | Losers | number | councils
    one_off_gbp | One-off cost | gbp | undiscounted
    grants_gbp | Grants | gbp | undiscounted
    compulsory_exits_posts | Exits | posts | compulsory
    npsv_gbp | NPSV | gbp | public value
    bcr | BCR | factor | benefits per £ of cost
""")
COSTS = columns("""
    name | Rule | text | | who
    low_gbp | Costs at least | gbp
    high_gbp | At most | gbp
    mean_npv_gbp | Value without it | swing | more, on average
    loss_words | Chance of a loss without it | figure
    status | Search without it
""")
ALTERNATIVES = columns("""
    plan | Plan
    bundles | What would be shared
    npv_mean_gbp | Value on average | gbp
    given_up_gbp | Given up | gbp | against the chosen
    better_share | Better than the chosen in | share | of futures
    probability_of_loss | Chance of a loss | share
    differs_share | Other partners in | share | of council services
""")
LINES_KEY = "options"


def choices_sections(material: Material) -> dict[str, Any]:
    """Return the sections that say what else there was; each is None where it was not worked out."""
    return {
        "options": options_section(material),
        "costs": costs_section(material),
        "alternatives": alternatives_section(material),
    }


def options_section(material: Material) -> dict[str, Any] | None:
    """Return the options compared, business as usual by year, and the lines of every option."""
    frames = material.tables
    if "options" not in frames:
        return None
    options = frames["options"].assign(
        link=[LINES_KEY if row != "business_as_usual" else "" for row in frames["options"].option]
    )
    note = (
        "Every option was chosen by the same search and judged on the same fresh futures. Public value counts every "
        "fund "
        "and time saved, and leaves out transfers: redundancy pay, pension strain, VAT, grants and charges between "
        "councils."
    )
    lines = frames["lines_by_option"]
    titles = dict(zip(options.option, options.title, strict=True))
    across = [Column(str(key), titles[str(key)], "gbp") for key in lines.columns if key != "title"]
    usual = frames["baseline_path"]
    total = {**sums(usual), "name": "All councils"}
    years = [year for year in years_of(material) if year.key in usual]
    caption = "Business as usual: what the services cost on average, £000 real"
    return {
        "how": list(zip(options.title, options["how"], strict=True)),
        "table": page_table("options", "The options, each at its best", options, filled(OPTIONS, options), note=note),
        "usual": page_table("baseline_path", caption, usual, [Column("name", "Council"), *years], total=total),
        "lines": page_table(
            "lines_by_option",
            "Value of every option by line, discounted",
            lines,
            [Column("title", "Line"), *across],
            total={**sums(lines), "title": "Total"},
        ),
    }


def costs_section(material: Material) -> dict[str, Any] | None:
    """Return what each rule, and the rules of each owner together, cost."""
    frame = material.tables.get("rule_costs")
    if frame is None or not len(frame):
        return None
    owner = {rule.name: owner_words(material.study, rule.owner) for rule in material.contents.rules}
    rows = list(zip(frame.kind, frame["name"], strict=True))
    shown = frame.assign(
        who=[
            f"set by {owner.get(name, 'programme')}" if kind == "rule" else "all their rules together"
            for kind, name in rows
        ],
        name=[name if kind == "rule" else owner_words(material.study, name) for kind, name in rows],
        loss_words=[_points(value) for value in frame.loss_probability],
    )
    beyond = material.contents.beyond
    note = (
        "Each rule was taken away in turn and the search done again, on the futures that chose. A rule that costs "
        "nothing by "
        f"itself may still bind together with others. All searches together may take {beyond.budget_seconds:.0f} "
        "seconds; one "
        "that runs out of time leaves a range."
    )
    return {
        "table": page_table("rule_costs", "What each red line costs", shown, COSTS, note=note),
        "finding": _finding(frame),
    }


def _points(value: float) -> str:
    """Return a change of a chance in percentage points.

    Examples
    --------
    >>> _points(-0.0386), _points(0.0)
    ('−3.9 points', 'the same')
    """
    if not abs(value) >= 0.0005:
        return "the same"
    return f"{100 * value:+.1f} points".replace("-", "−")


def _finding(frame: pd.DataFrame) -> str:
    rules = frame[(frame.kind == "rule") & (frame.high_gbp > NOTHING_GBP)].sort_values("high_gbp", ascending=False)
    if not len(rules):
        return "No single red line costs anything."
    top = rules.head(3)
    parts = [
        f"“{name}” {cost_words(low, high)}"
        for name, low, high in zip(top["name"], top.low_gbp, top.high_gbp, strict=True)
    ]
    return f"What a red line takes from the best portfolio: {words.listing(parts)}."


def alternatives_section(material: Material) -> dict[str, Any] | None:
    """Return portfolios that are nearly as good and differ most."""
    frame = material.tables.get("alternatives")
    if frame is None:
        return None
    note = (
        "They keep every rule and give up at most a twentieth of the value on the futures that chose; of those, the "
        "ones that "
        "differ most. Judged on the same fresh futures as the chosen one, where luck of the draw no longer flatters "
        "either."
    )
    table = (
        page_table("alternatives", "If members say no: plans B", frame, ALTERNATIVES, note=note) if len(frame) else None
    )
    return {"table": table}
