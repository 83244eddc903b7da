"""Tables of worth against numpy, and what a hand can work out."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from sharesim.report import worth
from sharesim.report.contents import Contents
from sharesim.report.material import Material


def account_of(net: list[list[list[float]]]) -> SimpleNamespace:
    """Return what the tables need of an account: net cash (council, year, draw)."""
    return SimpleNamespace(net=np.array(net))


def study_of(n_years: int, *report_years: int) -> SimpleNamespace:
    """Return what the tables need of a study."""
    about = SimpleNamespace(report_years=report_years, start=SimpleNamespace(month=4))
    councils = SimpleNamespace(ids=("a", "b"))
    return SimpleNamespace(n_years=n_years, first_year=2025, councils=councils, model=SimpleNamespace(study=about))


def test_fan_is_of_cumulative_cash_of_all_councils(trio_material: Material) -> None:
    frame = trio_material.tables["fan"]
    cumulative = np.cumsum(trio_material.account.net.sum(axis=0), axis=0)
    assert np.allclose(frame.mean_gbp, cumulative.mean(axis=1))
    for q in worth.FAN:
        expected = np.quantile(cumulative, q / 100, axis=1, method="inverted_cdf")
        assert np.array_equal(frame[f"p{q}_gbp"], expected)


def test_years_add_up_to_the_net(trio_material: Material) -> None:
    frame = trio_material.tables["yearly"]
    parts = ["cashable_gbp", "one_off_gbp", "grants_gbp", "receipts_gbp", "risks_gbp", "running_gbp"]
    assert np.allclose(frame[parts].sum(axis=1), frame.net_gbp)
    assert frame.one_off_gbp.iloc[0] < 0


def test_longest_horizon_is_the_headline(trio_material: Material, trio: Contents) -> None:
    frame = trio_material.tables["horizons"]
    assert list(frame.years) == [3, 6]
    last = frame.iloc[-1]
    for name in ("npv_mean_gbp", "npv_p5_gbp", "npv_p50_gbp", "npv_p95_gbp", "probability_of_loss", "cvar_gbp"):
        assert np.isclose(last[name], trio.figures[name], rtol=1e-10), name
    assert np.isclose(last.one_off_gbp, trio.figures["one_off_gbp"], rtol=1e-10)
    assert np.isclose(frame.npv_mean_gbp.iloc[0], trio.figures["npv_3_years"]["npv_mean_gbp"], rtol=1e-10)


def test_payback_by_hand() -> None:
    # Two councils, two years, two futures: together −30 then +60 (paid back half way), and −30 then +10 (never).
    account = account_of([[[-20.0, -20.0], [40.0, 0.0]], [[-10.0, -10.0], [20.0, 10.0]]])
    frame = worth.payback(study_of(2, 1), account).set_index("council")
    assert frame.loc["", "payback_p50_years"] == 1.5
    assert frame.loc["", "paid_back_in_1_years_share"] == 0.0
    assert frame.loc["", "paid_back_in_2_years_share"] == 0.5
    assert frame.loc["", "peak_funding_mean_gbp"] == 30.0
    assert frame.loc["b", "paid_back_in_2_years_share"] == 1.0
    assert frame.loc["a", "peak_funding_p95_gbp"] == 20.0


def test_futures_never_paid_back_are_infinite() -> None:
    frame = worth.payback(study_of(2), account_of([[[-1.0] * 3, [0.5] * 3], [[0.0] * 3, [0.0] * 3]]))
    assert np.isinf(frame.payback_p50_years.iloc[0])


@pytest.mark.parametrize("seed", range(5))
def test_histogram_holds_every_future_and_an_edge_at_zero(seed: int) -> None:
    draws = np.random.default_rng(seed).normal(2e5, 4e5, size=5000)
    frame = worth.spread(draws)
    assert np.isclose(frame.futures_share.sum(), 1.0)
    assert np.allclose(frame.to_gbp.iloc[:-1], frame.from_gbp.iloc[1:])
    edges = np.append(frame.from_gbp, frame.to_gbp.iloc[-1])
    assert np.abs(edges).min() < 1e-6
    assert np.isclose(frame.futures_share[frame.to_gbp <= 0].sum(), (draws < 0).mean())
    assert 20 <= len(frame) <= 90


def test_histogram_of_one_value() -> None:
    frame = worth.spread(np.full(100, 7.0))
    assert np.isclose(frame.futures_share.sum(), 1.0)
