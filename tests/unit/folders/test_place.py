"""A result takes its place whole, touches nothing of anybody else, and survives being killed at any moment."""

from __future__ import annotations

import json
import logging
import os
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sharesim.errors import OutputError
from sharesim.folders import place as placing
from sharesim.folders.claims import claim
from sharesim.folders.mark import MANIFEST, Origin, read_mark
from sharesim.folders.place import Place, being_written, check, recovered

FIRST = {"summary.json": "1", "rules.csv": "a rule", "figures/fan.svg": "<svg/>", "same.csv": "the same"}
SECOND = {"summary.json": "2", "report.html": "a page", "figures/new.svg": "<svg>2</svg>", "same.csv": "the same"}
MINE = {"notes.txt": "my notes", ".git/HEAD": "ref", "figures/mine.png": "my picture", "letters/a.txt": "a letter"}
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, to die in a process of its own")


def put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def write(place: Place, files: dict[str, str]) -> None:
    with being_written(place) as aside:
        put(aside, files)


def there(folder: Path) -> dict[str, str]:
    """Every file below a folder but its manifest."""
    found = {item.relative_to(folder).as_posix(): item for item in folder.rglob("*") if item.is_file()}
    return {name: item.read_text(encoding="utf-8") for name, item in found.items() if name != MANIFEST}


@pytest.fixture
def run(tmp_path: Path) -> Place:
    """A folder that holds a run, and files that somebody put beside it."""
    place = Place(tmp_path / "run", "run", Origin("../mine"))
    write(place, FIRST)
    put(place.folder, MINE)
    return place


# -- whose a folder is -------------------------------------------------------------------------------------------------


def test_only_files_of_ours_are_replaced_and_what_others_put_beside_them_stays(run: Place) -> None:
    before = (run.folder / "notes.txt").stat()
    write(run, SECOND)
    assert there(run.folder) == SECOND | MINE
    after = (run.folder / "notes.txt").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert set(read_mark(run.folder).files) == set(SECOND)


def test_folders_that_held_our_files_only_go_with_them(tmp_path: Path) -> None:
    place = Place(tmp_path / "run", "run")
    write(place, FIRST)
    write(place, {"summary.json": "2"})
    assert sorted(item.name for item in place.folder.iterdir()) == [MANIFEST, "summary.json"]


@pytest.mark.parametrize(
    "manifest",
    ["{}", '{"name": "a web project"}', "not json", "[" * 20_000, '{"written_by": "sharesim", "kind": "run"}',
     '{"written_by": "sharesim", "kind": "run", "files": {"../other.txt": {"size": 1, "sha256": "00"}}}'],
    ids=["empty", "another program's", "not JSON", "deep", "no list of files", "names what lies outside"],
)  # fmt: skip
def test_a_folder_with_a_manifest_of_something_else_is_refused_and_not_touched(tmp_path: Path, manifest: str) -> None:
    folder = tmp_path / "web"
    put(folder, {**MINE, MANIFEST: manifest, "src/app.js": "alert()"})
    before = {path: path.lstat().st_mtime_ns for path in [folder, *folder.rglob("*")]}
    with pytest.raises(OutputError) as refused, being_written(Place(folder, "run")):
        pytest.fail("nothing may be worked out before the folder is looked at")
    assert str(refused.value) == (
        f"{folder}: is in the way: got a folder with '.git' in it; allowed a new name, an empty folder, or an earlier "
        "result of sharesim. Choose another --out."
    )
    assert {path: path.lstat().st_mtime_ns for path in [folder, *folder.rglob("*")]} == before


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="run: is in the way: got a file; allowed a new name, an empty folder, "):
        write(Place(tmp_path / "run", "run"), FIRST)


def test_another_kind_of_result_is_refused_with_what_lies_there(run: Place) -> None:
    with pytest.raises(OutputError) as refused:
        check(Place(run.folder, "frontier", replace_edited=True))
    assert str(refused.value) == (
        f"{run.folder}: holds another result: got a run; allowed a frontier. Choose another --out: nothing is replaced "
        "but its own kind."
    )


def test_a_file_of_ours_that_was_edited_is_refused_by_name_before_the_work(run: Place) -> None:
    put(run.folder, {"rules.csv": "a rune", "figures/fan.svg": "<gsv/>"})
    with pytest.raises(OutputError) as refused, being_written(run):
        pytest.fail("an edit is found before the work")
    assert str(refused.value) == (
        f"{run.folder}: figures/fan.svg, rules.csv: was changed since it was written. Move it away, choose another "
        "--out, or give --replace: then it is kept as figures/fan.svg.kept."
    )
    assert there(run.folder) == FIRST | MINE | {"rules.csv": "a rune", "figures/fan.svg": "<gsv/>"}


