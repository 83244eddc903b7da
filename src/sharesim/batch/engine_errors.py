"""How work that was handed out can end without a result, whichever engine had it."""

from __future__ import annotations


class WorkerDied(Exception):
    """A task's worker died under it, each time that it was tried."""


class EngineLost(Exception):
    """Whoever hands out the tasks is gone; no later task can be done either."""


__all__ = ["EngineLost", "WorkerDied"]
