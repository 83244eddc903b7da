"""A starter study to change."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from sharesim.arguments import a_path, takes
from sharesim.errors import Fault, OutputError, UsageError
from sharesim.folders.fresh import made_whole


@takes(folder=a_path)
def new(folder: str | Path) -> Path:
    """Write the starter study, with comments, into a new folder and return the folder.

    Raises
    ------
    UsageError
        When the folder holds something already.
    OutputError
        When it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> sorted(path.name for path in new(Path(tempfile.mkdtemp()) / "mine").iterdir())
    ['baseline.csv', 'councils.csv', 'risks.csv', 'services.csv', 'study.toml']
    """
    folder = free_folder(folder)
    try:
        with made_whole(folder) as aside:
            aside.mkdir()
            for source in sorted(files("sharesim").joinpath("starter").iterdir(), key=lambda item: item.name):
                if source.name.endswith((".toml", ".csv")):
                    (aside / source.name).write_bytes(source.read_bytes())
    except OSError as error:
        raise OutputError(
            Fault(str(folder), f"cannot be written: {error.strerror or error}", "", "", "Choose another folder.")
        ) from None
    return folder


def free_folder(folder: str | Path) -> Path:
    """Return a folder that a study may be written into: one that is not there yet, or is empty.

    Raises
    ------
    UsageError
        When it holds something already.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            Fault(
                str(folder),
                "is in the way",
                "something is there already",
                "a new or an empty folder",
                "Choose another name.",
            )
        )
    return folder
