"""What the page shows of a portfolio: tables ready for the template."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sharesim.report import finance, grounds, words
from sharesim.report.cells import PageTable, columns, filled, page_table, sums
from sharesim.report.decision import Figure, Sentence, chance, gbp
from sharesim.report.figures.rule_costs import cost_words
from sharesim.report.material import Material
from sharesim.report.matrix import Arrangement
from sharesim.study.labels import Labels

#: With more councils than this the matrix shows only those that share something; with more than this across it turns.
MOST_COUNCILS, MOST_ACROSS = 24, 8
#: Colours that style.css has for groups of partners.
N_COLOURS = 8
#: Rules that may have something shared that does not pay for itself.
ASKS_FOR_SHARING = ("must_share", "force_partners", "link_partners", "link_services", "least_hosted", "smallest_share")

ARRANGEMENTS = columns("""
    letter | Key
    services | Services | text | | partners
    hosts | Host | text | | form
    start | Planned start | date
    npv_mean_gbp | Value on average | gbp | | | table-
    npv_p5_gbp | Low (5%) | gbp
    npv_p95_gbp | High (95%) | gbp
    probability_of_loss | Chance of a loss | share
    chance_of_starting | Chance that it starts | share
""")
HORIZONS = columns("""
    years | Years | number
    npv_mean_gbp | Value on average | gbp | | | from-
    npv_mean_error_gbp | Standard error | gbp
    npv_p5_gbp | Low (5%) | gbp
    npv_p95_gbp | High (95%) | gbp
    probability_of_loss | Chance of a loss | share
    cashable_undiscounted_gbp | Cashable savings | gbp | undiscounted
    non_cashable_undiscounted_gbp | Time saved, not cash | gbp | undiscounted
    one_off_gbp | One-off cost | gbp | undiscounted
    grants_gbp | Grants | gbp | less clawback
    receipts_gbp | Receipts | gbp | undiscounted
""")
YEARLY = columns("""
    year | Year
    cashable_gbp | Cashable savings | gbp
    one_off_gbp | One-off cost | gbp
    grants_gbp | Grants | gbp | less clawback
    receipts_gbp | Receipts | gbp
    risks_gbp | Risks that strike | gbp
    running_gbp | Running costs | gbp
    net_gbp | Net cash | gbp | | | from-
    non_cashable_gbp | Time saved, not cash | gbp
""")
COUNCILS = columns("""
    name | Council | text | | | lines-
    npv_mean_gbp | Value on average | gbp
    npv_p5_gbp | Low (5%) | gbp
    npv_p95_gbp | High (95%) | gbp
    probability_of_loss | Chance of a loss | share
    cvar_gbp | Worst twentieth | gbp | average
    one_off_mean_gbp | One-off cost | gbp
    grants_mean_gbp | Grants | gbp | less clawback
    peak_funding_mean_gbp | Peak funding | gbp
    voluntary_exits_posts | Exits by agreement | posts
    compulsory_exits_posts | Compulsory exits | posts
""")
STAFF = columns("""
    name | Council
    posts_removed | Posts removed | posts
    vacancies_and_leavers | Vacancies and leavers | posts
    redeployed | Redeployed | posts
    voluntary_exits | Exits by agreement | posts
    compulsory_exits | Compulsory exits | posts
    compulsory_p95 | Compulsory exits, high (95%) | posts
""")
SCHEDULE = columns("""
    name | What | text | | kind
    planned | Planned | date
    start_p5 | Early start | date | 5% are before
    start_p50 | Middle start | date
    start_p95 | Late start | date | 5% are after
    full_p50 | Full effect | date | middle
    chance_of_starting_share | Chance that it starts | share
    wait | Waits | text | months
    refusal | Chance that a council refuses
""")
RISKS = columns("""
    name | Risk | text | | strikes
    chance | Chance | text | | does
    struck_share | Strikes in | share | of futures
    mean_cost_gbp | Costs on average | gbp
    cost_when_struck_gbp | Costs when it strikes | gbp
    p5_cost_gbp | Takes off the low end | gbp | 5% point
    spread_share | Explains of the spread | share1 | of variance
""")
KEEPERS = columns("""
    name | Risk
    owner | Who watches it
    mitigation | What is done about it
    source | Source of the figures
""")
TORNADO = columns("""
    input | Input
    own_low_gbp | Value when low | gbp | lowest tenth
    own_high_gbp | Value when high | gbp | highest tenth
    own_swing_gbp | Swing by itself | swing
    swing_gbp | Swing with what moves along | swing
    rank_correlation | Rank correlation | correlation | with the value
    gains_at_worst | Still gains at its worse end
