"""For the finance director: the General Fund by year, funding, every pound taken apart; and what officers have to add."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sharesim.report import words
from sharesim.report.breakdown import by_line_and_year
from sharesim.report.cells import Column, PageTable, page_table
from sharesim.report.material import Material
from sharesim.report.tables import year_label

#: Councils whose lines are shown one by one on the page; of more, lines.csv has them all.
MOST_ITEMISED = 12


def years_of(material: Material) -> list[Column]:
    """Return one column per financial year, in thousands."""
    labels = [year_label(material.study, year) for year in range(material.study.n_years)]
    return [Column(label, label, "thousands") for label in labels]


def itemised(material: Material) -> tuple[str, ...]:
    """Return the councils whose lines are shown one by one."""
    ids = material.study.councils.ids
    return ids if len(ids) <= MOST_ITEMISED else ()


def finance_section(material: Material) -> dict[str, Any]:
    """Return the General Fund by council and year, one-off cost and how it is paid, and funding."""
    frames, study = material.tables, material.study
    columns = [Column("name", "Council", link="lines-"), *years_of(material), Column("all_gbp", "All years", "thousands")]
    shown = itemised(material)

    def table(name: str, caption: str) -> PageTable:
        frame = frames[name].assign(link=lambda rows: [council if council in shown else "" for council in rows.council])
        sums = frames[name].select_dtypes("number").sum().to_dict() | {"name": "All councils"}
        return page_table(name, caption, frame, [column for column in columns if column.key in frame], total=sums)

    return {
        "general_fund": table("general_fund", "Mean effect on each General Fund by year, £000 real, undiscounted"),
        "cumulative": table("cumulative", "The same, cumulative at the end of each year, £000"),
        "one_off": table("one_off", "Mean one-off cost by council and year, after grants, £000 real, undiscounted"),
        "funding": page_table(
            "one_off_funding", "How the one-off costs are paid, all councils, £000", frames["one_off_funding"],
            [Column("title", "Line"), *years_of(material), Column("all_gbp", "All years", "thousands")],
        ),
        "payback": payback_table(material),
    }  # fmt: skip


def payback_table(material: Material) -> PageTable:
    """Return peak funding and payback, together and by council."""
    frame = material.tables["payback"].assign(name=["All councils together", *material.study.councils.names])
    within = [name for name in frame if str(name).startswith("paid_back_in_")]
    columns = [
        Column("name", "Council"), Column("peak_funding_mean_gbp", "Peak funding, on average", "gbp"), Column("peak_funding_p95_gbp", "High (95%)", "gbp"),
        Column("payback_p50_years", "Half of futures paid back after", "years", "years"),
        *(Column(name, f"Above zero after {name.split('_')[3]} years", "share", "of futures") for name in within),
    ]  # fmt: skip
    note = "Peak funding: the deepest point of cumulative cash at a year's end, real and undiscounted, before any reserve or receipt is used. Councils need not reach theirs in the same year."
    return page_table("payback", "What has to be found before it pays for itself", frame, columns, note=note)


def breakdown_section(material: Material) -> dict[str, Any]:
    """Return the headline figures taken apart by line."""
    frames, study = material.tables, material.study
    ids = study.councils.ids if itemised(material) else ()
    councils = [Column(council, study.councils.name(study.councils.index(council)), "gbp") for council in ids]
    letters = {material.judged.table.id_of(item.row): item.letter for item in material.chosen}
    bundles = [Column(key, letter, "gbp") for key, letter in sorted(letters.items(), key=lambda pair: (len(pair[1]), pair[1]))]
    everything = [*years_of(material), Column("all_gbp", "All years", "thousands")]
    return {
        "value": _lines(frames["lines_by_council"], "lines_by_council", "Value by line and council, discounted", [*councils, Column("all_gbp", "All councils", "gbp")]),
        "cash": _lines(frames["lines_by_year"], "lines_by_year", "Mean cash by line and year, all councils, £000 real, undiscounted", everything),
        "bundles": _lines(
            frames["lines_by_bundle"], "lines_by_bundle", "Value by line and arrangement, discounted", [*bundles, Column("shared", "Shared", "gbp"), Column("all_gbp", "All", "gbp")]
        ) if len(bundles) <= MOST_ITEMISED else None,
        "councils": [(council, _council_lines(material, council)) for council in ids],
    }  # fmt: skip


def _council_lines(material: Material, council: str) -> PageTable:
    study, frame = material.study, material.tables["lines"]
    own = by_line_and_year(study, frame[frame.council == council])
    name = study.councils.name(study.councils.index(council))
    columns = [*years_of(material), Column("all_gbp", "All years", "thousands")]
    return _lines(own, f"lines.{council}", f"{name}: mean cash by line and year, £000 real, undiscounted", columns)


def _lines(frame: pd.DataFrame, name: str, caption: str, columns: list[Column]) -> PageTable:
    total = frame.select_dtypes("number").sum().to_dict() | {"title": "Total"}
    return page_table(name, caption, frame, [Column("title", "Line"), *columns], total=total)


IMPLICATIONS = (
    "Legal", "Procurement", "Personnel", "Governance", "Community safety", "Policy", "Biodiversity", "Equalities", "Climate", "Wards affected", "Consultees",
)  # fmt: skip


def implications(material: Material) -> list[tuple[str, str]]:
    """Return each heading of a committee report with what the study says on it; empty where officers have to say it."""
    study, chosen = material.study, material.chosen
    transfers = material.judged.fixed.transfers
    table = material.judged.table
    moving = [item.letter for item in chosen if transfers[table.form[item.row]]]
    forms = sorted({item.form for item in chosen})
    sums = material.tables["staff"].select_dtypes("number").sum()
    quality = float(np.mean(material.account.quality))
    gates = material.tables["schedule"].query("kind == 'gate'")["name"]
    said = {
        "Legal": f"Forms chosen: {words.listing(forms)}. " + (f"Staff transfer in {words.listing(moving)}, so TUPE applies or is followed as policy." if moving else "No staff transfer."),
        "Personnel": f"{words.posts(sums.posts_removed)} posts removed on average: {words.posts(sums.vacancies_and_leavers)} by vacancies and leavers, "
        f"{words.posts(sums.redeployed)} redeployed, {words.posts(sums.voluntary_exits)} by agreement, {words.posts(sums.compulsory_exits)} by compulsory exit.",
        "Governance": (f"Decisions on the way: {'; '.join(gates)}." if len(gates) else "") + _control(material),
    }  # fmt: skip
    if study.model.quality:
        said["Policy"] = f"Scored quality changes by {words.share(quality, 1)} on average, over the services scored."
    return [(heading, said.get(heading, "")) for heading in IMPLICATIONS]


def _control(material: Material) -> str:
    held = [f"{row.name}: {row.control}" for row in material.study.model.councils if row.control]
    return f" Control: {'; '.join(held)}." if held else ""
