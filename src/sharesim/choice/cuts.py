"""Rules on draws held by cuts: what a portfolio breaks, as rows that every allowed portfolio keeps.

A CVaR is the least weighted mean of z over weights of at most 1 / (level n) each: a set of worst draws gives one row
over all bundles at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from sharesim.choice.formulation import Program
from sharesim.choice.portfolio import tail_weight
from sharesim.choice.risk import Risk


@dataclass
class Pool:
    """Rows found so far for the rules on draws of one program.

    Parameters
    ----------
    n_columns : int
        Bundle and activation columns.
    """

    n_columns: int
    rows: list[tuple[np.ndarray, int, float, str]] = field(default_factory=list)
    excluded: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)

    def add_cvar(self, risk: Risk, draws: np.ndarray) -> None:
        """Add the CVaR row of the worst draws of one portfolio (or of a fractional point)."""
        self.rows.append((risk.block.weighted(draw_weight(draws, risk.level)), risk.column, risk.floor_gbp, risk.name))

    def exclude(self, chosen: np.ndarray, others: np.ndarray) -> None:
        """Rule out one portfolio: not all of `chosen` together with none of `others`."""
        self.excluded.append((chosen, others))

    def __len__(self) -> int:
        return len(self.rows) + len(self.excluded)

    def matrix(self, n_variables: int, first: int = 0) -> tuple[sparse.csr_array, np.ndarray, list[str]]:
        """Return CVaR rows from number `first` on: entries, lower sides and names."""
        entries, lower, names = [], [], []
        for number, (weights, column, floor, name) in enumerate(self.rows[first:], start=first):
            wide = np.zeros(n_variables)
            wide[: self.n_columns] = weights
            if column >= 0:
                wide[column] = -1.0
            entries.append(wide)
            lower.append(0.0 if column >= 0 else floor)
            names.append(f"cut: {name} {number}")
        found = sparse.csr_array(np.array(entries)) if entries else sparse.csr_array((0, n_variables))
        return found, np.array(lower), names

    def onto(self, program: Program) -> Program:
        """Return the program with all rows of the pool."""
        matrix, lower, names = self.matrix(program.n_variables)
        program = program.with_rows(matrix, (lower, np.full(len(lower), np.inf)), names)
        if not self.excluded:
            return program
        entries = np.zeros((len(self.excluded), program.n_variables))
        upper = np.zeros(len(self.excluded))
        for number, (chosen, others) in enumerate(self.excluded):
            entries[number, chosen], entries[number, others] = 1.0, -1.0
            upper[number] = len(chosen) - 1.0
        names = [f"not again {number}" for number in range(len(self.excluded))]
        return program.with_rows(sparse.csr_array(entries), (np.full(len(upper), -np.inf), upper), names)


def draw_weight(draws: np.ndarray, level: float) -> np.ndarray:
    """Return the weight of each draw in the CVaR of `draws`, shape (n_draws,), sum 1; equal draws by number."""
    weight = np.zeros(len(draws))
    weight[np.argsort(draws, kind="stable")] = tail_weight(len(draws), level)
    return weight
