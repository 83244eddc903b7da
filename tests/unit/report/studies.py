"""Studies that fill every section of a report, with few draws."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

from sharesim.choice.choose import choose as solve
from sharesim.examples import from_dict, two_councils_raw
from sharesim.report.contents import Contents
from sharesim.workflow.assumed import assumption_effects
from sharesim.workflow.contents import contents_of
from sharesim.workflow.doors import appraise, choose, judge
from sharesim.workflow.options import beyond

HOSTILE = '<script>alert("x")</script>&"\'=1+1 {{ 7*7 }} $\\frac{1}{2}$'

TRIO: dict[str, Any] = {
    "study": {
        "name": "trio",
        "title": "Three councils, three services",
        "question": "What should they share?",
        "start": "2025-04-01",
        "horizon_years": 6,
        "report_years": [3],
        "price_base": "2025-26",
    },
    "councils": [
        {
            "id": "eastham",
            "name": "Eastham",
            "control": "Labour",
            "x_km": 0.0,
            "y_km": 0.0,
            "terms_gbp": 30_000,
            "reserves_gbp": 900_000,
            "reserve_floor_gbp": 880_000,
            "receipts_gbp": 5_000,
            "tax_base": 30_000,
            "band_d_gbp": 180,
        },
        {"id": "northam", "name": "Northam", "control": "Green", "x_km": 4.0, "y_km": 9.0, "terms_gbp": 28_000},
        {"id": "westham", "name": "Westham", "control": "", "x_km": 9.0, "y_km": 1.0, "terms_gbp": 31_000},
    ],
    "services": [
        {
            "id": "audit",
            "name": "Internal audit",
            "saving_rate_share": "pert(0.02, 0.08, 0.15)",
            "realisation_share": "pert(0.5, 0.8, 1.1)",
            "delay_months": "pert(0, 3, 12)",
            "team_gbp": 8_000,
            "officer_days": 20,
            "source": "audit figures",
        },
        {
            "id": "payroll",
            "name": "Payroll",
            "elasticity": "pert(0.5, 0.7, 0.9)",
            "realisation_share": "pert(0.5, 0.8, 1.1)",
            "delay_months": "pert(0, 3, 12)",
            "team_gbp": 10_000,
            "ict_gbp": "pert(10000, 20000, 60000)",
            "officer_days": 30,
        },
        {"id": "planning", "name": "Planning", "saving_rate_share": -0.05, "team_gbp": 5_000},
    ],
    "baseline": [
        {"council": council, "service": service, "cost_gbp": cost * size, "posts_fte": cost * size / 40_000}
        for council, size in (("eastham", 1.0), ("northam", 0.6), ("westham", 1.3))
        for service, cost in (("audit", 250_000), ("payroll", 400_000), ("planning", 700_000))
    ],
    "bundles": {"most_partners": 3, "starts": ["2025-04-01", "2026-10-01"]},
    "gates": [{"id": "cabinet", "name": "Cabinets agree", "date": "2025-06-01", "wait_months": "pert(0, 1, 3)"}],
    "risks": [
        {
            "id": "will",
            "name": "Loss of political will",
            "scope": "council",
            "probability": "pert(0.1, 0.2, 0.3)",
            "delay_months": 6,
            "one_off_gbp": 9_000,
            "owner": "Leaders",
            "mitigation": "Talk early",
            "source": "judgement",
        },
        {"id": "slow", "name": "Slow systems", "scope": "service", "targets": "planning", "probability": 0.5},
        {
            "id": "union",
            "name": "Dispute",
            "scope": "programme",
            "probability": 0.05,
            "per": "year",
            "saving_factor": 0.8,
            "one_off_gbp": 4_000,
        },
    ],
    "shared_items": [
        {"id": "office", "name": "Programme office", "one_off_gbp": "pert(10000, 20000, 40000)"},
        {"id": "agreement", "name": "Legal agreement", "per_council": True, "one_off_gbp": 3_000, "yearly_gbp": 500},
    ],
    "grants": [{"id": "fund", "name": "Regional fund", "amount_gbp": 15_000, "chance": 0.8, "clawback_chance": 0.1}],
    "quality": [{"service": "audit", "criterion": "Cover", "weight": 1, "before": 4, "after": "pert(4, 5, 7)"}],
    "medium_term_plan": [
        {
            "council": "eastham",
            "line": "Savings still to be found",
            "amounts_gbp": [0, 60_000, 90_000],
            "source": "plan of 2025",
        },
        {"council": "northam", "line": "Gap", "amounts_gbp": [10_000]},
    ],
    "finance": {"inflation_per_year": 0.03},
    "implications": {"legal": "Section 113 agreements.", "climate": "Fewer journeys."},
    "assumption_log": [
        {
            "path": "services.payroll.*",
            "owner": "Head of payroll",
            "status": "agreed",
            "date": "2026-10-01",
            "note": "seen",
        },
        {"path": "staff.on_cost_share", "owner": "Finance", "status": "challenged"},
    ],
    "rules": [
        {"kind": "break_even", "name": "nobody expects to lose", "sentence": "No council signs to lose."},
        {"kind": "most_partners", "name": "few partners", "owner": "eastham", "limit": 2},
        {"kind": "budget", "name": "first money", "limit_gbp": 900_000, "years": [2025]},
    ],
    "published": [
        {"label": "Announced saving", "measure": "cashable_gbp", "value": 200_000, "years": 3, "source": "press"},
        {
            "label": "Payroll a year",
            "measure": "cashable_gbp",
            "value": 5e7,
            "years": 3,
            "per_year": True,
            "services": ["payroll"],
            "councils": ["eastham"],
        },
        {"label": "Better quality", "measure": "quality_change_share", "value": 0.1},
    ],
    "run": {"seed": 5, "draws": 1024, "judge_draws": 1024},
}


def trio_raw() -> dict[str, Any]:
    """Return the study of three councils as a dictionary that may be changed freely."""
    return copy.deepcopy(TRIO)


def hostile_raw() -> dict[str, Any]:
    """Return the same study with every printed name hostile."""
    raw = trio_raw()
    raw["study"]["title"] = raw["study"]["question"] = HOSTILE
    for table in ("councils", "services", "gates", "risks", "shared_items", "grants"):
        for row in raw[table]:
            row["name"] = f"{row['id']} {HOSTILE}"
    for row in raw["risks"]:
        row |= {"owner": HOSTILE, "mitigation": HOSTILE, "source": HOSTILE}
    for row in raw["councils"]:
        row["control"] = HOSTILE[:70]
    for row in raw["rules"]:
        row["sentence"] = HOSTILE
    for row in raw["published"]:
        row |= {"label": f"{row['label']} {HOSTILE}", "source": HOSTILE}
    raw["services"][0]["source"] = HOSTILE
    raw["medium_term_plan"][0] |= {"line": HOSTILE, "source": HOSTILE}
    raw["implications"] = dict.fromkeys(raw["implications"], HOSTILE)
    raw["assumption_log"][0] |= {"owner": HOSTILE, "note": HOSTILE}
    return raw


def nothing_raw() -> dict[str, Any]:
    """Return a study in which sharing is worth nothing."""
    raw = two_councils_raw()
    raw["services"][0]["team_gbp"] = 2e6
    return raw


def infeasible_raw() -> dict[str, Any]:
    """Return a study whose rules cannot all be kept."""
    raw = trio_raw()
    raw["rules"] = [
        {"kind": "must_share", "name": "share planning", "services": ["planning"]},
        {"kind": "break_even", "name": "nobody loses", "floor_gbp": 500_000, "sentence": "Nobody signs to lose."},
    ]
    return raw


def contents(raw: dict[str, Any], *, effects: bool = True) -> Contents:
    """Return the contents of a report on a study that has a portfolio."""
    judged = judge(choose(appraise(from_dict(raw), jobs=1)), jobs=1)
    table, study = judged.outcomes.table, judged.study
    if effects and len(table):
        judged = dataclasses.replace(judged, effects=assumption_effects(study, table, seed=judged.seed, n_draws=128))
    found = beyond(judged, 20.0) if effects else None
    made = contents_of(judged, {"appraise": 1.5, "choose": 0.25}, found=found)
    return dataclasses.replace(made, date="2026-11-22", versions={"sharesim": "0.0.0", "python": "3.11"})


def refused(raw: dict[str, Any]) -> Contents:
    """Return the contents of a report on a study that has no portfolio."""
    outcomes = appraise(from_dict(raw), jobs=1)
    model = outcomes.study.model
    solution = solve(outcomes.candidates, outcomes.outcomes, model.rules, model.objective)
    assert not solution.status.has_portfolio
    return Contents(outcomes.study, outcomes.outcomes, solution, model.rules, model.objective, seed=outcomes.seed)
