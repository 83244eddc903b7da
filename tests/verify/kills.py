"""Runs killed at random moments and at every step of taking their place: the earlier or the new one is always whole.

Real processes of ``sharesim run``, killed with SIGKILL, half of them at a random moment, half at a step (a renaming, a
folder made, a file removed) while the new files take their place. After each the next command is asked for, and the run
folder has to hold either all files of the earlier run or all of the new one, as the digests in its manifest say, with
somebody's notes beside them and nothing else.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from sharesim.examples import two_councils
from sharesim.folders.contents import changed, missing
from sharesim.folders.mark import MANIFEST, read_mark
from sharesim.folders.place import WORK, recovered
from sharesim.study.dump import write
from tests.verify.part import Part

SEED = 13
#: Kills in the suite's sample and in the long check.
FEW, MANY = 2, 20
NOTES = "notes.txt"
#: A run whose process dies before the n-th step of taking its place.
DYING = """
import os, sys
from sharesim.folders import place
at, steps, real = int(sys.argv[1]), [0], place._take_place
def counted(name, call):
    def step(*given, **named):
        if steps[0] == at:
            os.kill(os.getpid(), 9)
        steps[0] += 1
        return call(*given, **named)
    return step
def take_place(*given):
    for name in ("rename", "mkdir", "rmdir", "unlink"):
        setattr(os, name, counted(name, getattr(os, name)))
    real(*given)
place._take_place = take_place
from sharesim.cli import main
code = main(sys.argv[2:])
if at < 0:
    print(steps[0])
sys.exit(code)
"""


def verify(full: bool) -> Part:
    """Kill runs and say what was left after each."""
    dice, ends, wrong = random.Random(SEED), Counter[str](), list[str]()
    with tempfile.TemporaryDirectory() as home:
        work = Path(home)
        write(two_councils().model, work / "mine")
        seconds, n_steps = _run(work, "1"), _steps(work)
        (work / "run" / NOTES).write_text("mine", encoding="utf-8")
        for turn in range(MANY if full else FEW):
            at_step = turn % 2 == 1
            moment = dice.randrange(n_steps) if at_step else dice.uniform(0.3, 1.1) * seconds
            seed, before = str(turn + 2), _seed(work)
            died = _die_at_step(work, seed, int(moment)) if at_step else _die_after(work, seed, moment)
            left = _whole(work / "run")
            said = f"kill {turn + 1} at {f'step {moment}' if at_step else f'{moment:.2f} s'}"
            wrong += [f"{said}: {fault}" for fault in left]
            now = _seed(work)
            if str(now) not in (str(before), seed):
                wrong.append(f"{said}: seed {now}, neither {before} nor {seed}")
            ends["over already" if not died else "the new run" if str(now) == seed else "the earlier run"] += 1
    told = ", ".join(f"{word} {count}" for word, count in sorted(ends.items()))
    return Part(
        not wrong,
        (
            f"{sum(ends.values())} kills (SIGKILL) of `sharesim run` into the folder of an earlier run with notes beside it, every other one "
            f"at a random one of the {n_steps} steps in which the new files take their place, the others at a random moment "
            f"(a run took {seconds:.1f} s).",
            f"What was whole afterwards: {told}. Mixed, hidden or half runs, and notes lost: {len(wrong)}.",
            *wrong,
        ),
    )


def _words(work: Path, seed: str) -> list[str]:
    out = ["--out", str(work / "run"), "--seed", seed]
    return ["run", str(work / "mine"), *out, "--draws", "64", "--judge-draws", "64", "--explain", "0", "--format", "md", "--quiet"]


def _run(work: Path, seed: str) -> float:
    begun = time.monotonic()
    subprocess.run([sys.executable, "-m", "sharesim", *_words(work, seed)], check=True)
    return time.monotonic() - begun


def _steps(work: Path) -> int:
    """Return how many steps a run takes to replace another."""
    counting = [sys.executable, "-c", DYING, "-1", *_words(work, "1")]
    return int(subprocess.run(counting, check=True, capture_output=True, text=True).stdout)


def _die_at_step(work: Path, seed: str, step: int) -> bool:
    done = subprocess.run([sys.executable, "-c", DYING, str(step), *_words(work, seed)], check=False)
    assert done.returncode in (0, -9), done
    return done.returncode == -9


def _die_after(work: Path, seed: str, seconds: float) -> bool:
    with subprocess.Popen([sys.executable, "-m", "sharesim", *_words(work, seed)]) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        return process.wait() != 0


def _seed(work: Path) -> object:
    mark = read_mark(work / "run")
    return None if mark is None else mark.said.get("seed")


def _whole(folder: Path) -> list[str]:
    """Return what is not as it should be after the next look at a run folder."""
    if not recovered(folder):
        return ["somebody alive holds it"]
    mark = read_mark(folder)
    if mark is None or not mark.is_untouched:
        return ["there is no run"]
    there = {item.relative_to(folder).as_posix() for item in folder.rglob("*") if item.is_file()}
    faults = [f"{name} is not as it was written" for name in changed(folder, mark.files)]
    faults += [f"{name} is missing" for name in missing(folder, [*mark.files, NOTES])]
    faults += [f"{name} is left over" for name in sorted(there - set(mark.files) - {MANIFEST, NOTES})]
    return faults + ([f"{WORK} is left over"] if os.path.lexists(folder / WORK) else [])
