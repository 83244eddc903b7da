"""The plan of a batch: which studies, scenarios, grids of changes and seeds; read from one TOML file.

A plan is data. Nothing in it is run, and every fault in it is told at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sharesim.arguments import a_path, takes
from sharesim.batch.grids import MOST_RUNS, NAME, SCENARIO, Grid, GridReader, read_text
from sharesim.errors import StudyError, UsageError
from sharesim.study.plain import tidy
from sharesim.study.toml import document_of


@dataclass(frozen=True)
class Plan:
    """What a batch is to do.

    Parameters
    ----------
    name : str
    file : Path
    studies : tuple of Path
    scenarios : tuple of str
        Empty for the study as it is written.
    seeds : tuple of (int or None)
        None for the study's own.
    fixed : tuple of (path, value)
        Changes made in every run.
    grids : tuple of Grid
    spread : bool
        Whether each run's appraisal is cut into blocks over all workers, one run after the other.
    """

    name: str
    file: Path
    studies: tuple[Path, ...]
    scenarios: tuple[str, ...] = ("",)
    seeds: tuple[int | None, ...] = (None,)
    fixed: tuple[tuple[str, Any], ...] = ()
    grids: tuple[Grid, ...] = ()
    spread: bool = False

    @property
    def n_runs(self) -> int:
        return (
            len(self.studies) * len(self.scenarios) * len(self.seeds) * math.prod(len(grid.rows) for grid in self.grids)
        )

    @property
    def factors(self) -> tuple[str, ...]:
        """What the runs differ by, in the order of the plan."""
        axes = (("study", self.studies), ("scenario", self.scenarios), ("seed", self.seeds))
        return (
            *(name for name, values in axes if len(values) > 1),
            *(name for grid in self.grids for name in grid.factors),
        )


@takes(path=a_path)
def read_plan(path: str | Path) -> Plan:
    """Read and check a plan.

    Raises
    ------
    UsageError
        With every fault of the plan.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "plan.toml"
    >>> _ = file.write_text('''
    ... [batch]
    ... studies = ["mine"]
    ... seeds = [1, 2]
    ... [[grids]]
    ... values = {"study.discount_rate_per_year" = [0.03, 0.035, 0.06]}
    ... ''')
    >>> plan = read_plan(file)
    >>> plan.n_runs, plan.factors
    (6, ('seed', 'study.discount_rate_per_year'))
    """
    try:
        return _plan(Path(path))
    except UsageError as error:
        raise UsageError([tidy(fault) for fault in error.faults]) from None


def _plan(path: Path) -> Plan:
    raw = _read_toml(path)
    reader = _Reader(path)
    plan = reader.plan(raw)
    if reader.faults:
        raise UsageError(reader.faults)
    assert plan is not None
    return plan


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return document_of(read_text(path, path.name), path.name)
    except StudyError as error:
        raise UsageError(error.faults) from None


class _Reader(GridReader):
    """Turns the raw plan into a `Plan`, collecting faults."""

    def plan(self, raw: dict[str, Any]) -> Plan | None:
        self.known(raw, "", "top")
        batch = self.table(raw.get("batch", {}), "batch")
        self.known(batch, "batch", "batch")
        name = batch.get("name", self.path.stem)
        if not isinstance(name, str) or not NAME.fullmatch(name):
            self.fault("batch.name", "not a name", name, "letters, digits, spaces, - and _; at most 60", "")
        studies = self.texts(batch.get("studies", []), "batch.studies")
        if not studies:
            self.fault("batch.studies", "names no study", "", 'a list such as ["my-study"], relative to the plan', "")
        scenarios = self.texts(batch.get("scenarios", [""]), "batch.scenarios") or ("",)
        seeds = self.seeds(batch.get("seeds"))
        fixed = self.fixed(self.table(raw.get("set", {}), "set"))
        for key, rule in (("draws", "run.until"), ("judge_draws", "run.judge_until")):
            if key in batch:
                # A number of draws takes the place of the study's own stop rule.
                fixed += [(f"run.{key}", batch[key]), *([] if rule in dict(fixed) else [(rule, "")])]
        spread = batch.get("spread", False)
        if not isinstance(spread, bool):
            self.fault("batch.spread", "neither true nor false", spread, "true or false", "")
        grids = self.grids(raw.get("grids", []))
        if self.faults:
            return None
        folders = tuple((self.path.parent / study).resolve() for study in studies)
        plan = Plan(name, self.path, folders, scenarios, seeds, tuple(fixed), grids, spread)
        self.check_whole(plan)
        return plan

    def fixed(self, table: dict[str, Any]) -> list[tuple[str, Any]]:
        for path, value in table.items():
            if isinstance(value, dict) and "." not in path:
                self.fault(
                    f"set.{path}",
                    "a path without quotes",
                    "",
                    f'"{path}.field" = value',
                    "Put the whole path into quotes.",
                )
            if path == SCENARIO:
                self.fault("set.scenario", "not changed here", "", "batch.scenarios, or a grid of scenario", "")
        return list(table.items())

    def check_whole(self, plan: Plan) -> None:
        for what in ("studies", "scenarios", "seeds"):
            values = getattr(plan, what)
            if len(set(values)) < len(values):
                self.fault(f"batch.{what}", "names one twice", "", "each once", "Drop one.")
        names = [name for grid in plan.grids for name in {*grid.factors, *grid.paths}]
        # Some readers of Parquet and CSV take columns for the same that differ by capitals only.
        plain = [name.casefold() for name in names]
        for name in sorted({name for name in names if plain.count(name.casefold()) > 1}):
            self.fault(
                "grids",
                "two grids change the same thing",
                name,
                "one grid for each path and name",
                "Put them into one grid.",
            )
        if plan.n_runs > MOST_RUNS:
            self.fault(
                "grids",
                "too many runs",
                f"{plan.n_runs:,}",
                f"at most {MOST_RUNS:,}",
                "Split the plan, or use a zipped grid or rows.",
            )

    def seeds(self, value: Any) -> tuple[int | None, ...]:
        if value is None:
            return (None,)
        whole = (
            isinstance(value, list)
            and value
            and all(isinstance(item, int) and not isinstance(item, bool) for item in value)
        )
        if not whole or not all(0 <= item < 2**63 for item in value):
            self.fault("batch.seeds", "not a list of seeds", value, "whole numbers from 0, such as [1, 2, 3]", "")
            return (None,)
        return tuple(value)


__all__ = ["SCENARIO", "Grid", "Plan", "read_plan"]
