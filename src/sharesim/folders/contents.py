"""What a folder holds, by digest: which of the files written there are still as they were written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

READ_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Written:
    """A file as it was written.

    Parameters
    ----------
    size : int
        In bytes.
    sha256 : str
        Of its bytes, in hexadecimal digits.
    """

    size: int
    sha256: str


def written(file: Path) -> Written:
    """Return size and digest of a file.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "empty.csv"
    >>> _ = file.write_bytes(b"")
    >>> written(file).sha256[:8]
    'e3b0c442'
    """
    found, size = hashlib.sha256(), 0
    with file.open("rb") as lines:
        while block := lines.read(READ_AT_ONCE):
            found.update(block)
            size += len(block)
    return Written(size, found.hexdigest())


def contents(folder: Path, leave_out: Collection[str] = ()) -> dict[str, Written]:
    """Return every file below a folder with its digest, by its path from there ("figures/fan.svg"), sorted.

    Parameters
    ----------
    folder : Path
    leave_out : collection of str
        Paths from the folder that are not looked at.
    """
    names = sorted(item.relative_to(folder).as_posix() for item in folder.rglob("*") if item.is_file())
    return {name: written(folder / name) for name in names if name not in leave_out}


def changed(folder: Path, files: Mapping[str, Written]) -> list[str]:
    """Return which of the files that were written are there, but no longer as they were written.

    A file that is gone is not among them. Something else in its place is: a folder, a link, or a file below a link.

    Raises
    ------
    OSError
        When a file cannot be read.
    """
    return [name for name, file in files.items() if _is_there(folder, name) and not is_same(folder, name, file)]


def missing(folder: Path, files: Iterable[str]) -> list[str]:
    """Return which of the files that were written are no longer there."""
    return [name for name in files if not _is_there(folder, name)]


def is_same(folder: Path, name: str, file: Written) -> bool:
    """Return whether a file is there as it was written: a plain file, reached without a link, of the same bytes."""
    place = folder / name
    inside = [folder.joinpath(*PurePosixPath(name).parts[:n]) for n in range(1, len(PurePosixPath(name).parts) + 1)]
    if any(item.is_symlink() for item in inside) or not place.is_file():
        return False
    # A digest costs reading it all; another size is another file.
    return place.stat().st_size == file.size and written(place) == file


def as_plain(files: Mapping[str, Written]) -> dict[str, dict[str, Any]]:
    """Return the list of files as JSON holds it: path to size and sha256."""
    return {name: {"size": file.size, "sha256": file.sha256} for name, file in files.items()}


def from_plain(value: Any) -> dict[str, Written] | None:
    """Return a list of files that JSON held, or None where it is none, or names what lies outside its folder.

    Examples
    --------
    >>> from_plain({"../x.csv": {"size": 1, "sha256": "0" * 64}}) is None
    True
    """
    if not isinstance(value, dict):
        return None
    found: dict[str, Written] = {}
    for name, file in value.items():
        size, digest = (file.get("size"), file.get("sha256")) if isinstance(file, dict) else (None, None)
        if not is_inside(name) or type(size) is not int or not isinstance(digest, str):
            return None
        found[name] = Written(size, digest)
    return found


def is_inside(name: Any) -> bool:
    """Return whether a text is the path of a file below a folder: relative, with plain slashes, never upwards."""
    if not isinstance(name, str) or not name or "\\" in name or "\0" in name or ":" in name.partition("/")[0]:
        return False
    return not name.startswith("/") and not {"", ".", ".."} & set(name.split("/"))


def _is_there(folder: Path, name: str) -> bool:
    # A broken link is something, too.
    return os.path.lexists(folder / name)


__all__ = ["Written", "as_plain", "changed", "contents", "from_plain", "is_inside", "is_same", "missing", "written"]
