"""Candidates that a study names one by one, and the first stages of its programmes, put among the enumerated ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from sharesim.bundles.table import BundleTable, Groups
from sharesim.study.schema import Arrangement
from sharesim.study.study import Study

INTERNAL_FORM = "internal"


@dataclass(frozen=True)
class _Named:
    """One bundle in plain values; `joins` holds years for those who join later, 0 for the others."""

    package: int
    partners: tuple[int, ...]
    start: date
    form: int
    host_share: tuple[float, ...]
    joins: tuple[float, ...]
    arrangement: int


def with_named(study: Study, table: BundleTable) -> BundleTable:
    """Return a table with the arrangements that the study names and the first stages of its programmes put in.

    What is there already is not put in twice. Follow-ons are tied to their first stage.

    Parameters
    ----------
    study : Study
    table : BundleTable
        The enumerated bundles; may be empty.
    """
    named = [*_first_stages(study), *_arrangements(study)]
    if named:
        table = _merged(study, table, named)
    return _tied(study, table) if study.stage_packages else table


def _first_stages(study: Study) -> Iterator[_Named]:
    for at, base in study.stage_packages:
        stage = study.model.stages[at]
        council = study.councils.index(stage.council)
        yield _Named(base, (council,), stage.first, study.forms.index(INTERNAL_FORM), (0.0,), (0.0,), -1)


def _arrangements(study: Study) -> Iterator[_Named]:
    for at, entry in enumerate(study.model.arrangements):
        shares, joins = _host_shares(entry), dict(zip(entry.joiners, entry.joining_days(), strict=True))
        partners = sorted((*entry.partners, *entry.joiners), key=study.councils.index)
        yield _Named(
            study.packages.index(entry.service), tuple(map(study.councils.index, partners)),
            entry.start or study.model.study.start, study.forms.index(entry.form),
            tuple(shares.get(name, 0.0) for name in partners),
            tuple(study.years_since_start(joins[name]) if name in joins else 0.0 for name in partners), at,
        )  # fmt: skip


def _host_shares(entry: Arrangement) -> dict[str, float]:
    shares = entry.host_shares or (1.0 / len(entry.hosts),) * len(entry.hosts) if entry.hosts else ()
    return dict(zip(entry.hosts, shares, strict=True))


@dataclass(frozen=True)
class _Columns:
    """A table as plain columns, one row per bundle; partners -1 and shares 0 beyond a bundle's partners."""

    package: np.ndarray
    partners: np.ndarray
    start: np.ndarray
    form: np.ndarray
    host_share: np.ndarray
    joins: np.ndarray
    arrangement: np.ndarray

    def order(self) -> np.ndarray:
        """Return the canonical order: package, number of partners, partners, start, form, hosts, joiners."""
        n_partners = (self.partners >= 0).sum(axis=1)
        keys = [self.package, n_partners, *self.partners.T, self.start, self.form, *(-self.host_share.T), *self.joins.T]
        return np.lexsort(keys[::-1])


def _merged(study: Study, table: BundleTable, named: Sequence[_Named]) -> BundleTable:
    columns = _stacked(table, named)
    order = columns.order()
    columns = _Columns(*(getattr(columns, name)[order] for name in _Columns.__dataclass_fields__))
    columns = _without_twins(columns)
    new = np.ones(len(columns.package), bool)
    new[1:] = (columns.package[1:] != columns.package[:-1]) | (columns.partners[1:] != columns.partners[:-1]).any(
        axis=1
    )
    partners = columns.partners[new]
    groups = Groups(columns.package[new].astype(np.int32), partners, (partners >= 0).sum(axis=1).astype(np.int32))
    days, place = np.unique(columns.start, return_inverse=True)
    years = np.array([study.years_since_start(day) for day in days.tolist()])
    joins = columns.joins if columns.joins.any() else None
    fees = columns.arrangement if joins is not None else None
    return BundleTable(
        groups, (np.cumsum(new) - 1).astype(np.int64), years[place], columns.start, columns.form.astype(np.int16),
        columns.host_share, np.full(len(columns.package), -1, np.int64), table.councils, table.services, table.packages,
        table.forms, table.package_services, joins, fees,
    )  # fmt: skip


def _stacked(table: BundleTable, named: Sequence[_Named]) -> _Columns:
    """Put enumerated and named bundles under each other."""
    old, most = table.groups.partners.shape[1], max(len(item.partners) for item in named)
    wide, n_old = max(old, most), len(table)

    def padded(rows: Sequence[Sequence[float]], before: np.ndarray, fill: float, kind: type) -> np.ndarray:
        result = np.full((n_old + len(rows), wide), fill, kind)
        result[:n_old, :old] = before
        for at, row in enumerate(rows, start=n_old):
            result[at, : len(row)] = row
        return result

    return _Columns(
        np.append(table.package, [item.package for item in named]),
        padded([item.partners for item in named], table.partners, -1, np.int32),
        np.append(table.start_date, np.array([item.start for item in named], "datetime64[D]")),
        np.append(table.form, [item.form for item in named]),
        padded([item.host_share for item in named], table.host_share, 0.0, float),
        padded([item.joins for item in named], np.zeros((n_old, old)), 0.0, float),
        np.append(np.full(n_old, -1), [item.arrangement for item in named]),
    )


def _without_twins(columns: _Columns) -> _Columns:
    """Leave out what stands in the table already; twins are neighbours in canonical order."""
    same = np.ones(len(columns.package) - 1, bool)
    for name in ("package", "partners", "start", "form", "host_share", "joins"):
        part = getattr(columns, name)
        alike = part[1:] == part[:-1]
        same &= alike if alike.ndim == 1 else alike.all(axis=1)
    keep = np.append([True], ~same)
    return _Columns(*(getattr(columns, name)[keep] for name in _Columns.__dataclass_fields__))


def _tied(study: Study, table: BundleTable) -> BundleTable:
    """Tie every follow-on to the first stage that it requires."""
    requires = np.full(len(table), -1, np.int64)
    first_partner, internal = table.partners[:, 0], table.form == study.forms.index(INTERNAL_FORM)
    for package in range(len(study.packages)):
        if (found := study.first_stage(package)) is None:
            continue
        stage, council, base = found
        day = np.datetime64(study.model.stages[stage].first)
        before = (table.package == base) & internal & (first_partner == council) & (table.start_date == day)
        requires[table.package == package] = int(np.flatnonzero(before)[0])
    return table.with_requires(requires)


__all__ = ["INTERNAL_FORM", "with_named"]
