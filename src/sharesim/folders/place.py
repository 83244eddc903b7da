"""How a result takes its place: written aside, then moved in file by file, so that nothing of anybody else is touched.

Whoever writes a folder holds the claim of its ``.sharesim``, in which it works::

    .sharesim/claim              a lock, which the operating system frees however its holder dies
    .sharesim/about.json         what is being written
    .sharesim/RANDOM.new/        the new files
    .sharesim/RANDOM.plan        their list; from here on they are moved
    .sharesim/RANDOM.old/        what was there: the earlier manifest first, then its files
    .sharesim/RANDOM.gone/       the same, when the new files are in place and it is no longer needed

The earlier manifest is the first to go and the new one the last to come: a folder without one holds no result, and
nobody takes a half for a whole. Who comes after a killed one puts the earlier files back, or, where the new manifest
was in its place already, clears up (docs/decisions/091-how-a-result-takes-its-place.md).
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sharesim.errors import Fault, OutputError
from sharesim.folders.claims import claim
from sharesim.folders.contents import Written, as_plain, changed, contents, from_plain, is_same
from sharesim.folders.fresh import kept_name
from sharesim.folders.mark import KINDS, MANIFEST, NOWHERE, Mark, Origin, read_mark, seal

WORK = ".sharesim"
CLAIM, ABOUT = "claim", "about.json"
NEW, OLD, GONE, PLAN, HALF = ".new", ".old", ".gone", ".plan", ".half"
OURS = re.compile(r"[0-9a-f]{12}\.(new|old|gone|plan|half)|about\.json")
MOST_NAMED = 3
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where a result goes, and what may be replaced there.

    Parameters
    ----------
    folder : Path
    kind : str
        What is written: one of `KINDS`. Only an earlier one of its kind is replaced.
    origin : Origin
    replace_edited : bool
        Move a file of ours that was edited since to NAME.kept, instead of refusing.
    expected : tuple of str
        Names known to be written, files or folders: somebody else's file there is found before the work, not after.
    add : bool
        Add these files to what is there, instead of replacing it.
    """

    folder: Path
    kind: str
    origin: Origin = NOWHERE
    replace_edited: bool = False
    expected: tuple[str, ...] = ()
    add: bool = False

    @property
    def work(self) -> Path:
        """Where it is worked at."""
        return self.folder / WORK


@contextlib.contextmanager
def being_written(place: Place) -> Iterator[Path]:
    """Give a folder to write into whose files take their place when everything went well, and vanish otherwise.

    What cannot be replaced is found before the block runs. A manifest that the block writes is kept, and marked.

    Raises
    ------
    OutputError
        When the folder cannot be written, holds what is not ours to replace, or is being written by somebody else.
    """
    folder, is_new = place.folder, not os.path.lexists(place.folder)
    try:
        if not place.work.is_dir():
            _there(place)
        folder.mkdir(parents=True, exist_ok=True)
        with claim(place.work / CLAIM) as mine:
            if not mine:
                raise OutputError(_busy(folder))
            try:
                _recover(folder)
                before, token = _there(place), secrets.token_hex(6)
                _write_about(place)
                aside = place.work / (token + NEW)
                aside.mkdir()
                yield aside
                _take_place(place, before, token)
            finally:
                _recover(folder)
                _clear(place.work)
    except OSError as error:
        raise OutputError(_unwritable(folder, error)) from error
    finally:
        _leave(folder, is_new)


def check(place: Place) -> None:
    """Look whether a result may take its place, before it is worked out.

    Raises
    ------
    OutputError
        When the folder holds something that is not ours, another kind of result, or a file of ours that was edited.
    """
    recovered(place.folder)
    try:
        _there(place)
    except OSError as error:
        raise OutputError(_unwritable(place.folder, error)) from error


def _there(place: Place) -> Mark | None:
    """Return the mark of what will be replaced, None where the folder is free.

    Raises
    ------
    OutputError
        When it holds something that is not ours, another kind of result, or a file of ours that was edited.
    """
    folder = place.folder
    if is_free(folder):
        return None
    mark = read_mark(folder) if folder.is_dir() else None
    if mark is None:
        got = f"a folder with {_first(folder)!r} in it" if folder.is_dir() else "a file"
        allowed = "a new name, an empty folder, or an earlier result of sharesim"
        raise OutputError(Fault(str(folder), "is in the way", got, allowed, "Choose another --out."))
    if mark.kind != place.kind:
        there, ours = KINDS.get(mark.kind, mark.kind), KINDS.get(place.kind, place.kind)
        remedy = "Choose another --out: nothing is replaced but its own kind."
        raise OutputError(Fault(str(folder), "holds another result", there, ours, remedy))
    if place.add and mark.origin != place.origin:
        allowed = "the same run, or a free folder"
        raise OutputError(Fault(str(folder), "belongs to another run", "", allowed, "Choose another --out."))
    if not place.replace_edited:
        _check_edited(place, mark)
    return mark


