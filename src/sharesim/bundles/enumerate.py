"""Which arrangements could exist: partners x services x hosts x forms x starts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import combinations

import numpy as np

from sharesim.bundles.table import BundleTable, Groups
from sharesim.errors import Fault, StudyError
from sharesim.study.priors import FORM_FACTS
from sharesim.study.study import Study


def candidates(study: Study) -> BundleTable:
    """Return every bundle that the study allows, before any rule of the choice.

    Rules forbid in the choice and not here, so that the cost of each rule can be priced.

    Raises
    ------
    StudyError
        When no bundle is possible, with the reasons by service.

    Examples
    --------
    >>> from sharesim.examples import two_councils
    >>> table = candidates(two_councils())
    >>> table.describe(0)
    'Payroll: Eastham, Westham (lead authority, hosted by Eastham, from 2025-04-01)'
    """
    rows: list[tuple[int, tuple[int, ...], date, int, int]] = []
    for package in range(len(study.packages)):
        rows.extend(_package_rows(study, package))
    if not rows:
        raise StudyError(_why_empty(study))
    return _table(study, rows)


def _package_rows(study: Study, package: int) -> Iterator[tuple[int, tuple[int, ...], date, int, int]]:
    """Yield (package, partners, start, form, host slot) in canonical order."""
    settings = study.model.bundles
    services = [study.model.services[service] for service in study.package_services[package]]
    eligible = np.flatnonzero(study.present[:, list(study.package_services[package])].all(axis=1))
    forms = sorted(study.forms.index(form) for form in _common([service.forms for service in services], settings.forms))
    default_starts = tuple(day.isoformat() for day in settings.starts) or (study.model.study.start.isoformat(),)
    starts = [
        date.fromisoformat(text) for text in sorted(_common([service.starts for service in services], default_starts))
    ]
    for size in range(1, min(settings.most_partners, len(eligible)) + 1):
        if size == 1 and not (settings.internal and _can_reorganise(study, package)):
            continue
        if 1 < size < settings.least_partners:
            continue
        options = forms if size > 1 else [study.forms.index("internal")]
        for partners in _sets(study, eligible, size):
            for start in starts:
                for form in options:
                    for host in _hosts(study, services, partners, form):
                        yield package, partners, start, form, host


def _common(given: list[tuple[str, ...]], default: tuple[str, ...]) -> set[str]:
    """Options that every service of a package allows; a service that names none takes the study's."""
    return set.intersection(*(set(options or default) for options in given))


def _can_reorganise(study: Study, package: int) -> bool:
    number = study.numbers["services.internal_saving_share"]
    return all(not np.isnan(number.base[service]) for service in study.package_services[package])


def _sets(study: Study, eligible: np.ndarray, size: int) -> Iterator[tuple[int, ...]]:
    if study.model.bundles.adjacent == "any" or size == 1:
        yield from combinations(eligible.tolist(), size)
        return
    borders = neighbours(study)
    members = set(eligible.tolist())
    yield from sorted(connected_sets({council: borders[council] & members for council in members}, size))


def neighbours(study: Study) -> list[set[int]]:
    """Return the neighbours of each council; borders given one way count both ways."""
    result: list[set[int]] = [set() for _ in study.councils]
    for row in study.model.neighbours:
        one, other = study.councils.index(row.council), study.councils.index(row.neighbour)
        result[one].add(other)
        result[other].add(one)
    return result


def connected_sets(borders: dict[int, set[int]], size: int) -> set[tuple[int, ...]]:
    """Return all sets of `size` councils that form a connected area, each once and sorted.

    Examples
    --------
    >>> sorted(connected_sets({0: {1}, 1: {0, 2}, 2: {1}}, 2))
    [(0, 1), (1, 2)]
    """
    current = {(council,) for council in borders}
    for _ in range(size - 1):
        current = {
            tuple(sorted((*members, council)))
            for members in current
            for member in members
            for council in borders[member]
            if council not in members
        }
    return current


def _hosts(study: Study, services: list, partners: tuple[int, ...], form: int) -> list[int]:
    if not _has_host(study, form):
        return [-1]
    named = set.intersection(
        *(set(service.hosts) if service.hosts else set(study.councils.ids) for service in services)
    )
    return [
        slot for slot, council in enumerate(partners)
        if study.model.councils[council].can_host and study.councils.ids[council] in named
    ]  # fmt: skip


def _has_host(study: Study, form: int) -> bool:
    name = study.forms.ids[form]
    entry = study.model.forms.get(name)
    return FORM_FACTS[name][1] if entry is None or entry.has_host is None else entry.has_host


def _table(study: Study, rows: list[tuple[int, tuple[int, ...], date, int, int]]) -> BundleTable:
    most = max(len(row[1]) for row in rows)
    keys: dict[tuple[int, tuple[int, ...]], int] = {}
    group = np.array([keys.setdefault((row[0], row[1]), len(keys)) for row in rows], np.int64)
    partners = np.full((len(keys), most), -1, np.int32)
    for at, (_, members) in enumerate(keys):
        partners[at, : len(members)] = members
    groups = Groups(
        np.array([key[0] for key in keys], np.int32), partners, (partners >= 0).sum(axis=1).astype(np.int32)
    )
    host_share = np.zeros((len(rows), most))
    for at, row in enumerate(rows):
        if row[4] >= 0:
            host_share[at, row[4]] = 1.0
    years = {day: study.years_since_start(day) for day in {row[2] for row in rows}}
    return BundleTable(
        groups, group, np.array([years[row[2]] for row in rows]), np.array([row[2] for row in rows], "datetime64[D]"),
        np.array([row[3] for row in rows], np.int16), host_share, np.full(len(rows), -1, np.int64), study.councils,
        study.services, study.packages, study.forms, study.package_services,
    )  # fmt: skip


def _why_empty(study: Study) -> list[Fault]:
    settings = study.model.bundles
    faults = []
    for package, members in enumerate(study.package_services):
        holders = int(study.present[:, list(members)].all(axis=1).sum())
        faults.append(
            Fault(
                f"candidate bundles of {study.packages.ids[package]}", "none is possible",
                f"{holders} council(s) with all its services, {settings.least_partners} to {settings.most_partners} partners",
                f"at least {settings.least_partners} councils with the service" + (", neighbours of each other" if settings.adjacent == "connected" else ""),
                "Add baseline rows, neighbours, hosts or forms, or widen [bundles].",
            )
        )  # fmt: skip
    return faults
