"""The options compared, what red lines cost, and plans B: the same engine, the same futures, the rules kept."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sharesim.choice.choose import ChoiceOptions
from sharesim.choice.choose import choose as solve
from sharesim.examples import from_dict
from sharesim.report.contents import Contents
from sharesim.report.figures import drawing
from sharesim.report.figures.rule_costs import cost_words, options_plot, rule_costs_plot
from sharesim.report.figures.who import places_km
from sharesim.report.html import render
from sharesim.report.material import Material
from sharesim.report.options import baseline_path
from sharesim.workflow.doors import appraise, choose, judge
from sharesim.workflow.options import beyond
from tests.unit.report import studies
from tests.unit.report.pages import Page, read, rows_of


def test_preferred_has_the_figures_of_the_headline(trio: Contents, trio_material: Material) -> None:
    row = trio_material.tables["options"].set_index("option").loc["preferred"]
    for name in ("npv_mean_gbp", "npv_p5_gbp", "npv_p95_gbp", "probability_of_loss", "cvar_gbp", "one_off_gbp"):
        assert row[name] == pytest.approx(trio.figures[name]), name
    assert row.npsv_gbp == trio_material.public_value.npsv_mean_gbp


def test_every_option_adds_up_by_line(trio_material: Material) -> None:
    options = trio_material.tables["options"].set_index("option")
    lines = trio_material.tables["lines_by_option"].set_index("title")
    assert list(lines.columns) == [key for key in options.index if key != "business_as_usual"]
    for key in lines:
        assert lines[key].sum() == pytest.approx(options.npv_mean_gbp[key])


def test_options_go_from_nothing_to_everything(trio: Contents, trio_material: Material) -> None:
    options = trio_material.tables["options"]
    assert options.option.iloc[0] == "business_as_usual" and options.npv_mean_gbp.iloc[0] == 0.0
    number = options.set_index("option").n_services
    assert number["preferred"] < number["more"] == 3
    less = [option for option in trio.beyond.options if option.key == "less"]
    chosen = {name for option in trio.beyond.options if option.key == "preferred" for name in option_services(option)}
    for option in less:
        assert option_services(option) < chosen


def option_services(option) -> set[str]:
    table = option.outcomes.table
    return {name for row in range(len(table)) for name in table.service_ids(row)}


def test_do_minimum_is_each_council_by_itself() -> None:
    raw = studies.trio_raw()
    raw["bundles"]["internal"] = True
    for row in raw["services"]:
        row["internal_saving_share"] = 0.04
    judged = judge(choose(appraise(from_dict(raw), draws=256, jobs=1)), draws=256, jobs=1)
    found = {option.key: option for option in beyond(judged, 20.0).options}
    assert "do_minimum" in found
    assert (found["do_minimum"].outcomes.table.n_partners == 1).all()
    assert set(found) >= {"business_as_usual", "do_minimum", "preferred"}


def test_rules_set_aside_are_said() -> None:
    raw = studies.trio_raw()
    raw["rules"].append({"kind": "never_share", "name": "planning stays", "services": ["planning"]})
    judged = judge(choose(appraise(from_dict(raw), draws=256, jobs=1)), draws=256, jobs=1)
    more = next(option for option in beyond(judged, 20.0).options if option.key == "more")
    assert more.sets_rules_aside and "set aside" in more.how
    assert option_services(more) == {"audit", "payroll", "planning"}


def test_rule_costs_are_those_of_solving_again_without(trio: Contents) -> None:
    frame = trio.beyond.rule_costs
    assert frame is not None
    base = trio.solution.value_gbp
    from sharesim.workflow.bridge import candidates_of

    candidates = candidates_of(trio.outcomes)
    for row in frame[frame.kind == "rule"].itertuples(index=False):
        rules = [rule for rule in trio.rules if rule.name != row.name]
        free = solve(candidates, trio.outcomes, rules, trio.objective, ChoiceOptions())
        assert row.low_gbp - 0.01 <= max(free.value_gbp - base, 0.0) <= row.high_gbp + 0.01


def test_plans_b_are_judged_on_the_same_futures_and_keep_every_rule(trio: Contents) -> None:
    frame = trio.beyond.alternatives
    assert frame is not None and len(frame)
    assert np.allclose(frame.given_up_gbp, trio.npv.mean() - frame.npv_mean_gbp)
    assert ((frame.better_share > 0) & (frame.better_share < 1)).all()
    assert (frame.differs_share > 0).all()
    assert list(frame.plan) == [f"Plan {chr(66 + at)}" for at in range(len(frame))]


def test_a_budget_that_is_used_up_leaves_ranges_that_hold() -> None:
    judged = judge(choose(appraise(from_dict(studies.trio_raw()), draws=256, jobs=1)), draws=256, jobs=1)
    found = beyond(judged, 1e-6)
    assert found.budget_seconds == 1e-6
    if found.rule_costs is not None and len(found.rule_costs):
        assert (found.rule_costs.low_gbp <= found.rule_costs.high_gbp).all()
        assert (found.rule_costs.low_gbp >= 0).all()


def test_business_as_usual_grows_and_has_the_plans_savings() -> None:
    raw = studies.trio_raw()
    raw["study"]["cost_growth_per_year"] = 0.02
    raw["baseline"][0]["planned_saving_gbp"] = 10_000
    frame = baseline_path(from_dict(raw)).set_index("council")
    assert frame.loc["eastham", "2025-26"] == pytest.approx(250_000 + 400_000 + 700_000 - 10_000)
    assert frame.loc["northam", "2027-28"] == pytest.approx(0.6 * 1_350_000 * 1.02**2)


def test_page_names_the_dearest_red_line(trio_page: Page, trio: Contents) -> None:
    frame = trio.beyond.rule_costs
    assert frame is not None
    top = frame[frame.kind == "rule"].sort_values("high_gbp").iloc[-1]
    text = trio_page.by_id("rules").text
    assert (top["name"] in text) if top.high_gbp > 0.5 else ("No single red line" in text)
    shown = {
        row["name"][0].split("set by")[0].strip(): row["high_gbp"][1] for row in rows_of(trio_page.table("rule_costs"))
    }
    assert float(shown[top["name"]]) == pytest.approx(top.high_gbp)


def test_what_loses_is_taken_because_of_the_rule_that_asks_for_it() -> None:
    raw = studies.trio_raw()
    raw["run"] |= {"draws": 256, "judge_draws": 256}
    raw["rules"] = [
        {"kind": "must_share", "name": "planning together", "services": ["planning"]},
        {"kind": "most_partners", "name": "few partners", "owner": "eastham", "limit": 2},
    ]
    page = read(
        render(material := Material(studies.contents(raw)), [drawing(item) for item in material.plots.values()])
    )
    (said,) = [text.text for text in page.by_id("who").all("p") if "taken alone" in text.text]
    assert "Planning (−£" in said and "chosen because of “planning together” (costs £" in said


def test_costs_in_words_and_pictures() -> None:
    assert cost_words(5_000.0, 20_000.0) == "£5,000 to £20k"
    frame = pd.DataFrame(
        {"name": ["a", "b"], "kind": ["rule", "rule"], "low_gbp": [0.0, 5e3], "high_gbp": [0.0, 2e4],
        "mean_npv_gbp": 0.0,
         "loss_probability": 0.0, "status": "optimal"}
    )  # fmt: skip
    assert "One of two rules costs something; the dearest: b, £5,000 to £20k" in rule_costs_plot(frame).title
    assert "No single red line" in rule_costs_plot(frame.assign(low_gbp=0.0, high_gbp=0.0)).title


def test_title_of_the_options_says_when_rules_are_set_aside(trio_material: Material) -> None:
    frame = trio_material.tables["options"].copy()
    at = frame.index[frame.option == "more"][0]
    frame.loc[at, ["npv_mean_gbp", "how"]] = [1e9, "Everything; set aside here: x."]
    assert options_plot(frame).title.endswith("with rules set aside")


def test_map_takes_latitudes_but_never_mixes_them() -> None:
    raw = studies.trio_raw()
    for row in raw["councils"]:
        row.pop("x_km"), row.pop("y_km")
    assert places_km(from_dict(raw)) is None
    for row, place in zip(raw["councils"], ((53.23, -1.43), (53.18, -1.35), (53.23, -1.29)), strict=True):
        row["latitude"], row["longitude"] = place
    (x0, y0), (_, y1), (x2, _) = places_km(from_dict(raw))  # type: ignore[misc]
    assert y0 - y1 == pytest.approx(0.05 * 111.19, abs=0.05)
    assert x2 - x0 == pytest.approx(0.14 * 111.19 * np.cos(np.radians(53.205)), abs=0.05)
    raw["councils"][0].pop("latitude")
    assert places_km(from_dict(raw)) is None


def test_a_red_line_that_costs_is_drawn_and_one_that_does_not_is_only_listed(trio_page: Page) -> None:
    assert not [figure for figure in trio_page.all("figure") if figure.get("id") == "figure-rule-costs"]
    raw = studies.trio_raw()
    raw["run"] |= {"draws": 256, "judge_draws": 256}
    keeps = {"services": ["audit"], "councils": ["westham"]}
    raw["rules"].append({"kind": "never_share", "name": "Westham keeps its audit", "owner": "westham", **keeps})
    material = Material(studies.contents(raw))
    page = read(render(material, [drawing(plot) for plot in material.plots.values()]))
    assert page.by_id("figure-rule-costs").all("img")
    assert "“Westham keeps its audit” £" in page.by_id("rules").text
    assert page.unclosed == []
