"""A tile: bundles of one package, one number of partners and one start, through a block of draws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sharesim.appraisal import flows
from sharesim.appraisal.assembly import Assembly, TileResult, Variant
from sharesim.appraisal.context import Context
from sharesim.appraisal.flows import Plan, StaffTerms
from sharesim.appraisal.lives import Cells, Lives, Stay, given_up_at, stays_of
from sharesim.appraisal.partnership import Partnership
from sharesim.appraisal.shares import split_weights
from sharesim.appraisal.sheets import MEASURES, Part, Sheet
from sharesim.appraisal.stretches import Outlay, Stretch, enter_start, enter_stretch, enter_transition, exits_now
from sharesim.appraisal.tables import Package
from sharesim.appraisal.timing import Clock
from sharesim.appraisal.valuation import Course, actual_start
from sharesim.appraisal.views import View

LINES = (*flows.CASH_LINES, "saving_non_cashable")
PURPOSES = ("one_off", "exit", "running", "saving", "overspend")


@dataclass(frozen=True)
class Tile:
    """Which bundles are worked out together.

    Parameters
    ----------
    package : int
    start_years : float
    councils : ndarray, shape (group, partner slot)
    group : ndarray, shape (bundle,)
        Position of each bundle's partners in `councils`.
    form : ndarray, shape (bundle,)
    host_share : ndarray, shape (bundle, partner slot)
    """

    package: int
    start_years: float
    councils: np.ndarray
    group: np.ndarray
    form: np.ndarray
    host_share: np.ndarray

    @cached_property
    def _hosting(self) -> tuple[np.ndarray, np.ndarray]:
        return np.unique(self.host_share, axis=0, return_inverse=True)

    @property
    def patterns(self) -> np.ndarray:
        """Ways in which hosting is shared out, shape (pattern, partner slot)."""
        return self._hosting[0]

    @cached_property
    def variants(self) -> list[tuple[int, int, np.ndarray]]:
        """Form, host pattern and positions of the bundles that have them."""
        key = self.form.astype(np.int64) * len(self.patterns) + self._hosting[1].ravel()
        return [(int(at) // len(self.patterns), int(at) % len(self.patterns), np.flatnonzero(key == at)) for at in np.unique(key)]


def tile_weights(context: Context, package: int, councils: np.ndarray) -> dict[str, np.ndarray]:
    """Return the split weights of each purpose, shape (group, partner slot)."""
    fixed, split = context.fixed, context.study.model.split
    services = list(context.study.package_services[package])
    cost, work = fixed.cost_gbp[:, services].sum(axis=1)[councils], fixed.workload[:, services].sum(axis=1)[councils]
    inside, stated = np.ones(councils.shape, bool), fixed.stated[councils]
    weights = {purpose: split_weights(getattr(split, purpose), cost, work, stated, inside) for purpose in PURPOSES}
    # What a partnership as such saves belongs to nobody, so even "each keeps its own" divides it.
    return weights | {"saving_pool": weights["saving"]}


class TileRun:
    """Works a tile through a block of draws: terms and times once, pounds for as many clocks as are asked for."""

    def __init__(self, context: Context, package: Package, tile: Tile) -> None:
        self.context, self.package, self.tile = context, package, tile
        self.plan = Plan.of(context.study, tile.start_years)
        self.view = View(tile.councils, None, tile_weights(context, tile.package, tile.councils))
        self.who = context.remembered(
            (tile.package, tile.councils.tobytes(), tile.patterns.tobytes()),
            lambda: Partnership(context, package, self.view, tile.patterns, structure=True),
        )
        self.start = actual_start(context, package, self.view, tile.start_years)
        self.lives = Lives.of(context, package, self.view, self.start)
        self.forms = sorted({int(form) for form in tile.form})
        self.hosted = list(range(len(tile.patterns)))
        self.lively = None if self.lives.irregular is None else (~self.lives.irregular[:, None, :]).astype(float)
        caps = context.fixed.cap_years[tile.councils]
        self.caps = np.minimum(caps, context.horizon)[..., None] if (caps < context.horizon).any() else None
        self._pick()

    # -- who, when -----------------------------------------------------------------------------------------------------

    def _pick(self) -> None:
        """Pick out the cells with a life of their own."""
        lives, n_slots, n_draws = self.lives, self.view.n_slots, self.context.n_draws
        odd = np.zeros(0, np.int64) if lives.irregular is None else np.flatnonzero(lives.irregular)
        self.odd = Cells.of(lives, odd, n_slots, n_draws)
        starts = np.isposinf(given_up_at(self.odd, np.zeros((n_slots, 1), bool), lives))[0]
        going = odd[starts]
        if n_slots - 1 >= lives.fewest and lives.out is not None:
            leaves = np.broadcast_to(lives.end < self.context.horizon, (len(self.tile.councils), 1, n_draws))[:, 0, :]
            leaves = leaves if lives.irregular is None else leaves & ~lives.irregular
            going = np.union1d(np.flatnonzero(leaves), going)
        self.stays = [self._stay(stay) for stay in stays_of(lives, going, n_slots, n_draws, self.context.horizon)] if len(going) else []

    def _stay(self, stay: Stay) -> tuple[Stay, Stretch]:
        view = self.view.cells(stay.cells.group, stay.cells.draw).among(stay.active.astype(float))
        return stay, self._stretch(self._partnership(view, structure=False), stay.cells, stay.begin, stay.end, first=False)

    def _partnership(self, view: View, *, structure: bool) -> Partnership:
        return Partnership(self.context, self.package, view, self.tile.patterns, structure=structure)

    def _stretch(self, who: Partnership, cells: Cells, begin: np.ndarray, end: np.ndarray, *, first: bool) -> Stretch:
        """Return a stretch of single cells, cut where councils are abolished."""
        horizon = self.context.horizon
        start = np.minimum(cells.start, horizon)
        ends = np.full((1, 1), horizon) if self.caps is None else self.caps[..., 0].T.take(cells.group, axis=1)
        last = np.maximum(ends, start)
        begin, end = np.clip(begin, start, last), np.clip(end, start, last)
        return Stretch(who, start, begin, end, first, ends)

    def _whole(self) -> Stretch:
        """Return the stretch with everybody in."""
        horizon = self.context.horizon
        start, end = np.minimum(self.start, horizon), self.lives.end
        ends = np.full((1, 1, 1), horizon)
        if self.caps is not None:
            ends = self.caps
            end = np.clip(end, start, np.maximum(ends, start))
        return Stretch(self.who, start, start, end, True, ends)

    @cached_property
    def staff(self) -> StaffTerms:
        """Exits of staff where everybody is in at the start."""
        removed = [rate.removed for rate in self.who.rates]
        if self.lively is not None:
            removed = [gone * self.lively for gone in removed]
        return flows.staff_terms(self.context, self.package, self.view, removed, self.start, self._staff_year)

    @property
    def _staff_year(self) -> int:
        return self.context.study.first_year + self.plan.staff_year(self.context.study.n_years)

    def _outlay(self, clock: Clock) -> Outlay:
        staff = float(clock.one_off[self.plan.staff_year(clock.n_years)])
        return Outlay(float(self.plan.spending @ clock.one_off), staff, float(self.plan.strain @ clock.one_off), staff)

    # -- sheets --------------------------------------------------------------------------------------------------------

    def sheets(self, clock: Clock, *, by_line: bool, used: int) -> tuple[Sheet, list[tuple[Cells, Sheet]]]:
        """Return the flows of all draws with everybody in, and of the cells picked out."""
        whole = self._whole()
        shape = (len(self.tile.councils), self.view.n_slots, self.context.n_draws)
        sheet = Sheet(shape, by_line=by_line, used=used)
        course = enter_stretch(sheet, whole, clock, self.forms, self.hosted)
        outlay = self._outlay(clock)
        delay = np.maximum(self.start - self.plan.start_years, 0.0)
        enter_transition(sheet, self.who, self.forms, outlay.spending, self.lively, delay if self.lively is None else delay * self.lively)
        enter_start(sheet, whole, course, self.staff, self.lively, self.forms, outlay)
        self._enter_first_exit(sheet, whole, clock)
        picked = [(self.odd, self._given_up(clock, by_line=by_line))] if len(self.odd.at) else []
        for number, (stay, stretch) in enumerate(self.stays):
            picked.append((stay.cells, self._later(stay, stretch, clock, by_line=by_line)))
            if number == 0 and stay.first.any():
                picked.append(self._late_start(stay, clock, by_line=by_line))
        return sheet, picked

    def _flat_sheet(self, cells: Cells, *, by_line: bool) -> Sheet:
        return Sheet((self.view.n_slots, len(cells.at)), by_line=by_line, used=None)

    def _enter_first_exit(self, sheet: Sheet, whole: Stretch, clock: Clock) -> None:
        """Enter what leaving costs those who are the first to go, and all of them where too few are left."""
        lives = self.lives
        if lives.out is None or not self.package.exit_cost.any():
            return
        weight = clock.when(lives.end)
        if self.lively is not None:
            weight = weight * self.lively
        if self.view.n_slots == lives.fewest:
            terms = self.who.everybody_out
        else:
            out = lives.out <= lives.end
            stay = (lives.out > lives.end).sum(axis=1, keepdims=True) >= lives.fewest
            terms = {"exit_cost": flows.exit_term(self.context, self.package, self.view, self._before_cap(out | ~stay, lives.end))}
        if self.caps is not None and self.view.n_slots == lives.fewest:
            terms = {"exit_cost": flows.exit_term(self.context, self.package, self.view, self._before_cap(np.ones((1, 1, 1), bool), lives.end))}
        ends = None if self.caps is None else (lives.end < self.caps).astype(float)
        sheet.enter(sheet.shared, exits_now(terms, weight, ends))

    def _before_cap(self, paying: np.ndarray, time: np.ndarray) -> np.ndarray:
        return (paying if self.caps is None else paying & (time < self.caps)).astype(float)

    def _given_up(self, clock: Clock, *, by_line: bool) -> Sheet:
        """Return what is sunk where an arrangement never starts."""
        cells, lives, plan = self.odd, self.lives, self.plan
        sheet = self._flat_sheet(cells, by_line=by_line)
        view = self.view.cells(cells.group, cells.draw)
        who = self._partnership(view, structure=False)
        outlay = self._outlay(clock)
        enter_transition(sheet, who, self.forms, outlay.spending, None, None)
        sunk = np.nan_to_num(view.scalar(self.context.number("costs.sunk_share")))
        for pattern in self.hosted:
            given_up = given_up_at(cells, self.tile.patterns[pattern][:, None] > 0, lives)
            # Money is spent on planned dates, so only what is given up before the planned start saves the rest of it.
            stays = np.where(given_up < plan.start_years, sunk, 1.0)
            sheet.counting[pattern] = np.where(np.isposinf(given_up), 0.0, stays)
            late = np.maximum(np.minimum(cells.start, given_up) - plan.start_years, 0.0)
            sheet.enter(sheet.of_host(pattern), who.delay, late, outlay.spending, "transition_gbp")
        return sheet

    def _later(self, stay: Stay, stretch: Stretch, clock: Clock, *, by_line: bool) -> Sheet:
        """Return what a stretch after the first brings."""
        sheet = self._flat_sheet(stay.cells, by_line=by_line)
        enter_stretch(sheet, stretch, clock, self.forms, self.hosted)
        ends = None if self.caps is None else stretch.ends
        if self.package.exit_cost.any():
            paying = stay.active & ((stay.cells.out <= stay.end) | ~stay.goes_on)
            self._enter_exit(sheet, sheet.shared, stretch.who.view, (paying, stay.end, ends), clock)
        for pattern in self.hosted:
            hosts = self.tile.patterns[pattern][:, None] > 0
            if not hosts.any():
                continue
            there = (stay.active & hosts).any(axis=0, keepdims=True)
            sheet.counting[pattern] = there.astype(float)
            gone = (stay.before & hosts).any(axis=0, keepdims=True) & ~there & ~stay.first
            if gone.any() and self.package.exit_cost.any():
                before = stretch.who.view.among(stay.before.astype(float))
                part = sheet.ended.setdefault(pattern, Part())
                self._enter_exit(sheet, part, before, (stay.active & gone, stay.begin, ends), clock)
        return sheet

    def _enter_exit(
        self, sheet: Sheet, part: Part, view: View, event: tuple[np.ndarray, np.ndarray, np.ndarray | None], clock: Clock
    ) -> None:
        paying, time, ends = event
        inside = None if ends is None else time < ends
        paying = paying if inside is None else paying & inside
        terms = {"exit_cost": flows.exit_term(self.context, self.package, view, paying.astype(float))}
        sheet.enter(part, exits_now(terms, clock.when(time), None if inside is None else inside.astype(float)))

    def _late_start(self, stay: Stay, clock: Clock, *, by_line: bool) -> tuple[Cells, Sheet]:
        """Return what the start brings in the cells that start with some partners only."""
        cells, active = stay.cells.some(stay.first), stay.active.compress(stay.first, axis=1)
        view = self.view.cells(cells.group, cells.draw)
        sheet, outlay = self._flat_sheet(cells, by_line=by_line), self._outlay(clock)
        delay = np.maximum(cells.start - self.plan.start_years, 0.0)
        enter_transition(sheet, self._partnership(view, structure=False), self.forms, outlay.spending, None, delay)
        who = self._partnership(view.among(active.astype(float)), structure=True)
        stretch = self._stretch(who, cells, cells.start, cells.start, first=True)
        course = Course(clock, stretch.start, cells.draw)
        staff = flows.staff_terms(self.context, self.package, who.view, [rate.removed for rate in who.rates], cells.start, self._staff_year)
        enter_start(sheet, stretch, course, staff, None, self.forms, outlay)
        for pattern in self.hosted:
            hosts = self.tile.patterns[pattern][:, None] > 0
            if hosts.any():
                sheet.counting[pattern] = (active & hosts).any(axis=0, keepdims=True).astype(float)
        return cells, sheet

    # -- results -------------------------------------------------------------------------------------------------------

    def variants(self, used: int) -> Iterator[Variant]:
        """Yield the NPV of the tile's bundles, variant by variant, and the sums of their measures over the used draws."""
        sheet, picked = self.sheets(self.context.clock, by_line=False, used=used)
        yield from Assembly(self.tile, sheet, picked, self.context.n_draws).variants(used)

    def lines(self, clock: Clock) -> dict[str, np.ndarray]:
        """Return pounds by line, each (bundle, partner slot, draw)."""
        return self._by_line(clock).all(lambda part: part.lines, LINES)

    def _by_line(self, clock: Clock) -> Assembly:
        sheet, picked = self.sheets(clock, by_line=True, used=self.context.n_draws)
        return Assembly(self.tile, sheet, picked, self.context.n_draws)

    def result(self, clock: Clock) -> TileResult:
        """Return lines, NPV and measures of the tile's bundles draw by draw."""
        assembly = self._by_line(clock)
        lines = assembly.all(lambda part: part.lines, LINES)
        measures = assembly.all(lambda part: part.counts, MEASURES)
        shape = (len(self.tile.group), self.view.n_slots, self.context.n_draws)
        npv = np.zeros(shape)
        for name in flows.CASH_LINES:
            if name in lines:
                npv += lines[name]
        return TileResult(lines, npv, measures)


__all__ = ["MEASURES", "Tile", "TileResult", "TileRun"]
