"""The run folder appears whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pandas as pd
import pytest

from sharesim.errors import OutputError
from sharesim.workflow.folder import whole_folder, write_csv, write_json


def test_a_fault_inside_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "run") as aside:
        (aside / "half.txt").write_text("half", encoding="utf-8")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_fault_keeps_the_earlier_run(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "run") as aside:
        (aside / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "run"):
        raise RuntimeError
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["manifest.json"]


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError) as refused, whole_folder(tmp_path / "run"):
        pass
    assert str(refused.value) == (
        f"{tmp_path / 'run'}: is in the way: got a file or folder that is no run of sharesim; allowed a new name, or an earlier run. "
        "Choose another --out."
    )


@pytest.mark.skipif(
    os.name != "posix" or not Path("/proc/version").exists(), reason="needs a folder that nobody can write to"
)
def test_a_folder_that_cannot_be_written_is_one_line() -> None:
    with pytest.raises(OutputError) as refused, whole_folder(Path("/proc/sharesim/run")):
        pass
    assert str(refused.value).startswith("/proc/sharesim/run: cannot be written: ")
    assert str(refused.value).endswith(". Choose another --out, or make room.")


def test_json_has_no_word_for_nan(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"a": float("nan"), "b": [float("inf"), 1.5]})
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8")) == {"a": None, "b": [None, 1.5]}


def test_spreadsheet_formulas_stay_text(tmp_path: Path) -> None:
    write_csv(
        pd.DataFrame({"name": ["=cmd|' /C calc'!A0", "@x", "plain"], "gbp": [-1.0, 2.0, 3.0]}), tmp_path / "x.csv"
    )
    assert (tmp_path / "x.csv").read_text(encoding="utf-8").splitlines()[1:] == [
        "'=cmd|' /C calc'!A0,-1",
        "'@x,2",
        "plain,3",
    ]