""")


def portfolio_sections(material: Material) -> dict[str, Any]:
    """Return every section that a portfolio fills."""
    return {
        "who": who_section(material),
        "worth": worth_section(material),
        "councils": councils_table(material),
        "staff": staff_section(material),
        "schedule": schedule_table(material),
        "risks": risks_section(material),
        "tornado": tornado_table(material),
        "readings": grounds.readings_section(material),
        "published": grounds.published_table(material),
        "finance": finance.finance_section(material),
        "breakdown": finance.breakdown_section(material),
        "implications": finance.implications(material),
    }


# -- who shares what with whom ----------------------------------------------------------------------------------------


def who_section(material: Material) -> dict[str, Any]:
    """Return the matrix, the table of arrangements, and which of them do not pay for themselves."""
    study = material.study
    n_groups = len({item.group for item in material.chosen})
    return {
        "matrix": matrix_grid(material.tables["matrix"], study.services, study.councils),
        "colours": "One colour: the same partners." if n_groups <= N_COLOURS else "Colours repeat; letters do not.",
        "arrangements": arrangements_table(material),
        "losing": _losing(material),
    }


def matrix_grid(frame: pd.DataFrame, services: Labels, councils: Labels) -> dict[str, Any]:
    """Return the matrix as the page shows it: heads, rows of cells, and how many councils are left out.

    Services go down the page; with many more councils than services councils do, so that it stays narrow. Of very many
    councils those that share nothing are left out.

    Parameters
    ----------
    frame : DataFrame
        From `matrix.matrix`.
    """
    kept = list(councils.ids)
    if len(kept) > MOST_COUNCILS:
        sharing = set(frame.council[frame.group >= 0])
        kept = [name for name in kept if name in sharing]
    turned = len(kept) > max(MOST_ACROSS, len(services))
    down, across = ("council", "service") if turned else ("service", "council")
    order = {"council": kept, "service": list(services.ids)}
    names = {"council": dict(zip(councils.ids, councils.names, strict=True))}
    names["service"] = dict(zip(services.ids, services.names, strict=True))
    cells = {(getattr(row, down), getattr(row, across)): _matrix_cell(row) for row in frame.itertuples()}
    return {
        "down": down.title(),
        "heads": [names[across][key] for key in order[across]],
        "rows": [(names[down][key], [cells[key, other] for other in order[across]]) for key in order[down]],
        "left_out": len(councils) - len(kept),
    }


def _matrix_cell(row: Any) -> dict[str, Any]:
    return {"text": row.arrangement, "hosts": row.hosts, "group": row.group % N_COLOURS if row.group >= 0 else -1}


def _losing(material: Material) -> Sentence:
    """Return which arrangements cost more than they bring, taken alone; nothing where none does."""
    worth = material.tables["portfolio"].npv_mean_gbp
    losing = [item for item in material.chosen if worth.iloc[item.row] < 0]
    if not losing:
        return ()
    parts: list[str | Figure] = []
    for at, item in enumerate(losing):
        between = "" if not at else " and " if at == len(losing) - 1 else ", "
        value = gbp(f"portfolio.{item.row}.npv_mean_gbp", float(worth.iloc[item.row]))
        parts += [f"{between}{item.title} (", value, ")"]
    costs = "costs more than it brings" if len(losing) == 1 else "cost more than they bring"
    return (*parts, f" {costs} on average, taken alone: {_why_taken(material)}.")


def _why_taken(material: Material) -> str:
    """Return why something is taken that loses: rules that ask for it and decide, with their cost where it is known."""
    deciding = [rule for rule in material.contents.rules if rule.name in material.contents.solution.binding]
    asking = [rule for rule in deciding if getattr(rule, "kind", "") in ASKS_FOR_SHARING]
    binding = [rule.name for rule in asking or deciding]
    frame = material.tables.get("rule_costs")
    known = (
        {}
        if frame is None
        else {
            name: cost_words(low, high)
            for kind, name, low, high in zip(frame.kind, frame["name"], frame.low_gbp, frame.high_gbp, strict=True)
            if kind == "rule"
        }
    )
    if not binding:
        return "chosen for what comes with it, or by the luck of the futures that chose"
    named = [f"“{name}”" + (f" (costs {known[name]})" if name in known else "") for name in binding]
    return f"chosen because of {words.listing(named)}"


def arrangements_table(material: Material) -> PageTable:
    """Return the chosen arrangements, each with what it is worth on the judging futures."""
    # The table of the portfolio is in the order of the chosen rows, as is the judging table.
    worth = material.tables["portfolio"].drop(columns=["services", "partners", "host", "form", "start"])
    rows = [worth.iloc[item.row].to_dict() | _said(material, item) for item in material.chosen]
    note = (
        "Each arrangement alone, before what is paid once for several of them (programme, legal agreement, shared "
        "systems, grants)."
    )
    return page_table("portfolio", "The arrangements chosen", pd.DataFrame(rows), ARRANGEMENTS, note=note)


def _said(material: Material, item: Arrangement) -> dict[str, str]:
    names = material.study.councils.name
    return {
        "letter": item.letter,
        "services": item.title,
        "partners": words.listing([names(at) for at in item.partners]),
        "hosts": words.listing([names(at) for at in item.hosts]) if item.hosts else "nobody",
        "form": item.form,
        "start": item.start,
        "link": "lines_by_bundle" if len(material.chosen) <= finance.MOST_ITEMISED else "",
    }


# -- what it is worth -------------------------------------------------------------------------------------------------


def worth_section(material: Material) -> dict[str, Any]:
    """Return the table over horizons, savings by year, and when it is paid back."""
    frames = material.tables
    note = "Time saved is valued at its cost but frees no budget; it is not part of the value."
    caption = "What it is worth over shorter and longer horizons"
    whole = frames["horizons"].years == material.study.n_years
    horizons = frames["horizons"].assign(link=whole.map({True: "value", False: ""}))
    over = page_table("horizons", caption, horizons, filled(HORIZONS, horizons), note=note)
    by_year = frames["yearly"].assign(link="cash")
    total = {**sums(frames["yearly"].drop(columns="year")), "year": "All years"}
    caption = "Mean savings and costs by year, all councils, undiscounted"
    yearly = page_table("yearly", caption, by_year, filled(YEARLY, by_year), total=total)
    return {"horizons": over, "yearly": yearly, "payback": payback_sentence(material)}


def payback_sentence(material: Material) -> Sentence:
    """Return when it is paid back, in a sentence."""
    row = material.tables["payback"].iloc[0]
    parts: list[str | Figure] = ["Cumulative cash is above zero "]
    within = [column for column in material.tables["payback"].columns if column.startswith("paid_back_in_")]
    for at, column in enumerate(within):
        years = words.count(int(column.split("_")[3]), "year")
        reached = chance(f"payback.{column}", float(row[column]))
        parts += [f"{' and ' if at else ''}after {years} in ", reached, " of futures"]
    middle = float(row.payback_p50_years)
    if np.isfinite(middle) and middle > 0:
        parts += ["; half of the futures are there for good after "]
        parts += [Figure("payback.payback_p50_years", middle, f"{middle:.1f} years")]
    return (*parts, ".")


# -- councils, staff, dates, risks, drivers ---------------------------------------------------------------------------


def councils_table(material: Material) -> PageTable:
    """Return what it means for each council."""
    shown = finance.itemised(material)
    frame = material.tables["councils"]
    frame = frame.assign(link=[name if name in shown else "" for name in frame.council])
    return page_table("councils", "What it means for each council", frame, filled(COUNCILS, frame))


def staff_section(material: Material) -> dict[str, Any]:
    """Return what happens to posts, and the one sentence that members ask for."""
    frame = material.tables["staff"]
    posts = sums(frame.drop(columns="compulsory_p95"))
    caption = "What happens to posts, full-time equivalent, on average"
    table = page_table("staff", caption, frame, STAFF, total={**posts, "name": "All councils"})
    removed, compulsory = posts["posts_removed"], posts["compulsory_exits"]
    lead: Sentence = (
        Figure("staff.posts_removed", removed, words.posts(removed)),
        " posts go on average, ",
        Figure("staff.compulsory_exits", compulsory, words.posts(compulsory)),
        " of them by compulsory exit.",
    )
    return {"table": table, "lead": lead}


def schedule_table(material: Material) -> PageTable:
    """Return gates, what is there already, and starts."""
    frame = material.tables["schedule"]
    has_gates, has_existing = (bool((frame.kind == kind).any()) for kind in ("gate", "existing"))
    shown = SCHEDULE if has_gates else SCHEDULE[:-1] if has_existing else SCHEDULE[:-2]
    note = "What is there already: planned is the first day on which its councils may start anew; its wait is notice."
    frame = frame.assign(kind=frame.kind.replace("existing", "there today"))
    return page_table("schedule", "Gates and starts", frame, shown, note=note if has_existing else "")


def risks_section(material: Material) -> dict[str, Any]:
    """Return the register with what each row does to the value, and who watches what."""
    frame = material.tables["risks"]
    exposed = frame[frame.is_exposed]
    n_draws = int(frame.n_draws.max()) if len(frame) else 0
    note = f"Each risk was switched off in turn on the same {n_draws:,} futures; the difference is what it costs."
    aside = list(frame["name"][~frame.is_exposed.astype(bool)])
    note += f" Nothing chosen is exposed to: {'; '.join(aside)}." if aside else ""
    watched = frame[frame.owner.astype(bool) | frame.mitigation.astype(bool)]
    caption = "The risk register and what each risk does"
    return {
        "table": page_table("risks", caption, exposed, RISKS, note=note) if len(exposed) else None,
        "watched": page_table("risk-owners", "Who watches each risk", watched, KEEPERS) if len(watched) else None,
    }


def tornado_table(material: Material) -> PageTable:
    """Return the inputs that move the value most."""
    frame = material.tables["tornado"]
    error = frame.rank_correlation_error.max() if len(frame) else 0.0
    note = (
        "Mean value over the futures in which the input lies in its lowest or highest tenth, other inputs as they "
        "come. Inputs that are correlated move together; the last swing includes that. Standard error of a rank "
        f"correlation: {error:.2f}."
    )
    return page_table("tornado", "The inputs that move the value most", frame, TORNADO, note=note)
