"""Does one run of a batch, in any process, and returns its outcome."""

from __future__ import annotations

import errno
import logging
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sharesim import __version__
from sharesim.batch.engine_errors import EngineLost, WorkerDied
from sharesim.batch.expand import Variant, identity, load_variant
from sharesim.batch.manifest import LOG, RECORD, BatchFolder, digest, is_unproven, now
from sharesim.batch.sealed import write_sealed
from sharesim.choice.solution import Status
from sharesim.errors import Fault, InternalError, OutputError, SharesimError, StudyError, UsageError
from sharesim.folders.claims import claim
from sharesim.folders.contents import as_plain, contents
from sharesim.folders.mark import MANIFEST
from sharesim.study.plain import visible
from sharesim.study.study import Study
from sharesim.workflow.results import Portfolio
from sharesim.workflow.run import RunOptions, run_study

#: What the operating system says when nothing more can be written: going on would waste every later run too.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)
MOST_LOG = 200_000


@dataclass(frozen=True)
class Task:
    """A run to do.

    Parameters
    ----------
    root : Path
        The batch's folder.
    run : str
        Identity.
    variant : Variant
    by : str
        Name of the plan.
    report : bool
        Whether a full report is wanted.
    force : bool
        Do it even if it is there.
    threads : int
    wait : bool
        Wait where somebody else works on it.
    """

    root: Path
    run: str
    variant: Variant
    by: str
    report: bool = False
    force: bool = False
    threads: int = 1
    wait: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a run went.

    Parameters
    ----------
    run : str
    status : {"done", "unproven", "found", "busy", "failed", "no room"}
        Unproven: time ran out before it was known whether any portfolio keeps the rules. Found: it was there already.
        Busy: somebody else works on it. No room: nothing can be written any more.
    reason : str
    fault : {"", "study", "sharesim", "machine"}
        Whose fault a failure is.
    log : str
    seconds : float
    """

    run: str
    status: str
    reason: str = ""
    fault: str = ""
    log: str = ""
    seconds: float = 0.0


def perform(task: Task, appraise: Callable[..., Any] | None = None) -> Outcome:
    """Do one run and move it into place; whatever goes wrong is an outcome, not an exception.

    Parameters
    ----------
    task : Task
    appraise : callable, optional
        As in `RunOptions`.
    """
    folder, begun = BatchFolder(task.root), time.monotonic()
    try:
        with claim(folder.claim_file(task.run), wait=task.wait) as mine:
            if not mine:
                return Outcome(task.run, "busy")
            record = None if task.force else folder.finished(task.run)
            if record is not None and (record.get("report") or not task.report):
                return Outcome(task.run, "unproven" if is_unproven(record) else "found")
            folder.clear(task.run)
            try:
                return _make(task, folder, begun, appraise)
            finally:
                folder.clear(task.run)
    except OSError as error:
        return _failure(task, begun, error, [])


def _make(task: Task, folder: BatchFolder, begun: float, appraise: Callable[..., Any] | None) -> Outcome:
    made = folder.aside(task.run)
    with _said() as said:
        try:
            study = load_variant(task.variant, task.by)
            _check_identity(task, study)
            options = RunOptions(jobs=task.threads, report=task.report, appraise=appraise)
            result = run_study(study, made / "run", options)
            _check_answer(result.portfolio)
            record = {"portfolio": result.portfolio.status, "seconds": round(result.seconds, 3)}
            _seal(task, made / "run", record, said)
            folder.keep(made / "run", task.run, result.seconds)
        except EngineLost:
            # Only an appraisal spread over workers asks them from in here; that is no fault of this run.
            raise
        except Exception as error:
            return _failure(task, begun, error, said)
    return Outcome(task.run, "unproven" if is_unproven(record) else "done", seconds=time.monotonic() - begun)


def _check_identity(task: Task, study: Study) -> None:
    if identity(study) != task.run:
        raise UsageError(
            Fault(str(task.variant.study), "changed while the batch ran", "", "", "Give the same command again.")
        )


def _check_answer(portfolio: Portfolio) -> None:
    """Raise InternalError where the solver failed or the program is unbounded: that is no result to keep."""
    if Status(portfolio.status) in (Status.FAILED, Status.UNBOUNDED):
        told = "; ".join(portfolio.solution.notes) or portfolio.status
        raise InternalError(Fault("solver", "gave no answer", told, "", ""))


def _seal(task: Task, made: Path, record: dict[str, Any], said: list[str]) -> None:
    """Write the log and, last, the record that makes a folder a finished run."""
    lines = [f"run {task.run}, sharesim {__version__}, finished {now()}", *said]
    lines += [f"  {path} = {value!r}" for path, value in task.variant.assignments]
    (made / LOG).write_text("\n".join(lines) + "\n", encoding="utf-8", errors="backslashreplace")
    record |= {
        "run": task.run,
        "sharesim": __version__,
        "report": task.report,
        "warnings": len(said),
        "finished": now(),
    }
    files = as_plain(contents(made, {RECORD, MANIFEST}))
    write_sealed(made / RECORD, record | {"digest": digest(made), "files": files})


# -- what went wrong ---------------------------------------------------------------------------------------------------


def _failure(task: Task, begun: float, error: Exception, said: list[str]) -> Outcome:
    log = "\n".join(
        [f"run {task.run}, sharesim {__version__}, failed {now()}", *said, "".join(traceback.format_exception(error))]
    )
    status = "no room" if no_room(error) else "failed"
    return Outcome(task.run, status, reason(error), whose(error), log[-MOST_LOG:], time.monotonic() - begun)


def reason(error: BaseException) -> str:
    """Return an error in one line without control characters.

    Examples
    --------
    >>> reason(ValueError("a\\x1b[31m\\nb"))
    'ValueError: a\\\\x1b[31m; b'
    """
    text = (
        "; ".join(str(fault) for fault in error.faults)
        if isinstance(error, SharesimError)
        else f"{type(error).__name__}: {error}".removesuffix(": ")
    )
    text = "; ".join(line for line in text.splitlines() if line.strip())
    text = visible(text)
    return text if len(text) <= 2000 else text[:1997] + "..."


def whose(error: BaseException) -> str:
    """Return whose fault an error is: the study's, the machine's, or that of sharesim.

    Examples
    --------
    >>> whose(OSError(28, "No space left on device")), whose(KeyError("x"))
    ('machine', 'sharesim')
    """
    if isinstance(error, (StudyError, UsageError)):
        return "study"
    return "machine" if isinstance(error, (OutputError, OSError, MemoryError, WorkerDied)) else "sharesim"


def no_room(error: BaseException) -> bool:
    """Return whether an error, or what led to it, says that nothing more can be written."""
    seen: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in seen:
        seen.append(at)
        # Some writers wrap the operating system's word as an argument of an exception of their own.
        if any(isinstance(item, OSError) and item.errno in NO_ROOM for item in (at, *at.args)):
            return True
        at = at.__cause__ or at.__context__
    return False


@contextmanager
def _said() -> Iterator[list[str]]:
    """Collect warnings and log records for the run's log."""
    said: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(f"{record.levelname.lower()}: {record.getMessage()}")

    collector = Collector(logging.WARNING)
    logging.getLogger().addHandler(collector)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, kind, *_: said.append(f"{kind.__name__}: {message}")
            yield said
    finally:
        logging.getLogger().removeHandler(collector)


__all__ = ["Outcome", "Task", "perform"]
