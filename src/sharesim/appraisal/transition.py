"""What it costs to get there and to run it (docs/model.md section 4)."""

from __future__ import annotations

import numpy as np

from sharesim.appraisal.savings import over_slots


def residual_bias(bias_share: float, planned_gbp: float, expected_gbp: float, register_gbp: float) -> float:
    """Return the optimism bias that is left after what the distributions and the register already carry.

    Parameters
    ----------
    bias_share : float
        Published bias for such a project, as a share of planned cost.
    planned_gbp : float
        The single figures a person would have put, summed.
    expected_gbp : float
        Mean of the same lines as drawn, overrun included.
    register_gbp : float
        Expected cost of the register's rows on these lines.

    Examples
    --------
    >>> round(residual_bias(0.4, 100.0, 115.0, 5.0), 2)
    0.2
    >>> residual_bias(0.1, 100.0, 130.0, 0.0)
    0.0
    """
    if planned_gbp <= 0:
        return 0.0
    return max(0.0, bias_share - (expected_gbp + register_gbp - planned_gbp) / planned_gbp)


def host_fee_gbp(fee_share: np.ndarray, cost: np.ndarray, host_share: np.ndarray) -> np.ndarray:
    """Return the yearly net fee that each partner pays, GBP; what hosts receive is negative, and all sum to zero.

    Parameters
    ----------
    fee_share : ndarray, shape (..., 1, draw)
    cost : ndarray, shape (..., partner slot, draw)
        What the host carries for each partner.
    host_share : ndarray, shape (..., partner slot, 1)
        Share hosted by each partner.

    Examples
    --------
    >>> fee = host_fee_gbp(np.array([[0.05]]), np.array([[100.0], [40.0]]), np.array([[1.0], [0.0]]))
    >>> fee.ravel().tolist()
    [-2.0, 2.0]
    """
    hosted = over_slots(host_share)
    paid = fee_share * cost * (1.0 - host_share) * (hosted > 0)
    received = over_slots(paid) * host_share / np.where(hosted > 0, hosted, 1.0)
    return paid - received


def stranded_gbp(share: np.ndarray, overhead: np.ndarray, elsewhere: np.ndarray) -> np.ndarray:
    """Return the yearly overhead that stays behind with partners whose service is now provided elsewhere, GBP."""
    return share * overhead * elsewhere
