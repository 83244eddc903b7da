"""Names of the columns of a batch's results, and the words for a value of a setting."""

from __future__ import annotations

from typing import Any

import pandas as pd

#: Figures of a run, as summary.json has them.
FIGURES = (
    "value_gbp",
    "bound_gbp",
    "gap",
    "npv_mean_gbp",
    "npv_mean_gbp_error",
    "npv_p5_gbp",
    "npv_p50_gbp",
    "npv_p95_gbp",
    "probability_of_loss",
    "cvar_gbp",
    "choosing_npv_mean_gbp",
    "cashable_gbp",
    "non_cashable_gbp",
    "quality_change_share",
    "one_off_gbp",
    "grants_gbp",
    "receipts_gbp",
    "compulsory_exits_posts",
    "voluntary_exits_posts",
    "posts_removed",
    "n_bundles",
    "n_draws",
    "n_choosing_draws",
)
#: Columns before a run's settings, and after them.
FIRST = ("run", "study", "scenario", "seed")
STATE = ("status", "portfolio", "reason", "fault", "seconds")
LAST = ("n_chosen", "chosen")
WHOLE = ("seed", "n_bundles", "n_draws", "n_choosing_draws", "n_chosen")
#: What no grid may be named like.
TAKEN = (*FIRST, *STATE, *FIGURES, *LAST, "label", "level", "at", "place")



def level_word(value: Any) -> str:
    """Return a setting's value as text; an absent one says that the study's own holds.

    Examples
    --------
    >>> level_word(0.035), level_word(2007.0), level_word(""), level_word(True)
    ('0.035', '2007', 'as in the study', 'True')
    """
    if value is None or value is pd.NA or value == "" or value != value:
        return "as in the study"
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e15 else str(value)


__all__ = ["FIGURES", "FIRST", "LAST", "STATE", "TAKEN", "WHOLE", "level_word"]
