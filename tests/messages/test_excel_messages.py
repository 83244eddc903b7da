"""What is said about a workbook names its sheet, row and column; about what cannot be written, what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import sharesim
from sharesim.errors import OutputError, SharesimError, StudyError, UsageError
from sharesim.study.convert import convert
from sharesim.study.excel_template import MOST_NAMES, template
from sharesim.study.load import load
from tests.messages.excel_cases import CASES, ExcelCase, sound, spoilt


def first_lines(act: Callable[[], object]) -> list[str]:
    """Return the faults that an action raises."""
    with pytest.raises(SharesimError) as caught:
        act()
    return [str(fault) for fault in caught.value.faults]


def test_the_sound_workbook_loads(tmp_path: Path) -> None:
    file = sound(tmp_path)
    assert load(file).content_hash == load(tmp_path / "study").content_hash


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_message(case: ExcelCase, tmp_path: Path) -> None:
    lines = first_lines(lambda: load(spoilt(case, tmp_path)))
    assert any(case.line in line for line in lines), lines
    assert all(line.startswith("book.xlsx") for line in lines), lines


def test_a_title_for_people_above_the_names_is_left_alone(tmp_path: Path) -> None:
    from tests.messages.excel_cases import cell

    file = spoilt(ExcelCase("", cell("baseline", "A1", "cost_gbp and more: what we spend"), ""), tmp_path)
    assert load(file).content_hash == load(tmp_path / "study").content_hash


def refusals(folder: Path) -> dict[str, Callable[[], object]]:
    """What convert and template refuse to do, by what they say."""
    file, names = sound(folder), ["A", "B"]
    other = folder / "other"
    other.mkdir()
    for item in (folder / "study").iterdir():
        (other / item.name).write_bytes(item.read_bytes())
    text = (other / "study.toml").read_text(encoding="utf-8")
    swapped = '[scenarios.later.tables]\ncouncils = "later.csv"\n'
    (other / "later.csv").write_bytes((other / "councils.csv").read_bytes())
    (other / "study.toml").write_text(f"{text}\n{swapped}", encoding="utf-8")
    long = folder / "long"
    long.mkdir()
    for item in (folder / "study").iterdir():
        (long / item.name).write_bytes(item.read_bytes())
    values = ", ".join(f"{at / 10_000}" for at in range(9000))
    staff = f"[staff]\non_cost_share = {{empirical = [{values}]}}\n"
    (long / "study.toml").write_text(f"{text}\n{staff}", encoding="utf-8")
    (folder / "plain").write_text("a file", encoding="utf-8")
    return {
        "is in the way: got something is there already": lambda: convert(folder / "study", file),
        "takes its tables from other files": lambda: convert(other, folder / "new.xlsx"),
        "does not fit into a cell: got ": lambda: convert(long, folder / "new.xlsx"),
        "cannot be written": lambda: convert(folder / "study", folder / "plain" / "new.xlsx"),
        "--councils: too few names: got 1; allowed 2 to": lambda: template(folder, councils=["A"], services=["HR"]),
        "--services: too few names: got 0; allowed 1 to": lambda: template(folder, councils=names, services=[" "]),
        "--councils: a name stands twice: got 'A'": lambda: template(folder, councils=["A", "A"], services=["HR"]),
        "a name that is too long": lambda: template(folder, councils=["A" * 121, "B"], services=["HR"]),
        "is in the way: got a file of that name": lambda: template(file, councils=names, services=["HR"]),
        f"too many names: got 401; allowed 2 to {MOST_NAMES} names": lambda: template(folder, councils=map(str, range(401)), services=["HR"]),  # type: ignore[arg-type]
    }  # fmt: skip


def test_what_is_refused_says_what_to_do(tmp_path: Path) -> None:
    for words, act in refusals(tmp_path).items():
        lines = first_lines(act)
        assert any(words in line for line in lines), (words, lines)
    assert not (tmp_path / "new.xlsx").exists()


def test_nothing_is_left_behind_where_writing_fails(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("", encoding="utf-8")
    with pytest.raises(OutputError):
        template(tmp_path / "plain" / "x.xlsx", councils=["A", "B"], services=["HR"])
    assert [item.name for item in tmp_path.iterdir()] == ["plain"]


def test_a_file_that_is_no_study_is_told(tmp_path: Path) -> None:
    (tmp_path / "study.docx").write_text("", encoding="utf-8")
    with pytest.raises(StudyError, match="allowed a folder with study\\.toml, or a workbook"):
        load(tmp_path / "study.docx")
    (tmp_path / "study.xlsx").write_text("id,name", encoding="utf-8")
    with pytest.raises(StudyError, match="not a workbook that can be read"):
        load(tmp_path / "study.xlsx")


def test_an_unknown_form_of_report_is_told() -> None:
    from sharesim.report.formats import formats_of

    with pytest.raises(UsageError, match="Did you mean 'pptx'"):
        formats_of("ppt")
    with pytest.raises(UsageError, match="got nothing"):
        formats_of("")
    assert sharesim.template is template
