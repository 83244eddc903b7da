"""The command line from a newcomer's first command to the run folder."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from sharesim.cli import main

QUICK = ["--draws", "512", "--judge-draws", "512"]
KEYS = {
    "status", "value_gbp", "bound_gbp", "gap", "n_bundles", "n_draws", "seed", "npv_mean_gbp", "npv_p5_gbp", "npv_p95_gbp",
    "probability_of_loss", "cvar_gbp", "cashable_gbp", "non_cashable_gbp", "quality_change_share", "chosen", "choosing_npv_mean_gbp",
}  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("studies") / "starter"
    assert main(["new", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def run_folder(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "starter"
    assert main(["run", str(study), "--out", str(folder), "--seed", "7", *QUICK]) == 0
    return folder


def summary(folder: Path) -> dict:
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def test_a_run_leaves_everything_that_was_promised(run_folder: Path) -> None:
    found = summary(run_folder)
    assert set(found) >= KEYS
    for name in (
        "manifest.json",
        "bundles.parquet",
        "portfolio.csv",
        "councils.csv",
        "years.csv",
        "report.html",
        "figures",
    ):
        assert (run_folder / name).exists(), name
    assert found["gap"] == pytest.approx(
        (found["bound_gbp"] - found["value_gbp"]) / max(abs(found["value_gbp"]), 1.0), abs=1e-12
    )
    assert len(pd.read_parquet(run_folder / "bundles.parquet")) == found["n_bundles"]
    assert len(pd.read_csv(run_folder / "portfolio.csv")) == len(found["chosen"]) > 0
    manifest = json.loads((run_folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["seed"] == found["seed"] == 7
    assert manifest["versions"]["sharesim"]
    assert len(manifest["study_hash"]) == 32


def test_chosen_bundles_are_plain_data(run_folder: Path) -> None:
    for entry in summary(run_folder)["chosen"]:
        assert set(entry) == {"services", "partners", "host", "form", "start"}
        assert entry["partners"] == sorted(entry["partners"])
        assert entry["host"] is None or entry["host"] in entry["partners"]
        time.strptime(entry["start"], "%Y-%m-%d")


def test_tables_add_up_to_the_summary(run_folder: Path) -> None:
    found, years = summary(run_folder), pd.read_csv(run_folder / "years.csv")
    councils, lines = pd.read_csv(run_folder / "councils.csv"), pd.read_csv(run_folder / "lines.csv")
    discount = 1.035 ** -years.index.to_numpy(dtype=float)
    assert (years.net_mean_gbp * discount).sum() == pytest.approx(found["npv_mean_gbp"], rel=1e-7)
    assert councils.npv_mean_gbp.sum() == pytest.approx(found["npv_mean_gbp"], rel=1e-7)
    cash = lines[lines.line != "saving_non_cashable"]
    assert cash.mean_gbp.sum() == pytest.approx(years.net_mean_gbp.sum(), rel=1e-6)
    assert (years.cashable_mean_gbp * discount).sum() == pytest.approx(found["cashable_gbp"], rel=1e-7)


def test_the_report_asks_nothing_of_the_network(run_folder: Path) -> None:
    page = (run_folder / "report.html").read_text(encoding="utf-8")
    assert 'src="http' not in page and 'href="http' not in page and "@import" not in page


def test_the_same_seed_gives_the_same_figures_whatever_the_threads(
    study: Path, run_folder: Path, tmp_path: Path
) -> None:
    assert (
        main(["run", str(study), "--out", str(tmp_path / "again"), "--seed", "7", "--jobs", "1", "--quiet", *QUICK])
        == 0
    )
    assert summary(tmp_path / "again") == summary(run_folder)
    for name in ("portfolio.csv", "councils.csv", "years.csv", "lines.csv", "rules.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (run_folder / name).read_bytes(), name


def test_another_seed_gives_other_figures(study: Path, run_folder: Path, tmp_path: Path) -> None:
    assert main(["run", str(study), "--out", str(tmp_path / "other"), "--seed", "8", "--quiet", *QUICK]) == 0
    assert summary(tmp_path / "other")["npv_mean_gbp"] != summary(run_folder)["npv_mean_gbp"]


def test_set_changes_the_study_and_is_recorded(study: Path, run_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "short"
    assert main(["run", str(study), "--out", str(out), "--set", "study.horizon_years=6", "--quiet", *QUICK]) == 0
    assert len(pd.read_csv(out / "years.csv")) == 6
    changes = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["changes"]
    assert changes == [{"path": "study.horizon_years", "before": 10, "after": 6, "by": "command line"}]


def test_check_says_what_is_asked_and_assumed(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(study)]) == 0
    said = capsys.readouterr().out
    for part in (
        "no faults",
        "3 councils",
        "candidate bundles",
        "uncertain numbers",
        "so assumed",
        "moves the mean NPV by",
    ):
        assert part in said, part


def test_appraise_writes_bundles_without_a_choice(study: Path, tmp_path: Path) -> None:
    assert main(["appraise", str(study), "--out", str(tmp_path / "all"), "--draws", "256", "--quiet"]) == 0
    assert (tmp_path / "all" / "bundles.parquet").exists() and not (tmp_path / "all" / "summary.json").exists()


def test_no_portfolio_is_exit_code_three(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (study / "study.toml").read_text(encoding="utf-8")
    harsh = tmp_path / "harsh"
    harsh.mkdir()
    for table in study.glob("*.csv"):
        (harsh / table.name).write_bytes(table.read_bytes())
    rule = '\n[[rules]]\nname = "out of reach"\nkind = "target"\ntarget_gbp = 900000000\nprobability = 0.9\n'
    (harsh / "study.toml").write_text(text + rule, encoding="utf-8")
    assert main(["run", str(harsh), "--out", str(tmp_path / "none"), *QUICK]) == 3
    said = capsys.readouterr().out
    assert "No portfolio" in said and "- out of reach (programme)" in said and "Any one of these would do:" in said
    found = summary(tmp_path / "none")
    assert found["status"] == "infeasible" and found["chosen"] == []


def test_faults_of_a_study_are_exit_code_two_and_nothing_is_written(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(study), "--out", str(tmp_path / "x"), "--set", "services.payroll.elasticity=-1"]) == 2
    said = capsys.readouterr().err
    assert "elasticity" in said and "Traceback" not in said and not (tmp_path / "x").exists()
    assert main(["run", str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err
    assert main(["run", str(study), "--draws", "3"]) == 2
    assert capsys.readouterr().err == (
        "draws: not a number of draws: got 3; allowed 64 to 10,000,000. 1,024 for a look, 10,000 for a report.\n"
    )


def test_what_is_in_the_way_stays(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "letter.txt").write_text("dear", encoding="utf-8")
    assert main(["run", str(study), "--out", str(precious), *QUICK]) == 1
    assert "is in the way" in capsys.readouterr().err
    assert sorted(path.name for path in precious.iterdir()) == ["letter.txt"]
    assert main(["new", str(precious)]) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["precious"]


def test_a_second_run_replaces_the_first_and_nothing_else(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "twice"
    command = ["appraise", str(study), "--out", str(out), "--quiet", "--draws", "128"]
    assert main(command) == 0
    before = (out / "bundles.csv").read_bytes()
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    assert main([*command, "--seed", "8"]) == 0
    assert (out / "notes.txt").exists() and (out / "bundles.csv").read_bytes() != before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["twice"] and not list(out.glob(".*"))


def test_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert {"study", "rules", "bundles"} <= set(schema["properties"])


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--help"]) == 0
    said = capsys.readouterr().out
    assert "example:" in said and "--set" in said
    assert main([]) == 2


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends signals the POSIX way")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_who_is_asked_to_end_leaves_no_half_written_folder(study: Path, tmp_path: Path, name: str) -> None:
    command = [
        sys.executable,
        "-m",
        "sharesim.cli",
        "run",
        str(study),
        "--out",
        str(tmp_path / "cut"),
        "--draws",
        "2000000",
    ]
    # A shell's background jobs ignore interrupts, and hand that down; a person's terminal does not.
    listen = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=listen) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1.0)
        process.send_signal(getattr(signal, name))
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert said == "Interrupted; nothing half-written is left.\n"
    assert list(tmp_path.iterdir()) == []


def test_frontier_and_explain_write_their_tables(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["frontier", str(study), "--out", str(tmp_path / "f"), "--draws", "256", "--points", "3"]) == 0
    printed = capsys.readouterr().out
    assert "Mean NPV" in printed and "Worst futures (CVaR)" in printed and "Pounds are real at" in printed
    assert list(pd.read_csv(tmp_path / "f" / "frontier.csv").columns)[:2] == ["mean_npv_gbp", "cvar"]
    assert main(["explain", str(study), "--out", str(tmp_path / "e"), "--draws", "256"]) == 0
    assert {"everyone breaks even", "first-year budget"} <= set(pd.read_csv(tmp_path / "e" / "rule_costs.csv").name)
    assert main(["frontier", str(study), "--points", "1"]) == 2
    assert capsys.readouterr().err == "--points: too few points: got 1; allowed 2 or more.\n"
