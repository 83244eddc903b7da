"""Where results go: nothing of anybody is lost, and no study lands in the folder of another."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import sharesim
from sharesim.cli import main
from sharesim.errors import OutputError
from sharesim.examples import two_councils, two_councils_raw
from sharesim.folders.contents import contents
from sharesim.study.dump import write
from sharesim.workflow.folder import WRITTEN
from sharesim.workflow.run import RunOptions, run_study

QUICK = ["--draws", "64", "--judge-draws", "64", "--explain", "0", "--jobs", "1", "--format", "md"]
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in that holds two studies of one name."""
    for name in ("a", "b"):
        write(two_councils().model, tmp_path / name)
    scenario = '\n[scenarios.high]\n"study.horizon_years" = 4\n'
    toml = tmp_path / "a" / "study.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + scenario, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def sharesim_says(capsys: pytest.CaptureFixture[str]) -> Command:
    """Carry out a command; return its exit code, its last line, and what it said of faults."""

    def carried_out(*words: str) -> tuple[int, str, str]:
        code = main([*words, *(QUICK if words[0] == "run" else [])])
        said = capsys.readouterr()
        return code, (said.out.splitlines() or [""])[-1], said.err

    return carried_out


def is_of(folder: Path, source: str) -> bool:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["origin"]["source"] == source


def test_studies_of_one_name_scenarios_and_changes_have_folders_of_their_own(
    home: Path, sharesim_says: Command
) -> None:
    code, last, _ = sharesim_says("run", "a", "b")
    runs = home / "runs"
    (other,) = [item for item in runs.iterdir() if item.name != "two-councils"]
    assert code == 0 and re.fullmatch(r"two-councils-[0-9a-f]{8}", other.name)
    assert last.startswith(f"All figures: runs/{other.name} (")
    assert last.endswith("; a folder of its own: runs/two-councils holds a run of another study (../a)")
    assert is_of(runs / "two-councils", "../a") and is_of(other, "../b")

    code, last, _ = sharesim_says("run", "a", "--scenario", "high")
    assert code == 0 and "runs/two-councils-high (" in last and last.endswith("; a folder of its own: scenario high")
    code, last, told = sharesim_says("run", "a", "--set", "study.horizon_years=3", "--quiet")
    assert code == 0 and not last and re.fullmatch(
        r"runs/two-councils-[0-9a-f]{8}; a folder of its own: changes on the command line\n", told
    )
    assert len(list(runs.iterdir())) == 4
    assert is_of(runs / "two-councils", "../a") and is_of(other, "../b")


def test_an_edit_replaces_the_studys_own_run_and_leaves_what_was_put_beside_it(
    home: Path, sharesim_says: Command, caplog: pytest.LogCaptureFixture
) -> None:
    assert sharesim_says("run", "b", "a")[0] == 0  # so that a is not where its name says
    (own,) = [item for item in (home / "runs").iterdir() if item.name != "two-councils"]
    (own / "notes.txt").write_text("mine", encoding="utf-8")
    toml = home / "a" / "study.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(re.sub("horizon_years = .*", "horizon_years = 3", text), encoding="utf-8")
    assert sharesim_says("run", "./a/study.toml")[0] == 0
    assert len((own / "years.csv").read_text(encoding="utf-8").splitlines()) == 4
    assert (own / "notes.txt").read_text(encoding="utf-8") == "mine" and len(list((home / "runs").iterdir())) == 2

    (own / "rules.csv").write_text("edited", encoding="utf-8")
    code, _, told = sharesim_says("run", "a")
    assert code == 1 and told.startswith(f"runs/{own.name}: rules.csv: was changed since it was written.")
    assert sharesim_says("run", "a", "--replace")[0] == 0
    assert caplog.messages == [
        f"runs/{own.name}/rules.csv: is not as sharesim wrote it, and is kept as rules.csv.kept."
    ]
    assert (own / "rules.csv.kept").read_text(encoding="utf-8") == "edited"


def test_several_into_one_folder_never_meet(home: Path, sharesim_says: Command) -> None:
    (home / "x").mkdir()
    (home / "b").rename(home / "x" / "a")
    assert sharesim_says("run", "a", "x/a/study.toml", "--out", "both")[0] == 0
    names = sorted(item.name for item in (home / "both").iterdir())
    assert names[0] == "a" and re.fullmatch(r"a-[0-9a-f]{8}", names[1]) and len(names) == 2


def test_a_run_is_not_replaced_by_a_frontier_a_table_or_a_highlight_report(home: Path, sharesim_says: Command) -> None:
    assert sharesim_says("run", "a", "--out", "mine")[0] == 0
    before = contents(home / "mine")
    actuals = home / "actuals.csv"
    actuals.write_text("period,measure,gbp\n2026-27,net,1000\n", encoding="utf-8")
    for words in (("frontier", "a"), ("explain", "a"), ("appraise", "a"), ("track", "mine", "actuals.csv")):
        code, _, told = sharesim_says(*words, "--out", "mine", "--quiet", "--replace")
        assert code == 1 and told.startswith("mine: holds another result: got a run; allowed ")
        assert told.count("\n") == 1
    assert contents(home / "mine") == before


