"""Frontier, alternatives, re-sampling and leaving, each against looking at every portfolio of small studies."""

from __future__ import annotations

import numpy as np
import pytest

from sharesim.choice.alternatives import best_few, difference, most_different, signatures
from sharesim.choice.checks import recheck
from sharesim.choice.choose import choose
from sharesim.choice.frontier import AGAINST, frontier
from sharesim.choice.leaving import Setting, leaving, rules_without
from sharesim.choice.portfolio import Portfolio, cvar
from sharesim.choice.search import ChoiceOptions
from sharesim.choice.stability import stability
from sharesim.errors import UsageError
from sharesim.study import rules as r
from sharesim.testing import CaseSize, synthetic
from tests.oracles.choice_brute_force import best, portfolios

SIZE = CaseSize(n_councils=3, n_services=1, n_draws=25)
EXACT = ChoiceOptions(gap=0.0)


def kept(case, rules):
    """Every portfolio that keeps the rules."""
    for chosen in portfolios(case.candidates):
        portfolio = Portfolio(case.candidates, np.array(chosen, dtype=int), case.source)
        if all(check.holds for check in recheck(portfolio, rules)):
            yield portfolio


def measure(portfolio, against):
    chosen, candidates = portfolio.chosen, portfolio.candidates
    if against == "cvar":
        return cvar(portfolio.draws, 0.2)
    if against == "loss_probability":
        return -float((portfolio.draws < 0).mean())
    if against == "exits":
        return -float((candidates.compulsory_exits + candidates.voluntary_exits)[chosen].sum())
    return float(candidates.non_cashable_gbp[chosen].sum())


@pytest.mark.parametrize("against", AGAINST)
@pytest.mark.parametrize("seed", range(3))
def test_frontier_points_are_beaten_by_no_portfolio(against, seed):
    case = synthetic(seed, SIZE)
    rules = [r.MostPartners(kind="most_partners", name="few", limit=1)]
    found = frontier(case.candidates, case.source, rules, against=against, level=0.2, n_points=5, options=EXACT)
    everything = [(item.mean_npv_gbp, measure(item, against)) for item in kept(case, rules)]
    assert found.points
    assert found.complete
    sign = -1.0 if against in ("loss_probability", "exits") else 1.0
    for point in found.points:
        other = sign * point.other
        better = [
            (mean, value)
            for mean, value in everything
            if mean > point.mean_npv_gbp + 0.01 and value >= other - 1e-9 * abs(other)
        ]
        assert not better, (point, better)
    assert found.points[0].mean_npv_gbp == pytest.approx(max(mean for mean, _ in everything), rel=1e-9)
    chosen = [tuple(point.solution.chosen.tolist()) for point in found.points]
    assert len(set(chosen)) == len(chosen)
    others = [sign * point.other for point in found.points]
    assert others == sorted(others)


def test_an_unknown_measure_is_refused():
    case = synthetic(0, SIZE)
    with pytest.raises(UsageError, match="unknown measure"):
        frontier(case.candidates, case.source, [], against="speed")


@pytest.mark.parametrize("seed", range(4))
def test_best_few_are_the_best_distinct_ones(seed):
    case = synthetic(seed, CaseSize(n_councils=3, n_services=1, n_draws=10))
    kind = signatures(case.candidates)
    values: dict[tuple, float] = {}
    for portfolio in kept(case, []):
        key = tuple(sorted(kind[portfolio.chosen].tolist()))
        values[key] = max(values.get(key, -np.inf), portfolio.mean_npv_gbp)
    expected = sorted(values.values(), reverse=True)[:6]
    found = best_few(case.candidates, case.source, [], options=EXACT, count=6)
    assert [item.solution.value_gbp for item in found] == pytest.approx(expected, rel=1e-9, abs=0.01)
    keys = {tuple(sorted(kind[item.solution.chosen].tolist())) for item in found}
    assert len(keys) == 6


def test_another_start_is_not_another_portfolio():
    from dataclasses import replace

    case = synthetic(2, CaseSize(n_councils=2, n_services=1, n_draws=10))
    candidates = case.candidates
    later = replace(candidates, start_years=candidates.start_years + np.arange(candidates.n_bundles))
    assert signatures(later).tolist() == signatures(candidates).tolist()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("share", [0.05, 0.4])
def test_most_different_is_the_most_different_within_reach(seed, share):
    case = synthetic(seed, CaseSize(n_councils=3, n_services=2, n_draws=10, hosts=False))
    rules = [r.RiskPoints(kind="risk_points", name="calm", limit_points=9)]
    found = most_different(case.candidates, case.source, rules, options=EXACT, give_up_share=share, count=2)
    top = found[0].solution.value_gbp
    near = [item for item in kept(case, rules) if item.mean_npv_gbp >= top - share * abs(top) - 1e-6]
    known = [found[0].solution.chosen]
    for item in found[1:]:
        reached = min(difference(case.candidates, item.solution.chosen, chosen) for chosen in known)
        possible = max(min(difference(case.candidates, other.chosen, chosen) for chosen in known) for other in near)
        assert reached == pytest.approx(possible)
        assert item.solution.value_gbp >= top - share * abs(top) - 1e-6
        known.append(item.solution.chosen)
    if len(found) < 3:
        left = max(min(difference(case.candidates, other.chosen, chosen) for chosen in known) for other in near)
        assert left == pytest.approx(0.0)


