"""How often things happen, and what that costs on average, against closed forms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sharesim.appraisal.engine import tiles_of
from sharesim.appraisal.outcomes import Outcomes, appraise
from sharesim.bundles.enumerate import candidates
from sharesim.examples import from_dict, two_councils_raw

# An estimate may stand 4.5 standard errors from its closed form: chance alone exceeds that 7 times in a million.
Z_BOUND, N_DRAWS = 4.5, 16_384


def study(**sections: Any) -> dict[str, Any]:
    """Two councils that share from 18 months after the decision; nothing uncertain but what a test adds."""
    raw = two_councils_raw()
    raw["services"] = [
        {
            "id": "payroll",
            "name": "Payroll",
            "amount_per_partner_gbp": 10_000,
            "saving_kind": "realised",
            "ramp_years": 0,
            "cashable_share": 1.0,
            "delay_months": 6,
            "posts_share": 0,
            "structure_share": 1,
        }
    ]
    raw["study"]["decision"] = "2025-04-01"
    raw["bundles"] = {"most_partners": 2, "starts": ["2026-04-01"]}
    raw["exit"] = {"hazard_per_year": 0, "before_start_hazard_per_year": 0, "notice_months": 6, "cost_share": 0.1}
    for section, values in sections.items():
        raw[section] = raw[section] | values if isinstance(values, dict) and section in raw else values
    return raw


def worth(raw: dict[str, Any], seed: int) -> Outcomes:
    built = from_dict(raw)
    return appraise(built, candidates(built), seed=seed, purpose="judge", n_draws=N_DRAWS)


def line(outcomes: Outcomes, name: str) -> np.ndarray:
    """Discounted pounds of one line of the first bundle, all partners, by draw."""
    discount, parts = outcomes.study.discount(), []
    for run in outcomes.chunks():
        total = 0.0
        for rows, year, lines in run.years(tiles_of(outcomes.table)):
            if 0 in rows:
                total = total + discount[year] * lines[name][list(rows).index(0)].sum(axis=0)
        parts.append(np.asarray(total)[: run.used])
    return np.concatenate(parts)


def check_share(found: float, expected: float) -> None:
    assert abs(found - expected) < Z_BOUND * math.sqrt(expected * (1 - expected) / N_DRAWS)


def check_mean(values: np.ndarray, expected: float) -> None:
    assert values.std() > 0
    assert abs(values.mean() - expected) < Z_BOUND * values.std(ddof=1) / math.sqrt(len(values))


@pytest.mark.parametrize("seed", range(3))
def test_arrangements_are_cancelled_as_often_as_hazard_and_gates_say(seed: int) -> None:
    raw = study(
        exit={"before_start_hazard_per_year": 0.3},
        gates=[{"id": "g", "name": "Gate", "refusal": 0.1, "wait_months": 3}],
    )
    # Two partners, each with a third of the arrangement's hazard, over the 1.75 years to the start; each may refuse.
    lasts = math.exp(2 * math.log(1 - 0.3) / 3 * 1.75)
    check_share(worth(raw, seed).means["started"][0, 0], lasts * 0.9**2)


@pytest.mark.parametrize("seed", range(3))
def test_what_leaving_costs_on_average(seed: int) -> None:
    outcomes = worth(
        study(exit={"hazard_per_year": 0.2}, councils=[row | {"ends": None} for row in study()["councils"]]), seed
    )
    rate = -2 * math.log(1 - 0.2) / 3
    discount = outcomes.study.discount()

    def gone_by(time: float) -> float:
        """Chance that one of the two has left: from the start at 1.5, half a year's notice."""
        return 1 - math.exp(-rate * max(time - 2.0, 0.0))

    expected = sum(discount[year] * (gone_by(year + 1) - gone_by(year)) for year in range(10))
    check_mean(line(outcomes, "exit_cost"), -0.1 * (320_000 + 400_000) * expected)


@pytest.mark.parametrize("seed", range(3))
def test_an_election_raises_the_hazard_by_what_it_says(seed: int) -> None:
    raw = study(exit={"hazard_per_year": 0.1, "control_change_uplift": 3.0, "notice_months": 0})
    raw["councils"][0] |= {"election_years": "2028", "control_change_share": 0.5}
    rate = -math.log(1 - 0.1) / 3
    # From 1.5 to 10 two partners at the plain rate; one of them in the year from 3 to 4 at 1 + 3 x 0.5 of it.
    stays = math.exp(-rate * (2 * 8.5 + 1.5))
    check_share(float((line(worth(raw, seed), "exit_cost") < 0).mean()), 1 - stays)


@pytest.mark.parametrize("per", ["once", "year"])
@pytest.mark.parametrize("seed", range(3))
def test_what_a_risk_costs_on_average(seed: int, per: str) -> None:
    risk = {"id": "r", "name": "Risk", "scope": "service", "probability": 0.12, "per": per, "one_off_gbp": 5_000}
    outcomes = worth(study(risks=[risk]), seed)
    discount = outcomes.study.discount()
    # Once: in the year of the planned start. By year: while the arrangement lasts, from 1.5 on.
    edges = [max(float(year), 1.5) for year in range(11)]
    by_year = sum(discount[year] * (0.88 ** edges[year] - 0.88 ** edges[year + 1]) for year in range(10))
    check_mean(line(outcomes, "risk_one_off"), -5_000 * (0.12 * discount[1] if per == "once" else by_year))


@pytest.mark.parametrize("seed", range(3))
def test_what_a_factor_takes_off_savings_on_average(seed: int) -> None:
    risk = {
        "id": "r",
        "name": "Risk",
        "scope": "council",
        "targets": "eastham",
        "probability": 0.12,
        "per": "year",
        "saving_factor": 0.25,
    }
    outcomes = worth(study(risks=[risk]), seed)
    discount = outcomes.study.discount()

    def left(begin: float, end: float) -> float:
        """Mean share of eastham's saving that is left, integrated over time: a quarter once struck."""
        struck = (end - begin) - (0.88**begin - 0.88**end) / -math.log(0.88)
        return (end - begin) - 0.75 * struck

    edges = [max(float(year), 1.5) for year in range(11)]
    eastham = sum(discount[year] * left(edges[year], edges[year + 1]) for year in range(10))
    westham = sum(discount[year] * (edges[year + 1] - edges[year]) for year in range(10))
    check_mean(line(outcomes, "saving_cashable"), 10_000 * (eastham + westham))
