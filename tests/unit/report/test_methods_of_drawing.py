"""Reports on futures drawn in other ways: errors where the draws give one, and said to be missing where they do not."""

from __future__ import annotations

import numpy as np
import pytest

from sharesim.report import register
from sharesim.report.figures import drawing
from sharesim.report.html import render
from sharesim.report.material import Material
from tests.unit.report import studies
from tests.unit.report.pages import read, rows_of


@pytest.mark.parametrize("method", ["sobol", "latin_hypercube"])
def test_report_without_standard_errors(method: str) -> None:
    raw = studies.trio_raw()
    raw["run"] |= {"method": method, "judge_draws": 2048}
    made = studies.contents(raw, effects=False)
    material = Material(made)
    page = read(render(material, [drawing(plot) for plot in material.plots.values()]))
    assert page.unclosed == []
    assert "give or take" not in page.by_id("decision").text
    assert all(row["npv_mean_error_gbp"][0] == "–" for row in rows_of(page.table("horizons")))
    assert "standard error" not in page.table("readings").text
    assert material.tables["portfolio"].npv_mean_error_gbp.isna().all()
    assert "not available" in page.by_id("method").text


def test_risks_meet_the_futures_that_they_are_counted_on() -> None:
    """Under Sobol' the first draws of a longer run are others than those of a short one."""
    raw = studies.trio_raw()
    raw["run"] |= {"method": "sobol", "judge_draws": 8192}
    made = studies.contents(raw, effects=False)
    assert made.judged is not None
    frame = Material(made).tables["risks"].set_index("risk")
    assert frame.n_draws.iloc[0] == 4096
    same = register.simulated(made.study, made.judged, 4096)
    position = [row.id for row in made.study.model.risks].index("will")
    cost = register.worth(register.simulated(register.without_risk(made.study, position), made.judged, 4096))
    cost = cost - register.worth(same)
    struck = register.strike_counts(made.study, same)[position] > 0
    assert np.allclose(cost[~struck], 0.0, atol=1e-6)
    assert np.isclose(frame.loc["will", "cost_when_struck_gbp"], cost[struck].mean())
