"""What a risk costs is the difference to the same futures without it."""

from __future__ import annotations

import numpy as np
import pytest

from sharesim.examples import from_dict
from sharesim.report import register
from sharesim.report.contents import Contents
from sharesim.report.material import Material
from sharesim.workflow.doors import appraise, choose, judge
from tests.unit.report import studies


def worth_without(raw: dict, risk: str, chosen: tuple[str, ...]) -> np.ndarray:
    """Return the NPV of the same portfolio in the study whose row has no chance, the plain way: another study."""
    for row in raw["risks"]:
        if row["id"] == risk:
            row["probability"] = 0.0
    judged = judge(choose(appraise(from_dict(raw), jobs=1)), jobs=1)
    assert judged.outcomes.table.ids == chosen
    return judged.npv


@pytest.mark.parametrize("risk", ["will", "union"])
def test_cost_of_a_risk_is_that_of_a_study_without_it(risk: str, trio: Contents, trio_material: Material) -> None:
    assert trio.judged is not None
    without = worth_without(studies.trio_raw(), risk, trio.judged.table.ids)
    row = trio_material.tables["risks"].set_index("risk").loc[risk]
    cost = without - trio.npv
    assert np.isclose(row.mean_cost_gbp, cost.mean(), rtol=1e-9)
    assert np.isclose(row.mean_cost_error_gbp, cost.std(ddof=1) / np.sqrt(cost.size), rtol=1e-9)
    assert row.mean_cost_gbp > 0


def test_what_nothing_chosen_is_exposed_to_costs_nothing(trio_material: Material) -> None:
    row = trio_material.tables["risks"].set_index("risk").loc["slow"]
    assert not row.is_exposed
    assert row.struck_share == 0.0 and row.mean_cost_gbp == 0.0 and row.spread_share == 0.0


def test_chance_of_striking_something(trio_material: Material) -> None:
    # Each of three councils with a chance of about 0.2; once in six years with 0.05 a year.
    frame = trio_material.tables["risks"].set_index("risk")
    assert np.isclose(frame.loc["will", "struck_share"], 1 - 0.8**3, atol=0.05)
    assert np.isclose(frame.loc["union", "struck_share"], 1 - 0.95**6, atol=0.05)


def test_partners_who_leave_are_priced_too(trio_material: Material) -> None:
    frame = trio_material.tables["risks"].set_index("name")
    assert frame.loc[register.LEAVING, "mean_cost_gbp"] > 0


def test_dearest_comes_first_and_what_is_not_exposed_last(trio_material: Material) -> None:
    frame = trio_material.tables["risks"]
    exposed = frame[frame.is_exposed.astype(bool)]
    assert exposed.mean_cost_gbp.is_monotonic_decreasing
    assert not frame.is_exposed.iloc[-1]


def test_row_in_words(trio_material: Material) -> None:
    row = trio_material.tables["risks"].set_index("risk").loc["will"]
    assert row.chance == "20% (10% to 30%)"
    assert row.does == "Delays by 6 months; costs £9,000 once"
    assert row.strikes == "every council"
    assert trio_material.tables["risks"].set_index("risk").loc["union"].chance == "5% a year"


def test_few_futures_for_many_bundles(trio: Contents) -> None:
    assert trio.judged is not None
    assert register.draws_used(trio.judged, 1) == 1024
    assert register.draws_used(trio.judged, 10_000) == 1024
