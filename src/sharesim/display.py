"""How results show themselves at a prompt: in a few lines, and compared by identity.

A result holds arrays of millions of numbers. Printed in full it fills a screen a hundred times over, and `==` asks an
array for one truth value, which it does not have. So a class of results is a `record`: frozen, equal to itself only,
and printed as its name and a line for each field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar, dataclass_transform

import numpy as np

Shown = TypeVar("Shown")
#: Lines, and letters of a line, that a result takes at most.
MOST_LINES, MOST_LETTERS = 12, 118


@dataclass_transform(frozen_default=True, eq_default=False)
def record(kind: type[Shown]) -> type[Shown]:
    """Return a class as a frozen dataclass that prints itself in a few lines and is equal to itself only.

    A class with a `__repr__` of its own keeps it.

    Examples
    --------
    >>> @record
    ... class Drawn:
    ...     seed: int
    ...     values: np.ndarray
    >>> one = Drawn(7, np.zeros((3, 1024)))
    >>> one
    Drawn
      seed: 7
      values: float64 array of shape (3, 1024)
    >>> one == Drawn(7, np.zeros((3, 1024))), one in [one], len({one})
    (False, True, 1)
    """
    own = "__repr__" in kind.__dict__
    made = dataclass(frozen=True, eq=False, repr=False)(kind)
    if not own:
        made.__repr__ = in_lines  # type: ignore[method-assign]  # a class of its own kind, made here
    return made


def in_lines(thing: Any) -> str:
    """Return a dataclass in words: its name, and a line for each field."""
    shown = [f"{field.name}: {brief(getattr(thing, field.name))}" for field in fields(thing) if field.repr]
    return shortened("\n".join([type(thing).__name__, *(f"  {line}" for line in shown)]))


def brief(value: Any) -> str:
    """Return a value on one line.

    Examples
    --------
    >>> brief(np.zeros(3)), brief(("a", "b")), brief({"a": 1}), brief(list(range(1000)))
    ('float64 array of shape (3,)', "('a', 'b')", "{'a': 1}", 'list of 1,000')
    """
    if isinstance(value, np.ndarray):
        return f"{value.dtype} array of shape {value.shape}"
    if hasattr(value, "columns") and hasattr(value, "shape"):
        return f"{type(value).__name__} of shape {value.shape}"
    if isinstance(value, (list, tuple, set, frozenset, Mapping)):
        few = len(value) <= 8 and all(map(_is_plain, value.values() if isinstance(value, Mapping) else value))
        text = repr(value) if few else ""
        return text if text and len(text) <= MOST_LETTERS - 20 else f"{type(value).__name__} of {len(value):,}"
    kind: Any = type(value)
    if hasattr(kind, "__dataclass_fields__") and kind.__repr__ is in_lines:
        return type(value).__name__
    lines = repr(value).splitlines() or [""]
    return lines[0] if len(lines[0]) <= MOST_LETTERS - 20 else f"{lines[0][: MOST_LETTERS - 23]}..."


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))


def shortened(text: str, name: str = "") -> str:
    """Return a text of few and short lines, with what is left out said in the last; a name may stand before it.

    Examples
    --------
    >>> shortened("\\n".join(map(str, range(20))), "Numbers").splitlines()[-1]
    '... and 10 lines more'
    """
    lines = [*([name] if name else []), *text.splitlines()]
    left = len(lines) - MOST_LINES
    if left > 0:
        lines = [*lines[: MOST_LINES - 1], f"... and {left + 1} lines more"]
    return "\n".join(line if len(line) <= MOST_LETTERS else f"{line[: MOST_LETTERS - 3]}..." for line in lines)


__all__ = ["brief", "in_lines", "record", "shortened"]
