"""Names to positions and back, with a suggestion where a name is nearly right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from sharesim.display import shortened
from sharesim.errors import Fault
from sharesim.study.plain import shown

#: A longer name is no slip of one that is allowed, and among more names nobody's guess is worth its time.
LONGEST_NAME, MOST_NAMES = 200, 2_000


def nearest(name: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed name that `name` was most likely meant to be, or None.

    Examples
    --------
    >>> nearest("chesterfeild", ["bolsover", "chesterfield"])
    'chesterfield'
    >>> nearest("esat", ["west", "east"])
    'east'
    """
    if len(name) > LONGEST_NAME:
        return None
    by_folded = {item.casefold(): item for item in islice(allowed, MOST_NAMES) if len(item) <= LONGEST_NAME}
    wanted = name.casefold()
    found = difflib.get_close_matches(wanted, list(by_folded), n=5, cutoff=0.6)
    # Letters in another order are the likeliest slip; of equals, the one that begins alike.
    found.sort(key=lambda item: (sorted(item) != sorted(wanted), -_alike(wanted, item), item[:1] != wanted[:1]))
    return by_folded[found[0]] if found else None


def _alike(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def unknown_name(where: str, kind: str, name: str, allowed: Iterable[str], *, is_guessed: bool = True) -> Fault:
    """Return the fault for a name that is not among the allowed ones, offering the nearest unless that is not asked.

    Examples
    --------
    >>> print(unknown_name("baseline.csv, row 2", "council", "Bolsove", ["bolsover", "chesterfield"]))
    baseline.csv, row 2: unknown council: got 'Bolsove'; allowed bolsover, chesterfield. Did you mean 'bolsover'?
    """
    names = list(dict.fromkeys(allowed))
    listed = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    close = nearest(name, names) if is_guessed else None
    remedy = f"Did you mean {close!r}?" if close else f"Use one of the names given, or add the {kind} to its table."
    return Fault(where, f"unknown {kind}", shown(name), listed or "none, the table is empty", remedy)


@dataclass(frozen=True, repr=False)
class Labels:
    """An ordered set of ids with the names that people read.

    Parameters
    ----------
    ids : tuple of str
        Ids in order; position is the index used in every array.
    names : tuple of str
        Display names in the same order.

    Examples
    --------
    >>> councils = Labels(("bol", "che"), ("Bolsover", "Chesterfield"))
    >>> councils.index("che"), councils.name(0), len(councils)
    (1, 'Bolsover', 2)
    """

    ids: tuple[str, ...]
    names: tuple[str, ...]

    @cached_property
    def _position(self) -> dict[str, int]:
        return {item: position for position, item in enumerate(self.ids)}

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __repr__(self) -> str:
        return shortened(f"Labels of {len(self)}: {', '.join(self.ids[:20])}")

    def __contains__(self, item: object) -> bool:
        return item in self._position

    def index(self, item: str) -> int:
        """Return the position of an id; KeyError when there is none."""
        return self._position[item]

    def name(self, position: int) -> str:
        """Return the display name at a position."""
        return self.names[position]
