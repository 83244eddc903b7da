"""What is paid or received once for several bundles, and which bundles need it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sharesim.appraisal.account import account
from sharesim.appraisal.outcomes import Outcomes, appraise
from sharesim.bundles.activations import activations
from sharesim.bundles.enumerate import candidates
from sharesim.examples import from_dict, two_councils_raw


def study_with(**sections: Any) -> dict[str, Any]:
    raw = two_councils_raw() | sections
    raw["services"][0]["internal_saving_share"] = 0.02
    raw["bundles"] = {"most_partners": 2, "internal": True}
    raw["study"]["discount_rate_per_year"] = 0.1
    return raw


def worth(raw: dict[str, Any]) -> Outcomes:
    study = from_dict(raw)
    return appraise(study, candidates(study), seed=1, purpose="choose", n_draws=4096)


def needed_by(raw: dict[str, Any]) -> dict[str, set[int]]:
    study = from_dict(raw)
    table = candidates(study)
    found = activations(study, table)
    of_bundle = [set(found.of_bundle[row].tolist()) for row in range(len(table))]
    return {
        column.id: {int(table.n_partners[row]) for row, has in enumerate(of_bundle) if number in has}
        for number, column in enumerate(found.columns)
    }


def test_a_programme_office_is_not_for_those_who_reorganise_alone() -> None:
    item = {"id": "office", "name": "Office", "one_off_gbp": 9_000}
    assert needed_by(study_with(shared_items=[item])) == {"item.office": {2}}
    assert needed_by(study_with(shared_items=[item | {"least_partners": 1}])) == {"item.office": {1, 2}}
    one_each = needed_by(study_with(shared_items=[item | {"per_council": True}]))
    assert one_each == {"item.office/eastham": {2}, "item.office/westham": {2}}


def test_an_item_is_paid_in_its_year_and_its_running_cost_to_the_end() -> None:
    item = {"id": "office", "name": "Office", "one_off_gbp": 9_000, "yearly_gbp": 100, "year": 8, "split": "base_cost"}
    outcomes = worth(study_with(shared_items=[item]))
    whole = -(9_000 + 100) / 1.1**8 - 100 / 1.1**9
    expected = np.array([320 / 720, 400 / 720]) * whole
    np.testing.assert_allclose(outcomes.activation_npv[0], expected[:, None] * np.ones(4096), rtol=1e-12)


def test_a_council_pays_nothing_for_its_item_after_its_end() -> None:
    raw = study_with(shared_items=[{"id": "deed", "name": "Deed", "yearly_gbp": 100, "per_council": True}])
    raw["councils"][0]["ends"] = "2026-10-01"
    outcomes = worth(raw)
    assert outcomes.activation_npv[0, 0, 0] == pytest.approx(-100 * (1 + 0.5 / 1.1), rel=1e-3)
    assert outcomes.activation_npv[1, 1, 0] == pytest.approx(-100 * sum(1.1**-year for year in range(10)))


def test_a_grant_comes_with_its_chance_and_goes_back_with_another() -> None:
    grant = {
        "id": "g",
        "name": "Grant",
        "amount_gbp": 1_000,
        "chance": 0.6,
        "clawback_chance": 0.25,
        "clawback_year": 2,
    }
    outcomes = worth(study_with(grants=[grant]))
    whole = outcomes.activation_npv[0].sum(axis=0)
    kinds, counts = np.unique(whole.round(6), return_counts=True)
    assert kinds.tolist() == pytest.approx([0, 1_000 * (1 - 1 / 1.21), 1_000])
    expected = 4096 * np.array([0.4, 0.6 * 0.25, 0.6 * 0.75])
    # Counts of 4,096 draws: within 4.5 standard deviations of a binomial.
    assert (np.abs(counts - expected) < 4.5 * np.sqrt(expected * (1 - expected / 4096))).all()


def test_yearly_cost_of_an_item_is_no_one_off_cost() -> None:
    item = {"id": "office", "name": "Office", "one_off_gbp": 9_000, "yearly_gbp": 100}
    raw = study_with(shared_items=[item])
    with_yearly = account(worth(raw))
    raw["shared_items"] = [item | {"yearly_gbp": 0}]
    without = account(worth(raw))
    np.testing.assert_array_equal(with_yearly.one_off, without.one_off)
    np.testing.assert_allclose((without.net - with_yearly.net).sum(axis=(0, 1)), 1_000, rtol=1e-9)


def test_a_form_may_be_said_to_have_no_host() -> None:
    raw = two_councils_raw()
    hosted = candidates(from_dict(raw)).ids
    raw["forms"] = {"lead_authority": {"has_host": False}}
    assert len(hosted) == 2
    assert candidates(from_dict(raw)).ids == ("payroll|eastham+westham|-|lead_authority|2025-04-01",)
