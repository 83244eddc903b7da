"""What the page shows of a portfolio: tables ready for the template, in the order in which they are read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sharesim.report import finance, grounds, words
from sharesim.report.cells import Column, PageTable, page_table
from sharesim.report.decision import Figure, Sentence, chance, gbp
from sharesim.report.material import Material

HEADINGS = (
    ("who", "Who shares what with whom"), ("worth", "What it is worth"), ("councils", "What it means for each council"), ("staff", "Staff"), ("timeline", "When"),
    ("risks", "Risks"), ("drivers", "What drives the answer"), ("candidates", "What was on offer"), ("rules", "The rules"), ("readings", "Choosing and judging"),
    ("published", "Published figures"), ("assumed", "What was assumed"), ("finance", "For the finance director"),
    ("implications", "Implications"), ("breakdown", "Where the pounds come from"), ("method", "How it was computed"),
)  # fmt: skip
LOW, HIGH, LOSES = "Low (5%)", "High (95%)", "Chance of a loss"


def page(material: Material) -> dict[str, Any]:
    """Return everything that the template of the page needs."""
    contents, study = material.contents, material.study
    result: dict[str, Any] = {
        "contents": contents, "study": study, "about": study.model.study, "sentences": material.decision, "is_judged": contents.is_judged,
        "money_note": money_note(material), "rules": grounds.rules_section(material), "inputs": grounds.inputs_section(material),
        "method": grounds.method_section(material), "candidates": None if contents.is_judged else grounds.candidates_table(material),
        "keys": [], "portfolio": {}, "counts": counts(material),
    }  # fmt: skip
    if contents.is_judged:
        result["keys"] = key_figures(material)
        result["portfolio"] = {
            "who": who_section(material), "worth": worth_section(material), "councils": councils_section(material), "staff": staff_section(material),
            "schedule": schedule_table(material), "risks": risks_section(material), "tornado": tornado_table(material),
            "readings": grounds.readings_section(material), "published": grounds.published_table(material),
            "finance": finance.finance_section(material), "breakdown": finance.breakdown_section(material), "implications": finance.implications(material),
        }  # fmt: skip
    return result | {"headings": headings(result)}


def counts(material: Material) -> str:
    """Return how much was looked at."""
    study = material.study
    parts = (words.count(len(study.councils), "council"), words.count(len(study.services), "service"), words.count(len(material.contents.outcomes.table), "candidate arrangement"))
    return " · ".join(parts)


def headings(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Return id and title of the sections that the page has."""
    absent = {"candidates"} if result["is_judged"] else {name for name, _ in HEADINGS} - {"rules", "assumed", "method", "candidates"}
    absent |= set() if result["is_judged"] or result["candidates"] else {"candidates"}
    absent |= set() if result["portfolio"].get("published") else {"published"}
    return [(name, title) for name, title in HEADINGS if name not in absent]


def money_note(material: Material) -> str:
    """Return what every pound on the page is, unless it says otherwise."""
    about = material.study.model.study
    rate = about.discount_rate_per_year
    shown = f"{words.share(rate, 1)} a year" if isinstance(rate, float) else "the study's schedule of rates"
    return (
        f"Value: real pounds at {about.price_base} prices, for the councils' General Funds, over {words.count(about.horizon_years, 'year')} from "
        f"{words.day(about.start)}, discounted at {shown}. Yearly cash: the same, not discounted. Gains are positive. A future is one draw of everything "
        "uncertain; low and high leave one future in twenty beyond them."
    )


