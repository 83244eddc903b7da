"""Single figures from results: each call gives Axes that show the tables; what cannot be drawn says why."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes

from sharesim.errors import UsageError
from sharesim.examples import from_dict, two_councils_raw
from sharesim.workflow.check import check
from sharesim.workflow.doors import appraise, choose
from sharesim.workflow.results import Portfolio
from tests.unit.report import studies


@pytest.fixture(scope="module")
def portfolio() -> Portfolio:
    """A portfolio of three councils, not judged yet."""
    raw = studies.trio_raw()
    raw["run"] |= {"draws": 256, "judge_draws": 256}
    keeps = {"services": ["audit"], "councils": ["westham"]}
    raw["rules"].append({"kind": "never_share", "name": "Westham keeps its audit", "owner": "westham", **keeps})
    return choose(appraise(from_dict(raw), jobs=1))


@pytest.mark.parametrize("name", ["matrix", "map", "fan", "tornado", "timeline", "councils", "options", "rule_costs"])
def test_a_portfolio_draws_itself(name: str, portfolio: Portfolio) -> None:
    axes = getattr(portfolio.plot, name)()
    assert isinstance(axes, Axes)
    assert axes.has_data() or axes.patches
    assert axes.figure.texts[0].get_text()  # the finding


@pytest.mark.parametrize("against", ["cvar", "exits"])
def test_frontier_shows_its_table(against: str, portfolio: Portfolio) -> None:
    frame = portfolio.appraisal.frontier(against, n_points=4, rules=portfolio.rules)
    axes = portfolio.plot.frontier(against, n_points=4)
    points = axes.lines[1]
    assert np.allclose(points.get_xdata(), frame[against])
    assert np.allclose(points.get_ydata(), frame.mean_npv_gbp)
    assert axes.get_xlabel() and axes.get_ylabel()


def test_what_cannot_be_drawn_says_why(portfolio: Portfolio) -> None:
    with pytest.raises(UsageError, match=r"against: unknown: got 'cvra'; allowed cvar.*Did you mean 'cvar'"):
        portfolio.plot.frontier("cvra")
    raw = studies.trio_raw()
    raw["run"] |= {"draws": 256, "judge_draws": 256}
    for row in raw["councils"]:
        row.pop("x_km")
    without = choose(appraise(from_dict(raw), jobs=1))
    with pytest.raises(UsageError, match="A map needs coordinates of every council"):
        without.plot.map()


def test_check_lists_the_settings_left_as_they_are() -> None:
    study = from_dict(two_councils_raw())
    told = check(study).split("Left as they are")[1].splitlines()[1:]
    assert [line.split(" = ")[0].strip() for line in told] == [item.path for item in study.conventions]
    assert all(item.meaning in line for item, line in zip(study.conventions, told, strict=True))
