"""Every message about a study is raised and read in full: where, what, what was got, what is allowed, what to do.

The lines stand in study_messages.txt. After a deliberate change of wording
``python -m tests.messages.test_study_messages`` writes them anew; read them as somebody who has never seen the program.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sharesim.errors import StudyError, UsageError
from sharesim.examples import two_councils_raw
from sharesim.study.load import build, load
from sharesim.study.places import Places
from tests.messages.study_cases import CASES, FILES, Case, put, workbook

GOLDEN = Path(__file__).with_name("study_messages.txt")


def lines_of(case: Case, home: Path) -> list[str]:
    """Load a spoilt study and return its faults, its own folder written as STUDY."""
    folder = home / "study"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    for change in case.changes:
        change(folder)
    try:
        load(folder / case.path if case.path else folder, scenario=case.scenario, assignments=case.assignments)
    except (StudyError, UsageError) as error:
        lines = [str(fault) for fault in error.faults]
        return [line.replace(str(folder), "STUDY").replace(str(home), "HOME") for line in lines]
    return ["no fault was found"]


def golden() -> dict[str, list[str]]:
    """Return the lines that each case must give."""
    found: dict[str, list[str]] = {}
    for line in GOLDEN.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            found[line[3:]] = []
        elif line:
            found[list(found)[-1]].append(line)
    return found


EXPECTED = golden() if GOLDEN.exists() else {}


def test_the_sound_study_loads(tmp_path: Path) -> None:
    assert lines_of(Case("sound"), tmp_path) == ["no fault was found"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_message(case: Case, tmp_path: Path) -> None:
    assert lines_of(case, tmp_path) == EXPECTED[case.name]


def test_every_golden_line_has_its_case() -> None:
    assert list(EXPECTED) == [case.name for case in CASES]


def test_no_wording_of_the_libraries_and_no_machine_leaks() -> None:
    text = GOLDEN.read_text(encoding="utf-8")
    foreign = r"Input should|Value error|validation error|pydantic|Traceback|errno|type=|\[type|Expected|0x[0-9a-f]{6,}"
    assert re.findall(foreign, text) == []
    for line in text.splitlines():
        assert not line or line.startswith("## ") or re.match(r".+: .+\.( .+[.?)=1-9\w])?$", line), line


def raised(act: Callable[[], object]) -> list[str]:
    """Return the faults that an action raises."""
    with pytest.raises((StudyError, UsageError)) as caught:
        act()
    return [str(fault) for fault in caught.value.faults]


def too_many_rows(home: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Load a table with more rows than are allowed, here five."""
    monkeypatch.setattr("sharesim.study.files.MOST_ROWS", 4)
    return lines_of(Case("rows"), home)


def too_many_rows_of_a_sheet(home: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The same in a workbook."""
    monkeypatch.setattr("sharesim.study.sheets.MOST_ROWS", 4)
    rows: list[list[object]] = [line.split(",") for line in FILES["baseline.csv"].splitlines()]
    return lines_of(Case("rows", (workbook("baseline", rows),)), home)


def very_many_faults(home: Path) -> list[str]:
    """Load a study with 450 faults."""
    lines = "".join(f"c{number},N{number},-1\n" for number in range(450))
    return lines_of(Case("many", (put("councils.csv", f"id,name,population\n{lines}"),)), home)


def a_file_for_a_dictionary() -> list[str]:
    """Name another table of a study that was written as a dictionary."""
    return raised(lambda: build(two_councils_raw(), Places("study", {}), assignments=["tables.risks=risks.csv"]))


def test_rows_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = too_many_rows(tmp_path, monkeypatch)
    assert lines == ["baseline.csv: too many rows: got more than 4; allowed at most 4. Split the study."]


def test_rows_of_a_sheet_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = too_many_rows_of_a_sheet(tmp_path, monkeypatch)
    assert lines == ["book.xlsx#baseline: too many rows: got more than 4; allowed at most 4. Split the study."]


def test_very_many_faults_end_with_their_number(tmp_path: Path) -> None:
    lines = very_many_faults(tmp_path)
    assert len(lines) == 201
    assert (
        lines[0] == "councils.csv, row 2 (c0), column population: out of bounds: got -1; allowed above 0 to 100000000."
    )
    assert lines[199].startswith("councils.csv, row 201 (c199)")
    # 250 more councils, and the names that baseline and neighbours use are believed to be among them.
    assert re.fullmatch(r"and so on: 2\d\d more faults are not shown\. Mend these first\.", lines[200])


def test_a_dictionary_has_no_folder() -> None:
    assert a_file_for_a_dictionary() == [
        "command line: tables.risks: a file for a study that lies in no folder. Give the rows themselves."
    ]


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Path.read_bytes

    def refuse(self: Path) -> bytes:
        if self.name == "baseline.csv":
            raise PermissionError(13, "Permission denied")
        return read(self)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    lines = lines_of(Case("unreadable"), tmp_path)
    assert lines == ["baseline.csv: cannot be read: got permission denied. Check the path and who may read it."]


if __name__ == "__main__":
    parts = []
    for one in CASES:
        with tempfile.TemporaryDirectory() as place:
            parts.append("\n".join([f"## {one.name}", *lines_of(one, Path(place))]))
    GOLDEN.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
