"""Draws by name and functions of them: the same draws as the plan's, whatever the blocks."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Mapping

import numpy as np
import pytest

import sharesim
from sharesim.errors import StudyError, UsageError
from sharesim.uncertainty import sample as sampling
from sharesim.uncertainty.dependence import CommonFactor, Dependence, RankCorrelation
from sharesim.uncertainty.distributions import normal, pert, uniform
from sharesim.uncertainty.draws import DrawPlan
from sharesim.uncertainty.sample import dependence_of, propagate, sample, specs_of

DRIVERS = {"saving": pert(80, 120, 220), "cost": "lognormal(mean=60, sd=30)", "share": {"uniform": [0, 1]}, "fee": 5}


def net(x: Mapping[str, np.ndarray]) -> np.ndarray:
    return x["share"] * x["saving"] - x["cost"] - x["fee"]


def test_public_names() -> None:
    assert sharesim.sample is sample and sharesim.propagate is propagate


@pytest.mark.parametrize(("method", "draws"), [("monte_carlo", 2500), ("latin_hypercube", 3072), ("sobol", 4096)])
def test_sample_is_the_plans_draws(method: str, draws: int) -> None:
    drawn = sample(DRIVERS, draws=draws, seed=3, method=method, correlation=0.4)
    plan = DrawPlan(
        specs_of(DRIVERS), seed=3, method=method, dependence=dependence_of(0.4, list(DRIVERS)), n_draws=draws
    )
    values = plan.values(0, -(-draws // 1024))[:, :draws]
    assert list(drawn) == list(DRIVERS) and len(drawn) == 4 and drawn.n_draws == draws
    for row, name in enumerate(DRIVERS):
        np.testing.assert_array_equal(drawn[name], values[row])
    assert drawn.draw(draws - 1) == plan.draw(draws - 1)
    assert "4 drivers" in repr(drawn)


def test_frames() -> None:
    drawn = sample(DRIVERS, draws=100, seed=3)
    frame = drawn.to_frame()
    assert list(frame.columns) == list(DRIVERS) and frame.shape == (100, 4) and frame.index.name == "draw"
    np.testing.assert_array_equal(frame["cost"], drawn["cost"])


def test_drawing_does_not_load_pandas_or_scipys_statistics() -> None:
    code = (
        "import sys, sharesim; sharesim.sample({'a': 'pert(1, 2, 4)'}, draws=10, seed=1);"
        "print([name for name in ('pandas', 'scipy.stats', 'scipy.optimize', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_more_draws_begin_with_the_same_ones() -> None:
    short, long = sample(DRIVERS, draws=1500, seed=3), sample(DRIVERS, draws=9000, seed=3)
    np.testing.assert_array_equal(long["saving"][:1500], short["saving"])


@pytest.mark.parametrize("block", [1, 10**5, 10**9])
def test_blocks_change_no_bit(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    usual = propagate(net, DRIVERS, draws=20_000, seed=3, correlation=0.4)
    monkeypatch.setattr(sampling, "BLOCK_BYTES", block)
    other = propagate(net, DRIVERS, draws=20_000, seed=3, correlation=0.4)
    np.testing.assert_array_equal(other.outputs["value"], usual.outputs["value"])
    assert other.estimates == usual.estimates


def test_propagate_is_the_function_of_the_sample() -> None:
    found = propagate(net, DRIVERS, draws=2500, seed=3, measures=["mean", "p5"])
    np.testing.assert_array_equal(found.outputs["value"][0], net(sample(DRIVERS, draws=2500, seed=3)))
    assert found["mean"].value == pytest.approx(found.outputs["value"].mean())
    assert list(found["value"]) == ["mean", "P5"] and found["value", "P5"] is found["P5"]
    assert "value mean: " in str(found)


def test_several_outputs_and_plain_numbers() -> None:
    found = propagate(lambda x: {"net": net(x), "fixed": 3.0}, DRIVERS, draws=4096, seed=3, method="latin_hypercube")
    assert set(found.estimates) == {"net", "fixed"}
    assert found["fixed"]["mean"].value == 3.0
    assert math.isnan(found["net"]["mean"].standard_error)


def test_scrambles_give_sobol_its_errors() -> None:
    truth = 0.5 * pert(80, 120, 220).mean - 60 - 5
    found = propagate(net, DRIVERS, draws=2048, seed=3, method="sobol", replicates=8)
    crude = propagate(net, DRIVERS, draws=8 * 2048, seed=3)
    assert found.outputs["value"].shape == (8, 2048) and found["mean"].n_draws == 8 * 2048
    assert abs(found["mean"].value - truth) < 5 * found["mean"].standard_error
    assert found["mean"].standard_error < crude["mean"].standard_error / 20
    assert not propagate(net, DRIVERS, draws=2048, seed=3, method="sobol")["mean"].available


@pytest.mark.parametrize(
    "correlation",
    [
        0.3,
        {("a", "b"): 0.3, ("a", "c"): 0.3, ("b", "c"): 0.3},
        [RankCorrelation(among=("a", "b", "c"), rank=0.3)],
        RankCorrelation(between=(("a",), ("b", "c")), rank=0.3),
        Dependence([RankCorrelation(between=("a", "b"), rank=0.3)]),
        [[1, 0.3, 0], [0.3, 1, 0], [0, 0, 1]],
        np.array([[1, 0.3, 0], [0.3, 1, 0], [0, 0, 1]]),
        [CommonFactor("f", {"a": 0.6, "b": 0.5})],
    ],
    ids=["number", "pairs", "list", "one", "whole", "lists", "array", "factor"],
)
def test_forms_of_correlation(correlation: object) -> None:
    drawn = sample({name: normal(0, 1) for name in "abc"}, draws=40_000, seed=1, correlation=correlation)
    ranks = np.argsort(np.argsort(drawn.values_by_driver, axis=1), axis=1)
    assert np.corrcoef(ranks)[0, 1] == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize(
    "correlation", [[[1, 0.3], [0.2, 1]], [[1, 0.3, 0], [0.3, 1, 0]], "strong", [[2, 0], [0, 2]], object()]
)
def test_correlations_that_cannot_be_used(correlation: object) -> None:
    with pytest.raises((UsageError, StudyError)):
        sample({"a": normal(0, 1), "b": normal(0, 1)}, draws=10, seed=1, correlation=correlation)


def test_faults_name_the_driver() -> None:
    with pytest.raises(StudyError, match=r"driver b: pert: the mode lies outside"):
        sample({"a": normal(0, 1), "b": "pert(1, 5, 3)"}, draws=10, seed=1)
    with pytest.raises(UsageError, match="none given"):
        sample({}, draws=10, seed=1)


@pytest.mark.parametrize(
    "function", [lambda x: x["a"][:5], lambda x: np.zeros((2, 1024)), lambda x: {"y": x["a"][:-1]}]
)
def test_functions_of_the_wrong_shape(function) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError, match="wrong shape"):
        propagate(function, {"a": uniform(0, 1)}, draws=100, seed=1)


def test_replicates_are_for_sobol() -> None:
    for replicates, method in ((2, "monte_carlo"), (0, "sobol"), (-1, "sobol")):
        with pytest.raises(UsageError):
            propagate(net, DRIVERS, draws=1024, seed=1, method=method, replicates=replicates)
