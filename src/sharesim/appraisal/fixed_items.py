"""The activation columns in pounds: shared items, grants, and what strikes programme or council once for all
bundles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sharesim.appraisal.context import Context
from sharesim.appraisal.register import Strikes
from sharesim.appraisal.shares import Rule, split_weights
from sharesim.appraisal.timing import Clock, flat_value
from sharesim.bundles.activations import Activation


def activation_draws(context: Context, columns: Sequence[Activation], clock: Clock) -> np.ndarray:
    """Return what each column is worth to each council, GBP weighted by the clock, shape (column, council, draw)."""
    result = np.zeros((len(columns), len(context.study.councils), context.n_draws))
    for at, column in enumerate(columns):
        result[at] = _amount(context, column, clock, one_off_only=False)
    return result


def activation_one_off(context: Context, columns: Sequence[Activation], year: int) -> np.ndarray:
    """Return what each column costs each council once in a year, GBP, shape (column, council, draw).

    Before grants and receipts, and without what risks cost when they strike (decision 094): what one council pays
    another for leaving early is a cost of the one and no saving of the other.
    """
    result = np.zeros((len(columns), len(context.study.councils), context.n_draws))
    clock = _only(context, year)
    for at, column in enumerate(columns):
        if column.kind not in ("grant", "risk"):
            result[at] = np.maximum(-_amount(context, column, clock, one_off_only=True), 0.0)
    return result


def activation_grants(context: Context, columns: Sequence[Activation], year: int) -> np.ndarray:
    """Return what grants bring each council in a year at chance x amount, less what is clawed back, GBP, shape (column,
    council, draw)."""
    result = np.zeros((len(columns), len(context.study.councils), context.n_draws))
    clock = _only(context, year)
    for at, column in enumerate(columns):
        if column.kind == "grant":
            grant = context.study.model.grants[column.index]
            chances = (context.number(f"grants.{name}", column.index) for name in ("chance", "clawback_chance"))
            result[at] = _shares(context, column, grant.split)[:, None] * _grant(context, column.index, clock, *chances)
    return result


def _only(context: Context, year: int) -> Clock:
    """Return the clock under which one year counts."""
    only = np.zeros(context.study.n_years)
    only[year] = 1.0
    return Clock.of(only[:, None], only)


def _amount(context: Context, column: Activation, clock: Clock, *, one_off_only: bool) -> np.ndarray:
    """Return what a column is worth to each council, shape (council, draw); what is planned once is committed, and all
    else counts until a council is abolished."""
    if column.kind == "risk":
        return _shares(context, column, "equal")[:, None] * _struck(context, column, clock)
    if column.kind == "grant":
        grant = context.study.model.grants[column.index]
        events = context.study.events
        happens = (
            context.uniform(event[column.index]) < context.number(f"grants.{name}", column.index)
            for name, event in (("chance", events.grant), ("clawback_chance", events.clawback))
        )
        return _shares(context, column, grant.split)[:, None] * _grant(context, column.index, clock, *happens)
    if column.kind == "existing":
        return _break(context, column, clock)
    rule: Rule = "equal"
    if column.kind == "mitigation":
        prices, year = ("risks.mitigation_gbp", "risks.mitigation_gbp_per_year"), 0
    else:
        item = context.study.model.shared_items[column.index]
        prices, year, rule = ("shared_items.one_off_gbp", "shared_items.yearly_gbp"), item.year, item.split
    once, yearly = (context.number(price, column.index) for price in prices)
    worth = -once * clock.one_off[year]
    if not one_off_only:
        ends = np.minimum(context.fixed.cap_years, context.horizon)[:, None]
        worth = worth - yearly * flat_value(clock, np.full((1, 1), float(year)), ends)
    return _shares(context, column, rule)[:, None] * worth


def _there(context: Context, time: np.ndarray | float) -> np.ndarray:
    """Return which councils are not abolished yet at a time, years, shape (council, draw or 1), bool."""
    return time < context.fixed.cap_years[:, None]


def _shares(context: Context, column: Activation, rule: Rule) -> np.ndarray:
    """How councils divide a column, shape (council,)."""
    n_councils = len(context.study.councils)
    if column.council >= 0:
        return (np.arange(n_councils) == column.council).astype(float)
    cost = context.fixed.cost_gbp.sum(axis=1)
    return split_weights(rule, cost, cost, context.fixed.stated, np.ones(n_councils, bool))


def _grant(context: Context, index: int, clock: Clock, awarded: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Return a grant where it is awarded, less where it is clawed back: in every draw, or by the chance of each."""
    grant = context.study.model.grants[index]
    amount = context.number("grants.amount_gbp", index) * awarded
    paid, returned = grant.year, min(grant.clawback_year, clock.n_years - 1)
    return amount * (
        clock.one_off[paid] * _there(context, paid) - back * (clock.one_off[returned] * _there(context, returned))
    )


def _struck(context: Context, column: Activation, clock: Clock) -> np.ndarray:
    """One-off costs of events of the programme, or of one council, negative, shape (council, draw)."""
    scope, target = ("programme", ()) if column.council < 0 else ("council", (column.council,))
    total = np.zeros((len(context.study.councils), context.n_draws))
    for strikes in context.strikes:
        at = strikes.position(target) if strikes.scope == scope else -1
        if at >= 0:
            total -= strikes.one_off_gbp * _weight(context, strikes, at, clock)
    return total


def _weight(context: Context, strikes: Strikes, at: int, clock: Clock) -> np.ndarray:
    # What strikes once has no date of its own: it is paid when the programme begins, which is the dearest.
    if not strikes.per_year:
        return strikes.struck[at] * clock.one_off[0]
    return clock.when(strikes.time[at]) * _there(context, strikes.time[at])


def _break(context: Context, column: Activation, clock: Clock) -> np.ndarray:
    """What leaving an existing arrangement costs the leaver in the year of the decision, and who receives it."""
    entry = context.study.model.existing[column.index]
    year = min(max(int(context.fixed.decision_years), 0), clock.n_years - 1)
    share = -_shares(context, column, "equal")
    # Whoever leaves receives nothing of what it pays, and who is abolished by then nothing at all.
    others = [at for at in map(context.study.councils.index, entry.paid_to) if at != column.council]
    share[others] += _there(context, year)[others, 0] / max(len(others), 1)
    before, months = column.months
    amount = context.number("existing.break_gbp_per_month_left", column.index) * (months - before)
    if not before:
        amount = amount + context.number("existing.break_gbp", column.index)
    return share[:, None] * (amount * clock.one_off[year])[None, :]
