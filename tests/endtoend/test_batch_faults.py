"""Batches that are killed, run out of disk, or meet each other: nothing lost, nothing done twice, nothing half."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from sharesim.batch.execute import BatchOptions, run_batch
from sharesim.batch.manifest import digest
from sharesim.batch.status import status
from sharesim.errors import OutputError
from tests.unit.batch.studies import write_plan

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and signals")

SIXTY = [
    {
        "values": {
            "services.payroll.team_gbp": [1000 * at for at in range(10)],
            "study.discount_rate_per_year": [0.03, 0.06],
            "run.seed": [1, 2, 3],
        }
    }
]
#: Twenty moments for each way to die, and a death at every step; a few of each where not asked for.
FULL = os.environ.get("SHARESIM_ALL_FAULTS") == "1"
WAYS = ("worker", "parent", "both")


class Host:
    """Starts commands in processes that need not import anything first."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.log, environment = folder / "host.log", os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, root / "tests" / "endtoend" / "batch_host.py"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        assert self.process.stdout.readline() == "ready\n"

    def start(self, *arguments: object) -> int:
        return self._ask("start", str(self.log), *map(str, arguments))

    def wait(self, process: int) -> int:
        return self._ask("wait", process)

    def run(self, *arguments: object) -> int:
        return self.wait(self.start(*arguments))

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(30)

    def _ask(self, *words: object) -> int:
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@pytest.fixture(scope="module")
def host(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    found = Host(root, tmp_path_factory.mktemp("host"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def undisturbed(host: Host, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The plan of sixty runs, and what they come to when nobody disturbs them."""
    plan = write_plan(tmp_path_factory.mktemp("sixty"), name="sixty", grids=SIXTY)
    assert host.run("batch", plan, "--out", plan.parent / "out", "--jobs", "0", "--quiet") == 0
    found = digests(plan.parent / "out")
    assert len(found) == 60
    return plan, found


def digests(folder: Path) -> dict[str, str]:
    return {item.name: digest(item) for item in (folder / "runs").iterdir()} if (folder / "runs").exists() else {}


def workers_of(process: int) -> list[psutil.Process]:
    try:
        found = psutil.Process(process).children(recursive=True)
        return [item for item in found if any("popen_loky" in word for word in item.cmdline())]
    except psutil.Error:
        return []


def kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        try:
            process.kill()
        except psutil.Error:
            continue


def until(happened: Callable[[], bool], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def n_done(folder: Path) -> int:
    return len(os.listdir(folder / "runs")) if (folder / "runs").exists() else 0


@pytest.mark.slow
@pytest.mark.parametrize("ways", [[way] * 20 for way in WAYS] if FULL else [list(WAYS)], ids=WAYS if FULL else ["few"])
def test_kill_9_at_random_moments_loses_nothing_and_does_nothing_twice(
    host: Host, undisturbed: tuple[Path, dict[str, str]], tmp_path: Path, ways: list[str]
) -> None:
    """All twenty moments of each kind: SHARESIM_ALL_FAULTS=1 pytest tests/endtoend/test_batch_faults.py."""
    plan, expected = undisturbed
    out, dice = tmp_path / "out", random.Random(f"20261122 {ways}")
    seen: dict[str, int] = {}
    batch = 0
    for after, way in zip(sorted(dice.randrange(59) for _ in ways), ways, strict=True):
        batch = batch or host.start("batch", plan, "--out", out, "--jobs", "2")
        until(lambda target=after, process=batch: n_done(out) >= target and bool(workers_of(process)))
        time.sleep(dice.random() * 0.25)
        workers = workers_of(batch)
        if way != "parent":
            kill(workers if way == "both" else dice.sample(workers, min(1, len(workers))))
        if way != "worker":
            os.kill(batch, signal.SIGKILL)
            assert host.wait(batch) in (-signal.SIGKILL, 0)
            batch = 0
        check(out, expected, seen)
    if batch:
        # A run whose worker was killed three times is a failed row, and done by the next call.
        assert host.wait(batch) in (0, 1)
    assert host.run("batch", plan, "--out", out, "--jobs", "2") == 0, host.log.read_text()
    check(out, expected, seen)
    assert digests(out) == expected
    assert sorted(os.listdir(out)) == ["batch.json", "chosen.parquet", "runs", "runs.csv", "runs.parquet"]
    assert status(out).counts == {"done": 60, "unproven": 0, "running": 0, "failed": 0, "missing": 0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sharesim.batch.execute.perform", lambda task: pytest.fail("a run was done again"))
        assert run_batch(plan, BatchOptions(out=out, jobs=0)).n_found == 60


def check(out: Path, expected: dict[str, str], seen: dict[str, int]) -> None:
    """Every run that is there is whole and equal; one that was there before is the very same folder."""
    for run, found in digests(out).items():
        assert found == expected[run]
        assert seen.setdefault(run, (out / "runs" / run).stat().st_ino) == (out / "runs" / run).stat().st_ino


@pytest.mark.slow
@pytest.mark.parametrize("way", ["fresh", "force"])
def test_death_at_every_step_of_a_run_is_made_good_by_one_more_call(root: Path, tmp_path: Path, way: str) -> None:
    plan = write_plan(tmp_path, name="one")
    script = root / "tests" / "endtoend" / "batch_deaths.py"
    command = [sys.executable, script, plan, tmp_path, way, "1" if FULL else "7"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout) >= 20


@pytest.mark.slow
def test_two_batches_on_one_folder_share_the_work(
    host: Host, undisturbed: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    plan, expected = undisturbed
    out = tmp_path / "out"
    both = [host.start("batch", plan, "--out", out, "--jobs", "1") for _ in range(2)]
    assert [host.wait(process) for process in both] == [0, 0], host.log.read_text()
    assert digests(out) == expected
    assert sorted(os.listdir(out)) == ["batch.json", "chosen.parquet", "runs", "runs.csv", "runs.parquet"]
    told = [line for line in host.log.read_text().splitlines() if "there already, 0 failed" in line][-2:]
    shares = [[int(word) for word in line.replace(",", "").split() if word.isdigit()][:2] for line in told]
    assert [sum(share) for share in shares] == [60, 60]
    assert sum(share[0] for share in shares) == 60, "a run was done twice"


@pytest.mark.slow
def test_a_polite_end_stops_the_workers_and_leaves_a_table(
    host: Host, undisturbed: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    plan, expected = undisturbed
    out = tmp_path / "out"
    batch = host.start("batch", plan, "--out", out, "--jobs", "1")
    until(lambda: n_done(out) >= 2)
    workers = workers_of(batch)
    os.kill(batch, signal.SIGTERM)
    assert host.wait(batch) == 1
    until(lambda: not any(item.is_running() for item in workers), 30)
    assert not (out / ".work").exists() and (out / "runs.parquet").exists()
    assert "Stopped; what is done stays done." in host.log.read_text()
    assert 2 <= status(out).counts["done"] < 60
    check(out, expected, {})


# -- disks -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes; skipped where none may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if (
        mount is None
        or subprocess.run([mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True).returncode
    ):
        pytest.skip("needs the right to mount a small tmpfs.")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_stops_the_batch_and_room_lets_it_go_on(small_disk: Path, tmp_path: Path) -> None:
    plan = write_plan(tmp_path, seeds=list(range(24)))
    run_batch(plan, BatchOptions(out=tmp_path / "whole", jobs=0))
    expected, out = digests(tmp_path / "whole"), small_disk / "out"
    with pytest.raises(OutputError) as caught:
        run_batch(plan, BatchOptions(out=out, jobs=0))
    assert "nothing more can be written" in str(caught.value) and "Make room, or choose another --out" in str(
        caught.value
    )
    before = digests(out)
    assert 0 < len(before) < 24 and before.items() <= expected.items()
    assert not (out / ".work").exists()
    subprocess.run(["mount", "-o", "remount,size=50m", small_disk], check=True)
    result = run_batch(plan, BatchOptions(out=out, jobs=0))
    assert (result.n_done, result.n_found, result.n_failed) == (24 - len(before), len(before), 0)
    assert digests(out) == expected


def test_a_quota_on_files_stops_the_batch_too(tmp_path: Path) -> None:
    plan = write_plan(tmp_path, seeds=[1, 2])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, before[1]))
    try:
        with pytest.raises(OutputError, match=r"nothing more can be written \(.*File too large"):
            run_batch(plan, BatchOptions(out=tmp_path / "out", jobs=0))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert digests(tmp_path / "out") == {} and not (tmp_path / "out" / ".work").exists()
    assert run_batch(plan, BatchOptions(out=tmp_path / "out", jobs=0)).n_done == 2


def test_a_folder_that_may_only_be_read_is_said_at_once(small_disk: Path, tmp_path: Path) -> None:
    plan = write_plan(tmp_path)
    run_batch(plan, BatchOptions(out=small_disk / "out", jobs=0))
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(OutputError) as caught:
        run_batch(plan, BatchOptions(out=small_disk / "out", jobs=0))
    assert str(caught.value) == (
        f"{small_disk / 'out'}: cannot be written: Read-only file system. "
        "Make room, or choose another --out; then give the same command again: what is done stays done."
    )
    assert status(small_disk / "out").is_complete
