"""How many draws there may be, by each method, and what drivers may be called."""

from __future__ import annotations

from collections.abc import Sequence

from sharesim.arguments import a_word
from sharesim.errors import Fault, StudyError, UsageError
from sharesim.uncertainty.sobol import MOST_BITS
from sharesim.uncertainty.streams import whole_number

#: Draws of a chunk: the unit in which everything is drawn, reproduced and added up.
CHUNK = 1024
METHODS = ("monte_carlo", "latin_hypercube", "sobol")


def checked_scrambles(method: str, scrambles: int) -> int:
    """Return a number of scrambles that a method can have, or refuse it."""
    a_word(*METHODS)("method", method)
    number = whole_number("scrambles", scrambles, 2**20)
    if number < 1 or (number > 1 and method != "sobol"):
        raise UsageError(Fault("scrambles", "not usable", str(number), "1, or more under sobol"))
    return number


def checked_draws(method: str, n_draws: int | None, scrambles: int) -> int | None:
    """Return a number of draws that a method can be balanced with, or refuse it; None for any."""
    if n_draws is None:
        if method == "sobol":
            raise UsageError(
                Fault("n_draws", "missing", "", "a power of two from 1,024", "Sobol' draws need their number.")
            )
        return None
    number = whole_number("n_draws", n_draws, 2**62)
    if number < 1:
        raise UsageError(Fault("n_draws", "no draw", str(number), "1 or more"))
    if not balanced(method, number, scrambles):
        what = "does not fill whole designs" if method == "latin_hypercube" else "breaks the balance"
        remedy = f"Use {fitting(method, number, scrambles):,}."
        raise UsageError(Fault("n_draws", what, f"{number:,}", allowed_draws(method, scrambles), remedy))
    return number


def fitting(method: str, n_draws: int, scrambles: int = 1) -> int:
    """Return the least number of draws, from `n_draws`, that a method can be balanced with.

    Examples
    --------
    >>> fitting("latin_hypercube", 3000), fitting("sobol", 3000), fitting("sobol", 3000, scrambles=8)
    (3072, 4096, 8192)
    """
    if method == "latin_hypercube":
        return -(-n_draws // CHUNK) * CHUNK
    if method == "sobol":
        each = -(-n_draws // scrambles)
        return scrambles * min(max(CHUNK, 1 << (each - 1).bit_length()), 2**MOST_BITS)
    return n_draws


def balanced(method: str, n_draws: int, scrambles: int = 1) -> bool:
    """Return whether a method can be balanced with so many draws."""
    return fitting(method, n_draws, scrambles) == n_draws


def first_of(n_draws: int, scrambles: int, most: int) -> tuple[int, int]:
    """Return how many draws, in how many scrambles, the first `most` of so many are: whole scrambles, one at least.

    Examples
    --------
    >>> first_of(8192, 1, 2048), first_of(8192, 8, 2500), first_of(8192, 8, 100)
    ((2048, 1), (2048, 2), (1024, 1))
    """
    if scrambles == 1:
        return min(n_draws, most), 1
    each = n_draws // scrambles
    few = max(1, min(scrambles, most // each))
    return few * each, few


def allowed_draws(method: str, scrambles: int = 1) -> str:
    """Return in words how many draws a method can be balanced with."""
    if method == "latin_hypercube":
        return "a multiple of 1,024"
    return "a power of two from 1,024" + (f" for each of {scrambles} scrambles" if scrambles > 1 else "")


def check_names(named: Sequence[tuple[str, str]]) -> None:
    """Refuse names and ids (a pair for each driver) that stand twice, clash or cannot be printed; all faults at once."""
    faults = []
    for at, what in enumerate(("name", "id")):
        seen: set[str] = set()
        for label in (pair[at] for pair in named):
            if label in seen:
                faults.append(Fault("drivers", f"two drivers have one {what}", repr(label), "each its own"))
            seen.add(label)
            if not label or not label.isprintable():
                faults.append(Fault("drivers", f"the {what} cannot be printed", repr(label), "one or more letters"))
    owner = dict(named)
    faults += [
        Fault("drivers", "an id is the name of another driver", repr(key), "ids apart from other drivers' names")
        for _, key in named
        if key in owner and owner[key] != key
    ]
    if faults:
        raise StudyError(faults)


__all__ = [
    "CHUNK",
    "METHODS",
    "allowed_draws",
    "balanced",
    "check_names",
    "checked_draws",
    "checked_scrambles",
    "first_of",
    "fitting",
]
