"""Errors that any engine raises when a task ends without a result."""

from __future__ import annotations


class WorkerDied(Exception):
    """A task's worker died under it, each time that it was tried."""


class EngineLost(Exception):
    """The scheduler that hands out the tasks is gone; no later task can be done either."""


__all__ = ["EngineLost", "WorkerDied"]
