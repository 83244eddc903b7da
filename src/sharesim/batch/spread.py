"""One very large appraisal split over workers in blocks of bundles x chunks of draws, with the same bits however cut.

A chunk of 1,024 draws of a bundle has the same bits whichever worker computes it, and with whatever other bundles; sums
over draws are added chunk by chunk in their order. So neither the cut nor which worker does a block changes a number
(docs/decisions/063-one-appraisal-over-many-workers.md).

Where the draws of all bundles fit the memory of the calling process, blocks hold draws. Where they do not, a block is
some bundles on all draws and holds their means and figures; draws are computed again when asked for, as in one process.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from sharesim.appraisal.context import Fixed
from sharesim.appraisal.engine import ChunkRun, block_sums, chunk_sizes, draw_plan, put_partners, tiles_of
from sharesim.appraisal.figures import FIGURES
from sharesim.appraisal.fixed_items import activation_draws
from sharesim.appraisal.outcomes import Outcomes
from sharesim.appraisal.resources import Cut, Resources
from sharesim.appraisal.sheets import MEASURES
from sharesim.appraisal.sweep import Sweep
from sharesim.batch.engines import Engine
from sharesim.batch.expand import Variant, identity, load_variant
from sharesim.batch.manifest import BatchFolder
from sharesim.batch.worker import Task
from sharesim.bundles.activations import Activations, activations
from sharesim.bundles.enumerate import candidates
from sharesim.bundles.table import BundleTable
from sharesim.errors import Fault, OutputError, UsageError
from sharesim.study.study import Study
from sharesim.uncertainty.draws import CHUNK
from sharesim.workflow.results import Appraisal

#: Bundle x partner slot x draw numbers of a block that brings draws: 64 MB, a few seconds to a minute of work.
BLOCK_NUMBERS = 2**23
#: Bundle x draw numbers of a block that brings figures, all in its worker's memory at once: 128 MB.
FIGURE_NUMBERS = 2**24
#: Of the memory there is, what the columns that all bundles share may take where no draws are kept.
SHARE_OF_COLUMNS = 0.2
SUMS = ("npv", *MEASURES)
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Source:
    """Where a worker finds the study; equal for equal identities.

    Parameters
    ----------
    run : str
    variant : Variant
    by : str
    """

    run: str
    variant: Variant = field(compare=False)
    by: str = field(compare=False)


@dataclass(frozen=True)
class Block:
    """A part of an appraisal.

    Parameters
    ----------
    source : Source
    root : Path
        The batch's folder.
    rows : (int, int)
        First bundle and the one after the last, in the order of `_order`.
    chunks : (int, int)
        First chunk and the one after the last.
    n_draws : int
        Draws of the whole appraisal.
    brings : {"draws", "figures"}
    """

    source: Source
    root: Path
    rows: tuple[int, int]
    chunks: tuple[int, int]
    n_draws: int
    brings: str = "draws"

    @property
    def draws(self) -> slice:
        """Which draws."""
        return slice(self.chunks[0] * CHUNK, min(self.chunks[1] * CHUNK, self.n_draws))

    @property
    def file(self) -> Path:
        """Where its numbers are kept."""
        words = "-".join(map(str, (self.brings, *self.rows, *self.chunks, self.n_draws)))
        return self.root / "blocks" / self.source.run / f"{words}.npz"


def blocks_of(source: Source, root: Path, shape: tuple[int, int, int], brings: str = "draws") -> list[Block]:
    """Cut an appraisal into blocks by its size alone, so that blocks made for another number of workers are used again.

    Parameters
    ----------
    shape : (bundle, partner slot, draw)
    """
    n_bundles, n_slots, n_draws = shape
    n_chunks = len(chunk_sizes(n_draws))
    most_rows = FIGURE_NUMBERS // n_draws if brings == "figures" else BLOCK_NUMBERS // (n_slots * CHUNK)
    n_wide = max(1, -(-n_bundles // max(1, most_rows)))
    step = max(1, -(-n_bundles // n_wide))
    deep = n_chunks
    if brings == "draws" and n_bundles:
        deep = max(1, BLOCK_NUMBERS // (min(step, n_bundles) * n_slots * CHUNK))
    rows = [(at, min(at + step, n_bundles)) for at in range(0, max(1, n_bundles), step)]
    chunks = [(at, min(at + deep, n_chunks)) for at in range(0, n_chunks, deep)]
    return [Block(source, root, row, chunk, n_draws, brings) for chunk, row in itertools.product(chunks, rows)]


@dataclass(frozen=True)
class _Prepared:
    """A study loaded to compute its blocks: its bundles, and the order in which they are cut."""

    study: Study
    table: BundleTable
    needs: Activations
    fixed: Fixed
    order: np.ndarray

    @staticmethod
    def of(study: Study) -> _Prepared:
        table = candidates(study)
        # As the engine works them: a block then needs the tables of few packages.
        order = np.lexsort((table.group, table.n_partners, table.package))
        return _Prepared(study, table, activations(study, table), Fixed.of(study), order)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Bundles, partner slots and draws."""
        return len(self.table), self.table.groups.partners.shape[1], self.study.model.run.draws

    def rows(self, block: Block) -> np.ndarray:
        """Return which bundles a block holds, ascending."""
        return np.sort(self.order[slice(*block.rows)])

    def shapes(self, block: Block) -> dict[str, tuple[int, ...]]:
        """Return the shape of each array that a block holds, by name."""
        n_rows, n_slots = block.rows[1] - block.rows[0], self.shape[1]
        if block.brings == "figures":
            means = {f"mean.{name}": (n_rows, n_slots) for name in SUMS}
            return {**means, **{f"figure.{name}": (n_rows,) for name in FIGURES}}
        n_draws = block.draws.stop - block.draws.start
        found: dict[str, tuple[int, ...]] = {"npv": (n_rows, n_slots, n_draws)}
        found |= {f"sum.{name}": (block.chunks[1] - block.chunks[0], n_rows, n_slots) for name in SUMS}
        if block.rows[0] == 0:
            # The columns that all bundles share come with the first of them.
            found["activations"] = (len(self.needs.columns), len(self.study.councils), n_draws)
        return found


