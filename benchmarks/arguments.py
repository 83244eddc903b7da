"""Whole numbers on the benchmarks' command lines: what cannot be measured is refused in one line."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def whole(least: int = 1, *, power_of_two: bool = False, multiple_of: int = 1) -> Callable[[str], int]:
    """Return a reader of whole numbers from `least`, for argparse's ``type``.

    Examples
    --------
    >>> whole(2)("8")
    8
    >>> whole(1024, power_of_two=True)("3000")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: got '3000'; allowed a power of two from 1,024
    """
    kind = "a power of two" if power_of_two else f"a multiple of {multiple_of:,}" if multiple_of > 1 else "whole numbers"

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least or number % multiple_of or (power_of_two and number & (number - 1)):
            raise argparse.ArgumentTypeError(f"got {text!r}; allowed {kind} from {least:,}")
        return number

    return read


__all__ = ["whole"]
