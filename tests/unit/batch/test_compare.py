"""Runs side by side: levels, choices that change, flips; and hostile names in every output."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

from sharesim.batch.compare import Comparison, compare, level_word
from sharesim.batch.execute import BatchOptions, run_batch
from sharesim.batch.manifest import BatchFolder
from sharesim.batch.status import status
from sharesim.batch.tables import run_table
from sharesim.errors import OutputError, UsageError
from tests.unit.batch.studies import RATES, STUDY, write_plan, write_study

EVIL = [
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "+1+1",
    "@SUM(A1)",
    "-2+3",
    "\t=1",
    "a\x1b[31mb",
    "‮evil",
    "../../x",
    "{{ 7*7 }}",
    "broken",
]


@pytest.fixture(scope="module")
def flips(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """Four costs by two rates: the service is shared at the two lower costs."""
    folder = tmp_path_factory.mktemp("flips")
    costs = {"values": {"services.payroll.team_gbp": [300000, 10000, 80000, 150000]}}
    plan = write_plan(folder, name="flips", seeds=[1, 2], grids=[costs, RATES])
    return compare(run_batch(plan, BatchOptions(out=folder / "out", jobs=0)).folder)


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A batch whose labels, titles, names and faults are attacks."""
    folder = tmp_path_factory.mktemp("evil")
    names = {"councils.east.name": EVIL, "study.title": EVIL, "services.payroll.team_gbp": [10000] * 10 + ["=1+1"]}
    plan = write_plan(folder, name="evil", grids=[{"name": "words", "kind": "zipped", "labels": EVIL, "values": names}])
    result = run_batch(plan, BatchOptions(out=folder / "out", jobs=0))
    assert (result.n_done, result.n_failed) == (len(EVIL) - 1, 1)
    return result.folder


def test_the_flip_is_found_once_for_each_way_of_the_rest(flips: Comparison) -> None:
    assert flips.factors == ("seed", "services.payroll.team_gbp", "study.discount_rate_per_year")
    assert len(flips.flips) == 4
    assert set(flips.flips.factor) == {"services.payroll.team_gbp"}
    assert set(zip(flips.flips["from"], flips.flips["to"], strict=True)) == {("80000", "150000")}
    assert set(flips.flips.leaves) == {"payroll: east; west at east (lead_authority, 2025-04-01)"} and set(
        flips.flips.enters
    ) == {""}
    assert set(flips.flips.others) == {
        f"seed = {seed}, study.discount_rate_per_year = {rate}" for seed in (1, 2) for rate in (0.03, 0.06)
    }
    change = flips.flips.npv_to_gbp - flips.flips.npv_from_gbp
    assert (change == flips.flips.npv_change_gbp).all() and (change < 0).all()


def test_numbers_are_compared_in_their_order_whatever_the_plan_says(flips: Comparison) -> None:
    assert flips.levels("services.payroll.team_gbp") == ["10000", "80000", "150000", "300000"]


def test_shares_of_choices_by_level(flips: Comparison) -> None:
    rows = flips.arrangements.set_index(["factor", "level"])
    assert rows.loc[("all runs", "all runs"), ["n_chosen", "n_runs", "share", "changes"]].tolist() == [8, 16, 0.5, True]
    by_cost = rows.loc["services.payroll.team_gbp"].share
    assert by_cost.to_dict() == {"10000": 1.0, "80000": 1.0, "150000": 0.0, "300000": 0.0}


def test_words(flips: Comparison) -> None:
    text = flips.summary()
    assert text.startswith("flips: 16 finished runs.\nMean NPV from £0 to £1")
    assert "no arrangements chosen in every run, one arrangement in some:\n  payroll: east; west: 8 of 16" in text
    assert "The choice flips at four steps:" in text


def test_by_one_setting_only(flips: Comparison) -> None:
    found = compare(flips.folder, ["study.discount_rate_per_year"])
    assert found.factors == ("study.discount_rate_per_year",) and len(found.flips) == 0
    with pytest.raises(UsageError) as caught:
        compare(flips.folder, ["study.discount_rate"])
    assert str(caught.value) == (
        "--by: unknown setting: got 'study.discount_rate'; allowed study, scenario, seed, services.payroll.team_gbp, "
        "study.discount_rate_per_year. Did you mean 'study.discount_rate_per_year'?"
    )


def test_a_path_of_a_labelled_grid_is_not_held_against_itself(tmp_path: Path) -> None:
    grid = {
        "name": "cost",
        "kind": "zipped",
        "labels": ["low", "high"],
        "values": {"services.payroll.team_gbp": [10000, 300000]},
    }
    folder = run_batch(write_plan(tmp_path, grids=[grid]), BatchOptions(out=tmp_path / "out", jobs=0)).folder
    assert list(compare(folder).flips["to"]) == ["high"]
    assert list(compare(folder, ["services.payroll.team_gbp"]).flips["to"]) == ["300000"]


