"""Tasks that worker processes find by name."""

from __future__ import annotations

import os
import time
from pathlib import Path


def die_unless(file: str, times: int) -> int:
    """Kill the process that runs this until it was run a number of times."""
    with open(file, "a") as stream:
        stream.write("x")
    if os.path.getsize(file) <= times:
        os.kill(os.getpid(), 9)
    return os.getpid()


def square(number: int) -> int:
    """Return the square."""
    return number * number


def fail() -> None:
    """Raise."""
    raise KeyError("x")


def slowly(file: str) -> None:
    """Say who works, and some time later that it is done."""
    Path(file).with_suffix(".part").write_text(str(os.getpid()))
    os.replace(Path(file).with_suffix(".part"), file)
    time.sleep(1.5)
    Path(f"{file}.done").touch()
