"""The report as a workbook: the run's figures as numbers, totals as formulas that hold, hostile names as text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pytest

from sharesim.report.contents import Contents
from sharesim.report.material import Material
from sharesim.report.walk import walk
from sharesim.report.workbook import NAMES, STATUS, write_workbook
from sharesim.report.workbook_cash import ALL, COUNCILS, LINES, lines_of
from tests.unit.report.hostile import LINK, ODD_NAMES, hostile


@pytest.fixture(scope="module")
def file(trio_material: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbook of the trio."""
    return write_workbook(trio_material, tmp_path_factory.mktemp("workbook") / "workbook.xlsx")


@pytest.fixture(scope="module")
def values(file: Path) -> openpyxl.Workbook:
    """It as a reader sees it that does not calculate."""
    return openpyxl.load_workbook(file, data_only=True)


@pytest.fixture(scope="module")
def formulas(file: Path) -> openpyxl.Workbook:
    """It with the formulas themselves."""
    return openpyxl.load_workbook(file)


def column(page: object, text: str) -> int:
    """The column, from 1, whose title begins with a text."""
    for row in page.iter_rows():  # type: ignore[attr-defined]
        for cell in row:
            if isinstance(cell.value, str) and cell.value.startswith(text):
                return cell.column
    raise AssertionError(text)


def test_every_section_of_the_page_has_its_sheet(values: openpyxl.Workbook, trio_material: Material) -> None:
    walked = walk(trio_material)
    assert {section.name for section in walked.sections} <= set(NAMES)
    wanted = [NAMES[section.name] for section in walked.sections]
    assert values.sheetnames == ["Summary", *wanted, ALL, COUNCILS, LINES, "Assumptions log", "Charts"]


def test_every_figure_of_every_table_is_a_number(values: openpyxl.Workbook, trio_material: Material) -> None:
    n_checked = 0
    for section in walk(trio_material).sections:
        page = values[NAMES[section.name]]
        numbers = {cell.value for row in page.iter_rows() for cell in row if isinstance(cell.value, (int, float))}
        for table in section.tables:
            for cell in (cell for row in [*table.rows, table.total] for cell in row):
                if cell.column.is_number and cell.value and np.isfinite(float(cell.value)):
                    assert float(cell.value) in numbers, (section.name, table.name, cell.column.key)
                    n_checked += 1
    assert n_checked > 400


def test_the_summary_starts_from_the_cash(
    values: openpyxl.Workbook, formulas: openpyxl.Workbook, trio: Contents
) -> None:
    cell = next(row[1] for row in formulas["Summary"].iter_rows() if row[0].value and "Value over" in str(row[0].value))
    assert cell.value.startswith(f"='{ALL}'!")
    there = cell.value.split("!")[1].replace("$", "")
    assert values["Summary"][cell.coordinate].value == pytest.approx(trio.figures["npv_mean_gbp"], rel=1e-12)
    assert values[ALL][there].value == pytest.approx(trio.figures["npv_mean_gbp"], rel=1e-12)


def test_every_total_of_cash_is_a_formula(formulas: openpyxl.Workbook, trio: Contents) -> None:
    n_years = trio.study.n_years
    for sheet in (ALL, COUNCILS):
        inside = [
            row[3 : 3 + n_years + 2]
            for row in formulas[sheet].iter_rows(min_row=6)
            if row[1].value or "total" in str(row[0].value)
        ]
        cells = [cell for row in inside for cell in row if cell.value is not None]
        assert len(cells) > 50
        assert all(str(cell.value).startswith("=") for cell in cells if cell.row > 7)
    lines = formulas[LINES]
    assert all(str(row[3 + n_years].value).startswith("=SUM(") for row in lines.iter_rows(min_row=10) if row[0].value)


def test_what_formulas_keep_is_what_they_say(
    values: openpyxl.Workbook, trio_material: Material, trio: Contents
) -> None:
    account = trio.account
    assert account is not None
    net = account.net.mean(axis=-1)
    page = values[COUNCILS]
    totals = {row[0].value: [cell.value for cell in row] for row in page.iter_rows() if "total" in str(row[0].value)}
    for at, name in enumerate(trio.study.councils.names):
        row = totals[f"{name}: total"]
        assert row[3 : 3 + trio.study.n_years] == pytest.approx(net[at], abs=1e-6)
        assert row[3 + trio.study.n_years + 1] == pytest.approx(trio.council_npv[at].mean(), abs=1e-6)  # type: ignore[index]
    found = sum(float((line.gbp * trio.study.discount()).sum()) for line in lines_of(trio_material))
    assert found == pytest.approx(trio.npv.mean(), rel=1e-12)


def test_the_log_has_every_input(values: openpyxl.Workbook, trio_material: Material) -> None:
    page, frame = values["Assumptions log"], trio_material.tables["drivers"]
    head = next(row for row in page.iter_rows() if row[0].value == "Input")
    titles = [str(cell.value) for cell in head if cell.value]
    assert titles[2] == "Distribution" and titles[-5:] == ["Source", "Owner", "Status", "Date", "Note"]
    rows = [[cell.value for cell in row] for row in page.iter_rows(min_row=head[0].row + 1)]
    assert [row[1] for row in rows] == list(frame.driver)
    assert {row[titles.index("Status")] for row in rows} <= {*STATUS.values(), *frame.status.astype(str)} | {None}
    assert all(row[2] for row in rows)


def test_charts_are_native(file: Path, formulas: openpyxl.Workbook) -> None:
    import zipfile

    with zipfile.ZipFile(file) as packed:
        charts = [name for name in packed.namelist() if name.startswith("xl/charts/chart")]
        drawn = [packed.read(name).decode() for name in charts]
    assert len(charts) == 5
    assert all("'Charts'!" in text or "Charts!" in text or "Worth!" in text for text in drawn)
    assert "Charts" in formulas.sheetnames


def test_hostile_names_end_as_text(tmp_path: Path) -> None:
    made = write_workbook(hostile(), tmp_path / "hostile.xlsx")
    book = openpyxl.load_workbook(made)
    cells = [cell for page in book for row in page.iter_rows() for cell in row]
    ours = ("=SUM(", "=SUMIF(", "=SUMPRODUCT(", "=ROUND(", f"='{ALL}'!")
    strange = [
        cell.value for cell in cells
        if cell.data_type == "f" and not str(cell.value).startswith(ours)
        and cell.parent.title not in (LINES, COUNCILS, ALL)
    ]  # fmt: skip
    assert strange == []
    texts = [cell.value for cell in cells if cell.data_type == "s"]
    assert all(name in texts for name in (*ODD_NAMES, LINK))
    outside = [cell.hyperlink.target for cell in cells if cell.hyperlink and cell.hyperlink.target]
    assert outside == []


@pytest.mark.parametrize("kind", ["nothing", "infeasible"])
def test_without_a_portfolio_there_is_a_workbook_too(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    file = write_workbook(Material(request.getfixturevalue(kind)), tmp_path / "none.xlsx")
    book = openpyxl.load_workbook(file)
    assert "Rules" in book.sheetnames and LINES not in book.sheetnames
    assert "Assumptions log" in book.sheetnames


def test_the_same_contents_give_the_same_bytes(trio_material: Material, file: Path, tmp_path: Path) -> None:
    again = write_workbook(trio_material, tmp_path / "again.xlsx")
    assert again.read_bytes() == file.read_bytes()
