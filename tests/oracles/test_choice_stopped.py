"""Searches that are stopped, at many moments: what they say is never more than what looking at every portfolio says.

The clock is injected (it ticks when it is read), so that a moment is the same on every machine: between two solves, or
between two nodes of a tree.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import sharesim.choice.choose as choosing
from sharesim.choice.alternatives import best_few, most_different
from sharesim.choice.choose import choose, choose_program
from sharesim.choice.explain import rule_costs, why_not
from sharesim.choice.formulation import build
from sharesim.choice.frontier import frontier
from sharesim.choice.known import at_hand, ceiling
from sharesim.choice.leaving import Setting, leaving
from sharesim.choice.portfolio import Portfolio, cvar
from sharesim.choice.relax import relaxations
from sharesim.choice.search import ChoiceOptions, Judge, Settled
from sharesim.choice.solution import Solution, Stage, Status, StoppedBy, worst
from sharesim.choice.stability import stability
from sharesim.study import rules as r
from sharesim.testing import Case, CaseSize, synthetic
from tests.oracles.choice_brute_force import best, objective_values, portfolios, random_rule

TICK = 1000.0
MOMENTS = (1, 2, 3, 4, 5, 6, 8, 12, 40)
THREE = r.Objective(kind="lexicographic", order=("non_cashable", "quality", "npv"), tolerance_share=0.3)
SIZES = (
    CaseSize(n_councils=3, n_services=2, n_draws=12, hosts=False),
    CaseSize(n_councils=2, n_services=2, n_draws=20, packages=True, n_activations=2),
    CaseSize(n_councils=3, n_services=1, n_draws=15, staged=True),
)


class Ticks:
    """A clock that goes on by 1,000 seconds whenever it is read."""

    def __init__(self) -> None:
        self.read = -1

    def __call__(self) -> float:
        self.read += 1
        return TICK * self.read


def until(moment: int, **options) -> ChoiceOptions:
    """Return options of a search that is stopped when its clock has been read so often."""
    return ChoiceOptions(gap=0.0, time_limit_seconds=TICK * moment, clock=Ticks(), **options)


def says_no_more_than_is_so(case: Case, rules: list, objective: r.Objective, found: Solution) -> None:
    expected = best(case, rules, objective)
    if found.status is Status.INFEASIBLE:
        assert expected is None
        return
    nothing = Portfolio(case.candidates, np.zeros(0, dtype=int), case.source)
    if not found.status.has_portfolio:
        program = build(case.candidates, rules, objective, case.source)
        assert found.status is Status.UNPROVEN
        assert not all(check.holds for check in Judge(program, case.source).checks(nothing)), "sharing nothing would do"
        return
    assert not found.broken
    values = objective_values(Portfolio(case.candidates, found.chosen, case.source), objective)
    scale = 1e-6 * max(1.0, *(abs(item) for item in expected[1]))
    assert np.isfinite(found.bound_gbp)
    assert found.bound_gbp >= expected[1][0] - scale
    if found.status is Status.OPTIMAL:
        assert values == pytest.approx(expected[1], abs=scale)
        assert all(stage.status is Status.OPTIMAL for stage in found.stages)
    for stage, true in zip(found.stages, expected[1], strict=len(found.stages) > 0):
        sign = -1.0 if stage.measure == "exits" else 1.0
        assert sign * stage.bound >= true - scale, (stage, true)
        assert sign * stage.bound >= sign * stage.value - scale


OBJECTIVES = (
    r.Objective(kind="mean"),
    r.Objective(kind="mean_cvar", risk_weight=0.6, level=0.3),
    r.Objective(kind="lexicographic", order=("npv", "exits"), tolerance_share=0.1),
    r.Objective(kind="lexicographic", order=("cvar", "npv", "quality"), tolerance_share=0.2, level=0.25),
    THREE,
)


@pytest.mark.parametrize("full_draws", [300, 0], ids=["rows", "cuts"])
@pytest.mark.parametrize("number", range(len(OBJECTIVES)))
def test_a_search_stopped_at_any_moment_says_no_more_than_is_so(number, full_draws):
    for seed, moment in enumerate(MOMENTS):
        rng = np.random.default_rng([seed, number])
        case = synthetic(seed, SIZES[seed % len(SIZES)])
        kinds = rng.choice(["budget", "exits", "most_partners", "cvar_floor", "loss_probability", "must_share"], size=2)
        rules = [random_rule(str(kind), f"{kind} {at}", case, rng) for at, kind in enumerate(kinds)]
        for ruled in ([], rules):
            options = until(moment, full_draws=full_draws)
            found = choose(case.candidates, case.source, ruled, OBJECTIVES[number], options)
            says_no_more_than_is_so(case, ruled, OBJECTIVES[number], found)


@pytest.mark.parametrize("stopped", range(3))
def test_a_goal_that_is_not_searched_leaves_the_portfolio_of_the_goal_before(stopped, monkeypatch):
    """Whichever of three goals comes back with nothing, the answer is not 'optimal', not empty and not below before."""
    case = synthetic(3, SIZES[0])
    searched = choosing.best_portfolio

    def stop_one(program, judge, target, *rest):
        if target == stopped:
            return Settled(Status.UNPROVEN, None, np.nan, np.inf, StoppedBy.TIME)
        return searched(program, judge, target, *rest)

    short = THREE.model_copy(update={"order": THREE.order[:stopped]})
    before = choose(case.candidates, case.source, [], short, ChoiceOptions(gap=0.0)) if stopped else None
    monkeypatch.setattr(choosing, "best_portfolio", stop_one)
    found = choose(case.candidates, case.source, [], THREE, ChoiceOptions(gap=0.0))
    assert found.status is Status.FEASIBLE
    assert found.stopped_by is StoppedBy.TIME
    assert [stage.status for stage in found.stages] == [
        Status.FEASIBLE if at == stopped else Status.OPTIMAL for at in range(3)
    ]
    says_no_more_than_is_so(case, [], THREE, found)
    reached = objective_values(Portfolio(case.candidates, found.chosen, case.source), THREE)
    kept = before.chosen if stopped else np.zeros(0, dtype=int)
    had = objective_values(Portfolio(case.candidates, kept, case.source), THREE)
    assert found.stages[stopped].value == pytest.approx(had[stopped])
    for value, floor in zip(reached[: stopped + 1], had, strict=False):
        assert value >= floor - 0.3 * abs(floor) - 1e-6
    assert found.gap == max(stage.gap for stage in found.stages) > 0


def test_the_middle_goal_stopped_by_a_node_limit_is_not_forgotten(monkeypatch):
    """First and last goal are settled; the middle one is allowed its root only, and its bound stays open."""
    searched, forgotten = choosing.best_portfolio, 0

    def root_only(program, judge, target, control, *rest):
        if target == 1:
            control = replace(control, options=replace(control.options, work_limit_nodes=0))
        return searched(program, judge, target, control, *rest)

    monkeypatch.setattr(choosing, "best_portfolio", root_only)
    for seed in range(6):
        case = synthetic(seed, CaseSize(n_councils=4, n_services=4, n_draws=40))
        rules = [
            r.RiskPoints(kind="risk_points", name="calm", limit_points=12),
            r.Exits(kind="exits", name="few go", limit_posts=20, exit_kind="all"),
        ]
        options = ChoiceOptions(ties=False, binding=False)
        found = choose(case.candidates, case.source, rules, THREE, options)
        first, middle, last = (stage.status for stage in found.stages)
        assert found.status is worst(first, middle, last)
        assert first is last is Status.OPTIMAL
        if middle is Status.FEASIBLE:
            assert found.stopped_by is StoppedBy.WORK
            assert found.gap == found.stages[1].gap > 0
            forgotten += 1
    assert forgotten, "no study here has the case that this test is about"


def test_no_time_without_rules_is_sharing_nothing_with_a_bound():
    case = synthetic(3, CaseSize(n_councils=4, n_services=4, n_draws=40))
    found = choose(case.candidates, case.source, options=until(1))
    assert (found.status, found.stopped_by, len(found.chosen)) == (Status.FEASIBLE, StoppedBy.TIME, 0)
    assert found.value_gbp == 0.0
    true = choose(case.candidates, case.source, options=ChoiceOptions(gap=0.0))
    assert true.bound_gbp <= found.bound_gbp < 10 * true.bound_gbp
    assert str(why_not(case.candidates, case.source, [], until(1))) == "The rules can hold together."


def test_no_time_with_a_rule_that_asks_for_sharing_is_unproven():
    case = synthetic(3, SIZES[0])
    rule = r.MustShare(kind="must_share", name="share", services=("hr",))
    found = choose(case.candidates, case.source, [rule], options=until(1))
    # A presolve may settle so small a study in no time; what is not known may not be claimed.
    assert found.status in (Status.UNPROVEN, Status.OPTIMAL, Status.FEASIBLE)
    assert found.bound_gbp >= best(case, [rule])[1][0] - 1.0


def test_a_portfolio_worth_less_than_one_at_hand_is_not_handed_out(monkeypatch):
    """A search stopped at a loss gives way to sharing nothing, and to a portfolio known before."""
    case = synthetic(3, SIZES[0])
    program = build(case.candidates, [], r.Objective(kind="mean"), case.source)
    loss = next(at for at in range(case.candidates.n_bundles) if case.candidates.npv_gbp[at] < -1.0)

    def stopped_early(program, judge, *rest):
        portfolio = Portfolio(case.candidates, np.array([loss]), case.source)
        return Settled(Status.FEASIBLE, portfolio, judge.value(portfolio, 0), 1e9, StoppedBy.TIME)

    good = choose_program(program, case.source, ChoiceOptions(gap=0.0))
    monkeypatch.setattr(choosing, "best_portfolio", stopped_early)
    assert len(choose_program(program, case.source, ChoiceOptions()).chosen) == 0
    found = choose_program(program, case.source, ChoiceOptions(), known=[good.chosen])
    assert found.chosen.tolist() == good.chosen.tolist()
    assert (found.status, found.value_gbp) == (Status.FEASIBLE, good.value_gbp)


def test_what_is_at_hand_keeps_rows_and_bounds_of_the_question():
    """A floor on CVaR as a row, bundles held in, bundles ruled out: what breaks one is not known to be good."""
    case = synthetic(3, SIZES[0])
    objective = r.Objective(kind="lexicographic", order=("npv", "cvar"), level=0.3)
    program = build(case.candidates, [], objective, case.source, full_draws=0)
    chosen = choose_program(program, case.source, ChoiceOptions(gap=0.0)).chosen
    reached = cvar(Portfolio(case.candidates, chosen, case.source).draws, 0.3)
    for limit, good in ((reached - 1.0, True), (reached + 1.0, False)):
        row = (program.targets[1].column[None], (np.array([limit]), np.array([np.inf])))
        narrower = program.with_rows(type(program.matrix)(row[0]), row[1], ["floor"])
        found = at_hand(narrower, Judge(narrower, case.source), [chosen])
        assert any(item.chosen.tolist() == chosen.tolist() for item in found) == good
    upper = program.upper.copy()
    upper[chosen[0]] = 0.0
    without = replace(program, upper=upper)
    assert [len(item.chosen) for item in at_hand(without, Judge(without, case.source), [chosen])] == [0]
    lower = program.lower.copy()
    lower[chosen[0]] = 1.0
    held = replace(program, lower=lower)
    assert all(chosen[0] in item.chosen for item in at_hand(held, Judge(held, case.source), [chosen]))


@pytest.mark.parametrize("seed", range(6))
def test_the_bound_of_the_slots_is_above_every_portfolio(seed):
    case = synthetic(seed, SIZES[seed % 3])
    for objective in OBJECTIVES:
        for full_draws in (300, 0):
            program = build(case.candidates, [], objective, case.source, full_draws=full_draws)
            for target in range(len(program.targets)):
                judge = Judge(program, case.source)
                highest = max(
                    judge.value(Portfolio(case.candidates, np.array(chosen, dtype=int), case.source), target)
                    for chosen in portfolios(case.candidates)
                )
                assert ceiling(program, target) >= highest - 1e-6


def test_a_stand_in_that_was_stopped_is_not_called_the_best_under_it(monkeypatch):
    import sharesim.choice.chance as chance

    case = synthetic(3, CaseSize(n_councils=3, n_services=3, n_draws=400))
    free = choose(case.candidates, case.source)
    share = float((Portfolio(case.candidates, free.chosen, case.source).draws < 0).mean())
    rule = r.LossProbability(kind="loss_probability", name="safe", most=max(0.9 * share, 0.003))
    options = ChoiceOptions(chance="cvar")
    whole = choose(case.candidates, case.source, [rule], options=options)
    assert whole.status is Status.RESTRICTED
    searched = chance._stand_in

    def stopped(*given):
        return replace(searched(*given), status=Status.FEASIBLE, stopped_by=StoppedBy.TIME)

    monkeypatch.setattr(chance, "_stand_in", stopped)
    assert choose(case.candidates, case.source, [rule], options=options).status is Status.FEASIBLE


def stopping(monkeypatch, module, when) -> None:
    """Let some of a module's searches come back as if the clock had stopped them: `when` is asked with their number."""
    searched, count = module.choose_program, iter(range(10**6))

    def maybe(*given, **named):
        found = searched(*given, **named)
        if not when(next(count)):
            return found
        return replace(found, status=Status.FEASIBLE if found.status.has_portfolio else Status.UNPROVEN)

    monkeypatch.setattr(module, "choose_program", maybe)


