"""Observed values in a CSV file beside the study: TOML, cells, workbooks, changes, the hash, and every way to fail."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pytest
import tomlkit

from sharesim.errors import StudyError
from sharesim.examples import from_dict, two_councils
from sharesim.report import tables
from sharesim.study.dump import write
from sharesim.study.load import load
from sharesim.uncertainty.distributions import empirical
from sharesim.workflow.doors import appraise

FILE = "project,overrun\nA,1.1\nB,1.4\nC,\nD,0.9\n"
PATH = "services.payroll.overrun_factor"
LAW = empirical([0.9, 1.1, 1.4])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(two_councils().model, tmp_path / "study")
    (tmp_path / "study" / "overruns.csv").write_text(FILE, encoding="utf-8")
    return tmp_path / "study"


def law_of(study) -> object:
    return next(spec.distribution for spec in study.drivers if spec.name == PATH)


def with_column(folder: Path, cell: str) -> list[list[str]]:
    rows = list(csv.reader((folder / "services.csv").read_text(encoding="utf-8").splitlines()))
    return [[*rows[0], "overrun_factor"], *([*row, cell] for row in rows[1:])]


@pytest.mark.parametrize(
    "cell",
    [
        "empirical(file=overruns.csv, column=overrun)",
        'empirical(file="overruns.csv", column="overrun")',
        " empirical( file = 'overruns.csv' , column = 'overrun' ) ",
    ],
)
def test_in_a_cell(folder: Path, cell: str) -> None:
    rows = with_column(folder, cell)
    with (folder / "services.csv").open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(rows)
    assert law_of(load(folder)) == LAW


def test_in_a_cell_of_a_workbook(folder: Path) -> None:
    book = openpyxl.Workbook()
    for row in with_column(folder, "empirical(file=overruns.csv, column=overrun)"):
        book.active.append(row)
    book.active.title = "services"
    book.save(folder / "tables.xlsx")
    (folder / "services.csv").unlink()
    assert law_of(load(folder, assignments=["tables.services=tables.xlsx#services"])) == LAW


def test_in_toml_and_in_a_scenario(folder: Path) -> None:
    document = tomlkit.parse((folder / "study.toml").read_text(encoding="utf-8"))
    law = {"empirical": {"file": "overruns.csv", "column": "overrun"}}
    document["drivers"] = [{"name": "overrun", "value": law}]
    document["scenarios"] = {"seen": {PATH: law, "drivers.overrun.value": {"truncated": {"body": law, "high": 1.2}}}}
    (folder / "study.toml").write_text(tomlkit.dumps(document), encoding="utf-8")
    assert load(folder).model.drivers[0].value.distribution == LAW
    seen = load(folder, scenario="seen")
    assert law_of(seen) == LAW
    assert seen.model.drivers[0].value.text() == "truncated(body=empirical([0.9, 1.1, 1.4]), high=1.2)"
    # The record of a change keeps what was written.
    assert seen.changes[0].after == law


def test_as_a_change_and_as_a_default(folder: Path) -> None:
    text = '{empirical = {file = "overruns.csv", column = "overrun"}}'
    one, other = (load(folder, assignments=[f"{path}={text}"]) for path in (PATH, "defaults.services.overrun_factor"))
    assert law_of(one) == law_of(other) == LAW
    assert one.content_hash == other.content_hash != load(folder).content_hash


def test_content_of_the_file_is_content_of_the_study(folder: Path) -> None:
    asked = [f"{PATH}=empirical(file=overruns.csv, column=overrun)"]
    before = load(folder, assignments=asked)
    (folder / "overruns.csv").rename(folder / "seen.csv")
    renamed = load(folder, assignments=[f"{PATH}=empirical(file=seen.csv, column=overrun)"])
    assert renamed.content_hash == before.content_hash
    (folder / "overruns.csv").write_text(FILE.replace("1.4", "1.5"), encoding="utf-8")
    assert load(folder, assignments=asked).content_hash != before.content_hash


def test_the_draws_are_the_observed_values(folder: Path) -> None:
    study = load(folder, assignments=[f"{PATH}=empirical(file=overruns.csv, column=overrun)"])
    found = appraise(study, draws=256, seed=3, jobs=1)
    seen = {found.replay(draw).drivers[PATH] for draw in range(20)}
    assert seen <= {1.1, 1.4, 0.9} and len(seen) > 1


def test_a_long_law_is_shown_short(folder: Path) -> None:
    (folder / "overruns.csv").write_text("a\n" + "\n".join(f"1.{n:04d}" for n in range(3000)), encoding="utf-8")
    study = load(folder, assignments=[f"{PATH}=empirical(file=overruns.csv)"])
    shown = tables.drivers(study).set_index("driver").distribution[PATH]
    assert len(shown) <= 400 and shown.endswith("... 3,000 figures)")


def test_a_study_without_a_folder_says_so() -> None:
    with pytest.raises(StudyError, match=r"a file for a study that lies in no folder: got 'a\.csv'; allowed values"):
        from_dict(
            {
                "study": {"name": "x", "title": "x", "start": "2025-04-01", "price_base": "2025-26"},
                "drivers": [{"name": "a", "value": {"empirical": {"file": "a.csv"}}}],
            }
        )


def test_one_wrong_file_used_twice_is_told_at_both_places(folder: Path) -> None:
    asked = [f"{PATH}=empirical(file=no.csv)", "services.payroll.delay_months=empirical(file=no.csv)"]
    with pytest.raises(StudyError) as caught:
        load(folder, assignments=asked)
    assert [fault.where for fault in caught.value.faults] == [
        "command line: services.payroll.delay_months", f"command line: {PATH}",
    ]  # fmt: skip
