"""Engines: workers that die, tasks that kill, and who is told."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import wait
from pathlib import Path

import pytest

from sharesim.batch.engines import InlineEngine, LocalEngine, WorkerDied
from sharesim.folders.claims import claim
from tests.unit.batch.tasks import die_unless, fail, square


def test_inline_does_it_now() -> None:
    engine = InlineEngine()
    assert engine.submit(square, 7).result() == 49
    with pytest.raises(KeyError):
        engine.submit(fail).result()


@pytest.mark.slow
def test_a_task_whose_worker_dies_goes_to_another_and_a_killer_only_takes_itself_along(tmp_path: Path) -> None:
    alive = tmp_path / "batch.claim"
    with claim(alive):
        engine = LocalEngine(2, alive)
        try:
            once = engine.submit(die_unless, str(tmp_path / "once"), 1)
            always = engine.submit(die_unless, str(tmp_path / "always"), 99)
            others = [engine.submit(square, number) for number in range(20)]
            with pytest.raises(WorkerDied, match="killed, 3 times"):
                always.result(60)
            assert once.result(60) != os.getpid()
            assert [future.result(60) for future in others] == [number * number for number in range(20)]
            assert os.path.getsize(tmp_path / "always") == 3
            with pytest.raises(KeyError):
                engine.submit(fail).result(60)
        finally:
            engine.close()


def test_closing_at_once_stops_what_is_under_way(tmp_path: Path) -> None:
    alive = tmp_path / "batch.claim"
    with claim(alive):
        engine = LocalEngine(1, alive)
        futures = [engine.submit(time.sleep, 600) for _ in range(3)]
        wait(futures, timeout=3)
        begun = time.monotonic()
        engine.close(kill=True)
        assert time.monotonic() - begun < 30
        assert all(future.done() for future in futures)


PARENT = """
import sys, time
from pathlib import Path
from sharesim.folders.claims import claim
from sharesim.batch.engines import LocalEngine
from tests.unit.batch.tasks import slowly

with claim(Path(sys.argv[1])):
    LocalEngine(1, Path(sys.argv[1])).submit(slowly, sys.argv[2])
    time.sleep(600)
"""


@pytest.mark.slow
def test_workers_without_a_parent_finish_what_they_have_and_leave(tmp_path: Path, root: Path) -> None:
    alive, said = tmp_path / "batch.claim", tmp_path / "said"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, alive, said], cwd=root)
    try:
        until(said.exists)
        worker = int(said.read_text())
    finally:
        parent.kill()
        parent.wait()
    until((tmp_path / "said.done").exists)
    until(lambda: not is_there(worker))


def until(happened: Callable[[], bool], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
