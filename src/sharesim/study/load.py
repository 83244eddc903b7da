"""From files to a checked study: TOML and CSV or Excel tables in, every fault at once or a `Study` out.

Nothing here runs code from a file: TOML is parsed by the standard library, cells by a small parser of distributions.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from pydantic import ValidationError

from sharesim.errors import Fault, SharesimError, StudyError, UsageError
from sharesim.study import overrides
from sharesim.study.checks import cross_check
from sharesim.study.compile import compile_study
from sharesim.study.faults import Places, fault_of
from sharesim.study.labels import nearest, unknown_name
from sharesim.study.schema import ROWS, StudyModel, Tables
from sharesim.study.study import Study

MOST_BYTES = 50_000_000
MOST_LINE = 1_000_000
MOST_ROWS = 400_000


def load(
    path: str | Path, *, scenario: str | None = None, assignments: Sequence[str | tuple[str, Any]] = ()
) -> Study:
    """Read, check and compile a study.

    Parameters
    ----------
    path : str or Path
        The study's folder (holding study.toml) or the TOML file itself.
    scenario : str, optional
        Name of a scenario of the study whose overrides apply first.
    assignments : sequence of ``"path=value"`` or (path, value)
        Overrides on top; the last word wins.

    Returns
    -------
    Study

    Raises
    ------
    StudyError
        With every fault that was found, in the order of the files.
    UsageError
        When an override names something that is not there.

    Examples
    --------
    >>> from sharesim.examples import two_councils
    >>> study = two_councils()
    >>> len(study.councils)
    2
    """
    raw, places = read_raw(path)
    return build(raw, places, scenario=scenario, assignments=assignments)


def build(
    raw: dict[str, Any], places: Places, *, scenario: str | None = None, assignments: Sequence[str | tuple[str, Any]] = ()
) -> Study:
    """Check and compile a study that was read already (`read_raw`) or written as a dict."""
    changes: tuple[overrides.Change, ...] = ()
    if scenario is not None:
        scenarios = raw.get("scenarios") or {}
        if scenario not in scenarios:
            raise UsageError(unknown_name("--scenario", "scenario", scenario, scenarios))
        raw, changes = overrides.apply(raw, scenarios[scenario].items(), f"scenario {scenario}")
    pairs = [overrides.read_assignment(item) if isinstance(item, str) else item for item in assignments]
    raw, later = overrides.apply(raw, pairs, "command line")
    filled, faults = _fill_defaults(raw, places)
    try:
        model = StudyModel.model_validate(filled)
    except ValidationError as error:
        faults += [fault_of(item, filled, places) for item in error.errors(include_url=False)]
        raise StudyError(faults) from None
    faults += cross_check(model, places)
    if faults:
        raise StudyError(faults)
    return compile_study(model, places, changes + later)


def read_raw(path: str | Path) -> tuple[dict[str, Any], Places]:
    """Read the files of a study without checking what they say.

    Returns
    -------
    raw : dict
        The TOML document with the tables as lists of rows of text.
    places : Places
        Where each table came from, for messages.
    """
    path = Path(path)
    file = path / "study.toml" if path.is_dir() else path
    if not file.exists():
        what = "the folder has no study.toml" if path.is_dir() else "there is no such file or folder"
        raise StudyError(Fault(str(path), what, "", "", "Give a study's folder, or make one with: sharesim new DIR"))
    text = _read_text(file)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(Fault(file.name, f"not valid TOML: {error}", "", "", "Mend that line; texts need quotes.")) from None
    except RecursionError:
        raise StudyError(Fault(file.name, "nested too deeply", "", "a few levels", "Flatten the tables.")) from None
    return _read_tables(raw, file)


def _read_tables(raw: dict[str, Any], file: Path) -> tuple[dict[str, Any], Places]:
    try:
        names = Tables.model_validate(raw.get("tables", {})).model_dump()
    except ValidationError as error:
        places = Places(file.name, {})
        raise StudyError(
            [fault_of({**item, "loc": ("tables", *item["loc"])}, raw, places) for item in error.errors(include_url=False)]
        ) from None
    faults: list[Fault] = []
    rows: dict[str, list[dict[str, Any]]] = {}
    files: dict[str, str] = {}
    for table, name in names.items():
        if name is None or table in raw:
            continue
        files[table] = name
        try:
            rows[table] = _read_table(file.parent, name, table)
        except StudyError as error:
            faults.extend(error.faults)
    if faults:
        raise StudyError(faults)
    return {**raw, **rows}, Places(file.name, files)


def _read_text(file: Path) -> str:
    try:
        size = file.stat().st_size
        if size > MOST_BYTES:
            raise StudyError(Fault(file.name, "too large", f"{size:,} bytes", f"at most {MOST_BYTES:,}", "Split it or drop what is not used."))
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StudyError(Fault(file.name, f"not UTF-8 text (byte {error.start})", "", "", "Save it as UTF-8.")) from None
    except OSError as error:
        raise StudyError(Fault(str(file), f"cannot be read: {error.strerror or error}", "", "", "Check the path and its permissions.")) from None
    longest, number = max(((len(line), number) for number, line in enumerate(text.split("\n"), 1)), default=(0, 0))
    if longest > MOST_LINE:
        raise StudyError(
            Fault(f"{file.name}, line {number}", "line too long", f"{longest:,} characters", f"at most {MOST_LINE:,}", "Check that it is the right file.")
        )
    if "\x00" in text:
        raise StudyError(Fault(file.name, "holds NUL characters", "", "plain text", "Check that it is the right file."))
    return text


def _read_table(folder: Path, name: str, table: str) -> list[dict[str, Any]]:
    file_name, _, sheet = name.partition("#")
    file = folder / file_name
    if Path(file_name).is_absolute() or ".." in Path(file_name).parts:
        raise StudyError(Fault(f"study.toml: tables.{table}", "leads out of the study's folder", repr(name), "a file in it", "Move the table."))
    if not file.exists():
        close = nearest(file_name, [item.name for item in folder.iterdir()]) if folder.is_dir() else None
        remedy = f"Did you mean {close!r}?" if close else f"Make the file, or name another under [tables] {table}."
        raise StudyError(Fault(file_name, "file not found", "", "", remedy))
    if file.suffix.lower() in {".xlsx", ".xlsm"}:
        lines = _excel_lines(file, sheet or table)
    else:
        reader = csv.reader(io.StringIO(_read_text(file), newline=""), strict=True)
        try:
            lines = [list(line) for line in reader]
        except csv.Error as error:
            raise StudyError(Fault(f"{file_name}, line {reader.line_num}", f"not valid CSV: {error}", "", "", "Mend the quotes.")) from None
    return _rows(lines, name, table)


def _excel_lines(file: Path, sheet: str) -> list[list[Any]]:
    import openpyxl  # only studies with workbooks pay for the import

    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    except (BadZipFile, KeyError, OSError, ValueError) as error:
        raise StudyError(Fault(file.name, f"not a workbook that can be read: {error}", "", "", "Save it again as .xlsx.")) from None
    try:
        if sheet not in book.sheetnames:
            raise StudyError(unknown_name(file.name, "sheet", sheet, book.sheetnames))
        return [list(row) for row in book[sheet].iter_rows(values_only=True)]
    finally:
        book.close()


def _rows(lines: list[list[Any]], name: str, table: str) -> list[dict[str, Any]]:
    """Turn the cells into rows by heading, dropping empty cells and empty lines; headings are checked here."""
    if not lines or not any(str(cell or "").strip() for cell in lines[0]):
        raise StudyError(Fault(name, "the first line holds no column names", "", ", ".join(list(ROWS[table].model_fields)[:6]) + " ...", ""))
    if len(lines) > MOST_ROWS:
        raise StudyError(Fault(name, "too many rows", f"{len(lines):,}", f"at most {MOST_ROWS:,}", "Split the study."))
    heads = [str(cell or "").strip() for cell in lines[0]]
    while heads and not heads[-1]:
        heads.pop()
    faults = _heading_faults(heads, name, table)
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        cells = [cell.strip() if isinstance(cell, str) else cell for cell in line]
        if not any(cell not in (None, "") for cell in cells):
            continue
        if any(cell not in (None, "") for cell in cells[len(heads):]):
            faults.append(Fault(f"{name}, row {number}", "more cells than columns", str(len(cells)), str(len(heads)), "Quote cells that hold a comma."))
        row = {head: _cell(cell) for head, cell in zip(heads, cells, strict=False) if cell not in (None, "")}
        rows.append({**row, "": number})
    if faults:
        raise StudyError(faults)
    return rows


def _heading_faults(heads: list[str], name: str, table: str) -> list[Fault]:
    fields = ROWS[table].model_fields
    faults = [unknown_name(f"{name}, heading", "column", head, list(fields)) for head in heads if head and head not in fields]
    faults += [
        Fault(f"{name}, heading", f"column {head} stands twice", "", "", "Drop one.") for head in sorted(set(heads)) if heads.count(head) > 1 and head
    ]
    faults += [
        Fault(f"{name}, heading", f"column {field} is missing", "", "", "Add it.")
        for field, info in fields.items()
        if info.is_required() and field not in heads
    ]
    if "" in heads:
        faults.append(Fault(f"{name}, heading", "a column has no name", f"column {heads.index('') + 1}", "", "Name it or drop it."))
    return faults


def _cell(cell: Any) -> Any:
    """Excel gives numbers and dates, CSV only text; both are read the same way from here on."""
    if isinstance(cell, bool) or cell is None:
        return cell
    if hasattr(cell, "date"):
        return cell.date().isoformat()
    return cell


def _fill_defaults(raw: dict[str, Any], places: Places) -> tuple[dict[str, Any], list[Fault]]:
    """Put the study's own [defaults] into absent cells, and take the row numbers off again."""
    result = dict(raw)
    faults: list[Fault] = []
    fills = raw.get("defaults") or {}
    if not isinstance(fills, dict):
        raise StudyError(Fault(f"{places.study}: defaults", "must be a table", type(fills).__name__, "[defaults]", ""))
    for table in ROWS:
        rows = result.get(table)
        if not isinstance(rows, list):
            continue
        places.number[table] = [row.get("", at + 2) if isinstance(row, dict) else at + 2 for at, row in enumerate(rows)]
        result[table] = [{key: cell for key, cell in row.items() if key} if isinstance(row, dict) else row for row in rows]
    for path, value in fills.items():
        section, _, name = path.partition(".")
        allowed = ROWS.get(section) or (StudyModel.model_fields[section].annotation if section in ("staff", "costs", "exit") else None)
        if allowed is None:
            faults.append(unknown_name(f"{places.study}: defaults", "table or section", section, [*ROWS, "staff", "costs", "exit"]))
        elif name not in allowed.model_fields:
            faults.append(unknown_name(f"{places.study}: defaults", f"field of {section}", name, list(allowed.model_fields)))
        elif section in ROWS:
            result[section] = [{name: value, **row} if isinstance(row, dict) else row for row in result.get(section, [])]
        else:
            result[section] = {name: value, **result.get(section, {})}
    return result, faults


__all__ = ["SharesimError", "build", "load", "read_raw"]
