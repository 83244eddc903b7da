"""The Python door on the two-council study."""

from __future__ import annotations

import numpy as np
import pytest

import sharesim
from sharesim.errors import UsageError
from sharesim.examples import from_dict, two_councils, two_councils_raw
from sharesim.study.rules import CvarFloor, NeverShare
from sharesim.workflow.judged import Judged
from sharesim.workflow.words import money


@pytest.fixture(scope="module")
def outcomes():
    return sharesim.appraise(two_councils(), draws=2048, seed=5)


@pytest.fixture(scope="module")
def judged(outcomes) -> Judged:
    return sharesim.judge(sharesim.choose(outcomes), draws=1024)


def test_the_value_is_the_best_mean_of_one_bundle_per_slot(outcomes) -> None:
    portfolio = sharesim.choose(outcomes)
    assert portfolio.value_gbp == pytest.approx(outcomes.bundles().npv_mean_gbp.max())
    assert portfolio.status == "optimal" and portfolio.gap <= 1e-6


def test_judging_futures_are_not_the_choosing_ones(outcomes, judged) -> None:
    row = int(judged.portfolio.solution.chosen[0])
    chose = outcomes.outcomes.npv[row].sum(axis=0)[:1024]
    assert not np.isin(judged.outcomes.npv[0].sum(axis=0), chose).any()


def test_the_account_is_the_npv_in_every_draw(judged) -> None:
    direct = judged.outcomes.npv.sum(axis=(0, 1)) + judged.outcomes.activation_npv[judged.outcomes.needed].sum(
        axis=(0, 1)
    )
    np.testing.assert_allclose(judged.npv, direct, rtol=0, atol=1e-6)


def test_lines_add_up_to_the_years(judged) -> None:
    lines = judged.lines()
    cash = lines[lines.line != "saving_non_cashable"].groupby("year").mean_gbp.sum()
    years = judged.years().set_index("year").net_mean_gbp
    np.testing.assert_allclose(cash.reindex(years.index).to_numpy(), years.to_numpy(), atol=1e-6)


def test_a_replayed_future_is_that_future(outcomes) -> None:
    future = outcomes.replay(draw=1500)
    for row, name in enumerate(outcomes.outcomes.table.ids):
        assert future.npv_gbp[name] == pytest.approx(outcomes.outcomes.npv[row, :, 1500].sum(), abs=1e-6)
    spec = outcomes.study.drivers[0]
    assert future.drivers[spec.name] == outcomes.outcomes.plan.draw(1500)[spec.name]


def test_replay_refuses_what_is_not_there(outcomes) -> None:
    with pytest.raises(UsageError) as refused:
        outcomes.replay(draw=9999)
    assert str(refused.value) == (
        "replay: no such future: got draw 9999; allowed draws 0 to 2047, bundles 0 to 1. Draws and bundles are numbered from 0."
    )
    with pytest.raises(UsageError, match="no such bundle"):
        outcomes.replay(draw=0, bundle="nothing")


def test_rules_given_at_the_door_replace_the_study_s(outcomes) -> None:
    never = NeverShare(kind="never_share", name="keep payroll", services=("payroll",))
    portfolio = sharesim.choose(outcomes, rules=[never])
    assert portfolio.chosen() == [] and portfolio.value_gbp == 0.0
    judged = sharesim.judge(portfolio, draws=256)
    assert judged.figures()["npv_mean_gbp"] == 0.0 and "share nothing" in judged.summary()


def test_no_portfolio_is_a_status_and_cannot_be_judged(outcomes) -> None:
    floor = CvarFloor(kind="cvar_floor", name="no bad tail", floor_gbp=1e9)
    portfolio = sharesim.choose(outcomes, rules=[floor])
    assert portfolio.status == "infeasible" and not portfolio.has_portfolio
    with pytest.raises(UsageError, match="there is no portfolio to judge"):
        sharesim.judge(portfolio)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"draws": 10},
            "draws: not a number of draws: got 10; allowed 64 to 10,000,000. 1,024 for a look, 10,000 for a report.",
        ),
        ({"seed": -1}, "seed: not a seed: got -1; allowed a whole number from 0. Any one will do; note it down."),
        ({"jobs": 0}, "jobs: not a number of threads: got 0; allowed 1 to 1,024. Leave it out to use every core."),
    ],
)
def test_bad_arguments_are_told_in_one_line(arguments: dict, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        sharesim.appraise(two_councils(), **arguments)
    assert str(refused.value) == said


def test_rich_display_escapes_what_a_study_says() -> None:
    raw = two_councils_raw()
    raw["study"]["title"] = "<script>alert(1)</script>"
    study = from_dict(raw)
    assert "<script>" not in study._repr_html_()
    assert "<script>" not in sharesim.appraise(study, draws=64, seed=1)._repr_html_()


def test_summaries_name_unit_price_base_and_horizon(judged) -> None:
    said = judged.summary()
    for part in ("2025-26 prices", "3.5% a year", "over 10 years", "fresh futures", "luck of the draw"):
        assert part in said
    assert money(-1_250_000) == "-£1.25m"
