"""The report as six slides: the bottom line first, figures with words for those who cannot see them, tables whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pptx import Presentation

from sharesim.report.decision import text_of
from sharesim.report.material import Material
from sharesim.report.slides import write_slides
from sharesim.report.walk import walk
from tests.unit.report.hostile import LINK, ODD_NAMES, hostile


@pytest.fixture(scope="module")
def deck(trio_material: Material, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The slides of the trio, opened again."""
    return Presentation(str(write_slides(trio_material, tmp_path_factory.mktemp("slides") / "brief.pptx")))


def texts(slide: Any) -> list[str]:
    """Every text on a slide."""
    found = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
    tables = [shape.table for shape in slide.shapes if shape.has_table]
    return found + [cell.text for table in tables for row in table.rows for cell in row.cells]


def pictures(deck: Any) -> list[Any]:
    """Every picture of the deck."""
    return [shape for slide in deck.slides for shape in slide.shapes if shape.shape_type == 13]


def test_six_slides_with_the_bottom_line_first(deck: Any, trio_material: Material) -> None:
    assert len(deck.slides) == 6
    walked = walk(trio_material)
    first = deck.slides[0]
    assert first.shapes.title.text_frame.text == text_of(walked.sentences[0])
    said = "\n".join(texts(first))
    assert all(text_of(sentence) in said for sentence in walked.sentences)
    assert all(label in said and figure.shown in said for label, figure, _ in walked.keys)


def test_every_slide_has_a_title_that_says_the_finding(deck: Any, trio_material: Material) -> None:
    titles = [slide.shapes.title.text_frame.text for slide in deck.slides]
    assert all(titles) and len(set(titles)) == 6
    plots = trio_material.plots
    assert titles[1:] == [
        plots[name].title for name in ("matrix", "cumulative-cash", "councils", "tornado", "timeline")
    ]


def test_every_figure_has_words_for_those_who_cannot_see_it(deck: Any, trio_material: Material) -> None:
    found = {shape.name.removeprefix("Figure: "): shape for shape in pictures(deck)}
    assert set(found) == {"matrix", "cumulative-cash", "value-spread", "councils", "tornado", "risks", "timeline"}
    for name, shape in found.items():
        assert shape._element.nvPicPr.cNvPr.get("descr") == trio_material.plots[name].alt


def test_nothing_hangs_over_the_edge_or_is_distorted(deck: Any) -> None:
    for slide in deck.slides:
        for shape in slide.shapes:
            assert shape.left >= 0 and shape.top >= 0
            assert shape.left + shape.width <= deck.slide_width
            assert shape.top + shape.height <= deck.slide_height
    for shape in pictures(deck):
        wide, high = shape.image.size
        assert shape.width / shape.height == pytest.approx(wide / high, rel=0.01)
        assert wide * 914_400 / shape.width > 150, "dots per inch"


def test_tables_say_what_the_report_says(deck: Any, trio_material: Material) -> None:
    table = walk(trio_material).section("councils").tables[0]  # type: ignore[union-attr]
    said = texts(deck.slides[3])
    for row in table.rows:
        by_key = {cell.column.key: cell.shown for cell in row}
        assert by_key["name"] in said and by_key["npv_mean_gbp"] in said


def test_hostile_names_end_as_text(tmp_path: Path) -> None:
    deck = Presentation(str(write_slides(hostile(), tmp_path / "hostile.pptx")))
    said = "\n".join(text for slide in deck.slides for text in texts(slide))
    assert all(name in said for name in (*ODD_NAMES, LINK, '=HYPERLINK("http://example.org")'))
    assert not any(relation.is_external for slide in deck.slides for relation in slide.part.rels.values())


@pytest.mark.parametrize("kind", ["nothing", "infeasible"])
def test_without_a_portfolio_there_are_slides_too(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    contents = request.getfixturevalue(kind)
    deck = Presentation(str(write_slides(Material(contents), tmp_path / "none.pptx")))
    assert 2 <= len(deck.slides) <= 6
    assert deck.slides[0].shapes.title.text_frame.text == text_of(Material(contents).decision[0])
