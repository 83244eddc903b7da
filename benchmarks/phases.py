"""What each step costs for each kind of study: ``python -m benchmarks.phases --json FILE``.

Subjects (two councils, the worked case, a study of any size) x phases (draw, appraise, measure, formulate, choose,
batch), and the cost against bundles, draws and partners. CPU time of one thread, the least of a few goes; what a phase
starts from is made before the clock starts.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.arguments import whole
from benchmarks.core_study import some_bundles, study_of
from benchmarks.peers import machine
from sharesim.appraisal.engine import draw_plan
from sharesim.appraisal.figures import figures_of
from sharesim.appraisal.outcomes import Outcomes, appraise
from sharesim.appraisal.resources import Resources
from sharesim.batch.execute import BatchOptions, run_batch
from sharesim.bundles.enumerate import candidates
from sharesim.bundles.table import BundleTable
from sharesim.choice.choose import ChoiceOptions, choose
from sharesim.choice.formulation import build
from sharesim.examples import two_councils
from sharesim.study.dump import write
from sharesim.study.load import load
from sharesim.study.rules import Objective
from sharesim.study.study import Study
from sharesim.uncertainty.draws import CHUNK
from sharesim.workflow.bridge import candidates_of
from sharesim.workflow.words import active

CASE = Path(__file__).parents[1] / "configs" / "chesterfield-2007"
#: Bundles, draws and partners at which costs are set side by side.
BUNDLES, DRAWS, PARTNERS = (250, 500, 1000, 2000, 4000), (1024, 2048, 4096, 8192, 16_384), (2, 3, 4, 5)
#: CPU seconds below which work is repeated within one go.
SHORT_S = 0.05


@dataclass(frozen=True)
class Case:
    """A study with some of its bundles, to be measured.

    Parameters
    ----------
    study : Study
    table : BundleTable
    n_draws : int
    """

    study: Study
    table: BundleTable
    n_draws: int

    def appraised(self, keep: str = "memory") -> Outcomes:
        """Return its appraisal on one thread."""
        return appraise(
            self.study, self.table, seed=1, purpose="choose", n_draws=self.n_draws, resources=Resources(keep=keep)
        )


@dataclass(frozen=True)
class Work:
    """What is timed: an action, and how many units it works through."""

    act: Callable[[], Any]
    units: float
    unit: str


def subjects(n_draws: int) -> dict[str, Case]:
    """Return the studies that phases are measured on."""
    small, case, large = two_councils(), load(CASE), study_of(8, 4, 3)
    return {
        "two councils": Case(small, candidates(small), n_draws),
        "worked case": Case(case, candidates(case), n_draws),
        "eight councils": Case(large, some_bundles(large, 1000), n_draws),
    }


def draw(case: Case) -> Work:
    """Draw every driver."""
    plan = draw_plan(case.study, seed=1, purpose="choose", n_draws=case.n_draws)
    n_chunks = case.n_draws // CHUNK
    return Work(lambda: plan.values(0, n_chunks), case.n_draws * plan.n_drivers, "values")


def appraisal(case: Case) -> Work:
    """Work every bundle through every draw."""
    return Work(case.appraised, len(case.table) * case.n_draws, "bundle-draws")


def measure(case: Case) -> Work:
    """Work out every figure of every bundle with its error."""
    outcomes = case.appraised()
    draws = outcomes.draws(np.arange(len(case.table)))
    return Work(lambda: figures_of(draws, outcomes.plan), draws.size, "bundle-draws")


def formulate(case: Case) -> Work:
    """Turn candidates and rules into the rows of the integer program."""
    outcomes = case.appraised()
    rules = active(case.study.model.rules)
    return Work(
        lambda: build(candidates_of(outcomes), rules, case.study.model.objective, outcomes), len(case.table), "bundles"
    )


def choice(case: Case) -> Work:
    """Find the best set of bundles."""
    outcomes, objective = case.appraised(), Objective(kind="mean")
    known, rules = candidates_of(outcomes), active(case.study.model.rules)
    options = ChoiceOptions(seed=1)
    return Work(lambda: choose(known, outcomes, rules, objective, options), len(case.table), "bundles")


def batch(case: Case) -> Work:
    """Run the study from its files with two seeds, tables and summary included."""
    home = tempfile.TemporaryDirectory()
    folder = Path(home.name)
    run = case.study.model.run.model_copy(update={"draws": case.n_draws, "judge_draws": case.n_draws})
    write(case.study.model.model_copy(update={"run": run}), folder / "study")
    plan = folder / "plan.toml"
    plan.write_text('[batch]\nname = "two"\nstudies = ["study"]\nseeds = [1, 2]\n', encoding="utf-8")

    def act(home: tempfile.TemporaryDirectory[str] = home) -> None:
        out = Path(home.name) / "out"
        result = run_batch(plan, BatchOptions(out=out, jobs=0, force=out.exists()))
        assert result.n_failed == 0, result.summary()

    return Work(act, 2, "runs")


PHASES: dict[str, Callable[[Case], Work]] = {
    "draw": draw, "appraise": appraisal, "measure": measure, "formulate": formulate, "choose": choice, "batch": batch,
}  # fmt: skip


def cpu_seconds(work: Work, goes: int) -> float:
    """Return the least CPU seconds of a few goes: the least is what the work itself takes."""
    first = _once(work, 1)
    # Short work is done many times over, so that the clock's own steps do not show.
    repeats = 1 if first > SHORT_S else min(1000, int(SHORT_S / max(first, 1e-5)) + 1)
    return min(first if repeats == 1 and go == 0 else _once(work, repeats) for go in range(goes))


def _once(work: Work, repeats: int) -> float:
    waited, begun = sum(os.times()[2:4]), time.process_time()
    for _ in range(repeats):
        work.act()
    return (time.process_time() - begun + sum(os.times()[2:4]) - waited) / repeats


def timed(work: Work, goes: int) -> dict[str, Any]:
    """Return what a piece of work costs."""
    seconds = max(cpu_seconds(work, goes), 1e-6)
    return {"cpu_s": seconds, "units": work.units, "unit": work.unit, "ns_per_unit": 1e9 * seconds / work.units}


def matrix(n_draws: int, goes: int) -> dict[str, dict[str, Any]]:
    """Return every phase of every subject."""
    return {
        name: {phase: timed(make(case), goes) for phase, make in PHASES.items()}
        for name, case in subjects(n_draws).items()
    }


def growth(goes: int) -> dict[str, list[dict[str, Any]]]:
    """Return what the appraisal costs against bundles, draws and partners, the others held."""
    large = study_of(12, 6, 4)
    of_size = {n: Case(large, some_bundles(large, n), 2048) for n in BUNDLES}
    found = {
        "bundles": [{"at": n, **timed(appraisal(case), goes)} for n, case in of_size.items()],
        "draws": [{"at": n, **timed(appraisal(replace(of_size[500], n_draws=n)), goes)} for n in DRAWS],
        "partners": [],
    }
    for number in PARTNERS:
        study = study_of(8, 4, number)
        table = candidates(study)
        alike = table.take(np.flatnonzero(table.n_partners == number)[:300])
        found["partners"].append({"at": number, **timed(appraisal(Case(study, alike, 2048)), goes)})
    return found


def collect(n_draws: int, goes: int) -> dict[str, Any]:
    """Return all that is measured."""
    return {
        "n_draws": n_draws,
        "phases": matrix(n_draws, goes),
        "growth": growth(goes),
        "machine": machine(),
        "versions": {name: version(name) for name in ("sharesim", "numpy", "scipy", "pulp", "highspy", "pandas")},
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.phases", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="file for the results")
    parser.add_argument("--draws", type=whole(1024, multiple_of=1024), default=4096, help="a multiple of 1,024")
    parser.add_argument("--goes", type=whole(), default=2, help="the least of so many is taken")
    chosen = parser.parse_args(arguments)
    found = collect(chosen.draws, chosen.goes)
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for subject, phases in found["phases"].items():
        print(f"{subject}: " + ", ".join(f"{name} {one['cpu_s']:.3f} s" for name, one in phases.items()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
