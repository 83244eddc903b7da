"""A study in which nothing is uncertain: every figure of it can be written down by hand."""

from __future__ import annotations

import copy
from typing import Any

_RAW: dict[str, Any] = {
    "study": {
        "name": "certain", "title": "Nothing is uncertain", "start": "2026-04-01", "horizon_years": 6,
        "price_base": "2026-27", "discount_rate_per_year": 0.035,
    },
    "councils": [
        {"id": "ashby", "name": "Ashby", "terms_gbp": 32_000},
        {"id": "brook", "name": "Brook", "terms_gbp": 32_000},
    ],
    "services": [
        {
            "id": "audit", "name": "Audit", "saving_rate_share": 0.1, "realisation_share": 1,
            "coordination_loss_share": 0, "cost_increase_share": 0, "ramp_years": 0, "delay_months": 0,
            "overrun_factor": 1, "optimism_bias_share": 0, "posts_share": 0, "cashable_share": 1, "team_gbp": 90_000,
        },
    ],
    "baseline": [
        {"council": "ashby", "service": "audit", "cost_gbp": 700_000},
        {"council": "brook", "service": "audit", "cost_gbp": 300_000},
    ],
    "exit": {"hazard_per_year": 0, "before_start_hazard_per_year": 0, "control_change_uplift": 0},
    "costs": {"governance_gbp_per_partner": 0},
    "run": {"draws": 512, "judge_draws": 1024, "seed": 3},
}  # fmt: skip


def certain_raw() -> dict[str, Any]:
    """Two councils share one service for six years: 100,000 a year saved from the first day, 90,000 paid once."""
    return copy.deepcopy(_RAW)
