"""Time, progress and Ctrl-C while a solver runs."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from sharesim.choice.solution import Progress
from sharesim.choice.solver.answer import SolverOptions

# Between two calls of the caller's progress function.
REPORT_SECONDS = 0.2


@dataclass
class Watch:
    """Counts time and interrupts for one run, and passes progress on.

    Parameters
    ----------
    options : SolverOptions
    scale : float
        What the objective was multiplied by on its way to the solver.
    started, last : float
        When the run began and when progress was last passed on, in seconds of a clock that only goes forward.
    interrupted : Event
        Set once somebody asked to stop.
    """

    options: SolverOptions
    scale: float
    started: float = field(default_factory=time.monotonic)
    interrupted: threading.Event = field(default_factory=threading.Event)
    last: float = -np.inf

    def report(self, incumbent: float, bound: float) -> None:
        """Pass on the best value and the bound as the solver holds them, minimised and scaled, if it is time to."""
        now = time.monotonic()
        if self.options.progress is None or now - self.last < REPORT_SECONDS:
            return
        self.last = now
        value = -incumbent / self.scale if abs(incumbent) < 1e100 else -np.inf
        limit = -bound / self.scale if abs(bound) < 1e100 else np.inf
        if self.options.progress(Progress(now - self.started, value, limit)):
            self.interrupted.set()


@contextmanager
def interruptible(watch: Watch) -> Iterator[None]:
    """Turn Ctrl-C into "stop and keep the best found" while a solver runs (main thread only)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: watch.interrupted.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
