"""Each check on portfolios small enough to judge by eye: two councils or three, one bundle or two."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sharesim.choice.checks import recheck
from sharesim.choice.portfolio import Portfolio, cvar
from sharesim.study import rules as r
from sharesim.testing import CaseSize, synthetic

CASE = synthetic(11, CaseSize(n_councils=3, n_services=2, n_draws=20))
IDS = CASE.candidates.bundle_ids


def portfolio(*names: str) -> Portfolio:
    """Bundles by the start of their ids: 'hr|bol+che' is the first so called."""
    chosen = [next(i for i, item in enumerate(IDS) if item.startswith(name + "|")) for name in names]
    return Portfolio(CASE.candidates, np.array(sorted(chosen)), CASE.source)


def broken(rule: r.RuleBase, *names: str) -> list[str]:
    return [check.subject for check in recheck(portfolio(*names), [rule]) if not check.holds]


ALL_THREE = "hr|bol+che+ned"
BOTH = ("hr|bol+che", "payroll|bol+che")


@pytest.mark.parametrize(
    ("rule", "keeps", "breaks"),
    [
        (r.MustShare(kind="must_share", name="x", services=("hr",)), (ALL_THREE,), ("hr|bol+che",)),
        (
            r.MustShare(kind="must_share", name="x", services=("hr",), councils=("che",)),
            ("hr|bol+che",),
            ("hr|bol+ned",),
        ),
        (r.NeverShare(kind="never_share", name="x", services=("hr",)), ("payroll|bol+che",), ("hr|bol+che",)),
        (
            r.NeverShare(kind="never_share", name="x", services=("hr",), councils=("ned",)),
            ("hr|bol+che",),
            (ALL_THREE,),
        ),
        (r.ForcePartners(kind="force_partners", name="x", councils=("bol", "ned")), (ALL_THREE,), ("hr|bol+che",)),
        (
            r.ForcePartners(kind="force_partners", name="x", councils=("bol", "che"), services=("hr", "payroll")),
            BOTH,
            ("hr|bol+che",),
        ),
        (r.ForbidPartners(kind="forbid_partners", name="x", councils=("bol", "ned")), BOTH, (ALL_THREE,)),
        (r.LinkPartners(kind="link_partners", name="x", councils=("bol", "ned")), (ALL_THREE,), ("hr|bol+che",)),
        (r.LinkServices(kind="link_services", name="x", services=("hr", "payroll")), BOTH, ("hr|bol+che",)),
        (
            r.LinkServices(kind="link_services", name="x", services=("hr", "payroll"), same_partners=True),
            BOTH,
            (ALL_THREE, "payroll|bol+che"),
        ),
        (r.ForbidForm(kind="forbid_form", name="x", forms=("internal",)), BOTH, ("hr|bol",)),
        (r.MostPartners(kind="most_partners", name="x", limit=1), BOTH, ("hr|bol+che", "payroll|bol+ned")),
        (r.MostHosted(kind="most_hosted", name="x", limit=1), ("hr|bol+che",), BOTH),
        (r.LeastHosted(kind="least_hosted", name="x", limit=2, councils=("bol",)), BOTH, ("hr|bol+che",)),
        (
            r.ControlGroups(kind="control_groups", name="x", groups={"red": ("bol", "che"), "blue": ("ned",)}),
            BOTH,
            (ALL_THREE,),
        ),
        (
            r.ControlGroups(
                kind="control_groups", name="x", groups={"red": ("bol",), "blue": ("ned",)}, services=("payroll",)
            ),
            (ALL_THREE,),
            ("payroll|bol+ned",),
        ),
    ],
    ids=lambda item: getattr(item, "kind", None),
)
def test_rules_on_who_and_what(rule, keeps, breaks):
    assert broken(rule, *keeps) == []
    assert broken(rule, *breaks)


def test_slots_and_order_of_stages_are_checked_without_any_rule():
    first = next(c for c in recheck(portfolio("hr|bol+che", "hr|bol+ned"), []) if not c.holds)
    assert first.rule == "one bundle per slot"
    staged = synthetic(3, CaseSize(n_councils=2, n_services=1, n_draws=5, staged=True))
    after = int(np.flatnonzero(staged.candidates.requires >= 0)[0])
    lost = Portfolio(staged.candidates, np.array([after]), staged.source)
    assert [c.rule for c in recheck(lost, []) if not c.holds] == ["follow-on after its first stage"]


@pytest.mark.parametrize("council", ["bol", "programme"])
def test_sums_are_the_plain_sums(council):
    held = portfolio(*BOTH)
    candidates, chosen = CASE.candidates, held.chosen
    own = slice(None) if council == "programme" else 0
    cost = candidates.one_off_gbp[chosen][:, own].sum() + candidates.activation_one_off_gbp[:, own].sum()
    checks = {
        r.Budget(kind="budget", name="x", limit_gbp=1.0, council=council): cost,
        r.Exits(kind="exits", name="x", limit_posts=1.0, council=council): candidates.compulsory_exits[chosen][
            :, own
        ].sum(),
        r.OfficerDays(
            kind="officer_days", name="x", limit_days=1.0, council=council, years=(2028,)
        ): candidates.officer_days[chosen][:, own, 1].sum(),
        r.Redeployments(kind="redeployments", name="x", limit_posts=1.0, council=council, years=(2027,)): (
            candidates.redeployments[chosen][:, own, 0].sum()
        ),
    }
    for rule, expected in checks.items():
        found = recheck(held, [rule])[-1]
        assert found.measured == pytest.approx(expected, rel=1e-12)
        assert not found.holds


def test_draws_are_judged_on_the_sum_and_not_bundle_by_bundle():
    held = portfolio(*BOTH)
    total = CASE.source.draws(held.chosen).sum(axis=0) + CASE.source.activation_draws().sum(axis=(0, 1))
    loss = recheck(held, [r.LossProbability(kind="loss_probability", name="x", most=0.5)])[-1]
    assert loss.measured == pytest.approx((total < 0).mean())
    floor = recheck(held, [r.CvarFloor(kind="cvar_floor", name="x", floor_gbp=0.0, level=0.25)])[-1]
    assert floor.measured == pytest.approx(np.sort(total)[:5].mean())
    target = float(np.sort(total)[4])
    reached = r.Target(kind="target", name="x", target_gbp=target, probability=0.8)
    assert recheck(held, [reached])[-1].holds, "the fifth worst of twenty draws reaches it: 80%"
    assert not recheck(held, [reached.model_copy(update={"probability": 0.81})])[-1].holds


def test_a_percentile_budget_is_the_smallest_cost_that_enough_draws_keep():
    held = portfolio(*BOTH)
    cost = CASE.source.one_off_draws(held.chosen, [0, 1]).sum(axis=(0, 1))
    cost = cost + CASE.source.activation_one_off_draws([0, 1]).sum(axis=(0, 1))
    at_80 = float(np.percentile(cost, 80, method="inverted_cdf"))
    rule = r.Budget(kind="budget", name="x", limit_gbp=at_80, percentile=80)
    assert recheck(held, [rule])[-1].holds
    assert not recheck(held, [rule.model_copy(update={"limit_gbp": at_80 - 1.0})])[-1].holds


def test_cvar_against_a_direct_sort_with_a_fraction_of_a_draw():
    rng = np.random.default_rng(5)
    for level in (0.01, 0.05, 0.125, 0.33, 1.0):
        draws = rng.normal(size=57)
        ordered, count = np.sort(draws), level * 57
        whole = int(count)
        direct = (ordered[:whole].sum() + (count - whole) * (ordered[whole] if whole < 57 else 0.0)) / count
        assert cvar(draws, level) == pytest.approx(direct, rel=1e-12)


def test_switched_off_rules_are_not_checked():
    rule = r.NeverShare(kind="never_share", name="x", services=("hr",), active=False)
    assert broken(rule, "hr|bol+che") == []


def test_a_broken_bundle_is_not_saved_by_another_source():
    """Values come from the candidates handed in, so changed candidates change the verdict."""
    held = portfolio("hr|bol+che")
    rule = r.BreakEven(kind="break_even", name="x", councils=("bol",))
    worse = replace(CASE.candidates, partner_npv_gbp=CASE.candidates.partner_npv_gbp - 1e7)
    assert not recheck(replace(held, candidates=worse), [rule])[-1].holds
