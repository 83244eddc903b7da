"""The report as Markdown, and the forms of a report that one asks for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from sharesim.report import write_formats
from sharesim.report.contents import Contents
from sharesim.report.decision import text_of
from sharesim.report.figures import Drawing
from sharesim.report.files import write_figures
from sharesim.report.formats import FILES
from sharesim.report.markdown import _HOMES, markdown, plain, write_markdown
from sharesim.report.material import Material
from sharesim.report.walk import walk
from tests.unit.report import studies
from tests.unit.report.hostile import hostile

READER = MarkdownIt("commonmark", {"html": True}).enable("table")


def html_of(text: str) -> str:
    """What a reader makes of it."""
    return str(READER.render(text))


def test_it_says_what_the_page_says(trio_material: Material) -> None:
    text, walked = markdown(trio_material), walk(trio_material)
    page = html_of(text)
    assert re.findall(r"<h2>(.*?)</h2>", page) == [section.title for section in walked.sections]
    assert all(f"<p>{text_of(sentence)}</p>" in page for sentence in walked.sentences)
    n_tables = sum(len(section.tables) for section in walked.sections)
    assert page.count("<table>") == n_tables > 15
    rows = sum(len(table.rows) + bool(table.total) for section in walked.sections for table in section.tables)
    assert page.count("<tr>") == rows + n_tables


def test_every_cell_of_a_table_is_there(trio_material: Material) -> None:
    table = walk(trio_material).section("councils").tables[0]  # type: ignore[union-attr]
    page = html_of(markdown(trio_material))
    for row in table.rows:
        line = "".join(rf"<td[^>]*>{re.escape(cell.shown)}</td>\s*" for cell in row)
        assert re.search(line, page), row[0].shown


@pytest.mark.parametrize(
    "text", [studies.HOSTILE, "a | b", "# not a heading", "1. no list", "- none", "<b>", "![x](y)", "`c`"]
)
def test_any_text_is_shown_as_it_is(text: str) -> None:
    page = html_of(plain(text))
    seen = re.sub(r"</?p>", "", page).strip()
    for written, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        seen = seen.replace(written, sign)
    assert seen == text


def test_hostile_names_end_as_text() -> None:
    page = html_of(markdown(hostile()))
    assert "<script" not in page and page.count("&lt;script&gt;") > 5
    assert "<a " not in page


def test_figures_are_linked_where_they_lie(
    trio_material: Material, trio_drawings: list[Drawing], tmp_path: Path
) -> None:
    write_figures(trio_drawings, tmp_path / "figures")
    text = write_markdown(trio_material, tmp_path / "report.md").read_text(encoding="utf-8")
    linked = re.findall(r"\]\((figures/[^)]*)\)", text)
    assert len(linked) == len(trio_drawings) > 8
    assert all((tmp_path / name).is_file() for name in linked)
    assert {plot.name for plot in trio_material.plots.values()} <= set(_HOMES)


def test_each_form_is_written_when_it_is_asked_for(trio: Contents, tmp_path: Path) -> None:
    asked = ("xlsx", "pptx", "md")
    assert write_formats(trio, tmp_path, asked) == {name: tmp_path / FILES[name] for name in asked}
    assert {item.name for item in tmp_path.iterdir()} == {FILES[name] for name in asked}
