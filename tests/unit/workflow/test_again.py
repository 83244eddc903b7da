"""A finished run made again from its own folder shows what it showed, and needs no new search for it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sharesim
from sharesim.errors import UsageError
from sharesim.examples import two_councils
from sharesim.report.options import Beyond, Option
from sharesim.workflow import again
from sharesim.workflow.again import judged_again, read_run, report_run
from sharesim.workflow.doors import appraise, choose, judge, load
from sharesim.workflow.kept import FILE, read_kept, write_kept
from sharesim.workflow.run import RunOptions, run_study


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the starter study with an override, few draws and a report in Markdown."""
    folder = tmp_path_factory.mktemp("again")
    study = load(sharesim.new(folder / "mine"), set=["services.payroll.team_gbp=15000"])
    options = RunOptions(seed=3, draws=192, judge_draws=320, jobs=1, formats=("md",), explain_seconds=5.0)
    run_study(study, folder / "run", options)
    return folder / "run"


def test_the_copy_of_the_study_is_the_study_that_was_run(run: Path) -> None:
    found = read_run(run)
    assert found.study.changes[0].path == "services.payroll.team_gbp"
    assert load(run / "study").content_hash == found.manifest["study_hash"]
    assert found.study.model.services[1].team_gbp.value == 15_000


def test_the_same_bits_come_out_again(run: Path) -> None:
    found = read_run(run)
    judged = judged_again(found, RunOptions(jobs=1))
    figures = judged.figures()
    assert all(figures[name] == found.summary[name] for name in again.COMPARED)
    assert figures["chosen"] == found.summary["chosen"]


def test_the_report_says_what_it_said(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("what the run kept was searched for again")

    monkeypatch.setattr(again, "beyond", never)
    monkeypatch.setattr(again, "effects_of", never)
    files = report_run(run, "md", tmp_path, RunOptions(jobs=1))
    before, after = (run / "report.md").read_text(encoding="utf-8"), files["md"].read_text(encoding="utf-8")
    # The seconds of making the report itself were not known when it was made.
    differ = [pair for pair in zip(before.splitlines(), after.splitlines(), strict=True) if pair[0] != pair[1]]
    assert all(old.startswith("**Seconds**") for old, _ in differ) and len(differ) <= 1
    assert "The options" in after and "Assumed" in after


def test_without_what_was_kept_it_is_found_again(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(again, "BUDGET_SECONDS", 0.5)
    kept = (run / FILE).read_bytes()
    try:
        (run / FILE).unlink()
        files = report_run(run, ["md"], tmp_path, RunOptions(jobs=1))
        assert files["md"].is_file()
        (run / FILE).write_text("{", encoding="utf-8")
        with pytest.raises(UsageError, match="Run the study again"):
            report_run(run, ["md"], tmp_path, RunOptions(jobs=1))
    finally:
        (run / FILE).write_bytes(kept)


@pytest.mark.parametrize("name", ["manifest.json", "summary.json", "portfolio.csv", FILE])
def test_a_figure_changed_since_the_run_is_not_served_again(run: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    (copy / "my notes.txt").write_text("mine", encoding="utf-8")
    read_run(copy)
    text = (copy / name).read_text(encoding="utf-8")
    digit = next(letter for letter in text if letter in "123456")
    (copy / name).write_text(text.replace(digit, "7", 1), encoding="utf-8")
    assert (copy / name).stat().st_size == (run / name).stat().st_size
    with pytest.raises(UsageError) as caught:
        read_run(copy)
    told = f"{copy / name}: is not as the run wrote it. Run the study again, or bring back the file."
    assert str(caught.value) == told


def test_a_run_without_a_mark_of_ours_is_not_served_again(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    text = (copy / "manifest.json").read_text(encoding="utf-8")
    (copy / "manifest.json").write_text(text.replace('"written_by"', '"written_bz"', 1), encoding="utf-8")
    with pytest.raises(UsageError, match="not a run that can be reported: got no manifest of a run"):
        read_run(copy)


def test_what_is_kept_keeps_every_figure(tmp_path: Path) -> None:
    judged = judge(choose(appraise(load(sharesim.new(tmp_path / "mine")), draws=128)), draws=128)
    rows = tuple(int(row) for row in judged.portfolio.solution.chosen)
    costs = pd.DataFrame(
        [("a rule", 0.1 + 0.2, np.inf), ("=1+1", np.nan, -np.inf)], columns=["name", "low_gbp", "high_gbp"]
    )
    plans = pd.DataFrame({"plan": ["B"], "bundles": [["x", "y"]]})
    options = (
        Option("business_as_usual", "As usual", "nothing"),
        Option("preferred", "P", "best", rows, sets_rules_aside=True),
    )
    write_kept(tmp_path, replace(judged), Beyond(options, costs, plans, 60.0, 1.5), "2026-11-22")
    found = read_kept(tmp_path, judged, 1)
    assert found is not None and found.date == "2026-11-22"
    pd.testing.assert_frame_equal(found.beyond.rule_costs, costs)
    pd.testing.assert_frame_equal(found.beyond.alternatives, plans)
    assert [option.rows for option in found.beyond.options] == [(), rows]
    assert found.beyond.options[1].outcomes is judged.outcomes and found.beyond.options[1].sets_rules_aside
    assert read_kept(tmp_path / "mine", judged, 1) is None


def test_a_notebook_asks_for_forms(tmp_path: Path) -> None:
    judged = judge(choose(appraise(two_councils(), draws=128)), draws=128)
    first = sharesim.report(judged, tmp_path / "run", formats="xlsx,md")
    assert first.name == "workbook.xlsx"
    assert (tmp_path / "run" / "report.md").is_file() and not (tmp_path / "run" / "report.html").exists()
    with pytest.raises(UsageError, match="not a form of report"):
        sharesim.report(judged, tmp_path / "other", formats="docx")
    assert not (tmp_path / "other").exists()
