"""What sharing saves a year at full effect (docs/model.md section 2).

All arrays have the partner slot as last axis but one and the draw last: (..., partner slot, draw). `active` is 1 for
partners still in the arrangement and 0 for those who left; absent, all are in.
"""

from __future__ import annotations

import numpy as np


def pooled_ratio(cost: np.ndarray, power: np.ndarray, workload: np.ndarray | None, elasticity: np.ndarray) -> np.ndarray:
    """Return what the pooled service costs over what the partners pay apart.

    Parameters
    ----------
    cost : ndarray, shape (..., partner slot, draw), GBP per year
    power : ndarray, same shape
        workload ** elasticity, or cost ** (1 / elasticity) where no workload is known.
    workload : ndarray or None
    elasticity : ndarray, shape (..., 1, draw)

    Returns
    -------
    ndarray, shape (..., 1, draw); below 1 means a saving

    Examples
    --------
    >>> cost = np.array([[10.0], [1.0]])
    >>> e = np.array([[0.65]])
    >>> round(1 - float(pooled_ratio(cost, cost**(1 / e), None, e)[0, 0]), 3)
    0.074
    >>> round(1 - float(pooled_ratio(cost, cost**e, cost, e)[0, 0]), 3)
    0.131
    """
    if workload is not None:
        apart = power.sum(axis=-2, keepdims=True)
        together = workload.sum(axis=-2, keepdims=True) ** elasticity
    else:
        apart = cost.sum(axis=-2, keepdims=True)
        together = power.sum(axis=-2, keepdims=True) ** elasticity
    # A service that costs nobody anything saves nothing: 0/0 is 1 here.
    return np.where(apart > 0, together / np.where(apart > 0, apart, 1.0), 1.0)


def scale_gain(
    cost: np.ndarray, power: np.ndarray, workload: np.ndarray | None, elasticity: np.ndarray, *, by_pooled_cost: bool
) -> np.ndarray:
    """Return each partner's yearly gain from scale, GBP; negative where pooling would cost it more.

    The rate on one's own cost, or (`by_pooled_cost`) own cost less one's workload share of the pooled cost. Partners
    who left must come in with zero cost, power and workload.
    """
    ratio = pooled_ratio(cost, power, workload, elasticity)
    if not by_pooled_cost:
        return (1.0 - ratio) * cost
    measure = power if workload is None else workload
    total = measure.sum(axis=-2, keepdims=True)
    share = measure / np.where(total > 0, total, 1.0)
    return cost - ratio * cost.sum(axis=-2, keepdims=True) * share


def posts_form_removed(per_extra_partner: np.ndarray, n_active: np.ndarray | float, posts: np.ndarray) -> np.ndarray:
    """Return the posts that each partner's structure loses in the posts form, divided by its share of the posts.

    A joint structure needs `per_extra_partner` posts fewer for each partner beyond the first, never more than there are.
    """
    total = posts.sum(axis=-2, keepdims=True)
    removed = np.minimum(per_extra_partner * np.maximum(n_active - 1.0, 0.0), total)
    return removed * posts / np.where(total > 0, total, 1.0)


def realised(
    gain: np.ndarray, realisation: np.ndarray, coordination: np.ndarray, increase: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the saving that comes about, apart from what it costs more: both yearly, GBP, at full effect.

    Parameters
    ----------
    gain : ndarray
        Planned gain; negative is a loss.
    realisation, coordination : ndarray
        Factors on a gain; a loss is not softened by them.
    increase : ndarray
        Extra yearly cost of working together, 0 or more.

    Returns
    -------
    saving : ndarray, 0 or more
    extra_cost : ndarray, 0 or more
        Loss and cost increase: kept apart so that no product can turn the sign.
    """
    return realisation * coordination * np.maximum(gain, 0.0), np.maximum(-gain, 0.0) + increase


def coordination_factor(loss_share: np.ndarray, n_active: np.ndarray | float) -> np.ndarray:
    """Return the share of a saving left after coordinating `n_active` partners: 1 for two, falling beyond."""
    return (1.0 - loss_share) ** np.maximum(n_active - 2.0, 0.0)
