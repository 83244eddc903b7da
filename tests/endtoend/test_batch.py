"""The commands batch, status and compare; and the same bits whoever does the work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

from sharesim.batch import spread
from sharesim.batch.cluster import DaskEngine
from sharesim.batch.execute import BatchOptions, Tally, run_batch
from sharesim.batch.manifest import digest
from sharesim.batch.plan import read_plan
from sharesim.batch.sizes import dry_run
from sharesim.batch.status import status
from sharesim.cli import main
from sharesim.errors import OutputError, UsageError
from sharesim.workflow.new import new
from tests.unit.batch.studies import COSTS, RATES, write_plan


def digests(folder: Path) -> dict[str, str]:
    return {item.name: digest(item) for item in (folder / "runs").iterdir()}


@pytest.fixture(scope="module")
def twelve(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A plan of twelve runs, and what they come to in the calling process."""
    plan = write_plan(tmp_path_factory.mktemp("twelve"), name="twelve", seeds=[1, 2], grids=[RATES, COSTS])
    assert run_batch(plan, BatchOptions(out=plan.parent / "out", jobs=0)).n_done == 12
    return plan, digests(plan.parent / "out")


# -- commands ----------------------------------------------------------------------------------------------------------


def test_from_plan_to_comparison(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan, out = str(write_plan(tmp_path, name="first", grids=[RATES, COSTS])), str(tmp_path / "out")
    assert main(["batch", plan, "--out", out, "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert told.count("  missing   tiny seed 1  ") == 6 and told.count("2 bundles x 64 draws, about 1 s") == 6
    assert "first: 6 runs (6 missing); what is to do takes about 4 s on " in told
    assert not os.path.exists(out)
    assert main(["batch", plan, "--out", out, "--jobs", "0"]) == 0
    done = capsys.readouterr()
    assert done.out.startswith("6 done, 0 there already, 0 failed (") and f"sharesim compare {out}" in done.out
    assert done.err.endswith("6 of 6 done, 0 running, 0 failed\n")
    assert main(["status", out]) == 0
    assert capsys.readouterr().out == "first: 6 runs; 6 done.\nNobody works on it now.\n"
    assert main(["compare", out, "--by", "services.payroll.team_gbp"]) == 0
    compared = capsys.readouterr().out
    assert "first: six finished runs." in compared and f"a page: {out}/compare/compare.html" in compared


def test_quiet_says_nothing_but_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = write_plan(tmp_path, grids=[{"values": {"services.payroll.team_gbp": [10000, -1]}}])
    assert main(["batch", str(plan), "--out", str(tmp_path / "out"), "--jobs", "0", "--quiet"]) == 1
    told = capsys.readouterr()
    assert told.out == "" and told.err.startswith("1 done, 0 there already, 1 failed (")
    assert "  failed (the study's fault): plan.toml: services.payroll.team_gbp: " in told.err
    assert main(["status", str(tmp_path / "out")]) == 1
    assert "1 failed (the study's fault): " in capsys.readouterr().out
    plan = write_plan(tmp_path, grids=[{"values": {"services.payroll.team_gbp": [10000]}}])
    assert main(["batch", str(plan), "--out", str(tmp_path / "out"), "--jobs", "0", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_status_for_programs(twelve: tuple[Path, dict[str, str]], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", str(twelve[0].parent / "out"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["runs"], found["done"], found["failures"], found["at_work"]) == (12, 12, [], False)


@pytest.mark.parametrize("command", ["batch", "status", "compare"])
def test_what_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert main([command, str(tmp_path / "none")]) == 2
    assert str(tmp_path / "none") in capsys.readouterr().err


def test_the_example_is_a_plan_of_twelve_short_runs_without_faults(root: Path, tmp_path: Path) -> None:
    plan = read_plan(root / "configs" / "batch-example.toml")
    assert plan.n_runs == 12 and plan.name == "batch-example"
    found = dry_run(plan, BatchOptions(out=tmp_path / "out", jobs=1))
    assert list(found.runs.state) == ["missing"] * 12 and found.runs.run.nunique() == 12
    assert (found.runs.draws == 1024).all() and 0 < found.seconds < 600


@pytest.mark.slow
def test_the_example_runs_and_its_politics_change_the_choice(root: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    assert main(["batch", str(root / "configs" / "batch-example.toml"), "--out", out, "--jobs", "2", "--quiet"]) == 0
    table = pd.read_parquet(tmp_path / "out" / "runs.parquet")
    assert len(table) == 12 and (table.status == "done").all() and (table.portfolio == "optimal").all()
    assert table.chosen.nunique() > 1
    by_politics = table.pivot(index="study.discount_rate_per_year", columns="politics", values="value_gbp")
    assert (by_politics["host where it is cheapest"] >= by_politics["as agreed"] * 0.99).all()
    assert (by_politics["as agreed"] >= by_politics["half the officers"] * 0.99).all()
    assert main(["compare", out, "--by", "politics"]) == 0


# -- the same bits -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2, 4])
def test_the_same_bits_for_any_number_of_processes(
    twelve: tuple[Path, dict[str, str]], tmp_path: Path, jobs: int
) -> None:
    result = run_batch(twelve[0], BatchOptions(out=tmp_path / "out", jobs=jobs))
    assert result.n_done == 12 and digests(tmp_path / "out") == twelve[1]
    assert not (tmp_path / "out" / ".work").exists()


@pytest.mark.slow
def test_the_same_bits_on_a_cluster_for_runs_and_for_blocks(
    twelve: tuple[Path, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed", reason="needs sharesim[cluster]")
    alone = write_plan(tmp_path / "alone", name="spread", draws=9_000)
    run_batch(alone, BatchOptions(out=tmp_path / "alone" / "out", jobs=0))
    blocks = write_plan(tmp_path / "blocks", name="spread", draws=9_000, spread=True)
    monkeypatch.setattr(spread, "BLOCK_NUMBERS", 2**13)
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        for workers in (1, 2, 3):
            cluster.scale(workers)
            with distributed.Client(cluster) as client:
                client.wait_for_workers(workers, timeout=120)
            out = tmp_path / f"{workers}"
            options = BatchOptions(out=out / "runs", scheduler=cluster.scheduler_address)
            assert run_batch(twelve[0], options).n_done == 12
            assert digests(out / "runs") == twelve[1]
            options = BatchOptions(out=out / "blocks", scheduler=cluster.scheduler_address)
            assert run_batch(blocks, options).n_done == 1
            assert digests(out / "blocks") == digests(tmp_path / "alone" / "out")


@pytest.mark.slow
def test_a_cluster_gives_the_tasks_of_a_dead_worker_to_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed", reason="needs sharesim[cluster]")
    new(tmp_path / "mine")
    monkeypatch.setattr(spread, "BLOCK_NUMBERS", 2**18)
    plan = write_plan(tmp_path, name="blocks", studies=["mine"], draws=20_000, judge_draws=64, spread=True)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        killed = []

        def kill() -> None:
            blocks = tmp_path / "out" / "blocks"
            while not (blocks.exists() and any(blocks.glob("*/*.npz"))):
                time.sleep(0.01)
            worker = cluster.workers[0]
            os.kill(worker.pid, 9)
            killed.append(worker.pid)

        thread = threading.Thread(target=kill, daemon=True)
        thread.start()
        result = run_batch(plan, BatchOptions(out=tmp_path / "out", scheduler=cluster.scheduler_address))
        thread.join(1)
    assert killed and (result.n_done, result.n_failed) == (1, 0)
    alone = write_plan(tmp_path, name="blocks", studies=["mine"], draws=20_000, judge_draws=64)
    run_batch(alone, BatchOptions(out=tmp_path / "alone", jobs=0))
    assert digests(tmp_path / "out") == digests(tmp_path / "alone")


@pytest.mark.slow
def test_a_scheduler_that_goes_away_ends_the_batch_and_what_is_done_stays_done(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="needs sharesim[cluster]")
    plan = write_plan(tmp_path, name="lost", seeds=list(range(40)))
    cluster = distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    )

    def listen(tally: Tally) -> None:
        if tally.stage == "running" and tally.done == 3:
            cluster.close()

    with pytest.raises(OutputError) as caught:
        run_batch(plan, BatchOptions(out=tmp_path / "out", scheduler=cluster.scheduler_address, listen=listen))
    told = str(caught.value)
    assert told.startswith("--scheduler tcp://") and "the scheduler went away (" in told
    assert told.endswith("Start it again, then give the same command again: what is done stays done.")
    found = status(tmp_path / "out").counts
    assert found["done"] >= 3 and found["failed"] == 0
    assert run_batch(plan, BatchOptions(out=tmp_path / "out", jobs=0)).n_failed == 0
    assert status(tmp_path / "out").counts["done"] == 40


@pytest.mark.slow
def test_a_cluster_with_another_sharesim_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="needs sharesim[cluster]")
    monkeypatch.setattr("sharesim.batch.cluster.__version__", "99.0")
    with pytest.raises(UsageError) as caught:
        DaskEngine("local", 1)
    told = str(caught.value)
    assert told.startswith(
        "--scheduler local: workers with another sharesim: got 0.1.0 on 1 of 1 workers, such as tcp://"
    )
    assert told.endswith("; allowed 99.0. Install the same there.")


@pytest.mark.slow
def test_a_process_killed_in_the_middle_of_a_block_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    psutil = pytest.importorskip("psutil", reason="needs psutil")
    new(tmp_path / "mine")
    monkeypatch.setattr(spread, "BLOCK_NUMBERS", 2**18)
    plan = write_plan(tmp_path, name="blocks", studies=["mine"], draws=20_000, judge_draws=64, spread=True)
    killed = []

    def kill() -> None:
        blocks = tmp_path / "out" / "blocks"
        while not killed:
            for process in psutil.Process().children(recursive=True):
                if any(blocks.glob("*/*.npz")) and "popen_loky" in " ".join(process.cmdline()):
                    process.kill()
                    killed.append(process.pid)
                    break
            time.sleep(0.05)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    result = run_batch(plan, BatchOptions(out=tmp_path / "out", jobs=2))
    thread.join(1)
    assert killed and (result.n_done, result.n_failed) == (1, 0)
    alone = write_plan(tmp_path, name="blocks", studies=["mine"], draws=20_000, judge_draws=64)
    run_batch(alone, BatchOptions(out=tmp_path / "alone", jobs=0))
    assert digests(tmp_path / "out") == digests(tmp_path / "alone")
    assert status(tmp_path / "out").is_complete


@pytest.mark.slow
def test_the_command_as_a_program_of_its_own(twelve: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sharesim.cli", "batch", twelve[0], "--out", tmp_path / "out", "--jobs", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "12 of 12 done" in done.stderr and digests(tmp_path / "out") == twelve[1]
