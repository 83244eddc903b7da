"""The runs of a batch as tables: one row per planned run, and one per chosen bundle."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from sharesim.batch.columns import FIGURES, FIRST, LAST, STATE, WHOLE
from sharesim.batch.manifest import BatchFolder
from sharesim.errors import OutputError
from sharesim.workflow.folder import write_csv, write_parquet

#: Numbers beyond it are kept as text.
MOST_NUMBER = 1e300
BUNDLE = ("services", "partners", "host", "form", "start")


def run_table(folder: BatchFolder) -> pd.DataFrame:
    """Return one row per line of the plan: its settings, how it went, and its figures.

    ``status`` is done, failed, running or missing; ``portfolio`` is how the choice ended; ``chosen`` the bundles in
    words.
    """
    frame = pd.DataFrame(list(_rows(folder)), columns=_columns(folder), dtype=object)
    return frame.apply(lambda column: _typed(column, str(column.name)))


def chosen_table(folder: BatchFolder) -> pd.DataFrame:
    """Return one row per run and chosen bundle: services, partners, host, form, start."""
    rows = [
        {"run": planned["run"], **{key: _text(item.get(key)) for key in BUNDLE}}
        for planned in folder.batch()["runs"]
        if folder.finished(planned["run"]) is not None
        for item in _summary(folder, planned["run"]).get("chosen", [])
    ]
    return pd.DataFrame(rows, columns=["run", *BUNDLE]).drop_duplicates(ignore_index=True)


def write_tables(folder: BatchFolder) -> None:
    """Write runs.csv, runs.parquet and chosen.parquet; nothing without a plan, or without room for them."""
    if not (folder.root / "batch.json").exists():
        return
    try:
        runs, chosen = run_table(folder), chosen_table(folder)
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


def _columns(folder: BatchFolder) -> list[str]:
    settings = dict.fromkeys(name for row in folder.batch()["runs"] for name in row["settings"])
    return [*FIRST, *settings, *STATE, *FIGURES, *LAST]


def _rows(folder: BatchFolder) -> Iterator[dict[str, Any]]:
    for planned in folder.batch()["runs"]:
        run, summary = planned["run"], _summary(folder, planned["run"])
        record, failed = folder.finished(run), folder.failed(run)
        row = {
            "run": run,
            "study": planned["study"],
            "scenario": planned["scenario"],
            "seed": summary.get("seed", planned["seed"]),
        }
        row |= planned["settings"]
        if record is not None:
            row |= {
                "status": "done",
                "portfolio": record["portfolio"],
                "reason": "; ".join(summary.get("notes", [])),
                "fault": "",
                "seconds": record["seconds"],
            }
            row |= {name: summary.get(name) for name in FIGURES}
            row |= {"n_chosen": len(summary.get("chosen", [])), "chosen": words(summary.get("chosen", []))}
        elif folder.is_running(run):
            row |= {"status": "running"}
        elif failed is not None:
            row |= {
                "status": "failed",
                "reason": failed.get("reason", ""),
                "fault": failed.get("fault", ""),
                "seconds": failed.get("seconds"),
            }
        else:
            row |= {"status": "missing"}
        yield row


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


__all__ = ["bundle_word", "chosen_table", "run_table", "words", "write_tables"]
