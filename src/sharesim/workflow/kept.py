"""What a report shows that took long to find out, kept in the run folder so that another form needs no new search."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sharesim.appraisal.account import account
from sharesim.appraisal.outcomes import Outcomes, appraise_again
from sharesim.display import record
from sharesim.errors import Fault, UsageError
from sharesim.report.options import Beyond, Option
from sharesim.workflow.assumed import AssumptionEffect
from sharesim.workflow.judged import Judged

FILE = "report.json"
FRAMES = ("rule_costs", "alternatives")


@record
class Kept:
    """What was kept of one report.

    Parameters
    ----------
    judged : Judged
        With what each assumption moves.
    beyond : Beyond
    date : str
        Day of the run, ISO.
    """

    judged: Judged
    beyond: Beyond
    date: str


def write_kept(folder: Path, judged: Judged, beyond: Beyond, date: str) -> None:
    """Write what a report took long to find out into a run folder."""
    table = judged.portfolio.appraisal.outcomes.table
    options = [
        {
            "key": option.key, "title": option.title, "how": option.how,
            "sets_rules_aside": bool(option.sets_rules_aside),
            "bundles": [table.id_of(row) for row in option.rows],
        }
        for option in beyond.options
    ]  # fmt: skip
    kept = {
        "date": date,
        "effects": [
            {"assumption": item.assumption.path, "low_gbp": item.low_gbp, "high_gbp": item.high_gbp}
            for item in judged.effects
        ],
        "options": options,
        "budget_seconds": beyond.budget_seconds,
        "seconds": beyond.seconds,
    }
    kept |= {name: _records(getattr(beyond, name)) for name in FRAMES}
    text = json.dumps(_plain(kept), indent=1, ensure_ascii=False, allow_nan=False)
    (folder / FILE).write_text(text + "\n", encoding="utf-8", newline="\n")


def read_kept(folder: Path, judged: Judged, jobs: int) -> Kept | None:
    """Return what was kept of a run's report; None where the run wrote none.

    Parameters
    ----------
    folder : Path
    judged : Judged
        The run's portfolio, judged again.
    jobs : int

    Raises
    ------
    UsageError
        When the file is damaged, or names what the study does not have.
    """
    file = folder / FILE
    if not file.exists():
        return None
    try:
        kept = _read(json.loads(file.read_text(encoding="utf-8")))
        known = {item.path: item for item in judged.study.assumptions}
        effects = tuple(
            AssumptionEffect(known[item["assumption"]], float(item["low_gbp"]), float(item["high_gbp"]))
            for item in kept["effects"]
        )
        options = tuple(_option(judged, item, jobs) for item in kept["options"])
        rule_costs, alternatives = (_frame(kept[name]) for name in FRAMES)
        beyond = Beyond(
            options, rule_costs, alternatives, float(kept["budget_seconds"]), float(kept["seconds"])
        )
        return Kept(replace(judged, effects=effects), beyond, str(kept["date"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        told = getattr(error, "strerror", None) or type(error).__name__
        raise UsageError(Fault(str(file), "cannot be read", told, "", "Run the study again.")) from None


def _option(judged: Judged, kept: dict[str, Any], jobs: int) -> Option:
    """Return an option with its bundles on the judging futures."""
    table, solution = judged.portfolio.appraisal.outcomes.table, judged.portfolio.solution
    position = {name: at for at, name in enumerate(table.ids)}
    rows = tuple(position[name] for name in kept["bundles"])
    told = (kept["key"], kept["title"], kept["how"], rows)
    if not rows:
        return Option(*told, sets_rules_aside=kept["sets_rules_aside"])
    if rows == tuple(int(row) for row in solution.chosen):
        return Option(*told, judged.outcomes, judged.account, kept["sets_rules_aside"])
    outcomes = _judged(judged, np.array(rows), jobs)
    return Option(*told, outcomes, account(outcomes), kept["sets_rules_aside"])


def _judged(judged: Judged, rows: np.ndarray, jobs: int) -> Outcomes:
    return appraise_again(judged.outcomes, judged.portfolio.appraisal.outcomes.table.take(rows), jobs=jobs)


def _records(frame: pd.DataFrame | None) -> dict[str, Any] | None:
    if frame is None:
        return None
    return {"columns": list(frame.columns), "rows": [list(row) for row in frame.itertuples(index=False, name=None)]}


def _frame(kept: dict[str, Any] | None) -> pd.DataFrame | None:
    return None if kept is None else pd.DataFrame(kept["rows"], columns=kept["columns"])


def _plain(value: Any) -> Any:
    """Return plain data; JSON has no word for what is no number, so that it is written as a table of one."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(item) for item in value]
    value = value.item() if isinstance(value, np.generic) else value
    return {"number": str(value)} if isinstance(value, float) and not math.isfinite(value) else value


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        return float(value["number"]) if set(value) == {"number"} else {key: _read(item) for key, item in value.items()}
    return [_read(item) for item in value] if isinstance(value, Sequence) and not isinstance(value, str) else value
