"""What rules cost, why not and what would: each against looking at every portfolio of small studies."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest

from sharesim.choice.checks import recheck
from sharesim.choice.explain import rule_costs, why_not
from sharesim.choice.portfolio import Portfolio
from sharesim.choice.relax import Relaxation, drops, relaxations
from sharesim.choice.search import ChoiceOptions
from sharesim.study import rules as r
from sharesim.testing import CaseSize, synthetic
from tests.oracles.choice_brute_force import KINDS, best, portfolios, random_rule

SIZE = CaseSize(n_councils=3, n_services=1, n_draws=15)
KINDS_HERE = tuple(kind for kind in KINDS if kind != "link_services")
EXACT = ChoiceOptions(gap=0.0)


def some_rules(seed: int, count: int):
    rng = np.random.default_rng([seed, 77])
    case = synthetic(seed, SIZE)
    kinds = rng.choice(KINDS_HERE, size=count)
    rules = [random_rule(str(kind), f"{kind} {number}", case, rng) for number, kind in enumerate(kinds)]
    owners = ("programme", "bol", "che")
    return case, [rule.model_copy(update={"owner": owners[number % 3]}) for number, rule in enumerate(rules)]


def can_hold(case, rules) -> bool:
    return any(
        all(
            check.holds
            for check in recheck(Portfolio(case.candidates, np.array(chosen, dtype=int), case.source), rules)
        )
        for chosen in portfolios(case.candidates)
    )


@pytest.mark.parametrize("seed", range(12))
def test_rule_costs_are_the_difference_of_two_exact_optima(seed):
    case, rules = some_rules(seed, 4)
    with_all = best(case, rules)
    costs = rule_costs(case.candidates, case.source, rules, options=EXACT)
    if with_all is None:
        assert costs == ()
        return
    for cost in costs:
        left = [rule for rule in rules if (rule.name if cost.kind == "rule" else rule.owner) != cost.name]
        expected = best(case, left)[1][0] - with_all[1][0]
        assert cost.low_gbp - 0.01 <= expected <= cost.high_gbp + 0.01, cost
        assert cost.high_gbp - cost.low_gbp < 1.0
    assert [cost.name for cost in costs if cost.kind == "owner"] == list(dict.fromkeys(rule.owner for rule in rules))
    assert all(cost.owner == (cost.name if cost.kind == "owner" else cost.owner) for cost in costs)


@pytest.mark.parametrize("seed", range(30))
def test_why_not_names_a_smallest_conflict(seed):
    case, rules = some_rules(seed, 5)
    found = why_not(case.candidates, case.source, rules, EXACT)
    if can_hold(case, rules):
        assert found.status == "feasible"
        return
    assert found.status == "conflict"
    named = list(found.rules)
    assert not can_hold(case, named), "the rules named must conflict by themselves"
    for rule in named:
        assert can_hold(case, [item for item in named if item is not rule]), f"{rule.name} is not needed"
    assert all(rule.name in str(found) for rule in named)


def test_a_clock_that_stops_the_proof_says_unproven():
    case, rules = next(
        (case, rules) for case, rules in (some_rules(seed, 6) for seed in range(40)) if not can_hold(case, rules)
    )
    none_at_all = ChoiceOptions(time_limit_seconds=0.0, work_limit_nodes=0, full_draws=300)
    found = why_not(case.candidates, case.source, rules, none_at_all)
    # A presolve may settle the question without any search; what it may not do is claim that the rules can hold.
    assert found.status in ("unproven", "conflict")
    if found.status == "unproven":
        assert "Time ran out" in str(found)


NUMBERS = {
    "limit_gbp",
    "limit_days",
    "limit_posts",
    "limit_points",
    "limit",
    "floor_gbp",
    "share",
    "most",
    "target_gbp",
}


@pytest.mark.parametrize("seed", range(24))
def test_relaxations_are_enough_and_exact_ones_no_more_than_enough(seed):
    case, rules = some_rules(seed, 4)
    if can_hold(case, rules):
        assert relaxations(case.candidates, case.source, rules, EXACT) == ()
        return
    found = {item.rule: item for item in relaxations(case.candidates, case.source, rules, EXACT)}
    for number, rule in enumerate(rules):
        others = rules[:number] + rules[number + 1 :]
        assert (rule.name in found) == can_hold(case, others), "offered exactly when dropping it would do"
        item = found.get(rule.name)
        if item is None or not item.field:
            continue
        assert item.field in NUMBERS
        kind = type(getattr(rule, item.field))
        room = 1e-7 * max(abs(item.new), 1.0) * np.sign(item.change)
        enough = rule.model_copy(update={item.field: kind(round(item.new)) if kind is int else item.new + room})
        assert can_hold(case, [*others, enough]), item
        if item.exact:
            less = round(item.new) - np.sign(item.change) if kind is int else item.old + 0.999 * item.change
            assert not can_hold(case, [*others, rule.model_copy(update={item.field: kind(less)})]), item


def test_relaxations_read_as_a_sentence_a_council_can_act_on():
    case = synthetic(4, SIZE)
    rules = [
        r.MustShare(kind="must_share", name="share hr", services=("hr",)),
        r.Budget(kind="budget", name="2027 budget", limit_gbp=1000.0, owner="bol"),
    ]
    texts = [str(item) for item in relaxations(case.candidates, case.source, rules, EXACT)]
    assert texts[0] == "Drop 'share hr' (programme)."
    assert re.fullmatch(r"Raise '2027 budget' \(bol\) by £[\d,.]+[km]?, from £1,000 to £[\d,]+\.", texts[1]), texts[1]


@pytest.mark.parametrize(
    ("old", "new", "unit", "text"),
    [
        (600_000.0, -186_719.6, "GBP", "Lower 'x' (che) by £787k, from £600,000 to -£186,720."),
        (-1_000.0, 92_338.2, "GBP", "Raise 'x' (che) by £93k, from -£1,000 to £92,339."),
        (0.05, 0.1171875, "share", "Raise 'x' (che) by 6.72 percentage points, from 5% to 11.8%."),
        (2.0, 3.0, "councils", "Raise 'x' (che) by 1 council, from 2 councils to 3 councils."),
        (2.0, 1.0, "services", "Lower 'x' (che) by 1 service, from 2 services to 1 service."),
        (90.0, 111.23, "days", "Raise 'x' (che) by 21.3 days, from 90 days to 111.3 days."),
    ],
)
def test_changes_are_written_as_people_say_them_and_are_enough(old, new, unit, text):
    assert str(Relaxation("x", "che", "limit", old, new, unit, True)) == text
    assert "slightly smaller" in str(Relaxation("x", "che", "limit", old, new, unit, False))


@pytest.mark.parametrize("seed", range(12))
def test_drops_are_the_smallest_sets(seed):
    case, rules = some_rules(seed, 5)
    if can_hold(case, rules):
        return
    found = drops(case.candidates, case.source, rules, EXACT)
    for count in (1, 2, 3):
        expected = {
            tuple(rule.name for rule in group)
            for group in combinations(rules, count)
            if can_hold(case, [rule for rule in rules if rule not in group])
        }
        if expected:
            assert set(found) == expected
            return
    assert found == ()
