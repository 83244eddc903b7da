"""The page as a whole: what its template needs, in the order in which it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sharesim.report import grounds, words
from sharesim.report.choices import choices_sections
from sharesim.report.decision import Figure, Sentence, chance, gbp
from sharesim.report.material import Material
from sharesim.report.portfolio import portfolio_sections

HEADINGS = {
    "options": "The options",
    "who": "Who shares what with whom",
    "worth": "What it is worth",
    "councils": "What it means for each council",
    "staff": "Staff",
    "timeline": "When",
    "risks": "Risks",
    "drivers": "What drives the answer",
    "candidates": "What was on offer",
    "rules": "What the red lines cost",
    "alternatives": "If members say no",
    "published": "Published figures",
    "readings": "Choosing and judging",
    "assumed": "What was assumed",
    "method": "How it was computed",
    "finance": "For the finance director",
    "implications": "Implications",
    "breakdown": "Where the pounds come from",
}
WITHOUT_PORTFOLIO = ("candidates", "rules", "assumed", "method")


def page(material: Material) -> dict[str, Any]:
    """Return everything that the template of the page needs."""
    contents, study = material.contents, material.study
    result: dict[str, Any] = {
        "contents": contents,
        "study": study,
        "about": study.model.study,
        "sentences": material.decision,
        "is_judged": contents.is_judged,
        "counts": counts(material),
        "money_note": money_note(material),
        "rules": grounds.rules_section(material),
        "inputs": grounds.inputs_section(material),
        "method": grounds.method_section(material),
        "candidates": None if contents.is_judged else grounds.candidates_table(material),
        "keys": key_figures(material) if contents.is_judged else [],
        "portfolio": portfolio_sections(material) if contents.is_judged else {},
        "choices": choices_sections(material)
        if contents.is_judged
        else {"options": None, "costs": None, "alternatives": None},
    }
    return result | {"headings": headings(result)}


def headings(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Return id and title of the sections that the page has."""
    here = set(HEADINGS) - {"candidates"} if result["is_judged"] else set(WITHOUT_PORTFOLIO)
    if not result["is_judged"] and not result["candidates"]:
        here.discard("candidates")
    if not result["portfolio"].get("published"):
        here.discard("published")
    here -= {name for name in ("options", "alternatives") if not result["choices"][name]}
    return [(name, title) for name, title in HEADINGS.items() if name in here]


def counts(material: Material) -> str:
    """Return how much was looked at."""
    study, n_bundles = material.study, len(material.contents.outcomes.table)
    parts = (
        words.count(len(study.councils), "council"),
        words.count(len(study.services), "service"),
        words.count(n_bundles, "candidate arrangement"),
    )
    return " · ".join(parts)


def money_note(material: Material) -> str:
    """Return the note on money: price base, horizon, discounting and signs of every figure not marked otherwise."""
    about = material.study.model.study
    rate = about.discount_rate_per_year
    shown = f"{words.share(rate, 1)} a year" if isinstance(rate, float) else "the study's schedule of rates"
    return (
        f"Value: real pounds at {about.price_base} prices, for the councils' General Funds, over "
        f"{words.count(about.horizon_years, 'year')} from {words.day(about.start)}, discounted at {shown}. Yearly "
        "cash: the same, not discounted. Gains are positive. A future is one draw of everything uncertain; low and "
        "high leave one future in twenty beyond them."
    )


def key_figures(material: Material) -> list[tuple[str, Figure, Sentence]]:
    """Return the figures that head the page: label, figure, what goes with it."""
    figures, frames = material.contents.figures, material.tables
    horizon, early, peak = frames["horizons"].iloc[-1], frames["horizons"].iloc[0], frames["payback"].iloc[0]

    def posts(name: str) -> Figure:
        return Figure(name, float(figures[name]), words.posts(float(figures[name])))

    early_years = int(early.years)
    saved: Sentence = ("less the extra cost of working together",)
    if early_years < horizon.years:
        first = gbp(f"horizons.{early_years}.cashable_undiscounted_gbp", early.cashable_undiscounted_gbp)
        saved = (first, f" in the first {words.number_word(early_years)} years")
    low, high = gbp("npv_p5_gbp", figures["npv_p5_gbp"]), gbp("npv_p95_gbp", figures["npv_p95_gbp"])
    value = gbp("npv_mean_gbp", figures["npv_mean_gbp"], "from-value")
    loss, tail = chance("probability_of_loss", figures["probability_of_loss"]), gbp("cvar_gbp", figures["cvar_gbp"])
    funding = gbp("payback.peak_funding_mean_gbp", peak.peak_funding_mean_gbp, "from-peak")
    most = gbp("payback.peak_funding_p95_gbp", peak.peak_funding_p95_gbp)
    name = f"horizons.{int(horizon.years)}.cashable_undiscounted_gbp"
    cash = gbp(name, horizon.cashable_undiscounted_gbp, "from-cash")
    years = words.count(material.study.n_years, "year")
    exits: Sentence = ("of ", posts("posts_removed"), " posts removed, on average")
    return [
        (f"Value over {years}", value, ("nine futures in ten: ", low, " to ", high)),
        ("Chance of a loss", loss, ("worst twentieth: ", tail, " on average")),
        ("Peak funding", funding, ("one future in twenty: over ", most)),
        ("Cashable savings, undiscounted", cash, saved),
        ("One-off cost, undiscounted", gbp("one_off_gbp", figures["one_off_gbp"], "from-one-off"), _beside(figures)),
        ("Compulsory exits", posts("compulsory_exits_posts"), exits),
    ]


def _beside(figures: Mapping[str, Any]) -> Sentence:
    """Return the line under the one-off cost: what grants and receipts bring, where they bring anything."""
    parts: list[str | Figure] = ["before "]
    for name in ("grants", "receipts"):
        if value := float(figures[f"{name}_gbp"]):
            parts += [f"{', ' if len(parts) > 1 else ''}{name} of ", gbp(f"{name}_gbp", value)]
    return tuple(parts) if len(parts) > 1 else ("no grants, no receipts",)
