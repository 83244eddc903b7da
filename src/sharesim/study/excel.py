"""A sheet of a workbook as lines of text cells, so that a workbook and a CSV file are judged alike."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from sharesim.errors import Fault, StudyError
from sharesim.study.files import MOST_TABLE_BYTES, read_bytes
from sharesim.study.labels import unknown_name
from sharesim.study.sheets import Sheet, Workbook

ENDINGS = frozenset({".xlsx", ".xlsm"})
MOST_MERGED_SHOWN, MOST_UNSAVED_SHOWN = 3, 20


def workbook_cells(file: Path, name: str, wanted: Callable[[str], bool]) -> dict[str, list[tuple[Any, ...]] | None]:
    """Return the cells of the sheets wanted: text, numbers, dates, None for empty ones; None for every other sheet.

    Raises
    ------
    StudyError
        When it cannot be read, or holds merged cells or formulas whose results were never stored.
    """
    book = _opened(file, name)
    found = {sheet: _read(book, sheet) if wanted(sheet) else None for sheet in book.sheet_names}
    _refuse({in_sheet(name, sheet): cells for sheet, cells in found.items() if cells is not None})
    return {sheet: None if cells is None else cells.lines for sheet, cells in found.items()}


def in_sheet(name: str, sheet: str) -> str:
    """Return how messages call a sheet of a workbook."""
    return f"{name}, sheet {sheet}"


def excel_lines(file: Path, name: str, sheet: str) -> list[list[str]]:
    """Return the cells of a sheet as text, row by row.

    Raises
    ------
    StudyError
        When it cannot be read, has no such sheet, merged cells, or formulas whose results were never stored.
    """
    book = _opened(file, name)
    if sheet not in book.sheet_names:
        raise StudyError(unknown_name(name, "sheet", sheet, book.sheet_names))
    found = _read(book, sheet)
    _refuse({f"{name}#{sheet}": found})
    return [[text_of_cell(cell) for cell in line] for line in found.lines]


def _opened(file: Path, name: str) -> Workbook:
    data = read_bytes(file, name, MOST_TABLE_BYTES)
    return _guarded(name, lambda: Workbook(data, name))


def _read(book: Workbook, sheet: str) -> Sheet:
    return _guarded(book.name, lambda: book.sheet(sheet))


def _guarded(name: str, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except StudyError:
        raise
    except Exception as error:  # a damaged workbook can break its reader anywhere
        is_other = isinstance(error, (zipfile.BadZipFile, KeyError))
        what = "something else under that name" if is_other else "a damaged workbook"
        remedy = "Open it and save it again as .xlsx."
        raise StudyError(Fault(name, "not a workbook that can be read", what, "", remedy)) from None


def _refuse(sheets: Mapping[str, Sheet]) -> None:
    """Refuse merged cells, and formulas whose results were never stored, on any of some sheets, by how messages call them."""
    faults = []
    for where, sheet in sheets.items():
        if merged := sorted(sheet.merged):
            more = f" and {len(merged) - MOST_MERGED_SHOWN} more" if len(merged) > MOST_MERGED_SHOWN else ""
            got, allowed = ", ".join(merged[:MOST_MERGED_SHOWN]) + more, "one value in each cell"
            faults.append(Fault(where, "merged cells", got, allowed, "Unmerge them and fill every cell."))
    faults = faults or [
        Fault(
            f"{where}, row {row}", "a formula whose result was never stored", written[:60], "a value",
            "Open the workbook in Excel or LibreOffice and save it.",
        )
        for where, sheet in sheets.items()
        for row, written in sheet.unsaved[:MOST_UNSAVED_SHOWN]
    ][:MOST_UNSAVED_SHOWN]  # fmt: skip
    if faults:
        raise StudyError(faults)


def text_of_cell(cell: Any) -> str:
    """Return a cell as it would stand in a CSV file.

    Examples
    --------
    >>> text_of_cell(2.0), text_of_cell(True), text_of_cell(date(2027, 4, 1)), text_of_cell(None)
    ('2', 'true', '2027-04-01', '')
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return repr(cell) if isinstance(cell, float) else str(cell)