def key_figures(material: Material) -> list[tuple[str, Figure, Sentence]]:
    """Return the figures that head the page: label, figure, what goes with it."""
    figures, frames = material.contents.figures, material.tables
    horizon, early, peak = frames["horizons"].iloc[-1], frames["horizons"].iloc[0], frames["payback"].iloc[0]
    years = material.study.n_years
    exits = Figure("compulsory_exits_posts", float(figures["compulsory_exits_posts"]), words.posts(figures["compulsory_exits_posts"]))
    first: Sentence = ("less the extra cost of working together",)
    if len(frames["horizons"]) > 1:
        first = (gbp("horizons.5.cashable_gbp", early.cashable_gbp), f" in the first {words.number_word(int(early.years))} years")
    return [
        (
            f"Value over {words.number_word(years)} years", gbp("npv_mean_gbp", figures["npv_mean_gbp"], "from-value"),
            ("nine futures in ten: ", gbp("npv_p5_gbp", figures["npv_p5_gbp"]), " to ", gbp("npv_p95_gbp", figures["npv_p95_gbp"])),
        ),
        ("Chance of a loss", chance("probability_of_loss", figures["probability_of_loss"]), ("worst twentieth: ", gbp("cvar_gbp", figures["cvar_gbp"]), " on average")),
        ("Peak funding", gbp("payback.peak_funding_mean_gbp", peak.peak_funding_mean_gbp, "from-peak"), ("one future in twenty: over ", gbp("payback.peak_funding_p95_gbp", peak.peak_funding_p95_gbp))),
        ("Cashable savings, undiscounted", gbp("horizons.cashable_gbp", horizon.cashable_gbp, "from-cash"), first),
        ("One-off cost, undiscounted", gbp("one_off_gbp", figures["one_off_gbp"], "from-one-off"), ("after grants",)),
        ("Compulsory exits", exits, ("of ", Figure("posts_removed", float(figures["posts_removed"]), words.posts(figures["posts_removed"])), " posts removed, on average")),
    ]  # fmt: skip


# -- who shares what with whom ----------------------------------------------------------------------------------------


def who_section(material: Material) -> dict[str, Any]:
    """Return the matrix as rows of cells, the table of arrangements, and which of them do not pay for themselves."""
    study, frame = material.study, material.tables["matrix"]
    grid = []
    for service, rows in frame.groupby("service", sort=False):
        cells = [{"text": row.arrangement, "hosts": row.hosts, "group": row.group % 8 if row.group >= 0 else -1} for row in rows.itertuples()]
        grid.append((study.services.name(study.services.index(service)), cells))
    worth = material.tables["portfolio"]
    losing = [item for item in material.chosen if worth.npv_mean_gbp.iloc[item.row] < 0]
    return {"grid": grid, "councils": study.councils.names, "arrangements": arrangements_table(material), "losing": _losing(material, losing)}


def _losing(material: Material, losing: list[Any]) -> Sentence:
    if not losing:
        return ()
    worth = material.tables["portfolio"].npv_mean_gbp
    parts: list[str | Figure] = []
    for at, item in enumerate(losing):
        parts += ["" if not at else " and " if at == len(losing) - 1 else ", ", f"{item.title} ("]
        parts += [gbp(f"portfolio.{item.row}.npv_mean_gbp", float(worth.iloc[item.row])), ")"]
    verb = "costs" if len(losing) == 1 else "cost"
    return (*parts, f" {verb} more than {'it brings' if len(losing) == 1 else 'they bring'} on average, taken alone: chosen because a rule asks for it, or on the futures that chose.")


def arrangements_table(material: Material) -> PageTable:
    """Return the chosen arrangements, each with what it is worth on the judging futures."""
    study, worth = material.study, material.tables["portfolio"]
    names = study.councils.name
    # The table of the portfolio is in the order of the chosen rows, as is the judging table.
    rows = [
        worth.iloc[item.row].drop(["services", "partners", "host", "form", "start"]).to_dict()
        | {
            "letter": item.letter, "services": item.title, "partners": words.listing([names(at) for at in item.partners]),
            "hosts": words.listing([names(at) for at in item.hosts]) if item.hosts else "nobody", "form": item.form, "start": item.start,
        }
        for item in material.chosen
    ]  # fmt: skip
    columns = [
        Column("letter", ""), Column("services", "Services", under="partners"), Column("hosts", "Host", under="form"), Column("start", "Planned start", "date"),
        Column("npv_mean_gbp", "Value on average", "gbp"), Column("npv_p5_gbp", LOW, "gbp"), Column("npv_p95_gbp", HIGH, "gbp"),
        Column("probability_of_loss", LOSES, "share"), Column("chance_of_starting", "Chance that it starts", "share"),
    ]  # fmt: skip
    note = "Each arrangement alone, before what is paid once for several of them (programme, legal agreement, shared systems, grants)."
    return page_table("portfolio", "The arrangements chosen", pd.DataFrame(rows), columns, note=note)


