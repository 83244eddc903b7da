"""The report in a headless Chromium: quiet, offline, sortable, foldable, readable on a telephone and on paper."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sharesim.examples import from_dict
from sharesim.report import write
from sharesim.report.sections import HEADINGS
from sharesim.workflow.run import RunOptions, run_study
from sharesim.workflow.track import track, write_track
from tests.unit.report import studies

DESK, TELEPHONE = {"width": 1200, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on three councils, written to disk."""
    return write(studies.contents(studies.trio_raw()), tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on a study with hostile names."""
    return write(studies.contents(studies.hostile_raw(), effects=False), tmp_path_factory.mktemp("hostile"))


@pytest.fixture
def opened(page: Any) -> Callable[[Path], tuple[Any, list[str]]]:
    """A function that opens a page and returns it with everything that it complained of or asked for."""

    def show(path: Path) -> tuple[Any, list[str]]:
        heard: list[str] = []
        page.on("console", lambda message: heard.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: heard.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (heard.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: heard.append(f"request: {request.url[:80]}"))
        page.goto(path.as_uri())
        heard[:] = [item for item in heard if item != f"request: {path.as_uri()}"[:89] and "data:image" not in item]
        return page, heard

    return show


def test_nothing_is_asked_for_and_nothing_goes_wrong(opened: Any, written: Path) -> None:
    page, heard = opened(written)
    page.mouse.wheel(0, 50_000)
    page.wait_for_timeout(200)
    assert heard == []
    shown = page.eval_on_selector_all("section", "items => items.map(item => item.id)")
    assert shown == ["decision", *(name for name in HEADINGS if name != "candidates")]


def test_figures_are_drawn(opened: Any, written: Path) -> None:
    page, _ = opened(written)
    sizes = page.eval_on_selector_all(
        "figure img", "items => items.map(item => [item.naturalWidth, item.clientHeight])"
    )
    assert len(sizes) >= 9
    assert all(width > 300 and height > 60 for width, height in sizes)


def test_scripts_in_names_stay_text(opened: Any, hostile: Path) -> None:
    page, heard = opened(hostile)
    assert heard == []
    assert studies.HOSTILE.split("{{")[0].strip() in page.text_content("h1")
    assert page.eval_on_selector_all("script", "items => items.length") == 1


def column(page: Any, table: str, key: str) -> list[float]:
    cells = f'table[data-table="{table}"] tbody [data-column="{key}"]'
    return [float(text) for text in page.eval_on_selector_all(cells, "items => items.map(item => item.dataset.value)")]


def test_tables_sort_by_figures_with_the_mouse_and_with_keys(opened: Any, written: Path) -> None:
    page, _ = opened(written)
    before = column(page, "councils", "npv_mean_gbp")
    head = page.locator('table[data-table="councils"] th[data-column="npv_mean_gbp"]')
    head.locator("button").click()
    assert column(page, "councils", "npv_mean_gbp") == sorted(before)
    assert head.get_attribute("aria-sort") == "ascending"
    head.locator("button").focus()
    page.keyboard.press("Enter")
    assert column(page, "councils", "npv_mean_gbp") == sorted(before, reverse=True)
    assert head.get_attribute("aria-sort") == "descending"


def test_totals_stay_last_when_sorted(opened: Any, written: Path) -> None:
    page, _ = opened(written)
    page.locator('table[data-table="general_fund"] th[data-column="all_gbp"] button').click()
    last = page.locator('table[data-table="general_fund"] tr').last
    assert last.text_content().startswith("All councils")


def test_headline_leads_to_its_breakdown_and_a_council_to_its_lines(opened: Any, written: Path) -> None:
    page, _ = opened(written)
    page.locator(".decision a").first.click()
    assert page.url.endswith("#from-value")
    details = page.locator("details#lines-eastham")
    assert details.get_attribute("open") is None
    page.locator('table[data-table="councils"] a[href="#lines-eastham"]').click()
    page.wait_for_timeout(200)
    assert details.get_attribute("open") is not None
    assert details.locator("table").is_visible()


def test_an_option_leads_to_its_lines_and_public_value_to_its_own(opened: Any, written: Path) -> None:
    page, _ = opened(written)
    lines = page.locator("details#from-options")
    assert lines.get_attribute("open") is None
    page.locator('table[data-table="options"] a[href="#from-options"]').first.click()
    page.wait_for_timeout(200)
    assert lines.get_attribute("open") is not None and lines.locator("table").is_visible()
    page.locator('#finance a[href="#table-public_value"]').click()
    assert page.locator("#table-public_value").is_visible()


def test_paper_is_wide_enough_for_every_table(opened: Any, written: Path) -> None:
    """At the width of A4 less its margins no table that is printed is cut off."""
    page, _ = opened(written)
    page.set_viewport_size({"width": 688, "height": 980})
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    wide = page.evaluate(
        "[...document.querySelectorAll('table')].filter(item => item.offsetParent && "
        "item.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(item => item.id)"
    )
    assert wide == []


def test_highlight_report_is_quiet_and_fits_a_telephone(opened: Any, tmp_path: Path) -> None:
    made = run_study(from_dict(studies.hostile_raw()), tmp_path / "run", RunOptions(jobs=1, report=False))
    actuals = tmp_path / "actuals.csv"
    actuals.write_text(
        "period,measure,gbp,arrangement\n2025-26,net,-60000,\n2026-04-01,cashable,900,A\n", encoding="utf-8"
    )
    page, heard = opened(write_track(track(made.folder, actuals), tmp_path / "out"))
    assert heard == []
    sizes = page.eval_on_selector_all("figure img", "items => items.map(item => item.naturalWidth)")
    assert len(sizes) == 2 and min(sizes) > 300
    page.set_viewport_size(TELEPHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= TELEPHONE["width"] + 1
    assert page.evaluate(CONTRAST) == []


def test_a_table_is_saved_with_its_figures_in_full(opened: Any, written: Path, tmp_path: Path) -> None:
    page, _ = opened(written)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save as CSV: What it means for each council").click()
    waiting.value.save_as(tmp_path / "councils.csv")
    frame = pd.read_csv(tmp_path / "councils.csv")
    assert list(frame.iloc[:, 0]) == ["Eastham", "Northam", "Westham"]
    assert frame.iloc[:, 1].tolist() == pytest.approx(column(page, "councils", "npv_mean_gbp"))


def test_saved_text_is_no_formula(opened: Any, hostile: Path, tmp_path: Path) -> None:
    page, _ = opened(hostile)
    page.evaluate("document.querySelector('table[data-table=\"councils\"] tbody th').textContent = '=1+1'")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save as CSV: What it means for each council").click()
    waiting.value.save_as(tmp_path / "councils.csv")
    assert '"\'=1+1"' in (tmp_path / "councils.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize("size", [DESK, TELEPHONE])
def test_page_is_as_wide_as_the_screen(opened: Any, written: Path, size: dict[str, int]) -> None:
    page, _ = opened(written)
    page.set_viewport_size(size)
    page.eval_on_selector_all("details", "items => items.forEach(item => { item.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"] + 1


def test_telephones_get_the_narrow_figures(opened: Any, written: Path) -> None:
    page, _ = opened(written)
    wide = page.eval_on_selector("#figure-tornado img", "item => item.currentSrc.length")
    page.set_viewport_size(TELEPHONE)
    page.wait_for_timeout(200)
    narrow = page.eval_on_selector("#figure-tornado img", "item => [item.currentSrc.length, item.clientWidth]")
    assert narrow[0] != wide
    assert narrow[1] <= TELEPHONE["width"]


def test_text_has_contrast(opened: Any, written: Path) -> None:
    """Every text on the page against the background behind it: 4.5 to 1 at the least."""
    page, _ = opened(written)
    page.eval_on_selector_all("details", "items => items.forEach(item => { item.open = true; })")
    poor = page.evaluate(CONTRAST)
    assert poor == []


CONTRAST = """() => {
  const parse = text => (text.match(/[0-9.]+/g) || []).map(Number);
  const linear = v => v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4);
  const light = rgb => {
    const [r, g, b] = rgb.slice(0, 3).map(v => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = node => {
    for (let at = node; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const poor = new Set();
  document.querySelectorAll('body *').forEach(node => {
    const own = [...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim());
    if (!own || node.tagName === 'SCRIPT') return;
    const pair = [light(parse(getComputedStyle(node).color)), light(behind(node))].sort((a, b) => a - b);
    if ((pair[1] + 0.05) / (pair[0] + 0.05) < 4.5) poor.add(node.tagName + '.' + node.className);
  });
  return [...poor];
}"""


def test_every_control_can_be_reached_with_keys(opened: Any, written: Path) -> None:
    page, _ = opened(written)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    unreachable = page.eval_on_selector_all(
        "button, summary, a[href], [contenteditable]", "items => items.filter(item => item.tabIndex < 0).length"
    )
    assert unreachable == 0


def test_page_works_without_scripts(browser: Any, written: Path) -> None:
    context = browser.new_context(offline=True, java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(written.as_uri())
        assert page.locator("table[data-table='councils'] tbody tr").count() == 3
        assert page.locator(".export").count() == 0
        page.locator("summary").first.click()
        assert page.locator("details").first.get_attribute("open") is not None
    finally:
        context.close()


def test_paper_shows_what_the_screen_folds_away(opened: Any, written: Path) -> None:
    page, _ = opened(written)
    sheet = page.pdf(prefer_css_page_size=True)
    assert sheet.startswith(b"%PDF") and sheet.count(b"/Type /Page") >= 6
    assert b"/MediaBox [0 0 594.9" in sheet or b"/MediaBox [0 0 595" in sheet
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details#lines-eastham table").is_visible()
    assert not page.locator(".export").first.is_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("details#lines-eastham").get_attribute("open") is None


@pytest.mark.parametrize("size", [DESK, TELEPHONE])
def test_shots_are_not_blank(opened: Any, written: Path, size: dict[str, int], tmp_path: Path) -> None:
    """The whole page as a picture holds every colour of the style: nothing fell out."""
    from PIL import Image

    page, _ = opened(written)
    page.set_viewport_size(size)
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    with Image.open(tmp_path / "page.png") as shot:
        colours = {tuple(colour[:3]) for _, colour in shot.convert("RGB").getcolors(maxcolors=2**24) or []}
    for wanted in ("#8dbada", "#c77700", "#00785a", "#bcd8ec"):
        rgb = tuple(int(wanted[at : at + 2], 16) for at in (1, 3, 5))
        assert any(max(abs(one - other) for one, other in zip(rgb, colour, strict=True)) <= 2 for colour in colours), (
            wanted
        )
