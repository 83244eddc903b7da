"""The risk register in a block of draws: which rows strike whom, when, and what they do then (docs/model.md section
5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sharesim.appraisal.risks import strike_time, strikes_once
from sharesim.study.study import RiskEvent, Study

#: Gives a study number by path and index, shape (..., draw or 1).
Numbers = Callable[..., np.ndarray]


@dataclass(frozen=True)
class Strikes:
    """One row of the register: whom it strikes and when.

    Parameters
    ----------
    row : int
        Position in the register.
    scope : str
        ``programme``, ``service``, ``council`` or ``pair``.
    targets : tuple of tuple of int
        Each way in which it may strike: services or councils, two for a pair, none for the programme.
    per_year, exit : bool
    uniform : ndarray, shape (target, draw)
    chance : ndarray, shape (draw or 1,)
    delay_years, saving_factor, one_off_gbp : ndarray, shape (draw or 1,)
        The cost is 0 where it is already part of the cost distributions.
    horizon : float
    """

    row: int
    scope: str
    targets: tuple[tuple[int, ...], ...]
    per_year: bool
    exit: bool
    uniform: np.ndarray
    chance: np.ndarray
    delay_years: np.ndarray
    saving_factor: np.ndarray
    one_off_gbp: np.ndarray
    horizon: float

    @cached_property
    def softens(self) -> bool:
        """Whether it changes savings at all."""
        return bool((self.saving_factor != 1.0).any())

    @cached_property
    def costs(self) -> bool:
        """Whether it costs anything once."""
        return bool(self.one_off_gbp.any())

    @cached_property
    def time(self) -> np.ndarray:
        """When it strikes each target, years, shape (target, draw); inf where it does not."""
        return strike_time(self.uniform, self.chance, per_year=self.per_year, horizon=self.horizon)

    @cached_property
    def struck(self) -> np.ndarray:
        """Whether it strikes each target, shape (target, draw), bool."""
        return self.time < self.horizon if self.per_year else strikes_once(self.uniform, self.chance)

    def position(self, target: tuple[int, ...]) -> int:
        """Return the row of a target in the tables, -1 where the row of the register cannot strike it."""
        return self.targets.index(target) if target in self.targets else -1

    def by_council(self, table: np.ndarray, n_councils: int, absent: float | bool) -> np.ndarray:
        """Return a (target, draw) table of a council row by council, `absent` where a council cannot be struck."""
        result = np.full((n_councils, table.shape[1]), absent)
        result[[target[0] for target in self.targets]] = table
        return result


def strikes_of(study: Study, values: np.ndarray, number: Numbers) -> tuple[Strikes, ...]:
    """Return the rows of the register in a block of draws.

    Parameters
    ----------
    study : Study
    values : ndarray, shape (driver, draw)
    number : callable
    """
    by_row: dict[int, list[RiskEvent]] = {}
    for event in study.events.risks:
        by_row.setdefault(event.row, []).append(event)
    return tuple(_strikes(study, values, number, events) for events in by_row.values())


def _strikes(study: Study, values: np.ndarray, number: Numbers, events: Sequence[RiskEvent]) -> Strikes:
    row = events[0].row
    entry = study.model.risks[row]
    factor = number("risks.saving_factor", row)
    if entry.mitigated and entry.mitigation_effect_factor != 1.0:
        # Chance, delay and cost are scaled in the study's numbers; of a factor only its distance from 1 is.
        factor = 1.0 + entry.mitigation_effect_factor * (factor - 1.0)
    return Strikes(
        row,
        events[0].scope,
        tuple(event.target for event in events),
        entry.per == "year",
        entry.exit,
        values[[event.strike for event in events]],
        number("risks.probability", row),
        number("risks.delay_months", row) / 12.0,
        factor,
        np.zeros(1) if entry.in_costs else number("risks.one_off_gbp", row),
        float(study.n_years),
    )


__all__ = ["Strikes", "strikes_of"]
