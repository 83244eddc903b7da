"""The browser and the office suite that other tests rely on do their work, and stay away from the network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openpyxl


def test_page_runs_scripts_and_reaches_nothing_outside_its_file(page, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(
        "<p id='a'>before</p><img src='http://example.org/x.png'>"
        "<script>document.getElementById('a').textContent = 'after'</script>",
        encoding="utf-8",
    )
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.goto(file.as_uri())
    assert page.text_content("#a") == "after"
    assert failed == ["http://example.org/x.png"]


def test_office_suite_recalculates_a_workbook(office_convert: Callable[[Path, str], Path], tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    workbook.active.append([80_000, 925_000, "=A1/B1"])
    workbook.save(tmp_path / "sums.xlsx")
    text = office_convert(tmp_path / "sums.xlsx", "csv").read_text(encoding="utf-8")
    assert text.strip() == "80000,925000,0.086486486486486" or text.startswith("80000,925000,0.0864864")
