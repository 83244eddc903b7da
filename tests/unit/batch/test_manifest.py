"""The folder of a batch: what counts as finished, what is swept, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharesim.batch import manifest
from sharesim.batch.manifest import BatchFolder, digest
from sharesim.batch.plan import read_plan
from sharesim.batch.sealed import read_sealed, write_sealed
from sharesim.errors import OutputError, UsageError
from sharesim.folders.claims import claim
from sharesim.folders.contents import as_plain, contents
from sharesim.folders.mark import NOWHERE, seal
from sharesim.folders.place import Place, being_written
from tests.unit.batch.studies import write_plan

RUN = "0123456789abcdef0123"


@pytest.fixture
def folder(tmp_path: Path) -> BatchFolder:
    return BatchFolder(tmp_path / "out")


def finish(folder: BatchFolder) -> Path:
    made = folder.run(RUN)
    made.mkdir(parents=True)
    (made / "summary.json").write_text("{}")
    seal(made, "run", NOWHERE)
    (made / "log.txt").write_text("12:00")
    write_sealed(made / "record.json", {"files": as_plain(contents(made, {"manifest.json"})), "report": False})
    return made


def test_a_run_is_finished_while_all_its_files_are_whole(folder: BatchFolder) -> None:
    made = finish(folder)
    assert folder.finished(RUN) is not None
    (made / "summary.json").write_text("")
    assert folder.finished(RUN) is None
    (made / "summary.json").unlink()
    assert folder.finished(RUN) is None


@pytest.mark.parametrize("harm", ["a byte", "a link", "a folder", "the record", "the manifest"])
def test_damage_of_the_same_size_is_seen(folder: BatchFolder, harm: str) -> None:
    made = finish(folder)
    if harm == "a byte":
        (made / "summary.json").write_text("[]")
    elif harm == "a link":
        (made / "summary.json").rename(made.parent / "summary.json")
        (made / "summary.json").symlink_to(made.parent / "summary.json")
    elif harm == "a folder":
        (made / "summary.json").unlink()
        (made / "summary.json").mkdir()
    elif harm == "the manifest":
        text = (made / "manifest.json").read_text()
        (made / "manifest.json").write_text(text.replace('"scenario": ""', '"scenaria": ""'))
    else:
        text = (made / "record.json").read_text()
        (made / "record.json").write_text(text.replace('"report": false', '"report": 12345'))
    assert folder.finished(RUN) is None


def test_what_else_lies_in_the_folder_of_a_run_does_not_matter(folder: BatchFolder) -> None:
    (finish(folder) / "my notes.txt").write_text("mine")
    assert folder.finished(RUN) is not None


def test_a_report_that_is_added_to_a_run_does_not_make_it_be_done_again(folder: BatchFolder) -> None:
    made = finish(folder)
    with being_written(Place(made, "run", add=True)) as aside:
        (aside / "report.md").write_text("words")
    assert folder.finished(RUN) is not None and (made / "report.md").exists()


def test_a_record_that_leads_out_of_its_run_is_no_record(folder: BatchFolder) -> None:
    made = finish(folder)
    (made.parent / "other.csv").write_text("1")
    record = read_sealed(made / "record.json")
    record["files"]["../other.csv"] = as_plain(contents(made.parent))["other.csv"]
    write_sealed(made / "record.json", record)
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


@pytest.mark.parametrize(("seconds", "flushed"), [(0.2, False), (11.0, True)])
def test_a_run_that_took_long_is_on_the_disk_before_it_is_in_its_place(
    folder: BatchFolder, monkeypatch: pytest.MonkeyPatch, seconds: float, flushed: bool
) -> None:
    told: list[tuple[str, bool]] = []
    monkeypatch.setattr(manifest, "flush", lambda path: told.append((path.name, folder.run(RUN).exists())))
    monkeypatch.setattr(manifest, "flush_folder", lambda path: told.append((path.name, folder.run(RUN).exists())))
    made = folder.aside(RUN)
    made.mkdir(parents=True)
    folder.keep(made, RUN, seconds)
    assert told == ([(made.name, False), ("runs", True)] if flushed else [])


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
    "rows",
    [3, [3], [{"run": "../../etc", "key": "", "study": "", "scenario": "", "settings": {}, "faults": []}]],
    ids=["no list", "no rows", "a path"],
)
def test_a_list_of_runs_that_is_not_ours_is_not_followed(folder: BatchFolder, rows: object) -> None:
    folder.root.mkdir()
    write_sealed(folder.root / "batch.json", {"name": "x", "runs": rows})
    with pytest.raises(UsageError) as caught:
        folder.batch()
    assert str(caught.value) == (
        f"{folder.root / 'batch.json'}: cannot be read: got a damaged file; allowed the list of a batch's runs. "
        "Give the same batch command again: it is written anew, and what is done stays."
    )
    assert folder.known() == {}


def test_without_a_list_of_runs_there_is_no_batch(folder: BatchFolder) -> None:
    folder.root.mkdir()
    with pytest.raises(UsageError) as caught:
        folder.batch()
    assert str(caught.value) == (
        f"{folder.root}: holds no batch: no batch.json: allowed the --out folder of sharesim batch. "
        "While a batch is being planned there is none yet."
    )


@pytest.mark.parametrize(
    "text", [b"", b'{\n  "name": "mi', b"\x00\xff\x80 not text", b'{"name": "yours"}', b"[" * 10_000],
    ids=["empty", "half", "binary", "another's", "deep"],
)  # fmt: skip
def test_a_list_of_runs_that_is_none_does_not_hide_what_is_not_ours(tmp_path: Path, text: bytes) -> None:
    taken = tmp_path / "taken"
    (taken / "runs").mkdir(parents=True)
    (taken / "batch.json").write_bytes(text)
    (taken / "runs" / "monday.csv").touch()
    (taken / "letter.txt").touch()
    with pytest.raises(UsageError, match=r"is in the way: got a folder with 'letter\.txt' in it"):
        BatchFolder(taken).prepare(read_plan(write_plan(tmp_path, name="mine")))
    assert (taken / "batch.json").read_bytes() == text


def test_a_list_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "batch.json").write_text('{"jobs": []}')
    with pytest.raises(UsageError, match=r"is in the way: got a folder with 'batch\.json' in it"):
        BatchFolder(taken).prepare(read_plan(write_plan(tmp_path, name="mine")))
