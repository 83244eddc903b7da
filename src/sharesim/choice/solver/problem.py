"""A program as a PuLP problem, by either generation's fastest calls."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pulp

from sharesim.choice.program import ArrayProgram
from sharesim.choice.solver.scaling import Scaled

GENERATION = int(pulp.__version__.split(".")[0])


def problem(program: ArrayProgram, form: Scaled) -> tuple[pulp.LpProblem, list[pulp.LpVariable]]:
    """Return the program as a PuLP problem and its variables in order, by either generation's fastest calls."""
    made = pulp.LpProblem("choice", pulp.LpMinimize)
    names = [variable_name(number) for number in range(program.n_variables)]
    variables = (_variables_3 if GENERATION < 4 else _variables_4)(made, program, names)
    (_rows_3 if GENERATION < 4 else _rows_4)(made, form, variables)
    return made, variables


def variable_name(number: int) -> str:
    """Return the name of a column within PuLP and the files that it writes."""
    return f"v{number}"


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _variables_3(made: pulp.LpProblem, program: ArrayProgram, names: list[str]) -> list[pulp.LpVariable]:
    kinds = [pulp.LpInteger if whole else pulp.LpContinuous for whole in program.integer]
    bounds = zip(program.lower.tolist(), program.upper.tolist(), strict=True)
    return [
        made.add_variable(name, _finite(low), _finite(high), kind)
        for name, (low, high), kind in zip(names, bounds, kinds, strict=True)
    ]


def _variables_4(made: pulp.LpProblem, program: ArrayProgram, names: list[str]) -> list[pulp.LpVariable]:
    """Batches of equal bounds and kind: one call each; runs keep the order of the columns."""
    found: list[pulp.LpVariable] = []
    keys = list(zip(program.lower.tolist(), program.upper.tolist(), program.integer.tolist(), strict=True))
    start = 0
    for end in range(1, len(keys) + 1):
        if end == len(keys) or keys[end] != keys[start]:
            low, high, whole = keys[start]
            kind = pulp.LpInteger if whole else pulp.LpContinuous
            batch = made.add_variable_dict("%s", names[start:end], _finite(low), _finite(high), kind)
            found.extend(batch.values())
            start = end
    return found


def _sides(form: Scaled) -> Iterator[tuple[int, int, float, int]]:
    """Yield (row, sense, right-hand side, number) for each row; a row with two sides comes twice."""
    for row, (low, high) in enumerate(zip(form.row_lower.tolist(), form.row_upper.tolist(), strict=True)):
        if low == high:
            yield row, pulp.LpConstraintEQ, low, 0
            continue
        if np.isfinite(low):
            yield row, pulp.LpConstraintGE, low, 0
        if np.isfinite(high):
            yield row, pulp.LpConstraintLE, high, 1


def _rows_3(made: pulp.LpProblem, form: Scaled, variables: list[pulp.LpVariable]) -> None:
    kept = np.flatnonzero(form.cost).tolist()
    made.setObjective(pulp.LpAffineExpression({variables[item]: float(form.cost[item]) for item in kept}))
    start, item, value = form.matrix.indptr.tolist(), form.matrix.indices.tolist(), form.matrix.data.tolist()
    for row, sense, limit, number in _sides(form):
        span = slice(start[row], start[row + 1])
        terms = dict(zip([variables[column] for column in item[span]], value[span], strict=True))
        made.addConstraint(pulp.LpConstraint(pulp.LpAffineExpression(terms), sense, f"r{row}_{number}", limit))


def _rows_4(made: pulp.LpProblem, form: Scaled, variables: list[pulp.LpVariable]) -> None:
    kept = np.flatnonzero(form.cost).tolist()
    made.setObjective(pulp.lpSum_vars_coefs([(variables[item], float(form.cost[item])) for item in kept]))
    start, item, value = form.matrix.indptr.tolist(), form.matrix.indices.tolist(), form.matrix.data.tolist()
    for row, sense, limit, number in _sides(form):
        span = slice(start[row], start[row + 1])
        terms = pulp.lpSum_vars_coefs(list(zip([variables[column] for column in item[span]], value[span], strict=True)))
        side = (
            terms == limit
            if sense == pulp.LpConstraintEQ
            else terms <= limit
            if sense == pulp.LpConstraintLE
            else terms >= limit
        )
        made.addConstraint(side, f"r{row}_{number}")
