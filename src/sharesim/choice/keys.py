"""What a row of the program is, as a value: its name is for people, and nothing is decided by it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class RowKind(Enum):
    """What a row says.

    =============  ===============================================================================================
    ``STRUCTURE``  holds without any rule: slots, follow-ons, activations
    ``LIMIT``      carries the number of its rule
    ``BAN``        none of the bundles that a rule rules out
    ``TOGETHER``   ties a rule's own variable to the bundles that it counts
    ``LINK``       as many of these bundles as of those
    ``DRAW``       one future of a rule on draws
    ``CUT``        follows from the rest, or narrows the question at hand
    =============  ===============================================================================================
    """

    STRUCTURE = "structure"
    LIMIT = "limit"
    BAN = "ban"
    TOGETHER = "together"
    LINK = "link"
    DRAW = "draw"
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class RowKey:
    """One row: what it is, and how it reads.

    Parameters
    ----------
    kind : RowKind
    name : str
        ``rule: subject``, for people.
    """

    kind: RowKind
    name: str

    def __str__(self) -> str:
        return self.name
