"""The section of study.toml that says how much is computed, and how futures are drawn."""

from __future__ import annotations

from typing import Literal

from sharesim.study.fields import Frozen, Number, Whole, field
from sharesim.study.stop_rule import StopRule


class Run(Frozen):
    """How much to compute, unless the command line says otherwise."""

    seed: Whole = field("Seed of all draws.", default=1, ge=0, lt=2**63, unit="number")
    draws: Whole = field("Draws on which the portfolio is chosen.", unit="draws", default=4096, ge=64, le=10_000_000)
    judge_draws: Whole = field("Fresh draws on which it is judged.", unit="draws", default=8192, ge=64, le=10_000_000)
    method: Literal["monte_carlo", "latin_hypercube", "sobol"] = field("How futures are drawn.", default="monte_carlo")
    scrambles: Whole = field(
        "Under sobol: independent scrambles that the draws are divided among; 8 or more give Monte Carlo errors.",
        unit="number", default=1, ge=1, le=4096,
    )  # fmt: skip
    until: StopRule = field(
        "When the draws are enough, in place of `draws`: `mean within 5000` (the standard error of every bundle's mean; "
        "also sd, p10, cvar, p_loss), or `best 3 settled` (the best bundles and their order). Under sobol scrambles of "
        'draws / scrambles each are added. "": `draws` it is.',
        default="", max_length=80,
    )  # fmt: skip
    judge_until: StopRule = field(
        "The same for the portfolio on fresh draws, in place of `judge_draws`.", default="", max_length=80
    )
    most_draws: Whole = field("Where a stop rule gives up.", unit="draws", default=1_000_000, ge=8192, le=100_000_000)
    gap: Number = field("Relative gap at which the choice may stop.", unit="share", default=1e-6, ge=0, le=0.5)
    time_limit_seconds: Number = field("Longest time for the choice.", unit="seconds", default=300.0, gt=0, le=1e7)
    solver: Literal["auto", "cbc", "highs"] = field(
        "Program that searches. auto takes the faster one for the question; should it fail, the other, and says so.",
        default="auto",
    )


__all__ = ["Run"]
