"""Which arrangements could exist: partners x services x hosts x forms x starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from math import comb

import numpy as np

from sharesim.bundles.named import INTERNAL_FORM, with_named
from sharesim.bundles.table import BundleTable, Groups
from sharesim.errors import Fault, StudyError
from sharesim.study.priors import FORM_FACTS
from sharesim.study.study import Study

#: More than this is no list of candidates but a mistake in [bundles].
MOST_BUNDLES = 20_000_000


@dataclass(frozen=True)
class _Rows:
    """Bundles of one package and one way to choose partners, in canonical order.

    `partners` is (group, slot), -1 beyond the partners; the rest is one entry per bundle.
    """

    partners: np.ndarray
    group: np.ndarray
    start: np.ndarray
    form: np.ndarray
    host: np.ndarray


def candidates(study: Study) -> BundleTable:
    """Return every bundle that the study allows, before any rule of the choice.

    Rules forbid in the choice and not here, so that the cost of each rule can be priced.

    Returns
    -------
    BundleTable
        Ordered by package, number of partners, partners, start, form and host; councils and services by id.

    Raises
    ------
    StudyError
        When no bundle is possible, with the reasons by service; or when there are too many to look at.

    Examples
    --------
    >>> from sharesim.examples import two_councils
    >>> table = candidates(two_councils())
    >>> table.describe(0)
    'Payroll: Eastham, Westham (lead authority, hosted by Eastham, from 2025-04-01)'
    """
    known: dict[tuple[int, ...], list[np.ndarray]] = {}
    parts: list[tuple[int, _Rows]] = []
    total = 0
    for package in range(len(study.packages)):
        for rows in _package_rows(study, package, known):
            parts.append((package, rows))
            total += len(rows.group)
            if total > MOST_BUNDLES:
                raise _too_many(f"more than {MOST_BUNDLES:,}")
    if not total and not study.model.arrangements and not study.model.stages:
        raise StudyError(_why_empty(study))
    return with_named(study, _table(study, [(package, rows) for package, rows in parts if len(rows.group)]))


def _package_rows(study: Study, package: int, known: dict[tuple[int, ...], list[np.ndarray]]) -> Iterable[_Rows]:
    """Yield the bundles of a package: one council alone, then partners by number."""
    services = study.package_services[package]
    eligible = tuple(np.flatnonzero(study.present[:, list(services)].all(axis=1)).tolist())
    first = study.first_stage(package)
    if first is None and study.model.bundles.listed_only:
        return
    starts = _starts(study, services) if first is None else sorted(study.model.stages[first[0]].starts)
    if first is None and study.model.bundles.internal and _can_reorganise(study, package):
        alone = np.array(eligible, np.int32).reshape(-1, 1)
        yield _crossed(study, services, alone, starts, [study.forms.index(INTERNAL_FORM)])
    if eligible not in known:
        known[eligible] = _partner_sets(study, eligible)
    forms = _forms(study, services)
    for partners in known[eligible]:
        if first is not None:
            partners = partners[(partners == first[1]).any(axis=1)]
        yield _crossed(study, services, partners, starts, forms)


def _starts(study: Study, services: Sequence[int]) -> list[date]:
    """Start dates that every service of a package allows; one that names none takes the study's."""
    usual = study.model.bundles.starts or (study.model.study.start,)
    return sorted(set.intersection(*(set(study.model.services[service].starts or usual) for service in services)))


def _forms(study: Study, services: Sequence[int]) -> list[int]:
    usual = study.model.bundles.forms
    allowed = set.intersection(*(set(study.model.services[service].forms or usual) for service in services))
    return sorted(study.forms.index(form) for form in allowed)


def _can_reorganise(study: Study, package: int) -> bool:
    number = study.numbers["services.internal_saving_share"]
    return all(not np.isnan(number.base[service]) for service in study.package_services[package])


