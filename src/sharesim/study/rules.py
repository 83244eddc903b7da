"""The rules a council or the programme may set (docs/model.md section 8), as data with a name, an owner and a sentence.

A rule is only stated here; `choice.formulation` turns it into rows and `choice.solution` checks it again afterwards.
Every rule can be switched off (``active = false``) and its numbers changed by ``--set rules.NAME.FIELD=VALUE``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from sharesim.study.fields import CalendarYears, Flag, Frozen, Line, Names, Number, Whole, field, refusal

ALL = "all"
PROGRAMME = "programme"


class RuleBase(Frozen):
    """What every rule carries whatever it demands."""

    name: Line = field("Short unique name, used in messages, tables and --set.", min_length=1, max_length=80)
    owner: Line = field("Who set it: a council id or 'programme'.", default=PROGRAMME, max_length=60)
    sentence: Line = field("The rule in its owner's own words, printed in reports.", default="", max_length=400)
    active: Flag = field("False switches the rule off without deleting it.", default=True)

    if TYPE_CHECKING:
        # Each kind has a field of its own with the one word that it takes; a field here would be listed with these.
        @property
        def kind(self) -> str: ...


class MustShare(RuleBase):
    """These councils share these services: each in exactly one shared bundle."""

    kind: Literal["must_share"]
    services: Names = field("Services that must be in exactly one shared bundle.", min_length=1)
    councils: Names = field("Councils bound by it; ['all'] for every council that has the service.", default=(ALL,))


class NeverShare(RuleBase):
    """These councils keep these services to themselves."""

    kind: Literal["never_share"]
    services: Names = field("Services that must stay with the council.", min_length=1)
    councils: Names = field("Councils bound by it; ['all'] for everybody.", default=(ALL,))


class ForcePartners(RuleBase):
    """These councils are together in at least one chosen bundle."""

    kind: Literal["force_partners"]
    councils: Names = field("Councils that must be together in at least one chosen bundle.", min_length=2)
    services: Names = field("Services where this must hold, each; ['all'] means in any one service.", default=(ALL,))


class ForbidPartners(RuleBase):
    """No chosen bundle holds two of these councils."""

    kind: Literal["forbid_partners"]
    councils: Names = field("No chosen bundle may hold any two of these councils.", min_length=2)
    services: Names = field("Services where this holds; ['all'] for every service.", default=(ALL,))


class LinkPartners(RuleBase):
    """Where one of these councils shares, all of them are in the same bundle."""

    kind: Literal["link_partners"]
    councils: Names = field("Where one of them shares, all of them are in the same bundle.", min_length=2)
    services: Names = field("Services where this holds; ['all'] for every service.", default=(ALL,))


class LinkServices(RuleBase):
    """A council shares all of these services or none, on demand with the same partners."""

    kind: Literal["link_services"]
    services: Names = field("A council shares all of these services or none of them.", min_length=2)
    councils: Names = field("Councils bound by it; ['all'] for everybody.", default=(ALL,))
    same_partners: Flag = field("True: also with the same partners in each.", default=False)


class ForbidForm(RuleBase):
    """These delivery forms are not chosen."""

    kind: Literal["forbid_form"]
    forms: Names = field("Delivery forms that may not be chosen, such as private_partner.", min_length=1)
    services: Names = field("Services where this holds; ['all'] for every service.", default=(ALL,))


class Budget(RuleBase):
    """One-off cost, before grants and receipts, stays within a limit, in the mean or at a percentile."""

    kind: Literal["budget"]
    limit_gbp: Number = field("Most one-off cost allowed, real pounds at the price base.", unit="GBP", ge=0, le=1e12)
    net_of_grants: Flag = field(
        "True: a grant takes its chance x amount off the cost of the year in which it comes, and no more than that "
        "year's cost.",
        default=False,
    )
    years: CalendarYears = field(
        "Financial years (by first calendar year) that the limit covers together; empty = all years.", default=()
    )
    council: Line = field(
        "Council id whose own one-off cost is limited, or 'programme' for the sum over councils.",
        default=PROGRAMME,
        max_length=60,
    )
    percentile: Number | None = field(
        "Absent: limit the mean. 0 < p < 100: the p-th percentile of the portfolio's cost must keep the limit.",
        unit="percent",
        default=None,
        gt=0,
        lt=100,
    )

    @model_validator(mode="after")
    def _one_year(self) -> Budget:
        if self.net_of_grants and self.percentile is not None and len(self.years) != 1:
            got = f"percentile = {self.percentile:g}, {len(self.years) or 'all'} years"
            problem, allowed = "a percentile net of grants is of one year", "years = [2027]"
            raise refusal(problem, got, allowed, "Name one year, or limit the mean, or the gross cost.")
        return self


class OfficerDays(RuleBase):
    """The transition takes no more officer days in a year than there are."""

    kind: Literal["officer_days"]
    limit_days: Number = field("Most officer days for transition in each year named.", unit="days", ge=0, le=1e9)
    council: Line = field("Council id, or 'programme' for the sum over councils.", default=PROGRAMME, max_length=60)
    years: CalendarYears = field("Financial years, each limited alone; empty = every year.", default=())


class Exits(RuleBase):
    """No more posts end in exits than this, in expectation."""

    kind: Literal["exits"]
    limit_posts: Number = field("Most exits, in expectation over the draws.", unit="posts", ge=0, le=1e9)
    exit_kind: Literal["compulsory", "voluntary", "all"] = field("Which exits are counted.", default="compulsory")
    council: Line = field("Council id, or 'programme' for the sum over councils.", default=PROGRAMME, max_length=60)


class Redeployments(RuleBase):
    """No more people are redeployed in a year than this, in expectation."""

    kind: Literal["redeployments"]
    limit_posts: Number = field(
        "Most redeployments in each year named, in expectation.", unit="posts per year", ge=0, le=1e9
    )
    council: Line = field("Council id, or 'programme' for the sum over councils.", default=PROGRAMME, max_length=60)
    years: CalendarYears = field("Financial years, each limited alone; empty = every year.", default=())


class MostPartners(RuleBase):
    """A council has at most so many different partners over all its services."""

    kind: Literal["most_partners"]
    limit: Whole = field(
        "Most different partners a council may have over all its services.", unit="councils", ge=0, le=10_000
    )
    councils: Names = field("Councils bound by it; ['all'] for everybody.", default=(ALL,))


class MostHosted(RuleBase):
    """A council hosts at most so many services."""

    kind: Literal["most_hosted"]
    limit: Whole = field("Most services that a council may host.", unit="services", ge=0, le=10_000)
    councils: Names = field("Councils bound by it; ['all'] for everybody.", default=(ALL,))


class LeastHosted(RuleBase):
    """A council hosts at least so many services."""

    kind: Literal["least_hosted"]
    limit: Whole = field("Fewest services that a council must host.", unit="services", ge=1, le=10_000, default=1)
    councils: Names = field("Councils bound by it; ['all'] for everybody.", default=(ALL,))


class ControlGroups(RuleBase):
    """Councils of different groups are never in one bundle."""

    kind: Literal["control_groups"]
    groups: dict[Line, Names] = field("Group name -> council ids; no bundle may mix councils of different groups.")
    services: Names = field("Services where this holds; ['all'] for every service.", default=(ALL,))


class SmallestShare(RuleBase):
    """A council receives at least this share of the portfolio's mean NPV."""

    kind: Literal["smallest_share"]
    share: Number = field(
        "Smallest share of the portfolio's mean NPV that the council must receive.", unit="share", ge=0, le=1
    )
    councils: Names = field("Councils protected by it; ['all'] for everybody.", default=(ALL,))


