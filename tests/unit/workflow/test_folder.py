"""What is written into a run folder: JSON and tables that every reader takes."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from sharesim.workflow.folder import write_csv, write_json


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
