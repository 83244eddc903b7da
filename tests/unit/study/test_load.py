"""What loading takes in its stride: byte order marks, blank rows, workbooks as people keep them, overrides."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

import numpy as np
import openpyxl
import pytest
import xlsxwriter

from sharesim.errors import StudyError, UsageError
from sharesim.examples import from_dict, two_councils, two_councils_raw
from sharesim.study.dump import cell, tables_csv, write
from sharesim.study.load import build, load, read_raw
from sharesim.study.overrides import Change, apply, paths_of, read_assignment
from sharesim.study.places import Places
from sharesim.study.study import Study
from tests.messages.study_cases import FILES, add, swap

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound study."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def same(one: Study, other: Study) -> bool:
    """Whether two studies say the same."""
    return one.content_hash == other.content_hash and [d.name for d in one.drivers] == [d.name for d in other.drivers]


def test_marks_blank_lines_and_line_ends_change_nothing(folder: Path) -> None:
    before = load(folder)
    for name, text in FILES.items():
        if name.endswith(".csv"):
            padded = "\n\n" + text.replace("\n", " \n,,\n\n", 1).rstrip("\n")
            (folder / name).write_bytes(b"\xef\xbb\xbf" + padded.replace("\n", "\r\n").encode())
    (folder / "study.toml").write_bytes(b"\xef\xbb\xbf" + FILES["study.toml"].replace("\n", "\r\n").encode())
    assert same(load(folder), before)


def test_rows_are_counted_as_a_spreadsheet_counts_them(folder: Path) -> None:
    text = FILES["services.csv"].replace("hr,Human resources", '\n\nhr,"Human\nresources"').replace("0.9,0.7", "0.9,7")
    (folder / "services.csv").write_text(text)
    with pytest.raises(StudyError) as caught:
        load(folder)
    assert str(caught.value) == (
        "services.csv, row 5 (legal), column cashable_share: out of bounds: got 7; allowed 0 to 1. "
        "Write 0.07 if 7% is meant."
    )


def test_permuted_rows_and_columns_give_the_same_study(folder: Path) -> None:
    before = load(folder)
    for name, text in FILES.items():
        if name.endswith(".csv"):
            head, *rows = text.splitlines()
            (folder / name).write_text("\n".join([head, *reversed(rows)]) + "\n")
    assert same(load(folder), before)
    for path, number in before.numbers.items():
        assert np.array_equal(number.base, load(folder).numbers[path].base, equal_nan=True)


@pytest.mark.parametrize("writer", ["openpyxl", "xlsxwriter"])
def test_a_workbook_reads_like_csv(folder: Path, writer: str) -> None:
    (folder / "councils.csv").write_text(FILES["councils.csv"].replace("0.2,,true", "0.2,2033-04-01,true"))
    before = load(folder)
    import csv

    sheets = {
        name.removesuffix(".csv"): list(csv.reader((folder / name).read_text().splitlines()))
        for name in FILES
        if name.endswith(".csv")
    }

    def typed(text: str) -> object:
        if text in ("true", "false"):
            return text == "true"
        if text.count("-") == 2 and text[:2] == "20":
            return datetime.date.fromisoformat(text)
        try:
            return float(text)
        except ValueError:
            return text or None

    book = folder / "book.xlsx"
    if writer == "openpyxl":
        made = openpyxl.Workbook()
        for name, rows in sheets.items():
            page = made.create_sheet(name)
            for row in rows:
                page.append([typed(text) for text in row])
            page.append([None, " ", None])
        made.save(book)
    else:
        with xlsxwriter.Workbook(book) as new:
            day = new.add_format({"num_format": "yyyy-mm-dd"})
            for name, rows in sheets.items():
                page = new.add_worksheet(name)
                for at, row in enumerate(rows):
                    for column, text in enumerate(row):
                        value = typed(text)
                        if isinstance(value, datetime.date):
                            page.write_datetime(at, column, datetime.datetime.combine(value, datetime.time()), day)
                        elif value is not None:
                            page.write(at, column, value)
                page.write_blank(5000, 300, None, day)
    for name in sheets:
        (folder / f"{name}.csv").unlink()
    add("\n[tables]\n" + "".join(f'{name} = "book.xlsx"\n' for name in sheets))(folder)
    after = load(folder)
    assert same(after, before)


def test_an_id_that_a_workbook_took_for_a_number(folder: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.title = "x"
    for row in (["service", "criterion", "weight", "before", "after"], ["hr", 7, 2, "5", "6"]):
        page.append(row)
    book.save(folder / "book.xlsx")
    (folder / "quality.csv").unlink()
    add('\n[tables]\nquality = "book.xlsx#x"\n')(folder)
    row = load(folder).model.quality[0]
    assert (row.criterion, row.before, row.after.value) == ("7", 5.0, 6.0)


def test_stored_results_of_formulas_are_taken(folder: Path) -> None:
    with xlsxwriter.Workbook(folder / "book.xlsx") as book:
        page = book.add_worksheet("quality")
        for at, text in enumerate(["service", "criterion", "weight", "before", "after"]):
            page.write(0, at, text)
        page.write_row(1, 0, ["hr", "Speed", 2, 5])
        page.write_formula(1, 4, "=D2+1", None, 6)
    add('\n[tables]\nquality = "book.xlsx"\n')(folder)
    assert load(folder).model.quality[0].after.value == 6.0


def test_a_sheet_that_claims_a_million_rows_is_read_at_once(folder: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.title = "quality"
    for row in (["service", "criterion", "weight", "before", "after"], ["hr", "Speed", 2, 5, 6]):
        page.append(row)
    page.cell(300_000, 1).font = openpyxl.styles.Font(bold=True)
    book.save(folder / "book.xlsx")
    add('\n[tables]\nquality = "book.xlsx"\n')(folder)
    assert len(load(folder).model.quality) == 1


def test_hostile_text_stays_text(folder: Path) -> None:
    names = ["=cmd|' /C calc'!A0", "<script>alert(1)</script>", "../../etc/passwd", "\x1b]0;x\x07", "@SUM(A1)"]
    raw = two_councils_raw()
    raw["councils"] = [{"id": f"c{at}", "name": name} for at, name in enumerate(names)]
    raw["baseline"] = [{"council": f"c{at}", "service": "payroll", "cost_gbp": 1000} for at in range(len(names))]
    study = from_dict(raw)
    assert study.councils.names[:3] == tuple(names[:3])
    assert study.councils.names[3] == "\\x1b]0;x\\x07"
    write(study.model, folder)
    assert load(folder).councils.names == study.councils.names


def test_a_link_within_the_folder_is_followed(folder: Path) -> None:
    (folder / "real.csv").write_text(FILES["risks.csv"])
    (folder / "risks.csv").unlink()
    (folder / "risks.csv").symlink_to("real.csv")
    assert len(load(folder).model.risks) == 2


def test_a_study_behind_a_link_is_a_study(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    link = tmp_path_factory.mktemp("else") / "link"
    link.symlink_to(folder, target_is_directory=True)
    assert same(load(link), load(folder / "study.toml"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    (folder / "risks.csv").unlink()
    os.mkfifo(folder / "risks.csv")
    with pytest.raises(StudyError) as caught:
        load(folder)
    assert str(caught.value) == "risks.csv: not a file: got something else than a file; allowed a file. Check the name."


# -- overrides and scenarios


def test_overrides_are_recorded_in_order(folder: Path) -> None:
    add(
        '\n[[rules]]\nkind = "budget"\nname = "year 1. of 2"\nlimit_gbp = 5\n'
        '\n[[dependence.correlations]]\ndrivers = ["services.*"]\nrank = 0.5\n'
        "\n[scenarios.high]\nstudy.horizon_years = 20\n"
        "[scenarios.high.services.hr]\nelasticity = {pert = [0.7, 0.8, 1]}\n"
    )(folder)
    pairs = [
        "study.horizon_years=15", "services.hr.cashable_share = 0.5", "rules.year 1. of 2.limit_gbp=7",
        'rules."year 1. of 2".active=false', "baseline.east/hr.cost_gbp=pert(1, 2, 3)",
        "dependence.correlations.1.rank=0.2",
        "forms.company.set_up_gbp=9", "bundles.forms=company;lead_authority", "defaults.services.ramp_years=2",
        "staff.weekly_pay_cap_gbp.2027=800",
    ]  # fmt: skip
    study = load(folder, scenario="high", assignments=pairs)
    assert [(item.path, item.by) for item in study.changes] == [
        ("study.horizon_years", "scenario high"),
        ("services.hr.elasticity", "scenario high"),
        *((text.partition("=")[0].strip(), "command line") for text in pairs),
    ]
    assert [(item.before, item.after) for item in study.changes[:3]] == [
        (10, 20), ("pert(0.6, 0.85, 1.0)", {"pert": [0.7, 0.8, 1]}), (20, 15),
    ]  # fmt: skip
    model = study.model
    services = {row.id: row for row in model.services}
    assert model.study.horizon_years == 15
    assert (services["hr"].elasticity.text(), services["hr"].cashable_share.value) == ("pert(0.7, 0.8, 1)", 0.5)
    assert (model.rules[0].limit_gbp, model.rules[0].active) == (7.0, False)
    assert study.numbers["baseline.cost_gbp"].base[0, 0] == 2.0
    assert model.dependence.correlations[0].rank == 0.2
    assert model.forms["company"].set_up_gbp.value == 9.0
    assert model.bundles.forms == ("company", "lead_authority")
    assert services["legal"].ramp_years.value == 2.0
    assert model.staff.weekly_pay_cap_gbp == {2027: 800.0}
    assert load(folder).model.study.horizon_years == 10


def test_an_override_does_not_touch_what_it_was_given() -> None:
    raw = two_councils_raw()
    changed, changes = apply(raw, [("services.payroll.elasticity", 1)], "command line")
    assert raw == two_councils_raw()
    assert changed["services"][0]["elasticity"] == 1
    assert changes[0] == Change(
        "services.payroll.elasticity", {"pert": [0.6, 0.85, 1.0]}, 1, "command line", ("services", 0, "elasticity")
    )


def test_a_table_may_be_another_file(folder: Path) -> None:
    (folder / "few.csv").write_text("\n".join(FILES["risks.csv"].splitlines()[:2]) + "\n")
    add('\n[scenarios.few]\ntables.risks = "few.csv"\nrisks.will.probability = 0.3\n')(folder)
    for study in (
        load(folder, scenario="few"),
        load(folder, assignments=["tables.risks=few.csv", "risks.will.probability=0.3"]),
        build(*read_raw(folder), scenario="few"),
    ):
        assert [(row.id, row.probability.value) for row in study.model.risks] == [("will", 0.3)]
    assert len(load(folder).model.risks) == 2
    assert load(folder, assignments=['tables.risks=""']).model.risks == ()


def test_all_wrong_paths_are_told_at_once(folder: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load(folder, assignments=["services.hrr.elasticity=1", "rules.x.active=1", "study.horizon_years=5"])
    assert len(caught.value.faults) == 2


def test_nested_and_flat_overrides_are_one() -> None:
    nested = {"services": {"hr": {"elasticity": {"pert": [1, 2, 3]}}}, "study": {"horizon_years": 5}}
    flat = {"services.hr.elasticity": {"pert": [1, 2, 3]}, "study.horizon_years": 5}
    assert list(paths_of(nested)) == list(paths_of(flat)) == list(flat.items())


def test_values_of_assignments() -> None:
    assert read_assignment("a.b = [1, 2]") == ("a.b", [1, 2])
    assert read_assignment('a.b="x=y"') == ("a.b", "x=y")
    assert read_assignment("a.b=x=y") == ("a.b", "x=y")
    assert read_assignment("a.b=2027-04-01") == ("a.b", datetime.date(2027, 4, 1))
    assert read_assignment("a.b=1\nc=2") == ("a.b", "1\nc=2")


def test_defaults_fill_only_absent_cells_and_are_no_longer_assumed(folder: Path) -> None:
    add('\n[defaults]\nservices.ramp_years = 2\n"services.cashable_share" = 0.1\nexit.notice_months = 6\n')(folder)
    study = load(folder)
    assert [row.ramp_years.value for row in study.model.services] == [2.0, 2.0]
    assert [row.cashable_share.value for row in study.model.services] == [0.8, 0.7]
    assert study.model.exit.notice_months.value == 6.0
    assumed = {item.path for item in study.assumptions}
    assert not assumed & {"services.ramp_years", "exit.notice_months"}


# -- written and read again


@pytest.mark.parametrize("where", ["configs/chesterfield-2007", "src/sharesim/starter"])
def test_load_write_load(where: str, tmp_path: Path) -> None:
    before = load(ROOT / where)
    files = write(before.model, tmp_path)
    assert files[0].name == "study.toml"
    after = load(tmp_path)
    assert same(after, before)
    assert after.assumptions == before.assumptions
    assert after.conventions == before.conventions
    texts = {file.name: file.read_text() for file in files}
    write(after.model, tmp_path)
    assert {file.name: file.read_text() for file in files} == texts


def test_defaults_and_scenarios_are_resolved_in_what_is_written(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    add("\n[defaults]\nservices.ramp_years = 2\n[scenarios.long]\nstudy.horizon_years = 20\n")(folder)
    before, target = load(folder, scenario="long"), tmp_path_factory.mktemp("written")
    write(before.model, target)
    assert same(load(target), before)


def test_cells_read_back() -> None:
    assert cell((2027, 2031)) == "2027;2031"
    assert cell(datetime.date(2027, 4, 1)) == "2027-04-01"
    assert set(tables_csv(two_councils().model)) == {"councils", "services", "baseline"}


def test_what_a_changed_study_hashes_to(folder: Path) -> None:
    before = load(folder)
    assert load(folder, assignments=["study.title=Other"]).content_hash != before.content_hash
    assert load(folder, assignments=["run.seed=2"]).content_hash != before.content_hash
    swap("councils.csv", "0.1,30000", "0.10,30000.0")(folder)
    add("\n[scenarios.unused]\nstudy.horizon_years = 20\n")(folder)
    assert load(folder).content_hash == before.content_hash


def test_faults_stand_in_the_order_of_files_rows_and_columns(folder: Path) -> None:
    swap("baseline.csv", "west,legal,180000", "wset,legal,-1")(folder)
    swap("baseline.csv", "east,hr,320000,900,7", "east,hr,many,900,-7")(folder)
    swap("councils.csv", "west,Westham,120000", "west,Westham,0")(folder)
    swap("study.toml", '"2025-26"', '"2025-27"')(folder)
    add('\n[split]\nsaving = "mine"\n')(folder)
    with pytest.raises(StudyError) as caught:
        load(folder)
    assert [fault.where for fault in caught.value.faults] == [
        "study.toml: study.price_base",
        "study.toml: split.saving",
        "councils.csv, row 3 (west), column population",
        "baseline.csv, row 2 (east/hr), column cost_gbp",
        "baseline.csv, row 2 (east/hr), column posts_fte",
        "baseline.csv, row 6 (wset/legal), column cost_gbp",
    ]


def test_a_study_as_a_dictionary_says_study() -> None:
    raw = two_councils_raw()
    raw["services"][0]["cashable_share"] = 2
    with pytest.raises(StudyError) as caught:
        build(raw, Places("study", {}))
    assert str(caught.value) == (
        "study: services 1 (payroll), cashable_share: out of bounds: got 2; allowed 0 to 1. Write 0.02 if 2% is meant."
    )
