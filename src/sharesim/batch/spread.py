"""One very large appraisal over many workers: blocks of bundles x chunks of draws, the same bits however dealt.

A chunk of 1,024 draws of a bundle has the same bits whoever works it and with whatever beside it; sums over draws are
added chunk by chunk in their order. So where the blocks are cut, and who does which, moves nothing
(docs/decisions/063-one-appraisal-over-many-workers.md).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from sharesim.appraisal.context import Fixed
from sharesim.appraisal.engine import BLOCK_CHUNKS, ChunkRun, chunk_sizes, chunk_totals, draw_plan, tiles_of
from sharesim.appraisal.outcomes import Outcomes
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

#: Bundle x partner slot x draw numbers of a block: 64 MB, a few seconds to a minute of work.
BLOCK_NUMBERS = 2**23
#: Beyond this many numbers (2 GB) the parent keeps the draws in a file.
MOST_IN_MEMORY = 2**28


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
        First bundle and the one after the last.
    chunks : (int, int)
        First chunk and the one after the last.
    n_draws : int
        Draws of the whole appraisal.
    """

    source: Source
    root: Path
    rows: tuple[int, int]
    chunks: tuple[int, int]
    n_draws: int

    @property
    def draws(self) -> slice:
        """Which draws."""
        return slice(self.chunks[0] * CHUNK, min(self.chunks[1] * CHUNK, self.n_draws))

    @property
    def file(self) -> Path:
        """Where its numbers are kept."""
        words = "-".join(map(str, (*self.rows, *self.chunks, self.n_draws)))
        return self.root / "blocks" / self.source.run / f"{words}.npz"


