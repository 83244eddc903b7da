"""A study of any size in which all that an appraisal usually works out is there, for the benchmarks of the core."""

from __future__ import annotations

from typing import Any

import numpy as np

from sharesim.bundles.enumerate import candidates
from sharesim.bundles.table import BundleTable
from sharesim.examples import from_dict
from sharesim.study.study import Study

START = "2025-04-01"


def study_of(n_councils: int = 12, n_services: int = 8, most_partners: int = 4) -> Study:
    """Return a study with scale savings, staff, exits, a register, two forms, two starts and every kind of one-off
    cost.

    Half of the services know their workload and half do not; sizes differ by council, all else is alike. There is no
    package, no abolition and no premium: what few studies have.
    """
    councils = [_council(number) for number in range(n_councils)]
    services = [_service(number) for number in range(n_services)]
    return from_dict(
        {
            "study": {
                "name": "core",
                "title": "Benchmark of the core",
                "start": START,
                "horizon_years": 10,
                "price_base": "2025-26",
                "cost_growth_per_year": "pert(-0.01, 0.005, 0.02)",
            },
            "councils": councils,
            "services": services,
            "baseline": [_line(council, service) for council in range(n_councils) for service in range(n_services)],
            "bundles": {
                "most_partners": most_partners,
                "forms": ["lead_authority", "company"],
                "starts": [START, "2026-10-01"],
            },
            "forms": {
                "company": {
                    "set_up_gbp": "pert(15000, 30000, 70000)",
                    "yearly_gbp": "pert(4000, 9000, 20000)",
                    "vat_share": 0.01,
                }
            },
            "gates": [{"id": "cabinet", "name": "Cabinet", "wait_months": "pert(0, 1, 4)", "refusal": 0.02}],
            "costs": {"profile": [0.4, 0.6], "lead_years": 1, "governance_gbp_per_partner": "pert(800, 1500, 3000)"},
            "exit": {"hazard_per_year": "pert(0.03, 0.05, 0.08)"},
            "split": {
                "one_off": "base_cost",
                "running": "equal",
                "overspend": "base_cost",
                "exit": "own",
                "saving": "own",
            },
            "risks": _register(),
            "drivers": [{"name": "general fund", "value": "pert(0.65, 0.75, 0.85)"}],
            "dependence": {"correlations": [{"drivers": ["baseline.*.cost_gbp"], "rank": 0.6}]},
            "run": {"seed": 1, "draws": 1024, "judge_draws": 1024},
        }
    )


def _council(number: int) -> dict[str, Any]:
    pay = 26_000 + 450 * (number % 7)
    return {
        "id": f"council{number:02d}",
        "name": f"Council {number}",
        "population": 60_000 + 9_000 * number,
        "turnover_per_year": "pert(0.06, 0.1, 0.16)",
        "terms_gbp": f"pert({pay - 1500}, {pay}, {pay + 1500})",
        "election_years": "2027;2031" if number % 2 else "2026;2030;2034",
        "control_change_share": 0.1 + 0.05 * (number % 6),
    }


def _service(number: int) -> dict[str, Any]:
    return {
        "id": f"service{number}",
        "name": f"Service {number}",
        "elasticity": "truncated(normal(0.88, 0.09), low=0.6, high=1.2)",
        "saving_kind": "planned",
        "realisation_share": "pert(0.3, 0.8, 1.1)",
        "coordination_loss_share": "pert(0, 0.04, 0.1)",
        "cost_increase_share": "pert(0, 0.01, 0.03)",
        "cashable_share": "pert(0.6, 0.8, 0.95)",
        "ramp_years": "uniform(0.5, 2)",
        "delay_months": "pert(0, 3, 12)",
        "labour_share": "pert(0.5, 0.65, 0.8)",
        "posts_share": "pert(0.5, 0.7, 0.9)",
        "structure_share": "pert(0.7, 0.9, 1.1)",
        "team_gbp": "pert(10000, 20000, 50000)",
        "ict_gbp": "pareto_tail(lognormal(p10=17000, p82=30000), above=0.82, index=2.2, cap=120000)",
        "premises_gbp": "pert(-8000, 0, 9000)",
        "dual_running_gbp": "pert(0, 10000, 40000)",
        "joining_gbp": "pert(1000, 3000, 8000)",
        "officer_days": "pert(20, 40, 80)",
        "delay_cost_gbp_per_month": "pert(200, 600, 1500)",
        "overrun_factor": "pert(0.9, 1.1, 1.6)",
        "client_gbp_per_year": "pert(500, 1500, 4000)",
        "host_fee_share": 0.03,
        "stranded_share": "pert(0.2, 0.5, 0.8)",
        "stranded_years": 2.0,
    }


def _line(council: int, service: int) -> dict[str, Any]:
    cost = (90_000 + 35_000 * service) * (0.7 + 0.08 * council)
    row = {
        "council": f"council{council:02d}",
        "service": f"service{service}",
        "cost_gbp": f"pert({0.85 * cost:.0f}, {cost:.0f}, {1.3 * cost:.0f})",
        "vacant_fte": 0.2 + 0.05 * (council % 4),
        "unbudgeted_vacant_fte": 0.1 * (council % 3),
        "overhead_share": 0.12,
        "client_side_share": 0.04,
        "gf_share": "driver(general fund)",
    }
    return (
        row | {"workload": f"pert({700 + 90 * council}, {800 + 90 * council}, {980 + 90 * council})"}
        if service % 2
        else row
    )


def _register() -> list[dict[str, Any]]:
    return [
        {
            "id": "will",
            "name": "Political will lost",
            "scope": "council",
            "probability": "pert(0.03, 0.1, 0.2)",
            "delay_months": "pert(1, 4, 12)",
            "saving_factor": "pert(0.85, 0.95, 1)",
        },
        {
            "id": "people",
            "name": "Complex staffing",
            "scope": "service",
            "probability": "pert(0.08, 0.2, 0.4)",
            "delay_months": "pert(1, 3, 9)",
            "one_off_gbp": "pert(5000, 20000, 90000)",
        },
        {
            "id": "systems",
            "name": "Systems fail",
            "scope": "service",
            "probability": "pert(0.01, 0.03, 0.06)",
            "per": "year",
            "saving_factor": "pert(0.7, 0.9, 1)",
            "one_off_gbp": "pert(5000, 15000, 40000)",
        },
        {
            "id": "leaves",
            "name": "A council walks out",
            "scope": "council",
            "probability": 0.005,
            "per": "year",
            "exit": True,
        },
    ]


def some_bundles(study: Study, n_bundles: int) -> BundleTable:
    """Return so many of a study's bundles: groups at random, each with its hosts, forms and starts."""
    table = candidates(study)
    if n_bundles > len(table):
        raise ValueError(
            f"the study has {len(table):,} bundles, fewer than {n_bundles:,}: give it more councils or services"
        )
    rank = np.random.default_rng(1).permutation(len(table.groups))
    return table.take(np.sort(np.argsort(rank[table.group], kind="stable")[:n_bundles]))
