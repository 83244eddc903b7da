"""Rank correlations as they are stated, the groups they make, and matrices that cannot be."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sharesim.errors import StudyError
from sharesim.uncertainty.copula import LATENT, resolve
from sharesim.uncertainty.correlation import nearest_correlation, triangular_root
from sharesim.uncertainty.dependence import CommonFactor, Dependence, RankCorrelation
from sharesim.uncertainty.spearman import rank_of_scores, ranks_of_scores, scores_of_rank


def keys(*names: str) -> dict[str, str]:
    return {name: name for name in names}


def score(rank: float) -> float:
    return 2 * math.sin(math.pi * rank / 6)


def test_spearman_and_scores_undo_each_other() -> None:
    for freedom in (None, 2.0, 4.0, 30.0):
        for rank in (-1.0, -0.7, -0.05, 0.0, 0.3, 0.95, 1.0):
            assert rank_of_scores(scores_of_rank(rank, freedom), freedom) == pytest.approx(rank, abs=1e-8)
    assert scores_of_rank(0.3) == pytest.approx(score(0.3), rel=1e-14)


def test_t_conversion_goes_to_the_gaussian_and_the_quick_one_follows_it() -> None:
    assert rank_of_scores(0.5, 1000.0) == pytest.approx(rank_of_scores(0.5), abs=1e-4)
    scores = np.linspace(-1, 1, 23)
    for freedom in (2.0, 4.0):
        slow = [rank_of_scores(float(value), freedom) for value in scores]
        np.testing.assert_allclose(ranks_of_scores(scores, freedom), slow, atol=1e-8)


def test_one_rank_among_all_is_one_common_factor() -> None:
    dependence = Dependence([RankCorrelation(among=("c", "a", "b"), rank=0.4)])
    (group,) = resolve(dependence, keys("a", "b", "c", "d"))
    assert group.keys == ("a", "b", "c") and group.latents == (f"{LATENT}among:a",) and group.root is None
    np.testing.assert_allclose(group.correlation, np.where(np.eye(3) == 1, 1.0, score(0.4)), rtol=1e-14)


def test_groups_are_connected_and_apart() -> None:
    dependence = Dependence(
        [
            RankCorrelation(between=("a", "b"), rank=0.5),
            RankCorrelation(between=("b", "c"), rank=0.5),
            RankCorrelation(between=(("e", "f"), ("g",)), rank=-0.3),
            RankCorrelation(between=("c", "e"), rank=0.0),
        ]
    )
    groups = resolve(dependence, keys(*"abcdefg"))
    assert [group.keys for group in groups] == [("a", "b", "c"), ("e", "f", "g")]
    t = Dependence(dependence.correlations, copula="t", degrees_of_freedom=4)
    assert [group.keys for group in resolve(t, keys(*"abcdefg"))] == [("a", "b", "c", "e", "f", "g")]


def test_a_pair_stands_above_groups_and_groups_above_factors() -> None:
    dependence = Dependence(
        [RankCorrelation(among=("a", "b", "c"), rank=0.4), RankCorrelation(between=("a", "b"), rank=0.7)],
        [CommonFactor("market", {"c": 0.6, "d": 0.5})],
    )
    (group,) = resolve(dependence, keys(*"abcd"))
    matrix = group.correlation
    np.testing.assert_allclose(matrix[0, 1:3], [score(0.7), score(0.4)], rtol=1e-12)
    assert matrix[2, 3] == pytest.approx(score(0.6) * score(0.5))
    assert matrix[0, 3] == 0.0


def test_factors_alone_keep_draws_of_their_own() -> None:
    (group,) = resolve(
        Dependence(factors=[CommonFactor("x", {"a": 0.5, "b": -0.6}), CommonFactor("y", {"b": 0.3})]), keys("a", "b")
    )
    assert group.latents == (f"{LATENT}factor:x", f"{LATENT}factor:y")
    assert group.correlation[0, 1] == pytest.approx(-score(0.5) * score(0.6))


def test_ids_are_used_where_names_are_stated() -> None:
    dependence = Dependence([RankCorrelation(between=("HR saving", "it.cost"), rank=0.5)])
    (group,) = resolve(dependence, {"HR saving": "hr", "hr": "hr", "IT cost": "it.cost", "it.cost": "it.cost"})
    assert group.keys == ("hr", "it.cost")


@pytest.mark.parametrize("size", [2, 5, 33, 70])
def test_triangular_root_is_cholesky(size: int) -> None:
    data = np.random.default_rng(size).standard_normal((size, 3 * size))
    matrix = np.corrcoef(data)
    np.testing.assert_allclose(triangular_root(matrix), np.linalg.cholesky(matrix), atol=1e-13)


def test_perfect_correlation_is_possible() -> None:
    matrix = np.array([[1.0, 1.0, -1.0], [1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]])
    root = triangular_root(matrix)
    assert root is not None
    np.testing.assert_allclose(root @ root.T, matrix)
    assert triangular_root(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.5], [0.0, 0.5, 1.0]])) is None


def test_nearest_matrix_is_highams() -> None:
    # Higham 2002, section 4: the nearest to this one, as published to four decimals.
    wanted = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    published = np.array([[1.0, 0.7607, 0.1573], [0.7607, 1.0, 0.7607], [0.1573, 0.7607, 1.0]])
    np.testing.assert_allclose(nearest_correlation(wanted), published, atol=6e-5)


@pytest.mark.parametrize("seed", range(5))
def test_nothing_possible_is_nearer(seed: int) -> None:
    random = np.random.default_rng(seed)
    wanted = random.uniform(-1, 1, (6, 6))
    wanted = np.triu(wanted, 1) + np.triu(wanted, 1).T + np.eye(6)
    found = nearest_correlation(wanted)
    assert triangular_root(found) is not None
    np.testing.assert_array_equal(np.diag(found), 1.0)
    distance = np.linalg.norm(found - wanted)
    for _ in range(200):  # steps towards any other possible matrix lead away
        other = np.corrcoef(random.standard_normal((6, random.integers(2, 9))))
        for step in (1e-3, 0.1, 1.0):
            assert np.linalg.norm(found + step * (other - found) - wanted) > distance - 1e-4


def impossible(strict: bool) -> Dependence:
    parts = [RankCorrelation(between=pair, rank=rank) for pair, rank in ((("a", "b"), 0.9), (("b", "c"), 0.9))]
    return Dependence([*parts, RankCorrelation(between=("a", "c"), rank=-0.5)], strict=strict)


def test_repair_is_reported_pair_by_pair() -> None:
    (group,) = resolve(impossible(strict=False), keys("a", "b", "c"))
    asked = {(change.first, change.second): change.asked for change in group.changes}
    assert asked == pytest.approx({("a", "b"): 0.9, ("b", "c"): 0.9, ("a", "c"): -0.5})
    for change in group.changes:
        row, column = "abc".index(change.first), "abc".index(change.second)
        assert rank_of_scores(group.correlation[row, column]) == pytest.approx(change.used, abs=1e-9)
        assert abs(change.used - change.asked) > 0.05


def test_strict_refuses_and_offers_the_nearest() -> None:
    with pytest.raises(StudyError, match=r"cannot all hold.*nearest possible: a with b: asked 0.9000, used 0.58"):
        resolve(impossible(strict=True), keys("a", "b", "c"))


def test_mixing_gives_the_correlation_of_the_root() -> None:
    names = tuple("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP")
    parts = [RankCorrelation(among=names, rank=0.3), RankCorrelation(between=("a", "b"), rank=0.6)]
    (group,) = resolve(Dependence(parts), keys(*names))
    own = np.random.default_rng(1).standard_normal((len(names), 1024))
    mixed = own.copy()
    group.mix(mixed, np.empty((0, 1024)))
    np.testing.assert_allclose(mixed, group.root @ own, atol=1e-12)


BAD = [
    lambda: RankCorrelation(rank=0.3),
    lambda: RankCorrelation(between=("a", "b"), among=("a", "b"), rank=0.3),
    lambda: RankCorrelation(between=("a", "b"), rank=1.2),
    lambda: RankCorrelation(between=("a", "b"), rank=math.nan),
    lambda: RankCorrelation(between=("a", "b"), rank=True),
    lambda: RankCorrelation(between=("a", "a"), rank=0.2),
    lambda: RankCorrelation(between=("a", "b", "c"), rank=0.2),
    lambda: RankCorrelation(between="ab", rank=0.2),
    lambda: RankCorrelation(among=("a",), rank=0.2),
    lambda: RankCorrelation(among=("a", "a"), rank=0.2),
    lambda: RankCorrelation(among=(), rank=0.2),
    lambda: CommonFactor("x", {"a": 2}),
    lambda: CommonFactor("x", {}),
    lambda: Dependence(factors=[CommonFactor("x", {"a": 0.2}), CommonFactor("x", {"b": 0.2})]),
    lambda: Dependence(copula="clayton"),
    lambda: Dependence(copula="t"),
    lambda: Dependence(copula="t", degrees_of_freedom=1),
    lambda: Dependence(degrees_of_freedom=4),
    lambda: resolve(Dependence([RankCorrelation(between=("a", "bb"), rank=0.1)]), keys("a", "bbb")),
    lambda: resolve(Dependence(factors=[CommonFactor("a", {"b": 0.2})]), keys("a", "b")),
    lambda: resolve(Dependence(factors=[CommonFactor("x", {"a": 0.9}), CommonFactor("y", {"a": 0.8})]), keys("a")),
    lambda: resolve(
        Dependence([RankCorrelation(between=("a", "b"), rank=0.1), RankCorrelation(between=("b", "a"), rank=0.2)]),
        keys("a", "b"),
    ),
]


@pytest.mark.parametrize("make", BAD)
def test_statements_that_make_no_sense_are_refused(make) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(StudyError) as caught:
        make()
    assert all(fault.where and fault.problem for fault in caught.value.faults)