# -- what it is worth -------------------------------------------------------------------------------------------------


def worth_section(material: Material) -> dict[str, Any]:
    """Return the table over horizons, savings by year, and when it is paid back."""
    frames = material.tables
    over = page_table(
        "horizons", "What it is worth over shorter and longer horizons", frames["horizons"],
        [
            Column("years", "Years", "number"), Column("npv_mean_gbp", "Value on average", "gbp"), Column("npv_mean_error_gbp", "Standard error", "gbp"),
            Column("npv_p5_gbp", LOW, "gbp"), Column("npv_p95_gbp", HIGH, "gbp"), Column("probability_of_loss", LOSES, "share"),
            Column("cashable_gbp", "Cashable savings", "gbp", "undiscounted"), Column("non_cashable_gbp", "Time saved, not cash", "gbp", "undiscounted"),
            Column("one_off_gbp", "One-off cost", "gbp", "undiscounted"),
        ],
        note="Time saved is valued at its cost but frees no budget; it is not part of the value.",
    )  # fmt: skip
    columns = [
        Column("year", "Year"), Column("cashable_gbp", "Cashable savings", "gbp"), Column("one_off_gbp", "One-off costs", "gbp", "after grants"),
        Column("running_gbp", "Running costs", "gbp"), Column("net_gbp", "Net cash", "gbp"), Column("non_cashable_gbp", "Time saved, not cash", "gbp"),
    ]  # fmt: skip
    total = frames["yearly"].drop(columns="year").sum().to_dict() | {"year": "All years"}
    yearly = page_table("yearly", "Mean savings and costs by year, all councils, undiscounted", frames["yearly"], columns, total=total)
    return {"horizons": over, "yearly": yearly, "payback": payback_sentence(material)}


def payback_sentence(material: Material) -> Sentence:
    """Return when it is paid back, in a sentence."""
    row = material.tables["payback"].iloc[0]
    parts: list[str | Figure] = ["Cumulative cash is above zero "]
    shares = [column for column in material.tables["payback"].columns if column.startswith("paid_back_in_")]
    for at, column in enumerate(shares):
        years = int(column.split("_")[3])
        parts += ["" if not at else " and ", f"after {words.count(years, 'year')} in ", chance(f"payback.{column}", float(row[column])), " of futures"]
    if np.isfinite(row.payback_p50_years) and row.payback_p50_years > 0:
        parts += ["; half of the futures are there for good after ", Figure("payback.payback_p50_years", float(row.payback_p50_years), f"{row.payback_p50_years:.1f} years")]
    return (*parts, ".")


# -- councils, staff, dates, risks, drivers ---------------------------------------------------------------------------


def councils_section(material: Material) -> PageTable:
    """Return what it means for each council."""
    shown = finance.itemised(material)
    columns = [
        Column("name", "Council", link="lines-"), Column("npv_mean_gbp", "Value on average", "gbp"), Column("npv_p5_gbp", LOW, "gbp"), Column("npv_p95_gbp", HIGH, "gbp"),
        Column("probability_of_loss", LOSES, "share"), Column("cvar_gbp", "Worst twentieth", "gbp", "average"), Column("one_off_mean_gbp", "One-off cost", "gbp"),
        Column("peak_funding_mean_gbp", "Peak funding", "gbp"), Column("voluntary_exits_posts", "Exits by agreement", "posts"),
        Column("compulsory_exits_posts", "Compulsory exits", "posts"),
    ]  # fmt: skip
    frame = material.tables["councils"].assign(link=lambda table: [name if name in shown else "" for name in table.council])
    return page_table("councils", "What it means for each council", frame, columns)


