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
        return left / np.where(total > 0, total, 1.0)

    def among(self, active: np.ndarray) -> View:
        """Return the view with only some partners in."""
        return View(self.councils, self.draws, self.weights, active)


@dataclass(frozen=True)
class ServiceRates:
    """What one service brings its partners a year at full effect, each (..., partner slot, draw).

    Parameters
    ----------
    saving : ndarray, GBP per year, 0 or more
    extra_cost : ndarray, GBP per year, 0 or more
    staff : Displaced
    remaining : ndarray
        Posts that remain in the structure.
    """

    saving: np.ndarray
    extra_cost: np.ndarray
    staff: Displaced
    remaining: np.ndarray


@dataclass(frozen=True)
class StaffPolicy:
    """What decides how posts are met; numbers by draw, ``leaving`` by partner slot and draw."""

    leaving: np.ndarray
    redeployment: np.ndarray
    voluntary: np.ndarray


def service_rates(view: View, tables: ServiceTables, policy: StaffPolicy, *, saving_rule: str) -> ServiceRates:
    """Return the rates of one service for the partners in a view."""
    cost = view.council(tables.cost)
    line, other, form_posts = _planned_gain(view, tables, cost)
    form_gain = form_posts * view.council(tables.form_cost_per_post)
    coordination = savings.coordination_factor(view.scalar(tables.coordination_loss), view.n_active)
    realisation = view.scalar(tables.realisation)
    increase = view.scalar(tables.increase_share) * cost if view.n_slots > 1 else np.zeros(1)
    saving, extra = savings.realised(line + other + form_gain, realisation, coordination, increase)
    posts = view.council(tables.posts)
    line_posts_gain = view.scalar(tables.posts_share) * np.maximum(line, 0.0)
    per_post = view.council(tables.cost_per_post)
    planned = line_posts_gain / np.where(per_post > 0, per_post, np.inf) + form_posts
    removed = np.minimum(view.scalar(tables.structure) * planned, posts)
    staff = displace(
        removed, posts, view.council(tables.vacant), view.council(tables.unbudgeted), policy.leaving,
        view.scalar(policy.redeployment), view.scalar(policy.voluntary),
    )  # fmt: skip
    if tables.unbudgeted.any():
        lost_share = staff.unbudgeted / np.where(removed > 0, removed, 1.0)
        saving = np.maximum(saving - realisation * coordination * (line_posts_gain + form_gain) * lost_share, 0.0)
    if saving_rule != "own":
        saving = saving.sum(axis=-2, keepdims=True) * view.weight("saving")
    return ServiceRates(saving, extra, staff, posts - removed)


def _planned_gain(view: View, tables: ServiceTables, cost: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the planned gain on the line, the gain outside it, and posts removed by the posts form."""
    if view.n_slots == 1:
        return view.scalar(tables.internal_share) * cost, np.zeros(1), np.zeros(1)
    line: np.ndarray = np.zeros(1)
    if tables.power is not None:
        workload = None if tables.workload is None else view.council(tables.workload)
        line = savings.scale_gain(
            cost, view.council(tables.power), workload, view.scalar(tables.elasticity), by_pooled_cost=tables.by_pooled_cost
        )
    if tables.line_rate_gain is not None:
        line = line + view.council(tables.line_rate_gain)
    other: np.ndarray = np.zeros(1)
    if tables.bought_rate_gain is not None:
        other = view.council(tables.bought_rate_gain)
    if tables.amount_per_partner.any() or tables.amount_per_partnership.any():
        each = view.scalar(tables.amount_per_partner) * (1.0 if view.active is None else view.active)
        other = other + each + view.scalar(tables.amount_per_partnership) * view.weight("saving_pool")
    posts: np.ndarray = np.zeros(1)
    if tables.posts_per_extra_partner.any():
        posts = savings.posts_form_removed(view.scalar(tables.posts_per_extra_partner), view.n_active, view.council(tables.posts))
    return line, other, posts


__all__ = ["ServiceRates", "StaffPolicy", "View", "service_rates"]
