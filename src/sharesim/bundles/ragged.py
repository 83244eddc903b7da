"""Lists of uneven length in two arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sharesim.display import record


@record
class Ragged:
    """Lists of integers of uneven length in two arrays (compressed rows).

    Parameters
    ----------
    start : ndarray, shape (n + 1,), int64
        Row i is ``item[start[i]:start[i + 1]]``.
    item : ndarray, shape (start[-1],), int32
    """

    start: np.ndarray
    item: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> Ragged:
        """Build from a list of lists."""
        start = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
        return cls(start, np.array([item for row in rows for item in row], dtype=np.int32))

    def __len__(self) -> int:
        return len(self.start) - 1

    def __getitem__(self, row: int) -> np.ndarray:
        return self.item[self.start[row] : self.start[row + 1]]

    def take(self, rows: np.ndarray) -> Ragged:
        """Return the rows asked for, in that order."""
        rows = np.asarray(rows)
        length = np.diff(self.start)[rows]
        start = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
        offset = np.arange(start[-1]) - np.repeat(start[:-1], length)
        return Ragged(start, self.item[np.repeat(self.start[:-1][rows], length) + offset])

    def owner(self) -> np.ndarray:
        """Return the row of each item, shape (start[-1],)."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))
