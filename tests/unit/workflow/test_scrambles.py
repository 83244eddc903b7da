"""Sobol' draws whose scrambles a stop rule decided: every later reading meets the very same futures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import sharesim
from sharesim.appraisal.outcomes import appraise_again
from sharesim.cli import main
from sharesim.examples import from_dict, two_councils_raw
from sharesim.report.register import draws_used, simulated
from sharesim.study.dump import write
from sharesim.workflow.again import judged_again, read_run


def study():
    raw = two_councils_raw()
    run = {"method": "sobol", "draws": 4096, "judge_draws": 4096, "scrambles": 4, "until": "mean within 110"}
    raw["run"] = {**raw.get("run", {}), **run, "judge_until": "p10 within 550"}
    return from_dict(raw)


@pytest.fixture(scope="module")
def judged() -> sharesim.Judged:
    return sharesim.judge(sharesim.choose(sharesim.appraise(study(), seed=5)))


def test_choosing_and_judging_may_have_other_numbers_of_scrambles(judged: sharesim.Judged) -> None:
    chose, fresh = judged.portfolio.appraisal.outcomes, judged.outcomes
    assert chose.plan.scrambles != fresh.plan.scrambles and chose.plan.scrambles > 32 < fresh.plan.scrambles
    for outcomes in (chose, fresh):
        assert outcomes.n_draws == 1024 * outcomes.plan.scrambles
    assert judged.figures()["npv_mean_gbp_error"] > 0


def test_readings_again_are_of_the_same_futures(judged: sharesim.Judged) -> None:
    fresh = judged.outcomes
    np.testing.assert_array_equal(appraise_again(fresh, fresh.table).npv, fresh.npv)
    first = appraise_again(fresh, fresh.table, n_draws=10_000)
    assert first.plan.scrambles == 9 and first.n_draws == 9216
    np.testing.assert_array_equal(first.npv, fresh.npv[..., :9216])
    assert draws_used(fresh, 3) == 4096
    same = simulated(fresh.study, fresh, 4096)
    np.testing.assert_array_equal(same.npv, fresh.npv[..., :4096])
    chose = judged.portfolio.appraisal.outcomes
    _, other = next(judged.portfolio.question._sets(5, 1, chose.n_draws))
    assert other.plan.scrambles == chose.plan.scrambles and not np.array_equal(other.npv, chose.npv)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    aside = tmp_path_factory.mktemp("run")
    write(study().model, aside / "study")
    assert main(["run", str(aside / "study"), "--out", str(aside / "run"), "--seed", "5", "--quiet"]) == 0
    return aside / "run"


def test_a_finished_run_is_had_again(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = read_run(folder)
    again = judged_again(run)
    assert again.stop_rules.keys() == {"choosing", "judging"}
    assert again.stop_rules["judging"].figures() == run.manifest["stop_rules"]["judging"]
    for name in ("npv_mean_gbp", "npv_mean_gbp_error", "npv_p5_gbp", "probability_of_loss"):
        assert again.figures()[name] == pytest.approx(run.summary[name], rel=1e-12)
    assert main(["report", str(folder), "--format", "md", "--out", str(tmp_path / "md")]) == 0
    said = (tmp_path / "md" / "report.md").read_text(encoding="utf-8")
    assert f"{run.manifest['choosing_draws']['scrambles']} independent scrambles" in said
    assert "Stop rule for judging" in said
    capsys.readouterr()


def test_tracking_takes_whole_scrambles(folder: Path, tmp_path: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["judging_draws"]["scrambles"] > 32
    again = judged_again(read_run(folder)).outcomes
    (tmp_path / "actuals.csv").write_text("period,measure,gbp\n2025-26,cashable,10000\n", encoding="utf-8")
    found = sharesim.track(folder, tmp_path / "actuals.csv")
    worth = again.npv.sum(axis=(0, 1)) + again.needed @ again.activation_npv.sum(axis=1)
    np.testing.assert_array_equal(found.npv, worth[:8192])
