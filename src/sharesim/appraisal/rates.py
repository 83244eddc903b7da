"""Yearly rates at full effect for partners seen through a view: whole groups and picked-out draws share every formula."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sharesim.appraisal import savings
from sharesim.appraisal.staff import Displaced, displace
from sharesim.appraisal.tables import ServiceTables
from sharesim.appraisal.views import View


@dataclass(frozen=True)
class ServiceRates:
    """What one service brings its partners a year at full effect, each (..., partner slot, draw).

    Parameters
    ----------
    saving : ndarray, GBP per year, 0 or more
    extra_cost : ndarray, GBP per year, 0 or more
    cost_sharing : ndarray or None, GBP per year
        What partners pay each other where all pay one price for a unit of work; gains positive, sums to zero.
    removed : ndarray or None
        Posts that the structure no longer needs; None where nobody asked.
    """

    saving: np.ndarray
    extra_cost: np.ndarray
    cost_sharing: np.ndarray | None
    removed: np.ndarray | None


@dataclass(frozen=True)
class Planned:
    """Planned yearly gain by form, each (..., partner slot, draw); negative is a loss.

    Parameters
    ----------
    scale, line : ndarray or None
        Scale form, and share form on the line itself: posts go with both.
    other : tuple of ndarray
        Gains outside the line: spend that is bought in, amounts.
    posts : ndarray or None
        Posts that the posts form removes.
    """

    scale: np.ndarray | None
    line: np.ndarray | None
    other: tuple[np.ndarray, ...]
    posts: np.ndarray | None


@dataclass(frozen=True)
class _Sides:
    """Gains and losses of all forms together, and the gain on the line itself."""

    gain: np.ndarray
    loss: np.ndarray
    on_line: np.ndarray


def service_rates(view: View, tables: ServiceTables, *, saving_rule: str, structure: bool) -> ServiceRates:
    """Return the rates of one service for the partners in a view.

    Parameters
    ----------
    saving_rule : str
        By what savings are divided.
    structure : bool
        Whether posts removed are wanted besides.
    """
    cost = view.council(tables.cost)
    planned = _planned(view, tables, cost)
    sides = _sides(planned)
    form_gain = None if planned.posts is None else planned.posts * view.council(tables.form_cost_per_post)
    gain = sides.gain if form_gain is None else sides.gain + form_gain
    factor = view.scalar(tables.realisation) * savings.coordination_factor(view.scalar(tables.coordination_loss), view.n_active)
    saving, removed = factor * gain, None
    if structure or tables.unbudgeted.any():
        removed = _removed(view, tables, sides.on_line, planned.posts)
    if tables.unbudgeted.any():
        on_posts = view.scalar(tables.posts_share) * sides.on_line
        on_posts = on_posts if form_gain is None else on_posts + form_gain
        lost_share = _unbudgeted(view, tables, removed) / np.where(removed > 0, removed, 1.0)
        saving = np.maximum(saving - factor * on_posts * lost_share, 0.0)
    sharing, loss = None, sides.loss
    if saving_rule != "own":
        saving = savings.by_share(saving + np.zeros_like(cost), view.weight("saving"))
    elif tables.by_pooled_cost and planned.scale is not None:
        saving, loss, sharing = _pooled(view, tables, cost, planned.scale, (saving, gain, loss))
    if view.n_slots > 1 and tables.increase_share.any():
        loss = loss + view.scalar(tables.increase_share) * cost
    return ServiceRates(saving, loss, sharing, removed)


def _sides(planned: Planned) -> _Sides:
    """Add up gains and losses form by form: no gain makes up for another form's loss."""
    parts = [part for part in (planned.scale, planned.line) if part is not None]
    sides = [savings.gain_and_loss(part) for part in parts]
    on_line = _sum([side[0] for side in sides])
    sides += [savings.gain_and_loss(part) for part in planned.other]
    return _Sides(_sum([side[0] for side in sides]), _sum([side[1] for side in sides]), on_line)


def _sum(parts: list[np.ndarray]) -> np.ndarray:
    total = parts[0] if parts else np.zeros((1, 1))
    for part in parts[1:]:
        total = total + part
    return total


