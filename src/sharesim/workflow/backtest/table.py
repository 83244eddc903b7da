"""A register of arrangements read from a CSV file: every fault at once, whatever columns are there."""

from __future__ import annotations

import math
import re
from pathlib import Path

from sharesim.display import record
from sharesim.errors import Fault, StudyError
from sharesim.study.files import MOST_TABLE_BYTES, csv_rows, read_text
from sharesim.study.labels import nearest

TEXTS = (
    "id",
    "partners",
    "services",
    "status",
    "planned_other",
    "realised_claim",
    "exit_or_change",
    "source",
    "source_kind",
)
MONEY = (
    "planned_annual_saving_gbp",
    "realised_annual_saving_gbp",
    "one_off_cost_gbp",
    "base_cost_gbp",
    "population",
)
WHOLE = ("n_partners", "start_year", "end_year")
COLUMNS = (*TEXTS, *MONEY, *WHOLE)
MOST_PARTNERS, MOST_ROWS, MOST_CELL, MOST_FAULTS = 400, 20_000, 20_000, 200
#: What people write into a cell of which nothing is known.
_NOTHING = ("n/a", "na", "none", "nil", "-", "--", "?", "unknown", "not known", "tbc")
_ENDED = ("ended", "aborted", "abandoned", "closed", "dissolved", "terminated", "cancelled", "wound up")


@record
class Arrangement:
    """A row of the register.

    Parameters
    ----------
    row : int
        Line as a spreadsheet counts.
    id : str
    texts : dict
        Every text column by name, empty where absent.
    money : dict
        Every filled column of pounds (and population) by name.
    n_partners : int or None
    start, end : int or None
        Years.
    """

    row: int
    id: str
    texts: dict[str, str]
    money: dict[str, float]
    n_partners: int | None
    start: int | None
    end: int | None

    @property
    def ended(self) -> bool | None:
        """Whether it has ended; None where the register does not say."""
        status = self.texts["status"].casefold()
        if any(status.startswith(word) for word in _ENDED) or self.end is not None:
            return True
        return False if "running" in status or status in ("live", "active", "current") else None


@record
class Register:
    """A register as read.

    Parameters
    ----------
    name : str
        The file's name.
    rows : tuple of Arrangement
    ignored : tuple of str
        Columns that say nothing here.
    latest_year : int or None
        The latest year that stands anywhere in it: how far its writer could see.
    """

    name: str
    rows: tuple[Arrangement, ...]
    ignored: tuple[str, ...]
    latest_year: int | None


def read_register(path: str | Path) -> Register:
    """Read a register of arrangements.

    Parameters
    ----------
    path : str or Path
        A CSV file whose first line names some of the columns in `COLUMNS`, in any order.

    Raises
    ------
    StudyError
        With every fault of the table.
    """
    path = Path(path)
    if not path.exists():
        raise StudyError(Fault(str(path), "file not found", "", "a CSV file", "Check the path."))
    if path.suffix.casefold() in (".xlsx", ".xls", ".ods"):
        raise StudyError(Fault(path.name, "a workbook", path.suffix, "a CSV file", "Save the sheet as CSV UTF-8."))
    text = read_text(path, path.name, MOST_TABLE_BYTES)
    read = csv_rows(text, path.name, MOST_ROWS)
    lines = [(at, [_printable(cell) for cell in cells]) for at, cells in enumerate(read, 1) if any(map(str.strip, cells))]
    if not lines:
        raise StudyError(Fault(path.name, "empty", "no line", "a line of column names and a line for each row", ""))
    header, faults = [cell.casefold() for cell in lines[0][1]], []
    faults += _header_faults(path.name, header)
    if len(lines) == 1:
        faults.append(Fault(path.name, "no arrangement in it", "only column names", "a line for each arrangement", ""))
    if len(lines) - 1 > MOST_ROWS:
        faults.append(Fault(path.name, "too many rows", f"{len(lines) - 1:,}", f"at most {MOST_ROWS:,}", "Split it."))
    if faults:
        raise StudyError(faults)
    rows = []
    for at, cells in lines[1:]:
        if len(faults) >= MOST_FAULTS:
            where = f"{path.name}, line {at}"
            raise StudyError([*faults, Fault(where, "what follows was not looked at", "", "", "Mend these first.")])
        rows.append(_row(path.name, at, header, cells, faults))
    _repeated(path.name, rows, faults)
    if faults:
        raise StudyError(faults)
    years = [int(year) for _, cells in lines[1:] for cell in cells for year in re.findall(r"\b(?:19|20)\d\d\b", cell)]
    ignored = tuple(name for name in header if name not in COLUMNS)
    return Register(path.name, tuple(rows), ignored, max(years, default=None))


