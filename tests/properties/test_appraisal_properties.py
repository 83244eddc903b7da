"""What must hold of any appraisal: names, order, units, blocks, threads and neighbours change nothing else."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sharesim.appraisal.resources as resources_module
import sharesim.appraisal.sweep as sweep_module
import sharesim.appraisal.tiles as tiles_module
from sharesim.appraisal.engine import tiles_of
from sharesim.appraisal.flows import CASH_LINES
from sharesim.appraisal.lives import Lives
from sharesim.appraisal.outcomes import Outcomes, appraise
from sharesim.bundles.enumerate import candidates
from sharesim.examples import from_dict
from sharesim.study.priors import WEEKLY_PAY_CAP_GBP
from sharesim.study.quantity import Quantity
from tests.oracles.appraisal_studies import random_study, three_councils

SEEDS = st.integers(1_000, 9_999)


def small(seed: int) -> dict[str, Any]:
    """A drawn study with one form and one start, so that an example takes a fraction of a second."""
    raw = random_study(seed)
    raw["bundles"] |= {"forms": raw["bundles"]["forms"][:1], "starts": raw["bundles"]["starts"][:1], "most_partners": 3}
    return raw


def worth(raw: dict[str, Any], n_draws: int = 1024, **how: Any) -> Outcomes:
    study = from_dict(raw)
    return appraise(study, candidates(study), seed=11, purpose="choose", n_draws=n_draws, **how)


def by_id(outcomes: Outcomes) -> dict[str, np.ndarray]:
    """NPV draws by bundle and partner id, whatever the order of the tables."""
    found = {}
    for row, name in enumerate(outcomes.table.ids):
        for slot, council in enumerate(outcomes.table.partners[row]):
            if council >= 0:
                found[name, outcomes.study.councils.ids[council]] = outcomes.npv[row, slot]
    return found


def same_bits(one: Outcomes, other: Outcomes) -> None:
    first, second = by_id(one), by_id(other)
    assert first.keys() == second.keys()
    for key, value in first.items():
        np.testing.assert_array_equal(value, second[key], err_msg=str(key))
    assert [column.id for column in one.activations.columns] == [column.id for column in other.activations.columns]
    np.testing.assert_array_equal(one.activation_npv, other.activation_npv)
    for name, mean in one.means.items():
        np.testing.assert_array_equal(mean, other.means[name], err_msg=name)


@settings(max_examples=5)
@given(SEEDS)
def test_a_name_is_a_label_only(seed: int) -> None:
    raw = small(seed)
    renamed = copy.deepcopy(raw)
    for number, row in enumerate(renamed["councils"]):
        row["name"] = f"Z{9 - number} council"
    one, other = worth(raw), worth(renamed)
    same_bits(one, other)
    assert one.table.describe(0) != other.table.describe(0)


def shuffled(part: Any, at: random.Random, where: str = "") -> Any:
    """The same study with the rows of every table, and the names within a cell, in another order."""
    if isinstance(part, dict):
        return {key: shuffled(value, at, key) for key, value in sorted(part.items(), key=lambda _: at.random())}
    if isinstance(part, list) and where not in ("profile", "discount_rate_per_year"):
        return [shuffled(item, at) for item in at.sample(part, len(part))]
    if isinstance(part, str) and ";" in part:
        names = part.split(";")
        return ";".join(at.sample(names, len(names)))
    return part


@settings(max_examples=5)
@given(SEEDS)
def test_the_order_of_rows_moves_no_bit(seed: int) -> None:
    raw = small(seed)
    same_bits(worth(raw), worth(shuffled(raw, random.Random(seed))))


def scaled(part: Any, times: float, is_money: bool = False) -> Any:
    """The same study with every pound in it worth `times` as much."""
    if isinstance(part, dict):
        return {key: scaled(value, times, is_money or "_gbp" in str(key)) for key, value in part.items()}
    if isinstance(part, list):
        return [scaled(item, times, is_money) for item in part]
    if not is_money:
        return part
    number = Quantity.of(part)
    return number.value * times if number.distribution is None else number.distribution.scaled(times).to_dict()


@settings(max_examples=5)
@given(SEEDS, st.sampled_from([0.01, 3.0, 100.0]))
def test_worth_is_in_the_unit_of_the_money(seed: int, times: float) -> None:
    raw = small(seed)
    raw["staff"] |= {"pay_gbp": 31_000, "officer_day_gbp": 250}
    raw["staff"]["weekly_pay_cap_gbp"] = {**WEEKLY_PAY_CAP_GBP, **raw["staff"].get("weekly_pay_cap_gbp", {})}
    one, other = worth(raw), worth(scaled(raw, times))
    size = np.abs(one.npv).max()
    np.testing.assert_allclose(other.npv, one.npv * times, rtol=1e-7, atol=1e-9 * size * times)
    np.testing.assert_allclose(other.activation_npv, one.activation_npv * times, rtol=1e-7, atol=1e-9 * size * times)
    np.testing.assert_allclose(other.means["posts_removed"], one.means["posts_removed"], rtol=1e-7, atol=1e-9)


@settings(max_examples=5)
@given(SEEDS, st.sampled_from([1, 3, 9]))
def test_where_tiles_are_cut_moves_no_bit(seed: int, slots: int) -> None:
    raw = small(seed)
    whole = worth(raw)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep_module, "tiles_of", lambda table, _=0: tiles_of(table, slots))
        same_bits(whole, worth(raw))


@settings(max_examples=4)
@given(SEEDS, st.sampled_from([70, 1024, 1500]))
def test_more_draws_go_on_where_fewer_ended(seed: int, fewer: int) -> None:
    few, many = worth(small(seed), fewer), worth(small(seed), 2100)
    np.testing.assert_array_equal(few.npv, many.npv[:, :, :fewer])
    np.testing.assert_array_equal(few.activation_npv, many.activation_npv[:, :, :fewer])


@settings(max_examples=4)
@given(SEEDS, st.sampled_from([1, 2, 3]), st.sampled_from([1, 2, 3]))
def test_threads_and_blocks_of_chunks_move_no_bit(seed: int, jobs: int, chunks: int) -> None:
    """More blocks than threads, and fewer; blocks of one, two and three chunks."""
    whole = worth(small(seed), 2500)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resources_module, "MOST_BLOCK_CHUNKS", chunks)
        same_bits(whole, worth(small(seed), 2500, jobs=jobs))


@settings(max_examples=4)
@given(SEEDS)
def test_another_driver_moves_nothing(seed: int) -> None:
    raw = small(seed)
    raw["risks"].append({"id": "idle", "name": "Without effect", "scope": "programme", "probability": 0.5})
    more = copy.deepcopy(raw)
    more["drivers"] = [{"name": "weather", "value": "normal(0, 1)"}, {"name": "chance", "value": "uniform(0.4, 0.6)"}]
    more["risks"][-1]["probability"] = "driver(chance)"
    one, other = worth(raw), worth(more)
    assert len(other.study.drivers) == len(one.study.drivers) + 1
    same_bits(one, other)


@settings(max_examples=4)
@given(SEEDS)
def test_a_council_or_service_more_moves_no_bundle_without_it(seed: int) -> None:
    raw = small(seed)
    more = copy.deepcopy(raw)
    newcomer = {
        "id": "aaron",
        "name": "Aaron",
        "stated_share": 0.9,
        "terms_gbp": "pert(20000, 50000, 60000)",
        "election_years": "2026",
    }
    more["councils"].append(newcomer | {"control_change_share": 0.9, "ends": "2027-04-01"})
    more["services"].append({"id": "cctv", "name": "CCTV", "elasticity": 0.7, "ict_gbp": "pert(1, 2, 3)"})
    for service in ("audit", "legal", "cctv"):
        row = {"council": "aaron", "service": service, "cost_gbp": 1e6, "workload": 10, "unbudgeted_vacant_fte": 3}
        with_workload = service != "cctv" and "workload" in next(r for r in raw["baseline"] if r["service"] == service)
        more["baseline"].append(row if with_workload else {k: v for k, v in row.items() if k != "workload"})
    before, after = by_id(worth(raw)), by_id(worth(more))
    assert len(after) > len(before)
    for key, value in before.items():
        np.testing.assert_array_equal(value, after[key], err_msg=str(key))


class EverythingPickedOut:
    """Lives in which every cell is taken for one of its own, though everybody is in from the start."""

    @staticmethod
    def of(context: Any, package: Any, view: Any, start: np.ndarray) -> Lives:
        lives = Lives.of(context, package, view, start)
        everywhere = np.ones((len(view.councils), context.n_draws), bool)
        begin = np.minimum(start, context.horizon) + np.zeros((len(view.councils), 1, 1))
        return replace(lives, irregular=everywhere, end=begin)


@settings(max_examples=6)
@given(SEEDS)
def test_the_path_of_those_who_leave_holds_for_those_who_stay(seed: int) -> None:
    raw = small(seed)
    dense = worth(raw)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiles_module, "Lives", EverythingPickedOut)
        flat = worth(raw)
    gross = max(1.0, float(np.abs(dense.npv).max()))
    np.testing.assert_allclose(flat.npv, dense.npv, rtol=0, atol=1e-10 * gross)
    for name, mean in dense.means.items():
        np.testing.assert_allclose(flat.means[name], mean, rtol=1e-9, atol=1e-10 * gross, err_msg=name)


@settings(max_examples=4)
@given(SEEDS)
def test_discounted_years_add_up_to_the_npv(seed: int) -> None:
    outcomes = worth(small(seed))
    discount, total = outcomes.study.discount(), np.zeros_like(outcomes.npv)
    for rows, year, lines in next(iter(outcomes.chunks())).years(tiles_of(outcomes.table)):
        for name in CASH_LINES:
            total[rows, : lines[name].shape[1]] += discount[year] * lines[name]
    gross = max(1.0, float(np.abs(outcomes.npv).max()))
    np.testing.assert_allclose(total, outcomes.npv, rtol=0, atol=1e-9 * gross)


def of_one_fund(seed: int) -> dict[str, Any]:
    """A drawn study in which all cost is the General Fund's, nobody is abolished, and no risk is one council's own."""
    raw = small(seed)
    for row in raw["baseline"]:
        row["gf_share"] = 1.0
    for row in raw["councils"]:
        row.pop("ends", None)
    raw["risks"] = [row for row in raw["risks"] if row["scope"] != "council"]
    return raw


@settings(max_examples=5)
@given(SEEDS)
def test_what_councils_pay_each_other_sums_to_nothing(seed: int) -> None:
    raw = of_one_fund(seed)
    raw["split"]["saving"] = "own"
    for row in raw["services"]:
        row |= {"gain_by": "pooled_cost", "elasticity": 0.9, "host_fee_share": 0.07}
    raw["bundles"]["forms"] = ["lead_authority"]
    outcomes = worth(raw)
    moved = 0.0
    for _, _, lines in next(iter(outcomes.chunks())).years(tiles_of(outcomes.table)):
        for name in ("host_fee", "cost_sharing"):
            np.testing.assert_allclose(lines[name].sum(axis=1), 0.0, atol=1e-6)
            moved += float(np.abs(lines[name]).sum())
    assert moved > 0


@settings(max_examples=5)
@given(SEEDS, st.sampled_from(["equal", "base_cost", "stated"]))
def test_who_gets_what_does_not_change_how_much_there_is(seed: int, rule: str) -> None:
    raw = of_one_fund(seed)
    other = copy.deepcopy(raw)
    other["split"] = dict.fromkeys(("one_off", "exit", "running", "saving", "overspend"), rule) | {
        "host_premium_share": 0.3
    }
    one, two = worth(raw).npv.sum(axis=1), worth(other).npv.sum(axis=1)
    np.testing.assert_allclose(one, two, rtol=0, atol=1e-9 * max(1.0, float(np.abs(one).max())))


# -- nothing is dodged ------------------------------------------------------------------------------------------------

DEARER: dict[str, Callable[[dict[str, Any]], Any]] = {
    "team": lambda raw: raw["services"][0].update(team_gbp=900_000),
    "joining": lambda raw: raw["services"][0].update(joining_gbp=90_000),
    "premises": lambda raw: raw["services"][0].update(premises_gbp=70_000),
    "officers": lambda raw: raw["services"][1].update(officer_days=900),
    "client side": lambda raw: raw["services"][1].update(client_gbp_per_year=90_000),
    "cost increase": lambda raw: raw["services"][0].update(cost_increase_share=0.3, saving_kind="planned"),
    "stranded": lambda raw: raw["services"][1].update(stranded_share=1.0),
    "delay": lambda raw: raw["services"][0].update(delay_cost_gbp_per_month=20_000),
    "overrun": lambda raw: raw["services"][0].update(overrun_factor=4.0),
    "bias": lambda raw: raw["services"][0].update(optimism_bias_share=3.0),
    "governance": lambda raw: raw["costs"].update(governance_gbp_per_partner=20_000),
    "sunk": lambda raw: raw["costs"].update(sunk_share=1.0),
    "leaving": lambda raw: raw["exit"].update(cost_share=0.9),
    "redundancy": lambda raw: raw["staff"].update(redundancy_multiple=4.0),
    "strain": lambda raw: raw["staff"].update(strain_multiple=4.0),
    "notice": lambda raw: raw["staff"].update(notice_weeks=52),
    "harmonisation": lambda raw: raw["staff"].update(harmonisation_share=1.0),
    "vehicle": lambda raw: [
        raw["forms"][form].update(yearly_gbp=50_000, set_up_gbp=90_000, vat_share=0.1) for form in raw["forms"]
    ],
    "risk": lambda raw: [row.update(one_off_gbp=200_000) for row in raw["risks"]],
    "less realised": lambda raw: raw["services"][0].update(realisation_share=0.05),
    "less cash": lambda raw: raw["services"][0].update(cashable_share=0.05),
    "slower": lambda raw: raw["services"][0].update(coordination_loss_share=0.9),
}


@pytest.mark.parametrize("what", DEARER)
def test_what_costs_more_makes_no_future_better(what: str) -> None:
    """In every draw of every bundle of the rich study, cancelled, refused and broken-up ones among them."""
    plain, dearer = dear_study(), dear_study()
    DEARER[what](dearer)
    one, two = worth(plain).npv.sum(axis=1), worth(dearer).npv.sum(axis=1)
    scale = float(np.abs(one).max())
    assert (two <= one + 1e-9 * scale).all()
    assert (two < one - 1e-6 * scale).any()


def dear_study() -> dict[str, Any]:
    raw = three_councils()
    raw["exit"] = {"hazard_per_year": 0.2, "before_start_hazard_per_year": 0.4}
    raw["services"][0] |= {
        "saving_kind": "planned",
        "delay_months": "uniform(0, 30)",
        "internal_saving_share": 0.03,
        "overrun_factor": 1.2,
    }
    raw["services"][1] |= {"delay_months": 4, "officer_days": 10, "internal_saving_share": 0.03, "stranded_share": 0.1}
    raw["services"][0] |= {
        "cost_increase_share": 0.01,
        "cashable_share": 0.8,
        "optimism_bias_share": 0.1,
        "coordination_loss_share": 0.02,
    }
    raw["bundles"]["starts"] = ["2026-10-01"]
    raw["staff"] = {
        "harmonisation_share": 0.2,
        "redundancy_multiple": 1.0,
        "notice_weeks": 4,
        "redeployment_share": 0.1,
    }
    raw["councils"] = [row | {"turnover_per_year": 0.02} for row in raw["councils"]]
    raw["services"][1]["premises_gbp"] = 0
    return raw


@pytest.mark.parametrize(
    "change", [{"realisation_share": 0.1}, {"cashable_share": 0.1}, {"ramp_years": 9}, {"coordination_loss_share": 0.9}]
)
def test_no_factor_softens_a_loss(change: dict[str, float]) -> None:
    """Pooling that costs more is paid in full at once: not less realised, not ramped, not partly in time."""
    raw = dear_study()
    for row in raw["services"]:
        for name in ("saving_rate_share", "amount_per_partner_gbp", "posts_removed_per_extra_partner"):
            row.pop(name, None)
        row |= {
            "elasticity": 1.3,
            "delay_months": 2,
            "saving_kind": "planned",
            "internal_saving_share": -0.02,
            "posts_share": 0.5,
        }
    raw["councils"] = [row | {"turnover_per_year": 0.0} for row in raw["councils"]]
    changed = copy.deepcopy(raw)
    for row in changed["services"]:
        row |= change
    one = worth(raw)
    np.testing.assert_array_equal(worth(changed).npv, one.npv)
    assert (one.npv.sum(axis=1).mean(axis=1) < 0).all()


def test_late_cancellation_saves_nothing_of_what_was_planned_before_it() -> None:
    """Two years of delay, a partner gone half-way: the money was spent on its planned dates."""
    raw = dear_study()
    raw["gates"], raw["risks"] = [], []
    for row in raw["services"]:
        row |= {"delay_months": 100, "delay_cost_gbp_per_month": 0}
    raw["study"] |= {"decision": "2026-10-01"}
    never = copy.deepcopy(raw)
    never["exit"] = {"hazard_per_year": 0, "before_start_hazard_per_year": 0}
    one, two = worth(raw), worth(never)
    shared = one.table.n_partners > 1
    assert (one.means["started"][shared, 0] < 1).all()
    np.testing.assert_allclose(one.means["transition_gbp"], two.means["transition_gbp"], rtol=1e-12)


def test_a_council_alone_leaves_nobody_and_governs_with_nobody() -> None:
    raw = dear_study()
    raw["gates"], raw["risks"] = [], []
    more = copy.deepcopy(raw)
    more["exit"] = {"hazard_per_year": 0.9, "before_start_hazard_per_year": 0.9, "cost_share": 1.0}
    more["costs"]["governance_gbp_per_partner"] = 99_000
    more["services"][1] |= {"client_gbp_per_year": 90_000, "stranded_share": 1.0, "joining_gbp": 90_000}
    one, two = worth(raw), worth(more)
    alone = one.table.n_partners == 1
    assert alone.any()
    np.testing.assert_array_equal(one.npv[alone], two.npv[alone])


def test_pay_once_lifted_stays_lifted() -> None:
    """Harmonisation costs the same whether partners leave after the start or not."""
    raw = dear_study()
    raw["gates"], raw["risks"] = [], []
    raw["exit"] = {"hazard_per_year": 0.5, "before_start_hazard_per_year": 0, "notice_months": 0, "cost_share": 0}
    stay = copy.deepcopy(raw)
    stay["exit"]["hazard_per_year"] = 0
    totals = []
    for study in (raw, stay):
        outcomes = worth(study)
        total = np.zeros_like(outcomes.npv)
        for rows, _, lines in next(iter(outcomes.chunks())).years(tiles_of(outcomes.table)):
            total[rows, : lines["harmonisation"].shape[1]] += lines["harmonisation"]
        totals.append(total)
    assert np.abs(totals[1]).max() > 1_000
    np.testing.assert_allclose(totals[0], totals[1], rtol=1e-9, atol=1e-6)
