"""Dates: planned, and as delays and gates would have them."""

from __future__ import annotations

import numpy as np

from sharesim.report import schedule
from sharesim.report.contents import Contents
from sharesim.report.material import Material
from tests.unit.report import studies


def certain_raw() -> dict:
    """Return the study with certain waits, delays and ramps: start 1 April 2025 + 2 months + 3 months, ramp 1 year."""
    raw = studies.trio_raw()
    raw["risks"] = []
    raw["gates"][0]["wait_months"] = 2
    for service in raw["services"]:
        service |= {"delay_months": 3, "ramp_years": 1.0}
    return raw


def test_certain_start_is_plan_wait_and_delay() -> None:
    made = studies.contents(certain_raw(), effects=False)
    assert made.judged is not None
    start, full = schedule.start_draws(made.judged)
    planned = made.judged.table.start_years[:, None]
    assert np.allclose(start, planned + 5 / 12)
    assert np.allclose(full, start + 1.0)
    frame = Material(made).tables["schedule"]
    row = frame[(frame.kind == "arrangement") & (frame.planned == "2025-04-01")].iloc[0]
    assert row.start_p5 == row.start_p50 == row.start_p95 == "2025-08-31"
    assert row.full_p50 == "2026-08-31"


def test_a_gate_of_other_services_is_left_out() -> None:
    raw = studies.trio_raw()
    raw["gates"].append({"id": "other", "name": "Planning board", "date": "2025-05-01", "services": ["planning"]})
    frame = Material(studies.contents(raw, effects=False)).tables["schedule"]
    assert list(frame["name"][frame.kind == "gate"]) == ["Cabinets agree"]


def test_dates_come_in_order(trio_material: Material, trio: Contents) -> None:
    frame = trio_material.tables["schedule"]
    assert frame.planned.is_monotonic_increasing
    rows = frame[frame.kind == "arrangement"]
    assert (rows.planned <= rows.start_p5).all()
    assert (rows.start_p5 <= rows.start_p50).all() and (rows.start_p50 <= rows.start_p95).all()
    assert (rows.start_p50 < rows.full_p50).all()
    assert trio.account is not None
    assert np.isclose(rows.chance_of_starting_share.min(), trio.account.started.mean(axis=1).min())


def test_day_after_whole_years(trio: Contents) -> None:
    assert schedule.day_of(trio.study, 0.0) == "2025-04-01"
    assert schedule.day_of(trio.study, 4.0) == "2029-04-01"
