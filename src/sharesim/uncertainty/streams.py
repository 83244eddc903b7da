"""Seeds and names to random numbers: each (seed, purpose, replicate, key, chunk) has a generator of its own.

No stream is ever advanced from one chunk to the next, so any chunk of any driver can be made alone, in any order, on
any thread. See docs/decisions/010-streams.md for what was measured.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.random import SFC64, Generator
from numpy.random.bit_generator import ISeedSequence

from sharesim.arguments import a_word, check_fields, shown
from sharesim.errors import Fault, UsageError

#: What draws are for. Judging never meets the futures that chose, and the gap is estimated on others again.
PURPOSES = ("choose", "judge", "sampling_gap")
#: Seeds are whole numbers below this.
SEED_LIMIT = 2**64


class _Words(ISeedSequence):
    """Seeds a bit generator with given words; numpy's own seeding would cost ten times the stream."""

    def __init__(self, digest: bytes) -> None:
        self._digest = digest

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> np.ndarray:
        return np.frombuffer(self._digest, dtype=dtype)[:n_words]


def whole_number(where: str, value: Any, limit: int = SEED_LIMIT) -> int:
    """Return a whole number from 0 to below `limit`, or refuse it."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)) or not 0 <= int(value) < limit:
        power = "2**64" if limit == SEED_LIMIT else f"{limit:,}"
        allowed = f"a whole number from 0 to below {power}"
        raise UsageError(
            Fault(where, "not usable", shown(value), allowed, "Give one; the same one gives the same draws.")
        )
    return int(value)


@dataclass(frozen=True)
class Streams:
    """Generators by key and chunk for one seed, purpose and replicate.

    Parameters
    ----------
    seed : int
        From 0 to below 2**64.
    purpose : {"choose", "judge", "sampling_gap"}
        What the draws are for.
    replicate : int
        Number of the independent repetition.

    Examples
    --------
    >>> streams = Streams(seed=7)
    >>> first = streams.generator("pay award", 0).standard_normal()
    >>> first == streams.generator("pay award", 0).standard_normal()
    True
    >>> first == Streams(seed=7, purpose="judge").generator("pay award", 0).standard_normal()
    False
    """

    seed: int
    purpose: str = "choose"
    replicate: int = 0
    _root: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", whole_number("seed", self.seed))
        object.__setattr__(self, "replicate", whole_number("replicate", self.replicate))
        check_fields(self, purpose=a_word(*PURPOSES))
        object.__setattr__(self, "_root", _hasher(self.seed, self.purpose, self.replicate))

    def __getstate__(self) -> tuple[int, str, int]:
        return self.seed, self.purpose, self.replicate

    def __setstate__(self, state: tuple[int, str, int]) -> None:
        for name, value in zip(("seed", "purpose", "replicate"), state, strict=True):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_root", _hasher(*state))

    def keyed(self, key: str) -> Any:
        """Return the hash state of one key, from which each chunk's generator is made."""
        state = self._root.copy()
        text = key.encode()
        state.update(len(text).to_bytes(8, "little") + text)
        return state

    def generator(self, key: str, chunk: int) -> Generator:
        """Return the generator of one key and chunk."""
        return chunk_generator(self.keyed(key), chunk)


def _hasher(seed: int, purpose: str, replicate: int) -> Any:
    header = seed.to_bytes(8, "little") + replicate.to_bytes(8, "little") + purpose.encode().ljust(16)
    return hashlib.blake2b(header, digest_size=32, person=b"sharesim draws")


def chunk_generator(keyed: Any, chunk: int) -> Generator:
    """Return the generator of one chunk from a key's hash state."""
    state = keyed.copy()
    state.update(chunk.to_bytes(8, "little"))
    # NumPy takes any ISeedSequence; its stubs name its own class only.
    return Generator(SFC64(_Words(state.digest())))  # type: ignore[arg-type]  # stubs too narrow
