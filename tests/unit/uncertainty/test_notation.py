"""Laws as they are written: numbers, tables, text of a cell; round trips; nothing is ever run."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sharesim.errors import StudyError
from sharesim.study.quantity import Quantity
from sharesim.uncertainty.distributions import (
    Distribution,
    constant,
    discrete,
    empirical,
    gamma,
    lognormal,
    metalog,
    normal,
    pert,
    truncated,
    uniform,
)
from sharesim.uncertainty.notation import LONGEST_TEXT, parse
from tests.unit.uncertainty.laws import ALL


@pytest.mark.parametrize("law", ALL, ids=lambda law: law.text()[:60])
def test_text_and_table_round_trip(law: Distribution) -> None:
    assert parse(law.text()) == law
    assert parse(law.to_dict()) == law
    assert parse(law) is law


@pytest.mark.parametrize(
    ("value", "number"),
    [(120, 120.0), (1.5, 1.5), ("120", 120.0), (" -3.5e2 ", -350.0), ("+.5", 0.5), (np.int64(4), 4.0), ("1_000", 1e3)],
)
def test_numbers(value: Any, number: float) -> None:
    found = parse(value)
    assert type(found) is float and found == number


@pytest.mark.parametrize(
    ("value", "law"),
    [
        ("pert(80, 120, 220)", pert(80, 120, 220)),
        ("  pert( 80,120,220 , shape = 3 ) ", pert(80, 120, 220, shape=3)),
        ("pert(low=80, mode=120, high=220)", pert(80, 120, 220)),
        ("normal(mean=3, sd=1)", normal(3, 1)),
        ("normal(-3, +1)", normal(-3, 1)),
        ("truncated(normal(0, 1), low=0)", truncated(normal(0, 1), low=0)),
        ("lognormal(p10=50, p90=200)", lognormal(p10=50, p90=200)),
        ("lognormal(p2_5=1, median=3)", lognormal(**{"p2.5": 1, "p50": 3})),
        ("empirical(3, 1, 2)", empirical([3, 1, 2])),
        ("empirical([3, 1, 2])", empirical([3, 1, 2])),
        ("discrete([1, 2], [3, 4])", discrete([1, 2], [3, 4])),
        ("discrete((1, 2), weights=(3, 4))", discrete([1, 2], [3, 4])),
        ("gamma(mean=8, sd=4)", gamma(mean=8, sd=4)),
        ({"pert": [80, 120, 220]}, pert(80, 120, 220)),
        ({"pert": [80, 120, 220], "shape": 3}, pert(80, 120, 220, shape=3)),
        ({"pert": {"low": 80, "mode": 120, "high": 220}}, pert(80, 120, 220)),
        ({"lognormal": {"mean": 4, "sd": 2}}, lognormal(mean=4, sd=2)),
        ({"metalog": {"p10": 1, "p50": 2, "p90": 4}, "low": 0}, metalog(p10=1, p50=2, p90=4, low=0)),
        ({"truncated": {"normal": [0, 1]}, "low": 0}, truncated(normal(0, 1), low=0)),
        ({"truncated": {"body": {"normal": [0, 1]}, "low": 0}}, truncated(normal(0, 1), low=0)),
        ({"empirical": [3, 1, 2]}, empirical([3, 1, 2])),
        ({"discrete": {"values": [1, 2], "weights": [3, 4]}}, discrete([1, 2], [3, 4])),
        ({"discrete": [[1, 2], [3, 4]]}, discrete([1, 2], [3, 4])),
        ({"constant": 3}, constant(3)),
        ({"uniform": (1, 2)}, uniform(1, 2)),
    ],
    ids=str,
)
def test_forms(value: Any, law: Distribution) -> None:
    assert parse(value) == law


def test_parts_may_be_numbers_tables_and_text() -> None:
    law = parse({"mixture": {"parts": [0, {"pert": [1, 2, 4]}, "uniform(3, 4)"], "weights": [2, 1, 1]}})
    assert isinstance(law, Distribution) and law.mean == pytest.approx((pert(1, 2, 4).mean + 3.5) / 4)


UNREADABLE: list[Any] = [
    "1,250",
    "12%",
    "£1,200",
    "1200 GBP",
    "pert(80,120",
    "prt(1, 2, 3)",
    "pert(3, 2, 1)",
    "pert(1, 5, 2)",
    "normal(mean=3, sd=-1)",
    "normal(mean=3, ds=1)",
    "normal(1, 2, mean=3)",
    "pert(1, 2)",
    "pert(1, 2, 3, 4, 5)",
    "__import__('os').system('x')",
    "1 + 2",
    "pert",
    "nan",
    "-inf",
    True,
    None,
    [1, 2],
    {"prt": [1, 2, 3]},
    {},
    {"pert": [1, 2, 3], "normal": [1, 2]},
    "pert(1, 2, nan)",
    "9" * 5000,
    10**400,
    math.nan,
    "(" * 5000,
    "-" * 9000 + "1",
    "[" * 60 + "]" * 60,
    "normal(**{'mean': 1})",
    "normal(*[1, 2])",
    "empirical([])",
    "mixture([normal(0, 1)], [0])",
    "truncated(normal(0, 1))",
    "truncated(normal(0, 1), low=50)",
    "truncated(normal(0, 1), low=2, high=1)",
    {"pert": [1, 2, 3], "shap": 3},
    {"normal": {"mean": 1, "sd": 2, "sf": 3}},
    {"normal": {"mean": 1, "sd": 2}, "sd": 2},
    "lognormal(p10=1)",
    "lognormal(p10=-1, p90=2)",
    "lognormal(p10=2, p90=1)",
    "lognormal(p0=1, p90=2)",
    "lognormal(mean=3, sd=-1)",
    "discrete([1, 2], [1])",
    "discrete([1], [-1])",
    "bernoulli(12)",
    "pareto_tail(normal(0, 1), 0.2, 2)",
    "pareto_tail(normal(9, 1), 1.2, 2)",
    "pareto_tail(normal(9, 1), 0.9, 0)",
    "pareto_tail(normal(9, 1), 0.9, 2, cap=3)",
    "beta(0, 1)",
    "gamma(1)",
    "gamma(1, 2, mean=3, sd=4)",
    "gamma(0, 1)",
    "gamma(mean=0, sd=1)",
    "'abc'",
    "",
    "x" * (LONGEST_TEXT + 1),
    "1e999",
    "pert(True, 2, 3)",
    "a.b(1)",
    "lambda: 1",
    "pert(1, '2', 3)",
    {"pert": "1,2,3"},
    "metalog(p10=1)",
    "metalog(p10=1, p50=9, p90=10)",
    "metalog(p10=1, low=0, p90=0)",
    "metalog(p10=1, p90=3, high=2)",
    "metalog(p10=1, p10_0=1, p90=3)",
    "pooled([])",
    "mixture([], [])",
    "mixture(3, [1])",
    "pooled([normal(0, 1)], average='both')",
    "uniform(2, 1)",
    "uniform(1, 0)",
    "truncated(discrete([2, 4], [1, 1]), low=3, high=3)",
    "metalog(p10=5, p90=5, high=4)",
    "pert(5, 5, 5, shape=-1)",
    "beta(0, 1, 5, 5)",
    "lambda:" * 1000,
    "not " * 2400,
    "a." * 4000,
    "(" * 5000,
    "-" * 5000,
    "pert(1, 2, 3, shape=0)",
    "f'{1}'",
    "[x for x in (1,)]",
    "1 if 1 else 2",
    "constant(constant(1))",
    "\x00",
    "pert(1, 2, 3)\n4",
    "pert(1j, 2, 3)",
]


@pytest.mark.parametrize("value", UNREADABLE, ids=lambda value: repr(value)[:40])
def test_what_cannot_be_read_is_one_fault_with_its_place(value: Any) -> None:
    with pytest.raises(StudyError) as caught:
        parse(value, where="services.csv, row 3, column saving")
    (fault,) = caught.value.faults
    assert fault.where == "services.csv, row 3, column saving"
    assert fault.problem and (fault.got or fault.allowed)
    assert len(str(fault)) < 1000
    with pytest.raises(StudyError) as bare:
        parse(value)
    assert bare.value.faults[0].where


@pytest.mark.parametrize(
    "text",
    [
        "pert(5, 5, 5)", "pert(5, 5, 5, shape=2)", "triangular(5, 5, 5)", "uniform(5, 5)", "beta(2, 3, 5, 5)", "normal(5, 0)",
        "gamma(mean=5, sd=0)", "lognormal(mean=5, sd=0)", "lognormal(p10=5, p90=5)", "metalog(p10=5, median=5, p90=5, low=0)",
        "truncated(normal(0, 9), low=5, high=5)", "truncated(uniform(0, 5), low=5, high=5)", "truncated(discrete([5, 6], [1, 1]), low=5, high=5)",
    ],
)  # fmt: skip
def test_a_law_of_one_point_is_that_constant(text: str) -> None:
    law = parse(text)
    assert law == constant(5) and isinstance(law, Distribution)
    assert (law.mean, law.variance, law.support, law.text()) == (5.0, 0.0, (5.0, 5.0), "constant(5)")
    assert law.quantile_normal([-3.0, 0.0, 3.0]).tolist() == [5.0, 5.0, 5.0]


def test_a_law_of_one_point_is_a_figure_of_the_study() -> None:
    written: list[Any] = ["pert(5, 5, 5)", {"triangular": [5, 5, 5]}, {"normal": {"mean": 5, "sd": 0}}]
    for raw in [*written, "truncated(pert(5, 5, 5), low=0)"]:
        assert Quantity.of(raw) == Quantity.of(5) == Quantity(5.0)


def test_laws_nested_too_deeply_are_refused() -> None:
    text = "normal(0, 1)"
    data: Any = {"normal": [0, 1]}
    for _ in range(25):
        text, data = f"truncated({text}, low=-9)", {"truncated": {"body": data, "low": -9}}
    for value in (text, data):
        with pytest.raises(StudyError, match="nested too deeply"):
            parse(value)
