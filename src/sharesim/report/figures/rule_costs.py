"""The figure of what each red line costs, and of the options beside each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sharesim.report import words
from sharesim.report.figures.style import BLUE, BLUE_BANDS, INK, ORANGE, Plot, pound_axis, wrapped, zero_line

#: Rules that one figure shows, the dearest first.
MOST_RULES = 14
#: Below this a cost is the rounding of the search.
NOTHING_GBP = 0.5


def rule_costs_plot(frame: pd.DataFrame) -> Plot:
    """Return what each rule costs, from `workflow.explore.Question.costs`; an unfinished search gives a range."""
    rules = frame[frame.kind == "rule"].sort_values("high_gbp", ascending=False, kind="stable", ignore_index=True)
    shown = rules.head(MOST_RULES)
    title = _finding(rules)
    title += f" (first {len(shown)} of {len(rules)})" if len(shown) < len(rules) else ""
    alt = "Bars of what each rule takes from the best portfolio. " + " ".join(
        f"{name}: {cost_words(low, high)}."
        for name, low, high in zip(shown["name"], shown.low_gbp, shown.high_gbp, strict=True)
    )

    def draw(figure: Figure, narrow: bool) -> None:
        draw_rule_costs(figure.add_subplot(), shown, narrow)

    height = 0.9 + 0.34 * len(shown)
    return Plot("rule-costs", title, alt, rules, draw, (height, height + 0.06 * len(shown)))


def _finding(rules: pd.DataFrame) -> str:
    biting = rules[rules.high_gbp > NOTHING_GBP]
    if not len(biting):
        return "No single red line costs anything: without any one of them the answer is worth no more"
    top = biting.iloc[0]
    cost = cost_words(top.low_gbp, top.high_gbp)
    number = words.number_word(len(biting))
    verb = "costs" if len(biting) == 1 else "cost"
    of = words.number_word(len(rules))
    return f"{words.sentence_case(number)} of {of} rules {verb} something; the dearest: {top['name']}, {cost}"


def cost_words(low_gbp: float, high_gbp: float) -> str:
    """Return a cost that lies between two bounds, in words.

    Examples
    --------
    >>> cost_words(14_317.8, 14_317.8), cost_words(0.0, 0.0), cost_words(0.0, 9_000.0)
    ('£14k', 'nothing', 'at most £9,000')
    """
    if high_gbp <= NOTHING_GBP:
        return "nothing"
    if high_gbp - low_gbp <= max(NOTHING_GBP, 0.005 * high_gbp):
        return words.money(high_gbp)
    return (
        f"at most {words.money(high_gbp)}"
        if low_gbp <= NOTHING_GBP
        else f"{words.money(low_gbp)} to {words.money(high_gbp)}"
    )


def draw_rule_costs(axes: Axes, frame: pd.DataFrame, narrow: bool) -> None:
    """Draw a bar to the least that a rule costs for sure, and a paler one on to the most that it may."""
    at = np.arange(len(frame))
    axes.barh(at, frame.low_gbp, height=0.55, color=ORANGE, label="costs at least")
    more = frame.high_gbp - frame.low_gbp
    if (more > NOTHING_GBP).any():
        axes.barh(
            at,
            more,
            left=frame.low_gbp,
            height=0.55,
            color="#f6d9a8",
            hatch="//",
            edgecolor=ORANGE,
            label="and may cost",
        )
        axes.figure.legend(loc="outside lower center", ncols=2)
    for place, low, high in zip(at, frame.low_gbp, frame.high_gbp, strict=True):
        axes.annotate(
            cost_words(low, high), (high, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8.5
        )
    most = float(frame.high_gbp.max())
    axes.set_xlim(0, 1.25 * most if most > NOTHING_GBP else 1.0)
    axes.set_yticks(at, [wrapped(name, 20 if narrow else 40, 2) for name in frame["name"]])
    axes.set_ylim(len(frame) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    if most > NOTHING_GBP:
        pound_axis(axes, "x", 4 if narrow else 7)
    else:
        axes.set_xticks([0.0], ["£0"])
    axes.set_xlabel(
        "Cost of the rule" if narrow else "What the rule takes from the best portfolio, pounds of the objective"
    )


def options_plot(frame: pd.DataFrame) -> Plot:
    """Return the options beside each other, from `options.options_table`."""
    best = frame.iloc[frame.npv_mean_gbp.argmax()]
    preferred = frame[frame.option == "preferred"].iloc[0]
    title = f"{preferred.title} is worth {words.money(preferred.npv_mean_gbp)} on average"
    if best.option != preferred.option:
        title += f"; {best.title.lower()} would be worth {words.money(best.npv_mean_gbp)}"
        title += ", with rules set aside" if "set aside" in best["how"] else ""
    else:
        others = frame[~frame.option.isin(["preferred", "business_as_usual"])]
        if len(others):
            next_best = others.iloc[others.npv_mean_gbp.argmax()]
            title += f", the next option ({next_best.title.lower()}) {words.money(next_best.npv_mean_gbp)}"
    alt = "Range of value by option. " + " ".join(
        f"{name}: mean {words.money(mean)}, nine futures in ten between {words.money(low)} and {words.money(high)}."
        for name, mean, low, high in zip(
            frame.title, frame.npv_mean_gbp, frame.npv_p5_gbp, frame.npv_p95_gbp, strict=True
        )
    )

    def draw(figure: Figure, narrow: bool) -> None:
        draw_options(figure.add_subplot(), frame, narrow)

    height = 0.9 + 0.4 * len(frame)
    return Plot("options", title, alt, frame.drop(columns="how"), draw, (height, height))


def draw_options(axes: Axes, frame: pd.DataFrame, narrow: bool) -> None:
    """Draw each option's mean and nine futures in ten, the preferred one darker."""
    values = frame[["npv_mean_gbp", "npv_p5_gbp", "npv_p95_gbp"]].to_numpy(dtype=float)
    for at, (option, (mean, low, high)) in enumerate(zip(frame.option, values, strict=True)):
        colour = BLUE_BANDS[1] if option == "preferred" else BLUE_BANDS[0]
        axes.barh(at, high - low, left=low, height=0.4, color=colour)
        axes.plot([mean], [at], marker="D", markersize=6.5, color=BLUE, linestyle="none", zorder=4)
        axes.annotate(
            words.money(mean), (mean, at), xytext=(0, 9), textcoords="offset points", ha="center", fontsize=8, color=INK
        )
    zero_line(axes, "x")
    pound_axis(axes, "x", 4 if narrow else 7)
    axes.set_yticks(range(len(frame)), [wrapped(name, 14 if narrow else 24, 2) for name in frame.title])
    axes.set_ylim(len(frame) - 0.4, -0.7)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Value: mean, nine in ten" if narrow else "Value (diamond: mean; bar: nine futures in ten)")


__all__ = ["cost_words", "options_plot", "rule_costs_plot"]
