"""Scrambled Sobol' points, each dimension's scramble keyed by its driver, made chunk by chunk."""

from __future__ import annotations

from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from sharesim.uncertainty.streams import Streams

Words = NDArray[np.uint64]

#: Dimensions taken from the Sobol' sequence; drivers beyond get shuffled one-dimensional sequences.
SOBOL_DIMENSIONS = 1024
#: Logarithm to base two of the most points there can be.
MOST_BITS = 30
#: Bits of a point; the last one is the half that keeps it off 0 and 1.
_BITS = 52
_ROUNDS = 6


@lru_cache(maxsize=4)
def direction_numbers(n_dimensions: int, n_bits: int) -> Words:
    """Return the Sobol' direction numbers (dimension, bit), `n_bits` wide, of Joe and Kuo's sequence in scipy.

    The point whose index has the Gray code 2^j is the j-th direction number itself.
    """
    # Imported here: scipy.stats takes longer to load than all the rest of the draws.
    from scipy.stats import qmc

    engine = qmc.Sobol(n_dimensions, scramble=False, bits=MOST_BITS)
    numbers = np.empty((n_dimensions, n_bits), dtype=np.uint64)
    index = 0
    for bit in range(n_bits):
        wanted = 2 ** (bit + 1) - 1
        if wanted > index:
            engine.fast_forward(wanted - index)
        numbers[:, bit] = (engine.random(1)[0] * 2.0**MOST_BITS).astype(np.uint64)
        index = wanted + 1
    numbers >>= np.uint64(MOST_BITS - n_bits)
    numbers.flags.writeable = False  # replicates share them
    return numbers


def scrambled(numbers: Words, generator: np.random.Generator) -> tuple[Words, np.uint64]:
    """Return one dimension's direction numbers after a random linear scramble, and its digital shift.

    Random lower triangular matrix and shift (Matousek 1998): the variance of full nested scrambling (Owen 2003) at the
    cost of a few exclusive-ors.

    Parameters
    ----------
    numbers : ndarray of uint64 (bit,)
        Direction numbers, as many bits wide as there are.
    generator : numpy.random.Generator
        Stream of this dimension.
    """
    n_bits = numbers.size
    diagonal = np.uint64(1) << np.arange(_BITS - 1, _BITS - 1 - n_bits, -1, dtype=np.uint64)
    # As many words whatever the number of points, so that more points begin with the same ones.
    words = generator.integers(0, 2**_BITS, MOST_BITS + 1, dtype=np.uint64)
    columns = diagonal | (words[:n_bits] & (diagonal - np.uint64(1)))
    mixed = np.zeros(n_bits, dtype=np.uint64)
    for bit in range(n_bits):
        has = (numbers >> np.uint64(n_bits - 1 - bit)) & np.uint64(1)
        mixed ^= has * columns[bit]
    return mixed, words[MOST_BITS]


def points_at(index: Words, numbers: Words, shift: np.uint64) -> Words:
    """Return the points (as integers) at indices of the sequence, by the Gray code of each index."""
    gray = index ^ (index >> np.uint64(1))
    points = np.full(index.shape, shift, dtype=np.uint64)
    for bit, number in enumerate(numbers):
        points ^= ((gray >> np.uint64(bit)) & np.uint64(1)) * number
    return points


def _hashed(words: Words, key: np.uint64) -> Words:
    """Mix 64-bit words with a key (the finaliser of splitmix64)."""
    words = (words + key) * np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def shuffled(offset: Words, n_bits: int, keys: Words) -> Words:
    """Return a keyed permutation of the whole numbers below 2^n_bits at some of them (a Feistel network)."""
    right_bits = np.uint64((n_bits + 1) // 2)
    left_bits = np.uint64(n_bits) - right_bits
    left, right = offset >> right_bits, offset & ((np.uint64(1) << right_bits) - np.uint64(1))
    for first, second in keys.reshape(_ROUNDS, 2):
        left = left ^ (_hashed(right, first) >> (np.uint64(64) - left_bits))
        right = right ^ (_hashed(left, second) >> (np.uint64(64) - right_bits))
    return (left << right_bits) | right


class SobolPoints:
    """Points of keyed dimensions, chunk by chunk; a power of two in all.

    Parameters
    ----------
    keys : sequence of str
        Keys in sorted order: the rank is the dimension.
    streams : Streams
        Gives every key's scramble.
    n_bits : int
        Logarithm of the number of points to base two.
    chunk : int
        Points of a chunk, a power of two.
    """

    def __init__(self, keys: tuple[str, ...], streams: Streams, n_bits: int, chunk: int) -> None:
        self.keys, self.streams, self.n_bits, self.chunk = keys, streams, n_bits, chunk

    @cached_property
    def _numbers(self) -> Words:
        return direction_numbers(min(len(self.keys), SOBOL_DIMENSIONS), self.n_bits)

    @cached_property
    def _scrambled(self) -> list[tuple[Words, np.uint64]]:
        plain = np.uint64(1) << np.arange(self.n_bits - 1, -1, -1, dtype=np.uint64)  # van der Corput's own
        return [
            scrambled(
                self._numbers[dimension] if dimension < SOBOL_DIMENSIONS else plain,
                self.streams.generator(f"\x1fscramble:{key}", 0),
            )
            for dimension, key in enumerate(self.keys)
        ]

    @cached_property
    def _patterns(self) -> list[Words]:
        """The first chunk of every Sobol' dimension; any other is this one, shifted."""
        index = np.arange(self.chunk, dtype=np.uint64)
        return [points_at(index, *parts) for parts in self._scrambled[:SOBOL_DIMENSIONS]]

    def fill(self, dimension: int, chunk: int, out: NDArray[np.float64]) -> None:
        """Put one chunk of one dimension into `out`, strictly between 0 and 1."""
        numbers, shift = self._scrambled[dimension]
        if dimension < SOBOL_DIMENSIONS:
            # A chunk is the first one shifted: the Gray code of its first index says by which direction numbers.
            first = chunk * self.chunk
            gray, moved = first ^ (first >> 1), 0
            while gray:
                moved ^= int(numbers[(gray & -gray).bit_length() - 1])
                gray &= gray - 1
            points = self._patterns[dimension] ^ np.uint64(moved)
        else:
            points = points_at(self._shuffled_index(dimension, chunk), numbers, shift)
        np.add(points, 0.5, out=out)
        out *= 2.0**-_BITS

    def _shuffled_index(self, dimension: int, chunk: int) -> Words:
        """Return one chunk's indices, shuffled within [2^j, 2^(j + 1)) so that every power of two stays balanced."""
        key = f"\x1fshuffle:{self.keys[dimension]}"
        first = chunk * self.chunk
        if chunk == 0:
            generator = self.streams.generator(key, 0)
            blocks = [np.array([0])]
            size = 1
            while size < self.chunk:
                blocks.append(size + generator.permutation(size))
                size *= 2
            return np.concatenate(blocks).astype(np.uint64)
        n_bits = first.bit_length() - 1
        keys = self.streams.generator(key, n_bits).integers(0, 2**63, 2 * _ROUNDS, dtype=np.uint64)
        start = np.uint64(2**n_bits)
        return start + shuffled(np.arange(first, first + self.chunk, dtype=np.uint64) - start, n_bits, keys)
