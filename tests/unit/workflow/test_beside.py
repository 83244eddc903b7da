"""What stands beside a judged portfolio: stage gates, do-minimum, readings, mitigations, carbon."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sharesim.appraisal.outcomes import appraise as simulate
from sharesim.examples import from_dict
from sharesim.report.matrix import arrangements
from sharesim.workflow.cases import Case
from sharesim.workflow.cases_page import _how_many, _published
from sharesim.workflow.doors import appraise, choose, judge
from sharesim.workflow.judged import Judged
from sharesim.workflow.stage_gate import gate_line, rights_to_stop, stop_value
from tests.oracles.appraisal_studies import bound, joined, staged, three_councils, trading


def judged(raw: dict[str, Any], draws: int = 1024) -> Judged:
    return judge(choose(appraise(from_dict(raw), draws=draws)), draws=draws)


def worthwhile(raw: dict[str, Any]) -> dict[str, Any]:
    """The study with sharing that pays, so that something is chosen."""
    raw["services"][0] |= {"elasticity": 0.6, "realisation_share": 1.0, "team_gbp": 0}
    raw["grants"], raw["shared_items"] = [], []
    return raw


# -- the right to stop


def normal_case(n_draws: int = 65_536) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    at = np.random.default_rng(7)
    known = tuple(at.normal(size=(1, n_draws)) for _ in range(2))
    remaining = tuple(40.0 + 100.0 * part[0] + 60.0 * at.normal(size=n_draws) for part in known)
    return known, remaining


def test_the_right_to_stop_in_closed_form() -> None:
    """What remains is 40 + 100 x + noise, x known: E[max(m + 100 x, -stop)] - m is a call by the normal formula."""
    known, remaining = normal_case()
    for stop in (0.0, 25.0):
        worth, goes_on = stop_value(known, remaining, stop)
        edge = (40.0 + stop) / 100.0
        density, below = math.exp(-edge * edge / 2) / math.sqrt(2 * math.pi), 0.5 * math.erfc(edge / math.sqrt(2))
        expected = 100.0 * (density - edge * below)
        error = worth.std() / math.sqrt(len(worth))
        assert worth.mean() == pytest.approx(expected, abs=4 * error)
        assert 1.0 - goes_on.mean() == pytest.approx(below, abs=0.01)


def test_who_knows_nothing_has_no_right_and_stopping_that_costs_too_much_is_worth_nothing() -> None:
    known, remaining = normal_case(4096)
    blind = (np.zeros((1, 4096)), np.zeros((1, 4096)))
    assert stop_value(blind, remaining, 0.0)[0].tolist() == [0.0] * 4096
    assert np.abs(stop_value(known, remaining, 1e6)[0]).max() == 0.0


def no_signal(seed: int, n_draws: int = 512) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Eight things known that say nothing of what remains, which as often as not is a loss and has heavy tails."""
    at = np.random.default_rng(seed)
    known = at.normal(size=(8, n_draws)), at.normal(size=(8, 8 * n_draws))
    return known, (at.standard_t(3, size=n_draws), at.standard_t(3, size=8 * n_draws))


def test_a_rule_that_does_not_beat_always_going_on_is_not_put_to_work() -> None:
    """Stopping costs nothing and the mean is near nought, so every chance slope would be a rule; few get through."""
    worths = [stop_value(*no_signal(seed), 0.05)[0] for seed in range(60)]
    used = [worth for worth in worths if worth.any()]
    assert len(used) <= 6
    assert sum(worth.mean() < -2 * worth.std() / math.sqrt(len(worth)) for worth in used) <= 1


def test_no_rule_brings_more_than_foresight_on_the_same_futures() -> None:
    """Also where the rule fits without error: then the two are the same, so they are means over the same futures."""
    for stop in (0.0, 5_000.0, 200_000.0, 1e7):
        (found,) = rights_to_stop(judged(with_gate(stop), 1024))
        assert found.foresight_gbp >= max(found.with_right_gbp, found.always_gbp), stop
        assert found.with_right_gbp == pytest.approx(found.always_gbp + found.right_gbp, abs=1e-3)
    assert found.foresight_gbp == found.with_right_gbp == found.always_gbp


def test_the_line_of_a_gate_says_when_the_right_cannot_be_told_from_nothing() -> None:
    (dear,) = rights_to_stop(judged(with_gate(1e7)))
    assert "no rule on what is known by then plainly beats that" in gate_line(dear) and not dear.is_plain
    doubtful = replace(dear, stopped_share=0.1, right_gbp=-3_000.0, error_gbp=2_000.0, reach_gbp=3_920.0)
    assert gate_line(doubtful).endswith("the right is worth -£3,000 (± £3,920), which cannot be told from nothing.")
    sure = replace(doubtful, right_gbp=30_000.0)
    assert gate_line(sure).endswith("the right is worth £30k (± £3,920).")


