"""The sheets of a workbook, read from its XML part by part: what it holds is counted before anything is made of it.

A workbook is a zip of XML, and both can hold far more than their size: a megabyte that unpacks to a gigabyte, one merged
range over seventeen thousand million cells, a row whose only cell stands in the last column. Nothing here grows faster
than the parts that are really there, and these are bounded by the size of the file (docs/decisions/003).
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from xml.parsers import expat

from sharesim.errors import Fault, StudyError
from sharesim.study.files import MOST_COLUMNS, MOST_ROWS

MOST_UNPACKED = 300_000_000
#: Tags that a workbook may hold: so many, and so many for each byte of the file. A cell that was typed has four tags and
#: takes no less than two bytes.
LEAST_PARTS, PARTS_PER_BYTE = 1_000_000, 3
MOST_MEMBERS = 10_000
#: What Excel holds in a cell.
MOST_TEXT = 32_767
_CHUNK, _MOST_SILENT = 1 << 18, 1 << 20
_SAVE_AGAIN = "Open it and save it again as .xlsx."
_FIRST, _PREFIXED = 2_000, re.compile(rb"<[A-Za-z_][\w.-]*:(?:worksheet|workbook|sst|styleSheet|Relationships)\b")
_DIGITS = "0123456789"
Handlers = tuple[Callable[..., None], Callable[..., None], Callable[..., None]]


@dataclass
class Sheet:
    """What stands in one sheet.

    Parameters
    ----------
    lines : list of tuple
        Cells row by row, each as wide as its last: text, numbers, dates, None for empty ones.
    merged : list of str
        Ranges of merged cells.
    unsaved : list of (int, str)
        Row and text of each formula whose result was never stored.
    """

    lines: list[tuple[Any, ...]] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    unsaved: list[tuple[int, str]] = field(default_factory=list)


class Damaged(Exception):
    """The bytes are no workbook, or a broken one."""


class Workbook:
    """A workbook whose sheets are read when they are asked for.

    Parameters
    ----------
    data : bytes
    name : str
        How messages call it.

    Raises
    ------
    StudyError
        When it unpacks to more than may be.
    Damaged
        When it cannot be read.
    """

    def __init__(self, data: bytes, name: str) -> None:
        self.name, self.packed = name, zipfile.ZipFile(io.BytesIO(data))
        self.parts_left = LEAST_PARTS + PARTS_PER_BYTE * len(data)
        members = self.packed.infolist()
        total = sum(item.file_size for item in members)
        if total > MOST_UNPACKED or len(members) > MOST_MEMBERS:
            got = f"{total / 1e6:,.0f} MB unpacked" if total > MOST_UNPACKED else f"{len(members):,} files in it"
            allowed = f"at most {MOST_UNPACKED / 1e6:,.0f} MB in {MOST_MEMBERS:,} files"
            raise StudyError(Fault(name, "too large", got, allowed, "Drop what is not used."))
        self._sizes = {item.filename: item.file_size for item in members}
        book = self._book_part()
        self._targets = self._relations(book)
        self._ids: dict[str, str] = {}
        self.is_1904 = False
        self.parse(book, (self._in_book, _nothing, _nothing))
        by_kind = {kind: target for kind, target in self._targets.values() if kind != "worksheet"}
        self._texts_part, styles = by_kind.get("sharedStrings", ""), by_kind.get("styles", "")
        self._texts: list[str] | None = None
        self.days = _Days(self, styles)

    @property
    def sheet_names(self) -> list[str]:
        """Names of the sheets of cells, in order."""
        return list(self._ids)

    def sheet(self, name: str) -> Sheet:
        """Return what stands in a sheet."""
        if self._texts is None:
            self._texts = _texts(self, self._texts_part)
        return _Reading(self, name, self._texts).sheet(self._targets[self._ids[name]][1])

    def parse(self, part: str, handlers: Handlers) -> None:
        """Go through the XML of a part: start and end of elements, and text between."""
        if part not in self._sizes:
            raise KeyError(part)
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _no_declarations
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = handlers
        silent, is_first = 0, True
        with self.packed.open(part) as stream:
            while chunk := stream.read(_CHUNK):
                # Counted before they are parsed: every element opens with this sign, in whatever letters.
                signs = chunk.count(b"<")
                self.parts_left -= signs
                silent = 0 if signs else silent + len(chunk)
                if self.parts_left < 0:
                    raise self._too_much()
                if silent > _MOST_SILENT:
                    raise Damaged("a piece without end")
                if is_first and _PREFIXED.search(chunk[:_FIRST]):
                    parser.StartElementHandler, parser.EndElementHandler = _bare(handlers[0]), _bare(handlers[1])
                is_first = False
                parser.Parse(chunk, False)
            parser.Parse(b"", True)

    def _too_much(self) -> StudyError:
        problem, got = "more cells or texts than a file of its size can hold", "parts beyond number"
        return StudyError(Fault(self.name, problem, got, "", f"Drop what is not used. {_SAVE_AGAIN}"))

    def _book_part(self) -> str:
        named = [target for kind, target in self._relations("").values() if kind == "officeDocument"]
        return named[0] if named else "xl/workbook.xml"

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Return kind and name of the part that each id of a part's relations stands for."""
        folder, file = posixpath.split(part)
        found: dict[str, tuple[str, str]] = {}

        def begin(tag: str, about: dict[str, str]) -> None:
            if tag == "Relationship" and about.get("TargetMode") != "External":
                kind, target = about.get("Type", "").rpartition("/")[2], about.get("Target", "")
                inside = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
                found[about.get("Id", "")] = kind, posixpath.normpath(inside)

        listed = posixpath.join(folder, "_rels", f"{file}.rels")
        if listed in self._sizes:
            self.parse(listed, (begin, _nothing, _nothing))
        return found

    def _in_book(self, tag: str, about: dict[str, str]) -> None:
        if tag == "workbookPr":
            self.is_1904 = about.get("date1904") in ("1", "true")
        elif tag == "sheet":
            ident = next((value for key, value in about.items() if key.rpartition(":")[2] == "id"), "")
            if self._targets.get(ident, ("", ""))[0] == "worksheet":
                self._ids[about.get("name", "")] = ident


