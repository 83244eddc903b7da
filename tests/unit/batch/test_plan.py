"""Plans: what they come to, and every message about what is wrong with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharesim.batch.expand import Expansion, variants
from sharesim.batch.plan import read_plan
from sharesim.errors import UsageError
from tests.unit.batch.studies import COSTS, RATES, STUDY, write_plan, write_study


def faults_of(file: Path) -> list[str]:
    with pytest.raises(UsageError) as caught:
        read_plan(file)
    return [str(fault) for fault in caught.value.faults]


def test_everything_multiplies_and_seeds_turn_fastest(tmp_path: Path) -> None:
    plan = read_plan(write_plan(tmp_path, scenarios=["", "dear"], seeds=[1, 2], grids=[RATES, COSTS]))
    found = list(variants(plan))
    assert plan.n_runs == len(found) == 2 * 2 * 2 * 3
    assert plan.factors == ("scenario", "seed", "study.discount_rate_per_year", "services.payroll.team_gbp")
    assert found[1].assignments == (
        ("study.discount_rate_per_year", 0.03), ("services.payroll.team_gbp", 10000), ("run.seed", 2),
    )  # fmt: skip
    assert [item.scenario for item in found] == [""] * 12 + ["dear"] * 12


def test_draws_come_before_the_grids_so_that_a_grid_may_change_them(tmp_path: Path) -> None:
    grid = {"values": {"run.draws": [64, 128]}}
    plan = read_plan(write_plan(tmp_path, draws=1024, judge_draws=2048, set={"study.horizon_years": 3}, grids=[grid]))
    (first, _) = variants(plan)
    assert first.assignments == (
        ("study.horizon_years", 3), ("run.draws", 1024), ("run.until", ""), ("run.judge_draws", 2048),
        ("run.judge_until", ""), ("run.draws", 64),
    )  # fmt: skip


def test_zipped_lists_go_together_under_a_label(tmp_path: Path) -> None:
    grid = {"name": "size", "kind": "zipped", "labels": ["small", "large"], "values": {"a.b": [1, 2], "c.d": [3, 4]}}
    plan = read_plan(write_plan(tmp_path, grids=[grid]))
    assert plan.factors == ("size",)
    assert [item.settings for item in variants(plan)] == [
        {"size": "small", "a.b": 1, "c.d": 3}, {"size": "large", "a.b": 2, "c.d": 4},
    ]  # fmt: skip


def test_rows_of_a_csv_read_their_cells_as_the_command_line_does(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(
        'label,scenario,study.horizon_years,services.payroll.elasticity\nplain,,3,\ndear one,dear,,"pert(0.5, 0.6, 0.7)"\n\n'
    )
    plan = read_plan(write_plan(tmp_path, grids=[{"name": "cases", "kind": "rows", "file": "rows.csv"}]))
    first, second = variants(plan)
    assert (first.scenario, first.assignments) == ("", (("study.horizon_years", 3),))
    assert (second.scenario, second.assignments) == ("dear", (("services.payroll.elasticity", "pert(0.5, 0.6, 0.7)"),))
    assert plan.grids[0].labels == ("plain", "dear one")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[batch]\n", 'plan.toml: batch.studies: names no study: allowed a list such as ["my-study"], relative to the plan.'),
        ("[batch]\nstudy = 1\nstudies = ['x']", "plan.toml: batch: unknown field: got 'study'; allowed name, studies, scenarios, seeds, draws, judge_draws, spread. Did you mean 'studies'?"),
        ("[batch]\nstudies = ['x']\nseeds = [1, -2]", "plan.toml: batch.seeds: not a list of seeds: got [1, -2]; allowed whole numbers from 0, such as [1, 2, 3]."),
        ("[batch]\nstudies = ['x', 'x']", "plan.toml: batch.studies: names one twice: allowed each once. Drop one."),
        ("[batch]\nstudies = ['x']\nname = '../up'", "plan.toml: batch.name: not a name: got ../up; allowed letters, digits, spaces, - and _; at most 60."),
        ("[batch]\nstudies = ['x']\nspread = 1", "plan.toml: batch.spread: neither true nor false: got 1; allowed true or false."),
        ("[batch]\nstudies = ['x']\n[set]\nstudy.horizon_years = 3", 'plan.toml: set.study: a path without quotes: allowed "study.field" = value. Put the whole path into quotes.'),
        ("[batch]\nstudies = ['x']\n[set]\nscenario = 'a'", "plan.toml: set.scenario: not changed here: allowed batch.scenarios, or a grid of scenario."),
        ("[batch]\nstudies = ['x']\ngrids = 3", "plan.toml: batch: unknown field: got 'grids'; allowed name, studies, scenarios, seeds, draws, judge_draws, spread. Use one of the names given, or add the field to its table."),
        ("[batch]\nstudies = ['x']\n[[grids]]\nkind = 'cartesien'", "plan.toml: grid 1.kind: unknown kind of grid: got 'cartesien'; allowed cartesian, zipped, rows. Did you mean 'cartesian'?"),
        ("[batch]\nstudies = ['x']\n[[grids]]", 'plan.toml: grid 1.values: changes nothing: allowed values = {"study.horizon_years" = [5, 10]}.'),
        ("[batch]\nstudies = ['x']\n[[grids]]\nvalues = {'a.b' = 1}", "plan.toml: grid 1: a.b: must be a list of values: got 1; allowed [value, value, ...]. A single value belongs under [set]."),
        ("[batch]\nstudies = ['x']\n[[grids]]\nvalues = {a = [1]}", "plan.toml: grid 1: a: not a path: got a; allowed section.field, table.row.field, or scenario."),
        ("[batch]\nstudies = ['x']\n[[grids]]\nname = 'status'\nvalues = {'a.b' = [1]}", "plan.toml: grid 1.name: not a name for a grid: got status; allowed letters, digits, spaces, - and _; no column of runs.csv."),
        ("[batch]\nstudies = ['x']\n[[grids]]\nkind = 'zipped'\nvalues = {'a.b' = [1], 'c.d' = [1, 2]}", 'plan.toml: grid 1: lists of different lengths: got a.b: 1, c.d: 2; allowed the same length for all. Or use kind = "cartesian".'),
        ("[batch]\nstudies = ['x']\n[[grids]]\nkind = 'zipped'\nlabels = ['p']\nvalues = {'a.b' = [1, 2]}", "plan.toml: grid 1.labels: not one for each value: got 1; allowed 2 different labels."),
        ("[batch]\nstudies = ['x']\n[[grids]]\nlabels = ['p']\nvalues = {'a.b' = [1]}", 'plan.toml: grid 1.labels: only zipped grids have labels: allowed kind = "zipped".'),
        ("[batch]\nstudies = ['x']\n[[grids]]\nfile = 'r.csv'\nvalues = {'a.b' = [1]}", 'plan.toml: grid 1.file: only a grid of rows reads a file: allowed kind = "rows".'),
        ("[batch]\nstudies = ['x']\n[[grids]]\nkind = 'rows'", 'plan.toml: grid 1.file: names no file: allowed file = "variants.csv".'),
        ("[batch]\nstudies = ['x']\n[[grids]]\nkind = 'rows'\nfile = '../r.csv'", "plan.toml: grid 1.file: leads out of the plan's folder: got ../r.csv; allowed a file beside or below the plan. Move the file."),
        ("[batch]\nstudies = ['x']\n[[grids]]\nvalues = {'a.b' = [1]}\n[[grids]]\nvalues = {'a.b' = [2]}", "plan.toml: grids: two grids change the same thing: got a.b; allowed one grid for each path and name. Put them into one grid."),
        ("batch = 3", "plan.toml: batch: must be a table: got int; allowed [batch]."),
        ("[batch]\nstudies = 'x'", 'plan.toml: batch.studies: must be a list of texts: got x; allowed ["one", "two"].'),
        ("[batch", "plan.toml, line 1: the heading does not end: got '[batch'. Close it with ]."),
    ],
)  # fmt: skip
def test_messages(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(text)
    assert message in faults_of(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("label\nx\n", "rows.csv: not a table of changes: got label; allowed a first line of paths, such as study.horizon_years, and perhaps label; then a line for each run."),
        ("a.b,a.b\n1,2\n", "rows.csv: not a table of changes: got a.b, a.b; allowed a first line of paths, such as study.horizon_years, and perhaps label; then a line for each run."),
        ("run\n1\n", "plan.toml: rows.csv: run: not a path: got run; allowed section.field, table.row.field, or scenario."),
        ("a.b\n1,2\n", "rows.csv, row 2: more cells than columns: got 2; allowed 1. Quote cells that hold a comma."),
        ("label,a.b\nx,1\nx,2\n", "rows.csv: a label stands twice: allowed each once. Labels tell the runs apart."),
        ('a.b\n"1\n', "rows.csv, line 2: the quotes do not match. A cell that holds a comma or a quote stands in double quotes, and a quote inside it is doubled."),
        ("a.b\n\x00\n", "rows.csv: holds NUL characters: allowed plain text. Check that it is the right file."),
    ],
)  # fmt: skip
def test_messages_about_rows(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "rows.csv").write_text(text)
    assert message in faults_of(write_plan(tmp_path, grids=[{"kind": "rows", "file": "rows.csv"}]))


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text("[batch]\nname = ''\nstudies = []\nseeds = 1\nspread = 2\n")
    assert len(faults_of(file)) == 4


def test_size_is_bounded_before_anything_is_made(tmp_path: Path) -> None:
    values = {f"a.b{at}": list(range(10)) for at in range(9)}
    (told,) = faults_of(write_plan(tmp_path, grids=[{"values": values}]))
    assert told == (
        "plan.toml: grid 1: too many runs: got 1,000,000,000; allowed at most 100,000. Split the plan, or use a zipped grid or rows."
    )
    seeds = write_plan(tmp_path, seeds=list(range(1001)), grids=[{"values": {"a.b": list(range(100))}}])
    assert "100,100; allowed at most 100,000" in faults_of(seeds)[0]


def test_files_that_are_no_plans(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "none.toml") == [
        f"{tmp_path / 'none.toml'}: there is no such file: allowed a plan such as configs/batch-example.toml."
    ]
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    assert faults_of(tmp_path / "bytes.toml") == ["bytes.toml: not UTF-8 text (byte 0). Save it as UTF-8."]
    (tmp_path / "large.toml").write_bytes(b"#" * 5_000_001)
    assert "too large: got 5,000,001 bytes; allowed at most 5,000,000." in faults_of(tmp_path / "large.toml")[0]
    (tmp_path / "deep.toml").write_text("a = " + "[" * 5000)
    assert len(faults_of(tmp_path / "deep.toml")) == 1


def test_a_number_of_draws_takes_the_place_of_a_stop_rule(tmp_path: Path) -> None:
    def settled(**parts: object) -> str:
        plan = read_plan(write_plan(tmp_path, **parts))
        (run,) = Expansion("plan.toml").runs(plan)
        assert not run.faults
        return Expansion("plan.toml").study(run.variant).model.run.until

    write_study(tmp_path / "tiny", STUDY.replace("draws = 64\n", 'until = "best 1 settled"\ndraws = 64\n', 1))
    assert settled() == "best 1 settled"
    assert settled(draws=128) == ""
    assert settled(draws=128, set={"run.until": "mean within 500"}) == "mean within 500"


@pytest.mark.parametrize("names", [["Status"], ["pools", "Pools"]])
def test_columns_that_differ_by_capitals_only_are_refused(tmp_path: Path, names: list[str]) -> None:
    paths = ["services.payroll.team_gbp", "study.horizon_years"]
    grids = [
        {"kind": "zipped", "name": name, "values": {path: [2, 3]}} for name, path in zip(names, paths, strict=False)
    ]
    told = faults_of(write_plan(tmp_path, grids=grids))
    assert told and all(word in " ".join(told) for word in names)