def resampled(n_sets: int, n_draws: int):
    """The same bundles on other draws: one large set cut into parts."""
    from dataclasses import replace

    from sharesim.testing import Case, MemoryDraws

    whole = synthetic(9, CaseSize(n_councils=3, n_services=1, n_draws=n_sets * n_draws))
    for part in range(n_sets):
        span = slice(part * n_draws, (part + 1) * n_draws)
        source = MemoryDraws(*(getattr(whole.source, name)[..., span] for name in MemoryDraws.__dataclass_fields__))
        npv = source.partner_npv_gbp.mean(axis=2)
        candidates = replace(
            whole.candidates,
            npv_gbp=npv.sum(axis=1),
            partner_npv_gbp=npv,
            one_off_gbp=source.one_off_gbp.mean(axis=3),
            activation_npv_gbp=source.activation_npv_gbp.mean(axis=2).sum(axis=1),
            activation_council_npv_gbp=source.activation_npv_gbp.mean(axis=2),
            activation_one_off_gbp=source.activation_one_off_gbp.mean(axis=3),
        )
        yield Case(candidates, source)


def test_stability_counts_what_brute_force_counts():
    cases = list(resampled(20, 8))
    rules = [
        r.MostPartners(kind="most_partners", name="few", limit=1),
        r.LossProbability(kind="loss_probability", name="safe", most=0.2),
    ]
    judged = best(cases[0], rules)[0]
    ids = [cases[0].candidates.bundle_ids[item] for item in judged]
    found = stability(((case.candidates, case.source) for case in cases), ids, rules, options=EXACT)
    optima = [best(case, rules)[0] for case in cases]
    for share in found.bundles:
        position = cases[0].candidates.bundle_ids.index(share.name)
        assert share.share == pytest.approx(np.mean([position in chosen for chosen in optima]))
    gaps = [
        best(case, rules[:1])[1][0] - Portfolio(case.candidates, np.array(judged, dtype=int), case.source).mean_npv_gbp
        for case in cases
    ]
    assert found.gap_mean_gbp == pytest.approx(np.mean(np.maximum(gaps, 0)), rel=1e-6, abs=0.5)
    assert found.gap_high_gbp >= found.gap_mean_gbp
    broken = [
        any(
            not check.holds
            for check in recheck(Portfolio(case.candidates, np.array(judged, dtype=int), case.source), rules[1:])
        )
        for case in cases
    ]
    assert found.violations == {"safe": pytest.approx(np.mean(broken))}


def test_fewer_than_twenty_sets_are_refused():
    cases = list(resampled(3, 5))
    with pytest.raises(UsageError, match="too few sets"):
        stability(((case.candidates, case.source) for case in cases), [], [])


@pytest.mark.parametrize("council", ["bol", "che", "ned"])
def test_leaving_keeps_what_stands_and_repairs_it_best(council):
    case = synthetic(6, CaseSize(n_councils=3, n_services=2, n_draws=15, hosts=False))
    rules = (r.MostPartners(kind="most_partners", name="few", limit=1),)
    chosen = choose(case.candidates, case.source, rules, options=EXACT)
    found = leaving(Setting(case.candidates, case.source, rules), chosen, council, EXACT)
    position = case.candidates.councils.index(council)
    holds = (case.candidates.partners == position).any(axis=1)
    ids = [case.candidates.bundle_ids[item] for item in chosen.chosen]
    assert set(found.lost) == {name for name, item in zip(ids, chosen.chosen, strict=True) if holds[item]}
    assert set(found.kept) | set(found.lost) == set(ids)
    without = [item for item in kept(case, rules_without(rules, council)) if not holds[item.chosen].any()]
    fixed = {case.candidates.bundle_ids.index(name) for name in found.kept}
    assert found.fresh.value_gbp == pytest.approx(max(item.mean_npv_gbp for item in without), rel=1e-9)
    mended = [item.mean_npv_gbp for item in without if fixed <= set(item.chosen.tolist())]
    assert found.repair.value_gbp == pytest.approx(max(mended), rel=1e-9)
    assert fixed <= set(found.repair.chosen.tolist())


def test_nothing_is_asked_of_the_one_who_left():
    """Rules on all councils go on to hold for the others: without that, no repair could keep them."""
    case = synthetic(6, CaseSize(n_councils=3, n_services=2, n_draws=15))
    rules = (
        r.LeastHosted(kind="least_hosted", name="all host", limit=1),
        r.MustShare(kind="must_share", name="all share", services=("all",)),
    )
    left = rules_without(rules, "che", case.candidates)
    assert [rule.name for rule in left] == ["all host", "all share: hr", "all share: payroll"]
    assert all(rule.councils == ("bol", "ned") for rule in left)
    chosen = choose(case.candidates, case.source, options=EXACT)
    found = leaving(Setting(case.candidates, case.source, rules[1:]), chosen, "che", EXACT)
    position = case.candidates.councils.index("che")
    without = [
        item
        for item in kept(case, left[1:])
        if not (case.candidates.partners[item.chosen] == position).any()
    ]
    assert found.fresh.value_gbp == pytest.approx(max(item.mean_npv_gbp for item in without), rel=1e-9)


def test_leaving_takes_a_fresh_appraisal():
    case = synthetic(6, CaseSize(n_councils=3, n_services=1, n_draws=15))
    chosen = choose(case.candidates, case.source, options=EXACT)
    asked = []

    def again(council):
        asked.append(council)
        return case.candidates, case.source

    leaving(Setting(case.candidates, case.source), chosen, "che", EXACT, again)
    assert asked == ["che"]


def test_nobody_leaves_who_is_not_there():
    case = synthetic(6, SIZE)
    chosen = choose(case.candidates, case.source)
    with pytest.raises(UsageError, match="Did you mean 'bol'"):
        leaving(Setting(case.candidates, case.source), chosen, "boll")
