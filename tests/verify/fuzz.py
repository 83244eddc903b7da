"""Ten thousand studies with something changed in them: bytes, cells, TOML, and the XML of workbooks; seeds stand here.

Each ends in a study or in faults that can be read, within its time; a study that is accepted is appraised on a few draws,
and every figure is finite.
"""

from __future__ import annotations

import contextlib
import random
import tempfile
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sharesim.errors import SharesimError
from sharesim.study.convert import convert
from sharesim.study.load import load
from sharesim.study.plain import visible
from tests.properties.hostile_inputs import starter_files
from tests.properties.hostile_workbooks import broken
from tests.verify.part import Part

SEED = 20261130
N_FULL, N_SAMPLE = 10_000, 120
#: Longest time for one input (CPU seconds), and for all ten thousand.
MOST_SECONDS, MOST_SECONDS_OF_ALL = 5.0, 600.0
LONGEST_LINE = 4_000
FEW_BUNDLES, DRAWS = 400, 128
_CELLS = (
    "", " ", "0", "-1", "1e308", "-1e308", "1e-300", "5e-324", "1e12", "nan", "inf", "1,5", "5%", "£3", "=1+1", "'=1", "2026/27", "01/04/2026",
    "true", "x" * 5_000, "pert(1, 1, 1)", "pert(0, 0.5, 1)", "normal(0, 1e12)", "lognormal(mean=1, sd=1e6)", "pareto_tail(1, above=0.5, index=0.1)",
    "driver(x) * 2", "not " * 500, "(" * 300, "metalog(p10=1, p50=2, p90=9)", "truncated(normal(0, 1), low=0, high=0)", "\u202e", "Tŷ", "Ё", "\x07",
    "eastham", "payroll", "eastham;westham", "uniform(0, 1e-12)", "mixture([0, 1], [1, 1])", "0.0000001", "99999999999999999999", "1900", "2200",
)  # fmt: skip
_TOML = ("[", "]", "{", "}", "=", "\"", "'", "\n", "#", ".", ",", "1e999", "-0", "nan", "inf", "0x", "2026-13-45", "true", "'''", "a.a.a.a", "[[study]]")  # fmt: skip
_BYTES = (b"\x00", b"\xff", b"\xef\xbb\xbf", b"\r", b"\x1b[2J", b"\xe2\x80\xae", b"\xed\xa0\x80", b'"', b",", b"\n\n")


@dataclass
class Tally:
    """What became of the inputs."""

    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0


def _changed_bytes(data: bytes, dice: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        at, kind = dice.randrange(len(out) + 1), dice.randrange(4)
        if kind == 0:
            out[at:at] = dice.choice(_BYTES)
        elif kind == 1:
            del out[at : at + dice.randint(1, 60)]
        elif kind == 2:
            out[at : at + 1] = bytes([dice.randrange(256)])
        else:
            begin = dice.randrange(len(out) + 1)
            out[at:at] = out[begin : begin + dice.randint(1, 200)]
    return bytes(out)


def _changed_cells(data: bytes, dice: random.Random) -> bytes:
    rows = [line.split(",") for line in data.decode().split("\n")]
    for _ in range(dice.randint(1, 3)):
        row = dice.choice(rows)
        kind = dice.randrange(6)
        if kind < 4:
            cell = dice.choice(_CELLS)
            row[dice.randrange(len(row))] = f'"{cell}"' if "," in cell else cell
        elif kind == 4:
            rows.insert(dice.randrange(len(rows)), list(row))
        else:
            row.insert(dice.randrange(len(row) + 1), dice.choice(_CELLS[:12]))
    return "\n".join(map(",".join, rows)).encode("utf-8", "surrogatepass")


def _changed_toml(data: bytes, dice: random.Random) -> bytes:
    lines = data.decode().split("\n")
    for _ in range(dice.randint(1, 3)):
        at, kind = dice.randrange(len(lines)), dice.randrange(5)
        name, sign, _ = lines[at].partition("=")
        if kind < 2 and sign:
            cell = dice.choice(_CELLS)
            lines[at] = f"{name}= {cell if dice.random() < 0.5 else repr(cell)}"
        elif kind == 2:
            place = dice.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:place] + dice.choice(_TOML) + lines[at][place:]
        elif kind == 3:
            lines.insert(at, dice.choice(lines))
        else:
            del lines[at : at + dice.randint(1, 3)]
            lines = lines or [""]
    return "\n".join(lines).encode("utf-8", "surrogatepass")


