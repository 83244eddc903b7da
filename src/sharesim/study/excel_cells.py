"""A value of a study as one cell of a workbook, and back: what people write, and TOML notation for the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import tomlkit

from sharesim.errors import Fault, StudyError, UsageError
from sharesim.study.dump import cell as row_text
from sharesim.study.excel import text_of_cell
from sharesim.study.excel_layout import Field
from sharesim.study.plain import Unreadable, visible
from sharesim.study.quantity import Quantity
from sharesim.study.toml import document_of
from sharesim.uncertainty.distributions import Distribution

#: What Excel holds in a cell.
LONGEST = 32_767
FIRST_DAY = date(1901, 1, 1)
_NOTATION = ("[", "{", '"')
# Text that the file format itself would take for an escaped letter, and letters that XML cannot hold.
_ESCAPE = re.compile(r"_x[0-9A-Fa-f]{4}_")
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
Cell = str | int | float | bool | date


def decode(value: Any, field: Field) -> Any:
    """Return what a cell says; None for an empty one.

    Text that is TOML notation of a list, a table or a text in double quotes is read as that; a number where text or a
    list belongs is text, as in a CSV file.

    Examples
    --------
    >>> decode(2007.0, Field("name", "text")), decode("pert(1, 2, 3)", Field("pay_gbp", "quantity"))
    ('2007', 'pert(1, 2, 3)')
    >>> decode('{ 2027 = 719 }', Field("weekly_pay_cap_gbp", "other"))
    {'2027': 719}
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str):
        return _notation(value)
    if field.kind in ("text", "list"):
        return text_of_cell(value)
    if isinstance(value, datetime):
        return value.date() if not (value.hour or value.minute or value.second) else text_of_cell(value)
    if isinstance(value, (bool, int, date)):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return text_of_cell(value)


def _notation(text: str) -> Any:
    if not text.lstrip().startswith(_NOTATION):
        return text
    try:
        found = document_of(f"value = {text.strip()}", "cell")
    except StudyError:
        return text
    return found["value"] if len(found) == 1 else text


def encode(value: Any, field: Field, where: str) -> Cell:
    """Return a value of a study file as a cell that `decode` reads as the same.

    Parameters
    ----------
    value : object
        As TOML gives it: text, number, true or false, date, list, table.
    field : Field
    where : str
        For messages.

    Raises
    ------
    UsageError
        When it does not fit into a cell.

    Examples
    --------
    >>> field = Field("services", "list")
    >>> encode(["hr", "legal"], field, ""), encode([], field, ""), encode(["a;b"], field, "")
    ('hr;legal', '[]', '["a;b"]')
    """
    if isinstance(value, str):
        return _fitting(value if _survives(value) else _basic_string(value), where)
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return _number(value) if field.kind not in ("text", "list") else row_text(value)
    if isinstance(value, date):
        day = value.date() if isinstance(value, datetime) else value
        return day if day >= FIRST_DAY and field.kind not in ("text", "list") else day.isoformat()
    if (law := _law(value)) is not None:
        return _fitting(law, where)
    if isinstance(value, (list, tuple)) and field.kind == "list" and (joined := _joined(value)) is not None:
        return _fitting(joined, where)
    return _fitting(_toml(value), where)


def encode_row(value: Any, field: Field, where: str) -> Cell:
    """Return a value of a row of a table as a cell: a CSV file says the same in text.

    Examples
    --------
    >>> encode_row("0.10", Field("share", "quantity"), ""), encode_row("0.1", Field("share", "quantity"), "")
    ('0.10', 0.1)
    >>> encode_row("2007", Field("name", "text"), "")
    '2007'
    """
    text = value if isinstance(value, str) else _law(value) or row_text(value)
    text = visible(text)
    if field.kind not in ("text", "list") and (number := _as_number(text)) is not None:
        return number
    if field.kind == "date" and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return text
        return day if day >= FIRST_DAY else text
    if field.kind == "flag" and text in ("true", "false"):
        return text == "true"
    return _fitting(text, where)


def _as_number(text: str) -> int | float | None:
    """Return the number that reads back as the very same text, if there is one."""
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?", text) or len(text) > 24:
        return None
    number = _number(float(text))
    return number if not isinstance(number, str) and text_of_cell(number) == text else None


def _number(value: int | float) -> int | float | str:
    """Return a number, or its text where the sixteen digits that a workbook keeps would lose some of it."""
    if isinstance(value, int):
        return value if abs(value) < 10**15 else str(value)
    return value if float(f"{value:.16G}") == value else repr(value)


def _survives(text: str) -> bool:
    tidy = text == text.strip() and bool(text) and not _UNSAFE.search(text) and not _ESCAPE.search(text)
    return tidy and _notation(text) == text


def _basic_string(text: str) -> str:
    """Return text as TOML writes it in double quotes, on one line, with nothing in it that a workbook would change."""
    written = tomlkit.string(text).as_string()
    return _ESCAPE.sub(lambda found: "\\u005F" + found[0][1:], written)


def _law(value: Any) -> str | None:
    """Return a law, or a reference to a driver, in the notation of cells; None for anything else."""
    if not isinstance(value, (Mapping, Distribution, Quantity)):
        return None
    try:
        number = Quantity.of(dict(value) if isinstance(value, Mapping) else value)
        text = number.text()
        back = Quantity.of(text)
    except (Unreadable, StudyError, TypeError):
        return None
    return text if back.text() == text and back.dump() == number.dump() and _survives(text) else None


def _joined(items: list[Any] | tuple[Any, ...]) -> str | None:
    """Return a list as text with semicolons, which the schema reads alike; None where that would not do."""
    if not items or not all(isinstance(item, (str, int, float, date)) for item in items):
        return None
    parts = [row_text(item) for item in items]
    if any(not part or part != part.strip() or ";" in part for part in parts):
        return None
    joined = ";".join(parts)
    return joined if _survives(joined) else None


def _toml(value: Any) -> str:
    """Return a value on one line of TOML."""
    if isinstance(value, (Distribution, Quantity)):
        value = value.to_dict() if isinstance(value, Distribution) else value.dump()
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(str(key))} = {_toml(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str):
        return _basic_string(value)
    return tomlkit.item(value).as_string()


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) and not _ESCAPE.search(key) else _basic_string(key)


def _fitting(text: str, where: str) -> str:
    if len(text) <= LONGEST:
        return text
    got, allowed = f"{len(text):,} characters", f"at most {LONGEST:,}"
    remedy = "Keep this study as a folder of study.toml and CSV tables."
    raise UsageError(Fault(where, "does not fit into a cell", got, allowed, remedy))
