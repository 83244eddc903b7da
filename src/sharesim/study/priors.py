"""What is assumed where a study is silent on something that decides the answer (docs/model.md section 10).

One place, each with its range, unit, source and reasoning. A study overrides any of them for a cell, or for all
absent cells at once in its ``[defaults]`` section; what is still taken from here is listed by ``sharesim check`` and
in the report with the pounds that its low-high range moves.
"""

from __future__ import annotations

from dataclasses import dataclass

from sharesim.study.facts import FORM_FACTS, WEEKLY_PAY_CAP_GBP, WORKFORCE_ASSUMED, stretched_workforce
from sharesim.uncertainty.distributions import (
    Distribution,
    constant,
    lognormal,
    normal,
    pert,
    triangular,
    truncated,
    uniform,
)


@dataclass(frozen=True)
class Prior:
    """A named assumption.

    Parameters
    ----------
    path : str
        ``table.field`` or ``section.field`` that it fills.
    value : Distribution
        What is drawn where the study is silent.
    low, high : float
        The range whose effect in pounds is reported: what a sceptic and an optimist could both defend.
    unit, source, reasoning : str
        What it rests on; where nothing does, the source says so.
    """

    path: str
    value: Distribution
    low: float
    high: float
    unit: str
    source: str
    reasoning: str


_ASSUMED = "assumption, no source"

