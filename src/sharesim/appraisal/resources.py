"""How much memory an appraisal may take, what it keeps of the draws, and how it is cut to fit (docs/decisions/050)."""

from __future__ import annotations

import ctypes
import os
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from sharesim.arguments import a_path, a_word, check_fields, number
from sharesim.errors import Fault, UsageError
from sharesim.uncertainty.draws import CHUNK

GIGABYTE = 2**30
#: Share of the machine's memory that is taken where no budget is given, and the most of it in gigabytes.
MEMORY_SHARE, MOST_GB = 0.25, 8.0
#: The least that can be worked with.
LEAST_GB = 0.125
#: Chunks worked at once where memory allows, and numbers (partner slots x draws) of a tile: longer arrays hide the cost
#: of calling, and beyond these nothing is gained (docs/decisions/084).
MOST_BLOCK_CHUNKS = 8
MOST_TILE_NUMBERS, LEAST_TILE_NUMBERS = 256 * CHUNK, 16 * CHUNK
#: Arrays of a block that are as large as its largest table of councils: tables of a package, terms, and what is
#: passing.
TABLES_OF_A_BLOCK = 120
#: Arrays as large as a tile that are at hand at once.
ARRAYS_OF_A_TILE = 60
#: Sums kept of each bundle and partner: the NPV and its measures.
N_SUMS = 12

#: Settings of glibc's allocator by number: freed memory at the end of the heap that is kept, and the size from which an
#: array is asked of the system by itself (32 MB is the most that glibc takes).
_TRIM_THRESHOLD, _MMAP_THRESHOLD = (-1, 2**27), (-3, 2**25)

Keep = Literal["auto", "memory", "file", "nothing"]


@dataclass(frozen=True)
class Resources:
    """What an appraisal may use.

    Parameters
    ----------
    memory_gb : float or None
        Budget for draws and work, beside the program itself; None takes a quarter of the machine's memory, 8 GB at
        most.
    keep : {"auto", "memory", "file", "nothing"}
        Where each partner's draws of every bundle are kept: in memory where they fit half of the budget and nowhere
        otherwise
        (auto), in memory, in a memory-mapped file, or nowhere: then they are worked out again, to the same bits, when
        asked
        for.
    precision : {"float64", "float32"}
        In which they are kept. In float32 kept draws are rounded to 7 digits; figures and means are worked out before
        that.
    folder : Path or None
        Where a file of draws goes; needed for ``file``.

    Examples
    --------
    >>> Resources(memory_gb=2).budget_bytes == 2 * 2**30
    True
    """

    memory_gb: float | None = None
    keep: Keep = "auto"
    precision: Literal["float64", "float32"] = "float64"
    folder: Path | None = None

    def __post_init__(self) -> None:
        budget = number(LEAST_GB, problem="not a memory budget", remedy="Leave it out for a share of the machine's.", below=True)
        keep, precision = a_word("auto", "memory", "file", "nothing"), a_word("float64", "float32")
        check_fields(self, memory_gb=budget, keep=keep, precision=precision, folder=a_path)
        if self.keep == "file" and self.folder is None:
            raise UsageError(Fault("keep", "no folder for the file of draws", "file", "a folder", "Give folder=."))

    @property
    def budget_bytes(self) -> int:
        """The budget in bytes."""
        if self.memory_gb is not None:
            return int(self.memory_gb * GIGABYTE)
        return int(max(LEAST_GB * GIGABYTE, min(MOST_GB * GIGABYTE, MEMORY_SHARE * _machine_bytes())))

    def kept(self, n_numbers: int) -> Keep:
        """Return where so many draws are kept."""
        size = n_numbers * (8 if self.precision == "float64" else 4)
        if self.keep == "memory" and size > self.budget_bytes:
            need = f"{size / GIGABYTE:.1f} GB of draws"
            raise UsageError(
                Fault(
                    "keep",
                    "the draws do not fit the memory budget",
                    need,
                    f"{self.budget_bytes / GIGABYTE:.1f} GB",
                    'Give memory_gb=, keep="file" or keep="nothing".',
                )
            )
        if self.keep != "auto":
            return self.keep
        return "memory" if 2 * size <= self.budget_bytes else "nothing"

    def cut(self, shape: tuple[int, int, int], n_councils: int, jobs: int, *, whole_rows: bool) -> Cut:
        """Return how an appraisal is cut so that it stays within the budget.

        Parameters
        ----------
        shape : (bundle, partner slot, draw)
        whole_rows : bool
            Whether all draws of a bundle must be at hand at once, for its figures.
        """
        n_bundles, n_slots, n_draws = shape
        table = n_councils * CHUNK * 8 * TABLES_OF_A_BLOCK
        most = min(MOST_BLOCK_CHUNKS, max(1, int(0.3 * self.budget_bytes / (table * max(1, jobs)))))
        block = _even(-(-n_draws // CHUNK), most, jobs)
        numbers = int(0.1 * self.budget_bytes / (8 * ARRAYS_OF_A_TILE * max(1, jobs)))
        numbers = max(LEAST_TILE_NUMBERS, min(MOST_TILE_NUMBERS, numbers))
        # Of every bundle there are the sums of the blocks under way, and its draws where they are wanted whole.
        row = 8 * (n_slots * N_SUMS * (block * (2 * jobs + 1) + 2) + (n_draws if whole_rows else 0))
        return Cut(block, max(1, min(n_bundles, int(0.25 * self.budget_bytes / row))), numbers // (block * CHUNK))


@dataclass(frozen=True)
class Cut:
    """How an appraisal is cut; where the cuts fall moves no bit of any result.

    Parameters
    ----------
    block_chunks : int
        Chunks of draws worked at once.
    strip_rows : int
        Bundles worked through all draws before the next.
    tile_slots : int
        Partner slots of the groups in a tile.
    """

    block_chunks: int = 4
    strip_rows: int = 2**62
    tile_slots: int = 64

    def blocks(self, n_draws: int) -> list[tuple[int, int]]:
        """Return the first chunk of each block and how many of its draws count."""
        step = self.block_chunks
        return [
            (first, min(step * CHUNK, n_draws - first * CHUNK)) for first in range(0, -(-n_draws // CHUNK), step)
        ]


def _even(n_chunks: int, most: int, jobs: int) -> int:
    """Return how many chunks a block has, so that blocks are alike and every thread has one."""
    n_blocks = max(-(-n_chunks // most), min(max(1, jobs), n_chunks), 1)
    return max(1, -(-n_chunks // n_blocks))


@cache
def keep_freed_memory() -> bool:
    """Have the allocator keep up to 128 MB that arrays have freed for the next ones; return whether it does.

    A tile makes and drops hundreds of arrays of a megabyte or two. glibc hands such memory back to the system each time
    and has every page of it cleared again, which took a tenth of an appraisal's time (docs/decisions/084). Where the
    user has set the allocator up by the environment, or it is another one, nothing is changed.
    """
    if any(name in os.environ for name in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")):
        return False
    if platform.libc_ver()[0] != "glibc":
        return False
    try:
        allocator = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return all([allocator(*setting) == 1 for setting in (_TRIM_THRESHOLD, _MMAP_THRESHOLD)])


def _machine_bytes() -> float:
    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * float(os.sysconf("SC_PHYS_PAGES"))
    except (ValueError, OSError, AttributeError):  # not on Windows
        return 8.0 * GIGABYTE


__all__ = ["Cut", "Keep", "Resources", "keep_freed_memory"]