@pytest.mark.parametrize("number", range(5))
def test_a_frontier_is_complete_only_if_no_search_of_it_was_stopped(number, monkeypatch):
    import sharesim.choice.frontier as module

    case = synthetic(1, SIZES[0])
    whole = frontier(case.candidates, case.source, [], against="exits", n_points=3, options=ChoiceOptions(gap=0.0))
    assert whole.complete
    # Both ends, then three points.
    stopping(monkeypatch, module, lambda at: at == number)
    found = frontier(case.candidates, case.source, [], against="exits", n_points=3, options=ChoiceOptions(gap=0.0))
    assert not found.complete


def test_a_frontier_of_which_nothing_was_found_in_time_is_not_complete():
    case = synthetic(1, CaseSize(n_councils=4, n_services=4, n_draws=40))
    must = [r.MustShare(kind="must_share", name=f"share {name}", services=(name,)) for name in ("hr", "payroll")]
    found = frontier(case.candidates, case.source, must, against="cvar", n_points=3, options=until(0))
    assert not found.complete


def test_a_frontier_stopped_at_any_moment_holds_its_limits():
    """Points come from what was found before where the clock stops a search: none may break the point's own limit."""
    case = synthetic(2, SIZES[0])
    whole = frontier(case.candidates, case.source, [], against="cvar", n_points=4, options=ChoiceOptions(gap=0.0))
    for moment in (1, 2, 3, 4, 6):
        found = frontier(case.candidates, case.source, [], against="cvar", n_points=4, options=until(moment))
        assert found.points
        assert found.complete or len(found.points) <= len(whole.points)
        others = [point.other for point in found.points]
        assert others == sorted(others)


