"""Sums that rules bound (money, days, exits, points), as what each bundle and activation column adds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sharesim.choice.view import View
from sharesim.study import rules as r


@dataclass(frozen=True)
class Amount:
    """A sum over bundle and activation columns that a rule bounds.

    Parameters
    ----------
    subject : str
    column : ndarray, shape (B + K,)
        What each bundle and activation column adds.
    bounds : tuple of float
    unit : str
    """

    subject: str
    column: np.ndarray
    bounds: tuple[float, float]
    unit: str


def whose(view: View, council: str, values: np.ndarray) -> np.ndarray:
    """Return bundle values of a council id, or summed over partners for 'programme', shape (B,)."""
    return values.sum(axis=1) if council == r.PROGRAMME else view.own(values, view.candidates.councils.index(council))


def _activated(view: View, council: str, values: np.ndarray) -> np.ndarray:
    return values.sum(axis=1) if council == r.PROGRAMME else values[:, view.candidates.councils.index(council)]


def _no_activation(view: View, values: np.ndarray) -> np.ndarray:
    return np.concatenate([values, np.zeros(len(view.candidates.activations))])


def _budget(rule: r.Budget, view: View) -> list[Amount]:
    if rule.percentile is not None:
        return []
    years, candidates = view.years(rule.years), view.candidates
    bundles = whose(view, rule.council, candidates.one_off_gbp[:, :, years].sum(axis=2))
    activations = _activated(view, rule.council, candidates.activation_one_off_gbp[:, :, years].sum(axis=2))
    return [Amount(rule.council, np.concatenate([bundles, activations]), (-np.inf, rule.limit_gbp), "GBP")]


def _yearly(rule: r.OfficerDays | r.Redeployments, view: View) -> list[Amount]:
    values, limit, unit = (
        (view.candidates.officer_days, rule.limit_days, "days")
        if rule.kind == "officer_days"
        else (view.candidates.redeployments, rule.limit_posts, "posts")
    )
    return [
        Amount(
            f"{rule.council} {view.candidates.first_year + year}",
            _no_activation(view, whose(view, rule.council, values[:, :, year])),
            (-np.inf, limit),
            unit,
        )
        for year in view.years(rule.years)
    ]


def _exits(rule: r.Exits, view: View) -> list[Amount]:
    compulsory, voluntary = view.candidates.compulsory_exits, view.candidates.voluntary_exits
    counted = {"compulsory": compulsory, "voluntary": voluntary, "all": compulsory + voluntary}[rule.exit_kind]
    column = _no_activation(view, whose(view, rule.council, counted))
    return [Amount(rule.council, column, (-np.inf, rule.limit_posts), "posts")]


def council_mean(view: View, council: int) -> np.ndarray:
    """Return the mean NPV that each bundle and activation column brings one council, shape (B + K,) [GBP]."""
    candidates = view.candidates
    return np.concatenate(
        [view.own(candidates.partner_npv_gbp, council), candidates.activation_council_npv_gbp[:, council]]
    )


def portfolio_mean(view: View) -> np.ndarray:
    """Return the mean NPV of each bundle and activation column, shape (B + K,) [GBP]."""
    return np.concatenate([view.candidates.npv_gbp, view.candidates.activation_npv_gbp])


def _smallest_share(rule: r.SmallestShare, view: View) -> list[Amount]:
    whole, ids = rule.share * portfolio_mean(view), view.candidates.councils.ids
    return [
        Amount(ids[council], council_mean(view, council) - whole, (0.0, np.inf), "GBP")
        for council in view.councils(rule.councils)
    ]


def _break_even(rule: r.BreakEven, view: View) -> list[Amount]:
    if rule.measure != "mean":
        return []
    ids = view.candidates.councils.ids
    return [
        Amount(ids[council], council_mean(view, council), (rule.floor_gbp, np.inf), "GBP")
        for council in view.councils(rule.councils)
    ]


def _risk_points(rule: r.RiskPoints, view: View) -> list[Amount]:
    column = _no_activation(view, view.candidates.risk_points.astype(float))
    return [Amount("programme", column, (-np.inf, rule.limit_points), "points")]


AMOUNTS: dict[str, Callable] = {
    "budget": _budget,
    "officer_days": _yearly,
    "redeployments": _yearly,
    "exits": _exits,
    "smallest_share": _smallest_share,
    "break_even": _break_even,
    "risk_points": _risk_points,
}
