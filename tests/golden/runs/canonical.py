"""What a run folder says, part by part, without what differs from run to run; and digests of that.

A part is a column of a table, a section of a page, a sheet, a slide, a key of a JSON file: small enough for a digest that changed to
say where to look. Left out are dates of writing, seconds, versions, paths, identities and digests. Numbers are rounded to nine
figures, for every platform; a second digest keeps all their figures, for the platform that recorded it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import platform
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

#: Keys of JSON files that say when, where and by what, not what.
LEFT_OUT = {
    "versions", "machine", "byte_order", "seconds", "date", "sha256", "size", "study_hash", "source", "solver", "id_of_study", "budget_seconds",
}  # fmt: skip
#: Packages whose version may change a last bit, a picture or a tie.
PACKAGES = ("numpy", "scipy", "pandas", "matplotlib", "pulp", "highspy", "xlsxwriter", "python-pptx")
#: Files that only the platform that recorded them has to repeat.
PICTURES = (".png", ".svg")

_NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d+(?:e[+-]?\d+)?(?![\w.])|(?<![\w.])-?\d{10,}(?![\w.])")
_IDENTITY = re.compile(r"\b[0-9a-f]{16,}\b")
_SECTION = re.compile(r"(?=<section[ >])|(?=<footer)")
_VERSION = re.compile(r"\b(sharesim|python|numpy|scipy|pulp|highspy|pandas|pydantic|matplotlib|PuLP) \d+\.\d[\w.]*")
_SECONDS = re.compile(r"\b(appraise|choose|judge|explain|report) \d+\.\d\b")
_STAMPED = re.compile(r"<(dcterms|cp):(created|modified|lastModifiedBy|revision)[^>]*>[^<]*</")


def fingerprint() -> str:
    """Return what has to agree for every last bit to be the same."""
    packages = " ".join(f"{name}-{version(name)}" for name in PACKAGES)
    return f"{platform.system()} {platform.machine()} Python-{platform.python_version()} {packages}"


def parts_of(file: Path) -> Iterator[tuple[str, str]]:
    """Yield name and text of every part of a file."""
    read = _READERS.get(file.suffix)
    yield from read(file) if read else [("", file.read_bytes().hex())]


def rounded(text: str) -> str:
    """Return a text with its numbers rounded to nine figures."""
    return _NUMBER.sub(lambda found: f"{float(found[0]):.9g}", text)


def digests(folder: Path) -> dict[str, tuple[str, str]]:
    """Return the digest of every part of every file of a run: with nine figures of each number, and with all."""
    found = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and ".sharesim" not in path.parts):
        name = file.relative_to(folder).as_posix()
        for part, text in parts_of(file):
            said = _steady(text, folder)
            found[f"{name} {part}".rstrip().replace("\n", " ")] = (_digest(rounded(said)), _digest(said))
    return found


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


def _steady(text: str, folder: Path) -> str:
    today = date.today()
    for spelled in (today.isoformat(), f"{today.day} {today:%B %Y}"):
        text = text.replace(spelled, "TODAY")
    text = _SECONDS.sub(r"\1 SECONDS", _VERSION.sub(r"\1 VERSION", text.replace(str(folder), "FOLDER")))
    return _IDENTITY.sub("IDENTITY", text)


def _csv(file: Path) -> Iterator[tuple[str, str]]:
    head, *rows = csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig")))
    for place, name in enumerate(head):
        yield name, "\n".join(row[place] for row in rows)


def _parquet(file: Path) -> Iterator[tuple[str, str]]:
    frame = pd.read_parquet(file)
    for name in frame.columns:
        yield str(name), "\n".join([str(frame[name].dtype), *map(repr, frame[name].tolist())])


def _json(file: Path) -> Iterator[tuple[str, str]]:
    for key, value in json.loads(file.read_text(encoding="utf-8")).items():
        if key not in LEFT_OUT:
            yield key, json.dumps(_without(value), ensure_ascii=False, indent=0)


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without(item) for key, item in value.items() if key not in LEFT_OUT}
    return [_without(item) for item in value] if isinstance(value, list) else value


def _html(file: Path) -> Iterator[tuple[str, str]]:
    for place, part in enumerate(_SECTION.split(file.read_text(encoding="utf-8"))):
        name = re.search(r'id="([^"]+)"', part[:200])
        yield name[1] if name and place else f"part {place}", part


def _zip(file: Path) -> Iterator[tuple[str, str]]:
    with zipfile.ZipFile(file) as archive:
        for member in sorted(archive.namelist()):
            data = archive.read(member)
            text = data.decode("utf-8") if member.endswith((".xml", ".rels")) else data.hex()
            yield member, _STAMPED.sub("", text)


def _text(file: Path) -> Iterator[tuple[str, str]]:
    yield "", file.read_text(encoding="utf-8")


_READERS: dict[str, Callable[[Path], Iterator[tuple[str, str]]]] = {
    ".csv": _csv, ".parquet": _parquet, ".json": _json, ".html": _html, ".xlsx": _zip, ".pptx": _zip, ".svg": _text, ".md": _text, ".toml": _text,
}  # fmt: skip
