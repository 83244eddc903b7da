"""A study written out again: study.toml and its CSV tables, which load to the same content."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import InlineTable

from sharesim.arguments import an_instance, takes
from sharesim.study.fields import Frozen
from sharesim.study.plain import no_formula
from sharesim.study.quantity import Quantity
from sharesim.study.rules import RuleBase
from sharesim.study.schema import ROWS, StudyModel

#: Resolved in the model already: files are named anew, defaults and scenarios are part of the values.
_LEFT_OUT = frozenset({"tables", "defaults", "scenarios", *ROWS})


def write(model: StudyModel, folder: str | Path) -> list[Path]:
    """Write a study as a folder of study.toml and CSV tables.

    Parameters
    ----------
    model : StudyModel
    folder : str or Path
        Made when it is not there; files of the same names are replaced.

    Returns
    -------
    list of Path
        The files, study.toml first.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tables = tables_csv(model)
    # A table that lies about from something else must not be taken for this study's own.
    others = {table: "" for table in ROWS if table not in tables and (folder / f"{table}.csv").exists()}
    files = {"study.toml": study_toml(model, others), **{f"{table}.csv": text for table, text in tables.items()}}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return [folder / name for name in files]


def tables_csv(model: StudyModel) -> dict[str, str]:
    """Return the text of every table that has rows, by table name; columns that no row gives are left out.

    Examples
    --------
    >>> from sharesim.examples import two_councils
    >>> print(tables_csv(two_councils().model)["councils"])
    id,name,population,turnover_per_year,terms_gbp
    eastham,Eastham,90000,0.1,30000
    westham,Westham,120000,0.1,31000
    <BLANKLINE>
    """
    result = {}
    for table, kind in ROWS.items():
        rows = getattr(model, table)
        if not rows:
            continue
        given = [name for name in kind.model_fields if any(name in row.model_fields_set for row in rows)]
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(given)
        # A cell that a row leaves open stays open: what is in force there is a convention, and told as one.
        writer.writerows(
            [_safe(getattr(row, name)) if name in row.model_fields_set else "" for name in given] for row in rows
        )
        result[table] = out.getvalue()
    return result


def _safe(value: Any) -> str:
    """Return the text of a CSV cell: what somebody wrote is never a formula in a spreadsheet."""
    return no_formula(cell(value)) if isinstance(value, (str, tuple, list)) else cell(value)


def cell(value: Any) -> str:
    """Return a value as the text of one cell, which reads back as the same value.

    Examples
    --------
    >>> cell(0.1), cell(True), cell(("a", "b")), cell(None)
    ('0.1', 'true', 'a;b', '')
    """
    if value is None:
        return ""
    if isinstance(value, Quantity):
        return value.text()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list)):
        return ";".join(cell(item) for item in value)
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return value.isoformat() if isinstance(value, date) else str(value)


@takes(
    model=an_instance(StudyModel, "not the model of a study", "StudyModel", "Give study.model."),
    tables=an_instance(Mapping, "not a table", "file names by table"),
)
def study_toml(model: StudyModel, tables: Mapping[str, str] | None = None) -> str:
    """Return study.toml without the rows of tables: every section with what the study gives.

    Parameters
    ----------
    model : StudyModel
    tables : mapping of str to str, optional
        What [tables] says, where the usual file names will not do.

    Examples
    --------
    >>> from sharesim.examples import two_councils
    >>> print(study_toml(two_councils().model).splitlines()[1])
    name = "two-councils"
    """
    document = tomlkit.document()
    for name in StudyModel.model_fields:
        part = getattr(model, name)
        if name in _LEFT_OUT or name not in model.model_fields_set or not part:
            continue
        if isinstance(part, tuple):
            listed = tomlkit.aot()
            for row in part:
                listed.append(_table(row))
            document.add(name, listed)
        elif isinstance(part, dict):
            nested = tomlkit.table(is_super_table=True)
            for key, item in part.items():
                nested.add(key, _table(item))
            document.add(name, nested)
        else:
            document.add(name, _table(part))
    if tables:
        document.add("tables", tomlkit.item(dict(tables)))
    return tomlkit.dumps(document)


def _table(part: Frozen) -> Any:
    table = tomlkit.table()
    for name in type(part).model_fields:
        value = getattr(part, name)
        wanted = name in part.model_fields_set or (name == "kind" and isinstance(part, RuleBase))
        if wanted and value is not None:
            table.add(name, _value(value))
    return table


def _value(value: Any) -> Any:
    """Return a value in TOML; laws and rows inside a field stand on one line."""
    if isinstance(value, Quantity):
        return _value(value.dump())
    if isinstance(value, Frozen):
        return _inline(
            {name: getattr(value, name) for name in type(value).model_fields if name in value.model_fields_set}
        )
    if isinstance(value, dict):
        return _inline(value)
    if isinstance(value, (tuple, list)):
        listed = tomlkit.array()
        for item in value:
            listed.append(_value(item))
        return listed
    return value


def _inline(parts: dict[Any, Any]) -> InlineTable:
    table = tomlkit.inline_table()
    for key, value in parts.items():
        if value is not None:
            table.append(str(key), _value(value))
    return table
