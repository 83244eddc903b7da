"""What each assumption moves: nothing that decides the answer stays silent (docs/model.md section 10)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sharesim.appraisal.outcomes import appraise as simulate
from sharesim.bundles.table import BundleTable
from sharesim.study.assume import variant
from sharesim.study.study import Assumption, Study


@dataclass(frozen=True)
class AssumptionEffect:
    """What one assumption's range does to a portfolio's mean NPV.

    Parameters
    ----------
    assumption : Assumption
    low_gbp, high_gbp : float
        Mean NPV with every cell that it fills at the low, and at the high end of its range, less the mean NPV as assumed.
    """

    assumption: Assumption
    low_gbp: float
    high_gbp: float

    @property
    def swing_gbp(self) -> float:
        """Distance between the ends."""
        return abs(self.high_gbp - self.low_gbp)


def assumption_effects(
    study: Study, table: BundleTable, *, seed: int, n_draws: int = 1024
) -> tuple[AssumptionEffect, ...]:
    """Return the pounds that each assumption's low-high range moves, the largest first.

    Parameters
    ----------
    study : Study
    table : BundleTable
        The portfolio whose mean NPV is watched.
    seed : int
    n_draws : int
        All variants meet the same futures, so few are enough: the differences carry far less noise than the means.
    """

    def worth(changed: Study) -> float:
        outcomes = simulate(changed, table, seed=seed, purpose="judge", n_draws=n_draws)
        return float(outcomes.npv_mean.sum() + outcomes.activation_npv[outcomes.needed].sum(axis=(0, 1)).mean())

    base = worth(study)
    effects = [
        AssumptionEffect(item, *(worth(variant(study, item.path, end)) - base for end in (item.low, item.high)))
        for item in study.assumptions
    ]
    return tuple(sorted(effects, key=lambda effect: (-effect.swing_gbp, effect.assumption.path)))


def effect_line(effect: AssumptionEffect, money: Callable[[float], str]) -> str:
    """Return one assumption in words, with its range and what that moves."""
    item = effect.assumption
    return (
        f"{item.path} = {item.value} ({len(item.where)} row{'s' if len(item.where) != 1 else ''}); "
        f"{item.low:g} to {item.high:g} {item.unit} moves the mean NPV by {money(effect.low_gbp)} to {money(effect.high_gbp)}"
    )


def watched(table: BundleTable, npv_mean: np.ndarray) -> BundleTable:
    """Return a portfolio to watch when nothing was chosen: for each package its most valuable bundle."""
    rows = [
        int(here[np.argmax(npv_mean[here])])
        for package in np.unique(table.package)
        if len(here := np.flatnonzero(table.package == package))
    ]
    return table.take(np.array(sorted(rows)))
