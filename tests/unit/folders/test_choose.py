"""Two studies of one name, a scenario and a change never share a folder; an edit comes back to its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sharesim.folders.choose import own_folder, seen_from
from sharesim.folders.mark import Origin
from sharesim.folders.place import Place, being_written


def made(parent: Path, name: str, origin: Origin, kind: str = "run") -> tuple[str, str]:
    """Write a result into its own folder; return the folder's name and why it is not the plain one."""
    folder, why = own_folder(parent, name, kind, origin)
    with being_written(Place(folder, kind, seen_from(origin, parent))) as aside:
        (aside / "of.txt").write_text(json.dumps(origin.as_plain()), encoding="utf-8")
    return folder.name, why


def test_what_comes_from_elsewhere_has_a_folder_of_its_own_and_every_one_comes_back_to_its_own(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    origins = [
        Origin(a), Origin(b), Origin(a, "high"), Origin(b, "high"), Origin(a, "", (("study.horizon_years", "5"),)),
        Origin(a, "", (("study.horizon_years", "6"),)), Origin(b, "", (("study.horizon_years", "5"),)),
        Origin(a, "high", (("study.horizon_years", "5"),)), Origin(a, "a/b ../c"), Origin("content 1234"),
    ]  # fmt: skip
    first = [made(runs, "tiny", origin) for origin in origins]
    assert len({name for name, _ in first}) == len(origins)
    # Also in another order, and with killed ones, edits and others between: nobody moves.
    assert [made(runs, "tiny", origin)[0] for origin in reversed(origins)] == [name for name, _ in reversed(first)]
    for (name, _), origin in zip(first, origins, strict=True):
        assert json.loads((runs / name / "of.txt").read_text(encoding="utf-8")) == json.loads(
            json.dumps(origin.as_plain())
        )
    assert first[0] == ("tiny", "") and first[2] == ("tiny-high", "scenario high")
    (name, why), (changed, because) = first[1], first[4]
    assert len(name) == len("tiny-") + 8 and int(name.removeprefix("tiny-"), 16) >= 0
    assert why == f"{runs / 'tiny'} holds a run of another study (../a)"
    assert len(changed) == len("tiny-") + 8 and because == "changes on the command line"
    assert first[8][0].startswith("tiny-") and "/" not in first[8][0]


def test_names_that_meet_by_chance_stay_apart(tmp_path: Path) -> None:
    """A study called tiny-high, and the scenario high of tiny; a frontier, and a study called tiny-frontier."""
    parent = tmp_path / "runs"
    assert made(parent, "tiny-high", Origin("a"))[0] == "tiny-high"
    assert made(parent, "tiny", Origin("b", "high"))[0] == f"tiny-high-{Origin('b', 'high').digits()}"
    assert made(parent, "tiny-frontier", Origin("c"), "frontier") == ("tiny-frontier", "")
    assert made(parent, "tiny-frontier", Origin("c"))[1] == f"{parent / 'tiny-frontier'} holds a frontier"


def test_a_project_that_is_moved_whole_knows_its_own_runs(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    assert made(tmp_path / "here" / "runs", "tiny", Origin(str(tmp_path / "here" / "studies" / "tiny"))) == ("tiny", "")
    (tmp_path / "here").rename(tmp_path / "there")
    assert made(tmp_path / "there" / "runs", "tiny", Origin(str(tmp_path / "there" / "studies" / "tiny"))) == ("tiny", "")


def test_what_is_being_written_is_somebody_elses_unless_it_is_the_same(tmp_path: Path) -> None:
    runs, a, b = tmp_path / "runs", Origin("a"), Origin("b")
    with being_written(Place(runs / "tiny", "run", a)) as aside:
        (aside / "x.txt").touch()
        assert own_folder(runs, "tiny", "run", a)[0] == runs / "tiny"
        folder, why = own_folder(runs, "tiny", "run", b)
        assert folder == runs / f"tiny-{b.digits()}" and why == f"{runs / 'tiny'} holds a run that is being written"


def test_a_folder_that_is_not_ours_is_not_passed_by_in_silence(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "notes.txt").touch()
    assert own_folder(tmp_path, "tiny", "run", Origin("a")) == (tmp_path / "tiny", "")


def test_what_killed_runs_left_beside_is_swept(tmp_path: Path) -> None:
    work = tmp_path / "other" / ".sharesim"
    (work / "0123456789ab.new").mkdir(parents=True)
    (work / "claim").touch()
    own_folder(tmp_path, "tiny", "run", Origin("a"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("n_digits", [8, 64])
def test_digits_of_an_origin_tell_order_of_changes_apart_from_nothing(n_digits: int) -> None:
    one, other = (("a", "1"), ("b", "2")), (("a", "1"), ("b", "3"))
    assert Origin("s", "", one).digits(n_digits) != Origin("s", "", other).digits(n_digits)
