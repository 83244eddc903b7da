"""What the words of a report are made of: which lines of the account are cashable savings, one-off cost, net cash."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sharesim.appraisal.flows import CASH_LINES, ONE_OFF_LINES

#: Lines by measure. One-off cost is what the change itself costs, before grants and receipts and without what a risk
#: costs when it strikes (decision 094); cashable savings are what budgets give back, extra cost taken off.
LINES_OF: Mapping[str, tuple[str, ...]] = {
    "cashable": ("saving_cashable", "extra_cost"),
    "non_cashable": ("saving_non_cashable",),
    "one_off": ONE_OFF_LINES,
    "net": CASH_LINES,
}
#: Measures that count costs, positive.
COSTS = ("one_off",)


def measured(measure: str, lines: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return one measure by bundle, partner slot and draw, GBP; savings and net cash positive, costs positive.

    Examples
    --------
    >>> measured("one_off", {"transition": np.array([-3.0]), "vat": np.array([-1.0])})
    array([3.])
    """
    total = sum(lines[name] for name in LINES_OF[measure] if name in lines)
    return -np.asarray(total) if measure in COSTS else np.asarray(total)


def amounts(measure: str, lines: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the sum of the sizes of what `measured` adds up, GBP: what a difference of rounding is a share of."""
    return np.asarray(sum(np.abs(lines[name]) for name in LINES_OF[measure] if name in lines))


__all__ = ["COSTS", "LINES_OF", "amounts", "measured"]
