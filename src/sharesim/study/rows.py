"""The rows of a study's tables: councils, services, baseline, risks, workforce, quality, neighbours.

A cell left empty is *absent*. What decides the answer and is absent is filled from `priors` and listed as an
assumption by ``sharesim check`` and in the report; it is never filled in silence.
"""

from __future__ import annotations

from typing import Literal

from sharesim.study.fields import ID_SENTENCE, CalendarYears, Day, Days, Flag, Frozen, Id, Line, Names, Number, field
from sharesim.study.quantity import (
    Bias,
    Elasticity,
    Factor,
    Money,
    Months,
    OfficerDays,
    Posts,
    Probability,
    Share,
    SignedMoney,
    SignedShare,
    Years,
)

ZERO = {"default": 0.0, "validate_default": True}
ONE = {"default": 1.0, "validate_default": True}


class CouncilRow(Frozen):
    """A body that can be a partner."""

    id: Id = field(ID_SENTENCE)
    name: Line = field("Name as printed in reports.", min_length=1, max_length=120)
    kind: Literal["district", "county", "unitary", "borough", "police", "fire", "voluntary", "company", "other"] = (
        field("What sort of body it is.", default="district")
    )
    population: Number | None = field("Residents.", unit="people", default=None, gt=0, le=1e8)
    control: Line = field("Party or group in control, for the report.", default="", max_length=80)
    can_host: Flag = field("Whether it may host a shared service.", default=True)
    turnover_per_year: Share | None = field(
        "Share of staff who leave in a normal year.", unit="share per year", default=None
    )
    terms_gbp: Money | None = field(
        "Average yearly pay of a post in the services studied.", unit="GBP per post per year", default=None
    )
    workforce: Line | None = field(
        "Profile in the workforce table (age x length of service).", default=None, max_length=60
    )
    election_years: CalendarYears = field("Years in which control may change, separated by semicolons.", default=())
    control_change_share: Number = field(
        "Chance that control changes at each of these elections.", unit="share", default=0.0, ge=0, le=1
    )
    ends: Day | None = field(
        "Date on which the body is abolished (reorganisation); nothing counts for it afterwards but one-off cost "
        "already committed.",
        default=None,
    )
    successor: Line = field(
        "Name of the body that replaces it; partners with one successor earn nothing by sharing after it.",
        default="",
        max_length=120,
    )
    stated_share: Number | None = field(
        "Its stated percentage where a split rule says 'stated'.", unit="share", default=None, ge=0, le=1
    )
    x_km: Number | None = field(
        "Easting of its main office, for the map.", unit="km", default=None, ge=-10_000, le=10_000
    )
    y_km: Number | None = field(
        "Northing of its main office, for the map.", unit="km", default=None, ge=-10_000, le=10_000
    )
    latitude: Number | None = field(
        "Latitude of its main office, for the map where no easting is given.", unit="degrees", default=None, ge=-90, le=90
    )
    longitude: Number | None = field(
        "Longitude of its main office, east positive.", unit="degrees", default=None, ge=-180, le=180
    )
    # -- for the finance director, in the money of the first year
    reserves_gbp: Number | None = field(
        "Usable General Fund reserves when the study begins.", unit="GBP", default=None, ge=0, le=1e12
    )
    reserve_floor_gbp: Number | None = field(
        "Reserves below which the council may not fall.", unit="GBP", default=None, ge=0, le=1e12
    )
    receipts_gbp: Number | None = field(
        "Capital receipts set aside for the change.", unit="GBP", default=None, ge=0, le=1e12
    )
    tax_base: Number | None = field(
        "Council tax base: Band D equivalent dwellings.", unit="dwellings", default=None, gt=0, le=1e8
    )
    band_d_gbp: Number | None = field(
        "The council's own Band D council tax.", unit="GBP per dwelling per year", default=None, gt=0, le=1e5
    )


