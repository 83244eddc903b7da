"""Small files that ask for far more work than their size are answered in one line, within five seconds and 500 MB."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from sharesim.study.excel import workbook_cells
from tests.properties import hostile_studies, hostile_workbooks
from tests.properties.hostile_inputs import expect_faults, starter_files

MOST_CPU_SECONDS, MOST_MB = 5.0, 500
#: In a process of its own, so that what it takes is its own: CPU seconds, most memory (MB), and the first fault.
CHILD = """
import re, sys, time
from pathlib import Path
from sharesim.errors import SharesimError
from sharesim.study.load import load
begun = time.process_time()
try:
    load(sys.argv[1])
    said = "loaded"
except SharesimError as error:
    said = str(error.faults[0])
status = Path("/proc/self/status")
most = re.search(r"VmHWM:\\s+(\\d+)", status.read_text(encoding="utf-8")) if status.exists() else None
print(time.process_time() - begun, int(most[1]) / 1e3 if most else 0, said.isprintable())
"""
#: The sample that runs by default; the others are slow to make.
SAMPLE = (
    "not not not", "lambda: lambda:", "columns of many names", "unknown keys like a field", "a name of a million parts",
    "very many councils", "very many scenarios", "one merged range over all cells", "one cell in the last column of every row",
    "far cells in rows that have names", "entities within entities", "a cell in the last row",
)  # fmt: skip


def cases() -> list[object]:
    """Every attack; those that are not of the sample are slow."""
    names = [*hostile_studies.HOSTILE, *hostile_workbooks.HOSTILE]
    return [pytest.param(name, marks=() if name in SAMPLE else pytest.mark.slow) for name in names]


@pytest.mark.parametrize("name", cases())
def test_a_small_file_takes_little_time_and_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / "study"
    if name in hostile_workbooks.HOSTILE:
        path = tmp_path / "study.xlsx"
        path.write_bytes(hostile_workbooks.HOSTILE[name]())
        assert path.stat().st_size <= 1_100_000
    else:
        path.mkdir()
        for file, data in starter_files().items():
            (path / file).write_bytes(data)
        for file, text in hostile_studies.HOSTILE[name]().items():
            (path / file).write_text(text, encoding="utf-8")
            assert len(text) <= hostile_studies.MOST + 1_000
    done = subprocess.run(
        [sys.executable, "-c", CHILD, path], capture_output=True, text=True, encoding="utf-8", timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    seconds, megabytes, is_one_line = done.stdout.split()
    assert float(seconds) <= MOST_CPU_SECONDS and float(megabytes) <= MOST_MB and is_one_line == "True"


def test_a_cell_is_what_openpyxl_says_it_is(tmp_path: Path) -> None:
    import datetime

    import openpyxl

    values = [
        1, 2.5, -5, 1e300, True, False, "x", " pad ", "a\nb", "#REF!", "2026-04-01", "=", datetime.date(2026, 4, 1),
        datetime.datetime(2026, 4, 1, 3, 4), datetime.time(3, 4), datetime.timedelta(hours=30), None, 0.1,
    ]  # fmt: skip
    book = openpyxl.Workbook()
    for at, value in enumerate(values):
        book.active.cell(row=3 * at + 2, column=(at * 7) % 20 + 2, value=value)
    book.active["A1"], book.active["A1"].number_format = 0.5, "0%"
    book.active["AB1"].number_format = "yyyy-mm-dd"
    book.create_sheet("empty")
    book.save(tmp_path / "odd.xlsx")
    found = workbook_cells(tmp_path / "odd.xlsx", "odd.xlsx", lambda sheet: sheet == "Sheet")
    read = openpyxl.load_workbook(tmp_path / "odd.xlsx", read_only=True, data_only=True)["Sheet"]
    theirs = [_short(line) for line in read.iter_rows(values_only=True)]
    mine = [_short(line) for line in found["Sheet"] or []]
    assert found["empty"] is None
    assert mine == theirs[: len(mine)] and not any(theirs[len(mine) :])
    assert [[type(cell) for cell in line] for line in mine] == [[type(cell) for cell in line] for line in theirs[: len(mine)]]


def _short(line: tuple[object, ...]) -> tuple[object, ...]:
    return line[: max((at + 1 for at, cell in enumerate(line) if cell is not None), default=0)]


def test_shared_texts_and_prefixes_are_read_as_well(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1" t="s"><v>1</v></c><c t="s"><v>0</v></c></row><row><c t="b"><v>1</v></c></row>'
    texts = "<si><t>name</t></si><si><r><t>i</t></r><r><t>d</t></r><rPh><t>no</t></rPh></si>"
    members = hostile_workbooks.parts(rows, texts=texts)
    for prefix in ("", "x:"):
        if prefix:
            sheet = "xl/worksheets/sheet1.xml"
            for tag in ("worksheet", "sheetData", "row", "c", "v"):
                for mark in ("<", "</"):
                    for end in (">", " "):
                        members[sheet] = members[sheet].replace(f"{mark}{tag}{end}", f"{mark}x:{tag}{end}")
            members[sheet] = members[sheet].replace("xmlns=", "xmlns:x=")
        (tmp_path / "book.xlsx").write_bytes(hostile_workbooks.packed(members))
        found = workbook_cells(tmp_path / "book.xlsx", "book.xlsx", lambda _: True)
        assert found["services"] == [("id", "name"), (True,)]


def test_a_million_honest_cells_take_five_seconds_at_most(tmp_path: Path) -> None:
    rows = "".join(
        f'<row r="{at}">' + "".join(f'<c r="{letter}{at}"><v>{at * 7}.5</v></c>' for letter in "ABCDEFGHIJ") + "</row>"
        for at in range(1, 10_001)
    )
    (tmp_path / "big.xlsx").write_bytes(hostile_workbooks.packed(hostile_workbooks.parts(rows)))
    import time

    begun = time.process_time()
    found = workbook_cells(tmp_path / "big.xlsx", "big.xlsx", lambda _: True)
    assert sum(map(len, found["services"] or [])) == 100_000
    assert time.process_time() - begun <= 0.5 + 100_000 * 5e-6


def test_a_workbook_with_its_xml_shaken_ends_in_faults_or_a_study(tmp_path: Path) -> None:
    from sharesim.study.load import load

    sound = hostile_workbooks.packed(hostile_workbooks.parts())
    for seed in range(60):
        (tmp_path / "book.xlsx").write_bytes(hostile_workbooks.broken(sound, random.Random(seed)))
        expect_faults(lambda: load(tmp_path / "book.xlsx"))