def blocks_of(source: Source, root: Path, n_bundles: int, n_slots: int, n_draws: int) -> list[Block]:
    """Cut an appraisal into blocks; by its size alone, so that what was done for other workers is found again."""
    n_chunks = len(chunk_sizes(n_draws))
    most_rows = max(1, BLOCK_NUMBERS // (n_slots * CHUNK))
    n_wide = max(1, -(-n_bundles // most_rows))
    step = max(1, -(-n_bundles // n_wide))
    deep = max(1, BLOCK_NUMBERS // (min(step, n_bundles) * n_slots * CHUNK)) if n_bundles else n_chunks
    rows = [(at, min(at + step, n_bundles)) for at in range(0, max(1, n_bundles), step)]
    chunks = [(at, min(at + deep, n_chunks)) for at in range(0, n_chunks, deep)]
    return [Block(source, root, row, chunk, n_draws) for chunk, row in itertools.product(chunks, rows)]


def work_block(block: Block) -> None:
    """Work a block and put its numbers into its file, unless they are there."""
    study, table, needs, fixed = _prepared(block.source)
    part = table.take(np.arange(*block.rows))
    if _read(block, part, needs, study) is not None:
        return
    run, tiles = study.model.run, tiles_of(part)
    plan = draw_plan(study, seed=run.seed, purpose="choose", n_draws=block.n_draws)
    totals = []
    for first in range(block.chunks[0], block.chunks[1], BLOCK_CHUNKS):
        last = min(first + BLOCK_CHUNKS, block.chunks[1])
        used = min(last * CHUNK, block.n_draws) - first * CHUNK
        totals.append(
            chunk_totals(
                ChunkRun(fixed, plan.values(first, last), first * CHUNK, used), part, activations(study, part), tiles
            )
        )
    arrays = {f"sum.{name}": np.concatenate([item.sums[name] for item in totals]) for name in totals[0].sums}
    arrays["npv"] = np.concatenate([item.npv for item in totals], axis=-1)
    arrays["activations"] = np.concatenate([item.activations for item in totals], axis=-1)
    block.file.parent.mkdir(parents=True, exist_ok=True)
    with BatchFolder(block.root).desk() as aside:
        with open(aside, "wb") as stream:
            np.savez(stream, **arrays)
        os.replace(aside, block.file)


# Kept by the process: a study may take longer to read and its bundles to list than a block takes to work.
@lru_cache(maxsize=1)
def _prepared(source: Source) -> tuple[Study, BundleTable, Activations, Fixed]:
    study = load_variant(source.variant, source.by)
    if identity(study) != source.run:
        raise UsageError(
            Fault(str(source.variant.study), "changed while the batch ran", "", "", "Give the same command again.")
        )
    table = candidates(study)
    return study, table, activations(study, table), Fixed.of(study)


def _read(block: Block, part: BundleTable, needs: Activations, study: Study) -> dict[str, np.ndarray] | None:
    """Return a block's numbers, or None where they are missing or damaged; the archive's checksums tell."""
    n_draws = block.draws.stop - block.draws.start
    try:
        with np.load(block.file, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        whole = arrays["npv"].shape == (len(part), part.groups.partners.shape[1], n_draws)
        return (
            arrays
            if whole and arrays["activations"].shape == (len(needs.columns), len(study.councils), n_draws)
            else None
        )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


@contextlib.contextmanager
def spread_appraise(task: Task, engine: Engine) -> Iterator[Callable[..., Appraisal]]:
    """Give a stand-in for `doors.appraise` whose blocks an engine works; their files go when the run is done."""
    source, folder = Source(task.run, task.variant, task.by), BatchFolder(task.root)

    def appraise(
        study: Study, *, draws: int | None = None, seed: int | None = None, jobs: int | None = None, progress=None
    ) -> Appraisal:
        run, table = study.model.run, candidates(study)
        shape = (len(table), table.groups.partners.shape[1], run.draws)
        blocks = blocks_of(source, task.root, *shape)
        for number, _ in enumerate(_worked(blocks, engine), 1):
            if progress is not None:
                progress(number, len(blocks))
        return Appraisal(study, _gathered(study, table, blocks, _room(shape, folder, task.run)), run.seed)

    yield appraise
    if folder.finished(task.run) is not None:
        forget_blocks(folder, task.run)


def forget_blocks(folder: BatchFolder, run: str) -> None:
    """Remove the blocks of a run."""
    shutil.rmtree(folder.root / "blocks" / run, ignore_errors=True)
    with contextlib.suppress(OSError):
        (folder.root / "blocks").rmdir()


def _worked(blocks: list[Block], engine: Engine) -> Iterator[Block]:
    """Yield each block when it is done, as few under way as the engine can use."""
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


def _room(shape: tuple[int, int, int], folder: BatchFolder, run: str) -> np.ndarray:
    """Return an empty array for the draws; in a file, which the run's claim covers, where memory might not hold it."""
    if np.prod(shape, dtype=float) <= MOST_IN_MEMORY:
        return np.empty(shape)
    # Whoever swept the folder last may have taken the empty place along.
    folder.work.mkdir(parents=True, exist_ok=True)
    return np.lib.format.open_memmap(folder.aside(run), mode="w+", dtype=np.float64, shape=shape)


def _gathered(study: Study, table: BundleTable, blocks: list[Block], npv: np.ndarray) -> Outcomes:
    """Put the blocks together; means add chunk by chunk in their order, as in one process."""
    needs, n_draws = activations(study, table), blocks[0].n_draws
    columns = np.empty((len(needs.columns), len(study.councils), n_draws))
    sums: dict[str, np.ndarray] = {}
    for block in blocks:
        part, rows = table.take(np.arange(*block.rows)), slice(*block.rows)
        arrays = _read(block, part, needs, study)
        if arrays is None:
            raise OutputError(
                Fault(str(block.file), "a block was written but cannot be read", "", "", "Give the same command again.")
            )
        npv[rows, :, block.draws] = arrays["npv"]
        columns[:, :, block.draws] = arrays["activations"]
        for name in (key for key in arrays if key.startswith("sum.")):
            total = sums.setdefault(name.removeprefix("sum."), np.zeros(npv.shape[:2]))
            for number, chunk in enumerate(arrays[name], block.chunks[0]):
                # The first is put, not added: 0.0 + -0.0 would lose a bit.
                total[rows] = chunk if number == 0 else total[rows] + chunk
    means = {name: total / n_draws for name, total in sums.items()}
    plan = draw_plan(study, seed=study.model.run.seed, purpose="choose", n_draws=n_draws)
    return Outcomes(study, table, needs, plan, n_draws, npv, means, columns)


__all__ = ["BLOCK_NUMBERS", "Block", "Source", "blocks_of", "forget_blocks", "spread_appraise", "work_block"]
