"""Run what is missing of a plan: hand the runs to an engine, record each outcome, and write the tables of results."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sharesim.arguments import a_flag, a_function, a_path, a_text, a_word, an_instance, check_fields, takes, whole
from sharesim.batch.engine_errors import EngineLost, WorkerDied
from sharesim.batch.engines import Engine, engine_for
from sharesim.batch.expand import Expansion, PlannedRun
from sharesim.batch.manifest import BatchFolder, is_unproven
from sharesim.batch.plan import Plan, read_plan
from sharesim.batch.tables import write_tables
from sharesim.batch.worker import Outcome, Task, perform, reason, whose
from sharesim.display import record
from sharesim.errors import Fault, OutputError, UsageError
from sharesim.folders.claims import claim

#: Whose fault a failure is, in words.
FAULTS = {"study": "the study's fault", "machine": "the machine's fault", "sharesim": "our fault"}
#: What an unproven run is, and what to do about it.
UNPROVEN = (
    "  unproven: time ran out before it was known whether any portfolio keeps the rules. What was found is kept; more "
    "time is run.time_limit_seconds; the same again: --only unproven."
)
Listener = Callable[["Tally"], None]


@dataclass(frozen=True)
class BatchOptions:
    """How to run a batch.

    Parameters
    ----------
    out : Path, optional
        Folder of the batch; ``runs/`` and the plan's name where left out.
    jobs : int, optional
        Processes, all cores where left out; 0 does everything in the calling process.
    scheduler : str, optional
        A Dask scheduler's address or scheduler file, or ``local`` for a cluster of processes on this machine.
    force : bool
        Do every run again.
    only : {"failed", "unproven"}, optional
        Do only what failed when it was last tried, or again what ended before it was known whether any portfolio keeps
        the rules.
    report : bool
        Write a full report for every run.
    listen : callable (Tally), optional
        Hears of progress.
    """

    out: Path | None = None
    jobs: int | None = None
    scheduler: str | None = None
    force: bool = False
    only: str | None = None
    report: bool = False
    listen: Listener | None = None

    def __post_init__(self) -> None:
        jobs = whole(0, 1024, "not a number of processes", "Leave it out to use every core.")
        check_fields(
            self, out=a_path, jobs=jobs, scheduler=a_text, force=a_flag, only=a_word("failed", "unproven"),
            report=a_flag, listen=a_function,
        )  # fmt: skip

    @property
    def n_jobs(self) -> int:
        """How many processes."""
        return (os.cpu_count() or 1) if self.jobs is None else self.jobs


@dataclass(frozen=True)
class Tally:
    """How far a batch is.

    Parameters
    ----------
    stage : {"planning", "running"}
    of : int
        Runs to do in this call.
    done, failed, running : int
    found : int
        Runs that were there already.
    seconds_left : float or None
        None until the first is done.
    unproven : int
        Runs over that ended before it was known whether any portfolio keeps the rules.
    """

    stage: str
    of: int
    done: int = 0
    failed: int = 0
    running: int = 0
    found: int = 0
    seconds_left: float | None = None
    unproven: int = 0

    @property
    def over(self) -> int:
        """Runs that have ended, with or without a result."""
        return self.done + self.failed + self.unproven


@record
class BatchResult:
    """What one call of `run_batch` did.

    Parameters
    ----------
    folder : Path
    n_planned : int
        Different runs of the plan; two lines that come to the same study are one run.
    n_done, n_found, n_unproven, n_failed : int
        Done now; there before; ended, now or before, before it was known whether any portfolio keeps the rules; and
        failed now.
    failures : tuple of Outcome
    seconds : float
    """

    folder: Path
    n_planned: int
    n_done: int
    n_found: int
    failures: tuple[Outcome, ...]
    seconds: float
    n_unproven: int = 0

    @property
    def n_failed(self) -> int:
        return len(self.failures)

    def summary(self) -> str:
        """Return what the call did, in words; failures with the same reason are told once."""
        unproven = f", {self.n_unproven} unproven" if self.n_unproven else ""
        told = f"{self.n_done} done, {self.n_found} there already{unproven}, {self.n_failed} failed"
        lines = [f"{told} ({self.seconds:.1f} s).", *([UNPROVEN] if self.n_unproven else [])]
        grouped: dict[tuple[str, str], list[str]] = {}
        for item in self.failures:
            grouped.setdefault((item.fault, item.reason), []).append(item.run)
        for (fault, why), runs in grouped.items():
            more = f" and {len(runs) - 1} more" if len(runs) > 1 else ""
            lines.append(
                f"  failed ({FAULTS.get(fault, fault)}): {why}\n"
                f"    {self.folder / 'failed' / runs[0] / 'log.txt'}{more}"
            )
        return "\n".join(
            [*lines, f"Every run: {self.folder / 'runs.csv'}; side by side: sharesim compare {self.folder}"]
        )


def _a_plan(where: str, value: Any) -> Plan:
    return value if isinstance(value, Plan) else read_plan(a_path(where, value))


@takes(
    plan=_a_plan,
    options=an_instance(BatchOptions, "not options of a batch", "BatchOptions", "Write BatchOptions(jobs=2)."),
)
def run_batch(plan: Plan | str | Path, options: BatchOptions | None = None) -> BatchResult:
    """Do what is missing of a plan.

    Parameters
    ----------
    plan : Plan, or the path of one
    options : BatchOptions, optional

    Raises
    ------
    UsageError
        When the plan, the folder or an option is at fault; a study at fault is a failed run.
    OutputError
        When nothing more can be written. What is done stays done.

    Examples
    --------
    >>> import tempfile, pathlib, sharesim
    >>> home = pathlib.Path(tempfile.mkdtemp())
    >>> _ = sharesim.new(home / "mine")
    >>> _ = (home / "plan.toml").write_text('''
    ... [batch]
    ... studies = ["mine"]
    ... draws = 64
    ... judge_draws = 64
    ... [[grids]]
    ... values = {"study.horizon_years" = [3, 4]}
    ... ''')
    >>> options = BatchOptions(out=home / "out", jobs=0)
    >>> run_batch(home / "plan.toml", options).n_done, run_batch(home / "plan.toml", options).n_found
    (2, 2)
    """
    assert isinstance(plan, Plan)  # a path was read before this began
    options, begun = options or BatchOptions(), time.monotonic()
    jobs = options.n_jobs
    folder = BatchFolder((options.out or Path("runs") / plan.name).resolve())
    folder.prepare(plan)
    folder.sweep()
    tell = options.listen or (lambda tally: None)
    alive = folder.claim_file(f"batch-{os.getpid()}-{time.monotonic_ns()}")
    try:
        with claim(alive):
            expansion = Expansion(plan.file.name, folder.known())
            runs = expansion.runs(plan, lambda done, of: tell(Tally("planning", of, done)))
            folder.write_plan(plan, runs)
            batch = _Batch(folder, plan, options, tell)
            try:
                with _terminable():
                    batch.do(runs, jobs, alive)
            except EngineLost as error:
                told = f"the scheduler went away ({reason(error).removeprefix('EngineLost: ')})"
                remedy = "Start it again, then give the same command again: what is done stays done."
                raise OutputError(Fault(f"--scheduler {options.scheduler}", told, "", "", remedy)) from error
            finally:
                folder.sweep_blocks({item.run for item in runs})
                write_tables(folder)
    finally:
        folder.sweep()
    n_planned, seconds = len({item.run for item in runs}), time.monotonic() - begun
    failures = tuple(batch.failures)
    return BatchResult(folder.root, n_planned, batch.n_done, batch.n_found, failures, seconds, batch.n_unproven)


class _Batch:
    """One call of `run_batch`: the runs asked for, and their outcomes so far."""

    def __init__(self, folder: BatchFolder, plan: Plan, options: BatchOptions, tell: Listener) -> None:
        self.folder, self.plan, self.options, self.tell = folder, plan, options, tell
        self.n_done = self.n_found = self.n_unproven = 0
        self.failures: list[Outcome] = []
        self.begun = time.monotonic()
        self.of = self.n_refused = self.n_unproven_before = 0

    def tasks(self, runs: list[PlannedRun]) -> list[Task]:
        """Return the tasks to do; runs whose study is at fault are recorded as failed."""
        tasks, seen = [], set()
        for item in runs:
            if item.run in seen:
                continue
            seen.add(item.run)
            if item.faults:
                text = "\n".join(str(fault) for fault in item.faults)
                error = UsageError(item.faults)
                self.heard(Outcome(item.run, "failed", reason(error), whose(error), text))
            elif self._is_wanted(item.run):
                tasks.append(self.task(item))
        self.n_refused, self.n_unproven_before = len(self.failures), self.n_unproven
        self.of = len(tasks) + self.n_refused
        return tasks

    def task(self, item: PlannedRun) -> Task:
        """Return the task of a run."""
        options = self.options
        force = options.force or options.only == "unproven"
        return Task(self.folder.root, item.run, item.variant, self.plan.file.name, options.report, force)

    def _is_wanted(self, run: str) -> bool:
        record, options = self.folder.finished(run), self.options
        unproven = record is not None and is_unproven(record)
        if options.only == "failed":
            return record is None and self.folder.failed(run) is not None
        if options.only == "unproven":
            return unproven
        if record is None or options.force or (options.report and not record.get("report")):
            return True
        self.n_unproven += unproven
        self.n_found += not unproven
        return False

    def do(self, runs: list[PlannedRun], jobs: int, alive: Path) -> None:
        """Do what is to be done."""
        tasks = self.tasks(runs)
        self.say(0, 1)
        if not tasks:
            return
        spread, scheduler = self.plan.spread, self.options.scheduler
        threads = jobs if spread else 1 if scheduler else jobs // len(tasks)
        tasks = [replace(task, threads=max(1, threads)) for task in tasks]
        with engine_for(jobs if spread else min(jobs, len(tasks)), scheduler, alive) as engine:
            (self.spread if spread else self.hand_out)(tasks, engine)

    def hand_out(self, tasks: list[Task], engine: Engine) -> None:
        """Hand out the tasks and record each outcome."""
        for outcome, n_under_way in handed_out(tasks, engine):
            self.heard(outcome)
            self.say(n_under_way, engine.n_workers)

    def spread(self, tasks: list[Task], engine: Engine) -> None:
        """Do one run after the other, each with its appraisal spread over all workers."""
        # Here and not above: few batches need the appraisal's inside in the parent.
        from sharesim.batch.spread import spread_appraise

        for task in tasks:
            self.say(1, 1)
            with spread_appraise(task, engine) as appraise:
                self.heard(perform(replace(task, wait=True), appraise))
        self.say(0, 1)

    def heard(self, outcome: Outcome) -> None:
        """Record the outcome of a run."""
        if outcome.status == "no room":
            remedy = "Make room, or choose another --out; then give the same command again: what is done stays done."
            raise OutputError(
                Fault(str(self.folder.root), f"nothing more can be written ({outcome.reason})", "", "", remedy)
            )
        if outcome.status == "failed":
            self.failures.append(outcome)
            record = {
                "status": "failed",
                "reason": outcome.reason,
                "fault": outcome.fault,
                "seconds": round(outcome.seconds, 3),
            }
            self.folder.write_failure(outcome.run, record, outcome.log)
            return
        self.n_done += outcome.status == "done"
        self.n_found += outcome.status == "found"
        self.n_unproven += outcome.status == "unproven"
        self.folder.forget_failure(outcome.run)

    def say(self, n_under_way: int, n_workers: int) -> None:
        """Tell the listener how far it is."""
        n_unproven = self.n_unproven - self.n_unproven_before
        n_over = self.n_done + len(self.failures) + n_unproven
        worked = n_over - self.n_refused
        left, seconds = max(0, self.of - n_over), time.monotonic() - self.begun
        seconds_left = left * seconds / worked if worked else None
        self.tell(
            Tally(
                "running",
                self.of,
                self.n_done,
                len(self.failures),
                min(n_under_way, n_workers),
                self.n_found,
                seconds_left,
                n_unproven,
            )
        )


def handed_out(tasks: list[Task], engine: Engine) -> Iterator[tuple[Outcome, int]]:
    """Yield each task's outcome and how many are under way; runs that another batch works on are waited for last."""
    queue, later = deque(tasks), deque[Task]()
    under_way: dict[Future, Task] = {}
    while queue or later or under_way:
        if not queue and not under_way:
            queue, later = deque(replace(task, wait=True) for task in later), deque()
        while queue and len(under_way) < engine.window:
            task = queue.popleft()
            under_way[engine.submit(perform, task)] = task
        done, _ = wait(under_way, return_when=FIRST_COMPLETED)
        for future in done:
            task = under_way.pop(future)
            outcome = _outcome(future, task)
            if outcome.status == "busy":
                later.append(task)
            else:
                yield outcome, len(under_way)


def _outcome(future: Future, task: Task) -> Outcome:
    try:
        return future.result()
    except EngineLost:
        raise
    except Exception as error:
        # perform() hands its own exceptions back as outcomes: this is the worker's or the engine's end.
        told = f"{error}; it may have run out of memory" if isinstance(error, WorkerDied) else reason(error)
        return Outcome(task.run, "failed", told, "machine", told)


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM, by which batch systems ask a job to end, stop the workers and still write the tables."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


__all__ = ["BatchOptions", "BatchResult", "Tally", "handed_out", "run_batch"]
