"""Laws whose observed values lie in a CSV file beside the study: read where a study is put together, once per file.

In TOML ``{empirical = {file = "overruns.csv", column = "overrun"}}``, alone or within another law; in a cell
``empirical(file=overruns.csv, column=overrun)``, quoted or not. What was read becomes part of the study and its hash.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sharesim.errors import Fault, StudyError
from sharesim.study.files import MOST_TABLE_BYTES, read_text
from sharesim.study.plain import Unreadable, shown
from sharesim.uncertainty.distributions import LAWS, Distribution
from sharesim.uncertainty.observed import values_of

_WORD = r"""(?:"([^"]*)"|'([^']*)'|([^"'(),=]*?))"""
_CELL = re.compile(rf"\s*empirical\(\s*file\s*=\s*{_WORD}\s*(?:,\s*column\s*=\s*{_WORD}\s*)?\)\s*")
#: Deeper than any study goes; what lies below is told by the schema.
_DEEPEST = 20


class Unread:
    """Stands where a law was to come from a file that cannot be used; the schema tells it with its place.

    Parameters
    ----------
    fault : Fault
    """

    def __init__(self, fault: Fault) -> None:
        self.fault = fault

    def __repr__(self) -> str:
        return f"Unread({str(self.fault)!r})"

    def refused(self) -> Unreadable:
        """Return the fault as the schema wants it."""
        return Unreadable(self.fault.problem, self.fault.got, self.fault.allowed, self.fault.remedy)


class Observations:
    """Reads the laws of observed values that a raw study names.

    Parameters
    ----------
    folder : Path or None
        Where the study's files lie; None for a study written as a dictionary.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._known: dict[tuple[str, str | None], Distribution | Unread] = {}

    def put_into(self, raw: Any, depth: int = 0) -> Any:
        """Return raw data with a law in place of every reference to a file; what holds none is returned as it is.

        Examples
        --------
        >>> Observations(None).put_into({"a": 1, "b": [2, "pert(1, 2, 3)"]})
        {'a': 1, 'b': [2, 'pert(1, 2, 3)']}
        """
        if isinstance(raw, str):
            return raw if (asked := _asked_in_cell(raw)) is None else self._law(asked)
        if depth >= _DEEPEST or not isinstance(raw, (Mapping, list, tuple)):
            return raw
        if isinstance(raw, Mapping):
            if set(raw) == {"empirical"} and isinstance(raw["empirical"], Mapping) and "file" in raw["empirical"]:
                return self._law(raw["empirical"])
            found: Any = {key: self.put_into(value, depth + 1) for key, value in raw.items()}
            if any(key in LAWS for key in raw) and (unread := _unread_in(found)) is not None:
                return unread
            return found if any(found[key] is not value for key, value in raw.items()) else raw
        found = [self.put_into(value, depth + 1) for value in raw]
        return found if any(new is not old for new, old in zip(found, raw, strict=True)) else raw

    def _law(self, asked: Mapping[str, Any]) -> Distribution | Unread:
        file, column = asked["file"], asked.get("column")
        try:
            if unknown := sorted(str(key) for key in set(asked) - {"file", "column"}):
                raise _refused("unknown argument", shown(unknown[0]), "file, column")
            if not isinstance(file, str) or not file.strip():
                raise _refused("no file", shown(file), "the name of a CSV file in the folder of the study")
            if column is not None and not isinstance(column, str):
                raise _refused("no column", shown(column), "the heading of a column", "Put it in quotes.")
        except StudyError as error:
            return Unread(error.faults[0])
        key = (file.strip(), column)
        if key not in self._known:
            try:
                self._known[key] = self._read(*key)
            except StudyError as error:
                self._known[key] = Unread(error.faults[0])
        return self._known[key]

    def _read(self, name: str, column: str | None) -> Distribution:
        if self.folder is None:
            remedy = "Write the values themselves."
            raise _refused("a file for a study that lies in no folder", shown(name), "values", remedy)
        allowed = "a CSV file in the folder of the study"
        try:
            home = self.folder.resolve()
            file = (home / name).resolve()
        except (OSError, ValueError, RuntimeError):
            raise _refused("not the name of a file", shown(name), allowed) from None
        if not file.is_relative_to(home):
            raise _refused("the file lies outside the study", shown(name), allowed, "Copy it there.")
        if file.suffix.lower() in (".xlsx", ".xlsm", ".xls", ".ods"):
            raise _refused("the values lie in a workbook", shown(name), allowed, "Save that sheet as CSV.")
        try:
            text = read_text(file, name, MOST_TABLE_BYTES)
        except StudyError as error:
            fault = error.faults[0]
            remedy = fault.remedy if "[tables]" not in fault.remedy else "Check its name and place."
            raise _refused(f"{fault.where}: {fault.problem}", fault.got, fault.allowed, remedy) from None
        try:
            return values_of(text, name, column)
        except StudyError as error:
            raise StudyError(replace(error.faults[0], problem=f"empirical: {error.faults[0].problem}")) from None


def _unread_in(raw: Any) -> Unread | None:
    """Return what could not be read within a law, if anything."""
    if isinstance(raw, Unread):
        return raw
    parts = raw.values() if isinstance(raw, Mapping) else raw if isinstance(raw, (list, tuple)) else ()
    return next((found for part in parts if (found := _unread_in(part)) is not None), None)


def _refused(problem: str, got: str, allowed: str, remedy: str = "") -> StudyError:
    fault = Fault("empirical", problem, got, allowed, remedy)
    return StudyError(replace(fault, problem=f"empirical: {problem}"))


def _asked_in_cell(text: str) -> dict[str, str] | None:
    """Return file and column of a cell such as ``empirical(file=overruns.csv, column=overrun)``, else None."""
    match = _CELL.fullmatch(text) if "empirical" in text and len(text) <= 1000 else None
    if match is None:
        return None
    parts = match.groups()
    file, column = (next((part for part in group if part is not None), None) for group in (parts[:3], parts[3:]))
    return {"file": (file or "").strip()} | ({} if column is None else {"column": column.strip()})


__all__ = ["Observations", "Unread"]
