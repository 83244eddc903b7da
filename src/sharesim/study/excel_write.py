"""A study written as one workbook that people fill in and that `excel_study` reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sharesim.study import overrides
from sharesim.study.excel_cells import Cell, encode, encode_row
from sharesim.study.excel_layout import (
    CORRELATIONS,
    DEFAULTS,
    FORMS,
    HOMES,
    INSTRUCTIONS,
    LISTS,
    SCENARIOS,
    SECTIONS,
    SETTINGS,
    SHEETS,
    Field,
    columns_of,
    settings_of,
    title_of,
)
from sharesim.study.priors import PRIORS
from sharesim.study.schema import ROWS

#: Rows of a sheet: title, names in words, units, names that sharesim reads; then data.
HEAD_ROW, FIRST_ROW = 3, 4
#: Yellow rows below the last one that is filled.
SPARE_ROWS = 12
MOST_CHECKED_ROWS = 1_000
HOW_TO_FILL = (
    "Yellow cells are yours. Grey ones say what belongs there; leave the row of names above the yellow cells as it is.",
    "An empty cell means: not known. What decides the answer is then assumed, and the report lists what was assumed.",
    "A number may be uncertain: write pert(80, 120, 220) for lowest, most likely and highest; triangular, uniform, "
    "normal(mean, sd) and others work alike. driver(NAME) follows a row of the sheet drivers.",
    "Shares are written as shares: 0.25, or 25% in a percentage cell. Money is in pounds, not in £000.",
    "Several items in one cell are separated by semicolons: 2027;2031.",
    "Rest the pointer on a column's name to read what it means and what is assumed where a cell stays empty.",
    "Columns that few studies need are folded away: press the + above the columns to see them.",
    "Rows can be added at the end of every sheet, and sheets of your own (notes, workings) are left alone.",
    "Formulas are welcome: their results are read, as Excel last saved them.",
)
HOW_TO_RUN = (
    "sharesim check {name}      says in words what the study asks, or what is still wrong: sheet, row and column",
    "sharesim run {name}        decides, and writes a report that opens in a browser",
)


@dataclass(frozen=True)
class Layout:
    """What a workbook shows beyond the study itself.

    Parameters
    ----------
    title : str
    name : str
        The file's name, for the instructions.
    opening : tuple of str
        What stands first on the sheet of instructions.
    shown : mapping of str to tuple of str
        Columns to show by sheet; others that are empty are folded away. A sheet that is not here shows all.
    """

    title: str
    name: str
    opening: tuple[str, ...] = ()
    shown: Mapping[str, tuple[str, ...]] | None = None


def write_workbook(raw: Mapping[str, Any], file: Path, layout: Layout) -> None:
    """Write a raw study (`load.read_raw`) as a workbook.

    Parameters
    ----------
    raw : mapping
        Laws of observed values stand in it as laws, not as files.
    file : Path
    layout : Layout

    Raises
    ------
    UsageError
        When something in it does not fit into a cell.
    """
    # Worked out before anything is written, so that a study that does not fit leaves no file behind.
    settings = _settings(raw)
    sheets = {sheet: _rows(raw, sheet) for sheet in (*ROWS, *LISTS, CORRELATIONS)}
    pairs = {DEFAULTS: _defaults(raw), SCENARIOS: _scenarios(raw)}
    import xlsxwriter  # only those who write a workbook pay for the import

    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(file), options) as book:
        book.set_size(2400, 1600)
        pen = _Pen(book, layout)
        pen.instructions()
        pen.settings(settings)
        for sheet, rows in {**sheets, **pairs}.items():
            pen.rows(sheet, rows, len(sheets["councils"]), len(sheets["services"]))


# -- what is written --------------------------------------------------------------------------------------------------

Setting = tuple[str, Field, Cell | None]
Rows = list[dict[str, Cell]]


def _settings(raw: Mapping[str, Any]) -> list[Setting]:
    """Return every setting that there is, with what the study says."""
    found: list[Setting] = []
    for section in (*(name for name in SECTIONS if name != "forms"), *(f"forms.{form}" for form in FORMS)):
        part: Any = raw
        for key in section.split("."):
            part = part.get(key, {}) if isinstance(part, Mapping) else {}
        for item in settings_of(section):
            value = part.get(item.key)
            found.append((section, item, None if value is None else encode(value, item, f"{section}.{item.key}")))
    return found


def _rows(raw: Mapping[str, Any], sheet: str) -> Rows:
    columns = {item.key: item for item in columns_of(sheet)}
    write = encode_row if sheet in ROWS else encode
    part: Any = raw
    for key in HOMES[sheet]:
        part = part.get(key, ()) if isinstance(part, Mapping) else ()
    return [
        {
            key: write(value, columns[key], f"{sheet}, row {at} of the study, {key}")
            for key, value in row.items()
            if value is not None and not (sheet in ROWS and value == "")
        }
        for at, row in enumerate(part, start=1)
    ]


def _defaults(raw: Mapping[str, Any]) -> Rows:
    field = columns_of(DEFAULTS)[1]
    flat: list[tuple[str, Any]] = []
    for key, value in raw.get(DEFAULTS, {}).items():
        nested = "." not in key and isinstance(value, Mapping)
        flat += [(f"{key}.{name}", item) for name, item in value.items()] if nested else [(key, value)]
    return [{"field": key, "value": encode(value, field, f"defaults, {key}")} for key, value in flat]


def _scenarios(raw: Mapping[str, Any]) -> Rows:
    name_field, path_field, value_field = columns_of(SCENARIOS)
    rows: Rows = []
    for name, nested in raw.get(SCENARIOS, {}).items():
        where = f"scenario {name}"
        head = {"scenario": encode(name, name_field, where)}
        pairs = list(overrides.paths_of(nested))
        rows += [
            head | {"path": encode(path, path_field, where), "value": encode(value, value_field, f"{where}, {path}")}
            for path, value in pairs
        ]
        rows += [] if pairs else [head]
    return rows


# -- how it looks -----------------------------------------------------------------------------------------------------


class _Pen:
    """Writes the sheets of one workbook in one style."""

    def __init__(self, book: Any, layout: Layout) -> None:
        self.book, self.layout = book, layout
        grid = {"border": 1, "border_color": "#C9C2A8", "valign": "top"}
        yellow = {"bg_color": "#FFF9D6", "locked": False, **grid}
        self.formats = {
            name: book.add_format(style)
            for name, style in {
                "title": {"bold": True, "font_size": 15, "font_color": "#1B3A4B"},
                "lead": {"font_color": "#3D4A52"},
                "body": {"text_wrap": True, "valign": "top"},
                "command": {"font_name": "Consolas", "valign": "top"},
                "words": {"bold": True, "text_wrap": True, "bg_color": "#E8EDF0", "valign": "bottom"},
                "unit": {"italic": True, "text_wrap": True, "bg_color": "#E8EDF0", "font_color": "#4A5A63"},
                "key": {"font_size": 9, "bg_color": "#CBD5DB", "font_color": "#1F2D35", "bottom": 1, "num_format": "@"},
                "fixed": {"bg_color": "#F4F6F7", "font_color": "#3D4A52", "valign": "top"},
                "meaning": {"bg_color": "#F4F6F7", "font_color": "#3D4A52", "text_wrap": True, "valign": "top"},
                "text": {**yellow, "num_format": "@"},
                "number": {**yellow, "num_format": "#,##0.##########"},
                "share": {**yellow, "num_format": "0.0#########"},
                "date": {**yellow, "num_format": "yyyy-mm-dd"},
                "plain": yellow,
            }.items()
        }

    def instructions(self) -> None:
        """Write what to do, for somebody who has never seen a study."""
        sheet = self.book.add_worksheet(INSTRUCTIONS)
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, 3)
        sheet.set_column(1, 1, 120, self.formats["body"])
        sheet.write_string(0, 0, self.layout.title, self.formats["title"])
        row = 2
        for line in self.layout.opening:
            row = _long_line(sheet, row, line, self.formats["body"])
        for heading, lines, style in (
            ("How to fill it in", HOW_TO_FILL, "body"),
            ("How to run it, in a terminal in this folder (or ask whoever keeps sharesim for you)",
             tuple(line.format(name=self.layout.name) for line in HOW_TO_RUN), "command"),
        ):  # fmt: skip
            sheet.write_string(row + 1, 0, heading, self.formats["title"])
            row += 2
            for line in lines:
                row = _long_line(sheet, row, line, self.formats[style])
        sheet.write_string(row + 1, 0, "The sheets", self.formats["title"])
        row += 2
        for name, title in ((name, title_of(name)) for name in SHEETS):
            sheet.write_url(row, 1, f"internal:'{name}'!A1", string=f"{name}: {title}")
            row += 1
        _printed(sheet)

    def settings(self, found: Sequence[Setting]) -> None:
        """Write the sheet of settings: a row for each field, grey but for its value."""
        sheet = self.book.add_worksheet(SETTINGS)
        sheet.set_tab_color("#F2C94C")
        sheet.write_string(0, 0, title_of(SETTINGS), self.formats["title"])
        sheet.write_string(1, 0, "An empty value leaves the setting as sharesim has it.", self.formats["lead"])
        heads = ("section", "field", "value", "unit", "What it means", "What may stand there")
        for column, (head, width) in enumerate(zip(heads, (14, 30, 38, 18, 70, 34), strict=True)):
            sheet.set_column(column, column, width)
            sheet.write_string(HEAD_ROW, column, head, self.formats["key" if column < 4 else "words"])
        for row, (section, item, value) in enumerate(found, start=FIRST_ROW):
            sheet.write_string(row, 0, section, self.formats["fixed"])
            sheet.write_string(row, 1, item.key, self.formats["fixed"])
            self._put(sheet, row, 2, value, item)
            sheet.write_string(row, 3, item.unit, self.formats["fixed"])
            needed = "Needed. " if item.is_required else ""
            sheet.write_string(row, 4, needed + item.sentence, self.formats["meaning"])
            sheet.write_string(row, 5, _may_be(item), self.formats["meaning"])
            n_lines = max(-(-len(needed + item.sentence) // 66), -(-len(_may_be(item)) // 31))
            if n_lines > 1:
                sheet.set_row(row, 15 * n_lines)
            self._check(sheet, (row, 2, row, 2), item, "")
        sheet.freeze_panes(FIRST_ROW, 2)
        _printed(sheet)

    def rows(self, name: str, rows: Rows, n_councils: int, n_services: int) -> None:
        """Write a sheet of rows: heads in words, units, names, then yellow cells."""
        sheet, columns = self.book.add_worksheet(name), columns_of(name)
        if rows:
            sheet.set_tab_color("#F2C94C")
        sheet.write_string(0, 0, title_of(name), self.formats["title"])
        used = {key for row in rows for key in row}
        n_rows = len(rows) + (SPARE_ROWS if len(rows) < MOST_CHECKED_ROWS else 0)
        sheet.set_row(1, 45)
        for column, item in enumerate(columns):
            self._head(sheet, column, item, name, used)
            for row in range(n_rows):
                self._put(sheet, FIRST_ROW + row, column, rows[row].get(item.key) if row < len(rows) else None, item)
            listed = _listed(name, item.key, n_councils, n_services)
            self._check(sheet, (FIRST_ROW, column, FIRST_ROW + max(n_rows, 1) - 1, column), item, listed)
        n_labels = sum(1 for item in columns[:3] if item.key in ("id", "name", "council", "service", "kind"))
        sheet.freeze_panes(FIRST_ROW, n_labels)
        _printed(sheet)

    def _head(self, sheet: Any, column: int, item: Field, name: str, used: set[str]) -> None:
        shown = (self.layout.shown or {}).get(name)
        is_folded = shown is not None and item.key not in shown and item.key not in used
        sheet.set_column(column, column, _width(item), None, {"level": 1, "hidden": True} if is_folded else {})
        title = f"{item.title} *" if item.is_required else item.title
        sheet.write_string(1, column, title, self.formats["words"])
        sheet.write_string(2, column, item.unit, self.formats["unit"])
        sheet.write_string(HEAD_ROW, column, item.key, self.formats["key"])
        prior = PRIORS.get(f"{name}.{item.key}")
        assumed = f"\nEmpty: assumed, {prior.value.text()}." if prior and item.kind == "quantity" else ""
        needed = "\nNeeded in every row." if item.is_required else ""
        said = f"{item.sentence}\n{_may_be(item)}{assumed}{needed}"
        sheet.write_comment(HEAD_ROW, column, said, {"width": 320, "height": 150, "author": "sharesim"})

    def _put(self, sheet: Any, row: int, column: int, value: Cell | None, item: Field) -> None:
        style = self.formats[_style(item, value)]
        if value is None:
            sheet.write_blank(row, column, None, style)
        elif isinstance(value, str):
            sheet.write_string(row, column, value, style)
        elif isinstance(value, bool):
            sheet.write_boolean(row, column, value, style)
        elif isinstance(value, date):
            sheet.write_datetime(row, column, value, style)
        else:
            sheet.write_number(row, column, value, style)

    def _check(self, sheet: Any, cells: tuple[int, int, int, int], item: Field, listed: str) -> None:
        """Give cells a drop-down or bounds, and the sentence that shows when one is entered."""
        options: dict[str, Any] = {
            "validate": "any", "input_title": item.title[:32], "input_message": _shortened(item.sentence, 250),
            "ignore_blank": True, "error_title": item.title[:32],
        }  # fmt: skip
        if item.choices and len(",".join(item.choices)) <= 255:
            options |= {"validate": "list", "source": list(item.choices)}
        elif listed:
            options |= {"validate": "list", "source": listed, "error_type": "warning"}
            options["error_message"] = "That is not among those listed so far."
        elif item.kind == "flag":
            options |= {"validate": "list", "source": ["TRUE", "FALSE"]}
        elif item.kind in ("number", "whole") and item.low is not None and item.high is not None:
            options |= {"validate": "integer" if item.kind == "whole" else "decimal", "criteria": "between"}
            options |= {"minimum": item.low, "maximum": item.high, "error_message": _shortened(_may_be(item), 250)}
        sheet.data_validation(*cells, options)


def _long_line(sheet: Any, row: int, line: str, style: Any) -> int:
    """Write a line of the instructions, its row as high as it needs; return the next row."""
    sheet.write_string(row, 1, line, style)
    if (n_lines := -(-len(line) // 112)) > 1:
        sheet.set_row(row, 15 * n_lines)
    return row + 1


def _listed(sheet: str, key: str, n_councils: int, n_services: int) -> str:
    """Return the cells that a drop-down takes its items from."""
    if key in ("council", "neighbour") and sheet in ("baseline", "neighbours"):
        return f"=councils!$A${FIRST_ROW + 1}:$A${FIRST_ROW + n_councils + SPARE_ROWS}"
    if key == "service" and sheet in ("baseline", "quality"):
        return f"=services!$A${FIRST_ROW + 1}:$A${FIRST_ROW + n_services + SPARE_ROWS}"
    return ""


def _may_be(item: Field) -> str:
    """Return what may stand in a cell, in words."""
    if item.choices:
        return "One of: " + ", ".join(item.choices) + "."
    if item.kind == "quantity":
        return "A number, or how uncertain it is: pert(low, most likely, high)."
    if item.kind == "list":
        return "Items separated by semicolons."
    if item.kind == "date":
        return "A date."
    if item.kind == "flag":
        return "TRUE or FALSE."
    if item.kind in ("number", "whole"):
        what = "A whole number" if item.kind == "whole" else "A number"
        low, high = (_bound(bound) for bound in (item.low, item.high))
        return f"{what} from {low} to {high}." if low and high else f"{what}, {low} or more." if low else f"{what}."
    return "Text." if item.kind == "text" else "TOML notation."


def _bound(bound: float | None) -> str:
    if bound is None:
        return ""
    return f"{bound:,}" if isinstance(bound, int) else f"{bound:,.10g}".replace("e+", "e")


def _style(item: Field, value: Cell | None) -> str:
    if isinstance(value, str):
        return "text" if item.kind in ("text", "list", "other") else "plain"
    if item.kind == "date" or isinstance(value, date):
        return "date"
    if item.kind in ("text", "list"):
        return "text"
    if "share" in item.unit or item.key.endswith("_share"):
        return "share"
    return "number" if item.kind in ("number", "quantity") and "gbp" in item.key else "plain"


def _width(item: Field) -> int:
    wide = {"name": 26, "sentence": 40, "source": 30, "mitigation": 34, "label": 40, "path": 44, "criterion": 24}
    return wide.get(item.key, 22 if item.kind == "quantity" else 16 if item.kind in ("text", "list") else 13)


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 4].rsplit(" ", 1)[0] + " ..."


def _printed(sheet: Any) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(HEAD_ROW)
