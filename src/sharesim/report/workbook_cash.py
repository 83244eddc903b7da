"""Cash-flow lines on sheets, every total a formula: an auditor clicks from the value down to one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from sharesim.report.material import Material
from sharesim.report.tables import year_label
from sharesim.report.workbook_pen import Pen, Sheet

LINES, COUNCILS, ALL = "Cash lines", "Cash by council", "Cash all councils"
#: First column of the years, after council, line and arrangement.
_FIRST = 3


@dataclass(frozen=True)
class Line:
    """A line of cash: what one council pays or gets for one arrangement.

    Parameters
    ----------
    council, title, part : str
        Council id; the line in words; letter of the arrangement, or ``shared``.
    code : int
        Number of the line in words, the same for every council.
    gbp : ndarray, shape (year,)
        Mean, real, undiscounted.
    """

    council: str
    title: str
    part: str
    code: int
    gbp: np.ndarray


@dataclass(frozen=True)
class Total:
    """A cell that holds a total, and its value.

    Parameters
    ----------
    cell : str
        Such as ``='Cash all councils'!$O$12``.
    gbp : float
    """

    cell: str
    gbp: float


def lines_of(material: Material) -> list[Line]:
    """Return every line of cash, ordered by council, line and arrangement."""
    study, frame = material.study, material.tables["lines"]
    letters = {material.judged.table.id_of(item.row): item.letter for item in material.chosen}
    titles = {title: code for code, title in enumerate(dict.fromkeys(frame.title), start=1)}
    order = {council: at for at, council in enumerate(study.councils.ids)}
    found: dict[tuple[int, int, str], np.ndarray] = {}
    rows = zip(frame.council, frame.title, frame.bundle, frame.year, frame.mean_gbp, strict=True)
    for council, title, bundle, year, mean_gbp in rows:
        key = (order[council], titles[title], letters.get(bundle, "shared") if bundle else "shared")
        found.setdefault(key, np.zeros(study.n_years))[year] += mean_gbp
    names = {code: title for title, code in titles.items()}
    return [
        Line(study.councils.ids[council], names[code], part, code, found[council, code, part])
        for council, code, part in sorted(found)
    ]


def cash_sheets(pen: Pen, material: Material) -> Total:
    """Write the sheets of cash flows; return the cell that adds up to the value of the portfolio."""
    lines = lines_of(material)
    top, middle = pen.sheet(ALL, "Cash of all councils together"), pen.sheet(COUNCILS, "Cash of each council")
    bottom = pen.sheet(LINES, "Cash by council, line and arrangement")
    book = _Book(material, lines)
    places = book.lines(bottom)
    spans = book.councils(middle, places)
    return book.all_councils(top, spans)


class _Book:
    """Writes the three sheets, each of formulas on the one below it."""

    def __init__(self, material: Material, lines: Sequence[Line]) -> None:
        self.material, self.study, self.all = material, material.study, lines
        self.n_years = self.study.n_years
        self.discount = self.study.discount()
        self.total, self.value = _FIRST + self.n_years, _FIRST + self.n_years + 1
        self.factors = ""

    def _begin(self, sheet: Sheet, notes: Sequence[str]) -> None:
        about = self.study.model.study
        futures = f"{self.material.judged.n_draws:,} futures"
        sheet.page.set_tab_color("#0072B2")
        sheet.text(f"Mean over {futures}, real pounds at {about.price_base} prices; costs are negative.")
        for note in notes:
            sheet.text(note, "note")
        sheet.skip()

    def _heads(self, sheet: Sheet, names: Sequence[str]) -> None:
        for column, name in enumerate(names):
            sheet.head(column, name)
        for year in range(self.n_years):
            sheet.head(_FIRST + year, year_label(self.study, year), number=True)
            sheet.widen(_FIRST + year, 11)
        sheet.head(self.total, "All years", "undiscounted", number=True)
        sheet.head(self.value, "Value", "discounted", number=True)
        sheet.page.freeze_panes(sheet.row + 1, _FIRST)
        sheet.row += 1

    def _across(self, sheet: Sheet, gbp: np.ndarray, *, strong: bool = False) -> None:
        """Write the sum over years and the discounted value of the row at hand, as formulas."""
        row = sheet.row
        span = f"{xl_rowcol_to_cell(row, _FIRST)}:{xl_rowcol_to_cell(row, _FIRST + self.n_years - 1)}"
        sheet.formula(row, self.total, f"=SUM({span})", float(gbp.sum()), strong=strong)
        worth = float((gbp * self.discount).sum())
        sheet.formula(row, self.value, f"=SUMPRODUCT({span},{self.factors})", worth, strong=strong)

    def lines(self, sheet: Sheet) -> dict[tuple[str, int], tuple[int, int]]:
        """Write every line; return the first and last row of each council's line."""
        self._begin(sheet, ["One row for each council, line and arrangement; letters as on the sheet of arrangements."])
        self._discounting(sheet)
        self._heads(sheet, ("Council", "Line", "Arrangement"))
        names, places = self.study.councils, {}
        for (council, code), group in groupby(self.all, key=lambda line: (line.council, line.code)):
            first = sheet.row
            for line in group:
                for column, text in enumerate((names.name(names.index(council)), line.title, line.part)):
                    sheet.page.write_string(sheet.row, column, text, sheet.pen.formats["text"])
                    sheet.widen(column, len(text))
                for year in range(self.n_years):
                    sheet.number(sheet.row, _FIRST + year, float(line.gbp[year]))
                self._across(sheet, line.gbp)
                sheet.row += 1
            places[council, code] = (first, sheet.row - 1)
        return places

    def _discounting(self, sheet: Sheet) -> None:
        """Write the discount rate and factor of each year, the factors as formulas."""
        rates = np.concatenate([[0.0], self.discount[:-1] / self.discount[1:] - 1.0])
        for name, kind in (("Discount rate", "share1"), ("Discount factor", "factor")):
            sheet.page.write_string(sheet.row, 1, name, sheet.pen.formats["label"])
            sheet.widen(1, len(name))
            for year in range(self.n_years):
                column = _FIRST + year
                if name == "Discount rate":
                    sheet.number(sheet.row, column, float(rates[year]), kind)
                elif year == 0:
                    sheet.number(sheet.row, column, 1.0, kind)
                else:
                    before, rate = xl_rowcol_to_cell(sheet.row, column - 1), xl_rowcol_to_cell(sheet.row - 1, column)
                    sheet.formula(sheet.row, column, f"={before}/(1+{rate})", float(self.discount[year]), kind)
            sheet.row += 1
        first, last = (xl_col_to_name(_FIRST + year, True) for year in (0, self.n_years - 1))
        self.factors = f"'{LINES}'!{first}${sheet.row}:{last}${sheet.row}"
        sheet.skip()

    def councils(self, sheet: Sheet, places: dict[tuple[str, int], tuple[int, int]]) -> tuple[int, int]:
        """Write a block for each council, its rows sums of the lines; return first and last row of the blocks."""
        self._begin(sheet, ["Every figure here is a sum of rows on the sheet 'Cash lines'."])
        self._heads(sheet, ("Council", "Line", "No."))
        first = sheet.row
        names = self.study.councils
        for council, group in groupby(self.all, key=lambda line: line.council):
            name = names.name(names.index(council))
            begun, sums = sheet.row, np.zeros(self.n_years)
            for code, parts in groupby(group, key=lambda line: line.code):
                own = list(parts)
                gbp = np.sum([line.gbp for line in own], axis=0)
                sums += gbp
                self._label(sheet, name, own[0].title, code)
                top, bottom = places[council, code]
                for year in range(self.n_years):
                    column = xl_col_to_name(_FIRST + year)
                    span = f"'{LINES}'!{column}{top + 1}:{column}{bottom + 1}"
                    sheet.formula(sheet.row, _FIRST + year, f"=SUM({span})", float(gbp[year]))
                self._across(sheet, gbp)
                sheet.row += 1
            self._sums(sheet, f"{name}: total", (begun, sheet.row - 1), sums)
            sheet.skip()
        return first, sheet.row

    def _label(self, sheet: Sheet, name: str, title: str, code: int) -> None:
        sheet.page.write_string(sheet.row, 0, name, sheet.pen.formats["text"])
        sheet.page.write_string(sheet.row, 1, title, sheet.pen.formats["text"])
        sheet.page.write_number(sheet.row, 2, code, sheet.pen.formats["number"])
        sheet.widen(0, len(name))
        sheet.widen(1, len(title))

    def _sums(self, sheet: Sheet, name: str, span: tuple[int, int], gbp: np.ndarray) -> int:
        """Write the total of the rows above and the cumulative cash below it; return the row of the total."""
        row, cumulative = sheet.row, np.cumsum(gbp)
        for column in range(_FIRST):
            sheet.page.write_string(row, column, name if column == 0 else "", sheet.pen.formats["text total"])
        sheet.widen(0, len(name))
        for year in range(self.n_years):
            column = xl_col_to_name(_FIRST + year)
            text = f"=SUM({column}{span[0] + 1}:{column}{span[1] + 1})"
            sheet.formula(row, _FIRST + year, text, float(gbp[year]), strong=True)
        self._across(sheet, gbp, strong=True)
        sheet.row += 1
        sheet.page.write_string(sheet.row, 0, "Cumulative", sheet.pen.formats["text"])
        for year in range(self.n_years):
            above, left = xl_rowcol_to_cell(row, _FIRST + year), xl_rowcol_to_cell(sheet.row, _FIRST + year - 1)
            text = f"={above}" if year == 0 else f"={left}+{above}"
            sheet.formula(sheet.row, _FIRST + year, text, float(cumulative[year]))
        sheet.row += 1
        return row

    def all_councils(self, sheet: Sheet, span: tuple[int, int]) -> Total:
        """Write the lines of all councils together, and a check against the simulated value."""
        self._begin(sheet, ["Every figure here is a sum over the councils' blocks on the sheet 'Cash by council'."])
        self._heads(sheet, ("", "Line", "No."))
        begun, sums = sheet.row, np.zeros(self.n_years)
        ordered = sorted(self.all, key=lambda line: line.code)
        for code, parts in groupby(ordered, key=lambda line: line.code):
            own = list(parts)
            gbp = np.sum([line.gbp for line in own], axis=0)
            sums += gbp
            self._label(sheet, "", own[0].title, code)
            codes, which = f"'{COUNCILS}'!$C${span[0] + 1}:$C${span[1]}", xl_rowcol_to_cell(sheet.row, 2, col_abs=True)
            for year in range(self.n_years):
                column = xl_col_to_name(_FIRST + year)
                cells = f"'{COUNCILS}'!{column}${span[0] + 1}:{column}${span[1]}"
                sheet.formula(sheet.row, _FIRST + year, f"=SUMIF({codes},{which},{cells})", float(gbp[year]))
            self._across(sheet, gbp)
            sheet.row += 1
        row = self._sums(sheet, "All councils: total", (begun, sheet.row - 1), sums)
        total = Total(f"='{ALL}'!{xl_rowcol_to_cell(row, self.value, True, True)}", float((sums * self.discount).sum()))
        self._check(sheet, xl_rowcol_to_cell(row, self.value), total.gbp)
        return total

    def _check(self, sheet: Sheet, cell: str, gbp: float) -> None:
        simulated = float(self.material.contents.figures["npv_mean_gbp"])
        sheet.skip()
        for name, value in (
            ("Value as simulated", simulated),
            ("Value of the lines less the one simulated", gbp - simulated),
        ):
            sheet.page.write_string(sheet.row, 0, name, sheet.pen.formats["label"])
            if name == "Value as simulated":
                sheet.number(sheet.row, self.value, value)
            else:
                sheet.formula(
                    sheet.row,
                    self.value,
                    f"=ROUND({cell}-{xl_rowcol_to_cell(sheet.row - 1, self.value)},2)",
                    round(value, 2),
                )
            sheet.row += 1
