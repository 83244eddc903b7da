"""A study from a folder to a workbook and back, with nothing lost but comments."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit

from sharesim.arguments import a_path, takes
from sharesim.errors import Fault, OutputError, UsageError
from sharesim.folders.fresh import made_whole
from sharesim.study import dump
from sharesim.study.excel import ENDINGS
from sharesim.study.excel_cells import encode_row
from sharesim.study.excel_layout import columns_of
from sharesim.study.excel_write import Layout, write_workbook
from sharesim.study.given import a_study
from sharesim.study.load import build, read_raw
from sharesim.study.observations import Observations
from sharesim.study.schema import ROWS
from sharesim.study.study import Study
from sharesim.uncertainty.distributions import Distribution

OPENING = (
    "This workbook is one whole study: what is asked, what is known and how sure it is, and the rules of the choice.",
    "The sheets with a yellow tab hold something; the others may stay empty.",
)


def _a_source(where: str, value: Any) -> Study | Path:
    return value if isinstance(value, Study) else a_path(where, value)


@takes(source=_a_source, out=a_path)
def convert(source: str | Path | Study, out: str | Path) -> Path:
    """Write a study anew as a workbook, or as a folder of study.toml and CSV tables; return what was written.

    Scenarios, defaults and every law are kept; comments are not. Laws of observed values that lie in a file of
    their own are written out.

    Parameters
    ----------
    source : str, Path or Study
        A folder with study.toml, or a workbook; a study as `write_study` takes it.
    out : str or Path
        A new file ending in .xlsx, or a new folder.

    Raises
    ------
    StudyError
        With every fault of the study, where it has any.
    UsageError
        When something is in the way, or a scenario takes its tables from other files.
    OutputError
        When it cannot be written.

    Examples
    --------
    >>> import sharesim, tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> mine = sharesim.new(folder / "mine")
    >>> convert(convert(mine, folder / "mine.xlsx"), folder / "back").name
    'back'
    >>> sharesim.load(folder / "back").content_hash == sharesim.load(mine).content_hash
    True
    """
    if isinstance(source, Study):
        return write_study(source, out)
    raw, places = read_raw(source)
    study = build(raw, places)
    for name, change in raw.get("scenarios", {}).items():
        if any(str(path).startswith("tables") for path in change):
            where = f"scenario {name}"
            remedy = "Write that scenario as a study of its own first."
            raise UsageError(Fault(where, "takes its tables from other files", "", "changes of values", remedy))
    return _write(Observations(places.folder).put_into(raw), study, Path(out))


@takes(study=a_study, out=a_path)
def write_study(study: Study | str | Path, out: str | Path) -> Path:
    """Write a study as a workbook (.xlsx), or as a folder of study.toml and CSV tables; return what was written.

    Overrides and a scenario that was asked for are part of what is written, as are the study's own defaults.

    Parameters
    ----------
    study : Study, str or Path
        As `load` returned it, or the path of one.
    out : str or Path
        A new file ending in .xlsx, or a new folder.

    Raises
    ------
    UsageError
        When something is in the way.
    OutputError
        When it cannot be written.

    Examples
    --------
    >>> import sharesim, tempfile
    >>> from sharesim.examples import two_councils
    >>> file = write_study(two_councils(), Path(tempfile.mkdtemp()) / "two.xlsx")
    >>> sharesim.load(file).content_hash == two_councils().content_hash
    True
    """
    assert isinstance(study, Study)  # read, where it was given as a path
    return _write(raw_of(study), study, Path(out))


def raw_of(study: Study) -> dict[str, Any]:
    """Return a study as its files would say it: the sections of study.toml, and tables as rows of text."""
    raw: dict[str, Any] = tomllib.loads(dump.study_toml(study.model))
    for table, text in dump.tables_csv(study.model).items():
        rows = csv.DictReader(io.StringIO(text))
        raw[table] = [{key: value for key, value in row.items() if value} for row in rows]
    return raw


def _write(raw: Mapping[str, Any], study: Study, out: Path) -> Path:
    is_workbook = out.suffix.lower() in ENDINGS
    if out.exists() and (is_workbook or not out.is_dir() or any(out.iterdir())):
        got, allowed = "something is there already", "a new file, or a new or empty folder"
        raise UsageError(Fault(str(out), "is in the way", got, allowed, "Choose another name."))
    layout = Layout(study.model.study.title, out.name, OPENING, {})
    try:
        if is_workbook:
            with made_whole(out) as aside:
                write_workbook(raw, aside, layout)
        else:
            _write_folder(raw, out)
    except OSError as error:
        raise unwritable(out, error) from None
    return out


def unwritable(out: Path, error: OSError) -> OutputError:
    """Return the error of a file or folder that cannot be written."""
    reason = f"cannot be written: {error.strerror or error}"
    return OutputError(Fault(str(out), reason, "", "", "Choose another place, or make room."))


def _write_folder(raw: Mapping[str, Any], out: Path) -> None:
    with made_whole(out) as aside:
        aside.mkdir()
        document = {key: _native(value) for key, value in raw.items() if key not in (*ROWS, "tables")}
        (aside / "study.toml").write_text(tomlkit.dumps(document), encoding="utf-8", newline="\n")
        for table in ROWS:
            if rows := raw.get(table):
                (aside / f"{table}.csv").write_text(_csv(table, rows), encoding="utf-8", newline="\n")


def _native(value: Any) -> Any:
    if isinstance(value, Distribution):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {str(key): _native(item) for key, item in value.items()}
    return [_native(item) for item in value] if isinstance(value, (list, tuple)) else value


def _csv(table: str, rows: Any) -> str:
    columns = {item.key: item for item in columns_of(table)}
    given = [key for key in columns if any(key in row for row in rows)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(given)
    for at, row in enumerate(rows, start=1):
        cells = [encode_row(row[key], columns[key], f"{table}, row {at}") if key in row else "" for key in given]
        writer.writerow([dump.cell(item) for item in cells])
    return out.getvalue()