@pytest.mark.parametrize(("search", "how"), [(best_few, {}), (most_different, {"give_up_share": 0.4})])
def test_alternatives_say_when_a_search_was_stopped(search, how, monkeypatch):
    import sharesim.choice.alternatives as module

    case = synthetic(1, SIZES[0])
    how = {**how, "options": ChoiceOptions(gap=0.0), "count": 2}
    assert search(case.candidates, case.source, [], **how).complete
    stopping(monkeypatch, module, lambda at: at == 1)
    found = search(case.candidates, case.source, [], **how)
    assert not found.complete
    # The difference was not proven to be the greatest: the search among the most different cannot make up for that.
    assert found[1].solution.status is Status.FEASIBLE


def test_what_a_rule_costs_is_no_better_proven_than_the_choice_with_it(monkeypatch):
    import sharesim.choice.explain as module

    case = synthetic(1, SIZES[0])
    rules = [r.RiskPoints(kind="risk_points", name="calm", limit_points=3)]
    assert [item.status for item in rule_costs(case.candidates, case.source, rules)] == [Status.OPTIMAL] * 2
    stopping(monkeypatch, module, lambda at: at == 0)
    assert [item.status for item in rule_costs(case.candidates, case.source, rules)] == [Status.FEASIBLE] * 2


