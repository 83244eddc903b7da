"""A whole study in one workbook: a sheet of settings, a sheet for each table and each list."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sharesim.errors import Fault, StudyError
from sharesim.study.excel import in_sheet, text_of_cell, workbook_cells
from sharesim.study.excel_cells import decode
from sharesim.study.excel_layout import (
    DEFAULTS,
    HOMES,
    INSTRUCTIONS,
    LISTS,
    SCENARIOS,
    SECTIONS,
    SETTINGS,
    SHEETS,
    Field,
    columns_of,
    settings_of,
)
from sharesim.study.labels import nearest, unknown_name
from sharesim.study.places import Placed, Places
from sharesim.study.plain import field_name, shown
from sharesim.study.schema import ROWS
from sharesim.study.tables import rows_of

NEEDED = (SETTINGS, "councils", "services", "baseline")
_SETTING_HEADS = ("section", "field", "value")
#: The names of the columns stand within so many rows from the top.
MOST_HEAD_ROWS = 20
Lines = Sequence[tuple[Any, ...]]


@dataclass
class _Book:
    """What has been read so far."""

    name: str
    raw: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    number: dict[str, list[int]] = field(default_factory=dict)
    faults: list[Placed] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    absent: set[tuple[str, str]] = field(default_factory=set)
    cells: dict[tuple[Any, ...], str] = field(default_factory=dict)
    letters: dict[str, dict[str, str]] = field(default_factory=dict)

    def fault(self, sheet: str, fault: Fault, row: int = 0) -> None:
        self.faults.append(Placed((SHEETS.index(sheet), row) if sheet in SHEETS else (0, row), fault))

    def home(self, loc: Sequence[str]) -> dict[str, Any]:
        """Return the part of the study at a location, made where it is not there."""
        part = self.raw
        for key in loc:
            part = part.setdefault(key, {})
        return part


def read_workbook(file: Path) -> tuple[dict[str, Any], Places]:
    """Read a study that is one workbook, without checking what it says.

    Parameters
    ----------
    file : Path

    Returns
    -------
    raw : dict
        As `load.read_raw` gives it.
    places : Places
        With the sheet, row and column of everything.

    Raises
    ------
    StudyError
        When the workbook cannot be read.
    """
    known = {name.casefold(): name for name in SHEETS}
    found = workbook_cells(file, file.name, lambda sheet: sheet.strip().casefold() in known)
    book = _Book(file.name)
    lines = {known[sheet.strip().casefold()]: cells for sheet, cells in found.items() if cells is not None}
    _look_for(book, lines, [sheet for sheet, cells in found.items() if cells is None])
    _read_settings(book, lines.get(SETTINGS, ()))
    for table in ROWS:
        _read_table(book, table, lines.get(table, ()))
    for sheet in (*LISTS, "correlations"):
        _read_list(book, sheet, lines.get(sheet, ()))
    _read_pairs(book, lines)
    places = Places(
        book.name, book.files, book.number, tuple(book.faults), frozenset(book.unread), file.parent,
        frozenset(book.absent), book.cells, book.letters,
    )  # fmt: skip
    return book.raw, places


def _look_for(book: _Book, lines: Mapping[str, Lines], others: list[str]) -> None:
    """Tell which sheets are missing, and which others look like one with a slip in its name."""
    missing = [sheet for sheet in SHEETS if sheet not in lines]
    for sheet in others:
        meant = nearest(sheet.strip().casefold(), missing)
        if meant is not None and sheet != INSTRUCTIONS:
            where, remedy = in_sheet(book.name, shown(sheet)), f"Did you mean {meant!r}?"
            book.fault("", Fault(where, "not a sheet of a study", "", "", remedy))
            book.unread.add(meant)
            missing.remove(meant)
    for sheet in (name for name in NEEDED if name in missing):
        remedy = "Add it, or begin with a workbook from: sharesim template DIR"
        book.fault(sheet, Fault(book.name, f"there is no sheet {sheet}", "", "", remedy))
        book.unread |= set(SECTIONS) if sheet == SETTINGS else {sheet}


# -- finding the heading ----------------------------------------------------------------------------------------------


def _heading(lines: Lines, wanted: Sequence[str], needed: Sequence[str]) -> int | None:
    """Return the row, counted from 0, that holds the names of the columns; None for a sheet without text.

    What stands above it is for people. Where no row looks like it the first with text is taken, so that what is wrong
    with it is told.
    """
    texts = [[field_name(text_of_cell(cell).strip(), wanted) for cell in line] for line in lines[:MOST_HEAD_ROWS]]
    hits = [len(set(line) & set(wanted)) for line in texts]
    if hits and (most := max(hits)) >= min(2, len(needed) or 1):
        return hits.index(most)
    return next((at for at, line in enumerate(texts) if any(line)), None)


def letter_of(column: int) -> str:
    """Return the letter of a column counted from 0.

    Examples
    --------
    >>> letter_of(0), letter_of(25), letter_of(26)
    ('A', 'Z', 'AA')
    """
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def _letters(heads: Sequence[str]) -> dict[str, str]:
    return {head: letter_of(at) for at, head in reversed(list(enumerate(heads))) if head}


def _heads(line: tuple[Any, ...], known: Collection[str]) -> list[str]:
    heads = [field_name(text_of_cell(cell).strip(), known) for cell in line]
    while heads and not heads[-1]:
        heads.pop()
    return heads


# -- tables -----------------------------------------------------------------------------------------------------------


def _read_table(book: _Book, table: str, lines: Lines) -> None:
    fields = ROWS[table].model_fields
    needed = [name for name, info in fields.items() if info.is_required()]
    first = _heading(lines, list(fields), needed)
    if first is None:
        if table in NEEDED and table not in book.unread:
            where, remedy = in_sheet(book.name, table), f"Begin with {', '.join(needed)}."
            book.fault(table, Fault(where, "an empty sheet", "", "a row with column names", remedy))
            book.unread.add(table)
        return
    name = in_sheet(book.name, table)
    text: list[list[str]] = [[] for _ in range(first)]
    text += [[text_of_cell(cell) for cell in line] for line in lines[first:]]
    heads = _heads(lines[first], fields)
    width = len(heads)
    for at, line in enumerate(text[first + 1 :], start=first + 1):
        _refuse_beyond(book, table, line, width, at + 1)
        text[at] = line[:width]
    book.files[table] = name
    try:
        found = rows_of(text, name, table)
    except StudyError as error:
        for fault in error.faults:
            book.fault(table, fault)
        book.unread.add(table)
        return
    book.raw[table], book.number[table] = found.rows, found.number
    book.letters[table] = _letters(heads)
    for row, fault in found.faults:
        book.fault(table, fault, row)
    book.absent |= {(table, column) for column in found.absent}
    if found.absent & {"id", "council", "service", "profile"}:
        book.unread.add(table)


def _refuse_beyond(book: _Book, sheet: str, line: Sequence[Any], width: int, row: int) -> None:
    """Tell of a cell to the right of the last column that has a name: it would be read by nobody."""
    beyond = next((at for at in range(width, len(line)) if text_of_cell(line[at]).strip()), None)
    if beyond is not None:
        where = f"{in_sheet(book.name, sheet)}, row {row}, column {letter_of(beyond)}"
        got = shown(text_of_cell(line[beyond]), 40)
        remedy = "Clear it, or move notes to a sheet of their own."
        book.fault(sheet, Fault(where, "a cell in a column without a name", got, "", remedy), row)


# -- lists of study.toml ----------------------------------------------------------------------------------------------


def _read_list(book: _Book, sheet: str, lines: Lines) -> None:
    columns = {item.key: item for item in columns_of(sheet)}
    rows, numbers, letters = _records(book, sheet, lines, columns)
    if not rows:
        return
    home = HOMES[sheet]
    book.home(home[:-1])[home[-1]] = rows
    if len(home) == 1:
        book.files[sheet], book.number[sheet], book.letters[sheet] = in_sheet(book.name, sheet), numbers, letters
        return
    for at, (row, number) in enumerate(zip(rows, numbers, strict=True)):
        where = f"{in_sheet(book.name, sheet)}, row {number}"
        book.cells[(*home, at)] = where
        book.cells |= {(*home, at, key): f"{where}, column {letters[key]} ({key})" for key in row}


def _records(
    book: _Book, sheet: str, lines: Lines, columns: dict[str, Field]
) -> tuple[list[dict[str, Any]], list[int], dict[str, str]]:
    """Return the rows of a sheet as mappings, their row numbers, and the letters of its columns."""
    needed = [key for key, item in columns.items() if item.is_required]
    first = _heading(lines, list(columns), needed)
    if first is None:
        return [], [], {}
    heads = _heads(lines[first], columns)
    where = f"{in_sheet(book.name, sheet)}, heading"
    for head in dict.fromkeys(heads):
        if head and head not in columns:
            book.fault(sheet, unknown_name(where, "column", head, list(columns)))
        elif head and heads.count(head) > 1:
            book.fault(sheet, Fault(where, f"column {head} stands twice", "", "", "Drop one."))
    rows, numbers = [], []
    for number, line in enumerate(lines[first + 1 :], start=first + 2):
        _refuse_beyond(book, sheet, line, len(heads), number)
        pairs = [(head, cell) for head, cell in zip(heads, line, strict=False) if head in columns]
        row = {head: value for head, cell in pairs if (value := decode(cell, columns[head])) is not None}
        if row:
            rows.append(row)
            numbers.append(number)
    return rows, numbers, _letters(heads)


# -- settings, defaults, scenarios ------------------------------------------------------------------------------------


def _read_settings(book: _Book, lines: Lines) -> None:
    first = _heading(lines, _SETTING_HEADS, _SETTING_HEADS)
    sheet = in_sheet(book.name, SETTINGS)
    book.cells |= {(section,): f"{sheet}: {section}" for section in SECTIONS}
    if first is None:
        return
    heads = _heads(lines[first], _SETTING_HEADS)
    if absent := [head for head in _SETTING_HEADS if head not in heads]:
        fault = Fault(f"{sheet}, heading", f"column {absent[0]} is missing", "", ", ".join(_SETTING_HEADS), "Add it.")
        book.fault(SETTINGS, fault)
        book.unread |= set(SECTIONS)
        return
    at = [heads.index(head) for head in _SETTING_HEADS]
    for number, line in enumerate(lines[first + 1 :], start=first + 2):
        section, key, value = (line[column] if column < len(line) else None for column in at)
        section, key = text_of_cell(section).strip(), text_of_cell(key).strip()
        if section and key:
            _setting(book, section, key, value, f"{sheet}, row {number}, column {letter_of(at[2])}")
        elif text_of_cell(value).strip():
            where = f"{sheet}, row {number}"
            remedy = "Write both, such as study and horizon_years."
            book.fault(SETTINGS, Fault(where, "a value without its section or field", "", "", remedy), number)


def _setting(book: _Book, section: str, key: str, value: Any, where: str) -> None:
    fields = {item.key: item for item in settings_of(section)}
    read = decode(value, fields.get(key, Field(key, "other")))
    loc = tuple(section.split("."))
    if loc[0] not in SECTIONS:
        if read is not None:
            book.fault(SETTINGS, unknown_name(where, "section", loc[0], SECTIONS))
        return
    if read is None:
        book.cells.setdefault((*loc, key), f"{where} ({section}.{key})")
        return
    home = book.home(loc)
    if key in home:
        book.fault(SETTINGS, Fault(f"{where} ({section}.{key})", "given twice", "", "one row", "Drop one of the two."))
        return
    book.cells[(*loc, key)] = f"{where} ({section}.{key})"
    home[key] = read


def _read_pairs(book: _Book, lines: Mapping[str, Lines]) -> None:
    """Read defaults and scenarios, whose rows name what they set."""
    for sheet in (DEFAULTS, SCENARIOS):
        columns = {item.key: item for item in columns_of(sheet)}
        rows, numbers, letters = _records(book, sheet, lines.get(sheet, ()), columns)
        for row, number in zip(rows, numbers, strict=True):
            where = f"{in_sheet(book.name, sheet)}, row {number}"
            if sheet == DEFAULTS:
                _pair(book, (DEFAULTS,), row.get("field"), row, f"{where}, column {letters.get('value', '?')}")
            elif "scenario" not in row:
                book.fault(sheet, Fault(where, "a scenario without a name", "", "", "Name it in every row."), number)
            elif "path" not in row and "value" not in row:
                book.home((SCENARIOS, str(row["scenario"])))
            else:
                loc = (SCENARIOS, str(row["scenario"]))
                _pair(book, loc, row.get("path"), row, f"{where}, column {letters.get('value', '?')}")


def _pair(book: _Book, loc: tuple[str, ...], key: Any, row: dict[str, Any], where: str) -> None:
    if key is None or "value" not in row:
        what = "a value without the field that it sets" if key is None else "a field without its value"
        book.fault(loc[0], Fault(where, what, "", "", "Fill both cells, or clear the row."))
        return
    home = book.home(loc)
    if str(key) in home:
        book.fault(loc[0], Fault(where, f"{shown(str(key))} is given twice", "", "one row", "Drop one of the two."))
        return
    home[str(key)] = row["value"]
    book.cells[(*loc, str(key))] = f"{where} ({key})"
