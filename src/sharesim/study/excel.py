"""A sheet of a workbook as lines of text cells, so that a workbook and a CSV file are judged alike."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from sharesim.errors import Fault, StudyError
from sharesim.study.files import MOST_TABLE_BYTES, read_bytes
from sharesim.study.labels import unknown_name

ENDINGS = frozenset({".xlsx", ".xlsm"})
MOST_UNPACKED = 300_000_000
MOST_ROWS = 400_000
MOST_MERGED_SHOWN = 3


def workbook_cells(file: Path, name: str, wanted: Callable[[str], bool]) -> dict[str, list[tuple[Any, ...]] | None]:
    """Return the cells of the sheets wanted: text, numbers, dates, None for empty ones; None for every other sheet.

    Raises
    ------
    StudyError
        When it cannot be read, or holds merged cells or formulas whose results were never stored.
    """
    data = read_bytes(file, name, MOST_TABLE_BYTES)
    has_formulas, has_merged = _looked_through(data, name)
    try:
        found = _all_cells(data, name, wanted, results=True)
        formulas = _all_cells(data, name, wanted, results=False) if has_formulas else {}
        if has_merged:
            _refuse_merged(data, {sheet: in_sheet(name, sheet) for sheet in filter(wanted, found)})
        for sheet in filter(wanted, found):
            _refuse_unsaved(found[sheet] or [], formulas.get(sheet) or [], in_sheet(name, sheet))
    except StudyError:
        raise
    except Exception as error:  # a damaged workbook can break its reader anywhere
        raise StudyError(_damaged(name, error)) from None
    return found


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
    data = read_bytes(file, name, MOST_TABLE_BYTES)
    has_formulas, has_merged = _looked_through(data, name)
    where = f"{name}#{sheet}"
    try:
        if has_merged:
            _refuse_merged(data, {sheet: where})
        values = _cells(data, name, sheet, results=True)
        if has_formulas:
            _refuse_unsaved(values, _cells(data, name, sheet, results=False), where)
    except StudyError:
        raise
    except Exception as error:  # a damaged workbook can break its reader anywhere
        raise StudyError(_damaged(name, error)) from None
    return [[text_of_cell(cell) for cell in line] for line in values]


def _damaged(name: str, error: Exception) -> Fault:
    what = (
        "something else under that name" if isinstance(error, (zipfile.BadZipFile, KeyError)) else "a damaged workbook"
    )
    return Fault(name, "not a workbook that can be read", what, "", "Open it and save it again as .xlsx.")


def _looked_through(data: bytes, name: str) -> tuple[bool, bool]:
    """Bound what the workbook unpacks to, and say whether any sheet has formulas or merged cells."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            total = sum(item.file_size for item in packed.infolist())
            if total > MOST_UNPACKED:
                got, allowed = f"{total / 1e6:,.0f} MB unpacked", f"at most {MOST_UNPACKED / 1e6:,.0f} MB"
                raise StudyError(Fault(name, "too large", got, allowed, "Drop what is not used."))
            sheets = [
                packed.read(item)
                for item in packed.namelist()
                if item.startswith("xl/worksheets/") and item.endswith(".xml")
            ]
    except StudyError:
        raise
    except Exception as error:  # as above
        raise StudyError(_damaged(name, error)) from None
    return any(b"<f>" in text or b"<f " in text for text in sheets), any(b"<mergeCell " in text for text in sheets)


def _all_cells(
    data: bytes, name: str, wanted: Callable[[str], bool], *, results: bool
) -> dict[str, list[tuple[Any, ...]] | None]:
    import openpyxl  # only studies with workbooks pay for the import

    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=results)
    try:
        return {sheet: _rows_of(book[sheet], name) if wanted(sheet) else None for sheet in book.sheetnames}
    finally:
        book.close()


def _cells(data: bytes, name: str, sheet: str, *, results: bool) -> list[tuple[Any, ...]]:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=results)
    try:
        if sheet not in book.sheetnames:
            raise StudyError(unknown_name(name, "sheet", sheet, book.sheetnames))
        return _rows_of(book[sheet], name)
    finally:
        book.close()


def _rows_of(page: Any, name: str) -> list[tuple[Any, ...]]:
    # The size that a sheet states may be far beyond its last cell; rows come as wide as they are.
    page.reset_dimensions()
    lines: list[tuple[Any, ...]] = []
    for line in page.iter_rows(values_only=True):
        lines.append(line)
        if len(lines) > MOST_ROWS:
            got, allowed = f"more than {MOST_ROWS:,}", f"at most {MOST_ROWS:,}"
            raise StudyError(Fault(f"{name}#{page.title}", "too many rows", got, allowed, "Split the study."))
    return lines


def _refuse_merged(data: bytes, named: Mapping[str, str]) -> None:
    """Refuse merged cells on any of some sheets, given with how messages call them."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data))
    faults = []
    for sheet, where in named.items():
        merged = sorted(map(str, book[sheet].merged_cells.ranges)) if sheet in book.sheetnames else []
        if merged:
            more = f" and {len(merged) - MOST_MERGED_SHOWN} more" if len(merged) > MOST_MERGED_SHOWN else ""
            got, allowed = ", ".join(merged[:MOST_MERGED_SHOWN]) + more, "one value in each cell"
            faults.append(Fault(where, "merged cells", got, allowed, "Unmerge them and fill every cell."))
    if faults:
        raise StudyError(faults)


def _refuse_unsaved(values: list[tuple[Any, ...]], formulas: list[tuple[Any, ...]], where: str) -> None:
    faults = [
        Fault(
            f"{where}, row {row}", "a formula whose result was never stored", text_of_cell(written)[:60], "a value",
            "Open the workbook in Excel or LibreOffice and save it.",
        )
        for row, (line, sources) in enumerate(zip(values, formulas, strict=False), start=1)
        for value, written in zip(line, sources, strict=False)
        if value is None and isinstance(written, str) and written.startswith("=")
    ]  # fmt: skip
    if faults:
        raise StudyError(faults[:20])


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
