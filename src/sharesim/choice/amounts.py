"""Sums that rules bound (money, days, exits, points), as what each bundle and activation column adds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

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
    """Return activation values, shape (K, A, ...), of a council id, or summed over councils for 'programme'."""
    return values.sum(axis=1) if council == r.PROGRAMME else values[:, view.candidates.councils.index(council)]


def _no_activation(view: View, values: np.ndarray) -> np.ndarray:
    return np.concatenate([values, np.zeros(len(view.candidates.activations))])


def _budget(rule: r.Budget, view: View) -> list[Amount]:
    if rule.percentile is not None:
        return []
    granted = grant_years(rule, view)
    always = [int(year) for year in view.years(rule.years) if year not in granted]
    sets = chain.from_iterable(combinations(granted, size) for size in range(len(granted), -1, -1))
    return [
        _within(rule, view, sorted([*always, *some]), whole=len(some) == len(granted))
        for some in sets
        if always or some
    ]


def grant_years(rule: r.Budget, view: View) -> list[int]:
    """Return the year positions of a net budget in which a grant comes."""
    if not rule.net_of_grants:
        return []
    grants = _activated(view, rule.council, view.candidates.activation_grant_gbp)
    return [int(year) for year in view.years(rule.years) if (grants[:, year] > 0).any()]


def _within(rule: r.Budget, view: View, years: list[int], *, whole: bool) -> Amount:
    """Cost of some years within the limit, less their grants where the rule is net.

    A grant beyond its year's cost pays for no other year. The sum over years of [cost - grant]+ is the largest of the
    sums over any of them, so it keeps the limit where each of those does: a row for each set of years with grants.
    """
    candidates, first = view.candidates, view.candidates.first_year
    fixed = candidates.activation_one_off_gbp[:, :, years].sum(axis=2)
    if rule.net_of_grants:
        fixed = fixed - candidates.activation_grant_gbp[:, :, years].sum(axis=2)
    bundles = whose(view, rule.council, candidates.one_off_gbp[:, :, years].sum(axis=2))
    column = np.concatenate([bundles, _activated(view, rule.council, fixed)])
    subject = rule.council if whole else f"{rule.council} {'+'.join(str(first + year) for year in years)}"
    return Amount(subject, column, (-np.inf, rule.limit_gbp), "GBP")


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


# By the kind of a rule, so that each function is given the one class that it is about.
AMOUNTS: dict[str, Callable[[Any, View], list[Amount]]] = {
    "budget": _budget,
    "officer_days": _yearly,
    "redeployments": _yearly,
    "exits": _exits,
    "smallest_share": _smallest_share,
    "break_even": _break_even,
    "risk_points": _risk_points,
}
