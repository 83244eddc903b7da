"""A report on every worked case, with few draws: whole, small and soon done."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from sharesim.report.files import write_report_of
from sharesim.report.formats import FILES
from sharesim.report.markdown import write_markdown
from sharesim.report.material import Material
from sharesim.report.slides import write_slides
from sharesim.report.workbook import write_workbook
from sharesim.workflow.doors import appraise, choose, judge, load
from sharesim.workflow.run import contents_of
from tests.unit.report.pages import read

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
CASES = sorted(path.parent.name for path in CONFIGS.glob("*/study.toml"))


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A case's report, and the processor's seconds that it took."""
    if not (CONFIGS / request.param / "baseline.csv").is_file():
        pytest.skip(f"the tables of {request.param} are built from returns; tests/endtoend/test_cases.py builds them")
    judged = judge(choose(appraise(load(CONFIGS / request.param), draws=256)), draws=1024)
    contents = contents_of(judged, {})
    begun, material = time.process_time(), Material(contents)
    page = write_report_of(material, tmp_path_factory.mktemp(request.param))
    seconds = time.process_time() - begun
    write_workbook(material, page.parent / FILES["xlsx"])
    write_slides(material, page.parent / FILES["pptx"])
    write_markdown(material, page.parent / FILES["md"])
    assert time.process_time() - begun - seconds < 5.0, "workbook, slides and Markdown"
    return page, seconds


def test_report_of_a_case_is_whole(case: tuple[Path, float]) -> None:
    page = read(case[0].read_text(encoding="utf-8"))
    assert page.unclosed == []
    assert len(page.all("section")) >= 5
    ids = [element.get("id") for element in page.all() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert {link.get("href")[1:] for link in page.all("a")} <= set(ids)


def test_report_of_a_case_is_small_and_soon_done(case: tuple[Path, float]) -> None:
    sizes = {name: (case[0].parent / name).stat().st_size for name in FILES.values()}
    assert all(5_000 < size < 15e6 for size in sizes.values()), sizes
    assert case[1] < 10.0


def test_report_of_a_case_fits_a_telephone(case: tuple[Path, float], page: Any) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(case[0].as_uri())
    page.eval_on_selector_all("details", "items => items.forEach(item => { item.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 361
