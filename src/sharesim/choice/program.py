"""The integer program of a choice as data: variables, sparse rows grouped by rule, and the rules on draws.

Columns are the bundles x (B), the activations y (K), then what rules add (pairs, misses, shortfalls). The program
always maximises. `choice.formulation` makes it, and `Program.without` takes rules out again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from sharesim.choice.candidates import Candidates
from sharesim.choice.keys import RowKey, RowKind
from sharesim.choice.risk import Risk
from sharesim.choice.rows import STRUCTURE
from sharesim.study.rules import RuleBase


@dataclass(frozen=True)
class Target:
    """One thing to maximise.

    Parameters
    ----------
    measure : str
        ``npv``, ``cvar``, ``non_cashable``, ``quality``, ``exits`` or ``objective``.
    column : ndarray, shape (V,)
        Coefficients, always maximised: exits carry a minus.
    """

    measure: str
    column: np.ndarray


@dataclass(frozen=True)
class ArrayProgram:
    """An integer program as solvers take it: maximise the first target, subject to lower <= matrix x <= upper.

    Parameters
    ----------
    targets : tuple of Target
        More than one for a lexicographic objective.
    lower, upper : ndarray, shape (V,)
    integer : ndarray of bool, shape (V,)
    matrix : scipy.sparse.csr_array, shape (R, V)
    row_lower, row_upper : ndarray, shape (R,)
    """

    targets: tuple[Target, ...]
    lower: np.ndarray
    upper: np.ndarray
    integer: np.ndarray
    matrix: sparse.csr_array
    row_lower: np.ndarray
    row_upper: np.ndarray

    @property
    def n_variables(self) -> int:
        return len(self.lower)

    @property
    def n_rows(self) -> int:
        return len(self.row_lower)

    @property
    def objective(self) -> np.ndarray:
        """Coefficients of the first target, shape (V,)."""
        return self.targets[0].column


@dataclass(frozen=True)
class Program(ArrayProgram):
    """The integer program of a choice: arrays, and what their columns and rows stand for.

    Parameters
    ----------
    candidates : Candidates
        What columns stand for.
    tolerance_share : float
        How much of its best each target may give up for the next.
    row_rule : ndarray of int, shape (R,)
        Number of the rule that a row belongs to, or STRUCTURE (-1).
    row_keys : tuple of RowKey
    extra_names : tuple of str
        Names of the columns after bundles and activations.
    rules : tuple of RuleBase
        The active rules; position is the number in `row_rule`.
    risks : tuple of Risk
        Rules and objective terms on draws.
    """

    candidates: Candidates
    tolerance_share: float
    row_rule: np.ndarray
    row_keys: tuple[RowKey, ...]
    extra_names: tuple[str, ...]
    rules: tuple[RuleBase, ...] = ()
    risks: tuple[Risk, ...] = ()

    @property
    def n_columns(self) -> int:
        """Bundle and activation columns, B + K."""
        return self.n_variables - len(self.extra_names)

    @cached_property
    def variable_names(self) -> tuple[str, ...]:
        """Names of all columns: ``x[bundle id]``, ``y[activation id]``, then what rules added."""
        bundles = (f"x[{item}]" for item in self.candidates.bundle_ids)
        return (*bundles, *(f"y[{item}]" for item in self.candidates.activations.ids), *self.extra_names)

    def allows(self, values: np.ndarray) -> bool:
        """Return whether values (V,) keep the bounds and the rows that no rule owns; rules have checks of their own.

        Where a value is nan the variable stands, row by row, where it helps most.
        """
        free = np.isnan(values)
        least, most = np.where(free, self.lower, values), np.where(free, self.upper, values)
        if (least < self.lower).any() or (most > self.upper).any():
            return False
        own = self.row_rule == STRUCTURE
        rows, n_rows = self.matrix[own].tocoo(), int(own.sum())
        ends = least[rows.col] * rows.data, most[rows.col] * rows.data
        low = np.bincount(rows.row, weights=np.minimum(*ends), minlength=n_rows)
        high = np.bincount(rows.row, weights=np.maximum(*ends), minlength=n_rows)
        fixed = ~free[rows.col]
        size = np.bincount(rows.row[fixed], weights=np.abs(ends[0][fixed]), minlength=n_rows)
        rounding = 1e-9 * (1.0 + size)
        return bool((high >= self.row_lower[own] - rounding).all() and (low <= self.row_upper[own] + rounding).all())

    def without(self, numbers: Collection[int]) -> Program:
        """Return the program with some rules taken out, by number."""
        kept = ~np.isin(self.row_rule, list(numbers))
        return replace(
            self,
            matrix=self.matrix[kept],
            row_lower=self.row_lower[kept],
            row_upper=self.row_upper[kept],
            row_rule=self.row_rule[kept],
            row_keys=tuple(key for key, keep in zip(self.row_keys, kept, strict=True) if keep),
            risks=tuple(risk for risk in self.risks if risk.rule == STRUCTURE or risk.rule not in numbers),
        )

    def with_rows(
        self, matrix: sparse.csr_array, bounds: tuple[np.ndarray, np.ndarray], names: Sequence[str]
    ) -> Program:
        """Return the program with rows added under STRUCTURE (cuts); `matrix` may have fewer columns."""
        if matrix.shape[0] == 0:
            return self
        wide = sparse.csr_array((matrix.data, matrix.indices, matrix.indptr), shape=(matrix.shape[0], self.n_variables))
        return replace(
            self,
            matrix=sparse.vstack([self.matrix, wide], format="csr"),
            row_lower=np.concatenate([self.row_lower, bounds[0]]),
            row_upper=np.concatenate([self.row_upper, bounds[1]]),
            row_rule=np.concatenate([self.row_rule, np.full(matrix.shape[0], STRUCTURE)]),
            row_keys=(*self.row_keys, *(RowKey(RowKind.CUT, name) for name in names)),
        )

    def with_variables(
        self, names: Sequence[str], lower: np.ndarray, upper: np.ndarray, integer: np.ndarray
    ) -> Program:
        """Return the program with columns added at the end."""
        n_new = len(names)
        if n_new == 0:
            return self
        return replace(
            self,
            targets=tuple(replace(item, column=np.append(item.column, np.zeros(n_new))) for item in self.targets),
            lower=np.append(self.lower, lower),
            upper=np.append(self.upper, upper),
            integer=np.append(self.integer, integer),
            matrix=sparse.csr_array(
                (self.matrix.data, self.matrix.indices, self.matrix.indptr),
                shape=(self.n_rows, self.n_variables + n_new),
            ),
            extra_names=(*self.extra_names, *names),
        )

    def restricted(self, columns: np.ndarray) -> ArrayProgram:
        """Return the program over some of its columns (ascending), the others fixed at 0 and left out."""
        return ArrayProgram(
            targets=tuple(replace(item, column=item.column[columns]) for item in self.targets),
            lower=self.lower[columns],
            upper=self.upper[columns],
            integer=self.integer[columns],
            matrix=self.matrix[:, columns].tocsr(),
            row_lower=self.row_lower,
            row_upper=self.row_upper,
        )
