"""A run with and without what lies beside its portfolio, and the tables that it leaves."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sharesim.cli import main
from sharesim.examples import from_dict
from sharesim.study.dump import write
from tests.unit.report import studies
from tests.unit.report.pages import read


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study on disk."""
    raw = studies.trio_raw()
    raw["run"] |= {"draws": 256, "judge_draws": 256}
    place = tmp_path_factory.mktemp("study")
    write(from_dict(raw).model, place)
    return place


def test_run_explains_within_its_time_and_leaves_the_tables(folder: Path, tmp_path: Path) -> None:
    assert main(["run", str(folder), "--out", str(tmp_path / "run"), "--quiet", "--explain", "20", "--jobs", "1"]) == 0
    page = read((tmp_path / "run" / "report.html").read_text(encoding="utf-8"))
    assert "All searches together may take 20 seconds" in page.by_id("rules").text
    assert page.by_id("options") and page.by_id("alternatives")
    costs, others, drivers, settings = (
        pd.read_csv(tmp_path / "run" / f"{name}.csv")
        for name in ("rule_costs", "alternatives", "drivers", "conventions")
    )
    assert {"low_gbp", "high_gbp"} <= set(costs) and {"plan", "npv_mean_gbp"} <= set(others)
    assert {"driver", "distribution", "source", "owner", "status", "date"} <= set(drivers)
    assert set(drivers[drivers.driver.str.startswith("services.payroll.")].status) == {"agreed"}
    assert list(settings.convention) == [item.path for item in from_dict(studies.trio_raw()).conventions]


def test_run_without_time_leaves_them_out(folder: Path, tmp_path: Path) -> None:
    assert main(["run", str(folder), "--out", str(tmp_path / "run"), "--quiet", "--explain", "0", "--jobs", "1"]) == 0
    page = read((tmp_path / "run" / "report.html").read_text(encoding="utf-8"))
    assert not {"options", "alternatives"} & {section.get("id") for section in page.all("section")}
    assert not (tmp_path / "run" / "rule_costs.csv").exists()


def test_time_that_is_none(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(folder), "--explain", "-1"]) == 2
    told = capsys.readouterr().err.strip()
    assert (
        told
        == "--explain: not a time: got -1; allowed seconds from 0, which leaves options, red lines and plans B out."
    )