def test_an_edited_manifest_is_an_edited_file(run: Place) -> None:
    told = json.loads((run.folder / MANIFEST).read_text(encoding="utf-8"))
    (run.folder / MANIFEST).write_text(json.dumps(told | {"seed": 5}), encoding="utf-8")
    with pytest.raises(OutputError, match=r"manifest\.json: was changed since it was written"):
        check(run)
    write(replace(run, replace_edited=True), SECOND)
    assert json.loads((run.folder / f"{MANIFEST}.kept").read_text(encoding="utf-8"))["seed"] == 5


def test_replace_keeps_an_edited_file_and_never_writes_over_an_earlier_one(
    run: Place, caplog: pytest.LogCaptureFixture
) -> None:
    for n, files in ((1, SECOND), (2, FIRST), (3, SECOND)):
        put(run.folder, {"summary.json": f"edited {n}"})
        with caplog.at_level(logging.WARNING):
            write(replace(run, replace_edited=True), files)
    kept = {"summary.json.kept": "edited 1", "summary.json.kept-2": "edited 2", "summary.json.kept-3": "edited 3"}
    assert there(run.folder) == SECOND | MINE | kept
    assert caplog.messages[-1] == (
        f"{run.folder / 'summary.json'}: is not as sharesim wrote it, and is kept as summary.json.kept-3."
    )


def test_a_file_of_somebody_else_where_one_of_ours_will_be_is_found_before_the_work(run: Place) -> None:
    put(run.folder, {"report.html": "my page"})
    expecting = replace(run, expected=("report.html", "figures"))
    with pytest.raises(OutputError, match=r"report\.html: was not written by sharesim\. Move it away"):
        check(expecting)
    write(replace(expecting, replace_edited=True), SECOND)
    assert there(run.folder) == SECOND | MINE | {"report.html.kept": "my page"}


def test_what_is_edited_or_put_in_the_way_while_it_runs_is_kept(run: Place) -> None:
    with being_written(run) as aside:
        put(aside, SECOND)
        put(run.folder, {"report.html": "my page", "summary.json": "edited"})
    assert there(run.folder) == SECOND | MINE | {"report.html.kept": "my page", "summary.json.kept": "edited"}


def test_a_folder_or_a_link_where_a_file_of_ours_will_be_is_kept_whole(run: Place, tmp_path: Path) -> None:
    put(tmp_path / "elsewhere", {"fan.svg": "not ours"})
    put(run.folder / "report.html", {"a/b.txt": "mine"})
    (run.folder / "figures").rename(tmp_path / "moved")
    (run.folder / "figures").symlink_to(tmp_path / "elsewhere")
    write(replace(run, replace_edited=True), SECOND)
    assert (run.folder / "report.html.kept" / "a" / "b.txt").read_text(encoding="utf-8") == "mine"
    assert (run.folder / "figures.kept").is_symlink() and not (run.folder / "figures").is_symlink()
    assert there(tmp_path / "elsewhere") == {"fan.svg": "not ours"}
    assert (run.folder / "figures" / "new.svg").exists()


def test_files_are_added_to_a_run_without_replacing_it(run: Place) -> None:
    put(run.folder, {"rules.csv": "edited, but not asked for"})
    adding = replace(run, add=True, expected=("report.md",))
    write(adding, {"report.md": "words"})
    write(adding, {"report.md": "other words"})
    assert there(run.folder) == FIRST | MINE | {"rules.csv": "edited, but not asked for", "report.md": "other words"}
    assert set(read_mark(run.folder).files) == {*FIRST, "report.md"}
    with pytest.raises(OutputError, match="belongs to another run"):
        write(replace(adding, origin=Origin("../other")), {"report.md": "words"})


# -- faults and deaths -------------------------------------------------------------------------------------------------


def test_a_fault_inside_leaves_nothing_of_a_new_folder(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), being_written(Place(tmp_path / "run", "run")) as aside:
        put(aside, FIRST)
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt])
def test_a_fault_inside_keeps_the_earlier_run(run: Place, kind: type[BaseException]) -> None:
    manifest = (run.folder / MANIFEST).read_bytes()
    with pytest.raises(kind), being_written(run) as aside:
        put(aside, SECOND)
        raise kind
    assert there(run.folder) == FIRST | MINE and (run.folder / MANIFEST).read_bytes() == manifest


