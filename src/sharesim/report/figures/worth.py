"""Figures of what a portfolio is worth: cumulative cash, savings by year, and the spread of its value."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sharesim.report import words
from sharesim.report.figures.style import (
    BLUE,
    BLUE_BANDS,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    Plot,
    pound_axis,
    year_axis,
    zero_line,
)


def fan_plot(frame: pd.DataFrame, payback: pd.DataFrame, price_base: str) -> Plot:
    """Return the fan of cumulative cash.

    Parameters
    ----------
    frame : DataFrame
        From `worth.fan`.
    payback : DataFrame
        From `worth.payback`; its first row is all councils together.
    price_base : str
    """
    last, years = frame.iloc[-1], float(payback.payback_p50_years.iloc[0])
    back = _payback_words(years, len(frame))
    ends = f"between {words.money(last.p5_gbp)} and {words.money(last.p95_gbp)}"
    title = f"{back}; by {last.year} nine futures in ten lie {ends} of cumulative cash"
    begins, lowest = words.money(frame.p50_gbp.iloc[0]), words.money(frame.p50_gbp.min())
    alt = (
        f"Fan chart of cumulative net cash by year. The middle future goes from {begins} in {frame.year.iloc[0]} to "
        f"{words.money(last.p50_gbp)} in {last.year}; nine in ten futures end {ends}. Lowest middle value: {lowest}."
    )

    def draw(figure: Figure, narrow: bool) -> None:
        axes = figure.add_subplot()
        draw_fan(axes, frame, years, narrow)
        axes.set_ylabel(f"Cumulative net cash, {price_base} prices")

    return Plot("cumulative-cash", title, alt, frame, draw, (3.5, 3.4))


def _payback_words(years: float, n_years: int) -> str:
    if not np.isfinite(years):
        return f"Fewer than half of all futures pay back within {n_years} years"
    if years == 0:
        return "In at least half of all futures cash is never below zero"
    return f"Half of all futures have paid back after {years:.1f} years"


def draw_fan(axes: Axes, frame: pd.DataFrame, payback_years: float, narrow: bool) -> None:
    """Draw cumulative cash: bands, the middle, the mean and when it is paid back."""
    at = np.arange(len(frame))
    axes.fill_between(at, frame.p5_gbp, frame.p95_gbp, color=BLUE_BANDS[0], linewidth=0, label="nine in ten futures")
    axes.fill_between(at, frame.p25_gbp, frame.p75_gbp, color=BLUE_BANDS[1], linewidth=0, label="half of the futures")
    axes.plot(at, frame.p50_gbp, color=BLUE, linewidth=1.8, label="middle future")
    axes.plot(at, frame.mean_gbp, color=INK, linewidth=1.2, linestyle=(0, (4, 2)), label="mean")
    zero_line(axes)
    if np.isfinite(payback_years) and payback_years > 0:
        # Years count from the start of the first; a year's point stands for its end.
        axes.plot([payback_years - 1], [0.0], marker="o", markersize=6, color=RED, zorder=4, linestyle="none")
        axes.annotate(
            "half paid back",
            (payback_years - 1, 0.0),
            xytext=(4, -14),
            textcoords="offset points",
            color=RED,
            fontsize=8.5,
        )
    pound_axis(axes)
    year_axis(axes, list(frame.year), narrow)
    axes.margins(x=0.02)
    axes.set_xlabel("Financial year (value at its end)")
    axes.legend(loc="upper left", ncols=1, handlelength=1.6, borderaxespad=0.2)


def yearly_plot(frame: pd.DataFrame, price_base: str) -> Plot:
    """Return savings and costs by year, from `worth.yearly`."""
    best = frame.iloc[frame.net_gbp.argmax()]
    dearest = frame.iloc[frame.one_off_gbp.argmin()]
    costs = f"One-off cost peaks at {words.money(-dearest.one_off_gbp)} in {dearest.year}; the"
    costs = "The" if dearest.one_off_gbp >= 0 else costs
    title = f"{costs} best year brings {words.money(best.net_gbp)} net ({best.year}), on average"
    years = "; ".join(f"{year}: net {words.money(net)}" for year, net in zip(frame.year, frame.net_gbp, strict=True))
    alt = (
        "Stacked bars by financial year: cashable savings and what grants and receipts bring above zero, one-off and "
        f"running costs below, the net as a line. {years}."
    )

    def draw(figure: Figure, narrow: bool) -> None:
        axes = figure.add_subplot()
        draw_yearly(axes, frame, narrow)
        axes.set_ylabel(f"Pounds a year, {price_base} prices")

    return Plot("savings-by-year", title, alt, frame, draw, (3.5, 3.6))


def draw_yearly(axes: Axes, frame: pd.DataFrame, narrow: bool) -> None:
    """Draw what comes in above zero and what goes out below, and the time that is saved but not cash."""
    at = np.arange(len(frame), dtype=float)
    above, below = np.zeros(len(frame)), np.zeros(len(frame))
    parts = (
        ("cashable_gbp", "cashable savings", GREEN),
        ("one_off_gbp", "one-off cost", ORANGE),
        ("risks_gbp", "risks that strike", RED),
        ("running_gbp", "running costs", PURPLE),
        ("grants_gbp", "grants", BLUE),
        ("receipts_gbp", "receipts", SKY),
    )
    for column, label, colour in parts:
        values = frame[column].to_numpy()
        if column not in ("cashable_gbp", "one_off_gbp", "running_gbp") and not values.any():
            continue
        base = np.where(values >= 0, above, below)
        axes.bar(at, values, 0.62, bottom=base, color=colour, label=label)
        above, below = above + np.maximum(values, 0.0), below + np.minimum(values, 0.0)
    axes.plot(at, frame.net_gbp, color=INK, marker="o", markersize=3.5, linewidth=1.4, label="net cash")
    if frame.non_cashable_gbp.abs().max() > 0:
        axes.plot(
            at, frame.non_cashable_gbp, color=MUTED, linestyle=(0, (2, 2)), linewidth=1.3, label="time saved, not cash"
        )
    zero_line(axes)
    pound_axis(axes)
    year_axis(axes, list(frame.year), narrow)
    axes.set_xlabel("Financial year")
    axes.figure.legend(loc="outside lower center", ncols=2 if narrow else 5, columnspacing=1.2, handlelength=1.4)


def spread_plot(frame: pd.DataFrame, facts: dict[str, float], years: int, price_base: str) -> Plot:
    """Return the histogram of the portfolio's value.

    Parameters
    ----------
    frame : DataFrame
        From `worth.spread`.
    facts : dict
        npv_mean_gbp, npv_p5_gbp, npv_p95_gbp and probability_of_loss.
    """
    mean, low, high = (words.money(facts[f"npv_{name}_gbp"]) for name in ("mean", "p5", "p95"))
    lose = words.share(facts["probability_of_loss"])
    gains = f"gains {mean}" if facts["npv_mean_gbp"] >= 0 else f"loses {words.money(-facts['npv_mean_gbp'])}"
    title = words.sentence_case(f"{lose} of futures lose money; the average future {gains}")
    alt = (
        f"Histogram of net present value over {years} years. Mean {mean}; nine in ten futures between {low} and "
        f"{high}; {lose} below zero."
    )

    def draw(figure: Figure, narrow: bool) -> None:
        axes = figure.add_subplot()
        draw_spread(axes, frame, facts)
        axes.set_xlabel(f"Value over {years} years, {price_base} prices, discounted")

    return Plot("value-spread", title, alt, frame, draw, (2.6, 2.8))


def draw_spread(axes: Axes, frame: pd.DataFrame, facts: dict[str, float]) -> None:
    """Draw the futures by value, losses hatched so that they show without colour."""
    width = frame.to_gbp - frame.from_gbp
    loses = frame.to_gbp <= 0
    axes.bar(
        frame.from_gbp,
        100 * frame.futures_share,
        width,
        align="edge",
        color=BLUE_BANDS[1],
        edgecolor="white",
        linewidth=0.4,
        label="gains",
    )
    if loses.any():
        axes.bar(
            frame.from_gbp[loses],
            100 * frame.futures_share[loses],
            width[loses],
            align="edge",
            color="#f0c3ab",
            edgecolor=RED,
            linewidth=0.4,
            hatch="////",
            label="loses",
        )
    top = 100 * frame.futures_share.max()
    axes.axvline(facts["npv_mean_gbp"], color=INK, linewidth=1.4)
    axes.annotate(
        f"mean {words.money(facts['npv_mean_gbp'])}",
        (facts["npv_mean_gbp"], top),
        xytext=(4, 3),
        textcoords="offset points",
        fontsize=8.5,
        va="bottom",
    )
    axes.axvline(0.0, color=INK, linewidth=0.9)
    axes.plot(
        [facts["npv_p5_gbp"], facts["npv_p95_gbp"]],
        [-0.03 * top] * 2,
        color=BLUE,
        linewidth=3.5,
        solid_capstyle="butt",
        clip_on=False,
    )
    axes.set_ylim(-0.06 * top, 1.16 * top)
    pound_axis(axes, "x")
    axes.set_ylabel("Share of futures, %")
