"""Writes the report of a run into its folder: report.html and figures/."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from sharesim.report.contents import Contents
from sharesim.report.figures import Drawing, drawing
from sharesim.report.html import render
from sharesim.report.material import Material
from sharesim.study.plain import no_formula


def write_report(contents: Contents, folder: Path) -> Path:
    """Write report.html and figures/ (SVG, PNG and CSV of each) into a folder that exists; return the page's path.

    Parameters
    ----------
    contents : Contents
    folder : Path
    """
    return write_report_of(Material(contents), folder)


def write_report_of(material: Material, folder: Path) -> Path:
    """Write report.html and figures/ of tables that are made already; return the page's path.

    Parameters
    ----------
    material : Material
    folder : Path
    """
    drawings = [drawing(plot) for plot in material.plots.values()]
    write_figures(drawings, Path(folder) / "figures")
    page = Path(folder) / "report.html"
    page.write_text(render(material, drawings), encoding="utf-8", newline="\n")
    return page


def write_figures(drawings: Iterable[Drawing], folder: Path) -> None:
    """Write every figure as SVG and PNG with its title, and the numbers that it draws as CSV beside it."""
    folder.mkdir(exist_ok=True)
    for item in drawings:
        name = item.plot.name
        (folder / f"{name}.svg").write_text(item.svg, encoding="utf-8", newline="\n")
        (folder / f"{name}.png").write_bytes(item.png)
        spreadsheet_safe(item.plot.data).to_csv(
            folder / f"{name}.csv", index=False, float_format="%.10g", encoding="utf-8", lineterminator="\n"
        )


def spreadsheet_safe(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table in which no text can be taken for a formula: it gets a leading apostrophe.

    Examples
    --------
    >>> list(spreadsheet_safe(pd.DataFrame({"name": ["=1+1", "HR"]})).name)
    ["'=1+1", 'HR']
    """
    safe = frame.copy()
    for column in safe.columns:
        if not (pd.api.types.is_numeric_dtype(safe[column]) or pd.api.types.is_bool_dtype(safe[column])):
            safe[column] = [no_formula(text) for text in safe[column].astype(str)]
    return safe
