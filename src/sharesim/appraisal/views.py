"""Which councils and which draws an array is about: every formula is written once, for whole groups and for single draws."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sharesim.appraisal.savings import over_slots


@dataclass(frozen=True)
class View:
    """Which councils, and which draws, an array is about.

    Parameters
    ----------
    councils : ndarray of int
        Dense: shape (group, partner slot), all draws. Flat: shape (partner slot, cell), one group and draw each.
    draws : ndarray of int, shape (cell,), or None when dense
    weights : dict of str to ndarray
        Split weights by purpose, shape (group, partner slot) or (partner slot, cell).
    active : ndarray, shape (partner slot, cell), or None when everybody is in
        1 for partners in the arrangement, 0 for those who are not.
    """

    councils: np.ndarray
    draws: np.ndarray | None
    weights: dict[str, np.ndarray]
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

    def all_of(self, table: np.ndarray) -> np.ndarray:
        """Return a (council, draw) table by partner slot and draw, whoever is in."""
        if self.draws is None:
            return table.take(self.councils, axis=0)
        if table.shape[1] == 1:
            return table[:, 0].take(self.councils)
        return table.take(self._at(table.shape[1]))

    def _at(self, width: int) -> np.ndarray:
        if "at" not in self.__dict__:
            self.__dict__["at"] = self.councils * width + self.draws
        return self.__dict__["at"]

    def council(self, table: np.ndarray) -> np.ndarray:
        """Return a (council, draw) table by partner slot and draw; those who are not in come as zero."""
        picked = self.all_of(table)
        if self.active is not None:
            picked *= self.active
        return picked

    def scalar(self, number: np.ndarray) -> np.ndarray:
        """Return a number by draw, broadcastable against partner slot and draw."""
        if self.draws is None or number.shape[-1] == 1:
            return number[None, :]
        return number.take(self.draws)[None, :]

    def weight(self, purpose: str) -> np.ndarray:
        """Return split weights with a draw axis, renewed over the partners who are in."""
        weight = self.weights[purpose]
        if self.draws is None:
            return weight[..., None]
        if self.active is None:
            return weight
        left = weight * self.active
        total = over_slots(left)
        # Where those who remain have no weight of their own, they share alike: somebody has to pay.
        return np.where(total > 0, left / np.where(total > 0, total, 1.0), self.active / np.maximum(self.n_active, 1.0))

    def among(self, active: np.ndarray | None) -> View:
        """Return the view with only some partners in; all of them for None."""
        return View(self.councils, self.draws, self.weights, active)

    def cells(self, groups: np.ndarray, draws: np.ndarray) -> View:
        """Return the flat view of some groups and draws of a dense one."""
        weights = {purpose: weight.T.take(groups, axis=1) for purpose, weight in self.weights.items()}
        return View(self.councils.T.take(groups, axis=1), draws, weights)

    def some(self, keep: np.ndarray) -> View:
        """Return the flat view of some of the cells."""
        weights = {purpose: weight.compress(keep, axis=1) for purpose, weight in self.weights.items()}
        active = None if self.active is None else self.active.compress(keep, axis=1)
        return View(self.councils.compress(keep, axis=1), self.draws.compress(keep), weights, active)


__all__ = ["View"]
