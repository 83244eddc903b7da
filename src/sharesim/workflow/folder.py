"""What a run folder holds: its tables, its study as it was run, its manifest."""

from __future__ import annotations

import json
import math
import platform
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from sharesim.folders.choose import own_folder, seen_from
from sharesim.folders.mark import MANIFEST, Origin
from sharesim.folders.place import Place
from sharesim.report import inputs, log, tables
from sharesim.study import dump
from sharesim.study.plain import no_formula
from sharesim.study.study import Study
from sharesim.workflow.judged import Judged
from sharesim.workflow.results import Appraisal, Portfolio
from sharesim.workflow.versions import versions

RUNS = Path("runs")
#: The study as it was run, overrides and scenario included: it can be run again as it is.
STUDY = "study"


#: What every run writes, files and folders: somebody else's file of such a name is found before the work.
WRITTEN = (
    "bundles.parquet", "portfolio.csv", "councils.csv", "years.csv", "lines.csv", "council_years.csv", "rules.csv",
    "drivers.csv", "assumptions.csv", "conventions.csv", "published.csv", "study.json", STUDY, "summary.json",
)  # fmt: skip


def origin_of(study: Study) -> Origin:
    """Return where a study came from and what was changed on top; one read from nowhere is known by its content."""
    changes = ((item.path, str(item.after)) for item in study.changes if item.by == "command line")
    return Origin(study.source or f"content {study.content_hash}", study.scenario, tuple(sorted(changes)))


def own_folder_of(study: Study, kind: str, ending: str = "", parent: Path | None = None) -> tuple[Path, str]:
    """Return the folder of a study's result where none is named, and why it is not the plain name (`own_folder`).

    Below ``runs`` it has the study's name; below another parent, that of the study's folder or file.
    """
    name = study.model.study.name if parent is None else Path(study.source).stem
    return own_folder(parent or RUNS, name + ending, kind, origin_of(study))


def place_of(
    study: Study, folder: Path, kind: str, replace_edited: bool = False, expected: tuple[str, ...] = ()
) -> Place:
    """Return the place of a study's result."""
    return Place(folder, kind, seen_from(origin_of(study), folder.parent), replace_edited, expected)


def write_json(path: Path, value: Any) -> None:
    """Write plain data as JSON; what is not a number (nan, inf) becomes null, since JSON has no word for it."""
    path.write_text(json.dumps(_plain(value), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.item() if hasattr(value, "item") else value


def manifest(
    study: Study, appraisal: Appraisal, timings: dict[str, float], judged: Judged | None = None
) -> dict[str, Any]:
    """Return what a run was made of: enough to make it again."""
    result: dict[str, Any] = {
        "study": study.model.study.name,
        "study_hash": study.content_hash,
        "changes": [
            {"path": change.path, "before": change.before, "after": change.after, "by": change.by}
            for change in study.changes
        ],
        "versions": versions(),
        "machine": platform.machine(),
        "byte_order": sys.byteorder,
        "seed": appraisal.seed,
        "choosing_draws": appraisal.outcomes.plan.manifest() | {"used": appraisal.n_draws},
        "seconds": {name: round(seconds, 3) for name, seconds in timings.items()},
    }
    rules = {"choosing": appraisal.settled} if judged is None else judged.stop_rules
    result |= {"stop_rules": {name: rule.figures() for name, rule in rules.items() if rule is not None}}
    if judged is not None:
        result["judging_draws"] = judged.outcomes.plan.manifest() | {
            "used": judged.outcomes.n_draws,
            "seed": judged.seed,
        }
        result["solver"] = judged.portfolio.solution.solver
        result["notes"] = list(judged.portfolio.solution.notes)
    return result


def write_appraisal(folder: Path, appraisal: Appraisal, timings: dict[str, float]) -> None:
    """Write an appraisal without a choice."""
    write_csv(appraisal.bundles(), folder / "bundles.csv")
    write_parquet(appraisal.bundles(), folder / "bundles.parquet")
    write_csv(tables.drivers(appraisal.study), folder / "drivers.csv")
    write_csv(tables.assumptions(appraisal.study), folder / "assumptions.csv")
    write_json(folder / "study.json", appraisal.study.model.model_dump(mode="json"))
    write_json(folder / MANIFEST, manifest(appraisal.study, appraisal, timings))


def write_refusal(folder: Path, portfolio: Portfolio, timings: dict[str, float]) -> None:
    """Write what is known when no portfolio satisfies the rules."""
    write_appraisal(folder, portfolio.appraisal, timings)
    write_csv(portfolio.rule_checks(), folder / "rules.csv")
    write_json(
        folder / "summary.json",
        {
            "study": portfolio.study.model.study.name, "status": portfolio.status, "value_gbp": portfolio.value_gbp,
            "bound_gbp": portfolio.bound_gbp, "gap": portfolio.gap, "n_bundles": portfolio.appraisal.candidates.n_bundles,
            "n_draws": portfolio.appraisal.n_draws, "seed": portfolio.appraisal.seed, "chosen": [], "notes": list(portfolio.solution.notes),
        },
    )  # fmt: skip


def write_run(folder: Path, judged: Judged, timings: dict[str, float]) -> None:
    """Write everything of a run but the report."""
    portfolio, study = judged.portfolio, judged.study
    write_parquet(portfolio.appraisal.bundles(), folder / "bundles.parquet")
    for name, frame in (
        ("portfolio", judged.bundles()), ("councils", judged.councils()), ("years", judged.years()), ("lines", judged.lines()),
        ("council_years", tables.council_years(study, judged.account)), ("rules", portfolio.rule_checks()),
        ("drivers", inputs.drivers(study).drop(columns="status_words")), ("assumptions", tables.assumptions(study)),
        ("conventions", log.conventions(study)), ("published", judged.published()),
    ):  # fmt: skip
        write_csv(frame, folder / f"{name}.csv")
    write_json(folder / "study.json", study.model.model_dump(mode="json"))
    dump.write(study.model, folder / STUDY)
    write_json(folder / "summary.json", judged.figures())
    write_json(folder / MANIFEST, manifest(study, portfolio.appraisal, timings, judged))


#: Tables that come with a report only.
BESIDE = ("readings", "right_to_stop", "do_minimum", "mitigations", "metrics")


def write_beside(folder: Path, judged: Judged) -> None:
    """Write the three readings, and of what only some studies have: stage gates, do-minimum, mitigations, carbon."""
    for name in BESIDE:
        frame = getattr(judged, name)()
        if len(frame):
            write_csv(frame, folder / f"{name}.csv")


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table; text that a spreadsheet would take for a formula gets a leading apostrophe."""
    columns = {}
    for name, column in frame.items():
        plain = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)
        columns[no_formula(str(name))] = column if plain else [no_formula(text) for text in column.astype(str)]
    pd.DataFrame(columns, index=frame.index).to_csv(
        path, index=False, float_format="%.10g", encoding="utf-8", lineterminator="\n"
    )


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet, which pandas, R (arrow) and Excel (Power Query) open."""
    # Opened here: Arrow takes no path that the file system's own letters cannot spell.
    with path.open("wb") as stream:
        frame.to_parquet(stream, index=False)
