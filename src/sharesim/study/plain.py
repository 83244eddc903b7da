"""Plain values as people write them: text, a number, a whole number, yes or no, a date, a list, an id.

Every reader returns the value or raises `Unreadable` with (problem, got, allowed, remedy).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

from sharesim.errors import Fault, StudyError
from sharesim.study.slips import slip
from sharesim.uncertainty.notation import parse

MOST_FIELD_NAME = 200
FIRST_YEAR, LAST_YEAR = 1900, 2200
ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$"
ID_WORDS = "letters, digits, - and _, starting with a letter or digit, at most 60 characters"
PRICE_BASE_PATTERN = r"^(19|20|21)[0-9]{2}(-[0-9]{2})?$"
_FINANCIAL_YEAR = re.compile(r"(?:FY\s*)?((?:19|20|21)[0-9]{2})\s*[-/\u2010-\u2015]\s*([0-9]{4}|[0-9]{2})", re.IGNORECASE)
_A_LAW = "a plain number; this one cannot be uncertain"
_A_NUMBER = "a number"
# Characters that reorder or hide what stands beside them.
_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# What a spreadsheet takes for the start of a formula; East Asian ones take the full-width forms for the plain signs.
_FORMULA_STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"


class Unreadable(Exception):
    """A value that cannot be read: problem, got, allowed, remedy."""


def shown(value: Any, longest: int = 80) -> str:
    """Return a value as a message shows it: short, on one line, and never a failure of its own.

    Examples
    --------
    >>> shown("a" * 100, 10), shown([1, 2]), shown({"a": 1}), shown(None)
    ("'aaaaa...'", 'a list', 'a table', 'nothing')
    """
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, (list, tuple, set, frozenset)):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        text = visible(value[: 4 * longest])
        return repr(text if len(text) <= longest - 2 else f"{text[: longest - 5]}...")
    try:
        text = f"{value:.10g}" if isinstance(value, float) else str(value)
    except (ValueError, RecursionError):
        return f"{type(value).__name__} too long to show"
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def visible(value: str) -> str:
    """Return text on one line with nothing hidden in it: what steers a terminal or a page is written out.

    Examples
    --------
    >>> visible("a\\tb\\n c"), visible("red \\x1b[31m")
    ('a b c', 'red \\\\x1b[31m')
    """
    if value.isascii() and value.isprintable() and " " not in value:  # most names: nothing to look for
        return value
    spaced = re.sub(r"[\s\x1c-\x1f\x85]+", " ", value).strip()
    if spaced.isascii() and spaced.isprintable():
        return spaced
    return "".join(_written(letter) if _hidden(letter) else letter for letter in spaced)


def no_formula(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula; `plain_again` undoes it.

    Examples
    --------
    >>> no_formula("=cmd|' /C calc'!A0"), no_formula("Payroll = HR"), no_formula("")
    ("'=cmd|' /C calc'!A0", 'Payroll = HR', '')
    """
    return f"'{text}" if _is_formula(text) else text


def plain_again(text: str) -> str:
    """Return a cell's text without the apostrophe by which it was no formula.

    Examples
    --------
    >>> plain_again("'=1+1"), plain_again("'tis"), plain_again(no_formula("'=1+1"))
    ('=1+1', "'tis", "'=1+1")
    """
    return text[1:] if text[:1] == "'" and _is_formula(text) else text


def _is_formula(text: str) -> bool:
    # Behind apostrophes too, so that what has one already gets one more and is read back as it was.
    first = text.lstrip("'")[:1]
    return bool(first) and first in _FORMULA_STARTS


def tidy(fault: Fault) -> Fault:
    """Return a fault with nothing hidden in it, whatever names and values it repeats."""
    return Fault(*(visible(getattr(fault, part)) for part in ("where", "problem", "got", "allowed", "remedy")))


def _hidden(letter: str) -> bool:
    return letter in _TURNING or unicodedata.category(letter) in ("Cc", "Cs") or ord(letter) & 0xFFFE == 0xFFFE


def _written(letter: str) -> str:
    code = ord(letter)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def text(raw: Any) -> str:
    """Return text; a number in its place is refused, since nobody can say how it should be written."""
    if isinstance(raw, str):
        return visible(raw)
    if isinstance(raw, (int, float, date)) and not isinstance(raw, bool):
        raise Unreadable(f"{_kind(raw)} where text belongs", shown(raw), "text", "Put it in quotes.")
    raise Unreadable("not text", shown(raw), "text in quotes", "")


def _kind(raw: Any) -> str:
    return "a date" if isinstance(raw, date) else "a number"


def number(raw: Any) -> float:
    """Return a finite number; a law is refused here."""
    if isinstance(raw, (bool, date)) or raw is None:
        raise Unreadable("not a number", shown(raw), _A_NUMBER, "")
    if isinstance(raw, str):
        if not raw.strip():
            raise Unreadable("not a number", shown(raw), _A_NUMBER, "")
        if (found := slip(raw)) is not None:
            raise Unreadable(*found)
    if isinstance(raw, dict):
        raise Unreadable("a law where one figure belongs", shown(raw), _A_LAW, "Give its central value.")
    try:
        value = parse(raw)
    except StudyError as error:
        fault = error.faults[0]
        raise Unreadable(*_number_fault(fault, raw)) from None
    if not isinstance(value, float):
        raise Unreadable("a law where one figure belongs", shown(raw), _A_LAW, "Give its central value.")
    return value


