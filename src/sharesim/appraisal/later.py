"""Lives of their own: cells in which an arrangement is given up, starts with some partners only, or goes on without
some."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from sharesim.appraisal import flows
from sharesim.appraisal.flows import Terms
from sharesim.appraisal.lives import Cells, Stay, given_up_at, given_up_by_hosts, stays_of
from sharesim.appraisal.partnership import OneOff, Partnership
from sharesim.appraisal.sheets import Part, Sheet
from sharesim.appraisal.stretches import Marks, Stretch, enter_start, enter_stretch, enter_transition
from sharesim.appraisal.tile import TileBlock
from sharesim.appraisal.timing import Clock
from sharesim.appraisal.valuation import Course
from sharesim.appraisal.views import View

#: Cells with a life of their own and what it brings.
Picked = list[tuple[Cells, Sheet]]


@dataclass(frozen=True)
class _Exit:
    """Who pays for having left, and when; `ends` is when councils are abolished, None for never."""

    paying: np.ndarray
    time: np.ndarray
    ends: np.ndarray | None


class Later:
    """The cells of a tile that do not run their whole time with everybody in.

    Parameters
    ----------
    block : TileBlock
        The tile, its groups and their lives.
    """

    def __init__(self, block: TileBlock) -> None:
        self.block, self.lives = block, block.lives
        self.n_slots, self.n_draws, self.horizon = block.view.n_slots, block.context.n_draws, block.context.horizon
        lives = self.lives
        odd = np.zeros(0, np.int64) if lives.irregular is None else np.flatnonzero(lives.irregular)
        self.odd = Cells.of(lives, odd, self.n_slots, self.n_draws)
        self.given_up = given_up_at(self.odd, lives)
        going = odd.compress(np.isposinf(self.given_up[0]))
        if self.n_slots > lives.fewest and lives.out is not None:
            leaves = (lives.end < self.horizon)[:, 0, :]
            if lives.irregular is not None:
                leaves = leaves & ~lives.irregular
                leaves.reshape(-1)[going] = True
            going = np.flatnonzero(leaves)
        self.stays = [self._stay(stay) for stay in stays_of(lives, going, self.n_slots, self.n_draws, self.horizon)]

    def _stay(self, stay: Stay) -> tuple[Stay, Stretch]:
        who = self._partnership(self._view(stay.cells).among(stay.active.astype(float)), structure=False)
        return stay, self._stretch(who, stay.cells, stay.begin, stay.end)

    def _view(self, cells: Cells) -> View:
        return self.block.view.cells(cells.group, cells.draw)

    def _partnership(self, view: View, *, structure: bool) -> Partnership:
        return Partnership(self.block.context, self.block.package, view, structure=structure)

    def _stretch(self, who: Partnership, cells: Cells, begin: np.ndarray, end: np.ndarray) -> Stretch:
        """Return a stretch of single cells, cut where councils are abolished."""
        start = np.minimum(cells.start, self.horizon)
        if self.block.caps is None:
            return Stretch(
                who,
                start,
                np.clip(begin, start, self.horizon),
                np.clip(end, start, self.horizon),
                False,
                np.full((1, 1), self.horizon),
            )
        ends = self.block.caps[..., 0].T.take(cells.group, axis=1)
        last = np.maximum(ends, start)
        return Stretch(who, start, np.clip(begin, start, last), np.clip(end, start, last), False, ends)

    @cached_property
    def _hosts(self) -> list[np.ndarray]:
        """Who hosts in each pattern, shape (partner slot, 1), bool."""
        return [shares[:, None] > 0 for shares in self.block.tile.variety.hosts]

    # -- pounds --------------------------------------------------------------------------------------------------------

    def sheets(self, clock: Clock, marks: Marks, *, by_line: bool) -> Picked:
        """Return what the cells bring under a clock.

        Parameters
        ----------
        marks : Marks
            Dense values from the start to the end of the stretch with everybody in.
        """
        picked = [(self.odd, self._given_up(clock, by_line=by_line))] if len(self.odd.at) else []
        for number, (stay, stretch) in enumerate(self.stays):
            if number == 0:
                before = self._at_cells(marks, stay)
                if stay.first.any():
                    picked.append(self._late_start(stay, stretch.who, clock, by_line=by_line))
            else:
                keep = self.stays[number - 1][0].goes_on[0]
                before = Marks(*_cells_of((before.until, before.savings), keep))
            sheet = Sheet((self.n_slots, len(stay.cells.at)), by_line=by_line, used=None)
            course = Course(clock, stretch.start, stay.cells.draw)
            before = enter_stretch(sheet, stretch, course, self.block.tile.variety, before)
            self._enter_exits(sheet, stay, stretch, clock)
            picked.append((stay.cells, sheet))
        return picked

    def _at_cells(self, marks: Marks, stay: Stay) -> Marks:
        """Return dense values at cells; 0 for savings, and the integral to the start, where a cell starts there."""
        here = partial(_picked, stay.cells)
        # Where not everybody is in at the start, the stretch with everybody in is empty: it ends where it starts.
        return Marks(here(marks.until), tuple(here(value) for value in marks.savings))

    def _one_off(self, cells: Cells, *, by_line: bool) -> OneOff:
        """Return what all who signed pay once, at cells: what is worked out for whole groups is picked out."""

        def here(terms: Terms) -> Terms:
            lines = terms.lines if by_line or not terms else {"all": terms.total}
            return Terms({name: _picked(cells, value) for name, value in lines.items()})

        whole = self.block.who.one_off(self.block.tile.variety.forms)
        return OneOff(
            here(whole.transition), here(whole.delay), {form: here(terms) for form, terms in whole.set_up.items()}
        )

    def _given_up(self, clock: Clock, *, by_line: bool) -> Sheet:
        """Return what is sunk where an arrangement never starts."""
        cells, plan = self.odd, self.block.plan
        sheet = Sheet((self.n_slots, len(cells.at)), by_line=by_line, used=None)
        one_off, weight = self._one_off(cells, by_line=by_line), self.block.outlay(clock).spending
        enter_transition(sheet, one_off, weight, None, None)
        sunk = np.nan_to_num(self._view(cells).scalar(self.block.context.number("costs.sunk_share")))
        for pattern, hosts in enumerate(self._hosts):
            given_up = (
                given_up_by_hosts(self.given_up, cells, hosts)
                if hosts.any() and self.n_slots > self.lives.fewest
                else self.given_up
            )
            # Money is spent on planned dates, so only what is given up before the planned start saves the rest of it.
            stays = np.where(given_up < plan.start_years, sunk, 1.0)
            sheet.counting[pattern] = np.where(np.isposinf(given_up), 0.0, stays)
            late = np.maximum(np.minimum(cells.start, given_up) - plan.start_years, 0.0)
            sheet.enter(sheet.of_host(pattern), one_off.delay, late, weight, "transition_gbp")
        return sheet

    def _enter_exits(self, sheet: Sheet, stay: Stay, stretch: Stretch, clock: Clock) -> None:
        """Enter what leaving costs at the end of a stay, and at its beginning those whose host has just left."""
        costs = self.block.who.leaving["exit_cost"].any()
        ends = None if self.block.caps is None else stretch.ends
        if costs:
            paying = stay.active & ((stay.cells.out <= stay.end) | ~stay.goes_on)
            self._enter_exit(sheet, sheet.shared, stretch.who, _Exit(paying, stay.end, ends), clock)
        anyone = False
        for pattern, hosts in enumerate(self._hosts):
            if not hosts.any():
                continue
            there = (stay.active & hosts).any(axis=0, keepdims=True)
            sheet.counting[pattern] = there.astype(float)
            gone = (stay.before & hosts).any(axis=0, keepdims=True) & ~there & ~stay.first
            if costs and gone.any():
                sheet.left[pattern] = gone.astype(float)
                anyone = True
        if anyone:
            before = stretch.who
            if self.block.context.study.model.split.exit != "own":
                # Those who have left by now share in it; where each pays for itself they have no part.
                before = self._partnership(stretch.who.view.among(stay.before.astype(float)), structure=False)
            self._enter_exit(sheet, sheet.ended, before, _Exit(stay.active, stay.begin, ends), clock)

    def _enter_exit(self, sheet: Sheet, part: Part, who: Partnership, leaving: _Exit, clock: Clock) -> None:
        terms = flows.exit_terms(self.block.context, who.view, who.leaving, leaving.paying.astype(float))
        if leaving.ends is not None:
            terms = terms.while_there(leaving.time < leaving.ends)
        sheet.enter(part, terms, clock.when(leaving.time))

    def _late_start(self, stay: Stay, whole: Partnership, clock: Clock, *, by_line: bool) -> tuple[Cells, Sheet]:
        """Return what the start brings in the cells that start with some partners only.

        Parameters
        ----------
        whole : Partnership
            The partners of all cells of the stay.
        """
        cells, active, block = stay.cells.some(stay.first), stay.active.compress(stay.first, axis=1), self.block
        sheet, outlay, forms = (
            Sheet((self.n_slots, len(cells.at)), by_line=by_line, used=None),
            block.outlay(clock),
            block.tile.variety.forms,
        )
        delay = np.maximum(cells.start - block.plan.start_years, 0.0)
        enter_transition(sheet, self._one_off(cells, by_line=by_line), outlay.spending, None, delay)
        who = whole.starting(stay.first)
        stretch = self._stretch(who, cells, cells.start, cells.start)
        staff = flows.staff_terms(
            block.context, block.package, who.view, who.rates, cells.start, None, block.staff_year
        )
        enter_start(sheet, stretch, Course(clock, stretch.start, cells.draw), staff, None, forms, outlay)
        for pattern, hosts in enumerate(self._hosts):
            if hosts.any():
                sheet.counting[pattern] = (active & hosts).any(axis=0, keepdims=True).astype(float)
        return cells, sheet


def _picked(cells: Cells, value: np.ndarray) -> np.ndarray:
    """Return dense values (group, partner slot, draw) at cells, shape (partner slot, cell)."""
    n_groups, n_slots, n_draws = value.shape
    at = (cells.group * (n_slots * n_draws) if n_groups > 1 else 0) + (cells.draw if n_draws > 1 else 0)
    return value.take(np.broadcast_to(at, cells.at.shape) + np.arange(0, n_slots * n_draws, n_draws)[:, None])


def _cells_of(
    values: tuple[np.ndarray, tuple[np.ndarray, ...]], keep: np.ndarray
) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    until, savings = values
    return until.compress(keep, axis=-1), tuple(value.compress(keep, axis=-1) for value in savings)


__all__ = ["Later"]