class BreakEven(RuleBase):
    """A council's own NPV keeps a floor: in the mean, in the worst futures, or with a probability."""

    kind: Literal["break_even"]
    councils: Names = field("Councils protected by it, each; ['all'] for everybody.", default=(ALL,))
    measure: Literal["mean", "cvar", "probability"] = field("What must not fall below the floor.", default="mean")
    floor_gbp: Number = field(
        "The floor of the council's own NPV; 0 means break even.", unit="GBP", default=0.0, ge=-1e12, le=1e12
    )
    level: Number = field("For cvar: the worst share of futures averaged.", unit="share", default=0.05, gt=0, le=1)
    probability: Number = field(
        "For probability: least chance of reaching the floor.", unit="share", default=0.8, gt=0, lt=1
    )


class CvarFloor(RuleBase):
    """The mean NPV of the portfolio's worst futures keeps a floor."""

    kind: Literal["cvar_floor"]
    floor_gbp: Number = field(
        "Least mean NPV of the worst share of futures, whole portfolio.", unit="GBP", ge=-1e12, le=1e12
    )
    level: Number = field("The worst share of futures averaged.", unit="share", default=0.05, gt=0, le=1)


class LossProbability(RuleBase):
    """The portfolio loses money in at most this share of futures."""

    kind: Literal["loss_probability"]
    most: Number = field("Most chance that the portfolio's NPV is below zero.", unit="share", gt=0, lt=1)


