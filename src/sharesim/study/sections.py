"""The sections of study.toml: every field with its unit, bound and a sentence."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Tag, ValidationInfo, field_validator

from sharesim.study.fields import (
    ID_SENTENCE,
    Counts,
    Day,
    Days,
    FileName,
    FinancialYear,
    Flag,
    Frozen,
    Id,
    Line,
    Names,
    Number,
    PayCap,
    PriceBase,
    Shares,
    Whole,
    field,
    refusal,
)
from sharesim.study.quantity import (
    AnyNumber,
    Factor,
    Growth,
    Hazard,
    Money,
    Months,
    Probability,
    Share,
)
from sharesim.study.rows import ONE, ZERO

FORMS = ("lead_authority", "section_113", "joint_committee", "company", "private_partner", "internal")
SPLITS = ("own", "equal", "base_cost", "workload", "stated")
LEAST_RATE, MOST_RATE = -0.05, 0.2

SplitRule = Literal["own", "equal", "base_cost", "workload", "stated"]
ItemSplit = Literal["equal", "base_cost", "stated"]
SharedForm = Literal["lead_authority", "section_113", "joint_committee", "company", "private_partner"]
AnyForm = Literal["lead_authority", "section_113", "joint_committee", "company", "private_partner", "internal"]


class RateFrom(Frozen):
    """A yearly rate that holds from a year of the horizon on."""

    from_year: Whole = field("Year of the horizon, 0 for the first.", unit="years", ge=0, le=60)
    rate_per_year: Number = field("Real rate per year.", unit="share per year", ge=LEAST_RATE, le=MOST_RATE)


def _rate_form(raw: Any) -> str:
    return "schedule" if isinstance(raw, (list, tuple)) else "rate"


def _sane_rate(value: float) -> float:
    if LEAST_RATE <= value <= MOST_RATE:
        return value
    percent = f"Write {value / 100:.10g} if {value:g}% is meant." if MOST_RATE < value < 100 * MOST_RATE else ""
    raise refusal("out of bounds", f"{value:g}", f"{LEAST_RATE:g} to {MOST_RATE:g}", percent)


DiscountRate = Annotated[
    Annotated[Number, AfterValidator(_sane_rate), Tag("rate")] | Annotated[tuple[RateFrom, ...], Tag("schedule")],
    Discriminator(_rate_form),
]


class About(Frozen):
    """What is asked, over which years and in whose pounds."""

    name: Id = field("Short id of the study: letters, digits, - and _.")
    title: Line = field("Title of the report.", min_length=1, max_length=160)
    question: Line = field("The question to be decided, in one or two sentences.", default="", max_length=800)
    start: Day = field("First day of financial year 0, normally 1 April.", ge=date(1990, 1, 1), le=date(2100, 12, 31))
    decision: Day | None = field("Day of the decision; leavers count from here. Absent: the first day.", default=None)
    horizon_years: Whole = field("Years appraised.", unit="years", default=10, ge=1, le=60)
    report_years: Counts = field(
        "Shorter horizons to report besides; those that are not shorter are left out.",
        unit="years", default=(5,), validate_default=True,
    )  # fmt: skip
    price_base: PriceBase = field("Prices that all money is in, a year such as 2007-08.")
    discount_rate_per_year: DiscountRate = field(
        "Real discount rate; a schedule [{from_year = 0, rate_per_year = 0.035}, ...] is allowed.",
        unit="share per year",
        default=0.035,
    )
    cost_growth_per_year: Growth = field("Real growth of the services' cost per year.", unit="share per year", **ZERO)

    @field_validator("start")
    @classmethod
    def _has_anniversaries(cls, value: date) -> date:
        if (value.month, value.day) == (2, 29):
            raise refusal(
                "a day that most years do not have",
                str(value),
                "a day with an anniversary every year",
                "Take the first of a month.",
            )
        return value

    @field_validator("discount_rate_per_year")
    @classmethod
    def _whole_schedule(cls, value: Any) -> Any:
        if isinstance(value, tuple):
            years = [step.from_year for step in value]
            if not years or years[0] != 0 or years != sorted(set(years)):
                got = "from_year " + ", ".join(map(str, years)) if years else "an empty list"
                raise refusal("not a schedule", got, "from_year 0 first, then rising", "Begin with from_year = 0.")
        return value

    @field_validator("report_years")
    @classmethod
    def _only_years_within(cls, value: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        if wrong := [year for year in value if year < 1]:
            raise refusal("not a number of years", str(wrong[0]), "1 or more")
        return tuple(sorted({year for year in value if year < info.data.get("horizon_years", 60)}))


class Tables(Frozen):
    """Files of the tables, beside study.toml; a sheet of a workbook is written ``book.xlsx#sheet``."""

    councils: FileName = field("Table of councils.", default="councils.csv")
    services: FileName = field("Table of services.", default="services.csv")
    baseline: FileName = field("Table of council x service.", default="baseline.csv")
    risks: FileName | None = field('Risk register. Absent: risks.csv where there is one; "" for none.', default=None)
    workforce: FileName | None = field("Workforce profiles. Absent: workforce.csv where there is one.", default=None)
    quality: FileName | None = field("Scored quality criteria. Absent: quality.csv where there is one.", default=None)
    neighbours: FileName | None = field(
        "Pairs of councils that border on each other. Absent: neighbours.csv where there is one.", default=None
    )
    built_by: Line = field("Command that builds tables not kept with the study; told when one is missing.", default="", max_length=200)


