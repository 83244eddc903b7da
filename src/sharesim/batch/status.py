"""How far a batch is, read from its folder: also while it runs, and after it was killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from sharesim.arguments import a_path, takes
from sharesim.batch.execute import FAULTS, UNPROVEN
from sharesim.batch.manifest import BatchFolder
from sharesim.batch.tables import run_table
from sharesim.display import record
from sharesim.folders.claims import is_held
from sharesim.study.plain import visible

COUNTED = ("done", "unproven", "running", "failed", "missing")


@record
class BatchStatus:
    """How far a batch is.

    Parameters
    ----------
    name : str
    folder : Path
    counts : dict of str to int
        Different runs by status: done, unproven, running, failed, missing.
    n_lines : int
        Lines of the plan; two that come to the same study are one run.
    n_others : int
        Finished runs in the folder that the plan does not name.
    is_at_work : bool
        Whether a batch works in the folder now.
    failures : DataFrame
        run, study, settings, reason, fault and log of each failed run.
    """

    name: str
    folder: Path
    counts: dict[str, int]
    n_lines: int
    n_others: int
    is_at_work: bool
    failures: pd.DataFrame

    @property
    def is_complete(self) -> bool:
        """Whether every run is over, and none failed; an unproven one is, and is told apart."""
        return not (self.counts["running"] or self.counts["failed"] or self.counts["missing"])

    def summary(self) -> str:
        """Return the state in words."""
        n_runs = sum(self.counts.values())
        lines = [
            f"{visible(self.name)}: {n_runs} runs; "
            + ", ".join(f"{n} {word}" for word, n in self.counts.items() if n or word == "done")
            + "."
        ]
        lines.append("A batch is at work here." if self.is_at_work else "Nobody works on it now.")
        if self.n_lines > n_runs:
            lines.append(f"{self.n_lines} lines of the plan come to {n_runs} different runs.")
        if self.n_others:
            kept = "run of an earlier plan is" if self.n_others == 1 else "runs of earlier plans are"
            lines.append(f"{self.n_others} finished {kept} kept beside them.")
        lines += [UNPROVEN.strip()] if self.counts["unproven"] else []
        for _, rows in self.failures.groupby(["fault", "reason"], sort=False):
            fault, why = str(rows.fault.iloc[0]), str(rows.reason.iloc[0])
            lines.append(f"{len(rows)} failed ({visible(FAULTS.get(fault, fault))}): {visible(why)}")
            first = rows.head(5)
            lines += [
                f"  {run} {visible(study)} {_settings(settings)}\n    {log}"
                for run, study, settings, log in zip(first.run, first.study, first.settings, first.log, strict=True)
            ]
            lines += [f"  and {len(rows) - 5} more, in runs.csv"] if len(rows) > 5 else []
        if self.counts["missing"] and not self.is_at_work:
            lines.append("The same command again does what is missing.")
        return "\n".join(lines)

    def figures(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {
            "name": self.name,
            "runs": sum(self.counts.values()),
            **self.counts,
            "lines": self.n_lines,
            "others": self.n_others,
            "at_work": self.is_at_work,
            "failures": self.failures.drop(columns="settings").to_dict("records"),
        }


@takes(folder=a_path)
def status(folder: str | Path) -> BatchStatus:
    """Return how far a batch is.

    Raises
    ------
    UsageError
        When the folder holds no batch.
    """
    batch = BatchFolder(Path(folder).resolve())
    planned = batch.batch()
    table = run_table(batch)
    once = table.drop_duplicates("run")
    counts = {word: int((once.status == word).sum()) for word in COUNTED}
    rows = once[once.status == "failed"]
    names = list(planned["runs"][0]["settings"]) if planned["runs"] else []
    failures = pd.DataFrame(
        {
            "run": list(rows.run),
            "study": list(rows.study),
            "settings": [
                {"scenario": row["scenario"], **{name: row[name] for name in names}} for _, row in rows.iterrows()
            ],
            "reason": list(rows.reason),
            "fault": list(rows.fault),
            "log": [str(batch.failure(run) / "log.txt") for run in rows.run],
        }
    )
    others = batch.n_others(once.run)
    return BatchStatus(
        str(planned.get("name", "")), batch.root, counts, len(table), others, is_at_work(batch), failures
    )


def is_at_work(folder: BatchFolder) -> bool:
    """Return whether a batch works in the folder now."""
    return any(is_held(item) for item in folder.work.glob("batch-*.claim"))


def _settings(settings: dict[str, Any]) -> str:
    return visible(", ".join(f"{name} = {value}" for name, value in settings.items() if value not in ("", None)))
