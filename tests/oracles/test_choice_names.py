"""What things are called decides nothing: hostile names against plain ones, the same answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sharesim.choice.choose import choose
from sharesim.choice.cuts import Pool
from sharesim.choice.explain import rule_costs, why_not
from sharesim.choice.formulation import build
from sharesim.choice.frontier import frontier
from sharesim.choice.keys import RowKind
from sharesim.choice.leaving import Setting, leaving
from sharesim.choice.lptext import lp_text
from sharesim.choice.portfolio import Portfolio
from sharesim.choice.relax import relaxations
from sharesim.choice.search import ChoiceOptions
from sharesim.choice.solution import Check, Status
from sharesim.study import rules as r
from sharesim.study.labels import Labels
from sharesim.testing import Case, CaseSize, synthetic
from tests.oracles.choice_brute_force import KINDS, best, random_rule

EXACT = ChoiceOptions(gap=0.0)
SIZE = CaseSize(n_councils=3, n_services=2, n_draws=15, hosts=False)
# Ends of our own names of rows and variables, words of reports, separators, years, ids that hold one another.
COUNCILS = ("partners", "partners-2027", "a_hosted")
SERVICES = ("key_partners", "most")


def renamed(case: Case, councils=COUNCILS, services=SERVICES) -> Case:
    """Return a case with other ids and nothing else changed."""
    candidates = replace(
        case.candidates, councils=Labels(councils, councils), services=Labels(services, services)
    )
    return replace(case, candidates=candidates)


def translated(rule: r.RuleBase, before: Case, after: Case) -> r.RuleBase:
    """Return a rule with the ids of a renamed case."""
    words = {
        **dict(zip(before.candidates.councils.ids, after.candidates.councils.ids, strict=True)),
        **dict(zip(before.candidates.services.ids, after.candidates.services.ids, strict=True)),
    }
    changed = {}
    for field in ("councils", "services"):
        if hasattr(rule, field):
            changed[field] = tuple(words.get(name, name) for name in getattr(rule, field))
    if hasattr(rule, "council"):
        changed["council"] = words.get(rule.council, rule.council)
    if hasattr(rule, "groups"):
        changed["groups"] = {name: tuple(words[item] for item in members) for name, members in rule.groups.items()}
    return rule.model_copy(update=changed)


def test_a_service_that_ends_in_partners_gets_the_same_advice():
    """Two partners are forced on one council in two services, and its limit is 0: it must go up by 2, not by 1."""
    case = renamed(synthetic(2, SIZE), ("oak", "pine", "elm"), ("joint_partners", "trade-partners"))
    rules = [
        r.ForcePartners(kind="force_partners", name="one", councils=("oak", "pine"), services=("joint_partners",)),
        r.ForcePartners(kind="force_partners", name="two", councils=("oak", "elm"), services=("trade-partners",)),
        r.MostPartners(kind="most_partners", name="few", councils=("oak",), limit=0),
    ]
    advice = {item.rule: item for item in relaxations(case.candidates, case.source, rules, EXACT)}
    assert str(advice["few"]) == "Raise 'few' (programme) by 2 councils, from 0 councils to 2 councils."
    assert advice["few"].exact
    enough = [*rules[:2], rules[2].model_copy(update={"limit": 2})]
    assert choose(case.candidates, case.source, enough, options=EXACT).status is Status.OPTIMAL
    short = [*rules[:2], rules[2].model_copy(update={"limit": 1})]
    assert choose(case.candidates, case.source, short, options=EXACT).status is Status.INFEASIBLE


def answers(case: Case, rules: list[r.RuleBase]) -> tuple:
    """Return all that rules decide, in positions and numbers."""
    found = choose(case.candidates, case.source, rules, options=EXACT)
    number = {rule.name: at for at, rule in enumerate(rules)}
    reason = why_not(case.candidates, case.source, rules, EXACT)
    return (
        found.status,
        found.chosen.tolist(),
        sorted(number[name] for name in found.binding),
        [check.holds for check in found.checks],
        (reason.status, [number[rule.name] for rule in reason.rules]),
        [
            (number[item.rule], item.field, round(item.change, 6) if item.field else None, item.exact)
            for item in relaxations(case.candidates, case.source, rules, EXACT)
        ],
        [
            (round(item.low_gbp, 2), round(item.high_gbp, 2))
            for item in rule_costs(case.candidates, case.source, rules, options=EXACT)
        ],
    )


RULE_NAMES = ("one bundle per slot", "objective", "npv settled before", "frontier", "x: partners", "slot: partners")


@pytest.mark.parametrize("full_draws", [300, 0], ids=["rows", "cuts"])
@pytest.mark.parametrize("seed", range(5))
def test_hostile_ids_and_rule_names_give_the_same_answers(seed, full_draws, monkeypatch):
    rng = np.random.default_rng([seed, 41])
    plain = synthetic(seed, SIZE)
    kinds = rng.choice(KINDS, size=4)
    rules = [random_rule(str(kind), f"rule {at}", plain, rng) for at, kind in enumerate(kinds)]
    hostile = renamed(plain)
    names = rng.permutation(RULE_NAMES)[:4]
    other = [
        translated(rule, plain, hostile).model_copy(update={"name": str(name)})
        for rule, name in zip(rules, names, strict=True)
    ]
    monkeypatch.setitem(globals(), "EXACT", replace(EXACT, full_draws=full_draws))
    assert answers(plain, rules) == answers(hostile, other)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kinds", [("cvar", "cvar_floor"), ("probability", "loss_probability")])
def test_two_rules_on_draws_whose_rows_read_alike_are_both_held(seed, kinds):
    """'even' asks for each council by itself, and its row for one council reads like the name of the other rule."""
    case = synthetic(seed, replace(SIZE, n_draws=40))
    council, portfolio = case.candidates.councils.ids[0], best(case, [])[0]
    draws = np.sort(Portfolio(case.candidates, np.array(portfolio, dtype=int), case.source).draws)
    even = r.BreakEven(
        kind="break_even", name="even", councils=(council,), measure=kinds[0], floor_gbp=0.0, level=0.1, probability=0.9
    )
    floor, most = float(draws[:4].mean()) * 0.5, max(float((draws < 0).mean()) / 2, 0.03)
    whole = (
        r.CvarFloor(kind="cvar_floor", name=f"even: {council}", floor_gbp=floor, level=0.1)
        if kinds[1] == "cvar_floor"
        else r.LossProbability(kind="loss_probability", name=f"even: {council}", most=most)
    )
    for rules in ([even, whole], [whole, even]):
        expected = best(case, rules)
        found = choose(case.candidates, case.source, rules, options=replace(EXACT, full_draws=0))
        assert (found.status is Status.INFEASIBLE) == (expected is None)
        if expected is not None:
            assert found.status is Status.OPTIMAL
            assert found.value_gbp == pytest.approx(expected[1][0], rel=1e-6, abs=1.0)


def test_a_rule_called_objective_is_held_beside_the_objective():
    case = synthetic(3, replace(SIZE, n_draws=40))
    objective = r.Objective(kind="mean_cvar", risk_weight=0.5, level=0.1)
    free = choose(case.candidates, case.source, [], objective, replace(EXACT, full_draws=0))
    draws = np.sort(Portfolio(case.candidates, free.chosen, case.source).draws)
    rule = r.CvarFloor(kind="cvar_floor", name="objective", floor_gbp=float(draws[0]) * 0.5, level=0.025)
    expected = best(case, [rule], objective)
    found = choose(case.candidates, case.source, [rule], objective, replace(EXACT, full_draws=0))
    assert found.status is Status.OPTIMAL
    assert found.value_gbp == pytest.approx(expected[1][0], rel=1e-6, abs=1.0)


def test_a_study_may_call_a_rule_what_sharesim_calls_its_own():
    case = synthetic(1, SIZE)
    council, service = case.candidates.councils.ids[0], case.candidates.services.ids[0]

    def rules(name: str) -> list[r.RuleBase]:
        return [
            r.RiskPoints(kind="risk_points", name=name, limit_points=5),
            r.MustShare(kind="must_share", name="all", services=(service,)),
            r.RiskPoints(kind="risk_points", name=f"all: {service}", limit_points=6),
        ]

    for against in ("loss_probability", "exits"):
        one, other = (
            frontier(case.candidates, case.source, rules(name), against=against, n_points=3, options=EXACT)
            for name in ("calm", "frontier")
        )
        assert [point.mean_npv_gbp for point in one.points] == [point.mean_npv_gbp for point in other.points]
    chosen = choose(case.candidates, case.source, rules("frontier"))
    found = leaving(Setting(case.candidates, case.source, tuple(rules("frontier"))), chosen, council)
    assert found.fresh.status in (Status.OPTIMAL, Status.INFEASIBLE)


def test_names_that_read_alike_stay_apart_in_the_lp_text():
    case = renamed(synthetic(1, SIZE), ("a-b", "a_b", "a b"), ("c-d", "c_d"))
    ids = tuple("a-b" if at == 0 else "a_b" if at == 1 else f"bundle {at}" for at in range(case.candidates.n_bundles))
    candidates = replace(case.candidates, bundle_ids=ids)
    program = build(
        candidates, [r.MostPartners(kind="most_partners", name="few", limit=1)], r.Objective(kind="mean"), case.source
    )
    text = lp_text(program).splitlines()
    named = [line.split("<=")[1].strip() for line in text[text.index("Bounds") + 1 : text.index("General")]]
    assert len(named) == len(set(named)) == program.n_variables
    rows = [line.split(":")[0] for line in text if ": " in line]
    assert len(rows) == len(set(rows))


def test_every_row_says_of_what_kind_it_is():
    """A rule with a number has rows that carry it; helper rows are no such rows whatever they are called."""
    case = renamed(synthetic(2, SIZE))
    rule = r.MostPartners(kind="most_partners", name="few partners", limit=1)
    program = build(case.candidates, [rule], r.Objective(kind="mean"), case.source)
    limits = [at for at, key in enumerate(program.row_keys) if key.kind is RowKind.LIMIT]
    assert len(limits) == len(case.candidates.councils)
    assert all(program.row_upper[at] == 1.0 and program.row_rule[at] == 0 for at in limits)
    others = {key.kind for at, key in enumerate(program.row_keys) if at not in limits}
    assert others == {RowKind.STRUCTURE, RowKind.TOGETHER}


def test_rules_on_draws_that_read_alike_keep_rows_of_their_own():
    case = synthetic(1, replace(SIZE, n_draws=40))
    council = case.candidates.councils.ids[0]
    rules = [
        r.BreakEven(kind="break_even", name="even", councils=(council,), measure="cvar", level=0.1),
        r.CvarFloor(kind="cvar_floor", name=f"even: {council}", floor_gbp=0.0, level=0.1),
        r.CvarFloor(kind="cvar_floor", name="objective", floor_gbp=0.0, level=0.1),
    ]
    objective = r.Objective(kind="mean_cvar", risk_weight=0.5, level=0.1)
    program = build(case.candidates, rules, objective, case.source, full_draws=0)
    assert len({risk.name for risk in program.risks}) == 2
    pool = Pool(program.n_columns)
    for risk in program.risks:
        assert pool.add_cvar(risk, risk.block.total(np.ones(program.n_columns)))
    assert len(pool.hot) == len(program.risks) == 4


def test_what_holds_without_any_rule_is_not_spared_for_a_rule_of_its_name():
    broken = Check("one bundle per slot", "programme", "", "<=", 2.0, 1.0)
    assert broken.passes({"one bundle per slot"})
    assert not replace(broken, by_rule=False).passes({"one bundle per slot"})
