"""Single values as people write them: numbers, laws, references, dates, lists and text."""

from __future__ import annotations

import datetime
import math
import typing

import numpy as np
import pytest
from pydantic import TypeAdapter
from pydantic_core import core_schema

from sharesim.study import plain
from sharesim.study.faults import fault_of
from sharesim.study.places import Places
from sharesim.study.plain import Unreadable
from sharesim.study.quantity import Bounds, Money, Quantity, Share
from sharesim.uncertainty.distributions import pert

HERE = Places("study.toml", {}).about({})


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (3, "3"),
        (0.1, "0.1"),
        (1 / 3, "0.3333333333333333"),
        (np.float64(2.5), "2.5"),
        (" 12 ", "12"),
        ("1e3", "1000"),
        ("-4.5", "-4.5"),
        ("pert(80, 120, 220)", "pert(80, 120, 220)"),
        ({"pert": [80, 120, 220]}, "pert(80, 120, 220)"),
        ({"uniform": [2, 2]} if False else {"constant": 2}, "2"),
        ("driver(ict market)", "driver(ict market)"),
        (" driver( ict market ) * 1.25 ", "driver(ict market) * 1.25"),
        ({"driver": "a", "times": 2}, "driver(a) * 2"),
    ],
)
def test_a_quantity_is_read_and_written_without_loss(raw: object, text: str) -> None:
    number = Quantity.of(raw)
    assert number.text() == text
    again = Quantity.of(text)
    assert again.text() == text
    assert Quantity.of(number.dump()).text() == text
    assert math.isnan(number.value) or again.value == number.value


def test_no_digit_of_a_large_figure_is_lost() -> None:
    for value in (1234567.89, 123456789012.0, 0.1 + 0.2, 1e-9):
        assert Quantity.of(Quantity(value).text()).value == value


@pytest.mark.parametrize(
    ("bounds", "inside", "outside"),
    [
        (Bounds(0, 1), (0, 1, 0.5, "pert(0, 0.5, 1)"), (-0.001, 1.001, "pert(0, 0.5, 1.1)", "normal(0.5, 0.01)")),
        (Bounds(0), (0, 1e11, "lognormal(mean=3, sd=1)"), (-1, "normal(10, 1)", "uniform(-1, 1)", 1e13)),
        (Bounds(), (-5, "normal(0, 1)"), (1e13,)),
        (Bounds(0, 3, certain=True), (0, 3), ("uniform(0, 1)",)),
    ],
)
def test_bounds_hold_for_every_value_that_can_occur(bounds: Bounds, inside: tuple, outside: tuple) -> None:
    assert all(bounds.broken_by(Quantity.of(raw)) is None for raw in inside)
    assert all(bounds.broken_by(Quantity.of(raw)) is not None for raw in outside)


def test_a_following_number_is_judged_by_its_driver() -> None:
    number = Quantity.of("driver(a) * 2")
    assert Bounds(0, 1).broken_by(number) is None
    followed = number.following(Quantity(0.7, pert(0.5, 0.7, 0.9)))
    assert followed.support == (1.0, 1.8)
    assert number.following(Quantity(0.2)) == Quantity(0.4)


@pytest.mark.parametrize(
    ("read", "raw", "value"),
    [
        (plain.text, "  a\n b\t", "a b"),
        (plain.text, "=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        (plain.text, "<b>bold</b>", "<b>bold</b>"),
        (plain.text, "\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        (plain.text, "abc\u202edef", "abc\\u202edef"),
        (plain.text, "\ud800", "\\ud800"),
        (plain.text, "Bl\u00e5ka \u00a35", "Bl\u00e5ka \u00a35"),
        (plain.number, "12", 12.0),
        (plain.number, 3, 3.0),
        (plain.whole, "12", 12),
        (plain.whole, 12.0, 12),
        (plain.flag, "TRUE", True),
        (plain.flag, "no", False),
        (plain.flag, 1, True),
        (plain.day, "2027-04-01", datetime.date(2027, 4, 1)),
        (plain.day, "2027-04-01 00:00:00", datetime.date(2027, 4, 1)),
        (plain.day, datetime.datetime(2027, 4, 1), datetime.date(2027, 4, 1)),
        (plain.year, "2027", 2027),
        (plain.ident, " ne-derbyshire ", "ne-derbyshire"),
        (plain.price_base, 2007, "2007"),
        (plain.price_base, "1999-00", "1999-00"),
    ],
)
def test_plain_values(read: typing.Callable, raw: object, value: object) -> None:
    assert read(raw) == value


@pytest.mark.parametrize(
    ("read", "raw"),
    [
        (plain.text, 5), (plain.text, None), (plain.text, True), (plain.text, ["a"]), (plain.number, True),
        (plain.number, None), (plain.number, ""), (plain.number, []), (plain.number, "pert(1, 2, 3)"),
        (plain.number, math.inf), (plain.number, 10**400), (plain.whole, 1.5), (plain.whole, 10**500),
        (plain.whole, False), (plain.flag, 2), (plain.flag, "y"), (plain.flag, None), (plain.flag, 1.0), (plain.day, 0),
        (plain.day, 86400), (plain.day, "2027-4-1"), (plain.day, "20270401"), (plain.day, None), (plain.year, 1066),
        (plain.ident, "a b"), (plain.price_base, "2007-09"), (plain.price_base, "07-08"), (plain.items, 5.5),
        (plain.items, {"a": 1}), (plain.items, True), (plain.items, None),
    ],
)  # fmt: skip
def test_values_that_are_refused(read: typing.Callable, raw: object) -> None:
    with pytest.raises(Unreadable) as caught:
        read(raw)
    assert len(caught.value.args) == 4
    assert all(isinstance(part, str) for part in caught.value.args)


def test_pydantic_serialises_what_it_reads() -> None:
    adapter = TypeAdapter(Money)
    assert adapter.dump_python(adapter.validate_python("pert(1, 2, 3)")) == {"pert": [1, 2, 3]}
    assert adapter.dump_json(adapter.validate_python(5)) == b"5.0"
    optional = TypeAdapter(Share | None)
    assert optional.validate_python(None) is None
    assert {"type": "null"} in optional.json_schema()["anyOf"]


def test_no_error_type_of_pydantic_speaks_for_itself() -> None:
    """Whatever pydantic may find, now or in a later version, the words are ours."""
    for kind in typing.get_args(core_schema.ErrorType):
        item = {"type": kind, "loc": ("study", "title"), "input": "x" * 300, "ctx": {}, "msg": "pydantic!"}
        fault = fault_of(item, HERE).fault
        assert "pydantic!" not in str(fault)
        assert "Input should" not in str(fault)
        assert fault.where.startswith("study.toml: study.title")
        assert fault.problem
        assert len(str(fault)) < 700
