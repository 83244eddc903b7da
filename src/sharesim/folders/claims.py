"""Who works on what: locks that the operating system lets go of when their holder dies, however it dies.

No process numbers, hosts or clocks are compared, so a number used again, another machine or a wrong clock cannot fool
them. They hold between machines where the file system carries locks, as NFS does
(docs/decisions/061-claims-by-locks.md).
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from sharesim.errors import Fault, OutputError

if sys.platform == "win32":  # pragma: no cover
    import msvcrt
else:
    import fcntl

POLL_SECONDS = 0.1
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextlib.contextmanager
def claim(path: Path, *, wait: bool = False) -> Iterator[bool]:
    """Hold a claim while the block runs; gives False, and holds nothing, where somebody else has it.

    Parameters
    ----------
    path : Path
        The claim's file; made when missing, removed when let go.
    wait : bool
        Wait until it is free.

    Raises
    ------
    OutputError
        When the file cannot be made, or the file system has no locks.
    """
    handle = _take(path)
    while handle is None and wait:
        time.sleep(POLL_SECONDS)
        handle = _take(path)
    try:
        yield handle is not None
    finally:
        if handle is not None:
            _let_go(handle, path)


def is_held(path: Path) -> bool:
    """Return whether somebody alive holds a claim."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        free = _lock(handle)
        if free:
            _unlock(handle)
        return not free
    finally:
        os.close(handle)


def _take(path: Path) -> int | None:
    """Return an open file that holds the lock, or None where somebody else has it."""
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            continue
        try:
            if not _lock(handle):
                os.close(handle)
                return None
        except OSError as error:
            os.close(handle)
            if error.errno not in NO_LOCKS:
                raise
            told = "its file system has no locks, by which runs know of each other"
            raise OutputError(
                Fault(str(path.parent), told, "", "", "Choose an --out on another file system.")
            ) from None
        if _is_same(handle, path):
            return handle
        # Whoever held it removed the file between our opening it and locking it.
        os.close(handle)


def _is_same(handle: int, path: Path) -> bool:
    try:
        ours, there = os.fstat(handle), os.stat(path)
    except OSError:
        return False
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)


def _let_go(handle: int, path: Path) -> None:
    # Removed while still held: who opened it before finds another file there, or none, and starts again.
    if os.name != "nt":
        path.unlink(missing_ok=True)
    _unlock(handle)
    os.close(handle)
    if os.name == "nt":  # pragma: no cover
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


if sys.platform == "win32":  # pragma: no cover

    def _lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(handle: int) -> None:
        with contextlib.suppress(OSError):
            msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:

    def _lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)


__all__ = ["claim", "is_held"]
