"""Figures of who gains and why: councils side by side, drivers, risks, and published figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sharesim.report import words
from sharesim.report.figures.style import (
    BLUE,
    BLUE_BANDS,
    INK,
    MUTED,
    ORANGE,
    RED,
    Plot,
    pound_axis,
    short_pounds,
    wrapped,
    zero_line,
)

#: Councils that one figure shows; of more, those that gain least and most.
MOST_COUNCILS = 24


def ends_of(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the rows to show where there are too many: the lowest and the highest dozen, in their own order."""
    if len(frame) <= MOST_COUNCILS:
        return frame
    order = frame[column].sort_values(kind="stable").index
    half = MOST_COUNCILS // 2
    return frame.loc[[*order[:half], *order[-half:]]].reset_index(drop=True)


def councils_plot(frame: pd.DataFrame) -> Plot:
    """Return each council's value with its range, from `worth.council_ranges`."""
    worst = frame.iloc[frame.probability_of_loss.argmax()]
    gains = int((frame.mean_gbp > 0).sum())
    every = "Every council gains" if gains == len(frame) else f"{gains} of {len(frame)} councils gain"
    loses = words.share(worst.probability_of_loss)
    title = f"{every} on average; {worst.council} is most likely to lose ({loses} of futures)"
    shown = ends_of(frame, "mean_gbp")
    title += f" (lowest and highest {MOST_COUNCILS // 2})" if len(shown) < len(frame) else ""
    ranges = [
        f"{council}: mean {words.money(mean)}, nine futures in ten {_between(low, high)}."
        for council, mean, low, high in zip(shown.council, shown.mean_gbp, shown.p5_gbp, shown.p95_gbp, strict=True)
    ]
    alt = f"Range of value by council. {' '.join(ranges)}"

    def draw(figure: Figure, narrow: bool) -> None:
        draw_councils(figure.add_subplot(), shown, narrow)

    height = 1.0 + 0.4 * len(shown)
    return Plot("councils", title, alt, frame, draw, (height, height))


def _between(low_gbp: float, high_gbp: float) -> str:
    return f"between {words.money(low_gbp)} and {words.money(high_gbp)}"


