"""Fast quantiles: cubics in the standard normal value, with the error measured when the table is built.

A beta quantile costs about a microsecond, a table a hundredth of that. Cells whose measured error is above the
tolerance (a kink, a jump, a steep tail) are cut finer, and where that does not help, the exact quantile is taken. So
no law is off by more than the tolerance, whatever its shape. See docs/decisions/011-quantile-tables.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Exact = Callable[[Array], Array]

#: The table covers standard normal values of this size; one value in ten thousand million lies beyond.
TABLE_REACH = 6.5
#: Cells per unit of the standard normal value; a power of two, so that finding the cell is exact.
CELLS_PER_UNIT = 64
#: Parts that a cell is cut into when one cubic is not enough for it.
CUTS = 64
#: Times that a cell may be cut; a jump then lies in a part that one value in five million meets.
MOST_LEVELS = 3
#: Cells that are worth cutting; a law with more of them (a mixture with a long list of values) is worked out exactly.
MOST_HARD = 400
#: Error that is always let through, as a share of the value itself.
LEAST_SHARE = 1e-12
#: Largest error that is let through, in standard deviations of the law (a tenth of what is promised).
TOLERANCE_SD = 1e-8
#: Values that are looked up together by callers with many of them: what fits the first-level cache.
BLOCK = 4096

# A cubic goes through the two ends of a cell and its points at one and two thirds; it is checked in between.
_THIRDS = np.array([[1.0, 0.0, 0.0, 0.0], [-5.5, 9.0, -4.5, 1.0], [9.0, -22.5, 18.0, -4.5], [-4.5, 13.5, -13.5, 4.5]])
_POINTS = np.array([0.0, 1 / 3, 2 / 3, 1.0, 1 / 6, 0.5, 5 / 6])
_CHECKED = _POINTS[4:, None] ** np.arange(4)

# Smooth stretches of a quantile are first caught by one polynomial a unit wide, as exact values are dear.
_PANEL_NODES = 17
_PANEL = np.cos(np.pi * (np.arange(_PANEL_NODES) + 0.5) / _PANEL_NODES)
_PANEL_PROBES = np.array([-1.0, -0.97, -0.31, 0.52, 0.985, 1.0])  # with the ends: no jump of a rising function hides
_TO_CHEBYSHEV = np.polynomial.chebyshev.chebvander(_PANEL, _PANEL_NODES - 1).T * (2.0 / _PANEL_NODES)
_TO_CHEBYSHEV[0] /= 2.0
_AT_PROBES = np.polynomial.chebyshev.chebvander(_PANEL_PROBES, _PANEL_NODES - 1)
_STARTS = np.arange(CELLS_PER_UNIT) / CELLS_PER_UNIT
_AT_CELLS = np.polynomial.chebyshev.chebvander(
    2.0 * (_STARTS[:, None] + _POINTS / CELLS_PER_UNIT).ravel() - 1.0, _PANEL_NODES - 1
)


@dataclass(frozen=True)
class NormalTable:
    """Cubics of one law's quantile over the standard normal value.

    Parameters
    ----------
    cubics : ndarray (4, cell)
        Coefficients, lowest power first. The first and the last cell stand for all that lies beyond the table; they
        and cells that one cubic does not serve hold NaN, which marks what must be looked up elsewhere.
    rows : tuple of ndarray of int (cell,)
        For each finer level, the row of a coarser cell among those that are cut, -1 for the others.
    fine : tuple of ndarray (4, fine cell)
        Cubics of each level's parts, NaN again where they do not serve.
    exact : callable
        The exact quantile at standard normal values.
    """

    cubics: Array
    rows: tuple[NDArray[np.intp], ...]
    fine: tuple[Array, ...]
    exact: Exact

    def evaluate(self, z: Array, out: Array) -> None:
        """Put the quantiles at `z` into `out`, which may be `z`; both one-dimensional."""
        position = z * CELLS_PER_UNIT
        position += TABLE_REACH * CELLS_PER_UNIT + 1.0
        cell = position.astype(np.intp)
        position -= cell
        lowest, first, second, third = self.cubics
        value = third.take(cell, mode="clip")
        value *= position
        value += second.take(cell, mode="clip")
        value *= position
        value += first.take(cell, mode="clip")
        value *= position
        value += lowest.take(cell, mode="clip")
        if math.isnan(np.add.reduce(value)):
            missed = np.flatnonzero(np.isnan(value))
            value[missed] = self._finely(z[missed], cell[missed], position[missed])
        out[...] = value

    def _finely(self, z: Array, cell: NDArray[np.intp], within: Array) -> Array:
        """Return the quantiles of values whose cell has no cubic: level by level, and at last exactly."""
        value = np.full(z.shape, np.nan)
        left = np.arange(z.size)
        for rows, fine in zip(self.rows, self.fine, strict=True):
            row = rows.take(cell, mode="clip")
            left, row, within = left[row >= 0], row[row >= 0], within[row >= 0]
            part = within * CUTS
            cell = row * CUTS + part.astype(np.intp)
            within = part - np.floor(part)
            lowest, first, second, third = fine[:, cell]
            value[left] = ((third * within + second) * within + first) * within + lowest
            again = np.isnan(value[left])
            left, cell, within = left[again], cell[again], within[again]
            if not left.size:
                break
        hard = np.isnan(value)
        if hard.any():
            value[hard] = self.exact(z[hard])
        return value

    def affine(self, shift: float, factor: float) -> NormalTable:
        """Return the table of shift + factor x the law."""
        if shift == 0.0 and factor == 1.0:
            return self
        exact = self.exact
        cubics, *fine = (coefficients * factor for coefficients in (self.cubics, *self.fine))
        for coefficients in (cubics, *fine):
            coefficients[0] += shift
        return NormalTable(cubics, self.rows, tuple(fine), lambda z: shift + factor * exact(z))


def _cubics(values: Array, tolerance: float) -> Array:
    """Return the cubics (4, cell) through values (cell, point), NaN where they miss the tolerance."""
    cubics = np.einsum("ij,kj->ik", _THIRDS, values[:, :4])
    fitted = np.einsum("ji,ik->kj", _CHECKED, cubics)
    least = LEAST_SHARE * np.abs(values).max(
        axis=1
    )  # far out in a heavy tail, where a share of the sd is below rounding
    with np.errstate(invalid="ignore"):
        missed = ~(np.abs(fitted - values[:, 4:]).max(axis=1) <= np.maximum(tolerance, least))
    cubics[:, missed] = np.nan
    flat = np.all(values == values[:, :1], axis=1)
    cubics[:, flat] = 0.0
    cubics[0, flat] = values[flat, 0]  # a value that has a probability of its own comes out as itself, to the last bit
    return cubics


def _unit_values(exact: Exact, starts: Array, tolerance: float) -> Array:
    """Return the quantile at every cell's points (cell, point) over stretches one unit wide.

    A stretch where the polynomial meets the probes within a twentieth of the tolerance is taken from it; the others
    are worked out exactly.
    """
    spots = np.concatenate([_PANEL, _PANEL_PROBES])
    values = exact((starts[:, None] + (spots + 1.0) / 2.0).ravel()).reshape(starts.size, spots.size)
    with np.errstate(invalid="ignore"):
        chebyshev = np.einsum("ij,kj->ki", _TO_CHEBYSHEV, values[:, :_PANEL_NODES])
        miss = np.abs(np.einsum("ij,kj->ki", _AT_PROBES, chebyshev) - values[:, _PANEL_NODES:]).max(axis=1)
        smooth = np.maximum(miss, np.abs(chebyshev[:, -2:]).max(axis=1)) <= tolerance / 20.0
    points = np.empty((starts.size, CELLS_PER_UNIT, _POINTS.size))
    points[smooth] = np.einsum("ij,kj->ki", _AT_CELLS, chebyshev[smooth]).reshape(-1, CELLS_PER_UNIT, _POINTS.size)
    flat = np.all(values == values[:, :1], axis=1)
    points[flat] = values[flat, 0][:, None, None]
    rough = starts[~smooth][:, None, None] + _STARTS[:, None] + _POINTS / CELLS_PER_UNIT
    points[~smooth] = exact(rough.ravel()).reshape(rough.shape)
    return points.reshape(-1, _POINTS.size)


def build_table(exact: Exact, scale: float) -> NormalTable:
    """Return the table of an exact quantile function of the standard normal value.

    Parameters
    ----------
    exact : callable
        Standard normal values (n,) to values (n,).
    scale : float
        What the tolerance is a share of: the law's standard deviation.
    """
    tolerance = TOLERANCE_SD * scale
    units = np.arange(int(2 * TABLE_REACH), dtype=np.float64) - TABLE_REACH
    n_inner = units.size * CELLS_PER_UNIT
    cubics = np.full((4, n_inner + 2), np.nan)
    cubics[:, 1:-1] = _cubics(_unit_values(exact, units, tolerance), tolerance)
    levels = _finer_levels(exact, cubics, tolerance)
    return NormalTable(cubics, tuple(rows for rows, _ in levels), tuple(fine for _, fine in levels), exact)


def _finer_levels(exact: Exact, cubics: Array, tolerance: float) -> list[tuple[NDArray[np.intp], Array]]:
    """Return rows and cubics of the parts of cells that cubics do not serve, level by level."""
    levels: list[tuple[NDArray[np.intp], Array]] = []
    starts, width = -TABLE_REACH + np.arange(-1, cubics.shape[1] - 1) / CELLS_PER_UNIT, 1.0 / CELLS_PER_UNIT
    hard = np.flatnonzero(np.isnan(cubics[0]))[1:-1]  # not the two that stand for all beyond
    while 0 < hard.size <= MOST_HARD and len(levels) < MOST_LEVELS:
        rows = np.full(starts.size, -1, dtype=np.intp)
        rows[hard] = np.arange(hard.size)
        width /= CUTS
        starts = (starts[hard][:, None] + width * np.arange(CUTS)).ravel()
        points = starts[:, None] + width * _POINTS
        fine = _cubics(exact(points.ravel()).reshape(points.shape), tolerance)
        levels.append((rows, fine))
        hard = np.flatnonzero(np.isnan(fine[0]))
    return levels
