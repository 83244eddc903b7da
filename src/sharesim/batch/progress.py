"""Progress of a batch for people: bars on a terminal, a line now and then in a file."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from sharesim.batch.execute import Listener, Tally

LINE_SECONDS = 30.0
PLANNING_SECONDS = 2.0


@contextmanager
def listener(quiet: bool, stream: TextIO | None = None) -> Iterator[Listener | None]:
    """Give a listener for `BatchOptions.listen`; None where nothing is to be told."""
    stream = stream or sys.stderr
    if quiet:
        yield None
    elif stream.isatty():
        with _bars(stream) as listen:
            yield listen
    else:
        yield _Lines(stream)


def words(tally: Tally) -> str:
    """Return how far a batch is in one line.

    Examples
    --------
    >>> words(Tally("running", 60, 12, 1, 4, 0, 90.0))
    '12 of 60 done, 4 running, 1 failed, about 2 min left'
    """
    if tally.stage == "planning":
        return f"planning: {tally.done} of {tally.of} runs"
    parts = [f"{tally.done} of {tally.of} done", f"{tally.running} running", f"{tally.failed} failed"]
    parts += [f"{tally.unproven} unproven"] if tally.unproven else []
    parts += [f"{tally.found} there already"] if tally.found else []
    if tally.seconds_left is not None and tally.over < tally.of:
        parts.append(f"about {_time(tally.seconds_left)} left")
    return ", ".join(parts)


class _Lines:
    """Writes a line when something has changed and the last line is half a minute old, and always at the end."""

    def __init__(self, stream: TextIO) -> None:
        self.stream, self.last = stream, time.monotonic()

    def __call__(self, tally: Tally) -> None:
        over = tally.stage == "running" and tally.over >= tally.of
        if over or time.monotonic() - self.last > LINE_SECONDS:
            self.last = time.monotonic()
            print(words(tally), file=self.stream, flush=True)


@contextmanager
def _bars(stream: TextIO) -> Iterator[Listener]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    with Progress(
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.description}"),
        console=Console(file=stream),
        transient=True,
    ) as bars:
        task = bars.add_task("planning", total=None)
        begun = time.monotonic()

        def listen(tally: Tally) -> None:
            # A short plan should not flash by.
            if tally.stage == "running" or time.monotonic() - begun > PLANNING_SECONDS:
                bars.update(task, description=words(tally), total=max(1, tally.of), completed=tally.over)

        yield listen


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


__all__ = ["listener", "words"]
