"""Every example in a docstring and in the documents is run and gives what it says."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
MODULES = sorted(
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    for path in SOURCE.rglob("*.py")
    if path.name != "__main__.py" and ">>> " in path.read_text(encoding="utf-8")
)
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    if ">>> " in path.read_text(encoding="utf-8")
)


def demand_success(results: doctest.TestResults, capsys: pytest.CaptureFixture[str]) -> None:
    """Fail with what doctest printed where an example gave something else."""
    printed = capsys.readouterr().out
    if results.failed:
        pytest.fail(printed, pytrace=False)


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    demand_success(doctest.testmod(importlib.import_module(name), optionflags=FLAGS), capsys)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_examples_of_a_document(
    document: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Readers run these from the project's folder; a copy of the cases lets them write beside it without harm.
    (tmp_path / "configs").symlink_to(ROOT / "configs", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    results = doctest.testfile(str(ROOT / document), module_relative=False, optionflags=FLAGS, encoding="utf-8")
    demand_success(results, capsys)
