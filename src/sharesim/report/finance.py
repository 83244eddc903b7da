"""For the finance director: the General Fund by year, funding, every pound taken apart; and what officers add."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sharesim.report import words
from sharesim.report.breakdown import by_line_and_year
from sharesim.report.cells import Column, PageTable, columns, page_table, sums
from sharesim.report.decision import Figure, gbp
from sharesim.report.material import Material
from sharesim.report.tables import year_label

#: Councils and arrangements whose lines are shown one by one on the page; of more, lines.csv has them all.
MOST_ITEMISED = 12
IMPLICATIONS = {
    "legal": "Legal",
    "procurement": "Procurement",
    "personnel": "Personnel",
    "governance": "Governance",
    "community_safety": "Community safety",
    "policy": "Policy",
    "biodiversity": "Biodiversity",
    "equalities": "Equalities",
    "climate": "Climate",
    "wards": "Wards affected",
    "consultees": "Consultees",
}
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


PLAN = columns("""
    name | Council | text | | | lines-
    line | Line
""")
FUNDING = columns("""
    name | Council
    call_gbp | To be found at the deepest | gbp | on average | | table-
    from_receipts_gbp | From receipts | gbp
    from_reserves_gbp | From reserves | gbp
    from_reserves_p95_gbp | From reserves, high (95%) | gbp
    reserves_gbp | Reserves at the start | gbp
    lowest_mean_gbp | Their lowest point | gbp | on average
    lowest_p5_gbp | Lowest, low (5%) | gbp
    floor_gbp | Floor | gbp
    below_floor_share | Falls below the floor in | share | of futures
""")
BAND_D = columns("""
    name | Council
    tax_base | Tax base | number | Band D dwellings
    mean_year_gbp | Effect a year | gbp | over the horizon
    mean_dwelling_gbp | Per dwelling | pence
    last_year_gbp | In the last year | gbp | | | table-
    last_dwelling_gbp | Per dwelling | pence | last year
    last_share | Of the Band D tax | share1
""")
TOTALS = columns("""
    title | What
    present_gbp | Present value | gbp | mean
    turns | Value is nil when | figure
""")
SWITCHING = columns("""
    input | Input
    mean | On average | number
    switching_value | Value is nil at | number
    reads | How likely | text
    far_low | Looked at from | number
    far_high | To | number
""")
PUBLIC = columns("""
    title | Line
    value_gbp | Present value | gbp | all funds
""")


def itemised(material: Material) -> tuple[str, ...]:
    """Return the councils whose lines are shown one by one."""
    ids = material.study.councils.ids
    return ids if len(ids) <= MOST_ITEMISED else ()


def finance_section(material: Material) -> dict[str, Any]:
    """Return the General Fund by council and year, one-off cost and how it is paid, and funding."""
    frames, years = material.tables, years_of(material)
    head = Column("name", "Council", link="lines-")

    def table(name: str, caption: str) -> PageTable:
        frame = frames[name]
        across = [head, *(year for year in years if year.key in frame)]
        total = {**sums(frame), "name": "All councils"}
        return page_table(name, caption, _linked(material, frame), across, total=total)

    caption = "How the one-off cost is paid, all councils, £000"
    return {
        "general_fund": table("general_fund", "Mean effect on each General Fund by year, £000 real, undiscounted"),
        "cumulative": table("cumulative", "The same, cumulative at the end of each year, £000"),
        "one_off": table(
            "one_off",
            "Mean one-off cost by council and year, before grants and receipts, £000 real, undiscounted",
        ),
        "funding": page_table("one_off_funding", caption, frames["one_off_funding"], [Column("title", "Line"), *years]),
        "payback": payback_table(material),
    } | papers(material)


def papers(material: Material) -> dict[str, Any]:
    """Return the effects on budgets (plan, reserves, Band D), switching values and the public-value reading."""
    frames, model = material.tables, material.study.model
    rise = words.share(model.finance.inflation_per_year, 1)
    years = [year for year in years_of(material) if year.key in frames["against_plan"]]
    note = (
        f"In the money of each year: prices rise by {rise} a year. A gap to be closed is positive, and so is an effect"
    )
    note += " that helps."
    note += "" if model.medium_term_plan else " The study gives no medium-term plan ([[medium_term_plan]])."
    caption = "The General Fund against the medium-term plan, £000"
    found: dict[str, PageTable | None] = {
        "plan": page_table(
            "against_plan", caption, _linked(material, frames["against_plan"]), [*PLAN, *years], note=note
        )
    }
    order = (
        "from capital receipts set aside, then from reserves" if model.finance.receipts_fund_change else "from reserves"
    )
    note = f"What is below zero in cumulative cash is paid {order}, and put back by later gains"
    note += "; in the money of each year."
    given = frames["funding"].reserves_gbp.notna().any()
    note += "" if given else " The study gives no reserves (councils: reserves_gbp, reserve_floor_gbp, receipts_gbp)."
    paid = sums(frames["funding"][["call_gbp", "from_receipts_gbp", "from_reserves_gbp"]])
    caption = "Who pays until it pays for itself, against the reserve floor"
    found["reserve_funding"] = page_table(
        "funding",
        caption,
        frames["funding"].assign(link="cumulative"),
        FUNDING,
        total={**paid, "name": "All councils"},
        note=note,
    )
    found["reserves"] = _by_year(material, "reserves", "Reserves at each year's end, £000 in the money of each year")
    found["band_d"] = (
        page_table("band_d", "Band D equivalent", frames["band_d"].assign(link="general_fund"), BAND_D)
        if len(frames["band_d"])
        else None
    )
    return found | {"switching": switching_tables(material), "public": public_section(material)}


def _linked(material: Material, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose councils lead to their own lines, where those are shown."""
    shown = itemised(material)
    return frame.assign(link=[council if council in shown else "" for council in frame.council])


