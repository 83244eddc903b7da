"""Claims: one holder at a time, free when the holder dies."""

from __future__ import annotations

import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sharesim.errors import OutputError
from sharesim.folders import claims
from sharesim.folders.claims import claim, is_held


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    file = tmp_path / "below" / "a.claim"
    assert not is_held(file)
    with claim(file) as mine, claim(file) as again:
        assert mine and not again and is_held(file)
    assert not is_held(file) and not file.exists()


def test_holders_never_overlap_though_files_come_and_go(tmp_path: Path) -> None:
    file, inside, most, n = tmp_path / "a.claim", [0], [0], 8 * 150

    def work(_: int) -> None:
        with claim(file, wait=True) as mine:
            assert mine
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            os.stat(tmp_path)  # lets another thread run
            inside[0] -= 1

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(8) as pool:
        patch.setattr(claims, "POLL_SECONDS", 0.0002)
        assert len(list(pool.map(work, range(n)))) == n
    assert most == [1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_the_dead_hold_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.claim"
    ready, done = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        with claim(file):
            os.write(ready[1], b"x")
            os.read(done[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    assert is_held(file)
    os.kill(child, 9)
    os.waitpid(child, 0)
    assert not is_held(file)
    with claim(file) as mine:
        assert mine


def test_waiting_ends_when_it_is_free(tmp_path: Path) -> None:
    file, got = tmp_path / "a.claim", []

    def wait() -> None:
        with claim(file, wait=True) as mine:
            got.append(mine)

    with claim(file):
        waiter = threading.Thread(target=wait)
        waiter.start()
        waiter.join(0.05)
        assert not got
    waiter.join(5)
    assert got == [True]


def test_a_file_system_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bool:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(claims, "_lock", refuse)
    with pytest.raises(OutputError) as caught, claim(tmp_path / "a.claim"):
        pass
    assert str(caught.value) == (
        f"{tmp_path}: its file system has no locks, by which runs know of each other. Choose an --out on another file system."
    )
