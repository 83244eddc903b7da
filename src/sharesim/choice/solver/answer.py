"""What a solver is asked with, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sharesim.choice.solution import Progress, Status, StoppedBy


@dataclass(frozen=True)
class SolverOptions:
    """How one integer program is solved.

    Parameters
    ----------
    solver : {"auto", "cbc", "highs"}
    gap : float
        Relative gap at which to stop, as a share of the value.
    time_limit_seconds : float
        inf for none.
    work_limit_nodes : int or None
        Most branch-and-bound nodes: a limit that stops at the same point on every machine.
    seed : int
    progress : callable, optional
        Called with a `Progress` now and then; returning True stops the search and keeps the best found.
    start : ndarray, optional
        Values of variables of a good solution; nan where the solver is to work them out.
    """

    solver: str = "auto"
    gap: float = 1e-6
    time_limit_seconds: float = np.inf
    work_limit_nodes: int | None = None
    seed: int = 1
    progress: Callable[[Progress], bool | None] | None = None
    start: np.ndarray | None = None


@dataclass(frozen=True)
class RawSolution:
    """What a solver said, in the program's own units and sense (maximise).

    Parameters
    ----------
    status : Status
    values : ndarray, shape (V,), or None
    objective, bound : float
    stopped_by : StoppedBy
    seconds : float
        Over all solvers that were tried.
    solver : str
    notes : tuple of str
        That another solver failed before.
    """

    status: Status
    values: np.ndarray | None
    objective: float
    bound: float
    stopped_by: StoppedBy
    seconds: float = 0.0
    solver: str = ""
    notes: tuple[str, ...] = ()
