"""Works a tile through a block of draws: from its terms and times to pounds and measures of its bundles."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from sharesim.appraisal import flows
from sharesim.appraisal.assembly import Assembly, TileResult, Variant
from sharesim.appraisal.context import Context
from sharesim.appraisal.flows import StaffTerms
from sharesim.appraisal.later import Later
from sharesim.appraisal.lives import Lives
from sharesim.appraisal.partnership import Partnership
from sharesim.appraisal.shares import split_weights
from sharesim.appraisal.sheets import MEASURES, Sheet
from sharesim.appraisal.stretches import Stretch, enter_start, enter_stretch, enter_transition
from sharesim.appraisal.tables import Package
from sharesim.appraisal.tile import Tile, TileBlock
from sharesim.appraisal.timing import Clock
from sharesim.appraisal.valuation import Course, actual_start
from sharesim.appraisal.views import View

LINES = (*flows.CASH_LINES, "saving_non_cashable")
PURPOSES = ("one_off", "exit", "running", "saving", "overspend")


def tile_weights(
    context: Context, package: int, councils: np.ndarray, inside: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Return the split weights of each purpose, shape (group, partner slot), over those `inside`; all for None."""
    fixed, split = context.fixed, context.study.model.split
    services = list(context.study.package_services[package])
    cost, work = fixed.cost_gbp[:, services].sum(axis=1)[councils], fixed.workload[:, services].sum(axis=1)[councils]
    inside = np.ones(councils.shape, bool) if inside is None else inside
    stated = fixed.stated[councils]
    return {purpose: split_weights(getattr(split, purpose), cost, work, stated, inside) for purpose in PURPOSES}


class TileRun:
    """Works a tile through a block of draws: terms and times once, pounds for as many clocks as are asked for.

    Parameters
    ----------
    context : Context
    package : Package
    tile : Tile
    """

    def __init__(self, context: Context, package: Package, tile: Tile) -> None:
        # Neighbouring tiles differ in their start only, and share the terms of their groups.
        who: Partnership = context.remembered(
            (id(package), id(tile.councils)), (package, tile.councils), lambda: _signed(context, package, tile)
        )
        start = actual_start(context, package, who.view, tile.start_years)
        self.block = TileBlock.of(context, package, tile, who, Lives.of(context, package, who.view, start))
        irregular = self.block.lives.irregular
        self.lively = None if irregular is None else (~irregular[:, None, :]).astype(float)
        self.later = Later(self.block)

    @property
    def start(self) -> np.ndarray:
        """When each group's arrangement starts, years, shape (group or 1, 1, draw)."""
        return self.block.start

    @cached_property
    def whole(self) -> Stretch:
        """The stretch with everybody in."""
        block, horizon = self.block, self.block.context.horizon
        start, end = np.minimum(block.start, horizon), block.lives.end
        ends = np.full((1, 1, 1), horizon) if block.caps is None else block.caps
        if block.caps is not None:
            end = np.clip(end, start, np.maximum(ends, start))
        return Stretch(block.who, start, start, end, True, ends)

    @cached_property
    def staff(self) -> StaffTerms:
        """Exits of staff where everybody is in at the start."""
        block = self.block
        return flows.staff_terms(
            block.context, block.package, block.view, block.who.rates, block.start, self.lively, block.staff_year
        )

    # -- pounds --------------------------------------------------------------------------------------------------------

    def _assembly(self, clock: Clock, *, by_line: bool, used: int) -> Assembly:
        """Return the flows of all draws with everybody in, and of the cells picked out."""
        block, forms = self.block, self.block.tile.variety.forms
        shape = (len(block.tile.councils), block.view.n_slots, block.context.n_draws)
        sheet = Sheet(shape, by_line=by_line, used=used)
        course = Course(clock, self.whole.start, None)
        marks = enter_stretch(sheet, self.whole, course, block.tile.variety, None)
        outlay = block.outlay(clock)
        delay = np.maximum(block.start - block.plan.start_years, 0.0)
        if self.lively is not None:
            delay = delay * self.lively
        enter_transition(sheet, block.who.one_off(forms), outlay.spending, self.lively, delay)
        enter_start(sheet, self.whole, course, self.staff, self.lively, forms, outlay)
        self._enter_first_exit(sheet, clock)
        return Assembly(block.tile, sheet, self.later.sheets(clock, marks, by_line=by_line), block.context.n_draws)

    def _enter_first_exit(self, sheet: Sheet, clock: Clock) -> None:
        """Enter what leaving costs those who are the first to go, and all of them where too few are left."""
        block, lives, end = self.block, self.block.lives, self.block.lives.end
        if lives.out is None or not block.who.leaving["exit_cost"].any():
            return
        weight = clock.when(end)
        if self.lively is not None:
            weight = weight * self.lively
        if block.caps is None and block.view.n_slots == lives.fewest:
            sheet.enter(sheet.shared, block.who.everybody_out, weight)
            return
        out = lives.out <= end
        if block.view.n_slots == lives.fewest:
            paying = np.ones_like(out)
        else:
            paying = out | (block.view.n_slots - out.sum(axis=1, keepdims=True) < lives.fewest)
        terms = flows.exit_terms(block.context, block.view, block.who.leaving, paying.astype(float))
        sheet.enter(sheet.shared, terms if block.caps is None else terms.while_there(end < block.caps), weight)

    # -- results -------------------------------------------------------------------------------------------------------

    def variants(self, used: int) -> Iterator[Variant]:
        """Yield the NPV of the tile's bundles, variant by variant, and the sums of their measures over the used
        draws."""
        yield from self._assembly(self.block.context.clock, by_line=False, used=used).variants(used)

    def lines(self, clock: Clock) -> dict[str, np.ndarray]:
        """Return pounds by line, each (bundle, partner slot, draw)."""
        return self._assembly(clock, by_line=True, used=self.block.context.n_draws).all(lambda part: part.lines, LINES)

    def result(self, clock: Clock) -> TileResult:
        """Return lines, NPV and measures of the tile's bundles draw by draw."""
        assembly = self._assembly(clock, by_line=True, used=self.block.context.n_draws)
        lines = assembly.all(lambda part: part.lines, LINES)
        measures = assembly.all(lambda part: part.counts, MEASURES)
        npv = np.zeros((len(self.block.tile.group), self.block.view.n_slots, self.block.context.n_draws))
        for name in flows.CASH_LINES:
            npv += lines[name]
        return TileResult(lines, npv, measures)


def _signed(context: Context, package: Package, tile: Tile) -> Partnership:
    """Return the terms of the groups of a tile with everybody in."""
    view = View(tile.councils, None, context.n_draws, tile_weights(context, tile.package, tile.councils))
    return Partnership(context, package, view, structure=True)


__all__ = ["MEASURES", "TileResult", "TileRun", "tile_weights"]
