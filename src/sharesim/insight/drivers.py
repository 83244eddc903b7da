"""Which uncertain inputs move the answer: swing in pounds and rank correlation (docs/model.md section 10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

#: Inputs whose own effects are told apart, at most; and futures that each of them needs.
MOST_FITTED, DRAWS_PER_FITTED = 120, 10


@dataclass(frozen=True)
class DriverEffect:
    """How much one driver moves a measure.

    Parameters
    ----------
    name : str
    low_gbp, high_gbp : float
        Mean of the measure over the draws in which the driver is in its lowest and highest tenth: with all that moves
        along with it.
    rank_correlation : float
        Spearman's, between driver and measure.
    rank_correlation_error : float
        Its standard error, 1 / sqrt(n - 1) when there is none.
    own_low_gbp, own_high_gbp : float
        The same means with the other drivers held as they are on average: what the driver does by itself. Equal to the
        first where nothing moves along.
    """

    name: str
    low_gbp: float
    high_gbp: float
    rank_correlation: float
    rank_correlation_error: float
    own_low_gbp: float
    own_high_gbp: float

    @property
    def swing_gbp(self) -> float:
        """Mean in the highest tenth less that in the lowest: negative where a high value lowers the measure."""
        return self.high_gbp - self.low_gbp

    @property
    def own_swing_gbp(self) -> float:
        """The same with the other drivers held as they are on average."""
        return self.own_high_gbp - self.own_low_gbp


def driver_effects(names: Sequence[str], values: np.ndarray, measure_gbp: np.ndarray) -> list[DriverEffect]:
    """Return the effect of each driver on a measure, the largest swing first.

    Parameters
    ----------
    names : sequence of str
    values : ndarray, shape (driver, draw)
    measure_gbp : ndarray, shape (draw,)

    Notes
    -----
    Swings are conditional means on the draws already made, so what moves with a driver moves in its swing too. Own
    effects come from one least-squares fit of the measure on all drivers together, each by its normal score and that
    score's square (Hermite polynomials of the first two orders); what a driver does only together with another is left
    to neither. With more drivers than the draws can tell apart, those that correlate least keep their plain swing.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=(2, 4000))
    >>> effects = driver_effects(["a", "b"], x, x[0] + 3 * x[1])
    >>> [effect.name for effect in effects]
    ['b', 'a']
    >>> along = np.stack([x[0], x[0] + 0.1 * x[1]])  # the second only moves along with the first
    >>> [round(effect.own_swing_gbp) for effect in driver_effects(["a", "b"], along, 2 * x[0])]
    [7, 0]
    """
    kept = [at for at, row in enumerate(values) if row.min() < row.max()]
    if not kept:
        return []
    n_draws = measure_gbp.shape[0]
    tenth = max(1, n_draws // 10)
    ranks = np.stack([rankdata(values[at]) for at in kept])
    correlation = _row_correlation(ranks, rankdata(measure_gbp))
    orders = np.argsort(values[kept], axis=1, kind="stable")
    lowest, highest = orders[:, :tenth], orders[:, -tenth:]
    low, high = measure_gbp[lowest].mean(axis=1), measure_gbp[highest].mean(axis=1)
    own = _own_means(ranks, correlation, measure_gbp, (lowest, highest))
    error = float(1.0 / np.sqrt(max(n_draws - 1, 1)))
    effects = [
        DriverEffect(
            names[at],
            float(low[i]),
            float(high[i]),
            float(correlation[i]),
            error,
            *(float(own[i, end]) if np.isfinite(own[i, end]) else float((low, high)[end][i]) for end in (0, 1)),
        )
        for i, at in enumerate(kept)
    ]
    return sorted(effects, key=lambda effect: (-abs(effect.swing_gbp), effect.name))


def _row_correlation(rows: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the correlation of each row with the target, 0 where the target does not vary."""
    rows = rows - rows.mean(axis=1, keepdims=True)
    target = target - target.mean()
    size = np.sqrt((rows**2).sum(axis=1) * (target @ target))
    return np.divide(rows @ target, size, out=np.zeros(len(rows)), where=size > 0)


def _own_means(
    ranks: np.ndarray, correlation: np.ndarray, measure: np.ndarray, tenths: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Return the fitted mean in each driver's lowest and highest tenth, shape (driver, 2); nan where not fitted."""
    n_draws = measure.size
    n_fitted = min(MOST_FITTED, len(ranks), n_draws // (2 * DRAWS_PER_FITTED))
    fitted = np.sort(np.argsort(-np.abs(correlation), kind="stable")[:n_fitted])
    result = np.full((len(ranks), 2), np.nan)
    if not n_fitted:
        return result
    score = ndtri((ranks[fitted] - 0.5) / n_draws)
    basis = np.concatenate([score, score**2])
    basis -= basis.mean(axis=1, keepdims=True)
    centred = measure - measure.mean()
    # The least-norm solution: two drivers that always move together share what they do.
    slopes = np.linalg.lstsq(basis @ basis.T, basis @ centred, rcond=1e-10)[0].reshape(2, n_fitted)
    parts = basis.reshape(2, n_fitted, n_draws)
    for end, rows in enumerate(tenths):
        mean = np.take_along_axis(parts, rows[None, fitted], axis=2).mean(axis=2)
        result[fitted, end] = measure.mean() + (slopes * mean).sum(axis=0)
    return result