class ServiceRow(Frozen):
    """A service, what sharing it might save and what it takes to get there."""

    id: Id = field(ID_SENTENCE)
    name: Line = field("Name as printed in reports.", min_length=1, max_length=120)
    category: Line = field(
        "Grouping for reports: back office, regulatory, procurement, management ...", default="", max_length=60
    )
    # -- savings (docs/model.md section 2); a service may use several forms, they add
    elasticity: Elasticity | None = field(
        "Scale form: elasticity of cost to workload. 1 means no economies of scale; below 1 means some.",
        unit="ratio",
        default=None,
    )
    gain_by: Literal["own_cost", "pooled_cost"] = field(
        "Scale form, who gains: the rate on one's own cost, or own cost less one's workload share of the pooled cost.",
        default="own_cost",
    )
    saving_rate_share: SignedShare | None = field(
        "Share form: saving as a share of addressable spend (of the whole line where no addressable spend is given).",
        unit="share",
        default=None,
    )
    amount_per_partnership_gbp: SignedMoney | None = field(
        "Amount form: yearly saving of the partnership.", unit="GBP per year", default=None
    )
    amount_per_partner_gbp: SignedMoney | None = field(
        "Amount form: yearly saving of each partner.", unit="GBP per year", default=None
    )
    posts_removed_per_extra_partner: Posts | None = field(
        "Posts form: posts no longer needed for each partner beyond the first.", unit="posts", default=None
    )
    cost_per_post_gbp: Money | None = field(
        "Posts form: full yearly cost of such a post.", unit="GBP per post per year", default=None
    )
    income_change_share: SignedShare | None = field(
        "Income form: change of the fee income when trading jointly, as a share of it; below 0 for a loss.",
        unit="share",
        default=None,
    )
    internal_saving_share: SignedShare | None = field(
        "Saving as a share of own cost when one council reorganises alone.", unit="share", default=None
    )
    saving_kind: Literal["planned", "realised"] = field(
        "planned: the figures above are plans, so realisation, coordination and cost increase apply. realised: they "
        "are what was seen to come out, so nothing more is taken off.",
        default="planned",
    )
    realisation_share: Factor | None = field(
        "Share of the planned saving that comes about.", unit="share", default=None
    )
    coordination_loss_share: Share | None = field(
        "Share of the saving lost for each partner beyond two.", unit="share", default=None
    )
    cost_increase_share: Share | None = field(
        "Extra yearly cost of working together, as a share of own cost.", unit="share", default=None
    )
    cashable_share: Share | None = field(
        "Share of the saving that can be taken out of a budget.", unit="share", default=None
    )
    ramp_years: Years | None = field("Years from start to full effect.", unit="years", default=None)
    delay_months: Months | None = field("Delay of the start beyond the plan.", unit="months", default=None)
    # -- staff (section 3)
    labour_share: Share | None = field(
        "Share of the line's cost that is pay, used where posts are not given.", unit="share", default=None
    )
    posts_share: Share | None = field("Share of the saving that comes off posts.", unit="share", default=None)
    structure_share: Factor | None = field(
        "Share of the planned post reduction that the structure implements.", unit="share", default=None
    )
    # -- one-off (section 4)
    team_gbp: Money = field("Programme team, legal, branding: once per bundle.", unit="GBP", **ZERO)
    ict_gbp: Money = field("ICT integration: once per bundle.", unit="GBP", **ZERO)
    premises_gbp: SignedMoney = field(
        "Premises, once per bundle; receipts are negative and come when it starts.", unit="GBP", **ZERO
    )
    internal_one_off_gbp: Money | None = field(
        "One-off cost when one council reorganises alone, in place of team, ICT, premises and dual running.",
        unit="GBP",
        default=None,
    )
    dual_running_gbp: Money = field("Running old and new side by side: once per bundle.", unit="GBP", **ZERO)
    joining_gbp: Money = field("Cost of each partner's joining.", unit="GBP per partner", **ZERO)
    officer_days: OfficerDays = field(
        "Officers' days each partner needs for the change.", unit="days per partner", **ZERO
    )
    delay_cost_gbp_per_month: Money = field("Extra one-off cost per month of delay.", unit="GBP per month", **ZERO)
    overrun_factor: Factor | None = field("Out-turn over plan of the one-off costs.", unit="ratio", default=None)
    optimism_bias_share: Bias | None = field(
        "Optimism bias on one-off costs, before what the distributions and the register already carry is netted off.",
        unit="share",
        default=None,
    )
    # -- running
    client_gbp_per_year: Money = field(
        "New client side of each partner that does not provide the service itself.",
        unit="GBP per partner per year",
        **ZERO,
    )
    host_fee_share: Share = field("Fee of the host as a share of the cost it carries for others.", unit="share", **ZERO)
    stranded_share: Share = field(
        "Share of the recharged overhead paid twice: it stays, and the provider's price carries its own.",
        unit="share",
        **ZERO,
    )
    stranded_years: Number = field("Years for which it stays.", unit="years", default=2.0, ge=0, le=20)
    carbon_tonnes_per_partner: SignedMoney | None = field(
        "Carbon dioxide equivalent that each partner avoids at full effect; below 0 where it emits more.",
        unit="tonnes per partner per year",
        default=None,
    )
    # -- the candidates
    forms: Names = field("Delivery forms to consider; empty takes those of [bundles].", default=())
    starts: Days = field("Start dates to consider; empty takes those of [bundles].", default=())
    hosts: Names = field("Councils that may host it; empty lets every partner that can.", default=())
    quality_weight: Number = field(
        "Weight of the service in the quality measure.", unit="weight", default=1.0, ge=0, le=1e6
    )
    source: Line = field("Where the figures come from.", default="", max_length=400)


