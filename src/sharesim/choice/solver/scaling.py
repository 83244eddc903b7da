"""A program as solvers get it: minimised, and its amounts near 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from sharesim.choice.program import ArrayProgram


@dataclass(frozen=True)
class Scaled:
    """A program as solvers get it: minimise, amounts near 1 by powers of two (so that nothing is rounded)."""

    cost: np.ndarray
    matrix: sparse.csr_array
    row_lower: np.ndarray
    row_upper: np.ndarray
    objective_scale: float


def scaled(program: ArrayProgram) -> Scaled:
    """Scale rows and objective by powers of two and turn the sense; pounds would strain absolute tolerances."""
    matrix, factor = program.matrix, row_factors(program.matrix)
    scale = float(_power_of_two(np.array([np.abs(program.objective).max(initial=0.0)]))[0])
    data = matrix.data * np.repeat(factor, np.diff(matrix.indptr))
    return Scaled(
        cost=-program.objective * scale,
        matrix=sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape),
        row_lower=program.row_lower * factor,
        row_upper=program.row_upper * factor,
        objective_scale=scale,
    )


def _power_of_two(largest: np.ndarray) -> np.ndarray:
    """Return 2^k with largest x 2^k in [64, 128) where largest > 128, and 1 elsewhere."""
    exponent = np.where(largest > 128, 6 - np.floor(np.log2(np.maximum(largest, 1.0))), 0.0)
    return np.exp2(exponent)


def row_factors(matrix: sparse.csr_array) -> np.ndarray:
    """Return the power of two by which each row is scaled, shape (rows,)."""
    largest = np.zeros(matrix.shape[0])
    filled = np.diff(matrix.indptr) > 0
    if matrix.nnz:
        largest[filled] = np.maximum.reduceat(np.abs(matrix.data), matrix.indptr[:-1][filled])
    return _power_of_two(largest)