# fmt: off
PRIORS: dict[str, Prior] = {
    prior.path: prior
    for prior in (
        Prior(
            "services.elasticity", truncated(normal(0.9, 0.1), low=0.5, high=1.3), 0.7, 1.05, "ratio",
            "own regression on RA 2021-22 (central services 0.65, se 0.09; environmental 1.07, se 0.07); Elston & "
            "Dixon 2020",
            "Cross-section elasticities are an upper bound on what pooling gains; English panels find no link at "
            "all, so the centre is drawn most of the way to 1.",
        ),
        Prior(
            "services.realisation_share", pert(0.1, 0.75, 1.1), 0.3, 1.0, "ratio",
            "NAO 2012, 2016; tri-borough; register of arrangements",
            "Out-turn over plan at programmes with figures runs from below zero through 0.28 to 0.86, skewed "
            "downwards. What lies below zero is carried by cost_increase_share: a sign never turns by a product.",
        ),
        Prior(
            "services.coordination_loss_share", pert(0.0, 0.04, 0.15), 0.0, 0.12, "share",
            "Blåka 2017 and later work",
            "Gains fall as the number of partners rises; how fast is a judgement.",
        ),
        Prior(
            "services.cost_increase_share", pert(0.0, 0.01, 0.06), 0.0, 0.04, "share",
            "Drew, McQuestin & Dollery 2019",
            "Working together has cost more than it saved in some systems (whole-council spend up about 8% in South "
            "Australia), and English panels find no gain from sharing back offices.",
        ),
        Prior(
            "services.cashable_share", pert(0.4, 0.7, 0.95), 0.5, 0.9, "share",
            _ASSUMED,
            "Part of any fraction of a post saved is time, not cash.",
        ),
        Prior(
            "services.ramp_years", triangular(0.5, 1.5, 3.0), 1.0, 3.0, "years",
            "GFOA guide; Surrey reorganisation model (10, 40, 40, 10% of full effect over four years)",
            "Three to five years often pass before savings show; business cases reach full effect in four.",
        ),
        Prior(
            "services.delay_months", pert(0.0, 4.0, 18.0), 0.0, 12.0, "months",
            "Mott MacDonald 2002; Shropshire; Mansfield and Ashfield",
            "Programmes of non-standard development overran by 10 to 54% in time; approvals alone took 12 months or "
            "more.",
        ),
        Prior(
            "services.labour_share", pert(0.25, 0.6, 0.75), 0.3, 0.7, "share",
            "Lancashire returns 2024-25; Local Government Lawyer",
            "Pay is 20 to 56% of the lines in the returns, low where they are outsourced, and 65% or more of service "
            "contracts.",
        ),
        Prior(
            "services.posts_share", pert(0.5, 0.75, 0.95), 0.5, 0.95, "share",
            _ASSUMED,
            "Most of what pooling saves is posts; the rest is systems and premises.",
        ),
        Prior(
            "services.structure_share", pert(0.6, 0.95, 1.1), 0.7, 1.0, "ratio",
            _ASSUMED,
            "Structures are mostly implemented as planned even where the saving then is not.",
        ),
        Prior(
            "services.overrun_factor", lognormal(p10=0.95, p90=1.9), 1.0, 1.6, "ratio",
            "NAO 2012 (1.56); Flyvbjerg & Gardner; Budzier & Flyvbjerg",
            "Five central centres cost 1.4bn against 0.9bn planned; 18% of IT projects overrun by more than half, "
            "and those by far.",
        ),
        Prior(
            "services.optimism_bias_share", constant(0.1), 0.0, 0.41, "share",
            "Mott MacDonald 2002 (outsourcing 0 to 41%, equipment and development 10 to 200%)",
            "The lower end for equipment and development; what the distributions and the register already carry is "
            "netted off.",
        ),
        Prior(
            "services.internal_saving_share", pert(0.0, 0.02, 0.06), 0.0, 0.05, "share",
            _ASSUMED,
            "What a council can do alone, without a partner.",
        ),
        Prior(
            "study.discount_rate_per_year", constant(0.035), 0.015, 0.05, "share per year",
            "HM Treasury: 3.5% real; time preference alone 1.5%; under review since 2025",
            "The Green Book's rate; time preference alone is the lowest rate that anybody defends.",
        ),
        Prior(
            "study.cost_growth_per_year", constant(0.0), -0.01, 0.02, "share per year",
            _ASSUMED,
            "Costs keep pace with prices; pay has run ahead of prices in some years and behind in others.",
        ),
        Prior(
            "baseline.client_side_share", constant(0.0), 0.0, 0.1, "share",
            _ASSUMED,
            "Sharing keeps members, policies and somebody to hold the provider to account; taken as nothing unless "
            "given.",
        ),
        Prior(
            "baseline.overhead_share", constant(0.0), 0.0, 0.2, "share",
            _ASSUMED,
            "Returns carry recharged overheads that sharing does not touch; taken as nothing unless given.",
        ),
        Prior(
            "costs.governance_gbp_per_partner", constant(0.0), 0.0, 5000.0, "GBP per partner per year",
            _ASSUMED,
            "Boards, reports and a client officer's time; taken as nothing unless given.",
        ),
        Prior(
            "staff.strain_years", constant(3.0), 1.0, 5.0, "years",
            _ASSUMED,
            "Schemes let strain be paid over up to five years, some at once.",
        ),
        Prior(
            "baseline.gf_share", constant(1.0), 0.8, 1.0, "share",
            _ASSUMED,
            "Support services of councils with housing are partly charged to the housing account.",
        ),
        Prior(
            "councils.turnover_per_year", pert(0.05, 0.1, 0.18), 0.06, 0.15, "share per year",
            _ASSUMED,
            "Turnover of local government staff in normal years.",
        ),
        Prior(
            "councils.workforce", constant(1.0), 0.7, 1.3, "times the assumed lengths of service",
            _ASSUMED,
            "A profile of ages and lengths of service of our own; the range makes everybody's service 30% shorter or "
            "longer.",
        ),
        Prior(
            "staff.redeployment_share", pert(0.1, 0.3, 0.6), 0.1, 0.5, "share",
            _ASSUMED,
            "Depends on the vacancies that the council has elsewhere.",
        ),
        Prior(
            "staff.voluntary_share", pert(0.3, 0.6, 0.9), 0.3, 0.9, "share",
            _ASSUMED,
            "Councils seek volunteers first.",
        ),
        Prior(
            "staff.redundancy_multiple", pert(1.0, 1.5, 2.2), 1.0, 2.2, "ratio",
            _ASSUMED,
            "Local schemes pay from the statutory weeks to 2.2 times them; the legal ceiling is 104 weeks.",
        ),
        Prior(
            "staff.on_cost_share", pert(0.22, 0.28, 0.4), 0.22, 0.4, "share",
            _ASSUMED,
            "Employer's national insurance and a pension rate of 15 to 25% give 1.28 to 1.40 times pay from 2025; "
            "less in earlier years. From memory.",
        ),
        Prior(
            "staff.notice_weeks", pert(4.0, 8.0, 12.0), 4.0, 12.0, "weeks",
            "Employment Rights Act: one week a year of service, at most 12",
            "Half to all of the statutory most, since those who go compulsorily have served for years.",
        ),
        Prior(
            "staff.scheme_member_share", pert(0.7, 0.85, 0.95), 0.7, 0.95, "share",
            _ASSUMED,
            "Most staff are in the pension scheme, which they join unless they opt out.",
        ),
        Prior(
            "staff.strain_multiple", pert(0.5, 1.0, 1.8), 0.5, 1.5, "ratio",
            "Spence & Partners: about 40k at 40k pay and 20 years' service, at 55",
            "Strain falls with age and rises with service.",
        ),
        Prior(
            "staff.harmonisation_share", pert(0.0, 0.4, 1.0), 0.0, 1.0, "share",
            _ASSUMED,
            "Pay lines drift to the higher scale.",
        ),
        Prior(
            "staff.exit_cost_factor", lognormal(mean=1.0, sd=0.4), 0.7, 1.4, "ratio",
            "DLUHC exit payments 2020-22",
            "Averages per council run from 3k to 53k; single exits have a cv of about 1, the mean of a few about "
            "0.4.",
        ),
        Prior(
            "staff.pay_gbp", constant(32000.0), 27000.0, 40000.0, "GBP per post per year",
            _ASSUMED,
            "Pay level of 2025; a study in other prices has to give its own.",
        ),
        Prior(
            "staff.officer_day_gbp", constant(300.0), 200.0, 450.0, "GBP per day",
            _ASSUMED,
            "A senior officer's day with on-costs.",
        ),
        Prior(
            "exit.hazard_per_year", pert(0.02, 0.05, 0.1), 0.03, 0.08, "share per year",
            "register of arrangements: 11 endings in very roughly 140 partnership-years",
            "About 8% a year in the register; endings make news, so 3 to 8%.",
        ),
        Prior(
            "exit.before_start_hazard_per_year", pert(0.02, 0.08, 0.2), 0.04, 0.15, "share per year",
            "Clyde Valley 2011 (two of eight withdrew before launch)",
            "Higher before launch than after.",
        ),
        Prior(
            "exit.notice_months", pert(6.0, 12.0, 18.0), 6.0, 18.0, "months",
            "tri-borough (about 12 months); model agreements",
            "About twelve months.",
        ),
        Prior(
            "exit.cost_share", pert(0.05, 0.15, 0.5), 0.05, 0.4, "share",
            _ASSUMED,
            "Notice pay, system split, re-recruitment, staff back.",
        ),
        Prior(
            "exit.control_change_uplift", pert(0.5, 1.5, 4.0), 0.0, 3.0, "ratio",
            "Elston, Rackwitz & Bel 2023; tri-borough",
            "Changes of control end arrangements; by how much is a judgement.",
        ),
        Prior(
            "costs.sunk_share", uniform(0.2, 0.8), 0.2, 0.8, "share",
            _ASSUMED,
            "Programme money is spent early, systems late.",
        ),
    )
}
# fmt: on

# Assumed figures that the model holds as plain settings and not as numbers of a study.
PLAIN_SETTINGS = ("study.discount_rate_per_year", "staff.strain_years")

__all__ = [
    "FORM_FACTS", "PLAIN_SETTINGS", "PRIORS", "WEEKLY_PAY_CAP_GBP", "WORKFORCE_ASSUMED", "Prior", "stretched_workforce",
]  # fmt: skip
