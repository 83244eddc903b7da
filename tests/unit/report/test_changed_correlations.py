"""Correlations that cannot all hold are told wherever results are read, from what to what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

import sharesim
from sharesim.examples import from_dict
from sharesim.report.decision import text_of
from sharesim.report.markdown import write_markdown
from sharesim.report.material import Material
from sharesim.report.sections import page
from sharesim.report.workbook import write_workbook
from sharesim.study.study import Study
from sharesim.workflow.check import check
from sharesim.workflow.contents import contents_of
from sharesim.workflow.doors import appraise, choose, judge
from tests.unit.certain import certain_raw

PAIRS = (("team", "systems"), ("systems", "joining"), ("team", "joining"))


def study(*ranks: float) -> Study:
    raw = certain_raw()
    raw["services"][0] |= {name: f"driver({of})" for name, of in zip(
        ("team_gbp", "ict_gbp", "joining_gbp"), ("team", "systems", "joining"), strict=True
    )}  # fmt: skip
    raw["drivers"] = [{"name": name, "value": "pert(1000, 2000, 6000)"} for name in ("team", "systems", "joining")]
    rules = [{"drivers": list(pair), "rank": rank} for pair, rank in zip(PAIRS, ranks, strict=True)]
    raw["dependence"] = {"correlations": rules}
    return from_dict(raw)


def material(of: Study) -> tuple[Any, Material]:
    judged = judge(choose(appraise(of, draws=1024, seed=1)), draws=1024)
    return judged, Material(contents_of(judged, {}))


@pytest.fixture(scope="module")
def impossible() -> tuple[Any, Material]:
    return material(study(0.9, 0.9, -0.9))


def test_check_and_summary_say_which_correlations_were_changed(impossible: tuple[Any, Material]) -> None:
    said = "  systems with team: 0.90 asked for, 0.48 used"
    for text in (check(impossible[0].study), impossible[0].summary(), impossible[0].portfolio.summary()):
        lines = text.splitlines()
        assert "Warning: the rank correlations asked for cannot all hold; the nearest possible are used:" in lines
        assert said in lines and "  joining with team: -0.90 asked for, -0.48 used" in lines


def test_a_large_change_is_a_warning_on_page_one(impossible: tuple[Any, Material], tmp_path: Path) -> None:
    first = text_of(page(impossible[1])["sentences"][0])
    assert first.startswith("Warning: correlations that the study asks for cannot all hold and were changed: ")
    assert "systems with team from 0.90 to 0.48" in first
    book = load_workbook(write_workbook(impossible[1], tmp_path / "report.xlsx"))
    cells = [str(cell.value) for row in book["Summary"].iter_rows() for cell in row]
    assert first in cells
    cells = [cell.value for row in book["Assumed"].iter_rows() for cell in row]
    assert "Correlations that were changed" in cells
    text = write_markdown(impossible[1], tmp_path / "report.md").read_text(encoding="utf-8")
    assert first in text and "Correlations that were changed" in text


def test_a_small_change_is_in_the_table_and_no_warning() -> None:
    judged, found = material(study(0.78, 0.78, 0.15))
    changes = judged.outcomes.plan.changes
    assert changes and max(change.size for change in changes) < 0.1
    parts = page(found)
    assert "Warning" not in text_of(parts["sentences"][0])
    assert parts["inputs"]["correlations"] is not None
    assert "Note: the rank correlations asked for" in judged.summary()


def test_correlations_that_hold_are_not_mentioned() -> None:
    judged, found = material(study(0.5, 0.5, 0.3))
    assert "correlations" not in judged.summary() and page(found)["inputs"]["correlations"] is None


def test_a_plain_sample_says_what_was_changed() -> None:
    asked = {pair: rank for pair, rank in zip(PAIRS, (0.9, 0.9, -0.9), strict=True)}
    drawn = sharesim.sample({name: "normal(0, 1)" for pair in PAIRS for name in pair}, correlation=asked, draws=1024, seed=1)
    assert [round(pair.used, 2) for pair in drawn.changes] == [0.48, -0.48, 0.48]
    assert "joining with systems: asked 0.9000, used 0.48" in repr(drawn)
