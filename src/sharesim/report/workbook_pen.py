"""Tables of a report on the sheets of a workbook: numbers as numbers, text as text, whatever it looks like."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sharesim.report.cells import Cell, Column, PageTable

#: How a figure of a kind is shown; what is kept is the figure itself, in pounds, shares, posts or years.
SHOWN = {
    "gbp": "£#,##0;[Red]-£#,##0;£0",
    "swing": "£#,##0",
    "thousands": "#,##0.0,;[Red]-#,##0.0,;–",
    "share": "0%",
    "share1": "0.0%",
    "posts": "#,##0.0",
    "years": "0.0",
    "number": "#,##0.####",
    "correlation": "+0.00;-0.00;0.00",
    "factor": "0.0000",
    "pence": "£#,##0.00;[Red]-£#,##0.00",
}
WIDEST = 46
LONGEST_LINE = 120


@dataclass(frozen=True)
class Region:
    """Where a table lies on a sheet, for charts and formulas that refer to it.

    Parameters
    ----------
    sheet : str
    first, last : int
        Rows of the data, counted from 0; last is before first where there is none.
    columns : mapping of str to int
        Column of each key, counted from 0.
    """

    sheet: str
    first: int
    last: int
    columns: Mapping[str, int]

    def cells(self, key: str) -> list[Any]:
        """Return a column of it as XlsxWriter's charts take a range."""
        column = self.columns[key]
        return [self.sheet, self.first, column, self.last, column]

    def head(self, key: str) -> list[Any]:
        """Return the cell of its title, as a chart takes a name."""
        return [self.sheet, self.first - 1, self.columns[key]]


