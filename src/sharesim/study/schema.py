"""The study file: every section and field with its unit, bound and a sentence.

The one source for validation, for ``sharesim schema`` (JSON Schema for editors) and for docs/reference.md.
"""

from __future__ import annotations

from datetime import date as Day
from typing import Annotated, Any, Literal

from pydantic import field_validator, model_validator

from sharesim.study.fields import Frozen, field
from sharesim.study.quantity import (
    Factor,
    Growth,
    Hazard,
    Money,
    Months,
    Probability,
    Quantity,
    Share,
    SignedMoney,
    Years,
)
from sharesim.study.rows import (
    ONE,
    ZERO,
    BaselineRow,
    CouncilRow,
    Id,
    Names,
    NeighbourRow,
    QualityRow,
    RiskRow,
    ServiceRow,
    WorkforceRow,
)
from sharesim.study.rules import Objective, Rule

FORMS = ("lead_authority", "section_113", "joint_committee", "company", "private_partner", "internal")
SPLITS = ("own", "equal", "base_cost", "workload", "stated")


class RateFrom(Frozen):
    """A yearly rate that holds from a year of the horizon on."""

    from_year: int = field("Year of the horizon, 0 for the first.", ge=0, le=60)
    rate_per_year: float = field("Real rate per year.", unit="share per year", ge=-0.05, le=0.2)


class About(Frozen):
    """What is asked, over which years and in whose pounds."""

    name: Id
    title: str = field("Title of the report.", min_length=1, max_length=160)
    question: str = field("The question to be decided, in one or two sentences.", default="", max_length=800)
    start: Day = field("First day of financial year 0, normally 1 April.")
    decision: Day | None = field("Day of the decision; leavers count from here. Absent: the first day.", default=None)
    horizon_years: int = field("Years appraised.", unit="years", default=10, ge=1, le=60)
    report_years: tuple[int, ...] = field("Shorter horizons to report besides.", unit="years", default=(5,))
    price_base: str = field("Prices that all money is in, such as 2007-08.", pattern=r"^\d{4}(-\d{2})?$")
    discount_rate_per_year: float | tuple[RateFrom, ...] = field(
        "Real discount rate; a schedule by year is allowed.", unit="share per year", default=0.035
    )
    cost_growth_per_year: Growth = field("Real growth of the services' cost per year.", unit="share per year", **ZERO)

    @field_validator("discount_rate_per_year")
    @classmethod
    def _sane_rate(cls, value: Any) -> Any:
        if isinstance(value, float) and not -0.05 <= value <= 0.2:
            raise ValueError("a yearly rate as a share: allowed -0.05 to 0.2 (write 0.035 for 3.5%)")
        return value

    @model_validator(mode="after")
    def _within(self) -> About:
        if bad := [year for year in self.report_years if not 1 <= year <= self.horizon_years]:
            raise ValueError(f"report_years {bad} lie outside the horizon of 1 to {self.horizon_years} years")
        if self.decision and self.decision > self.start.replace(year=self.start.year + self.horizon_years):
            raise ValueError("decision lies after the end of the horizon")
        return self


class Tables(Frozen):
    """Files of the tables, beside study.toml; a sheet of a workbook is written ``book.xlsx#sheet``."""

    councils: str = field("Table of councils.", default="councils.csv")
    services: str = field("Table of services.", default="services.csv")
    baseline: str = field("Table of council x service.", default="baseline.csv")
    risks: str | None = field("Risk register.", default=None)
    workforce: str | None = field("Workforce profiles.", default=None)
    quality: str | None = field("Scored quality criteria.", default=None)
    neighbours: str | None = field("Pairs of councils that border on each other.", default=None)


class Run(Frozen):
    """How much to compute, unless the command line says otherwise."""

    seed: int = field("Seed of all draws.", default=1, ge=0, lt=2**63)
    draws: int = field("Draws on which the portfolio is chosen.", default=4096, ge=64, le=10_000_000)
    judge_draws: int = field("Fresh draws on which it is judged.", default=8192, ge=64, le=10_000_000)
    method: Literal["monte_carlo", "latin_hypercube", "sobol"] = field("How futures are drawn.", default="monte_carlo")
    gap: float = field("Relative gap at which the choice may stop.", unit="share", default=1e-6, ge=0, le=0.5)
    time_limit_seconds: float = field("Longest time for the choice.", unit="seconds", default=300.0, gt=0)


