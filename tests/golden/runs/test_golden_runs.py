"""Every worked case and the starter, run by the command line with few draws: the same run folder as before, part by part.

What changes on purpose is recorded anew by ``python -m tests.golden.runs``, which prints what changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sharesim.report.formats import FILES
from tests.golden.runs.canonical import fingerprint, rounded
from tests.golden.runs.record import NAMES, Record, can_run, run
from tests.unit.report.pages import read

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=NAMES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, Record]:
    """Name, run folder and digests of a run."""
    if not can_run(request.param):
        request.getfixturevalue("shared")
    folder = tmp_path_factory.mktemp(request.param)
    return request.param, folder / "run", run(request.param, folder)


def test_a_run_is_what_it_was(made: tuple[str, Path, Record]) -> None:
    name, _, now = made
    recorded = Record.read(name)
    assert recorded.differences(now) == [], "if this is meant: python -m tests.golden.runs"
    if recorded.platform != now.platform:
        pytest.skip(f"to nine figures the same; the last bits were recorded on another platform: {recorded.platform}")


def test_its_report_is_whole_and_small(made: tuple[str, Path, Record]) -> None:
    _, folder, _ = made
    page = read((folder / "report.html").read_text(encoding="utf-8"))
    assert page.unclosed == []
    assert len(page.all("section")) >= 5
    ids = [element.get("id") for element in page.all() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert {link.get("href")[1:] for link in page.all("a")} <= set(ids)
    sizes = {name: (folder / name).stat().st_size for name in FILES.values()}
    assert all(5_000 < size < 15e6 for size in sizes.values()), sizes


def test_its_report_fits_a_telephone(made: tuple[str, Path, Record], page: Any) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto((made[1] / "report.html").as_uri())
    page.eval_on_selector_all("details", "items => items.forEach(item => { item.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 361


def test_a_digest_sees_the_tenth_figure_only_where_it_should() -> None:
    assert rounded("1.00000000012 and 12345678901, 2007-04-01") == "1 and 1.23456789e+10, 2007-04-01"
    here = Record("here", {"a.csv x": ("1", "2"), "b.svg": ("3", "3"), "old": ("1", "1")})
    now = {"a.csv x": ("1", "9"), "b.svg": ("4", "4"), "new": ("1", "1")}
    said = here.differences(Record("here", now))
    assert said == ["different beyond nine figures: a.csv x", "different: b.svg", "gone: old", "new: new"]
    assert here.differences(Record("elsewhere", now)) == ["gone: old", "new: new"]
    assert "numpy" in fingerprint()
