"""Joiners, several hosts, first stages and existing arrangements worked out by hand in a study without uncertainty."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sharesim.appraisal.engine import tiles_of
from sharesim.appraisal.outcomes import Outcomes, appraise
from sharesim.bundles.enumerate import candidates
from sharesim.examples import from_dict

YEARS = 5


def study(**more: Any) -> dict[str, Any]:
    """Three councils at 100,000 each, 10% saved of what is shared, at once, all cash, no staff, nothing else."""
    names = ("alder", "birch", "cedar")
    service = {
        "id": "audit", "name": "Audit", "saving_rate_share": 0.1, "saving_kind": "realised", "cashable_share": 1.0,
        "ramp_years": 0, "delay_months": 0, "posts_share": 0, "structure_share": 0, "labour_share": 0.5,
        "host_fee_share": 0.02, "internal_saving_share": 0.05, "internal_one_off_gbp": 3_000, "joining_gbp": 1_000,
        "overrun_factor": 1.0, "optimism_bias_share": 0.0,
    }  # fmt: skip
    return {
        "study": {
            "name": "hand", "title": "By hand", "start": "2025-04-01", "horizon_years": YEARS, "report_years": [2],
            "price_base": "2025-26", "discount_rate_per_year": 0.0,
        },
        "councils": [{"id": name, "name": name.title(), "turnover_per_year": 0, "terms_gbp": 1} for name in names],
        "services": [service],
        "baseline": [
            {"council": name, "service": "audit", "cost_gbp": 100_000, "posts_fte": 2, "gf_share": 1} for name in names
        ],
        "exit": {"hazard_per_year": 0, "before_start_hazard_per_year": 0, "notice_months": 0, "cost_share": 0},
        "bundles": {"listed_only": True},
    } | more  # fmt: skip


def lines_of(raw: dict[str, Any]) -> tuple[Outcomes, dict[str, dict[str, np.ndarray]]]:
    """Lines of every bundle by year, by id and line: (partner slot, year)."""
    compiled = from_dict(raw)
    outcomes = appraise(compiled, candidates(compiled), seed=1, purpose="choose", n_draws=64)
    found: dict[str, dict[str, np.ndarray]] = {}
    run = next(iter(outcomes.chunks([0])))
    for rows, year, lines in run.years(tiles_of(outcomes.table)):
        for at, row in enumerate(rows):
            here = found.setdefault(outcomes.table.id_of(int(row)), {})
            for name, line in lines.items():
                here.setdefault(name, np.zeros((line.shape[1], YEARS)))[:, year] = line[at, :, 0]
    return outcomes, found


def test_a_joiner_saves_from_the_day_it_joins_and_pays_its_fee_to_those_who_began() -> None:
    named = {"id": "x", "service": "audit", "partners": ["alder", "birch"], "hosts": ["alder"], "joiners": ["cedar"]}
    raw = study(arrangements=[named | {"joins": "2027-04-01", "joining_fee_gbp": 6_000}])
    outcomes, found = lines_of(raw)
    ((name, lines),) = found.items()
    assert name == "audit|alder+birch+cedar@2|alder|lead_authority|2025-04-01"
    np.testing.assert_allclose(lines["saving_cashable"][:2], 10_000.0)
    np.testing.assert_allclose(lines["saving_cashable"][2], [0, 0, 10_000, 10_000, 10_000])
    np.testing.assert_allclose(lines["joining_fee"][:, 2], [3_000, 3_000, -6_000])
    assert np.abs(lines["joining_fee"].sum(axis=0)).max() < 1e-9
    np.testing.assert_allclose(lines["joining"], [[-1_000, 0, 0, 0, 0]] * 2 + [[0, 0, -1_000, 0, 0]])
    # Birch pays the host 2% of its cost throughout, Cedar from its day on.
    np.testing.assert_allclose(
        lines["host_fee"], [[2_000, 2_000, 4_000, 4_000, 4_000], [-2_000] * 5, [0, 0, *[-2_000] * 3]]
    )
    value = 2 * 50_000 + 30_000 - 3_000
    np.testing.assert_allclose(outcomes.npv.sum(axis=1), value)
    np.testing.assert_allclose(outcomes.one_off_draws([0], [2])[0, :, 0], [0, 0, 1_000])


def test_who_joins_on_the_first_day_would_be_a_partner_and_later_is_worth_less() -> None:
    base = {"service": "audit", "partners": ["alder", "birch"], "hosts": ["alder"], "joiners": ["cedar"]}
    days = ("2026-04-01", "2027-04-01", "2028-04-01")
    everybody = {"id": "all", "service": "audit", "partners": ["alder", "birch", "cedar"], "hosts": ["alder"]}
    raw = study(arrangements=[*(base | {"id": f"j{day[:4]}", "joins": day} for day in days), everybody])
    outcomes, _ = lines_of(raw)
    worth = {name: float(outcomes.npv[row].sum(axis=0)[0]) for row, name in enumerate(outcomes.table.ids)}
    assert len(worth) == 4
    ordered = [worth[next(name for name in worth if f"cedar{mark}|" in name)] for mark in ("", "@1", "@2", "@3")]
    np.testing.assert_allclose(-np.diff(ordered), 10_000.0)


def test_two_hosts_share_the_fee_by_what_they_carry() -> None:
    named = {"id": "x", "service": "audit", "partners": ["alder", "birch", "cedar"], "hosts": ["alder", "birch"]}
    _, found = lines_of(study(arrangements=[named | {"host_shares": [0.75, 0.25]}]))
    ((name, lines),) = found.items()
    assert name == "audit|alder+birch+cedar|alder:0.75+birch:0.25|lead_authority|2025-04-01"
    # Paid on what others carry: Alder 500, Birch 1,500, Cedar 2,000; received 3 to 1.
    np.testing.assert_allclose(lines["host_fee"][:, 0], [3_000 - 500, 1_000 - 1_500, -2_000])


def test_a_follow_on_saves_on_what_the_first_stage_left() -> None:
    stage = {"id": "own", "name": "Own", "council": "alder", "services": ["audit"], "first": "2025-04-01"}
    raw = study(stages=[stage | {"starts": "2026-04-01"}])
    raw["bundles"] = {"listed_only": True, "most_partners": 2}
    outcomes, found = lines_of(raw)
    alone = found["audit|alder|-|internal|2025-04-01"]
    np.testing.assert_allclose(alone["saving_cashable"], [[5_000.0] * 5])
    np.testing.assert_allclose(alone["transition"], [[-3_000, 0, 0, 0, 0]])
    pair = found["audit/own|alder+birch|alder|lead_authority|2026-04-01"]
    np.testing.assert_allclose(pair["saving_cashable"], [[0, *[9_500.0] * 4], [0, *[10_000.0] * 4]])
    first = outcomes.table.ids.index("audit|alder|-|internal|2025-04-01")
    follows = [name.startswith("audit/own") for name in outcomes.table.ids]
    assert outcomes.table.requires[follows].tolist() == [first] * sum(follows) and sum(follows) == 4


def test_who_leaves_an_existing_arrangement_pays_once_and_only_before_its_end() -> None:
    there = {"id": "old", "name": "Old", "services": ["audit"], "partners": ["alder", "cedar"], "break_gbp": 7_000}
    named = {"service": "audit", "hosts": ["alder"]}
    pairs = [
        {"id": "leaves", "partners": ["alder", "birch"], **named},
        {"id": "over", "partners": ["alder", "birch"], "start": "2028-04-01", **named},
        {"id": "agreed", "partners": ["alder", "cedar"], **named},
    ]
    raw = study(arrangements=pairs, existing=[there | {"ends": "2027-04-01", "paid_to": ["cedar"]}])
    compiled = from_dict(raw)
    outcomes = appraise(compiled, candidates(compiled), seed=1, purpose="choose", n_draws=64)
    assert [column.id for column in outcomes.activations.columns] == ["existing.old/alder", "existing.old/cedar"]
    np.testing.assert_allclose(outcomes.activation_npv[0, :, 0], [-7_000, 0, 7_000])
    needs = {outcomes.table.id_of(row): outcomes.activations.of_bundle[row].tolist() for row in range(3)}
    assert needs == {
        "audit|alder+birch|alder|lead_authority|2025-04-01": [0],
        "audit|alder+birch|alder|lead_authority|2028-04-01": [],
        "audit|alder+cedar|alder|lead_authority|2025-04-01": [],
    }


def test_income_from_joint_trading_may_be_lost() -> None:
    raw = study(arrangements=[{"id": "x", "service": "audit", "partners": ["alder", "birch"], "hosts": ["alder"]}])
    raw["services"][0] |= {"saving_rate_share": None, "income_change_share": -0.2}
    del raw["services"][0]["saving_rate_share"]
    raw["baseline"][0]["income_gbp"], raw["baseline"][1]["income_gbp"] = 30_000, 5_000
    _, found = lines_of(raw)
    (lines,) = found.values()
    # A loss is a loss whatever realisation and cashable share say: no product softens it.
    np.testing.assert_allclose(lines["extra_cost"], [[-6_000.0] * 5, [-1_000.0] * 5])
    assert np.abs(lines["saving_cashable"]).max() == 0.0


def test_break_up_after_a_change_of_control_is_an_outcome() -> None:
    """Seven years in an election that surely changes control, with a hazard that is high then and nil otherwise."""
    raw = study(arrangements=[{"id": "x", "service": "audit", "partners": ["alder", "birch"], "hosts": ["alder"]}])
    raw["study"]["horizon_years"] = 10
    raw["exit"] |= {"hazard_per_year": 0.01, "control_change_uplift": 200.0}
    raw["councils"][1] |= {"election_years": "2032", "control_change_share": 1.0}
    compiled = from_dict(raw)
    outcomes = appraise(compiled, candidates(compiled), seed=3, purpose="choose", n_draws=8192)
    saved = np.zeros((10, 8192))
    for run in outcomes.chunks():
        for _, year, lines in run.years(tiles_of(outcomes.table)):
            saved[year, run.first : run.first + 1024] = lines["saving_cashable"].sum(axis=(0, 1))
    going = (saved > 0.0).mean(axis=1)
    rate = -np.log(0.99) / 3
    expected = np.exp(-rate * (2 * np.array([7, 8]) + 200 * np.array([0, 1])))
    # On the first day of year 7 nearly all go on; a year later, after the election, half have broken up.
    assert going[7] == pytest.approx(expected[0], abs=0.015) and going[8] == pytest.approx(expected[1], abs=0.025)
    assert expected[0] > 0.95 and expected[1] < 0.55
