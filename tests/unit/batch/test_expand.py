"""Identities: what makes two runs the same, and what makes them different."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sharesim.batch import expand
from sharesim.batch.expand import Expansion, PlannedRun
from sharesim.batch.plan import read_plan
from tests.unit.batch.studies import COSTS, RATES, STUDY, write_plan, write_study


def planned(file: Path, known: dict[str, str] | None = None) -> list[PlannedRun]:
    return Expansion(file.name, known or {}).runs(read_plan(file))


def only(folder: Path, text: str = STUDY, **parts: object) -> str:
    write_study(folder / "tiny", text)
    (run,) = planned(write_plan(folder, **parts))
    assert not run.faults
    return run.run


def test_every_combination_has_an_identity_of_its_own(tmp_path: Path) -> None:
    runs = planned(write_plan(tmp_path, seeds=[1, 2], scenarios=["", "dear"], grids=[RATES]))
    assert len({run.run for run in runs}) == len(runs) == 8
    assert [run.seed for run in runs] == [1, 2] * 4


@pytest.mark.parametrize(
    "change",
    [
        lambda text: f"# a comment\n{text}",
        lambda text: text.replace("320000", "320_000.0"),
        lambda text: text.replace("[scenarios.dear]", '[scenarios.other]\n"run.seed" = 4\n[scenarios.dear]'),
        lambda text: text.replace("[scenarios.dear]", "[scenarios.dearer]"),
    ],
    ids=["comment", "spelling", "another scenario", "renamed scenario"],
)
def test_what_computes_the_same_is_the_same(tmp_path: Path, change) -> None:
    assert only(tmp_path / "a") == only(tmp_path / "b", change(STUDY))


def test_tables_in_files_are_the_same_as_tables_in_the_study(tmp_path: Path) -> None:
    text = STUDY.replace(
        '[[councils]]\nid = "east"\nname = "East"\nturnover_per_year = 0.1\nterms_gbp = 30000\n\n'
        '[[councils]]\nid = "west"\nname = "West"\nturnover_per_year = 0.1\nterms_gbp = 31000\n',
        '[tables]\ncouncils = "c.csv"\n',
    )
    assert text != STUDY
    (tmp_path / "b" / "tiny").mkdir(parents=True)
    (tmp_path / "b" / "tiny" / "c.csv").write_text(
        "id,name,turnover_per_year,terms_gbp\nwest,West,0.1,31000\neast,East,0.1,30000\n"
    )
    assert only(tmp_path / "a") == only(tmp_path / "b", text)


@pytest.mark.parametrize(
    "change",
    [
        ("320000", "320001"), ("active = false", "active = true"), ("draws = 64", "draws = 65"), ("0.7]", "0.71]"),
        ("judge_draws = 64", "judge_draws = 65"), ('title = "Payroll', 'title = "The payroll'), ("limit_days = 0", "limit_days = 1"),
    ],
    ids=lambda pair: pair[1],
)  # fmt: skip
def test_what_may_compute_otherwise_is_another_run(tmp_path: Path, change: tuple[str, str]) -> None:
    text = STUDY.replace(*change, 1)
    assert text != STUDY
    assert only(tmp_path / "a") != only(tmp_path / "b", text)


def test_another_seed_or_version_is_another_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = only(tmp_path / "a", seeds=[1])
    assert first == only(tmp_path / "b", set={"run.seed": 1})
    assert first != only(tmp_path / "c", seeds=[2])
    monkeypatch.setattr(expand, "__version__", "99.0")
    assert first != only(tmp_path / "d", seeds=[1])


def test_where_the_study_lies_does_not_matter(tmp_path: Path) -> None:
    file = write_plan(tmp_path, studies=["tiny", "copy"])
    shutil.copytree(tmp_path / "tiny", tmp_path / "copy")
    first, second = planned(file)
    assert first.run == second.run


def test_a_study_at_fault_is_a_run_at_fault_and_the_others_go_on(tmp_path: Path) -> None:
    grid = {"values": {"study.discount_rate_per_year": [0.03, "much"], "services.pay.elasticity": [1]}}
    found = planned(write_plan(tmp_path, studies=["tiny", "none"], scenarios=["", "nope"], grids=[grid, COSTS]))
    assert len(found) == 24 and all(run.faults for run in found)
    assert "plan.toml: services.pay.elasticity: unknown row of services: got 'pay'" in str(found[0].faults[0])
    assert "--scenario: unknown scenario: got 'nope'; allowed dear." in str(found[6].faults[0])
    assert "there is no such file or folder" in str(found[-1].faults[0])
    assert len({run.run for run in found}) == 24


def test_what_an_earlier_call_knew_is_not_worked_out_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_plan(tmp_path, seeds=[5], grids=[RATES])
    first = planned(file)
    monkeypatch.setattr(expand, "build", lambda *_, **__: pytest.fail("the study was checked again"))
    again = planned(file, {run.key: run.run for run in first})
    assert [(run.run, run.seed, run.name) for run in again] == [(run.run, 5, "tiny") for run in first]


def test_changes_are_recorded_on_the_word_of_the_plan(tmp_path: Path) -> None:
    file = write_plan(tmp_path, grids=[COSTS], scenarios=["dear"])
    expansion = Expansion(file.name)
    study = expansion.study(expansion.runs(read_plan(file))[0].variant)
    assert [(change.path, change.by) for change in study.changes] == [
        ("services.payroll.team_gbp", "scenario dear"), ("services.payroll.team_gbp", "plan.toml"),
    ]  # fmt: skip
