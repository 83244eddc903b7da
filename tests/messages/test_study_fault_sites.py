"""No place in the study's code that makes a fault goes without a case: a ratchet against messages that nobody read."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sharesim.bundles.enumerate as enumerate_module
from sharesim.errors import SharesimError
from sharesim.study import places, plain
from sharesim.study.assume import variant
from sharesim.study.load import build, load
from sharesim.study.places import Places
from tests.messages.excel_cases import CASES as EXCEL_CASES
from tests.messages.excel_cases import spoilt
from tests.messages.study_cases import CASES
from tests.messages.test_excel_messages import refusals
from tests.messages.test_study_messages import (
    a_file_for_a_dictionary,
    lines_of,
    too_many_rows,
    too_many_rows_of_a_sheet,
    very_many_faults,
)
from tests.unit.bundles.test_enumerate import EMPTY
from tests.unit.bundles.test_enumerate import three as three_councils

SOURCE = Path(places.__file__).parent
FILES = [*sorted(SOURCE.glob("*.py")), Path(enumerate_module.__file__)]
MAKERS = {"Fault", "fault", "refusal", "Unreadable", "unknown_name"}
#: What no file on a test machine can bring about, and why.
UNREACHED = {
    "files.py: cannot be read": "root may read every file; test_a_file_that_may_not_be_read takes the permission away",
}


def sites() -> dict[tuple[str, int], tuple[int, str]]:
    """Return (file, first line) of each call that makes a fault, with its last line and its problem."""
    found = {}
    for file in FILES:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                words = [
                    part.value
                    for part in ast.walk(node)
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                ]
                plainly = any(isinstance(part, (ast.Constant, ast.JoinedStr)) for part in node.args)
                if name in MAKERS and plainly and words:
                    found[file.name, node.lineno] = (node.end_lineno or node.lineno, words[0])
    return found


class Recorder:
    """Remembers from which lines a callable was called."""

    def __init__(self) -> None:
        self.lines: set[tuple[str, int]] = set()

    def wrap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return the callable, remembering who calls it."""

        def recorded(*args: Any, **named: Any) -> Any:
            frame = sys._getframe(1)
            self.lines.add((Path(frame.f_code.co_filename).name, frame.f_lineno))
            return original(*args, **named)

        return recorded


def test_every_place_that_makes_a_fault_has_a_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    for name, module in list(sys.modules.items()):
        if name.startswith(("sharesim.study.", "sharesim.bundles.")):
            for maker in ("Fault", "refusal", "unknown_name"):
                if hasattr(module, maker):
                    monkeypatch.setattr(module, maker, recorder.wrap(getattr(module, maker)))
    monkeypatch.setattr(places.Place, "fault", recorder.wrap(places.Place.fault))
    monkeypatch.setattr(plain.Unreadable, "__init__", recorder.wrap(plain.Unreadable.__init__))
    for number, case in enumerate(CASES):
        home = tmp_path / str(number)
        home.mkdir()
        lines_of(case, home)
    for name, act in (("few", too_many_rows), ("sheet", too_many_rows_of_a_sheet)):
        (tmp_path / name).mkdir()
        with monkeypatch.context() as patch:
            act(tmp_path / name, patch)
    for number, case in enumerate(EXCEL_CASES):
        with pytest.raises(SharesimError):
            load(spoilt(case, tmp_path / f"excel {number}"))
    for act in refusals(tmp_path / "refusals").values():
        with pytest.raises(SharesimError):
            act()
    (tmp_path / "many").mkdir()
    very_many_faults(tmp_path / "many")
    a_file_for_a_dictionary()
    for raw in EMPTY.values():
        with pytest.raises(SharesimError):
            enumerate_module.candidates(build(raw, Places("study", {})))
    monkeypatch.setattr(enumerate_module, "MOST_BUNDLES", 1)
    with pytest.raises(SharesimError):
        enumerate_module.candidates(three_councils())
    for path, value in (("services.nothing", 1.0), ("exit.cost_share", float("nan"))):
        with pytest.raises(SharesimError):
            variant(three_councils(), path, value)
    missed = {
        f"{file}: {problem}": f"line {first}"
        for (file, first), (last, problem) in sites().items()
        if not any(where == file and first <= line <= last for where, line in recorder.lines)
    }
    assert sorted(set(missed) - set(UNREACHED)) == [], missed
    assert sorted(set(UNREACHED) - set(missed)) == []
