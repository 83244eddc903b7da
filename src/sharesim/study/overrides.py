"""Changes to a study without touching its file: base <- scenario <- command line, each one recorded.

A path names one value the way a person reads the study:

``study.horizon_years``, ``services.hr.elasticity``, ``baseline.bolsover/hr.cost_gbp``, ``rules.NAME.limit_gbp``,
``drivers.NAME.value``, ``defaults.services.cashable_share``, ``bundles.starts``.
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sharesim.errors import Fault, UsageError
from sharesim.study.labels import unknown_name

# How a row of each list is recognised; baseline rows by council/service.
KEYS: dict[str, tuple[str, ...]] = {
    "councils": ("id",),
    "services": ("id",),
    "baseline": ("council", "service"),
    "risks": ("id",),
    "quality": ("service", "criterion"),
    "gates": ("id",),
    "packages": ("id",),
    "shared_items": ("id",),
    "grants": ("id",),
    "drivers": ("name",),
    "rules": ("name",),
    "published": ("label",),
}


@dataclass(frozen=True)
class Change:
    """One override that was applied: where, from what, to what, and on whose word."""

    path: str
    before: Any
    after: Any
    by: str


def read_assignment(text: str) -> tuple[str, Any]:
    """Split ``path=value`` and read the value as TOML where it is TOML, otherwise as text.

    Raises
    ------
    UsageError
        When there is no ``=`` or no path before it.

    Examples
    --------
    >>> read_assignment("study.horizon_years=5")
    ('study.horizon_years', 5)
    >>> read_assignment("services.hr.elasticity=pert(0.7, 0.9, 1.0)")
    ('services.hr.elasticity', 'pert(0.7, 0.9, 1.0)')
    """
    path, sign, value = text.partition("=")
    if not sign or not path.strip() or not value.strip():
        raise UsageError(
            Fault("--set", "not an assignment", repr(text), "path=value", "Write for instance --set study.horizon_years=5.")
        )
    try:
        return path.strip(), tomllib.loads(f"value = {value}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return path.strip(), value.strip()


def apply(raw: Mapping[str, Any], assignments: Iterable[tuple[str, Any]], by: str) -> tuple[dict[str, Any], tuple[Change, ...]]:
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
    result = copy.deepcopy(dict(raw))
    changes, faults = [], []
    for path, value in assignments:
        try:
            before = _assign(result, path, value, by)
        except UsageError as error:
            faults.extend(error.faults)
        else:
            changes.append(Change(path, before, value, by))
    if faults:
        raise UsageError(faults)
    return result, tuple(changes)


def _assign(raw: dict[str, Any], path: str, value: Any, by: str) -> Any:
    section, _, rest = path.partition(".")
    where = f"{by}: {path}"
    if section == "defaults":
        target, key = raw.setdefault("defaults", {}), rest
    elif section in KEYS:
        # The last dot parts row from field, so that names with dots and spaces need no quotes.
        name, _, key = rest.rpartition(".")
        target = _row(raw, section, name.strip().strip('"'), where)
    else:
        target, key = raw.setdefault(section, {}), rest
        while isinstance(target, dict) and "." in key and (head := key.partition("."))[0] in (*target, *_NESTED.get(section, ())):
            target, key = target.setdefault(head[0], {}), head[2]
    if not key or not isinstance(target, dict):
        raise UsageError(
            Fault(where, "the path ends too early", repr(path), "section.field or table.row.field", "Name the field to change.")
        )
    before = target.get(key)
    target[key] = value
    return before


_NESTED = {"forms": ("lead_authority", "section_113", "joint_committee", "company", "private_partner", "internal")}


def _row(raw: dict[str, Any], section: str, name: str, where: str) -> dict[str, Any]:
    rows = raw.get(section) or []
    names = ["/".join(str(row.get(key, "")) for key in KEYS[section]) for row in rows]
    if name not in names:
        raise UsageError(unknown_name(where, f"row of {section}", name, names))
    return rows[names.index(name)]
