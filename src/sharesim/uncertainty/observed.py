"""Observed values from a CSV file, for the empirical law."""

from __future__ import annotations

import csv
import difflib
import math
from pathlib import Path

from sharesim.uncertainty.distribution import refuse
from sharesim.uncertainty.stepped import Empirical

#: Most values that a law is made from; more are a data set to be summarised first.
MOST_VALUES, MOST_COLUMNS = 1_000_000, 1_000
MOST_SHOWN = 400


def observed(path: str | Path, column: str | None = None) -> Empirical:
    """Return the law of the values in one column of a CSV file, each equally likely.

    Parameters
    ----------
    path : str or Path
        File with a heading row.
    column : str, optional
        Heading of the column; may be left out where there is only one. Empty cells are left out.

    Raises
    ------
    StudyError
        When the file or the column is not there, or a cell holds no number.

    Examples
    --------
    >>> _ = Path("overruns.csv").write_text("project,overrun\\nA,0.1\\nB,0.4\\n")
    >>> observed("overruns.csv", "overrun").text()
    'empirical([0.1, 0.4])'
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        refuse(
            "empirical", "the file cannot be read", f"{file.name}: {reason}", "a CSV file", "Check its name and place."
        )
    return values_of(text, file.name, column)


def values_of(text: str, name: str, column: str | None = None) -> Empirical:
    """Return the law of the values in one column of the text of a CSV file.

    Parameters
    ----------
    text : str
        With a heading row; the order of the others does not matter.
    name : str
        How messages call the file.
    column : str, optional
        As for `observed`.

    Raises
    ------
    StudyError
        As for `observed`.

    Examples
    --------
    >>> values_of("overrun\\n0.1\\n0.4\\n", "overruns.csv").text()
    'empirical([0.1, 0.4])'
    """
    rows = csv.reader(text.splitlines())
    values = []
    try:
        headings = [heading.strip() for heading in next(rows, [])]
        if len(headings) > MOST_COLUMNS:
            refuse("empirical", f"too many columns in {name}", f"{len(headings):,}", f"at most {MOST_COLUMNS:,}")
        position = _position(name, headings, column)
        for number, row in enumerate(rows, start=2):
            cell = row[position].strip() if position < len(row) else ""
            if cell:
                values.append(_number(f"{name}, row {number}, column {headings[position]}", cell))
    except csv.Error as error:
        refuse("empirical", f"{name}, line {rows.line_num}: cannot be read as CSV", str(error), "a CSV file")
    if not 1 <= len(values) <= MOST_VALUES:
        got = f"{len(values):,} in {name}, column {headings[position]}"
        refuse("empirical", "cannot use this many values", got, f"1 to {MOST_VALUES:,}")
    # The order of rows says nothing, here as in every other table.
    return Empirical(tuple(sorted(values)))


def _position(name: str, headings: list[str], column: str | None) -> int:
    if column is None and len(headings) == 1:
        return 0
    if column in headings:
        return headings.index(str(column))
    close = difflib.get_close_matches(str(column)[:MOST_SHOWN], headings, n=1)
    remedy = f"Did you mean {close[0]!r}?" if close else "Name the column."
    refuse(
        "empirical", f"no such column in {name}", repr(column), ", ".join(headings)[:MOST_SHOWN] or "none, the file is empty", remedy
    )


def _number(where: str, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        refuse("empirical", f"{where}: not a number", repr(cell), "a finite number, or nothing")
    return value
