"""The mark by which a folder is known to be sharesim's own: a manifest that names every file written there.

``manifest.json`` of some other program is no mark, nor is one that names files outside its folder. The manifest carries
a digest of itself too, so that an edit of it is seen (docs/decisions/090-whose-a-folder-is.md).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sharesim.folders.contents import Written, as_plain, contents, from_plain

MANIFEST = "manifest.json"
PROGRAM = "sharesim"
#: A manifest names some hundred files; what is larger is none of ours.
MOST_BYTES = 20_000_000

#: What a folder may hold, in words.
KINDS = {
    "run": "a run", "appraisal": "an appraisal", "frontier": "a frontier", "rule_costs": "what rules cost",
    "track": "a highlight report", "backtest": "a back-test", "report": "the report of a run",
    "comparison": "a comparison of runs",
}  # fmt: skip


@dataclass(frozen=True)
class Origin:
    """What a result was made of; two results of one origin are one thing before and after an edit.

    Parameters
    ----------
    source : str
        Where the study lies, as a path from the folder that holds the result's; or what else it was made of.
    scenario : str
    changes : tuple of (str, str)
        Path and value of each change made on top.
    """

    source: str = ""
    scenario: str = ""
    changes: tuple[tuple[str, str], ...] = ()

    def as_plain(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return {"source": self.source, "scenario": self.scenario, "changes": [list(pair) for pair in self.changes]}

    def digits(self, n: int = 8) -> str:
        """Return hexadecimal digits that tell it from others.

        Examples
        --------
        >>> Origin("../a").digits() == Origin("../b").digits()
        False
        """
        text = json.dumps(self.as_plain(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:n]


NOWHERE = Origin()


@dataclass(frozen=True)
class Mark:
    """What the manifest of a folder of ours says.

    Parameters
    ----------
    kind : str
        Of `KINDS`.
    origin : Origin
    files : mapping of str to Written
        Every file written there but the manifest itself.
    is_untouched : bool
        Whether the manifest is as it was written.
    said : mapping
        What the writer put into it.
    """

    kind: str
    origin: Origin
    files: Mapping[str, Written]
    is_untouched: bool = True
    said: Mapping[str, Any] = field(default_factory=dict)


def seal(folder: Path, kind: str, origin: Origin, others: Mapping[str, Written] | None = None) -> Mark:
    """Make a written folder sharesim's own: add the mark and the list of its files to its manifest.

    Parameters
    ----------
    folder : Path
        What its writer put into its manifest stays there.
    kind : str
    origin : Origin
    others : mapping of str to Written, optional
        Files that lie beside them already, where these are added to a folder.
    """
    file = folder / MANIFEST
    said = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    said = {key: value for key, value in said.items() if key not in _OURS}
    files = dict(sorted({**(others or {}), **contents(folder, leave_out=(MANIFEST,))}.items()))
    told = {"written_by": PROGRAM, "kind": kind, "origin": origin.as_plain(), **said, "files": as_plain(files)}
    text = json.dumps(told | {"sha256": _digest(told)}, indent=2, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8", newline="\n")
    return Mark(kind, origin, files, said=said)


def read_mark(folder: Path) -> Mark | None:
    """Return what a folder of ours says of itself, or None where it is not ours."""
    try:
        file = folder / MANIFEST
        if file.is_symlink() or file.stat().st_size > MOST_BYTES:
            return None
        told = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or told.get("written_by") != PROGRAM or not isinstance(told.get("kind"), str):
        return None
    files = from_plain(told.get("files"))
    if files is None or MANIFEST in files:
        return None
    digest = told.pop("sha256", None)
    said = {key: value for key, value in told.items() if key not in _OURS}
    return Mark(told["kind"], _origin(told.get("origin")), files, digest == _digest(told), said)


_OURS = ("written_by", "kind", "origin", "files", "sha256")


def _digest(told: Mapping[str, Any]) -> str:
    text = json.dumps(told, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _origin(value: Any) -> Origin:
    """Return an origin that JSON held; what is none of ours is like no other."""
    try:
        changes = tuple((str(path), str(text)) for path, text in value["changes"])
        return Origin(str(value["source"]), str(value["scenario"]), changes)
    except (KeyError, TypeError, ValueError):
        return Origin("unknown")


__all__ = ["KINDS", "MANIFEST", "NOWHERE", "Mark", "Origin", "read_mark", "seal"]
