"""Tiles of bundles x chunks of draws through the formulas, under a memory budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sharesim.appraisal.assembly import TileResult, Variant
from sharesim.appraisal.context import Context, Fixed
from sharesim.appraisal.fixed_items import activation_draws
from sharesim.appraisal.flows import CASH_LINES
from sharesim.appraisal.joining import run_of
from sharesim.appraisal.resources import keep_freed_memory
from sharesim.appraisal.savings import over_slots
from sharesim.appraisal.sheets import MEASURES, chunk_sums
from sharesim.appraisal.staging import package_of
from sharesim.appraisal.tables import Package
from sharesim.appraisal.tile import Tile
from sharesim.appraisal.timing import Clock
from sharesim.bundles.activations import Activations
from sharesim.bundles.table import BundleTable
from sharesim.study.study import Study
from sharesim.uncertainty.amounts import balanced
from sharesim.uncertainty.draws import CHUNK, DrawPlan

#: Partner slots of the groups in a tile, where a single chunk is worked.
TILE_SLOTS = 32

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class PlacedTile:
    """A tile and the rows of the bundle table that it holds."""

    rows: np.ndarray
    tile: Tile


def tiles_of(table: BundleTable, slots: int = TILE_SLOTS) -> list[PlacedTile]:
    """Cut a table into tiles: bundles of one package, one number of partners and one start, a few groups at a time.

    Where the cuts fall moves no bit of any result: every formula works draw by draw and group by group.
    """
    if not len(table):
        return []
    if table.joins is not None:
        return _with_joiners(table, slots)
    order = np.lexsort((table.start_years, table.group, table.n_partners, table.package))
    key = np.stack([table.package[order], table.n_partners[order]])
    edges = np.flatnonzero((np.diff(key, axis=1) != 0).any(axis=0)) + 1
    result = []
    for rows in np.split(order, edges):
        n_slots = int(table.n_partners[rows[0]])
        most = max(1, slots // n_slots)
        groups = np.unique(table.group[rows])
        for at in range(0, len(groups), most):
            here = groups[at : at + most]
            inside = rows[(table.group[rows] >= here[0]) & (table.group[rows] <= here[-1])]
            # The tiles of all starts hold the same array, so that what does not depend on the start is worked out once.
            councils = table.groups.partners[here, :n_slots]
            for start in np.unique(table.start_years[inside]):
                some = inside[table.start_years[inside] == start]
                group = np.searchsorted(here, table.group[some])
                tile = Tile(
                    int(table.package[some[0]]),
                    float(start),
                    councils,
                    group,
                    table.form[some],
                    table.host_share[some, :n_slots],
                )
                result.append(PlacedTile(some, tile))
    return result


def draw_plan(
    study: Study, *, seed: int, purpose: str, n_draws: int, replicate: int = 0, scrambles: int | None = None
) -> DrawPlan:
    """Return the plan by which a study's drivers are drawn; draws that its scrambles cannot share are one scramble."""
    run = study.model.run
    if scrambles is None:
        scrambles = run.scrambles if run.method == "sobol" and balanced("sobol", n_draws, run.scrambles) else 1
    return DrawPlan(
        study.drivers,
        seed=seed,
        purpose=purpose,
        replicate=replicate,
        method=run.method,
        dependence=study.dependence,
        n_draws=n_draws,
        scrambles=scrambles,
    )


def chunk_sizes(n_draws: int) -> list[int]:
    """Return the draws of each chunk; only the last may be short."""
    return [min(CHUNK, n_draws - begin) for begin in range(0, n_draws, CHUNK)]


def _with_joiners(table: BundleTable, slots: int) -> list[PlacedTile]:
    """Cut a table in which others join some bundles: each of those is a tile of its own."""
    assert table.joins is not None and table.arrangement is not None
    joined = (table.joins > 0).any(axis=1)
    plain = np.flatnonzero(~joined)
    rest = replace(table.take(plain), joins=None, arrangement=None)
    result = [PlacedTile(plain[placed.rows], placed.tile) for placed in tiles_of(rest, slots)]
    for row in np.flatnonzero(joined):
        n_slots = int(table.n_partners[row])
        councils, one = table.partners[row : row + 1, :n_slots], slice(row, row + 1)
        tile = Tile(
            int(table.package[row]), float(table.start_years[row]), councils, np.zeros(1, np.int64), table.form[one],
            table.host_share[one, :n_slots], table.joins[row, :n_slots], int(table.arrangement[row]),
        )  # fmt: skip
        result.append(PlacedTile(np.array([row]), tile))
    return result


