"""The rows of every rule family as LP text, one file a kind; a rule kind without a file fails.

Write the files anew with ``SHARESIM_WRITE_GOLDEN=1``, and read the difference before it is committed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import get_args

import pytest

from sharesim.choice.formulation import build
from sharesim.choice.lptext import lp_text
from sharesim.choice.rows import STRUCTURE
from sharesim.study import rules as r
from sharesim.testing import CaseSize, synthetic

FOLDER = Path(__file__).parent
SIZE = CaseSize(n_councils=3, n_services=2, n_draws=3, n_years=2, hosts=False, staged=True, n_activations=2)
GROUPS = {"red": ("bol", "che"), "blue": ("ned",)}
RULES = {
    "must_share": r.MustShare(kind="must_share", name="rule", services=("hr",)),
    "never_share": r.NeverShare(kind="never_share", name="rule", services=("hr",), councils=("ned",)),
    "force_partners": r.ForcePartners(kind="force_partners", name="rule", councils=("bol", "ned"), services=("hr",)),
    "forbid_partners": r.ForbidPartners(kind="forbid_partners", name="rule", councils=("bol", "ned")),
    "link_partners": r.LinkPartners(kind="link_partners", name="rule", councils=("bol", "ned"), services=("hr",)),
    "link_services": r.LinkServices(
        kind="link_services", name="rule", services=("hr", "payroll"), councils=("bol",), same_partners=True
    ),
    "forbid_form": r.ForbidForm(kind="forbid_form", name="rule", forms=("private_partner",)),
    "budget": r.Budget(kind="budget", name="rule", limit_gbp=250_000, years=(2027,)),
    "budget_percentile": r.Budget(kind="budget", name="rule", limit_gbp=250_000, council="bol", percentile=50),
    "officer_days": r.OfficerDays(kind="officer_days", name="rule", limit_days=120, council="che"),
    "exits": r.Exits(kind="exits", name="rule", limit_posts=3, exit_kind="all"),
    "redeployments": r.Redeployments(kind="redeployments", name="rule", limit_posts=2, council="ned", years=(2028,)),
    "most_partners": r.MostPartners(kind="most_partners", name="rule", limit=1, councils=("bol",)),
    "most_hosted": r.MostHosted(kind="most_hosted", name="rule", limit=1),
    "least_hosted": r.LeastHosted(kind="least_hosted", name="rule", limit=1, councils=("bol",)),
    "control_groups": r.ControlGroups(kind="control_groups", name="rule", groups=GROUPS),
    "smallest_share": r.SmallestShare(kind="smallest_share", name="rule", share=0.1, councils=("ned",)),
    "break_even": r.BreakEven(kind="break_even", name="rule"),
    "break_even_cvar": r.BreakEven(kind="break_even", name="rule", councils=("bol",), measure="cvar", level=0.5),
    "break_even_probability": r.BreakEven(
        kind="break_even", name="rule", councils=("bol",), measure="probability", probability=0.6
    ),
    "cvar_floor": r.CvarFloor(kind="cvar_floor", name="rule", floor_gbp=10_000, level=0.5),
    "loss_probability": r.LossProbability(kind="loss_probability", name="rule", most=0.4),
    "target": r.Target(kind="target", name="rule", target_gbp=100_000, probability=0.6),
    "risk_points": r.RiskPoints(kind="risk_points", name="rule", limit_points=6),
}
OBJECTIVES = {
    "objective_mean": r.Objective(kind="mean"),
    "objective_mean_cvar": r.Objective(kind="mean_cvar", risk_weight=0.4, level=0.5),
    "objective_weights": r.Objective(kind="weights", non_cashable_weight=0.5, quality_weight_gbp=1e5),
}


def text_of(name: str) -> str:
    """Rows of the rule alone for rules; the whole program for objectives, where the structure is shown once."""
    case = synthetic(20, SIZE)
    if name in OBJECTIVES:
        return lp_text(build(case.candidates, [], OBJECTIVES[name], case.source))
    program = build(case.candidates, [RULES[name]], r.Objective(kind="mean"), case.source)
    return lp_text(program.without([STRUCTURE]))


@pytest.mark.parametrize("name", [*RULES, *OBJECTIVES])
def test_rows_are_as_they_were(name):
    path, found = FOLDER / f"{name}.lp", text_of(name)
    if os.environ.get("SHARESIM_WRITE_GOLDEN"):
        path.write_text(found, encoding="utf-8")
    assert path.exists(), f"{path.name} is missing; write it with SHARESIM_WRITE_GOLDEN=1 and read it"
    assert found == path.read_text(encoding="utf-8")


def test_every_rule_kind_has_its_text():
    union = get_args(get_args(r.Rule)[0])
    kinds = {get_args(model.model_fields["kind"].annotation)[0] for model in union}
    shown = {rule.kind for rule in RULES.values()}
    assert kinds == shown, f"rule kinds without a golden text: {sorted(kinds - shown)}"


def test_every_kind_of_objective_has_its_text():
    kinds = set(get_args(r.Objective.model_fields["kind"].annotation)) - {"lexicographic"}
    assert kinds == {item.kind for item in OBJECTIVES.values()}, "lexicographic targets are those of the others in turn"


def test_no_file_is_left_behind():
    assert {path.stem for path in FOLDER.glob("*.lp")} == {*RULES, *OBJECTIVES}


def test_solvers_read_the_text_as_the_same_program(tmp_path):
    """The text is not only for people: HiGHS reads it back and finds the same best value."""
    highspy = pytest.importorskip("highspy")
    from sharesim.choice.solver import SolverOptions, solve

    case = synthetic(20, SIZE)
    program = build(case.candidates, list(RULES.values())[-1:], OBJECTIVES["objective_mean_cvar"], case.source)
    path = tmp_path / "program.lp"
    path.write_text(lp_text(program), encoding="utf-8")
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.readModel(str(path))
    model.run()
    expected = solve(program, SolverOptions(solver="highs", gap=0.0)).objective
    assert model.getInfo().objective_function_value == pytest.approx(expected, rel=1e-6)
