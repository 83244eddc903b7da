"""The runs of a batch as tables: one row per planned run, and one per chosen bundle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd

from sharesim.batch.manifest import BatchFolder
from sharesim.errors import OutputError
from sharesim.workflow.folder import write_csv, write_parquet

FIGURES = (
    "value_gbp", "bound_gbp", "gap", "npv_mean_gbp", "npv_mean_gbp_error", "npv_p5_gbp", "npv_p50_gbp", "npv_p95_gbp", "probability_of_loss",
    "cvar_gbp", "choosing_npv_mean_gbp", "cashable_gbp", "non_cashable_gbp", "quality_change_share", "one_off_gbp", "compulsory_exits_posts",
    "voluntary_exits_posts", "posts_removed", "n_bundles", "n_draws", "n_choosing_draws",
)  # fmt: skip
WHOLE = ("seed", "n_bundles", "n_draws", "n_choosing_draws", "n_chosen")


def run_table(folder: BatchFolder) -> pd.DataFrame:
    """Return one row per line of the plan: its settings, how it went, and its figures.

    ``status`` is done, failed, running or missing; ``portfolio`` the status of the choice; ``chosen`` the bundles in words.
    """
    frame = pd.DataFrame(list(_rows(folder)), columns=_columns(folder), dtype=object)
    return frame.apply(lambda column: _typed(column, str(column.name)))


def chosen_table(folder: BatchFolder) -> pd.DataFrame:
    """Return one row per run and chosen bundle: services, partners, host, form, start."""
    rows = []
    for planned in folder.batch()["runs"]:
        for item in _summary(folder, planned["run"]).get("chosen", []):
            rows.append({"run": planned["run"], **{key: _text(item.get(key)) for key in ("services", "partners", "host", "form", "start")}})
    return pd.DataFrame(rows, columns=["run", "services", "partners", "host", "form", "start"]).drop_duplicates(ignore_index=True)


def write_tables(folder: BatchFolder) -> None:
    """Write runs.csv, runs.parquet and chosen.parquet; nothing where no plan was written yet or there is no room for them."""
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


def bundle_word(item: dict[str, Any]) -> str:
    """Return one bundle in words that stay the same from run to run."""
    host = _text(item.get("host"))
    return f"{_text(item.get('services'))}: {_text(item.get('partners'))}{f' at {host}' if host else ''} ({item.get('form')}, {item.get('start')})"


def _columns(folder: BatchFolder) -> list[str]:
    settings = list(dict.fromkeys(name for row in folder.batch()["runs"] for name in row["settings"]))
    return ["run", "study", "scenario", "seed", *settings, "status", "portfolio", "reason", "fault", "seconds", *FIGURES, "n_chosen", "chosen"]


def _rows(folder: BatchFolder) -> Iterator[dict[str, Any]]:
    for planned in folder.batch()["runs"]:
        run, summary = planned["run"], _summary(folder, planned["run"])
        record, failed = folder.finished(run), folder.failed(run)
        row = {"run": run, "study": planned["study"], "scenario": planned["scenario"], "seed": summary.get("seed", planned["seed"])}
        row |= planned["settings"]
        if record is not None:
            row |= {"status": "done", "portfolio": record["portfolio"], "reason": "; ".join(summary.get("notes", [])), "fault": "", "seconds": record["seconds"]}
            row |= {name: summary.get(name) for name in FIGURES}
            row |= {"n_chosen": len(summary.get("chosen", [])), "chosen": words(summary.get("chosen", []))}
        elif folder.is_running(run):
            row |= {"status": "running"}
        elif failed is not None:
            row |= {"status": "failed", "reason": failed.get("reason", ""), "fault": failed.get("fault", ""), "seconds": failed.get("seconds")}
        else:
            row |= {"status": "missing"}
        yield row


def _typed(column: pd.Series, name: str) -> pd.Series:
    """Give a column one plain type, so that every reader of Parquet takes it."""
    given = [value for value in column if value is not None and value == value]
    if name in WHOLE:
        return column.astype("Int64")
    if name in FIGURES or name == "seconds":
        return column.astype("Float64").astype(float)
    if given and all(isinstance(value, bool) for value in given):
        return column.astype("boolean")
    if given and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in given):
        return column.astype("Float64").astype(float)
    return column.map(lambda value: "" if value is None or value != value else str(value)).astype("str")


def _summary(folder: BatchFolder, run: str) -> dict[str, Any]:
    try:
        found = json.loads((folder.run(run) / "summary.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str:
    return "" if value is None else "; ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


__all__ = ["FIGURES", "bundle_word", "chosen_table", "run_table", "words", "write_tables"]
