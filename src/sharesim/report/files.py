"""Writes the report of a run into its folder: report.html and figures/."""

from __future__ import annotations

from pathlib import Path

from sharesim.report.contents import Contents
from sharesim.report.figures import figure_of, png, settings, svg
from sharesim.report.html import render
from sharesim.report.material import Material


def write_report(contents: Contents, folder: Path) -> Path:
    """Write report.html and figures/ (SVG, PNG and CSV of each) into a folder that exists; return the page's path.

    Parameters
    ----------
    contents : Contents
    folder : Path
    """
    material = Material(contents)
    write_figures(material, Path(folder) / "figures")
    page = Path(folder) / "report.html"
    page.write_text(render(material), encoding="utf-8", newline="\n")
    return page


def write_figures(material: Material, folder: Path) -> None:
    """Write every figure as SVG and PNG with its title, and its figures as CSV beside it."""
    folder.mkdir(exist_ok=True)
    with settings():
        for name, plot in material.plots.items():
            figure = figure_of(plot, titled=True)
            (folder / f"{name}.svg").write_text(svg(figure), encoding="utf-8", newline="\n")
            (folder / f"{name}.png").write_bytes(png(figure))
            plot.data.to_csv(folder / f"{name}.csv", index=False, float_format="%.10g", encoding="utf-8", lineterminator="\n")
