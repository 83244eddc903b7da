"""Doing what is missing of a plan, in the calling process."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import sharesim.workflow.run as run_module
from sharesim.batch import execute, worker
from sharesim.batch.compare import compare
from sharesim.batch.execute import BatchOptions, BatchResult, Tally, run_batch
from sharesim.batch.manifest import BatchFolder, digest
from sharesim.batch.progress import words
from sharesim.batch.status import status
from sharesim.choice.solution import Status
from sharesim.errors import Fault, InternalError, OutputError, UsageError
from sharesim.folders.claims import claim
from tests.unit.batch.studies import COSTS, RATES, STUDY, write_plan, write_study


def do(folder: Path, out: str = "out", **options: object) -> BatchResult:
    return run_batch(folder / "plan.toml", BatchOptions(out=folder / out, jobs=0, **options))


def counts(result: BatchResult) -> tuple[int, int, int]:
    return result.n_done, result.n_found, result.n_failed


def digests(folder: Path) -> dict[str, str]:
    return {item.name: digest(item) for item in (folder / "runs").iterdir()}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A batch of six runs, done."""
    folder = tmp_path_factory.mktemp("example")
    write_plan(folder, grids=[RATES, COSTS])
    assert counts(do(folder)) == (6, 0, 0)
    return folder


def test_every_run_has_its_tables_its_log_and_no_report(example: Path) -> None:
    assert sorted(os.listdir(example / "out")) == ["batch.json", "chosen.parquet", "runs", "runs.csv", "runs.parquet"]
    folders = list((example / "out" / "runs").iterdir())
    assert len(folders) == 6
    for folder in folders:
        assert {"summary.json", "manifest.json", "portfolio.csv", "bundles.parquet", "record.json", "log.txt"} <= set(
            os.listdir(folder)
        )
        assert not (folder / "report.html").exists()
        record = json.loads((folder / "record.json").read_text())
        assert (record["run"], record["digest"]) == (folder.name, digest(folder))


def test_the_numbers_are_those_of_a_single_run(example: Path, tmp_path: Path) -> None:
    from sharesim.workflow.doors import load
    from sharesim.workflow.run import RunOptions, run_study

    table = pd.read_parquet(example / "out" / "runs.parquet")
    row = table[(table["services.payroll.team_gbp"] == 80000) & (table["study.discount_rate_per_year"] == 0.06)].iloc[0]
    changes = ["services.payroll.team_gbp=80000", "study.discount_rate_per_year=0.06"]
    run_study(load(example / "tiny", set=changes), tmp_path / "one", RunOptions(report=False))
    alone = json.loads((tmp_path / "one" / "summary.json").read_text())
    assert alone == json.loads((example / "out" / "runs" / row.run / "summary.json").read_text())
    assert (row.npv_mean_gbp, row.seed, row.n_chosen) == (alone["npv_mean_gbp"], 1, 1)


def test_what_is_finished_is_never_done_again(example: Path) -> None:
    before = {item.name: item.stat().st_ino for item in (example / "out" / "runs").iterdir()}
    assert counts(do(example)) == (0, 6, 0)
    assert before == {item.name: item.stat().st_ino for item in (example / "out" / "runs").iterdir()}


