"""What is not known for certain while a study has faults, so that one fault is not reported as many."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from sharesim.study.labels import unknown_name
from sharesim.study.places import MOST_FAULTS, Directory, Place, Placed
from sharesim.study.quantity import Quantity
from sharesim.study.schema import ROWS, StudyModel


@dataclass(frozen=True)
class Doubt:
    """Which parts of a study were set aside or never read.

    Parameters
    ----------
    unread : frozenset of str
        Tables that could not be read, or not as a whole.
    fields : frozenset of str
        Sections and fields set aside, such as ``study.start``.
    kept : mapping of str to list of int
        For a table that lost rows: the original position of each row that is left.
    dropped : mapping of str to list
        The raw rows that were set aside.
    """

    unread: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    kept: Mapping[str, list[int]] = field(default_factory=dict)
    dropped: Mapping[str, list[Any]] = field(default_factory=dict)

    @classmethod
    def none(cls, here: Directory) -> Doubt:
        """Nothing was set aside; tables may still be unread."""
        return cls(here.places.unread)

    @classmethod
    def of(
        cls, here: Directory, kept: Mapping[str, list[int]], dropped: Mapping[str, list[Any]], fields: set[str]
    ) -> Doubt:
        """Rows and fields were set aside."""
        whole = frozenset(name for name in fields if "." not in name)
        return cls(here.places.unread | whole, frozenset(fields), kept, dropped)

    def place(self, here: Directory, table: str, index: int, *columns: Any) -> Place:
        """Return the place of a row of the model that is left."""
        kept = self.kept.get(table)
        return here.row(table, kept[index] if kept is not None else index, *columns)

    def about(self, *fields: str) -> bool:
        """Say whether any of these fields, or its section, was set aside."""
        return any(name in self.fields or name.partition(".")[0] in self.fields for name in fields)

    def is_whole(self, table: str) -> bool:
        """Say whether every row of a table was read and accepted."""
        return table not in self.unread and not self.dropped.get(table)

    def believed(self, model: StudyModel, table: str, key: str = "id") -> list[str]:
        """Return the ids of a table, those of rows that were set aside included."""
        named = [str(row[key]) for row in self.dropped.get(table, ()) if isinstance(row, dict) and key in row]
        return [*(getattr(row, key) for row in getattr(model, table)), *named]


@dataclass(frozen=True)
class Case:
    """A model under check: what it says, where it says it, and what of it is in doubt."""

    model: StudyModel
    here: Directory
    doubt: Doubt
    guesses: Iterator[int] = field(default_factory=count)

    def rows(self, table: str) -> Iterator[tuple[int, Any]]:
        """Yield (position in the model, row) of a table."""
        yield from enumerate(getattr(self.model, table))

    def place(self, table: str, index: int, *columns: Any) -> Place:
        """Return the place of a row of the model, or of one of its columns."""
        return self.doubt.place(self.here, table, index, *columns)

    @property
    def councils(self) -> list[str]:
        """Ids that may be meant as a council."""
        return self.doubt.believed(self.model, "councils")

    @property
    def services(self) -> list[str]:
        """Ids that may be meant as a service."""
        return self.doubt.believed(self.model, "services")

    def at(self, loc: tuple[Any, ...]) -> Place:
        """Return the place of a location of the model: a row's column, or a section's field."""
        return self.place(*loc) if len(loc) > 1 and isinstance(loc[1], int) else self.here.at(loc)

    def unknown(
        self, loc: tuple[Any, ...], kind: str, name: str, table: str, allowed: Sequence[str]
    ) -> Iterator[Placed]:
        """Yield the fault of a name that is not among the allowed ones, unless their table is in doubt as a whole."""
        if (
            name not in allowed
            and table not in self.doubt.unread
            and (allowed or table not in ("councils", "services"))
        ):
            parts = [part.strip() for part in re.split(r"[,/|]", name)]
            if len(parts) > 1 and set(parts) <= set(allowed):
                yield self.at(loc).fault(
                    f"several {kind}s in one name",
                    repr(name),
                    "names separated by semicolons",
                    f"Write {';'.join(parts)}.",
                )
            else:
                # What a name was meant to be is worth working out for those that will be shown.
                is_guessed = next(self.guesses) < 2 * MOST_FAULTS
                yield self.at(loc).holding(unknown_name("", kind, name, allowed, is_guessed=is_guessed))

    def quantities(self) -> Iterator[tuple[tuple[Any, ...], Quantity]]:
        """Yield (location, number) of all that may be uncertain; named drivers' own values left out."""
        for table in (*ROWS, "gates", "arrangements", "existing", "shared_items", "grants"):
            for index, row in self.rows(table):
                for name in type(row).model_fields:
                    if isinstance(value := getattr(row, name), Quantity):
                        yield (table, index, name), value
        for section in ("study", "staff", "costs", "exit"):
            part = getattr(self.model, section)
            for name in type(part).model_fields:
                if isinstance(value := getattr(part, name), Quantity):
                    yield (section, name), value
        for form, entry in self.model.forms.items():
            for name in type(entry).model_fields:
                if isinstance(value := getattr(entry, name), Quantity):
                    yield ("forms", form, name), value
