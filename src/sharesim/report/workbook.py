"""The report as a workbook: its tables on sheets, cash flows whose totals are formulas, native charts, a log."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd
import xlsxwriter

from sharesim.report import walk as pages
from sharesim.report import workbook_charts as charts
from sharesim.report.cells import columns
from sharesim.report.decision import text_of
from sharesim.report.material import Material
from sharesim.report.workbook_cash import Total, cash_sheets
from sharesim.report.workbook_pen import Pen, Region, Sheet

#: Names of sheets: fixed, so that no name from a study is ever one.
NAMES = {
    "options": "Options", "who": "Who shares", "worth": "Worth", "councils": "Councils", "staff": "Staff",
    "timeline": "When", "risks": "Risks", "drivers": "Drivers", "candidates": "Candidates", "rules": "Rules",
    "alternatives": "Plans B", "published": "Published", "readings": "Choosing and judging", "assumed": "Assumed",
    "method": "Method", "finance": "Finance", "implications": "Implications", "breakdown": "Breakdown",
}  # fmt: skip
#: Tables of the page whose figures are in words, given again as numbers.
AS_NUMBERS = {
    "rules": ("rules", "Every rule, as numbers", columns("""
        rule | Rule
        owner | Set by
        subject | For
        measured | Measured | by unit
        relation | Relation
        limit | Limit | by unit
        slack | Room left | by unit
        unit | Unit
        holds | Kept
        binding | Decides
    """)),
    "published": ("published", "Published figures, as numbers", columns("""
        label | Figure
        kind | Kind
        published | Published | by unit
        unit | Unit
        simulated_mean | Simulated, mean | by unit
        simulated_p5 | Low (5%) | by unit
        simulated_p50 | Middle | by unit
        simulated_p95 | High (95%) | by unit
        percentile_of_published | Percentile of the published figure | number
        covers | Covers
        source | Source
    """)),
}  # fmt: skip
MATRIX = columns("""
    service | Service
    council | Council
    arrangement | Arrangement
    hosts | Hosts
""")
LOG = columns("""
    input | Input
    driver | Name in the study
    distribution | Distribution
    mean | Mean | number
    sd | Standard deviation | number
    p5 | Low (5%) | number
    p95 | High (95%) | number
    source | Source
    owner | Owner
    status | Status
    date | Date
    note | Note
