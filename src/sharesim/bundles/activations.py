"""Shared fixed items: what is paid or received once, if any chosen bundle needs it (docs/model.md section 4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from sharesim.bundles.ragged import Ragged
from sharesim.bundles.table import BundleTable
from sharesim.display import record
from sharesim.study.labels import Labels
from sharesim.study.study import Study


@dataclass(frozen=True)
class Activation:
    """One column that is switched on by bundles.

    Parameters
    ----------
    id, name : str
    kind : str
        ``item`` (a shared item), ``grant``, ``risk`` (one-off costs of risk events that strike once for all),
        ``mitigation`` (of a row of the register) or ``existing`` (what leaving an arrangement costs).
    index : int
        Position of the shared item, grant, row of the register or existing arrangement; -1 for risk.
    council : int
        The council that bears it alone, -1 when it is divided.
    months : tuple of (int, int)
        Of an existing arrangement that costs more the more of it is left: which of the months left, beyond the first
        number up to the second. Who leaves with more of them left needs the columns of fewer months too.
    """

    id: str
    name: str
    kind: Literal["item", "grant", "risk", "mitigation", "existing"]
    index: int
    council: int
    months: tuple[int, int] = (0, 0)


@record
class Activations:
    """All activation columns and which bundle needs which.

    Parameters
    ----------
    columns : tuple of Activation
    of_bundle : Ragged
        Row per bundle: positions in `columns`.
    """

    columns: tuple[Activation, ...]
    of_bundle: Ragged

    @property
    def labels(self) -> Labels:
        return Labels(tuple(item.id for item in self.columns), tuple(item.name for item in self.columns))


def activations(study: Study, table: BundleTable) -> Activations:
    """Return the activation columns of a study and the bundles that switch each on."""
    columns = _columns(study)
    needs = (
        np.stack([_needed(study, table, column) for column in columns]) if columns else np.zeros((0, len(table)), bool)
    )
    start = np.concatenate([[0], np.cumsum(needs.sum(axis=0))]).astype(np.int64)
    return Activations(columns, Ragged(start, np.nonzero(needs.T)[1].astype(np.int32)))


def _columns(study: Study) -> tuple[Activation, ...]:
    columns = []
    for index, item in enumerate(study.model.shared_items):
        if item.per_council:
            columns += [
                Activation(
                    f"item.{item.id}/{name}", f"{item.name} ({study.councils.name(council)})", "item", index, council
                )
                for council, name in enumerate(study.councils)
            ]
        else:
            columns.append(Activation(f"item.{item.id}", item.name, "item", index, -1))
    columns += [
        Activation(f"grant.{item.id}", item.name, "grant", index, -1) for index, item in enumerate(study.model.grants)
    ]
    paying = {(event.scope, event.target) for event in study.events.risks if _costs(study, event.row)}
    if ("programme", ()) in paying:
        columns.append(Activation("risk.programme", "risk events of the programme", "risk", -1, -1))
    columns += [
        Activation(
            f"risk.{study.councils.ids[council]}", f"risk events of {study.councils.name(council)}", "risk", -1, council
        )
        for council in range(len(study.councils))
        if ("council", (council,)) in paying
    ]
    return (*columns, *_mitigations(study), *_breaks(study))


def _mitigations(study: Study) -> Iterator[Activation]:
    for index, row in enumerate(study.model.risks):
        if row.mitigated and any(
            _is_given(study, f"risks.{name}", index) for name in ("mitigation_gbp", "mitigation_gbp_per_year")
        ):
            yield Activation(f"mitigation.{row.id}", f"mitigation of {row.name}", "mitigation", index, -1)


def _breaks(study: Study) -> Iterator[Activation]:
    """Columns of what leaving existing arrangements costs: one for each council, or one for each length of what is left
    (decision 083)."""
    for index, entry in enumerate(study.model.existing):
        by_month = _is_given(study, "existing.break_gbp_per_month_left", index)
        if entry.novated or not (by_month or _is_given(study, "existing.break_gbp", index)):
            continue
        lengths = {entry.months_left(day) for day in _days_of_start(study)} - {0} if by_month else {0}
        for council in map(study.councils.index, entry.partners):
            name, before = f"{study.councils.name(council)} leaving {entry.name}", 0
            for months in sorted(lengths):
                key = f"existing.{entry.id}/{study.councils.ids[council]}{f'/{before}' if before else ''}"
                more = f" more than {before} months before its end" if before else ""
                yield Activation(key, name + more, "existing", index, council, (before, months))
                before = months


def _days_of_start(study: Study) -> set[date]:
    """Every day on which a candidate may start, or a partner join."""
    model = study.model
    days = {model.study.start, *model.bundles.starts, *(day for row in model.services for day in row.starts)}
    days |= {day for row in model.arrangements for day in (row.start or model.study.start, *row.joins)}
    return days | {day for row in model.stages for day in (row.first, *row.starts)}


def _is_given(study: Study, path: str, index: int) -> bool:
    number = study.numbers[path]
    return bool(number.base[index] > 0 or number.driver[index] >= 0)


def _costs(study: Study, row: int) -> bool:
    return _is_given(study, "risks.one_off_gbp", row) and not study.model.risks[row].in_costs


def _needed(study: Study, table: BundleTable, column: Activation) -> np.ndarray:
    """Which bundles switch a column on, shape (bundle,)."""
    holds = (table.partners == column.council).any(axis=1) if column.council >= 0 else np.ones(len(table), bool)
    if column.kind == "risk":
        return holds
    if column.kind == "mitigation":
        return np.logical_or.reduce(exposed(study, table, column.index))
    if column.kind == "existing":
        return _leaves(study, table, column)
    item = study.model.shared_items[column.index] if column.kind == "item" else study.model.grants[column.index]
    if item.services:
        wanted = {study.services.index(name) for name in item.services}
        concerned = np.array([bool(wanted & set(members)) for members in table.package_services])
        holds &= concerned[table.package]
    return holds & (table.n_partners >= item.least_partners)


def exposed(study: Study, table: BundleTable, row: int) -> np.ndarray:
    """Return which bundles each target of a row of the register concerns, shape (target, bundle), bool."""
    found = [
        np.array([event.target[0] in members for members in table.package_services])[table.package]
        if event.scope == "service"
        # Every council of the target; none, so every bundle, for the programme.
        else np.logical_and.reduce(
            [np.ones(len(table), bool), *((table.partners == council).any(axis=1) for council in event.target)]
        )
        for event in study.events.risks
        if event.row == row
    ]
    return np.array(found, bool).reshape(len(found), len(table))


def _leaves(study: Study, table: BundleTable, column: Activation) -> np.ndarray:
    """Which bundles take a council out of an existing arrangement with so many months left, shape (bundle,)."""
    entry = study.model.existing[column.index]
    wanted = {study.services.index(name) for name in entry.services}
    concerned = np.array([bool(wanted & set(members)) for members in table.package_services])[table.package]
    own = _starts_of(study, table, column.council)
    days, place = np.unique(own, return_inverse=True)
    left = np.array([0 if np.isnat(day) else entry.months_left(day.item()) for day in days], int)[place]
    leaves = concerned & (left > column.months[0])
    if entry.party == "councils":
        # Councils that all move on the same day end it by agreement.
        others = [_starts_of(study, table, study.councils.index(name)) == own for name in entry.partners]
        leaves &= ~np.logical_and.reduce(others)
    return leaves


def _starts_of(study: Study, table: BundleTable, council: int) -> np.ndarray:
    """Planned day from which a council takes part in each bundle, shape (bundle,); NaT where it never does."""
    slots = table.partners == council
    result = np.where(slots.any(axis=1), table.start_date, np.datetime64("NaT", "D"))
    if table.joins is not None and table.arrangement is not None:
        for row in np.flatnonzero((slots & (table.joins > 0)).any(axis=1)):
            entry = study.model.arrangements[table.arrangement[row]]
            joining = dict(zip(entry.joiners, entry.joining_days(), strict=True))
            result[row] = np.datetime64(joining[study.councils.ids[council]])
    return result
