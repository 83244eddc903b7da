"""Text from files, made fit to be shown."""

from __future__ import annotations

import unicodedata


def visible(text: str) -> str:
    """Return a text whose control characters are written out, so that no terminal or file format acts on them.

    Signs that turn the direction of writing go the same way: they can make a line read as what it is not.

    Examples
    --------
    >>> visible("a\\x1b[31mb\\u202e"), visible("Café £5")
    ('a\\\\x1b[31mb\\\\u202e', 'Café £5')
    """
    return "".join(
        sign if unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn") else _escape(sign) for sign in text
    )


def _escape(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")


__all__ = ["visible"]
