"""Who does the work: processes on this machine (joblib's loky), a Dask cluster, or the calling process itself.

Each takes a function with arguments and gives a future, as `concurrent.futures` has it; which task goes to which worker
is the engine's own affair (docs/decisions/060-engines.md).
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from sharesim import __version__
from sharesim.errors import Fault, UsageError
from sharesim.folders.claims import is_held

#: Times that a task is given to a new worker when its worker died under it.
TRIES = 3
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")
LOCAL = "local"


class WorkerDied(Exception):
    """A task's worker died under it, each time that it was tried."""


class EngineLost(Exception):
    """Whoever hands out the tasks is gone; no later task can be done either."""


class Engine(Protocol):
    """What a batch needs of whoever works for it."""

    @property
    def window(self) -> int:
        """How many tasks it is worth having under way or waiting."""
        ...

    @property
    def n_workers(self) -> int:
        """How many tasks can be worked on at once."""
        ...

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future:
        """Start a task; its future raises WorkerDied where its worker died each time."""
        ...

    def close(self, kill: bool = False) -> None:
        """Let go of the workers; with `kill`, at once."""
        ...


class InlineEngine:
    """The calling process: for a look at a fault, and where no process can be started."""

    window = n_workers = 1

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future:
        """Do the task now."""
        future: Future = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def close(self, kill: bool = False) -> None:
        """Nothing to let go."""


class LocalEngine:
    """Processes of this machine, each a loky executor of its own.

    One executor with several workers gives up on all of them when one dies; so a run that eats all memory would cost
    those beside it too. Threads of this process wait for the workers; they do no work.

    Parameters
    ----------
    jobs : int
        Processes.
    alive : Path
        A claim that the parent holds while it lives; workers without a parent finish what they have in hand and leave.
    """

    def __init__(self, jobs: int, alive: Path) -> None:
        self.n_workers, self.window = jobs, 2 * jobs
        self._alive, self._closing = alive, False
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="batch")
        self._mine, self._all, self._lock = threading.local(), [], threading.Lock()

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
                return worker.submit(_in_hand, function, arguments).result()
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


# Belongs to the process, as its watch does: it may only leave with empty hands.
_HAND = threading.Lock()


def _is_death(error: BrokenExecutor) -> bool:
    """Whether a process died; loky also gives up on one that cannot read its task, which no other could either."""
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    return isinstance(error, TerminatedWorkerError)


def _in_hand(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Do a task of which the watch knows."""
    with _HAND:
        return function(*arguments)


def _watch(alive: str, parent: int) -> None:
    """Leave when the parent is gone and nothing is in hand."""

    def watch() -> None:
        # Windows keeps telling the number of a parent that is gone; its claim is not held any more there either.
        while (os.name != "nt" and os.getppid() == parent) or is_held(Path(alive)):
            time.sleep(1.0)
        with _HAND:
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class DaskEngine:
    """Workers of a Dask cluster; the scheduler gives the tasks of a dead worker to another.

    Parameters
    ----------
    address : str
        ``tcp://host:port``, the path of a scheduler file, or ``local`` for a cluster of processes on this machine.
    jobs : int
        Processes of a local cluster.

    Raises
    ------
    UsageError
        When Dask is not installed, nobody answers, or a worker has another sharesim.
    """

    def __init__(self, address: str, jobs: int) -> None:
        self._cluster, self._client = _connect(address, jobs)
        self._futures: set[Any] = set()
        try:
            self._check_versions(address)
        except BaseException:
            self.close()
            raise

    @property
    def n_workers(self) -> int:
        return max(1, sum(self._client.ncores().values()))

    @property
    def window(self) -> int:
        # Enough waiting for a cluster that grows with its queue to see that it should.
        return max(256, 4 * self.n_workers)

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future:
        """Start a task on the cluster; EngineLost where there is none any more."""
        result: Future = Future()
        try:
            theirs = self._client.submit(function, *arguments, pure=False)
        except Exception as error:
            raise EngineLost(str(error)) from error
        self._futures.add(theirs)
        theirs.add_done_callback(lambda done: self._arrived(done, result))
        return result

    def _arrived(self, theirs: Any, result: Future) -> None:
        from distributed import KilledWorker

        self._futures.discard(theirs)
        try:
            value = theirs.result()
        except KilledWorker as error:
            result.set_exception(WorkerDied(f"the worker that had it died, each time: {error}"))
        except CancelledError as error:
            # Nobody but us cancels a task, and we only when nobody listens any more.
            result.set_exception(EngineLost(str(error)))
        except Exception as error:
            result.set_exception(error)
        else:
            result.set_result(value)

    def close(self, kill: bool = False) -> None:
        """Leave the cluster; tasks that nobody waits for any more are dropped."""
        with contextlib.suppress(Exception):
            if kill and self._futures:
                self._client.cancel(list(self._futures), force=True)
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()

    def _check_versions(self, address: str) -> None:
        found = self._client.run(_version)
        other = {worker: version for worker, version in found.items() if version != __version__}
        if other:
            worker, version = next(iter(other.items()))
            told = f"{version} on {len(other)} of {len(found)} workers, such as {worker}"
            raise UsageError(
                Fault(
                    f"--scheduler {address}",
                    "workers with another sharesim",
                    told,
                    __version__,
                    "Install the same there.",
                )
            )


def _version() -> str:
    return __version__


def _connect(address: str, jobs: int) -> tuple[Any, Any]:
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise UsageError(
            Fault("--scheduler", "Dask is not installed", "", "", "pip install 'sharesim[cluster]'")
        ) from None
    if address == LOCAL:
        cluster = LocalCluster(
            n_workers=jobs, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=logging.ERROR
        )
        return cluster, Client(cluster)
    try:
        return None, Client(scheduler_file=address) if Path(address).is_file() else Client(address, timeout=10)
    except (OSError, ValueError, TimeoutError) as error:
        told = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise UsageError(
            Fault(
                f"--scheduler {address}",
                "no Dask scheduler answers there",
                told,
                "tcp://host:8786, a scheduler file, or local",
                "Start one: dask scheduler.",
            )
        ) from None


@contextlib.contextmanager
def engine_for(jobs: int, scheduler: str | None, alive: Path) -> Iterator[Engine]:
    """Give the engine that the options ask for; let go of it afterwards, at once when something went wrong."""
    engine: Engine = DaskEngine(scheduler, jobs) if scheduler else LocalEngine(jobs, alive) if jobs else InlineEngine()
    try:
        yield engine
    except BaseException:
        engine.close(kill=True)
        raise
    engine.close()


__all__ = ["DaskEngine", "Engine", "EngineLost", "InlineEngine", "LocalEngine", "WorkerDied", "engine_for"]