def _printable(cell: str) -> str:
    """Return a cell without what no page or figure can show."""
    return "".join(letter if letter.isprintable() else " " for letter in cell).strip()


def _header_faults(name: str, header: list[str]) -> list[Fault]:
    where = f"{name}, first line"
    twice = sorted({column for column in header if header.count(column) > 1 and column})
    faults = [Fault(where, "a column stands twice", repr(column), "each once", "Drop one.") for column in twice]
    if not {"partners", "n_partners", "services", "id"} & set(header):
        allowed = "column names, among them id, partners or services"
        got = ", ".join(repr(column[:40]) for column in header[:6]) or "nothing"
        faults.append(Fault(where, "no column of a register", got, allowed, "Name the columns in the first line."))
    else:
        # A near miss would silently lose a column.
        for column in header:
            close = nearest(column, COLUMNS) if column and column not in COLUMNS else None
            if close and close not in header and _slip(column, close):
                faults.append(Fault(where, "unknown column", repr(column[:60]), close, f"Did you mean {close!r}?"))
    return faults


def _slip(one: str, other: str) -> bool:
    """Whether two names differ by a letter or two, so that one is likely a slip of the other."""
    return (
        abs(len(one) - len(other)) <= 2 and sum(a != b for a, b in zip(sorted(one), sorted(other), strict=False)) <= 2
    )


def _row(name: str, at: int, header: list[str], cells: list[str], faults: list[Fault]) -> Arrangement:
    if len(cells) > len(header):
        extra = ", ".join(repr(cell[:30]) for cell in cells[len(header) : len(header) + 3])
        faults.append(
            Fault(
                f"{name}, line {at}",
                "more cells than columns",
                extra,
                f"{len(header)} cells",
                "Quote texts that hold commas.",
            )
        )
    filled = {column: cell for column, cell in zip(header, cells, strict=False) if cell}
    key = filled.get("id", "") or f"line {at}"
    where = f"{name}, line {at} ({key[:40]})"
    texts = {}
    for column in TEXTS:
        text = filled.get(column, "")
        if len(text) > MOST_CELL:
            faults.append(
                Fault(f"{where}, column {column}", "too long", f"{len(text):,} letters", f"{MOST_CELL:,}", "")
            )
        texts[column] = text[:MOST_CELL]
    known = {column: cell for column, cell in filled.items() if cell.casefold() not in _NOTHING}
    money = {column: _number(where, column, known[column], faults) for column in MONEY if column in known}
    whole = {column: _whole(where, column, known[column], faults) for column in WHOLE if column in known}
    start, end = whole.get("start_year"), whole.get("end_year")
    if start is not None and end is not None and end < start:
        faults.append(Fault(f"{where}, column end_year", "before the start", str(end), f"{start} or later", ""))
    return Arrangement(at, key, texts, money, whole.get("n_partners"), start, end)