def test_an_added_row_does_only_itself(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("services.payroll.team_gbp\n10000\n")
    write_plan(tmp_path, grids=[{"name": "cases", "kind": "rows", "file": "rows.csv"}])
    assert counts(do(tmp_path)) == (1, 0, 0)
    (tmp_path / "rows.csv").write_text("services.payroll.team_gbp\n20000\n10000\n")
    assert counts(do(tmp_path)) == (1, 1, 0)
    assert list(pd.read_csv(tmp_path / "out" / "runs.csv")["services.payroll.team_gbp"]) == [20000, 10000]


def test_a_plan_made_smaller_keeps_what_was_done(tmp_path: Path) -> None:
    write_plan(tmp_path, seeds=[1, 2])
    do(tmp_path)
    write_plan(tmp_path, seeds=[2])
    assert counts(do(tmp_path)) == (0, 1, 0)
    assert "1 finished run of an earlier plan is kept beside them." in status(tmp_path / "out").summary()


def test_blocks_of_runs_that_nobody_will_ask_for_are_removed(tmp_path: Path) -> None:
    write_plan(tmp_path, seeds=[1])
    do(tmp_path)
    (run,) = os.listdir(tmp_path / "out" / "runs")
    for name in (run, "0" * 20, "not ours"):
        (tmp_path / "out" / "blocks" / name).mkdir(parents=True)
    folder = BatchFolder(tmp_path / "out")
    with claim(folder.claim_file("0" * 20)):
        do(tmp_path)
        assert sorted(os.listdir(tmp_path / "out" / "blocks")) == ["0" * 20, "not ours"]
    do(tmp_path)
    assert os.listdir(tmp_path / "out" / "blocks") == ["not ours"]


def test_force_does_all_again_to_the_same_result(tmp_path: Path) -> None:
    write_plan(tmp_path, seeds=[1, 2])
    do(tmp_path)
    before = digests(tmp_path / "out")
    assert counts(do(tmp_path, force=True)) == (2, 0, 0)
    assert digests(tmp_path / "out") == before
    assert not (tmp_path / "out" / ".work").exists()


def test_two_lines_that_come_to_the_same_study_are_one_run(tmp_path: Path) -> None:
    write_plan(tmp_path, grids=[{"values": {"services.payroll.team_gbp": [10000, 10000.0, "10000"]}}])
    result = do(tmp_path)
    assert (result.n_planned, *counts(result)) == (1, 1, 0, 0)
    assert len(pd.read_parquet(tmp_path / "out" / "runs.parquet")) == 3
    assert "3 lines of the plan come to 1 different runs." in status(tmp_path / "out").summary()


@pytest.mark.parametrize("harm", ["gone", "cut", "record", "a digit", "a digit of a table", "a word of the record"])
def test_a_damaged_run_is_done_again(tmp_path: Path, harm: str) -> None:
    write_plan(tmp_path)
    do(tmp_path)
    before = digests(tmp_path / "out")
    (made,) = (tmp_path / "out" / "runs").iterdir()
    digits = {"a digit": "summary.json", "a digit of a table": "portfolio.csv", "a word of the record": "record.json"}
    if harm in digits:
        text = (made / digits[harm]).read_text()
        find, put = ("1", "7") if "digit" in harm else ("optimal", "optimum")
        (made / digits[harm]).write_text(text.replace(find, put, 1))
        assert len(text) == (made / digits[harm]).stat().st_size and text != (made / digits[harm]).read_text()
    elif harm == "gone":
        (made / "summary.json").unlink()
    elif harm == "cut":
        os.truncate(made / "bundles.parquet", 100)
    else:
        (made / "record.json").write_text("{")
    assert status(tmp_path / "out").counts["missing"] == 1
    assert counts(do(tmp_path)) == (1, 0, 0)
    assert digests(tmp_path / "out") == before


def test_a_refusal_of_all_portfolios_is_a_result(tmp_path: Path) -> None:
    text = STUDY + '\n[[rules]]\nkind = "must_share"\nname = "all"\nservices = ["payroll"]\ncouncils = ["all"]\n'
    write_study(tmp_path / "tiny", text.replace("active = false", "active = true"))
    write_plan(tmp_path, set={"services.payroll.officer_days": 10})
    assert counts(do(tmp_path)) == (1, 0, 0)
    row = pd.read_parquet(tmp_path / "out" / "runs.parquet").iloc[0]
    assert (row.status, row.portfolio, row.n_chosen) == ("done", "infeasible", 0)
    assert pd.isna(row.npv_mean_gbp)


# -- failures ----------------------------------------------------------------------------------------------------------


def break_runs(monkeypatch: pytest.MonkeyPatch, error: BaseException, when=lambda study: True) -> None:
    real = worker.run_study

    def run(study, folder, options):
        if when(study):
            warnings.warn("something odd", stacklevel=1)
            raise error
        return real(study, folder, options)

    monkeypatch.setattr(worker, "run_study", run)


@pytest.mark.parametrize(
    ("error", "fault", "reason"),
    [
        (UsageError(Fault("study.toml", "is wrong", "1", "2", "Mend it.")), "study", "study.toml: is wrong: got 1; allowed 2. Mend it."),
        (InternalError(Fault("tiles", "broke")), "sharesim", "tiles: broke."),
        (ZeroDivisionError("float division\nby zero"), "sharesim", "ZeroDivisionError: float division; by zero"),
        (MemoryError(), "machine", "MemoryError"),
        (OutputError(Fault("x", "cannot be written")), "machine", "x: cannot be written."),
    ],
)  # fmt: skip
def test_a_fault_costs_only_the_run_that_it_hit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, fault: str, reason: str
) -> None:
    write_plan(tmp_path, seeds=[1, 2, 3])
    with monkeypatch.context() as patch:
        break_runs(patch, error, lambda study: study.model.run.seed == 2)
        result = do(tmp_path)
    assert counts(result) == (2, 0, 1)
    (failed,) = (tmp_path / "out" / "failed").iterdir()
    record = json.loads((failed / "record.json").read_text())
    assert (record["status"], record["fault"], record["reason"]) == ("failed", fault, reason)
    log = (failed / "log.txt").read_text()
    assert "UserWarning: something odd" in log and "Traceback" in log
    assert reason.splitlines()[0] in result.summary() and str(failed / "log.txt") in result.summary()
    row = pd.read_parquet(tmp_path / "out" / "runs.parquet").query("seed == 2").iloc[0]
    assert (row.status, row.fault, row.reason) == ("failed", fault, reason)
    assert counts(do(tmp_path)) == (1, 2, 0)
    assert not (tmp_path / "out" / "failed").exists()


