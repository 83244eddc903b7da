"""Shared fixed items: what is paid or received once, if any chosen bundle needs it (docs/model.md section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sharesim.bundles.ragged import Ragged
from sharesim.bundles.table import BundleTable
from sharesim.study.labels import Labels
from sharesim.study.study import Study


@dataclass(frozen=True)
class Activation:
    """One column that is switched on by bundles.

    Parameters
    ----------
    id, name : str
    kind : str
        ``item`` (a shared item), ``grant``, or ``risk`` (one-off costs of risk events that strike once for all).
    index : int
        Position of the shared item or grant; -1 for risk.
    council : int
        The council that bears it alone, -1 when it is divided.
    """

    id: str
    name: str
    kind: Literal["item", "grant", "risk"]
    index: int
    council: int


@dataclass(frozen=True)
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
    return tuple(columns)


def _costs(study: Study, row: int) -> bool:
    number = study.numbers["risks.one_off_gbp"]
    return bool(number.base[row] > 0 or number.driver[row] >= 0) and not study.model.risks[row].in_costs


def _needed(study: Study, table: BundleTable, column: Activation) -> np.ndarray:
    """Which bundles switch a column on, shape (bundle,)."""
    holds = (table.partners == column.council).any(axis=1) if column.council >= 0 else np.ones(len(table), bool)
    if column.kind == "risk":
        return holds
    item = study.model.shared_items[column.index] if column.kind == "item" else study.model.grants[column.index]
    if item.services:
        wanted = {study.services.index(name) for name in item.services}
        concerned = np.array([bool(wanted & set(members)) for members in table.package_services])
        holds &= concerned[table.package]
    return holds & (table.n_partners >= item.least_partners)