class Staff(Frozen):
    """How posts fall away and what that costs, where a council or service does not say otherwise."""

    redeployment_share: Share | None = field("Share of displaced staff who are redeployed.", unit="share", default=None)
    voluntary_share: Share | None = field("Share of the rest who go by agreement.", unit="share", default=None)
    redundancy_multiple: Factor | None = field("Local pay-out over the statutory one.", unit="ratio", default=None)
    pay_is_capped: bool = field("Whether the weekly pay in the formula is capped as in the statute.", default=True)
    weekly_pay_cap_gbp: dict[int, float] = field("Cap by financial year (first calendar year), over the built-in table.", unit="GBP per week", default={})
    pay_gbp: Money | None = field("Average yearly pay of a post where no terms are given.", unit="GBP per post per year", default=None)
    on_cost_share: Share | None = field("Employer's national insurance and pension, on top of pay.", unit="share", default=None)
    notice_weeks: Factor | None = field("Notice paid to those who go compulsorily.", unit="weeks", default=None)
    scheme_member_share: Share | None = field("Share of staff in the pension scheme.", unit="share", default=None)
    strain_multiple: Factor | None = field("Pension strain of a member at or over the pension age with 20 years' service, as a multiple of yearly pay.", unit="ratio", default=None)
    strain_years: int = field("Years over which the scheme lets strain be paid.", unit="years", default=3, ge=1, le=10)
    harmonisation_share: Share | None = field("How far pay drifts up to the best terms where staff transfer.", unit="share", default=None)
    exit_cost_factor: Factor | None = field("Uncertainty of the cost per exit round its expected value.", unit="ratio", default=None)
    officer_day_gbp: Money | None = field("Cost of an officer's day.", unit="GBP per day", default=None)


