"""The plan of a batch: which studies, scenarios, grids of changes and seeds; read from one TOML file.

A plan is data. Nothing in it is run, and every fault in it is told at once.
"""

from __future__ import annotations

import csv
import io
import itertools
import math
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sharesim.errors import Fault, UsageError
from sharesim.study.labels import unknown_name
from sharesim.study.overrides import read_assignment

MOST_BYTES = 5_000_000
MOST_RUNS = 100_000
KINDS = ("cartesian", "zipped", "rows")
TABLES = {
    "": ("batch", "set", "grids"),
    "batch": ("name", "studies", "scenarios", "seeds", "draws", "judge_draws", "spread"),
    "grids": ("name", "kind", "values", "labels", "file"),
}
#: Columns of the results that no grid may be named like.
TAKEN = ("run", "study", "scenario", "seed", "status", "portfolio", "reason", "fault", "seconds", "chosen", "report", "label")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,59}")
#: A path that stands for the scenario, so that a grid can choose it.
SCENARIO = "scenario"


@dataclass(frozen=True)
class Grid:
    """A list of changes that go together; every grid multiplies the number of runs.

    Parameters
    ----------
    name : str
    kind : {"cartesian", "zipped", "rows"}
    paths : tuple of str
        What is changed.
    rows : tuple of tuple
        One value per path; None leaves the study as it is.
    labels : tuple of str
        A word for each row, by which results are compared; empty for cartesian grids, whose paths are compared by value.
    """

    name: str
    kind: str
    paths: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    labels: tuple[str, ...] = ()

    @property
    def factors(self) -> tuple[str, ...]:
        """Columns of the results by which this grid's runs differ."""
        return (self.name,) if self.labels else self.paths


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
        return len(self.studies) * len(self.scenarios) * len(self.seeds) * math.prod(len(grid.rows) for grid in self.grids)

    @property
    def factors(self) -> tuple[str, ...]:
        """What the runs differ by, in the order of the plan."""
        axes = (("study", self.studies), ("scenario", self.scenarios), ("seed", self.seeds))
        return (*(name for name, values in axes if len(values) > 1), *(name for grid in self.grids for name in grid.factors))


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
    path = Path(path)
    raw = _read_toml(path)
    reader = _Reader(path)
    plan = reader.plan(raw)
    if reader.faults:
        raise UsageError(reader.faults)
    assert plan is not None
    return plan


def _read_toml(path: Path) -> dict[str, Any]:
    text = _read_text(path, path.name)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(Fault(path.name, f"not valid TOML: {error}", "", "", "Mend that line; texts and paths need quotes.")) from None
    except RecursionError:
        raise UsageError(Fault(path.name, "nested too deeply", "", "a few levels", "Flatten the tables.")) from None


def _read_text(path: Path, shown: str) -> str:
    try:
        if path.is_dir() or not path.exists():
            raise UsageError(Fault(str(path), "there is no such file", "", "a plan such as configs/batch-example.toml", ""))
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise UsageError(Fault(shown, "too large", f"{size:,} bytes", f"at most {MOST_BYTES:,}", "Check that it is the right file."))
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(Fault(shown, f"not UTF-8 text (byte {error.start})", "", "", "Save it as UTF-8.")) from None
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or error
        raise UsageError(Fault(shown, f"cannot be read: {problem}", "", "", "Check the path and its permissions.")) from None
    if "\x00" in text:
        raise UsageError(Fault(shown, "holds NUL characters", "", "plain text", "Check that it is the right file."))
    return text