def work_block(block: Block) -> None:
    """Compute a block and write its arrays into its file, unless they are there."""
    ready = _prepared(block.source)
    if _read(block, ready) is not None:
        return
    arrays = _figures(block, ready) if block.brings == "figures" else _draws(block, ready)
    block.file.parent.mkdir(parents=True, exist_ok=True)
    with BatchFolder(block.root).desk() as aside:
        with open(aside, "wb") as stream:
            np.savez(stream, **arrays)  # type: ignore[arg-type]  # no array is called allow_pickle
        os.replace(aside, block.file)


def _figures(block: Block, ready: _Prepared) -> Arrays:
    plan = draw_plan(ready.study, seed=ready.study.model.run.seed, purpose="choose", n_draws=block.n_draws)
    means, found = Sweep(ready.fixed, plan, block.n_draws, ready.table.take(ready.rows(block))).figures(
        ready.needs, None
    )
    return {f"mean.{name}": mean for name, mean in means.items()} | {
        f"figure.{name}": each for name, each in found.items()
    }


def _draws(block: Block, ready: _Prepared) -> Arrays:
    plan = draw_plan(ready.study, seed=ready.study.model.run.seed, purpose="choose", n_draws=block.n_draws)
    part, found = (
        ready.table.take(ready.rows(block)),
        {name: np.zeros(shape) for name, shape in ready.shapes(block).items()},
    )
    cut = Cut()
    tiles, (first_chunk, last_chunk) = tiles_of(part, cut.tile_slots), block.chunks
    for first in range(first_chunk, last_chunk, cut.block_chunks):
        last = min(first + cut.block_chunks, last_chunk)
        begin, end = first * CHUNK - block.draws.start, min(last * CHUNK, block.n_draws) - block.draws.start
        run = ChunkRun(ready.fixed, plan.values(first, last), first * CHUNK, end - begin)
        into = found["npv"][..., begin:end]
        sums = block_sums(run, tiles, into.shape[:2], partial(put_partners, into))
        for name, each in sums.items():
            found[f"sum.{name}"][first - first_chunk : last - first_chunk] = each
        if "activations" in found:
            worth = activation_draws(run.context, ready.needs.columns, run.context.clock)
            found["activations"][..., begin:end] = worth[..., : end - begin]
    return found


# Kept by the process: a study may take longer to read and its bundles to list than a block takes to work.
@lru_cache(maxsize=1)
def _prepared(source: Source) -> _Prepared:
    study = load_variant(source.variant, source.by)
    if identity(study) != source.run:
        raise UsageError(
            Fault(str(source.variant.study), "changed while the batch ran", "", "", "Give the same command again.")
        )
    return _Prepared.of(study)