class ChunkRun:
    """One chunk of a study's draws, or a few in a row, ready to be put to any bundles.

    Chunks are always worked whole, so that no draw knows how many others were asked for; `used` of the draws count.
    """

    def __init__(self, fixed: Fixed, values: np.ndarray, first: int, used: int) -> None:
        keep_freed_memory()
        self.context, self.first, self.used = Context(fixed, values), first, used
        self._packages: dict[int, Package] = {}

    def package(self, index: int) -> Package:
        """Return a package's tables, worked out once in the chunk while its tiles are in turn."""
        if index not in self._packages:
            self._packages = {index: package_of(self.context, index)}
        return self._packages[index]

    def variants(self, tiles: list[PlacedTile]) -> Iterator[tuple[PlacedTile, Variant]]:
        """Yield NPV and sums of measures tile by tile and variant by variant."""
        for placed in tiles:
            tile_run = run_of(self.context, self.package(placed.tile.package), placed.tile)
            for variant in tile_run.variants(self.used):
                yield placed, variant
        self.context.forget()

    def results(self, tiles: list[PlacedTile]) -> Iterator[tuple[np.ndarray, TileResult]]:
        """Yield (rows of the table, result) tile by tile, valued by the council-value clock."""
        for placed in tiles:
            yield (
                placed.rows,
                run_of(self.context, self.package(placed.tile.package), placed.tile).result(self.context.clock),
            )

    def years(
        self, tiles: list[PlacedTile], *, all_funds: bool = False
    ) -> Iterator[tuple[np.ndarray, int, dict[str, np.ndarray]]]:
        """Yield (rows, year, lines in undiscounted real pounds) tile by tile and year by year.

        Parameters
        ----------
        all_funds : bool
            Count every pound, not only those of the General Fund: what most published figures do.
        """
        clocks = [self.context.year_clock(year) for year in range(self.context.study.n_years)]
        for placed in tiles:
            index = placed.tile.package
            package = package_of(self.context, index, all_funds=True) if all_funds else self.package(index)
            run = run_of(self.context, package, placed.tile)
            for year, clock in enumerate(clocks):
                lines = run.lines(clock)
                if "carbon_tonnes" in lines:
                    # Costs grow, tonnes do not.
                    lines["carbon_tonnes"] /= self.context.growth[year]
                yield placed.rows, year, lines


@dataclass(frozen=True)
class ChunkTotals:
    """What a few chunks in a row contribute to means, and their NPV draws.

    Parameters
    ----------
    npv : ndarray, shape (bundle, partner slot, draw)
    sums : dict of str to ndarray, shape (chunk, bundle, partner slot)
    activations : ndarray, shape (activation, council, draw)
    """

    npv: np.ndarray
    sums: dict[str, np.ndarray]
    activations: np.ndarray


def chunk_totals(run: ChunkRun, table: BundleTable, activations: Activations, tiles: list[PlacedTile]) -> ChunkTotals:
    """Work all bundles through a few chunks in a row."""
    npv = np.zeros((len(table), table.groups.partners.shape[1], run.used))
    sums = block_sums(run, tiles, npv.shape[:2], lambda rows, found: put_partners(npv, rows, found))
    del sums["npv"]
    columns = activation_draws(run.context, activations.columns, run.context.clock)
    return ChunkTotals(npv, sums, columns[..., : run.used])


#: Takes the rows of some bundles and their NPV (bundle, partner slot, draw).
Sink = Callable[[np.ndarray, np.ndarray], None]


def put_partners(into: np.ndarray, rows: np.ndarray, npv: np.ndarray) -> None:
    """Put NPV by partner into an array (bundle, partner slot, draw)."""
    into[rows, : npv.shape[1]] = npv[..., : into.shape[-1]]


def put_totals(into: np.ndarray, rows: np.ndarray, npv: np.ndarray) -> None:
    """Put NPV of all partners together into an array (bundle, draw)."""
    into[rows] = over_slots(npv)[:, 0, : into.shape[-1]]


def block_sums(run: ChunkRun, tiles: list[PlacedTile], shape: tuple[int, int], sink: Sink) -> dict[str, np.ndarray]:
    """Work bundles through a block and hand their NPV to a sink.

    Parameters
    ----------
    shape : (bundle, partner slot)

    Returns
    -------
    dict of str to ndarray, shape (chunk, bundle, partner slot)
        Sums over draws of the NPV (``npv``) and of the measures.
    """
    sums = {name: np.zeros((-(-run.used // CHUNK), *shape)) for name in ("npv", *MEASURES)}
    for placed, variant in run.variants(tiles):
        rows, n_slots = placed.rows[variant.at], variant.npv.shape[1]
        sink(rows, variant.npv)
        for name, total in variant.sums.items():
            sums[name][:, rows, :n_slots] = total
    return sums


def in_order(work: Callable[[int], Any], n_blocks: int, jobs: int) -> Iterator[Any]:
    """Yield what blocks give in their order, however many threads work on them."""
    if jobs <= 1 or n_blocks == 1:
        yield from (work(number) for number in range(n_blocks))
        return
    with ThreadPoolExecutor(jobs) as pool:
        # No more than one block ahead of each thread, so that memory does not grow with the number of draws.
        ahead = [pool.submit(work, number) for number in range(min(2 * jobs, n_blocks))]
        for number in range(n_blocks):
            yield ahead.pop(0).result()
            if (later := number + 2 * jobs) < n_blocks:
                ahead.append(pool.submit(work, later))


__all__ = [
    "CASH_LINES",
    "ChunkRun",
    "ChunkTotals",
    "Clock",
    "PlacedTile",
    "block_sums",
    "chunk_sizes",
    "chunk_sums",
    "chunk_totals",
    "draw_plan",
    "in_order",
    "put_partners",
    "put_totals",
    "tiles_of",
]
