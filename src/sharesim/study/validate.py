"""All faults in one go: what the schema finds, and what can still be checked in the part that it accepts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sharesim.errors import UsageError
from sharesim.study import overrides
from sharesim.study.checks import cross_check
from sharesim.study.doubt import Doubt
from sharesim.study.faults import fault_of, findings, plain_loc
from sharesim.study.labels import nearest
from sharesim.study.overrides import KEYS
from sharesim.study.places import MOST_FAULTS, Directory, Place, Placed, Places
from sharesim.study.schema import StudyModel

_TRIES = 4
_STAND_INS = {"name": "x", "title": "x", "start": date(2000, 4, 1), "price_base": "2000"}


def validated(
    raw: Mapping[str, Any], here: Directory, check: Callable[..., list[Placed]] = cross_check
) -> tuple[StudyModel | None, list[Placed]]:
    """Return the model of a raw study, or None and every fault; `check` looks between fields, tables and rules.

    Where a row or a field is at fault it is set aside, and the rest is checked all the same: names that only a faulty
    row defines are believed, and what hangs on a faulty field is left alone.
    """
    try:
        model = StudyModel.model_validate(dict(raw))
    except ValidationError as error:
        items = error.errors(include_url=False)
        told = findings(error, here.places.absent)
    else:
        doubt = Doubt.none(here)
        found = [*check(model, here, doubt)]
        return (None if found or doubt.unread else model), found
    faults = _worded(told, here)
    rest, doubt = _salvaged(raw, items, here)
    if rest is not None:
        faults += check(rest, here, doubt)
    return None, faults


def _worded(told: list[Mapping[str, Any]], here: Directory) -> list[Placed]:
    """Return the faults of findings: in full those that will be shown, the others as no more than where they are.

    A suggestion for a name takes a millisecond, and a file may hold a hundred thousand slips.
    """
    placed = sorted(((here.at(plain_loc(item["loc"])), at) for at, item in enumerate(told)), key=_in_files)
    most = 2 * MOST_FAULTS
    return [fault_of(told[at], here) for _, at in placed[:most]] + [place.fault("at fault") for place, _ in placed[most:]]


def _in_files(found: tuple[Place, int]) -> tuple[Any, ...]:
    return (found[0].rank, found[0].words)


@dataclass
class _Remains:
    """What is left of a raw study while faulty parts are taken out."""

    raw: dict[str, Any]
    kept: dict[str, list[int]] = field(default_factory=dict)
    dropped: dict[str, list[Any]] = field(default_factory=dict)
    doubted: set[str] = field(default_factory=set)

    def without(self, items: Iterable[Mapping[str, Any]]) -> None:
        """Take out what the findings are about."""
        rows: dict[str, set[int]] = {}
        fields: dict[str, set[Any]] = {}
        for loc in (tuple(item["loc"]) for item in items):
            if not loc:
                # A section whose name is no text, as a stray byte on the command line makes it.
                self.raw = {key: value for key, value in self.raw.items() if str(key).isprintable()}
                continue
            if len(loc) > 2 and KEYS.get(loc[0]) == (loc[2],):
                # Nobody knows what the row was to be called, so no name can be said to be unknown.
                self.doubted.add(loc[0])
            if len(loc) > 1 and isinstance(loc[1], int):
                rows.setdefault(loc[0], set()).add(loc[1])
            elif len(loc) > 1 and isinstance(self.raw.get(loc[0]), dict):
                self.doubted.add(f"{loc[0]}.{loc[1]}")
                fields.setdefault(loc[0], set()).add(loc[1])
            else:
                self.doubted.add(str(loc[0]))
                self.raw.pop(loc[0], None)
        for table, gone in rows.items():
            self._drop(table, gone)
        for section, out in fields.items():
            if isinstance(self.raw.get(section), dict):
                self.raw[section] = {key: value for key, value in self.raw[section].items() if key not in out}
        about = self.raw.get("study")
        self.raw["study"] = {**_STAND_INS, **(about if isinstance(about, dict) else {})}

    def _drop(self, table: str, gone: set[int]) -> None:
        listed = list(self.raw.get(table, ()))
        kept = self.kept.get(table, list(range(len(listed))))
        self.dropped.setdefault(table, []).extend(listed[at] for at in sorted(gone) if at < len(listed))
        self.raw[table] = [row for at, row in enumerate(listed) if at not in gone]
        self.kept[table] = [index for at, index in enumerate(kept) if at not in gone]


def _salvaged(raw: Mapping[str, Any], items: list[Any], here: Directory) -> tuple[StudyModel | None, Doubt]:
    remains = _Remains(dict(raw))
    for _ in range(_TRIES):
        remains.without(items)
        try:
            model = StudyModel.model_validate(remains.raw)
        except ValidationError as error:
            items = error.errors(include_url=False)
        else:
            return model, Doubt.of(here, remains.kept, remains.dropped, remains.doubted)
    return None, Doubt.none(here)


def scenario_faults(raw: Mapping[str, Any], places: Places) -> list[Placed]:
    """Return what is wrong with the scenarios of a study that was not asked for any: paths and single values."""
    scenarios = raw.get("scenarios")
    if not isinstance(scenarios, dict):
        return []
    faults: list[Placed] = []
    for position, (name, nested) in enumerate(scenarios.items()):
        if not isinstance(nested, dict):
            continue
        rank = (0, len(StudyModel.model_fields) + position)
        by = f"{places.study}: scenario {name}"
        # A table that could not be read is told once; what a scenario would change in it cannot be judged.
        pairs = [pair for pair in overrides.paths_of(nested) if pair[0].partition(".")[0] not in places.unread]
        try:
            changed, changes = overrides.apply(raw, pairs, by)
        except UsageError as error:
            faults += [Place(fault.where, rank).holding(fault) for fault in error.faults]
            continue
        faults += [Placed(rank, item.fault) for item in _value_faults(changed, places.about(changed, changes), changes)]
    return faults


def _value_faults(raw: Mapping[str, Any], here: Directory, changes: Iterable[overrides.Change]) -> list[Placed]:
    """Return the findings that lie on changed values, each section or row validated alone."""
    faults: list[Placed] = []
    places = {loc[:2] if len(loc) > 1 and isinstance(loc[1], int) else loc[:1] for loc in here.changed}
    for place in sorted(places, key=str):
        section = str(place[0])
        info = StudyModel.model_fields.get(section)
        if info is None:
            near = nearest(section, StudyModel.model_fields)
            remedy = f"Did you mean {near!r}?" if near else ""
            faults += [
                here.at(loc).fault("unknown section", "", "", remedy) for loc in here.changed if loc[0] == section
            ]
            continue
        value, at = raw.get(section), place[1] if len(place) > 1 else None
        kind: Any = info.annotation
        try:
            TypeAdapter(kind).validate_python(value if value is None or at is None else [value[at]])
        except ValidationError as error:
            for item in findings(error):
                rest = tuple(item["loc"])
                loc = plain_loc((section, *rest) if at is None else (section, at, *rest[1:]))
                if any(loc[: len(changed)] == changed for changed in here.changed):
                    faults.append(fault_of({**item, "loc": loc}, here))
    return faults
