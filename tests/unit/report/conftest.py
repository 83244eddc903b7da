"""Contents and pages that many tests read and none changes."""

from __future__ import annotations

import pytest

from sharesim.report.contents import Contents
from sharesim.report.figures import Drawing, drawing
from sharesim.report.html import render
from sharesim.report.material import Material
from tests.unit.report import studies
from tests.unit.report.pages import Page, read


@pytest.fixture(scope="session")
def trio() -> Contents:
    """A portfolio of three councils with something in every section."""
    return studies.contents(studies.trio_raw())


@pytest.fixture(scope="session")
def trio_material(trio: Contents) -> Material:
    """Its tables, sentences and figures."""
    return Material(trio)


@pytest.fixture(scope="session")
def trio_drawings(trio_material: Material) -> list[Drawing]:
    """Its figures, drawn."""
    return [drawing(plot) for plot in trio_material.plots.values()]


@pytest.fixture(scope="session")
def trio_text(trio_material: Material, trio_drawings: list[Drawing]) -> str:
    """Its page as text."""
    return render(trio_material, trio_drawings)


@pytest.fixture(scope="session")
def trio_page(trio_text: str) -> Page:
    """Its page, read."""
    return read(trio_text)


@pytest.fixture(scope="session")
def nothing() -> Contents:
    """A study in which the best is to share nothing."""
    return studies.contents(studies.nothing_raw())


@pytest.fixture(scope="session")
def infeasible() -> Contents:
    """A study whose rules cannot all be kept."""
    return studies.refused(studies.infeasible_raw())
