"""Scrambled Sobol' points: Joe and Kuo's sequence, scrambles that keep its balance, padding that is balanced too."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import qmc

from sharesim.uncertainty import sobol
from sharesim.uncertainty.sobol import SobolPoints, direction_numbers, points_at, shuffled
from sharesim.uncertainty.streams import Streams

CHUNK = 1024


def points(keys: tuple[str, ...], n_bits: int, seed: int = 1) -> np.ndarray:
    made = SobolPoints(keys, Streams(seed), n_bits, CHUNK)
    out = np.empty((len(keys), 2**n_bits))
    for dimension in range(len(keys)):
        for k in range(2**n_bits // CHUNK):
            made.fill(dimension, k, out[dimension, k * CHUNK : (k + 1) * CHUNK])
    return out


def test_without_a_scramble_it_is_scipys_sequence() -> None:
    numbers = direction_numbers(40, 13)
    index = np.arange(2**13, dtype=np.uint64)
    found = np.stack([points_at(index, row, np.uint64(0)) for row in numbers]) / 2.0**13
    np.testing.assert_array_equal(found.T, qmc.Sobol(40, scramble=False).random(2**13))


@pytest.mark.parametrize("n_bits", [10, 11, 13])
def test_every_dimension_has_one_point_in_each_stratum(n_bits: int) -> None:
    keys = tuple(f"{n:03d}" for n in range(30))
    strata = np.sort(np.floor(points(keys, n_bits) * 2**n_bits).astype(int), axis=1)
    np.testing.assert_array_equal(strata, np.broadcast_to(np.arange(2**n_bits), strata.shape))


def test_a_scramble_keeps_the_net() -> None:
    # The first two dimensions are a (0, k, 2)-net: one point in every box of size 1/n, whatever its sides.
    first, second = points(("a", "b"), 12)
    for across in range(13):
        boxes = np.floor(first * 2**across) * 2 ** (12 - across) + np.floor(second * 2 ** (12 - across))
        assert np.unique(boxes).size == 2**12


def test_points_stay_off_the_ends_and_are_all_different() -> None:
    found = points(("a", "b", "c"), 14)
    assert found.min() > 0.0 and found.max() < 1.0
    assert np.unique(found).size == found.size


def test_a_scramble_belongs_to_its_key() -> None:
    alone = points(("a", "b"), 10)
    more = points(("a", "b", "c"), 10)
    np.testing.assert_array_equal(more[:2], alone)
    assert not np.array_equal(points(("a", "c"), 10)[1], alone[1])
    assert not np.array_equal(points(("a", "b"), 10, seed=2), alone)


def test_scrambled_points_are_uniform_over_seeds() -> None:
    # One point over many scrambles: mean 1/2 with error 1 / sqrt(12 x 400).
    over_seeds = np.array([points(("a", "b"), 10, seed)[:, [0, 1, 517]] for seed in range(400)])
    error = 1 / np.sqrt(12 * 400)
    assert np.all(np.abs(over_seeds.mean(axis=0) - 0.5) < 4 * error)
    assert np.all(np.abs(over_seeds.var(axis=0) - 1 / 12) < 4 * np.sqrt(1 / 180 / 400))


@pytest.mark.parametrize("n_bits", [10, 11, 15, 20])
def test_the_shuffle_is_a_permutation(n_bits: int) -> None:
    keys = np.random.default_rng(n_bits).integers(0, 2**63, 12, dtype=np.uint64)
    index = np.arange(2**n_bits, dtype=np.uint64)
    found = shuffled(index, n_bits, keys)
    np.testing.assert_array_equal(np.sort(found), index)
    # And it looks like a random one: no correlation with the place, few fixed points.
    error = 1 / np.sqrt(2**n_bits)
    assert abs(np.corrcoef(found.astype(float), index.astype(float))[0, 1]) < 4 * error
    assert np.sum(found == index) < 10


def test_padding_beyond_the_sequence_is_balanced_at_every_power_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sobol, "SOBOL_DIMENSIONS", 3)
    keys = tuple(f"{n:02d}" for n in range(20))
    found = points(keys, 13)
    for size in (1024, 2048, 4096, 8192):
        strata = np.sort(np.floor(found[:, :size] * size).astype(int), axis=1)
        np.testing.assert_array_equal(strata, np.broadcast_to(np.arange(size), strata.shape))
    # Independent of each other: the correlations are those of independent designs, and no quadrant is empty.
    correlation = np.corrcoef(found)[np.triu_indices(20, 1)]
    assert np.abs(correlation[3:]).max() < 4.5 / np.sqrt(2**13)
    quadrants = np.histogram2d(found[5], found[6], bins=4, range=[[0, 1], [0, 1]])[0]
    assert quadrants.min() > 2**13 / 16 * 0.8


def test_more_than_a_thousand_dimensions() -> None:
    keys = tuple(f"{n:04d}" for n in range(1030))
    found = points(keys, 10)
    strata = np.sort(np.floor(found * CHUNK).astype(int), axis=1)
    np.testing.assert_array_equal(strata, np.broadcast_to(np.arange(CHUNK), strata.shape))
