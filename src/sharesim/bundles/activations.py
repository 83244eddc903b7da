"""Shared fixed items: what is paid or received once, if any chosen bundle needs it (docs/model.md section 4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
    """

    id: str
    name: str
    kind: Literal["item", "grant", "risk", "mitigation", "existing"]
    index: int
    council: int


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
    for index, entry in enumerate(study.model.existing):
        for partner in entry.partners if _is_given(study, "existing.break_gbp", index) else ():
            council = study.councils.index(partner)
            name = f"{study.councils.name(council)} leaving {entry.name}"
            yield Activation(f"existing.{entry.id}/{partner}", name, "existing", index, council)


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
        return exposed(study, table, column.index).any(axis=0)
    if column.kind == "existing":
        return holds & _replaces(study, table, column.index)
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


def _replaces(study: Study, table: BundleTable, index: int) -> np.ndarray:
    """Which bundles take the place of an existing arrangement before its end, without all of its partners agreeing."""
    entry = study.model.existing[index]
    wanted = {study.services.index(name) for name in entry.services}
    concerned = np.array([bool(wanted & set(members)) for members in table.package_services])[table.package]
    if entry.ends is not None:
        concerned &= table.start_date < np.datetime64(entry.ends)
    together = [(table.partners == study.councils.index(name)).any(axis=1) for name in entry.partners]
    return concerned & ~np.logical_and.reduce(together)
