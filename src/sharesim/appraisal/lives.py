"""Lives of arrangements that do not run to the horizon: refusal, partners who leave, an end before time.

Most draws of most bundles have none of this and go through the dense path. The draws picked out here are worked out one
by one, pair by pair, with the same formulas; the dense path is the special case in which nobody leaves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sharesim.appraisal.context import Context
from sharesim.appraisal.flows import Package, Stage, rates_of
from sharesim.appraisal.rates import View
from sharesim.appraisal.risks import leave_time


@dataclass(frozen=True)
class Life:
    """What became of an arrangement in each picked-out draw.

    Parameters
    ----------
    stages : tuple of Stage
        Stretches with the same partners in; the first sets the structure.
    cancelled : ndarray, shape (1, pair), bool
        Never started.
    cancelled_at : ndarray, shape (1, pair)
        When it was cancelled, years: -inf where a gate refused it, inf where it was not cancelled.
    own_end : ndarray, shape (partner slot, pair)
        When each partner (or what follows an abolished one) was out, years; the horizon where it stayed.
    left : ndarray, shape (partner slot, pair), bool
        Partners that were out before their time: exit costs fall.
    """

    stages: tuple[Stage, ...]
    cancelled: np.ndarray
    cancelled_at: np.ndarray
    own_end: np.ndarray
    left: np.ndarray


def refused(context: Context, package: Package, view: View) -> np.ndarray | None:
    """Return whether any partner refuses at any gate, shape (..., 1, draw); None where nobody can."""
    services = {context.study.services.ids[service] for service in package.services}
    result = None
    for gate, table in context.refused.items():
        row = context.study.model.gates[gate]
        if row.services and not services & set(row.services):
            continue
        here = view.council(table).any(axis=-2, keepdims=True)
        result = here if result is None else result | here
    return result


def picked(context: Context, package: Package, view: View, start: np.ndarray, patience: np.ndarray) -> np.ndarray:
    """Return which draws of each group need a life of their own, shape (group, draw), dense view.

    A superset is enough: the flat path is right for every draw. A partner may leave when its patience is below the
    hazard that it could meet from decision to horizon.
    """
    gone = refused(context, package, view)
    if view.n_slots == 1:
        return np.zeros((len(view.councils), context.n_draws), bool) if gone is None else gone[:, 0, :]
    context_start = np.minimum(start, context.horizon)
    before = context.hazard_before * np.maximum(start - context.fixed.decision_years, 0.0)
    most = context.horizon - context_start
    uplift = context.uplift.max() * context.fixed.elections[:, -1:]
    bound = before + context.hazard_after * (most + view.council(uplift))
    result = (view.council(patience) < bound).any(axis=1)
    if np.isfinite(context.risk_exit).any():
        result |= (view.council(context.risk_exit) < context.horizon).any(axis=1)
    return result if gone is None else result | gone[:, 0, :]


def leaving_times(context: Context, view: View, start: np.ndarray, patience: np.ndarray) -> np.ndarray:
    """Return when each partner is out, years, shape (partner slot, pair): at once before the start, after notice later.

    One council alone has nobody to leave.
    """
    if view.n_slots == 1:
        return np.full((1, start.shape[-1]), np.inf)
    share = context.fixed.elections[view.councils]  # (slot, pair, year + 1)
    elections = np.moveaxis(share, -1, 0)
    decided = leave_time(
        view.council(patience), start, context.fixed.decision_years, view.scalar(context.hazard_before),
        view.scalar(context.hazard_after), view.scalar(context.uplift), elections,
    )  # fmt: skip
    decided = np.minimum(decided, view.council(context.risk_exit))
    notice = view.scalar(context.number("exit.notice_months")) / 12.0
    return np.where(decided < start, decided, decided + notice)


def live(context: Context, package: Package, view: View, start: np.ndarray, host_share: np.ndarray, patience: np.ndarray) -> Life:
    """Follow arrangements through the partners who leave, to their end.

    Parameters
    ----------
    view : View
        Flat, everybody in.
    start : ndarray, shape (1, pair)
    host_share : ndarray, shape (partner slot, pair)
    patience : ndarray, shape (council, draw)
    """
    horizon = context.horizon
    # An arrangement that never had so many ends with the first who leaves.
    fewest = min(context.study.model.exit.smallest_partners, view.n_slots)
    out = leaving_times(context, view, start, patience)
    caps = np.minimum(context.fixed.cap_years[view.councils], horizon)
    hosted = (host_share > 0).any(axis=0, keepdims=True)
    active = out >= start
    gone = refused(context, package, view)
    alive = _viable(active, host_share, hosted, fewest)
    cancelled_at = _cancelled_at(out, start, host_share, hosted, fewest)
    if gone is not None:
        alive &= ~gone
        cancelled_at = np.where(gone, -np.inf, cancelled_at)
    cancelled = ~alive
    begin, over = start, np.where(cancelled, np.minimum(start, horizon), horizon)
    stages = []
    while True:
        next_out = np.where(active, out, np.inf).min(axis=0, keepdims=True)
        end = np.where(alive, np.minimum(next_out, horizon), begin)
        now = view.among((active & alive).astype(float))
        stages.append(Stage(now, begin, np.minimum(end, caps), rates_of(context, package, now, start)))
        active = active & (out > end)
        still = alive & _viable(active, host_share, hosted, fewest) & (end < horizon)
        over = np.where(alive & ~still, np.minimum(end, horizon), over)
        if not still.any():
            break
        alive, begin = still, end
    own_end = np.minimum(np.minimum(out, over), horizon)
    left = (own_end < np.minimum(caps, horizon)) & (own_end >= start) & ~cancelled
    return Life(tuple(stages), cancelled, cancelled_at, own_end, left)


def _cancelled_at(out: np.ndarray, start: np.ndarray, host_share: np.ndarray, hosted: np.ndarray, fewest: int) -> np.ndarray:
    """Return when those who leave before the start leave too few behind, shape (1, pair); inf where that never happens."""
    result = np.full(start.shape, np.inf)
    for leaver in out:
        broken = (leaver < start) & ~_viable(out > leaver, host_share, hosted, fewest)
        result = np.where(broken, np.minimum(result, leaver), result)
    return result


def _viable(active: np.ndarray, host_share: np.ndarray, hosted: np.ndarray, fewest: int) -> np.ndarray:
    """Enough partners, and a host if there was one."""
    enough = active.sum(axis=0, keepdims=True) >= fewest
    return enough & (~hosted | (active & (host_share > 0)).any(axis=0, keepdims=True))


__all__ = ["Life", "live", "picked", "refused"]