class Target(RuleBase):
    """The portfolio reaches a target NPV with at least this probability."""

    kind: Literal["target"]
    target_gbp: Number = field("Portfolio NPV that must be reached.", unit="GBP", ge=-1e12, le=1e12)
    probability: Number = field("Least chance of reaching it.", unit="share", gt=0, lt=1)


class RiskPoints(RuleBase):
    """The chosen bundles carry no more risk points than this together."""

    kind: Literal["risk_points"]
    limit_points: Number = field(
        "Most risk points from the register over all chosen bundles.", unit="points", ge=0, le=1e9
    )


Rule = Annotated[
    MustShare
    | NeverShare
    | ForcePartners
    | ForbidPartners
    | LinkPartners
    | LinkServices
    | ForbidForm
    | Budget
    | OfficerDays
    | Exits
    | Redeployments
    | MostPartners
    | MostHosted
    | LeastHosted
    | ControlGroups
    | SmallestShare
    | BreakEven
    | CvarFloor
    | LossProbability
    | Target
    | RiskPoints,
    Field(discriminator="kind"),
]


class Objective(Frozen):
    """What the choice maximises, all on mean values over the choosing draws."""

    kind: Literal["mean", "mean_cvar", "weights", "lexicographic"] = field(
        "mean: mean NPV. mean_cvar: (1 - risk_weight) mean + risk_weight CVaR. weights: the weighted sum below. "
        "lexicographic: the measures in `order`, each kept within `tolerance_share` of its best before the next.",
        default="mean",
    )
    risk_weight: Number = field("Weight lambda on CVaR.", unit="share", default=0.0, ge=0, le=1)
    level: Number = field("The worst share of futures averaged in CVaR.", unit="share", default=0.05, gt=0, le=1)
    cashable_weight: Number = field(
        "Objective per GBP of discounted cashable saving less cost (the NPV).",
        unit="GBP per GBP",
        default=1.0,
        ge=0,
        le=1e6,
    )
    non_cashable_weight: Number = field(
        "Objective per GBP of discounted non-cashable saving.", unit="GBP per GBP", default=0.0, ge=0, le=1e6
    )
    quality_weight_gbp: Number = field(
        "Objective per whole unit (100%) of quality change.", unit="GBP", default=0.0, ge=0, le=1e12
    )
    order: tuple[Literal["npv", "cvar", "non_cashable", "quality", "exits"], ...] = field(
        "Lexicographic order, first first.", default=("npv",), min_length=1
    )
    tolerance_share: Number = field(
        "Share of the best value that a later measure may give up.", unit="share", default=0.0, ge=0, le=1
    )

    @model_validator(mode="after")
    def _weight_used(self) -> Objective:
        if self.risk_weight and self.kind != "mean_cvar":
            got, needed = f'kind = "{self.kind}"', 'kind = "mean_cvar"'
            problem = "risk_weight is given, but the objective does not use it"
            raise refusal(problem, got, needed, f"Write {needed}, or drop risk_weight.")
        return self
