"""Where each part of a study came from: file, row and column for messages, and their order."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from sharesim.errors import Fault
from sharesim.study.overrides import KEYS, Change
from sharesim.study.plain import tidy, visible
from sharesim.study.schema import ROWS, StudyModel, fields_of

#: More faults than anybody reads; the last line says how many are left.
MOST_FAULTS = 200
_SECTIONS = {name: position for position, name in enumerate(StudyModel.model_fields)}
_TABLES = {name: position + 1 for position, name in enumerate(ROWS)}
Rank = tuple[int, ...]


@dataclass(frozen=True)
class Placed:
    """A fault with its place in the order of files, rows and columns."""

    rank: Rank
    fault: Fault


@dataclass(frozen=True)
class Place:
    """A spot in a study's files: in words, and in order."""

    words: str
    rank: Rank = ()

    def fault(self, problem: str, got: str = "", allowed: str = "", remedy: str = "") -> Placed:
        """Return a fault at this spot."""
        return Placed(self.rank, Fault(self.words, problem, got, allowed, remedy))

    def holding(self, fault: Fault) -> Placed:
        """Return a fault that was made elsewhere, at this spot."""
        return Placed(self.rank, dataclasses.replace(fault, where=self.words))


@dataclass(frozen=True)
class Places:
    """Where each part of a study came from.

    Parameters
    ----------
    study : str
        Name of the study file.
    files : mapping of str to str
        Table name to file name.
    number : dict of str to list of int
        Row number in the file of each row of a table.
    faults : tuple of Placed
        What reading the files found; `build` reports it with the rest.
    unread : frozenset of str
        Tables that could not be read, so that nobody is told that they are empty.
    absent : frozenset of (table, column)
        Required columns that a table has not at all; its heading is told so once.
    folder : Path or None
        Where the files lie; None for a study that was written as a dictionary.
    cells : mapping of location to str
        Where each setting stands in a workbook, in words.
    letters : mapping of str to mapping of str to str
        Letter of each column of a sheet, such as C, where rows come from a workbook.
    """

    study: str
    files: Mapping[str, str]
    number: dict[str, list[int]] = field(default_factory=dict)
    faults: tuple[Placed, ...] = ()
    unread: frozenset[str] = frozenset()
    folder: Path | None = None
    absent: frozenset[tuple[str, str]] = frozenset()
    cells: Mapping[tuple[Any, ...], str] = field(default_factory=dict)
    letters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def about(self, raw: Mapping[str, Any], changes: Iterable[Change] = ()) -> Directory:
        """Return the places of one raw study: rows by their labels, changed values by who changed them."""
        labels = {table: [_label(row, keys) for row in _listed(raw.get(table))] for table, keys in _KEYS.items()}
        changed = {change.loc: f"{change.by}: {change.path}" for change in changes if change.loc}
        return Directory(self, labels, changed)


_KEYS = {**KEYS, "workforce": ("profile",), "neighbours": ("council", "neighbour")}


def _listed(rows: Any) -> list[Any]:
    return list(rows) if isinstance(rows, (list, tuple)) else []


def _label(row: Any, keys: tuple[str, ...]) -> str:
    if not isinstance(row, Mapping):
        return ""
    parts = [visible(str(row.get(key, "?")))[:60] for key in keys]
    return "" if set(parts) == {"?"} else "/".join(parts)


