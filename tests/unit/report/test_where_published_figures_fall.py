"""One definition of a percentile of a figure among draws: ties count half, rounding decides nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sharesim.examples import from_dict
from sharesim.report.grounds import falls
from sharesim.workflow.backtest.predict import Prediction
from sharesim.workflow.doors import appraise, choose, judge
from sharesim.workflow.run import RunOptions, run_study
from sharesim.workflow.track import track
from tests.unit.certain import certain_raw


@pytest.mark.parametrize(
    ("published", "percentile", "said"),
    [
        (70_000, 50.0, "in the middle of the futures"),
        (69_999, 0.0, "below every future"),
        (70_001, 100.0, "above every future"),
    ],
)
def test_a_published_figure_that_is_hit_lies_in_the_middle(published: float, percentile: float, said: str) -> None:
    """Ashby saves a tenth of 700,000 in every future."""
    raw = certain_raw()
    raw["published"] = [
        {
            "label": "Ashby, a year", "measure": "cashable_gbp", "value": published, "years": 4, "per_year": True,
            "councils": ["ashby"],
        }
    ]  # fmt: skip
    judged = judge(choose(appraise(from_dict(raw), draws=1024, seed=1)), draws=1024)
    [row] = judged.published().itertuples()
    assert row.percentile_of_published == percentile
    assert falls(row) == said


def test_the_order_of_a_sum_moves_no_percentile() -> None:
    """A net value of a few pounds, out of millions that cancel: equal is judged by what was added up."""
    raw = certain_raw()
    raw["services"][0]["team_gbp"] = 1e8
    raw["services"][0]["saving_rate_share"] = 0.99
    raw["rules"] = [{"kind": "must_share", "name": "share it", "services": ["audit"]}]
    npv = -1e8 * 0.7 + sum(0.99 * 700_000 / 1.035**year for year in range(6))
    label = {"label": "Value", "measure": "npv_gbp", "value": npv * (1 + 1e-11), "years": 6, "councils": ["ashby"]}
    raw["published"] = [label]
    judged = judge(choose(appraise(from_dict(raw), draws=1024, seed=1)), draws=1024)
    assert judged.published().percentile_of_published.tolist() == [50.0]


def test_a_back_test_counts_ties_by_half() -> None:
    draws = np.array([0.1 + 0.2, 0.3, 0.4, 0.5])
    assert Prediction("A1", "planned saving a year", 0.3, draws, "", ()).percentile == 25.0


def test_what_is_seen_as_planned_is_in_the_middle_when_tracked(tmp_path: Path) -> None:
    raw = certain_raw()
    run = run_study(from_dict(raw), tmp_path / "run", RunOptions(jobs=1, explain_seconds=0))
    # Real 90,000 and 100,000 in the money of 2026-27, which is the price base.
    rows = ["2026-27,one_off,90000", "2026-27,cashable,100000", "2026-27,net,10000"]
    path = tmp_path / "actuals.csv"
    path.write_text("\n".join(["period,measure,gbp", *rows]) + "\n", encoding="utf-8")
    found = track(run.folder, path)
    assert found.highlights.percentile.tolist() == [50.0, 50.0, 50.0]
    assert found.bands.percentile.dropna().tolist() == [50.0, 50.0, 50.0]
    assert set(found.highlights.status) == {"on track"}
