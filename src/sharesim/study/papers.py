"""What a committee's papers need beside the model: reserves and plans of finance, implications, who stands behind a figure.

Nothing here moves the simulation; it is set beside its results.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sharesim.study.fields import Day, Flag, Frozen, Line, Number, Shares, field

Yearly = Annotated[Shares, Field(max_length=60)]


class Finance(Frozen):
    """How the result is set beside budgets, which are in the money of each year."""

    inflation_per_year: Number = field(
        "Rise of prices from the price base on: turns real pounds into those of a medium-term plan.",
        unit="share per year", default=0.02, ge=-0.05, le=0.2,
    )  # fmt: skip
    receipts_fund_change: Flag = field(
        "Whether capital receipts may pay for the change (the flexible use of receipts), before reserves do.",
        default=True,
    )


class PlanLine(Frozen):
    """A line of a council's medium-term financial plan."""

    council: Line = field("Council id.", min_length=1, max_length=60)
    line: Line = field("What it is, such as 'Savings still to be found'.", min_length=1, max_length=120)
    amounts_gbp: Yearly = field(
        "Amounts by financial year from the first of the study, in the money of each year; a gap to be closed is "
        "positive. Years beyond the list have no plan; those beyond the horizon are left out.",
        unit="GBP per year", min_length=1,
    )  # fmt: skip
    source: Line = field("Where it is published.", default="", max_length=400)


class Implications(Frozen):
    """What officers have to say on each heading of a committee report; what is left out stays a box to fill in."""

    legal: Line = field("Powers, agreements, TUPE.", default="", max_length=4000)
    procurement: Line = field("Contracts that end, start or are shared.", default="", max_length=4000)
    personnel: Line = field("Staff, unions, terms.", default="", max_length=4000)
    governance: Line = field("Who decides, who oversees.", default="", max_length=4000)
    community_safety: Line = field("Crime and disorder (section 17).", default="", max_length=4000)
    policy: Line = field("The council's plan and policies.", default="", max_length=4000)
    biodiversity: Line = field("The duty to conserve biodiversity.", default="", max_length=4000)
    equalities: Line = field("The equality duty, and the impact assessment.", default="", max_length=4000)
    climate: Line = field("Carbon and climate.", default="", max_length=4000)
    wards: Line = field("Wards affected.", default="", max_length=4000)
    consultees: Line = field("Who was consulted, and when.", default="", max_length=4000)


class LoggedAssumption(Frozen):
    """Who stands behind a figure: an entry of the assumptions log."""

    path: Line = field(
        "What it is about: a driver's name or the path of a number, such as services.hr.elasticity; * stands for any.",
        min_length=1, max_length=160,
    )  # fmt: skip
    owner: Line = field("Who answers for it.", default="", max_length=120)
    status: Literal["proposed", "agreed", "challenged", "to be checked"] = field(
        "How far it is accepted.", default="proposed"
    )
    date: Day | None = field("Day of that status.", default=None)
    note: Line = field("What was said of it.", default="", max_length=400)


__all__ = ["Finance", "Implications", "LoggedAssumption", "PlanLine"]
