"""The figure of a tracked series: what was seen beside the simulated band, and the projection."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sharesim.report import words
from sharesim.report.figures.style import BLUE, BLUE_BANDS, ORANGE, RED, Plot, pound_axis, year_axis, zero_line


def band_plot(name: str, frame: pd.DataFrame) -> Plot:
    """Return one series by year: the simulated band, what was seen, and the projection.

    Parameters
    ----------
    name : str
        Name of the figure's files.
    frame : DataFrame
        Rows of one series of `workflow.track.Tracked.bands`, by year, with measure_words.
    """
    seen = frame[frame.months > 0]
    last = seen.iloc[-1]
    what = f"{last['what']}, {last.measure_words.lower()}"
    title = f"{what}: {words.money(last.actual_gbp)} seen of {last.year}, above {last.percentile:.0f}% of futures"
    points = "; ".join(
        f"{year}: {words.money(actual)} in {months} months, simulated {words.money(low)} to {words.money(high)}"
        for year, months, actual, low, high in zip(
            seen.year, seen.months, seen.actual_gbp, seen.simulated_p5_gbp, seen.simulated_p95_gbp, strict=True
        )
    )
    alt = f"Band of simulated figures by year with what was seen. {what}. {points}."

    def draw(figure: Figure, narrow: bool) -> None:
        axes = figure.add_subplot()
        draw_band(axes, frame, narrow)
        axes.set_ylabel("Pounds of each year")

    return Plot(name, title, alt, frame, draw, (3.0, 3.2))


def draw_band(axes: Axes, frame: pd.DataFrame, narrow: bool) -> None:
    """Draw the simulated band, the projection as a line with its range, and what was seen as diamonds."""
    at = np.arange(len(frame))
    axes.fill_between(
        at,
        frame.simulated_p5_gbp,
        frame.simulated_p95_gbp,
        color=BLUE_BANDS[0],
        linewidth=0,
        label="simulated, nine in ten",
    )
    axes.fill_between(
        at, frame.simulated_p25_gbp, frame.simulated_p75_gbp, color=BLUE_BANDS[1], linewidth=0, label="half"
    )
    axes.plot(at, frame.simulated_mean_gbp, color=BLUE, linewidth=1.4, label="on average")
    axes.vlines(at, frame.projected_p5_gbp, frame.projected_p95_gbp, color=ORANGE, linewidth=1.2)
    axes.plot(at, frame.projected_mean_gbp, "_-", color=ORANGE, linewidth=1.4, markersize=7, label="projected")
    months = frame.months.to_numpy()
    for here, fill, label in (
        (months == 12, RED, "seen"),
        ((months > 0) & (months < 12), "white", "months seen, as a whole year"),
    ):
        if here.any():
            whole = frame.actual_gbp[here] * 12.0 / months[here]
            axes.plot(
                at[here], whole, "D", markersize=6.5, color=fill, markeredgecolor=RED, markeredgewidth=1.6, label=label
            )
    zero_line(axes)
    pound_axis(axes)
    year_axis(axes, list(frame.year), narrow)
    axes.set_xlabel("Financial year")
    axes.figure.legend(loc="outside lower center", ncols=3 if narrow else 5, columnspacing=1.1, handlelength=1.4)


__all__ = ["band_plot"]
