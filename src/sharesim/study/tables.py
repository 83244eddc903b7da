"""Tables of a study: CSV or a sheet of a workbook becomes rows of text by column name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sharesim.errors import Fault, StudyError
from sharesim.study.excel import ENDINGS, excel_lines
from sharesim.study.files import MOST_TABLE_BYTES, csv_rows, inside, read_text
from sharesim.study.labels import unknown_name
from sharesim.study.plain import field_name, plain_again, shown
from sharesim.study.schema import ROWS


@dataclass(frozen=True)
class Table:
    """A table as it was read.

    Parameters
    ----------
    rows : list of dict
        Text by column name; empty cells are absent.
    number : list of int
        Row number of each in the file, as a spreadsheet counts them.
    faults : list of (row number, Fault)
    absent : frozenset of str
        Required columns that it has not.
    """

    rows: list[dict[str, str]]
    number: list[int]
    faults: list[tuple[int, Fault]]
    absent: frozenset[str]


def read_table(folder: Path, name: str, table: str) -> Table:
    """Return the rows of a table.

    Parameters
    ----------
    folder : Path
        The study's folder.
    name : str
        File, or ``book.xlsx#sheet``; without a sheet the one named like the table.
    table : str
        One of ``schema.ROWS``.

    Raises
    ------
    StudyError
        When nothing of it can be used: no such file, no headings.
    """
    file_name, _, sheet = name.partition("#")
    file = inside(folder, file_name)
    if file.suffix.lower() in ENDINGS:
        return rows_of(excel_lines(file, file_name, sheet or table), name, table)
    lines = csv_rows(read_text(file, file_name, MOST_TABLE_BYTES), name)
    return rows_of([[plain_again(cell) for cell in line] for line in lines], name, table)


def rows_of(lines: list[list[str]], name: str, table: str) -> Table:
    """Turn cells into rows by heading, dropping empty cells and empty lines."""
    first = next((at for at, line in enumerate(lines) if any(cell.strip() for cell in line)), None)
    if first is None:
        raise StudyError(
            Fault(name, "an empty file", "", "a first line with column names", f"Begin with {_begin(table)}.")
        )
    known = ROWS[table].model_fields
    heads = [field_name(cell.strip(), known) for cell in lines[first]]
    while heads and not heads[-1]:
        heads.pop()
    faults = _heading_faults(heads, name, table)
    rows: list[dict[str, str]] = []
    numbers: list[int] = []
    for number, line in enumerate(lines[first + 1 :], start=first + 2):
        cells = [cell.strip() for cell in line]
        if not any(cells):
            continue
        if any(cells[len(heads) :]):
            got, allowed = str(max(at for at, cell in enumerate(cells) if cell) + 1), str(len(heads))
            fault = Fault(
                f"{name}, row {number}", "more cells than columns", got, allowed, "Quote cells that hold a comma."
            )
            faults.append((number, fault))
        rows.append({head: cell for head, cell in zip(heads, cells, strict=False) if cell and head in known})
        numbers.append(number)
    absent = frozenset(field for field, info in known.items() if info.is_required() and field not in heads)
    return Table(rows, numbers, faults, absent)


def _begin(table: str) -> str:
    return ",".join(name for name, info in ROWS[table].model_fields.items() if info.is_required())


def _heading_faults(heads: list[str], name: str, table: str) -> list[tuple[int, Fault]]:
    fields = ROWS[table].model_fields
    where = f"{name}, heading"
    if len(heads) == 1 and heads[0] not in fields and any(mark in heads[0] for mark in (";", "\t", "|")):
        mark = next(mark for mark in (";", "\t", "|") if mark in heads[0])
        word = {";": "semicolons", "\t": "tabs", "|": "bars"}[mark]
        fault = Fault(
            where,
            f"columns are separated by {word}",
            shown(heads[0], 60),
            "commas",
            "Save it as 'CSV (comma delimited)'.",
        )
        raise StudyError(fault)
    missing = [field for field, info in fields.items() if info.is_required() and field not in heads]
    if len(missing) == sum(info.is_required() for info in fields.values()) and not set(heads) & set(fields):
        fault = Fault(
            where,
            "no column name is known",
            shown(", ".join(heads), 60),
            _begin(table) + " ...",
            "The first line holds the names.",
        )
        raise StudyError(fault)
    found = [
        unknown_name(where, "column", head, list(fields))
        for head in dict.fromkeys(heads)
        if head and head not in fields
    ]
    found += [
        Fault(where, f"column {head} stands twice", "", "", "Drop one.")
        for head in dict.fromkeys(heads)
        if heads.count(head) > 1 and head
    ]
    found += [Fault(where, f"column {field} is missing", "", "", _add(fields[field].description)) for field in missing]
    if "" in heads:
        found.append(Fault(where, "a column has no name", f"column {heads.index('') + 1}", "", "Name it or drop it."))
    return [(0, fault) for fault in found]


def _add(said: str | None) -> str:
    return f"Add it: {said[0].lower()}{said[1:]}" if said else "Add it."
