"""A study as a workbook: the worked cases come back whole, and the template is what a colleague can fill in."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from sharesim.study.convert import convert, write_study
from sharesim.study.excel_layout import HOMES, LISTS, SECTIONS, SHEETS, columns_of
from sharesim.study.excel_template import EXAMPLE, template
from sharesim.study.load import build, load, read_raw
from sharesim.study.schema import ROWS, StudyModel

CONFIGS = Path(__file__).resolve().parents[3] / "configs"
#: The tables of others are built from returns and are not kept.
CASES = sorted(path.parent.name for path in CONFIGS.glob("*/study.toml") if (path.parent / "baseline.csv").exists())
YELLOW = "FFFFF9D6"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A template with example figures."""
    folder = tmp_path_factory.mktemp("template")
    return template(
        folder, councils=["Eastham", "West & Ham", "=1+1"], services=["HR", "Legal"], today=date(2026, 11, 22)
    )


@pytest.mark.parametrize("name", CASES)
def test_a_worked_case_comes_back_whole(name: str, tmp_path: Path) -> None:
    raw, places = read_raw(CONFIGS / name)
    study = build(raw, places)
    book = convert(CONFIGS / name, tmp_path / "case.xlsx")
    folder = convert(book, tmp_path / "case")
    for out in (book, folder):
        read, there = read_raw(out)
        again = build(read, there)
        assert again.content_hash == study.content_hash
        assert again.assumptions == study.assumptions
        assert again.conventions == study.conventions
        assert again.drivers == study.drivers
        for scenario in raw.get("scenarios", {}):
            wanted = build(raw, places, scenario=scenario).content_hash
            assert build(read, there, scenario=scenario).content_hash == wanted


def test_what_was_changed_is_part_of_what_is_written(tmp_path: Path) -> None:
    study = load(CONFIGS / "chesterfield-2007", scenario="all_accounts", assignments=["study.horizon_years=7"])
    book = write_study(study, tmp_path / "seven.xlsx")
    assert load(book).content_hash == study.content_hash
    assert load(book).n_years == 7
    folder = write_study(study, tmp_path / "seven")
    assert load(folder).content_hash == study.content_hash


def test_every_part_of_a_study_has_a_place() -> None:
    parts = {*ROWS, *LISTS, *SECTIONS, "defaults", "scenarios", "tables"}
    assert parts == set(StudyModel.model_fields)
    assert set(HOMES) == {*ROWS, *LISTS, "correlations"}
    assert all(columns_of(sheet) for sheet in SHEETS if sheet != "settings")


def test_a_number_keeps_every_digit(tmp_path: Path) -> None:
    study = load(CONFIGS / "chesterfield-2007", assignments=[f"rules.first-year money.limit_gbp={0.1 + 0.2}"])
    again = load(write_study(study, tmp_path / "digits.xlsx"))
    limit = next(rule.limit_gbp for rule in again.model.rules if rule.name == "first-year money")
    assert limit == 0.1 + 0.2 != 0.3


# -- the template -----------------------------------------------------------------------------------------------------


def test_the_template_is_a_sound_study(filled: Path) -> None:
    study = load(filled)
    assert study.councils.names == ("=1+1", "Eastham", "West & Ham")
    assert study.councils.ids == ("1-1", "eastham", "west-ham")
    assert study.model.study.start == date(2027, 4, 1)
    assert study.model.study.price_base == "2027-28"
    assert study.model.study.title.endswith("(example figures)")
    assert {row.source for row in study.model.baseline} == {EXAMPLE}


