"""A comparison as files: tables, one workbook, pictures, and a page that opens offline."""

from __future__ import annotations

import base64
from collections.abc import Hashable
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from sharesim.batch.columns import level_word
from sharesim.folders.mark import Origin
from sharesim.folders.place import Place, being_written
from sharesim.report.words import money, share
from sharesim.study.plain import visible
from sharesim.workflow.folder import write_csv, write_parquet

PAGE = "compare.html"
#: Excel's own limit for the text of a cell.
MOST_CELL = 32_000
MOST_ROWS = 400
MOST_PICTURED = 6


class Compared(Protocol):
    """What the files of a comparison show; `compare.Comparison` is one, and says what each part holds."""

    @property
    def name(self) -> str: ...

    @property
    def factors(self) -> tuple[str, ...]: ...

    @property
    def runs(self) -> pd.DataFrame: ...

    @property
    def choices(self) -> pd.DataFrame: ...

    @property
    def arrangements(self) -> pd.DataFrame: ...

    @property
    def flips(self) -> pd.DataFrame: ...

    def levels(self, factor: str) -> list[str]:
        """Return the levels of a factor in their order, as text."""
        ...

    def summary(self) -> str:
        """Return the comparison in words."""
        ...


def write_comparison(comparison: Compared, target: Path, replace_edited: bool = False) -> Path:
    """Write a comparison into a folder, made aside and moved into place; return the page's path.

    Raises
    ------
    OutputError
        When it cannot be written, or the folder holds something else, or a file that was edited since.
    """
    origin = Origin(f"batch {comparison.name}")
    with being_written(Place(target, "comparison", origin, replace_edited)) as aside:
        frames = {
            "runs": comparison.runs,
            "choices": comparison.choices,
            "arrangements": comparison.arrangements,
            "flips": comparison.flips,
        }
        for name, frame in frames.items():
            write_csv(frame, aside / f"{name}.csv")
            write_parquet(frame, aside / f"{name}.parquet")
        write_workbook(frames, aside / "compare.xlsx")
        pictures = _pictures(comparison, aside)
        (aside / PAGE).write_text(render(comparison, pictures), encoding="utf-8", newline="\n")
    return target / PAGE


def write_workbook(frames: dict[str, pd.DataFrame], path: Path) -> None:
    """Write tables as one workbook in which no text is a formula or a link."""
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
    }
    with pd.ExcelWriter(path, engine="xlsxwriter", engine_kwargs={"options": options}) as writer:
        for name, frame in frames.items():
            safe = {
                visible(str(key)): column.map(_cell) if column.dtype == object or column.dtype == "str" else column
                for key, column in frame.items()
            }
            pd.DataFrame(safe, index=frame.index).to_excel(writer, sheet_name=name, index=False, freeze_panes=(1, 0))


def _cell(value: Any) -> Any:
    return visible(value)[:MOST_CELL] if isinstance(value, str) else value


def _pictures(comparison: Compared, folder: Path) -> list[dict[str, str]]:
    """Draw the values and the choices by each factor; return what the page shows of them."""
    # Here and not above: a comparison in words need not wait for matplotlib.
    from sharesim.report.figures import drawing
    from sharesim.report.figures.runs import choices_plot, values_plot
    from sharesim.report.files import write_figures

    plots = []
    for at, factor in enumerate(comparison.factors[:MOST_PICTURED], 1):
        name, order = visible(factor), {level: place for place, level in enumerate(comparison.levels(factor))}
        values = _values(comparison, factor, order)
        if len(values):
            plots.append(values_plot(values, name, f"values-{at}"))
        rows = comparison.arrangements[comparison.arrangements.factor == factor]
        # What is chosen as often at every level says nothing about this factor.
        rows = rows[rows.groupby("bundle").share.transform("nunique") > 1]
        if len(rows):
            shown = rows.assign(arrangement=rows.bundle.map(visible), level=rows.level.map(visible))[
                ["arrangement", "level", "share"]
            ]
            plots.append(choices_plot(shown, name, f"choices-{at}"))
    drawings = [drawing(plot) for plot in plots]
    write_figures(drawings, folder / "figures")
    return [
        {"title": item.plot.title, "alt": item.plot.alt, "wide": _address(item.wide), "narrow": _address(item.narrow)}
        for item in drawings
    ]


def _values(comparison: Compared, factor: str, order: dict[str, int]) -> pd.DataFrame:
    words = comparison.runs[factor].map(level_word)
    frame = comparison.runs.assign(level=words.map(visible), place=words.map(order))
    frame = frame.dropna(subset=["npv_mean_gbp"]).sort_values(["place", "npv_mean_gbp", "run"])
    return frame[["level", "run", "npv_mean_gbp", "npv_p5_gbp", "npv_p95_gbp"]].reset_index(drop=True)


def render(comparison: Compared, pictures: list[dict[str, str]]) -> str:
    """Return the page as text."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("sharesim.batch"), PackageLoader("sharesim.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(money=_money, share=share, visible=lambda value: visible(str(value)))
    whole = comparison.arrangements[comparison.arrangements.factor == "all runs"]
    return environment.get_template("compare.html.j2").render(
        name=comparison.name,
        summary=comparison.summary().splitlines()[:2],
        factors=comparison.factors,
        pictures=pictures,
        arrangements=whole.head(MOST_ROWS).to_dict("records"),
        flips=comparison.flips.head(MOST_ROWS).to_dict("records"),
        runs=_shown(comparison),
        more_runs=max(0, len(comparison.runs) - MOST_ROWS),
        more_flips=max(0, len(comparison.flips) - MOST_ROWS),
    )


def _shown(comparison: Compared) -> list[dict[Hashable, Any]]:
    rows = comparison.runs.head(MOST_ROWS).to_dict("records")
    return [{**row, "levels": [level_word(row[name]) for name in comparison.factors]} for row in rows]


def _money(value: Any) -> str:
    return "" if value is None or value != value else money(float(value))


def _address(text: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(text.encode()).decode()


__all__ = ["PAGE", "render", "write_comparison", "write_workbook"]
