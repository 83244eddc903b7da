"""Gathers the drivers, numbers and assumptions of a study while its model is walked once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, get_args

import numpy as np

from sharesim.study.fields import Frozen
from sharesim.study.places import Directory, Place, Placed
from sharesim.study.priors import PRIORS
from sharesim.study.quantity import Bounds, Quantity
from sharesim.study.relevance import decides
from sharesim.study.schema import StudyModel
from sharesim.study.study import Quantities
from sharesim.uncertainty.distributions import uniform
from sharesim.uncertainty.draws import DriverSpec

Entry = tuple[float, int, float]


@dataclass(frozen=True)
class Row:
    """One row of numbers: its model, its label in paths, and where it stands."""

    model: Any
    label: str
    loc: tuple[Any, ...]


@dataclass
class Collector:
    """Gathers drivers, numbers, assumptions and faults.

    Parameters
    ----------
    model : StudyModel
    here : Directory
    """

    model: StudyModel
    here: Directory
    drivers: dict[str, DriverSpec] = field(default_factory=dict)
    position: dict[str, int] = field(default_factory=dict)
    assumed: dict[str, list[str]] = field(default_factory=dict)
    faults: list[Placed] = field(default_factory=list)

    def add_driver(self, spec: DriverSpec) -> int:
        """Return the position of a driver, added when it is new."""
        if spec.name not in self.position:
            self.position[spec.name] = len(self.drivers)
            self.drivers[spec.name] = spec
        return self.position[spec.name]

    def event(self, name: str) -> int:
        """Return the position of the uniform driver that decides whether something happens."""
        return self.add_driver(DriverSpec(name, uniform(0.0, 1.0)))

    def columns(
        self, table: str, kind: type[Frozen], rows: Sequence[Row], shape: tuple[int, ...]
    ) -> dict[str, Quantities]:
        """Return one Quantities per numeric column, priors put where a deciding cell is absent."""
        result = {}
        for name, bounds in number_fields(kind):
            path = f"{table}.{name}"
            entries = []
            for row in rows:
                cell = getattr(row.model, name)
                if path in PRIORS and self._is_open(table, name, row.model, cell):
                    cell = self._prior(path, row.label or table)
                where = f"{table}.{row.label}.{name}" if row.label else path
                entries.append(self._entry(cell, where, bounds, (*row.loc, name)))
            result[path] = _quantities(entries, shape)
        return result

    def _is_open(self, table: str, name: str, row: Any, cell: Quantity | None) -> bool:
        """Whether the study leaves a number open that decides the answer: absent, or the schema's own default."""
        return (cell is None or name not in row.model_fields_set) and decides(self.model, table, name, row)

    def _entry(self, number: Quantity | None, path: str, bounds: Bounds, loc: tuple[Any, ...]) -> Entry:
        """Return (base, driver, times) of one number."""
        if number is None:
            return np.nan, -1, 1.0
        if number.driver is None:
            if number.distribution is None:
                return number.value, -1, 1.0
            return number.value, self.add_driver(DriverSpec(path, number.distribution)), 1.0
        named = next(item for item in self.model.drivers if item.name == number.driver)
        scaled = number.following(named.value)
        if (broken := bounds.broken_by(scaled)) is not None:
            problem, got, allowed, remedy = broken
            self.faults.append(self.here.at(loc).fault(f"{problem}, by driver {number.driver!r}", got, allowed, remedy))
        if named.value.distribution is None:
            return scaled.value, -1, 1.0
        return scaled.value, self.add_driver(DriverSpec(named.name, named.value.distribution, named.id)), number.times

    def _prior(self, path: str, where: str) -> Quantity:
        self.assumed.setdefault(path, []).append(where)
        law = PRIORS[path].value
        low, high = law.support
        return Quantity(float(law.central), None if low == high else law)

    def place(self, *loc: Any) -> Place:
        """Return the place of a location."""
        return self.here.at(loc)


@cache
def number_fields(kind: type[Frozen]) -> tuple[tuple[str, Bounds], ...]:
    """Return the fields of a schema model that may be uncertain, with their bounds.

    Examples
    --------
    >>> from sharesim.study.schema import Costs
    >>> [(name, str(bounds)) for name, bounds in number_fields(Costs)]
    [('governance_gbp_per_partner', '0 or more'), ('sunk_share', '0 to 1')]
    """
    found = []
    for name, info in kind.model_fields.items():
        parts = [
            *info.metadata,
            *(extra for part in get_args(info.annotation) for extra in getattr(part, "__metadata__", ())),
        ]
        bounds = next((part for part in parts if isinstance(part, Bounds)), None)
        if bounds is not None:
            found.append((name, bounds))
    return tuple(found)


def _quantities(entries: Sequence[Entry], shape: tuple[int, ...]) -> Quantities:
    columns = zip(*entries, strict=True) if entries else ((), (), ())
    base, driver, times = (
        np.array(part, dtype=kind).reshape(shape) for part, kind in zip(columns, (float, np.int32, float), strict=True)
    )
    return Quantities(base, driver, times)
