"""What sharing saves, form by form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharesim.appraisal import savings
from sharesim.appraisal.shares import split_weights

COSTS = st.lists(st.floats(1e3, 1e6), min_size=2, max_size=5)


def column(values: list[float]) -> np.ndarray:
    return np.array(values)[:, None]


def rate(costs: list[float], elasticity: float, work: list[float] | None = None) -> float:
    cost, e = column(costs), np.array([[elasticity]])
    power = cost ** (1 / e) if work is None else column(work) ** e
    return 1 - float(savings.pooled_ratio(cost, power, None if work is None else column(work), e)[0, 0])


@pytest.mark.parametrize(("n", "percent"), [(4, 38), (3, 32), (2, 22), (1, 0)])
def test_equal_councils_save_what_the_design_says(n: int, percent: int) -> None:
    """Four equal councils at an elasticity of 0.65, falling to one: 38, 32, 22, 0%."""
    assert round(100 * rate([250.0] * n, 0.65)) == percent
    assert round(100 * rate([250.0] * n, 0.65, [7.0] * n)) == percent


def test_cost_is_not_taken_for_workload() -> None:
    assert rate([10, 1], 0.65) == pytest.approx(0.074, abs=5e-4)
    assert rate([10, 1], 0.65, [10, 1]) == pytest.approx(0.131, abs=5e-4)


@given(COSTS, st.floats(0.5, 1.5))
def test_pooling_saves_where_scale_pays_and_costs_where_it_does_not(costs: list[float], elasticity: float) -> None:
    found = rate(costs, elasticity)
    assert found >= -1e-12 if elasticity <= 1 else found <= 1e-12
    assert rate(costs, 1.0) == pytest.approx(0, abs=1e-12)


@given(COSTS, st.floats(0.5, 1.4))
def test_one_price_for_all_moves_money_and_makes_none(costs: list[float], elasticity: float) -> None:
    cost = column(costs)
    share = savings.pooled_share(cost ** (1 / elasticity), None)
    moved = savings.cost_sharing(cost, share)
    assert float(moved.sum()) == pytest.approx(0, abs=1e-9 * float(cost.sum()))
    assert float(share.sum()) == pytest.approx(1)
    whole = savings.by_share(cost, share)
    assert float(whole.sum()) == pytest.approx(float(cost.sum()))


def test_one_price_makes_no_loss_of_no_gain() -> None:
    """Same costs, workloads of one and three, no economies of scale: what one gains the other pays."""
    cost, work = column([100.0, 100.0]), column([50.0, 150.0])
    gain = savings.scale_gain(cost, work, work, np.ones((1, 1)))
    assert gain.ravel().tolist() == [0.0, 0.0]
    assert savings.cost_sharing(cost, savings.pooled_share(work, work)).ravel().tolist() == [50.0, -50.0]


@given(st.floats(-1e6, 1e6))
def test_gain_and_loss_are_never_both(planned: float) -> None:
    gain, loss = savings.gain_and_loss(np.array([planned]))
    assert gain[0] >= 0 <= loss[0]
    assert gain[0] * loss[0] == 0
    assert gain[0] - loss[0] == planned


def test_coordination_costs_nothing_between_two() -> None:
    lost = np.array([0.1])
    assert [float(savings.coordination_factor(lost, n)[0]) for n in (1, 2, 3, 4)] == pytest.approx([1, 1, 0.9, 0.81])


def test_the_posts_form_takes_no_more_posts_than_there_are() -> None:
    posts = column([3.0, 1.0])
    gone = savings.posts_form_removed(np.array([[2.0]]), 2.0, posts)
    assert gone.ravel().tolist() == [1.5, 0.5]
    assert savings.posts_form_removed(np.array([[9.0]]), 2.0, posts).ravel().tolist() == [3.0, 1.0]
    assert savings.posts_form_removed(np.array([[9.0]]), 1.0, posts).ravel().tolist() == [0.0, 0.0]
    assert savings.posts_form_removed(np.array([[9.0]]), 2.0, 0 * posts).ravel().tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("own", [0.25, 0.75, 0]),
        ("base_cost", [0.25, 0.75, 0]),
        ("equal", [0.5, 0.5, 0]),
        ("workload", [0.9, 0.1, 0]),
        ("stated", [0.6, 0.4, 0]),
    ],
)
def test_shares_by_each_rule(rule: str, expected: list[float]) -> None:
    inside = np.array([True, True, False])
    cost, work, stated = np.array([100.0, 300.0, 500.0]), np.array([9.0, 1.0, 5.0]), np.array([0.3, 0.2, 0.5])
    assert split_weights(rule, cost, work, stated, inside).tolist() == pytest.approx(expected)  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", ["own", "equal", "base_cost", "workload", "stated"])
def test_where_nobody_has_a_measure_all_share_alike(rule: str) -> None:
    none = np.array([0.0, np.nan])
    assert split_weights(rule, none, none, none, np.array([True, True])).tolist() == [0.5, 0.5]  # type: ignore[arg-type]
