"""Changes to a study without touching its file: base <- scenario <- command line, each one recorded.

A path names one value the way a person reads the study:

``study.horizon_years``, ``services.hr.elasticity``, ``baseline.bolsover/hr.cost_gbp``, ``rules.NAME.limit_gbp``,
``drivers.NAME.value``, ``defaults.services.cashable_share``, ``forms.company.set_up_gbp``,
``dependence.correlations.1.rank`` (the first of the list).

Names may hold spaces and dots: the last dot parts the row from its field. Quotes round a name are allowed.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sharesim.errors import Fault, StudyError, UsageError
from sharesim.study.labels import unknown_name
from sharesim.study.plain import shown, tidy, visible
from sharesim.study.toml import document_of

# How a row of each list is recognised; baseline rows by council/service.
KEYS: dict[str, tuple[str, ...]] = {
    "councils": ("id",),
    "services": ("id",),
    "baseline": ("council", "service"),
    "risks": ("id",),
    "quality": ("service", "criterion"),
    "gates": ("id",),
    "packages": ("id",),
    "arrangements": ("id",),
    "stages": ("id",),
    "existing": ("id",),
    "shared_items": ("id",),
    "grants": ("id",),
    "drivers": ("name",),
    "rules": ("name",),
    "published": ("label",),
    "medium_term_plan": ("council", "line"),
    "assumption_log": ("path",),
}
FORMS = ("lead_authority", "section_113", "joint_committee", "company", "private_partner", "internal")
#: Tables within a section that a path may enter before the file has them.
_NESTED = {"forms": FORMS, "staff": ("weekly_pay_cap_gbp",)}
_LISTED_BY_NUMBER = ("workforce", "neighbours")
Loc = tuple[Any, ...]


@dataclass(frozen=True)
class Change:
    """One override that was applied: where, from what, to what, and on whose word.

    Parameters
    ----------
    path : str
        As it was written.
    before, after : object
        The raw values; None where there was none.
    by : str
        ``scenario NAME`` or ``command line``.
    loc : tuple
        The location in the study, for messages.
    """

    path: str
    before: Any
    after: Any
    by: str
    loc: Loc = ()


def read_assignment(text: str) -> tuple[str, Any]:
    """Split ``path=value`` and read the value as TOML where it is TOML, otherwise as text.

    Raises
    ------
    UsageError
        When there is no ``=``, no path before it or no value behind it.

    Examples
    --------
    >>> read_assignment("study.horizon_years=5")
    ('study.horizon_years', 5)
    >>> read_assignment("services.hr.elasticity=pert(0.7, 0.9, 1.0)")
    ('services.hr.elasticity', 'pert(0.7, 0.9, 1.0)')
    """
    path, sign, value = text.partition("=")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        remedy = "Write it in UTF-8, with names as the study has them."
        raise UsageError(Fault("--set", "holds bytes that are no text", shown(text), "text", remedy))
    if not sign or not path.strip() or not value.strip():
        remedy = "Write for instance --set study.horizon_years=5"
        raise UsageError(Fault("--set", "not an assignment", shown(text), "path=value", remedy))
    try:
        read = document_of(f"value = {value}", "--set")
    except StudyError:
        read = {}
    return path.strip(), read["value"] if len(read) == 1 else value.strip()


def apply(
    raw: Mapping[str, Any], assignments: Iterable[tuple[str, Any]], by: str
) -> tuple[dict[str, Any], tuple[Change, ...]]:
    """Return a copy of the raw study with the assignments applied, and what they changed.

    Parameters
    ----------
    raw : mapping
        The study as read, tables as lists of rows.
    assignments : iterable of (path, value)
    by : str
        Who asks: ``scenario NAME`` or ``command line``.

    Raises
    ------
    UsageError
        With every path that leads nowhere.
    """
    assignments = list(assignments)
    if not assignments:
        return dict(raw), ()
    touched = {str(path).partition(".")[0] for path, _ in assignments}
    result = {key: copy.deepcopy(part) if key in touched else part for key, part in raw.items()}
    changes, faults = [], []
    for path, value in assignments:
        try:
            changes.append(_assign(result, path, value, by))
        except UsageError as error:
            faults += [tidy(fault) for fault in error.faults]
    if faults:
        raise UsageError(faults)
    return result, tuple(changes)


def paths_of(nested: Any) -> Iterator[tuple[str, Any]]:
    """Yield (path, value) of overrides that TOML may hold flat or nested.

    Examples
    --------
    >>> list(paths_of({"study.horizon_years": 5, "services": {"hr": {"elasticity": {"pert": [0.7, 0.8, 1]}}}}))
    [('study.horizon_years', 5), ('services.hr.elasticity', {'pert': [0.7, 0.8, 1]})]
    """
    for key, value in nested.items():
        yield from _below(str(key), value)


def _below(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    section = path.partition(".")[0]
    deep = section in KEYS or section in ("forms", "defaults")
    if isinstance(value, dict) and value and path.count(".") < (2 if deep else 1):
        for key, item in value.items():
            yield from _below(f"{path}.{key}", item)
    else:
        yield path, value


def _assign(raw: dict[str, Any], path: str, value: Any, by: str) -> Change:
    section, _, rest = path.partition(".")
    where = f"{by}: {visible(path)}"
    if not isinstance(path, str) or section in _LISTED_BY_NUMBER:
        remedy = "Name another file for it: tables." + section
        raise UsageError(Fault(where, "rows of this table have no name of their own", "", "", remedy))
    loc: Loc
    if section == "defaults":
        target, key, loc = raw.setdefault("defaults", {}), rest, ("defaults", rest)
        _drop_nested(target, rest)
    elif section in KEYS:
        # The last dot parts row from field, so that names with dots and spaces need no quotes.
        name, _, key = rest.rpartition(".")
        index = _row(raw, section, name, where)
        target, loc = raw[section][index], (section, index, key)
    else:
        target, key, loc = _walk(raw, section, rest)
    if not key or not isinstance(target, dict):
        form = f"{section}.NAME.FIELD" if section in KEYS else f"{section}.FIELD"
        raise UsageError(Fault(where, "the path ends too early", "", form, "Name the field to change."))
    before = target.get(key)
    target[key] = value
    return Change(path, before, value, by, loc)


def _walk(raw: dict[str, Any], section: str, rest: str) -> tuple[Any, str, Loc]:
    """Go down a section to what holds the field: through tables, and through lists by number from 1."""
    loc: Loc = (section,)
    target, key = raw.setdefault(section, {}), rest
    nested = _NESTED.get(section, ())
    while "." in key:
        head, _, tail = key.partition(".")
        if isinstance(target, list) and head.isdigit() and 1 <= int(head) <= len(target):
            target, loc = target[int(head) - 1], (*loc, int(head) - 1)
        elif isinstance(target, dict) and head in (*target, *nested):
            target, loc = target.setdefault(head, {}), (*loc, head)
        else:
            break
        key = tail
    return target, key, (*loc, key)


def _drop_nested(fills: Any, path: str) -> None:
    """Forget a default that the file wrote nested, so that the one with the full path stands alone."""
    section, _, name = path.partition(".")
    if isinstance(fills, dict) and isinstance(fills.get(section), dict):
        fills[section].pop(name, None)


def _row(raw: dict[str, Any], section: str, name: str, where: str) -> int:
    rows = raw.get(section)
    rows = rows if isinstance(rows, list) else []
    keys = KEYS[section]
    names = ["/".join(visible(str(row.get(key, ""))) for key in keys) if isinstance(row, dict) else "" for row in rows]
    wanted = visible(name).strip("\"'")
    if wanted not in names:
        if not wanted:
            raise UsageError(
                Fault(
                    where,
                    "the path ends too early",
                    "",
                    f"{section}.NAME.FIELD",
                    "Name the row and the field to change.",
                )
            )
        fault = unknown_name(where, f"row of {section}", wanted, [item for item in names if item])
        remedy = (
            fault.remedy
            if fault.remedy.startswith("Did you mean")
            else "Name one of these."
            if any(names)
            else "Add it first."
        )
        raise UsageError(dataclasses.replace(fault, remedy=remedy))
    return names.index(wanted)
