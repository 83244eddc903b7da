"""Engines that run a batch's tasks: processes on this machine (joblib's loky), a Dask cluster, or the calling process.

Each takes a function with arguments and gives a future, as `concurrent.futures` has it; which task goes to which worker
is the engine's own affair (docs/decisions/060-engines.md).
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from sharesim.batch.engine_errors import WorkerDied
from sharesim.folders.claims import is_held

#: Times that a task is given to a new worker when its worker died under it.
TRIES = 3
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")


class Engine(Protocol):
    """What a batch needs of an engine."""

    @property
    def window(self) -> int:
        """How many tasks should be under way or waiting at once."""
        ...

    @property
    def n_workers(self) -> int:
        """How many tasks can be worked on at once."""
        ...

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future:
        """Start a task; its future raises WorkerDied where its worker died each time."""
        ...

    def close(self, kill: bool = False) -> None:
        """Release the workers; with `kill`, without waiting for their tasks."""
        ...


class InlineEngine:
    """Runs tasks in the calling process: to look into a fault, or where no process can be started."""

    window = n_workers = 1

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future:
        """Run the task now."""
        future: Future = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def close(self, kill: bool = False) -> None:
        """Do nothing; there are no workers."""


class LocalEngine:
    """Runs tasks in processes on this machine, each a loky executor of its own.

    An executor with several workers ends all of them when one dies; a run that takes all memory would end the others
    too. Threads of this process only wait for the workers.

    Parameters
    ----------
    jobs : int
        Processes.
    alive : Path
        File locked by the parent while it lives; workers whose parent is gone finish their task and end.
    """

    def __init__(self, jobs: int, alive: Path) -> None:
        self.n_workers, self.window = jobs, 2 * jobs
        self._alive, self._closing = alive, False
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="batch")
        self._mine, self._lock = threading.local(), threading.Lock()
        self._all: list[Any] = []

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future:
        """Start a task in the next free process."""
        return self._threads.submit(self._work, function, arguments)

    def close(self, kill: bool = False) -> None:
        """Stop the processes; with `kill`, whatever they are doing."""
        self._closing = True
        self._threads.shutdown(wait=not kill, cancel_futures=True)
        with self._lock:
            workers = list(self._all)
        for worker in workers:
            worker.shutdown(wait=True, kill_workers=kill)
        self._threads.shutdown(wait=True)

    def _work(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        for number in range(1, TRIES + 1):
            worker = self._worker()
            try:
                return worker.submit(_run_watched, function, arguments).result()
            except BrokenExecutor as error:
                self._drop(worker)
                if not _is_death(error):
                    raise
                if self._closing or number == TRIES:
                    raise WorkerDied(f"the process that worked on it was killed, {number} times") from error

    def _worker(self) -> Any:
        from joblib.externals.loky import ProcessPoolExecutor

        if getattr(self._mine, "worker", None) is None:
            with self._lock:
                if self._closing:
                    raise WorkerDied("the batch was stopped")
                self._mine.worker = ProcessPoolExecutor(
                    1, initializer=_watch, initargs=(str(self._alive), os.getpid()), env=ONE_THREAD
                )
                self._all.append(self._mine.worker)
        return self._mine.worker

    def _drop(self, worker: Any) -> None:
        self._mine.worker = None
        with self._lock:
            self._all.remove(worker)
        with contextlib.suppress(Exception):
            worker.shutdown(wait=False, kill_workers=True)


# One for each process, held while a task runs: the watch may end the process only between tasks.
_TASK_RUNS = threading.Lock()


def _is_death(error: BrokenExecutor) -> bool:
    """Whether a process died; loky also breaks when a task cannot be unpickled, and another try would not help that."""
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    return isinstance(error, TerminatedWorkerError)


def _run_watched(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Run a task, holding the lock that keeps `_watch` from ending this process."""
    with _TASK_RUNS:
        return function(*arguments)


def _watch(alive: str, parent: int) -> None:
    """End this process when its parent is gone and no task is running."""

    def watch() -> None:
        # Windows keeps telling the number of a parent that is gone; its claim is not held any more there either.
        while (os.name != "nt" and os.getppid() == parent) or is_held(Path(alive)):
            time.sleep(1.0)
        with _TASK_RUNS:
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextlib.contextmanager
def engine_for(jobs: int, scheduler: str | None, alive: Path) -> Iterator[Engine]:
    """Yield the engine that the options ask for and close it afterwards; after an error its workers are killed."""
    engine: Engine
    if scheduler is not None:
        # Here and not above: few batches need Dask.
        from sharesim.batch.cluster import DaskEngine

        engine = DaskEngine(scheduler, jobs)
    else:
        engine = LocalEngine(jobs, alive) if jobs else InlineEngine()
    try:
        yield engine
    except BaseException:
        engine.close(kill=True)
        raise
    engine.close()


__all__ = ["Engine", "InlineEngine", "LocalEngine", "WorkerDied", "engine_for"]