class Staff(Frozen):
    """How posts fall away and what that costs, where a council or service does not say otherwise."""

    redeployment_share: Share | None = field("Share of displaced staff who are redeployed.", unit="share", default=None)
    voluntary_share: Share | None = field("Share of the rest who go by agreement.", unit="share", default=None)
    redundancy_multiple: Factor | None = field("Local pay-out over the statutory one.", unit="ratio", default=None)
    pay_is_capped: Flag = field("Whether the weekly pay in the formula is capped as in the statute.", default=True)
    weekly_pay_cap_gbp: dict[FinancialYear, PayCap] = field(
        "Cap by financial year (first calendar year), over the built-in table.", unit="GBP per week", default={}
    )
    pay_gbp: Money | None = field(
        "Average yearly pay of a post where no terms are given.", unit="GBP per post per year", default=None
    )
    on_cost_share: Share | None = field(
        "Employer's national insurance and pension, on top of pay.", unit="share", default=None
    )
    notice_weeks: Factor | None = field("Notice paid to those who go compulsorily.", unit="weeks", default=None)
    scheme_member_share: Share | None = field("Share of staff in the pension scheme.", unit="share", default=None)
    strain_multiple: Factor | None = field(
        "Pension strain of a member at or over the pension age with 20 years' service, as a multiple of yearly pay.",
        unit="ratio",
        default=None,
    )
    strain_years: Whole = field(
        "Years over which the scheme lets strain be paid.", unit="years", default=3, ge=1, le=10
    )
    harmonisation_share: Share | None = field(
        "How far pay drifts up to the best terms where staff transfer.", unit="share", default=None
    )
    exit_cost_factor: Factor | None = field(
        "Uncertainty of the cost per exit round its expected value.", unit="ratio", default=None
    )
    officer_day_gbp: Money | None = field("Cost of an officer's day.", unit="GBP per day", default=None)