def test_the_template_says_what_to_do_and_where(filled: Path) -> None:
    book = openpyxl.load_workbook(filled)
    assert book.sheetnames[:2] == ["Instructions", "settings"]
    said = "\n".join(str(cell.value) for row in book["Instructions"].iter_rows() for cell in row if cell.value)
    assert "sharesim run my-study.xlsx" in said and "Yellow cells are yours" in said
    page = book["baseline"]
    heads = {cell.value: cell for cell in page[4] if cell.value}
    assert page.cell(2, heads["cost_gbp"].column).value == "Cost *"
    assert page.cell(3, heads["cost_gbp"].column).value == "GBP per year"
    assert "Yearly cost at the price base" in heads["cost_gbp"].comment.text
    assert "Needed in every row" in heads["cost_gbp"].comment.text
    assert page.cell(5, heads["cost_gbp"].column).fill.start_color.rgb == YELLOW
    assert page.cell(16, heads["cost_gbp"].column).fill.start_color.rgb == YELLOW
    folded = [item for item in book["services"].column_dimensions.values() if item.hidden]
    keys = {cell.value: cell.column for cell in book["services"][4] if cell.value}
    assert any(item.min <= keys["gain_by"] <= item.max for item in folded)
    assert not any(item.min <= keys["elasticity"] <= item.max for item in folded)


def test_the_template_offers_what_may_stand(filled: Path) -> None:
    book = openpyxl.load_workbook(filled)

    def offered(sheet: str, cell: str) -> list[str]:
        return [
            rule.formula1
            for rule in book[sheet].data_validations.dataValidation
            if cell in rule.sqref and rule.type == "list"
        ]

    assert offered("baseline", "A5") == ["councils!$A$5:$A$19"]
    assert offered("baseline", "B5") == ["services!$A$5:$A$18"]
    assert offered("councils", "C5") and "district,county" in offered("councils", "C5")[0]
    assert offered("councils", "F5") == ['"TRUE,FALSE"']
    row = next(row[0].row for row in book["settings"].iter_rows(min_row=5) if row[1].value == "method")
    assert offered("settings", f"C{row}") == ['"monte_carlo,latin_hypercube,sobol"']


def test_a_name_that_looks_like_a_formula_is_text(filled: Path) -> None:
    book = openpyxl.load_workbook(filled)
    assert [cell for page in book for row in page.iter_rows() for cell in row if cell.data_type == "f"] == []
    assert "=1+1" in [cell.value for cell in book["councils"]["B"]]


def test_a_blank_template_asks_for_what_is_missing(tmp_path: Path) -> None:
    from sharesim.errors import StudyError

    file = template(tmp_path / "blank.xlsx", councils=["A", "B"], services=["HR"], blank=True)
    with pytest.raises(StudyError) as caught:
        load(file)
    assert [fault.where for fault in caught.value.faults] == [
        "blank.xlsx, sheet baseline, row 5 (a/hr), column C (cost_gbp)",
        "blank.xlsx, sheet baseline, row 6 (b/hr), column C (cost_gbp)",
    ]
    book = openpyxl.load_workbook(file)
    book["baseline"]["C5"], book["baseline"]["C6"] = 100_000, "pert(80000, 90000, 120000)"
    book.save(file)
    assert load(file).present.all()


def test_sheets_and_cells_of_ones_own_are_left_alone(filled: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.xlsx"
    shutil.copy(filled, file)
    book = openpyxl.load_workbook(file)
    book.create_sheet("Workings")["A1"] = "=SUM(B1:B9)"
    book["Workings"].merge_cells("C1:D4")
    page = book["baseline"]
    page["C5"] = 100_000.5
    page.title = "aside"
    page.title = "BASELINE "
    book.save(file)
    costs = {(row.council, row.service): row.cost_gbp.value for row in load(file).model.baseline}
    assert costs["eastham", "hr"] == 100_000.5


def test_two_names_with_one_id_get_two(tmp_path: Path) -> None:
    file = template(tmp_path, councils=["St. Ives", "St Ives!", "東京"], services=["HR"])
    assert load(file).councils.ids == ("council", "st-ives", "st-ives-2")


def test_the_template_is_written_the_same_every_time(tmp_path: Path) -> None:
    files = [
        template(tmp_path / name / "x.xlsx", councils=["A", "B"], services=["HR"], today=date(2026, 1, 1))
        for name in "ab"
    ]
    books = [openpyxl.load_workbook(file) for file in files]
    values = [[[cell.value for cell in row] for page in book for row in page.iter_rows()] for book in books]
    assert values[0] == values[1]
