"""One-off cost is one figure: gross, the same in rules, checks, summary, tables, published figures and options."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sharesim.examples import from_dict
from sharesim.report import breakdown, options, tables, worth
from sharesim.study import rules as r
from sharesim.workflow.doors import appraise, choose, judge
from sharesim.workflow.judged import Judged
from tests.unit.certain import certain_raw

LATER = {"id": "regional", "name": "Regional fund", "amount_gbp": 300_000, "chance": 0.3, "year": 4}
SAME = {"id": "start", "name": "Start-up fund", "amount_gbp": 50_000, "chance": 0.4, "year": 0}


def judged(*rules: dict[str, Any], grants: tuple[dict[str, Any], ...] = (LATER,), **service: Any) -> Judged:
    raw = certain_raw()
    raw["services"][0].update(service)
    raw["grants"], raw["rules"] = list(grants), list(rules)
    return judge(choose(appraise(from_dict(raw), draws=1024, seed=1)), draws=1024)


def budget(limit: float, **changes: Any) -> dict[str, Any]:
    return {"kind": "budget", "name": "money", "limit_gbp": limit, **changes}


def measured(of: Judged) -> float:
    [check] = [check for check in of.portfolio.solution.checks if check.rule == "money"]
    return check.measured


@pytest.mark.parametrize(
    ("rule", "grants", "needs"),
    [
        (budget(0), (LATER,), 90_000),
        (budget(0), (SAME,), 90_000),
        # Chance x amount of the same year: 0.4 x 50,000.
        (budget(0, net_of_grants=True), (SAME, LATER), 70_000),
        (budget(0, net_of_grants=True, years=[2026]), (SAME, LATER), 70_000),
        (budget(0, net_of_grants=True, years=[2026, 2030]), (SAME, LATER), 70_000),
        (budget(0, net_of_grants=True, years=[2026], percentile=90), (SAME, LATER), 70_000),
        (budget(0, net_of_grants=True, council="ashby"), (SAME,), 63_000 - 10_000),
        (budget(0, percentile=90), (SAME, LATER), 90_000),
        (budget(0, years=[2030]), (LATER,), 0),
    ],
)
def test_a_budget_holds_from_its_own_cost_on(rule: dict[str, Any], grants: tuple[dict[str, Any], ...], needs: int) -> None:
    """90,000 is paid in the first year, 63,000 of it by Ashby; grants are divided equally."""
    enough = judged(rule | {"limit_gbp": needs}, grants=grants)
    assert len(enough.portfolio.solution.chosen) == 1
    if "percentile" not in rule:
        assert measured(enough) == pytest.approx(needs)
    if needs:
        assert len(judged(rule | {"limit_gbp": needs - 1}, grants=grants).portfolio.solution.chosen) == 0


def test_a_grant_is_told_beside_the_cost_and_never_in_it() -> None:
    found = judged()
    grant = float(found.account.grants.sum())
    assert grant == pytest.approx(0.3 * 300_000, rel=0.15) and found.figures()["grants_gbp"] == grant
    assert found.figures()["one_off_gbp"] == pytest.approx(90_000)
    assert found.councils().one_off_mean_gbp.tolist() == pytest.approx([63_000, 27_000])
    said = found.summary()
    assert "one-off cost £63k (before grants of £" in said and "one-off cost £27k (before grants of £" in said


def everywhere(of: Judged) -> dict[str, float]:
    study, account = of.study, of.account
    option = options.Option("preferred", "", "", (0,), of.outcomes, account)
    funding = breakdown.one_off_funding(study, account).set_index("title").all_gbp
    return {
        "summary": of.figures()["one_off_gbp"],
        "councils": of.councils().one_off_mean_gbp.sum(),
        "years": of.years().one_off_mean_gbp.sum(),
        "council years": tables.council_years(study, account).one_off_mean_gbp.sum(),
        "yearly": -worth.yearly(study, account).one_off_gbp.sum(),
        "horizons": worth.horizons(study, account, of.outcomes.plan).one_off_gbp.iloc[-1],
        "option": options.options_table(study, [option]).one_off_gbp[0],
        "funding": funding["One-off cost"],
        "published": of.published().simulated_mean[0],
    }


def burdened() -> dict[str, Any]:
    """Everything that is paid or received once, uncertain where it may be."""
    raw = certain_raw()
    raw["services"][0] |= {
        "team_gbp": "pert(60000, 90000, 180000)", "premises_gbp": -40_000, "joining_gbp": 2_000,
        "delay_months": "pert(0, 3, 9)", "delay_cost_gbp_per_month": 1_000, "posts_share": 0.8,
    }  # fmt: skip
    raw["grants"] = [LATER, SAME | {"clawback_chance": 0.2, "clawback_year": 2}]
    raw["shared_items"] = [{"id": "office", "name": "Office", "one_off_gbp": 12_000, "yearly_gbp": 500, "year": 1}]
    raw["risks"] = [
        {"id": "all", "name": "All", "scope": "programme", "probability": 0.5, "one_off_gbp": 9_000},
        {
            "id": "audit", "name": "Audit", "scope": "service", "targets": "audit", "probability": 0.2, "per": "year",
            "one_off_gbp": 5_000, "mitigation_gbp": 700, "mitigated": True,
        },
    ]  # fmt: skip
    raw["costs"]["profile"] = [0.7, 0.3]
    raw["published"] = [{"label": "Cost", "measure": "one_off_gbp", "value": 1, "years": 6}]
    raw["run"] |= {"draws": 1024, "judge_draws": 1024}
    return raw


def test_one_off_cost_is_one_figure_everywhere() -> None:
    """With chance rows, linear rows and their check on the very futures that the report is about."""
    study = from_dict(burdened())
    first = appraise(study, draws=1024, seed=1)
    share = r.MustShare(kind="must_share", name="share", services=("audit",))
    of = judge(choose(first, rules=[share]), draws=1024)
    figures = everywhere(of)
    assert all(value == pytest.approx(figures["summary"], rel=1e-9) for value in figures.values()), figures
    held = of.outcomes
    rows = held.one_off_draws(np.arange(len(held.table)), range(study.n_years)).sum(axis=(0, 1))
    rows = rows + held.activation_one_off_draws(range(study.n_years))[held.needed].sum(axis=(0, 1))
    np.testing.assert_allclose(rows, of.account.one_off.sum(axis=(0, 1)), rtol=1e-9)


def test_what_is_shown_apart_adds_up_to_the_net() -> None:
    of = judge(choose(appraise(from_dict(burdened()), draws=1024, seed=1)), draws=1024)
    frame = of.years()
    assert of.figures()["receipts_gbp"] == pytest.approx(40_000)
    assert of.account.risks.sum() > 0 and of.account.grants[:, 2].sum() < 0
    yearly = worth.yearly(of.study, of.account)
    parts = ["cashable_gbp", "one_off_gbp", "grants_gbp", "receipts_gbp", "risks_gbp", "running_gbp"]
    np.testing.assert_allclose(yearly[parts].sum(axis=1), frame.net_mean_gbp, atol=1e-6)
    # Only the office runs on, 500 a year from its year.
    assert yearly.running_gbp.iloc[0] == pytest.approx(0.0, abs=1e-6)
    assert yearly.running_gbp.iloc[-1] == pytest.approx(-500.0)
