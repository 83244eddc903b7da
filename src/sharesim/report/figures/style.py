"""One style for every figure: colours that the colour-blind tell apart, pounds on axes, and how a figure is saved."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

# Okabe and Ito's palette, darkened where text or thin lines need contrast on white (4.5 to 1).
BLUE, ORANGE, GREEN, RED, PURPLE, SKY = "#0a5c99", "#c77700", "#00785a", "#b3450a", "#9c4f7f", "#2b7fb0"
INK, MUTED, GRID, PALE = "#1b2733", "#4d5b66", "#d5dce2", "#eef2f5"
BLUE_BANDS = ("#c5dcec", "#8dbada")
GROUP_FILLS = ("#bcd8ec", "#f6d9a8", "#b5dfcf", "#ecc7de", "#d9d2ee", "#f3c8b2", "#dbe3a4", "#c9d0d6")

WIDE, NARROW = 7.2, 3.7
SETTINGS = {
    "font.family": "DejaVu Sans", "font.size": 9.0, "axes.titlesize": 10.0, "axes.labelsize": 9.0, "axes.edgecolor": MUTED,
    "axes.labelcolor": INK, "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True, "axes.grid": False,
    "grid.color": GRID, "grid.linewidth": 0.7, "text.color": INK, "xtick.color": INK, "ytick.color": INK, "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5, "legend.frameon": False, "legend.fontsize": 8.5, "figure.facecolor": "white", "savefig.facecolor": "white",
    "svg.fonttype": "path", "svg.hashsalt": "sharesim", "text.usetex": False, "axes.unicode_minus": True, "text.parse_math": False,
}  # fmt: skip


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


def figure_of(plot: Plot, *, narrow: bool = False, titled: bool = False) -> Figure:
    """Return the drawn figure; call inside `settings`."""
    width, height = (NARROW if narrow else WIDE), plot.heights[1 if narrow else 0]
    lines = textwrap.wrap(plot.title, 84) if titled else []
    figure = Figure(figsize=(width, height + 0.19 * len(lines) + (0.08 if lines else 0.0)), layout="constrained")
    FigureCanvasAgg(figure)
    if lines:
        figure.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=10.5, fontweight="bold")
    plot.draw(figure, narrow)
    return figure


def svg(figure: Figure) -> str:
    """Return a figure as SVG text, the same bytes every time."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def png(figure: Figure, dots_per_inch: int = 160) -> bytes:
    """Return a figure as PNG."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=dots_per_inch, metadata={"Software": None})
    return stream.getvalue()


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


def pound_axis(axes: Axes, which: str = "y", most_ticks: int = 6) -> None:
    """Write an axis in pounds, with light grid lines across it."""
    axis = axes.yaxis if which == "y" else axes.xaxis
    axis.set_major_locator(MaxNLocator(most_ticks, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(short_pounds))
    axes.grid(True, axis=which)  # type: ignore[arg-type]


def zero_line(axes: Axes, which: str = "y") -> None:
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