def test_only_failed_leaves_the_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_plan(tmp_path, seeds=[1, 2])
    with monkeypatch.context() as patch:
        break_runs(patch, KeyError("x"), lambda study: study.model.run.seed == 2)
        do(tmp_path)
    write_plan(tmp_path, seeds=[1, 2, 3])
    assert counts(do(tmp_path, only="failed")) == (1, 0, 0)
    assert status(tmp_path / "out").counts == {"done": 2, "unproven": 0, "running": 0, "failed": 0, "missing": 1}


def test_a_study_at_fault_is_a_row_and_does_not_stop_the_others(tmp_path: Path) -> None:
    write_plan(tmp_path, grids=[{"values": {"services.payroll.team_gbp": [10000, -1, "rubbish\x1b[2J"]}}])
    result = do(tmp_path)
    assert counts(result) == (1, 0, 2)
    rows = pd.read_parquet(tmp_path / "out" / "runs.parquet")
    assert list(rows.status) == ["done", "failed", "failed"] and list(rows.fault[1:]) == ["study", "study"]
    assert "\x1b" not in result.summary() + status(tmp_path / "out").summary()


def test_where_nothing_more_can_be_written_the_batch_stops_and_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_plan(tmp_path, seeds=[1, 2, 3, 4])
    with monkeypatch.context() as patch:
        error = OSError(errno.ENOSPC, "No space left on device")
        break_runs(patch, error, lambda study: study.model.run.seed >= 3)
        with pytest.raises(OutputError) as caught:
            do(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path / 'out'}: nothing more can be written (OSError: [Errno 28] No space left on device). "
        "Make room, or choose another --out; then give the same command again: what is done stays done."
    )
    assert status(tmp_path / "out").counts == {"done": 2, "unproven": 0, "running": 0, "failed": 0, "missing": 2}
    assert counts(do(tmp_path)) == (2, 2, 0)


def test_a_word_of_no_room_is_found_however_it_is_wrapped() -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    wrapped = RuntimeError("writer failed", full)
    chained = OutputError(Fault("x", "cannot be written"))
    chained.__context__ = full
    assert worker.no_room(full) and worker.no_room(wrapped) and worker.no_room(chained)
    assert not worker.no_room(OSError(errno.ENOENT, "No such file")) and not worker.no_room(ValueError("28"))


def test_a_study_changed_while_the_batch_runs_is_not_taken_for_the_planned_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_plan(tmp_path, seeds=[1, 2])
    real = execute.perform

    def perform(task):
        outcome = real(task)
        write_study(tmp_path / "tiny", STUDY.replace("320000", "330000"))
        return outcome

    with monkeypatch.context() as patch:
        patch.setattr(execute, "perform", perform)
        result = do(tmp_path)
    assert counts(result) == (1, 0, 1)
    assert (
        result.failures[0].reason == f"{tmp_path / 'tiny'}: changed while the batch ran. Give the same command again."
    )
    assert counts(do(tmp_path)) == (2, 0, 0)


# -- sharing, clocks, progress -----------------------------------------------------------------------------------------


