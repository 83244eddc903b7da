"""The figure of the frontier: what more value costs in risk, exits or time saved."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sharesim.report import words
from sharesim.report.figures.style import BLUE, ORANGE, Plot, pound_axis

#: What each measure is called, and how it is written.
MEASURES = {
    "cvar": ("Average of the worst twentieth of futures", "gbp"),
    "loss_probability": ("Chance of a loss", "share"),
    "exits": ("Exits, posts", "posts"),
    "non_cashable": ("Time saved, not cash", "gbp"),
}


def frontier_plot(frame: pd.DataFrame, against: str) -> Plot:
    """Return the portfolios of which none is better in both value and the measure set against it.

    Parameters
    ----------
    frame : DataFrame
        From `Appraisal.frontier`: mean_npv_gbp and the measure, the highest value first; at least one row.
    against : str
        One of `MEASURES`.
    """
    name, kind = MEASURES[against]
    top, last = frame.iloc[0], frame.iloc[-1]
    if len(frame) == 1:
        value = words.money(top.mean_npv_gbp)
        title = f"One portfolio is best in both: {value}, {name.lower()} {_shown(top[against], kind)}"
    else:
        given = words.money(top.mean_npv_gbp - last.mean_npv_gbp)
        here, there = _shown(top[against], kind), _shown(last[against], kind)
        title = f"Giving up {given} of value moves “{name.lower()}” from {here} to {there}"
    points = "; ".join(
        f"{words.money(value)} with {_shown(other, kind)}"
        for value, other in zip(frame.mean_npv_gbp, frame[against], strict=True)
    )
    alt = f"Frontier of mean value against {name.lower()}. {points}."

    def draw(figure: Figure, narrow: bool) -> None:
        draw_frontier(figure.add_subplot(), frame, against, narrow)

    return Plot("frontier", title, alt, frame, draw, (3.4, 3.4))


def _shown(value: float, kind: str) -> str:
    return {"gbp": words.money, "share": words.share, "posts": words.posts}[kind](float(value))


def draw_frontier(axes: Axes, frame: pd.DataFrame, against: str, narrow: bool) -> None:
    """Draw the measure across and the mean value up, a point for each portfolio."""
    name, kind = MEASURES[against]
    axes.plot(frame[against], frame.mean_npv_gbp, "-", color=BLUE, linewidth=1.0, alpha=0.6, drawstyle="default")
    axes.plot(frame[against], frame.mean_npv_gbp, "o", color=BLUE, markersize=6)
    axes.plot(frame[against][:1], frame.mean_npv_gbp[:1], "D", color=ORANGE, markersize=8, label="most value")
    pound_axis(axes, "y")
    if kind == "gbp":
        pound_axis(axes, "x", 4 if narrow else 7)
    else:
        axes.grid(True, axis="x")
        if kind == "share":
            axes.xaxis.set_major_formatter(lambda x, _: f"{100 * x:.0f}%")
    axes.set_xlabel(name)
    axes.set_ylabel("Value on average")
    axes.legend(loc="best")


__all__ = ["MEASURES", "frontier_plot"]
