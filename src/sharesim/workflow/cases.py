"""The worked cases: which there are, and a copy of one to change."""

from __future__ import annotations

import csv
import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from sharesim.arguments import a_path, a_text, takes
from sharesim.errors import Fault, OutputError, UsageError
from sharesim.folders.fresh import made_whole
from sharesim.study.labels import unknown_name
from sharesim.workflow.new import free_folder

STUDY = "study.toml"
BUILDER = "build.py"
KEPT = (".toml", ".csv", ".md", ".py")


@dataclass(frozen=True)
class Case:
    """A worked case.

    Parameters
    ----------
    name, title, sentence : str
        The sentence is the first of what it asks.
    n_councils, n_services : int or None
        None where the table still has to be built.
    folder : Path
    """

    name: str
    title: str
    sentence: str
    n_councils: int | None
    n_services: int | None
    folder: Path

    @property
    def is_ready(self) -> bool:
        """Whether its tables are there; some are built from returns that are not ours to copy."""
        return self.n_councils is not None and (self.folder / "baseline.csv").is_file()

    @property
    def size(self) -> str:
        """Councils by services, in words."""
        services = f"{self.n_services} services"
        return f"{self.n_councils} councils x {services}" if self.n_councils else f"{services}, councils to be built"


def cases_folder() -> Path:
    """Return the folder of the worked cases: part of an installed package, or ``configs`` of a checkout.

    Raises
    ------
    UsageError
        When neither is there.
    """
    package = Path(str(files("sharesim")))
    for folder in (package / "cases", package.parent.parent / "configs"):
        if folder.is_dir() and any(folder.glob(f"*/{STUDY}")):
            return folder
    raise UsageError(Fault("cases", "the worked cases are not installed", "", "", "Install sharesim again, whole."))


def cases() -> list[Case]:
    """Return every worked case, by name.

    Examples
    --------
    >>> "chesterfield-2007" in [case.name for case in cases()]
    True
    """
    return [_case(path.parent) for path in sorted(cases_folder().glob(f"*/{STUDY}"))]


@takes(name=a_text)
def case(name: str) -> Case:
    """Return one worked case.

    Raises
    ------
    UsageError
        When there is none of that name.

    Examples
    --------
    >>> case("chesterfield-2007").size
    '3 councils x 10 services'
    """
    known = {item.name: item for item in cases()}
    if name not in known:
        raise UsageError(unknown_name("--like", "case", name, known))
    return known[name]


def _case(folder: Path) -> Case:
    about = tomllib.loads((folder / STUDY).read_text(encoding="utf-8"))["study"]
    question = " ".join(str(about.get("question") or about["title"]).split())
    sentence = re.split(r"(?<=[.?!]) ", question)[-1]
    return Case(
        folder.name, about["title"], sentence, _rows(folder / "councils.csv"), _rows(folder / "services.csv"), folder
    )


def _rows(path: Path) -> int | None:
    if not path.is_file():
        return None
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return sum(1 for row in csv.reader(lines) if any(row)) - 1


@takes(folder=a_path, name=a_text)
def new_like(folder: str | Path, name: str) -> Path:
    """Copy a worked case into a new folder, to change, and return the folder.

    Parameters
    ----------
    folder : str or Path
        New or empty.
    name : str
        Of a case, such as ``mansfield-ashfield-2012``.

    Raises
    ------
    UsageError
        When there is no such case, or the folder holds something already.
    OutputError
        When it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> copied = new_like(Path(tempfile.mkdtemp()) / "mine", "chesterfield-2007")
    >>> (copied / "study.toml").is_file()
    True
    """
    source = case(name).folder
    folder = free_folder(folder)
    try:
        with made_whole(folder) as aside:
            aside.mkdir()
            for item in sorted(source.iterdir()):
                if item.is_file() and item.suffix in KEPT:
                    (aside / item.name).write_bytes(item.read_bytes())
    except OSError as error:
        raise OutputError(
            Fault(str(folder), f"cannot be written: {error.strerror or error}", "", "", "Choose another folder.")
        ) from None
    return folder


def listing() -> str:
    """Return the worked cases as text: name, size and a sentence each."""
    found = cases()
    width = max(len(item.name) for item in found)
    size = max(len(item.size) for item in found)
    lines = [f"{item.name:<{width}}  {item.size:<{size}}  {item.sentence}" for item in found]
    return "\n".join([*lines, "", "Copy one and change it:  sharesim new DIR --like NAME"])


__all__ = ["BUILDER", "Case", "case", "cases", "cases_folder", "listing", "new_like"]
