"""The schedule: gates, existing arrangements, planned starts, and when arrangements start in the futures."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from sharesim.appraisal.engine import tiles_of
from sharesim.appraisal.outcomes import Outcomes
from sharesim.appraisal.tiles import TileRun
from sharesim.measures import percentile
from sharesim.report import words
from sharesim.report.existing import existing
from sharesim.report.inputs import spoken
from sharesim.report.matrix import Arrangement
from sharesim.study.study import Study


def start_draws(judged: Outcomes) -> tuple[np.ndarray, np.ndarray]:
    """Return when each chosen bundle starts and when it has its full effect, in years since the study's first day.

    Returns
    -------
    start, full : ndarray, shape (bundle, draw)
        As delays and gates would have it; a bundle that is refused or given up before never gets there.
    """
    tiles = tiles_of(judged.table)
    start, full = (np.zeros((len(judged.table), judged.n_draws)) for _ in range(2))
    for run in judged.blocks():
        draws = slice(run.first, run.first + run.used)
        for placed in tiles:
            package = run.package(placed.tile.package)
            tile = TileRun(run.context, package, placed.tile)
            shape = (len(placed.tile.councils), run.context.n_draws)
            begins = np.broadcast_to(tile.start[:, 0], shape)[placed.tile.group]
            ramp = np.max([np.broadcast_to(tables.ramp, shape[1:]) for tables in package.tables], axis=0)
            start[placed.rows, draws] = begins[:, : run.used]
            full[placed.rows, draws] = (begins + ramp)[:, : run.used]
    return start, full


def schedule(study: Study, judged: Outcomes, started: np.ndarray, chosen: tuple[Arrangement, ...]) -> pd.DataFrame:
    """Return gates, what is there already, and arrangements with their dates, earliest first.

    Parameters
    ----------
    started : ndarray, shape (bundle, draw)
        Whether each ever starts.

    Returns
    -------
    DataFrame
        kind (gate, existing or arrangement), name, planned (of what is there already: the first day on which its
        councils may start anew), ends (of what is there already), start_p5, start_p50, start_p95, full_p50 (ISO dates;
        of arrangements), chance_of_starting_share; wait and refusal of gates in words, and notice as a wait.
    """
    start, full = start_draws(judged)
    rows: list[dict[str, str | float]] = [
        {
            "kind": "gate",
            "name": gate.name,
            "planned": gate.date.isoformat(),
            "wait": spoken(gate.wait_months, "{:g}".format),
            "refusal": spoken(gate.refusal, words.share),
        }
        for gate in study.model.gates
        if gate.date is not None and _concerns(study, gate.services, chosen)
    ]
    rows += [
        {
            "kind": "existing",
            "name": row["name"],
            "planned": row["earliest_start"],
            "ends": row["ends"],
            "wait": f"{row['notice_months']:g}",
        }
        for row in existing(study).to_dict("records")
    ]
    for item in chosen:
        early, middle, late = (float(percentile(start[item.row], q)) for q in (5, 50, 95))
        rows.append(
            {
                "kind": "arrangement",
                "name": f"{item.title} ({item.letter})",
                "planned": item.start,
                "start_p5": day_of(study, early),
                "start_p50": day_of(study, middle),
                "start_p95": day_of(study, late),
                "full_p50": day_of(study, float(percentile(full[item.row], 50))),
                "chance_of_starting_share": float(started[item.row].mean()),
            }
        )
    columns = [
        "kind",
        "name",
        "planned",
        "ends",
        "start_p5",
        "start_p50",
        "start_p95",
        "full_p50",
        "chance_of_starting_share",
        "wait",
        "refusal",
    ]
    frame = pd.DataFrame(rows, columns=columns)
    text = [column for column in columns if column != "chance_of_starting_share"]
    frame[text] = frame[text].astype(object).where(frame[text].notna(), "")
    return frame.sort_values(["planned", "kind", "name"], ignore_index=True)


def _concerns(study: Study, services: tuple[str, ...], chosen: tuple[Arrangement, ...]) -> bool:
    held = {study.services.ids[service] for item in chosen for service in item.services}
    return not services or bool(held & set(services))


def day_of(study: Study, years: float) -> str:
    """Return the day that lies so many years after the study's first, ISO."""
    return (study.model.study.start + timedelta(days=round(years * 365.25))).isoformat()
