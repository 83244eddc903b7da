"""Yearly rates at full effect for partners seen through a view: dense tiles and picked-out draws share every formula."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sharesim.appraisal import savings
from sharesim.appraisal.context import ServiceTables
from sharesim.appraisal.staff import Displaced, displace


@dataclass(frozen=True)
class View:
    """Which councils, and which draws, an array is about.

    Parameters
    ----------
    councils : ndarray of int
        Dense: shape (group, partner slot), all draws. Flat: shape (partner slot, pair), one draw each.
    draws : ndarray of int, shape (pair,), or None when dense
    weights : mapping-like of ndarray
        Split weights by purpose, shape (group, partner slot) or (partner slot, pair).
    active : ndarray, shape (partner slot, pair), or None when everybody is in
        1 for partners in the arrangement, 0 for those who left.
    """

    councils: np.ndarray
    draws: np.ndarray | None
    weights: dict[str, np.ndarray]
    active: np.ndarray | None = None

    @property
    def n_slots(self) -> int:
        return self.councils.shape[1] if self.draws is None else self.councils.shape[0]

    @property
    def n_active(self) -> np.ndarray | float:
        return float(self.n_slots) if self.active is None else self.active.sum(axis=0, keepdims=True)

    def council(self, table: np.ndarray) -> np.ndarray:
        """Return a (council, draw) table by partner slot and draw; those who left come as zero."""
        if self.draws is None:
            return table[self.councils]
        picked = table[self.councils, 0] if table.shape[1] == 1 else table[self.councils, self.draws]
        return picked if self.active is None else picked * self.active

    def scalar(self, number: np.ndarray) -> np.ndarray:
        """Return a number by draw, broadcastable against partner slot and draw."""
        if self.draws is None or number.shape[-1] == 1:
            return number[None, :]
        return number[self.draws][None, :]

    def weight(self, purpose: str) -> np.ndarray:
        """Return split weights with a draw axis, renewed over the partners still in."""
        weight = self.weights[purpose]
        if self.draws is None:
            return weight[..., None]
        if self.active is None:
            return weight
        left = weight * self.active
        total = left.sum(axis=0, keepdims=True)
        # Where those who remain have no weight of their own, they share alike: somebody has to pay.
        return np.where(total > 0, left / np.where(total > 0, total, 1.0), self.active / np.maximum(self.n_active, 1.0))

    def among(self, active: np.ndarray | None) -> View:
        """Return the view with only some partners in; all of them for None."""
        return View(self.councils, self.draws, self.weights, active)


@dataclass(frozen=True)
class ServiceRates:
    """What one service brings its partners a year at full effect, each (..., partner slot, draw).

    Parameters
    ----------
    saving : ndarray, GBP per year, 0 or more
    extra_cost : ndarray, GBP per year, 0 or more
    cost_sharing : ndarray, GBP per year
        What partners pay each other where all pay one price for a unit of work; gains positive, sums to zero.
    staff : Displaced
    remaining : ndarray
        Posts with a budget that remain in the structure.
    """

    saving: np.ndarray
    extra_cost: np.ndarray
    cost_sharing: np.ndarray
    staff: Displaced
    remaining: np.ndarray


@dataclass(frozen=True)
class StaffPolicy:
    """What decides how posts are met; numbers by draw, ``leaving`` by partner slot and draw."""

    leaving: np.ndarray
    redeployment: np.ndarray
    voluntary: np.ndarray


@dataclass(frozen=True)
class Planned:
    """Planned yearly gain by form, each (..., partner slot, draw); negative is a loss.

    Parameters
    ----------
    scale, line : ndarray or None
        Scale form, and share form on the line itself: posts go with both.
    other : tuple of ndarray
        Gains outside the line: spend that is bought in, amounts.
    posts : ndarray
        Posts that the posts form removes.
    """

    scale: np.ndarray | None
    line: np.ndarray | None
    other: tuple[np.ndarray, ...]
    posts: np.ndarray


def service_rates(view: View, tables: ServiceTables, policy: StaffPolicy, *, saving_rule: str) -> ServiceRates:
    """Return the rates of one service for the partners in a view."""
    cost = view.council(tables.cost)
    planned = _planned(view, tables, cost)
    sides = [savings.gain_and_loss(part) for part in (planned.scale, planned.line, *planned.other) if part is not None]
    on_line = [savings.gain_and_loss(part)[0] for part in (planned.scale, planned.line) if part is not None]
    posts_gain = view.scalar(tables.posts_share) * sum(on_line, np.zeros(1))
    form_gain = planned.posts * view.council(tables.form_cost_per_post)
    gain = sum((side[0] for side in sides), form_gain)
    loss = sum((side[1] for side in sides), np.zeros(1))
    factor = view.scalar(tables.realisation) * savings.coordination_factor(view.scalar(tables.coordination_loss), view.n_active)
    saving = factor * gain
    posts, per_post = view.council(tables.posts), view.council(tables.cost_per_post)
    wanted = view.scalar(tables.structure) * (posts_gain / np.where(per_post > 0, per_post, np.inf) + planned.posts)
    removed = np.minimum(wanted, posts)
    unbudgeted = view.council(tables.unbudgeted)
    staff = displace(
        removed, posts, view.council(tables.vacant), unbudgeted, policy.leaving, view.scalar(policy.redeployment), view.scalar(policy.voluntary),
    )  # fmt: skip
    if tables.unbudgeted.any():
        lost_share = staff.unbudgeted / np.where(removed > 0, removed, 1.0)
        saving = np.maximum(saving - factor * (posts_gain + form_gain) * lost_share, 0.0)
    sharing: np.ndarray = np.zeros(1)
    if saving_rule != "own":
        saving = savings.by_share(saving, view.weight("saving"))
    elif tables.by_pooled_cost and planned.scale is not None:
        saving, loss, sharing = _pooled(view, tables, cost, planned.scale, (saving, gain, loss))
    increase = view.scalar(tables.increase_share) * cost if view.n_slots > 1 else np.zeros(1)
    return ServiceRates(saving, loss + increase, sharing, staff, posts - removed - np.maximum(unbudgeted - staff.unbudgeted, 0.0))


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
        return Planned(None, view.scalar(tables.internal_share) * cost, (), np.zeros(1))
    scale, other, posts = None, [], np.zeros(1)
    if tables.power is not None:
        workload = None if tables.workload is None else view.council(tables.workload)
        scale = savings.scale_gain(cost, view.council(tables.power), workload, view.scalar(tables.elasticity))
    line = None if tables.line_rate_gain is None else view.council(tables.line_rate_gain)
    if tables.bought_rate_gain is not None:
        other.append(view.council(tables.bought_rate_gain))
    if tables.amount_per_partner.any() or tables.amount_per_partnership.any():
        each = view.scalar(tables.amount_per_partner) * (1.0 if view.active is None else view.active)
        other.append(each + view.scalar(tables.amount_per_partnership) * view.weight("saving_pool"))
    if tables.posts_per_extra_partner.any():
        posts = savings.posts_form_removed(view.scalar(tables.posts_per_extra_partner), view.n_active, view.council(tables.posts))
    return Planned(scale, line, tuple(other), posts)


__all__ = ["ServiceRates", "StaffPolicy", "View", "service_rates"]
