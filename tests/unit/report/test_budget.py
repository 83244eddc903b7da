"""Beside budgets: plans, reserves, Band D, switching values and public value, against hand calculations."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from sharesim.appraisal.account import Account
from sharesim.examples import from_dict, two_councils_raw
from sharesim.report import budget, public, switching
from sharesim.report.contents import Contents
from sharesim.report.finance import turn_words
from sharesim.report.material import Material
from sharesim.report.register import simulated, worth
from sharesim.workflow.doors import appraise, choose, judge
from tests.unit.report import studies
from tests.unit.report.pages import Page, rows_of


def with_net(trio: Contents, by_year: dict[str, list[float]]) -> Account:
    """Return the account with the same net cash in every future."""
    assert trio.account is not None
    net = np.zeros_like(trio.account.net)
    for council, values in by_year.items():
        net[trio.study.councils.index(council), : len(values)] = np.array(values)[:, None]
    return dataclasses.replace(trio.account, net=net)


# -- the money of each year
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("base", "first"), [("2025-26", 1.0), ("2023-24", 1.03**2), ("2026-27", 1 / 1.03)])
def test_prices_rise_from_the_price_base_on(base: str, first: float) -> None:
    raw = studies.trio_raw()
    raw["study"]["price_base"] = base
    index = budget.price_index(from_dict(raw))
    assert index[0] == pytest.approx(first)
    assert np.allclose(index[1:] / index[:-1], 1.03)


def test_plan_less_effect_is_what_is_left(trio: Contents) -> None:
    flows = with_net(trio, {"eastham": [-10_000.0, 20_000.0, 30_000.0], "westham": [1_000.0]})
    frame = budget.against_plan(trio.study, flows).set_index(["council", "line"])
    years = ["2025-26", "2026-27", "2027-28", "2028-29"]
    effect = frame.loc[("eastham", "Effect of sharing, on average"), years]
    assert np.allclose(effect.astype(float), [-10_000, 20_000 * 1.03, 30_000 * 1.03**2, 0])
    left = frame.loc[("eastham", "Left to find after it"), years]
    assert np.allclose(left.astype(float), [10_000, 60_000 - 20_600, 90_000 - 31_827, 0])
    assert ("westham", "Left to find after it") not in frame.index  # it gives no plan
    assert frame.loc[("northam", "Gap"), "all_gbp"] == 10_000


def test_reserves_are_called_after_receipts_and_put_back(trio: Contents) -> None:
    flows = with_net(trio, {"eastham": [-20_000.0, -10_000.0, 50_000.0], "northam": [-7_000.0]})
    row = budget.funding(trio.study, flows).set_index("council").loc["eastham"]
    deepest = 20_000 + 10_000 * 1.03
    assert row.call_gbp == pytest.approx(deepest)
    assert row.from_receipts_gbp == pytest.approx(5_000)
    assert row.from_reserves_gbp == pytest.approx(deepest - 5_000)
    assert row.lowest_mean_gbp == pytest.approx(900_000 - deepest + 5_000) == row.lowest_p5_gbp
    assert row.below_floor_share == 1.0  # 874,700 is under the floor of 880,000
    silent = budget.funding(trio.study, flows).set_index("council").loc["northam"]
    assert silent.from_reserves_gbp == pytest.approx(7_000) and np.isnan(silent.below_floor_share)
    by_year = budget.reserves_by_year(trio.study, flows).set_index("name")
    lowest = by_year.loc["Eastham, on average"]
    assert lowest["2025-26"] == pytest.approx(885_000) and lowest["2027-28"] == pytest.approx(900_000)


def test_receipts_that_may_not_be_used_are_not(trio: Contents) -> None:
    finance = trio.study.model.finance.model_copy(update={"receipts_fund_change": False})
    study = dataclasses.replace(trio.study, model=trio.study.model.model_copy(update={"finance": finance}))
    row = budget.funding(study, with_net(trio, {"eastham": [-20_000.0]})).iloc[0]
    assert (row.from_receipts_gbp, row.from_reserves_gbp) == (0.0, 20_000.0)


def test_floor_is_kept_in_some_futures(trio: Contents) -> None:
    flows = with_net(trio, {"eastham": [-30_000.0]})
    flows.net[0, 0, : flows.net.shape[2] // 4] = 0.0
    row = budget.funding(trio.study, flows).iloc[0]
    assert row.below_floor_share == 0.75


def test_band_d_is_the_effect_over_the_tax_base(trio: Contents) -> None:
    frame = budget.band_d(trio.study, with_net(trio, {"eastham": [0, 0, 0, 0, 0, 60_000.0]}))
    (row,) = frame.itertuples()
    assert (row.council, row.last_dwelling_gbp, row.last_share) == ("eastham", 2.0, pytest.approx(2 / 180))
    assert row.mean_dwelling_gbp == pytest.approx(2 / 6)


# -- switching values
# ---------------------------------------------------------------------------------------------------


def test_lines_turn_by_value_over_present_value() -> None:
    lines = pd.DataFrame(
        {
            "line": ["saving_cashable", "extra_cost", "transition", "item", "governance", "grant", "risk_one_off"],
            "value_gbp": [110.0, -10.0, -30.0, -10.0, -20.0, 5.0, -9.0],
        }
    )
    frame = switching.switching_totals(lines, 45.0).set_index("title")
    assert frame.change_share.to_dict() == {
        "Cashable savings": -0.45, "One-off cost and shared items": 45 / 40, "Risks that strike": 5.0, "Grants": -9.0,
        "Running costs": 45 / 20,
    }  # fmt: skip
    assert turn_words(-9.0).startswith("never")


@pytest.fixture(scope="module")
def risky() -> Material:
    """Two councils whose team cost is so uncertain that it decides between gain and loss."""
    raw = two_councils_raw()
    raw["services"][0] |= {"team_gbp": "uniform(0, 90000)"}
    judged = judge(choose(appraise(from_dict(raw), draws=1024, jobs=1), rules=[]), draws=1024, jobs=1)
    from sharesim.workflow.contents import contents_of

    return Material(contents_of(judged, {}))


def test_value_is_nil_at_the_switching_value(trio: Contents, trio_material: Material) -> None:
    """A cost that enters straight: the value falls along a line, so algebra says where it is nil."""
    assert trio.judged is not None
    frame = trio_material.tables["switching"]
    value, study = float(trio.npv.mean()), trio.study
    position = {spec.name: at for at, spec in enumerate(study.drivers)}
    found = frame[frame.switching_value.notna()]
    assert len(found)
    base = float(worth(simulated(study, trio.judged, 1024)).mean())
    for row in found.itertuples():
        held = switching.held_at(study, position[row.driver], row.switching_value)
        nil = float(worth(simulated(held, trio.judged, 1024)).mean()) + value - base
        assert abs(nil) < 0.02 * abs(value), row.input
        law = study.drivers[position[row.driver]].distribution
        worse = row.beyond_share if row.switching_value < row.mean else 1 - row.beyond_share
        assert float(law.quantile(worse)) == pytest.approx(row.switching_value, rel=1e-3)
    assert (frame.switching_value.isna() == frame.beyond_share.isna()).all()


def test_a_straight_cost_switches_where_algebra_says(risky: Material) -> None:
    judged, study, value = risky.judged, risky.study, float(risky.contents.npv.mean())
    position = {spec.name: at for at, spec in enumerate(study.drivers)}
    (name,) = [name for name in position if name.endswith("team_gbp")]
    ask = pd.DataFrame({"input": ["team"], "driver": [name]})
    (row,) = switching.switching(study, judged, ask, value).itertuples()
    at = [
        float(worth(simulated(switching.held_at(study, position[name], figure), judged, 1024)).mean())
        for figure in (0.0, 90_000.0)
    ]
    slope = (at[1] - at[0]) / 90_000
    base = float(worth(simulated(study, judged, 1024)).mean())
    expected = -(at[0] + value - base) / slope
    assert 45_000 < expected < 90_000
    assert row.switching_value == pytest.approx(expected, rel=0.01)
    assert row.beyond_share == pytest.approx((90_000 - expected) / 90_000, abs=0.01)


def test_holding_an_input_leaves_all_else(trio: Contents) -> None:
    """Held at a figure, what follows it is certain; everything else has its futures."""
    at = next(at for at, spec in enumerate(trio.study.drivers) if spec.name == "services.payroll.ict_gbp")
    held = switching.held_at(trio.study, at, 12_345.0)
    service = trio.study.services.index("payroll")
    assert held.numbers["services.ict_gbp"].base[service] == 12_345.0
    changed = [path for path in held.numbers if held.numbers[path] is not trio.study.numbers[path]]
    assert changed == ["services.ict_gbp"]


# -- public value
# -------------------------------------------------------------------------------------------------------


def test_public_value_is_the_account_without_transfers() -> None:
    """Where every line falls on the General Fund: the account's lines, less transfers and grants, with time saved."""
    raw = studies.trio_raw()
    for row in raw["baseline"]:
        row["gf_share"] = 1.0
    made = studies.contents(raw, effects=False)
    assert made.judged is not None and made.account is not None
    found, discount = public.public_value(made.judged), made.study.discount()
    lines = {name: float((value.sum(axis=(0, 1)) * discount).sum()) for name, value in made.account.line_means.items()}
    for name, value in lines.items():
        if name in public.TRANSFERS:
            assert name not in found.lines_gbp
        else:
            assert found.lines_gbp.get(name, 0.0) == pytest.approx(value, abs=1e-6), name
    columns = made.judged.activations.columns
    shared = sum(
        float((made.account.activation_means[at].sum(axis=0) * discount).sum())
        for at, column in enumerate(columns) if column.kind != "grant"
    )  # fmt: skip
    assert found.lines_gbp["shared"] == pytest.approx(shared)
    assert found.npsv_mean_gbp == pytest.approx(sum(found.lines_gbp.values()))
    assert found.bcr == pytest.approx(
        (lines["saving_cashable"] + lines["saving_non_cashable"])
        / (lines["saving_cashable"] + lines["saving_non_cashable"] - found.npsv_mean_gbp)
    )


