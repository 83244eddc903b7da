"""A folder's files by digest: what was changed is known by its bytes, not by size or time."""

from __future__ import annotations

import os
from pathlib import Path

from sharesim.folders.contents import as_plain, changed, contents, from_plain, missing


def _filled(folder: Path) -> Path:
    (folder / "figures").mkdir(parents=True)
    (folder / "summary.json").write_text("{}\n", encoding="utf-8")
    (folder / "figures" / "fan.svg").write_text("<svg/>", encoding="utf-8")
    return folder


def test_every_file_is_listed_by_its_path_and_comes_back_from_json(tmp_path: Path) -> None:
    found = contents(_filled(tmp_path / "run"))
    assert list(found) == ["figures/fan.svg", "summary.json"] and found["summary.json"].size == 3
    assert from_plain(as_plain(found)) == found
    assert list(contents(tmp_path / "run", leave_out=("summary.json",))) == ["figures/fan.svg"]


def test_a_change_of_the_same_size_and_time_is_seen(tmp_path: Path) -> None:
    folder = _filled(tmp_path / "run")
    found, file = contents(folder), folder / "summary.json"
    before = file.stat()
    file.write_text("[]\n", encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert changed(folder, found) == ["summary.json"] and not missing(folder, found)


def test_what_is_gone_is_not_changed_and_what_took_its_place_is(tmp_path: Path) -> None:
    folder = _filled(tmp_path / "run")
    found = contents(folder)
    (folder / "summary.json").unlink()
    assert not changed(folder, found) and missing(folder, found) == ["summary.json"]
    (folder / "summary.json").mkdir()
    assert changed(folder, found) == ["summary.json"]


def test_the_same_bytes_behind_a_link_are_not_ours(tmp_path: Path) -> None:
    folder = _filled(tmp_path / "run")
    found = contents(folder)
    (folder / "figures").rename(tmp_path / "mine")
    (folder / "figures").symlink_to(tmp_path / "mine")
    assert changed(folder, found) == ["figures/fan.svg"]


def test_a_list_that_names_what_lies_outside_is_none() -> None:
    good = {"size": 1, "sha256": "0" * 64}
    for name in ("../a", "/a", "a/../../b", "a//b", "", ".", "a\\b", "C:/a"):
        assert from_plain({name: good}) is None
    for wrong in ([], {"a": 1}, {"a": {"size": "1", "sha256": ""}}, {"a": {"size": True, "sha256": ""}}):
        assert from_plain(wrong) is None
    assert from_plain({"a/b.csv": good}) is not None
