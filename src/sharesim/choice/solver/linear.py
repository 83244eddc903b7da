"""Linear programs that grow row by row or column by column inside HiGHS.

Rebuilding them each round would cost more than solving them.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from scipy import sparse

from sharesim.choice.program import ArrayProgram
from sharesim.choice.solution import Status
from sharesim.choice.solver.scaling import Scaled, row_factors, scaled


@dataclass(frozen=True)
class LinearSolution:
    """A linear program's answer, in the program's own units and sense (maximise).

    Parameters
    ----------
    status : Status
    values : ndarray, shape (V,)
    row_price : ndarray, shape (R,)
        What one more unit of a row's right-hand side is worth.
    reduced : ndarray, shape (V,)
        What one more unit of a variable is worth, all rows paid for.
    objective : float
    """

    status: Status
    values: np.ndarray
    row_price: np.ndarray
    reduced: np.ndarray
    objective: float


class LinearSession:
    """A linear program that stays in HiGHS between rounds and keeps its basis as rows and columns come.

    Parameters
    ----------
    form : Scaled
    lower, upper : ndarray, shape (V,)
    """

    def __init__(self, form: Scaled, lower: np.ndarray, upper: np.ndarray, row_factor: np.ndarray) -> None:
        self._model = highspy.Highs()
        for name, value in (("output_flag", False), ("threads", 1), ("parallel", "off"), ("solver", "simplex")):
            self._model.setOptionValue(name, value)
        self._scale = form.objective_scale
        self._factor = row_factor
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(lower), form.matrix.shape[0]
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = form.cost, lower, upper
        lp.row_lower_, lp.row_upper_ = form.row_lower, form.row_upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = (
            form.matrix.indptr.astype(np.int32),
            form.matrix.indices.astype(np.int32),
        )
        lp.a_matrix_.value_ = form.matrix.data
        self._model.passModel(lp)

    @classmethod
    def of(cls, program: ArrayProgram) -> LinearSession:
        """Return a session on the program's linear relaxation."""
        form = scaled(program)
        return cls(form, program.lower, program.upper, row_factors(program.matrix))

    def set_cost(self, objective: np.ndarray) -> None:
        """Replace the objective (maximised)."""
        columns = np.arange(len(objective), dtype=np.int32)
        self._model.changeColsCost(len(columns), columns, -objective * self._scale)

    def set_bounds(self, columns: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> None:
        """Replace the bounds of some variables."""
        self._model.changeColsBounds(len(columns), columns.astype(np.int32), lower.astype(float), upper.astype(float))

    def set_row(self, row: int, lower: float, upper: float) -> None:
        """Replace the two sides of one row."""
        self._model.changeRowBounds(int(row), lower * self._factor[row], upper * self._factor[row])

    def add_rows(self, matrix: sparse.csr_array, lower: np.ndarray, upper: np.ndarray) -> None:
        """Add rows; the basis stays."""
        factor = row_factors(matrix)
        data = matrix.data * np.repeat(factor, np.diff(matrix.indptr))
        start, index = matrix.indptr[:-1].astype(np.int32), matrix.indices.astype(np.int32)
        self._model.addRows(matrix.shape[0], lower * factor, upper * factor, len(data), start, index, data)
        self._factor = np.append(self._factor, factor)

    def add_columns(
        self, objective: np.ndarray, bounds: tuple[np.ndarray, np.ndarray], matrix: sparse.csc_array
    ) -> None:
        """Add variables with their entries in the rows so far; the basis stays."""
        data = matrix.data * self._factor[matrix.indices]
        start, index = matrix.indptr[:-1].astype(np.int32), matrix.indices.astype(np.int32)
        self._model.addCols(len(objective), -objective * self._scale, *bounds, len(data), start, index, data)

    def solve(self, time_limit_seconds: float = np.inf) -> LinearSolution:
        """Solve from the basis of the last round."""
        if np.isfinite(time_limit_seconds):
            self._model.setOptionValue("time_limit", self._model.getRunTime() + max(time_limit_seconds, 0.0))
        self._model.run()
        kinds, said = highspy.HighsModelStatus, self._model.getModelStatus()
        known = {
            kinds.kOptimal: Status.OPTIMAL,
            kinds.kInfeasible: Status.INFEASIBLE,
            kinds.kUnbounded: Status.UNBOUNDED,
        }
        status = known.get(said, Status.UNPROVEN)
        solution = self._model.getSolution()
        values, price = np.array(solution.col_value), np.array(solution.row_dual)
        objective = -self._model.getInfo().objective_function_value / self._scale
        if status is not Status.OPTIMAL:
            return LinearSolution(status, values, price, np.array(solution.col_dual), np.nan)
        # Minimised and scaled inside: prices change sign, and rows give back their factor.
        row_price = -price * self._factor / self._scale
        return LinearSolution(status, values, row_price, -np.array(solution.col_dual) / self._scale, objective)


def unbounded_or_infeasible(program: ArrayProgram) -> Status:
    """Return which of the two a program is: without an objective only infeasibility remains."""
    session = LinearSession.of(program)
    session.set_cost(np.zeros(program.n_variables))
    return Status.UNBOUNDED if session.solve().status is Status.OPTIMAL else Status.INFEASIBLE
