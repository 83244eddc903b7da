"""Which uncertain inputs move the answer: swing in pounds and rank correlation (docs/model.md section 10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata


@dataclass(frozen=True)
class DriverEffect:
    """How much one driver moves a measure.

    Parameters
    ----------
    name : str
    low_gbp, high_gbp : float
        Mean of the measure over the draws in which the driver is in its lowest and highest tenth.
    rank_correlation : float
        Spearman's, between driver and measure.
    rank_correlation_error : float
        Its standard error, 1 / sqrt(n - 1) when there is none.
    """

    name: str
    low_gbp: float
    high_gbp: float
    rank_correlation: float
    rank_correlation_error: float

    @property
    def swing_gbp(self) -> float:
        """Difference between the tenths; its sign says which way the driver works."""
        return self.high_gbp - self.low_gbp


def driver_effects(names: Sequence[str], values: np.ndarray, measure_gbp: np.ndarray) -> list[DriverEffect]:
    """Return the effect of each driver on a measure, the largest swing first.

    Parameters
    ----------
    names : sequence of str
    values : ndarray, shape (driver, draw)
    measure_gbp : ndarray, shape (draw,)

    Notes
    -----
    Swings are conditional means on the draws already made, so what moves with a driver moves in its swing too.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=(2, 4000))
    >>> [effect.name for effect in driver_effects(["a", "b"], x, x[0] + 3 * x[1])]
    ['b', 'a']
    """
    n_draws = measure_gbp.shape[0]
    tenth = max(1, n_draws // 10)
    ranked = rankdata(measure_gbp)
    ranked = (ranked - ranked.mean()) / (ranked.std() or 1.0)
    effects = []
    for name, row in zip(names, values, strict=True):
        if row.min() == row.max():
            continue
        order = np.argsort(row, kind="stable")
        own = rankdata(row)
        own = (own - own.mean()) / (own.std() or 1.0)
        effects.append(
            DriverEffect(
                name, float(measure_gbp[order[:tenth]].mean()), float(measure_gbp[order[-tenth:]].mean()),
                float(own @ ranked / n_draws), float(1.0 / np.sqrt(max(n_draws - 1, 1))),
            )
        )  # fmt: skip
    return sorted(effects, key=lambda effect: (-abs(effect.swing_gbp), effect.name))