def _read(block: Block, ready: _Prepared) -> Arrays | None:
    """Return a block's numbers, or None where they are missing or damaged; the archive's checksums tell."""
    try:
        with np.load(block.file, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    whole = {name: array.shape for name, array in arrays.items()} == ready.shapes(block)
    return arrays if whole and all(array.dtype == np.float64 for array in arrays.values()) else None


@contextlib.contextmanager
def spread_appraise(task: Task, engine: Engine) -> Iterator[Callable[..., Appraisal]]:
    """Yield a function that appraises in blocks on an engine; the blocks are deleted once the run is done."""
    source, folder = Source(task.run, task.variant, task.by), BatchFolder(task.root)

    def appraise(
        study: Study, *, draws: int | None = None, seed: int | None = None, jobs: int | None = None, progress=None
    ) -> Appraisal:
        ready = _Prepared.of(study)
        # A quarter of the machine's memory, as in one process; the bits are the same either way.
        kept = Resources().kept(int(np.prod(ready.shape, dtype=float)))
        blocks = blocks_of(source, task.root, ready.shape, "draws" if kept == "memory" else "figures")
        for number, _ in enumerate(_worked(blocks, engine), 1):
            if progress is not None:
                progress(number, len(blocks))
        return Appraisal(study, _gathered(ready, blocks, jobs or 1), study.model.run.seed)

    yield appraise
    if folder.finished(task.run) is not None:
        forget_blocks(folder, task.run)


def forget_blocks(folder: BatchFolder, run: str) -> None:
    """Remove the blocks of a run."""
    shutil.rmtree(folder.root / "blocks" / run, ignore_errors=True)
    with contextlib.suppress(OSError):
        (folder.root / "blocks").rmdir()


def _worked(blocks: list[Block], engine: Engine) -> Iterator[Block]:
    """Yield each block when it is finished; at most as many as the engine's window are under way."""
    left, under_way = iter(blocks), dict[Future, Block]()
    while True:
        for block in itertools.islice(left, engine.window - len(under_way)):
            under_way[engine.submit(work_block, block)] = block
        if not under_way:
            return
        for future in wait(under_way, return_when=FIRST_COMPLETED).done:
            block = under_way.pop(future)
            future.result()
            yield block


def _gathered(ready: _Prepared, blocks: list[Block], jobs: int) -> Outcomes:
    """Assemble the blocks into the outcomes that one process would have computed."""
    run, (n_bundles, n_slots, n_draws) = ready.study.model.run, ready.shape
    plan = draw_plan(ready.study, seed=run.seed, purpose="choose", n_draws=n_draws)
    means = {name: np.zeros((n_bundles, n_slots)) for name in SUMS}
    common = (ready.study, ready.table, ready.needs, plan, n_draws)
    if blocks[0].brings == "figures":
        found = {name: np.zeros(n_bundles) for name in FIGURES}
        for rows, arrays in _all_read(blocks, ready):
            for name, mean in means.items():
                mean[rows] = arrays[f"mean.{name}"]
            for name, figure in found.items():
                figure[rows] = arrays[f"figure.{name}"]
        npv_means = means.pop("npv")
        return _with_columns(Outcomes(*common, None, means, None, found, jobs, npv_means))
    npv, columns = np.empty(ready.shape), np.empty((len(ready.needs.columns), len(ready.study.councils), n_draws))
    for (rows, arrays), block in zip(_all_read(blocks, ready), blocks, strict=True):
        npv[rows, :, block.draws] = arrays["npv"]
        if "activations" in arrays:
            columns[:, :, block.draws] = arrays["activations"]
        # Chunk by chunk in their order: the blocks are sorted by chunks first.
        for name, total in means.items():
            for chunk in arrays[f"sum.{name}"]:
                total[rows] += chunk
    means = {name: total / n_draws for name, total in means.items()}
    npv_means = means.pop("npv")
    return Outcomes(*common, npv, means, columns, {}, jobs, npv_means)


def _with_columns(outcomes: Outcomes) -> Outcomes:
    """Work out the columns that all bundles share, where they are small beside the memory there is."""
    numbers = len(outcomes.activations.columns) * len(outcomes.study.councils) * outcomes.n_draws
    small = 8 * numbers <= SHARE_OF_COLUMNS * Resources().budget_bytes
    return replace(outcomes, kept_activations=outcomes.activation_npv) if small else outcomes


def _all_read(blocks: list[Block], ready: _Prepared) -> Iterator[tuple[np.ndarray, Arrays]]:
    """Yield the bundles of each block and its numbers."""
    for block in blocks:
        arrays = _read(block, ready)
        if arrays is None:
            told = "a block was written but cannot be read"
            raise OutputError(Fault(str(block.file), told, "", "", "Give the same command again."))
        yield ready.rows(block), arrays


__all__ = [
    "BLOCK_NUMBERS",
    "FIGURE_NUMBERS",
    "Block",
    "Source",
    "blocks_of",
    "forget_blocks",
    "spread_appraise",
    "work_block",
]