def with_gate(stop_gbp: float) -> dict[str, Any]:
    """A follow-on that pays or does not, as the first stage shows."""
    raw = staged()
    raw["grants"], raw["shared_items"], raw["risks"] = [], [], []
    raw["services"][1] |= {"saving_rate_share": "uniform(-0.1, 0.35)", "realisation_share": 1.0, "ramp_years": 0}
    raw["stages"] = [raw["stages"][0] | {"gate": "2026-10-01", "stop_gbp": stop_gbp, "services": ["hr"]}]
    raw["stages"][0]["known"] = ["services.hr.saving_rate_share"]
    return raw


def test_a_stage_gate_of_a_study_lies_between_none_and_foresight() -> None:
    result = judged(with_gate(5_000.0), 4096)
    (found,) = rights_to_stop(result)
    assert found.known == ("services.hr.saving_rate_share",) and 0.05 < found.stopped_share < 0.95
    assert found.right_gbp > 4 * found.error_gbp and 1.9 < found.reach_gbp / found.error_gbp < 2.3 and found.is_plain
    assert found.always_gbp < found.with_right_gbp < found.foresight_gbp
    assert found.with_right_gbp == pytest.approx(found.always_gbp + found.right_gbp)
    assert found.follow_ons[0].startswith("hr/own|")
    assert "the right is worth" in result.summary()
    (dear,) = rights_to_stop(judged(with_gate(1e7), 4096))
    assert dear.right_gbp == 0.0 and dear.stopped_share == 0.0
    frame = result.right_to_stop()
    assert frame.stage.tolist() == ["own"] and frame.right_gbp[0] == found.right_gbp


def test_a_follow_on_is_chosen_with_its_first_stage_only() -> None:
    raw = with_gate(0.0)
    raw["services"][1]["saving_rate_share"] = 0.4
    chosen = judged(raw).portfolio.chosen()
    names = judged(raw).outcomes.table.ids
    assert any(name.startswith("hr/own|") for name in names) and "hr|eastham|-|internal|2025-04-01" in names
    assert len(chosen) == 2


# -- beside the result


def test_the_do_minimum_is_the_best_that_councils_can_do_alone() -> None:
    raw = worthwhile(three_councils())
    for service in raw["services"]:
        service |= {"internal_saving_share": 0.04, "internal_one_off_gbp": 1_000}
    result = judged(raw)
    frame = result.do_minimum().set_index("council")
    alone = judge(
        choose(appraise(from_dict(raw | {"bundles": {"internal": True, "most_partners": 1}}), draws=1024)), draws=1024
    )
    assert frame.do_minimum_gbp[""] == pytest.approx(float(alone.npv.mean()), rel=1e-9)
    assert frame.over_gbp[""] == pytest.approx(float((result.npv - alone.npv).mean()), rel=1e-9)
    assert frame.over_gbp.drop("").sum() == pytest.approx(frame.over_gbp[""], rel=1e-9)
    assert frame.over_error_gbp[""] > 0
    raw["bundles"]["internal"] = False
    assert judged(raw).do_minimum().empty


def test_three_readings_side_by_side() -> None:
    raw = worthwhile(trading())
    raw["finance"] = {"inflation_per_year": 0.0}
    result = judged(raw)
    frame = result.readings().set_index("what").mean_gbp
    assert frame["General Fund, real, discounted"] == pytest.approx(float(result.npv.mean()))
    assert frame["General Fund, nominal, 10 years"] == pytest.approx(float(result.account.net.sum(axis=(0, 1)).mean()))
    whole = frame["Benefits"] - frame["Costs"]
    assert frame["Net present social value"] == pytest.approx(whole)
    assert frame["Benefit-cost ratio"] == pytest.approx(frame["Benefits"] / frame["Costs"])
    # A tonne at 1,000 adds 1,000 for each discounted tonne, and quality its own value.
    raw["readings"] = {"carbon_gbp_per_tonne": 1_000.0, "non_cashable_value_share": 0.0}
    dear = judged(raw).readings().set_index("what").mean_gbp
    tonnes = result.account.line_means["carbon_tonnes"].sum(axis=(0, 1)) @ result.study.discount()
    time_saved = raw_time(result)
    assert dear["Benefits"] - frame["Benefits"] == pytest.approx(1_000.0 * tonnes - time_saved, rel=1e-6)


def raw_time(result: Judged) -> float:
    """Discounted time that is set free, all of it on the General Fund here but for the shares of the study."""
    from sharesim.report.public import public_value

    return public_value(result.outcomes).lines_gbp["saving_non_cashable"]


def test_nominal_cash_grows_with_inflation_from_the_price_base() -> None:
    raw = worthwhile(three_councils())
    raw["finance"] = {"inflation_per_year": 0.03}
    result = judged(raw)
    net = result.account.net.sum(axis=0).mean(axis=-1)
    expected = sum(1.03**year * pounds for year, pounds in enumerate(net))
    frame = result.readings().set_index("what").mean_gbp
    assert frame["General Fund, nominal, 10 years"] == pytest.approx(expected)
    other = "Other funds (housing, ring-fenced, fees), nominal"
    assert abs(frame[other]) > 1.0