class Sheet:
    """A sheet of the workbook, written row by row from the top."""

    def __init__(self, pen: Pen, name: str, title: str) -> None:
        self.pen, self.name, self.row = pen, name, 0
        self.page = pen.book.add_worksheet(name)
        self.page.hide_gridlines(2)
        self.page.set_landscape()
        self.page.set_paper(9)
        self.page.fit_to_pages(1, 0)
        self.page.set_footer("&L&F, &A&RPage &P of &N")
        self.widths: dict[int, int] = {}
        self.heights: dict[int, int] = {}
        self.text(title, "title")

    def text(self, text: str, style: str = "lead") -> None:
        """Write text of its own, which runs to the right over empty cells; what is long takes several rows."""
        for line in textwrap.wrap(text, LONGEST_LINE) or [""]:
            self.page.write_string(self.row, 0, line, self.pen.formats[style])
            self.row += 1

    def skip(self, rows: int = 1) -> None:
        """Leave rows empty."""
        self.row += rows

    def head(self, column: int, title: str, unit: str = "", *, number: bool = False) -> None:
        """Write the title of a column on the row at hand."""
        text = f"{title}\n{unit}" if unit else title
        self.page.write_string(self.row, column, text, self.pen.formats["number head" if number else "head"])
        self.widen(column, max(len(title) / 2 if number else len(title), len(unit), *map(len, title.split())))
        # Titles take two lines at most, and their unit a third.
        self.page.set_row(self.row, 48)

    def widen(self, column: int, letters: float) -> None:
        """Give a column room for so many letters."""
        self.widths[column] = max(self.widths.get(column, 9), min(WIDEST, math.ceil(letters) + 2))

    def words(self, row: int, column: int, text: str, style: str = "") -> None:
        """Write text; where it is long it is folded, and its row made as high as it needs."""
        is_long = len(text) > WIDEST
        self.page.write_string(row, column, text, self.pen.formats[style or ("words" if is_long else "text")])
        self.widen(column, len(text))
        n_lines = -(-len(text) // (WIDEST - 6)) if is_long else 1
        if n_lines > self.heights.get(row, 1):
            self.heights[row] = n_lines
            self.page.set_row(row, 15 * n_lines)

    def number(self, row: int, column: int, value: float, kind: str = "gbp", *, strong: bool = False) -> None:
        """Write a figure; what is no number is written as text."""
        style = self.pen.of_kind(kind, strong)
        if math.isfinite(value):
            self.page.write_number(row, column, value, style)
        else:
            self.page.write_string(row, column, "not within the horizon" if math.isinf(value) else "–", style)

    def formula(
        self, row: int, column: int, text: str, value: float, kind: str = "gbp", *, strong: bool = False
    ) -> None:
        """Write a formula with the value that it has, for readers that do not calculate."""
        self.page.write_formula(row, column, text, self.pen.of_kind(kind, strong), value)

    def table(self, table: PageTable) -> Region:
        """Write a table of the page: caption, heads, rows, total, note."""
        self.text(table.caption, "caption")
        spread = _spread(table.columns)
        for at, (column, part) in enumerate(spread):
            title = column.title if part == "shown" else column.under.replace("_", " ").capitalize()
            self.head(at, title, column.unit if part == "shown" else "", number=column.is_number)
        self.row += 1
        first = self.row
        for cells in [*table.rows, *([table.total] if table.total else [])]:
            by_key = {cell.column.key: cell for cell in cells}
            for at, (column, part) in enumerate(spread):
                self._cell(at, by_key[column.key], part, strong=cells is table.total)
            self.row += 1
        if table.note:
            self.text(table.note, "note")
        self.skip()
        last = first + len(table.rows) - 1
        return Region(
            self.name, first, last, {column.key: at for at, (column, part) in enumerate(spread) if part == "shown"}
        )

    def _cell(self, at: int, cell: Cell, part: str, *, strong: bool) -> None:
        if part == "under":
            self.words(self.row, at, cell.under)
        elif cell.column.is_number and cell.value and _is_figure(cell.value):
            self.number(self.row, at, float(cell.value), cell.column.kind, strong=strong)
            self.widen(at, len(cell.shown))
        else:
            self.words(self.row, at, cell.shown, "text total" if strong else "")

    def frame(self, caption: str, frame: pd.DataFrame, columns: Sequence[Column]) -> Region:
        """Write a table of the run's figures in full precision."""
        self.text(caption, "caption")
        for at, column in enumerate(columns):
            self.head(at, column.title, column.unit, number=column.is_number)
        self.row += 1
        first = self.row
        for record in frame.to_dict("records"):
            for at, column in enumerate(columns):
                self._value(at, record[column.key], kind_of(column, record))
            self.row += 1
        self.skip()
        return Region(self.name, first, self.row - 2, {column.key: at for at, column in enumerate(columns)})

    def _value(self, at: int, value: Any, kind: str) -> None:
        if isinstance(value, (bool, np.bool_)):
            value = "yes" if value else "no"
        if kind in SHOWN and isinstance(value, (int, float, np.integer, np.floating)):
            self.number(self.row, at, float(value), kind)
            self.widen(at, len(f"{value:,.0f}") if math.isfinite(value) else 5)
        else:
            text = "" if value is None or value is pd.NaT or value is pd.NA else str(value)
            self.words(self.row, at, text)

    def close(self) -> None:
        """Set the widths of the columns."""
        for column, width in self.widths.items():
            self.page.set_column(column, column, width)


def kind_of(column: Column, record: Mapping[Any, Any]) -> str:
    """Return the kind of a cell; a column of kind ``by unit`` takes it from the record's unit."""
    if column.kind != "by unit":
        return column.kind
    unit = str(record.get("unit", ""))
    return "gbp" if unit.startswith("GBP") else "share1" if unit.startswith("share") else "number"


def _spread(columns: Sequence[Column]) -> list[tuple[Column, str]]:
    """Return the columns of the sheet: what stands in small letters under a cell of the page gets one of its own."""
    return [(column, part) for column in columns for part in (("shown", "under") if column.under else ("shown",))]


def _is_figure(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


class Pen:
    """One workbook and its styles.

    Parameters
    ----------
    book : xlsxwriter.Workbook
    """

    def __init__(self, book: Any) -> None:
        self.book = book
        line = {"bottom": 1, "bottom_color": "#D5DDE2"}
        total = {"bold": True, "top": 1, "top_color": "#1B3A4B"}
        styles: dict[str, dict[str, Any]] = {
            "title": {"bold": True, "font_size": 16, "font_color": "#1B3A4B"},
            "caption": {"bold": True, "font_size": 12, "font_color": "#1B3A4B"},
            "lead": {},
            "big": {"font_size": 12},
            "note": {"italic": True, "font_color": "#4A5A63"},
            "head": {"bold": True, "bg_color": "#E8EDF0", "text_wrap": True, "valign": "bottom", "bottom": 1},
            "number head": {"bold": True, "bg_color": "#E8EDF0", "text_wrap": True, "align": "right", "bottom": 1},
            "text": {"num_format": "@", "valign": "top", **line},
            "words": {"num_format": "@", "valign": "top", "text_wrap": True, **line},
            "text total": {"num_format": "@", **total},
            "label": {"bold": True, "num_format": "@", "valign": "top", **line},
            "input": {"bg_color": "#FFF9D6", "num_format": "@", "valign": "top", "text_wrap": True, "border": 1},
            "band": {"bold": True, "bg_color": "#DDE6EB", "num_format": "@"},
        }  # fmt: skip
        for kind, shown in SHOWN.items():
            styles[kind] = {"num_format": shown, "valign": "top", "align": "right", **line}
            styles[f"{kind} total"] = {"num_format": shown, "align": "right", **total}
        self.formats = {name: book.add_format(style) for name, style in styles.items()}
        self.sheets: list[Sheet] = []

    def of_kind(self, kind: str, strong: bool = False) -> Any:
        """Return the style of a figure of a kind; one that is not known is shown as a plain number."""
        return self.formats[f"{kind if kind in SHOWN else 'number'}{' total' if strong else ''}"]

    def sheet(self, name: str, title: str) -> Sheet:
        """Begin a sheet."""
        made = Sheet(self, name, title)
        self.sheets.append(made)
        return made

    def close(self) -> None:
        """Set the widths of every sheet."""
        for sheet in self.sheets:
            sheet.close()
