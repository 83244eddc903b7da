"""The uniform drivers behind what may happen: partners who leave, gates that refuse, grants, and the register."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sharesim.study.collect import Collector
from sharesim.study.labels import Labels
from sharesim.study.rows import RiskRow
from sharesim.study.study import Events, RiskEvent


@dataclass(frozen=True)
class Names:
    """Who and what a study is about.

    Parameters
    ----------
    councils, services, packages : Labels
    package_services : tuple of tuple of int
        Services of each package.
    present : ndarray, shape (council, service), bool
    stage_packages : tuple of (int, int)
        Stage and base package of each of the last packages, those of staged programmes.
    """

    councils: Labels
    services: Labels
    packages: Labels
    package_services: tuple[tuple[int, ...], ...]
    present: np.ndarray
    stage_packages: tuple[tuple[int, int], ...] = ()


def events_of(collect: Collector, names: Names) -> Events:
    """Return the events of a study; the drivers that decide them are added to the collector."""
    model, councils = collect.model, names.councils
    refusal = np.full((len(model.gates), len(councils)), -1, np.int32)
    for index, gate in enumerate(model.gates):
        if gate.refusal.support[1] > 0 or gate.refusal.driver is not None:
            for council, name in enumerate(councils):
                refusal[index, council] = collect.event(f"gates.{gate.id}.refusal/{name}")
    grant = np.array([collect.event(f"grants.{item.id}.award") for item in model.grants], np.int32)
    clawback = np.array([collect.event(f"grants.{item.id}.clawback") for item in model.grants], np.int32)
    return Events(_leaving(collect, names), refusal, grant, clawback, tuple(_risks(collect, names)))


def _leaving(collect: Collector, names: Names) -> np.ndarray:
    leave = np.full((len(names.councils), len(names.packages)), -1, np.int32)
    n_plain = len(names.packages) - len(names.stage_packages)
    for package, members in enumerate(names.package_services[:n_plain]):
        for council in np.flatnonzero(names.present[:, list(members)].all(axis=1)):
            leave[council, package] = collect.event(f"exit.{names.councils.ids[council]}/{names.packages.ids[package]}")
    for package, (_, base) in enumerate(names.stage_packages, start=n_plain):
        # A council's patience is with what it shares, whatever went before.
        leave[:, package] = leave[:, base]
    return leave


def _risks(collect: Collector, names: Names) -> list[RiskEvent]:
    found = []
    for row, item in enumerate(collect.model.risks):
        for scope, target in _targets(item, names):
            ids = [(names.services if scope == "service" else names.councils).ids[index] for index in target]
            strike = collect.event("/".join([f"risks.{item.id}.strike", *ids]))
            found.append(RiskEvent(row, scope, target, strike))
    return found


def _targets(row: RiskRow, names: Names) -> list[tuple[str, tuple[int, ...]]]:
    if row.scope == "programme":
        return [("programme", ())]
    if row.scope == "pair":
        return [("pair", tuple(sorted(names.councils.index(name) for name in row.targets)))]
    labels = names.services if row.scope == "service" else names.councils
    return [(row.scope, (labels.index(name),)) for name in row.targets or labels.ids]
