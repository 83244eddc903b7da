"""Any public set-partitioning instance through the choice's arrays and solver: ``python -m benchmarks.instances FILE``.

Reads the OR-Library format: the number of rows and columns, then per column its cost, how many rows it covers, and
which. Every row must be covered exactly once at least cost.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy import sparse

from sharesim.choice.program import ArrayProgram, Target
from sharesim.choice.solution import Status
from sharesim.choice.solver import RawSolution, SolverOptions, available, solve
from sharesim.errors import Fault, UsageError


def read_partitioning(path: Path) -> ArrayProgram:
    """Return an OR-Library set-partitioning file as a program that maximises minus the cost.

    Raises
    ------
    UsageError
        The file ends early, or a column covers a row that does not exist.
    """
    numbers = np.array(path.read_text(encoding="ascii").split(), dtype=float)
    where = str(path)
    if len(numbers) < 2:
        raise UsageError(Fault(where, "the file is empty", remedy="Give a file in the OR-Library format."))
    n_rows, n_columns = int(numbers[0]), int(numbers[1])
    cost, columns, rows, at = np.zeros(n_columns), [], [], 2
    for column in range(n_columns):
        if at + 2 > len(numbers) or at + 2 + int(numbers[at + 1]) > len(numbers):
            found = f"{column} of {n_columns} columns"
            raise UsageError(Fault(where, "the file ends early", found, remedy="Fetch the file again."))
        cost[column], count = numbers[at], int(numbers[at + 1])
        rows.append(numbers[at + 2 : at + 2 + count].astype(int) - 1)
        columns.append(np.full(count, column))
        at += 2 + count
    row, column = np.concatenate(rows), np.concatenate(columns)
    if row.min() < 0 or row.max() >= n_rows:
        got = str(int(row.max()) + 1 if row.max() >= n_rows else int(row.min()) + 1)
        raise UsageError(Fault(where, "a column covers a row that is not there", got, f"1 to {n_rows}"))
    matrix = sparse.coo_array((np.ones(len(row)), (row, column)), shape=(n_rows, n_columns)).tocsr()
    matrix.sort_indices()
    return ArrayProgram(
        targets=(Target("cost", -cost),),
        lower=np.zeros(n_columns),
        upper=np.ones(n_columns),
        integer=np.ones(n_columns, dtype=bool),
        matrix=matrix,
        row_lower=np.ones(n_rows),
        row_upper=np.ones(n_rows),
    )


def covers(program: ArrayProgram, found: RawSolution) -> bool:
    """Return True when the values, rounded, cover every row exactly once."""
    return bool((program.matrix @ np.round(found.values) == 1.0).all())


def main(arguments: list[str] | None = None) -> int:
    """Solve a file and print cost, bound and seconds; exit code 1 when it is not the optimum that was stated."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instances", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--optimum", type=float, help="known least cost; another answer is an error")
    parser.add_argument("--solver", choices=("auto", *available()), default="auto")
    parser.add_argument("--seconds", type=float, default=600.0, help="time limit")
    asked = parser.parse_args(arguments)
    program = read_partitioning(asked.file)
    found = solve(program, SolverOptions(solver=asked.solver, gap=0.0, time_limit_seconds=asked.seconds))
    print(f"{asked.file.name}: {program.n_rows} rows, {program.n_variables} columns, {found.solver}")
    print(f"status {found.status.value}, {found.seconds:.2f} s")
    if found.values is None:
        return 1
    print(f"cost {-found.objective:.10g}, bound {-found.bound:.10g}, every row covered once: {covers(program, found)}")
    if not covers(program, found):
        return 1
    if asked.optimum is None:
        return 0
    right = found.status is Status.OPTIMAL and abs(-found.objective - asked.optimum) <= 1e-6 * max(
        abs(asked.optimum), 1.0
    )
    print(f"stated optimum {asked.optimum:.10g}: {'reached' if right else 'NOT reached'}")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
