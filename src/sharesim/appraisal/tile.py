"""A tile, bundles of one package, one number of partners and one start, and what it is in a block of draws."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sharesim.appraisal.context import Context
from sharesim.appraisal.flows import Plan
from sharesim.appraisal.lives import Lives
from sharesim.appraisal.partnership import Partnership
from sharesim.appraisal.stretches import Outlay, Variety
from sharesim.appraisal.tables import Package
from sharesim.appraisal.timing import Clock
from sharesim.appraisal.views import View


@dataclass(frozen=True)
class Tile:
    """Which bundles are worked out together.

    Parameters
    ----------
    package : int
    start_years : float
    councils : ndarray, shape (group, partner slot)
    group : ndarray, shape (bundle,)
        Position of each bundle's partners in `councils`.
    form : ndarray, shape (bundle,)
    host_share : ndarray, shape (bundle, partner slot)
    joins : ndarray or None, shape (partner slot,)
        Planned years in which partners of a single bundle join later, 0 for those who begin; None where nobody joins.
    arrangement : int
        Which of the study's named arrangements a bundle with joiners is.
    """

    package: int
    start_years: float
    councils: np.ndarray
    group: np.ndarray
    form: np.ndarray
    host_share: np.ndarray
    joins: np.ndarray | None = None
    arrangement: int = -1

    @cached_property
    def _hosting(self) -> tuple[np.ndarray, np.ndarray]:
        return np.unique(self.host_share, axis=0, return_inverse=True)

    @cached_property
    def variety(self) -> Variety:
        """Forms and host patterns of the tile's bundles."""
        return Variety(tuple(sorted({int(form) for form in self.form})), tuple(self._hosting[0]))

    @cached_property
    def variants(self) -> list[tuple[int, int, np.ndarray]]:
        """Form, host pattern and positions of the bundles that have them, by form."""
        n_patterns = len(self._hosting[0])
        key = self.form.astype(np.int64) * n_patterns + self._hosting[1].ravel()
        return [(int(at) // n_patterns, int(at) % n_patterns, np.flatnonzero(key == at)) for at in np.unique(key)]


@dataclass(frozen=True)
class TileBlock:
    """A tile in a block of draws: its partners and their terms, what is planned, when it starts and who leaves when.

    Parameters
    ----------
    context : Context
    package : Package
    tile : Tile
    plan : Plan
    who : Partnership
        All who sign.
    lives : Lives
    caps : ndarray or None, shape (group, partner slot, 1)
        When councils are abolished, years, the horizon at the latest; None where none is by then.
    """

    context: Context
    package: Package
    tile: Tile
    plan: Plan
    who: Partnership
    lives: Lives
    caps: np.ndarray | None

    @classmethod
    def of(cls, context: Context, package: Package, tile: Tile, who: Partnership, lives: Lives) -> TileBlock:
        """Return a tile with its partners and their lives."""
        caps, horizon = context.fixed.cap_years[tile.councils], context.horizon
        ends = np.minimum(caps, horizon)[..., None] if (caps < horizon).any() else None
        return cls(context, package, tile, Plan.of(context.study, tile.start_years), who, lives, ends)

    @property
    def view(self) -> View:
        return self.who.view

    @property
    def start(self) -> np.ndarray:
        """When it starts, years, shape (group or 1, 1, draw)."""
        return self.lives.start

    @property
    def staff_year(self) -> int:
        """Calendar year in which redundancy is paid."""
        return self.context.study.first_year + self.plan.staff_year(self.context.study.n_years)

    def outlay(self, clock: Clock) -> Outlay:
        """Return the weights of what is paid once because of the start."""
        staff = float(clock.one_off[self.plan.staff_year(clock.n_years)])
        return Outlay(float(self.plan.spending @ clock.one_off), staff, float(self.plan.strain @ clock.one_off))


__all__ = ["Tile", "TileBlock"]