def test_what_another_works_on_is_waited_for_and_taken_over(tmp_path: Path) -> None:
    write_plan(tmp_path, seeds=[1, 2])
    do(tmp_path, out="there")
    write_plan(tmp_path, seeds=[1, 2])
    folder, told = BatchFolder(tmp_path / "out"), []
    busy = next((tmp_path / "there" / "runs").iterdir())
    held, let_go = threading.Event(), threading.Event()

    def other() -> None:
        with claim(folder.claim_file(busy.name)):
            held.set()
            let_go.wait(20)
            (tmp_path / "out" / "runs").mkdir(parents=True, exist_ok=True)
            busy.rename(folder.run(busy.name))

    def listen(tally: Tally) -> None:
        told.append(tally)
        if tally.stage == "running" and tally.done == 1 and not let_go.is_set():
            assert status(tmp_path / "out").counts["running"] == 1
            let_go.set()

    thread = threading.Thread(target=other)
    thread.start()
    held.wait(20)
    assert counts(do(tmp_path, listen=listen)) == (1, 1, 0)
    thread.join()


def test_a_clock_that_jumps_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_plan(tmp_path, seeds=[1, 2])
    do(tmp_path)
    before = digests(tmp_path / "out")
    for item in (tmp_path / "out").rglob("*"):
        os.utime(item, (0, 0))
    os.utime(tmp_path / "tiny" / "study.toml", (4e9, 4e9))
    assert counts(do(tmp_path)) == (0, 2, 0)
    write_plan(tmp_path, seeds=[1, 2, 3])
    with monkeypatch.context() as patch:
        jumps = iter(range(10**9, 0, -(10**5)))
        patch.setattr(time, "time", lambda: float(next(jumps)))
        assert counts(do(tmp_path)) == (1, 2, 0)
    assert before.items() <= digests(tmp_path / "out").items()


def test_progress_says_done_running_failed_and_time_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_plan(tmp_path, seeds=[1, 2], grids=[{"values": {"services.payroll.team_gbp": [10000, -1]}}])
    told: list[Tally] = []
    do(tmp_path, listen=told.append)
    planning = [tally for tally in told if tally.stage == "planning"]
    running = [tally for tally in told if tally.stage == "running"]
    assert [(tally.done, tally.of) for tally in planning] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [(tally.done, tally.failed, tally.of) for tally in running] == [(0, 2, 4), (1, 2, 4), (2, 2, 4)]
    assert running[0].seconds_left is None and running[1].seconds_left > 0 and running[-1].seconds_left == 0


@pytest.mark.parametrize("jobs", [-1, True, 1.5, 5000])
def test_a_number_of_processes_that_is_none(tmp_path: Path, jobs: object) -> None:
    with pytest.raises(UsageError) as caught:
        run_batch(write_plan(tmp_path), BatchOptions(out=tmp_path / "out", jobs=jobs))
    assert (
        str(caught.value)
        == f"jobs: not a number of processes: got {jobs!r}; allowed 0 to 1,024. Leave it out to use every core."
    )


@pytest.mark.slow
def test_a_report_asked_for_later_is_made_later(tmp_path: Path) -> None:
    write_plan(tmp_path)
    do(tmp_path)
    before = digests(tmp_path / "out")
    assert counts(do(tmp_path, report=True)) == (1, 0, 0)
    (made,) = (tmp_path / "out" / "runs").iterdir()
    assert (made / "report.html").exists() and digests(tmp_path / "out") == before
    assert counts(do(tmp_path)) == counts(do(tmp_path, report=True)) == (0, 1, 0)


# -- a damaged list of runs --------------------------------------------------------------------------------------------


