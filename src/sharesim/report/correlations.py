"""Rank correlations that cannot all hold: which were changed, from what to what, in words and as a table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from sharesim.report import words
from sharesim.report.cells import PageTable, columns, page_table
from sharesim.report.names import input_words
from sharesim.study.study import Study
from sharesim.uncertainty.copula import ChangedPair, far

CHANGED = columns("""
    first | Input | text | | first_driver
    second | With | text | | second_driver
    asked | Asked for | correlation
    used | Used | correlation
    told | Changed by more than 0.1
""")
#: Pairs that a sentence names; the table has all.
MOST_NAMED = 3


def changed_table(study: Study, changes: Sequence[ChangedPair]) -> PageTable | None:
    """Return every pair whose correlation is not the one asked for, the largest change first; None where all hold."""
    if not changes:
        return None
    ordered = sorted(changes, key=lambda pair: -pair.size)
    frame = pd.DataFrame(
        {
            "first": [input_words(study, pair.first) for pair in ordered],
            "first_driver": [pair.first for pair in ordered],
            "second": [input_words(study, pair.second) for pair in ordered],
            "second_driver": [pair.second for pair in ordered],
            "asked": [pair.asked for pair in ordered],
            "used": [pair.used for pair in ordered],
            "told": ["yes" if pair.is_far else "no" for pair in ordered],
        }
    )
    note = "No futures can have all the correlations asked for, so the nearest that they can have are used."
    return page_table("correlations", "Correlations that were changed", frame, CHANGED, note=note)


def warning(study: Study, changes: Sequence[ChangedPair]) -> tuple[str, ...]:
    """Return the warning of the first page as a sentence; empty where nothing was changed by more than 0.1."""
    worst = far(changes)
    if not worst:
        return ()
    named = words.listing(
        [
            f"{input_words(study, pair.first)} with {input_words(study, pair.second)} from {pair.asked:.2f} to "
            f"{pair.used:.2f}"
            for pair in worst[:MOST_NAMED]
        ]
    )
    more = f", and {len(worst) - MOST_NAMED} more" if len(worst) > MOST_NAMED else ""
    return (
        f"Warning: correlations that the study asks for cannot all hold and were changed: {named}{more}. Figures below "
        "rest on the changed ones; see what was assumed.",
    )


__all__ = ["changed_table", "warning"]
