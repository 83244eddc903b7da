"""Leaving what is there already, worked out by hand: who pays, when, how much, and from when one is free to start."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sharesim
from sharesim.appraisal.outcomes import appraise
from sharesim.bundles.activations import activations
from sharesim.bundles.enumerate import candidates
from sharesim.examples import from_dict
from tests.oracles.test_arrangement_closed_forms import study

CONTRACT = {"id": "deal", "name": "Deal", "services": ["audit"], "partners": ["alder"], "break_gbp": 7_000}
PAIR = {"service": "audit", "partners": ["alder", "birch"], "hosts": ["alder"]}


def paid(raw: dict[str, Any], *chosen: str) -> list[float]:
    """What leaving costs each council when bundles are chosen whose ids have these parts, in pounds."""
    compiled = from_dict(raw)
    table = candidates(compiled)
    rows = [next(at for at, name in enumerate(table.ids) if part in name) for part in chosen]
    outcomes = appraise(compiled, table.take(np.array(rows)), seed=1, purpose="choose", n_draws=64)
    return outcomes.activation_npv[outcomes.needed].sum(axis=0)[:, 0].tolist()


def at(*starts: str, **more: Any) -> list[dict[str, Any]]:
    return [PAIR | {"id": f"s{number}", "start": start} | more for number, start in enumerate(starts)]


def test_a_contract_with_a_supplier_pays_its_break_in_full_until_its_end() -> None:
    raw = study(arrangements=at("2025-04-01", "2026-03-31", "2026-04-01"), existing=[CONTRACT | {"ends": "2026-04-01"}])
    assert paid(raw, "2025-04-01") == paid(raw, "2026-03-31") == [-7_000, 0, 0]
    assert paid(raw, "2026-04-01") == [0, 0, 0]
    # Once, however often the service is taken out.
    assert paid(raw, "2025-04-01", "2026-03-31") == [-7_000, 0, 0]


def test_who_stays_behind_decides_whether_moving_together_is_free() -> None:
    both = CONTRACT | {"partners": ["alder", "birch"], "ends": "2030-04-01"}
    found = {
        party: paid(study(arrangements=at("2025-04-01"), existing=[both | more]), "2025-04-01")
        for party, more in {
            "supplier": {"with": "supplier"}, "councils": {"with": "councils"}, "several": {},
            "novated": {"novated": True},
        }.items()
    }  # fmt: skip
    nobody = [0, 0, 0]
    assert found == {"supplier": [-7_000, -7_000, 0], "councils": nobody, "several": nobody, "novated": nobody}
    alone = [CONTRACT | {"with": "councils"}]
    assert paid(study(arrangements=at("2025-04-01"), existing=alone), "2025-04-01") == nobody


def test_the_council_that_reorganises_alone_leaves_its_supplier_as_well() -> None:
    raw = study(existing=[CONTRACT])
    raw["bundles"] = {"internal": True}
    assert paid(raw, "audit|alder|") == [-7_000, 0, 0] and paid(raw, "audit|birch|") == [0, 0, 0]


def test_a_break_by_months_left_is_that_of_the_earliest_start() -> None:
    """To 15 January 2027: 22 months from April 2025, 10 from April 2026, 1 from 20 December 2026, begun ones whole."""
    deal = CONTRACT | {"ends": "2027-01-15", "break_gbp_per_month_left": 100}
    days = ("2025-04-01", "2026-04-01", "2026-12-20", "2027-01-15")
    raw = study(arrangements=at(*days), existing=[deal])
    assert [paid(raw, day)[0] for day in days] == [-9_200, -8_000, -7_100, 0]
    assert paid(raw, days[1], days[2])[0] == -8_000 and paid(raw, *days)[0] == -9_200
    raw["existing"][0]["break_gbp"] = 0
    assert [paid(raw, day)[0] for day in days] == [-2_200, -1_000, -100, 0]


def test_a_column_stands_for_months_left_so_that_earlier_starts_need_those_of_later_ones() -> None:
    deal = CONTRACT | {"ends": "2027-01-15", "break_gbp_per_month_left": 100}
    compiled = from_dict(study(arrangements=at("2025-04-01", "2026-04-01"), existing=[deal]))
    table = candidates(compiled)
    found = activations(compiled, table)
    assert [column.id for column in found.columns] == ["existing.deal/alder", "existing.deal/alder/10"]
    assert [found.of_bundle[row].tolist() for row in range(2)] == [[0, 1], [0]]


def test_a_joiner_leaves_when_it_joins() -> None:
    joins = {"partners": ["birch", "cedar"], "hosts": ["birch"], "joiners": ["alder"]}
    rows = [{"id": day, "service": "audit", "joins": day} | joins for day in ("2026-03-31", "2026-04-01")]
    raw = study(arrangements=rows, existing=[CONTRACT | {"ends": "2026-04-01"}])
    table = candidates(from_dict(raw))
    needs = activations(from_dict(raw), table).of_bundle
    assert {float(table.joins[row].max()) < 1: needs[row].tolist() for row in range(2)} == {True: [0], False: []}
    # Two that are in it together but do not go on one day do not end it by agreement.
    both = CONTRACT | {"partners": ["alder", "birch"], "ends": "2028-04-01"}
    assert paid(study(arrangements=rows[:1], existing=[both]), "birch")[:2] == [-7_000, -7_000]


def test_notice_sets_the_earliest_start_and_nothing_else() -> None:
    raw = study(existing=[CONTRACT | {"notice_months": 6, "ends": "2029-04-01"}])
    raw["bundles"] = {"starts": ["2025-04-01", "2025-09-30", "2025-10-01"], "most_partners": 2}
    starts = {name.rpartition("|")[2] for name in candidates(from_dict(raw)).ids if "alder" in name}
    assert starts == {"2025-10-01"}
    assert paid(raw, "alder+birch") == [-7_000, 0, 0]
    raw["existing"][0] |= {"novated": True}
    assert {name.rpartition("|")[2] for name in candidates(from_dict(raw)).ids if "alder" in name} == starts


def test_a_break_that_costs_more_than_sharing_brings_keeps_the_contract() -> None:
    """Sharing brings 2 x 50,000 in five years: a break of 99,000 is worth it, one of 12 million is not."""
    for gbp, taken in ((99_000, 1), (12_000_000, 0)):
        raw = study(arrangements=at("2025-04-01"), existing=[CONTRACT | {"break_gbp": gbp}])
        raw["services"][0] |= {"joining_gbp": 0}
        portfolio = sharesim.choose(sharesim.appraise(from_dict(raw), draws=1024, seed=1))
        assert len(portfolio.chosen()) == taken
        assert portfolio.value_gbp == pytest.approx(max(100_000 - gbp, 0))


@pytest.mark.parametrize("monthly", [0, 300, 900, 1_700, 2_500, 9_000])
def test_the_choice_of_starts_pays_the_break_of_the_earliest_and_is_the_best_of_all(monthly: int) -> None:
    """Two services in one contract, each at one of two starts or not at all: nine portfolios, worked out one by one."""
    raw = study()
    raw["services"].append(raw["services"][0] | {"id": "legal", "name": "Legal", "saving_rate_share": 0.13})
    raw["baseline"] += [row | {"service": "legal"} for row in raw["baseline"]]
    for row in raw["services"]:
        row["joining_gbp"] = 0
    days = {"2025-04-01": 5, "2027-04-01": 3}
    raw["arrangements"] = [
        PAIR | {"id": f"{name}{day[:4]}", "service": name, "start": day} for name in ("audit", "legal") for day in days
    ]
    deal = CONTRACT | {"services": ["audit", "legal"], "ends": "2028-04-01", "break_gbp_per_month_left": monthly}
    raw["existing"] = [deal]
    worth = {}
    for audit in (None, *days):
        for legal in (None, *days):
            saved = 20_000 * days.get(audit, 0) + 26_000 * days.get(legal, 0)
            first = min(day for day in (audit, legal, "9") if day)
            due = {"2025-04-01": 36, "2027-04-01": 12, "9": None}[first]
            worth[audit, legal] = saved - (0 if due is None else 7_000 + monthly * due)
    portfolio = sharesim.choose(sharesim.appraise(from_dict(raw), draws=1024, seed=1))
    assert portfolio.status == "optimal" and portfolio.value_gbp == pytest.approx(max(worth.values()))
