"""The program as a text in the LP format that solvers read, with the names that people read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import count

import numpy as np

from sharesim.choice.program import Program

# What the format takes in a name; anything else becomes an underscore.
UNSAFE = re.compile(r"[^A-Za-z0-9_.#$%&(),;?@{}~!]")
READABLE = str.maketrans("[]|", "().")
TERMS_A_LINE = 4


def lp_text(program: Program) -> str:
    """Return the program in LP format: rows in order, each under its own name.

    Examples
    --------
    >>> from sharesim.choice.formulation import build
    >>> from sharesim.study.rules import Objective
    >>> from sharesim.testing import small_case
    >>> case = small_case()
    >>> print(lp_text(build(case.candidates, [], Objective(kind="mean"), None)).splitlines()[0])
    Maximize
    """
    names = _apart(program.variable_names)
    rows = _apart(str(key) for key in program.row_keys)
    lines = ["Maximize", *_expression("obj", np.flatnonzero(program.objective), program.objective, names), "Subject To"]
    for row in range(program.n_rows):
        lines += _row(program, row, rows[row], names)
    lines.append("Bounds")
    for name, low, high in zip(names, program.lower, program.upper, strict=True):
        lines.append(f" {_number(low)} <= {name} <= {_number(high)}")
    lines += ["General", *(f" {name}" for name, whole in zip(names, program.integer, strict=True) if whole), "End", ""]
    return "\n".join(lines)


def _apart(names: Iterable[str]) -> list[str]:
    """Return names as the format takes them; where two come out the same, the later ones get a number."""
    found: dict[str, None] = {}
    for name in names:
        safe = UNSAFE.sub("_", name.translate(READABLE))
        numbered = (f"{safe}~{number}" for number in count(2))
        found[safe if safe not in found else next(item for item in numbered if item not in found)] = None
    return list(found)


def _number(value: float) -> str:
    if np.isinf(value):
        return "inf" if value > 0 else "-inf"
    return f"{value:.10g}"


def _row(program: Program, row: int, name: str, names: list[str]) -> list[str]:
    span = slice(program.matrix.indptr[row], program.matrix.indptr[row + 1])
    columns, values = program.matrix.indices[span], np.zeros(program.n_variables)
    values[columns] = program.matrix.data[span]
    low, high, found = program.row_lower[row], program.row_upper[row], []
    sides = [("=", low)] if low == high else [(">=", low), ("<=", high)]
    for sign, limit in sides:
        if np.isfinite(limit):
            body = _expression(name + ("_hi" if sign == "<=" and np.isfinite(low) else ""), columns, values, names)
            found += [*body[:-1], f"{body[-1]} {sign} {_number(limit)}"]
    return found


def _expression(name: str, columns: np.ndarray, values: np.ndarray, names: list[str]) -> list[str]:
    terms = [f"{'-' if values[item] < 0 else '+'} {_number(abs(values[item]))} {names[item]}" for item in columns]
    terms = terms or [f"+ 0 {names[0]}"]
    lines = [" ".join(terms[start : start + TERMS_A_LINE]) for start in range(0, len(terms), TERMS_A_LINE)]
    return [f" {name}: {lines[0]}", *(f"   {line}" for line in lines[1:])]
