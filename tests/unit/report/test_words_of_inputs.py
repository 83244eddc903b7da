"""Inputs are named as people name them, and only what can move the portfolio is said to drive it."""

from __future__ import annotations

import re

import numpy as np
import pytest

from sharesim.insight.drivers import DriverEffect
from sharesim.report import inputs, names, words
from sharesim.report.contents import Contents
from sharesim.report.material import Material
from sharesim.study.priors import PRIORS
from sharesim.study.quantity import Quantity


def test_no_driver_is_shown_by_its_path(trio_material: Material) -> None:
    for row in trio_material.tables["drivers"].itertuples():
        assert not re.search(r"_|\b(gbp|share|fte)\b.*_", row.input), row.driver
        assert row.input != row.driver


@pytest.mark.parametrize(
    ("driver", "shown"),
    [
        ("services.audit.delay_months", "Internal audit: delay"),
        ("services.payroll.elasticity", "Payroll: elasticity of cost to workload"),
        ("risks.will.probability", "Loss of political will: chance of striking"),
        ("gates.cabinet.wait_months", "Cabinets agree: wait"),
        ("shared_items.office.one_off_gbp", "Programme office: one-off cost"),
        ("quality.audit/Cover.after", "Internal audit, Cover: score when shared"),
        ("baseline.eastham/audit.cost_gbp", "Internal audit at Eastham: cost today"),
        ("councils.northam.turnover_per_year", "Northam: staff turnover"),
        ("exit.notice_months", "leaving: notice of leaving"),
        ("a driver of our own", "a driver of our own"),
        ("market. for systems", "market. for systems"),
    ],
)
def test_input_in_words(driver: str, shown: str, trio: Contents) -> None:
    assert names.input_words(trio.study, driver) == shown


def test_every_assumption_has_words() -> None:
    for path in PRIORS:
        text = names.assumption_words(path)
        assert "_" not in text and text[0].isupper()


def effect(name: str, own: float) -> DriverEffect:
    return DriverEffect(name, -own, own, 0.5, 0.01, -own / 2, own / 2)


def test_tornado_leaves_out_services_that_are_not_shared(trio: Contents) -> None:
    effects = [
        effect("services.planning.delay_months", 9.0),
        effect("services.audit.delay_months", 1.0),
        effect("staff.notice_weeks", 2.0),
    ]
    effects += [effect("baseline.eastham/planning.cost_gbp", 9.0), effect("quality.audit/Cover.after", 9.0)]
    raw = [
        item
        for item in effects
        if item.name in {spec.name for spec in trio.study.drivers} or "planning" in item.name or "quality" in item.name
    ]
    frame = inputs.tornado(trio.study, raw, [0, 1])
    assert list(frame.driver) == ["staff.notice_weeks", "services.audit.delay_months"]


def test_tornado_orders_by_what_an_input_does_by_itself(trio_material: Material) -> None:
    frame = trio_material.tables["tornado"]
    assert frame.own_swing_gbp.abs().is_monotonic_decreasing
    assert len(frame) == 10
    assert np.allclose(frame.swing_gbp, frame.high_gbp - frame.low_gbp)


def test_number_as_one_says_it() -> None:
    assert inputs.spoken(Quantity.of({"driver": "market"}), words.money) == "follows “market”"
    assert inputs.spoken(Quantity.of({"normal": [100, 10]}), words.money) == "£100 (£84 to £116)"


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [((0.3, 1.0, "ratio"), "0.3 to 1"), ((0.0, 0.41, "share"), "0% to 41%"), ((4, 12, "weeks"), "4 to 12 weeks")],
)
def test_range_in_its_unit(arguments: tuple[float, float, str], shown: str) -> None:
    assert inputs.range_words(*arguments) == shown


def test_assumptions_that_move_most_come_first(trio_material: Material) -> None:
    frame = trio_material.tables["assumptions"]
    assert (frame.effect_high_gbp - frame.effect_low_gbp).abs().is_monotonic_decreasing
    assert frame.input.map(lambda text: text[0].isupper()).all()


def test_sources_are_those_of_the_rows(trio_material: Material) -> None:
    frame = trio_material.tables["drivers"].set_index("driver")
    assert frame.loc["services.audit.delay_months", "source"] == "audit figures"
    assert frame.loc["risks.will.probability", "source"] == "judgement"
    assumed = frame[frame.origin == "assumed"]
    assert len(assumed) and (assumed.source != "").all()
