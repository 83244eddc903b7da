"""What sharing saves a year at full effect (docs/model.md section 2).

All arrays have the partner slot as last axis but one and the draw last: (..., partner slot, draw). `active` is 1 for
partners still in the arrangement and 0 for those who left; absent, all are in.
"""

from __future__ import annotations

import numpy as np


def over_slots(values: np.ndarray) -> np.ndarray:
    """Return the sum over partner slots, one after the other, so that the bits never depend on what lies beside.

    Parameters
    ----------
    values : ndarray, shape (..., partner slot, draw)

    Returns
    -------
    ndarray, shape (..., 1, draw)

    Examples
    --------
    >>> over_slots(np.array([[1.0], [2.0], [4.0]])).tolist()
    [[7.0]]
    """
    total = values[..., :1, :]
    for slot in range(1, values.shape[-2]):
        total = total + values[..., slot : slot + 1, :]
    return total


def pooled_ratio(
    cost: np.ndarray, power: np.ndarray, workload: np.ndarray | None, elasticity: np.ndarray
) -> np.ndarray:
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
        apart = over_slots(power)
        together = over_slots(workload) ** elasticity
    else:
        apart = over_slots(cost)
        together = over_slots(power) ** elasticity
    # A service that costs nobody anything saves nothing: 0/0 is 1 here.
    return np.where(apart > 0, together / np.where(apart > 0, apart, 1.0), 1.0)


def scale_gain(cost: np.ndarray, power: np.ndarray, workload: np.ndarray | None, elasticity: np.ndarray) -> np.ndarray:
    """Return each partner's yearly gain from scale, GBP: the rate on its own cost; negative where pooling costs more.

    Partners who left must come in with zero cost, power and workload.
    """
    return (1.0 - pooled_ratio(cost, power, workload, elasticity)) * cost


def pooled_share(power: np.ndarray, workload: np.ndarray | None) -> np.ndarray:
    """Return each partner's share of the pooled workload (of the one that its cost implies where none is known)."""
    measure = power if workload is None else workload
    total = over_slots(measure)
    return measure / np.where(total > 0, total, 1.0)


def by_share(amount: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return an amount of all partners divided by another share than the one it came in by; the sum stays."""
    return over_slots(amount) * share


def cost_sharing(cost: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return what partners pay each other a year when all pay the same price per unit of work, GBP; sums to zero.

    A partner that was dearer than the average gains, a cheaper one pays. It is a charge between councils and no saving:
    no factor on savings touches it.

    Examples
    --------
    >>> cost_sharing(np.array([[100.0], [100.0]]), np.array([[0.25], [0.75]])).ravel().tolist()
    [50.0, -50.0]
    """
    return cost - by_share(cost, share)


def posts_form_removed(per_extra_partner: np.ndarray, n_active: np.ndarray | float, posts: np.ndarray) -> np.ndarray:
    """Return the posts that each partner's structure loses in the posts form, divided by its share of the posts.

    A joint structure needs `per_extra_partner` posts fewer for each partner beyond the first, never more than there
    are.
    """
    total = over_slots(posts)
    removed = np.minimum(per_extra_partner * np.maximum(n_active - 1.0, 0.0), total)
    return removed * posts / np.where(total > 0, total, 1.0)


def gain_and_loss(planned: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the two sides of a planned gain, each 0 or more.

    They stay apart from here on: realisation, coordination and the register's factors act on gains only, so that no
    product softens a loss, and no gain that may not come about makes up for a loss that will.

    Examples
    --------
    >>> [part.tolist() for part in gain_and_loss(np.array([60.0, -50.0]))]
    [[60.0, 0.0], [0.0, 50.0]]
    """
    gain = np.maximum(planned, 0.0)
    return gain, gain - planned


def coordination_factor(loss_share: np.ndarray, n_active: np.ndarray | float) -> np.ndarray:
    """Return the share of a saving left after coordinating `n_active` partners: 1 for two, falling beyond."""
    return (1.0 - loss_share) ** np.maximum(n_active - 2.0, 0.0)