def test_rule_costs_in_no_time_start_from_the_portfolio_with_all_rules():
    case = synthetic(1, SIZES[0])
    rules = [r.RiskPoints(kind="risk_points", name="calm", limit_points=3)]
    for moment in (1, 2, 3, 4, 5):
        for item in rule_costs(case.candidates, case.source, rules, options=until(moment)):
            assert item.status.has_portfolio
            assert np.isfinite([item.low_gbp, item.high_gbp]).all()
            assert item.low_gbp <= item.high_gbp


def test_stability_counts_the_sets_whose_search_was_stopped(monkeypatch):
    import sharesim.choice.stability as module

    made = [synthetic(5, CaseSize(n_draws=30, hosts=False)) for _ in range(20)]
    sets, chosen = [(case.candidates, case.source) for case in made], module.choose
    ids = [made[0].candidates.bundle_ids[0]]
    assert stability(sets, ids, []).n_stopped == 0
    monkeypatch.setattr(module, "choose", lambda *given: replace(chosen(*given), status=Status.FEASIBLE))
    assert stability(sets, ids, []).n_stopped == 20


@pytest.mark.parametrize("moment", [0, 1, 2, 3, 5])
def test_a_repair_in_no_time_is_no_less_than_what_stays(moment):
    case = synthetic(1, SIZES[0])
    chosen = choose(case.candidates, case.source)
    for council in case.candidates.councils.ids:
        found = leaving(Setting(case.candidates, case.source), chosen, council, until(moment))
        assert found.repair.status.has_portfolio
        assert found.fresh.status.has_portfolio
        assert found.repair.value_gbp >= found.value_kept_gbp - 1e-6
        assert found.fresh.value_gbp >= found.repair.value_gbp - 1e-6


