"""The contract of draws: a value depends on its keys alone, and the same bits come out however they are asked for."""

from __future__ import annotations

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from sharesim.errors import StudyError, UsageError
from sharesim.uncertainty.amounts import METHODS
from sharesim.uncertainty.dependence import CommonFactor, Dependence, RankCorrelation
from sharesim.uncertainty.distributions import bernoulli, constant, lognormal, normal, pert, triangular, uniform
from sharesim.uncertainty.draws import CHUNK, DrawPlan, DriverSpec
from sharesim.uncertainty.notation import parse
from sharesim.uncertainty.streams import Streams

SPECS = (
    DriverSpec("a", pert(80, 120, 220)),
    DriverSpec("b", triangular(0, 1, 3)),
    DriverSpec("c", lognormal(mean=4, sd=2)),
    DriverSpec("d", normal(0, 1)),
    DriverSpec("e", uniform(0, 1)),
    DriverSpec("f", bernoulli(0.3)),
    DriverSpec("g", constant(7)),
)
TIED = Dependence([RankCorrelation(between=("a", "c"), rank=0.5), RankCorrelation(among=("b", "d", "e"), rank=0.3)])
DEPENDENCES = {
    "independent": None,
    "gaussian": TIED,
    "t": Dependence(TIED.correlations, copula="t", degrees_of_freedom=4),
    "factor": Dependence(factors=[CommonFactor("market", {"a": 0.5, "d": -0.4})]),
}


def plan(method: str = "monte_carlo", dependence: str = "gaussian", **changes: object) -> DrawPlan:
    given = {"specs": SPECS, "seed": 11, "n_draws": 8 * CHUNK, **changes}
    return DrawPlan(method=method, dependence=DEPENDENCES[dependence], **given)  # type: ignore[arg-type]


cases = pytest.mark.parametrize("dependence", DEPENDENCES)
methods = pytest.mark.parametrize("method", METHODS)


@methods
@cases
def test_any_block_gives_the_same_bits(method: str, dependence: str) -> None:
    whole = plan(method, dependence).values(0, 8)
    apart = plan(method, dependence)
    for start, stop in ((5, 8), (0, 1), (1, 5)):
        np.testing.assert_array_equal(apart.values(start, stop), whole[:, start * CHUNK : stop * CHUNK])


@methods
@cases
def test_the_order_of_drivers_moves_nothing(method: str, dependence: str) -> None:
    turned = plan(method, dependence, specs=SPECS[::-1])
    np.testing.assert_array_equal(turned.chunk(3)[::-1], plan(method, dependence).chunk(3))


@methods
@cases
def test_more_draws_begin_with_the_same_ones(method: str, dependence: str) -> None:
    longer = plan(method, dependence, n_draws=64 * CHUNK)
    np.testing.assert_array_equal(longer.values(0, 8), plan(method, dependence).values(0, 8))


@methods
@cases
def test_where_values_are_put_changes_no_bit(method: str, dependence: str) -> None:
    drawn = plan(method, dependence)
    store = np.empty(len(SPECS) * 3 * CHUNK + 1)[1:].reshape(len(SPECS), 3 * CHUNK)  # not aligned to anything
    out = store[:, CHUNK : 2 * CHUNK]
    assert drawn.chunk(2, out=out) is out
    np.testing.assert_array_equal(out, drawn.chunk(2))


@methods
@cases
def test_threads_and_copies_give_the_same_bits(method: str, dependence: str) -> None:
    drawn = plan(method, dependence)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(drawn.chunk, range(8)))
    fresh = pickle.loads(pickle.dumps(plan(method, dependence)))
    for k, values in enumerate(together):
        np.testing.assert_array_equal(values, fresh.chunk(k))


@pytest.mark.parametrize("method", ["monte_carlo", "latin_hypercube"])
@cases
def test_a_new_driver_moves_nobody(method: str, dependence: str) -> None:
    more = (DriverSpec("A new one", uniform(0, 1)), *SPECS, DriverSpec("bb", normal(0, 1)))
    np.testing.assert_array_equal(
        plan(method, dependence, specs=more).chunk(1)[1:-1], plan(method, dependence).chunk(1)
    )


def test_a_value_in_a_copula_depends_on_its_group_alone() -> None:
    larger = Dependence((*TIED.correlations, RankCorrelation(between=("f", "aa"), rank=0.9)))
    specs = (*SPECS, DriverSpec("aa", normal(0, 1)))
    found = DrawPlan(specs, seed=11, dependence=larger).chunk(0)
    before = DrawPlan(SPECS, seed=11, dependence=TIED).chunk(0)
    np.testing.assert_array_equal(found[:5], before[:5])
    assert not np.array_equal(found[5], before[5])


