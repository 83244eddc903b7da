"""Posts, exits and their cost; strikes, hazards and when a partner leaves."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharesim.appraisal import risks, staff, transition

SHARE = st.floats(0, 1)
POSTS = st.floats(0, 40)


@given(POSTS, SHARE, st.floats(0, 9), st.floats(0, 9), SHARE, SHARE, SHARE)
def test_removed_posts_are_met_once_each(
    posts: float, gone: float, vacant: float, unbudgeted: float, leaving: float, moved: float, agreed: float
) -> None:
    parts = [np.array([value]) for value in (gone * posts, posts, vacant, unbudgeted, leaving, moved, agreed)]
    met = staff.displace(*parts)
    kinds = (met.vacancies, met.leavers, met.redeployed, met.voluntary, met.compulsory)
    assert float(sum(kinds)[0]) == pytest.approx(gone * posts, abs=1e-9)
    assert all(float(kind[0]) >= 0 for kind in kinds)
    assert 0 <= float(met.unbudgeted[0]) <= float(met.vacancies[0]) <= vacant + unbudgeted + 1e-12
    assert float(met.leavers[0]) <= leaving * max(posts - vacant - unbudgeted, 0) + 1e-12


def test_vacancies_go_first_and_by_budget_in_proportion() -> None:
    one = np.ones(1)
    met = staff.displace(2 * one, 10 * one, 3 * one, 1 * one, 0.5 * one, 0 * one, 0 * one)
    assert (met.vacancies[0], met.unbudgeted[0], met.compulsory[0]) == (2.0, 0.5, 0.0)


@pytest.mark.parametrize(("year", "age"), [(2009, 50), (2010, 55), (2027, 55), (2028, 57), (2040, 57)])
def test_the_pension_age_is_that_of_the_date(year: int, age: int) -> None:
    assert staff.pension_age(year) == age


def test_strain_falls_on_those_at_the_pension_age_only() -> None:
    cells = [(54, 54, 20, 20, 0.5), (56, 56, 10, 10, 0.3), (60, 60, 20, 20, 0.2)]
    assert staff.profile_strain(cells, 2025) == pytest.approx(0.3 * 0.5 + 0.2)
    assert staff.profile_strain(cells, 2028) == pytest.approx(0.2)


def test_a_weeks_pay_is_capped_only_where_the_scheme_caps_it() -> None:
    pay = np.array([52_178.57142857143, 20_000.0])
    assert staff.weekly_pay(pay, None).tolist() == pytest.approx([1_000, 20_000 * 7 / 365.25])
    assert staff.weekly_pay(pay, 719).tolist() == pytest.approx([719, 20_000 * 7 / 365.25])


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.9))
def test_a_yearly_chance_has_struck_by_then_with_its_own_probability(u: float, p: float) -> None:
    time = float(risks.strike_time(np.array([u]), np.array([p]), per_year=True, horizon=10)[0])
    assert 1 - (1 - p) ** time == pytest.approx(u)


def test_strikes_at_the_edges() -> None:
    u = np.array([0.0, 0.5, 0.999])
    assert risks.strike_time(u, np.array([0.0]), per_year=True, horizon=10).tolist() == [math.inf] * 3
    assert risks.strike_time(u, np.array([1.0]), per_year=True, horizon=10).tolist() == [0.0] * 3
    assert risks.strike_time(u, np.array([0.5]), per_year=False, horizon=10).tolist() == [0.0, math.inf, math.inf]
    assert risks.strike_time(u, np.array([1.0]), per_year=False, horizon=10).tolist() == [0.0, 5.0, 9.99]


def test_a_partners_hazard_is_a_third_of_the_arrangements() -> None:
    rate = float(risks.partner_hazard(np.array([0.08]))[0])
    assert 1 - math.exp(-rate) == pytest.approx(1 - (1 - 0.08) ** (1 / 3))
    assert 1 - math.exp(-3 * rate) == pytest.approx(0.08)


def used_up(
    time: float, start: float, decision: float, rates: tuple[float, float, float], raised: list[float]
) -> float:
    """Hazard gathered by a time, in steps of years and of the start."""
    before, after, uplift = rates
    total = before * max(0.0, min(time, start) - decision)
    for begin, end in itertools.pairwise(sorted({start, time, *(y for y in range(11) if start < y < time)})):
        if begin >= start and end <= time:
            total += after * (1 + uplift * raised[int(begin)]) * (end - begin)
    return total


@given(
    st.floats(0.01, 3),
    st.floats(0, 9),
    st.floats(0, 3),
    st.floats(0.01, 0.4),
    st.floats(0.01, 0.4),
    st.floats(0, 4),
    st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=10, max_size=10),
)
def test_a_partner_leaves_when_its_patience_is_used_up(
    patience: float, start: float, decision: float, before: float, after: float, uplift: float, raised: list[float]
) -> None:
    elections = np.concatenate([[0.0], np.cumsum(raised)])
    parts = (np.array([before]), np.array([after]), np.array([uplift]), elections)
    time = float(risks.leave_time(np.array([patience]), np.array([start]), decision, *parts)[0])
    rates = (before, after, uplift)
    if math.isinf(time):
        assert used_up(10.0, max(start, decision), decision, rates, raised) <= patience + 1e-9 or start >= 10
    elif start >= decision:
        assert used_up(time, start, decision, rates, raised) == pytest.approx(patience, abs=1e-9)


def test_elections_raise_the_hazard_in_their_own_year_only() -> None:
    assert risks.elections_until([2011, 2015, 2011], 2010, 4).tolist() == [0, 0, 2, 2, 2]
    elections = risks.elections_until([2011], 2010, 4)
    times = np.array([0.5, 1.5, 2.0, 4.0])
    assert risks.exposure(times, np.array([2.0]), elections).tolist() == [0.5, 2.5, 4.0, 6.0]


def test_bias_is_what_is_left_after_what_is_there_already() -> None:
    assert transition.residual_bias(0.4, 100, 115, 5) == pytest.approx(0.2)
    assert transition.residual_bias(0.1, 100, 130, 0) == 0
    assert transition.residual_bias(0.1, 0, 0, 0) == 0
    assert transition.residual_bias(0.1, 100, 90, 0) == pytest.approx(0.2)


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=5), st.floats(0, 0.2), st.integers(0, 1))
def test_what_hosts_receive_is_what_the_others_pay(costs: list[float], share: float, hosts: int) -> None:
    cost = np.array(costs)[:, None]
    hosted = np.zeros_like(cost)
    hosted[: hosts + 1] = 1 / (hosts + 1)
    fee = transition.host_fee_gbp(np.array([[share]]), cost, hosted)
    assert float(fee.sum()) == pytest.approx(0, abs=1e-6)
    assert (fee[hosts + 1 :] >= 0).all()
    assert (transition.host_fee_gbp(np.array([[share]]), cost, 0 * hosted) == 0).all()