def _check_edited(place: Place, mark: Mark) -> None:
    folder = place.folder
    edited = [name for name in changed(folder, mark.files) if not place.add or _is_below(name, place.expected)]
    edited += [] if mark.is_untouched else [MANIFEST]
    others = [name for name in place.expected if name not in mark.files and os.path.lexists(folder / name)]
    others = [name for name in others if (folder / name).is_symlink() or not (folder / name).is_dir()]
    for names, said in ((edited, "was changed since it was written"), (others, "was not written by sharesim")):
        if names:
            more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            where = f"{folder}: {', '.join(names[:MOST_NAMED])}{more}"
            remedy = f"Move it away, choose another --out, or give --replace: then it is kept as {names[0]}.kept."
            raise OutputError(Fault(where, said, "", "", remedy))


def is_free(folder: Path) -> bool:
    """Return whether a folder is not there yet, or is empty but for what we work in."""
    if not os.path.lexists(folder):
        return True
    return folder.is_dir() and all(item.name == WORK for item in folder.iterdir())


def recovered(folder: Path) -> bool:
    """Make whole again what a killed run left; return False where somebody alive is at work there."""
    if not (folder / WORK).is_dir():
        return True
    with contextlib.suppress(OSError, OutputError):
        with claim(folder / WORK / CLAIM) as mine:
            if not mine:
                return False
            _recover(folder)
            _clear(folder / WORK)
        # What holds nothing else was made for a result that never came.
        _leave(folder, is_new=True)
    return True


def being_made(folder: Path) -> tuple[str, str]:
    """Return kind and origin's digits of what somebody alive writes there; empty where that is not known."""
    try:
        told = json.loads((folder / WORK / ABOUT).read_bytes())
        return str(told["kind"]), str(told["origin"])
    except (OSError, ValueError, KeyError, TypeError):
        return "", ""


# -- taking the place --------------------------------------------------------------------------------------------------


def _take_place(place: Place, before: Mark | None, token: str) -> None:
    folder, aside, out = place.folder, place.work / (token + NEW), place.work / (token + OLD)
    there = dict(before.files) if before else {}
    if place.add and before and not (aside / MANIFEST).exists():
        (aside / MANIFEST).write_text(json.dumps(before.said, ensure_ascii=False), encoding="utf-8")
    new = contents(aside, leave_out=(MANIFEST,))
    seal(aside, place.kind, before.origin if place.add and before else place.origin, there if place.add else None)
    leaving = [name for name in there if not place.add or name in new]
    out.mkdir()
    _write_plan(place.work / (token + PLAN), new)
    for name in (MANIFEST, *leaving):
        if _obstacle(folder, name) == name:
            _move(folder, out, name)
    for name in (*new, MANIFEST):
        while obstacle := _obstacle(folder, name):
            # What came there since it was cleared is somebody else's.
            _keep(folder, folder, obstacle) if os.path.lexists(out / obstacle) else _move(folder, out, obstacle)
        _move(aside, folder, name)
    _remove_empty(folder, leaving)


def _recover(folder: Path) -> None:
    """Bring what was begun to an end: back where the new manifest is not in its place yet, forward where it is."""
    for plan in sorted((folder / WORK).glob(f"*{PLAN}")):
        token = plan.name.removesuffix(PLAN)
        aside, out = plan.with_name(token + NEW), plan.with_name(token + OLD)
        if (aside / MANIFEST).exists():
            _undo(folder, _read_plan(plan), aside, out)
        else:
            _keep_edited(folder, out)
        plan.unlink()


def _undo(folder: Path, new: Mapping[str, Written], aside: Path, out: Path) -> None:
    """Put back what was there, and take away what came in its stead."""
    if os.path.lexists(folder / MANIFEST):
        # The first to go and the last to come back: nothing was moved yet, or all is back.
        return
    for name, file in new.items():
        # Moved and not removed: who does this once more must not take what was put back for what came.
        if not (aside / name).exists() and is_same(folder, name, file):
            _move(folder, aside, name)
    _remove_empty(folder, new)
    for name in _items(out, read_mark(out)):
        if os.path.lexists(folder / name):
            _keep(folder, folder, name)
        _move(out, folder, name)


