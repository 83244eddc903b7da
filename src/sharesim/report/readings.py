"""The portfolio's figures on the choosing and on the judging futures, and the rules with what was measured."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd

from sharesim.choice.solution import Check
from sharesim.measures import estimate
from sharesim.report import words
from sharesim.report.contents import Contents
from sharesim.study.rules import PROGRAMME, RuleBase
from sharesim.study.study import Study

MEASURES = (
    ("mean", "Value on average", "gbp"),
    ("p5", "One future in twenty is below", "gbp"),
    ("p95", "One future in twenty is above", "gbp"),
    ("p_loss", "Chance of a loss", "share"),
    ("cvar", "Average of the worst twentieth", "gbp"),
)


def choosing_draws(contents: Contents) -> np.ndarray:
    """Return the portfolio's NPV on the futures that chose it, GBP, shape (draw,)."""
    outcomes, solution = contents.outcomes, contents.solution
    bundles = outcomes.npv[solution.chosen].sum(axis=(0, 1))
    return bundles + outcomes.activation_npv[solution.activations].sum(axis=(0, 1))


def readings(contents: Contents) -> pd.DataFrame:
    """Return each measure on the choosing and on the judging futures, with standard errors and the difference."""
    fresh = (contents.judged or contents.outcomes).plan
    rows = []
    for name, title, kind in MEASURES:
        chose = estimate(choosing_draws(contents), name, contents.outcomes.plan)
        judged = estimate(contents.npv, name, fresh)
        rows.append(
            {
                "measure": name,
                "title": title,
                "kind": kind,
                "choosing": chose.value,
                "choosing_error": chose.standard_error,
                "choosing_reach": chose.reach(),
                "judging": judged.value,
                "judging_error": judged.standard_error,
                "judging_reach": judged.reach(),
                "difference": chose.value - judged.value,
            }
        )
    return pd.DataFrame(rows)


def luck(frame: pd.DataFrame) -> tuple[float, float]:
    """Return by how much the choosing futures flattered the mean, and the 95% reach of that difference.

    Parameters
    ----------
    frame : DataFrame
        From `readings`.
    """
    row = frame.iloc[0]
    return float(row.difference), float(np.hypot(row.choosing_reach, row.judging_reach))


def rules(contents: Contents) -> pd.DataFrame:
    """Return one row per rule: its sentence and its tightest subject; built-in ones last.

    Returns
    -------
    DataFrame
        rule, owner, sentence, subject, n_subjects, measured, relation, limit, slack, unit (of the tightest subject),
        holds (for every subject), binding.
    """
    said = {rule.name: rule_sentence(rule) for rule in contents.rules}
    # A rule may be called what a built-in check is called.
    grouped: dict[tuple[str, bool], list[Check]] = {}
    for check in contents.solution.checks:
        grouped.setdefault((check.rule, check.by_rule), []).append(check)
    rows = []
    for (name, by_rule), found in grouped.items():
        tight = min(found, key=lambda check: check.slack / max(abs(check.limit), 1.0))
        rows.append(
            {
                "rule": name,
                "owner": owner_words(contents.study, tight.owner),
                "sentence": said.get(name, "Built in.") if by_rule else "Built in.",
                "subject": subject_words(contents.study, tight),
                "n_subjects": len(found),
                "measured": tight.measured,
                "relation": tight.relation,
                "limit": tight.limit,
                "slack": tight.slack,
                "unit": tight.unit,
                "holds": all(check.holds for check in found),
                "binding": by_rule and name in contents.solution.binding,
                "built_in": not (by_rule and name in said),
            }
        )
    columns = [
        "rule",
        "owner",
        "sentence",
        "subject",
        "n_subjects",
        "measured",
        "relation",
        "limit",
        "slack",
        "unit",
        "holds",
        "binding",
        "built_in",
    ]
    return pd.DataFrame(rows, columns=columns).sort_values(["built_in"], kind="stable", ignore_index=True)


def rule_sentence(rule: RuleBase) -> str:
    """Return a rule in its owner's words, or in those of its kind where the owner gave none."""
    return rule.sentence or (inspect.getdoc(type(rule)) or "").split("\n")[0]


def owner_words(study: Study, owner: str) -> str:
    """Return who set a rule: a council by name, or the programme."""
    return study.councils.name(study.councils.index(owner)) if owner in study.councils else owner


def subject_words(study: Study, check: Check) -> str:
    """Return whom or what a check measured, with names in place of ids."""
    about, parts = check.about, []
    if about.council:
        parts.append("all together" if about.council == PROGRAMME else owner_words(study, about.council))
    if about.service:
        parts.append(study.services.name(study.services.index(about.service)))
    year = "" if about.year is None else f" {about.year}"
    return ", ".join(parts) + year if parts else "the portfolio"


def quantity_words(value: float, unit: str) -> str:
    """Return a measured figure in its unit.

    Examples
    --------
    >>> quantity_words(12345.6, "GBP"), quantity_words(0.125, "share of draws"), quantity_words(1.0, "services")
    ('£12,346', '12.5%', '1 service')
    """
    if unit == "GBP":
        return words.pounds(value)
    if unit.startswith("share"):
        return words.share(value, 1)
    shown = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
    single = unit.removesuffix("s") if value == 1.0 and not unit.startswith("ways") else unit
    return f"{shown} {single}".strip().replace("-", "−")
