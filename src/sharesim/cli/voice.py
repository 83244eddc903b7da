"""Standard output and error of the commands: every letter can be written, and a failed write does not lose a run.

A terminal, a pipe or a file may know fewer letters than names have (code page 1252 knows no w with a circumflex,
ASCII no pound sign), the reader may have gone, the disk may be full. None of that is a reason to lose a run that went
well: while a command is carried out nothing that it prints can fail, and what went wrong is told at its end.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

#: Signs that have a plain spelling which is no part of them, unlike a letter with an accent.
_SPELT = {
    "£": "GBP ", "€": "EUR ", "–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-", "‘": "'", "’": "'", "“": '"', "”": '"',
    "•": "*", "·": "-", "×": "x", "→": "->", "←": "<-", "≤": "<=", "≥": ">=", "≈": "~", "±": "+/-", "ß": "ss",
    "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i",
}  # fmt: skip
HANDLER = "sharesim.plain_letters"
#: How a stream says that nobody reads it any more; Windows says the second.
_NOBODY = (errno.EPIPE, errno.EINVAL) if os.name == "nt" else (errno.EPIPE,)


def plain_letters(text: str) -> str:
    """Return text in ASCII: letters without their accents, signs spelt out, and the code of all else.

    Codes rather than question marks: two names in another script stay two names.

    Examples
    --------
    >>> plain_letters("Gŵyr ŷ"), plain_letters("£3 – £5"), plain_letters("Ын")
    ('Gwyr y', 'GBP 3 - GBP 5', '\\\\u042b\\\\u043d')
    """
    return "".join(_plain(letter) for letter in text)


def _plain(letter: str) -> str:
    if letter.isascii():
        return letter
    bare = _SPELT.get(letter) or unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return bare or letter.encode("ascii", "backslashreplace").decode()


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return plain_letters(error.object[error.start : error.end]), error.end


class Voice(io.TextIOWrapper):
    """A text stream that can write every letter, and that remembers a failed write instead of raising.

    Parameters
    ----------
    stream : io.TextIOWrapper
        What it stands for, such as ``sys.stdout``; it is left as it was found.
    """

    def __init__(self, stream: io.TextIOWrapper) -> None:
        codecs.register_error(HANDLER, _replaced)
        super().__init__(
            stream.buffer, encoding=stream.encoding, errors=HANDLER, line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )  # fmt: skip
        self.failed: OSError | None = None

    def write(self, text: str) -> int:
        """Write text, unless the stream has failed."""
        self._unless_failed(lambda: super(Voice, self).write(text))
        return len(text)

    def flush(self) -> None:
        """Hand on what was written, unless the stream has failed."""
        self._unless_failed(super().flush)

    def _unless_failed(self, act: Callable[[], object]) -> None:
        if self.failed is None:
            try:
                act()
            except OSError as error:
                self.failed = error
                self._give_up()

    def _give_up(self) -> None:
        """Discard what is still buffered, so that Python's exit does not fail on it."""
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)

    def leave(self) -> None:
        """Flush, and give the buffer back to the original stream."""
        self.flush()
        if self.failed is not None:
            with suppress(OSError):
                super().flush()
        with suppress(OSError, ValueError):
            self.detach()

    @property
    def is_full(self) -> bool:
        """Whether writing failed, such as on a full disk, though the reader had not gone."""
        return self.failed is not None and self.failed.errno not in _NOBODY


@contextmanager
def voices() -> Iterator[list[Voice]]:
    """Replace standard output and error by a `Voice` each while a block runs; yield those that were put in place."""
    before = sys.stdout, sys.stderr
    # Tests and notebooks put streams of their own there, which take every letter.
    put = [Voice(stream) if type(stream) is io.TextIOWrapper else stream for stream in before]
    sys.stdout, sys.stderr = put
    try:
        yield [stream for stream in put if isinstance(stream, Voice)]
    finally:
        for stream in put:
            if isinstance(stream, Voice):
                stream.leave()
        sys.stdout, sys.stderr = before
