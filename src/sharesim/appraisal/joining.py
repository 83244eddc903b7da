"""Arrangements that others join later (docs/model.md section 5, decision 082).

Every draw is followed by itself, stretch by stretch, with the formulas that serve where somebody leaves: a stretch ends
when somebody leaves or joins, and savings, costs and shares are worked out again for those who are in then.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sharesim.appraisal import flows
from sharesim.appraisal.assembly import Assembly
from sharesim.appraisal.context import Context
from sharesim.appraisal.flows import Plan, Terms, to_fund
from sharesim.appraisal.later import Later, Picked
from sharesim.appraisal.lives import Cells, Lives, Stay, given_up_at, out_times, refusals
from sharesim.appraisal.partnership import Partnership
from sharesim.appraisal.sheets import Sheet
from sharesim.appraisal.stretches import Marks, Stretch, enter_stretch
from sharesim.appraisal.tables import Package
from sharesim.appraisal.tile import Tile, TileBlock
from sharesim.appraisal.tiles import TileRun, tile_weights
from sharesim.appraisal.timing import Clock
from sharesim.appraisal.valuation import Course, actual_start
from sharesim.appraisal.views import View


def run_of(context: Context, package: Package, tile: Tile) -> TileRun:
    """Return what works a tile through a block of draws."""
    return TileRun(context, package, tile) if tile.joins is None else JoinRun(context, package, tile)


@dataclass(frozen=True)
class Entries:
    """Who is there from when to when, dense over the draws of one bundle.

    Parameters
    ----------
    lives : Lives
        Of those who begin; joiners count as gone before the start.
    entry : ndarray, shape (partner slot, draw)
        When each is in: the start, the day of joining, inf for never.
    out : ndarray, shape (partner slot, draw)
        When each is out.
    begins : ndarray, shape (partner slot,), bool
        Who is there from the start; the others join.
    """

    lives: Lives
    entry: np.ndarray
    out: np.ndarray
    begins: np.ndarray

    @classmethod
    def of(cls, context: Context, package: Package, tile: Tile) -> Entries:
        """Follow those who begin, and every joiner by itself: before it joins it may think better of it."""
        assert tile.joins is not None
        n_draws, councils, first = context.n_draws, tile.councils, tile.joins == 0
        begins = View(councils[:, first], None, n_draws, {})
        start = actual_start(context, package, begins, tile.start_years)
        entry = np.broadcast_to(start[0], (len(first), n_draws)).copy()
        out = np.full((len(first), n_draws), np.inf)
        left = out_times(context, package, begins, start)
        if left is not None:
            out[first] = left[0]
        for slot in np.flatnonzero(~first):
            alone = View(councils[:, slot : slot + 1], None, n_draws, {})
            entry[slot] = tile.joins[slot] + (start[0, 0] - tile.start_years)
            if (left := out_times(context, package, alone, entry[slot][None, None, :])) is not None:
                out[slot] = left[0, 0]
            if (refused := refusals(context, package, alone)) is not None:
                entry[slot, refused[0]] = np.inf
        entry[out < entry] = np.inf
        absent = np.where(first[:, None], out, -np.inf)[None]
        fewest = min(context.study.model.exit.smallest_partners, int(first.sum()))
        every = np.ones((1, n_draws), bool)
        gone = refusals(context, package, begins)
        return cls(Lives(start, absent, gone, every, np.minimum(start, context.horizon), fewest), entry, out, first)


class JoinRun(TileRun):
    """Works a bundle with joiners through a block of draws."""

    def __init__(self, context: Context, package: Package, tile: Tile) -> None:
        entries = Entries.of(context, package, tile)
        who = _signed(context, package, tile, entries.begins)
        self.block, self.lively = TileBlock.of(context, package, tile, who, entries.lives), None
        self.later: JoinLater = JoinLater(self.block, entries)

    def _assembly(self, clock: Clock, *, by_line: bool, used: int) -> Assembly:
        n_draws = self.block.context.n_draws
        sheet = Sheet((1, self.block.view.n_slots, n_draws), by_line=by_line, used=used)
        return Assembly(self.block.tile, sheet, self.later.joined(clock, by_line=by_line), n_draws)


def _signed(context: Context, package: Package, tile: Tile, first: np.ndarray) -> Partnership:
    """Return the terms of all; who begins pays the one-off cost of the start, and who joins its own.

    Parameters
    ----------
    first : ndarray, shape (partner slot,), bool
        Who begins.
    """
    weights, there = tile_weights(context, tile.package, tile.councils), first[None, :]
    begins = tile_weights(context, tile.package, tile.councils, there)
    weights |= {name: begins[name] for name in ("one_off", "overspend")} | {"signed": there.astype(float)}
    return Partnership(context, package, View(tile.councils, None, context.n_draws, weights), structure=True)


@dataclass(frozen=True)
class _Part:
    """A stretch of the going cells, who has just joined, and when each is in."""

    stay: Stay
    joined: np.ndarray
    entry: np.ndarray


class JoinLater(Later):
    """All cells of a bundle that others join."""

    def __init__(self, block: TileBlock, entries: Entries) -> None:
        self.block, self.lives = block, block.lives
        self.n_slots, self.n_draws, self.horizon = block.view.n_slots, block.context.n_draws, block.context.horizon
        every = np.arange(self.n_draws)
        self.odd = Cells.of(self.lives, every, self.n_slots, self.n_draws)
        self.given_up = given_up_at(self.odd, self.lives)
        self._entry = np.zeros((self.n_slots, 0))
        going = every.compress(np.isposinf(self.given_up[0]))
        out, start = entries.out.take(going, axis=1), self.lives.start[0].take(going, axis=1)
        cells = Cells(going, np.zeros_like(going), going, out, start)
        self.parts = list(self._follow(cells, entries.entry.take(going, axis=1)))

    def _follow(self, cells: Cells, entry: np.ndarray) -> list[_Part]:
        """Return the stretches of cells that start, one after the other."""
        begin, active = cells.start, entry <= cells.start
        before, joined, first, result = active, np.zeros_like(active), np.ones(len(cells.at), bool), []
        while len(cells.at):
            coming = (entry > begin) & ~active
            change = np.minimum(np.where(active, cells.out, np.inf), np.where(coming, entry, np.inf))
            end = np.minimum(change.min(axis=0, keepdims=True), self.horizon)
            left = active & (cells.out > end)
            joins = coming & (entry <= end)
            goes_on = (left.sum(axis=0, keepdims=True) >= self.lives.fewest) & (end < self.horizon)
            result.append(_Part(Stay(cells, active, before, first, begin, end, goes_on), joined, entry))
            keep = goes_on[0]
            before, joined = active.compress(keep, axis=1), joins.compress(keep, axis=1)
            active, begin = (left | joins).compress(keep, axis=1), end.compress(keep, axis=1)
            cells, entry = cells.some(keep), entry.compress(keep, axis=1)
            first = np.zeros(len(cells.at), bool)
        return result

    def _stretch(self, who: Partnership, cells: Cells, begin: np.ndarray, end: np.ndarray) -> Stretch:
        """Return a stretch in which everybody's own time begins when it is in."""
        limit = np.full((1, 1), self.horizon)
        ends = limit if self.block.caps is None else self.block.caps[..., 0].T.take(cells.group, axis=1)
        start = np.minimum(self._entry, self.horizon)
        last = np.maximum(ends, start)
        return Stretch(who, start, np.clip(begin, start, last), np.clip(end, start, last), False, ends)

    def joined(self, clock: Clock, *, by_line: bool) -> Picked:
        """Return what all cells bring under a clock."""
        picked, before = [(self.odd, self._given_up(clock, by_line=by_line))], None
        for number, part in enumerate(self.parts):
            stay, self._entry = part.stay, part.entry
            who = self._partnership(self._view(stay.cells).among(stay.active.astype(float)), structure=False)
            if number == 0:
                picked.append(self._late_start(stay, who, clock, by_line=by_line))
            else:
                keep = self.parts[number - 1].stay.goes_on[0]
                assert before is not None
                savings = tuple(value.compress(keep, axis=-1) for value in before.savings)
                before = Marks(before.until.compress(keep, axis=-1), savings)
                if part.joined.any():
                    picked.append((stay.cells, self._joining(part, clock, by_line=by_line)))
            stretch = self._stretch(who, stay.cells, stay.begin, stay.end)
            sheet = Sheet((self.n_slots, len(stay.cells.at)), by_line=by_line, used=None)
            course = Course(clock, stretch.start, stay.cells.draw)
            before = enter_stretch(sheet, stretch, course, self.block.tile.variety, before)
            self._enter_exits(sheet, stay, stretch, clock)
            picked.append((stay.cells, sheet))
        return picked

    def _joining(self, part: _Part, clock: Clock, *, by_line: bool) -> Sheet:
        """Return what joining brings: the joiner's own cost and exits of staff, its pay that drifts up, and its fee."""
        stay, block = part.stay, self.block
        sheet = Sheet((self.n_slots, len(stay.cells.at)), by_line=by_line, used=None)
        view = self._view(stay.cells)
        who = self._partnership(view.among(stay.active.astype(float)), structure=True)
        earlier = view.among((stay.active & ~part.joined).astype(float))
        stretch = self._stretch(who, stay.cells, stay.begin, stay.end)
        for slot in np.flatnonzero(part.joined.any(axis=1)):
            mask = np.zeros(part.joined.shape)
            mask[slot] = part.joined[slot]
            self._enter_joiner(sheet, who, stretch, mask, (int(slot), clock), stay)
            fee = view.scalar(block.context.number("arrangements.joining_fee_gbp", block.tile.arrangement))
            paid = mask[slot] * fee * (earlier.weight("one_off") - (mask > 0))
            terms = Terms({"joining_fee": to_fund(who.fund, paid)}).while_there(stay.begin < stretch.ends)
            sheet.enter(sheet.shared, terms, clock.when(stay.begin))
        for pattern, hosts in enumerate(self._hosts):
            if hosts.any():
                sheet.counting[pattern] = (stay.active & hosts).any(axis=0, keepdims=True).astype(float)
        return sheet

    def _enter_joiner(
        self, sheet: Sheet, who: Partnership, stretch: Stretch, mask: np.ndarray, at: tuple[int, Clock], stay: Stay
    ) -> None:
        slot, clock = at
        block, context = self.block, self.block.context
        assert block.tile.joins is not None
        plan = Plan.joining(context.study, float(block.tile.joins[slot]))
        year = plan.staff_year(clock.n_years)
        staff = flows.staff_terms(
            context, block.package, who.view, who.rates, stay.begin, mask, context.study.first_year + year
        )
        shared, weight = sheet.shared, float(clock.one_off[year])
        sheet.enter(shared, staff.paid, None, weight, "staff_gbp")
        sheet.enter(shared, staff.strain, None, float(plan.strain @ clock.one_off), "strain_gbp")
        sheet.count(shared, "compulsory_exits", staff.compulsory)
        sheet.count(shared, "voluntary_exits", staff.voluntary)
        sheet.count(shared, "redeployments", staff.redeployed)
        sheet.count(shared, "posts_removed", staff.removed)
        own = flows.own_costs(block.package, who.view, who.fund, mask)
        sheet.enter(shared, own, None, weight, "transition_gbp")
        changing = [form for form in block.tile.variety.forms if context.fixed.transfers[form]]
        if changing and who.drift:
            course = Course(clock, stretch.start, stay.cells.draw)
            length = (course.until(np.maximum(stretch.ends, stretch.start)) - course.at_start) * mask
            for form in changing:
                sheet.enter(sheet.of_form(form), who.drift, length)


__all__ = ["JoinRun", "run_of"]