def _bare(handler: Callable[..., None]) -> Callable[..., None]:
    """Return a handler that sees the names of elements without their prefix."""
    return lambda tag, *about: handler(tag.rpartition(":")[2], *about)


def _nothing(*_: Any) -> None:
    pass


def _no_declarations(*_: Any) -> None:
    raise Damaged("declarations in a part")


class _Days:
    """Which styles show a number as a day or a time, and what they show."""

    def __init__(self, book: Workbook, part: str) -> None:
        from openpyxl.styles.numbers import BUILTIN_FORMATS

        self.codes, self.is_1904 = dict(BUILTIN_FORMATS), book.is_1904
        self.styles: list[int] = []
        self._in_cells = False
        self._known: dict[str, Callable[[float], Any] | None] = {}
        if part:
            book.parse(part, (self._begin, self._end, _nothing))

    def _begin(self, tag: str, about: dict[str, str]) -> None:
        if tag == "numFmt":
            self.codes[int(about.get("numFmtId", "0"))] = about.get("formatCode", "")[:1000]
        elif tag == "cellXfs":
            self._in_cells = True
        elif tag == "xf" and self._in_cells:
            self.styles.append(int(about.get("numFmtId", "0")))

    def _end(self, tag: str) -> None:
        if tag == "cellXfs":
            self._in_cells = False

    def shown(self, style: str | None) -> Callable[[float], Any] | None:
        """Return what turns a number of a style into its day or time, None where it stays a number."""
        if style is None:
            return None
        if style not in self._known:
            self._known[style] = self._reader(int(style))
        return self._known[style]

    def _reader(self, style: int) -> Callable[[float], Any] | None:
        from openpyxl.styles.numbers import is_date_format, is_timedelta_format
        from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

        code = self.codes.get(self.styles[style], "General") if 0 <= style < len(self.styles) else "General"
        if not is_date_format(code):
            return None
        epoch, is_span = CALENDAR_MAC_1904 if self.is_1904 else CALENDAR_WINDOWS_1900, is_timedelta_format(code)

        def day_of(number: float) -> Any:
            try:
                return from_excel(number, epoch, timedelta=is_span)
            except (OverflowError, ValueError):
                return "#VALUE!"

        return day_of


def _texts(book: Workbook, part: str) -> list[str]:
    """Return the texts that cells share."""
    found: list[str] = []
    if not part:
        return found
    pieces: list[str] = []
    within = {"t": False, "rPh": False}

    def begin(tag: str, _: dict[str, str]) -> None:
        if tag in within:
            within[tag] = True
        elif tag == "si":
            pieces.clear()

    def end(tag: str) -> None:
        if tag in within:
            within[tag] = False
        elif tag == "si":
            found.append("".join(pieces).replace("x005F_", ""))

    def text(data: str) -> None:
        if within["t"] and not within["rPh"]:
            pieces.append(_bounded(data))

    book.parse(part, (begin, end, text))
    return found


