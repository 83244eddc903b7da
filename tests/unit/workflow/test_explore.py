"""Beyond the one best portfolio, on the starter study."""

from __future__ import annotations

from importlib.resources import files

import pytest

import sharesim
from sharesim.study.rules import Budget, Target


@pytest.fixture(scope="module")
def outcomes():
    return sharesim.appraise(sharesim.load(str(files("sharesim").joinpath("starter"))), draws=512, seed=4)


@pytest.fixture(scope="module")
def portfolio(outcomes):
    return sharesim.choose(outcomes)


def test_a_rule_costs_what_the_portfolio_without_it_is_worth_more(outcomes, portfolio) -> None:
    costs = portfolio.rule_costs()
    assert list(costs[costs.kind == "rule"].name) and (costs.low_gbp <= costs.high_gbp + 1e-6).all()
    for row in costs[costs.kind == "rule"].itertuples():
        free = sharesim.choose(outcomes, rules=[rule for rule in portfolio.rules if rule.name != row.name])
        assert row.mean_npv_gbp == pytest.approx(free.solution.mean_npv_gbp - portfolio.solution.mean_npv_gbp, abs=1e-3)


def test_the_frontier_begins_with_the_chosen_portfolio(outcomes, portfolio) -> None:
    points = outcomes.frontier(n_points=4)
    assert points.mean_npv_gbp.iloc[0] == pytest.approx(portfolio.value_gbp)
    assert points.mean_npv_gbp.is_monotonic_decreasing and points.cvar.is_monotonic_increasing


def test_alternatives_are_in_order_and_the_best_comes_first(portfolio) -> None:
    table = portfolio.alternatives(3)
    assert table.value_gbp.iloc[0] == pytest.approx(portfolio.value_gbp)
    assert table.value_gbp.is_monotonic_decreasing and table.bundles.is_unique


def test_other_portfolios_nearly_as_good_differ(portfolio) -> None:
    table = portfolio.most_different(give_up_share=0.3, count=1)
    assert len(table) == 2 and table.differs_share.iloc[1] > 0
    assert table.given_up_gbp.iloc[1] <= 0.3 * portfolio.value_gbp + 1e-6


def test_how_sure_counts_over_independent_sets(portfolio) -> None:
    found = portfolio.how_sure(n_sets=20, draws=128)
    assert found.n_sets == 20 and found.gap_mean_gbp >= -1e-6 and found.gap_high_gbp >= found.gap_mean_gbp
    assert all(0 <= item.share <= 1 for item in found.bundles)


def test_who_leaves_takes_their_bundles_along(portfolio) -> None:
    table = portfolio.if_leaves()
    assert set(table.council) == {name for entry in portfolio.chosen() for name in entry["partners"]}
    for row in table.itertuples():
        name = portfolio.study.councils.name(portfolio.study.councils.index(row.council))
        assert row.ends and all(name in bundle for bundle in row.ends.splitlines())
        assert not any(name in bundle for bundle in row.stays.splitlines())
        assert row.anew_gbp >= row.repaired_gbp - 1e-6 >= row.value_kept_gbp - 2e-6


def test_why_not_names_the_rules_and_what_would_help(outcomes) -> None:
    budget = Budget(kind="budget", name="no money", limit_gbp=0.0)
    target = Target(kind="target", name="a profit", target_gbp=50_000.0, probability=0.3)
    said = outcomes.why_not([budget, target])
    assert "These rules cannot hold together; without any one of them the others can:" in said
    assert (
        "- no money (programme)" in said and "- a profit (programme)" in said and "Any one of these would do:" in said
    )
    assert outcomes.why_not([budget]) == "The rules can hold together."

