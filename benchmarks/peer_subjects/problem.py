"""The problem that every subject solves: 20 drivers, rank correlation 0.3 among all, a five-year net present value.

numpy only: this file is read in the peers' environment too.
"""

import numpy as np

SAVINGS = [(60.0 + 5 * i, 90.0 + 6 * i, 160.0 + 12 * i) for i in range(8)]  # PERT low, mode, high: GBP 1,000 a year
TAKE_UP = [(0.5 + 0.05 * i, 0.8 + 0.03 * i, 1.1) for i in range(4)]  # triangular: share of the saving that comes
SET_UP = [(120.0 + 30 * i, 60.0 + 15 * i) for i in range(4)]  # log-normal mean, sd: GBP 1,000 once
RUNNING = [(25.0 + 5 * i, 5.0 + i) for i in range(4)]  # normal mean, sd: GBP 1,000 a year
RANK = 0.3
N_YEARS = 5
RATE = 0.035
RAMP = (0.25, 0.75, 1.0, 1.0, 1.0)
N_DRIVERS = 20
NAMES = (
    [f"saving_{i}" for i in range(8)]
    + [f"take_up_{i}" for i in range(4)]
    + [f"set_up_{i}" for i in range(4)]
    + [f"running_{i}" for i in range(4)]
)
#: What a Gaussian copula, or a method that takes normal scores' correlation for Spearman's, needs for this rank.
NORMAL_SCORE_CORRELATION = 2.0 * np.sin(np.pi * RANK / 6.0)

_DISCOUNT = [(1.0 + RATE) ** -(year + 1) for year in range(N_YEARS)]
_EFFECT = sum(d * r for d, r in zip(_DISCOUNT, RAMP, strict=True))
_YEARS = sum(_DISCOUNT)


def net_present_value(x):
    """Return the value of one future each, from 20 arrays or numbers in the order of the names."""
    saving = x[8] * (x[0] + x[1])
    saving += x[9] * (x[2] + x[3])
    saving += x[10] * (x[4] + x[5])
    saving += x[11] * (x[6] + x[7])
    saving *= _EFFECT
    saving -= _YEARS * (x[16] + x[17] + x[18] + x[19])
    saving -= x[12] + x[13] + x[14] + x[15]
    return saving


def figures(values):
    """Return mean, P5 and P95."""
    low, high = np.percentile(values, [5, 95])
    return {"mean": float(np.mean(values)), "p5": float(low), "p95": float(high)}
