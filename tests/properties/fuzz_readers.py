"""Lets atheris look for inputs that break a reader of files: ``python fuzz_readers.py -max_total_time=20 CORPUS``.

Only our own code is watched: what the libraries do with an input is theirs, what comes out of it is ours.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["sharesim"]):
    from tests.properties.hostile_inputs import Readers


def main() -> None:
    """Fuzz until the time is over or something breaks."""
    with tempfile.TemporaryDirectory() as name:
        readers = Readers(Path(name))
        atheris.Setup(sys.argv, readers.one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
