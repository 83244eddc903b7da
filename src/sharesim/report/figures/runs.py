"""Figures over many runs: what each is worth, and how often each arrangement is chosen."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from sharesim.report import words
from sharesim.report.figures.style import BLUE, INK, MUTED, PALE, SKY, Plot, pound_axis, wrapped, zero_line

MOST_LEVELS, MOST_ROWS = 30, 24


def values_plot(frame: pd.DataFrame, factor: str, name: str) -> Plot:
    """Return what every run is worth, by the levels of one setting.

    Parameters
    ----------
    frame : DataFrame
        A row per run: level (text, levels in order of appearance), npv_mean_gbp, npv_p5_gbp, npv_p95_gbp.
    factor : str
        The setting, in words.
    name : str
        Name of the figure's files.
    """
    levels = list(dict.fromkeys(frame.level))[:MOST_LEVELS]
    shown = frame[frame.level.isin(levels)]
    means = shown.groupby("level", sort=False).npv_mean_gbp.mean()
    ends = int(means.argmin()), int(means.argmax())
    (low, least), (high, most) = ((means.index[at], means.iloc[at]) for at in ends)
    title = (
        f"By {factor}: worth {words.money(least)} on average at {low}, {words.money(most)} at {high}"
        if low != high
        else f"Worth {words.money(least)} on average"
    )
    alt = f"Mean NPV of each run with the range of nine futures in ten, by {factor}. " + "; ".join(
        f"{level}: {words.money(value)} on average over {words.count(int((shown.level == level).sum()), 'run')}"
        for level, value in means.items()
    )

    def draw(figure: Figure, narrow: bool) -> None:
        axes = figure.add_subplot()
        for at, level in enumerate(levels):
            rows = shown[shown.level == level]
            y = at + np.linspace(-0.3, 0.3, len(rows)) if len(rows) > 1 else np.array([float(at)])
            axes.hlines(
                y, rows.npv_p5_gbp, rows.npv_p95_gbp, color=SKY, linewidth=max(0.5, 2.2 - 0.05 * len(rows)), alpha=0.55
            )
            axes.plot(rows.npv_mean_gbp, y, "o", color=BLUE, markersize=4 if len(rows) < 30 else 2.5)
        axes.set_yticks(range(len(levels)), [wrapped(level, 16 if narrow else 30) for level in levels])
        axes.set_ylim(len(levels) - 0.45, -0.55)
        pound_axis(axes, "x", 4 if narrow else 7)
        zero_line(axes, "x")
        axes.set_xlabel("NPV: mean of each run, and nine futures in ten")

    height = 0.9 + 0.42 * len(levels)
    return Plot(name, title, alt, shown, draw, (height, height))


def choices_plot(frame: pd.DataFrame, factor: str, name: str) -> Plot:
    """Return how often each arrangement is chosen, by the levels of one setting.

    Parameters
    ----------
    frame : DataFrame
        Columns arrangement, level (both text, in order of appearance), share of the level's runs that chose it.
    factor : str
    name : str
    """
    arrangements, levels = (
        list(dict.fromkeys(frame.arrangement))[:MOST_ROWS],
        list(dict.fromkeys(frame.level))[:MOST_LEVELS],
    )
    grid = (
        frame.pivot_table(index="arrangement", columns="level", values="share", sort=False)
        .reindex(index=arrangements, columns=levels)
        .fillna(0.0)
    )
    moved = (grid.max(axis=1) - grid.min(axis=1)).sort_values(ascending=False, kind="stable")
    most = grid.loc[moved.index[0]]
    fewest = f"{words.share(most.min())} of runs at {most.idxmin()}"
    oftenest = f"{words.share(most.max())} at {most.idxmax()}"
    title = f"By {factor}: {moved.index[0]} is chosen in {fewest}, in {oftenest}"
    alt = f"How often each arrangement is chosen, by {factor}. " + "; ".join(
        f"{row}: {', '.join(f'{words.share(value)} at {level}' for level, value in grid.loc[row].items())}"
        for row in arrangements[:12]
    )

    def draw(figure: Figure, narrow: bool) -> None:
        axes = figure.add_subplot()
        axes.imshow(
            grid.to_numpy(),
            cmap=LinearSegmentedColormap.from_list("chosen", [PALE, BLUE]),
            vmin=0,
            vmax=1,
            aspect="auto",
        )
        for (row, column), value in np.ndenumerate(grid.to_numpy(dtype=float)):
            axes.text(
                column,
                row,
                f"{value:.0%}",
                ha="center",
                va="center",
                fontsize=7.5,
                color="white" if value > 0.55 else MUTED if value == 0 else INK,
            )
        axes.set_yticks(range(len(arrangements)), [wrapped(item, 20 if narrow else 44) for item in arrangements])
        axes.set_xticks(range(len(levels)), [wrapped(item, 9 if narrow else 14, 3) for item in levels])
        if len(levels) > (4 if narrow else 8):
            axes.tick_params(axis="x", labelrotation=90)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)

    height = 0.75 + 0.36 * len(arrangements)
    return Plot(name, title, alt, frame, draw, (height, height))


__all__ = ["choices_plot", "values_plot"]
