"""Correlation matrices: are they possible, which possible one is nearest, and their triangular roots."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: A pivot below this is nothing but rounding.
_PIVOT = 1e-10
#: Decimals that a repaired matrix keeps. Eigenvalues differ in their last bits with the number of threads;
#: rounding keeps that out of the draws.
_DECIMALS = 6


def triangular_root(matrix: Array) -> Array | None:
    """Return L with L L' = matrix and L lower triangular, or None when there is none.

    Perfect correlations are possible: their pivots are 0. No library routine is called, so the bits do not depend on
    threads.

    Parameters
    ----------
    matrix : ndarray (driver, driver)
        Symmetric with ones on the diagonal.

    Examples
    --------
    >>> triangular_root(np.array([[1.0, 0.6], [0.6, 1.0]]))
    array([[1. , 0. ],
           [0.6, 0.8]])
    """
    size = matrix.shape[0]
    root = np.zeros((size, size))
    for column in range(size):
        left = matrix[column:, column] - np.einsum("ij,j->i", root[column:, :column], root[column, :column])
        if left[0] > _PIVOT:
            root[column:, column] = left / np.sqrt(left[0])
        elif left[0] < -_PIVOT or np.abs(left).max() > np.sqrt(_PIVOT):
            return None
    return root


def nearest_correlation(matrix: Array) -> Array:
    """Return the correlation matrix nearest to a symmetric one in the Frobenius norm (Higham 2002).

    Alternating projections with Dykstra's correction, then moved towards the identity by what rounding to six decimals
    may cost, so that the answer surely has a triangular root.

    Examples
    --------
    >>> wanted = np.array([[1.0, 0.9, 0.1], [0.9, 1.0, 0.9], [0.1, 0.9, 1.0]])
    >>> triangular_root(wanted) is None
    True
    >>> nearest_correlation(wanted).round(3)
    array([[1.   , 0.77 , 0.185],
           [0.77 , 1.   , 0.77 ],
           [0.185, 0.77 , 1.   ]])
    """
    size = matrix.shape[0]
    nearest, correction = matrix.copy(), np.zeros_like(matrix)
    for _ in range(2000):
        target = nearest - correction
        values, vectors = np.linalg.eigh(target)
        possible = (vectors * np.clip(values, 0.0, None)) @ vectors.T
        correction = possible - target
        previous, nearest = nearest, possible.copy()
        np.fill_diagonal(nearest, 1.0)
        if np.abs(nearest - previous).max() < 1e-9:
            break
    floor = size * 10.0**-_DECIMALS
    lowest = float(np.linalg.eigvalsh(nearest)[0])
    if lowest < floor:
        nearest *= (1.0 - floor) / (1.0 - lowest)
    nearest = np.round((nearest + nearest.T) / 2, _DECIMALS)
    np.fill_diagonal(nearest, 1.0)
    return nearest
