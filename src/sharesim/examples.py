"""Small studies to learn from and to test with, as dictionaries in the notation of study.toml."""

from __future__ import annotations

import copy
from typing import Any

from sharesim.arguments import an_instance, takes
from sharesim.study.load import build
from sharesim.study.places import Places
from sharesim.study.study import Study

_TWO: dict[str, Any] = {
    "study": {
        "name": "two-councils", "title": "Payroll for two councils", "start": "2025-04-01", "horizon_years": 10,
        "price_base": "2025-26", "question": "Should Eastham and Westham run one payroll?",
    },
    "councils": [
        {"id": "eastham", "name": "Eastham", "population": 90_000, "turnover_per_year": 0.1, "terms_gbp": 30_000},
        {"id": "westham", "name": "Westham", "population": 120_000, "turnover_per_year": 0.1, "terms_gbp": 31_000},
    ],
    "services": [
        {
            "id": "payroll", "name": "Payroll", "elasticity": {"pert": [0.6, 0.85, 1.0]},
            "realisation_share": {"pert": [0.2, 0.8, 1.1]}, "ramp_years": 1.0, "delay_months": {"pert": [0, 3, 12]},
            "team_gbp": 20_000, "ict_gbp": {"pert": [20_000, 40_000, 120_000]}, "officer_days": 20,
            "cashable_share": 0.8,
        }
    ],
    "baseline": [
        {
            "council": "eastham", "service": "payroll", "cost_gbp": 320_000, "workload": 900, "posts_fte": 7,
            "gf_share": 1.0,
        },
        {
            "council": "westham", "service": "payroll", "cost_gbp": 400_000, "workload": 1_200, "posts_fte": 9,
            "gf_share": 1.0,
        },
    ],
    "bundles": {"most_partners": 2},
    "run": {"seed": 1, "draws": 1024, "judge_draws": 2048},
}  # fmt: skip


def two_councils_raw() -> dict[str, Any]:
    """Return the two-council study as a dictionary that may be changed freely."""
    return copy.deepcopy(_TWO)


def two_councils(**sections: Any) -> Study:
    """Return a study of two councils and one service; keyword arguments replace whole sections.

    Examples
    --------
    >>> study = two_councils()
    >>> study.councils.ids, study.services.ids
    (('eastham', 'westham'), ('payroll',))
    """
    return from_dict({**two_councils_raw(), **sections})


@takes(raw=an_instance(dict, "not a study", "a dictionary in the notation of study.toml"))
def from_dict(raw: dict[str, Any]) -> Study:
    """Return the study that a dictionary in the notation of study.toml describes; StudyError with all its faults."""
    return build(copy.deepcopy(raw), Places("study", {}))