def test_mitigations_are_priced_bought_against_not_bought() -> None:
    result = judged(worthwhile(bound()))
    frame = result.mitigations().set_index("risk")
    assert set(frame.index) == {"will", "hr", "slow", "pair", "staff"} and not frame.bought["hr"]
    assert frame.worth_gbp["slow"] == pytest.approx(frame.effect_gbp["slow"] - frame.cost_gbp["slow"])
    assert frame.effect_gbp["slow"] > 0 and frame.cost_gbp["slow"] > 0
    raw = worthwhile(bound())
    raw["risks"][1]["mitigated"] = True
    bought = judge(choose(appraise(from_dict(raw), draws=1024)), draws=1024)
    if bought.portfolio.chosen() == result.portfolio.chosen():
        assert frame.worth_gbp["hr"] == pytest.approx(float((bought.npv - result.npv).mean()), rel=1e-6)


def test_carbon_by_year_is_in_tonnes_and_no_pounds() -> None:
    result = judged(worthwhile(trading()))
    frame = result.metrics()
    carbon = frame[frame.measure == "carbon"]
    assert len(carbon) == 10 and (carbon.value > 0).all() and (carbon.unit == "tonnes").all()
    assert "carbon_tonnes" not in set(result.replay(0).lines.line)


def test_the_report_says_who_joins_later() -> None:
    raw = joined()
    raw["services"][1] |= {"saving_rate_share": 0.3, "realisation_share": 1.0}
    raw["exit"], raw["arrangements"] = {"hazard_per_year": 0.01}, raw["arrangements"][:1]
    raw["grants"], raw["shared_items"] = [], []
    result = judged(raw, 512)
    (found,) = arrangements(result.study, result.outcomes.table)
    assert found.title == "HR (Northam joining later)" and len(found.partners) == 3
    assert "Northam joining later" in result.portfolio.describe()[0]
    fee = result.lines()
    assert abs(fee[fee.line == "joining_fee"].mean_gbp.sum()) < 4_000


@pytest.mark.parametrize("raw", [joined(), staged(), bound(), trading()], ids=["joined", "staged", "bound", "trading"])
def test_lines_add_up_replay_matches_and_threads_move_no_bit(raw: dict[str, Any]) -> None:
    study = from_dict(worthwhile(raw))
    appraised = appraise(study, draws=2048)
    outcomes = appraised.outcomes
    again = appraise(study, draws=2048, jobs=2).outcomes
    assert np.array_equal(outcomes.npv, again.npv)
    few = outcomes.table.take(np.arange(0, len(outcomes.table), 3))
    rows = [outcomes.table.ids.index(name) for name in few.ids]
    alone = simulate(study, few, seed=appraised.seed, purpose="choose", n_draws=2048)
    assert np.array_equal(alone.npv[:, : few.n_partners.max()], outcomes.npv[rows][:, : few.n_partners.max()])
    result = judge(choose(appraised), draws=1024)
    for draw in (0, 511):
        worth = result.replay(draw).npv_gbp
        assert sum(worth.values()) == pytest.approx(float(result.npv[draw]), rel=1e-9, abs=1e-3)
    if len(result.outcomes.table):
        frame = result.lines()
        cash = frame[frame.line != "saving_non_cashable"]
        factor = dict(zip(result.years().year, study.discount(), strict=True))
        total = (cash.mean_gbp * cash.year.map(factor)).sum()
        assert total == pytest.approx(float(result.npv.mean()), rel=1e-9, abs=1e-2)


def test_the_page_of_cases_says_what_is_not_shared() -> None:
    raw = worthwhile(three_councils())
    served = raw["services"][0]["id"]
    raw["bundles"] = {"internal": True, "most_partners": 1}
    for service in raw["services"]:
        service |= {"internal_saving_share": 0.04, "internal_one_off_gbp": 1_000}
    raw["published"] = [{"label": "A", "measure": "cashable_gbp", "value": 1e5, "services": [served]}]
    result = judged(raw)
    alone = len(result.portfolio.chosen())
    assert alone and _how_many(result) == f"0 shared, {alone} improved alone"
    assert _how_many(judged(worthwhile(three_councils()))) == "1 shared, 3 improved alone"
    case = Case("made", "Made", "", None, None, Path())
    (row,) = _published(case, result)
    assert row["percentile"] != ""
    table = result.outcomes.table.take(np.array([], dtype=np.int64))
    none = replace(result, outcomes=replace(result.outcomes, table=table))
    (row,) = _published(case, none)
    assert (row["simulated 5% to 95%"], row["on average"], row["percentile"]) == ("not shared in this choice", "", "")
