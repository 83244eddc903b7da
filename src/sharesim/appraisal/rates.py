"""Yearly rates at full effect for partners seen through a view: whole groups and picked-out draws share every
formula."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sharesim.appraisal import savings
from sharesim.appraisal.service_tables import ServiceTables
from sharesim.appraisal.staff import by_vacancies
from sharesim.appraisal.views import View, total_of

#: Numbers of a service by name, each broadcastable to (..., partner slot, draw).
Rows = dict[str, np.ndarray]


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
    numbers : dict of str to ndarray
        The service's numbers by draw.
    rows : dict of str to ndarray
        What `ServiceTables.rates` holds of the partners.
    """

    saving: np.ndarray
    extra_cost: np.ndarray
    cost_sharing: np.ndarray | None
    removed: np.ndarray | None
    numbers: Rows
    rows: Rows

    def some(self, keep: np.ndarray) -> ServiceRates:
        """Return the rates in some of the cells.

        Parameters
        ----------
        keep : ndarray, shape (cell,), bool
        """

        def cut(part: np.ndarray) -> np.ndarray:
            return part if part.shape[-1] == 1 else part.compress(keep, axis=-1)

        sharing, removed = (None if part is None else cut(part) for part in (self.cost_sharing, self.removed))
        numbers, rows = ({name: cut(part) for name, part in table.items()} for table in (self.numbers, self.rows))
        return ServiceRates(cut(self.saving), cut(self.extra_cost), sharing, removed, numbers, rows)

    @property
    def posts_removed(self) -> np.ndarray:
        """Posts that the structure no longer needs, where they were asked for."""
        assert self.removed is not None
        return self.removed


@dataclass(frozen=True)
class _Gains:
    """Gains and losses of all forms together (each 0 or more), the gain on the line itself, posts of the posts form."""

    gain: np.ndarray
    loss: np.ndarray
    on_line: np.ndarray
    scale: np.ndarray | None
    form_gain: np.ndarray | None
    form_posts: np.ndarray | None


def service_rates(view: View, tables: ServiceTables, *, saving_rule: str, structure: bool) -> ServiceRates:
    """Return the rates of one service for the partners in a view.

    Parameters
    ----------
    saving_rule : str
        By what savings are divided.
    structure : bool
        Whether posts removed are wanted besides.
    """
    rows, numbers = view.rows(tables.rates), view.numbers(tables.numbers)
    gains = _gains(view, rows, numbers)
    factor, has_vacancies = _factor(view, numbers), "empty" in rows
    saving = gains.gain if factor is None else factor * gains.gain
    removed = _removed(rows, numbers, gains) if structure or has_vacancies else None
    if removed is not None and has_vacancies:
        on_posts = numbers["posts_share"] * gains.on_line
        on_posts = on_posts if gains.form_gain is None else on_posts + gains.form_gain
        _, unpaid = by_vacancies(removed, rows["empty"], rows["unbudgeted_share"])
        lost = on_posts * (unpaid / np.where(removed > 0, removed, 1.0))
        saving = np.maximum(saving - (lost if factor is None else factor * lost), 0.0)
    sharing, loss = None, gains.loss
    if saving_rule != "own":
        saving = savings.by_share(saving + np.zeros_like(rows["cost"]), view.weight("saving"))
    elif tables.by_pooled_cost and gains.scale is not None:
        saving, loss, sharing = _pooled(rows, gains, gains.scale, saving)
    if view.n_slots > 1 and "increase" in numbers:
        loss = loss + numbers["increase"] * rows["cost"]
    return ServiceRates(saving, loss, sharing, removed, numbers, rows)


def _factor(view: View, numbers: Rows) -> np.ndarray | None:
    """Return what is left of a planned gain; None for all of it."""
    if "loss" not in numbers:
        return numbers.get("factor")
    return numbers["factor"] * savings.coordination_factor(numbers["loss"], view.n_active)


def _gains(view: View, rows: Rows, numbers: Rows) -> _Gains:
    """Add up gains and losses form by form: no gain makes up for another form's loss."""
    nothing = np.zeros((1, 1))
    if view.n_slots == 1:
        gain, loss = savings.gain_and_loss(numbers.get("internal", nothing) * rows["cost"])
        return _Gains(gain, loss, gain, None, None, None)
    scale = (
        savings.scale_gain(rows["cost"], rows["power"], rows.get("workload"), numbers["elasticity"])
        if "power" in rows
        else None
    )
    sides = [savings.gain_and_loss(part) for part in (scale, rows.get("line")) if part is not None]
    on_line = total_of([side[0] for side in sides]) if sides else nothing
    sides += [savings.gain_and_loss(part) for part in _other(view, rows, numbers)]
    gain, loss = (total_of([side[at] for side in sides]) if sides else nothing for at in (0, 1))
    if "posts_off" not in numbers:
        return _Gains(gain, loss, on_line, scale, None, None)
    posts = savings.posts_form_removed(numbers["posts_off"], view.n_active, rows["posts"])
    form_gain = posts * rows["form_cost_per_post"]
    return _Gains(gain + form_gain, loss, on_line, scale, form_gain, posts)


def _other(view: View, rows: Rows, numbers: Rows) -> list[np.ndarray]:
    """Return gains outside the line: spend that is bought in, fee income, amounts."""
    parts = [rows[name] for name in ("bought", "income") if name in rows]
    # Apart, so that how the partnership's amount is divided never decides whether the two make a gain or a loss.
    if "per_partner" in numbers:
        parts.append(numbers["per_partner"] * view.present)
    if "per_partnership" in numbers:
        # What a partnership as such saves belongs to nobody, so even "each keeps its own" divides it.
        parts.append(numbers["per_partnership"] * view.weight("saving"))
    return parts


def _removed(rows: Rows, numbers: Rows, gains: _Gains) -> np.ndarray:
    """Return the posts that the structure no longer needs, never more than there are."""
    wanted = gains.on_line * rows["posts_per_pound"]
    if gains.form_posts is not None:
        wanted = wanted + numbers["structure"] * gains.form_posts
    return np.minimum(wanted, rows["posts"])


def _pooled(
    rows: Rows, gains: _Gains, scale: np.ndarray, saving: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Divide what comes of scale by workload, and settle the cost that was there before at one price per unit."""
    share = savings.pooled_share(rows["power"], rows.get("workload"))
    scale_gain, scale_loss = savings.gain_and_loss(scale)
    part = scale_gain / np.where(gains.gain > 0, gains.gain, 1.0)
    saving = saving * (1.0 - part) + savings.by_share(saving * part, share)
    return (
        saving,
        gains.loss - scale_loss + savings.by_share(scale_loss, share),
        savings.cost_sharing(rows["cost"], share),
    )


__all__ = ["Rows", "ServiceRates", "service_rates"]