def _number_fault(fault: Fault, raw: Any) -> tuple[str, str, str, str]:
    """Return the parts of a fault of the notation where only a number may stand."""
    allowed = _A_NUMBER if fault.allowed.startswith("a number, or a law") else fault.allowed
    problem = fault.problem.replace("neither a number nor a law", "not a number")
    problem = problem.replace("a number or a law", "a number")
    if problem == "a percentage":
        return problem, shown(raw), _A_NUMBER, f"{fault.remedy.rstrip('.')} if a share is meant."
    return problem, shown(raw), allowed, fault.remedy


def whole(raw: Any) -> int:
    """Return a whole number."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw if abs(raw) < 2**63 else int(number(raw))
    value = number(raw)
    if not value.is_integer():
        raise Unreadable("not a whole number", shown(raw), "a whole number", "")
    return int(value)


def flag(raw: Any) -> bool:
    """Return true or false; yes and no, 1 and 0 are understood too."""
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if isinstance(raw, bool):
        return raw
    if str(raw).strip().casefold() in words and isinstance(raw, (str, int)):
        return words[str(raw).strip().casefold()]
    raise Unreadable("neither true nor false", shown(raw), "true or false", "")


def day(raw: Any) -> date:
    """Return a date written as YYYY-MM-DD, or a date of TOML or of a workbook."""
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    written = raw.strip() if isinstance(raw, str) else ""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]00:00(:00(\.0+)?)?)?", written):
        try:
            return date.fromisoformat(written[:10])
        except ValueError:
            raise Unreadable("no such day", shown(raw), "a day of the calendar, YYYY-MM-DD", "") from None
    raise Unreadable("not a date", shown(raw), "YYYY-MM-DD", _date_remedy(written))


def _date_remedy(written: str) -> str:
    """What to write for a date in British order, where it can be told."""
    if (turned := re.fullmatch(r"([0-9]{4})[/.-]([0-9]{1,2})[/.-]([0-9]{1,2})", written)) is not None:
        try:
            return f"Write {date(*map(int, turned.groups()))}."
        except ValueError:
            return "Write for instance 2027-04-01."
    found = re.fullmatch(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})", written)
    if not found:
        return "Write for instance 2027-04-01."
    first, second, year_ = (int(part) for part in found.groups())
    try:
        meant = date(year_, second, first)
    except ValueError:
        return "Write for instance 2027-04-01."
    return f"Write {meant} if {meant.day} {meant:%B %Y} is meant."


def year(raw: Any) -> int:
    """Return a calendar year."""
    if isinstance(raw, str) and (written := financial_year(raw)) is not None:
        remedy = f"Write {written[:4]}, the year in which it begins."
        raise Unreadable("a financial year", shown(raw), f"years from {FIRST_YEAR} to {LAST_YEAR}", remedy)
    value = whole(raw)
    if not FIRST_YEAR <= value <= LAST_YEAR:
        raise Unreadable("not a year", shown(raw), f"years from {FIRST_YEAR} to {LAST_YEAR}", "")
    return value


def items(raw: Any) -> Iterable[Any]:
    """Return the items of a list; in one cell they are separated by semicolons."""
    if isinstance(raw, str):
        return [part.strip() for part in raw.split(";") if part.strip()]
    if isinstance(raw, (list, tuple)):
        return raw
    if isinstance(raw, (int, date)) and not isinstance(raw, bool):
        return [raw]
    raise Unreadable("not a list", shown(raw), "a list, or a text with semicolons between the items", "")


def field_name(written: str, known: Collection[str]) -> str:
    """Return the name of a field as it stands among those known, whatever its capitals; else as it was written.

    Examples
    --------
    >>> field_name("COST_GBP", ["cost_gbp"]), field_name("Cost GBP", ["cost_gbp"]), field_name("Costs", ["cost_gbp"])
    ('cost_gbp', 'cost_gbp', 'Costs')
    """
    small = re.sub(r"[ _-]+", "_", written.strip().casefold()[:MOST_FIELD_NAME])
    return small if small in known else written


def ident(raw: Any) -> str:
    """Return a short id."""
    value = text(raw)
    if re.fullmatch(ID_PATTERN, value):
        return value
    slug = re.sub(
        r"[^A-Za-z0-9_-]+", "-", unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode()
    ).strip("-_")[:60]
    remedy = f"Write {slug!r} and keep the full name under name." if slug else "Give it a short id."
    raise Unreadable("not an id", shown(raw), ID_WORDS, remedy)


def financial_year(written: str) -> str | None:
    """Return a financial year as 2026-27 however it was written, None where it is none.

    Examples
    --------
    >>> [financial_year(text) for text in ("2026-27", "2026/27", "2026 / 2027", "FY2026/27", "2026-28")]
    ['2026-27', '2026-27', '2026-27', '2026-27', None]
    """
    found = _FINANCIAL_YEAR.fullmatch(written.strip())
    if not found or int(found[2]) not in ((int(found[1]) + 1) % 100, int(found[1]) + 1):
        return None
    return f"{found[1]}-{int(found[2]) % 100:02d}"


def price_base(raw: Any) -> str:
    """Return the year of the prices: 2007-08 for a financial year, 2007 for a calendar year."""
    value = str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else text(raw)
    value = financial_year(value) or value
    found = re.fullmatch(PRICE_BASE_PATTERN, value)
    if found and (len(value) == 4 or int(value[5:]) == (int(value[:4]) + 1) % 100):
        return value
    meant = financial_year(f"20{value}") if re.fullmatch(r"[0-9]{2}\s*[/-]\s*[0-9]{2}", value) else None
    remedy = f"Write {meant}." if meant else ""
    raise Unreadable("not a year of prices", shown(raw), "a financial year such as 2007-08, or a year", remedy)