class Costs(Frozen):
    """When one-off costs fall due."""

    profile: Shares = field(
        "Shares of one-off cost by year from `lead_years` before the planned start; they sum to 1.",
        unit="share",
        default=(1.0,),
        min_length=1,
        max_length=10,
    )
    lead_years: Whole = field(
        "Years before the planned start in which spending begins (never before year 0).",
        unit="years",
        default=0,
        ge=0,
        le=5,
    )
    governance_gbp_per_partner: Money = field(
        "Yearly cost of governing an arrangement, each partner.", unit="GBP per partner per year", **ZERO
    )
    sunk_share: Share | None = field(
        "Share of one-off costs spent when an arrangement is cancelled before its planned start; later, all of them.",
        unit="share",
        default=None,
    )

    @field_validator("profile")
    @classmethod
    def _sums_to_one(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if min(value) < 0 or abs(sum(value) - 1.0) > 1e-9:
            got = f"a sum of {sum(value):.10g}" if min(value) >= 0 else f"{min(value):g}"
            raise refusal("shares by year do not add up", got, "0 or more each, 1 in all", "Scale them.")
        return value


class Exit(Frozen):
    """How arrangements end before the horizon."""

    hazard_per_year: Hazard | None = field(
        "Chance per year that an arrangement (mean of three partners) loses a partner or ends.",
        unit="share per year",
        default=None,
    )
    before_start_hazard_per_year: Hazard | None = field(
        "The same between decision and start.", unit="share per year", default=None
    )
    notice_months: Months | None = field(
        "Notice a leaving council gives; the arrangement goes on until it has run out.", unit="months", default=None
    )
    cost_share: Share | None = field(
        "Cost of leaving, as a share of the leaver's yearly cost of the service.", unit="share", default=None
    )
    control_change_uplift: Factor | None = field(
        "Added to the hazard in the year after an election, per unit chance that control changes (2: three times the "
        "hazard if a change were certain).",
        unit="ratio",
        default=None,
    )
    smallest_partners: Whole = field(
        "Fewest councils with which a shared arrangement goes on.", unit="councils", default=2, ge=2, le=20
    )


class Gate(Frozen):
    """A decision on the way: consultation, budget, head of paid service, cabinet."""

    id: Id = field(ID_SENTENCE)
    name: Line = field("Name as printed.", min_length=1, max_length=120)
    date: Day | None = field("Day planned for it, for the timeline.", default=None)
    wait_months: Months = field("Wait that it adds to the planned start.", unit="months", **ZERO)
    refusal: Probability = field("Chance that a council refuses, each on its own.", unit="share", **ZERO)
    services: Names = field("Services it applies to; empty for all.", default=())


class Split(Frozen):
    """Who bears and who gets what (docs/model.md section 6)."""

    one_off: SplitRule = field("One-off costs.", default="base_cost")
    exit: SplitRule = field("Costs when a partner leaves; own = the leaver pays.", default="own")
    running: SplitRule = field("Running costs of the arrangement.", default="equal")
    saving: SplitRule = field("Savings.", default="own")
    overspend: SplitRule = field("One-off cost above or below plan.", default="base_cost")
    host_premium_share: Number = field(
        "Share of the saving set aside for the host before the rest is split.", unit="share", default=0.0, ge=0, le=0.5
    )


class Form(Frozen):
    """What a delivery form costs and changes; unmentioned forms take the built-in entry."""

    transfers_terms: Flag | None = field("Whether staff transfer, so that terms are harmonised (TUPE).", default=None)
    set_up_gbp: Money = field("Cost of setting it up, once per bundle.", unit="GBP", **ZERO)
    yearly_gbp: Money = field("Yearly cost of the vehicle, per bundle.", unit="GBP per year", **ZERO)
    vat_share: Share = field("Irrecoverable VAT, as a share of the cost that it carries.", unit="share", **ZERO)
    has_host: Flag | None = field("Whether one partner hosts.", default=None)


class SharedItem(Frozen):
    """A cost paid once if any bundle that needs it is chosen: programme office, legal agreement, one HR system."""

    id: Id = field(ID_SENTENCE)
    name: Line = field("Name as printed.", min_length=1, max_length=120)
    services: Names = field("Services that need it; empty for every service.", default=())
    least_partners: Whole = field(
        "Fewest partners of a bundle that needs it; 1 when a council that reorganises alone needs it too.",
        unit="councils",
        default=2,
        ge=1,
        le=20,
    )
    per_council: Flag = field(
        "True: each council with a chosen bundle that needs it pays it. False: paid once for all.", default=False
    )
    one_off_gbp: Money = field("One-off cost.", unit="GBP", **ZERO)
    yearly_gbp: Money = field("Yearly cost to the end of the horizon.", unit="GBP per year", **ZERO)
    year: Whole = field(
        "Year of the horizon in which it is paid, or its yearly cost begins.", unit="years", default=0, ge=0, le=59
    )
    split: ItemSplit = field("How all councils of the study divide it when paid once for all.", default="equal")


class Grant(Frozen):
    """Money from outside, paid once if a bundle that qualifies is chosen."""

    id: Id = field(ID_SENTENCE)
    name: Line = field("Name as printed.", min_length=1, max_length=120)
    amount_gbp: Money = field("Amount, real.", unit="GBP")
    chance: Probability = field("Chance that it is paid.", unit="share", **ONE)
    year: Whole = field("Year of the horizon in which it is paid.", unit="years", default=0, ge=0, le=59)
    services: Names = field("Services of which one must be shared; empty for any.", default=())
    least_partners: Whole = field(
        "Fewest partners of a bundle that qualifies.", unit="councils", default=2, ge=1, le=20
    )
    clawback_chance: Probability = field("Chance that it has to be paid back.", unit="share", **ZERO)
    clawback_year: Whole = field("Year of the horizon in which that would be.", unit="years", default=3, ge=0, le=59)
    split: ItemSplit = field("How all councils of the study divide it.", default="equal")


class Package(Frozen):
    """Services that can only be shared together."""

    id: Id = field(ID_SENTENCE)
    name: Line = field("Name as printed.", min_length=1, max_length=120)
    services: Names = field("Its services.", min_length=2)


Forms = Annotated[tuple[SharedForm, ...], BeforeValidator(lambda raw: raw.split(";") if isinstance(raw, str) else raw)]


class Bundles(Frozen):
    """Which arrangements are considered."""

    least_partners: Whole = field("Fewest partners in a shared bundle.", unit="councils", default=2, ge=2, le=20)
    most_partners: Whole = field("Most partners in a bundle.", unit="councils", default=4, ge=1, le=20)
    forms: Forms = field("Delivery forms considered.", default=("lead_authority",), min_length=1)
    starts: Days = field("Start dates considered; absent: the first day of the horizon.", default=())
    internal: Flag = field(
        "Whether one council may also reorganise alone (where a service has internal_saving_share).", default=False
    )
    listed_only: Flag = field(
        "True: only what [[arrangements]] and [[stages]] name is considered, no other combination.", default=False
    )
    adjacent: Literal["any", "connected"] = field(
        "any: partners anywhere. connected: partners form a connected area of neighbours.", default="any"
    )


class NamedDriver(Frozen):
    """An uncertain input that several numbers follow."""

    name: Line = field("Name used in {driver = ...}.", min_length=1, max_length=80, pattern=r"^[^()*]+$")
    id: Id | None = field("Stable id; keeps its futures when the name changes. Absent: the name.", default=None)
    value: AnyNumber = field(
        "Its value: a number, or a law such as {pert = [80, 120, 220]}.", unit="that of what follows it"
    )
    source: Line = field("Where it comes from.", default="", max_length=400)


class Correlation(Frozen):
    """Spearman rank correlation between drivers, given by driver name or by pattern with ``*``."""

    drivers: Names = field(
        "Drivers (or patterns such as services.*.ict_gbp), every pair of which has this correlation.", min_length=1
    )
    rank: Number = field("Spearman's rank correlation.", unit="ratio", gt=-1, lt=1)
    factor: Line = field(
        "Name of something unseen that moves them: `rank` is then each one's with it.", default="", max_length=80
    )


class Dependence(Frozen):
    """How drivers move together."""

    correlations: tuple[Correlation, ...] = field("Rank correlations.", default=())
    copula: Literal["gaussian", "t"] = field(
        "gaussian, or t for drivers that move together in the tails.", default="gaussian"
    )
    degrees_of_freedom: Number = field("Degrees of freedom of the t copula.", unit="number", default=5.0, gt=2, le=100)
    strict: Flag = field(
        "True: refuse an impossible set of correlations instead of moving to the nearest possible.", default=False
    )
