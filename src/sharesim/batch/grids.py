"""The grids of a plan: every combination of values, lists that go together, or the rows of a CSV file."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sharesim.batch.columns import TAKEN
from sharesim.errors import Fault, SharesimError, UsageError
from sharesim.study.files import csv_rows
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
        A word for each row, by which results are compared; empty for cartesian grids, compared by their paths' values.
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


def read_text(path: Path, shown: str) -> str:
    """Return the text of a file of a plan, its size bounded.

    Raises
    ------
    UsageError
        When it cannot be read as text.
    """
    try:
        if path.is_dir() or not path.exists():
            raise UsageError(
                Fault(str(path), "there is no such file", "", "a plan such as configs/batch-example.toml", "")
            )
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise UsageError(
                Fault(
                    shown, "too large", f"{size:,} bytes", f"at most {MOST_BYTES:,}", "Check that it is the right file."
                )
            )
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(Fault(shown, f"not UTF-8 text (byte {error.start})", "", "", "Save it as UTF-8.")) from None
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or error
        raise UsageError(
            Fault(shown, f"cannot be read: {problem}", "", "", "Check the path and its permissions.")
        ) from None
    if "\x00" in text:
        raise UsageError(Fault(shown, "holds NUL characters", "", "plain text", "Check that it is the right file."))
    return text


class GridReader:
    """Turns raw tables into grids, collecting faults.

    Parameters
    ----------
    path : Path
        The plan; files are looked for beside it.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.file = path, path.name
        self.faults: list[Fault] = []

    def fault(self, where: str, problem: str, got: object = "", allowed: str = "", remedy: str = "") -> None:
        """Note a fault."""
        text = repr(got) if isinstance(got, (list, dict, int, float, bool)) else str(got)
        self.faults.append(
            Fault(f"{self.file}: {where}", problem, text if len(text) <= 80 else text[:77] + "...", allowed, remedy)
        )

    def known(self, table: dict[str, Any], section: str, where: str) -> None:
        """Note the fields of a table that nobody knows."""
        allowed = TABLES[section]
        self.faults += [
            unknown_name(f"{self.file}: {where}", "field", key, allowed) for key in table if key not in allowed
        ]

    def table(self, value: Any, where: str) -> dict[str, Any]:
        """Return a value that must be a table."""
        if isinstance(value, dict):
            return value
        self.fault(where, "must be a table", type(value).__name__, f"[{where}]", "")
        return {}

    def texts(self, value: Any, where: str) -> tuple[str, ...]:
        """Return a value that must be a list of texts."""
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        self.fault(where, "must be a list of texts", value, '["one", "two"]', "")
        return ()

    # -- grids ---------------------------------------------------------------------------------------------------------

    def grids(self, value: Any) -> tuple[Grid, ...]:
        """Return the grids of a plan."""
        if not isinstance(value, list):
            self.fault("grids", "must be a list of tables", type(value).__name__, "[[grids]]", "")
            return ()
        found = [self.grid(self.table(item, "grids"), f"grid {at}") for at, item in enumerate(value, 1)]
        return tuple(grid for grid in found if grid is not None)

    def grid(self, raw: dict[str, Any], where: str) -> Grid | None:
        """Return one grid, or None where it is at fault."""
        before = len(self.faults)
        self.known(raw, "grids", where)
        kind, name = raw.get("kind", "cartesian"), raw.get("name", where)
        if kind not in KINDS:
            self.faults.append(unknown_name(f"{self.file}: {where}.kind", "kind of grid", str(kind), KINDS))
        if not isinstance(name, str) or not NAME.fullmatch(name) or name.casefold() in TAKEN:
            self.fault(
                f"{where}.name",
                "not a name for a grid",
                name,
                "letters, digits, spaces, - and _; no column of runs.csv",
                "",
            )
        if len(self.faults) > before:
            return None
        if kind == "rows":
            grid = self._rows_grid(raw, name, where)
        else:
            table = self.table(raw.get("values", {}), f"{where}.values")
            values = {path: self._values(item, f"{where}: {path}") for path, item in table.items()}
            self._paths(list(values), where)
            if not values:
                self.fault(f"{where}.values", "changes nothing", "", 'values = {"study.horizon_years" = [5, 10]}', "")
            if "file" in raw:
                self.fault(f"{where}.file", "only a grid of rows reads a file", "", 'kind = "rows"', "")
            grid = (
                self._zipped(raw, name, values, where)
                if kind == "zipped"
                else self._cartesian(raw, name, values, where)
            )
        return grid if len(self.faults) == before else None

    def _paths(self, paths: list[str], where: str) -> None:
        for path in paths:
            if "." not in path and path != SCENARIO:
                self.fault(f"{where}: {path}", "not a path", path, "section.field, table.row.field, or scenario", "")

    def _values(self, value: Any, where: str) -> list[Any]:
        if isinstance(value, list) and value:
            return value
        remedy = "Put the whole path into quotes." if isinstance(value, dict) else "A single value belongs under [set]."
        self.fault(where, "must be a list of values", value, "[value, value, ...]", remedy)
        return []

    def _cartesian(self, raw: dict[str, Any], name: str, values: dict[str, list[Any]], where: str) -> Grid | None:
        if "labels" in raw:
            self.fault(f"{where}.labels", "only zipped grids have labels", "", 'kind = "zipped"', "")
        size = math.prod(len(item) for item in values.values())
        if size > MOST_RUNS:
            self.fault(
                where,
                "too many runs",
                f"{size:,}",
                f"at most {MOST_RUNS:,}",
                "Split the plan, or use a zipped grid or rows.",
            )
            return None
        return Grid(name, "cartesian", tuple(values), tuple(itertools.product(*values.values())))

    def _zipped(self, raw: dict[str, Any], name: str, values: dict[str, list[Any]], where: str) -> Grid | None:
        lengths = {len(item) for item in values.values()}
        if len(lengths) > 1:
            told = ", ".join(f"{path}: {len(item)}" for path, item in values.items())
            self.fault(
                where, "lists of different lengths", told, "the same length for all", 'Or use kind = "cartesian".'
            )
            return None
        rows = tuple(zip(*values.values(), strict=True))
        labels = self.texts(raw["labels"], f"{where}.labels") if "labels" in raw else _labels(rows)
        if len(labels) != len(rows) or len(set(labels)) < len(labels):
            self.fault(f"{where}.labels", "not one for each value", len(labels), f"{len(rows)} different labels", "")
        return Grid(name, "zipped", tuple(values), rows, labels)

    def _rows_grid(self, raw: dict[str, Any], name: str, where: str) -> Grid | None:
        file = raw.get("file")
        if not isinstance(file, str) or not file:
            self.fault(f"{where}.file", "names no file", "" if file is None else file, 'file = "variants.csv"', "")
            return None
        if Path(file).is_absolute() or ".." in Path(file).parts:
            self.fault(
                f"{where}.file",
                "leads out of the plan's folder",
                file,
                "a file beside or below the plan",
                "Move the file.",
            )
            return None
        try:
            text = read_text(self.path.parent / file, file)
            lines = [line for line in csv_rows(text, file, MOST_RUNS) if any(cell.strip() for cell in line)]
        except SharesimError as error:
            self.faults.extend(error.faults)
            return None
        return self._rows_of(lines, name, file)

    def _rows_of(self, lines: list[list[str]], name: str, file: str) -> Grid | None:
        heads = [cell.strip() for cell in lines[0]] if lines else []
        paths = [head for head in heads if head != "label"]
        if len(lines) < 2 or not paths or "" in heads or len(set(heads)) < len(heads):
            allowed = "a first line of paths, such as study.horizon_years, and perhaps label; then a line for each run"
            self.faults.append(Fault(file, "not a table of changes", ", ".join(heads)[:80], allowed, ""))
            return None
        self._paths(paths, file)
        rows, labels = [], []
        for number, line in enumerate(lines[1:], 2):
            if len(line) > len(heads) and any(cell.strip() for cell in line[len(heads) :]):
                self.faults.append(
                    Fault(
                        f"{file}, row {number}",
                        "more cells than columns",
                        str(len(line)),
                        str(len(heads)),
                        "Quote cells that hold a comma.",
                    )
                )
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


__all__ = ["MOST_RUNS", "NAME", "SCENARIO", "Grid", "GridReader", "read_text"]
