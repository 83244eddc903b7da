"""The house rules hold for the source, and every exception from them is listed with a reason and still needed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.architecture import source_checks as checks

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "sharesim"
EXCEPTIONS = tomllib.loads((Path(__file__).parent / "exceptions.toml").read_text(encoding="utf-8"))
IMPORTED_AS = {"python-pptx": "pptx"}
RULES = ("imports", "circles", "folders", "module_lines", "function_lines", "parameters", "docstrings", "encodings", "text")


def declared_packages() -> set[str]:
    """Return the names under which the declared dependencies are imported; those of the cluster extra too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *project["optional-dependencies"]["cluster"]]
    packages = (re.split(r"[^\w.-]", requirement)[0] for requirement in named)
    return {IMPORTED_AS.get(name, name) for name in packages} | {"pydantic_core"}


def violations(rule: str) -> dict[str, str]:
    """Return all that breaks one rule, exceptions included."""
    if rule == "text":
        return checks.forbidden_text(ROOT)
    modules = checks.read_modules(PACKAGE)
    if rule == "imports":
        return checks.import_violations(modules, declared_packages())
    return {
        "circles": checks.import_circles,
        "folders": checks.folder_violations,
        "module_lines": checks.long_modules,
        "function_lines": checks.long_functions,
        "parameters": checks.many_parameters,
        "docstrings": checks.missing_docstrings,
        "encodings": checks.unstated_encodings,
    }[rule](modules)


@pytest.mark.parametrize("rule", RULES)
def test_rule_holds(rule: str) -> None:
    found = violations(rule)
    wrong = {key: what for key, what in found.items() if key not in EXCEPTIONS[rule]}
    listing = "\n".join(f"  {key}   ({what})" for key, what in sorted(wrong.items()))
    assert not wrong, f"{len(wrong)} against '{rule}'; mend, or list with a reason in exceptions.toml:\n{listing}"


@pytest.mark.parametrize("rule", RULES)
def test_exceptions_are_still_needed(rule: str) -> None:
    stale = sorted(set(EXCEPTIONS[rule]) - set(violations(rule)))
    assert not stale, f"[{rule}] in exceptions.toml lists what no longer breaks the rule; remove: {stale}"


def test_exceptions_have_reasons() -> None:
    assert sorted(EXCEPTIONS) == sorted(RULES)
    bare = [key for rule in RULES for key, reason in EXCEPTIONS[rule].items() if len(reason.split()) < 5]
    assert not bare, f"exceptions without a reason in words: {bare}"
