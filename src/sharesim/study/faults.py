"""Pydantic's findings in the words of the analyst's own files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from pydantic import BaseModel

from sharesim.errors import Fault
from sharesim.study import overrides
from sharesim.study.labels import nearest
from sharesim.study.rules import Rule
from sharesim.study.schema import ROWS, StudyModel

KINDS = {model.model_fields["kind"].annotation.__args__[0]: model for model in get_args(get_args(Rule)[0])}


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
        Line number of each row of a table.
    """

    study: str
    files: Mapping[str, str]
    number: dict[str, list[int]] = field(default_factory=dict)

    def row(self, table: str, index: int, label: str = "") -> str:
        """Return the place of a row, such as ``services.csv, row 3 (hr)``."""
        named = f" ({label})" if label else ""
        if table in self.files:
            numbers = self.number.get(table, [])
            return f"{self.files[table]}, row {numbers[index] if index < len(numbers) else index + 2}{named}"
        return f"{self.study}: {table} {index + 1}{named}"


def fault_of(item: Mapping[str, Any], raw: Mapping[str, Any], places: Places) -> Fault:
    """Return the fault for one pydantic finding.

    Parameters
    ----------
    item : mapping
        One entry of ``ValidationError.errors()``.
    raw : mapping
        What was validated, to name the row.
    places : Places
    """
    loc = [part for part in item["loc"]]
    where = _where(loc, raw, places)
    kind, got, context = item["type"], _show(item.get("input")), item.get("ctx") or {}
    if kind in ("quantity", "bound"):
        return Fault(where, context.get("problem", "not a number"), context.get("got", got), context.get("allowed", ""), context.get("remedy", ""))
    if kind == "missing":
        return Fault(where, "required, but not given", "", "", "Give it; `sharesim schema` says what it means.")
    if kind == "extra_forbidden":
        close = nearest(str(loc[-1]), _siblings(loc))
        remedy = f"Did you mean {close!r}?" if close else "Remove it, or see `sharesim schema` for what is allowed."
        return Fault(where, "unknown field", "", "", remedy)
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        sign = {"greater_than": "above", "greater_than_equal": "at least", "less_than": "below", "less_than_equal": "at most"}[kind]
        return Fault(where, "out of bounds", got, f"{sign} {next(iter(context.values()))}", "")
    if kind in ("literal_error", "union_tag_invalid"):
        allowed = str(context.get("expected") or context.get("expected_tags"))
        close = nearest(str(context.get("tag", item.get("input"))), [part.strip(" '") for part in allowed.replace(" or ", ",").split(",")])
        return Fault(where, "not one of the choices", got if "tag" not in context else repr(context["tag"]), allowed, f"Did you mean {close!r}?" if close else "")
    if kind == "string_pattern_mismatch":
        return Fault(where, "not of the form needed", got, f"text matching {context.get('pattern')}", "")
    if kind == "value_error":
        return Fault(where, str(context.get("error", item["msg"])), "", "", "")
    return Fault(where, item["msg"][0].lower() + item["msg"][1:], got, "", "")


def _where(loc: list[Any], raw: Mapping[str, Any], places: Places) -> str:
    if len(loc) >= 2 and isinstance(loc[1], int):
        table, index = str(loc[0]), loc[1]
        rows = raw.get(table)
        row = rows[index] if isinstance(rows, (list, tuple)) and index < len(rows) else {}
        label = "/".join(str(row.get(key, "?"))[:60] for key in overrides.KEYS.get(table, ())) if isinstance(row, dict) else ""
        rest = [part for part in loc[2:] if not (table == "rules" and part in KINDS)]
        word = "column" if table in places.files else "field"
        return places.row(table, index, label) + (f", {word} {'.'.join(map(str, rest))}" if rest else "")
    return f"{places.study}: " + ".".join(str(part) for part in loc if part not in ("float", "tuple[RateFrom, ...]"))


def _siblings(loc: list[Any]) -> list[str]:
    """Names that would have been allowed beside an unknown one."""
    if len(loc) >= 3 and loc[0] == "rules" and loc[2] in KINDS:
        return list(KINDS[loc[2]].model_fields)
    if loc[0] in ROWS:
        return list(ROWS[loc[0]].model_fields)
    model: Any = StudyModel
    for part in loc[:-1]:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation if part in getattr(model, "model_fields", {}) else None
        found = [annotation, *get_args(annotation)]
        model = next((kind for kind in found if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        if model is None:
            return []
    return list(model.model_fields)


def _show(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    if isinstance(value, (dict, list)):
        text = f"a {'table' if isinstance(value, dict) else 'list'}"
    return text if len(text) <= 80 else text[:77] + "..."