def _bounded(text: str) -> str:
    if len(text) > MOST_TEXT:
        raise Damaged("a text longer than a cell holds")
    return text


class _Reading:
    """One sheet while it is read."""

    def __init__(self, book: Workbook, name: str, texts: list[str]) -> None:
        self.book, self.name, self.texts, self.found = book, name, texts, Sheet()
        self.row = self.column = 0
        self.line: list[Any] = []
        self.kind = "n"
        self.style: str | None = None
        self.value: list[str] = []
        self.formula: list[str] | None = None
        self.into: list[str] | None = None
        self.columns: dict[str, int] = {}
        self.in_phonetic = False
        self.grid_left = book.parts_left

    def sheet(self, part: str) -> Sheet:
        """Return the sheet that a part holds."""
        self.book.parse(part, (self.begin, self.end, self.text))
        return self.found

    def begin(self, tag: str, about: dict[str, str]) -> None:
        """Take the start of an element."""
        if tag == "c":
            reference = about.get("r")
            self.column = self.column + 1 if reference is None else self.column_of(reference.rstrip(_DIGITS))
            self.kind, self.style = about.get("t", "n"), about.get("s")
            self.value, self.formula = [], None
        elif tag == "v" or (tag == "t" and not self.in_phonetic):
            self.into = self.value
        elif tag == "f":
            self.into = self.formula = []
        elif tag == "row":
            self.row = int(about["r"]) if "r" in about else self.row + 1
            self.column, self.line = 0, []
        elif tag == "mergeCell":
            self.found.merged.append(about.get("ref", "")[:40])
        elif tag == "rPh":
            self.in_phonetic = True

    def text(self, data: str) -> None:
        """Take text between elements."""
        if self.into is not None:
            self.into.append(_bounded(data))

    def end(self, tag: str) -> None:
        """Take the end of an element."""
        if tag in ("v", "t", "f"):
            self.into = None
        elif tag == "c":
            if self.value:
                self.put(self.read("".join(self.value)))
            elif self.formula is not None:
                self.found.unsaved.append((self.row, "=" + "".join(self.formula)))
                self.put(None)
        elif tag == "row":
            self.put_line()
        elif tag == "rPh":
            self.in_phonetic = False

    def column_of(self, letters: str) -> int:
        """Return the number of a column from 1."""
        if letters not in self.columns:
            number = 0
            for letter in letters[:4].upper():
                number = 26 * number + ord(letter) - 64
            if not letters.isascii() or not letters.isalpha() or not 1 <= number <= 16_384:
                raise Damaged("a column without a letter")
            self.columns[letters] = number
        return self.columns[letters]

    def read(self, written: str) -> Any:
        """Return what a cell says."""
        if self.kind == "n":
            number = float(written) if any(sign in written for sign in ".eE") else int(written[:40])
            shown = self.book.days.shown(self.style)
            return number if shown is None else shown(number)
        if self.kind == "s":
            return self.texts[int(written)]
        if self.kind == "b":
            return bool(int(written))
        return datetime.fromisoformat(written) if self.kind == "d" else written

    def put(self, value: Any) -> None:
        """Put a value where it stands in its row."""
        if self.column > MOST_COLUMNS:
            where = f"{self.book.name}, sheet {self.name}, row {self.row}"
            got, allowed = f"column {self.column:,}", f"at most {MOST_COLUMNS:,} columns"
            raise StudyError(Fault(where, "a cell far to the right", got, allowed, "Clear it."))
        if len(self.line) < self.column:
            self.line += [None] * (self.column - len(self.line))
        self.line[self.column - 1] = value

    def put_line(self) -> None:
        """Put a row where it stands; rows without a value stand for nothing."""
        if not self.line:
            return
        lines, missing = self.found.lines, self.row - 1 - len(self.found.lines)
        if self.row > MOST_ROWS:
            got, allowed = f"more than {MOST_ROWS:,}", f"at most {MOST_ROWS:,}"
            raise StudyError(Fault(f"{self.book.name}#{self.name}", "too many rows", got, allowed, "Split the study."))
        self.grid_left -= len(self.line)
        if missing < 0 or self.grid_left < 0:
            raise Damaged("rows out of order") if missing < 0 else self.book._too_much()
        lines.extend([()] * missing)
        lines.append(tuple(self.line))
        self.line = []
