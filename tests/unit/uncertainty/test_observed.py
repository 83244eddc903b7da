"""Observed values from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharesim.errors import StudyError
from sharesim.uncertainty.distributions import empirical
from sharesim.uncertainty.notation import parse
from sharesim.uncertainty.observed import observed


def test_a_column_is_read_with_its_gaps_left_out(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text("\ufeffproject, overrun\nA,0.1\nB,\nC, 0.4 \nD\n", encoding="utf-8")
    assert observed(tmp_path / "o.csv", "overrun") == empirical([0.1, 0.4])
    asked = {"empirical": {"file": "o.csv", "column": "overrun"}}
    assert parse(asked, folder=tmp_path) == empirical([0.1, 0.4])


def test_one_column_needs_no_name(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text("overrun\n3\n1\n2\n")
    assert parse({"empirical": {"file": "o.csv"}}, folder=tmp_path) == empirical([1, 2, 3])


@pytest.mark.parametrize(
    ("content", "column", "message"),
    [
        (None, "x", "the file cannot be read: got o.csv: No such file"),
        ("a,b\n1,2\n", None, "no such column in o.csv: got None; allowed a, b. Name the column."),
        (
            "overrun,b\n1,2\n",
            "overun",
            "no such column in o.csv: got 'overun'; allowed overrun, b. Did you mean 'overrun'?",
        ),
        ("", "x", "no such column in o.csv: got 'x'; allowed none, the file is empty."),
        ("a\n1\n12%\n", "a", "o.csv, row 3, column a: not a number: got '12%'; allowed a finite number, or nothing."),
        ("a\n1\nnan\n", "a", "o.csv, row 3, column a: not a number: got 'nan'"),
        ("a\n", "a", "cannot use this many values: got 0 in o.csv, column a; allowed 1 to 1,000,000."),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, content: str | None, column: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "o.csv").write_text(content)
    with pytest.raises(StudyError) as caught:
        parse({"empirical": {"file": "o.csv", "column": column}}, where="study.toml: risk", folder=tmp_path)
    assert str(caught.value).startswith(f"study.toml: risk: empirical: {message}")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_bytes(b"a\n\xff\xfe\n")
    with pytest.raises(StudyError, match="not UTF-8"):
        observed(tmp_path / "o.csv")


@pytest.mark.parametrize("asked", [{"file": "../o.csv"}, {"file": "o.csv", "colum": "a"}])
def test_files_outside_and_unknown_arguments_are_refused(tmp_path: Path, asked: dict[str, str]) -> None:
    with pytest.raises(StudyError, match=r"outside the study|unknown argument"):
        parse({"empirical": asked}, folder=tmp_path)
    with pytest.raises(StudyError, match=r"cannot be read here|unknown argument"):
        parse({"empirical": asked})
