"""The folder of a batch: what was planned, what is there, what failed; read from files, never from memory.

::

    batch.json          the runs of the last call's plan, with their identities
    runs/IDENTITY/      a finished run: its tables, record.json, log.txt; moved here whole
    failed/IDENTITY/    why a run failed: record.json, log.txt
    runs.csv .parquet   one row per planned run; chosen.parquet one row per chosen bundle
    .work/              claims and half-written runs; gone when nobody works here
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sharesim import __version__
from sharesim.batch.expand import PlannedRun
from sharesim.batch.plan import Plan
from sharesim.batch.sealed import read_sealed, write_sealed
from sharesim.choice.solution import Status
from sharesim.errors import Fault, OutputError, UsageError
from sharesim.folders.claims import claim, is_held
from sharesim.folders.contents import from_plain, is_same
from sharesim.folders.flush import flush, flush_folder
from sharesim.folders.mark import MANIFEST, read_mark
from sharesim.workflow.folder import BESIDE
from sharesim.workflow.kept import FILE as REPORT_FILE
from sharesim.workflow.kept import FRAMES

IDENTITY = re.compile("[0-9a-f]{20}")
BATCH, RECORD, LOG = "batch.json", "record.json", "log.txt"
#: Files of a run whose bytes hold times or machine facts, or come with a report, and so differ between equal results.
NOT_COMPARED = (MANIFEST, RECORD, LOG, REPORT_FILE, *(f"{name}.csv" for name in (*BESIDE, *FRAMES)))
#: What a batch puts into its folder.
OURS = {BATCH, "runs", "failed", "blocks", "compare", ".work", "runs.csv", "runs.parquet", "chosen.parquet"}
#: A run that took longer is flushed to the disk: that costs some hundredth of it, and spares doing it again.
FLUSH_FROM_SECONDS = 10.0
REPORTS = (".html", ".xlsx", ".pptx", ".png", ".svg", ".pdf", ".md")


@dataclass(frozen=True)
class BatchFolder:
    """Where a batch keeps its runs.

    Parameters
    ----------
    root : Path
    """

    root: Path

    @property
    def work(self) -> Path:
        return self.root / ".work"

    def run(self, run: str) -> Path:
        """Return the folder of a finished run."""
        return self.root / "runs" / run

    def failure(self, run: str) -> Path:
        """Return the folder that says why a run failed."""
        return self.root / "failed" / run

    def claim_file(self, run: str) -> Path:
        """Return the file whose lock says that somebody works on a run."""
        return self.work / f"{run}.claim"

    # -- what is there -------------------------------------------------------------------------------------------------

    def finished(self, run: str) -> dict[str, Any] | None:
        """Return the record of a finished run, or None: missing, and also when a file of it is not as it was written.

        Every file is read for that: what is served again is what was worked out, and a run whose figures were changed
        on the disk or by hand is done again (docs/decisions/062-identity-of-a-run.md). The manifest is held to its own
        digest: `sharesim report` adds its files to it.
        """
        record = read_sealed(self.run(run) / RECORD)
        files = None if record is None else from_plain(record.get("files"))
        mark = read_mark(self.run(run))
        try:
            whole = files is not None and mark is not None and mark.is_untouched
            whole = whole and all(is_same(self.run(run), name, file) for name, file in (files or {}).items())
        except OSError:
            return None
        return record if whole else None

    def failed(self, run: str) -> dict[str, Any] | None:
        """Return why a run failed when it was last tried, or None."""
        return read_sealed(self.failure(run) / RECORD)

    def is_running(self, run: str) -> bool:
        """Return whether somebody alive works on a run."""
        return is_held(self.claim_file(run))

    def batch(self) -> dict[str, Any]:
        """Return what the last call planned.

        Raises
        ------
        UsageError
            When the folder holds no batch, or the list of its runs is damaged.
        """
        planned = self._planned()
        if planned is not None:
            return planned
        if os.path.lexists(self.root / BATCH):
            remedy = "Give the same batch command again: it is written anew, and what is done stays."
            what = ("cannot be read", "a damaged file", "the list of a batch's runs")
            raise UsageError(Fault(str(self.root / BATCH), *what, remedy))
        told, remedy = f"holds no batch: no {BATCH}", "While a batch is being planned there is none yet."
        raise UsageError(Fault(str(self.root), told, "", "the --out folder of sharesim batch", remedy))

    def _planned(self) -> dict[str, Any] | None:
        """Return what the last call planned; None where there is nothing, or nothing to be trusted."""
        planned = read_sealed(self.root / BATCH)
        rows = None if planned is None else planned.get("runs")
        return planned if isinstance(rows, list) and all(_is_row(row) for row in rows) else None

    def known(self) -> dict[str, str]:
        """Return key to identity as far as the last call knew them."""
        rows = (self._planned() or {"runs": []})["runs"]
        return {row["key"]: row["run"] for row in rows if row["key"] and not row["faults"]}

    def n_others(self, planned: Iterable[str]) -> int:
        """Return how many finished runs are there that the plan does not name."""
        with contextlib.suppress(OSError):
            return len({item.name for item in (self.root / "runs").iterdir()} - set(planned))
        return 0

    # -- writing -------------------------------------------------------------------------------------------------------

    def prepare(self, plan: Plan) -> None:
        """Make the folder, or check that it is a batch of the same name and can be written.

        Raises
        ------
        UsageError
            When it holds something else.
        OutputError
            When it cannot be written.
        """
        if self.root.exists():
            self._check_mine(plan.name)
        with writing(self.root), self.desk() as aside:
            aside.write_bytes(b"x" * 4096)
            (self.root / "runs").mkdir(exist_ok=True)

    def _check_mine(self, name: str) -> None:
        if not self.root.is_dir():
            raise UsageError(
                Fault(str(self.root), "is a file", "", "a folder, or a name that is free", "Choose another --out.")
            )
        planned = self._planned()
        there = None if planned is None else planned.get("name")
        if planned is not None and there != name:
            raise UsageError(
                Fault(
                    str(self.root),
                    "holds another batch",
                    repr(there),
                    repr(name),
                    "Choose another --out, or give the plan that name.",
                )
            )
        if planned is None and (stranger := self._stranger()) is not None:
            raise UsageError(
                Fault(
                    str(self.root),
                    "is in the way",
                    f"a folder with {stranger!r} in it",
                    "a new name, or an earlier batch",
                    "Choose another --out.",
                )
            )

    def _stranger(self) -> str | None:
        """Return a file that shows that a folder without a list of runs is no batch's; None where it is one.

        A damaged list does not lock a batch out: the records of the runs count, and the list is written anew. The
        folder of the runs is made before the list is first written.
        """
        with writing(self.root):
            names = {item.name for item in self.root.iterdir()}
        strangers = names - OURS if "runs" in names else names - {".work"}
        if not strangers or ("runs" in names and self._has_finished()):
            return None
        return min(strangers)

    def _has_finished(self) -> bool:
        with contextlib.suppress(OSError):
            names = (item.name for item in (self.root / "runs").iterdir())
            return any(IDENTITY.fullmatch(name) and self.finished(name) is not None for name in names)
        return False

    @contextlib.contextmanager
    def desk(self) -> Iterator[Path]:
        """Yield an unused path in .work to write at; what is left there is removed, if need be by the next batch."""
        name = f"desk-{secrets.token_hex(6)}"
        try:
            with claim(self.claim_file(name)):
                try:
                    yield self.work / f"{name}.aside"
                finally:
                    self.clear(name)
        finally:
            with contextlib.suppress(OSError):
                # Only when nobody else is at work.
                self.work.rmdir()

    def replace(self, name: str, write: Callable[[Path], None]) -> None:
        """Write a file of the batch aside and move it into place, so that nobody reads half of it."""
        with writing(self.root), self.desk() as aside:
            write(aside)
            (self.root / name).parent.mkdir(exist_ok=True)
            os.replace(aside, self.root / name)

    def write_plan(self, plan: Plan, runs: Iterable[PlannedRun]) -> None:
        """Write down what is planned."""
        rows = [
            {
                "run": item.run,
                "key": item.key,
                "study": item.name,
                "scenario": item.variant.scenario,
                "seed": item.seed,
                "settings": {name: _word(value) for name, value in item.variant.settings.items()},
                "faults": [str(fault) for fault in item.faults],
            }
            for item in runs
        ]
        content = {
            "name": plan.name,
            "plan": plan.file.name,
            "sharesim": __version__,
            "factors": list(plan.factors),
            "runs": rows,
        }
        self.replace(BATCH, lambda path: write_sealed(path, content))

    def write_failure(self, run: str, record: Mapping[str, Any], log: str) -> None:
        """Record why a run failed; on a full disk the record is lost, and the batch goes on."""
        with contextlib.suppress(OSError, OutputError), self.desk() as aside:
            aside.mkdir()
            write_sealed(aside / RECORD, {**record, "run": run, "time": now()})
            (aside / LOG).write_text(log, encoding="utf-8", errors="backslashreplace")
            self.failure(run).parent.mkdir(exist_ok=True)
            shutil.rmtree(self.failure(run), ignore_errors=True)
            aside.rename(self.failure(run))

    def forget_failure(self, run: str) -> None:
        """Remove the record of a failure."""
        shutil.rmtree(self.failure(run), ignore_errors=True)
        with contextlib.suppress(OSError):
            (self.root / "failed").rmdir()

    def keep(self, made: Path, run: str, seconds: float = 0.0) -> None:
        """Move a finished run into its place, flushed to disk if it took long; only the holder of its claim may."""
        target, long = self.run(run), seconds > FLUSH_FROM_SECONDS
        target.parent.mkdir(parents=True, exist_ok=True)
        if long:
            flush(made)
        if target.exists():
            target.rename(self.aside(run))
        made.rename(target)
        if long:
            flush_folder(target.parent)

    def aside(self, run: str) -> Path:
        """Return an unused path in .work."""
        return self.work / f"{run}.{secrets.token_hex(4)}"

    def sweep(self) -> None:
        """Remove what dead processes left in .work; what a living one works on stays."""
        with contextlib.suppress(OSError):
            names = {item.name.partition(".")[0] for item in self.work.iterdir()}
            for name in sorted(names):
                with claim(self.claim_file(name)) as mine:
                    if mine:
                        self.clear(name)
            self.work.rmdir()

    def sweep_blocks(self, planned: Iterable[str]) -> None:
        """Remove blocks of appraisals that are not needed any more: their run is finished, or planned no more."""
        planned = set(planned)
        with contextlib.suppress(OSError):
            for item in (self.root / "blocks").iterdir():
                wanted = item.name in planned and self.finished(item.name) is None
                if not wanted and IDENTITY.fullmatch(item.name):
                    with claim(self.claim_file(item.name)) as mine:
                        if mine:
                            shutil.rmtree(item, ignore_errors=True)
            (self.root / "blocks").rmdir()

    def clear(self, run: str) -> None:
        """Remove a run's half-written folders; only the holder of its claim may."""
        with contextlib.suppress(OSError):
            for item in self.work.glob(f"{run}.*"):
                if item != self.claim_file(run):
                    shutil.rmtree(item, ignore_errors=True) if item.is_dir() else item.unlink(missing_ok=True)