@dataclass(frozen=True)
class Directory:
    """The places of one raw study.

    Parameters
    ----------
    places : Places
    labels : mapping of str to list of str
        Label of each row of each list, such as ``bolsover/hr``.
    changed : mapping of location to str
        Locations whose value is an override, and how it reads.
    """

    places: Places
    labels: Mapping[str, list[str]]
    changed: Mapping[tuple[Any, ...], str]

    def at(self, loc: Iterable[Any]) -> Place:
        """Return the place of a location, such as ``("services", 2, "elasticity")``."""
        loc = tuple(loc)
        rank = self._rank(loc)
        for known in filter(None, (self.changed, self.places.cells)):
            for length in range(len(loc), 0, -1):
                if (words := known.get(loc[:length])) is not None:
                    return Place(words + _tail(loc[length:]), rank)
        if len(loc) >= 2 and isinstance(loc[1], int):
            return Place(self._row_words(str(loc[0]), loc[1], loc[2:]), rank)
        if not loc:
            return Place(self.places.study, rank)
        if loc[0] not in _SECTIONS:
            for changed, words in self.changed.items():
                if changed[0] == loc[0]:
                    return Place(words, rank)
        if loc[0] in self.places.files:
            return Place(self.places.files[loc[0]] + _tail(loc[1:]), rank)
        return Place(
            f"{self.places.study}: " + ".".join(_written(part) for part in _names(loc)) + _tail(_rest(loc)), rank
        )

    def row(self, table: str, index: int, *columns: Any) -> Place:
        """Return the place of a row, or of one of its columns."""
        return self.at((table, index, *columns))

    def table(self, table: str) -> Place:
        """Return the place of a whole table: its file, or its section of the study file."""
        return self.at((table,))

    def _row_words(self, table: str, index: int, rest: tuple[Any, ...]) -> str:
        labels = self.labels.get(table, [])
        named = f" ({labels[index]})" if index < len(labels) and labels[index] else ""
        if table in self.places.files:
            numbers = self.places.number.get(table, [])
            row = numbers[index] if index < len(numbers) else index + 2
            words = f"{self.places.files[table]}, row {row}{named}"
            return words + (f", column {self._column(table, rest[0])}" + _tail(rest[1:]) if rest else "")
        words = f"{self.places.study}: {table} {index + 1}{named}"
        return words + _tail(rest)

    def _column(self, table: str, column: Any) -> str:
        letter = self.places.letters.get(table, {}).get(str(column), "")
        return f"{letter} ({_written(column)})" if letter else _written(column)

    def _rank(self, loc: tuple[Any, ...]) -> Rank:
        if not loc:
            return (0,)
        table, index = str(loc[0]), loc[1] if len(loc) > 1 and isinstance(loc[1], int) else -1
        column = loc[2] if index >= 0 and len(loc) > 2 else loc[1] if index < 0 and len(loc) > 1 else None
        known = fields_of(table)
        position = known.index(column) if column in known else -1 if column is None else len(known)
        deeper = next((part for part in loc[2:] if isinstance(part, int)), -1)
        if table in _TABLES and (table in self.places.files or table in self.places.unread):
            numbers = self.places.number.get(table, [])
            row = numbers[index] if 0 <= index < len(numbers) else index + 2
            return (_TABLES[table], row, position, deeper)
        return (0, _SECTIONS.get(table, len(_SECTIONS)), index, position, deeper)


def _names(loc: tuple[Any, ...]) -> list[str]:
    """The leading names of a location, up to its first position in a list."""
    end = next((at for at, part in enumerate(loc) if isinstance(part, int)), len(loc))
    return [str(part) for part in loc[:end]]


def _rest(loc: tuple[Any, ...]) -> tuple[Any, ...]:
    return loc[len(_names(loc)) :]


def _tail(parts: tuple[Any, ...]) -> str:
    return "".join(f", item {part + 1}" if isinstance(part, int) else f", {_written(part)}" for part in parts)


def _written(part: Any) -> str:
    text = visible(str(part)) or '""'
    return text if len(text) <= 60 else f"{text[:57]}..."


def in_order(placed: Iterable[Placed]) -> tuple[Fault, ...]:
    """Return faults by file, row and column, each once, and at most `MOST_FAULTS` of them.

    Examples
    --------
    >>> later, earlier = Place("b.csv, row 9", (2, 9)), Place("b.csv, row 3", (2, 3))
    >>> [fault.where for fault in in_order([later.fault("wrong"), earlier.fault("wrong")])]
    ['b.csv, row 3', 'b.csv, row 9']
    """
    ordered = dict.fromkeys(item.fault for item in sorted(placed, key=lambda item: (item.rank, item.fault.where)))
    shown = tuple(dict.fromkeys(map(tidy, islice(ordered, MOST_FAULTS))))
    if len(ordered) <= MOST_FAULTS:
        return shown
    left = Fault("and so on", f"{len(ordered) - MOST_FAULTS:,} more faults are not shown", "", "", "Mend these first.")
    return (*shown, left)