class Costs(Frozen):
    """When one-off costs fall due."""

    profile: tuple[float, ...] = field("Shares of one-off cost by year from `lead_years` before the planned start; they sum to 1.", unit="share", default=(1.0,), min_length=1, max_length=10)
    lead_years: int = field("Years before the planned start in which spending begins (never before year 0).", unit="years", default=0, ge=0, le=5)
    governance_gbp_per_partner: Money = field("Yearly cost of governing an arrangement, each partner.", unit="GBP per partner per year", **ZERO)
    sunk_share: Share | None = field("Share of one-off costs already spent when an arrangement is cancelled before its start.", unit="share", default=None)

    @field_validator("profile")
    @classmethod
    def _sums_to_one(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if min(value) < 0 or abs(sum(value) - 1.0) > 1e-9:
            raise ValueError(f"shares by year must be 0 or more and sum to 1; they sum to {sum(value):g}")
        return value


class Exit(Frozen):
    """How arrangements end before the horizon."""

    hazard_per_year: Hazard | None = field("Chance per year that an arrangement (mean of three partners) loses a partner or ends.", unit="share per year", default=None)
    before_start_hazard_per_year: Hazard | None = field("The same between decision and start.", unit="share per year", default=None)
    notice_months: Months | None = field("Notice a leaving council gives; the arrangement goes on until it has run out.", unit="months", default=None)
    cost_share: Share | None = field("Cost of leaving, as a share of the leaver's yearly cost of the service.", unit="share", default=None)
    control_change_uplift: Factor | None = field("Added to the hazard in the year after an election, per unit chance that control changes (2 = three times the hazard if change were certain).", unit="ratio", default=None)
    smallest_partners: int = field("Fewest councils with which a shared arrangement goes on.", unit="councils", default=2, ge=2, le=20)


class Gate(Frozen):
    """A decision on the way: consultation, budget, head of paid service, cabinet."""

    id: Id
    name: str = field("Name as printed.", min_length=1, max_length=120)
    date: Day | None = field("Day planned for it, for the timeline.", default=None)
    wait_months: Months = field("Wait that it adds to the planned start.", unit="months", **ZERO)
    refusal: Probability = field("Chance that a council refuses, each on its own.", unit="share", **ZERO)
    services: Names = field("Services it applies to; empty for all.", default=())


class Split(Frozen):
    """Who bears and who gets what (docs/model.md section 6)."""

    one_off: Literal["own", "equal", "base_cost", "workload", "stated"] = field("One-off costs.", default="base_cost")
    exit: Literal["own", "equal", "base_cost", "workload", "stated"] = field("Costs when a partner leaves; own = the leaver pays.", default="own")
    running: Literal["own", "equal", "base_cost", "workload", "stated"] = field("Running costs of the arrangement.", default="equal")
    saving: Literal["own", "equal", "base_cost", "workload", "stated"] = field("Savings.", default="own")
    overspend: Literal["own", "equal", "base_cost", "workload", "stated"] = field("One-off cost above or below plan.", default="base_cost")
    host_premium_share: float = field("Share of the saving set aside for the host before the rest is split.", unit="share", default=0.0, ge=0, le=0.5)


class Form(Frozen):
    """What a delivery form costs and changes; unmentioned forms take the built-in entry."""

    transfers_terms: bool | None = field("Whether staff transfer, so that terms are harmonised (TUPE).", default=None)
    set_up_gbp: Money = field("Cost of setting it up, once per bundle.", unit="GBP", **ZERO)
    yearly_gbp: Money = field("Yearly cost of the vehicle, per bundle.", unit="GBP per year", **ZERO)
    vat_share: Share = field("Irrecoverable VAT, as a share of the cost that it carries.", unit="share", **ZERO)
    has_host: bool | None = field("Whether one partner hosts.", default=None)


class SharedItem(Frozen):
    """A cost paid once if any bundle that needs it is chosen: programme office, legal agreement, one HR system."""

    id: Id
    name: str = field("Name as printed.", min_length=1, max_length=120)
    services: Names = field("Services that need it; empty for every service.", default=())
    least_partners: int = field("Fewest partners of a bundle that needs it; 1 when a council that reorganises alone needs it too.", default=2, ge=1, le=20)
    per_council: bool = field("True: each council with a chosen bundle that needs it pays it. False: paid once for all.", default=False)
    one_off_gbp: Money = field("One-off cost.", unit="GBP", **ZERO)
    yearly_gbp: Money = field("Yearly cost to the end of the horizon.", unit="GBP per year", **ZERO)
    year: int = field("Year of the horizon in which it is paid, or its yearly cost begins.", default=0, ge=0, le=59)
    split: Literal["equal", "base_cost", "stated"] = field("How councils divide it when paid once for all.", default="equal")


class Grant(Frozen):
    """Money from outside, paid once if a bundle that qualifies is chosen."""

    id: Id
    name: str = field("Name as printed.", min_length=1, max_length=120)
    amount_gbp: Money = field("Amount, real.", unit="GBP")
    chance: Probability = field("Chance that it is paid.", unit="share", **ONE)
    year: int = field("Year of the horizon in which it is paid.", default=0, ge=0, le=59)
    services: Names = field("Services of which one must be shared; empty for any.", default=())
    least_partners: int = field("Fewest partners of a bundle that qualifies.", default=2, ge=1, le=20)
    clawback_chance: Probability = field("Chance that it has to be paid back.", unit="share", **ZERO)
    clawback_year: int = field("Year of the horizon in which that would be.", default=3, ge=0, le=59)
    split: Literal["equal", "base_cost", "stated"] = field("How councils divide it.", default="equal")


class Package(Frozen):
    """Services that can only be shared together."""

    id: Id
    name: str = field("Name as printed.", min_length=1, max_length=120)
    services: Names = field("Its services.", min_length=2)


class Bundles(Frozen):
    """Which arrangements are considered."""

    least_partners: int = field("Fewest partners in a shared bundle.", unit="councils", default=2, ge=2, le=20)
    most_partners: int = field("Most partners in a bundle.", unit="councils", default=4, ge=1, le=20)
    forms: tuple[Literal["lead_authority", "section_113", "joint_committee", "company", "private_partner"], ...] = field(
        "Delivery forms considered.", default=("lead_authority",), min_length=1
    )
    starts: tuple[Day, ...] = field("Start dates considered; absent: the first day of the horizon.", default=())
    internal: bool = field("Whether one council may also reorganise alone (where a service has internal_saving_share).", default=False)
    adjacent: Literal["any", "connected"] = field("any: partners anywhere. connected: partners form a connected area of neighbours.", default="any")


class NamedDriver(Frozen):
    """An uncertain input that several numbers follow."""

    name: str = field("Name used in {driver = ...}.", min_length=1, max_length=80, pattern=r"^[^()*]+$")
    id: Id | None = field("Stable id; keeps its futures when the name changes. Absent: the name.", default=None)
    value: Annotated[Quantity, field("Its distribution.")]
    source: str = field("Where it comes from.", default="", max_length=400)

    @field_validator("value", mode="before")
    @classmethod
    def _read(cls, raw: Any) -> Any:
        return Quantity.of(raw) if not isinstance(raw, Quantity) else raw


class Correlation(Frozen):
    """Spearman rank correlation between drivers, given by driver name or by pattern with ``*``."""

    drivers: tuple[str, ...] = field("Drivers (or patterns such as services.*.ict_gbp), every pair of which has this correlation.", min_length=1)
    rank: float = field("Spearman's rank correlation.", unit="ratio", gt=-1, lt=1)


class Dependence(Frozen):
    """How drivers move together."""

    correlations: tuple[Correlation, ...] = field("Rank correlations.", default=())
    copula: Literal["gaussian", "t"] = field("gaussian, or t for drivers that move together in the tails.", default="gaussian")
    degrees_of_freedom: float = field("Degrees of freedom of the t copula.", default=5.0, gt=2, le=100)
    strict: bool = field("True: refuse an impossible set of correlations instead of moving to the nearest possible.", default=False)


class Published(Frozen):
    """A figure published elsewhere, set beside the simulated range; never an input."""

    label: str = field("What was published.", min_length=1, max_length=200)
    measure: Literal["cashable_gbp", "non_cashable_gbp", "quality_change_share", "one_off_gbp", "npv_gbp"] = field("What it measures.")
    value: float = field("The figure: GBP in total over the years given, or a share.", unit="GBP")
    years: int = field("Over how many years from the start of the study.", unit="years", default=5, ge=1, le=60)
    per_year: bool = field("True: the figure is a yearly one at full effect, compared with the last of those years.", default=False)
    services: Names = field("Services it covers; empty for all.", default=())
    councils: Names = field("Councils it covers; empty for all.", default=())
    kind: Literal["planned", "realised"] = field("Whether it was a plan or an out-turn.", default="planned")
    source: str = field("Where it was published.", default="", max_length=400)


Overrides = dict[str, Any]


class StudyModel(Frozen):
    """A whole study, tables included."""

    study: About
    tables: Tables = field("Files of the tables.", default=Tables())
    run: Run = field("How much to compute.", default=Run())
    staff: Staff = field("Staff rules.", default=Staff())
    costs: Costs = field("One-off cost timing and running cost.", default=Costs())
    exit: Exit = field("How arrangements end.", default=Exit())
    split: Split = field("Who gets what.", default=Split())
    bundles: Bundles = field("Which arrangements are considered.", default=Bundles())
    forms: dict[Literal["lead_authority", "section_113", "joint_committee", "company", "private_partner", "internal"], Form] = field("Delivery forms.", default={})
    gates: tuple[Gate, ...] = field("Decisions on the way.", default=())
    packages: tuple[Package, ...] = field("Services shared only together.", default=())
    shared_items: tuple[SharedItem, ...] = field("Costs paid once for several bundles.", default=())
    grants: tuple[Grant, ...] = field("Grants.", default=())
    drivers: tuple[NamedDriver, ...] = field("Named drivers.", default=())
    dependence: Dependence = field("How drivers move together.", default=Dependence())
    rules: tuple[Rule, ...] = field("Rules of the choice.", default=())
    objective: Objective = field("What the choice maximises.", default=Objective())
    published: tuple[Published, ...] = field("Published figures to set beside the result.", default=())
    defaults: dict[str, Any] = field(
        "Values for absent cells of a table column or setting, such as \"services.cashable_share\" = 0.8; stated here "
        "they are the study's own and no longer assumed.", default={},
    )
    scenarios: dict[str, Overrides] = field("Named sets of overrides, path = value.", default={})
    councils: tuple[CouncilRow, ...] = field("Rows of the councils table.", default=())
    services: tuple[ServiceRow, ...] = field("Rows of the services table.", default=())
    baseline: tuple[BaselineRow, ...] = field("Rows of the baseline table.", default=())
    risks: tuple[RiskRow, ...] = field("Rows of the risk register.", default=())
    workforce: tuple[WorkforceRow, ...] = field("Rows of the workforce table.", default=())
    quality: tuple[QualityRow, ...] = field("Rows of the quality table.", default=())
    neighbours: tuple[NeighbourRow, ...] = field("Rows of the neighbours table.", default=())


ROWS: dict[str, type[Frozen]] = {
    "councils": CouncilRow,
    "services": ServiceRow,
    "baseline": BaselineRow,
    "risks": RiskRow,
    "workforce": WorkforceRow,
    "quality": QualityRow,
    "neighbours": NeighbourRow,
}
