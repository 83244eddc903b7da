"""Switching values: how bad must each input be before the decision changes, that is before the value is nil."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from sharesim.appraisal.measured import LINES_OF
from sharesim.appraisal.outcomes import Outcomes
from sharesim.report.register import BUDGET, simulated, worth
from sharesim.study.study import Quantities, Study
from sharesim.uncertainty.distribution import Distribution
from sharesim.uncertainty.draws import CHUNK

#: Share of futures beyond which an input is not followed; evaluations of one search; how near to nil is nil.
FAR, MOST_STEPS, NEAR_SHARE = 0.001, 7, 0.002
SAVINGS = LINES_OF["cashable"]
#: Lines of activation columns, by what they are: what is paid once or for all, and what strikes.
PAID_ONCE, STRIKING = ("item", "mitigation", "existing"), ("risk", "risk_one_off")
#: Fewest inputs looked at however large the portfolio is, and simulations that one takes as a rule.
LEAST_INPUTS, EVALUATIONS = 3, 2


def switching_totals(lines: pd.DataFrame, value_gbp: float) -> pd.DataFrame:
    """Return by which share groups of lines would have to change for the value to be nil, everything else as it is.

    Parameters
    ----------
    lines : DataFrame
        From `breakdown.cells`.
    value_gbp : float
        Mean NPV.

    Returns
    -------
    DataFrame
        title, present_gbp (mean present value), change_share: -0.4 means that the value is nil when they fall by
        40%; nan for none.
    """
    groups = {
        "Cashable savings": lines.line.isin(SAVINGS),
        "One-off cost and shared items": lines.line.isin((*LINES_OF["one_off"], *PAID_ONCE)),
        "Risks that strike": lines.line.isin(STRIKING),
        "Grants": lines.line == "grant",
        "Receipts for premises": lines.line == "receipts",
    }
    groups["Running costs"] = ~np.any(list(groups.values()), axis=0)
    rows = []
    for title, here in groups.items():
        present = float(lines.value_gbp[here].sum())
        if present:
            rows.append({"title": title, "present_gbp": present, "change_share": -value_gbp / present})
    return pd.DataFrame(rows, columns=["title", "present_gbp", "change_share"])


def switching(study: Study, judged: Outcomes, drivers: pd.DataFrame, value_gbp: float) -> pd.DataFrame:
    """Return the figure of each input at which the portfolio's mean value is nil, simulated again with it held there.

    Parameters
    ----------
    study : Study
    judged : Outcomes
    drivers : DataFrame
        Columns input and driver, and own_low_gbp and own_high_gbp where they are known, such as `inputs.tornado`; of
        a large portfolio only the first few are looked at.
    value_gbp : float
        Mean NPV on all judging futures; the figures of the futures used here are shifted to it.

    Returns
    -------
    DataFrame
        input, driver, mean, far_low, far_high (its 0.1% and 99.9% points), switching_value (nan where no figure between
        them makes the value nil), beyond_share (chance of a figure worse than that).
    """
    search = _Search(study, judged, value_gbp)
    most = max(LEAST_INPUTS, BUDGET // (EVALUATIONS * CHUNK * max(len(judged.table), 1)))
    rows = [search.row(item, _worse_end(item, value_gbp)) for item in drivers.head(most).to_dict("records")]
    names = ["input", "driver", "mean", "far_low", "far_high", "switching_value", "beyond_share"]
    return pd.DataFrame(rows, columns=names)


def _worse_end(item: Mapping[Hashable, Any], value_gbp: float) -> str:
    """Return at which end of an input the value is nearer to nil, by the tornado; both where that is not known."""
    if "own_low_gbp" not in item or item["own_low_gbp"] == item["own_high_gbp"]:
        return "both"
    return "low" if (item["own_low_gbp"] < item["own_high_gbp"]) == (value_gbp > 0) else "high"


class _Search:
    """Looks for where the mean value is nil, input by input, on the same futures."""

    def __init__(self, study: Study, judged: Outcomes, value_gbp: float) -> None:
        self.study, self.judged = study, judged
        self.n_draws = min(judged.n_draws, CHUNK)
        self.shift = value_gbp - float(worth(simulated(study, judged, self.n_draws)).mean())
        self.value = value_gbp
        self.position = {spec.name: at for at, spec in enumerate(study.drivers)}

    def row(self, item: Mapping[Hashable, Any], worse: str) -> dict[str, object]:
        """Return the search's answer for one input; `worse` says at which end to look: low, high, or both."""
        title, driver = item["input"], item["driver"]
        law = self.study.drivers[self.position[driver]].distribution
        low, high = float(law.quantile(FAR)), float(law.quantile(1.0 - FAR))
        figure = self._crossing(driver, (low, float(law.mean), high), worse)
        beyond = float("nan")
        if np.isfinite(figure):
            below = _chance_below(law, figure)
            beyond = below if figure < law.mean else 1.0 - below
        return {
            "input": title, "driver": driver, "mean": float(law.mean), "far_low": low, "far_high": high,
            "switching_value": figure, "beyond_share": beyond,
        }  # fmt: skip

    def _crossing(self, driver: str, points: tuple[float, float, float], worse: str) -> float:
        low, middle, high = points
        looked = {"low": (low,), "high": (high,), "both": (low, high)}[worse]
        ends = {end: self.at(driver, end) for end in looked}
        worst = min(ends, key=lambda end: ends[end] * np.sign(self.value))
        if ends[worst] * self.value > 0:
            return float("nan")
        # The value at the mean is not the mean value, but has its sign nearly always; where not, the whole span is
        # searched.
        start = self.at(driver, middle)
        inner, at_inner = (middle, start) if start * self.value > 0 else (low if worst == high else high, 0.0)
        if inner != middle:
            at_inner = ends[inner] if inner in ends else self.at(driver, inner)
            if at_inner * self.value <= 0:
                return float("nan")
        outer, at_outer = worst, ends[worst]
        return self._between(driver, (inner, at_inner), (outer, at_outer))

    def _between(self, driver: str, inner: tuple[float, float], outer: tuple[float, float]) -> float:
        """Close in on the crossing between a figure on this side of nil and one beyond (the Illinois rule)."""
        (a, fa), (b, fb) = inner, outer
        side = 0
        for _ in range(MOST_STEPS):
            middle = (fb * a - fa * b) / (fb - fa)
            value = self.at(driver, middle)
            if abs(value) <= NEAR_SHARE * abs(self.value):
                return middle
            if value * fb > 0:
                b, fb = middle, value
                fa = fa / 2 if side == 1 else fa
                side = 1
            else:
                a, fa = middle, value
                fb = fb / 2 if side == -1 else fb
                side = -1
        return (fb * a - fa * b) / (fb - fa)

    def at(self, driver: str, figure: float) -> float:
        """Return the mean value with an input held at a figure."""
        held = held_at(self.study, self.position[driver], figure)
        return float(worth(simulated(held, self.judged, self.n_draws)).mean()) + self.shift


def held_at(study: Study, driver: int, figure: float) -> Study:
    """Return the study with all that follows a driver at one figure of it, for certain; the rest keeps its futures."""
    numbers = {}
    for path, old in study.numbers.items():
        follows = np.asarray(old.driver) == driver
        if follows.any():
            base = np.where(follows, figure * old.times, old.base)
            numbers[path] = Quantities(base, np.where(follows, -1, old.driver), old.times)
    return dataclasses.replace(study, numbers={**study.numbers, **numbers})


def _chance_below(law: Distribution, figure: float) -> float:
    """Return the chance of a value below a figure, by bisection of the law's quantiles."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        if float(law.quantile(middle)) < figure:
            low = middle
        else:
            high = middle
    return (low + high) / 2


__all__ = ["held_at", "switching", "switching_totals"]
