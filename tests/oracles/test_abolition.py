"""What counts after a council is abolished, flow by flow: of its own what it signed for, of the others all."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from sharesim.appraisal.engine import tiles_of
from sharesim.appraisal.fixed_items import activation_draws, activation_one_off
from sharesim.appraisal.outcomes import Outcomes, appraise
from sharesim.bundles.enumerate import candidates
from sharesim.examples import from_dict
from tests.oracles.appraisal_studies import bound, joined, random_study, several_hosts, staged, three_councils

NAMES = ("alder", "birch", "cedar")
YEARS, HOST = 6, 0
#: Lines of what is planned once: it is committed, whenever it falls.
COMMITTED = {"transition", "joining", "officers", "delay_cost", "redundancy", "pension_strain", "notice"}


def by_hand() -> dict[str, Any]:
    """Three councils alike, each with 100,000 that can be shared, from year 1 on; Alder hosts; nothing is uncertain."""
    service = {
        "id": "audit", "name": "Audit", "saving_rate_share": 0.1, "realisation_share": 1, "coordination_loss_share": 0,
        "cost_increase_share": 0.01, "cashable_share": 0.8, "ramp_years": 0, "delay_months": 0, "posts_share": 0,
        "structure_share": 0, "labour_share": 0.5, "host_fee_share": 0.02, "client_gbp_per_year": 700,
        "stranded_share": 0.04, "stranded_years": 4, "carbon_tonnes_per_partner": 3, "team_gbp": 30_000,
        "joining_gbp": 1_000, "premises_gbp": -9_000, "officer_days": 10, "overrun_factor": 1.0,
        "optimism_bias_share": 0.0, "elasticity": None,
    }  # fmt: skip
    terms = dict(zip(NAMES, (30_000, 29_000, 29_000), strict=True))
    return {
        "study": {
            "name": "ends", "title": "Ends", "start": "2025-04-01", "horizon_years": YEARS, "report_years": [2],
            "price_base": "2025-26", "discount_rate_per_year": 0.0, "cost_growth_per_year": 0.0,
        },
        "councils": [
            {"id": name, "name": name.title(), "turnover_per_year": 0, "terms_gbp": terms[name]} for name in NAMES
        ],
        "services": [{name: value for name, value in service.items() if value is not None}],
        "baseline": [
            {
                "council": name, "service": "audit", "cost_gbp": 125_000, "overhead_share": 0.2, "posts_fte": 2,
                "gf_share": 1, "client_side_share": 0, "planned_saving_gbp": 0,
            }
            for name in NAMES
        ],
        "staff": {"on_cost_share": 0, "harmonisation_share": 1, "officer_day_gbp": 100},
        "costs": {"governance_gbp_per_partner": 500, "profile": [0.5, 0.5], "lead_years": 0},
        "forms": {"lead_authority": {"yearly_gbp": 3_000, "vat_share": 0.005}},
        "split": {"host_premium_share": 0.1},
        "exit": {"hazard_per_year": 0, "before_start_hazard_per_year": 0, "notice_months": 0, "cost_share": 0},
        "bundles": {"listed_only": True},
        "arrangements": [
            {"id": "x", "service": "audit", "partners": [*NAMES], "hosts": ["alder"], "start": "2026-04-01"}
        ],
    }  # fmt: skip


#: Pounds (or tonnes) a year from year 1 on, of the host and of each guest, nobody being abolished.
A_YEAR = {
    # The host keeps its 8,000 and gets a tenth of 2 x 8,000.
    "saving_cashable": (9_600, 7_200),
    "saving_non_cashable": (2_400, 1_800),
    "extra_cost": (-1_000, -1_000),
    "governance": (-500, -500),
    "vehicle": (-1_000, -1_000),
    "vat": (-500, -500),
    "client_side": (0, -700),
    "host_fee": (4_000, -2_000),
    "harmonisation": (0, -2_000),
    "carbon_tonnes": (3, 3),
}
#: Paid in years 1 and 2, half and half, by each.
PLANNED = {"transition": -5_000, "joining": -500, "officers": -500}


def lines_of(outcomes: Outcomes) -> dict[str, np.ndarray]:
    """Lines of all bundles by year, shape (bundle, partner slot, year, draw)."""
    found: dict[str, np.ndarray] = {}
    run = next(iter(outcomes.chunks([0])))
    shape = (len(outcomes.table), outcomes.npv.shape[1], outcomes.study.n_years, run.used)
    for rows, year, lines in run.years(tiles_of(outcomes.table)):
        for name, line in lines.items():
            found.setdefault(name, np.zeros(shape))[rows, : line.shape[1], year] = line[..., : run.used]
    return found


def shared_of(outcomes: Outcomes) -> tuple[np.ndarray, np.ndarray]:
    """Activation columns by year, and their one-off parts, each (column, council, year, draw)."""
    run, columns = next(iter(outcomes.chunks([0]))), outcomes.activations.columns
    years = range(outcomes.study.n_years)
    whole = [activation_draws(run.context, columns, run.context.year_clock(year)) for year in years]
    once = [-activation_one_off(run.context, columns, year) for year in years]
    return np.stack(whole, axis=2)[..., : run.used], np.stack(once, axis=2)[..., : run.used]


def appraised(raw: dict[str, Any], n_draws: int = 64, n_rows: int = 1_000) -> Outcomes:
    study = from_dict(raw)
    table = candidates(study)
    keep = np.sort(np.random.default_rng(1).permutation(len(table))[:n_rows])
    return appraise(study, table.take(keep), seed=7, purpose="choose", n_draws=n_draws)


def abolished(raw: dict[str, Any], council: str, day: str) -> dict[str, Any]:
    """The same study with one council abolished on a day; no other ends."""
    raw = copy.deepcopy(raw)
    for row in raw["councils"]:
        row.pop("ends", None)
        if row["id"] == council:
            row |= {"ends": day, "successor": "a new council"}
    return raw


@pytest.mark.parametrize(("gone", "year"), [("alder", 3), ("birch", 3), ("cedar", 2), ("alder", 1)])
def test_every_yearly_line_of_a_council_stops_with_it_and_nobody_elses_changes(gone: str, year: int) -> None:
    lines = lines_of(appraised(abolished(by_hand(), gone, f"{2025 + year}-04-01")))
    at = NAMES.index(gone)
    for name, (host, guest) in A_YEAR.items():
        expected = np.tile(np.array([host, guest, guest], float)[:, None], (1, YEARS))
        expected[:, 0] = 0.0
        expected[at, year:] = 0.0
        np.testing.assert_allclose(lines[name][0, :, :, 0], expected, rtol=1e-12, atol=1e-9, err_msg=name)
    stranded = np.array([[0.0] * YEARS, *[[0, *[-1_000] * 4, 0]] * 2])
    stranded[at, year:] = 0.0
    np.testing.assert_allclose(lines["stranded_overhead"][0, :, :, 0], stranded, atol=1e-9)


@pytest.mark.parametrize("gone", ["alder", "birch"])
def test_what_was_planned_once_is_committed_and_premises_sold_later_are_not(gone: str) -> None:
    lines = lines_of(appraised(abolished(by_hand(), gone, "2026-04-01")))
    for name, half in PLANNED.items():
        np.testing.assert_allclose(lines[name][0, :, :, 0], [[0, half, half, 0, 0, 0]] * 3, atol=1e-9, err_msg=name)
    received = np.zeros((3, YEARS))
    received[:, 1] = 3_000
    received[NAMES.index(gone)] = 0.0
    np.testing.assert_allclose(lines["receipts"][0, :, :, 0], received, atol=1e-9)


def test_half_a_year_of_a_council_is_half_a_year_of_premium() -> None:
    """Alder, the host, is there for 183 of the 365.25 days of its last year."""
    lines = lines_of(appraised(abolished(by_hand(), "alder", "2027-10-01")))["saving_cashable"][0, :, :, 0]
    np.testing.assert_allclose(lines[0], [0, 9_600, 9_600 * 183 / 365.25, 0, 0, 0], atol=1e-9)
    np.testing.assert_allclose(lines[1:], [[0, *[7_200] * 5]] * 2)


def test_shares_of_what_all_councils_carry_stop_with_a_council_and_do_not_fall_on_the_others() -> None:
    raw = by_hand()
    raw["shared_items"] = [
        {"id": "office", "name": "Office", "one_off_gbp": 6_000, "yearly_gbp": 900, "year": 3, "split": "equal"},
        {"id": "early", "name": "Early", "yearly_gbp": 600, "split": "equal"},
    ]
    raw["grants"] = [
        {"id": "late", "name": "Late", "amount_gbp": 3_000, "chance": 1, "year": 4},
        {"id": "back", "name": "Back", "amount_gbp": 3_000, "chance": 1, "clawback_chance": 1, "clawback_year": 3},
    ]
    for row in raw["grants"]:
        row["split"] = "equal"
    raw["risks"] = [{"id": "sure", "name": "Sure", "scope": "programme", "probability": 1, "one_off_gbp": 1_500}]
    raw["risks"][0] |= {"mitigated": True, "mitigation_gbp": 300, "mitigation_gbp_per_year": 150}
    raw["risks"][0] |= {"mitigation_effect_factor": 1, "mitigation_probability_factor": 1}
    outcomes = appraised(abolished(raw, "birch", "2027-04-01"))
    whole, once = (part[..., 0] for part in shared_of(outcomes))
    ids = [column.id for column in outcomes.activations.columns]
    others = {
        "item.office": [0, 0, 0, -2_300, -300, -300],
        "item.early": [-200] * 6,
        "grant.late": [0, 0, 0, 0, 1_000, 0],
        "grant.back": [1_000, 0, 0, -1_000, 0, 0],
        "risk.programme": [-500, 0, 0, 0, 0, 0],
        "mitigation.sure": [-150, *[-50] * 5],
    }
    birch = {
        "item.office": [0, 0, 0, -2_000, 0, 0],
        "item.early": [-200, -200, 0, 0, 0, 0],
        "grant.late": [0] * 6,
        "grant.back": [1_000, 0, 0, 0, 0, 0],
        "risk.programme": [-500, 0, 0, 0, 0, 0],
        "mitigation.sure": [-150, -50, 0, 0, 0, 0],
    }
    assert sorted(ids) == sorted(others)
    for at, name in enumerate(ids):
        np.testing.assert_allclose(whole[at], [others[name], birch[name], others[name]], atol=1e-9, err_msg=name)
        assert np.abs(once[at]).max() <= np.abs(whole[at]).max() + 1e-9
    # What is planned once is one-off cost, whoever is there to pay it.
    np.testing.assert_allclose(once[ids.index("item.office")][:, 3], -2_000)


def test_a_successors_exit_is_shared_by_the_others_and_costs_the_council_that_is_gone_nothing() -> None:
    raw = by_hand()
    raw["split"] |= {"exit": "equal"}
    raw["exit"] |= {"cost_share": 0.3}
    raw["risks"] = [{"id": "out", "name": "Out", "scope": "council", "targets": "cedar", "probability": 1}]
    raw["risks"][0]["exit"] = True
    raw["arrangements"][0]["start"] = "2025-04-01"
    raw["exit"]["smallest_partners"] = 2
    outcomes = appraised(abolished(raw, "cedar", "2026-04-01"), n_draws=256)
    cost = lines_of(outcomes)["exit_cost"][0]
    late = np.abs(cost[:2, 1:]).sum(axis=(0, 1)) > 0
    assert late.any() and (~late).any()
    # Cedar's 30,000: a third each, of which Cedar pays its own only in the year in which it is still there.
    np.testing.assert_allclose(cost[:2].sum(axis=1), -10_000)
    np.testing.assert_allclose(cost[2].sum(axis=0), np.where(late, 0.0, -10_000))


STUDIES = {
    "hand": by_hand, "three": three_councils, "hosts": several_hosts, "joined": joined, "staged": staged,
    "bound": bound, "drawn2": lambda: random_study(2), "drawn5": lambda: random_study(5),
    "drawn11": lambda: random_study(11),
}  # fmt: skip
#: Study, and the council that is abolished: hosts, guests and joiners, in futures in which some leave.
ABOLISHED = [
    ("hand", 0), ("hand", 1), ("three", 0), ("three", -1), ("hosts", 0), ("hosts", 1), ("joined", 0), ("joined", -1),
    ("staged", 0), ("bound", 1), ("drawn2", 0), ("drawn5", 1), ("drawn11", -1),
]  # fmt: skip


def agrees(raw: dict[str, Any], whose: int, ends: int = 3) -> None:
    """The study with one council abolished in a year beside the same one in which it lasts, line by line."""
    council = raw["councils"][whose]["id"]
    without, gone = (
        appraised(abolished(raw, council, day), 128, n_rows=10) for day in ("2060-04-01", f"{2025 + ends}-04-01")
    )
    before, after = lines_of(without), lines_of(gone)
    own = without.table.partners[:, : without.npv.shape[1]] == without.study.councils.index(council)
    assert own.any()
    for line, values in before.items():
        np.testing.assert_allclose(after[line][~own], values[~own], rtol=1e-9, atol=1e-6, err_msg=line)
        mine, was = after[line][own], values[own]
        np.testing.assert_allclose(mine[:, :ends], was[:, :ends], rtol=1e-9, atol=1e-6, err_msg=line)
        if line in COMMITTED:
            np.testing.assert_allclose(mine, was, rtol=1e-9, atol=1e-6, err_msg=line)
        elif line != "risk_one_off":  # what strikes once is committed, what may strike each year is not
            assert np.abs(mine[:, ends:]).max() < 1e-6, line
    if not without.activations.columns:
        return
    (whole, _), (whole_gone, once_gone) = shared_of(without), shared_of(gone)
    mine = np.arange(whole.shape[1]) == gone.study.councils.index(council)
    np.testing.assert_allclose(whole_gone[:, ~mine], whole[:, ~mine], rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(whole_gone[:, mine, :ends], whole[:, mine, :ends], rtol=1e-9, atol=1e-6)
    assert np.abs((whole_gone - once_gone)[:, mine, ends:]).max() < 1e-6


@pytest.mark.parametrize(("name", "whose"), ABOLISHED)
def test_abolishing_one_council_leaves_every_line_of_the_others_and_its_own_until_then(name: str, whose: int) -> None:
    raw = STUDIES[name]()
    raw["split"] = raw.get("split", {}) | {"host_premium_share": 0.15}
    agrees(raw, whose)


@pytest.mark.parametrize("rule", ["own", "equal", "base_cost", "workload", "stated"])
def test_no_rule_of_division_puts_an_abolished_councils_part_on_the_others(rule: str) -> None:
    raw = several_hosts()
    for share, row in zip((0.5, 0.3, 0.2), raw["councils"], strict=True):
        row["stated_share"] = share
    raw["split"] = dict.fromkeys(("one_off", "exit", "running", "saving", "overspend"), rule)
    raw["split"]["host_premium_share"] = 0.15
    for whose in (0, 1):
        agrees(raw, whose)
