"""Budgets beside brute force: gross cost by year, and a grant against the cost of its own year alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sharesim.choice.choose import choose
from sharesim.choice.relax import relaxations
from sharesim.choice.search import ChoiceOptions
from sharesim.choice.solution import Status
from sharesim.errors import StudyError
from sharesim.study import rules as r
from sharesim.testing import Case, CaseSize, synthetic
from tests.oracles.choice_brute_force import portfolios

EXACT = ChoiceOptions(gap=0.0)


def granted(seed: int, n_years: int = 3) -> Case:
    """A made-up case in which two activation columns bring grants, of one year or of several."""
    case = synthetic(seed, CaseSize(n_councils=3, n_services=2, n_years=n_years, n_draws=16, n_activations=3))
    rng = np.random.default_rng(seed)
    grants = np.zeros_like(case.source.activation_one_off_gbp)
    for column in (0, 2):
        years = rng.random(n_years) < 0.7
        grants[column] = np.where(years[:, None], rng.uniform(0, 2e5, size=(*grants.shape[1:3], 1)), 0.0)
    # One is clawed back in the last year.
    grants[2, :, -1] = -2e4
    source = replace(case.source, activation_grant_gbp=grants)
    return Case(replace(case.candidates, activation_grant_gbp=grants.mean(axis=3)), source)


def cost_by_hand(case: Case, chosen: list[int], rule: r.Budget) -> np.ndarray:
    """What a budget is about in every draw, loop by loop; the mean is of the yearly means."""
    candidates, source = case.candidates, case.source
    needed = {k for bundle in chosen for k in candidates.activations_of[bundle].tolist()}
    total = np.zeros(source.n_draws)
    for year in range(candidates.n_years):
        if rule.years and candidates.first_year + year not in rule.years:
            continue
        cost, grant = np.zeros(source.n_draws), np.zeros(source.n_draws)
        for at, council in enumerate(candidates.councils.ids):
            if rule.council not in (r.PROGRAMME, council):
                continue
            for bundle in chosen:
                for slot, partner in enumerate(candidates.partners[bundle]):
                    if partner == at:
                        cost += source.one_off_gbp[bundle, slot, year]
            for k in needed:
                cost += source.activation_one_off_gbp[k, at, year]
                grant += source.activation_grant_gbp[k, at, year]
        if rule.percentile is None:
            cost, grant = np.full_like(cost, cost.mean()), np.full_like(grant, grant.mean())
        total += np.maximum(cost - grant, 0.0) if rule.net_of_grants else cost
    return total


def keeps(case: Case, chosen: list[int], rule: r.Budget) -> bool:
    cost = cost_by_hand(case, chosen, rule)
    allowed = 0 if rule.percentile is None else int(np.floor((1 - rule.percentile / 100) * len(cost) + 1e-9))
    return int((cost > rule.limit_gbp * (1 + 1e-9) + 1e-6).sum()) <= allowed


def random_budget(case: Case, rng: np.random.Generator) -> r.Budget:
    first, n_years = case.candidates.first_year, case.candidates.n_years
    percentile = None if rng.random() < 0.6 else 75.0
    years = (first,) if percentile or rng.random() < 0.3 else tuple(range(first, first + int(rng.integers(2, n_years + 1))))
    who = r.PROGRAMME if rng.random() < 0.5 else str(rng.choice(case.candidates.councils.ids))
    rule = r.Budget(
        kind="budget", name="money", limit_gbp=0, years=years, council=who, percentile=percentile,
        net_of_grants=bool(rng.random() < 0.8),
    )  # fmt: skip
    costs = [np.median(cost_by_hand(case, chosen, rule)) for chosen in portfolios(case.candidates)]
    return rule.model_copy(update={"limit_gbp": float(np.quantile(costs, rng.uniform(0.1, 0.8)))})


@pytest.mark.parametrize("seed", range(12))
def test_the_best_within_a_budget_is_what_brute_force_finds(seed: int) -> None:
    case, rng = granted(seed), np.random.default_rng(100 + seed)
    rule = random_budget(case, rng)
    npv = case.source.partner_npv_gbp.mean(axis=2).sum(axis=1)
    fixed = case.source.activation_npv_gbp.mean(axis=2).sum(axis=1)

    def worth(chosen: list[int]) -> float:
        needed = sorted({k for bundle in chosen for k in case.candidates.activations_of[bundle].tolist()})
        return float(npv[chosen].sum() + fixed[needed].sum())

    best = max((worth(chosen) for chosen in portfolios(case.candidates) if keeps(case, chosen, rule)), default=None)
    found = choose(case.candidates, case.source, [rule], options=EXACT)
    assert best is not None and found.status is Status.OPTIMAL
    assert found.value_gbp == pytest.approx(best, rel=1e-9, abs=1e-6)
    assert keeps(case, found.chosen.tolist(), rule)


def two_years() -> Case:
    """One bundle of 100 in the first year; 300 comes as a grant in the second, in which nothing is spent."""
    case = synthetic(1, CaseSize(n_councils=2, n_services=1, n_years=2, n_draws=4, n_activations=1))
    source = replace(
        case.source,
        partner_npv_gbp=np.full_like(case.source.partner_npv_gbp, 1_000.0),
        one_off_gbp=np.zeros_like(case.source.one_off_gbp),
        activation_npv_gbp=np.zeros_like(case.source.activation_npv_gbp),
        activation_one_off_gbp=np.zeros_like(case.source.activation_one_off_gbp),
        activation_grant_gbp=np.zeros_like(case.source.activation_one_off_gbp),
    )
    source.activation_one_off_gbp[0, :, 0] = 50.0
    source.activation_grant_gbp[0, :, 1] = 150.0
    names = ("one_off_gbp", "activation_one_off_gbp", "activation_grant_gbp")
    return Case(replace(case.candidates, **{name: getattr(source, name).mean(axis=3) for name in names}), source)


@pytest.mark.parametrize(
    ("changes", "measured"),
    [
        ({}, 100.0),
        ({"net_of_grants": True}, 100.0),
        ({"net_of_grants": True, "years": (2028,)}, 0.0),
        ({"net_of_grants": True, "years": (2027,), "percentile": 75.0}, 100.0),
    ],
)
def test_a_grant_pays_for_no_other_year(changes: dict, measured: float) -> None:
    case = two_years()
    rule = r.Budget(kind="budget", name="money", limit_gbp=1e6, **changes)
    must = r.MustShare(kind="must_share", name="share", services=("hr",))
    found = choose(case.candidates, case.source, [rule, must], options=EXACT)
    [check] = [check for check in found.checks if check.rule == "money"]
    if rule.percentile is None:
        assert check.measured == pytest.approx(measured)
    tight = rule.model_copy(update={"limit_gbp": max(measured - 1.0, 0.0)})
    assert choose(case.candidates, case.source, [tight, must], options=EXACT).status is (
        Status.INFEASIBLE if measured else Status.OPTIMAL
    )
    [said] = relaxations(case.candidates, case.source, [tight, must])[:1] or [None]
    if measured and rule.percentile is None:
        assert said is not None and said.new == pytest.approx(measured)


def test_a_budget_of_too_many_years_with_grants_is_refused_in_words() -> None:
    case = granted(1, n_years=8)
    grants = np.ones_like(case.candidates.activation_grant_gbp)
    rule = r.Budget(kind="budget", name="money", limit_gbp=1, net_of_grants=True)
    with pytest.raises(StudyError, match="grants come in too many years: got grants in 2027.*6 or fewer"):
        choose(replace(case.candidates, activation_grant_gbp=grants), case.source, [rule])
