"""Bundles through all draws, block by block and strip by strip, so that memory follows the budget and not the study."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sharesim.appraisal.context import Fixed
from sharesim.appraisal.engine import (
    ChunkRun,
    PlacedTile,
    Sink,
    block_sums,
    in_order,
    put_partners,
    put_totals,
    tiles_of,
)  # fmt: skip
from sharesim.appraisal.figures import FIGURES, figures_of, weighted_sum
from sharesim.appraisal.fixed_items import activation_draws
from sharesim.appraisal.resources import Cut
from sharesim.bundles.activations import Activations
from sharesim.bundles.table import BundleTable
from sharesim.uncertainty.draws import CHUNK, DrawPlan

#: Bundles whose figures are worked out at once.
FIGURE_ROWS = 256


class Sweep:
    """Works bundles through all draws of a plan.

    Parameters
    ----------
    fixed : Fixed
    plan : DrawPlan
    n_draws : int
    table : BundleTable
    jobs : int
        Threads, each on a block of draws of its own.
    cut : Cut, optional
        How draws and bundles are cut; where the cuts fall moves no bit of any result.
    progress : callable (done, of), optional
    """

    def __init__(
        self, fixed: Fixed, plan: DrawPlan, n_draws: int, table: BundleTable, *, jobs: int = 1, cut: Cut | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:  # fmt: skip
        self.fixed, self.plan, self.n_draws, self.table, self.jobs = fixed, plan, n_draws, table, jobs
        self.cut = cut or Cut()
        self.progress = progress
        self.shape = (len(table), table.groups.partners.shape[1])
        self.blocks = self.cut.blocks(n_draws)
        self._done = 0

    def partners(
        self, into: np.ndarray, needs: Activations | None = None, columns: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Put the NPV by partner into an array (bundle, partner slot, draw) and return all means by name, (bundle,
        partner slot).

        Parameters
        ----------
        needs : Activations, optional
        columns : ndarray, shape (activation, council, draw), optional
            Where to put the NPV of the activation columns.
        """
        means: dict[str, np.ndarray] = {}
        for number, rows in enumerate(self._strips()):

            def sink(first: int, used: int, rows: np.ndarray = rows) -> Callable[[np.ndarray, np.ndarray], None]:
                return lambda at, npv: put_partners(into[..., first : first + used], rows[at], npv)

            self._collect(means, rows, sink, needs if number == 0 else None, columns)
        return means

    def figures(
        self, needs: Activations, columns: np.ndarray | None
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Return means by name, (bundle, partner slot), and the figures of every bundle, (bundle,); no draws are
        kept."""
        means: dict[str, np.ndarray] = {}
        found = {name: np.zeros(len(self.table)) for name in FIGURES}
        totals = np.empty((min(self.cut.strip_rows, len(self.table)), self.n_draws))
        for number, rows in enumerate(self._strips()):
            here = totals[: len(rows)]

            def sink(first: int, used: int, into: np.ndarray = here) -> Callable[[np.ndarray, np.ndarray], None]:
                return lambda at, npv: put_totals(into[:, first : first + used], at, npv)

            self._collect(means, rows, sink, needs if number == 0 else None, columns)
            for begin in range(0, len(rows), FIGURE_ROWS):
                few = slice(begin, begin + FIGURE_ROWS)
                for name, figure in figures_of(here[few], self.plan).items():
                    found[name][rows[few]] = figure
        return means, found

    def weighted(self, used: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Return the sum over some draws of weight x NPV for every bundle, shape (bundle,); only their chunks are
        worked."""
        result = np.zeros(len(self.table))
        for rows in self._strips():
            npv = np.zeros((len(rows), self.shape[1], len(used)))
            tiles = tiles_of(self.table.take(rows))
            for chunk in np.unique(used // CHUNK):
                inside = used // CHUNK == chunk
                run = self._run(int(chunk), min(CHUNK, self.n_draws - int(chunk) * CHUNK), 1)
                at = used[inside] - int(chunk) * CHUNK
                block_sums(run, tiles, npv.shape[:2], _picker(npv, at, inside))
            result[rows] = weighted_sum(npv, weight)
        return result

    # -- the work ------------------------------------------------------------------------------------------------------

    @property
    def _n_strips(self) -> int:
        return max(1, -(-len(self.table) // self.cut.strip_rows))

    def _strips(self) -> list[np.ndarray]:
        """Rows of bundles that are worked through all draws together: neighbours in the order of tiles."""
        order = np.lexsort((self.table.group, self.table.n_partners, self.table.package))
        return [np.sort(part) for part in np.array_split(order, self._n_strips)]

    def _run(self, first: int, used: int, n_chunks: int) -> ChunkRun:
        return ChunkRun(self.fixed, self.plan.values(first, first + n_chunks), first * CHUNK, used)

    def _collect(
        self,
        means: dict[str, np.ndarray],
        rows: np.ndarray,
        sink: Callable[[int, int], Callable[[np.ndarray, np.ndarray], None]],
        needs: Activations | None,
        columns: np.ndarray | None,
    ) -> None:
        """Work some bundles through all blocks and enter their means; sums are added chunk by chunk in their order."""
        whole = len(rows) == len(self.table)
        part = self.table if whole else self.table.take(rows)
        tiles: list[PlacedTile] = tiles_of(part, self.cut.tile_slots)
        shape = (len(part), self.shape[1])

        def work(number: int) -> dict[str, np.ndarray]:
            first, used = self.blocks[number]
            run = self._run(first, used, -(-used // CHUNK))
            sums = block_sums(run, tiles, shape, sink(first * CHUNK, used))
            if needs is not None and columns is not None:
                worth = activation_draws(run.context, needs.columns, run.context.clock)
                columns[..., first * CHUNK : first * CHUNK + used] = worth[..., :used]
            return sums

        totals: dict[str, Any] = {}
        for sums in in_order(work, len(self.blocks), self.jobs):
            for name, chunks in sums.items():
                total = totals.setdefault(name, np.zeros(shape))
                for chunk in chunks:
                    total += chunk
            self._tell()
        for name, total in totals.items():
            means.setdefault(name, np.zeros(self.shape))[rows] = total / self.n_draws

    def _tell(self) -> None:
        self._done += 1
        if self.progress is not None:
            self.progress(self._done, len(self.blocks) * self._n_strips)


def _picker(into: np.ndarray, at: np.ndarray, inside: np.ndarray) -> Sink:
    """Return a sink that keeps some draws of a chunk.

    Parameters
    ----------
    into : ndarray, shape (bundle, partner slot, kept draw)
    at : ndarray of int
        Positions in the chunk of the draws to keep.
    inside : ndarray, shape (kept draw,), bool
        Which of the kept draws they are.
    """
    places = np.flatnonzero(inside)

    def sink(rows: np.ndarray, npv: np.ndarray) -> None:
        into[np.ix_(rows, np.arange(npv.shape[1]), places)] = npv[..., at]

    return sink


__all__ = ["Sweep"]