def harmed(file: Path) -> list[bytes]:
    """The ways in which a list of runs has been found."""
    text = file.read_bytes()
    changed = text.replace(b"10000", b"90000", 1)
    assert changed != text
    return [b"", text[: len(text) // 2], b"\x00\xff\xfe" * 50, b"\x00" * len(text), changed]


@pytest.mark.parametrize("way", range(5), ids=["empty", "half", "binary", "zeros", "changed"])
def test_a_damaged_list_of_runs_is_told_and_locks_nobody_out(tmp_path: Path, way: int) -> None:
    write_plan(tmp_path, grids=[COSTS])
    do(tmp_path)
    (tmp_path / "out" / "my notes.txt").touch()
    file = tmp_path / "out" / "batch.json"
    before = file.read_bytes()
    file.write_bytes(harmed(file)[way])
    for ask in (status, compare):
        with pytest.raises(UsageError, match=r"batch\.json: cannot be read: .* again: it is written anew, and what is"):
            ask(tmp_path / "out")
    assert counts(do(tmp_path)) == (0, 3, 0)
    assert file.read_bytes() == before and status(tmp_path / "out").is_complete


def test_a_list_of_runs_damaged_before_any_run_was_done_locks_nobody_out(tmp_path: Path) -> None:
    write_plan(tmp_path)
    (tmp_path / "out" / "runs").mkdir(parents=True)
    (tmp_path / "out" / "batch.json").write_bytes(b"")
    assert counts(do(tmp_path)) == (1, 0, 0)


# -- runs without a proof ----------------------------------------------------------------------------------------------


@pytest.fixture
def no_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The search of seed 2 ends before anything is known."""
    real = run_module.choose

    def choose(appraisal, *arguments, **options):
        found = real(appraisal, *arguments, **options)
        if appraisal.seed != 2:
            return found
        said = {"status": Status.UNPROVEN, "chosen": found.solution.chosen[:0], "value_gbp": float("nan")}
        return replace(found, solution=replace(found.solution, **said))

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "choose", choose)
        yield patch


def test_an_unproven_run_is_counted_apart_kept_and_done_again_on_request(
    tmp_path: Path, no_time: pytest.MonkeyPatch
) -> None:
    write_plan(tmp_path, seeds=[1, 2, 3])
    told: list[Tally] = []
    result = do(tmp_path, listen=told.append)
    assert (counts(result), result.n_unproven) == ((2, 0, 0), 1)
    first, second = result.summary().splitlines()[:2]
    assert first == f"2 done, 0 there already, 1 unproven, 0 failed ({result.seconds:.1f} s)."
    assert second.startswith("  unproven: time ran out before") and second.endswith(" --only unproven.")
    assert (told[-1].over, told[-1].of, told[-1].unproven) == (3, 3, 1)
    assert words(told[-1]) == "2 of 3 done, 0 running, 0 failed, 1 unproven"
    found = status(tmp_path / "out")
    assert found.counts == {"done": 2, "unproven": 1, "running": 0, "failed": 0, "missing": 0}
    assert found.is_complete and "3 runs; 2 done, 1 unproven.\n" in found.summary()
    assert "--only unproven" in found.summary()
    table = pd.read_parquet(tmp_path / "out" / "runs.parquet")
    assert list(table.status) == ["done", "unproven", "done"] and table.portfolio[1] == "unproven"
    compared = compare(tmp_path / "out")
    assert (len(compared.runs), compared.n_unproven, compared.n_left_out) == (2, 1, 0)
    assert f"{compared.name}: two finished runs, 1 unproven." in compared.summary()
    # Kept as it is by every later call, and only by asking for it done again.
    result = do(tmp_path)
    assert (counts(result), result.n_unproven) == ((0, 2, 0), 1)
    no_time.undo()
    assert counts(do(tmp_path)) == (0, 2, 0)
    assert counts(do(tmp_path, only="unproven")) == (1, 0, 0)
    assert counts(do(tmp_path, only="unproven")) == (0, 0, 0)
    assert status(tmp_path / "out").counts["done"] == 3


def test_where_every_run_is_unproven_there_is_nothing_to_compare(tmp_path: Path, no_time: pytest.MonkeyPatch) -> None:
    write_plan(tmp_path, seeds=[2])
    do(tmp_path)
    with pytest.raises(UsageError, match=r"every finished run is unproven\. sharesim status says how far it is\."):
        compare(tmp_path / "out")


def test_a_solver_that_gives_no_answer_is_a_failure_and_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_plan(tmp_path, seeds=[1])
    real = run_module.choose

    def choose(appraisal, *arguments, **options):
        found = real(appraisal, *arguments, **options)
        said = {"status": Status.FAILED, "chosen": found.solution.chosen[:0], "notes": ("it stopped with code 1",)}
        return replace(found, solution=replace(found.solution, **said))

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "choose", choose)
        result = do(tmp_path)
    assert counts(result) == (0, 0, 1)
    assert result.failures[0].reason == "solver: gave no answer: got it stopped with code 1."
    assert counts(do(tmp_path)) == (1, 0, 0)


def test_only_knows_two_kinds_of_runs() -> None:
    with pytest.raises(UsageError) as caught:
        BatchOptions(only="slow")
    assert str(caught.value) == "only: unknown: got 'slow'; allowed failed, unproven."
