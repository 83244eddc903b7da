"""Results at a prompt: whatever public functions return prints in a few lines, and is compared by identity without a fault.

The objects are found by walking what is returned: fields, attributes, items of lists and mappings.
"""

from __future__ import annotations

import copy
import enum
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

import sharesim
from sharesim import batch, measures
from sharesim.examples import from_dict
from sharesim.report.options import Beyond
from sharesim.study.labels import Labels
from sharesim.workflow.options import beyond
from tests.unit.report.studies import trio_raw
from tests.unit.test_arguments import World

MOST_LETTERS, MOST_LINES = 1_500, 15


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> dict[type, Any]:
    """One object of each class that a user can come to from a result, the largest of a few."""
    world = World(tmp_path_factory.mktemp("world"))
    found: Beyond = beyond(world.judged, seconds=2.0)
    asked = world.outcomes.question()
    more = [
        found, asked, asked.frontier("cvar", 3, 0.05), world.portfolio.how_sure(20, 64), batch.read_plan(world.plan), world.study.model,
        asked.leaving(world.portfolio.solution, "eastham"), from_dict(trio_raw()),
    ]  # fmt: skip
    kinds: dict[type, Any] = {}
    seen: set[int] = set()
    for result in (*world.results, *more):
        for thing in walked(result, seen, 0):
            kinds.setdefault(type(thing), thing)
    return kinds


def walked(thing: Any, seen: set[int], depth: int) -> Iterator[Any]:
    """Yield an object of ours and what can be reached from it by public names."""
    if id(thing) in seen or depth > 6:
        return
    seen.add(id(thing))
    if isinstance(thing, (list, tuple)):
        parts: list[Any] = list(thing[:20])
    elif isinstance(thing, Mapping) and isinstance(thing, dict):
        parts = list(thing.values())[:20]
    elif type(thing).__module__.startswith("sharesim") and not isinstance(thing, (type, enum.Enum)):
        yield thing
        parts = [value for name, value in vars(thing).items() if not name.startswith("_")] if hasattr(thing, "__dict__") else []
    else:
        return
    for part in parts:
        yield from walked(part, seen, depth + 1)


def test_results_print_themselves_in_a_few_lines(met: dict[type, Any]) -> None:
    assert len(met) > 40
    long = {}
    for kind, thing in met.items():
        text = repr(thing)
        if len(text) > MOST_LETTERS or len(text.splitlines()) > MOST_LINES:
            long[kind.__name__] = (len(text), len(text.splitlines()))
    assert not long


def test_what_a_result_is_stands_in_its_first_lines(met: dict[type, Any]) -> None:
    shown = {kind.__name__: repr(thing) for kind, thing in met.items()}
    assert shown["Judged"].startswith("Judged portfolio for 'two-councils': 1 bundles (optimal)\nWorth £")
    assert shown["Appraisal"].startswith("Appraisal of 'two-councils': 2 candidate bundles on 64 futures (seed 1)\n")
    assert shown["Portfolio"].startswith("Portfolio for 'two-councils'\n1 of 2 candidate bundles chosen (optimal):\n")
    assert shown["Study"].startswith("Study 'two-councils': Payroll for two councils\n  2 councils, 1 services, 10 years")
    assert "npv: float64 array of shape (64,)" in shown["Tracked"] and "draws: float64 array" in shown["Prediction"]


def test_long_lists_and_laws_print_their_beginning() -> None:
    many = measures.estimate(np.arange(8000.0).reshape(400, 20))
    assert len(many) == 400 and many == list(many) and len(repr(many).splitlines()) == 9
    assert len(repr(sharesim.empirical(np.arange(5000.0)))) < 200
    assert len(repr(Labels(tuple(map(str, range(999))), tuple(map(str, range(999)))))) < 200


def test_results_are_compared_without_a_fault(met: dict[type, Any]) -> None:
    failed = []
    for kind, thing in met.items():
        try:
            other = copy.deepcopy(thing)
            assert (thing == thing) is True  # noqa: PLR0124
            assert isinstance(thing == other, bool)
            hash(thing)
            assert [object(), other, thing].index(thing) >= 1
            assert thing in [other, thing]
        except Exception as error:
            failed.append(f"{kind.__module__}.{kind.__name__}: {type(error).__name__}: {error}")
    assert not failed, "\n".join(failed)