""")
#: Columns of the log that stay open to whoever keeps it.
OPEN = ("owner", "status", "date", "note")
STATUS = {"assumed": "assumed by sharesim: to be agreed", "study": "given by the study"}


def write_workbook(material: Material, file: Path) -> Path:
    """Write the report of a run as a workbook and return its path.

    Parameters
    ----------
    material : Material
    file : Path

    Notes
    -----
    Every total of cash is a formula, kept with the value that it has, so that a reader that does not calculate shows
    the same. What looks like a formula in a name is text.
    """
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(file), options) as book:
        date = material.contents.date
        # The day of the run and nothing of this machine: the same contents give the same bytes.
        book.set_properties({"title": material.study.model.study.title, "author": "sharesim", "created": _day(date)})
        book.set_size(2400, 1600)
        pen, walked = Pen(book), pages.walk(material)
        front = pen.sheet("Summary", walked.title)
        regions: dict[str, Region] = {}
        for section in walked.sections:
            _section(pen, material, section, regions)
        total = cash_sheets(pen, material) if material.contents.is_judged else None
        _log(pen, material)
        _summary(front, walked, total)
        if material.contents.is_judged:
            charts.draw(pen, material, regions)
        pen.close()
        front.page.activate()
    return file


def _day(date: str) -> datetime:
    return datetime.fromisoformat(date) if date else datetime(2000, 1, 1)


def _summary(sheet: Sheet, walked: pages.Walk, total: Total | None) -> None:
    """Write the decision and the key figures; the value is the sum of the cash lines."""
    if walked.question:
        sheet.text(walked.question)
    sheet.skip()
    for sentence in walked.sentences:
        sheet.page.merge_range(sheet.row, 0, sheet.row, 7, "", sheet.pen.formats["big"])
        sheet.page.write_string(sheet.row, 0, text_of(sentence), _wrapped(sheet))
        sheet.page.set_row(sheet.row, 15 * (1 + len(text_of(sentence)) // 125))
        sheet.row += 1
    sheet.skip()
    for label, figure, with_it in walked.keys:
        sheet.page.write_string(sheet.row, 0, label, sheet.pen.formats["label"])
        kind = "share" if "%" in figure.shown else "gbp" if "£" in figure.shown else "posts"
        if figure.name == "npv_mean_gbp" and total is not None:
            sheet.formula(sheet.row, 1, total.cell, total.gbp, kind, strong=True)
        else:
            sheet.number(sheet.row, 1, figure.value, kind, strong=True)
        sheet.page.write_string(sheet.row, 2, text_of(with_it), sheet.pen.formats["lead"])
        sheet.row += 1
    sheet.widen(0, 40)
    sheet.widen(1, 14)
    sheet.skip()
    sheet.text(walked.note, "note")
    sheet.text(
        "Blue tabs: cash flows whose totals are formulas. Click the value above, and follow it down to one line of one "
        "council.",
        "note",
    )
    sheet.skip()
    for other in sheet.pen.sheets[1:]:
        sheet.page.write_url(sheet.row, 0, f"internal:'{other.name}'!A1", string=other.name)
        sheet.row += 1


def _wrapped(sheet: Sheet):
    return sheet.pen.book.add_format({"font_size": 12, "text_wrap": True, "valign": "top"})


def _section(pen: Pen, material: Material, section: pages.Section, regions: dict[str, Region]) -> None:
    sheet = pen.sheet(NAMES.get(section.name, section.title[:31]), section.title)
    if section.name == "who":
        sheet.frame("Who shares what: one row for each service of each council", _matrix(material), MATRIX)
    for part in section.parts:
        if isinstance(part, pages.PageTable):
            regions[part.name] = sheet.table(part)
        elif pages.is_pair(part):
            _pair(sheet, *part)
        else:
            sheet.text(text_of(part), "big")
            sheet.skip()
    if section.name in AS_NUMBERS:
        name, caption, shown = AS_NUMBERS[section.name]
        frame = material.tables[name]
        if len(frame):
            sheet.frame(caption, frame, [column for column in shown if column.key in frame])


def _pair(sheet: Sheet, label: str, text: str) -> None:
    """Write a label and what stands beside it; an empty one is left to be filled."""
    sheet.page.write_string(sheet.row, 0, label, sheet.pen.formats["label"])
    sheet.widen(0, len(label))
    sheet.words(sheet.row, 1, text, "words" if text else "input")
    sheet.widen(1, 46)
    sheet.row += 1


def _matrix(material: Material) -> pd.DataFrame:
    """Return the matrix in names, one row for each service that a council has."""
    frame, study = material.tables["matrix"], material.study
    services = dict(zip(study.services.ids, study.services.names, strict=True))
    councils = dict(zip(study.councils.ids, study.councils.names, strict=True))
    return frame.assign(
        service=[services[name] for name in frame.service], council=[councils[name] for name in frame.council]
    )


def log_of(material: Material) -> pd.DataFrame:
    """Return every uncertain input with distribution, source, owner, status and date.

    Where the study's assumption log names an input its words stand; otherwise the status says whether the study gave
    the figure or it was assumed, and owner and date are open.
    """
    frame = material.tables["drivers"].copy()
    for column in OPEN:
        if column not in frame:
            frame[column] = ""
    said = [
        str(status) if status else STATUS.get(origin, origin)
        for status, origin in zip(frame.status, frame.origin, strict=True)
    ]
    return frame.assign(status=said)


def _log(pen: Pen, material: Material) -> None:
    frame = log_of(material)
    if not len(frame):
        return
    sheet = pen.sheet("Assumptions log", "Assumptions log: every uncertain input")
    sheet.text("Yellow cells are open: who answers for the figure, how far it is agreed, and since when.", "note")
    sheet.skip()
    region = sheet.frame("Every uncertain input", frame, LOG)
    for column in OPEN:
        for row, value in enumerate(frame[column], start=region.first):
            text = "" if value is None or pd.isna(value) else str(value)
            sheet.words(row, region.columns[column], text, "input")
        sheet.widen(region.columns[column], 16)
    last = region.columns[LOG[-1].key]
    sheet.page.autofilter(region.first - 1, 0, region.last, last)
    sheet.page.freeze_panes(region.first, 1)
