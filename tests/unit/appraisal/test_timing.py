"""Ramps, weights of time and planned dates, against formulas written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharesim.appraisal.timing import Clock, flat_value, instalments, planned_years, ramp_value
from sharesim.appraisal.valuation import Course

HORIZON = 10
YEARS = st.floats(0, 14)


def one_year(year: int) -> Clock:
    only = np.zeros(HORIZON)
    only[year] = 1.0
    return Clock.of(only[:, None], only)


def full_years(x: float, ramp: float) -> float:
    """G of docs/model.md section 1: years of full effect by x years after the start."""
    if x <= 0:
        return 0.0
    return x - ramp / 2 if x >= ramp else x * x / (2 * ramp)


@given(start=YEARS, ramp=st.one_of(st.just(0.0), st.floats(0.01, 6)), end=YEARS)
def test_years_of_a_ramp_are_the_differences_of_its_integral(start: float, ramp: float, end: float) -> None:
    start, end = min(start, HORIZON), min(end, HORIZON)
    for year in range(HORIZON):
        expected = full_years(min(year + 1, end) - start, ramp) - full_years(min(year, end) - start, ramp)
        got = ramp_value(one_year(year), np.array([start]), np.array([ramp]), np.array([end]))[0]
        assert got == pytest.approx(expected, abs=1e-9)


@given(
    start=st.floats(0, HORIZON),
    ramp=st.one_of(st.just(0.0), st.floats(0.01, 6)),
    length=st.floats(0, HORIZON),
    seed=st.integers(0, 99),
)
def test_the_engines_ramp_is_the_plain_one(start: float, ramp: float, length: float, seed: int) -> None:
    """`Course` looks values up once; it must give what the plain function gives, each draw with its own prices."""
    at = np.random.default_rng(seed)
    clock = Clock.of(at.uniform(0.2, 1.5, (HORIZON, 3)), np.ones(HORIZON))
    begin, end = np.full(3, start), np.full(3, min(start + length, HORIZON))
    course = Course(clock, begin, None)
    plain = ramp_value(clock, begin, np.full(3, ramp), end)
    np.testing.assert_allclose(course.ramped(np.full(3, ramp), end, course.until(end)), plain, rtol=1e-9, atol=1e-11)


@given(start=YEARS, ramp=st.floats(0.01, 6), end=YEARS, seed=st.integers(0, 99))
def test_a_ramp_under_any_weights_is_its_integral(start: float, ramp: float, end: float, seed: int) -> None:
    weights = np.random.default_rng(seed).uniform(0.2, 1.5, HORIZON)
    clock = Clock.of(weights[:, None], np.ones(HORIZON))
    # A fine mid-point sum over pieces on which the ramp is straight and the weight constant is exact.
    points = np.unique(np.clip([start, start + ramp, end, *range(HORIZON + 1)], 0, HORIZON))
    left, right = points[:-1], points[1:]
    middle = (left + right) / 2
    rate = np.clip((middle - start) / ramp, 0, 1) * (middle < end)
    expected = float(((right - left) * rate * weights[middle.astype(int)]).sum())
    got = ramp_value(clock, np.array([start]), np.array([ramp]), np.array([end]))[0]
    assert got == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_a_flat_flow_counts_from_begin_to_end_only() -> None:
    clock = Clock.of(np.array([[1.0], [0.5], [0.25]]), np.ones(3))
    value = lambda begin, end: flat_value(clock, np.array([begin]), np.array([end]))[0]  # noqa: E731
    assert value(0.5, 2.5) == pytest.approx(0.5 + 0.5 + 0.125)
    assert value(2.0, 1.0) == 0
    assert value(5.0, 9.0) == 0
    assert value(1.0, 99.0) == pytest.approx(0.75)


def test_what_is_paid_once_is_paid_within_the_horizon_only() -> None:
    clock = Clock.of(np.ones((3, 1)), np.array([1.0, 0.5, 0.25]))
    assert clock.when(np.array([0.0, 0.99, 1.0, 2.5, 3.0, np.inf])).tolist() == [1.0, 1.0, 0.5, 0.25, 0.0, 0.0]


@pytest.mark.parametrize(
    ("start", "lead", "profile", "expected"),
    [
        (0.0, 0, (1.0,), [1, 0, 0, 0]),
        (2.9, 1, (0.5, 0.3, 0.2), [0, 0.5, 0.3, 0.2]),
        (0.0, 2, (0.5, 0.3, 0.2), [1, 0, 0, 0]),
        (3.2, 0, (0.5, 0.3, 0.2), [0, 0, 0, 1]),
        (9.0, 0, (1.0,), [0, 0, 0, 1]),
    ],
)
def test_planned_spending_never_falls_outside_the_horizon(
    start: float, lead: int, profile: tuple[float, ...], expected: list[float]
) -> None:
    assert planned_years(start, lead, profile, 4).tolist() == pytest.approx(expected)


def test_instalments_are_equal_and_complete() -> None:
    assert instalments(1.5, 3, 4).tolist() == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3])
    assert instalments(3.0, 3, 4).tolist() == pytest.approx([0, 0, 0, 1])
