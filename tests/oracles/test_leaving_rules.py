"""When who leaves is out, and what is paid then: the rules of docs/model.md section 5, draw by draw by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from sharesim.appraisal.engine import tiles_of
from sharesim.appraisal.outcomes import Outcomes, appraise
from sharesim.bundles.enumerate import candidates
from sharesim.examples import from_dict
from tests.oracles.test_arrangement_closed_forms import YEARS, study

NOTICE = 0.5


def leaving(start: str, partners: tuple[str, ...], **more: Any) -> Outcomes:
    """Birch surely leaves, at a time spread evenly over the horizon; each council saves 10,000 a year while in."""
    named = {"id": "x", "service": "audit", "partners": [*partners], "hosts": ["alder"], "start": start}
    raw = study(arrangements=[named], **more)
    raw["exit"] |= {"notice_months": 12 * NOTICE}
    sure = {"id": "out", "name": "Out", "scope": "council", "targets": "birch", "probability": 1, "exit": True}
    raw["risks"] = [sure, *raw.get("risks", [])]
    compiled = from_dict(raw)
    return appraise(compiled, candidates(compiled), seed=5, purpose="choose", n_draws=1024)


def total(outcomes: Outcomes, line: str) -> np.ndarray:
    """A line over all years, shape (partner slot, draw)."""
    found: Any = 0.0
    for _, _, lines in next(iter(outcomes.chunks([0]))).years(tiles_of(outcomes.table)):
        found = found + lines[line][0]
    return found


def drawn(outcomes: Outcomes, name: str) -> np.ndarray:
    return outcomes.plan.chunk(0)[outcomes.plan.names.index(name)]


def test_who_leaves_by_the_register_waits_for_notice_after_the_start() -> None:
    outcomes = leaving("2025-04-01", ("alder", "birch"))
    out = drawn(outcomes, "risks.out.strike/birch") * YEARS + NOTICE
    np.testing.assert_allclose(total(outcomes, "saving_cashable")[1], 10_000 * np.minimum(out, YEARS), rtol=1e-9)


def test_who_leaves_by_the_register_before_the_start_is_out_at_once() -> None:
    outcomes = leaving("2027-04-01", ("alder", "birch"))
    struck = drawn(outcomes, "risks.out.strike/birch") * YEARS
    lasts = np.where(struck < 2, 0.0, np.minimum(struck + NOTICE, YEARS) - 2)
    np.testing.assert_allclose(total(outcomes, "saving_cashable")[0], 10_000 * lasts, rtol=1e-9, atol=1e-6)


def test_a_pairs_cost_is_paid_only_while_both_are_in() -> None:
    quarrel = {"id": "row", "name": "Row", "scope": "pair", "targets": "alder;birch", "probability": 0.5, "per": "year"}
    outcomes = leaving("2025-04-01", ("alder", "birch", "cedar"), risks=[quarrel | {"one_off_gbp": 900}])
    out = drawn(outcomes, "risks.out.strike/birch") * YEARS + NOTICE
    when = np.log1p(-drawn(outcomes, "risks.row.strike/alder/birch")) / np.log(0.5)
    paid = np.where((when < out) & (when < YEARS), -900.0, 0.0)
    np.testing.assert_allclose(total(outcomes, "risk_one_off").sum(axis=0), paid, atol=1e-9)
    assert ((when >= out) & (when < YEARS)).sum() > 50


def test_an_election_raises_the_hazard_only_after_the_start() -> None:
    def worth(elections: str) -> np.ndarray:
        raw = study(arrangements=[{"id": "x", "service": "audit", "partners": ["alder", "birch"], "hosts": ["alder"]}])
        raw["arrangements"][0]["start"] = "2027-04-01"
        raw["exit"] |= {"hazard_per_year": 0.1, "before_start_hazard_per_year": 0.3, "control_change_uplift": 40}
        raw["councils"][1] |= {"election_years": elections, "control_change_share": 1.0}
        compiled = from_dict(raw)
        return appraise(compiled, candidates(compiled), seed=5, purpose="choose", n_draws=1024).npv

    usual = worth("")
    np.testing.assert_allclose(worth("2025;2026"), usual, atol=1e-6)
    assert np.abs(worth("2027") - usual).max() > 1_000
