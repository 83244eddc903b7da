"""Which councils and which draws an array is about: every formula is written once, for whole groups and for single
draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sharesim.appraisal.savings import over_slots


@dataclass(frozen=True)
class Table:
    """Numbers by name that are looked up together: by council and draw, or by draw alone.

    Parameters
    ----------
    names : tuple of str
    values : ndarray, shape (name, council, draw) or (name, draw)
    """

    names: tuple[str, ...]
    values: np.ndarray

    @classmethod
    def of(cls, parts: dict[str, np.ndarray], shape: tuple[int, ...]) -> Table:
        """Stack parts that broadcast to (council, draw), or to (draw,)."""
        values = np.empty((len(parts), *shape))
        for row, part in zip(values, parts.values(), strict=True):
            row[...] = part
        return cls(tuple(parts), values)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.values[self.names.index(name)]

    def __contains__(self, name: str) -> bool:
        return name in self.names


@dataclass(frozen=True)
class View:
    """Which councils, and which draws, an array is about.

    Parameters
    ----------
    councils : ndarray of int
        Dense: shape (group, partner slot), all draws. Flat: shape (partner slot, cell), one group and draw each.
    draws : ndarray of int, shape (cell,), or None when dense
    n_draws : int
        Draws of the block.
    weights : dict of str to ndarray, shape (group, partner slot)
        Split weights of all groups by purpose.
    groups : ndarray of int, shape (cell,), or None when dense
    active : ndarray, shape (partner slot, cell), or None when everybody is in
        1 for partners in the arrangement, 0 for those who are not.
    """

    councils: np.ndarray
    draws: np.ndarray | None
    n_draws: int
    weights: dict[str, np.ndarray]
    groups: np.ndarray | None = None
    active: np.ndarray | None = None

    @property
    def n_slots(self) -> int:
        return self.councils.shape[1] if self.draws is None else self.councils.shape[0]

    @cached_property
    def n_active(self) -> np.ndarray | float:
        """How many are in: a number, or shape (1, cell)."""
        return float(self.n_slots) if self.active is None else over_slots(self.active)

    @property
    def present(self) -> np.ndarray | float:
        """1 for those who are in."""
        return 1.0 if self.active is None else self.active

    @property
    def signed(self) -> np.ndarray | float:
        """1 for partners who signed for the start, 0 for those who join later."""
        if "signed" not in self.weights:
            return 1.0
        signed = self.weights["signed"]
        return signed[..., None] if self.groups is None else signed.T.take(self.groups, axis=1)

    @cached_property
    def _at(self) -> np.ndarray:
        return self.councils * self.n_draws + self.draws

    def rows(self, table: Table) -> dict[str, np.ndarray]:
        """Return council tables by partner slot and draw; those who are not in come as zero."""
        if not table.names:
            return {}
        if self.draws is None:
            values = table.values.take(self.councils, axis=1)
        else:
            values = table.values.reshape(len(table.names), -1).take(self._at, axis=1)
            if self.active is not None:
                values *= self.active
        return dict(zip(table.names, values, strict=True))

    def row(self, table: Table, name: str) -> np.ndarray:
        """Return one council table by partner slot and draw; those who are not in come as zero."""
        values = self.council(table[name])
        return values if self.active is None else values * self.active

    def council(self, values: np.ndarray) -> np.ndarray:
        """Return one (council, draw) table by partner slot and draw, whoever is in."""
        if self.draws is None:
            return values.take(self.councils, axis=0)
        return values.take(self._at) if values.shape[1] > 1 or self.n_draws == 1 else values[:, 0].take(self.councils)

    def numbers(self, table: Table) -> dict[str, np.ndarray]:
        """Return numbers by draw, broadcastable against partner slot and draw."""
        values = table.values if self.draws is None else table.values.take(self.draws, axis=1)
        return dict(zip(table.names, values[:, None, :], strict=True))

    def scalar(self, number: np.ndarray) -> np.ndarray:
        """Return one number by draw, broadcastable against partner slot and draw."""
        if self.draws is None or number.shape[-1] == 1:
            return number[None, :]
        return number.take(self.draws)[None, :]

    def weight(self, purpose: str) -> np.ndarray:
        """Return split weights with a draw axis, renewed over the partners who are in."""
        if self.groups is None:
            return self.weights[purpose][..., None]
        weight = self.weights[purpose].T.take(self.groups, axis=1)
        if self.active is None:
            return weight
        left = weight * self.active
        total = over_slots(left)
        # Where those who remain have no weight of their own, they share alike: somebody has to pay.
        if total.all():
            return left / total
        return np.where(total > 0, left / np.where(total > 0, total, 1.0), self.active / np.maximum(self.n_active, 1.0))

    def among(self, active: np.ndarray | None) -> View:
        """Return the view with only some partners in; all of them for None."""
        return View(self.councils, self.draws, self.n_draws, self.weights, self.groups, active)

    def some(self, keep: np.ndarray) -> View:
        """Return some of the cells of a flat view."""
        assert self.draws is not None and self.groups is not None
        active = None if self.active is None else self.active.compress(keep, axis=1)
        councils, draws, groups = (part.compress(keep, axis=-1) for part in (self.councils, self.draws, self.groups))
        return View(councils, draws, self.n_draws, self.weights, groups, active)

    def cells(self, groups: np.ndarray, draws: np.ndarray) -> View:
        """Return the flat view of some groups and draws of a dense one."""
        return View(self.councils.T.take(groups, axis=1), draws, self.n_draws, self.weights, groups)


def total_of(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Return the sum of one or more arrays, one after the other."""
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


__all__ = ["Table", "View", "total_of"]