def _partner_sets(study: Study, eligible: tuple[int, ...]) -> list[np.ndarray]:
    """Return the sets of partners by their number, each (set, slot), sorted."""
    settings = study.model.bundles
    most = min(settings.most_partners, len(eligible))
    sizes = range(settings.least_partners, most + 1)
    if settings.adjacent == "any":
        count = sum(comb(len(eligible), size) for size in sizes)
        if count > MOST_BUNDLES:
            raise _too_many(f"{count:,} sets of partners")
        return [np.array(list(combinations(eligible, size)), np.int32).reshape(-1, size) for size in sizes]
    borders = neighbours(study)
    members = set(eligible)
    inside = {council: borders[council] & members for council in eligible}
    return [np.array(sorted(connected_sets(inside, size)), np.int32).reshape(-1, size) for size in sizes]


def neighbours(study: Study) -> list[set[int]]:
    """Return the neighbours of each council; borders given one way count both ways."""
    result: list[set[int]] = [set() for _ in study.councils]
    for row in study.model.neighbours:
        one, other = study.councils.index(row.council), study.councils.index(row.neighbour)
        result[one].add(other)
        result[other].add(one)
    return result


def connected_sets(borders: Mapping[int, set[int]], size: int) -> set[tuple[int, ...]]:
    """Return all sets of `size` councils that form a connected area, each once and sorted.

    Raises
    ------
    StudyError
        When there are too many to look at.

    Examples
    --------
    >>> sorted(connected_sets({0: {1}, 1: {0, 2}, 2: {1}}, 2))
    [(0, 1), (1, 2)]
    """
    current: set[tuple[int, ...]] = {(council,) for council in borders}
    for _ in range(size - 1):
        larger: set[tuple[int, ...]] = set()
        for members in current:
            around = set().union(*(borders[member] for member in members)) - set(members)
            larger.update(tuple(sorted((*members, council))) for council in around)
            if len(larger) > MOST_BUNDLES:
                raise _too_many(f"more than {MOST_BUNDLES:,} sets of partners")
        current = larger
    return current


def _crossed(
    study: Study, services: Sequence[int], partners: np.ndarray, starts: Sequence[date], forms: Sequence[int]
) -> _Rows:
    """Cross sets of partners with starts, forms and hosts; the order is that of the loops."""
    may_host = _may_host(study, services)[partners]
    free = _free_from(study, services)[partners].max(axis=1, initial=-np.inf)
    begins = np.array([study.years_since_start(day) for day in starts])
    allowed = np.zeros((len(partners), len(starts), len(forms), partners.shape[1]), bool)
    hosted = np.array([_has_host(study, form) for form in forms], bool)
    allowed[:, :, hosted] = may_host[:, None, None, :]
    allowed[:, :, ~hosted, 0] = True
    allowed &= (begins[None, :] >= free[:, None])[:, :, None, None]
    group, start, form, slot = np.nonzero(allowed)
    days = np.array(starts, "datetime64[D]")
    host = np.where(hosted[form], slot, -1) if len(forms) else slot
    return _Rows(partners, group, days[start], np.array(forms, np.int16)[form], host)


def _may_host(study: Study, services: Sequence[int]) -> np.ndarray:
    """Whether each council may host all services of a package, shape (council,)."""
    named = [set(study.model.services[service].hosts) for service in services]
    return np.array(
        [row.can_host and all(not hosts or row.id in hosts for hosts in named) for row in study.model.councils], bool
    )


def _free_from(study: Study, services: Sequence[int]) -> np.ndarray:
    """Return from when each council may start anew, years: free of what exists for the services, shape (council,)."""
    free, names = np.full(len(study.councils), -np.inf), {study.services.ids[service] for service in services}
    about = study.model.study
    for entry in study.model.existing:
        if names & set(entry.services):
            begins = study.years_since_start(entry.free_from(about.decision or about.start)) - 1e-9
            for partner in entry.partners:
                at = study.councils.index(partner)
                free[at] = max(free[at], begins)
    return free


