"""Files made sure of on the disk itself, so that a power cut cannot take them back."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def flush(path: Path) -> None:
    """Wait until a file, or every file and folder below a folder, lies on the disk.

    A name is on the disk when the folder that holds it is: flush that too once a thing was moved into its place.

    Raises
    ------
    OSError
        When the disk refuses a file after all; some say so as late as this.
    """
    if not path.is_dir():
        _flush_file(path)
        return
    for item in sorted(path.rglob("*")):
        if not item.is_symlink():
            flush_folder(item) if item.is_dir() else _flush_file(item)
    flush_folder(path)


def flush_folder(folder: Path) -> None:
    """Wait until the names in a folder lie on the disk, where the system knows how."""
    # Windows opens no folders, and some network disks flush none.
    with contextlib.suppress(OSError):
        _sync(folder, os.O_RDONLY)


def _flush_file(file: Path) -> None:
    # Windows flushes only what it may write to.
    _sync(file, os.O_RDWR if os.name == "nt" else os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


__all__ = ["flush", "flush_folder"]
