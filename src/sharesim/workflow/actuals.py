"""What was really spent and saved, read from a CSV file: every fault at once, each in one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sharesim.errors import Fault, StudyError
from sharesim.study import plain
from sharesim.study.files import csv_rows, read_text
from sharesim.study.labels import nearest, unknown_name

MEASURES = {
    "net": "Net cash",
    "cashable": "Cashable savings",
    "one_off": "One-off costs",
    "non_cashable": "Time saved, not cash",
}
NEEDED, KNOWN = ("period", "measure", "gbp"), ("period", "measure", "gbp", "arrangement", "council")
MOST_BYTES, MOST_ROWS = 20_000_000, 100_000
#: More faults than anybody reads.
MOST_FAULTS = 200


@dataclass(frozen=True, order=True)
class Series:
    """What a figure is about.

    Parameters
    ----------
    arrangement : str
        Letter of an arrangement; empty for all together.
    council : str
        Id; empty for all together.
    measure : str
        One of `MEASURES`.
    """

    arrangement: str
    council: str
    measure: str


@dataclass(frozen=True)
class Actual:
    """What was seen of one series in one financial year.

    Parameters
    ----------
    series : Series
    year : int
        Position in the horizon.
    months : int
        How many months of it were seen; 12 for a whole year.
    gbp : float
        Their sum, in the money of the day; costs of `one_off` are positive.
    """

    series: Series
    year: int
    months: int
    gbp: float


@dataclass(frozen=True)
class Known:
    """What a file of actuals may name.

    Parameters
    ----------
    letters, bundles : tuple of str
        Arrangements by letter, and the ids of their bundles in the same order.
    councils : tuple of str
    start : date
        First day of the study.
    n_years : int
    """

    letters: tuple[str, ...]
    bundles: tuple[str, ...]
    councils: tuple[str, ...]
    start: date
    n_years: int

    def letter(self, name: str) -> str | None:
        """Return the letter of an arrangement given by letter or id; empty for all, None where there is none."""
        if not name or name.lower() == "all":
            return ""
        if name in self.bundles:
            return self.letters[self.bundles.index(name)]
        return name.upper() if name.upper() in self.letters else None


def read_actuals(path: Path, known: Known) -> tuple[Actual, ...]:
    """Return what was seen, by series and year.

    Parameters
    ----------
    path : Path
        Columns period (a financial year such as 2027-28, or any day of a month such as 2027-04-01), measure, gbp;
        arrangement (letter or bundle id) and council where the figure is not of all together.
    known : Known

    Raises
    ------
    StudyError
        With every fault of the file.
    """
    if not Path(path).is_file():
        raise StudyError(
            Fault(str(path), "there is no such file", "", "a CSV file", f"Begin it with: {','.join(KNOWN)}")
        )
    lines = csv_rows(read_text(Path(path), Path(path).name, MOST_BYTES), Path(path).name, MOST_ROWS)
    head = [cell.strip().lower() for cell in lines[0]] if lines else []
    if faults := list(_head_faults(head, Path(path).name)):
        raise StudyError(faults)
    reader = _Reader(Path(path).name, head, known)
    for number, line in enumerate(lines[1:], start=2):
        if len(reader.faults) >= MOST_FAULTS:
            where = f"{Path(path).name}, line {number}"
            reader.faults.append(Fault(where, "what follows was not looked at", "", "", "Mend these first."))
            break
        if any(cell.strip() for cell in line):
            reader.take(number, [cell.strip() for cell in line])
    if not reader.seen and not reader.faults:
        reader.faults.append(
            Fault(Path(path).name, "no figures", "only headings", "a row for each figure", "Add rows.")
        )
    if reader.faults:
        raise StudyError(reader.faults)
    return tuple(reader.actuals())


def _head_faults(head: Sequence[str], name: str) -> Iterator[Fault]:
    where = f"{name}, line 1"
    for column in NEEDED:
        if column not in head:
            remedy = f"Begin the file with: {','.join(KNOWN)}"
            yield Fault(where, f"no column {column!r}", plain.shown(", ".join(head)), ", ".join(KNOWN), remedy)
    for column in dict.fromkeys(head):
        if column and column not in KNOWN:
            yield unknown_name(where, "column", column, KNOWN)
        if column and head.count(column) > 1:
            yield Fault(where, "a column stands twice", plain.shown(column), "each once", "Drop one.")


class _Reader:
    """Takes row after row, and gathers what is wrong with them."""

    def __init__(self, name: str, head: Sequence[str], known: Known) -> None:
        self.name, self.head, self.known = name, head, known
        self.faults: list[Fault] = []
        # series, year -> month (0 to 11, or -1 for the whole year) -> line and pounds
        self.seen: dict[tuple[Series, int], dict[int, tuple[int, float]]] = {}

    def take(self, number: int, cells: list[str]) -> None:
        """Read one row."""
        row = dict(zip(self.head, [*cells, *[""] * (len(self.head) - len(cells))], strict=False))
        before = len(self.faults)
        if any(cells[len(self.head) :]):
            self._fault(
                number, "", "more cells than headings", str(len(cells)), str(len(self.head)), "Check the commas."
            )
        letter = self.known.letter(row.get("arrangement", ""))
        if letter is None:
            self._unknown(number, "arrangement", row["arrangement"], self.known.letters)
        council = row.get("council", "")
        council = "" if council.lower() == "all" else council
        if council and council not in self.known.councils:
            self._unknown(number, "council", council, self.known.councils)
        measure = row["measure"].lower().removesuffix("_gbp")
        if measure not in MEASURES:
            self._unknown(number, "measure", row["measure"], tuple(MEASURES))
        when, pounds = self._period(number, row["period"]), self._pounds(number, row["gbp"])
        if len(self.faults) > before or when is None or pounds is None:
            return
        self._put(number, Series(letter or "", council, measure), when, pounds)

    def _put(self, number: int, series: Series, when: tuple[int, int], pounds: float) -> None:
        months = self.seen.setdefault((series, when[0]), {})
        clash = months.get(when[1]) or (next(iter(months.values())) if months and -1 in (when[1], *months) else None)
        if clash is not None:
            problem = "a figure that was given already" if when[1] in months else "a whole year beside its months"
            self._fault(number, "", problem, f"first on line {clash[0]}", "each figure once", "Drop one of the two.")
            return
        months[when[1]] = (number, pounds)

    def _period(self, number: int, text: str) -> tuple[int, int] | None:
        """Return year of the horizon and month in it, -1 for the whole year."""
        start = self.known.start
        if (written := plain.financial_year(text)) is not None:
            year, month = int(written[:4]) - start.year, -1
        elif text.isdigit() and len(text) == 4 and start.month == 1:
            year, month = int(text) - start.year, -1
        else:
            try:
                day = date.fromisoformat(text)
            except ValueError:
                allowed = "a financial year such as 2027-28, or a day of the month such as 2027-04-01"
                self._fault(number, "period", "not a period", plain.shown(text), allowed, "")
                return None
            since = (day.year - start.year) * 12 + day.month - start.month
            year, month = divmod(since, 12)
        if not 0 <= year < self.known.n_years:
            last = start.year + self.known.n_years - 1
            allowed = f"{start.year}-{(start.year + 1) % 100:02d} to {last}-{(last + 1) % 100:02d}"
            self._fault(number, "period", "outside the study's years", plain.shown(text), allowed, "")
            return None
        return year, month

    def _pounds(self, number: int, text: str) -> float | None:
        try:
            return plain.number(text.replace("£", "").replace(",", ""))
        except plain.Unreadable:
            self._fault(number, "gbp", "not a number of pounds", plain.shown(text), "a number such as 12500", "")
            return None

    def _unknown(self, number: int, column: str, got: str, allowed: Sequence[str]) -> None:
        close = nearest(got, list(allowed))
        remedy = f"Did you mean {close!r}?" if close else ""
        self._fault(number, column, f"unknown {column}", plain.shown(got), ", ".join(allowed), remedy)

    def _fault(self, number: int, column: str, problem: str, *parts: str) -> None:
        where = f"{self.name}, line {number}" + (f", {column}" if column else "")
        self.faults.append(Fault(where, problem, *parts))

    def actuals(self) -> Iterator[Actual]:
        """Yield what was seen, by series and year."""
        for (series, year), months in sorted(self.seen.items()):
            whole = -1 in months
            total = sum(pounds for _, pounds in months.values())
            yield Actual(series, year, 12 if whole else len(months), total)


__all__ = ["MEASURES", "Actual", "Known", "Series", "read_actuals"]