def staff_section(material: Material) -> dict[str, Any]:
    """Return what happens to posts, and the one sentence that members ask for."""
    columns = [
        Column("name", "Council"), Column("posts_removed", "Posts removed", "posts"), Column("vacancies_and_leavers", "Vacancies and leavers", "posts"),
        Column("redeployed", "Redeployed", "posts"), Column("voluntary_exits", "Exits by agreement", "posts"), Column("compulsory_exits", "Compulsory exits", "posts"),
        Column("compulsory_p95", "Compulsory exits, high (95%)", "posts"),
    ]  # fmt: skip
    frame = material.tables["staff"]
    sums = frame.select_dtypes("number").drop(columns="compulsory_p95").sum().to_dict()
    table = page_table("staff", "What happens to posts, full-time equivalent, on average", frame, columns, total=sums | {"name": "All councils"})
    removed, compulsory = float(sums["posts_removed"]), float(sums["compulsory_exits"])
    lead: Sentence = (
        Figure("staff.posts_removed", removed, words.posts(removed)), " posts go on average, ",
        Figure("staff.compulsory_exits", compulsory, words.posts(compulsory)), " of them by compulsory exit.",
    )  # fmt: skip
    return {"table": table, "lead": lead}


def schedule_table(material: Material) -> PageTable:
    """Return gates and starts."""
    columns = [
        Column("name", "What", under="kind"), Column("planned", "Planned", "date"), Column("start_p5", "Early start", "date", "5% are before"),
        Column("start_p50", "Middle start", "date"), Column("start_p95", "Late start", "date", "5% are after"), Column("full_p50", "Full effect", "date", "middle"),
        Column("chance_of_starting_share", "Chance that it starts", "share"), Column("wait", "Waits", "text", "months"), Column("refusal", "Chance that a council refuses"),
    ]  # fmt: skip
    if not (material.tables["schedule"].kind == "gate").any():
        columns = columns[:-2]
    return page_table("schedule", "Gates and starts", material.tables["schedule"], columns)


def risks_section(material: Material) -> dict[str, Any]:
    """Return the register with what each row does to the value, and who watches what."""
    frame = material.tables["risks"]
    columns = [
        Column("name", "Risk", under="strikes"), Column("chance", "Chance", under="does"), Column("struck_share", "Strikes in", "share", "of futures"),
        Column("mean_cost_gbp", "Costs on average", "gbp"), Column("cost_when_struck_gbp", "Costs when it strikes", "gbp"),
        Column("p5_cost_gbp", "Takes off the low end", "gbp", "5% point"), Column("spread_share", "Explains of the spread", "share1", "of variance"),
    ]  # fmt: skip
    n_draws = int(frame.n_draws.iloc[0]) if len(frame) else 0
    aside = [name for name, is_exposed in zip(frame["name"], frame.is_exposed, strict=True) if not is_exposed]
    note = f"Each risk was switched off in turn on the same {n_draws:,} futures; the difference is what it costs."
    note += f" Nothing chosen is exposed to: {'; '.join(aside)}." if aside else ""
    watched = frame[frame.owner.astype(bool) | frame.mitigation.astype(bool)]
    keepers = [Column("name", "Risk"), Column("owner", "Who watches it"), Column("mitigation", "What is done about it"), Column("source", "Source of the figures")]
    return {
        "table": page_table("risks", "The risk register and what each risk does", frame[frame.is_exposed], columns, note=note) if frame.is_exposed.any() else None,
        "watched": page_table("risk-owners", "Who watches each risk", watched, keepers) if len(watched) else None,
    }


def tornado_table(material: Material) -> PageTable:
    """Return the inputs that move the value most."""
    frame = material.tables["tornado"]
    columns = [
        Column("input", "Input"), Column("own_low_gbp", "Value when low", "gbp", "lowest tenth"), Column("own_high_gbp", "Value when high", "gbp", "highest tenth"),
        Column("own_swing_gbp", "Swing by itself", "gbp"), Column("swing_gbp", "Swing with what moves along", "gbp"),
        Column("rank_correlation", "Rank correlation", "correlation", "with the value"), Column("gains_at_worst", "Still gains at its worse end"),
    ]  # fmt: skip
    error = frame.rank_correlation_error.max() if len(frame) else 0.0
    note = (
        "Mean value over the futures in which the input lies in its lowest or highest tenth, other inputs as they come. Inputs that are correlated "
        f"move together; the last swing includes that. Standard error of a rank correlation: {error:.2f}."
    )
    return page_table("tornado", "The inputs that move the value most", frame, columns, note=note)
