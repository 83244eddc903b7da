"""The text of a cell as numbers, words, lists and calls, read sign by sign and only so deep: it is nobody's code.

What may stand there is little (``pert(80, 120, shape=4)``, ``[1, 2]``, ``'quantiles'``), so a parser of a whole
programming language has no place here: it would recurse as deeply as a stranger's text tells it to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

_SIGNS = re.compile(
    r"""\s*(?:
        (?P<number>(?:\d(?:_?\d)*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<word>[^\W\d]\w*)
      | (?P<text>'[^'\n]*'|"[^"\n]*")
      | (?P<sign>[()\[\],=+-])
      | (?P<other>\S)
    )""",
    re.VERBOSE,
)
_SUMS = frozenset("+-*/%^.")
Token = tuple[str, str]


class Unread(Exception):
    """Text that cannot be read: ``deep``, ``sum`` (a formula) or ``broken``."""


@dataclass(frozen=True)
class Word:
    """A bare word."""

    name: str


@dataclass(frozen=True)
class Call:
    """A name with arguments in brackets."""

    name: str
    positional: tuple[Node, ...]
    named: tuple[tuple[str, Node], ...]


#: A number, a word, a text in quotes, a list, or a call.
Node = float | Word | str | tuple["Node", ...] | Call


def read(text: str, deepest: int) -> Node:
    """Return what a text says.

    Parameters
    ----------
    text : str
        Its length is bounded by the caller.
    deepest : int
        Most levels of lists and calls within each other.

    Raises
    ------
    Unread
        When it is none of these, or deeper.

    Examples
    --------
    >>> read("pert(-1, [2, 3.5], shape=4)", 20)
    Call(name='pert', positional=(-1.0, (2.0, 3.5)), named=(('shape', 4.0),))
    """
    tokens = [(str(found.lastgroup), found[str(found.lastgroup)]) for found in _SIGNS.finditer(text)]
    reader = _Reader(tokens, deepest)
    node = reader.value(0)
    reader.end()
    return node


class _Reader:
    """Goes through the signs once."""

    def __init__(self, tokens: list[Token], deepest: int) -> None:
        self.tokens, self.deepest, self.at = tokens, deepest, 0

    def value(self, depth: int) -> Node:
        """Return the value that begins here."""
        if depth > self.deepest:
            raise Unread("deep")
        kind, sign = self.take()
        if kind == "number":
            return float(sign)
        if kind == "text":
            return sign[1:-1]
        if kind == "word":
            return self.call(sign, depth) if self.next() == "(" else Word(sign)
        if sign in "+-":
            number = self.value(depth + 1)
            if not isinstance(number, float):
                raise Unread("sum")
            return -number if sign == "-" else number
        if sign == "[":
            return tuple(self.listed("]", depth))
        if sign == "(":
            items = self.listed(")", depth)
            return items[0] if len(items) == 1 and self.tokens[self.at - 2][1] != "," else tuple(items)
        self.stop(sign)

    def listed(self, close: str, depth: int) -> list[Node]:
        """Return values with commas between, up to a closing bracket; a comma may stand behind the last."""
        items: list[Node] = []
        while self.next() != close:
            items.append(self.value(depth + 1))
            self.comma_or(close)
        self.take()
        return items

    def call(self, name: str, depth: int) -> Call:
        """Return a call whose name was taken."""
        self.take()
        positional: list[Node] = []
        named: dict[str, Node] = {}
        while self.next() != ")":
            if self.next(1) == "=":
                (kind, key), _ = self.take(), self.take()
                if kind != "word" or key in named:
                    raise Unread("broken")
                named[key] = self.value(depth + 1)
            else:
                if named:
                    raise Unread("broken")
                positional.append(self.value(depth + 1))
            self.comma_or(")")
        self.take()
        return Call(name, tuple(positional), tuple(named.items()))

    def comma_or(self, close: str) -> None:
        """Take a comma, unless the bracket closes."""
        if self.next() == ",":
            self.take()
        elif self.next() != close:
            self.stop(self.next())

    def next(self, ahead: int = 0) -> str:
        """Return the sign that comes, nothing at the end; texts and words are no signs."""
        there = self.at + ahead < len(self.tokens)
        kind, sign = self.tokens[self.at + ahead] if there else ("", "")
        return "" if kind == "text" else sign

    def take(self) -> Token:
        """Return the sign that comes, and go on."""
        if self.at == len(self.tokens):
            raise Unread("broken")
        self.at += 1
        return self.tokens[self.at - 1]

    def end(self) -> None:
        """Demand that nothing follows."""
        if self.at < len(self.tokens):
            self.stop(self.next())

    def stop(self, sign: str) -> NoReturn:
        """Refuse a sign that may not stand here."""
        raise Unread("sum" if sign in _SUMS else "broken")
