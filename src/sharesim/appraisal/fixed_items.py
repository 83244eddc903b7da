"""The activation columns in pounds: shared items, grants, and what strikes programme or council once for all
bundles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sharesim.appraisal.context import Context
from sharesim.appraisal.register import Strikes
from sharesim.appraisal.shares import split_weights
from sharesim.appraisal.timing import Clock, flat_value
from sharesim.bundles.activations import Activation


def activation_draws(context: Context, columns: Sequence[Activation], clock: Clock) -> np.ndarray:
    """Return what each column is worth to each council, GBP weighted by the clock, shape (column, council, draw)."""
    result = np.zeros((len(columns), len(context.study.councils), context.n_draws))
    for at, column in enumerate(columns):
        result[at] = _amount(context, column, clock, one_off_only=False)
    return result


def activation_one_off(context: Context, columns: Sequence[Activation], year: int) -> np.ndarray:
    """Return what each column costs each council once in a year, GBP (grants negative), shape (column, council,
    draw)."""
    result = np.zeros((len(columns), len(context.study.councils), context.n_draws))
    only = np.zeros(context.study.n_years)
    only[year] = 1.0
    clock = Clock.of(only[:, None], only)
    for at, column in enumerate(columns):
        result[at] = -_amount(context, column, clock, one_off_only=True)
    return result


def _amount(context: Context, column: Activation, clock: Clock, *, one_off_only: bool) -> np.ndarray:
    if column.kind == "risk":
        return _shares(context, column, "equal")[:, None] * _struck(context, column, clock)[None, :]
    if column.kind == "grant":
        grant = context.study.model.grants[column.index]
        return _shares(context, column, grant.split)[:, None] * _grant(context, column.index, clock)[None, :]
    if column.kind == "mitigation":
        return _shares(context, column, "equal")[:, None] * _mitigation(context, column.index, clock, once=one_off_only)
    if column.kind == "existing":
        return _break(context, column, clock)
    item = context.study.model.shared_items[column.index]
    worth = -context.number("shared_items.one_off_gbp", column.index) * clock.one_off[item.year]
    if not one_off_only:
        begin, end = np.full(1, float(item.year)), context.horizon
        if column.council >= 0:
            end = min(end, float(context.fixed.cap_years[column.council]))
        worth = worth - context.number("shared_items.yearly_gbp", column.index) * flat_value(
            clock, begin, np.full(1, end)
        )
    return _shares(context, column, item.split)[:, None] * worth[None, :]


def _shares(context: Context, column: Activation, rule: str) -> np.ndarray:
    """How councils divide a column, shape (council,)."""
    n_councils = len(context.study.councils)
    if column.council >= 0:
        return (np.arange(n_councils) == column.council).astype(float)
    cost = context.fixed.cost_gbp.sum(axis=1)
    return split_weights(rule, cost, cost, context.fixed.stated, np.ones(n_councils, bool))  # type: ignore[arg-type]


def _grant(context: Context, index: int, clock: Clock) -> np.ndarray:
    grant, events = context.study.model.grants[index], context.study.events
    awarded = context.uniform(events.grant[index]) < context.number("grants.chance", index)
    back = context.uniform(events.clawback[index]) < context.number("grants.clawback_chance", index)
    amount = context.number("grants.amount_gbp", index) * awarded
    return amount * (clock.one_off[grant.year] - back * clock.one_off[min(grant.clawback_year, clock.n_years - 1)])


def _struck(context: Context, column: Activation, clock: Clock) -> np.ndarray:
    """One-off costs of events of the programme, or of one council, negative."""
    scope, target = ("programme", ()) if column.council < 0 else ("council", (column.council,))
    total = np.zeros(context.n_draws)
    for strikes in context.strikes:
        at = strikes.position(target) if strikes.scope == scope else -1
        if at >= 0:
            total -= strikes.one_off_gbp * _weight(strikes, at, clock)
    return total


def _weight(strikes: Strikes, at: int, clock: Clock) -> np.ndarray:
    # What strikes once has no date of its own: it is paid when the programme begins, which is the dearest.
    return clock.when(strikes.time[at]) if strikes.per_year else strikes.struck[at] * clock.one_off[0]


def _mitigation(context: Context, row: int, clock: Clock, *, once: bool) -> np.ndarray:
    """What a mitigation that is bought costs, negative, shape (1, draw or 1)."""
    worth = -context.number("risks.mitigation_gbp", row) * clock.one_off[0]
    if not once:
        yearly = context.number("risks.mitigation_gbp_per_year", row)
        worth = worth - yearly * flat_value(clock, np.zeros(1), np.full(1, context.horizon))
    return worth[None, :]


def _break(context: Context, column: Activation, clock: Clock) -> np.ndarray:
    """What leaving an existing arrangement costs the leaver in the year of the decision, and who receives it."""
    entry = context.study.model.existing[column.index]
    year = min(max(int(context.fixed.decision_years), 0), clock.n_years - 1)
    share = -_shares(context, column, "equal")
    # Whoever leaves receives nothing of what it pays.
    others = [at for at in map(context.study.councils.index, entry.paid_to) if at != column.council]
    share[others] += 1.0 / max(len(others), 1)
    return share[:, None] * (context.number("existing.break_gbp", column.index) * clock.one_off[year])[None, :]