def test_a_new_name_with_the_old_id_keeps_its_draws() -> None:
    renamed = [DriverSpec(f"new {spec.name}", spec.distribution, id=spec.name) for spec in SPECS]
    np.testing.assert_array_equal(DrawPlan(renamed, seed=11).chunk(0), DrawPlan(SPECS, seed=11).chunk(0))
    tied = DrawPlan(renamed, seed=11, dependence=TIED)  # statements by id
    np.testing.assert_array_equal(tied.chunk(0), DrawPlan(SPECS, seed=11, dependence=TIED).chunk(0))


@methods
@pytest.mark.parametrize(
    "change", [{"seed": 12}, {"purpose": "judge"}, {"purpose": "sampling_gap"}, {"replicate": 1}], ids=str
)
def test_other_seeds_purposes_and_replicates_are_other_futures(method: str, change: dict[str, object]) -> None:
    first, second = plan(method).chunk(0), plan(method, **change).chunk(0)
    for row in range(5):
        assert np.mean(first[row] == second[row]) < 0.01
        # Judging never meets the futures that chose: not the same ones in another place either.
        assert not np.isin(second[row], first[row]).any()


def test_drivers_of_one_law_get_different_draws() -> None:
    drawn = DrawPlan([DriverSpec(str(n), normal(0, 1)) for n in range(50)], seed=0).chunk(0)
    assert np.unique(drawn).size == drawn.size


def test_seeds_are_taken_up_to_64_bits() -> None:
    last = DrawPlan(SPECS, seed=2**64 - 1).chunk(0)
    assert not np.array_equal(last, DrawPlan(SPECS, seed=0).chunk(0))
    assert not np.array_equal(last, DrawPlan(SPECS, seed=2**63 - 1).chunk(0))


def test_values_are_those_written_down() -> None:
    # The contract over releases: these figures may only change with a note that all stored draws change.
    drawn = plan("monte_carlo", "gaussian").chunk(0)
    found = {spec.name: float(value) for spec, value in zip(SPECS, drawn[:, 17], strict=True)}
    assert found == pytest.approx(WRITTEN_DOWN, rel=1e-9)


WRITTEN_DOWN = {
    "a": 141.5987234002103,
    "b": 1.0125783191741224,
    "c": 3.5607825307665526,
    "d": 1.3568205289203048,
    "e": 0.8642508912148585,
    "f": 1.0,
    "g": 7.0,
}


@methods
@cases
def test_one_draw_can_be_had_by_its_number(method: str, dependence: str) -> None:
    drawn = plan(method, dependence)
    values = drawn.values(0, 8)
    for number in (0, 1023, 1024, 5000, 8191):
        found = drawn.draw(number)
        assert list(found) == [spec.name for spec in SPECS]
        assert list(found.values()) == values[:, number].tolist()


@cases
def test_each_latin_chunk_is_a_design_of_its_own(dependence: str) -> None:
    drawn = plan("latin_hypercube", dependence)
    for k in range(4):
        values = drawn.chunk(k)
        normal_strata = np.floor(ndtr(values[3]) * CHUNK).astype(int)
        uniform_strata = np.floor(values[4] * CHUNK).astype(int)
        for strata in (normal_strata, uniform_strata):
            np.testing.assert_array_equal(np.sort(strata), np.arange(CHUNK))


def test_latin_designs_keep_their_dependence() -> None:
    from scipy.stats import spearmanr

    drawn = plan("latin_hypercube", n_draws=64 * CHUNK).values(0, 64)
    assert spearmanr(drawn[0], drawn[2]).statistic == pytest.approx(0.5, abs=0.015)
    assert spearmanr(drawn[3], drawn[4]).statistic == pytest.approx(0.3, abs=0.015)


def test_standard_errors_say_where_they_come_from() -> None:
    assert plan("monte_carlo").has_standard_errors
    assert plan("latin_hypercube").has_standard_errors
    few = plan("latin_hypercube", n_draws=7 * CHUNK)
    assert not few.has_standard_errors and "8,192" in few.standard_error_source
    assert not plan("sobol").has_standard_errors and "8 scrambles" in plan("sobol").standard_error_source


