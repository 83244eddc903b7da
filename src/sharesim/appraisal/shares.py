"""Who bears and who gets what (docs/model.md section 6)."""

from __future__ import annotations

from typing import Literal

import numpy as np

Rule = Literal["own", "equal", "base_cost", "workload", "stated"]


def split_weights(
    rule: Rule, base_cost: np.ndarray, workload: np.ndarray, stated: np.ndarray, inside: np.ndarray
) -> np.ndarray:
    """Return each partner's share of something that is divided.

    Parameters
    ----------
    rule : str
        ``own`` divides what belongs to nobody by base cost.
    base_cost, workload, stated : ndarray, shape (..., partner slot)
        What the agreement states; certain figures, since agreements state figures and not distributions.
    inside : ndarray of bool, shape (..., partner slot)
        Which slots hold a partner.

    Returns
    -------
    ndarray, shape (..., partner slot), summing to 1 over the partners

    Examples
    --------
    >>> one = np.ones(3)
    >>> split_weights("base_cost", np.array([1.0, 3.0, 0.0]), one, one, np.array([True, True, False])).tolist()
    [0.25, 0.75, 0.0]
    """
    measure = {
        "own": base_cost,
        "base_cost": base_cost,
        "workload": workload,
        "stated": stated,
        "equal": np.ones_like(base_cost),
    }[rule]
    measure = np.where(inside, np.nan_to_num(measure), 0.0)
    total = measure.sum(axis=-1, keepdims=True)
    equal = inside / np.maximum(inside.sum(axis=-1, keepdims=True), 1)
    # Where the measure is missing for all, nobody can be asked for more than the others.
    return np.where(total > 0, measure / np.where(total > 0, total, 1.0), equal)
