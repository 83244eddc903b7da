"""Integer programs solved by the solver asked for, or by the better one and, should it fail, by the other."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pulp

from sharesim.choice.program import ArrayProgram
from sharesim.choice.solution import Status, StoppedBy
from sharesim.choice.solver.answer import RawSolution, SolverOptions
from sharesim.choice.solver.cbc import cbc_program, solve_with_cbc
from sharesim.choice.solver.highs import solve_with_highs
from sharesim.choice.solver.scaling import scaled
from sharesim.errors import Fault, SolverError, UsageError

SOLVERS = ("auto", "cbc", "highs")


def available() -> tuple[str, ...]:
    """Return the solvers that can be used here, of ``cbc`` and ``highs``."""
    return ("cbc", "highs") if cbc_program().available() else ("highs",)


def pick(program: ArrayProgram, solver: str) -> str:
    """Return the solver to use: the one asked for, or the one that measures faster for the shape (docs/choice.md)."""
    if solver not in SOLVERS:
        allowed = ", ".join(SOLVERS)
        raise UsageError(Fault("solver", "unknown solver", repr(solver), allowed, "Leave it at auto if in doubt."))
    if solver == "cbc" and "cbc" not in available():
        raise UsageError(Fault("solver", "CBC is not installed here", "'cbc'", "auto, highs", "Install pulp[cbc]."))
    if solver != "auto":
        return solver
    continuous_rows = program.n_rows and not program.integer.all() and program.matrix.nnz > 20 * program.n_rows
    return "cbc" if continuous_rows and "cbc" in available() else "highs"


def solve(program: ArrayProgram, options: SolverOptions | None = None) -> RawSolution:
    """Solve one integer program and return the best values found with a proven bound.

    Parameters
    ----------
    program : ArrayProgram
        Only its rows and first target are looked at; rules on draws that are not rows are the caller's.
    options : SolverOptions, optional

    Returns
    -------
    RawSolution

    Raises
    ------
    SolverError
        The solver broke down (not: found no solution); under ``auto`` every solver did.
    UsageError
        The solver asked for does not exist or is not installed.
    """
    options = options or SolverOptions()
    if not np.isfinite(program.objective).all() or not np.isfinite(program.matrix.data).all():
        where = "choice.solver"
        raise SolverError(Fault(where, "the program holds a number that is not finite", remedy="Check the candidates."))
    if _nothing_fits(program):
        solver = f"PuLP {pulp.__version__}"
        return RawSolution(Status.INFEASIBLE, None, np.nan, -np.inf, StoppedBy.PROOF, solver=solver)
    started = time.monotonic()
    failed: dict[str, str] = {}
    names = _in_turn(program, options.solver)
    for name in names:
        left = options.time_limit_seconds - (time.monotonic() - started if failed else 0.0)
        run = solve_with_cbc if name == "cbc" else solve_with_highs
        try:
            found = run(program, scaled(program), replace(options, time_limit_seconds=max(left, 0.0)))
        except (pulp.PulpError, OSError, RuntimeError) as error:
            failed[name] = " ".join(str(error).split()) or type(error).__name__
            continue
        if found.status is Status.FAILED and name != names[-1]:
            failed[name] = "it gave no answer"
            continue
        notes = tuple(f"{other} failed ({why}), so {name} took over" for other, why in failed.items())
        seconds = time.monotonic() - started
        return replace(found, seconds=seconds, solver=f"PuLP {pulp.__version__} + {name}", notes=notes)
    said, remedy = "; ".join(failed.values()), "" if len(failed) > 1 else "Try the other solver."
    raise SolverError(Fault("choice.solver", f"{' and '.join(failed)} failed", said, remedy=remedy))


def _nothing_fits(program: ArrayProgram) -> bool:
    """Return whether the bounds of some variable leave it no value; CBC ends in an error on these."""
    least = np.where(program.integer, np.ceil(program.lower - 1e-9), program.lower)
    most = np.where(program.integer, np.floor(program.upper + 1e-9), program.upper)
    return bool((least > most).any())


def _in_turn(program: ArrayProgram, solver: str) -> tuple[str, ...]:
    """Return the solvers to try: the one asked for, or the better one and, should it fail, the other."""
    first = pick(program, solver)
    return (first, *(name for name in available() if name != first)) if solver == "auto" else (first,)