def _number(where: str, column: str, cell: str, faults: list[Fault]) -> float:
    try:
        value = float(cell) if re.fullmatch(r"[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?\.?", cell) else math.nan
    except ValueError:
        value = math.nan
    signed = column == "realised_annual_saving_gbp"
    low, high = (-1e12 if signed else 0.0), 1e12
    if not math.isfinite(value):
        plain = cell.replace(",", "").removeprefix("£").strip()
        write = f"Write {plain}. " if re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", plain) else ""
        remedy = f"{write}Words belong in planned_other or realised_claim."
        faults.append(
            Fault(f"{where}, column {column}", "not a plain number", repr(cell[:60]), "digits and one point", remedy)
        )
    elif not low <= value <= high:
        allowed = f"{low:,.0f} to {high:,.0f}"
        faults.append(
            Fault(f"{where}, column {column}", "out of bounds", repr(cell[:60]), allowed, "Give it in pounds.")
        )
    return value


def _whole(where: str, column: str, cell: str, faults: list[Fault]) -> int | None:
    low, high = (1, MOST_PARTNERS) if column == "n_partners" else (1900, 2100)
    if re.fullmatch(r"[0-9]{1,9}(?:\.0)?", cell) and low <= int(float(cell)) <= high:
        return int(float(cell))
    what = "a whole number" if column == "n_partners" else "a year of four digits"
    remedy = "" if column == "n_partners" else "A financial year is named by the year in which it begins."
    faults.append(Fault(f"{where}, column {column}", f"not {what}", repr(cell[:60]), f"{low} to {high}", remedy))
    return None


def _repeated(name: str, rows: list[Arrangement], faults: list[Fault]) -> None:
    seen: dict[str, int] = {}
    for row in rows:
        if row.id in seen:
            where, allowed = f"{name}, line {row.row}, column id", "each id once"
            faults.append(Fault(where, f"stands already in line {seen[row.id]}", repr(row.id[:60]), allowed, ""))
        seen.setdefault(row.id, row.row)


_AMOUNT = re.compile(r"(£\s*)?(\d[\d,]*(?:\.\d+)?)\s?(k|m|bn|million|thousand|billion)?\b", re.I)
_SIZE = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}
_NUMBERS = dict(zip("one two three four five six seven eight nine ten".split(), range(1, 11), strict=True))
_OVER = re.compile(rf"(?:over|in|during|across) (?:the first )?(\d+|{'|'.join(_NUMBERS)}) years?", re.I)
_YEARLY = re.compile(r"a year|per year|per annum|annual|yearly|p\.a\.|/\s?year|each year", re.I)
_NO_SAVING = re.compile(r"\b(?:cost|turnover|revenue|outturn|budget|spend|lost|loss|deficit|overspen[dt])\b", re.I)


def claim_in(words: str) -> tuple[float | None, str]:
    """Return the yearly amount that words state beyond doubt, or None and why not.

    Examples
    --------
    >>> claim_in("2.8m over five years reported Aug 2011")
    (560000.0, '')
    >>> claim_in("between 50m and 100m a year")
    (None, 'the words hold 2 amounts; which is meant is for a person to say')
    >>> claim_in("saved more than £2m since inception")[1]
    'the words do not say over which time'
    """
    amounts = []
    for pound, digits, size in _AMOUNT.findall(words):
        if pound or size:
            amounts.append(float(digits.replace(",", "")) * _SIZE.get(size.casefold(), 1.0))
    if not amounts:
        return None, "the words hold no amount"
    if len(amounts) > 1:
        return None, f"the words hold {len(amounts)} amounts; which is meant is for a person to say"
    if _NO_SAVING.search(words):
        return None, "the words are about cost, income or a loss, not about a saving"
    over = _OVER.search(words)
    if over:
        years = _NUMBERS.get(over[1].casefold()) or int(over[1])
        return (amounts[0] / years, "") if years else (None, "the words do not say over which time")
    return (amounts[0], "") if _YEARLY.search(words) else (None, "the words do not say over which time")


__all__ = ["COLUMNS", "Arrangement", "Register", "claim_in", "read_register"]