class BaselineRow(Frozen):
    """What a council spends on a service today."""

    council: Line = field("Council id.", min_length=1, max_length=60)
    service: Line = field("Service id.", min_length=1, max_length=60)
    cost_gbp: Money = field("Yearly cost at the price base, real.", unit="GBP per year")
    workload: Factor | None = field(
        "Cases, payslips, applications: any measure that is the same for all councils.",
        unit="units per year",
        default=None,
    )
    addressable_gbp: Money | None = field(
        "Spend that a share-form saving applies to.", unit="GBP per year", default=None
    )
    income_gbp: Money | None = field(
        "Fee income that an income-form change applies to.", unit="GBP per year", default=None
    )
    posts_fte: Posts | None = field("Posts in the establishment.", unit="posts", default=None)
    vacant_fte: Posts = field("Vacant posts with a budget.", unit="posts", **ZERO)
    unbudgeted_vacant_fte: Posts = field(
        "Vacant posts without a budget: removing one saves nothing.", unit="posts", **ZERO
    )
    client_side_share: Share = field(
        "Share of the cost that stays with the council whoever provides it.", unit="share", **ZERO
    )
    overhead_share: Share = field("Share of the cost that is recharged overhead.", unit="share", **ZERO)
    gf_share: Share | None = field("Share of the line that falls on the General Fund.", unit="share", default=None)
    terms_gbp: Money | None = field(
        "Average yearly pay of a post here, where it differs from the council's.",
        unit="GBP per post per year",
        default=None,
    )
    planned_saving_gbp: Money = field(
        "Yearly saving on this line already in the council's plan.", unit="GBP per year", **ZERO
    )
    source: Line = field("Where the figures come from: given, measured or assumed.", default="", max_length=400)


class RiskRow(Frozen):
    """A row of the risk register."""

    id: Id = field(ID_SENTENCE)
    name: Line = field("The risk in a few words.", min_length=1, max_length=160)
    scope: Literal["programme", "service", "council", "pair"] = field("What it strikes.")
    targets: Names = field(
        "Service or council ids it may strike, each on its own; for a pair both ids. Empty: every one.", default=()
    )
    probability: Probability = field("Chance that it strikes.", unit="share")
    per: Literal["once", "year"] = field(
        "once: over the life of the programme. year: in each year until it strikes, which it does once at most.",
        default="once",
    )
    delay_months: Months = field("Delay it causes when it strikes before the start.", unit="months", **ZERO)
    saving_factor: Factor = field("Factor on savings once it has struck.", unit="ratio", **ONE)
    one_off_gbp: Money = field("One-off cost when it strikes.", unit="GBP", **ZERO)
    exit: Flag = field("Whether the council that it strikes leaves its arrangements.", default=False)
    points: Number = field(
        "Risk points of a bundle exposed to it, for a limit on points.", unit="points", default=0.0, ge=0, le=1e6
    )
    in_costs: Flag = field(
        "Whether its one-off cost is already part of the cost distributions (then it is not charged again).",
        default=False,
    )
    owner: Line = field("Who watches it.", default="", max_length=120)
    mitigation: Line = field("What is done about it.", default="", max_length=400)
    mitigated: Flag = field(
        "Whether the mitigation is bought: its cost falls due and its factors hold. Otherwise it is an offer that the "
        "result prices.",
        default=False,
    )
    mitigation_gbp: Money = field(
        "One-off cost of the mitigation, in year 0 where any chosen bundle is exposed to the risk.", unit="GBP", **ZERO
    )
    mitigation_gbp_per_year: Money = field("Yearly cost of the mitigation.", unit="GBP per year", **ZERO)
    mitigation_probability_factor: Number = field(
        "What the mitigation leaves of the chance.", unit="ratio", default=1.0, ge=0, le=1
    )
    mitigation_effect_factor: Number = field(
        "What it leaves of the delay, the one-off cost and the loss of savings.", unit="ratio", default=1.0, ge=0, le=1
    )
    source: Line = field("Where the figures come from.", default="", max_length=400)


class WorkforceRow(Frozen):
    """A cell of a workforce profile: the share of staff in an age band and a length-of-service band."""

    profile: Line = field("Name of the profile.", min_length=1, max_length=60)
    age_low: Number = field("Youngest age in the cell.", unit="years", ge=16, le=80)
    age_high: Number = field("Oldest age in the cell.", unit="years", ge=16, le=80)
    service_low: Number = field("Shortest service in the cell.", unit="years", ge=0, le=50)
    service_high: Number = field("Longest service in the cell.", unit="years", ge=0, le=50)
    share: Number = field("Share of staff in the cell; shares of a profile sum to 1.", unit="share", ge=0, le=1)


class QualityRow(Frozen):
    """A scored criterion of a service's quality."""

    service: Line = field("Service id.", min_length=1, max_length=60)
    criterion: Line = field("What is scored.", min_length=1, max_length=120)
    weight: Number = field("Weight within the service.", unit="weight", ge=0, le=1e6)
    before: Number = field("Score today.", unit="points", gt=0, le=1e6)
    after: Factor = field("Score when shared, at full effect.", unit="points")
    source: Line = field("Where the scores come from.", default="", max_length=400)


class NeighbourRow(Frozen):
    """Two councils that border on each other; either order."""

    council: Line = field("Council id.", min_length=1, max_length=60)
    neighbour: Line = field("Council id.", min_length=1, max_length=60)
