"""The folder of a batch: what counts as finished, what is swept, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sharesim.batch.manifest import BatchFolder, digest, sizes
from sharesim.batch.plan import read_plan
from sharesim.errors import OutputError, UsageError
from sharesim.folders.claims import claim
from tests.unit.batch.studies import write_plan

RUN = "0123456789abcdef0123"


@pytest.fixture
def folder(tmp_path: Path) -> BatchFolder:
    return BatchFolder(tmp_path / "out")


def finish(folder: BatchFolder) -> Path:
    made = folder.run(RUN)
    made.mkdir(parents=True)
    (made / "summary.json").write_text("{}")
    (made / "log.txt").write_text("12:00")
    (made / "record.json").write_text(json.dumps({"files": sizes(made), "report": False}))
    return made


def test_a_run_is_finished_while_all_its_files_are_whole(folder: BatchFolder) -> None:
    made = finish(folder)
    assert folder.finished(RUN) is not None
    (made / "summary.json").write_text("")
    assert folder.finished(RUN) is None
    (made / "summary.json").unlink()
    assert folder.finished(RUN) is None


@pytest.mark.parametrize("record", ["", "{", "[]", '{"files": 3}', "null", "[" * 100_000])
def test_a_record_that_cannot_be_read_is_no_record(folder: BatchFolder, record: str) -> None:
    (finish(folder) / "record.json").write_text(record)
    assert folder.finished(RUN) is None


def test_times_do_not_enter_the_digest(folder: BatchFolder) -> None:
    made = finish(folder)
    before = digest(made)
    (made / "log.txt").write_text("13:00")
    (made / "report.html").write_text("today")
    assert digest(made) == before
    (made / "summary.json").write_text("{ }")
    assert digest(made) != before


def test_sweeping_takes_what_the_dead_left_and_nothing_else(folder: BatchFolder) -> None:
    dead, alive = "a" * 20, "b" * 20
    for run in (dead, alive):
        (folder.work / f"{run}.12345678" / "run").mkdir(parents=True)
    (folder.work / f"{dead}.claim").touch()
    with claim(folder.claim_file(alive)):
        folder.sweep()
        assert sorted(item.name for item in folder.work.iterdir()) == [f"{alive}.12345678", f"{alive}.claim"]
    folder.sweep()
    assert not folder.work.exists()


def test_a_desk_is_cleared_however_it_is_left(folder: BatchFolder) -> None:
    with pytest.raises(ValueError), folder.desk() as aside:
        aside.mkdir()
        raise ValueError
    folder.sweep()
    assert not folder.work.exists()


def test_a_run_is_replaced_whole(folder: BatchFolder) -> None:
    old = finish(folder)
    (old / "only-old.csv").touch()
    made = folder.aside(RUN)
    made.mkdir(parents=True)
    (made / "new.csv").touch()
    with claim(folder.claim_file(RUN)):
        folder.keep(made, RUN)
        folder.clear(RUN)
    assert [item.name for item in folder.run(RUN).iterdir()] == ["new.csv"]


def test_a_failure_is_remembered_replaced_and_forgotten(folder: BatchFolder) -> None:
    folder.write_failure(RUN, {"reason": "one"}, "log one\ud800")
    folder.write_failure(RUN, {"reason": "two"}, "log two")
    assert folder.failed(RUN)["reason"] == "two"
    assert (folder.failure(RUN) / "log.txt").read_text() == "log two"
    folder.forget_failure(RUN)
    assert folder.failed(RUN) is None and not (folder.root / "failed").exists()


def test_what_is_no_batch_is_left_alone(tmp_path: Path) -> None:
    plan = read_plan(write_plan(tmp_path, name="mine"))
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "letter.txt").touch()
    with pytest.raises(UsageError) as caught:
        BatchFolder(taken).prepare(plan)
    assert str(caught.value) == (
        f"{taken}: is in the way: got a folder with 'letter.txt' in it; allowed a new name, or an earlier batch. Choose another --out."
    )
    assert [item.name for item in taken.iterdir()] == ["letter.txt"]
    with pytest.raises(
        UsageError, match=r"is a file: allowed a folder, or a name that is free\. Choose another --out\."
    ):
        BatchFolder(taken / "letter.txt").prepare(plan)


def test_a_folder_holds_one_batch(tmp_path: Path) -> None:
    folder = BatchFolder(tmp_path / "out")
    folder.prepare(read_plan(write_plan(tmp_path, name="mine")))
    folder.write_plan(read_plan(tmp_path / "plan.toml"), [])
    with pytest.raises(UsageError) as caught:
        folder.prepare(read_plan(write_plan(tmp_path, name="yours")))
    assert str(caught.value) == (
        f"{folder.root}: holds another batch: got 'mine'; allowed 'yours'. Choose another --out, or give the plan that name."
    )


def test_where_nothing_can_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written: Not a directory"):
        BatchFolder(tmp_path / "file" / "out").prepare(read_plan(write_plan(tmp_path)))


@pytest.mark.parametrize(
    "rows", ["3", "[3]", '[{"run": "../../etc", "key": "", "study": "", "scenario": "", "settings": {}, "faults": []}]']
)
def test_a_list_of_runs_that_is_not_ours_is_not_followed(folder: BatchFolder, rows: str) -> None:
    folder.root.mkdir()
    (folder.root / "batch.json").write_text(f'{{"name": "x", "runs": {rows}}}')
    with pytest.raises(UsageError, match=r"holds no batch: no batch\.json that can be read"):
        folder.batch()
    assert folder.known() == {}
