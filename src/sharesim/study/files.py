"""Files of a study as bytes and text: read once, bounded in size, and never outside the study's folder.

Nothing here runs anything: a file is data, whatever it holds.
"""

from __future__ import annotations

import csv
import io
import re
import stat
from pathlib import Path
from typing import Any

from sharesim.errors import Fault, StudyError
from sharesim.study.labels import nearest
from sharesim.study.plain import shown
from sharesim.study.toml import document_of

MOST_STUDY_BYTES = 5_000_000
MOST_TABLE_BYTES = 50_000_000
MOST_LINE = 1_000_000
MOST_ROWS = 400_000
#: Wider than any table that anybody fills in.
MOST_COLUMNS = 1_000
_STARTS = (
    (b"\xff\xfe", "UTF-16 text", "Save it as 'CSV UTF-8 (comma delimited)'."),
    (b"\xfe\xff", "UTF-16 text", "Save it as 'CSV UTF-8 (comma delimited)'."),
    (b"PK\x03\x04", "a workbook or a zip file under another name", "Save it as CSV, or give it the ending .xlsx."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "Save it as .xlsx or as CSV."),
    (b"%PDF", "a PDF", "Save the table as CSV or .xlsx."),
)


def read_bytes(file: Path, name: str, most: int) -> bytes:
    """Return a file's bytes.

    Parameters
    ----------
    file : Path
    name : str
        How messages call it.
    most : int
        Largest size, bytes.

    Raises
    ------
    StudyError
        When it is missing, not a plain file, too large or unreadable.
    """
    try:
        about = file.stat()
        if not stat.S_ISREG(about.st_mode):
            what = "a folder" if stat.S_ISDIR(about.st_mode) else "something else than a file"
            raise StudyError(Fault(name, "not a file", what, "a file", "Check the name."))
        if about.st_size > most:
            got = f"{about.st_size / 1e6:,.0f} MB"
            raise StudyError(Fault(name, "too large", got, f"at most {most / 1e6:,.0f} MB", "Drop what is not used."))
        return file.read_bytes()
    except FileNotFoundError:
        raise StudyError(missing(file, name)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        remedy = "Check the path and who may read it."
        raise StudyError(Fault(name, "cannot be read", reason[0].lower() + reason[1:], "", remedy)) from None


#: What is said of a file that is not there.
NOT_FOUND = "file not found"


def missing(file: Path, name: str) -> Fault:
    """Return the fault of a file that is not there, offering one with nearly that name."""
    close = None
    try:
        if file.parent.is_dir():
            close = nearest(file.name, [item.name for item in file.parent.iterdir() if item.name != file.name])
    except OSError:
        close = None
    remedy = f"Did you mean {close!r}?" if close else "Make it, or name another under [tables] in study.toml."
    return Fault(name, NOT_FOUND, "", "", remedy)


def read_text(file: Path, name: str, most: int) -> str:
    """Return a file's text, its byte order mark dropped.

    Raises
    ------
    StudyError
        When it cannot be read, is not UTF-8, or is not text.
    """
    data = read_bytes(file, name, most)
    for start, what, remedy in _STARTS:
        if data.startswith(start):
            raise StudyError(Fault(name, "not plain text", what, "text in UTF-8", remedy))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        remedy = "Save it as UTF-8; in Excel choose 'CSV UTF-8 (comma delimited)'."
        got = f"byte 0x{data[error.start]:02x}"
        raise StudyError(Fault(f"{name}, line {line}", "not UTF-8 text", got, "text in UTF-8", remedy)) from None
    lines = text.split("\n")
    number = max(range(len(lines)), key=lambda at: len(lines[at]))
    if len(lines[number]) > MOST_LINE:
        got, allowed = f"{len(lines[number]):,} characters", f"at most {MOST_LINE:,}"
        where = f"{name}, line {number + 1}"
        raise StudyError(Fault(where, "a line that is too long", got, allowed, "Check that it is the right file."))
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        where = f"{name}, line {line}"
        raise StudyError(
            Fault(where, "not plain text", "a NUL character", "text in UTF-8", "Check that it is the right file.")
        )
    return text


def read_toml(file: Path) -> dict[str, Any]:
    """Return the document of a study file.

    Raises
    ------
    StudyError
        When it cannot be read or is not TOML.
    """
    return document_of(read_text(file, file.name, MOST_STUDY_BYTES), file.name)


def csv_rows(text: str, name: str, most_rows: int = 0) -> list[list[str]]:
    """Return the cells of a CSV file, line by line.

    Parameters
    ----------
    text : str
        As `read_text` gives it.
    name : str
        How messages call it.
    most_rows : int
        0 for as many as a table of a study may have.

    Raises
    ------
    StudyError
        When its quotes do not match, or it is wider or longer than any table.
    """
    most_rows = most_rows or MOST_ROWS
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: list[list[str]] = []
    begun = 1
    try:
        for line in reader:
            if len(line) > MOST_COLUMNS:
                got, allowed = f"{len(line):,} in line {begun}", f"at most {MOST_COLUMNS:,}"
                raise StudyError(Fault(name, "too many columns", got, allowed, "Check that it is the right file."))
            lines.append(line)
            begun = reader.line_num + 1
            if len(lines) > most_rows + 1:
                got, allowed = f"more than {most_rows:,}", f"at most {most_rows:,}"
                raise StudyError(Fault(name, "too many rows", got, allowed, "Split the study."))
    except csv.Error as error:
        where = f"{name}, line {begun}"
        if "field limit" in str(error):
            allowed = "at most 131,072 characters"
            fault = Fault(where, "a cell that is too long", "", allowed, "Check that it is the right file.")
            raise StudyError(fault) from None
        remedy = "A cell that holds a comma or a quote stands in double quotes, and a quote inside it is doubled."
        raise StudyError(Fault(where, "the quotes do not match", "", "", remedy)) from None
    return lines


def inside(folder: Path, name: str) -> Path:
    """Return a file of the study's folder by its name; a link or a path that leads out is refused.

    Raises
    ------
    StudyError
        When the name leads out of the folder.
    """
    remedy = "Copy the table into the study's folder."
    written = Path(name)
    if written.is_absolute() or ".." in written.parts or "\x00" in name or re.match(r"[A-Za-z]:|\\", name):
        raise StudyError(Fault(name, "leads out of the study's folder", shown(name), "a file in it", remedy))
    try:
        file = folder / written
        if file.is_symlink() or any(
            part.is_symlink() for part in file.parents if part.is_relative_to(folder) and part != folder
        ):
            if not file.resolve().is_relative_to(folder.resolve()):
                raise StudyError(Fault(name, "leads out of the study's folder", "a link", "a file in it", remedy))
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "a circle of links"
        raise StudyError(Fault(name, "cannot be read", reason[0].lower() + reason[1:], "", "Check the path.")) from None
    return file
