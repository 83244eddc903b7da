"""What is made once and never replaced, a file or a folder: written aside under a free name, then moved in whole."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from sharesim.errors import Fault, OutputError
from sharesim.folders.claims import claim

ASIDE = re.compile(r"\.sharesim-[0-9a-f]{12}")
CLAIM, NEW = "claim", "new"


@contextlib.contextmanager
def made_whole(out: Path) -> Iterator[Path]:
    """Give a path to write a file or a folder at, which becomes `out` when everything went well.

    What the killed left beside it is swept. OSError where it cannot be written.

    Parameters
    ----------
    out : Path
        A file that is not there, or a folder that is not there or empty.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with made_whole(folder / "page.md") as aside:
    ...     _ = aside.write_text("words")
    >>> [item.name for item in folder.iterdir()]
    ['page.md']
    """
    parent = out.parent
    parent.mkdir(parents=True, exist_ok=True)
    _sweep(parent)
    work = parent / f".sharesim-{secrets.token_hex(6)}"
    aside = work / NEW / out.name
    try:
        with claim(work / CLAIM, wait=True):
            try:
                aside.parent.mkdir()
                yield aside
                _move(aside, out)
            finally:
                shutil.rmtree(work / NEW, ignore_errors=True)
    finally:
        with contextlib.suppress(OSError):
            work.rmdir()


def _move(aside: Path, out: Path) -> None:
    if aside.is_dir() and out.is_dir():
        out.rmdir()
    elif os.path.lexists(out):
        raise FileExistsError(errno.EEXIST, "something came there while it was written", str(out))
    os.rename(aside, out)


def check_free(out: Path) -> None:
    """Look whether a file may be made, before it is worked out.

    Raises
    ------
    OutputError
        When something is there already.
    """
    if os.path.lexists(out):
        remedy = f"Choose another, or give --replace: then what is there is kept as {out.name}.kept."
        raise OutputError(Fault(str(out), "is in the way", "something is there already", "a new file", remedy))


def keep_aside(out: Path) -> None:
    """Move what lies at a path to a name that is free: NAME.kept, NAME.kept-2 and so on; nothing where nothing is."""
    if os.path.lexists(out):
        os.rename(out, kept_name(out))


def kept_name(out: Path) -> Path:
    """Return the name under which something is kept: the first that is free."""
    endings = (".kept" if n == 1 else f".kept-{n}" for n in itertools.count(1))
    return next(kept for ending in endings if not os.path.lexists(kept := out.with_name(out.name + ending)))


def _sweep(parent: Path) -> None:
    """Remove what nobody alive holds; what cannot be looked at is somebody else's."""
    with contextlib.suppress(OSError):
        for item in parent.iterdir():
            if ASIDE.fullmatch(item.name) and item.is_dir() and not item.is_symlink():
                with contextlib.suppress(OSError):
                    with claim(item / CLAIM) as mine:
                        if mine:
                            shutil.rmtree(item / NEW, ignore_errors=True)
                    item.rmdir()


__all__ = ["check_free", "keep_aside", "kept_name", "made_whole"]
