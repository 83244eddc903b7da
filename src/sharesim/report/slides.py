"""The report as six slides, the bottom line first: figures as pictures, with words for those who cannot see them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR
from pptx.util import Emu, Inches, Pt

from sharesim.report import walk as pages
from sharesim.report import words
from sharesim.report.cells import PageTable
from sharesim.report.decision import text_of
from sharesim.report.figures import Plot
from sharesim.report.figures.pictures import picture
from sharesim.report.material import Material

WIDTH, HEIGHT, MARGIN = 13.333, 7.5, 0.6
INK, MUTED, BLUE, PALE = (RGBColor.from_string(code) for code in ("1B3A4B", "4A5A63", "0072B2", "EEF3F6"))
#: Rows of a table that a room can read.
MOST_ROWS = 9
TITLE_ONLY = 5
Box = tuple[float, float, float, float]


def write_slides(material: Material, file: Path) -> Path:
    """Write the brief of a run as slides and return its path.

    Parameters
    ----------
    material : Material
    file : Path
    """
    deck = Presentation()
    deck.slide_width, deck.slide_height = Inches(WIDTH), Inches(HEIGHT)
    walked = pages.walk(material)
    about, date = deck.core_properties, material.contents.date
    about.title, about.author = walked.title, "sharesim"
    about.created = about.modified = datetime.fromisoformat(date) if date else datetime(2000, 1, 1)
    _decision(deck, walked)
    if material.contents.is_judged:
        _who(deck, material, walked)
        _worth(deck, material, walked)
        _councils(deck, material, walked)
        _why(deck, material, walked)
        _sure(deck, material, walked)
    else:
        _without_portfolio(deck, walked)
    for number, slide in enumerate(deck.slides, start=1):
        foot = f"{walked.title} · {number} of {len(deck.slides)}"
        _text(slide, (MARGIN, HEIGHT - 0.42, WIDTH - 2 * MARGIN, 0.3), [foot], size=10, colour=MUTED)
    deck.save(str(file))
    return file


# -- the slides -------------------------------------------------------------------------------------------------------


def _decision(deck: Any, walked: pages.Walk) -> None:
    """What to do, what it is worth, what may go wrong."""
    sentences = [text_of(sentence) for sentence in walked.sentences]
    lead = sentences[0]
    slide = _slide(deck, lead, size=26 if len(lead) < 150 else 20 if len(lead) < 300 else 15, height=1.9)
    _text(slide, (MARGIN, 2.35, WIDTH - 2 * MARGIN, 2.0), sentences[1:], size=17, gap=10)
    width, top = (WIDTH - 2 * MARGIN - 0.5) / 3, 4.55
    for at, (label, figure, with_it) in enumerate(walked.keys[:6]):
        left, upper = MARGIN + (at % 3) * (width + 0.25), top + (at // 3) * 1.22
        box = slide.shapes.add_shape(1, Inches(left), Inches(upper), Inches(width), Inches(1.1))
        box.fill.solid()
        box.fill.fore_color.rgb = PALE
        box.line.fill.background()
        box.shadow.inherit = False
        frame = box.text_frame
        frame.word_wrap = True
        frame.vertical_anchor = MSO_ANCHOR.MIDDLE
        for part, (text, size, colour) in enumerate(
            ((label, 12, MUTED), (figure.shown, 24, BLUE), (text_of(with_it), 11, MUTED))
        ):
            line = frame.paragraphs[0] if part == 0 else frame.add_paragraph()
            line.alignment = 1
            _run(line, text, size, colour, bold=part == 1)


def _who(deck: Any, material: Material, walked: pages.Walk) -> None:
    plot = material.plots["matrix"]
    slide = _slide(deck, plot.title)
    _picture(slide, plot, (MARGIN, 1.35, 6.0, 5.4))
    table = _table_of(walked, "who")
    if table is not None:
        _table(slide, table, ("letter", "services", "hosts", "start", "npv_mean_gbp"), (6.8, 1.45, 5.95, 5.2))


def _worth(deck: Any, material: Material, walked: pages.Walk) -> None:
    fan, spread = material.plots["cumulative-cash"], material.plots["value-spread"]
    slide = _slide(deck, fan.title)
    _picture(slide, fan, (MARGIN, 1.35, 6.5, 4.4))
    _picture(slide, spread, (7.3, 1.35, 5.45, 4.4))
    section = walked.section("worth")
    parts = section.parts if section else ()
    said = [text_of(part) for part in parts if not isinstance(part, PageTable) and not pages.is_pair(part)]
    _text(slide, (MARGIN, 5.85, WIDTH - 2 * MARGIN, 1.0), said[:2], size=15)


def _councils(deck: Any, material: Material, walked: pages.Walk) -> None:
    plot = material.plots["councils"]
    slide = _slide(deck, plot.title)
    _picture(slide, plot, (MARGIN, 1.35, 6.3, 5.4))
    table = _table_of(walked, "councils")
    if table is not None:
        money = ("one_off_mean_gbp", "grants_mean_gbp", "peak_funding_mean_gbp")
        _table(slide, table, ("name", "npv_mean_gbp", "probability_of_loss", *money), (7.1, 1.45, 5.65, 5.2))


def _why(deck: Any, material: Material, walked: pages.Walk) -> None:
    """What moves the answer, and what may strike."""
    found = [material.plots[name] for name in ("tornado", "risks") if name in material.plots]
    slide = _slide(deck, found[0].title if found else "What drives the answer")
    if len(found) == 2:
        _picture(slide, found[0], (MARGIN, 1.35, 6.3, 4.9))
        _picture(slide, found[1], (7.1, 2.1, 5.65, 4.6))
        _text(slide, (7.1, 1.3, 5.65, 0.5), [found[1].title], size=13, colour=INK)
    elif found:
        _picture(slide, found[0], (MARGIN, 1.35, WIDTH - 2 * MARGIN, 5.3))
    else:
        _text(slide, (MARGIN, 1.6, WIDTH - 2 * MARGIN, 2), ["Nothing uncertain moves the value."], size=17)


def _sure(deck: Any, material: Material, walked: pages.Walk) -> None:
    """When it happens, which rules decide, what was assumed, how it was computed."""
    plot = material.plots.get("timeline")
    slide = _slide(deck, plot.title if plot is not None else "What it rests on")
    left = MARGIN
    if plot is not None:
        _picture(slide, plot, (MARGIN, 1.35, 6.6, 5.3))
        left = 7.4
    _text(slide, (left, 1.35, WIDTH - left - MARGIN, 5.4), _rests_on(material), size=14, gap=8)


def _rests_on(material: Material) -> list[str]:
    frames, contents = material.tables, material.contents
    rules, assumed = frames["rules"], frames["assumptions"]
    deciding = list(dict.fromkeys(rules.rule[rules.binding.astype(bool)]))
    found = [
        f"Rules kept: {len(set(rules.rule))}. "
        + (
            f"Those that decide: {words.listing(deciding[:4])}."
            if deciding
            else "None of them stands in the way of more value."
        )
    ]
    size = (assumed.effect_high_gbp - assumed.effect_low_gbp).abs()
    top = assumed[size > 0].head(3)
    for name, reach, low, high in zip(top.input, top["range"], top.effect_low_gbp, top.effect_high_gbp, strict=True):
        found.append(f"Assumed: {name}, {reach}: moves the value by {words.money(low)} to {words.money(high)}.")
    if len(assumed) > 3:
        found.append(f"{len(assumed)} numbers are assumed in all; the report lists each.")
    judged = material.judged
    found.append(
        f"Chosen on {contents.outcomes.n_draws:,} simulated futures, judged on {judged.n_draws:,} fresh ones; "
        f"{len(contents.outcomes.table):,} arrangements were compared, gap {words.gap(contents.solution.gap)}."
    )
    return found


def _without_portfolio(deck: Any, walked: pages.Walk) -> None:
    """Add a slide for each table, up to five, where there is nothing to share."""
    for section in [item for item in walked.sections if item.tables][:5]:
        slide, table = _slide(deck, section.title), section.tables[0]
        keys = tuple(column.key for column in table.columns[:5])
        _table(slide, table, keys, (MARGIN, 1.5, WIDTH - 2 * MARGIN, 5.2))


# -- what they are made of --------------------------------------------------------------------------------------------


def _table_of(walked: pages.Walk, name: str) -> PageTable | None:
    section = walked.section(name)
    return section.tables[0] if section is not None and section.tables else None


def _slide(deck: Any, title: str, *, size: int = 24, height: float = 0.95) -> Any:
    """Add a slide with its title in the place that screen readers and outlines know."""
    slide = deck.slides.add_slide(deck.slide_layouts[TITLE_ONLY])
    shape = slide.shapes.title
    shape.left, shape.top = Inches(MARGIN), Inches(0.3)
    shape.width, shape.height = Inches(WIDTH - 2 * MARGIN), Inches(height)
    frame = shape.text_frame
    frame.word_wrap = True
    frame.vertical_anchor = MSO_ANCHOR.TOP
    frame.text = ""
    _run(frame.paragraphs[0], title, size if len(title) < 110 or size < 24 else 20, INK, bold=True)
    frame.paragraphs[0].alignment = 1
    return slide


def _run(paragraph: Any, text: str, size: float, colour: RGBColor, *, bold: bool = False) -> None:
    run = paragraph.add_run()
    run.text = text
    run.font.size, run.font.bold, run.font.name = Pt(size), bold, "Calibri"
    run.font.color.rgb = colour


def _text(slide: Any, box: Box, lines: Sequence[str], *, size: float, colour: RGBColor = INK, gap: float = 0) -> None:
    left, top, width, height = box
    frame = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(width), Inches(height)).text_frame
    frame.word_wrap = True
    for at, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if at == 0 else frame.add_paragraph()
        paragraph.space_after = Pt(gap)
        _run(paragraph, line, size, colour)


def _picture(slide: Any, plot: Plot, box: Box) -> None:
    """Put a figure into a box, as large as it fits, with its words for those who cannot see it."""
    left, top, width, height = (Inches(side) for side in box)
    shape = slide.shapes.add_picture(io.BytesIO(picture(plot)), left, top, width=width)
    if shape.height > height:
        shape.width, shape.height = Emu(int(shape.width * height / shape.height)), height
    shape.name = f"Figure: {plot.name}"
    shape._element.nvPicPr.cNvPr.set("descr", plot.alt)


def _room(table: PageTable, at: int) -> float:
    """Return how many letters a column wants, within bounds."""
    shown = [len(cells[at].shown) for cells in table.rows[:MOST_ROWS]]
    title = max(len(word) for word in table.columns[at].title.split())
    return min(24.0, max(*shown, title, 4) + 3.0)


def _table(slide: Any, table: PageTable, keys: Sequence[str], box: Box) -> None:
    """Put the first rows of a table on a slide, and say how many are left out."""
    wanted = [at for at, column in enumerate(table.columns) if column.key in keys]
    rows = table.rows[:MOST_ROWS]
    left, top, width, height = box
    row_height = min(0.55, height / (len(rows) + 2))
    size = (Inches(left), Inches(top), Inches(width), Inches(row_height * (len(rows) + 1)))
    shape = slide.shapes.add_table(len(rows) + 1, len(wanted), *size)
    shape.name = f"Table: {table.caption}"
    shape._element.nvGraphicFramePr.cNvPr.set("descr", table.caption)
    grid = shape.table
    wide = [_room(table, at) for at in wanted]
    for column, part in enumerate(wide):
        grid.columns[column].width = Inches(width * part / sum(wide))
    for row, cells in enumerate([None, *rows]):
        for column, at in enumerate(wanted):
            cell = grid.cell(row, column)
            cell.margin_left = cell.margin_right = Inches(0.06)
            text = table.columns[at].title if cells is None else cells[at].shown
            paragraph = cell.text_frame.paragraphs[0]
            _run(paragraph, text, 12, RGBColor.from_string("FFFFFF") if cells is None else INK, bold=cells is None)
            paragraph.alignment = 3 if table.columns[at].is_number else 1
    if len(table.rows) > len(rows):
        said = f"and {len(table.rows) - len(rows)} more in the report"
        _text(slide, (left, top + height - 0.2, width, 0.3), [said], size=12, colour=MUTED)
