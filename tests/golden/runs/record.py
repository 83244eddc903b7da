"""The runs that are guarded, their recorded digests, and what differs."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.golden.runs.canonical import PICTURES, digests, fingerprint

ROOT = Path(__file__).resolve().parents[3]
RECORDED = Path(__file__).parent / "digests"
RETURNS = ROOT.parent / "shared" / "data"
#: The seven worked cases, and the study that `sharesim new` writes.
STARTER = "starter"
NAMES = (*sorted(path.name for path in (ROOT / "configs").iterdir() if (path / "sources.md").is_file()), STARTER)
#: Few draws, and every form of the report.
OPTIONS = ("--draws", "192", "--judge-draws", "192", "--format", "all", "--jobs", "1", "--quiet")
#: Those whose options, costs of rules and plans B are looked for: two small ones, with time enough for every search,
#: so that none ends by the clock. The others leave them out.
EXPLAINED = (STARTER, "mansfield-ashfield-2012")


@dataclass(frozen=True)
class Record:
    """Digests of a run: part of a file to digests with nine figures and with all, and where they were recorded.

    Parameters
    ----------
    platform : str
    parts : dict of str to (str, str)
    """

    platform: str
    parts: dict[str, tuple[str, str]]

    @classmethod
    def read(cls, name: str) -> Record:
        """Return what is recorded of a run."""
        lines = (RECORDED / f"{name}.txt").read_text(encoding="utf-8").splitlines()
        rows = (line.split(" ", 2) for line in lines[1:])
        return cls(lines[0], {part: (nine, every) for nine, every, part in rows})

    def write(self, name: str) -> None:
        """Record a run."""
        lines = [self.platform, *(f"{nine} {every} {part}" for part, (nine, every) in self.parts.items())]
        (RECORDED / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def differences(self, now: Record) -> list[str]:
        """Return, part by part, what is gone, new or different in another record.

        Where the platform is another one, only nine figures are compared, and pictures not at all.
        """
        same_bits = self.platform == now.platform
        compared = [part for part in {**self.parts, **now.parts} if same_bits or not _is_picture(part)]
        found = []
        for part in compared:
            before, after = self.parts.get(part), now.parts.get(part)
            if before is None or after is None:
                found.append(f"{'new' if before is None else 'gone'}: {part}")
            elif before[0] != after[0]:
                found.append(f"different: {part}")
            elif same_bits and before[1] != after[1]:
                found.append(f"different beyond nine figures: {part}")
        return found


def _is_picture(part: str) -> bool:
    # Pages and slides hold pictures.
    return part.split(" ")[0].endswith((*PICTURES, ".html", ".pptx", ".xlsx"))


def can_run(name: str) -> bool:
    """Return whether what a run needs lies at hand."""
    return not (ROOT / "configs" / name / "build.py").is_file() or RETURNS.is_dir()


def run(name: str, folder: Path) -> Record:
    """Run a case by the command line, and return its digests."""
    study = ROOT / "configs" / name
    if name == STARTER:
        study = folder / STARTER
        _sharesim("new", str(study))
    elif (study / "build.py").is_file():
        study = folder / name
        _call(str(ROOT / "configs" / name / "build.py"), "--returns", str(RETURNS), "--out", str(study))
    _sharesim("run", str(study), "--out", str(folder / "run"), "--explain", "600" if name in EXPLAINED else "0", *OPTIONS)
    return Record(fingerprint(), digests(folder / "run"))


def _sharesim(*arguments: str) -> None:
    _call("-m", "sharesim", *arguments)


def _call(*arguments: str) -> None:
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], env=os.environ | threads, cwd=ROOT, capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
