"""Appraisal under a stop rule: the same draws, the same bits, and what was reached."""

from __future__ import annotations

import json

import numpy as np
import pytest

import sharesim
from sharesim.appraisal.outcomes import appraise
from sharesim.appraisal.resources import Resources
from sharesim.appraisal.settle import appraise_until
from sharesim.bundles.enumerate import candidates
from sharesim.cli import main
from sharesim.errors import StudyError, UsageError
from sharesim.examples import from_dict, two_councils, two_councils_raw
from sharesim.measures import standard_errors
from sharesim.study.dump import write
from sharesim.uncertainty.goal import goal
from sharesim.uncertainty.stop import PrecisionRule

STUDY = two_councils()
TABLE = candidates(STUDY)
LEAD_GBP = "pert(0, 100000, 400000)"


def study_with(**run: object):
    raw = two_councils_raw()
    raw["run"] = {**raw.get("run", {}), **run}
    return from_dict(raw)


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("keep", ["auto", "tight"])
def test_the_same_bits_as_a_fixed_number_of_draws(jobs: int, keep: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if keep == "tight":  # so small a budget that partners' draws are dropped on the way
        monkeypatch.setattr(Resources, "kept", lambda self, n: "memory" if n <= 2 * 2 * 10_000 else "nothing")
    rule = PrecisionRule("mean", 1600.0, most_draws=65_536)
    found, settled = appraise_until(STUDY, TABLE, rule, seed=3, jobs=jobs)
    assert settled.reached and settled.n_draws == found.n_draws > 8192
    fixed = appraise(STUDY, TABLE, seed=3, purpose="choose", n_draws=found.n_draws)
    assert (found.kept is None) == (keep == "tight")
    np.testing.assert_array_equal(found.npv, fixed.npv)
    np.testing.assert_array_equal(found.npv_mean, fixed.npv_mean)
    np.testing.assert_array_equal(found.activation_npv, fixed.activation_npv)
    for name, values in fixed.means.items():
        np.testing.assert_array_equal(found.means[name], values)
    for name, values in fixed.figures.items():
        np.testing.assert_array_equal(found.figures[name], values)
    assert found.plan.manifest() == fixed.plan.manifest()


@pytest.mark.parametrize("measure", ["mean", "p10", "cvar", "p_loss"])
def test_every_bundle_is_as_precise_as_asked(measure: str) -> None:
    first = standard_errors(appraise(STUDY, TABLE, seed=3, purpose="choose", n_draws=8192).npv.sum(axis=1), measure)
    target = float(first.max()) / 1.5
    found, settled = appraise_until(STUDY, TABLE, goal(f"{measure} within {target!r}"), seed=3)
    assert settled.reached and 1.5 * 8192 < settled.n_draws < 4 * 8192
    assert standard_errors(found.npv.sum(axis=1), measure).max() <= target


@pytest.mark.parametrize("jobs", [1, 2])
def test_sobol_draws_are_added_by_scrambles(jobs: int) -> None:
    study = study_with(method="sobol", draws=16_384, scrambles=8, judge_until="p10 within 600")
    table = candidates(study)
    found, settled = appraise_until(study, table, goal("mean within 55"), seed=3, jobs=jobs)
    assert settled.reached and found.n_draws % 2048 == 0 and found.n_draws > 32 * 2048
    assert found.plan.scrambles == found.n_draws // 2048 and found.plan.has_standard_errors
    # So many scrambles asked for have the same bits.
    n_draws = found.n_draws
    fixed = study_with(method="sobol", draws=n_draws, judge_draws=n_draws, scrambles=found.plan.scrambles)
    same = appraise(fixed, table, seed=3, purpose="choose", n_draws=n_draws)
    np.testing.assert_array_equal(found.npv, same.npv)
    np.testing.assert_array_equal(found.figures["cvar"], same.figures["cvar"])
    assert standard_errors(found.npv.sum(axis=1), "mean", found.plan).max() <= 55
    judged = sharesim.judge(sharesim.choose(sharesim.appraise(study, seed=3)))
    assert judged.settled is not None and judged.settled.reached


def test_latin_hypercube_stops_on_the_error_of_its_chunks() -> None:
    study = study_with(method="latin_hypercube", until="mean within 1500")
    found = sharesim.appraise(study, seed=3)
    assert found.settled.reached and found.outcomes.plan.method == "latin_hypercube"
    errors = standard_errors(found.outcomes.npv.sum(axis=1), "mean", "latin_hypercube")
    assert errors.max() <= 1500


def with_forms(joint_gbp: str):
    """Return a study of one pair of councils in two forms, and its bundles with one host."""
    raw = two_councils_raw()
    raw["bundles"] = {**raw.get("bundles", {}), "forms": ["lead_authority", "joint_committee"]}
    raw["forms"] = {"lead_authority": {"set_up_gbp": LEAD_GBP}, "joint_committee": {"set_up_gbp": joint_gbp}}
    study = from_dict(raw)
    table = candidates(study)
    _, rows = np.unique(table.form, return_index=True)
    return study, table.take(rows)


def test_the_order_of_bundles_is_settled() -> None:
    study, table = with_forms("pert(0, 90000, 400000)")
    found, settled = appraise_until(study, table, goal("best settled"), seed=3)
    assert settled.reached and settled.said.startswith("the best is settled with 95% confidence after")
    assert found.npv_mean[0] != found.npv_mean[1]


def test_a_tie_is_said_with_its_closest_pair() -> None:
    study, table = with_forms("pert(29000, 129000, 429000)")
    # The forms differ by 29,000 on average; the joint committee costs as much more.
    found, settled = appraise_until(study, table, goal("best settled", most_draws=10_000), seed=3)
    better, worse = np.argsort(found.npv_mean)[::-1]
    assert not settled.reached and settled.n_draws == 9 * 1024
    assert f"the closest is {table.describe(better)} over {table.describe(worse)}, by " in settled.said
    _, tied = appraise_until(study, table, goal("best settled within 20000"), seed=3)
    assert tied.reached


def test_giving_up_is_said() -> None:
    _, settled = appraise_until(STUDY, TABLE, goal("mean within 1", most_draws=10_000), seed=3)
    assert not settled.reached and "above the target 1, after 9,216 draws" in settled.said


class Tight:
    """A budget that holds so many draws of two bundles, twice."""

    def __new__(cls, n_draws: int) -> Resources:
        budget = type("Few", (Resources,), {"budget_bytes": 16 * 2 * n_draws})
        return budget()


def test_memory_limits_the_draws_and_it_is_said() -> None:
    _, settled = appraise_until(STUDY, TABLE, goal("mean within 1"), seed=3, resources=Tight(9_000))
    assert settled.n_draws == 8192 and settled.said.endswith("more do not fit the memory budget of 0.0 GB")


def test_at_the_door_in_the_manifest_and_in_the_words(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    write(study_with(until="mean within 2500", judge_until="p10 within 5000").model, tmp_path / "study")
    assert main(["run", str(tmp_path / "study"), "--out", str(tmp_path / "run")]) == 0
    said = capsys.readouterr().out
    assert "Stop rule for choosing 'mean within 2500': the largest standard error of mean is" in said
    assert "Stop rule for judging 'p10 within 5000': the standard error of the portfolio's P10 is" in said
    rules = json.loads((tmp_path / "run" / "manifest.json").read_text(encoding="utf-8"))["stop_rules"]
    assert rules["choosing"]["reached"] and rules["judging"]["reached"]
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "Stop rule for choosing" in page and "Stop rule for judging" in page


def test_on_the_command_line_it_stands_above_the_study(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    write(study_with(until="mean within 2500").model, tmp_path / "study")
    words = ["appraise", str(tmp_path / "study"), "--out", str(tmp_path / "out")]
    assert main([*words, "--until", "p_loss within 0.02"]) == 0
    assert "Stop rule 'p_loss within 0.02'" in capsys.readouterr().out
    assert main([*words, "--draws", "512"]) == 0
    assert "on 512 futures" in capsys.readouterr().out
    assert main([*words, "--draws", "512", "--until", "mean within 5"]) == 2
    assert "until: both a number of draws and a stop rule" in capsys.readouterr().err


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(StudyError, match="run.until: not a stop rule: got 'mean 5'"):
        study_with(until="mean 5")
    long = study_with(method="sobol", draws=65_536)
    with pytest.raises(UsageError, match=r"until: no room for the first look: got 1,000,000 draws; allowed 2,097,152"):
        sharesim.appraise(long, until="mean within 5")
    with pytest.raises(UsageError, match="until: the first look does not fit the memory budget: got 0.0 GB for 2 b"):
        appraise_until(STUDY, TABLE, goal("mean within 5"), seed=3, resources=Tight(8_000))
    portfolio = sharesim.choose(sharesim.appraise(STUDY, draws=1024))
    with pytest.raises(UsageError, match="a portfolio alone has no order"):
        sharesim.judge(portfolio, until="best 2 settled")
