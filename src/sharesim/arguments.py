"""What a caller gave, as what it should be, or a fault in the words of a study's faults: before any work begins.

A public function says beside its signature what each argument is, ``@takes(draws=whole(64, 10_000), out=a_path)``,
and is then called with plain values only: NumPy's numbers have become Python's, text has become a `Path`, one rule a
list of one. What cannot be made of the value given is a `Fault`, and all faults of a call are raised together
(docs/decisions/097). Arguments that are left out, or are what they would be if they were, pass as they are.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import math
import operator
import os
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from pathlib import Path
from typing import Any, NoReturn, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from sharesim.errors import Fault, SharesimError, UsageError

#: What an argument is: from its name and the value given to the value wanted; raises a `SharesimError`.
Wanted = TypeVar("Wanted")
Kind = Callable[[str, Any], Wanted]
Given = ParamSpec("Given")
Result = TypeVar("Result")
LONGEST = 80


def takes(**kinds: Kind[Any]) -> Callable[[Callable[Given, Result]], Callable[Given, Result]]:
    """Return a decorator that makes of each argument named what its kind says, before the function begins.

    Raises
    ------
    SharesimError
        When called: with every argument that cannot be used. `TypeError`, as ever, for a name that is not there.

    Examples
    --------
    >>> @takes(draws=whole(64, 1000), out=a_path)
    ... def look(draws=100, out=None):
    ...     return draws, out
    >>> look(np.int64(500))
    (500, None)
    >>> look(3, 4)
    Traceback (most recent call last):
    sharesim.errors.UsageError: draws: not a whole number within bounds: got 3; allowed 64 to 1,000.
    out: not a path: got 4; allowed text or a Path.
    """

    def around(function: Callable[Given, Result]) -> Callable[Given, Result]:
        signature = inspect.signature(function)
        defaults = {name: signature.parameters[name].default for name in kinds}

        @functools.wraps(function)
        def checked(*args: Given.args, **given: Given.kwargs) -> Result:
            bound = signature.bind(*args, **given)
            known = {name: value for name, value in bound.arguments.items() if name in kinds}
            bound.arguments.update(_settled(known, kinds, defaults))
            return function(*bound.args, **bound.kwargs)

        return checked

    return around


def check_fields(thing: Any, **kinds: Kind[Any]) -> None:
    """Make of each field named of a frozen dataclass what its kind says; for ``__post_init__``.

    Raises
    ------
    SharesimError
        With every field that cannot be used.
    """
    fields = type(thing).__dataclass_fields__
    given = {name: getattr(thing, name) for name in kinds}
    for name, value in _settled(given, kinds, {name: fields[name].default for name in kinds}).items():
        object.__setattr__(thing, name, value)


def _settled(given: Mapping[str, Any], kinds: Mapping[str, Kind[Any]], defaults: Mapping[str, Any]) -> dict[str, Any]:
    found, errors = {}, []
    for name, value in given.items():
        if value is defaults[name]:
            continue
        try:
            found[name] = kinds[name](name, value)
        except SharesimError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise UsageError(fault for error in errors for fault in error.faults)
    return found


# -- what a value is called in a message ------------------------------------------------------------------------------


def shown(value: Any) -> str:
    """Return a value as a message shows it: short, on one line, and never a failure of its own.

    Examples
    --------
    >>> shown(None), shown("a"), shown(np.float64("nan")), shown([1, 2]), shown(np.zeros((2, 3))), shown(len)
    ('nothing', "'a'", 'nan', 'a list of 2', 'an array of shape (2, 3)', 'a function')
    """
    if value is None:
        return "nothing"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, int, float, complex, str, bytes, os.PathLike)):
        try:
            text = repr(os.fspath(value)) if isinstance(value, os.PathLike) else repr(value)
        except (ValueError, TypeError):
            return f"{_with_article(type(value).__name__)} too long to show"
        return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]}...{text[-1]}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, Mapping):
        return f"a table of {len(value)}" if isinstance(value, dict) else _with_article(type(value).__name__)
    if isinstance(value, (list, tuple, set, frozenset)):
        return f"{_with_article(type(value).__name__)} of {len(value)}"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return _with_article("function" if inspect.isroutine(value) else type(value).__name__)


def _with_article(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def refuse(where: str, problem: str, value: Any, allowed: str = "", remedy: str = "") -> NoReturn:
    """Raise the fault of an argument that cannot be used."""
    raise UsageError(Fault(where, problem, shown(value), allowed, remedy))


# -- kinds ------------------------------------------------------------------------------------------------------------


def whole(
    low: int, high: int, problem: str = "not a whole number within bounds", remedy: str = "", allowed: str = ""
) -> Kind[int]:
    """Return the kind of a whole number from `low` to `high`; NumPy's are taken, truth values and text are not."""
    told = allowed or f"{low:,} to {high:,}"

    def kind(where: str, value: Any) -> int:
        try:
            number = operator.index(value) if not isinstance(value, (bool, np.bool_)) else None
        except TypeError:
            number = None
        if number is None or not low <= number <= high:
            refuse(where, problem, value, told, remedy)
        return number

    return kind