def test_somebody_elses_folder_is_refused_by_every_command_that_writes(home: Path, sharesim_says: Command) -> None:
    assert sharesim_says("run", "a", "--out", "mine")[0] == 0
    (home / "web" / ".git").mkdir(parents=True)
    (home / "web" / "manifest.json").write_text('{"name": "a web project"}', encoding="utf-8")
    (home / "actuals.csv").write_text("period,measure,gbp\n2026-27,net,1000\n", encoding="utf-8")
    (home / "register.csv").write_text("id,kind\nx,shared\n", encoding="utf-8")
    before = {item: item.lstat().st_mtime_ns for item in [home / "web", *(home / "web").rglob("*")]}
    for words in (
        ("run", "a"), ("appraise", "a"), ("frontier", "a"), ("explain", "a"), ("track", "mine", "actuals.csv"),
        ("report", "mine"), ("backtest", "register.csv"),
    ):  # fmt: skip
        code, _, told = sharesim_says(*words, "--out", "web")
        assert code == 1 and told.startswith("web: is in the way: got a folder with '.git' in it; allowed a new name,")
        assert told.count("\n") == 1, told
    for words in (("new", "web"), ("convert", "a", "web"), ("new", "web", "--like", "chesterfield-2007")):
        code, _, told = sharesim_says(*words)
        assert code == 2 and told.startswith("web: is in the way: ") and told.count("\n") == 1
    with pytest.raises(OutputError, match="web: is in the way"):
        sharesim.report(sharesim.judge(sharesim.choose(sharesim.appraise("a", draws=64)), draws=64), "web")
    assert {item: item.lstat().st_mtime_ns for item in [home / "web", *(home / "web").rglob("*")]} == before


def test_a_page_of_cases_is_not_written_over_a_file(home: Path, sharesim_says: Command) -> None:
    code, _, told = sharesim_says("cases", "--run", "--out", "a/study.toml")
    assert code == 1 and told == (
        "a/study.toml: is in the way: got something is there already; allowed a new file. Choose another, or give "
        "--replace: then what is there is kept as study.toml.kept.\n"
    )


def test_a_report_is_added_to_its_run_and_a_folder_holds_the_reports_of_one(home: Path, sharesim_says: Command) -> None:
    for name in ("a", "b"):
        seed = "1" if name == "a" else "2"
        assert sharesim_says("run", name, "--out", f"run-{name}", "--seed", seed)[0] == 0
    before = contents(home / "run-a", leave_out=("manifest.json",))
    assert sharesim_says("report", "run-a", "--format", "xlsx", "--quiet")[0] == 0
    after = contents(home / "run-a", leave_out=("manifest.json",))
    assert after.keys() - before.keys() == {"workbook.xlsx"} and after.items() >= before.items()
    for form in ("md", "xlsx"):
        assert sharesim_says("report", "run-a", "--format", form, "--out", "papers", "--quiet")[0] == 0
    assert {"report.md", "workbook.xlsx", "manifest.json"} == set(os.listdir(home / "papers"))
    code, _, told = sharesim_says("report", "run-b", "--format", "md", "--out", "papers", "--quiet")
    assert code == 1 and told.startswith("papers: belongs to another run: allowed the same run, or a free folder.")
    assert sharesim_says("run", "a", "--out", "run-a")[0] == 0
    assert not (home / "run-a" / "workbook.xlsx").exists()


def test_studies_read_from_nowhere_are_known_by_what_they_say(home: Path) -> None:
    def reported(years: int) -> Path:
        study = two_councils(study={**two_councils_raw()["study"], "horizon_years": years})
        judged = sharesim.judge(sharesim.choose(sharesim.appraise(study, draws=64)), draws=64)
        return sharesim.report(judged, formats="md")

    first = reported(4)
    assert first == Path("runs/two-councils/report.md") == reported(4)
    assert reported(3) != first and len(os.listdir("runs")) == 2


def test_what_a_run_is_known_to_write_is_what_it_writes(home: Path) -> None:
    options = RunOptions(draws=64, judge_draws=64, explain_seconds=0.0)
    result = run_study(sharesim.load(home / "a"), home / "run", options)
    there = set(os.listdir(result.folder))
    assert set(WRITTEN) <= there and set(options.expected) <= there
    # What only some studies have, or only a report has kept, is not known before.
    assert there - set(options.expected) <= {"manifest.json", "report.json", "readings.csv", "metrics.csv"}