def _has_host(study: Study, form: int) -> bool:
    name, (_, has_host) = list(FORM_FACTS.items())[form]
    entry = study.model.forms.get(name)
    return has_host if entry is None or entry.has_host is None else entry.has_host


def _table(study: Study, parts: Sequence[tuple[int, _Rows]]) -> BundleTable:
    """Put the parts together; groups without a bundle are left out."""
    if not parts:
        nobody = np.zeros((0, 1), np.int32)
        parts = [(0, _Rows(nobody, *(np.zeros(0, kind) for kind in (int, "datetime64[D]", np.int16, int))))]
    most = max(rows.partners.shape[1] for _, rows in parts)
    group, packages, partners = [], [], []
    n_groups = 0
    for package, rows in parts:
        used, own = np.unique(rows.group, return_inverse=True)
        group.append(own + n_groups)
        n_groups += len(used)
        packages.append(np.full(len(used), package, np.int32))
        wide = np.full((len(used), most), -1, np.int32)
        wide[:, : rows.partners.shape[1]] = rows.partners[used]
        partners.append(wide)
    members = np.concatenate(partners)
    groups = Groups(np.concatenate(packages), members, (members >= 0).sum(axis=1).astype(np.int32))
    start, form, host = (
        np.concatenate([getattr(rows, name) for _, rows in parts]) for name in ("start", "form", "host")
    )
    host_share = np.zeros((len(host), most))
    hosted = np.flatnonzero(host >= 0)
    host_share[hosted, host[hosted]] = 1.0
    days, place = np.unique(start, return_inverse=True)
    years = np.array([study.years_since_start(day) for day in days.tolist()])
    return BundleTable(
        groups, np.concatenate(group).astype(np.int64), years[place], start, form, host_share,
        np.full(len(host), -1, np.int64), study.councils, study.services, study.packages, study.forms,
        study.package_services,
    )  # fmt: skip


def _too_many(got: str) -> StudyError:
    remedy = 'Lower most_partners, write adjacent = "connected", or name fewer forms, starts and hosts.'
    where, allowed = "study.toml: bundles", f"at most {MOST_BUNDLES:,} bundles"
    return StudyError(Fault(where, "too many candidate bundles", got, allowed, remedy))


def _why_empty(study: Study) -> list[Fault]:
    """Say for each service or package why no bundle of it is possible."""
    return [_why_none(study, package) for package in range(len(study.packages))]


def _why_none(study: Study, package: int) -> Fault:
    settings, services = study.model.bundles, study.package_services[package]
    where = f"candidate bundles of {study.packages.ids[package]}"
    eligible = np.flatnonzero(study.present[:, list(services)].all(axis=1))
    if len(eligible) < settings.least_partners:
        got, allowed = f"{len(eligible)} with a baseline row for it", f"at least {settings.least_partners}"
        return Fault(where, "too few councils have it", got, allowed, "Add baseline rows, or write internal = true.")
    if settings.most_partners < settings.least_partners:
        got, remedy = f"most_partners = {settings.most_partners}", "Raise most_partners, or write internal = true."
        return Fault(where, "no partnership is allowed", got, f"at least {settings.least_partners}", remedy)
    if not _forms(study, services):
        return Fault(where, "its services have no delivery form in common", "", "", "Give one form to all of them.")
    if not _starts(study, services):
        return Fault(where, "its services have no start in common", "", "", "Give one start to all of them.")
    if not any(len(sets) for sets in _partner_sets(study, tuple(eligible.tolist()))):
        remedy = 'Add rows to the neighbours table, or write adjacent = "any".'
        return Fault(where, "no councils with it are neighbours", "", "", remedy)
    begins = max(study.years_since_start(day) for day in _starts(study, services))
    if (np.sort(_free_from(study, services)[eligible])[: settings.least_partners] > begins).any():
        remedy = "Name a later start, or a shorter notice."
        return Fault(where, "too few are free of what exists by the last start", "", "", remedy)
    remedy = "Let a council host (can_host, hosts), or name a form without a host."
    return Fault(where, "no council may host it", "", "", remedy)