def number(
    low: float = -math.inf,
    high: float = math.inf,
    problem: str = "not a number within bounds",
    remedy: str = "",
    *,
    above: bool = False,
    below: bool = False,
) -> Kind[float]:
    """Return the kind of a number from `low` to `high`, themselves left out where it has to lie above or below them.

    NaN is never one, and infinity only where it is the bound.
    """
    told = _between(low, high, above, below)

    def kind(where: str, value: Any) -> float:
        found = as_float(value)
        fits = (low < found if above else low <= found) and (found < high if below else found <= high)
        if not fits:
            refuse(where, problem, value, told, remedy)
        return found

    return kind


def as_float(value: Any) -> float:
    """Return a number of any kind as a float; NaN for what is none, such as text or a truth value."""
    if isinstance(value, np.ndarray) and value.shape == ():
        value = value[()]
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return -math.inf if value < 0 else math.inf


def _between(low: float, high: float, above: bool, below: bool) -> str:
    if math.isinf(low) and math.isinf(high):
        return "a finite number" if above or below else "a number"
    if math.isinf(high):
        return f"above {low:,g}" if above else f"{low:,g} or more"
    if math.isinf(low):
        return f"below {high:,g}" if below else f"{high:,g} or less"
    if above:
        return f"above {low:,g} and {'below' if below else 'at most'} {high:,g}"
    return f"{low:,g} to {'below ' if below else ''}{high:,g}"


def floats(least_axes: int = 0, allowed: str = "an array of numbers") -> Kind[NDArray[np.float64]]:
    """Return the kind of an array of floats with so many axes at least."""

    def kind(where: str, value: Any) -> NDArray[np.float64]:
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            refuse(where, "not an array of numbers", value, allowed)
        if array.ndim < least_axes:
            refuse(where, "not an array of numbers", value, allowed)
        return array

    return kind


def an_array(where: str, value: Any) -> NDArray[Any]:
    """Return an array that results are put into; nothing is made of anything else, since it would be lost."""
    if not isinstance(value, np.ndarray):
        refuse(where, "not an array", value, "an array of float64")
    return value


def a_flag(where: str, value: Any) -> bool:
    """Return a truth value, Python's or NumPy's."""
    if not isinstance(value, (bool, np.bool_)):
        refuse(where, "neither true nor false", value, "True or False")
    return bool(value)


def a_path(where: str, value: Any) -> Path:
    """Return a path that was given as text or as anything that stands for a path."""
    try:
        text = os.fspath(value)
    except TypeError:
        text = b""
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        refuse(where, "not a path", value, "text or a Path")
    return Path(text)


def a_text(where: str, value: Any) -> str:
    """Return text that says something."""
    if not isinstance(value, str) or not value.strip():
        refuse(where, "not text", value, "some text")
    return value


def a_word(*words: str) -> Kind[str]:
    """Return the kind of one of some words."""

    def kind(where: str, value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            close = difflib.get_close_matches(value.casefold(), words, n=1) if isinstance(value, str) else []
            refuse(where, "unknown", value, ", ".join(words), f"Did you mean {close[0]!r}?" if close else "")
        return value

    return kind


def a_function(where: str, value: Any) -> Callable[..., Any]:
    """Return something that can be called."""
    if not callable(value):
        refuse(where, "cannot be called", value, "a function")
    function: Callable[..., Any] = value
    return function


def an_instance(
    types: type[Wanted] | tuple[type[Wanted], ...],
    problem: str,
    allowed: str,
    remedy: str | Callable[[Any], str] = "",
) -> Kind[Wanted]:
    """Return the kind of an instance of some types; `remedy` may depend on what was given instead."""

    def kind(where: str, value: Any) -> Wanted:
        if not isinstance(value, types):
            refuse(where, problem, value, allowed, remedy(value) if callable(remedy) else remedy)
        return value

    return kind


def several(
    kind: Kind[Wanted], single: type | tuple[type, ...], problem: str, allowed: str
) -> Kind[tuple[Wanted, ...]]:
    """Return the kind of a sequence of another kind; one of the `single` types stands for a list of one."""

    def listed(where: str, value: Any) -> tuple[Wanted, ...]:
        items = (value,) if isinstance(value, single) else value
        if isinstance(items, (str, bytes, Mapping)) or not isinstance(items, Iterable):
            refuse(where, problem, value, allowed)
        try:
            items = tuple(items)
        except TypeError:  # an array without a dimension says that it can be iterated
            refuse(where, problem, value, allowed)
        named = {f"{where}, item {at}": item for at, item in enumerate(items, start=1)}
        return tuple(_settled(named, dict.fromkeys(named, kind), dict.fromkeys(named, _GIVEN)).values())

    return listed


#: No default: every item of a list is looked at.
_GIVEN = object()

__all__ = [
    "Kind", "a_flag", "a_function", "a_path", "a_text", "a_word", "an_array", "an_instance", "as_float", "check_fields",
    "floats", "number", "refuse", "several", "shown", "takes", "whole",
]  # fmt: skip
