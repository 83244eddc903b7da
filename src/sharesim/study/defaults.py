"""The study's own [defaults], put into absent cells before anything is checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from sharesim.study.faults import fault_of
from sharesim.study.labels import unknown_name
from sharesim.study.places import Directory, Placed
from sharesim.study.plain import shown
from sharesim.study.schema import ROWS, fields_at, fields_of

SECTIONS = ("staff", "costs", "exit", "bundles", "split")


def fill_defaults(raw: Mapping[str, Any], here: Directory) -> tuple[dict[str, Any], list[Placed]]:
    """Return the raw study with its defaults in every absent cell, and what is wrong with them.

    Parameters
    ----------
    raw : mapping
        The study as read.
    here : Directory

    Returns
    -------
    filled : dict
        A new mapping; rows that are filled are new too.
    faults : list of Placed
    """
    fills = raw.get("defaults", {})
    result = dict(raw)
    if not isinstance(fills, dict):
        wrong = here.at(("defaults",)).fault("not a table", shown(fills), '[defaults] with "table.field" = value', "")
        return {**result, "defaults": {}}, [wrong]
    faults: list[Placed] = []
    for path, value in _flat(fills):
        section, _, name = path.partition(".")
        place = here.at(("defaults", path))
        if section not in (*ROWS, *SECTIONS):
            faults.append(place.holding(unknown_name("", "table or section", section, [*ROWS, *SECTIONS])))
        elif name not in fields_of(section):
            faults.append(place.holding(unknown_name("", f"field of {section}", name, fields_of(section))))
        elif (found := _wrong_value(section, name, value, here, path)) is not None:
            faults.append(found)
        elif section in ROWS:
            rows = result.get(section)
            if isinstance(rows, (list, tuple)):
                result[section] = [{name: value, **row} if isinstance(row, dict) else row for row in rows]
        elif isinstance(result.get(section, {}), dict):
            result[section] = {name: value, **result.get(section, {})}
    return result, faults


def _wrong_value(section: str, name: str, value: Any, here: Directory, path: str) -> Placed | None:
    """Return what is wrong with a default, told once and not for every row that it would fill."""
    info = fields_at((section,))[name]
    kind: Any = Annotated[info.annotation, info]
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        found = fault_of({**error.errors(include_url=False)[0], "loc": (section, name)}, here)
        return here.at(("defaults", path)).holding(found.fault)
    return None


def _flat(fills: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield (table.field, value); TOML may hold them flat or nested."""
    for key, value in fills.items():
        if "." not in str(key) and isinstance(value, dict):
            yield from ((f"{key}.{name}", item) for name, item in value.items())
        else:
            yield str(key), value
