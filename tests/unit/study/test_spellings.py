"""Headings and years are understood however people write them, where only one thing can be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharesim.errors import StudyError
from sharesim.study.load import load
from tests.messages.study_cases import FILES


@pytest.fixture
def study(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def change(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize("heading", ["COUNCIL,Service,COST_GBP,workload,Posts FTE", "council,service,Cost GBP,WORKLOAD,posts-fte"])
def test_headings_may_stand_in_capitals(study: Path, heading: str) -> None:
    before = load(study).content_hash
    change(study, "baseline.csv", "council,service,cost_gbp,workload,posts_fte", heading)
    assert load(study).content_hash == before


def test_a_heading_that_stands_twice_in_two_spellings_is_told(study: Path) -> None:
    change(study, "baseline.csv", "council,service,cost_gbp,workload", "council,service,cost_gbp,COST_GBP")
    with pytest.raises(StudyError, match="column cost_gbp stands twice"):
        load(study)


@pytest.mark.parametrize("written", ["2025/26", "2025-2026", "2025/2026", "FY2025/26", "2025 \u2013 26"])
def test_a_financial_year_is_understood_however_it_is_written(study: Path, written: str) -> None:
    change(study, "study.toml", '"2025-26"', f'"{written}"')
    assert load(study).model.study.price_base == "2025-26"


def test_a_law_of_one_point_gives_the_study_of_its_figure(study: Path) -> None:
    change(study, "services.csv", '"pert(20000, 40000, 120000)"', "5000")
    before = load(study)
    change(study, "services.csv", ",5000,", ',"pert(5000, 5000, 5000)",')
    after = load(study)
    assert after.content_hash == before.content_hash and len(after.drivers) == len(before.drivers)


def test_headings_of_a_workbook_may_stand_in_capitals(study: Path) -> None:
    import openpyxl

    before = load(study).content_hash
    book = openpyxl.Workbook()
    book.active.title = "baseline"
    for at, line in enumerate(FILES["baseline.csv"].splitlines()):
        book.active.append([cell.upper() if at == 0 else cell or None for cell in line.split(",")])
    book.save(study / "book.xlsx")
    assert load(study, assignments=[("tables.baseline", "book.xlsx")]).content_hash == before