class Fuzz:
    """Changes a sound study, as a folder and as a workbook, and looks at how each end is told."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.sound, self.tally = folder / "study", starter_files(), Tally()
        self.folder.mkdir()
        for name, data in self.sound.items():
            (self.folder / name).write_bytes(data)
        self.book = folder / "study.xlsx"
        convert(self.folder, self.book)
        self.sound_book = self.book.read_bytes()

    def one(self, number: int) -> None:
        """Try one input; what it is follows from the seed and its number."""
        dice = random.Random(f"{SEED}.{number}")
        begun = time.process_time()
        try:
            self.tally.ends[self._tried(number, dice)] += 1
        except Exception:
            self.tally.wrong.append(f"input {number}: {traceback.format_exc(limit=-4)}")
        seconds = time.process_time() - begun
        self.tally.slowest = max(self.tally.slowest, seconds)
        if seconds > MOST_SECONDS:
            self.tally.wrong.append(f"input {number}: {seconds:.1f} CPU seconds")

    def _tried(self, number: int, dice: random.Random) -> str:
        kind = number % 5
        if kind == 0:
            self.book.write_bytes(broken(self.sound_book, dice))
            return self._end(self.book)
        if kind == 1:
            self.book.write_bytes(_changed_bytes(self.sound_book, dice))
            return self._end(self.book)
        name = dice.choice([name for name in self.sound if name.endswith(".csv")]) if kind != 3 else "study.toml"
        change = {2: _changed_cells, 3: _changed_toml, 4: _changed_bytes}[kind]
        try:
            (self.folder / name).write_bytes(change(self.sound[name], dice))
            return self._end(self.folder)
        finally:
            (self.folder / name).write_bytes(self.sound[name])

    def _end(self, path: Path) -> str:
        from sharesim.workflow.doors import appraise

        try:
            study = load(path)
        except SharesimError as error:
            return _told(error)
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("error")
                outcomes = appraise(study, draws=DRAWS, seed=1, jobs=1)
                figures = outcomes.bundles()[["npv_mean_gbp", "npv_p5_gbp", "npv_p95_gbp"]].to_numpy()
        except SharesimError as error:
            return f"{_told(error)} when appraised"
        assert np.isfinite(figures).all(), "a figure that is not finite"
        return "appraised"


def _told(error: SharesimError) -> str:
    """Demand faults that a person can read, one line each."""
    assert error.faults
    for fault in error.faults:
        line = str(fault)
        assert fault.where and fault.problem and len(line) <= LONGEST_LINE, line[:200]
        assert visible(line) == line, f"hidden letters: {line[:200]!r}"
        assert "Traceback" not in line and "Input should" not in line, line[:200]
    return "refused"


def verify(full: bool) -> Part:
    """Try them all, or a sample."""
    number, begun = N_FULL if full else N_SAMPLE, time.process_time()
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        fuzz = Fuzz(Path(name))
        for at in range(number):
            fuzz.one(at * (1 if full else N_FULL // N_SAMPLE))
    seconds, tally = time.process_time() - begun, fuzz.tally
    is_in_time = seconds <= MOST_SECONDS_OF_ALL * number / N_FULL or not full
    lines = [
        f"{number:,} inputs (seed {SEED}): a small study with its bytes, cells or TOML changed, and the same study as a workbook with its "
        f"bytes or its XML changed, a fifth each. {seconds:,.0f} CPU seconds in all, {tally.slowest:.1f} for the slowest.",
        "",
        "| what became of it | inputs |",
        "| --- | --- |",
        *(f"| {end} | {count:,} |" for end, count in sorted(tally.ends.items())),
        f"| anything else | {len(tally.wrong):,} |",
        *(f"\n```\n{text}\n```" for text in tally.wrong[:20]),
    ]
    return Part(not tally.wrong and is_in_time, tuple(lines))
