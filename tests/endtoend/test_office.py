"""Excel in, evidence out: a workbook that anyone can recalculate, a template that runs, a report in every form."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

import sharesim
from sharesim.cli import main
from sharesim.errors import UsageError
from sharesim.report import write_formats
from sharesim.report.formats import FILES
from sharesim.workflow.again import judged_again, read_run
from sharesim.workflow.contents import contents_of
from sharesim.workflow.doors import appraise, choose, judge, load


def test_the_workbook_recalculated_elsewhere_says_the_same(
    office_convert: Callable[[Path, str], Path], tmp_path: Path
) -> None:
    study = load(sharesim.new(tmp_path / "mine"), set=["rules.everyone breaks even.active=false"])
    contents = contents_of(judge(choose(appraise(study, draws=256)), draws=256), {})
    kept = write_formats(contents, tmp_path, ("xlsx",))["xlsx"]
    bare = tmp_path / "bare.xlsx"
    book = openpyxl.load_workbook(kept)
    wanted = [
        (page.title, cell.coordinate)
        for page in book
        for row in page.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]
    book.save(bare)
    values = openpyxl.load_workbook(kept, data_only=True)
    assert openpyxl.load_workbook(bare, data_only=True)["Summary"]["B8"].value is None, "the copy holds formulas only"
    again = openpyxl.load_workbook(office_convert(bare, "xlsx"), data_only=True)
    assert len(wanted) > 200
    for sheet, place in wanted:
        was, now = values[sheet][place].value, again[sheet][place].value
        assert now == pytest.approx(was, rel=1e-9, abs=1e-6), (sheet, place)
    npv = contents.figures["npv_mean_gbp"]
    found = [again[sheet][place].value for sheet, place in wanted if sheet == "Summary"]
    assert found == [pytest.approx(npv, rel=1e-9)]


def test_a_filled_template_saved_elsewhere_still_runs(
    office_convert: Callable[[Path, str], Path], tmp_path: Path
) -> None:
    assert main(["template", str(tmp_path), "--councils", "Eastham,=1+1,West & Ham", "--services", "HR,Legal"]) == 0
    file = tmp_path / "my-study.xlsx"
    again = office_convert(file, "xlsx")
    assert load(again).content_hash == load(file).content_hash


def test_a_colleague_fills_in_runs_and_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, run = tmp_path / "my-study.xlsx", tmp_path / "run"
    assert main(["template", str(tmp_path), "--councils", "Eastham,Westham", "--services", "HR,Legal"]) == 0
    assert "Open it, begin with the sheet Instructions" in capsys.readouterr().out
    assert main(["check", str(file)]) == 0
    assert "no faults" in capsys.readouterr().out
    few = ["--draws", "256", "--judge-draws", "256", "--set", "services.hr.team_gbp=100"]
    assert main(["run", str(file), "--out", str(run), "--format", "xlsx", *few]) == 0
    assert "workbook.xlsx" in capsys.readouterr().out
    assert (run / "workbook.xlsx").is_file() and not (run / "report.html").exists()
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    out = tmp_path / "papers"
    assert main(["report", str(run), "--out", str(out)]) == 0
    assert "came out the same" in capsys.readouterr().out
    assert {item.name for item in out.iterdir()} == {*FILES.values(), "figures", "manifest.json"}
    assert json.loads((run / "summary.json").read_text(encoding="utf-8")) == summary
    page = (out / "report.html").read_text(encoding="utf-8")
    assert f'value="{summary["npv_mean_gbp"]:.10g}"' in page
    first, again = (openpyxl.load_workbook(folder / "workbook.xlsx", data_only=True) for folder in (run, out))
    shown = [[[cell.value for cell in row] for row in book["Summary"].iter_rows()] for book in (first, again)]
    assert shown[0] == shown[1]
    assert main(["convert", str(file), str(tmp_path / "folder")]) == 0
    assert load(tmp_path / "folder").content_hash == load(file).content_hash


def test_a_run_that_comes_out_otherwise_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    assert main(["new", str(tmp_path / "mine")]) == 0
    few = ["--draws", "128", "--judge-draws", "128", "--quiet", "--format", "md"]
    assert main(["run", str(tmp_path / "mine"), "--out", str(run), *few]) == 0
    written = (run / "summary.json").read_bytes()
    (run / "summary.json").write_text(json.dumps(json.loads(written) | {"npv_mean_gbp": 1.0}), encoding="utf-8")
    capsys.readouterr()
    assert main(["report", str(run), "--format", "md"]) == 2
    assert "summary.json: is not as the run wrote it" in capsys.readouterr().err
    (run / "summary.json").write_bytes(written)
    found = read_run(run)
    with pytest.raises(UsageError, match="the run comes out otherwise: got npv_mean_gbp"):
        judged_again(replace(found, summary=found.summary | {"npv_mean_gbp": 1.0}))
    text = (run / "study" / "study.toml").read_text(encoding="utf-8")
    (run / "study" / "study.toml").write_text(text.replace("horizon_years = 10", "horizon_years = 9"), encoding="utf-8")
    assert main(["report", str(run)]) == 2
    assert "not the study that was run" in capsys.readouterr().err
    assert main(["report", str(tmp_path)]) == 2
    assert "not a run that can be reported: got no such file or directory" in capsys.readouterr().err
    assert main(["report", str(run), "--format", "docx"]) == 2
    assert "--format: not a form of report: got 'docx'" in capsys.readouterr().err
    assert [item.name for item in run.iterdir() if item.name.startswith(".")] == []
