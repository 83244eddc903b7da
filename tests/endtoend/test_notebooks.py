"""The notebooks: stripped in the repository; they run within two minutes each and show tables and titled figures."""

from __future__ import annotations

import re
import time
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def test_all_six_are_there() -> None:
    assert [path.name[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04", "05", "06"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stripped_and_explains_itself(path: Path) -> None:
    book = nbformat.read(path, 4)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    assert book.cells[0].cell_type == "markdown" and book.cells[0].source.startswith("# ")
    for at, cell in enumerate(book.cells):
        drawn = re.search(r"subplots\(|\.figure$", cell.source, re.M)
        if cell.cell_type == "code" and drawn:
            # Each figure is followed by a sentence of what it says.
            assert book.cells[at + 1].cell_type == "markdown", f"{path.name}, cell {at}"
        if "subplots(" in cell.source:
            assert re.search(r"title=.+xlabel=", cell.source, re.S), f"{path.name}, cell {at}"


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "SHARESIM_RETURNS" in path.read_text(encoding="utf-8"):
        monkeypatch.setenv("SHARESIM_RETURNS", str(request.getfixturevalue("shared") / "data"))
    book = nbformat.read(path, 4)
    begun = time.monotonic()
    NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}).execute()
    assert time.monotonic() - begun < 120
    outputs = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = [output.get("data", {}) for output in outputs]
    assert sum("<table" in data.get("text/html", "") for data in shown) >= 2
    assert sum("image/png" in data for data in shown) >= 2
    complaints = [output.text for output in outputs if output.get("name") == "stderr"]
    assert complaints == []
