"""What is flushed: each file and each folder, and not what a link leads to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sharesim.folders.flush import flush


def test_every_file_and_folder_is_flushed_and_no_link_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run" / "figures").mkdir(parents=True)
    for name in ("run/summary.json", "run/figures/fan.svg", "other.csv"):
        (tmp_path / name).touch()
    (tmp_path / "run" / "link.csv").symlink_to(tmp_path / "other.csv")
    seen: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "fsync", lambda handle: seen.append((os.fstat(handle).st_dev, os.fstat(handle).st_ino)))
    flush(tmp_path / "run")
    wanted = [tmp_path / "run", *(tmp_path / "run" / name for name in ("summary.json", "figures", "figures/fan.svg"))]
    assert sorted(seen) == sorted((item.stat().st_dev, item.stat().st_ino) for item in wanted)


def test_a_disk_that_refuses_a_file_after_all_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "summary.json").touch()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        flush(tmp_path)