class _Reader:
    """Turns the raw plan into a `Plan`, collecting faults."""

    def __init__(self, path: Path) -> None:
        self.path, self.file, self.faults = path, path.name, []

    def fault(self, where: str, problem: str, got: object = "", allowed: str = "", remedy: str = "") -> None:
        text = repr(got) if isinstance(got, (list, dict, int, float, bool)) else str(got)
        self.faults.append(Fault(f"{self.file}: {where}", problem, text if len(text) <= 80 else text[:77] + "...", allowed, remedy))

    def known(self, table: dict[str, Any], section: str, where: str) -> None:
        allowed = TABLES[section]
        self.faults += [unknown_name(f"{self.file}: {where}", "field", key, allowed) for key in table if key not in allowed]

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
        fixed += [(f"run.{key}", batch[key]) for key in ("draws", "judge_draws") if key in batch]
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
                self.fault(f"set.{path}", "a path without quotes", "", f'"{path}.field" = value', "Put the whole path into quotes.")
            if path == SCENARIO:
                self.fault("set.scenario", "not changed here", "", "batch.scenarios, or a grid of scenario", "")
        return list(table.items())

    def check_whole(self, plan: Plan) -> None:
        for what in ("studies", "scenarios", "seeds"):
            values = getattr(plan, what)
            if len(set(values)) < len(values):
                self.fault(f"batch.{what}", "names one twice", "", "each once", "Drop one.")
        names = [name for grid in plan.grids for name in {*grid.factors, *grid.paths}]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.fault("grids", "two grids change the same thing", name, "one grid for each path and name", "Put them into one grid.")
        if plan.n_runs > MOST_RUNS:
            self.fault("grids", "too many runs", f"{plan.n_runs:,}", f"at most {MOST_RUNS:,}", "Split the plan, or use a zipped grid or rows.")

    def table(self, value: Any, where: str) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self.fault(where, "must be a table", type(value).__name__, f"[{where}]", "")
        return {}

    def texts(self, value: Any, where: str) -> tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        self.fault(where, "must be a list of texts", value, '["one", "two"]', "")
        return ()

    def seeds(self, value: Any) -> tuple[int | None, ...]:
        if value is None:
            return (None,)
        whole = isinstance(value, list) and value and all(isinstance(item, int) and not isinstance(item, bool) for item in value)
        if not whole or not all(0 <= item < 2**63 for item in value):
            self.fault("batch.seeds", "not a list of seeds", value, "whole numbers from 0, such as [1, 2, 3]", "")
            return (None,)
        return tuple(value)

    # -- grids ---------------------------------------------------------------------------------------------------------

    def grids(self, value: Any) -> tuple[Grid, ...]:
        if not isinstance(value, list):
            self.fault("grids", "must be a list of tables", type(value).__name__, "[[grids]]", "")
            return ()
        found = [self.grid(self.table(item, "grids"), f"grid {at}") for at, item in enumerate(value, 1)]
        return tuple(grid for grid in found if grid is not None)

    def grid(self, raw: dict[str, Any], where: str) -> Grid | None:
        before = len(self.faults)
        self.known(raw, "grids", where)
        kind, name = raw.get("kind", "cartesian"), raw.get("name", where)
        if kind not in KINDS:
            self.faults.append(unknown_name(f"{self.file}: {where}.kind", "kind of grid", str(kind), KINDS))
        if not isinstance(name, str) or not NAME.fullmatch(name) or name in TAKEN:
            self.fault(f"{where}.name", "not a name for a grid", name, f"letters, digits, spaces, - and _; not {', '.join(TAKEN)}", "")
        if len(self.faults) > before:
            return None
        if kind == "rows":
            grid = self.rows_grid(raw, name, where)
        else:
            table = self.table(raw.get("values", {}), f"{where}.values")
            values = {path: self.values(item, f"{where}: {path}") for path, item in table.items()}
            if not values:
                self.fault(f"{where}.values", "changes nothing", "", 'values = {"study.horizon_years" = [5, 10]}', "")
            if "file" in raw:
                self.fault(f"{where}.file", "only a grid of rows reads a file", "", 'kind = "rows"', "")
            grid = self.zipped(raw, name, values, where) if kind == "zipped" else self.cartesian(raw, name, values, where)
        return grid if len(self.faults) == before else None

    def values(self, value: Any, where: str) -> list[Any]:
        if isinstance(value, list) and value:
            return value
        remedy = "Put the whole path into quotes." if isinstance(value, dict) else "A single value belongs under [set]."
        self.fault(where, "must be a list of values", value, "[value, value, ...]", remedy)
        return []

    def cartesian(self, raw: dict[str, Any], name: str, values: dict[str, list[Any]], where: str) -> Grid | None:
        if "labels" in raw:
            self.fault(f"{where}.labels", "only zipped grids have labels", "", 'kind = "zipped"', "")
        size = math.prod(len(item) for item in values.values())
        if size > MOST_RUNS:
            self.fault(where, "too many runs", f"{size:,}", f"at most {MOST_RUNS:,}", "Split the plan, or use a zipped grid or rows.")
            return None
        return Grid(name, "cartesian", tuple(values), tuple(itertools.product(*values.values())))

    def zipped(self, raw: dict[str, Any], name: str, values: dict[str, list[Any]], where: str) -> Grid | None:
        lengths = {len(item) for item in values.values()}
        if len(lengths) > 1:
            told = ", ".join(f"{path}: {len(item)}" for path, item in values.items())
            self.fault(where, "lists of different lengths", told, "the same length for all", "Or use kind = \"cartesian\".")
            return None
        rows = tuple(zip(*values.values(), strict=True))
        labels = self.texts(raw["labels"], f"{where}.labels") if "labels" in raw else _labels(rows)
        if len(labels) != len(rows) or len(set(labels)) < len(labels):
            self.fault(f"{where}.labels", "not one for each value", len(labels), f"{len(rows)} different labels", "")
        return Grid(name, "zipped", tuple(values), rows, labels)

    def rows_grid(self, raw: dict[str, Any], name: str, where: str) -> Grid | None:
        file = raw.get("file")
        if not isinstance(file, str) or not file:
            self.fault(f"{where}.file", "names no file", "" if file is None else file, 'file = "variants.csv"', "")
            return None
        if Path(file).is_absolute() or ".." in Path(file).parts:
            self.fault(f"{where}.file", "leads out of the plan's folder", file, "a file beside or below the plan", "Move the file.")
            return None
        try:
            text = _read_text(self.path.parent / file, file)
            lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if any(cell.strip() for cell in line)]
        except UsageError as error:
            self.faults.extend(error.faults)
            return None
        except csv.Error as error:
            self.faults.append(Fault(file, f"not valid CSV: {error}", "", "", "Mend the quotes."))
            return None
        return self.rows_of(lines, name, file)

    def rows_of(self, lines: list[list[str]], name: str, file: str) -> Grid | None:
        heads = [cell.strip() for cell in lines[0]] if lines else []
        paths = [head for head in heads if head != "label"]
        if len(lines) < 2 or not paths or "" in heads or len(set(heads)) < len(heads):
            allowed = "a first line of different paths, such as study.horizon_years, and perhaps label; then a line for each run"
            self.faults.append(Fault(file, "not a table of changes", ", ".join(heads)[:80], allowed, ""))
            return None
        rows, labels = [], []
        for number, line in enumerate(lines[1:], 2):
            if len(line) > len(heads) and any(cell.strip() for cell in line[len(heads) :]):
                self.faults.append(Fault(f"{file}, row {number}", "more cells than columns", str(len(line)), str(len(heads)), "Quote cells that hold a comma."))
            cells = dict(zip(heads, (cell.strip() for cell in line), strict=False))
            rows.append(tuple(_cell(path, cells.get(path, "")) for path in paths))
            labels.append(cells.get("label") or f"row {number}")
        if len(set(labels)) < len(labels):
            self.faults.append(Fault(file, "a label stands twice", "", "each once", "Labels tell the runs apart."))
        return Grid(name, "rows", tuple(paths), tuple(rows), tuple(labels))


def _cell(path: str, text: str) -> Any:
    """Read a CSV cell the way `--set` reads its value; an empty one leaves the study as it is."""
    if not text or path == SCENARIO:
        return text or None
    return read_assignment(f"value={text}")[1]


def _labels(rows: tuple[tuple[Any, ...], ...]) -> tuple[str, ...]:
    return tuple(", ".join("" if value is None else str(value) for value in row) for row in rows)


__all__ = ["SCENARIO", "Grid", "Plan", "read_plan"]
