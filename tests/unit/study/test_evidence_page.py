"""docs/evidence.md names every quantity of the evidence and every column that the back-test reads."""

from __future__ import annotations

from pathlib import Path

from sharesim.study.priors import PRIORS
from sharesim.study.priors_evidence import CASES, EVIDENCE
from sharesim.workflow.backtest.table import COLUMNS

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "evidence.md").read_text(encoding="utf-8")


def test_every_quantity_and_column_is_explained() -> None:
    for name in EVIDENCE:
        assert f"| `{name}` |" in PAGE
    unused = {"exit_or_change", "source", "source_kind"}
    for column in set(COLUMNS) - unused:
        assert f"`{column}`" in PAGE, column


def test_the_defaults_named_there_are_the_packages() -> None:
    stated = {
        "services.realisation_share": ("pert(0.1, 0.75, 1.1)", "pert(0.1, 0.75, 1.1)"),
        "services.delay_months": ("pert(0, 4, 18)", "pert(0, 4, 18) months"),
        "services.ramp_years": ("triangular(0.5, 1.5, 3)", "triangular(0.5, 1.5, 3) years"),
        "services.cost_increase_share": ("pert(0, 0.01, 0.06)", "pert(0, 1%, 6%) of own cost"),
        "exit.hazard_per_year": ("pert(0.02, 0.05, 0.1)", "pert(2%, 5%, 10%) a year"),
        "exit.before_start_hazard_per_year": ("pert(0.02, 0.08, 0.2)", "pert(2%, 8%, 20%) a year"),
    }
    for path, (law, words) in stated.items():
        assert PRIORS[path].value.text() == law
        assert f"| {words} |" in PAGE


def test_every_case_of_the_evidence_can_be_recognised() -> None:
    for case in CASES.values():
        assert case.words and case.endings <= max(case.years, 1)
