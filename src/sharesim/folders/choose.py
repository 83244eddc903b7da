"""Which folder a result gets where none is named: its own, and never that of another study, scenario or change."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sharesim.folders.claims import is_held
from sharesim.folders.mark import KINDS, Origin, read_mark
from sharesim.folders.place import CLAIM, WORK, being_made, is_free, recovered

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")


def own_folder(parent: Path, name: str, kind: str, origin: Origin) -> tuple[Path, str]:
    """Return the folder of a result below a parent, and in words why it is not the plain name; empty where it is.

    Run again after an edit, a study comes back to its own folder. A scenario has ``NAME-SCENARIO``; changes have
    ``NAME-`` and eight hexadecimal digits of them; so has what finds its place taken by something else, of where it
    came from. What is ours to replace and what is not is checked when it is written (`place.being_written`).

    Parameters
    ----------
    parent : Path
        Such as ``runs``.
    name : str
    kind : str
        Of `KINDS`.
    origin : Origin
        Its source as a path that can be followed from here; the folder records it from ``parent``.

    Examples
    --------
    >>> own_folder(Path("runs"), "tiny", "run", Origin("studies/tiny", "high"))[0].name
    'tiny-high'
    """
    _sweep(parent)
    origin, taken = seen_from(origin, parent), ""
    for candidate, why in _candidates(name, origin):
        folder = parent / candidate
        other = _other(folder, kind, origin)
        if not other:
            return folder, taken or why
        taken = taken or f"{folder} holds {other}"
    raise AssertionError("digests of 256 bits are taken")


def seen_from(origin: Origin, parent: Path) -> Origin:
    """Return an origin whose source is told as a path from the folder beside which the result lies.

    So a project that is moved whole, or mounted elsewhere, still knows its own results.
    """
    if not os.path.isabs(origin.source):
        return origin
    try:
        source = Path(os.path.relpath(origin.source, os.path.realpath(parent))).as_posix()
    except ValueError:
        # On Windows there is no way from one drive to another.
        source = origin.source
    return replace(origin, source=source)


def _candidates(name: str, origin: Origin) -> Iterator[tuple[str, str]]:
    """Yield names with what they stand for, each more its own than the one before."""
    why = [f"scenario {origin.scenario}"] if origin.scenario else []
    why += ["changes on the command line"] if origin.changes else []
    is_plain = PLAIN.fullmatch(origin.scenario) is not None
    name = f"{name}-{origin.scenario}" if origin.scenario and is_plain else name
    if origin.changes or (origin.scenario and not is_plain):
        yield f"{name}-{replace(origin, source='').digits()}", " and ".join(why)
    else:
        yield name, " and ".join(why)
    for n_digits in (8, 16, 64):
        yield f"{name}-{origin.digits(n_digits)}", ""


def _other(folder: Path, kind: str, origin: Origin) -> str:
    """Return in words what a folder holds that is not this result's earlier self; empty where it is free or its own."""
    recovered(folder)
    if is_held(folder / WORK / CLAIM):
        made = being_made(folder)
        if made != ("", "") and made != (kind, origin.digits(64)):
            return f"{KINDS.get(made[0], 'something')} that is being written"
    mark = None if is_free(folder) else read_mark(folder)
    if mark is None or (mark.kind, mark.origin) == (kind, origin):
        return ""
    if mark.kind != kind:
        return KINDS.get(mark.kind, mark.kind)
    return f"{KINDS.get(kind, kind)} of another study ({mark.origin.source})"


def _sweep(parent: Path) -> None:
    """Make whole what killed runs left beside the one to come."""
    if parent.is_dir():
        for item in parent.iterdir():
            recovered(item)


__all__ = ["own_folder", "seen_from"]
