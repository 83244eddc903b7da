"""The compiled study: labelled numbers, drivers, assumptions that are listed, and studies with one of them moved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sharesim.appraisal.outcomes import appraise
from sharesim.bundles.enumerate import candidates
from sharesim.errors import UsageError
from sharesim.examples import from_dict, two_councils, two_councils_raw
from sharesim.study.assume import variant
from sharesim.study.facts import WORKFORCE_ASSUMED, stretched_workforce
from sharesim.study.priors import PLAIN_SETTINGS, PRIORS
from sharesim.study.schema import StudyModel, fields_of
from sharesim.study.study import Study


def paths(study: Study) -> set[str]:
    """What the study assumes."""
    return {item.path for item in study.assumptions}


def changed(**sections: Any) -> dict[str, Any]:
    """The two councils with sections or rows changed."""
    return two_councils_raw() | sections


@pytest.mark.parametrize("path", PRIORS)
def test_every_prior_fills_a_field_and_says_what_it_rests_on(path: str) -> None:
    prior, (section, _, name) = PRIORS[path], path.partition(".")
    assert name in fields_of(section)
    assert prior.path == path
    assert prior.low < prior.high
    assert prior.low - 1e-9 <= prior.value.central <= prior.high + 1e-9
    assert prior.unit
    assert prior.reasoning.endswith(".")
    assert prior.source == "assumption, no source" or len(prior.source) > 8
    info = StudyModel.model_fields[section].annotation
    assert info is not None


def test_what_must_never_be_silent_is_in_the_list() -> None:
    named = {
        "services.cashable_share", "baseline.gf_share", "councils.turnover_per_year", "staff.redeployment_share",
        "staff.redundancy_multiple", "councils.workforce", "exit.hazard_per_year", "services.elasticity",
        "services.realisation_share", "services.delay_months", "services.overrun_factor",
        "study.discount_rate_per_year",
    }  # fmt: skip
    raw = changed(services=[{"id": "payroll", "name": "Payroll", "team_gbp": 1}])
    raw["councils"] = [{"id": row["id"], "name": row["name"]} for row in raw["councils"]]
    raw["baseline"] = [{key: row[key] for key in ("council", "service", "cost_gbp")} for row in raw["baseline"]]
    assert named <= paths(from_dict(raw))


def test_whatever_is_absent_is_given_assumed_or_a_convention() -> None:
    """Fill in each assumed field: it leaves the list, and no other does."""
    study = two_councils()
    for item in study.assumptions:
        section, _, name = item.path.partition(".")
        if item.path == "councils.workforce":
            continue
        raw = two_councils_raw()
        value = PRIORS[item.path].low or 0
        if section in ("services", "baseline", "councils"):
            for row in raw[section]:
                row[name] = value
        else:
            raw[section] = {**raw.get(section, {}), name: int(value) if name == "strain_years" else value}
        assert paths(study) - paths(from_dict(raw)) == {item.path}


def test_what_cannot_matter_is_not_assumed() -> None:
    usual = paths(two_councils())
    assert "services.elasticity" not in usual
    assert "services.internal_saving_share" not in usual
    assert "services.labour_share" not in usual
    raw = two_councils_raw()
    raw["services"][0]["saving_kind"] = "realised"
    assert not paths(from_dict(raw)) & {"services.realisation_share", "services.cost_increase_share"}
    raw["services"][0] |= {"team_gbp": 0, "ict_gbp": 0, "officer_days": 0}
    assert not paths(from_dict(raw)) & {"services.overrun_factor", "staff.officer_day_gbp"}
    raw["bundles"] = {"internal": True}
    assert "services.internal_saving_share" in paths(from_dict(raw))
    raw["councils"][0] |= {"election_years": [2027], "control_change_share": 0.3}
    assert "exit.control_change_uplift" in paths(from_dict(raw))
    del raw["councils"][0]["terms_gbp"]
    assert "staff.pay_gbp" in paths(from_dict(raw))


def test_conventions_are_settings_that_the_study_left_alone() -> None:
    raw = two_councils_raw()
    before = {item.path: item for item in from_dict(raw).conventions}
    assert (before["split.saving"].value, before["bundles.forms"].value) == ("own", "lead_authority")
    raw["split"] = {"saving": "own"}
    raw["bundles"] |= {"forms": ["lead_authority"]}
    after = {item.path for item in from_dict(raw).conventions}
    assert set(before) - after == {"split.saving", "bundles.forms"}
    del raw["services"][0]["team_gbp"], raw["services"][0]["ict_gbp"]
    free = {item.path: item.where for item in from_dict(raw).conventions}
    assert free["services.team_gbp and the other one-off costs"] == ("payroll",)
    raw["split"] = {"running": "workload"}
    assert "split by workload" not in {item.path for item in from_dict(raw).conventions}
    del raw["baseline"][0]["workload"], raw["baseline"][1]["workload"]
    raw["services"].append({"id": "hr", "name": "HR"})
    raw["baseline"] += [{"council": "eastham", "service": "hr", "cost_gbp": 1, "workload": 1}]
    assert {item.path: item.where for item in from_dict(raw).conventions}["split by workload"] == ("payroll",)


# -- numbers and drivers


def test_numbers_that_follow_one_driver_move_together() -> None:
    raw = two_councils_raw()
    raw["drivers"] = [{"name": "pay", "value": {"pert": [0.9, 1, 1.3]}, "id": "pay-1"}]
    raw["councils"][0]["terms_gbp"] = "driver(pay) * 30000"
    raw["councils"][1]["terms_gbp"] = {"driver": "pay", "times": 31000}
    study = from_dict(raw)
    terms = study.numbers["councils.terms_gbp"]
    spec = study.drivers[terms.driver[0]]
    assert (spec.name, spec.id, spec.key) == ("pay", "pay-1", "pay-1")
    assert terms.driver[0] == terms.driver[1]
    assert terms.base.tolist() == [30000.0, 31000.0]
    values = np.zeros((len(study.drivers), 2))
    values[terms.driver[0]] = [1.0, 1.1]
    np.testing.assert_allclose(terms.on(values), [[30000, 33000], [31000, 34100]])
    assert [spec.name for spec in study.drivers].count("pay") == 1


def test_a_certain_named_driver_needs_no_draws() -> None:
    raw = two_councils_raw()
    raw["drivers"] = [{"name": "pay", "value": 2}]
    raw["councils"][0]["terms_gbp"] = "driver(pay) * 100"
    study = from_dict(raw)
    assert study.numbers["councils.terms_gbp"].base[0] == 200.0
    assert "pay" not in [spec.name for spec in study.drivers]


def test_certain_numbers_have_one_draw_and_parts_keep_their_driver() -> None:
    study = two_councils()
    cost = study.numbers["baseline.cost_gbp"]
    assert cost.is_certain
    assert cost.on(np.zeros((3, 7))).shape == (2, 1, 1)
    elasticity = study.numbers["services.elasticity"][0]
    assert not elasticity.is_certain
    assert elasticity.on(np.full((len(study.drivers), 4), 0.5)).tolist() == [0.5] * 4


def test_drivers_are_unique_and_named_by_their_place() -> None:
    raw = two_councils_raw()
    raw["risks"] = [{"id": "r", "name": "R", "scope": "council", "probability": "pert(0, 0.1, 0.2)", "one_off_gbp": 1}]
    raw["gates"] = [{"id": "g", "name": "G", "refusal": 0.1}]
    raw["grants"] = [{"id": "m", "name": "M", "amount_gbp": 5}]
    raw["shared_items"] = [{"id": "s", "name": "S", "one_off_gbp": "uniform(1, 2)"}]
    raw["forms"] = {"company": {"set_up_gbp": "uniform(1, 2)"}}
    raw["quality"] = [{"service": "payroll", "criterion": "Speed", "weight": 1, "before": 5, "after": "uniform(5, 6)"}]
    study = from_dict(raw)
    names = [spec.name for spec in study.drivers]
    assert len(set(names)) == len(names)
    assert {
        "services.payroll.elasticity", "risks.r.probability", "risks.r.strike/eastham", "gates.g.refusal/westham",
        "grants.m.award", "shared_items.s.one_off_gbp", "forms.company.set_up_gbp", "quality.payroll/Speed.after",
        "exit.eastham/payroll",
    } <= set(names)  # fmt: skip


def test_years_and_discounting() -> None:
    raw = two_councils_raw()
    raw["study"] |= {"horizon_years": 4, "report_years": [2, 9, 2]}
    raw["study"]["discount_rate_per_year"] = [
        {"from_year": 0, "rate_per_year": 0.1}, {"from_year": 2, "rate_per_year": 0.05},
    ]  # fmt: skip
    study = from_dict(raw)
    np.testing.assert_allclose(study.discount(), [1, 1 / 1.1, 1 / 1.1 / 1.05, 1 / 1.1 / 1.05**2])
    assert (study.n_years, study.first_year, study.model.study.report_years) == (4, 2025, (2,))
    start = study.model.study.start
    assert study.years_since_start(start.replace(year=2028)) == 3.0
    assert study.years_since_start(start.replace(month=10)) == pytest.approx(183 / 365.25)
    assert "2 councils" in study._repr_html_()


# -- one assumption moved


def test_a_variant_moves_one_assumption_for_certain_and_nothing_else() -> None:
    study = two_councils()
    for item in study.assumptions:
        moved = variant(study, item.path, item.high)
        assert moved.content_hash not in (study.content_hash, variant(study, item.path, item.low).content_hash)
        assert moved.drivers == study.drivers
        if item.path in PLAIN_SETTINGS or item.path == "councils.workforce":
            assert moved.numbers is study.numbers
            continue
        for path, number in moved.numbers.items():
            if path != item.path:
                assert number is study.numbers[path]
        number = moved.numbers[item.path]
        assert number.is_certain
        assert np.nanmax(number.base) == item.high


def test_only_assumed_cells_are_moved() -> None:
    raw = two_councils_raw()
    del raw["councils"][1]["turnover_per_year"], raw["baseline"][0]["gf_share"]
    study = from_dict(raw)
    assert variant(study, "councils.turnover_per_year", 0.15).numbers["councils.turnover_per_year"].base.tolist() == [
        0.1,
        0.15,
    ]
    assert variant(study, "baseline.gf_share", 0.8).numbers["baseline.gf_share"].base.ravel().tolist() == [0.8, 1.0]


def test_the_assumed_workforce_grows_older_in_service() -> None:
    study = two_councils()
    moved = variant(study, "councils.workforce", 1.3)
    (name,) = {row.workforce for row in moved.model.councils}
    cells = [row for row in moved.model.workforce if row.profile == name]
    assert len(cells) == len(WORKFORCE_ASSUMED)
    assert sum(row.share for row in cells) == pytest.approx(1.0)
    assert all(row.service_high <= row.age_high - 16 for row in cells)
    assert stretched_workforce(WORKFORCE_ASSUMED, 1.0) == tuple(
        (young, old, float(low), float(high), share) for young, old, low, high, share in WORKFORCE_ASSUMED
    )
    outcomes = {
        factor: appraise(
            variant(study, "councils.workforce", factor), candidates(study), seed=1, purpose="choose", n_draws=1024
        )
        for factor in (0.7, 1.0, 1.3)
    }
    base = appraise(study, candidates(study), seed=1, purpose="choose", n_draws=1024)
    assert np.array_equal(outcomes[1.0].npv, base.npv)
    assert outcomes[0.7].npv_mean.sum() > base.npv_mean.sum() > outcomes[1.3].npv_mean.sum()


@pytest.mark.parametrize("path", ["study.discount_rate_per_year", "staff.strain_years", "study.cost_growth_per_year"])
def test_settings_can_be_moved_too(path: str) -> None:
    study, item = two_councils(), None
    item = next(item for item in study.assumptions if item.path == path)
    table = candidates(study)
    worth = [
        appraise(variant(study, path, value), table, seed=1, purpose="choose", n_draws=1024).npv_mean.sum()
        for value in (item.low, item.high)
    ]
    assert worth[0] != worth[1]


def test_moving_what_is_not_assumed_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        variant(two_councils(), "exit.cost_shar", 0.1)
    assert "variant: unknown assumption: got 'exit.cost_shar'" in str(caught.value)
    assert str(caught.value).endswith("Did you mean 'exit.cost_share'?")
    with pytest.raises(UsageError) as caught:
        variant(two_councils(), "exit.cost_share", float("inf"))
    assert str(caught.value) == "variant: exit.cost_share: not a finite number: got inf; allowed a number."


def test_a_common_factor_moves_what_it_names_each_by_its_own_rank() -> None:
    from scipy.stats import spearmanr

    from sharesim.appraisal.engine import draw_plan

    raw = two_councils_raw()
    ict, team = "services.payroll.ict_gbp", "services.payroll.delay_months"
    raw["dependence"] = {
        "correlations": [
            {"drivers": [ict], "rank": 0.8, "factor": "market"},
            {"drivers": ["*.delay_months"], "rank": -0.5, "factor": "market"},
        ]
    }
    study = from_dict(raw)
    assert study.dependence.factors[0].loadings == ((team, -0.5), (ict, 0.8))
    plan = draw_plan(study, seed=1, purpose="choose", n_draws=32_768)
    values = dict(zip(plan.names, plan.values(0, 32), strict=True))
    # Two drivers meet through the factor alone: their scores' correlation is the product of those with it.
    scores = [2 * np.sin(np.pi * rank / 6) for rank in (0.8, -0.5)]
    expected = 6 / np.pi * np.arcsin(scores[0] * scores[1] / 2)
    assert abs(spearmanr(values[ict], values[team]).statistic - expected) < 0.02
