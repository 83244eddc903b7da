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
from sharesim.appraisal.later import Later
from sharesim.appraisal.lives import Lives
from sharesim.appraisal.partnership import Partnership
from sharesim.appraisal.shares import split_weights
from sharesim.appraisal.sheets import MEASURES, Sheet
from sharesim.appraisal.stretches import Outlay, Stretch, Variety, enter_start, enter_stretch, enter_transition
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
    joins : ndarray or None, shape (partner slot,)
        Planned years in which partners of a single bundle join later, 0 for those who begin; None where nobody joins.
    arrangement : int
        Which of the study's named arrangements a bundle with joiners is.
    """

    package: int
    start_years: float
    councils: np.ndarray
    group: np.ndarray
    form: np.ndarray
    host_share: np.ndarray
    joins: np.ndarray | None = None
    arrangement: int = -1

    @cached_property
    def _hosting(self) -> tuple[np.ndarray, np.ndarray]:
        return np.unique(self.host_share, axis=0, return_inverse=True)

    @cached_property
    def variety(self) -> Variety:
        """Forms and host patterns of the tile's bundles."""
        return Variety(tuple(sorted({int(form) for form in self.form})), tuple(self._hosting[0]))

    @cached_property
    def variants(self) -> list[tuple[int, int, np.ndarray]]:
        """Form, host pattern and positions of the bundles that have them, by form."""
        n_patterns = len(self._hosting[0])
        key = self.form.astype(np.int64) * n_patterns + self._hosting[1].ravel()
        return [(int(at) // n_patterns, int(at) % n_patterns, np.flatnonzero(key == at)) for at in np.unique(key)]


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
        self.context, self.package, self.tile, self.variety = context, package, tile, tile.variety
        self.plan = Plan.of(context.study, tile.start_years)
        # Neighbouring tiles differ in their start only, and share the terms of their groups.
        self.who = context.remembered((id(package), id(tile.councils)), (package, tile.councils), self._partnership)
        self.view = self.who.view
        self.start = actual_start(context, package, self.view, tile.start_years)
        self.lives = Lives.of(context, package, self.view, self.start)
        self.lively = None if self.lives.irregular is None else (~self.lives.irregular[:, None, :]).astype(float)
        caps = context.fixed.cap_years[tile.councils]
        self.caps = np.minimum(caps, context.horizon)[..., None] if (caps < context.horizon).any() else None
        self.later = Later(self)

    def _partnership(self) -> Partnership:
        weights = tile_weights(self.context, self.tile.package, self.tile.councils)
        view = View(self.tile.councils, None, self.context.n_draws, weights)
        return Partnership(self.context, self.package, view, structure=True)

    @cached_property
    def whole(self) -> Stretch:
        """The stretch with everybody in."""
        start, end = np.minimum(self.start, self.context.horizon), self.lives.end
        ends = np.full((1, 1, 1), self.context.horizon) if self.caps is None else self.caps
        if self.caps is not None:
            end = np.clip(end, start, np.maximum(ends, start))
        return Stretch(self.who, start, start, end, True, ends)

    @property
    def staff_year(self) -> int:
        """Calendar year in which redundancy is paid."""
        return self.context.study.first_year + self.plan.staff_year(self.context.study.n_years)

    @cached_property
    def staff(self) -> StaffTerms:
        """Exits of staff where everybody is in at the start."""
        return flows.staff_terms(
            self.context, self.package, self.view, self.who.rates, self.start, self.lively, self.staff_year
        )

    def outlay(self, clock: Clock) -> Outlay:
        """Return the weights of what is paid once because of the start."""
        staff = float(clock.one_off[self.plan.staff_year(clock.n_years)])
        return Outlay(float(self.plan.spending @ clock.one_off), staff, float(self.plan.strain @ clock.one_off))

    # -- pounds --------------------------------------------------------------------------------------------------------

    def _assembly(self, clock: Clock, *, by_line: bool, used: int) -> Assembly:
        """Return the flows of all draws with everybody in, and of the cells picked out."""
        shape = (len(self.tile.councils), self.view.n_slots, self.context.n_draws)
        sheet = Sheet(shape, by_line=by_line, used=used)
        course = Course(clock, self.whole.start, None)
        marks = enter_stretch(sheet, self.whole, course, self.variety, None)
        outlay, forms = self.outlay(clock), self.variety.forms
        delay = np.maximum(self.start - self.plan.start_years, 0.0)
        if self.lively is not None:
            delay = delay * self.lively
        enter_transition(sheet, self.who.one_off(forms), outlay.spending, self.lively, delay)
        enter_start(sheet, self.whole, course, self.staff, self.lively, forms, outlay)
        self._enter_first_exit(sheet, clock)
        return Assembly(self.tile, sheet, self.later.sheets(clock, marks, by_line=by_line), self.context.n_draws)

    def _enter_first_exit(self, sheet: Sheet, clock: Clock) -> None:
        """Enter what leaving costs those who are the first to go, and all of them where too few are left."""
        lives, end = self.lives, self.lives.end
        if lives.out is None or not self.who.leaving["exit_cost"].any():
            return
        weight = clock.when(end)
        if self.lively is not None:
            weight = weight * self.lively
        if self.caps is None and self.view.n_slots == lives.fewest:
            sheet.enter(sheet.shared, self.who.everybody_out, weight)
            return
        out = lives.out <= end
        if self.view.n_slots == lives.fewest:
            paying = np.ones_like(out)
        else:
            paying = out | (self.view.n_slots - out.sum(axis=1, keepdims=True) < lives.fewest)
        terms = flows.exit_terms(self.context, self.view, self.who.leaving, paying.astype(float))
        sheet.enter(sheet.shared, terms if self.caps is None else terms.while_there(end < self.caps), weight)

    # -- results -------------------------------------------------------------------------------------------------------

    def variants(self, used: int) -> Iterator[Variant]:
        """Yield the NPV of the tile's bundles, variant by variant, and the sums of their measures over the used
        draws."""
        yield from self._assembly(self.context.clock, by_line=False, used=used).variants(used)

    def lines(self, clock: Clock) -> dict[str, np.ndarray]:
        """Return pounds by line, each (bundle, partner slot, draw)."""
        return self._assembly(clock, by_line=True, used=self.context.n_draws).all(lambda part: part.lines, LINES)

    def result(self, clock: Clock) -> TileResult:
        """Return lines, NPV and measures of the tile's bundles draw by draw."""
        assembly = self._assembly(clock, by_line=True, used=self.context.n_draws)
        lines = assembly.all(lambda part: part.lines, LINES)
        measures = assembly.all(lambda part: part.counts, MEASURES)
        npv = np.zeros((len(self.tile.group), self.view.n_slots, self.context.n_draws))
        for name in flows.CASH_LINES:
            npv += lines[name]
        return TileResult(lines, npv, measures)


__all__ = ["MEASURES", "Tile", "TileResult", "TileRun"]
