"""TOML as a document, bounded before it is parsed; what is wrong with it in words, with its line.

Parsed by the standard library, whose work on a name grows with the square of its parts: a line of dots would keep it busy
for minutes.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from sharesim.errors import Fault, StudyError
from sharesim.study.plain import Unreadable, day, number, price_base, shown

#: Most levels of tables and lists within each other, and of parts of a name with dots.
DEEPEST, MOST_NAME_PARTS = 40, 8
_PART = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
_LONG_NAME = re.compile(rf"""(?<![\w"'.-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{MOST_NAME_PARTS},}}+""")
_BARE = re.compile(r"""(?:^|[{,]|\s)([A-Za-z0-9_-]+|"[^"]*"|'[^']*')\s*=\s*([^\s"'#\[\]{},=][^"'#\[\]{}=]{0,59}?)\s*(?:[,}#]|$)""")


def document_of(text: str, name: str) -> dict[str, Any]:
    """Return the document that a text in TOML is.

    Parameters
    ----------
    text : str
        Its size is bounded by the caller.
    name : str
        How messages call it.

    Raises
    ------
    StudyError
        With one fault, when it is not TOML, or nested too deeply.

    Examples
    --------
    >>> document_of("a.b = 1", "x.toml")
    {'a': {'b': 1}}
    >>> document_of("ends = 01/04/2026", "x.toml")
    Traceback (most recent call last):
    sharesim.errors.StudyError: x.toml, line 1 (ends): a value that TOML spells otherwise: got '01/04/2026'. Write ends = 2026-04-01 if 1 April 2026 is meant.
    """
    if (found := _LONG_NAME.search(text)) is not None:
        where = f"{name}, line {text.count(chr(10), 0, found.start()) + 1}"
        raise StudyError(Fault(where, "a name of too many parts", shown(found[0], 40), f"at most {MOST_NAME_PARTS}", _RIGHT_FILE))
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(_fault(name, text, str(error))) from None
    except RecursionError:
        raise StudyError(_too_deep(name)) from None
    except ValueError:
        raise StudyError(Fault(name, "a number too long to read", "", "", _RIGHT_FILE)) from None
    if _depth(document) > DEEPEST:
        raise StudyError(_too_deep(name))
    return document


_RIGHT_FILE = "Check that it is the right file."


def _too_deep(name: str) -> Fault:
    return Fault(name, "nested too deeply", "", f"at most {DEEPEST} levels", _RIGHT_FILE)


_WORDS = (
    ("cannot overwrite a value", "given twice", "Drop one of the two."),
    ("duplicate inline table key", "given twice", "Drop one of the two."),
    ("cannot redefine namespace", "the section stands twice", "Put its fields under one heading."),
    ("expected ']' at the end", "the heading does not end", "Close it with ]."),
    ("expected ']]' at the end", "the heading does not end", "Close it with ]]."),
    ("invalid hex value", "a backslash in a text", "Write it twice, or put the text in single quotes."),
    ("escaped character is not", "a backslash in a text", "Write it twice, or put the text in single quotes."),
    ("invalid initial character", "not a name", "Names hold letters, digits, - and _; others need quotes."),
    ("found invalid character", "a character that may not stand here", "Check what is before and after it."),
    ("cannot declare", "the section stands twice", "Put its fields under one heading."),
    ("cannot mutate immutable namespace", "given twice", "Drop one of the two."),
    (
        "invalid value", "not a value",
        "Text needs quotes; numbers have no commas; true and false are in small letters.",
    ),
    ("expected '=' after a key", "no = after the name", "Write name = value; a name with spaces needs quotes."),
    ("invalid statement", "not a line of TOML", "Write name = value, or [section]."),
    ("unterminated string", "the quotes do not end", "Close them on the same line."),
    ("illegal character '\\n'", "the quotes do not end", "Close them on the same line."),
    ("expected newline or end of document", "more after the value", "One name = value a line; # begins a comment."),
    ("unclosed array", "the list does not end", "Close it with ]."),
    ("unclosed inline table", "the table does not end", "Close it with }."),
    ("invalid date or datetime", "no such day", "Write YYYY-MM-DD."),
    ("unescaped '\\' in a string", "a backslash in a text", "Write it twice, or put the text in single quotes."),
)  # fmt: skip


def _fault(name: str, text: str, said: str) -> Fault:
    """Return what is wrong with a TOML document, with the line that the parser stopped at."""
    lines = text.split("\n")
    found = re.search(r"\(at line (\d+), column \d+\)", said)
    line = int(found[1]) if found else len(text.rstrip().split("\n"))
    written = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    if (bare := _bare_value(written)) is not None:
        field, value, remedy = bare
        return Fault(f"{name}, line {line} ({field})", "a value that TOML spells otherwise", shown(value), "", remedy)
    known = ((problem, remedy) for start, problem, remedy in _WORDS if said.lower().startswith(start))
    problem, remedy = next(known, ("not valid TOML", "Mend that line; text needs quotes."))
    return Fault(f"{name}, line {line}", problem, shown(written) if written else "", "", remedy)


def _bare_value(line: str) -> tuple[str, str, str] | None:
    """Return field, value and what to write where a date, a year or a number was written as nobody's TOML has it."""
    for found in _BARE.finditer(line[:1000]):
        field, value = found[1], found[2].strip()
        try:
            tomllib.loads(f"value = {value}")
        except ValueError:
            if remedy := _what_to_write(field, value):
                return field.strip("\"'"), value, remedy
    return None


def _what_to_write(field: str, value: str) -> str:
    try:
        return f'Write {field} = "{price_base(value)}".'
    except Unreadable:
        pass
    for read in (day, number):
        try:
            read(value)
        except Unreadable as error:
            written, _, rest = str(error.args[3]).removeprefix("Write ").partition(" ")
            if error.args[3].startswith("Write ") and re.fullmatch(r"[\d.-]+", written.rstrip(".")) and written.rstrip(".") != value:
                return f"Write {field} = {written.rstrip('.') if not rest else written}{' ' + rest if rest else '.'}"
    return ""


def _depth(document: Any) -> int:
    """Return how deeply tables and lists are nested, without recursion."""
    level, depth = [document], 0
    while level and depth <= DEEPEST + 1:
        inner: list[Any] = []
        for item in level:
            inner += item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        level, depth = [item for item in inner if isinstance(item, (dict, list))], depth + 1
    return depth