def _removed(view: View, tables: ServiceTables, on_line: np.ndarray, form_posts: np.ndarray | None) -> np.ndarray:
    """Return the posts that the structure no longer needs, never more than there are."""
    wanted = on_line * view.all_of(tables.posts_per_pound)
    if form_posts is not None:
        wanted = wanted + view.scalar(tables.structure) * form_posts
    return np.minimum(wanted, view.council(tables.posts))


def _unbudgeted(view: View, tables: ServiceTables, removed: np.ndarray) -> np.ndarray:
    """Return the removed posts that were vacant without a budget, and so save nothing."""
    unbudgeted = view.council(tables.unbudgeted)
    empty = view.council(tables.vacant) + unbudgeted
    return np.minimum(removed, empty) * (unbudgeted / np.where(empty > 0, empty, 1.0))


def _pooled(
    view: View, tables: ServiceTables, cost: np.ndarray, scale: np.ndarray, rates: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Divide what comes of scale by workload, and settle the cost that was there before at one price per unit."""
    saving, gain, loss = rates
    share = savings.pooled_share(view.council(tables.power), None if tables.workload is None else view.council(tables.workload))
    scale_gain, scale_loss = savings.gain_and_loss(scale)
    part = scale_gain / np.where(gain > 0, gain, 1.0)
    saving = saving * (1.0 - part) + savings.by_share(saving * part, share)
    return saving, loss - scale_loss + savings.by_share(scale_loss, share), savings.cost_sharing(cost, share)


def _planned(view: View, tables: ServiceTables, cost: np.ndarray) -> Planned:
    """Return the planned gain by form."""
    if view.n_slots == 1:
        return Planned(None, view.scalar(tables.internal_share) * cost, (), None)
    scale, other, posts = None, [], None
    if tables.power is not None:
        workload = None if tables.workload is None else view.council(tables.workload)
        scale = savings.scale_gain(cost, view.council(tables.power), workload, view.scalar(tables.elasticity))
    line = None if tables.line_rate_gain is None else view.council(tables.line_rate_gain)
    if tables.bought_rate_gain is not None:
        other.append(view.council(tables.bought_rate_gain))
    # Apart, so that how the partnership's amount is divided never decides whether the two make a gain or a loss.
    if tables.amount_per_partner.any():
        other.append(view.scalar(tables.amount_per_partner) * view.present)
    if tables.amount_per_partnership.any():
        other.append(view.scalar(tables.amount_per_partnership) * view.weight("saving_pool"))
    if tables.posts_per_extra_partner.any():
        posts = savings.posts_form_removed(view.scalar(tables.posts_per_extra_partner), view.n_active, view.council(tables.posts))
    return Planned(scale, line, tuple(other), posts)


def meet_posts(view: View, tables: ServiceTables, removed: np.ndarray, leaving: np.ndarray, shares: tuple[np.ndarray, np.ndarray]) -> Displaced:
    """Return how removed posts are met.

    Parameters
    ----------
    removed : ndarray, shape (..., partner slot, draw)
    leaving : ndarray, shape (..., partner slot, draw)
        Share of the filled posts whose holder leaves between decision and full effect.
    shares : (ndarray, ndarray)
        Share redeployed, and share of the rest who go by agreement, (draw or 1,).
    """
    redeployed, voluntary = (view.scalar(share) for share in shares)
    posts, vacant, unbudgeted = (view.council(table) for table in (tables.posts, tables.vacant, tables.unbudgeted))
    return displace(removed, posts, vacant, unbudgeted, leaving, redeployed, voluntary)


def paid_posts(view: View, tables: ServiceTables, removed: np.ndarray) -> np.ndarray:
    """Return the posts with a budget that remain in the structure."""
    posts = view.council(tables.posts) - removed
    if not tables.unbudgeted.any():
        return posts
    return posts - np.maximum(view.council(tables.unbudgeted) - _unbudgeted(view, tables, removed), 0.0)


__all__ = ["ServiceRates", "meet_posts", "paid_posts", "service_rates"]
