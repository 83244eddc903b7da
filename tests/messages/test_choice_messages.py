"""Every message of the choice that a user can meet, read in full."""

from __future__ import annotations

import pytest

from sharesim.choice.choose import ChoiceOptions, choose
from sharesim.choice.formulation import build, contradictions
from sharesim.choice.frontier import frontier
from sharesim.choice.solution import Check, Status
from sharesim.choice.stability import stability
from sharesim.errors import StudyError, UsageError
from sharesim.study import rules as r
from sharesim.testing import small_case

CASE = small_case()


def test_all_bad_names_come_at_once_with_the_nearest_good_one():
    rules = [
        r.MustShare(kind="must_share", name="a", services=("payrol",), councils=("boll", "che")),
        r.ForbidForm(kind="forbid_form", name="b", forms=("private",)),
        r.Budget(kind="budget", name="c", limit_gbp=1, council="nedd", years=(2020,)),
        r.RiskPoints(kind="risk_points", name="c", limit_points=1, owner="chesterfield"),
        r.ControlGroups(kind="control_groups", name="d", groups={"red": ("bol",), "blue": ("bol", "nott")}),
    ]
    with pytest.raises(StudyError) as caught:
        build(CASE.candidates, rules, r.Objective(kind="mean"), CASE.source)
    assert str(caught.value).splitlines() == [
        "rule 'a', field councils: unknown council: got 'boll'; allowed bol, che, ned. Did you mean 'bol'?",
        "rule 'a', field services: unknown service: got 'payrol'; allowed hr, payroll. Did you mean 'payroll'?",
        "rule 'b', field forms: unknown form: got 'private'; allowed lead_authority, joint_committee, private_partner, "
        "internal. Did you mean 'private_partner'?",
        "rule 'c', field council: unknown council: got 'nedd'; allowed bol, che, ned. Did you mean 'ned'?",
        "rule 'c', field years: outside the study's years: got 2020; allowed 2027 to 2028. Name another year.",
        "rule 'c': two rules have this name. Give every rule a name of its own.",
        "rule 'c', field owner: unknown council: got 'chesterfield'; allowed bol, che, ned. "
        "Use one of the names given, or add the council to its table.",
        "rule 'd': a council can be in one group only: got 'bol' in 'red' and 'blue'. Take it out of one of them.",
        "rule 'd', group blue: unknown council: got 'nott'; allowed bol, che, ned. "
        "Use one of the names given, or add the council to its table.",
    ]


def test_contradictions_name_the_rules_in_the_way():
    rules = [
        r.ForcePartners(kind="force_partners", name="us two", councils=("bol", "ned"), services=("hr",)),
        r.ForbidPartners(kind="forbid_partners", name="not them", councils=("bol", "ned")),
        r.MustShare(kind="must_share", name="share pay", services=("payroll",), councils=("che",)),
        r.NeverShare(kind="never_share", name="keep pay", services=("payroll",)),
        r.LeastHosted(kind="least_hosted", name="host two", limit=2, councils=("bol",)),
        r.MostHosted(kind="most_hosted", name="host one", limit=1),
    ]
    assert [str(fault) for fault in contradictions(rules, CASE.candidates)] == [
        "rule 'us two' (hr): cannot hold together with 'not them'. "
        "Drop one of these rules, or narrow its councils or services.",
        "rule 'share pay' (che|payroll): cannot hold together with 'keep pay'. "
        "Drop one of these rules, or narrow its councils or services.",
        "rule 'host two' (bol): cannot hold together with 'not them', 'keep pay'. "
        "Drop one of these rules, or narrow its councils or services.",
        "rule 'host two' (bol): asks for 2 hosted, and 'host one' allows 1. Raise the one or lower the other.",
    ]
    found = choose(CASE.candidates, CASE.source, rules)
    assert found.status is Status.INFEASIBLE
    assert len(found.notes) == 4


def test_what_no_candidate_can_satisfy_is_said():
    rule = r.LeastHosted(kind="least_hosted", name="hosts", limit=1, councils=("ned",))
    assert [str(fault) for fault in contradictions([rule], CASE.candidates)] == [
        "rule 'hosts' (ned): too few candidate bundles could ever satisfy it. "
        "Add candidates that would satisfy it, or drop the rule."
    ]


def test_rules_on_draws_without_draws():
    rules = [r.CvarFloor(kind="cvar_floor", name="floor", floor_gbp=0)]
    with pytest.raises(StudyError) as caught:
        build(CASE.candidates, rules, r.Objective(kind="mean_cvar", risk_weight=0.5), None)
    assert str(caught.value).splitlines() == [
        "rule 'floor': needs draws and there are none. Pass a source of draws, or judge it on the mean.",
        "objective: needs draws and there are none. Pass a source of draws, or judge it on the mean.",
    ]


def test_options_and_arguments():
    with pytest.raises(UsageError) as caught:
        choose(CASE.candidates, CASE.source, options=ChoiceOptions(solver="gurobi"))
    assert str(caught.value) == (
        "solver: unknown solver: got 'gurobi'; allowed auto, cbc, highs. Leave it at auto if in doubt."
    )
    with pytest.raises(UsageError) as caught:
        frontier(CASE.candidates, CASE.source, [], against="speed")
    assert str(caught.value) == (
        "frontier.against: unknown measure: got 'speed'; allowed cvar, loss_probability, exits, non_cashable. "
        "Use one of these."
    )
    with pytest.raises(UsageError) as caught:
        stability([], [], [])
    assert str(caught.value) == (
        "stability.sets: too few sets for an interval: got 0; allowed 20 or more. Make more sets of draws."
    )


def test_a_check_reads_as_a_line():
    kept = Check("cap", "bol", "bol 2027", "<=", 90_000.0, 100_000.0, "GBP")
    assert str(kept) == "cap (bol 2027): 90,000 <= 100,000 GBP: holds"
    broken = Check("cap", "bol", "", ">=", 1.0, 2.0)
    assert str(broken) == "cap: 1 >= 2: BROKEN"


def test_the_summary_says_status_value_bound_and_binding_rules():
    rule = r.RiskPoints(kind="risk_points", name="calm", limit_points=3)
    lines = choose(CASE.candidates, CASE.source, [rule]).summary().splitlines()
    assert lines[0].startswith("status: optimal (stopped by gap, PuLP ")
    assert "no portfolio is worth more than £" in lines[1]
    assert lines[2].startswith("gap: 0.0000%; bundles: ")
    assert lines[3] == "binding rules: calm"


def test_notes_say_how_chance_rules_were_held():
    rule = r.LossProbability(kind="loss_probability", name="safe", most=0.4)
    rows = choose(CASE.candidates, CASE.source, [rule]).notes
    assert rows == ("chance rules are held exactly, with one binary a draw",)
    options = ChoiceOptions(full_draws=0, chance="cvar")
    tight = r.LossProbability(kind="loss_probability", name="safe", most=0.05)
    found = choose(CASE.candidates, CASE.source, [tight], options=options)
    assert found.status in (Status.RESTRICTED, Status.OPTIMAL, Status.UNPROVEN)
    if found.status is Status.RESTRICTED:
        assert found.notes[-1].startswith("chance rules are replaced by stricter ones on CVaR")
        assert found.bound_gbp >= found.value_gbp
