"""Runs tasks on the workers of a Dask cluster. Whoever reaches a scheduler can run code there: see SECURITY.md.

A failed call to the scheduler ends in a message of one line: before a batch begins, that no Dask scheduler answers;
later, that the scheduler went away. Finished runs are kept either way.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sharesim import __version__
from sharesim.batch.engine_errors import EngineLost, WorkerDied
from sharesim.errors import Fault, UsageError

LOCAL = "local"
#: How long a scheduler has to answer; something else may listen there, and say nothing for ever.
CONNECT_SECONDS = 10
ANSWER_SECONDS = 30.0
ALLOWED = "tcp://host:8786, tls://host:8786, a scheduler file, or local"
MOST_FILE = 1_000_000
OPEN = (
    "%s is not encrypted: whoever reaches it can run code on the workers and read the studies. Use it on a network "
    "that you trust, or TLS (SECURITY.md)."
)


class DaskEngine:
    """Workers of a Dask cluster; the scheduler gives the tasks of a dead worker to another.

    Parameters
    ----------
    scheduler : str
        ``tcp://host:port``, ``tls://host:port``, the path of a scheduler file, or ``local`` for a cluster of processes
        on this machine.
    jobs : int
        Processes of a local cluster.

    Raises
    ------
    UsageError
        When Dask is not installed, nobody answers, or a worker has another sharesim.
    """

    def __init__(self, scheduler: str, jobs: int) -> None:
        self._cluster, self._client = _connect(scheduler, jobs)
        self._futures: set[Any] = set()
        try:
            self._check_versions(scheduler)
        except BaseException:
            self.close()
            raise

    @property
    def n_workers(self) -> int:
        with _or_lost():
            return max(1, sum(self._client.ncores().values()))

    @property
    def window(self) -> int:
        # Enough waiting for a cluster that grows with its queue to see that it should.
        return max(256, 4 * self.n_workers)

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future:
        """Start a task on the cluster; EngineLost when the scheduler cannot be reached any more."""
        result: Future = Future()
        with _or_lost():
            theirs = self._client.submit(function, *arguments, pure=False)
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
        """Disconnect from the cluster, and close a local one; with `kill`, cancel its unfinished tasks."""
        with contextlib.suppress(Exception):
            if kill and self._futures:
                self._client.cancel(list(self._futures), force=True)
        # Whoever is gone already need not be left.
        with contextlib.suppress(Exception):
            self._client.close()
        if self._cluster is not None:
            with contextlib.suppress(Exception):
                self._cluster.close()

    def _check_versions(self, scheduler: str) -> None:
        with _or_lost():
            found = self._client.run(_version)
        other = {worker: version for worker, version in found.items() if version != __version__}
        if other:
            worker, version = next(iter(other.items()))
            told = f"{version} on {len(other)} of {len(found)} workers, such as {worker}"
            raise UsageError(
                Fault(
                    f"--scheduler {scheduler}",
                    "workers with another sharesim",
                    told,
                    __version__,
                    "Install the same there.",
                )
            )


def _version() -> str:
    return __version__


@contextlib.contextmanager
def _or_lost() -> Iterator[None]:
    """Raise EngineLost for every error of a call to the scheduler."""
    try:
        yield
    except Exception as error:
        raise EngineLost(str(error) or type(error).__name__) from error


def address_of(scheduler: str) -> str:
    """Return the address that ``--scheduler`` stands for, read from its file where it is one.

    Raises
    ------
    UsageError
        When it is a file that names no address.

    Examples
    --------
    >>> address_of("tcp://10.0.0.1:8786")
    'tcp://10.0.0.1:8786'
    """
    file = Path(scheduler)
    with contextlib.suppress(OSError, ValueError):
        if not file.is_file():
            return scheduler
    try:
        if file.stat().st_size > MOST_FILE:
            raise ValueError("too large")
        address = json.loads(file.read_bytes())["address"]
        if not isinstance(address, str) or "://" not in address:
            raise ValueError("no address")
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        remedy = "A scheduler writes it when it starts: dask scheduler --scheduler-file FILE."
        what = ("not a scheduler file", "", 'JSON with an "address"')
        raise UsageError(Fault(f"--scheduler {scheduler}", *what, remedy)) from None
    return address


def is_open(address: str) -> bool:
    """Return whether others on the network could read the traffic to a scheduler: on another machine, without TLS.

    Examples
    --------
    >>> [is_open(f"{address}:8786") for address in ("tcp://10.0.0.1", "tls://10.0.0.1", "tcp://127.0.0.1", "cluster")]
    [True, False, False, True]
    """
    parts = urlsplit(address if "://" in address else f"tcp://{address}")
    if parts.scheme not in ("tcp", "ws"):
        return False
    try:
        return not ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return parts.hostname != "localhost"


def _connect(scheduler: str, jobs: int) -> tuple[Any, Any]:
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise UsageError(
            Fault("--scheduler", "Dask is not installed", "", "", "pip install 'sharesim[cluster]'")
        ) from None
    # It tells of a lost connection in many lines; we do so in one.
    for name in ("distributed.client", "distributed.core", "distributed.comm"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if scheduler == LOCAL:
        cluster = LocalCluster(
            n_workers=jobs, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=logging.ERROR
        )
        return cluster, Client(cluster)
    address = address_of(scheduler)
    if is_open(address):
        logging.getLogger("sharesim.batch").warning(OPEN, address)
    try:
        return None, _in_time(lambda: Client(address, timeout=CONNECT_SECONDS))
    except Exception as error:
        told = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        remedy = "Start one: dask scheduler."
        if address.startswith("tls:"):
            remedy = "Start one, and give Dask its certificates here too: distributed.comm.tls in its settings."
        raise UsageError(
            Fault(f"--scheduler {scheduler}", "no Dask scheduler answers there", told, ALLOWED, remedy)
        ) from None


def _in_time(ask: Callable[[], Any]) -> Any:
    """Return the result of a call, or raise TimeoutError after `ANSWER_SECONDS`; a later result is dropped."""
    answer: Future = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return answer.result(ANSWER_SECONDS)
    except TimeoutError:
        if answer.done():
            raise
        raise TimeoutError(f"something that does not answer as Dask does, within {ANSWER_SECONDS:.0f} s") from None


__all__ = ["DaskEngine", "address_of", "is_open"]
