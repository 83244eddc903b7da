"""What is assumed where a study is silent on something that decides the answer (docs/model.md section 10).

One place, each with its range, unit, source and reasoning. A study overrides any of them for a cell, or for all
absent cells at once in its ``[defaults]`` section; what is still taken from here is listed by ``sharesim check`` and
in the report with the pounds that its low-high range moves.
"""

from __future__ import annotations

from dataclasses import dataclass

from sharesim.uncertainty.distributions import (
    Distribution,
    constant,
    lognormal,
    pert,
    triangular,
    truncated,
    normal,
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
        For reports and docs/evidence.md.
    """

    path: str
    value: Distribution
    low: float
    high: float
    unit: str
    source: str
    reasoning: str


_ASSUMED = "assumption, no source"

PRIORS: dict[str, Prior] = {
    prior.path: prior
    for prior in (
        Prior(
            "services.elasticity", truncated(normal(0.9, 0.1), low=0.5, high=1.3), 0.7, 1.05, "ratio",
            "own regression on RA 2021-22 (central services 0.65, se 0.09; environmental 1.07, se 0.07); Elston & Dixon 2020",
            "Cross-section elasticities are an upper bound on what pooling gains; English panels find no link at all, so the "
            "centre is drawn most of the way to 1.",
        ),
        Prior(
            "services.realisation_share", pert(0.1, 0.75, 1.1), 0.3, 1.0, "ratio",
            "NAO 2012, 2016; tri-borough; register of arrangements",
            "Out-turn over plan at programmes with figures runs from below zero through 0.28 to 0.86; skewed downwards.",
        ),
        Prior(
            "services.coordination_loss_share", pert(0.0, 0.04, 0.15), 0.0, 0.12, "share", "Blaka 2017",
            "Gains fall as the number of partners rises; the size is a judgement.",
        ),
        Prior(
            "services.cost_increase_share", pert(0.0, 0.01, 0.06), 0.0, 0.04, "share", "Drew, McQuestin & Dollery 2019",
            "Working together has cost more than it saved in some systems (about 8% of spend at the worst).",
        ),
        Prior(
            "services.cashable_share", pert(0.4, 0.7, 0.95), 0.5, 0.9, "share", _ASSUMED,
            "Part of any fraction of a post saved is time, not cash.",
        ),
        Prior(
            "services.ramp_years", triangular(0.5, 1.5, 3.0), 1.0, 3.0, "years", "GFOA guide; PwC and CCN profiles",
            "Three to five years are often needed before savings show; profiles in business cases reach full effect in four.",
        ),
        Prior(
            "services.delay_months", pert(0.0, 4.0, 18.0), 0.0, 12.0, "months", "Mott MacDonald 2002; Shropshire, Mansfield-Ashfield",
            "Programmes of non-standard development overran by 10 to 54% in time; approvals alone took 12 months or more.",
        ),
        Prior(
            "services.labour_share", pert(0.25, 0.6, 0.75), 0.4, 0.7, "share", "Lancashire returns 2024-25; Local Government Lawyer",
            "Pay is 20 to 56% of the lines in the returns and 65% or more of service contracts.",
        ),
        Prior(
            "services.posts_share", pert(0.5, 0.75, 0.95), 0.5, 0.95, "share", _ASSUMED,
            "Most of what pooling saves is posts; the rest is systems and premises.",
        ),
        Prior(
            "services.structure_share", pert(0.6, 0.95, 1.1), 0.7, 1.0, "ratio", _ASSUMED,
            "Structures are mostly implemented as planned even where the saving then is not.",
        ),
        Prior(
            "services.overrun_factor", lognormal(p10=0.95, p90=1.9), 1.0, 1.6, "ratio", "NAO 2012 (1.56); Flyvbjerg & Gardner",
            "Five central centres cost 1.4bn against 0.9bn planned; one IT project in five overruns by more than half.",
        ),
        Prior(
            "services.optimism_bias_share", constant(0.10), 0.0, 0.41, "share", "Mott MacDonald 2002 (outsourcing 0-41%, equipment 10-200%)",
            "What remains after the distributions and the register are netted off.",
        ),
        Prior("services.internal_saving_share", pert(0.0, 0.02, 0.06), 0.0, 0.05, "share", _ASSUMED, "What a council can do alone."),
        Prior(
            "baseline.gf_share", constant(1.0), 0.8, 1.0, "share", _ASSUMED,
            "Support services of councils with housing are partly charged to the housing account.",
        ),
        Prior(
            "councils.turnover_per_year", pert(0.05, 0.10, 0.18), 0.06, 0.15, "share per year", _ASSUMED,
            "Turnover of local government staff in normal years.",
        ),
        Prior(
            "councils.workforce", constant(1.0), 0.7, 1.3, "times the assumed lengths of service", _ASSUMED,
            "A profile of ages and lengths of service of our own; the range makes everybody's service 30% shorter or longer.",
        ),
        Prior("staff.redeployment_share", pert(0.1, 0.3, 0.6), 0.1, 0.5, "share", _ASSUMED, "Depends on other vacancies."),
        Prior("staff.voluntary_share", pert(0.3, 0.6, 0.9), 0.3, 0.9, "share", _ASSUMED, "Councils seek volunteers first."),
        Prior(
            "staff.redundancy_multiple", pert(1.0, 1.5, 2.2), 1.0, 2.2, "ratio", _ASSUMED,
            "Local schemes pay from the statutory weeks to 2.2 times them; the legal ceiling is 104 weeks.",
        ),
        Prior("staff.on_cost_share", pert(0.22, 0.28, 0.40), 0.22, 0.40, "share", _ASSUMED, "Employer's national insurance and pension rate."),
        Prior("staff.notice_weeks", pert(4.0, 8.0, 12.0), 4.0, 12.0, "weeks", "Employment Rights Act: one week a year, at most 12", ""),
        Prior("staff.scheme_member_share", pert(0.7, 0.85, 0.95), 0.7, 0.95, "share", _ASSUMED, "Pension scheme membership."),
        Prior(
            "staff.strain_multiple", pert(0.5, 1.0, 1.8), 0.5, 1.5, "ratio", "Spence & Partners: about 40k at 40k pay and 20 years",
            "Strain falls with age and rises with service.",
        ),
        Prior("staff.harmonisation_share", pert(0.0, 0.4, 1.0), 0.0, 1.0, "share", _ASSUMED, "Pay lines drift to the higher scale."),
        Prior(
            "staff.exit_cost_factor", lognormal(mean=1.0, sd=0.4), 0.7, 1.4, "ratio", "DLUHC exit payments 2020-22",
            "Averages per council range from 3k to 53k; single exits have a cv of about 1, the mean of a few about 0.4.",
        ),
        Prior("staff.pay_gbp", constant(32000.0), 27000.0, 40000.0, "GBP per post per year", _ASSUMED, "2025 pay level; give your own for other price bases."),
        Prior("staff.officer_day_gbp", constant(300.0), 200.0, 450.0, "GBP per day", _ASSUMED, "A senior officer's day with on-costs."),
        Prior(
            "exit.hazard_per_year", pert(0.02, 0.05, 0.10), 0.03, 0.08, "share per year", "register of arrangements: 11 endings in about 140 partnership-years",
            "About 8% a year in the register; endings make news, so 3 to 8%.",
        ),
        Prior(
            "exit.before_start_hazard_per_year", pert(0.02, 0.08, 0.2), 0.04, 0.15, "share per year", "Clyde Valley 2011; Cherwell 2016",
            "Higher before launch than after.",
        ),
        Prior("exit.notice_months", pert(6.0, 12.0, 18.0), 6.0, 18.0, "months", "tri-borough; model agreements", "About twelve months."),
        Prior("exit.cost_share", pert(0.05, 0.15, 0.5), 0.05, 0.4, "share", _ASSUMED, "Notice pay, system split, re-recruitment, staff back."),
        Prior("exit.control_change_uplift", pert(0.5, 1.5, 4.0), 0.0, 3.0, "ratio", "Elston, Rackwitz & Bel 2023; tri-borough", "Changes of control end arrangements."),
        Prior("costs.sunk_share", uniform(0.2, 0.8), 0.2, 0.8, "share", _ASSUMED, "Programme money is spent early, systems late."),
    )
}

# Statutory cap on a week's pay by the year in which a financial year begins (GBP). 2015 and 2023 to 2026: evidence B2;
# the other years are the published uprating orders, from memory. Later years take the last one, uprated by nothing.
WEEKLY_PAY_CAP_GBP: dict[int, float] = {
    2004: 280, 2005: 280, 2006: 290, 2007: 310, 2008: 330, 2009: 350, 2010: 380, 2011: 400, 2012: 430, 2013: 450, 2014: 464,
    2015: 475, 2016: 479, 2017: 489, 2018: 508, 2019: 525, 2020: 538, 2021: 544, 2022: 571, 2023: 643, 2024: 700, 2025: 719,
    2026: 751,
}  # fmt: skip

# Age x service shares assumed where no workforce profile is given (own assumption; sums to 1).
WORKFORCE_ASSUMED: tuple[tuple[float, float, float, float, float], ...] = (
    # age low, age high, service low, service high, share
    (20, 30, 0, 5, 0.14),
    (30, 41, 0, 5, 0.12),
    (30, 41, 5, 15, 0.12),
    (41, 55, 0, 5, 0.10),
    (41, 55, 5, 15, 0.16),
    (41, 55, 15, 30, 0.12),
    (55, 66, 0, 10, 0.08),
    (55, 66, 10, 20, 0.09),
    (55, 66, 20, 35, 0.07),
)



def stretched_workforce(
    cells: tuple[tuple[float, float, float, float, float], ...], factor: float
) -> tuple[tuple[float, float, float, float, float], ...]:
    """Return a profile with every length of service times `factor`, nobody longer in service than since age 16.

    Examples
    --------
    >>> stretched_workforce(((30, 40, 5, 10, 1.0),), 2.0)
    ((30, 40, 10.0, 20.0, 1.0),)
    """
    return tuple(
        (young, old, min(low * factor, old - 16.0), min(high * factor, old - 16.0), share)
        for young, old, low, high, share in cells
    )


FORM_FACTS: dict[str, tuple[bool, bool]] = {
    # form: (staff terms transfer, one partner hosts); TUPE practice and the 1972 Act, evidence B2
    "lead_authority": (True, True),
    "section_113": (False, True),
    "joint_committee": (False, True),
    "company": (True, False),
    "private_partner": (True, False),
    "internal": (False, False),
}

