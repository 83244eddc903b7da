"""The runs of a batch as tables: one row per planned run, and one per chosen bundle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from sharesim.batch.columns import FIGURES, FIRST, LAST, STATE, WHOLE
from sharesim.batch.manifest import BatchFolder, is_unproven
from sharesim.errors import OutputError
from sharesim.workflow.folder import write_csv, write_parquet

#: Numbers beyond it are kept as text.
MOST_NUMBER = 1e300
BUNDLE = ("services", "partners", "host", "form", "start")


def run_table(folder: BatchFolder) -> pd.DataFrame:
    """Return one row per line of the plan: its settings, how it went, and its figures.

    ``status`` is done, unproven, failed, running or missing; ``portfolio`` is how the choice ended; ``chosen`` the
    bundles in words.
    """
    return both_tables(folder)[0]


def both_tables(folder: BatchFolder) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table of runs, and one row per run and chosen bundle: services, partners, host, form, start.

    Every run is looked at once: its files are read to see that they are whole.
    """
    planned = folder.batch()["runs"]
    rows, chosen, known = [], [], dict[str, tuple[dict[str, Any], list[dict[str, Any]]]]()
    for line in planned:
        run = line["run"]
        if run not in known:
            known[run] = _found(folder, run)
            chosen += [{"run": run, **{key: _text(item.get(key)) for key in BUNDLE}} for item in known[run][1]]
        settings = {name: line[name] for name in ("run", "study", "scenario", "seed")} | line["settings"]
        rows.append(settings | known[run][0])
    names = dict.fromkeys(name for line in planned for name in line["settings"])
    frame = pd.DataFrame(rows, columns=[*FIRST, *names, *STATE, *FIGURES, *LAST], dtype=object)
    typed = frame.apply(lambda column: _typed(column, str(column.name)))
    return typed, pd.DataFrame(chosen, columns=["run", *BUNDLE]).drop_duplicates(ignore_index=True)


def write_tables(folder: BatchFolder) -> None:
    """Write runs.csv, runs.parquet and chosen.parquet; nothing without a plan, or without room for them."""
    if not (folder.root / "batch.json").exists():
        return
    try:
        runs, chosen = both_tables(folder)
        folder.replace("runs.csv", lambda path: write_csv(runs, path))
        folder.replace("runs.parquet", lambda path: write_parquet(runs, path))
        folder.replace("chosen.parquet", lambda path: write_parquet(chosen, path))
    except OutputError:
        # They are made anew by the next call, by status and by compare.
        return


def words(chosen: list[dict[str, Any]]) -> str:
    """Return chosen bundles in one line: services: partners at host (form, start)."""
    return " | ".join(sorted(bundle_word(item) for item in chosen))


def bundle_word(item: Mapping[str, Any]) -> str:
    """Return one bundle in words that stay the same from run to run.

    Examples
    --------
    >>> bundle_word({"services": ["hr"], "partners": ["a", "b"], "host": "a", "form": "company", "start": "2026-04-01"})
    'hr: a; b at a (company, 2026-04-01)'
    """
    host = _text(item.get("host"))
    place = f" at {host}" if host else ""
    return (
        f"{_text(item.get('services'))}: {_text(item.get('partners'))}{place} ({item.get('form')}, {item.get('start')})"
    )


def _found(folder: BatchFolder, run: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return how a run went, with its figures, and what was chosen."""
    record = folder.finished(run)
    if record is not None:
        summary = _summary(folder, run)
        chosen = summary.get("chosen", [])
        row = {"seed": summary["seed"]} if "seed" in summary else {}
        row |= {
            "status": "unproven" if is_unproven(record) else "done",
            "portfolio": record["portfolio"],
            "reason": "; ".join(summary.get("notes", [])),
            "fault": "",
            "seconds": record["seconds"],
        }
        row |= {name: summary.get(name) for name in FIGURES}
        return row | {"n_chosen": len(chosen), "chosen": words(chosen)}, chosen
    if folder.is_running(run):
        return {"status": "running"}, []
    failed = folder.failed(run)
    if failed is None:
        return {"status": "missing"}, []
    told = {name: failed.get(name, "") for name in ("reason", "fault")}
    return {"status": "failed", **told, "seconds": failed.get("seconds")}, []


def _typed(column: pd.Series, name: str) -> pd.Series:
    """Give a column one plain type, so that every reader of Parquet takes it."""
    given = [value for value in column if value is not None and value == value]
    truths, numbers = (
        bool(given)
        and all(isinstance(value, kind) and (kind is bool or not isinstance(value, bool)) for value in given)
        for kind in (bool, (int, float))
    )
    if name in WHOLE:
        return column.astype("Int64")
    if name in FIGURES or name == "seconds" or (numbers and all(abs(value) < MOST_NUMBER for value in given)):
        return column.astype("Float64").astype(float)
    if truths:
        return column.astype("boolean")
    return column.map(lambda value: "" if value is None or value != value else str(value)).astype("str")


def _summary(folder: BatchFolder, run: str) -> dict[str, Any]:
    try:
        found = json.loads((folder.run(run) / "summary.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str:
    return "" if value is None else "; ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


__all__ = ["both_tables", "bundle_word", "run_table", "words", "write_tables"]