def test_a_fault_of_the_disk_while_it_takes_its_place_puts_the_earlier_run_back(
    run: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = os.rename, []

    def full(source: Path, target: Path) -> None:
        calls.append(target)
        if len(calls) == 9:
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(placing.os, "rename", full)
    with pytest.raises(OutputError, match="run: cannot be written: No space left on device"):
        write(run, SECOND)
    monkeypatch.undo()
    assert len(calls) > 9 and there(run.folder) == FIRST | MINE


def die(after: int, work: Callable[[], object]) -> bool:
    """Do some work in a process of its own that dies before one of its steps; return whether it died."""
    child = os.fork()
    if child == 0:
        steps = [0]
        real = {name: getattr(os, name) for name in ("rename", "mkdir", "unlink", "rmdir", "open")}

        def counted(name: str) -> Callable[..., object]:
            def step(*arguments: object, **named: object) -> object:
                if steps[0] == after:
                    os._exit(9)
                steps[0] += 1
                return real[name](*arguments, **named)

            return step

        for name in real:
            setattr(os, name, counted(name))
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 9


def filled(folder: Path) -> Place:
    """A run, with a file of ours edited and somebody else's where one of the next will be."""
    place = Place(folder, "run", replace_edited=True)
    write(place, FIRST)
    put(folder, MINE | {"report.html": "my page"})
    return place


OLD = FIRST | MINE | {"report.html": "my page"}
NEW = SECOND | MINE | {"report.html.kept": "my page"}


@needs_fork
def test_killed_at_any_moment_the_old_run_or_the_new_one_is_whole_after_the_next_look(tmp_path: Path) -> None:
    ends, step = [], 0
    while True:
        place = filled(tmp_path / f"run-{step}")
        if not die(step, lambda place=place: write(place, SECOND)):
            break
        manifest = read_mark(place.folder)
        seen = {name: text for name, text in there(place.folder).items() if not name.startswith(".sharesim/")}
        # Never a mixture that takes itself for a result: where there is a manifest, its files are those it names.
        assert manifest is None or seen in (OLD, SECOND | MINE, NEW), step
        assert recovered(place.folder)
        assert there(place.folder) in (OLD, NEW), step
        assert set(read_mark(place.folder).files) == (set(FIRST) if there(place.folder) == OLD else set(SECOND)), step
        ends.append(there(place.folder) == NEW)
        step += 1
    assert step > 50 and ends == sorted(ends) and {*ends} == {False, True}
    assert there(place.folder) == NEW and not (place.folder / ".sharesim").exists()


@needs_fork
def test_killed_again_while_it_is_made_whole_again(tmp_path: Path) -> None:
    dice = random.Random(7)
    for turn in range(60):
        place = filled(tmp_path / f"run-{turn}")
        die(dice.randrange(20, 90), lambda place=place: write(place, SECOND))
        for _ in range(3):
            die(dice.randrange(30), lambda place=place: recovered(place.folder))
        write(place, SECOND)
        found = there(place.folder)
        assert found == NEW, (turn, sorted(found))
        assert not (place.folder / ".sharesim").exists()


@needs_fork
def test_the_first_run_of_a_folder_killed_at_any_moment_leaves_nothing_or_all(tmp_path: Path) -> None:
    step = 0
    while True:
        place = Place(tmp_path / f"run-{step}", "run")
        if not die(step, lambda place=place: write(place, FIRST)):
            break
        recovered(place.folder)
        assert not place.folder.exists() or there(place.folder) in ({}, FIRST), step
        write(place, SECOND)
        assert there(place.folder) == SECOND
        step += 1
    assert step > 20


# -- two at once -------------------------------------------------------------------------------------------------------


@needs_fork
def test_two_that_take_themselves_for_the_same_process_do_not_mix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in two containers on one disk, where process ids repeat."""
    monkeypatch.setattr(os, "getpid", lambda: 7)
    place, (ready, told) = Place(tmp_path / "run", "run"), os.pipe()
    child = os.fork()
    if child == 0:
        with being_written(place) as aside:
            put(aside, FIRST)
            os.write(told, b"x")
            while not (tmp_path / "go on").exists():
                os.sched_yield()
        os._exit(0)
    try:
        assert os.read(ready, 1) == b"x"
        with pytest.raises(OutputError) as refused:
            write(place, SECOND)
        told = "is being written by another run of sharesim. Wait until it is done, or choose another --out."
        assert str(refused.value) == f"{place.folder}: {told}"
        assert not recovered(place.folder)
    finally:
        (tmp_path / "go on").touch()
        code = os.waitpid(child, 0)[1]
    assert code == 0
    assert there(place.folder) == FIRST


def test_what_others_keep_in_a_folder_of_that_name_is_not_swept(tmp_path: Path) -> None:
    put(tmp_path / "run" / ".sharesim", {"settings.toml": "mine"})
    write(Place(tmp_path / "run", "run"), FIRST)
    assert there(tmp_path / "run") == FIRST | {".sharesim/settings.toml": "mine"}


def test_a_claim_of_somebody_alive_is_respected(run: Place) -> None:
    with claim(run.work / "claim") as mine:
        assert mine and not recovered(run.folder)
        with pytest.raises(OutputError, match="is being written"):
            write(run, SECOND)
    assert there(run.folder) == FIRST | MINE


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="needs a folder that nobody can write to")
def test_a_folder_that_cannot_be_written_is_one_line() -> None:
    with pytest.raises(OutputError) as refused:
        write(Place(Path("/proc/sharesim/run"), "run"), FIRST)
    assert str(refused.value).startswith("/proc/sharesim/run: cannot be written: ")
    assert str(refused.value).endswith(". Choose another --out, or make room.")


