"""What a run is: every value of every file that it reads, and nothing of how the files look."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest

from sharesim.batch.execute import BatchOptions, run_batch
from sharesim.batch.expand import identity
from sharesim.study.convert import convert
from sharesim.study.load import load
from tests.unit.batch.studies import write_plan

STUDY = """\
[study]
name = "all-files"
title = "Payroll for three councils"
start = 2025-04-01
horizon_years = 2
report_years = []
price_base = "2025-26"

[run]
draws = 64
judge_draws = 64

[bundles]
most_partners = 2
adjacent = "connected"

[tables]
councils = "places.csv"

[[drivers]]
name = "overrun"
value = {empirical = {file = "seen/overruns.csv", column = "factor"}}

[scenarios.slow]
"services.payroll.delay_months" = "empirical(file=delays.csv)"

[scenarios.elsewhere]
"tables.risks" = "other-risks.csv"
"""
FILES = {
    "study.toml": STUDY,
    "places.csv": "id,name,turnover_per_year,terms_gbp,workforce\n"
    "east,East,0.1,30000,clerks\nwest,West,0.1,31000,clerks\nnorth,North,0.1,29000,clerks\n",
    "services.csv": "id,name,elasticity,realisation_share,cashable_share,ramp_years,delay_months,team_gbp,overrun_factor\n"
    'payroll,Payroll,"empirical(file=rates.csv, column=rate)",1,0.8,0.5,0,20000,driver(overrun)\n',
    "baseline.csv": "council,service,cost_gbp,posts_fte,gf_share\n"
    "east,payroll,320000,7,1\nwest,payroll,400000,9,1\nnorth,payroll,360000,8,1\n",
    "risks.csv": "id,name,scope,targets,probability,per,one_off_gbp\nit,Systems differ,programme,,0.2,once,12000\n",
    "other-risks.csv": "id,name,scope,targets,probability,per,one_off_gbp\nit,Systems differ,programme,,0.3,once,5000\n",
    "workforce.csv": "profile,age_low,age_high,service_low,service_high,share\n"
    "clerks,20,40,0,5,0.6\nclerks,40,60,5,20,0.4\n",
    "quality.csv": "service,criterion,weight,before,after\npayroll,Accuracy,1,5,6\npayroll,Cover,2,4,5\n",
    "neighbours.csv": "council,neighbour\neast,west\nwest,north\n",
    "seen/overruns.csv": "project,factor\na,1.1\nb,1.3\n",
    "rates.csv": "rate,year\n0.5,1\n0.6,2\n0.7,3\n",
    "delays.csv": "months\n1\n4\n",
}
#: One value changed in each file that a run reads; the plan's own table of changes among them.
VALUES = {
    "study.toml": ("horizon_years = 2", "horizon_years = 3"),
    "places.csv": ("29000", "29001"),
    "services.csv": ("20000", "20001"),
    "baseline.csv": ("360000", "360001"),
    "risks.csv": ("0.2,once", "0.21,once"),
    "workforce.csv": ("5,0.6\nclerks,40,60,5", "6,0.6\nclerks,40,60,6"),
    "quality.csv": ("Cover,2", "Cover,3"),
    "neighbours.csv": ("west,north", "east,north"),
    "seen/overruns.csv": ("1.3", "1.4"),
    "rates.csv": ("0.7", "0.71"),
}
#: The same values in other words.
SPELLING = {
    "study.toml": ("[run]\n", "# as agreed\n[run]\n"),
    "places.csv": ("0.1,30000,clerks\nwest,West,0.1,31000", "0.10,30000.0,clerks\nwest,West,0.1,31000.00"),
    "baseline.csv": ("east,payroll,320000,7,1\nwest,payroll,400000,9,1\n", "west,payroll,400000,9,1\neast,payroll,320000,7,1\n"),
    "seen/overruns.csv": ("a,1.1\nb,1.3\n", "c,1.30\n\na,1.10\n"),
    "rates.csv": ("0.5,1", "0.50,9"),
}  # fmt: skip


def write(folder: Path) -> Path:
    """Write the study of every kind of file."""
    for name, text in FILES.items():
        (folder / "all" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "all" / name).write_text(text, encoding="utf-8")
    return folder / "all"


def do(folder: Path, **options: object) -> tuple[int, int, int]:
    result = run_batch(folder / "plan.toml", BatchOptions(out=folder / "out", jobs=0, **options))
    return result.n_done, result.n_found, result.n_failed


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A batch over a study of every kind of file, done."""
    folder = tmp_path_factory.mktemp("identity")
    write(folder)
    write_plan(folder, studies=["all"])
    assert do(folder) == (1, 0, 0)
    return folder


@pytest.fixture
def changed(done: Path) -> Iterator[Callable[[str, tuple[str, str]], Path]]:
    """Change one file of what is done; it is as it was afterwards."""
    touched = []
    assert do(done) == (0, 1, 0)

    def change(name: str, pair: tuple[str, str]) -> Path:
        file = done / "all" / name
        touched.append((file, text := file.read_text(encoding="utf-8")))
        assert text.count(pair[0]) == 1
        file.write_text(text.replace(*pair), encoding="utf-8")
        return done

    yield change
    for file, text in touched:
        file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", VALUES)
def test_a_value_changed_in_any_file_does_the_run_again(changed, name: str) -> None:
    folder = changed(name, VALUES[name])
    assert do(folder) == (1, 0, 0)
    assert do(folder) == (0, 1, 0)
    assert do(folder, force=True) == (1, 0, 0)


