"""Tables as a page shows them: cells with the figure behind what is written, so that nothing is retyped."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from sharesim.report import words

NUMBERS = ("gbp", "swing", "thousands", "share", "share1", "posts", "years", "number", "correlation", "factor", "pence")


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    key : str
        Column of the DataFrame.
    title : str
    kind : str
        text, date, figure (a figure already in words: kept on one line), or one of `NUMBERS`.
    unit : str
        Written under the title.
    under : str
        Column of the DataFrame whose text stands in small letters under each cell.
    link : str
        Start of the id that each cell links to; the record's ``link`` completes it.
    """

    key: str
    title: str
    kind: str = "text"
    unit: str = ""
    under: str = ""
    link: str = ""

    @property
    def is_number(self) -> bool:
        return self.kind in NUMBERS


def columns(text: str) -> tuple[Column, ...]:
    """Return columns from lines of ``key | title | kind | unit | under | link``; what is left out takes its default.

    Examples
    --------
    >>> columns("name | Council \\n npv_gbp | Value | gbp | discounted")[1]
    Column(key='npv_gbp', title='Value', kind='gbp', unit='discounted', under='', link='')
    """
    found = []
    for line in text.strip().splitlines():
        key, title, *rest = (part.strip() for part in line.split("|"))
        kind, *rest = rest or ["text"]
        found.append(Column(key, title, kind or "text", *rest))
    return tuple(found)


#: Columns that are shown where something is in them: most studies have no grants, no receipts, nothing that strikes.
WHERE_ANY = ("grants_gbp", "grants_mean_gbp", "receipts_gbp", "risks_gbp")


def filled(shown: Sequence[Column], frame: pd.DataFrame) -> tuple[Column, ...]:
    """Return columns without those of `WHERE_ANY` in which every row is nil."""
    return tuple(column for column in shown if column.key not in WHERE_ANY or frame[column.key].any())


@dataclass(frozen=True)
class Cell:
    """A cell: what is written, the figure behind it (empty for text), what stands under it, and where it leads."""

    column: Column
    shown: str
    value: str = ""
    is_loss: bool = False
    under: str = ""
    link: str = ""


@dataclass(frozen=True)
class PageTable:
    """A table of a page.

    Parameters
    ----------
    name : str
        Which table of the run it shows; names the element.
    caption : str
    columns : tuple of Column
    rows : tuple of tuple of Cell
        The first cell heads the row.
    total : tuple of Cell
        Last row, kept last when sorted; empty for none.
    note : str
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] = ()
    note: str = ""


def page_table(
    name: str,
    caption: str,
    frame: pd.DataFrame,
    columns: Sequence[Column],
    *,
    total: Mapping[str, Any] | None = None,
    note: str = "",
) -> PageTable:
    """Return a table of a page from a DataFrame.

    Examples
    --------
    >>> frame = pd.DataFrame({"council": ["Eastham"], "npv_gbp": [-12_345.6]})
    >>> table = page_table("councils", "By council", frame, columns("council | Council \\n npv_gbp | Value | gbp"))
    >>> table.rows[0][1].shown, table.rows[0][1].value, table.rows[0][1].is_loss
    ('−£12,346', '-12345.6', True)
    """
    rows = tuple(tuple(_cell(column, record) for column in columns) for record in frame.to_dict("records"))
    last = () if total is None else tuple(cell(column, total.get(column.key, "")) for column in columns)
    return PageTable(name, caption, tuple(columns), rows, last, note)


def sums(frame: pd.DataFrame) -> dict[str, float]:
    """Return the sum of each column of numbers, by the column's name; what a table's last row shows."""
    return {str(name): value for name, value in frame.select_dtypes("number").sum().items()}


def _cell(column: Column, record: Mapping[Any, Any]) -> Cell:
    made = cell(column, record[column.key])
    if not (column.under or column.link):
        return made
    link = f"{column.link}{record['link']}" if column.link and record.get("link") else ""
    return replace(made, under=str(record[column.under]) if column.under else "", link=link)


def cell(column: Column, value: Any) -> Cell:
    """Return a cell: the figure in full precision behind what is written."""
    if isinstance(value, bool | np.bool_):
        return Cell(column, "yes" if value else "no")
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return Cell(column, "–" if column.is_number else "")
    if isinstance(value, str) or not column.is_number:
        text = str(value)
        return Cell(column, words.day(text), text) if column.kind == "date" and text else Cell(column, text)
    number = float(value)
    is_loss = column.kind in ("gbp", "thousands", "pence") and number < -0.5
    return Cell(column, shown(number, column.kind), f"{number:.10g}", is_loss)


def shown(number: float, kind: str) -> str:
    """Return a figure as a table writes it.

    Examples
    --------
    >>> shown(-1234.5, "gbp"), shown(0.123, "share"), shown(2.345, "posts"), shown(float("inf"), "years")
    ('−£1,234', '12%', '2.3', 'not within the horizon')
    >>> shown(12_345.6, "thousands"), shown(0.0, "thousands"), shown(0.02, "posts")
    ('12.3', '–', 'under 0.1')
    """
    if kind == "years" and math.isinf(number):
        return "not within the horizon"
    if kind in ("gbp", "swing"):
        return words.pounds(number)
    if kind == "thousands":
        return words.pounds(number / 1e3, 1).replace("£", "") if number else "–"
    if kind == "pence":
        return words.pounds(number, 2)
    if kind in ("share", "share1"):
        return words.share(number, 1 if kind == "share1" else 0)
    if kind == "posts":
        return words.posts(number)
    if kind == "years":
        return f"{number:.1f}"
    if kind == "correlation":
        return f"{number:+.2f}".replace("-", "−")
    whole = number.is_integer() or abs(number) >= 1000
    return (f"{number:,.0f}" if whole else f"{number:,.4g}").replace("-", "−")
