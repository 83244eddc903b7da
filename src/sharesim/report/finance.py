"""For the finance director: the General Fund by year, funding, every pound taken apart; and what officers add."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sharesim.report import words
from sharesim.report.breakdown import by_line_and_year
from sharesim.report.cells import Column, PageTable, columns, page_table
from sharesim.report.material import Material
from sharesim.report.tables import year_label

#: Councils and arrangements whose lines are shown one by one on the page; of more, lines.csv has them all.
MOST_ITEMISED = 12
IMPLICATIONS = (
    "Legal",
    "Procurement",
    "Personnel",
    "Governance",
    "Community safety",
    "Policy",
    "Biodiversity",
    "Equalities",
    "Climate",
    "Wards affected",
    "Consultees",
)
PAYBACK = columns("""
    name | Council
    peak_funding_mean_gbp | Peak funding, on average | gbp
    peak_funding_p95_gbp | High (95%) | gbp
    payback_p50_years | Half of futures paid back after | years | years
""")
ALL_YEARS = Column("all_gbp", "All years", "thousands")


def years_of(material: Material) -> list[Column]:
    """Return one column per financial year, in thousands, and one for all of them."""
    labels = [year_label(material.study, year) for year in range(material.study.n_years)]
    return [*(Column(label, label, "thousands") for label in labels), ALL_YEARS]


def itemised(material: Material) -> tuple[str, ...]:
    """Return the councils whose lines are shown one by one."""
    ids = material.study.councils.ids
    return ids if len(ids) <= MOST_ITEMISED else ()


def finance_section(material: Material) -> dict[str, Any]:
    """Return the General Fund by council and year, one-off cost and how it is paid, and funding."""
    frames, years = material.tables, years_of(material)
    shown = itemised(material)
    head = Column("name", "Council", link="lines-")

    def table(name: str, caption: str) -> PageTable:
        frame = frames[name]
        linked = frame.assign(link=[council if council in shown else "" for council in frame.council])
        sums = frame.select_dtypes("number").sum().to_dict() | {"name": "All councils"}
        return page_table(name, caption, linked, [head, *(year for year in years if year.key in frame)], total=sums)

    caption = "How the one-off costs are paid, all councils, £000"
    return {
        "general_fund": table("general_fund", "Mean effect on each General Fund by year, £000 real, undiscounted"),
        "cumulative": table("cumulative", "The same, cumulative at the end of each year, £000"),
        "one_off": table("one_off", "Mean one-off cost by council and year, after grants, £000 real, undiscounted"),
        "funding": page_table("one_off_funding", caption, frames["one_off_funding"], [Column("title", "Line"), *years]),
        "payback": payback_table(material),
    }


def payback_table(material: Material) -> PageTable:
    """Return peak funding and payback, together and by council."""
    frame = material.tables["payback"]
    frame = frame.assign(name=["All councils together", *material.study.councils.names])
    within = [
        Column(name, f"Above zero after {name.split('_')[3]} years", "share", "of futures")
        for name in map(str, frame)
        if name.startswith("paid_back_in_")
    ]
    note = (
        "Peak funding: the deepest point of cumulative cash at a year's end, real and undiscounted, before any reserve "
        "or receipt is used. Councils need not reach theirs in the same year."
    )
    return page_table(
        "payback", "What has to be found before it pays for itself", frame, [*PAYBACK, *within], note=note
    )


def breakdown_section(material: Material) -> dict[str, Any]:
    """Return the headline figures taken apart by line."""
    frames, names = material.tables, material.study.councils
    shown = itemised(material)
    councils = [Column(council, names.name(names.index(council)), "gbp") for council in shown]
    caption = "Value by line and council, discounted"
    value = _lines(
        frames["lines_by_council"], "lines_by_council", caption, [*councils, Column("all_gbp", "All councils", "gbp")]
    )
    caption = "Mean cash by line and year, all councils, £000 real, undiscounted"
    return {
        "value": value,
        "cash": _lines(frames["lines_by_year"], "lines_by_year", caption, years_of(material)),
        "bundles": _bundle_lines(material) if len(material.chosen) <= MOST_ITEMISED else None,
        "councils": [(council, _council_lines(material, council)) for council in shown],
    }


def _bundle_lines(material: Material) -> PageTable:
    letters = [Column(material.judged.table.id_of(item.row), item.letter, "gbp") for item in material.chosen]
    across = [*letters, Column("shared", "Shared", "gbp"), Column("all_gbp", "All", "gbp")]
    caption = "Value by line and arrangement, discounted"
    return _lines(material.tables["lines_by_bundle"], "lines_by_bundle", caption, across)


def _council_lines(material: Material, council: str) -> PageTable:
    study, frame = material.study, material.tables["lines"]
    own = by_line_and_year(study, frame[frame.council == council])
    caption = (
        f"{study.councils.name(study.councils.index(council))}: mean cash by line and year, £000 real, undiscounted"
    )
    return _lines(own, f"lines.{council}", caption, years_of(material))


def _lines(frame: pd.DataFrame, name: str, caption: str, across: list[Column]) -> PageTable:
    total = frame.select_dtypes("number").sum().to_dict() | {"title": "Total"}
    return page_table(name, caption, frame, [Column("title", "Line"), *across], total=total)


# -- implications -----------------------------------------------------------------------------------------------------


def implications(material: Material) -> list[tuple[str, str]]:
    """Return each heading of a committee report with what the study says on it; empty where officers have to say it."""
    said = {"Legal": _legal(material), "Personnel": _personnel(material), "Governance": _governance(material)}
    if material.study.model.quality:
        change = words.share(float(np.mean(material.account.quality)), 1)
        said["Policy"] = f"Scored quality changes by {change} on average, over the services scored."
    return [(heading, said.get(heading, "")) for heading in IMPLICATIONS]


def _legal(material: Material) -> str:
    table, transfers = material.judged.table, material.judged.fixed.transfers
    moving = [item.letter for item in material.chosen if transfers[table.form[item.row]]]
    forms = words.listing(sorted({item.form for item in material.chosen}))
    staff = (
        f"Staff transfer in {words.listing(moving)}: TUPE applies, or is followed as policy."
        if moving
        else "No staff transfer."
    )
    return f"Forms chosen: {forms}. {staff}"


def _personnel(material: Material) -> str:
    sums = material.tables["staff"].select_dtypes("number").sum()
    parts = (
        f"{words.posts(sums.vacancies_and_leavers)} by vacancies and leavers",
        f"{words.posts(sums.redeployed)} redeployed",
        f"{words.posts(sums.voluntary_exits)} by agreement",
        f"{words.posts(sums.compulsory_exits)} by compulsory exit",
    )
    return f"{words.posts(sums.posts_removed)} posts removed on average: {', '.join(parts)}."


def _governance(material: Material) -> str:
    frame = material.tables["schedule"]
    gates = list(frame["name"][frame.kind == "gate"])
    held = [f"{row.name}: {row.control}" for row in material.study.model.councils if row.control]
    parts = [f"Decisions on the way: {'; '.join(gates)}."] if gates else []
    parts += [f"Control: {'; '.join(held)}."] if held else []
    return " ".join(parts)