def test_money_of_other_funds_counts_in_public_value() -> None:
    raw = studies.trio_raw()
    for row in raw["baseline"]:
        row["gf_share"] = 0.5
    made = studies.contents(raw, effects=False)
    assert made.judged is not None and made.account is not None
    found, discount = public.public_value(made.judged), made.study.discount()
    own = float((made.account.line_means["saving_cashable"].sum(axis=(0, 1)) * discount).sum())
    assert found.lines_gbp["saving_cashable"] == pytest.approx(2 * own)


# -- on the page
# --------------------------------------------------------------------------------------------------------


def test_page_shows_who_stands_behind_what(trio_page: Page) -> None:
    drivers = {row["input"][0]: row["owner"][0] for row in rows_of(trio_page.table("drivers"))}
    payroll = [text for name, text in drivers.items() if name.startswith("Payroll")]
    assert payroll and all("Head of payroll" in text and "agreed, 1 October 2026" in text for text in payroll)
    assert any("not logged" in text for text in drivers.values())


def test_page_prints_every_setting_left_as_it_is(trio_page: Page, trio: Contents) -> None:
    shown = [row["convention"][0] for row in rows_of(trio_page.table("conventions"))]
    for item, text in zip(trio.study.conventions, shown, strict=True):
        assert text.startswith(item.path)


def test_implications_of_the_study_stand_before_what_was_worked_out(trio_page: Page) -> None:
    text = trio_page.by_id("implications").text
    assert "Section 113 agreements." in text and "Fewer journeys." in text
