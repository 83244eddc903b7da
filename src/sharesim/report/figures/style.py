"""One style for every figure: colours that the colour-blind tell apart, pounds on axes, and how a figure is saved."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sharesim.errors import Fault, InternalError

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType  # since matplotlib 3.11; older ones take the same settings

# Okabe and Ito's palette, darkened where text or thin lines need contrast on white (4.5 to 1).
BLUE, ORANGE, GREEN, RED, PURPLE, SKY = "#0a5c99", "#c77700", "#00785a", "#b3450a", "#9c4f7f", "#2b7fb0"
INK, MUTED, GRID, PALE = "#1b2733", "#4d5b66", "#d5dce2", "#eef2f5"
BLUE_BANDS = ("#c5dcec", "#8dbada")
GROUP_FILLS = ("#bcd8ec", "#f6d9a8", "#b5dfcf", "#ecc7de", "#d9d2ee", "#f3c8b2", "#dbe3a4", "#c9d0d6")

WIDE, NARROW = 7.2, 3.7
SETTINGS: dict[RcKeyType, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.labelsize": 9.0,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": False,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "sharesim",
    "text.usetex": False,
    "axes.unicode_minus": True,
    "text.parse_math": False,
}


@dataclass(frozen=True)
class Plot:
    """A figure before it is drawn.

    Parameters
    ----------
    name : str
        Name of its files.
    title : str
        What it shows, as a finding.
    alt : str
        The same for those who cannot see it.
    data : DataFrame
        Every number that it draws.
    draw : callable (Figure, narrow)
        Puts it on an empty figure; narrow is True for a telephone.
    heights : (float, float)
        Inches, wide and narrow.
    """

    name: str
    title: str
    alt: str
    data: pd.DataFrame
    draw: Callable[[Figure, bool], None]
    heights: tuple[float, float] = (3.4, 3.4)


@contextmanager
def settings() -> Iterator[None]:
    """Hold matplotlib to the style inside, and leave the user's own settings as they were."""
    with rc_context(SETTINGS):
        yield


@dataclass(frozen=True)
class Drawing:
    """A figure drawn in every form that a run needs.

    Parameters
    ----------
    plot : Plot
    svg : str
        With its title, for a file.
    png : bytes
        The same.
    wide, narrow : str
        SVG without the title, for a page that writes it itself.
    """

    plot: Plot
    svg: str
    png: bytes
    wide: str
    narrow: str


def drawing(plot: Plot) -> Drawing:
    """Draw a figure for files and pages."""
    with settings():
        figure, above = figure_of(plot, titled=True)
        titled = _svg(figure)
        small, _ = figure_of(plot, narrow=True)
        return Drawing(plot, titled, _png(figure), _without_top(titled, above), _svg(small))


def figure_of(plot: Plot, *, narrow: bool = False, titled: bool = False) -> tuple[Figure, float]:
    """Return a figure laid out and ready to be saved, and the height of its title in points; call inside `settings`."""
    lines = textwrap.wrap(plot.title, 84) if titled else []
    above = 13.5 * len(lines) + 6.0 if lines else 0.0
    width, height = (NARROW if narrow else WIDE), plot.heights[1 if narrow else 0] + above / 72
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    if lines:
        text = figure.text(
            0.01,
            1 - 3.0 / (72 * height),
            "\n".join(lines),
            ha="left",
            va="top",
            fontsize=10.5,
            fontweight="bold",
            linespacing=1.15,
        )
        text.set_in_layout(False)
    plot.draw(figure, narrow)
    # Laid out once; every later drawing keeps the places.
    engine = ConstrainedLayoutEngine(rect=(0.0, 0.0, 1.0, 1.0 - above / (72 * height)))
    figure.set_layout_engine(engine)
    engine.execute(figure)
    figure.set_layout_engine("none")
    # Its room is kept above the axes by now. What is cut to what it holds, as a notebook does, must count it in.
    for text in figure.texts:
        text.set_in_layout(True)
    return figure, above


def axes_of(plot: Plot) -> Axes:
    """Return the axes of a figure drawn with its title, for a notebook or a paper of one's own."""
    with settings():
        figure, _ = figure_of(plot, titled=True)
    return figure.axes[0]


def _svg(figure: Figure) -> str:
    """Return a figure as SVG text, the same bytes every time."""
    stream = io.StringIO()
    FigureCanvasSVG(figure).print_svg(stream, metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def _png(figure: Figure, dots_per_inch: int = 160) -> bytes:
    """Return a figure as PNG, the same bytes every time."""
    stream = io.BytesIO()
    figure.set_dpi(dots_per_inch)
    FigureCanvasAgg(figure).print_png(stream, metadata={"Software": None})
    return stream.getvalue()


def _without_top(text: str, above: float) -> str:
    """Return an SVG that shows all but the title, which lies in the uppermost points.

    Raises
    ------
    InternalError
        When the size is not written as matplotlib writes it.
    """
    size = re.search(r'height="([0-9.]+)pt" viewBox="0 0 ([0-9.]+) [0-9.]+"', text)
    if size is None:
        raise InternalError(
            Fault(
                "figure", "the SVG does not say its size as expected", text[:200], 'height="..pt" viewBox="0 0 .. .."'
            )
        )
    height = f"{float(size[1]) - above:g}"
    return text.replace(size[0], f'height="{height}pt" viewBox="0 {above:g} {size[2]} {height}"', 1)


# -- axes ------------------------------------------------------------------------------------------------------------


def short_pounds(value: float, _: object = None) -> str:
    """Return pounds for an axis: £250k, −£1.5m.

    Examples
    --------
    >>> short_pounds(-1_500_000), short_pounds(250_000), short_pounds(0), short_pounds(12_500)
    ('−£1.5m', '£250k', '£0', '£12.5k')
    """
    size, sign = abs(value), "−" if value < 0 else ""
    if size < 0.5:
        return "£0"
    if size >= 1e6:
        return f"{sign}£{size / 1e6:,.4g}m"
    return f"{sign}£{size / 1e3:,.4g}k" if size >= 1e3 else f"{sign}£{size:,.3g}"


def pound_axis(axes: Axes, which: Literal["x", "y"] = "y", most_ticks: int = 6) -> None:
    """Write an axis in pounds, with light grid lines across it."""
    axis = axes.yaxis if which == "y" else axes.xaxis
    axis.set_major_locator(MaxNLocator(most_ticks, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(short_pounds))
    axes.grid(True, axis=which)


def zero_line(axes: Axes, which: Literal["x", "y"] = "y") -> None:
    """Draw the line between gain and loss."""
    (axes.axhline if which == "y" else axes.axvline)(0.0, color=INK, linewidth=0.9, zorder=3)


def year_axis(axes: Axes, labels: list[str], narrow: bool) -> None:
    """Label financial years, as many as fit."""
    step = max(1, -(-len(labels) // (5 if narrow else 11)))
    at = list(range(0, len(labels), step))
    axes.set_xticks(at, [labels[index] for index in at])
    axes.tick_params(axis="x", length=2)


def wrapped(text: str, width: int, most_lines: int = 2) -> str:
    """Return a label on a few lines, cut with an ellipsis where it is still too long."""
    lines = textwrap.wrap(text, width) or [""]
    if len(lines) > most_lines:
        lines = [*lines[: most_lines - 1], textwrap.shorten(" ".join(lines[most_lines - 1 :]), width, placeholder="…")]
    return "\n".join(lines)