def draw_councils(axes: Axes, frame: pd.DataFrame, narrow: bool) -> None:
    """Draw each council's ranges one below the other, with its mean."""
    values = frame[["mean_gbp", "p5_gbp", "p25_gbp", "p75_gbp", "p95_gbp"]].to_numpy(dtype=float)
    for at, (mean, p5, p25, p75, p95) in enumerate(values):
        axes.barh(at, p95 - p5, left=p5, height=0.34, color=BLUE_BANDS[0])
        axes.barh(at, p75 - p25, left=p25, height=0.34, color=BLUE_BANDS[1])
        axes.plot([mean], [at], marker="D", color=BLUE, markersize=6, linestyle="none")
    zero_line(axes, "x")
    pound_axis(axes, "x", 4 if narrow else 7)
    axes.set_yticks(range(len(frame)), [wrapped(name, 14 if narrow else 24, 2) for name in frame.council])
    axes.set_ylim(len(frame) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(
        "Value: mean, half and nine tenths of futures"
        if narrow
        else "Value to the council (diamond: mean; dark: half of the futures; pale: nine in ten)"
    )


def panels_plot(panels: pd.DataFrame, measures: Sequence[tuple[str, str, str]]) -> Plot:
    """Return small multiples: one panel per measure, one bar per council.

    Parameters
    ----------
    panels : DataFrame
        council and the measures' columns.
    measures : sequence of (column, title, kind)
        kind is gbp, share or posts.
    """
    dearest = panels.iloc[panels.peak_funding_mean_gbp.argmax()]
    deepest = words.money(dearest.peak_funding_mean_gbp)
    title = f"{dearest.council} has to find most before it gains: {deepest} at the deepest point, on average"
    if panels.peak_funding_mean_gbp.max() < 0.5:
        title = "No council has to find money before it gains, on average"
    everybody, panels = panels, ends_of(panels, "npv_mean_gbp")
    alt = "Small multiples by council. " + " ".join(
        f"{row['council']}: "
        + ", ".join(f"{name.lower()} {_shown(row[column], kind)}" for column, name, kind in measures)
        + "."
        for _, row in panels.iterrows()
    )

    def draw(figure: Figure, narrow: bool) -> None:
        grid = figure.subplots(
            len(measures) if narrow else 1, 1 if narrow else len(measures), squeeze=False, sharey=True
        ).ravel()
        for axes, measure in zip(grid, measures, strict=True):
            draw_panel(axes, panels, measure, narrow)

    rows = len(panels)
    return Plot(
        "council-measures", title, alt, everybody, draw, (0.9 + 0.3 * rows, len(measures) * (0.55 + 0.26 * rows))
    )


def _shown(value: float, kind: str) -> str:
    return words.money(value) if kind == "gbp" else words.share(value) if kind == "share" else words.posts(value)


def draw_panel(axes: Axes, panels: pd.DataFrame, measure: tuple[str, str, str], narrow: bool) -> None:
    """Draw one measure by council, figures written on the bars."""
    column, name, kind = measure
    values = panels[column].to_numpy(dtype=float)
    axes.barh(range(len(values)), values, height=0.55, color=[RED if value < 0 else BLUE_BANDS[1] for value in values])
    # A bar that fills its panel should mean something: a tenth of a post or of futures, or £1,000, at the least.
    span = max(np.abs(values).max(), 1e3 if kind == "gbp" else 0.1 if kind == "share" else 1.0)
    axes.set_xlim(min(0.0, 1.2 * values.min()) - 0.02 * span, 1.6 * span)
    for at, value in enumerate(values):
        axes.annotate(
            _shown(value, kind),
            (max(value, 0.0), at),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
        )
    axes.set_title(name, loc="left", fontsize=9)
    axes.set_yticks(range(len(values)), [wrapped(text, 16, 2) for text in panels.council])
    axes.set_ylim(len(values) - 0.4, -0.6)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def tornado_plot(frame: pd.DataFrame, mean_gbp: float) -> Plot:
    """Return the ten drivers that move the value most, from `tables.tornado`."""
    top = frame.iloc[0]
    swing = words.money(abs(top.own_swing_gbp))
    title = f"What moves the answer most: {top['input']}, {swing} between its lowest and its highest tenth"
    ends = [
        f"{name}: {words.money(low)} to {words.money(high)}."
        for name, low, high in zip(frame.input, frame.own_low_gbp, frame.own_high_gbp, strict=True)
    ]
    lead = "Tornado chart: mean value when each input lies in its lowest and highest tenth, others as they come."
    alt = f"{lead} {' '.join(ends)}"

    def draw(figure: Figure, narrow: bool) -> None:
        draw_tornado(figure.add_subplot(), frame, mean_gbp, narrow)

    height = 1.1 + (0.34 * len(frame))
    return Plot("tornado", title, alt, frame, draw, (height, height + 0.07 * len(frame) + 0.2))


def draw_tornado(axes: Axes, frame: pd.DataFrame, mean_gbp: float, narrow: bool) -> None:
    """Draw from the mean to where it goes when a driver is low, and when it is high."""
    for at, (when_low, when_high) in enumerate(zip(frame.own_low_gbp, frame.own_high_gbp, strict=True)):
        axes.barh(
            at,
            when_low - mean_gbp,
            left=mean_gbp,
            height=0.58,
            color=ORANGE,
            label="input in its lowest tenth" if not at else None,
        )
        axes.barh(
            at,
            when_high - mean_gbp,
            left=mean_gbp,
            height=0.58,
            color="#2b7fb0",
            label="input in its highest tenth" if not at else None,
        )
    low, high = axes.get_xlim()
    axes.axvline(mean_gbp, color=INK, linewidth=1.0)
    if low < 0 < high or abs(low) < 0.15 * (high - low):
        zero_line(axes, "x")
    axes.set_yticks(range(len(frame)), [wrapped(text, 22 if narrow else 44, 2) for text in frame.input])
    axes.set_ylim(len(frame) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    pound_axis(axes, "x", 4 if narrow else 7)
    axes.set_xlabel("Mean value of the portfolio")
    axes.figure.legend(loc="outside lower center", ncols=1 if narrow else 2)


def risks_plot(frame: pd.DataFrame) -> Plot:
    """Return what each risk takes off the value on average, from `register.risks`."""
    shown = frame[frame.is_exposed].sort_values("mean_cost_gbp", ascending=False).head(10)
    top = shown.iloc[0]
    name, cost = top["name"].split(":")[0], words.money(top.mean_cost_gbp)
    title = (
        f"The dearest risk: {name}, {cost} on average; without it the low end (5% point) would be "
        f"{_better(top.p5_cost_gbp)}"
    )
    alt = "Bars of what each risk costs on average and takes off the low end. " + " ".join(
        f"{name}: {words.money(cost)} on average, {words.money(bad)} off the 5% point."
        for name, cost, bad in zip(shown["name"], shown.mean_cost_gbp, shown.p5_cost_gbp, strict=True)
    )

    def draw(figure: Figure, narrow: bool) -> None:
        draw_risks(figure.add_subplot(), shown, narrow)

    height = 1.1 + 0.46 * len(shown)
    return Plot("risks", title, alt, shown, draw, (height, height + 0.5))


def _better(gbp: float) -> str:
    return f"{words.money(gbp)} better" if gbp >= 0 else f"{words.money(-gbp)} worse"


def draw_risks(axes: Axes, frame: pd.DataFrame, narrow: bool) -> None:
    """Draw mean cost, and what is taken off the bad end, side by side for each risk."""
    at = np.arange(len(frame))
    axes.barh(at - 0.19, frame.mean_cost_gbp, height=0.36, color=ORANGE, label="cost on average")
    axes.barh(at + 0.19, frame.p5_cost_gbp, height=0.36, color="#2b7fb0", label="taken off the low end (5% point)")
    zero_line(axes, "x")
    axes.set_yticks(at, [wrapped(text, 20 if narrow else 40, 2) for text in frame["name"]])
    axes.set_ylim(len(frame) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    pound_axis(axes, "x", 4 if narrow else 7)
    axes.set_xlabel("Pounds of value")
    axes.figure.legend(loc="outside lower center", ncols=1 if narrow else 2)


def published_plot(frame: pd.DataFrame) -> Plot | None:
    """Return published figures beside the simulated ranges, from `tables.published`; each row on a scale of its own.

    Figures of what is not shared in the choice have no range and are left out; None where no other is left.
    """
    frame = frame[frame.simulated_mean.notna()]
    if not len(frame):
        return None
    inside = int(((frame.published >= frame.simulated_p5) & (frame.published <= frame.simulated_p95)).sum())
    title = f"{inside} of {len(frame)} published figures lie inside the range of nine futures in ten"
    alt = f"Published figures beside simulated ranges. {' '.join(_beside(row) for row in frame.itertuples())}"

    def draw(figure: Figure, narrow: bool) -> None:
        grid = figure.subplots(len(frame), 1, squeeze=False).ravel()
        for axes, row in zip(grid, frame.itertuples(), strict=True):
            draw_published(axes, row, narrow)

    height = 0.25 + 0.78 * len(frame)
    return Plot("published", title, alt, frame, draw, (height, height + 0.1 * len(frame)))


def _beside(row: Any) -> str:
    value, low, high = (
        published_text(figure, row.unit) for figure in (row.published, row.simulated_p5, row.simulated_p95)
    )
    return f"{row.label}: published {value}, simulated {low} to {high}."


def published_text(value: float, unit: str) -> str:
    """Return a published figure in its unit."""
    return words.share(value) if unit == "share" else words.money(value)


def draw_published(axes: Axes, row: Any, narrow: bool) -> None:
    """Draw one published figure as a line over the simulated range."""
    low, middle, high = row.simulated_p5, row.simulated_p50, row.simulated_p95
    value, unit = row.published, row.unit
    axes.barh(0, high - low, left=low, height=0.5, color=BLUE_BANDS[1])
    axes.plot([middle] * 2, [-0.25, 0.25], color=BLUE, linewidth=2)
    axes.plot([value], [0], marker="D", color=RED, markersize=7, linestyle="none", clip_on=False)
    left, right = min(low, value, 0.0), max(high, value)
    axes.set_xlim(left - 0.03 * (right - left), right + 0.03 * (right - left) + 1e-9)
    axes.set_ylim(-0.5, 0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_title(
        wrapped(f"{row.label}: {published_text(value, unit)}", 48 if narrow else 95, 2), loc="left", fontsize=8.8
    )
    axes.xaxis.set_major_formatter(short_pounds if unit != "share" else lambda x, _: f"{100 * x:.0f}%")
    axes.locator_params(axis="x", nbins=4 if narrow else 7)
    axes.tick_params(axis="x", labelsize=8, length=2)
    axes.spines["bottom"].set_color(MUTED)
