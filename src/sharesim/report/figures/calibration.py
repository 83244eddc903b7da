"""How predictions stood against what was published: each figure in its range, and coverage against promise."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sharesim.report.figures.style import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, SKY, Plot, wrapped

COLOURS = (BLUE, ORANGE, GREEN, PURPLE)
MOST_ROWS = 45


def calibration_plot(frame: pd.DataFrame, name: str = "calibration") -> Plot:
    """Return the share of published figures at or below each percentile of their predictions.

    Parameters
    ----------
    frame : DataFrame
        A row per prediction: id, figure, percentile (0 to 100).
    name : str
        Name of the figure's files.
    """
    inside = float(np.mean((frame.percentile >= 5) & (frame.percentile <= 95)))
    title = f"{inside:.0%} of {len(frame)} published figures lie in their simulated range of nine in ten"
    alt = f"{title}. Percentiles: " + "; ".join(
        f"{row.id}, {row.figure}: {row.percentile:.0f}" for row in frame.itertuples()
    )

    def draw(figure: Figure, narrow: bool) -> None:
        axes = figure.add_subplot()
        n = len(frame)
        levels = np.linspace(0, 1, 101)
        # Half-width of the band in which nine in ten sets of so many calibrated predictions lie at each point.
        half = 1.645 * np.sqrt(levels * (1 - levels) / n)
        axes.fill_between(
            100 * levels, 100 * (levels - half).clip(0), 100 * (levels + half).clip(0, 1), color="#e3ebf1"
        )
        axes.plot([0, 100], [0, 100], color=MUTED, linewidth=1)
        order = np.sort(frame.percentile.to_numpy())
        axes.step([0, *order, 100], [0, *(100 * np.arange(1, n + 1) / n), 100], where="post", color=INK, linewidth=1)
        for colour, (kind, part) in zip(COLOURS, frame.groupby("figure", sort=False), strict=False):
            at = 100 * (np.searchsorted(order, part.percentile.to_numpy(), side="right")) / n
            axes.plot(part.percentile, at, "o", color=colour, markersize=5, label=kind)
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 101)
        axes.set_xlabel("Percentile of the published figure in its prediction (%)")
        axes.set_ylabel("Share of figures at or below (%)")
        axes.legend(loc="upper left")

    return Plot(name, title, alt, frame, draw, (4.6, 4.0))


def ranges_plot(frame: pd.DataFrame, name: str = "ranges") -> Plot:
    """Return every published figure beside its simulated range, as a multiple of the simulated median.

    Parameters
    ----------
    frame : DataFrame
        A row per prediction: id, figure, published, p5, p25, p50, p75, p95, percentile.
    name : str
    """
    shown = frame[frame.p50 > 0].head(MOST_ROWS).reset_index(drop=True)
    above = int((shown.published > shown.p50).sum())
    title = f"{above} of {len(shown)} published figures are above what was most to be expected"
    alt = f"{title}. " + "; ".join(
        f"{where}, {figure}: {times:.2g} times the median"
        for where, figure, times in zip(shown["id"], shown.figure, shown.published / shown.p50, strict=True)
    )

    def draw(figure: Figure, narrow: bool) -> None:
        axes = figure.add_subplot()
        low = 0.02
        multiples = shown[["published", "p5", "p25", "p75", "p95"]].div(shown.p50, axis=0).to_numpy(dtype=float)
        for at, (published, p5, p25, p75, p95) in enumerate(multiples):
            axes.hlines(at, max(p5, low), p95, color=SKY, linewidth=2)
            axes.hlines(at, max(p25, low), p75, color=BLUE, linewidth=5)
            axes.plot(max(published, low), at, "D", color=ORANGE, markersize=5, zorder=4)
        axes.axvline(1, color=MUTED, linewidth=0.9)
        axes.set_xscale("log")
        axes.set_xlim(left=low)
        ticks = [0.03, 0.1, 0.3, 1, 3, 10]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
        labels = [wrapped(f"{row.id}: {row.figure}", 24 if narrow else 58) for row in shown.itertuples()]
        axes.set_yticks(range(len(shown)), labels)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_xlabel("Multiple of the simulated median (diamond: published)")
        axes.grid(True, axis="x")

    height = 0.9 + 0.24 * max(len(shown), 2)
    return Plot(name, title, alt, shown, draw, (height, 1.4 * height))


__all__ = ["calibration_plot", "ranges_plot"]