@pytest.mark.parametrize("name", SPELLING)
def test_other_words_for_the_same_values_do_nothing_again(changed, name: str) -> None:
    assert do(changed(name, SPELLING[name])) == (0, 1, 0)


@pytest.mark.parametrize(
    ("parts", "file", "pair"),
    [
        ({"scenarios": ["slow"]}, "delays.csv", ("4", "5")),
        ({"set": {"services.payroll.delay_months": "empirical(file=delays.csv)"}}, "delays.csv", ("4", "5")),
        ({"grids": [{"values": {"drivers.overrun.value": [{"empirical": {"file": "delays.csv"}}]}}]}, "delays.csv", ("4", "5")),
        ({"scenarios": ["elsewhere"]}, "other-risks.csv", ("5000", "5001")),
        ({"grids": [{"values": {"tables.risks": ["other-risks.csv"]}}]}, "other-risks.csv", ("5000", "5001")),
    ],
    ids=["scenario", "set", "grid", "table by a scenario", "table by a grid"],
)  # fmt: skip
def test_values_in_files_that_a_change_names_are_part_of_the_run(
    tmp_path: Path, parts: dict, file: str, pair: tuple[str, str]
) -> None:
    write(tmp_path)
    write_plan(tmp_path, studies=["all"], **parts)
    assert do(tmp_path) == (1, 0, 0)
    assert do(tmp_path) == (0, 1, 0)
    (tmp_path / "all" / file).write_text(FILES[file].replace(*pair), encoding="utf-8")
    assert do(tmp_path) == (1, 0, 0)


def test_a_value_changed_in_a_table_of_changes_does_that_run_again(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "cases.csv").write_text("label,services.payroll.team_gbp\none,1000\ntwo,2000\n", encoding="utf-8")
    write_plan(tmp_path, studies=["all"], grids=[{"name": "cases", "kind": "rows", "file": "cases.csv"}])
    assert do(tmp_path) == (2, 0, 0)
    (tmp_path / "cases.csv").write_text("label,services.payroll.team_gbp\none,1000\ntwo,2001\n", encoding="utf-8")
    assert do(tmp_path) == (1, 1, 0)


@pytest.mark.parametrize(("sheet", "column"), [("councils", "terms_gbp"), ("observed", None)])
def test_a_value_changed_in_a_workbook_does_the_run_again(tmp_path: Path, sheet: str, column: str | None) -> None:
    folder = write(tmp_path)
    (folder / "study.toml").write_text(STUDY.partition("[scenarios")[0], encoding="utf-8")
    book = convert(folder, tmp_path / "book" / "all.xlsx")
    (tmp_path / "book" / "rates.csv").write_text(FILES["rates.csv"], encoding="utf-8")
    cells = openpyxl.load_workbook(book)
    rates = next(cell for row in cells["services"].iter_rows() for cell in row if "empirical" in str(cell.value))
    rates.value = "empirical(file=rates.csv, column=rate)"
    cells.save(book)
    write_plan(tmp_path, studies=["book/all.xlsx"])
    assert do(tmp_path) == (1, 0, 0)
    assert do(tmp_path) == (0, 1, 0)
    if column is None:
        (tmp_path / "book" / "rates.csv").write_text(FILES["rates.csv"].replace("0.7", "0.71"), encoding="utf-8")
    else:
        (cell,) = (cell for row in cells[sheet].iter_rows() for cell in row if cell.value == 29000)
        cell.value = 29001
        cells.save(book)
    assert do(tmp_path) == (1, 0, 0)


def test_every_file_of_the_study_that_a_run_opens_is_part_of_its_identity(tmp_path: Path) -> None:
    home = write(tmp_path)
    write_plan(tmp_path, studies=["all"])
    opened = opened_below(home, lambda: do(tmp_path))
    # Each of these is shown above to make another run, the last where its scenario is taken.
    read = {*VALUES, "delays.csv"}
    assert opened == read
    assert opened_below(home, lambda: do(tmp_path)) == read, "what is not looked at is not known to be the same"


def opened_below(folder: Path, act: Callable[[], object]) -> set[str]:
    """Return which files of a folder are opened meanwhile, by whomever."""
    seen: set[str] = set()
    listening = True

    def hook(event: str, arguments: tuple) -> None:
        if listening and event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
            path = Path(os.fsdecode(arguments[0])).absolute()
            if path.is_relative_to(folder):
                seen.add(path.relative_to(folder).as_posix())

    # A hook stays for the life of the process; it only stops listening.
    sys.addaudithook(hook)
    try:
        act()
    finally:
        listening = False
    return seen


@pytest.mark.parametrize(
    ("file", "pair"),
    [
        ("baseline.csv", ("gf_share\neast,payroll,320000,7,1", "gf_share,overhead_share\neast,payroll,320000,7,1,0")),
        ("study.toml", ("[run]\n", "[costs]\ngovernance_gbp_per_partner = 0\n[run]\n")),
        ("study.toml", ("[bundles]\n", '[split]\nsaving = "own"\n[bundles]\n')),
    ],
    ids=["a cell", "a setting", "a convention"],
)
def test_a_figure_that_is_given_is_not_one_that_is_assumed_even_where_they_are_equal(
    tmp_path: Path, file: str, pair: tuple[str, str]
) -> None:
    home = write(tmp_path)
    before = load(home)
    (home / file).write_text(FILES[file].replace(*pair), encoding="utf-8")
    after = load(home)
    told = [{item.path: item.where for item in (*study.assumptions, *study.conventions)} for study in (before, after)]
    assert told[0] != told[1], "the report says another thing"
    assert identity(before) != identity(after)
