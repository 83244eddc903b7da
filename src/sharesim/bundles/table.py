"""The candidate bundles as columns of arrays, grouped so that what bundles share is worked out once."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np

from sharesim.display import record
from sharesim.study.labels import Labels

INTERNAL, SHARED = 0, 1


@record
class Groups:
    """The distinct (services, partners) of a table: gain, posts and delay are worked out once for each.

    Parameters
    ----------
    package : ndarray, shape (group,), int32
    partners : ndarray, shape (group, partner slot), int32
        Council indices ascending, -1 beyond the partners.
    n_partners : ndarray, shape (group,), int32
    """

    package: np.ndarray
    partners: np.ndarray
    n_partners: np.ndarray

    def __len__(self) -> int:
        return len(self.package)


@record
class BundleTable:
    """Candidate bundles, one per row, ordered by group, start, form and host.

    Parameters
    ----------
    groups : Groups
    group : ndarray, shape (bundle,), int64
        Position of the bundle's (services, partners) in `groups`; ascending.
    start_years : ndarray, shape (bundle,)
        Planned start in years since the study's first day.
    start_date : ndarray of datetime64[D], shape (bundle,)
    form : ndarray, shape (bundle,), int16
        Index into `forms`.
    host_share : ndarray, shape (bundle, partner slot)
        Share of the service that each partner hosts; all zero where nobody hosts.
    requires : ndarray, shape (bundle,), int64
        Row of the bundle it follows on from, -1 for none.
    councils, services, packages, forms : Labels
    package_services : tuple of tuple of int
    joins : ndarray or None, shape (bundle, partner slot)
        Planned years in which partners join later, 0 for those who begin; None where nobody ever joins.
    arrangement : ndarray or None, shape (bundle,)
        Which of the study's named arrangements a bundle with joiners is; None where nobody ever joins.
    """

    groups: Groups
    group: np.ndarray
    start_years: np.ndarray
    start_date: np.ndarray
    form: np.ndarray
    host_share: np.ndarray
    requires: np.ndarray
    councils: Labels
    services: Labels
    packages: Labels
    forms: Labels
    package_services: tuple[tuple[int, ...], ...]
    joins: np.ndarray | None = None
    arrangement: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.group)

    @property
    def package(self) -> np.ndarray:
        return self.groups.package[self.group]

    @property
    def partners(self) -> np.ndarray:
        """Council indices, shape (bundle, partner slot), -1 beyond the partners."""
        return self.groups.partners[self.group]

    @property
    def n_partners(self) -> np.ndarray:
        return self.groups.n_partners[self.group]

    @property
    def stage(self) -> np.ndarray:
        return np.where(self.n_partners == 1, INTERNAL, SHARED).astype(np.int8)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Content ids: what a bundle is, in words; equal bundles have equal ids in every study."""
        return tuple(self.id_of(row) for row in range(len(self)))

    def id_of(self, row: int) -> str:
        """Return ``services|partners|hosts|form|start`` of one bundle."""
        package = self.packages.ids[self.package[row]]
        names = "+".join(name + self._joining(row, name) for name in self.partner_ids(row))
        hosts = "+".join(name + self._hosting(row, name) for name in self.host_ids(row)) or "-"
        return f"{package}|{names}|{hosts}|{self.forms.ids[self.form[row]]}|{self.start_date[row]}"

    def _slot(self, row: int, council: str) -> int:
        partners = self.groups.partners[self.group[row]]
        return int(np.flatnonzero(partners == self.councils.index(council))[0])

    def _hosting(self, row: int, council: str) -> str:
        """Return the share of a host where hosts do not share alike, as it stands in an id."""
        shares = self.host_share[row][self.host_share[row] > 0]
        return "" if np.ptp(shares) < 1e-12 else f":{self.host_share[row, self._slot(row, council)]:.10g}"

    def _joining(self, row: int, council: str) -> str:
        """Return when a partner joins later, in years as it stands in an id."""
        years = 0.0 if self.joins is None else self.joins[row, self._slot(row, council)]
        return f"@{years:.12g}" if years > 0 else ""

    def joiner_ids(self, row: int) -> list[str]:
        """Return the ids of the partners that join later, sorted."""
        return [name for name in self.partner_ids(row) if self._joining(row, name)]

    def partner_ids(self, row: int) -> list[str]:
        """Return the ids of a bundle's partners, sorted."""
        return sorted(self.councils.ids[council] for council in self.groups.partners[self.group[row]] if council >= 0)

    def host_ids(self, row: int) -> list[str]:
        """Return the ids of the councils that host a bundle, sorted; empty when nobody does."""
        partners = self.groups.partners[self.group[row]]
        return sorted(
            self.councils.ids[council]
            for council, share in zip(partners, self.host_share[row], strict=True)
            if share > 0
        )

    def service_ids(self, row: int) -> list[str]:
        """Return the ids of a bundle's services, sorted."""
        return sorted(self.services.ids[service] for service in self.package_services[self.package[row]])

    def describe(self, row: int) -> str:
        """Return a bundle in words."""
        package = self.packages.name(int(self.package[row]))
        partners = [self.councils.name(self.councils.index(name)) for name in self.partner_ids(row)]
        hosts = [self.councils.name(self.councils.index(name)) for name in self.host_ids(row)]
        form = self.forms.name(int(self.form[row]))
        hosted = f", hosted by {' and '.join(hosts)}" if hosts else ""
        later = [self.councils.name(self.councils.index(name)) for name in self.joiner_ids(row)]
        joined = f"; {', '.join(later)} joining later" if later else ""
        return f"{package}: {', '.join(partners)} ({form}{hosted}, from {self.start_date[row]}{joined})"

    def take(self, rows: np.ndarray) -> BundleTable:
        """Return a table of the rows asked for, ascending, with groups of their own."""
        rows = np.asarray(rows, dtype=np.int64)
        used, group = np.unique(self.group[rows], return_inverse=True)
        groups = Groups(self.groups.package[used], self.groups.partners[used], self.groups.n_partners[used])
        before = self.requires[rows]
        place = np.searchsorted(rows, before).clip(max=max(len(rows) - 1, 0))
        kept = (before >= 0) & (rows[place] == before) if len(rows) else np.zeros(0, bool)
        return BundleTable(
            groups, group.astype(np.int64), self.start_years[rows], self.start_date[rows], self.form[rows],
            self.host_share[rows], np.where(kept, place, -1), self.councils, self.services, self.packages,
            self.forms, self.package_services, None if self.joins is None else self.joins[rows],
            None if self.arrangement is None else self.arrangement[rows],
        )  # fmt: skip

    def with_requires(self, requires: np.ndarray) -> BundleTable:
        """Return the table with other follow-ons."""
        return replace(self, requires=requires)
