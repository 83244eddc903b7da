"""Kills a batch of one run at every step that touches the disk, one after the other, and does it again each time.

Called as ``batch_deaths.py PLAN FOLDER fresh|force EVERY``; EVERY 7 dies at every seventh step only. Prints the number
of the last step. The batch runs in forks of this process, so that its imports serve every death.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

from sharesim.batch import manifest, worker
from sharesim.batch.execute import BatchOptions, run_batch
from sharesim.batch.manifest import digest
from sharesim.workflow.run import RunResult

COUNTDOWN = [0]
LEFT = ["batch.json", "chosen.parquet", "runs", "runs.csv", "runs.parquet"]


def make_deadly(place: object, name: str) -> None:
    """Let a function count as two steps, before it and after it; the step that ends the countdown is the last."""
    real = getattr(place, name)

    def step(*arguments: object, **words: object) -> object:
        count()
        result = real(*arguments, **words)
        count()
        return result

    setattr(place, name, step)


def count() -> None:
    """Take one step."""
    COUNTDOWN[0] -= 1
    if COUNTDOWN[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)


def digests(out: Path) -> dict[str, str]:
    """Return the runs that are there, by what they hold."""
    return {item.name: digest(item) for item in (out / "runs").iterdir()} if (out / "runs").exists() else {}


def in_fork(function, *arguments: object) -> int:
    """Call a function in a fork and return how that ended."""
    child = os.fork()
    if child == 0:
        os._exit(0 if function(*arguments) is not False else 4)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def ready_made(whole: Path):
    """Return a stand-in for `run_study` that copies a run: what counts here is the disk, and there are many deaths."""

    def run_study(study, folder: Path, options) -> RunResult:
        (made,) = (whole / "runs").iterdir()
        for item in sorted(made.rglob("*")):
            if item.is_file() and item.name not in ("record.json", "log.txt"):
                (folder / item.relative_to(made)).parent.mkdir(parents=True, exist_ok=True)
                (folder / item.relative_to(made)).write_bytes(item.read_bytes())
        return RunResult(folder, SimpleNamespace(status="optimal"), None, None, 0.1)

    return run_study


def disturbed(plan: Path, whole: Path, out: Path, force: bool, step: int) -> None:
    """Run the batch up to a step."""
    if force:
        shutil.copytree(whole, out)
    COUNTDOWN[0] = step
    run_batch(plan, BatchOptions(out=out, jobs=0, force=force))


def made_good(plan: Path, out: Path, expected: dict[str, str]) -> bool:
    """Whether nothing half is there, and one more call leaves everything as it should be."""
    if not digests(out).items() <= expected.items():
        return False
    result = run_batch(plan, BatchOptions(out=out, jobs=0))
    return not result.n_failed and digests(out) == expected and sorted(os.listdir(out)) == LEFT


def main(plan: Path, folder: Path, way: str, every: int) -> int:
    """Return the last step at which the batch died."""
    whole, out = folder / "whole", folder / "out"
    run_batch(plan, BatchOptions(out=whole, jobs=0))
    expected, worker.run_study = digests(whole), ready_made(whole)
    for place, names in (
        (worker, ("run_study", "_seal")), (os, ("replace", "mkdir", "rename", "unlink", "rmdir")),
        (Path, ("write_text", "write_bytes", "mkdir", "rename")), (manifest.shutil, ("rmtree",)),
    ):  # fmt: skip
        for name in names:
            make_deadly(place, name)
    step = 0
    while True:
        step += every
        died = in_fork(disturbed, plan, whole, out, way == "force", step) != 0
        if in_fork(made_good, plan, out, expected):
            sys.exit(f"death at step {step} was not made good")
        shutil.rmtree(out)
        if not died:
            return step - every


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
