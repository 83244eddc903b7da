"""Closed forms: one study worked out by hand, a linear model by algebra, the published redundancy table."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest

from sharesim.appraisal.context import Context, Fixed
from sharesim.appraisal.engine import ChunkRun, tiles_of
from sharesim.appraisal.flows import CASH_LINES
from sharesim.appraisal.outcomes import Outcomes, appraise
from sharesim.appraisal.staff import statutory_weeks, weekly_pay
from sharesim.bundles.enumerate import candidates
from sharesim.examples import from_dict

# -- a study in which nothing is uncertain, worked out by hand ---------------------------------------------------------
#
# Alder hosts for Birch. Costs that sharing can act on: 300,000 (Alder) and 100,000 (Birch: 125,000 less a tenth that
# stays as client side and a tenth of recharged overhead). Workloads 3,000 and 1,000, elasticity a half: the pooled
# service costs sqrt(4) / (sqrt(3) + sqrt(1)) = sqrt(3) - 1 of the separate ones, so the rate saved is 2 - sqrt(3).
# It starts half a year late and comes up over two years: G(x) = x**2 / 4 up to two years and x - 1 beyond, so the four
# years hold 1/16, 8/16, 15/16 and all of a full year's saving. Discounting is at 20%: 1, 5/6, 25/36, 125/216.

CONSTANT: dict[str, Any] = {
    "study": {
        "name": "by-hand",
        "title": "By hand",
        "start": "2025-04-01",
        "horizon_years": 4,
        "report_years": [2],
        "price_base": "2025-26",
        "discount_rate_per_year": 0.2,
    },
    "councils": [
        {"id": "alder", "name": "Alder", "terms_gbp": 40_000, "turnover_per_year": 0.2, "workforce": "two"},
        {
            "id": "birch",
            "name": "Birch",
            "terms_gbp": 30_000,
            "turnover_per_year": 0.0,
            "workforce": "two",
            "can_host": False,
        },
    ],
    "services": [
        {
            "id": "legal",
            "name": "Legal",
            "elasticity": 0.5,
            "realisation_share": 0.8,
            "coordination_loss_share": 0.3,
            "cost_increase_share": 0.01,
            "cashable_share": 0.75,
            "ramp_years": 2,
            "delay_months": 6,
            "posts_share": 0.5,
            "structure_share": 1.0,
            "team_gbp": 10_000,
            "ict_gbp": 20_000,
            "joining_gbp": 1_000,
            "officer_days": 10,
            "delay_cost_gbp_per_month": 100,
            "overrun_factor": 1.5,
            "optimism_bias_share": 0.8,
            "client_gbp_per_year": 1_000,
            "host_fee_share": 0.02,
            "stranded_share": 0.5,
            "stranded_years": 1.0,
            "premises_gbp": -4_000,
        }
    ],
    "baseline": [
        {
            "council": "alder",
            "service": "legal",
            "cost_gbp": 300_000,
            "workload": 3_000,
            "posts_fte": 6,
            "gf_share": 1.0,
        },
        {
            "council": "birch",
            "service": "legal",
            "cost_gbp": 125_000,
            "workload": 1_000,
            "posts_fte": 2,
            "gf_share": 0.8,
            "client_side_share": 0.1,
            "overhead_share": 0.1,
        },
    ],
    "workforce": [
        {"profile": "two", "age_low": 50, "age_high": 50, "service_low": 10, "service_high": 10, "share": 0.5},
        {"profile": "two", "age_low": 60, "age_high": 60, "service_low": 20, "service_high": 20, "share": 0.5},
    ],
    "staff": {
        "redeployment_share": 0.25,
        "voluntary_share": 0.5,
        "redundancy_multiple": 1.2,
        "on_cost_share": 0.25,
        "notice_weeks": 8,
        "scheme_member_share": 0.8,
        "strain_multiple": 1.0,
        "strain_years": 2,
        "exit_cost_factor": 1.0,
        "harmonisation_share": 0.5,
        "officer_day_gbp": 300,
    },
    "costs": {"profile": [0.6, 0.4], "governance_gbp_per_partner": 500, "sunk_share": 0.5},
    "exit": {"hazard_per_year": 0, "before_start_hazard_per_year": 0, "notice_months": 12, "cost_share": 0.1},
    "split": {"one_off": "base_cost", "overspend": "equal", "running": "equal"},
    "forms": {"lead_authority": {"set_up_gbp": 8_000, "yearly_gbp": 400, "vat_share": 0.01}},
    "bundles": {"most_partners": 2},
}


def appraised(raw: dict[str, Any], seed: int = 3, n_draws: int = 64) -> Outcomes:
    study = from_dict(copy.deepcopy(raw))
    return appraise(study, candidates(study), seed=seed, purpose="choose", n_draws=n_draws)


def lines_by_year(outcomes: Outcomes) -> dict[str, np.ndarray]:
    """Lines of the only bundle in the first draw, shape (partner, year)."""
    found: dict[str, np.ndarray] = {}
    for _, year, lines in next(iter(outcomes.chunks([0]))).years(tiles_of(outcomes.table)):
        for name, line in lines.items():
            found.setdefault(name, np.zeros((line.shape[1], outcomes.study.n_years)))[:, year] = line[0, :, 0]
    return found


def by_hand() -> dict[str, list[list[float]]]:
    """Every line by council (Alder, Birch) and year, before the General Fund share."""
    rate = 2 - math.sqrt(3)
    effect = [1 / 16, 8 / 16, 15 / 16, 1.0]
    open_for = [0.5, 1.0, 1.0, 1.0]
    saving = [0.8 * rate * 300_000, 0.8 * rate * 100_000]
    # Half of the planned gain is posts, at 50,000 and 37,500 a post with on-costs.
    removed = [0.5 * rate * 300_000 / 50_000, 0.5 * rate * 100_000 / 37_500]
    # Alder loses a fifth a year of its six over the 2.5 years to full effect: more than enough for all it removes.
    assert 6 * (1 - 0.8**2.5) > removed[0]
    leaving = [0.0, removed[1] * 0.75]
    # 50 years old with 10 served: nine years begun at 41 or over, one below. 60 with 20: nineteen and one.
    weeks = 0.5 * (9 * 1.5 + 1) + 0.5 * (19 * 1.5 + 1)
    assert weeks == 22
    week = 365.25 / 7
    redundancy = leaving[1] * weeks * (30_000 / week) * 1.2  # 575 a week, below the cap of 719
    strain = leaving[1] * (0.5 * 20 / 20) * 30_000 * 0.8  # only the one of 60 is over 55
    notice = leaving[1] * 0.5 * 8 * 37_500 / week
    drift = (2 - removed[1]) * 10_000 * 1.25 * 0.5
    # Planned team and ICT 30,000 turn out at 45,000 by the overrun factor. It moves the mean by half of the plan, and
    # so does joining at twice 1,000, which leaves 0.8 - 0.5 = 0.3 of the optimism bias: 45,000 x 1.3 = 58,500.
    # The receipt for premises is a line of its own: it neither overruns nor counts in what the bias is a share of.
    planned, actual = 30_000, 58_500
    # The agreement divides what was planned by what the service costs today, 300 to 125, and the overspend evenly.
    one_off = [share * (planned + 8_000) + 0.5 * (actual - planned) for share in (12 / 17, 5 / 17)]
    nothing = [0.0] * 4

    def spread(amount: float) -> list[float]:
        return [-0.6 * amount, -0.4 * amount, 0.0, 0.0]

    def flat(amount: float) -> list[float]:
        return [amount * part for part in open_for]

    return {
        "saving_cashable": [[0.75 * amount * part for part in effect] for amount in saving],
        "saving_non_cashable": [[0.25 * amount * part for part in effect] for amount in saving],
        "extra_cost": [flat(-3_000), flat(-1_000)],
        "harmonisation": [nothing, flat(-drift)],
        "governance": [flat(-500)] * 2,
        "vehicle": [flat(-200)] * 2,
        "client_side": [nothing, flat(-1_000)],
        "cost_sharing": [nothing] * 2,
        "host_fee": [flat(2_000), flat(-2_000)],
        "stranded_overhead": [nothing, [-6_250 * 0.5, -6_250 * 0.5, 0, 0]],
        "vat": [flat(-3_000), flat(-1_000)],
        "transition": [spread(one_off[0]), spread(one_off[1])],
        "receipts": [[4_000 * 12 / 17, 0, 0, 0], [4_000 * 5 / 17, 0, 0, 0]],
        "joining": [spread(1_000 * 1.5 * 1.3)] * 2,
        "officers": [spread(3_000)] * 2,
        "delay_cost": [spread(300)] * 2,
        "risk_one_off": [nothing] * 2,
        "redundancy": [nothing, [-redundancy, 0, 0, 0]],
        "pension_strain": [nothing, [-strain / 2, -strain / 2, 0, 0]],
        "notice": [nothing, [-notice, 0, 0, 0]],
        "exit_cost": [nothing] * 2,
        "joining_fee": [nothing] * 2,
    }


def test_a_study_of_constants_gives_the_calculation_by_hand() -> None:
    outcomes = appraised(CONSTANT)
    assert outcomes.table.ids == ("legal|alder+birch|alder|lead_authority|2025-04-01",)
    got, fund = lines_by_year(outcomes), np.array([[1.0], [0.8]])
    hand = by_hand()
    assert set(got) == set(hand)
    for name, expected in hand.items():
        np.testing.assert_allclose(got[name], np.array(expected) * fund, rtol=1e-12, atol=1e-8, err_msg=name)
    discount = np.array([1.0, 5 / 6, 25 / 36, 125 / 216])
    npv = sum(np.array(hand[name]) * fund @ discount for name in CASH_LINES)
    np.testing.assert_allclose(outcomes.npv[0], npv[:, None] * np.ones(64), rtol=1e-12)


def test_what_is_removed_is_met_in_order() -> None:
    """Ten posts, six removed: 1 vacant with and 1 without budget, then leavers, redeployment, agreement, the rest."""
    raw = copy.deepcopy(CONSTANT)
    raw["services"][0] |= {"elasticity": 1.0, "posts_removed_per_extra_partner": 12.0, "ramp_years": 0.5}
    for row in raw["baseline"]:
        row |= {
            "posts_fte": 10,
            "vacant_fte": 1,
            "unbudgeted_vacant_fte": 1,
            "client_side_share": 0,
            "overhead_share": 0,
        }
    outcomes = appraised(raw)
    assert outcomes.means["posts_removed"][0].tolist() == pytest.approx([6.0, 6.0])
    # Alder: a year at 20% turnover of the 8 in post lets 1.6 go; 2.4 are left, a quarter of them moved.
    assert outcomes.means["redeployments"][0].tolist() == pytest.approx([0.6, 1.0])
    assert outcomes.means["voluntary_exits"][0].tolist() == pytest.approx([0.9, 1.5])
    assert outcomes.means["compulsory_exits"][0].tolist() == pytest.approx([0.9, 1.5])
    # Six posts at 50,000, of which one had no budget: five sixths of the planned saving are one.
    got = lines_by_year(outcomes)
    assert got["saving_cashable"][0, 3] == pytest.approx(0.75 * 0.8 * 5 * 50_000)


# -- a linear model: mean and variance by algebra ---------------------------------------------------------------------


def linear_study(rank: float = 0.0) -> dict[str, Any]:
    """Drivers are normal and sit on money lines only; nothing else is uncertain, so that NPV is linear in them."""
    raw = copy.deepcopy(CONSTANT)
    service = raw["services"][0]
    for name in ("elasticity", "delay_cost_gbp_per_month"):
        del service[name]
    service |= {
        "saving_kind": "realised",
        "ramp_years": 0,
        "delay_months": 0,
        "cashable_share": 1.0,
        "overrun_factor": 1.0,
        "optimism_bias_share": 0.0,
        "amount_per_partner_gbp": "normal(mean=20000, sd=3000)",
        "amount_per_partnership_gbp": "normal(mean=30000, sd=6000)",
        "premises_gbp": "normal(mean=-5000, sd=20000)",
    }
    for row in raw["baseline"]:
        row["gf_share"] = 1.0
    if rank:
        names = ["services.legal.amount_per_partner_gbp", "services.legal.amount_per_partnership_gbp"]
        raw["dependence"] = {"correlations": [{"drivers": names, "rank": rank}]}
    return raw


# Bound on the z-score of an estimate over independent seeds: 4.5 standard errors, which chance passes 7 times in a
# million. Seeds are fixed, so the tests do not change from run to run.
Z_BOUND = 4.5
ANNUITY, SPENT = 1 + 5 / 6 + 25 / 36 + 125 / 216, 0.6 + 0.4 * 5 / 6


@pytest.mark.parametrize("rank", [0.0, 0.6])
@pytest.mark.parametrize("seed", range(4))
def test_a_linear_model_has_the_mean_and_variance_of_algebra(seed: int, rank: float) -> None:
    n_draws = 16_384
    outcomes = appraised(linear_study(rank), seed=seed, n_draws=n_draws)
    npv = outcomes.draws(np.array([0]))[0]
    certain = (
        appraised(
            linear_study()
            | {
                "services": [
                    linear_study()["services"][0]
                    | {"amount_per_partner_gbp": 0, "amount_per_partnership_gbp": 0, "premises_gbp": 0}
                ]
            }
        )
        .npv[0, :, 0]
        .sum()
    )
    mean = certain + (2 * 20_000 + 30_000) * ANNUITY + 5_000 * SPENT
    # Spearman's rank correlation of two normal drivers is a correlation of 2 sin(pi rank / 6).
    together = 2 * math.sin(math.pi * rank / 6) * 2 * 3_000 * 6_000
    variance = ((2 * 3_000) ** 2 + 6_000**2 + 2 * together) * ANNUITY**2 + (20_000 * SPENT) ** 2
    z_mean = (npv.mean() - mean) / math.sqrt(variance / n_draws)
    z_variance = (npv.var(ddof=1) / variance - 1) * math.sqrt((n_draws - 1) / 2)
    assert abs(z_mean) < Z_BOUND
    assert abs(z_variance) < Z_BOUND


# -- statutory redundancy ---------------------------------------------------------------------------------------------

# Weeks of pay by age, for 2, 3, 4 ... complete years of service, from the ready reckoner that the Department for
# Business published with the redundancy payments scheme (read in a copy of December 2009); halves as .5.
READY_RECKONER: dict[int, list[float]] = {
    17: [1],
    18: [1, 1.5],
    19: [1, 1.5, 2],
    20: [1, 1.5, 2, 2.5],
    21: [1, 1.5, 2, 2.5, 3],
    22: [1, 1.5, 2, 2.5, 3, 3.5],
    23: [1.5, 2, 2.5, 3, 3.5, 4, 4.5],
    24: [2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5],
    25: [2, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5],
    28: [2, 3, 4, 5, 6, 6.5, 7, 7.5, 8, 8.5, 9, 9.5],
    32: [2, 3, 4, 5, 6, 7, 8, 9, 10, 10.5, 11, 11.5, 12, 12.5, 13, 13.5],
    36: [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 14.5, 15, 15.5, 16, 16.5, 17],
    40: [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 18.5, 19],
    41: [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19],
}
# Beyond what could be read of it: worked from section 162 of the Act, every year by the age at which it began.
WORKED = {
    (41, 20): 19.5,
    (42, 2): 2.5,
    (43, 2): 3,
    (50, 10): 14.5,
    (60, 20): 29.5,
    (61, 20): 30,
    (64, 40): 30,
    (30, 1): 0,
}


@pytest.mark.parametrize("age", READY_RECKONER)
def test_statutory_weeks_are_those_of_the_published_table(age: int) -> None:
    weeks = READY_RECKONER[age]
    assert [statutory_weeks(age, served) for served in range(2, 2 + len(weeks))] == weeks


@pytest.mark.parametrize(("case", "weeks"), WORKED.items())
def test_statutory_weeks_at_the_edges(case: tuple[int, int], weeks: float) -> None:
    assert statutory_weeks(*case) == weeks
    # Part years of age and service count for nothing until they are complete.
    assert statutory_weeks(case[0] + 0.9, case[1] + 0.9) >= weeks


#: The limit on a week's pay in force on 6 April, from the yearly orders; of 2009 the first of two.
LIMITS = {
    2002: 250, 2003: 260, 2004: 270, 2005: 280, 2006: 290, 2007: 310, 2008: 330, 2009: 350, 2010: 380, 2011: 400,
    2012: 430, 2013: 450, 2014: 464, 2015: 475, 2016: 479, 2017: 489, 2018: 508, 2019: 525, 2020: 538, 2021: 544,
    2022: 571, 2023: 643, 2024: 700, 2025: 719, 2026: 751,
}  # fmt: skip


def test_the_cap_on_a_weeks_pay_is_that_of_the_order_in_force_as_the_year_begins() -> None:
    from sharesim.study.priors import WEEKLY_PAY_CAP_GBP

    assert WEEKLY_PAY_CAP_GBP == LIMITS


@pytest.mark.parametrize(("year", "cap"), [("2001", 250), ("2004", 270), ("2009", 350), ("2010", 380), ("2030", 751)])
def test_an_exit_is_paid_at_the_cap_of_its_year(year: str, cap: float) -> None:
    """22 weeks at 1.2 of the cap: a start after October 2009 has the cap of April, unless the study says otherwise."""
    raw = copy.deepcopy(CONSTANT)
    raw["study"]["start"] = f"{year}-04-01"
    assert paid_in(raw, int(year)) == pytest.approx(22 * cap * 1.2)
    raw["staff"]["weekly_pay_cap_gbp"] = {int(year): 123.0}
    assert paid_in(raw, int(year)) == pytest.approx(22 * 123 * 1.2)


def paid_in(raw: dict, year: int) -> float:
    """Redundancy of one exit in a year."""
    from sharesim.appraisal.tables import exit_costs

    study = from_dict(raw)
    run = ChunkRun(Fixed.of(study), np.zeros((len(study.drivers), 1)), 0, 1)
    return float(exit_costs(run.context, run.package(0).tables[0], year)[0][0, 0])


@pytest.mark.parametrize(("year", "most"), [(2025, 21_570), (2026, 22_530)])
def test_the_most_that_the_statute_pays(year: int, most: float) -> None:
    """30 weeks at the cap of the year: the figure that the government prints beside the cap."""
    from sharesim.study.priors import WEEKLY_PAY_CAP_GBP

    assert statutory_weeks(65, 25) * weekly_pay(np.array([90_000.0]), WEEKLY_PAY_CAP_GBP[year])[0] == most


def test_a_cap_of_the_study_stands_until_its_next() -> None:
    """A cap given for 2030 leaves 2028 at the last one known before it, and holds in 2033."""
    raw = copy.deepcopy(CONSTANT)
    raw["staff"]["weekly_pay_cap_gbp"] = {2030: 500.0}
    raw["study"]["horizon_years"] = 10
    study = from_dict(raw)
    run = ChunkRun(Fixed.of(study), np.zeros((len(study.drivers), 1)), 0, 1)
    from sharesim.appraisal.tables import exit_costs

    tables = run.package(0).tables[0]
    paid = {year: float(exit_costs(run.context, tables, year)[0][0, 0]) for year in (2028, 2030, 2033)}
    assert isinstance(run.context, Context)
    assert paid[2028] == pytest.approx(22 * 751 * 1.2)
    assert paid[2030] == paid[2033] == pytest.approx(22 * 500 * 1.2)