@methods
def test_the_manifest_makes_the_plan_again(method: str) -> None:
    drawn = plan(method, "independent")
    stored = json.loads(json.dumps(drawn.manifest()))
    specs = [DriverSpec(entry["name"], parse(entry["law"]), entry["id"]) for entry in stored["drivers"]]
    again = DrawPlan(
        specs, seed=stored["seed"], purpose=stored["purpose"], replicate=stored["replicate"], method=stored["method"],
        n_draws=stored["n_draws"],
    )  # fmt: skip
    np.testing.assert_array_equal(again.chunk(1), drawn.chunk(1))
    dimensions = {entry["name"]: entry.get("dimension") for entry in stored["drivers"]}
    wanted = {name: n for n, name in enumerate("abcdef")} if method == "sobol" else dict.fromkeys("abcdef")
    assert dimensions == wanted | {"g": None}


def test_the_manifest_tells_of_dependence() -> None:
    parts = [RankCorrelation(between=pair, rank=rank) for pair, rank in ((("a", "b"), 0.9), (("b", "c"), 0.9))]
    tied = Dependence([*parts, RankCorrelation(between=("a", "c"), rank=-0.5)])
    told = DrawPlan(SPECS, seed=1, dependence=tied).manifest()["dependence"]
    assert told["figures"] == "Spearman's rank correlations"
    assert told["groups"] == [["a", "b", "c"]] and len(told["changed"]) == 3


@pytest.mark.parametrize("change", [
    {"seed": -1}, {"seed": 2**64}, {"seed": 1.0}, {"seed": True}, {"seed": None}, {"purpose": "play"},
    {"replicate": -1}, {"method": "halton"}, {"method": "sobol", "n_draws": None}, {"method": "sobol", "n_draws": 3000},
    {"method": "sobol", "n_draws": 512}, {"method": "latin_hypercube", "n_draws": 1500}, {"n_draws": 0},
])  # fmt: skip
def test_arguments_that_cannot_be_used(change: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        plan(**change)


def test_scrambles_are_replicates_one_after_the_other() -> None:
    together = plan("sobol", n_draws=8192, scrambles=4, replicate=2)
    for chunk in range(8):
        alone = plan("sobol", n_draws=2048, replicate=2 * 4 + chunk // 2)
        np.testing.assert_array_equal(together.chunk(chunk), alone.chunk(chunk % 2))
    again = pickle.loads(pickle.dumps(together))
    np.testing.assert_array_equal(again.values(3, 8), together.values(3, 8))
    assert together.manifest()["scrambles"] == 4 and together.draw(8191) == again.draw(8191)
    assert not together.has_standard_errors and plan("sobol", n_draws=8192, scrambles=8).has_standard_errors


@pytest.mark.parametrize(
    "wrong",
    [{"scrambles": 0}, {"scrambles": 3}, {"scrambles": 16}, {"scrambles": 2.0}, {"scrambles": 2, "method": "monte_carlo"}],
    ids=str,
)
def test_scrambles_that_cannot_share_the_draws_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        DrawPlan(SPECS, **{"seed": 1, "method": "sobol", "n_draws": 8192} | wrong)


def test_too_few_sobol_draws_are_refused_with_the_next_size() -> None:
    with pytest.raises(UsageError, match=r"Use 4,096\."):
        plan("sobol", n_draws=3000)


@pytest.mark.parametrize("specs", [
    [DriverSpec("a", normal(0, 1)), DriverSpec("a", normal(0, 1))],
    [DriverSpec("a", normal(0, 1), id="x"), DriverSpec("b", normal(0, 1), id="x")],
    [DriverSpec("a", normal(0, 1)), DriverSpec("b", normal(0, 1), id="a")],
    [DriverSpec("", normal(0, 1))], [DriverSpec("a\x1fb", normal(0, 1))],
], ids=["names", "ids", "id is a name", "empty", "unprintable"])  # fmt: skip
def test_drivers_that_clash(specs: list[DriverSpec]) -> None:
    with pytest.raises(StudyError):
        DrawPlan(specs, seed=1)


def test_chunks_and_draws_beyond_the_end() -> None:
    for ask in (lambda p: p.chunk(8), lambda p: p.chunk(-1), lambda p: p.draw(8192), lambda p: p.values(3, 9)):
        with pytest.raises(UsageError):
            ask(plan())
    with pytest.raises(UsageError, match="does not fit"):
        plan().chunk(0, out=np.empty((7, 1000)))


def test_streams_are_values() -> None:
    streams = Streams(5, "judge", 3)
    assert pickle.loads(pickle.dumps(streams)) == streams
    again = pickle.loads(pickle.dumps(streams)).generator("x", 2).standard_normal(4)
    np.testing.assert_array_equal(again, streams.generator("x", 2).standard_normal(4))
    # Key and chunk are not run together.
    assert streams.generator("x", 2).random() != streams.generator("x2", 0).random()
