"""What a plan would cost: its runs, their size, and about how long they would take; nothing is run but a sample."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sharesim.appraisal.engine import chunk_sizes
from sharesim.appraisal.outcomes import appraise as simulate
from sharesim.batch.execute import BatchOptions, Tally
from sharesim.batch.expand import Expansion, PlannedRun, variants
from sharesim.batch.manifest import BatchFolder, is_unproven
from sharesim.batch.plan import Plan, read_plan
from sharesim.bundles.enumerate import candidates
from sharesim.errors import SharesimError
from sharesim.study.plain import visible
from sharesim.study.study import Study
from sharesim.uncertainty.draws import CHUNK
from sharesim.workflow.doors import choose, judge
from sharesim.workflow.results import Appraisal

SAMPLE_BUNDLES = 1000
#: Reading a study and writing its tables.
FIXED_SECONDS = 0.15
#: Starting the processes, which start together.
START_SECONDS = 3.0


@dataclass(frozen=True)
class Speed:
    """How fast a study goes on this machine.

    Parameters
    ----------
    bundle_chunk, judge_chunk, choice : float
        Seconds for a bundle on 1,024 draws, for judging on 1,024 draws, and for the choice on a sample.
    """

    bundle_chunk: float
    judge_chunk: float
    choice: float

    def seconds(self, n_bundles: int, n_draws: int, n_judge_draws: int) -> float:
        """Return about how long a run takes on one core."""
        work = (
            n_bundles * len(chunk_sizes(n_draws)) * self.bundle_chunk
            + len(chunk_sizes(n_judge_draws)) * self.judge_chunk
        )
        return FIXED_SECONDS + work + self.choice


@dataclass(frozen=True)
class DryRun:
    """What a plan would do.

    Parameters
    ----------
    name : str
    runs : DataFrame
        One row per line of the plan: run, study, scenario, seed, settings, bundles, draws, until (the stop rule where
        there is one), seconds, state, reason.
    jobs : int
    """

    name: str
    runs: pd.DataFrame
    jobs: int

    @property
    def seconds(self) -> float:
        """About how long the runs that are missing would take."""
        once = self.runs.drop_duplicates("run")
        left = once.seconds[once.state.isin(("missing", "failed"))]
        return START_SECONDS * bool(len(left)) + float(left.sum()) / max(1, min(self.jobs, len(left)))

    @property
    def n_at_fault(self) -> int:
        """Lines of the plan whose study is at fault."""
        return int((self.runs.state == "at fault").sum())

    def summary(self) -> str:
        """Return the runs, one a line, and what they would take."""
        once = self.runs.drop_duplicates("run")
        states = ", ".join(f"{n} {word}" for word, n in once.state.value_counts().items())
        cores = f"{self.jobs} process{'es' if self.jobs != 1 else ''} like this one"
        last = f"{self.name}: {len(once)} runs ({states}); what is to do takes about {_time(self.seconds)} on {cores}."
        return "\n".join([*(_line(row) for row in self.runs.to_dict("records")), last])


def _line(row: Mapping[Hashable, Any]) -> str:
    name = f"{row['study']}/{row['scenario']}" if row["scenario"] else row["study"]
    draws = f"draws until {row['until']}, at least" if row["until"] else f"{row['draws']:,} draws, about"
    size = f"{row['bundles']:,} bundles x {draws} {_time(row['seconds'])}"
    what = row["reason"] if row["state"] == "at fault" else size
    words = (f"{row['run']}  {row['state']:<8}", f"{name} seed {row['seed']}", row["settings"], what)
    return "  ".join(visible(word) if at else word for at, word in enumerate(words) if word)


def dry_run(plan: Plan | str | Path, options: BatchOptions | None = None) -> DryRun:
    """Return what a plan would do, without doing it.

    Raises
    ------
    UsageError
        When the plan is at fault.
    """
    options = options or BatchOptions()
    plan = plan if isinstance(plan, Plan) else read_plan(plan)
    folder = BatchFolder((options.out or Path("runs") / plan.name).resolve())
    expansion, speeds, rows = Expansion(plan.file.name), dict[Path, Speed](), []
    for number, variant in enumerate(variants(plan), 1):
        rows.append(_row(expansion.planned(variant), plan.factors, expansion, folder, speeds))
        if options.listen is not None:
            options.listen(Tally("planning", plan.n_runs, number))
    return DryRun(plan.name, pd.DataFrame(rows), max(1, options.n_jobs))


def _row(
    item: PlannedRun, factors: Iterable[str], expansion: Expansion, folder: BatchFolder, speeds: dict[Path, Speed]
) -> dict[str, Any]:
    given = ((name, item.variant.settings.get(name)) for name in factors)
    settings = ", ".join(f"{name} = {value}" for name, value in given if value is not None)
    row: dict[str, Any] = {
        "run": item.run,
        "study": item.name,
        "scenario": item.variant.scenario,
        "seed": item.seed,
        "settings": settings,
        "bundles": 0,
        "draws": 0,
        "until": "",
        "seconds": 0.0,
        "state": "at fault",
        "reason": "; ".join(str(fault) for fault in item.faults),
    }
    if item.faults:
        return row
    study = expansion.study(item.variant)
    try:
        n_bundles = len(candidates(study))
        if item.variant.study not in speeds:
            speeds[item.variant.study] = speed_of(study)
    except SharesimError as error:
        return row | {"reason": "; ".join(str(fault) for fault in error.faults)}
    run = study.model.run
    seconds = speeds[item.variant.study].seconds(n_bundles, run.draws, run.judge_draws)
    record = folder.finished(item.run)
    state = "failed" if folder.failed(item.run) else "missing"
    if record is not None:
        state = "unproven" if is_unproven(record) else "done"
    return row | {"bundles": n_bundles, "draws": run.draws, "until": run.until, "seconds": seconds, "state": state}


def speed_of(study: Study) -> Speed:
    """Time a part of a study: some of its bundles on 1,024 draws, the choice among them, and its judgement."""
    table = candidates(study)
    sample = (
        table.take(np.unique(np.linspace(0, len(table) - 1, min(len(table), SAMPLE_BUNDLES)).astype(int)))
        if len(table)
        else table
    )
    simulate(study, sample.take(np.arange(min(1, len(sample)))), seed=0, purpose="choose", n_draws=CHUNK)
    clock = [time.monotonic()]
    outcomes = simulate(study, sample, seed=0, purpose="choose", n_draws=CHUNK)
    clock.append(time.monotonic())
    portfolio = choose(Appraisal(study, outcomes, 0))
    clock.append(time.monotonic())
    if portfolio.has_portfolio:
        judge(portfolio, draws=CHUNK, jobs=1)
    clock.append(time.monotonic())
    appraised, chose, judged = np.diff(clock)
    return Speed(float(appraised) / max(1, len(sample)), float(judged), float(chose))


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


__all__ = ["DryRun", "Speed", "dry_run", "speed_of"]
