"""Workbooks with something wrong in them: each case says what is changed in a sound one, and which line it gives."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl

from sharesim.study.convert import convert
from tests.messages.study_cases import FILES

Spoil = Callable[[Any], None]


@dataclass(frozen=True)
class ExcelCase:
    """One thing that is wrong, and the first line that is said about it."""

    name: str
    spoil: Spoil
    line: str


def sound(folder: Path) -> Path:
    """Write the sound study of the message tests, and the same as a workbook."""
    study = folder / "study"
    study.mkdir(parents=True)
    for name, text in FILES.items():
        (study / name).write_text(text, encoding="utf-8")
    file = folder / "book.xlsx"
    file.write_bytes(_sound_bytes())
    return file


@cache
def _sound_bytes() -> bytes:
    with tempfile.TemporaryDirectory() as place:
        study = Path(place) / "study"
        study.mkdir()
        for name, text in FILES.items():
            (study / name).write_text(text, encoding="utf-8")
        return convert(study, Path(place) / "book.xlsx").read_bytes()


def spoilt(case: ExcelCase, folder: Path) -> Path:
    """Write a sound workbook and spoil it."""
    file = sound(folder)
    book = openpyxl.load_workbook(file)
    case.spoil(book)
    book.save(file)
    return file


def cell(sheet: str, address: str, value: object) -> Spoil:
    """Write a cell."""

    def spoil(book: Any) -> None:
        book[sheet][address] = value

    return spoil


def setting(key: str, value: object, column: int = 3) -> Spoil:
    """Write a setting, by section.field."""

    def spoil(book: Any) -> None:
        for row in book["settings"].iter_rows(min_row=5):
            if f"{row[0].value}.{row[1].value}" == key:
                row[column - 1].value = value
                return
        raise AssertionError(key)

    return spoil


def below(sheet: str, *values: object) -> Spoil:
    """Add rows of values below what a sheet holds, from its first empty row on."""

    def spoil(book: Any) -> None:
        page = book[sheet]
        row = 5
        while any(item.value is not None for item in page[row]):
            row += 1
        for at, line in enumerate(values):
            for column, value in enumerate(line, start=1):  # type: ignore[arg-type]
                page.cell(row + at, column, value)

    return spoil


def without(sheet: str, name: str = "") -> Spoil:
    """Remove a sheet, or name it otherwise."""

    def spoil(book: Any) -> None:
        if name:
            book[sheet].title = name
        else:
            del book[sheet]

    return spoil


def emptied(sheet: str) -> Spoil:
    """Leave a sheet without a single cell."""

    def spoil(book: Any) -> None:
        at = book.sheetnames.index(sheet)
        del book[sheet]
        book.create_sheet(sheet, at)

    return spoil


def merged(book: Any) -> None:
    """Merge two cells."""
    book["baseline"].merge_cells("A5:A6")


CASES = (
    ExcelCase(
        "a cell of a table", cell("baseline", "C6", "lots"),
        "book.xlsx, sheet baseline, row 6 (west/hr), column C (cost_gbp): a word where a number or a law should be: got 'lots'",
    ),
    ExcelCase(
        "a needed cell is empty", cell("baseline", "C5", None),
        "book.xlsx, sheet baseline, row 5 (east/hr), column C (cost_gbp): required, but not given",
    ),
    ExcelCase(
        "a share in percent", cell("services", "D5", "85%"),
        "book.xlsx, sheet services, row 5 (hr), column D (elasticity): a percentage: got '85%'",
    ),
    ExcelCase(
        "an unknown council", cell("baseline", "A7", "nroth"),
        "book.xlsx, sheet baseline, row 7 (nroth/hr), column A (council): unknown council: got 'nroth'",
    ),
    ExcelCase(
        "an unknown column", cell("councils", "B4", "nmae"),
        "book.xlsx, sheet councils, heading: unknown column: got 'nmae'",
    ),
    ExcelCase(
        "a note beside the table", cell("councils", "AZ6", "ask Jim"),
        "book.xlsx, sheet councils, row 6, column AZ: a cell in a column without a name: got 'ask Jim'",
    ),
    ExcelCase(
        "a setting", setting("study.horizon_years", "long"),
        "book.xlsx, sheet settings, row 10, column C (study.horizon_years): a word where a number should be: got 'long'",
    ),
    ExcelCase(
        "a needed setting is empty", setting("study.title", None),
        "book.xlsx, sheet settings, row 6, column C (study.title): required, but not given",
    ),
    ExcelCase(
        "a setting twice", below("settings", ("study", "horizon_years", 5)),
        "(study.horizon_years): given twice: allowed one row. Drop one of the two.",
    ),
    ExcelCase(
        "a section that is not", below("settings", ("studdy", "horizon_years", 5)),
        "unknown section: got 'studdy'",
    ),
    ExcelCase(
        "a value without its name", below("settings", ("study", None, 5)),
        "a value without its section or field. Write both, such as study and horizon_years.",
    ),
    ExcelCase(
        "an unknown setting", below("settings", ("study", "horizon", 5)),
        "(study.horizon): unknown",
    ),
    ExcelCase(
        "no column of values", cell("settings", "C4", "figure"),
        "book.xlsx, sheet settings, heading: column value is missing: allowed section, field, value. Add it.",
    ),
    ExcelCase(
        "a rule without its kind", below("rules", (None, "no loss")),
        "book.xlsx, sheet rules, row 5 (no loss): kind is not given",
    ),
    ExcelCase(
        "a rule's figure", below("rules", ("loss_probability", "no loss"), ()),
        "book.xlsx, sheet rules, row 5 (no loss), column Y (most): required, but not given",
    ),
    ExcelCase(
        "an unknown column of a list", cell("rules", "A4", "kinds"),
        "book.xlsx, sheet rules, heading: unknown column: got 'kinds'",
    ),
    ExcelCase(
        "a column of a list twice", cell("rules", "C4", "name"),
        "book.xlsx, sheet rules, heading: column name stands twice. Drop one.",
    ),
    ExcelCase(
        "a correlation", below("correlations", ("services.*", 3)),
        "book.xlsx, sheet correlations, row 5, column B (rank): out of bounds: got 3",
    ),
    ExcelCase(
        "a default without its field", below("defaults", (None, 0.5)),
        "book.xlsx, sheet defaults, row 5, column B: a value without the field that it sets. Fill both cells, or clear",
    ),
    ExcelCase(
        "a default twice", below("defaults", ("services.ramp_years", 1), ("services.ramp_years", 2)),
        "book.xlsx, sheet defaults, row 6, column B: 'services.ramp_years' is given twice: allowed one row",
    ),
    ExcelCase(
        "a default that is not", below("defaults", ("services.ramp", 1)),
        "book.xlsx, sheet defaults, row 5, column B (services.ramp): unknown field of services: got 'ramp'",
    ),
    ExcelCase(
        "a scenario without a name", below("scenarios", (None, "study.horizon_years", 5)),
        "book.xlsx, sheet scenarios, row 5: a scenario without a name. Name it in every row.",
    ),
    ExcelCase(
        "a sheet with a slip in its name", without("baseline", "basline"),
        "book.xlsx, sheet 'basline': not a sheet of a study. Did you mean 'baseline'?",
    ),
    ExcelCase(
        "no sheet of services", without("services"),
        "book.xlsx: there is no sheet services. Add it, or begin with a workbook from: sharesim template DIR",
    ),
    ExcelCase(
        "an empty sheet", emptied("councils"),
        "book.xlsx, sheet councils: an empty sheet: allowed a row with column names. Begin with id, name.",
    ),
    ExcelCase(
        "merged cells", merged,
        "book.xlsx, sheet baseline: merged cells: got A5:A6",
    ),
    ExcelCase(
        "a formula that was never worked out", cell("baseline", "C5", "=1+1"),
        "book.xlsx, sheet baseline, row 5: a formula whose result was never stored: got =1+1",
    ),
)  # fmt: skip
