"""Lives of arrangements: who is out when, what is refused or given up before the start, and who goes on with whom.

All draws share the first stretch with everybody in. What comes after, and the draws in which somebody is out before the
start, are picked out cell by cell (a cell is one group in one draw) and worked with the same formulas. Nothing here
depends on who hosts; `Pattern` says what becomes of it where the host is out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sharesim.appraisal.context import Context
from sharesim.appraisal.risks import leave_time
from sharesim.appraisal.tables import Package
from sharesim.appraisal.views import View


@dataclass(frozen=True)
class Lives:
    """What becomes of every group of a tile in every draw.

    Parameters
    ----------
    start : ndarray, shape (group or 1, 1, draw)
        Years.
    out : ndarray or None, shape (group, partner slot, draw)
        When each partner is out, years, inf for never; None where nobody can leave.
    refused : ndarray or None, shape (group, draw), bool
        Whether any partner refuses at a gate.
    irregular : ndarray or None, shape (group, draw), bool
        Refused, or somebody is out before the start; None where that never happens.
    end : ndarray, shape (group or 1, 1, draw)
        End of the stretch with everybody in, years; the start where there is none.
    fewest : int
        Partners without whom an arrangement ends.
    """

    start: np.ndarray
    out: np.ndarray | None
    refused: np.ndarray | None
    irregular: np.ndarray | None
    end: np.ndarray
    fewest: int

    @classmethod
    def of(cls, context: Context, package: Package, view: View, start: np.ndarray) -> Lives:
        """Follow the groups of a dense view."""
        # An arrangement that never had so many ends with the first who leaves.
        fewest = min(context.study.model.exit.smallest_partners, view.n_slots)
        out = out_times(context, package, view, start) if view.n_slots > 1 else None
        gone = refusals(context, package, view)
        begin = np.minimum(start, context.horizon)
        end = np.full((1, 1, 1), context.horizon)
        irregular = gone
        if out is not None:
            first = out.min(axis=1, keepdims=True)
            early = (first < start)[:, 0, :]
            irregular = early if gone is None else early | gone
            end = np.minimum(first, context.horizon)
        if irregular is not None and not irregular.any():
            irregular = None
        if irregular is not None:
            end = np.where(irregular[:, None, :], begin, end)
        return cls(start, out, gone, irregular, np.maximum(end, begin), fewest)


def refusals(context: Context, package: Package, view: View) -> np.ndarray | None:
    """Return whether any partner refuses at any gate, shape (group, draw); None where nobody can."""
    services = {context.study.services.ids[service] for service in package.services}
    result: np.ndarray | None = None
    for gate, table in context.refused.items():
        row = context.study.model.gates[gate]
        if not row.services or services & set(row.services):
            result = table if result is None else result | table
    return None if result is None else np.any(view.council(result), axis=1)


def out_times(context: Context, package: Package, view: View, start: np.ndarray) -> np.ndarray | None:
    """Return when each partner is out, years, shape (group, partner slot, draw): at once before the start, after
    notice later.

    A partner may leave where its patience is below the hazard that it could meet from decision to horizon; only those
    cells are followed.
    """
    fixed, n_draws = context.fixed, context.n_draws
    patience = context.patience(package.index)
    most = context.hazard_before * np.maximum(start - fixed.decision_years, 0.0)
    ahead = context.horizon - np.minimum(start, context.horizon)
    total = fixed.elections[:, -1:].take(view.councils, axis=0)
    if total.any():
        ahead = ahead + context.uplift * total
    held = view.council(patience)
    may = held < most + context.hazard_after * ahead
    if context.risk_exit is not None:
        struck = view.council(context.risk_exit)
        may |= struck < context.horizon
    at = np.flatnonzero(may)
    if not len(at):
        return None
    draws, councils = at % n_draws, view.councils.reshape(-1).take(at // n_draws)
    begin = start.take(draws) if len(start) == 1 else start.take(at // (view.n_slots * n_draws) * n_draws + draws)

    def scalar(number: np.ndarray) -> np.ndarray:
        return number if number.shape[-1] == 1 else number.take(draws)

    decided = leave_time(
        held.take(at),
        begin,
        fixed.decision_years,
        scalar(context.hazard_before),
        scalar(context.hazard_after),
        scalar(context.uplift),
        fixed.elections.T.take(councils, axis=1),
    )
    if context.risk_exit is not None:
        decided = np.minimum(decided, struck.take(at))
    notice = scalar(context.number("exit.notice_months")) / 12.0
    result = np.full(held.shape, np.inf)
    result.reshape(-1)[at] = np.where(decided < begin, decided, decided + notice)
    return result


@dataclass(frozen=True)
class Cells:
    """Groups in single draws, in order.

    Parameters
    ----------
    at : ndarray of int, shape (cell,)
        group x draws + draw, ascending.
    group, draw : ndarray of int, shape (cell,)
    out : ndarray, shape (partner slot, cell)
    start : ndarray, shape (1, cell)
    """

    at: np.ndarray
    group: np.ndarray
    draw: np.ndarray
    out: np.ndarray
    start: np.ndarray

    @classmethod
    def of(cls, lives: Lives, at: np.ndarray, n_slots: int, n_draws: int) -> Cells:
        """Pick cells out of the lives of a tile."""
        group, draw = at // n_draws, at % n_draws
        if lives.out is None:
            out = np.full((n_slots, len(at)), np.inf)
        else:
            first = group * (n_slots * n_draws) + draw
            out = lives.out.take(first + np.arange(n_slots)[:, None] * n_draws)
        start = lives.start.take(draw if len(lives.start) == 1 else at)[None, :]
        return cls(at, group, draw, out, start)

    def some(self, keep: np.ndarray) -> Cells:
        """Return some of the cells."""
        return Cells(*(part.compress(keep, axis=-1) for part in (self.at, self.group, self.draw, self.out, self.start)))


@dataclass(frozen=True)
class Stay:
    """A stretch after the first with the same partners in, in single cells.

    Parameters
    ----------
    cells : Cells
    active : ndarray, shape (partner slot, cell), bool
    before : ndarray, shape (partner slot, cell), bool
        Who was in until this stretch began; everybody active where it is the first.
    first : ndarray, shape (cell,), bool
        Whether the arrangement starts with this stretch.
    begin, end : ndarray, shape (1, cell)
        Years.
    goes_on : ndarray, shape (1, cell), bool
        Whether enough are left to go on when it ends.
    """

    cells: Cells
    active: np.ndarray
    before: np.ndarray
    first: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    goes_on: np.ndarray


def stays_of(lives: Lives, at: np.ndarray, n_slots: int, n_draws: int, horizon: float) -> list[Stay]:
    """Return the stretches of the cells in which an arrangement goes on without some, one after the other.

    Parameters
    ----------
    at : ndarray of int
        Cells in which somebody leaves a running arrangement that goes on, or which start with some partners only.
    """
    result = []
    cells = Cells.of(lives, at, n_slots, n_draws)
    first = np.zeros(len(at), bool) if lives.irregular is None else lives.irregular.take(at)
    begin = np.where(first, cells.start, cells.out.min(axis=0, keepdims=True))
    active = np.where(first, cells.out >= begin, cells.out > begin)
    before = active | ~first
    while len(cells.at):
        end = np.minimum(np.where(active, cells.out, np.inf).min(axis=0, keepdims=True), horizon)
        after = active & (cells.out > end)
        goes_on = (after.sum(axis=0, keepdims=True) >= lives.fewest) & (end < horizon)
        result.append(Stay(cells, active, before, first, begin, end, goes_on))
        keep = goes_on[0]
        cells, before, active, begin = (
            cells.some(keep),
            active.compress(keep, axis=1),
            after.compress(keep, axis=1),
            end.compress(keep, axis=1),
        )
        first = np.zeros(len(cells.at), bool)
    return result


def given_up_at(cells: Cells, lives: Lives) -> np.ndarray:
    """Return when an arrangement that never starts is given up, years, shape (1, cell), whoever hosts.

    -inf where a gate refused it, inf where those who are out before the start leave enough behind.
    """
    out = np.where(cells.out < cells.start, cells.out, np.inf)
    # The one whose leaving brings the number below the fewest.
    result = np.sort(out, axis=0)[len(out) - lives.fewest][None, :]
    if lives.refused is not None:
        result = np.where(lives.refused.take(cells.at), -np.inf, result)
    return result


def given_up_by_hosts(given_up: np.ndarray, cells: Cells, hosts: np.ndarray) -> np.ndarray:
    """Return the same where it is given up, too, when the last of its hosts is out before the start.

    Parameters
    ----------
    hosts : ndarray, shape (partner slot, 1), bool
    """
    last = cells.out[hosts[:, 0]].max(axis=0, keepdims=True)
    return np.minimum(given_up, np.where(last < cells.start, last, np.inf))


__all__ = ["Cells", "Lives", "Stay", "given_up_at", "given_up_by_hosts", "out_times", "refusals", "stays_of"]