def _by_year(material: Material, name: str, caption: str) -> PageTable | None:
    frame = material.tables[name]
    years = [year for year in years_of(material) if year.key in frame]
    return page_table(name, caption, frame, [Column("name", "Council"), *years]) if len(frame) else None


def switching_tables(material: Material) -> dict[str, PageTable | None]:
    """Return how much groups of lines, and how bad inputs, may turn before the value is nil."""
    totals = material.tables["switching_totals"]
    totals = totals.assign(turns=[turn_words(share) for share in totals.change_share])
    frame = material.tables["switching"]
    frame = frame.assign(reads=[_reads(row) for row in frame.itertuples()])
    note = (
        "The portfolio simulated again with the input held at a figure, other inputs as they come. Looked at between "
        "its 0.1% "
        "and 99.9% points."
    )
    caption = "How bad each input must be before the value is nil"
    return {
        "totals": page_table(
            "switching_totals", "How far groups of lines may turn before the value is nil", totals, TOTALS
        ),
        "inputs": page_table("switching", caption, frame, SWITCHING, note=note) if len(frame) else None,
    }


def turn_words(share: float) -> str:
    """Return by how much something has to change, in words.

    Examples
    --------
    >>> turn_words(-0.4), turn_words(1.25), turn_words(-1.3)
    ('40% less', '125% more', 'never: not even at nothing')
    """
    if share < -1.0:
        return "never: not even at nothing"
    return f"{words.share(abs(share))} {'more' if share > 0 else 'less'}"


def _reads(row: Any) -> str:
    if not np.isfinite(row.switching_value):
        return "no figure within its range does it"
    return f"worse in {words.share(row.beyond_share, 1)} of futures"


def public_section(material: Material) -> dict[str, Any]:
    """Return the public-value reading: NPSV, BCR and the lines behind them."""
    found = material.public_value
    shown = "not worked out: nothing is spent" if np.isnan(found.bcr) else f"{found.bcr:.2f}"
    total = {"title": "Net present social value", "value_gbp": found.npsv_mean_gbp}
    note = (
        f"All funds, real, discounted, on {found.n_draws:,} of the judging futures. Left out as transfers: redundancy "
        "pay, pension "
        "strain, irrecoverable VAT, grants, charges between councils. Time saved, quality and carbon count at the "
        "values of "
        "[readings] in the study."
    )
    return {
        "npsv": gbp("npsv_mean_gbp", found.npsv_mean_gbp, "table-public_value"),
        "low": gbp("npsv_p5_gbp", found.npsv_p5_gbp),
        "high": gbp("npsv_p95_gbp", found.npsv_p95_gbp),
        "bcr": Figure("bcr", found.bcr, shown),
        "table": page_table(
            "public_value",
            "Public value by line, discounted",
            material.tables["public_value"],
            PUBLIC,
            total=total,
            note=note,
        ),
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
    total = {**sums(frame), "title": "Total"}
    return page_table(name, caption, frame, [Column("title", "Line"), *across], total=total)


# -- implications -----------------------------------------------------------------------------------------------------


def implications(material: Material) -> list[tuple[str, str]]:
    """Return each heading of a committee report with what the study says on it; empty where officers have to say it."""
    said = {"Legal": _legal(material), "Personnel": _personnel(material), "Governance": _governance(material)}
    if material.study.model.quality:
        change = words.share(float(np.mean(material.account.quality)), 1)
        said["Policy"] = f"Scored quality changes by {change} on average, over the services scored."
    given = material.study.model.implications
    return [(heading, _both(said.get(heading, ""), getattr(given, key))) for key, heading in IMPLICATIONS.items()]


def _both(worked_out: str, given: str) -> str:
    """Return what the study itself says first, then what follows from its figures."""
    return " ".join(part for part in (given, worked_out) if part)


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
    posts = {name: words.posts(number) for name, number in sums(material.tables["staff"]).items()}
    return (
        f"{posts['posts_removed']} posts removed on average: {posts['vacancies_and_leavers']} by vacancies and "
        f"leavers, {posts['redeployed']} redeployed, {posts['voluntary_exits']} by agreement, "
        f"{posts['compulsory_exits']} by compulsory exit."
    )


def _governance(material: Material) -> str:
    frame = material.tables["schedule"]
    gates = list(frame["name"][frame.kind == "gate"])
    held = [f"{row.name}: {row.control}" for row in material.study.model.councils if row.control]
    parts = [f"Decisions on the way: {'; '.join(gates)}."] if gates else []
    parts += [f"Control: {'; '.join(held)}."] if held else []
    return " ".join(parts)