def _keep_edited(folder: Path, out: Path) -> None:
    """Give back what was moved out of the way and is not ours, or was edited, under another name."""
    mark = read_mark(out)
    files = mark.files if mark else {}
    for name in _items(out, mark):
        ours = (mark is not None and mark.is_untouched) if name == MANIFEST else name in files
        if not ours or (name != MANIFEST and not is_same(out, name, files[name])):
            _keep(out, folder, name)
    if out.is_dir():
        os.rename(out, out.with_suffix(GONE))


def _items(out: Path, mark: Mark | None) -> list[str]:
    """Return what was moved out, as it was moved: files, links, and whole folders that hold nothing of ours.

    The manifest is the last: as long as it is not done with, it says which of the others are ours.
    """
    ours = {parent.as_posix() for name in (mark.files if mark else ()) for parent in PurePosixPath(name).parents}
    found, queue = [], sorted(out.iterdir()) if out.is_dir() else []
    while queue:
        item = queue.pop()
        name = item.relative_to(out).as_posix()
        if item.is_dir() and not item.is_symlink() and (name in ours or not any(item.iterdir())):
            queue += sorted(item.iterdir())
        else:
            found.append(name)
    return sorted(found, key=lambda name: (name == MANIFEST, name))


def _keep(source: Path, folder: Path, name: str) -> None:
    """Move something aside under a name that is free: NAME.kept, NAME.kept-2 and so on."""
    kept = kept_name(folder / name)
    kept.parent.mkdir(parents=True, exist_ok=True)
    os.rename(source / name, kept)
    _log.warning("%s: is not as sharesim wrote it, and is kept as %s.", folder / name, kept.name)


def _move(source: Path, target: Path, name: str) -> None:
    (target / name).parent.mkdir(parents=True, exist_ok=True)
    os.rename(source / name, target / name)


def _obstacle(folder: Path, name: str) -> str | None:
    """Return what stands where a file is to go: itself, or something on its way that is no plain folder."""
    parts = PurePosixPath(name).parts
    for n in range(1, len(parts)):
        above = folder.joinpath(*parts[:n])
        if above.is_symlink() or (os.path.lexists(above) and not above.is_dir()):
            return "/".join(parts[:n])
    return name if os.path.lexists(folder / name) else None


def _remove_empty(folder: Path, names: Iterable[str]) -> None:
    """Remove folders that held files of ours and hold nothing any more."""
    parents = {parent for name in names for parent in PurePosixPath(name).parents} - {PurePosixPath(".")}
    for parent in sorted(parents, key=lambda item: -len(item.parts)):
        with contextlib.suppress(OSError):
            (folder / parent).rmdir()


# -- the folder of work ------------------------------------------------------------------------------------------------


def _write_about(place: Place) -> None:
    text = json.dumps({"kind": place.kind, "origin": place.origin.digits(64)})
    (place.work / ABOUT).write_text(text, encoding="utf-8")


def _write_plan(plan: Path, new: Mapping[str, Written]) -> None:
    # Whole or not at all: half a plan would undo a half.
    half = plan.with_suffix(HALF)
    half.write_text(json.dumps(as_plain(new)), encoding="utf-8")
    os.rename(half, plan)


def _read_plan(plan: Path) -> Mapping[str, Written]:
    try:
        return from_plain(json.loads(plan.read_bytes())) or {}
    except ValueError:
        return {}


def _clear(work: Path) -> None:
    """Remove what is left at work, but never what is still needed to make a folder whole; only its claimer may."""
    if any(work.glob(f"*{PLAN}")):
        return
    for item in work.iterdir():
        if OURS.fullmatch(item.name):
            shutil.rmtree(item, ignore_errors=True) if item.is_dir() else item.unlink(missing_ok=True)


def _leave(folder: Path, is_new: bool) -> None:
    with contextlib.suppress(OSError):
        (folder / WORK).rmdir()
    if is_new:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _is_below(name: str, expected: Iterable[str]) -> bool:
    return any(name == item or name.startswith(f"{item}/") for item in expected)


def _first(folder: Path) -> str:
    return min(item.name for item in folder.iterdir() if item.name != WORK)


def _busy(folder: Path) -> Fault:
    remedy = "Wait until it is done, or choose another --out."
    return Fault(str(folder), "is being written by another run of sharesim", "", "", remedy)


def _unwritable(folder: Path, error: OSError) -> Fault:
    reason = f"cannot be written: {error.strerror or error}"
    return Fault(str(folder), reason, "", "", "Choose another --out, or make room.")


__all__ = ["Place", "being_made", "being_written", "check", "is_free", "recovered"]
