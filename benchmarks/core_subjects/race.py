"""One measurement in a process of its own: ``python -m benchmarks.core_subjects.race '{"what": ..., ...}'``."""

from __future__ import annotations

import json
import math
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.core_study import some_bundles, study_of
from benchmarks.core_subjects import kernel, plain
from benchmarks.core_subjects.inputs import SUMS, Bundles, Inputs, bundles_of
from sharesim.appraisal.context import Context, Fixed
from sharesim.appraisal.engine import ChunkRun, block_sums, draw_plan, put_partners, tiles_of
from sharesim.appraisal.outcomes import appraise
from sharesim.appraisal.resources import Cut, Resources
from sharesim.appraisal.tables import Package
from sharesim.bundles.table import BundleTable
from sharesim.study.study import Study
from sharesim.uncertainty.draws import CHUNK

#: Bundles worked through a block before the next, so that 50,000 need no more memory than 1,000.
STRIP = 2000
#: Rounds of the race of which the plain loop runs in one.
PLAIN_EVERY = 4
#: Fills NPV and returns sums of some bundles of one service.
Subject = Callable[[Inputs, Bundles, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Task:
    """Bundles and the values of drivers, drawn beforehand: drawing is the same for all subjects.

    Parameters
    ----------
    study : Study
    table : BundleTable
    values : list of ndarray, each (driver, draw)
        By block of a few chunks.
    n_draws : int
    cut : Cut
        As `sharesim.appraise` cuts a task of this size.
    rooms : list of ndarray
        Room for the NPV of a strip in a block, one for each thread, used again and again: its pages are nobody's time.
    """

    study: Study
    table: BundleTable
    values: list[np.ndarray]
    n_draws: int
    cut: Cut
    rooms: list[np.ndarray] = field(default_factory=list)

    @classmethod
    def of(cls, n_bundles: int, n_draws: int, councils: int = 12, jobs: int = 1) -> Task:
        """Draw a task."""
        study = study_of(councils)
        plan = draw_plan(study, seed=1, purpose="choose", n_draws=n_draws)
        table = some_bundles(study, n_bundles)
        shape = (min(n_bundles, STRIP), table.groups.partners.shape[1], n_draws)
        cut = Resources(memory_gb=4).cut(shape, councils, jobs, whole_rows=False)
        values = [plan.values(first, first - (-used // CHUNK)) for first, used in cut.blocks(n_draws)]
        return cls(study, table, values, n_draws, cut)

    @cached_property
    def fixed(self) -> Fixed:
        """What is certain."""
        return Fixed.of(self.study)

    @cached_property
    def starts(self) -> np.ndarray:
        """Planned starts, years."""
        return np.unique(self.table.start_years)

    @cached_property
    def strips(self) -> list[np.ndarray]:
        """Rows of bundles, neighbours of one service together."""
        order = np.lexsort((self.table.group, self.table.package))
        return [np.sort(part) for part in np.array_split(order, -(-len(order) // STRIP))]

    @property
    def blocks(self) -> list[tuple[int, int]]:
        """Number of each block and how many of its draws count."""
        return [(number, used) for number, (_, used) in enumerate(self.cut.blocks(self.n_draws))]

    @contextmanager
    def room(self) -> Iterator[np.ndarray]:
        """Lend room that no other thread has, shape (STRIP, partner slot, draws of a block)."""
        widest = max(used for _, used in self.blocks)
        try:
            found = self.rooms.pop()
        except IndexError:
            found = np.empty((min(STRIP, len(self.table)), self.table.groups.partners.shape[1], widest))
            found.fill(0.0)  # touches every page
        try:
            yield found
        finally:
            self.rooms.append(found)


#: What a subject leaves of a strip in a block: rows of the table, their NPV, and sums (SUMS, bundle, partner slot).
Found = Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]


def ours(task: Task, rows: np.ndarray, block: tuple[int, int], room: np.ndarray) -> Found:
    """Work a strip as `sharesim.appraise` does."""
    part = task.table.take(rows)
    npv = room[: len(rows), :, : block[1]]
    run = ChunkRun(task.fixed, task.values[block[0]], 0, block[1])
    sums = block_sums(run, tiles_of(part, task.cut.tile_slots), npv.shape[:2], partial(put_partners, npv))
    yield rows, npv, np.stack([sums[name].sum(axis=0) for name in SUMS])


def other(subject: Subject, task: Task, rows: np.ndarray, block: tuple[int, int], room: np.ndarray) -> Found:
    """Work a strip by another subject, on the library's own tables of councils and services."""
    part, context, last, inputs = task.table.take(rows), Context(task.fixed, task.values[block[0]]), -1, None
    for package, bundles in bundles_of(context, part, task.starts):
        if package != last:
            last, inputs = package, Inputs.of(context, Package.of(context, package), task.starts, block[1])
        shape = (len(bundles.rows), bundles.members.shape[1], block[1])
        npv = room.reshape(-1)[: math.prod(shape)].reshape(shape)
        yield rows[bundles.rows], npv, subject(inputs, bundles, npv)


SUBJECTS = {"sharesim": ours, "kernel": partial(other, kernel.appraise), "plain": partial(other, plain.appraise)}


def work(name: str, task: Task, block: tuple[int, int], look: Callable[..., None] | None = None) -> None:
    """Work all strips through a block; `look` takes what was found."""
    with task.room() as room:
        for rows in task.strips:
            for found in SUBJECTS[name](task, rows, block, room):
                if look is not None:
                    look(*found)


def cpu_of(name: str, task: Task) -> float:
    """Return CPU seconds of a subject for all bundles and draws."""
    begin = time.process_time()
    for block in task.blocks:
        work(name, task, block)
    return time.process_time() - begin


def apart(task: Task, names: list[str]) -> float:
    """Return the largest difference of any NPV or sum from ours, relative to the largest of its kind."""
    shape, worst = (len(task.table), task.table.groups.partners.shape[1]), 0.0
    block = task.blocks[-1]
    pages: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for name in ("sharesim", *names):
        npv, sums = np.zeros((*shape, block[1])), np.zeros((len(SUMS), *shape))

        def look(rows: np.ndarray, worth: np.ndarray, total: np.ndarray, npv=npv, sums=sums) -> None:
            npv[rows, : worth.shape[1]] = worth
            sums[:, rows, : total.shape[2]] = total

        work(name, task, block, look)
        # Room is used again and again; slots without a partner are nobody's and hold whatever lay there.
        npv[np.arange(shape[1]) >= task.table.n_partners[:, None]] = 0.0
        pages[name] = npv, sums
    for name in names:
        for mine, yours in zip(pages["sharesim"], pages[name], strict=True):
            axes = tuple(range(1, 3)) if mine is pages["sharesim"][1] else None
            scale = np.abs(mine).max(axis=axes, keepdims=axes is not None)
            worst = max(worst, float((np.abs(mine - yours) / np.where(scale > 0, scale, 1.0)).max()))
    return worst


def race(n_bundles: int, n_draws: int, rounds: int, names: list[str], councils: int) -> dict[str, Any]:
    """Return CPU seconds of the subjects in turn, and how far apart their numbers are."""
    task = Task.of(n_bundles, n_draws, councils)
    far = apart(
        Task.of(min(n_bundles, 200), min(n_draws, 2 * CHUNK), councils), [name for name in names if name != "sharesim"]
    )
    # A first pass pays for pages of memory and for code that is compiled or loaded; it is nobody's time.
    for name in names:
        if name != "plain":
            work(name, task, task.blocks[-1])
    seconds: dict[str, list[float]] = {name: [] for name in names}
    beside: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names:
            # The loop takes longer than all the rest: once in a few rounds is enough.
            if name != "plain" or number % PLAIN_EVERY == 0:
                seconds[name].append(cpu_of(name, task))
                beside[name].append(seconds[name][-1] / seconds[names[0]][-1])

    def ratio(other: str) -> float | None:
        """Return the median over rounds of what another subject takes over what we take."""
        return statistics.median(beside[other]) if other in beside else None

    median = {name: statistics.median(found) for name, found in seconds.items()}
    return {
        "n_bundles": n_bundles, "n_draws": n_draws, "cpu_s": seconds, "beside_ours": beside,
        "largest_relative_difference": far,
        "bundle_draws_per_cpu_s": {name: n_bundles * n_draws / found for name, found in median.items()},
        "kernel_compiled": kernel.COMPILED, "ratio_to_fused_kernel": ratio("kernel"),
        "ratio_to_plain_loop": ratio("plain"),
    }  # fmt: skip


def growth(n_bundles: int, n_draws: int, rounds: int, councils: int) -> dict[str, float]:
    """Return how much more CPU twice the bundles and twice the draws cost: in turns, medians over rounds."""
    sizes = {"base": (1, 1), "doubling_bundles": (2, 1), "doubling_draws": (1, 2)}
    tasks = {name: Task.of(more * n_bundles, many * n_draws, councils) for name, (more, many) in sizes.items()}
    found: dict[str, list[float]] = {name: [] for name in tasks}
    for task in tasks.values():
        work("sharesim", task, task.blocks[-1])
    for _ in range(rounds):
        for name, task in tasks.items():
            found[name].append(cpu_of("sharesim", task))
    base = found.pop("base")
    return {
        name: statistics.median(more / one for more, one in zip(each, base, strict=True)) for name, each in found.items()
    }


def threads(n_bundles: int, n_draws: int, jobs: list[int], names: list[str], rounds: int) -> dict[str, Any]:
    """Return elapsed speed of the subjects with blocks dealt to so many threads, in turns; medians over rounds."""
    tasks = {number: Task.of(n_bundles, n_draws, jobs=number) for number in jobs}
    speeds: dict[tuple[int, str], list[float]] = {(number, name): [] for number in jobs for name in names}
    # A first round pays for pages of memory and for code that is compiled.
    for turn in range(rounds + 1):
        for (number, name), found in speeds.items():
            begin = time.monotonic()
            with ThreadPoolExecutor(number) as pool:
                list(pool.map(partial(work, name, tasks[number]), tasks[number].blocks))
            if turn:
                found.append(n_bundles * n_draws / (time.monotonic() - begin))
    return {
        f"jobs_{number}": {
            "jobs": number, "n_bundles": n_bundles, "n_draws": n_draws, "rounds": rounds,
            "bundle_draws_per_s": {name: statistics.median(speeds[number, name]) for name in names},
        }
        for number in jobs
    }  # fmt: skip


def whole(n_bundles: int, n_draws: int, jobs: int, memory_gb: float, keep: str, repeats: int) -> dict[str, Any]:
    """Return seconds and peak memory of `appraise` from drawing to figures, under a memory budget."""
    study = study_of()
    table = some_bundles(study, n_bundles)
    budget = Resources(memory_gb=memory_gb, keep=keep)  # type: ignore[arg-type]
    # What a process holds once everything has been loaded and used is no part of the budget.
    appraise(study, table.take(np.arange(4)), seed=1, purpose="choose", n_draws=CHUNK, jobs=jobs).figures["cvar"].sum()
    before, cpu, elapsed = memory_mb("VmRSS"), [], []
    for _ in range(repeats):
        begin = time.process_time(), time.monotonic()
        found = appraise(study, table, seed=1, purpose="choose", n_draws=n_draws, jobs=jobs, resources=budget)
        if keep == "nothing":
            found.figures["cvar"].sum()
        cpu.append(time.process_time() - begin[0])
        elapsed.append(time.monotonic() - begin[1])
        del found
    return {
        "n_bundles": n_bundles,
        "n_draws": n_draws,
        "jobs": jobs,
        "keep": keep,
        "budget_mb": memory_gb * 1024,
        "peak_mb": memory_mb("VmHWM") - before,
        "cpu_s": statistics.median(cpu),
        "elapsed_s": statistics.median(elapsed),
        "bundle_draws_per_cpu_s": n_bundles * n_draws / statistics.median(cpu),
    }


def memory_mb(what: str) -> float:
    """Return what this process holds now (``VmRSS``) or held at most (``VmHWM``), in MB."""
    status = Path("/proc/self/status")
    if status.exists():
        # The system's own maximum of a process begins with what its parent held.
        lines = status.read_text().splitlines()
        return next(float(line.split()[1]) / 1024.0 for line in lines if line.startswith(what))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024.0**2 if sys.platform == "darwin" else 1024.0)


WHAT = {"race": race, "growth": growth, "threads": threads, "whole": whole}


def main(arguments: list[str] | None = None) -> int:
    """Run one measurement and print it."""
    wanted = json.loads((sys.argv[1:] if arguments is None else arguments)[0])
    print(json.dumps(WHAT[wanted.pop("what")](**wanted)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
