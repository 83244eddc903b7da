"""What is made once appears whole, is never written over something, and the killed leave nothing that stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sharesim.errors import OutputError
from sharesim.folders.fresh import check_free, keep_aside, made_whole


def test_a_file_and_a_folder_appear_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("study", "empty", "claim"):
        with made_whole(tmp_path / name) as aside:
            aside.mkdir()
            (aside / "study.toml").touch()
    with made_whole(tmp_path / "page.md") as aside:
        aside.touch()
    with pytest.raises(RuntimeError), made_whole(tmp_path / "half.md") as aside:
        aside.touch()
        raise RuntimeError
    assert sorted(item.name for item in tmp_path.iterdir()) == ["claim", "empty", "page.md", "study"]
    assert (tmp_path / "empty" / "study.toml").exists()


def test_what_came_there_in_the_meantime_is_not_written_over(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError), made_whole(tmp_path / "page.md") as aside:
        aside.write_text("ours", encoding="utf-8")
        (tmp_path / "page.md").write_text("mine", encoding="utf-8")
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == "mine"
    assert [item.name for item in tmp_path.iterdir()] == ["page.md"]


def test_what_the_killed_left_is_swept_and_what_the_living_hold_is_not(tmp_path: Path) -> None:
    dead = tmp_path / ".sharesim-0123456789ab"
    (dead / "new").mkdir(parents=True)
    (dead / "new" / "page.md").touch()
    (dead / "claim").touch()
    (tmp_path / ".sharesim-mine").mkdir()
    with made_whole(tmp_path / "a.md") as aside:
        aside.touch()
        with made_whole(tmp_path / "b.md") as other:
            other.touch()
        assert aside.exists() and not dead.exists()
    assert sorted(item.name for item in tmp_path.iterdir()) == [".sharesim-mine", "a.md", "b.md"]


def test_what_is_kept_aside_never_goes_over_something_kept_before(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    for n in range(3):
        page.write_text(str(n), encoding="utf-8")
        with pytest.raises(OutputError, match=r"page\.md: is in the way: got something is there already"):
            check_free(page)
        keep_aside(page)
    keep_aside(page)
    check_free(page)
    assert [(tmp_path / f"page.md.kept{ending}").read_text(encoding="utf-8") for ending in ("", "-2", "-3")] == [
        "0", "1", "2",
    ]  # fmt: skip
    assert len(os.listdir(tmp_path)) == 3