def test_advice_found_by_halving_is_exact_only_if_every_no_was_proven(monkeypatch):
    """A whole number that might be smaller, had there been time, is not called the least."""
    import sharesim.choice.relax as module

    case = synthetic(1, SIZES[0])
    rules = [
        r.LeastHosted(kind="least_hosted", name="host two", councils=("bol",), limit=2),
        r.MostHosted(kind="most_hosted", name="no hosts", limit=0),
    ]
    monkeypatch.setattr(module, "_by_slack", lambda *given: None)
    item = relaxations(case.candidates, case.source, rules)[1]
    assert (item.rule, item.new, item.exact) == ("no hosts", 2.0, True)
    asked = module._asker

    def in_no_time(*given):
        works = asked(*given)
        return lambda value: works(value) or None

    monkeypatch.setattr(module, "_asker", in_no_time)
    item = relaxations(case.candidates, case.source, rules)[1]
    assert (item.new, item.exact) == (2.0, False)


def test_equal_portfolios_are_not_put_in_order_without_time(monkeypatch):
    """Ties are settled within the time limit; where it ends first, the notes say so and the value is the same."""
    import sharesim.choice.ties as module

    case = synthetic(1, CaseSize(n_councils=2, n_services=1, n_draws=10))
    settled = module.solve

    def stopped(program, options):
        assert options.time_limit_seconds <= 60.0
        return replace(settled(program, options), status=Status.UNPROVEN, values=None, stopped_by=StoppedBy.TIME)

    monkeypatch.setattr(module, "solve", stopped)
    found = choose(case.candidates, case.source, options=ChoiceOptions(gap=0.0, time_limit_seconds=60.0))
    assert found.status is Status.OPTIMAL
    assert any("comes first by bundle id" in note for note in found.notes)


def test_a_goal_in_turn_reads_as_a_line():
    stage = Stage("non_cashable", -12_345.6, 20_000.0, Status.FEASIBLE, StoppedBy.TIME)
    assert str(stage) == "non_cashable -£12,346 of at most £20,000 (feasible)"
    fewer = Stage("exits", 3.0, 2.0, Status.FEASIBLE, StoppedBy.TIME)
    assert str(fewer) == "exits 3.0 posts of at least 2.0 posts (feasible)"
    better = Stage("quality", 0.1466, 0.152, Status.OPTIMAL, StoppedBy.GAP)
    assert str(better) == "quality 14.66% of at most 15.20% (optimal)"
    assert stage.gap == pytest.approx(32_345.6 / 12_345.6)
    assert Stage("npv", 0.0, 0.0, Status.OPTIMAL, StoppedBy.GAP).gap == 0.0
