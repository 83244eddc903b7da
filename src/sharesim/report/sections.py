"""What each section of the page shows: tables ready for the template, in the order in which they are read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sharesim.report import words
from sharesim.report.cells import Column, PageTable, page_table
from sharesim.report.decision import Figure, Sentence, chance, gbp
from sharesim.report.figures.why import published_text
from sharesim.report.material import Material
from sharesim.report.readings import luck, quantity_words, readings, rules
from sharesim.report.tables import year_label

GBP, THOUSANDS = "£", "£000"


def page(material: Material) -> dict[str, Any]:
    """Return everything that the template of the page needs."""
    contents, study = material.contents, material.study
    result: dict[str, Any] = {
        "contents": contents, "study": study, "about": study.model.study, "sentences": material.decision, "chosen": material.chosen,
        "is_judged": contents.is_judged, "money_note": money_note(material), "rules": rules_section(material), "inputs": inputs_section(material),
        "method": method_section(material), "candidates": None if contents.is_judged else candidates_table(material),
    }  # fmt: skip
    if not contents.is_judged:
        return result | {"keys": [], "portfolio": {}, "headings": headings(material, result, {})}
    portfolio = {
        "who": who_section(material), "worth": worth_section(material), "councils": councils_table(material), "staff": staff_table(material),
        "schedule": schedule_table(material), "risks": risks_table(material), "tornado": tornado_table(material),
        "readings": readings_section(material), "published": published_table(material), "finance": finance_section(material),
        "breakdown": breakdown_section(material),
    }  # fmt: skip
    return result | {"keys": key_figures(material), "portfolio": portfolio, "headings": headings(material, result, portfolio)}


HEADINGS = (
    ("who", "Who shares what with whom"), ("worth", "What it is worth"), ("councils", "What it means for each council"), ("staff", "Staff"), ("timeline", "When"),
    ("risks", "Risks"), ("drivers", "What drives the answer"), ("candidates", "What was on offer"), ("rules", "The rules"), ("readings", "Choosing and judging"),
    ("published", "Published figures"), ("assumed", "What was assumed"), ("finance", "For the finance director"),
    ("breakdown", "Where the pounds come from"), ("method", "How it was computed"),
)  # fmt: skip


def headings(material: Material, result: dict[str, Any], portfolio: dict[str, Any]) -> list[tuple[str, str]]:
    """Return id and title of the sections that the page has."""
    always = {"rules", "assumed", "method"}
    here = always | ({"candidates"} if result["candidates"] else set())
    if material.contents.is_judged:
        here |= {name for name, _ in HEADINGS} - {"candidates"} - (set() if portfolio["published"] else {"published"})
    return [(name, title) for name, title in HEADINGS if name in here]


def money_note(material: Material) -> str:
    """Return what every pound on the page is, unless it says otherwise."""
    about = material.study.model.study
    rate = about.discount_rate_per_year
    shown = f"{words.share(rate, 1)} a year" if isinstance(rate, float) else "the study's schedule of rates"
    return (
        f"Values are real pounds at {about.price_base} prices, for the councils' General Funds, over {words.count(about.horizon_years, 'year')} from "
        f"{words.day(about.start)}, discounted at {shown}. Yearly cash is real and not discounted. Gains are positive."
    )


def key_figures(material: Material) -> list[tuple[str, Figure, str]]:
    """Return the figures that head the page: label, figure, what goes with it."""
    figures, frames = material.contents.figures, material.tables
    horizon = frames["horizons"].iloc[-1]
    peak = frames["payback"].iloc[0]
    early = frames["horizons"].iloc[0]
    spread = f"nine futures in ten: {words.money(figures['npv_p5_gbp'])} to {words.money(figures['npv_p95_gbp'])}"
    found = [
        (f"Value over {material.study.n_years} years", gbp("npv_mean_gbp", figures["npv_mean_gbp"], "from-value"), spread),
        ("Chance of a loss", chance("probability_of_loss", figures["probability_of_loss"]), f"worst twentieth: {words.money(figures['cvar_gbp'])} on average"),
        (
            "Cashable savings, undiscounted", gbp("horizons.cashable_gbp", horizon.cashable_gbp, "from-cash"),
            f"{words.money(early.cashable_gbp)} in the first {int(early.years)} years" if len(frames["horizons"]) > 1 else "before other costs",
        ),
        ("One-off cost", gbp("one_off_gbp", figures["one_off_gbp"], "from-cash"), "grants taken off"),
        ("Peak funding", gbp("payback.peak_funding_mean_gbp", peak.peak_funding_mean_gbp, "from-peak"), f"one future in twenty: over {words.money(peak.peak_funding_p95_gbp)}"),
        ("Compulsory exits", Figure("compulsory_exits_posts", float(figures["compulsory_exits_posts"]), f"{figures['compulsory_exits_posts']:.1f}"), f"of {figures['posts_removed']:.1f} posts removed, on average"),
    ]  # fmt: skip
    return found


# -- who shares what with whom ----------------------------------------------------------------------------------------


def who_section(material: Material) -> dict[str, Any]:
    """Return the matrix as rows of cells, and the table of arrangements."""
    study, frame = material.study, material.tables["matrix"]
    grid = []
    for service, rows in frame.groupby("service", sort=False):
        cells = [
            {"text": row.arrangement, "hosts": row.hosts, "group": row.group % 8 if row.group >= 0 else -1} for row in rows.itertuples()
        ]
        grid.append((study.services.name(study.services.index(service)), cells))
    return {"grid": grid, "councils": study.councils.names, "arrangements": arrangements_table(material)}


def arrangements_table(material: Material) -> PageTable:
    """Return the chosen arrangements, each with what it is worth on the judging futures."""
    study, worth = material.study, material.tables["portfolio"]
    names = study.councils.name
    # The table of the portfolio is in the order of the chosen rows, as is the judging table.
    rows = [
        {
            "letter": item.letter, "services": item.title, "partners": words.listing([names(at) for at in item.partners]),
            "hosts": words.listing([names(at) for at in item.hosts]) if item.hosts else "nobody", "form": item.form, "start": item.start,
        }
        | worth.iloc[item.row].drop(["services", "partners", "host", "form", "start"]).to_dict()
        for item in material.chosen
    ]  # fmt: skip
    columns = [
        Column("letter", ""), Column("services", "Services"), Column("partners", "Partners"), Column("hosts", "Host"), Column("form", "Form"),
        Column("start", "Planned start", "date"), Column("npv_mean_gbp", "Value on average", "gbp"), Column("npv_p5_gbp", "5% are below", "gbp"),
        Column("npv_p95_gbp", "5% are above", "gbp"), Column("probability_of_loss", "Loses in", "share", "of futures"),
        Column("chance_of_starting", "Starts in", "share", "of futures"),
    ]  # fmt: skip
    note = "Each arrangement alone, before what is paid once for several of them (programme, legal agreement, shared systems, grants)."
    return page_table("portfolio", "The arrangements chosen", pd.DataFrame(rows), columns, note=note)


# -- what it is worth -------------------------------------------------------------------------------------------------


def worth_section(material: Material) -> dict[str, Any]:
    """Return the table over horizons and savings by year."""
    frames = material.tables
    over = page_table(
        "horizons", "What it is worth over shorter and longer horizons", frames["horizons"],
        [
            Column("years", "Years", "number"), Column("npv_mean_gbp", "Value on average", "gbp"), Column("npv_mean_error_gbp", "± error", "gbp", "standard"),
            Column("npv_p5_gbp", "5% are below", "gbp"), Column("npv_p95_gbp", "5% are above", "gbp"), Column("probability_of_loss", "Loses in", "share", "of futures"),
            Column("cashable_gbp", "Cashable savings", "gbp", "undiscounted"), Column("non_cashable_gbp", "Time saved, not cash", "gbp", "undiscounted"),
            Column("one_off_gbp", "One-off cost", "gbp", "undiscounted"),
        ],
        note="Time saved is valued at its cost but frees no budget; it is not part of the value.",
    )  # fmt: skip
    columns = [
        Column("year", "Year"), Column("cashable_gbp", "Cashable savings", "gbp"), Column("one_off_gbp", "One-off costs", "gbp"),
        Column("running_gbp", "Running costs", "gbp"), Column("net_gbp", "Net cash", "gbp"), Column("non_cashable_gbp", "Time saved, not cash", "gbp"),
    ]  # fmt: skip
    total = frames["yearly"].drop(columns="year").sum().to_dict() | {"year": "All years"}
    yearly = page_table("yearly", "Mean savings and costs by year, all councils, undiscounted", frames["yearly"], columns, total=total)
    return {"horizons": over, "yearly": yearly, "payback": payback_sentence(material)}


def payback_sentence(material: Material) -> Sentence:
    """Return when it is paid back, in a sentence."""
    row = material.tables["payback"].iloc[0]
    parts: list[str | Figure] = ["Cumulative cash is back above zero "]
    shares = [column for column in material.tables["payback"].columns if column.startswith("paid_back_in_")]
    for at, column in enumerate(shares):
        years = int(column.split("_")[3])
        parts += ["" if not at else " and ", f"after {words.count(years, 'year')} in ", chance(f"payback.{column}", float(row[column])), " of futures"]
    if np.isfinite(row.payback_p50_years) and row.payback_p50_years > 0:
        parts += ["; half of the futures are there after ", Figure("payback.payback_p50_years", float(row.payback_p50_years), f"{row.payback_p50_years:.1f} years")]
    return (*parts, ".")


# -- councils, staff, dates, risks, drivers ---------------------------------------------------------------------------


def councils_table(material: Material) -> PageTable:
    """Return what it means for each council."""
    columns = [
        Column("name", "Council"), Column("npv_mean_gbp", "Value on average", "gbp"), Column("npv_p5_gbp", "5% are below", "gbp"),
        Column("npv_p95_gbp", "5% are above", "gbp"), Column("probability_of_loss", "Loses in", "share", "of futures"),
        Column("cvar_gbp", "Worst twentieth", "gbp", "average"), Column("one_off_mean_gbp", "One-off cost", "gbp"),
        Column("peak_funding_mean_gbp", "Peak funding", "gbp"), Column("posts_removed", "Posts removed", "posts"),
        Column("voluntary_exits_posts", "Exits by agreement", "posts"), Column("compulsory_exits_posts", "Compulsory exits", "posts"),
    ]  # fmt: skip
    return page_table("councils", "What it means for each council", material.tables["councils"], columns)


def staff_table(material: Material) -> PageTable:
    """Return what happens to posts."""
    columns = [
        Column("name", "Council"), Column("posts_removed", "Posts removed", "posts"), Column("vacancies_and_leavers", "Met by vacancies and leavers", "posts"),
        Column("redeployed", "Redeployed", "posts"), Column("voluntary_exits", "Exits by agreement", "posts"), Column("compulsory_exits", "Compulsory exits", "posts"),
        Column("compulsory_p95", "Compulsory exits, one future in twenty above", "posts"),
    ]  # fmt: skip
    frame = material.tables["staff"]
    sums = frame.select_dtypes("number").drop(columns="compulsory_p95").sum().to_dict()
    return page_table("staff", "Posts, full-time equivalent, on average over the futures", frame, columns, total=sums | {"name": "All councils"})


def schedule_table(material: Material) -> PageTable:
    """Return gates and starts."""
    columns = [
        Column("name", "What"), Column("kind", "Kind"), Column("planned", "Planned", "date"), Column("start_p5", "Early start", "date", "5% are before"),
        Column("start_p50", "Middle", "date"), Column("start_p95", "Late start", "date", "5% are after"), Column("full_p50", "Full effect", "date", "middle"),
        Column("chance_of_starting_share", "Starts in", "share", "of futures"), Column("wait_months", "Wait", "text", "months"), Column("refusal", "Refused", "text", "chance, each council"),
    ]  # fmt: skip
    if not (material.tables["schedule"].kind == "gate").any():
        columns = columns[:-2]
    return page_table("schedule", "Gates and starts", material.tables["schedule"], columns)


def risks_table(material: Material) -> PageTable:
    """Return the register with what each row does to the value."""
    frame = material.tables["risks"]
    columns = [
        Column("name", "Risk"), Column("strikes", "Strikes"), Column("chance", "Chance"), Column("does", "Effect"), Column("owner", "Owner"), Column("mitigation", "What is done"),
        Column("struck_share", "Strikes something in", "share", "of futures"), Column("mean_cost_gbp", "Costs on average", "gbp"),
        Column("cost_when_struck_gbp", "Costs when it strikes", "gbp"), Column("p5_cost_gbp", "Takes off the bad end", "gbp", "5% point"),
        Column("spread_share", "Explains of the spread", "share1"),
    ]  # fmt: skip
    drop = [column for column in ("owner", "mitigation") if not frame[column].astype(bool).any()]
    columns = [column for column in columns if column.key not in drop]
    n_draws = int(frame.n_draws.iloc[0]) if len(frame) else 0
    aside = [name for name, is_exposed in zip(frame["name"], frame.is_exposed, strict=True) if not is_exposed]
    note = f"Each risk was switched off in turn on the same {n_draws:,} futures; the difference is what it costs."
    note += f" Nothing chosen is exposed to: {'; '.join(aside)}." if aside else ""
    return page_table("risks", "The risk register and what each risk does", frame[frame.is_exposed], columns, note=note)


def tornado_table(material: Material) -> PageTable:
    """Return the inputs that move the value most."""
    columns = [
        Column("input", "Input"), Column("low_gbp", "Value when low", "gbp", "lowest tenth"), Column("high_gbp", "Value when high", "gbp", "highest tenth"),
        Column("swing_gbp", "Swing", "gbp"), Column("rank_correlation", "Rank correlation", "correlation", "with the value"), Column("gains_at_worst", "Still gains at its worse tenth"),
    ]  # fmt: skip
    frame = material.tables["tornado"].assign(gains_at_worst=lambda frame: ["yes" if gains else "no" for gains in frame.gains_at_worst])
    error = material.tables["tornado"].rank_correlation_error.max() if len(frame) else 0.0
    note = (
        "Value: mean over the futures in which the input lies in its lowest or highest tenth; what moves with it moves too. "
        f"Standard error of a rank correlation: {error:.2f}."
    )
    return page_table("tornado", "The ten inputs that move the value most", frame, columns, note=note)


# -- rules, choosing and judging, published ---------------------------------------------------------------------------


def rules_section(material: Material) -> dict[str, Any]:
    """Return the rules with what was measured, and every check."""
    contents = material.contents
    columns = [
        Column("rule", "Rule"), Column("owner", "Set by"), Column("sentence", "What it demands"), Column("subject", "Tightest for"), Column("measured", "Measured"),
        Column("relation", ""), Column("limit", "Limit"), Column("slack", "Room left"), Column("holds", "Kept"), Column("binding", "Binding"),
    ]  # fmt: skip
    short = _in_words(rules(contents))
    everything = _in_words(material.tables["rules"].assign(sentence=""))
    names = ["rule", "owner", "subject", "measured", "relation", "limit", "slack", "holds"]
    return {
        "table": page_table("rules", "The rules", short, columns) if len(short) else None,
        "all": page_table("rule-checks", "Every check", everything, [column for column in columns if column.key in names]) if len(everything) else None,
        "binding": list(contents.solution.binding), "notes": [note for note in contents.solution.notes],
    }  # fmt: skip


def _in_words(frame: pd.DataFrame) -> pd.DataFrame:
    """Return checks with every figure in the words of its unit."""
    texts = {
        column: [quantity_words(value, unit) for value, unit in zip(frame[column], frame.unit, strict=True)] for column in ("measured", "limit", "slack")
    }
    signs = {"<=": "at most", ">=": "at least", "==": "exactly"}
    return frame.assign(
        **texts, relation=[signs[sign] for sign in frame.relation], holds=["yes" if kept else "BROKEN" for kept in frame.holds],
        binding=["yes" if bites else "" for bites in frame.binding],
    )  # fmt: skip


def readings_section(material: Material) -> dict[str, Any]:
    """Return choosing and judging side by side, and how much of the value was luck."""
    frame = readings(material.contents)
    flattered, reach = luck(frame)
    sets = (("choosing", "On the futures that chose"), ("judging", "On fresh futures"), ("difference", "Difference"))
    text = frame.assign(
        **{name: [published_text(value, unit) if unit == "share" else words.pounds(value) for value, unit in zip(frame[name], frame.kind, strict=True)] for name, _ in sets}
    )
    table = page_table("readings", "The same portfolio on two sets of futures", text, [Column("title", "Measure"), *(Column(name, title, "text") for name, title in sets)])
    return {"table": table, "luck": gbp("luck_gbp", flattered), "reach": gbp("luck_reach_gbp", reach), "is_noise": abs(flattered) <= reach}


def published_table(material: Material) -> PageTable | None:
    """Return published figures beside the simulated range; None where the study has none."""
    frame = material.tables["published"]
    if not len(frame):
        return None
    text = frame.assign(
        **{name: [published_text(value, unit) for value, unit in zip(frame[name], frame.unit, strict=True)] for name in ("published", "simulated_mean", "simulated_p5", "simulated_p95")},
        falls=[falls(row) for row in frame.itertuples()],
    )
    columns = [
        Column("label", "Published"), Column("kind", "Kind"), Column("covers", "Covers"), Column("published", "Figure"), Column("simulated_p5", "Simulated, 5% below"),
        Column("simulated_mean", "Mean"), Column("simulated_p95", "5% above"), Column("falls", "Where it falls"), Column("source", "Source"),
    ]  # fmt: skip
    return page_table("published", "Published figures beside the simulated range", text, columns, note="Published figures are not inputs: nothing was fitted to them.")


def falls(row: Any) -> str:
    """Return where a published figure falls in the simulated range, in words."""
    if row.percentile_of_published <= 0:
        return "below every future"
    if row.percentile_of_published >= 100:
        return "above every future"
    return f"above {row.percentile_of_published:.0f}% of futures" if row.published > row.simulated_p50 else f"below {100 - row.percentile_of_published:.0f}% of futures"


# -- inputs and method ------------------------------------------------------------------------------------------------


def inputs_section(material: Material) -> dict[str, Any]:
    """Return what was assumed and every driver."""
    assumed, drivers = material.tables["assumptions"], material.tables["drivers"]
    columns = [
        Column("input", "Assumed because the study is silent"), Column("assumed", "Value"), Column("low", "Low", "number"), Column("high", "High", "number"), Column("unit", "Unit"),
        Column("effect_low_gbp", "At low", "gbp", "change of value"), Column("effect_high_gbp", "At high", "gbp", "change of value"),
        Column("for", "For"), Column("source", "Source"), Column("reasoning", "Why"),
    ]  # fmt: skip
    if not len(assumed) or assumed.effect_low_gbp.isna().all():
        columns = [column for column in columns if not column.key.startswith("effect_")]
    every = [
        Column("input", "Input"), Column("distribution", "Distribution"), Column("mean", "Mean", "number"), Column("p5", "5%", "number"), Column("p95", "95%", "number"),
        Column("origin", "From"), Column("source", "Source"), Column("driver", "Name in the study"),
    ]  # fmt: skip
    changes = pd.DataFrame(
        [{"path": change.path, "before": str(change.before), "after": str(change.after), "by": change.by} for change in material.study.changes],
        columns=["path", "before", "after", "by"],
    )
    return {
        "n_assumed": len(assumed), "n_drivers": len(drivers),
        "assumed": page_table("assumptions", "What was assumed", assumed, columns) if len(assumed) else None,
        "drivers": page_table("drivers", "Every uncertain input", drivers, every) if len(drivers) else None,
        "changes": page_table("changes", "Changed from the study's files", changes, [Column(name, name.title()) for name in changes]) if len(changes) else None,
    }  # fmt: skip


def method_section(material: Material) -> list[tuple[str, str]]:
    """Return how the answer was computed, as label and fact."""
    contents, study = material.contents, material.study
    solution, plan = contents.solution, contents.outcomes.plan
    gap = f"{words.share(solution.gap, 2)}: no portfolio that keeps the rules is worth more than {words.money(solution.bound_gbp)} by the objective"
    facts = [
        ("Date of the run", words.day(contents.date) if contents.date else "not recorded"),
        ("Study", f"{study.model.study.name}, content hash {study.content_hash}"),
        ("Seed", f"{contents.seed}"),
        ("Futures", f"{contents.outcomes.n_draws:,} to choose" + (f", {contents.judged.n_draws:,} fresh ones to judge" if contents.judged is not None else "") + f" ({plan.method.replace('_', ' ')})"),
        ("Monte Carlo error", plan.standard_error_source),
        ("Uncertain inputs", f"{len(study.drivers):,} drivers, events included"),
        ("Candidates", words.count(len(contents.outcomes.table), "arrangement")),
        ("Objective", objective_words(contents.objective)),
        ("Status", f"{solution.status.value}, search stopped by {solution.stopped_by.value}"),
        ("Gap", gap if solution.status.has_portfolio else "there is no portfolio"),
        ("Solver", solution.solver or "not recorded"),
        ("Seconds", "; ".join(f"{stage} {seconds:.1f}" for stage, seconds in contents.timings.items()) or "not recorded"),
        ("Versions", "; ".join(f"{name} {version}" for name, version in contents.versions.items()) or "not recorded"),
    ]  # fmt: skip
    return [*facts, *(("Note", note) for note in solution.notes)]


def objective_words(objective: Any) -> str:
    """Return what the choice maximised, in words."""
    if objective.kind == "mean":
        return "the value on average"
    if objective.kind == "mean_cvar":
        return f"{words.share(1 - objective.risk_weight)} the value on average and {words.share(objective.risk_weight)} that of the worst {words.share(objective.level)} of futures"
    if objective.kind == "lexicographic":
        return "first " + ", then ".join(objective.order)
    return f"{objective.cashable_weight:g} x value + {objective.non_cashable_weight:g} x time saved + {words.pounds(objective.quality_weight_gbp)} x quality change"


def candidates_table(material: Material) -> PageTable | None:
    """Return the most valuable candidates, for a report that has no portfolio to show."""
    from sharesim.report.tables import bundles

    outcomes = material.contents.outcomes
    if not len(outcomes.table):
        return None
    frame = bundles(outcomes).sort_values(["npv_mean_gbp", "bundle"], ascending=[False, True]).head(10)
    frame = frame.assign(what=[outcomes.table.describe(int(row)) for row in frame.index])
    columns = [
        Column("what", "Arrangement"), Column("npv_mean_gbp", "Value on average", "gbp"), Column("npv_p5_gbp", "5% are below", "gbp"), Column("npv_p95_gbp", "5% are above", "gbp"),
        Column("probability_of_loss", "Loses in", "share", "of futures"),
    ]  # fmt: skip
    note = "Each alone, before what several would pay for together, and whatever the rules say of it."
    return page_table("candidates", "The most valuable candidate arrangements", frame, columns, note=note)


# -- for the finance director -----------------------------------------------------------------------------------------


def finance_section(material: Material) -> dict[str, Any]:
    """Return the General Fund by council and year, one-off cost by year, and funding."""
    frames, study = material.tables, material.study
    years = [Column(year_label(study, year), year_label(study, year), "thousands") for year in range(study.n_years)]
    columns = [Column("name", "Council"), *years, Column("all_gbp", "All years", "thousands")]

    def table(name: str, caption: str) -> PageTable:
        frame = frames[name]
        sums = frame.select_dtypes("number").sum().to_dict() | {"name": "All councils"}
        return page_table(name, caption, frame, [column for column in columns if column.key in frame], total=sums)

    payback = frames["payback"].assign(name=["All councils together", *study.councils.names])
    funding = page_table(
        "payback", "Funding that has to be found before it pays for itself", payback,
        [
            Column("name", "Council"), Column("peak_funding_mean_gbp", "Peak funding, on average", "gbp"), Column("peak_funding_p95_gbp", "One future in twenty above", "gbp"),
            Column("payback_p50_years", "Paid back in half of the futures after", "years", "years"),
            *(Column(name, f"Paid back within {name.split('_')[3]} years", "share", "of futures") for name in payback if name.startswith("paid_back_in_")),
        ],
    )  # fmt: skip
    return {
        "general_fund": table("general_fund", "Mean effect on each General Fund by year, £000 real, undiscounted"),
        "one_off": table("one_off", "Mean one-off cost by year, grants taken off, £000 real, undiscounted"),
        "cumulative": table("cumulative", "Mean cumulative effect at the end of each year, £000 real, undiscounted"),
        "funding": funding,
    }


# -- where the pounds come from ---------------------------------------------------------------------------------------


def breakdown_section(material: Material) -> dict[str, Any]:
    """Return the headline figures taken apart by line."""
    frames, study = material.tables, material.study
    councils = [Column(council, name, "gbp") for council, name in zip(study.councils.ids, study.councils.names, strict=True)]
    years = [Column(year_label(study, year), year_label(study, year), "thousands") for year in range(study.n_years)]
    letters = {material.judged.table.id_of(item.row): item.letter for item in material.chosen}
    bundles = [Column(key, letter, "gbp") for key, letter in sorted(letters.items(), key=lambda pair: (len(pair[1]), pair[1]))]
    return {
        "value": _lines(frames["lines_by_council"], "lines_by_council", "Value by line and council, discounted", [*councils, Column("all_gbp", "All", "gbp")]),
        "cash": _lines(frames["lines_by_year"], "lines_by_year", "Mean cash by line and year, all councils, £000 real, undiscounted", [*years, Column("all_gbp", "All", "thousands")]),
        "bundles": _lines(frames["lines_by_bundle"], "lines_by_bundle", "Value by line and arrangement, discounted", [*bundles, Column("shared", "Shared", "gbp"), Column("all_gbp", "All", "gbp")]),
        "councils": [_council_lines(material, at) for at in range(len(study.councils))],
    }  # fmt: skip


def _council_lines(material: Material, council: int) -> PageTable:
    from sharesim.report.breakdown import by_line_and_year

    study, frame = material.study, material.tables["lines"]
    own = by_line_and_year(study, frame[frame.council == study.councils.ids[council]])
    years = [Column(year_label(study, year), year_label(study, year), "thousands") for year in range(study.n_years)]
    name = study.councils.name(council)
    return _lines(own, f"lines.{study.councils.ids[council]}", f"{name}: mean cash by line and year, £000 real, undiscounted", [*years, Column("all_gbp", "All", "thousands")])


def _lines(frame: pd.DataFrame, name: str, caption: str, columns: list[Column]) -> PageTable:
    total = frame.select_dtypes("number").sum().to_dict() | {"title": "Total"}
    return page_table(name, caption, frame, [Column("title", "Line"), *columns], total=total)
