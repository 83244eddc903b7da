"""Fast quantiles: cubics in the standard normal value, with the error measured when the table is built.

A beta quantile costs about a microsecond, a table a hundredth of that. Cells whose measured error is above the
tolerance (a kink, a jump, a steep tail) are cut finer, and where that does not help, the exact quantile is taken. So
no law is off by more than the tolerance, whatever its shape.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

if TYPE_CHECKING:
    from sharesim.uncertainty.distribution import Distribution

Array = NDArray[np.float64]

#: The table covers standard normal values of this size; one value in ten thousand million lies beyond.
TABLE_REACH = 6.5
#: Cells per unit of the standard normal value; a power of two, so that finding the cell is exact.
CELLS_PER_UNIT = 64
#: Parts that a cell is cut into when one cubic is not enough for it.
CUTS = 64
#: Largest error that is let through, in standard deviations of the law (about a hundredth of what is promised).
TOLERANCE_SD = 2e-9

# Cubics through the two ends of a cell and its points at one and two thirds.
_THIRDS = np.array([[1.0, 0.0, 0.0, 0.0], [-5.5, 9.0, -4.5, 1.0], [9.0, -22.5, 18.0, -4.5], [-4.5, 13.5, -13.5, 4.5]])
_CHECKS = np.array([1 / 6, 0.5, 5 / 6])


def _fit(
    quantile: Callable[[Array], Array], starts: Array, width: float, tolerance: float
) -> tuple[Array, NDArray[np.bool_]]:
    """Return the cubics (4, cell) of cells of one width and whether each misses the tolerance."""
    at = np.concatenate([[0.0, 1 / 3, 2 / 3, 1.0], _CHECKS])
    values = quantile((starts[:, None] + width * at).ravel()).reshape(starts.size, at.size)
    cubics = np.einsum("ij,kj->ik", _THIRDS, values[:, :4])
    powers = _CHECKS[:, None] ** np.arange(4)
    fitted = np.einsum("ji,ik->kj", powers, cubics)
    with np.errstate(invalid="ignore"):
        missed = ~(np.abs(fitted - values[:, 4:]).max(axis=1) <= tolerance)
    return cubics, missed


@dataclass(frozen=True)
class NormalTable:
    """Cubics of one law's quantile over the standard normal value.

    Parameters
    ----------
    cubics : ndarray (4, cell)
        Coefficients, lowest power first; the first and last cell stand for all that lies beyond the table.
    missed : ndarray of bool (cell,)
        Cells that one cubic does not serve.
    fine_row : ndarray of int (cell,)
        Row of a missed cell among the finer ones.
    fine, fine_missed : ndarray (4, fine cell), (fine cell,)
        The same for the parts of missed cells.
    exact : callable
        The exact quantile at standard normal values.
    """

    cubics: Array
    missed: NDArray[np.bool_]
    fine_row: NDArray[np.intp]
    fine: Array
    fine_missed: NDArray[np.bool_]
    exact: Callable[[Array], Array]

    def evaluate(self, z: Array, out: Array) -> None:
        """Put the quantiles at `z` into `out` (which may be `z`)."""
        position = z * CELLS_PER_UNIT
        position += TABLE_REACH * CELLS_PER_UNIT + 1.0
        with np.errstate(invalid="ignore"):
            cell = position.astype(np.intp)
        np.clip(cell, 0, self.missed.size - 1, out=cell)
        position -= cell
        missed = self.missed[cell]
        beyond = z[missed] if missed.any() else None
        lowest, first, second, third = self.cubics
        value = third[cell]
        value *= position
        value += second[cell]
        value *= position
        value += first[cell]
        value *= position
        np.add(value, lowest[cell], out=out)
        if beyond is not None:
            out[missed] = self._finely(beyond, cell[missed], position[missed])

    def _finely(self, z: Array, cell: NDArray[np.intp], within: Array) -> Array:
        row = self.fine_row[cell]
        part = np.minimum((np.where(row >= 0, within, 0.0) * CUTS).astype(np.intp), CUTS - 1)
        index = np.maximum(row, 0) * CUTS + part
        offset = within * CUTS - part
        lowest, first, second, third = (coefficient[index] for coefficient in self.fine)
        value = ((third * offset + second) * offset + first) * offset + lowest
        hard = (row < 0) | self.fine_missed[index]
        if hard.any():
            value[hard] = self.exact(z[hard])
        return value

    def affine(self, shift: float, factor: float) -> NormalTable:
        """Return the table of shift + factor x the law."""
        if shift == 0.0 and factor == 1.0:
            return self
        exact = self.exact
        cubics, fine = self.cubics * factor, self.fine * factor
        cubics[0] += shift
        fine[0] += shift
        return NormalTable(
            cubics, self.missed, self.fine_row, fine, self.fine_missed, lambda z: shift + factor * exact(z)
        )


def build_table(quantile: Callable[[Array], Array], scale: float) -> NormalTable:
    """Return the table of an exact quantile function of the standard normal value.

    Parameters
    ----------
    quantile : callable
        Standard normal values (n,) to values (n,).
    scale : float
        What the tolerance is a share of: the law's standard deviation.
    """
    tolerance = TOLERANCE_SD * scale
    n_inner = int(2 * TABLE_REACH * CELLS_PER_UNIT)
    starts = -TABLE_REACH + np.arange(n_inner) / CELLS_PER_UNIT
    inner, inner_missed = _fit(quantile, starts, 1 / CELLS_PER_UNIT, tolerance)
    cubics = np.zeros((4, n_inner + 2))
    cubics[:, 1:-1] = inner
    missed = np.ones(n_inner + 2, dtype=bool)
    missed[1:-1] = inner_missed
    fine_row = np.full(n_inner + 2, -1, dtype=np.intp)
    hard = np.flatnonzero(inner_missed)
    fine, fine_missed = np.zeros((4, CUTS)), np.ones(CUTS, dtype=bool)
    if hard.size:
        fine_row[hard + 1] = np.arange(hard.size)
        width = 1 / (CELLS_PER_UNIT * CUTS)
        parts = (starts[hard][:, None] + width * np.arange(CUTS)).ravel()
        fine, fine_missed = _fit(quantile, parts, width, tolerance)
    return NormalTable(cubics, missed, fine_row, fine, fine_missed, quantile)


@lru_cache(maxsize=2048)
def table_of(law: Distribution) -> NormalTable:
    """Return a law's table, remembered by value: laws of one shape share it, and it depends on nothing else."""
    scale = law.sd
    if not np.isfinite(scale):
        low, high = law._at(np.array([0.1, 0.9]), np.array([0.9, 0.1]))
        scale = (high - low) / 2.563
    return build_table(lambda z: law._at(ndtr(z), ndtr(-z)), scale)