def test_no_portfolio_is_a_side_of_a_flip(tmp_path: Path) -> None:
    must = '\n[[rules]]\nname = "must"\nkind = "must_share"\nservices = ["payroll"]\ncouncils = ["all"]\n'
    write_study(tmp_path / "tiny", STUDY + must)
    plan = write_plan(
        tmp_path, set={"services.payroll.officer_days": 10}, grids=[{"values": {"rules.never.active": [False, True]}}]
    )
    found = compare(run_batch(plan, BatchOptions(out=tmp_path / "out", jobs=0)).folder)
    assert list(found.runs.portfolio) == ["optimal", "infeasible"]
    assert list(found.flips.enters) == ["no portfolio (infeasible)"]
    assert "no portfolio (infeasible)" in found.write().read_text()


def test_tables_pictures_and_the_page_are_written_whole(flips: Comparison) -> None:
    page = flips.write()
    names = {item.name for item in page.parent.iterdir()}
    assert names == {f"{name}.{kind}" for name in ("runs", "choices", "arrangements", "flips") for kind in ("csv", "parquet")} | {
        "compare.html", "compare.xlsx", "figures", "manifest.json",
    }  # fmt: skip
    assert {item.suffix for item in (page.parent / "figures").iterdir()} == {".svg", ".png", ".csv"}
    text = page.read_text()
    assert text.count("<figure>") == 4 and "http" not in re.sub(r"http-equiv|data:[^\"]*", "", text)
    assert flips.write() == page
    assert pd.read_parquet(page.parent / "flips.parquet").equals(flips.flips)
    taken = flips.folder / "taken"
    taken.mkdir(exist_ok=True)
    (taken / "letter").touch()
    with pytest.raises(
        OutputError,
        match=r"is in the way: got a folder with 'letter' in it; allowed a new name, an empty folder, or an earlier result",
    ):
        flips.write(taken)


def test_levels_in_words() -> None:
    assert [level_word(value) for value in (0.1, 5.0, "", None, float("nan"), pd.NA, True, 1e20)] == [
        "0.1", "5", "as in the study", "as in the study", "as in the study", "as in the study", "True", "1e+20",
    ]  # fmt: skip


def test_parquet_has_plain_types(flips: Comparison) -> None:
    import pyarrow.parquet as pq

    schema = pq.read_schema(flips.folder / "runs.parquet")
    kinds = {name: str(kind) for name, kind in zip(schema.names, schema.types, strict=True)}
    assert (
        kinds["seed"] == kinds["n_bundles"] == "int64"
        and kinds["npv_mean_gbp"] == kinds["services.payroll.team_gbp"] == "double"
    )
    assert kinds["status"] in ("string", "large_string")
    assert set(kinds.values()) <= {"int64", "double", "string", "large_string", "bool"}


# -- hostile names -----------------------------------------------------------------------------------------------------


def test_evil_stays_text_in_csv(evil: Path) -> None:
    compare(evil).write()
    files = [*evil.rglob("*.csv")]
    assert len(files) > 50
    for file in files:
        with open(file, newline="", encoding="utf-8") as stream:
            for row in csv.reader(stream):
                for cell in row:
                    assert not cell.startswith(("=", "+", "@", "\t", "\r")), (file.name, cell)
                    assert not cell.startswith("-") or re.fullmatch(r"-[\d.e+-]+|-inf", cell), (file.name, cell)


def test_evil_stays_text_in_the_workbook(evil: Path) -> None:
    compare(evil).write()
    book = load_workbook(evil / "compare" / "compare.xlsx")
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds and "e" not in kinds
    texts = {cell.value for sheet in book for row in sheet.iter_rows() for cell in row}
    assert "=cmd|' /C calc'!A0" in texts
    assert not any(cell.hyperlink for sheet in book for row in sheet.iter_rows() for cell in row)


def test_evil_stays_text_in_html(evil: Path) -> None:
    text = compare(evil).write().read_text(encoding="utf-8")
    assert "<script" not in text and "&lt;script&gt;alert(1)&lt;/script&gt;" in text and "{{ 7*7 }}" in text
    assert "\x1b" not in text and "\u202e" not in text
    assert "default-src 'none'" in text


def test_evil_names_lead_nowhere_and_reach_no_terminal(evil: Path) -> None:
    assert {item.name for item in evil.iterdir()} <= {
        "batch.json",
        "runs",
        "failed",
        "runs.csv",
        "runs.parquet",
        "chosen.parquet",
        "compare",
    }
    assert all(re.fullmatch("[0-9a-f]{20}", item.name) for item in (evil / "runs").iterdir())
    told = compare(evil).summary() + status(evil).summary()
    assert "\x1b" not in told and "\u202e" not in told


def test_evil_comes_back_unchanged_from_parquet(evil: Path) -> None:
    assert list(pd.read_parquet(evil / "runs.parquet").words) == EVIL
    assert list(run_table(BatchFolder(evil)).words) == EVIL


def test_status_as_plain_data(evil: Path) -> None:
    found = json.loads(json.dumps(status(evil).figures()))
    assert (found["runs"], found["done"], found["failed"], found["missing"], found["at_work"]) == (11, 10, 1, 0, False)
    assert {row["fault"] for row in found["failures"]} == {"study"}
