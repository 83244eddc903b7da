"""Names of the columns of a batch's results."""

from __future__ import annotations

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

__all__ = ["FIGURES", "FIRST", "LAST", "STATE", "TAKEN", "WHOLE"]
