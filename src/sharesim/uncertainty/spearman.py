"""Spearman's rank correlation to the correlation of normal scores and back, for the Gaussian and the t copula."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainccinv, gammaincinv, ndtr

Array = NDArray[np.float64]


def rank_of_scores(score: float, degrees_of_freedom: float | None = None) -> float:
    """Return Spearman's rank correlation under a copula whose scores have correlation `score`.

    Gaussian: (6 / pi) asin(score / 2) (Pearson 1907). t: (6 / pi) E asin(score x c), where c = sqrt(B2 B3),
    B2 = X2 / (X1 + X2), B3 = X3 / (X1 + X3) and the X are independent chi-squared variables: three pairs decide
    Spearman's figure, and given their mixing variables they are normal (Heinen and Valdesogo 2020).

    Examples
    --------
    >>> round(rank_of_scores(0.5), 6), round(rank_of_scores(0.5, 4.0), 4)
    (0.482584, 0.469)
    """
    if degrees_of_freedom is None:
        return 6.0 / math.pi * math.asin(score / 2.0)
    if abs(score) == 1.0:
        return math.copysign(1.0, score)
    share, weight = _shares(degrees_of_freedom)
    return float(6.0 / math.pi * np.sum(weight * np.arcsin(score * share)))


def ranks_of_scores(scores: Array, degrees_of_freedom: float | None = None) -> Array:
    """Return `rank_of_scores` of many correlations, within 1e-8: one integral each would be too slow.

    Examples
    --------
    >>> ranks_of_scores(np.array([0.0, 0.5, 1.0]), 4.0).round(6)
    array([0.     , 0.46902, 1.     ])
    """
    if degrees_of_freedom is None:
        return 6.0 / math.pi * np.arcsin(scores / 2.0)
    return np.asarray(_ranks_by_angle(degrees_of_freedom)(np.arcsin(scores)))


@lru_cache(maxsize=8)
def _ranks_by_angle(degrees_of_freedom: float) -> np.polynomial.Chebyshev:
    """Return the rank correlation as a polynomial of the scores' angle, over which it is smooth up to both ends."""
    angles = math.pi / 2 * np.cos(math.pi * (np.arange(64) + 0.5) / 64)
    half = np.array([rank_of_scores(math.sin(angle), degrees_of_freedom) for angle in angles[:32]])
    return np.polynomial.Chebyshev.fit(
        angles, np.concatenate([half, -half[::-1]]), 41, domain=[-math.pi / 2, math.pi / 2]
    )


@lru_cache(maxsize=8)
def _shares(degrees_of_freedom: float) -> tuple[Array, Array]:
    """Return the values of c and their weights by Gauss-Legendre over three standard normals."""
    nodes, weights = np.polynomial.legendre.leggauss(56)
    z = 9.0 * nodes
    weight = 9.0 * weights * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    half = degrees_of_freedom / 2
    chi = 2 * np.where(z < 0, gammaincinv(half, ndtr(z)), gammainccinv(half, ndtr(-z)))
    share = np.sqrt(chi / (chi[:, None] + chi))  # (X1, X2)
    both = share[:, :, None] * share[:, None, :]
    return both.ravel(), np.einsum("i,j,k->ijk", weight, weight, weight).ravel()


@lru_cache(maxsize=4096)
def scores_of_rank(rank: float, degrees_of_freedom: float | None = None) -> float:
    """Return the correlation of normal (or t) scores that gives Spearman's rank correlation `rank`.

    Examples
    --------
    >>> round(scores_of_rank(0.3), 6)
    0.312869
    """
    if abs(rank) == 1.0 or rank == 0.0:
        return rank
    if degrees_of_freedom is None:
        return 2.0 * math.sin(math.pi * rank / 6.0)
    # Imported here: scipy.optimize takes longer to load than all that Gaussian copulas need.
    from scipy.optimize import brentq

    ranks = _ranks_by_angle(degrees_of_freedom)
    return math.sin(brentq(lambda angle: float(ranks(angle)) - rank, -math.pi / 2, math.pi / 2, xtol=1e-14))