# -- files -------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn what the operating system says about a folder that cannot be written into an OutputError."""
    try:
        yield
    except OSError as error:
        remedy = "Make room, or choose another --out; then give the same command again: what is done stays done."
        raise OutputError(
            Fault(str(folder), f"cannot be written: {error.strerror or error}", "", "", remedy)
        ) from error


def is_unproven(record: Mapping[str, Any]) -> bool:
    """Return whether a finished run ended before it was known whether any portfolio keeps the rules."""
    return record.get("portfolio") == Status.UNPROVEN.value


def digest(folder: Path) -> str:
    """Return a hash of a run's results, the same for the same results wherever and whenever they were worked out."""
    found = hashlib.blake2b(digest_size=16)
    for item in sorted(item for item in folder.iterdir() if item.is_file()):
        if item.name not in NOT_COMPARED and not item.name.endswith(REPORTS):
            found.update(item.name.encode() + b"\0" + item.read_bytes())
    return found.hexdigest()


def now() -> str:
    """Return the time of day for people; nothing is decided by it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _is_row(row: Any) -> bool:
    """Whether a planned run has the form that is written; its identity names folders, so any other text is refused."""
    texts = ("run", "key", "study", "scenario")
    return (
        isinstance(row, dict)
        and all(isinstance(row.get(name), str) for name in texts)
        and IDENTITY.fullmatch(row["run"]) is not None
        and "seed" in row
        and isinstance(row.get("settings"), dict)
        and isinstance(row.get("faults"), list)
    )


def _word(value: Any) -> Any:
    """Return a setting as JSON can hold it: numbers, truth values and text as they are, the rest as JSON text."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return json.dumps(value, default=str, ensure_ascii=False)


__all__ = ["BatchFolder", "digest", "is_unproven", "now", "writing"]
