"""CVaR rules over many draws, held by cuts: rows that every allowed portfolio keeps, found where they are broken.

A CVaR is the least weighted mean of z over weights of at most 1 / (level n) each: a set of worst draws gives one row
over all bundles at once (Kuenzi-Bay and Mayer 2006). Where the tail is short, the draws that were ever in it ("hot")
become Rockafellar-Uryasev rows instead: leaving out the others can only flatter a portfolio, so bounds stay valid, and
few rounds are needed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from sharesim.choice.portfolio import tail_weight
from sharesim.choice.program import Program
from sharesim.choice.risk import Risk

# Longest tail (in draws) for which hot rows beat cuts, measured on 1,250 bundles (docs/choice.md).
HOT_TAIL = 20
HOT_SPREAD = 3.0


@dataclass
class Pool:
    """Rows found so far for the CVaR rules of one program.

    Parameters
    ----------
    n_columns : int
        Bundle and activation columns.
    """

    n_columns: int
    rows: list[tuple[np.ndarray, Risk]] = field(default_factory=list)
    hot: dict[tuple[int, int], tuple[Risk, set[int]]] = field(default_factory=dict)
    cliques: list[np.ndarray] = field(default_factory=list)
    excluded: list[np.ndarray] = field(default_factory=list)
    _seen: set[tuple[tuple[int, int], bytes]] = field(default_factory=set)

    def add_cvar(self, risk: Risk, draws: np.ndarray, *, spread: float = 1.0) -> bool:
        """Add the CVaR row of the worst draws of a point; False when that row is here already.

        Parameters
        ----------
        risk : Risk
        draws : ndarray, shape (n_draws,)
            z at the point.
        spread : float
            How many tails of draws become hot; more than one for a fractional point.
        """
        weight = draw_weight(draws, risk.level)
        key = (risk.key, np.flatnonzero(weight).tobytes() + weight.max(initial=0.0).tobytes())
        if key in self._seen:
            return False
        self._seen.add(key)
        self.rows.append((risk.block.weighted(weight), risk))
        tail = int(np.ceil(risk.level * len(draws)))
        if tail <= HOT_TAIL:
            worst = np.argsort(draws, kind="stable")[: int(np.ceil(spread * tail))]
            self.hot.setdefault(risk.key, (risk, set()))[1].update(worst.tolist())
        return True

    def cut_rows(self, n_variables: int, first: int = 0) -> tuple[sparse.csr_array, np.ndarray, list[str]]:
        """Return CVaR rows from number `first` on: entries, lower sides and names."""
        wide = np.zeros((len(self.rows) - first, n_variables))
        lower, names = np.zeros(len(wide)), []
        for number, (weights, risk) in enumerate(self.rows[first:]):
            wide[number, : self.n_columns] = weights
            if risk.column >= 0:
                wide[number, risk.column] = -1.0
            else:
                lower[number] = risk.floor_gbp
            names.append(f"cut: {risk.name} {first + number}")
        return sparse.csr_array(wide), lower, names

    def clique_rows(self, n_variables: int, first: int = 0) -> sparse.csr_array:
        """Return rows of bundles of which at most one can be chosen, from number `first` on."""
        found = self.cliques[first:]
        start = np.concatenate([[0], np.cumsum([len(item) for item in found])]).astype(int)
        columns = np.concatenate(found) if found else np.zeros(0, dtype=int)
        return sparse.csr_array((np.ones(len(columns)), columns, start), shape=(len(found), n_variables))

    def onto(self, program: Program, *, linear: bool = False) -> Program:
        """Return the program with all rows of the pool; `linear`: cuts only, no hot draws."""
        cliques = self.clique_rows(program.n_variables)
        program = _at_most(program, cliques, np.ones(cliques.shape[0]), "clique")
        matrix, lower, names = self.cut_rows(program.n_variables)
        kept = [number for number, (_, risk) in enumerate(self.rows) if linear or risk.key not in self.hot]
        above = np.full(len(kept), np.inf)
        program = program.with_rows(matrix[kept], (lower[kept], above), [names[number] for number in kept])
        if not linear:
            for risk, draws in self.hot.values():
                program = _with_hot(program, risk, np.array(sorted(draws)))
        return self._with_excluded(program)

    def _with_excluded(self, program: Program) -> Program:
        if not self.excluded:
            return program
        n_bundles = program.candidates.n_bundles
        entries = np.zeros((len(self.excluded), program.n_variables))
        entries[:, :n_bundles] = -1.0
        for number, chosen in enumerate(self.excluded):
            entries[number, chosen] = 1.0
        upper = np.array([len(chosen) - 1.0 for chosen in self.excluded])
        return _at_most(program, sparse.csr_array(entries), upper, "not again")


def _at_most(program: Program, matrix: sparse.csr_array, upper: np.ndarray, word: str) -> Program:
    names = [f"{word} {number}" for number in range(matrix.shape[0])]
    return program.with_rows(matrix, (np.full(matrix.shape[0], -np.inf), upper), names)


def _with_hot(program: Program, risk: Risk, hot: np.ndarray) -> Program:
    """Rockafellar-Uryasev rows over some draws: eta - sum of their shortfalls / (level n) >= the CVaR wanted."""
    columns, draws = risk.block.matrix()
    eta, n_hot = program.n_variables, len(hot)
    names = [f"eta[{risk.name}]", *(f"short[{risk.name}|{n}]" for n in hot)]
    reach = float(np.abs(draws).sum(axis=0).max(initial=0.0))
    upper = np.append(reach, np.full(n_hot, np.inf))
    program = program.with_variables(names, np.append(-reach, np.zeros(n_hot)), upper, np.zeros(n_hot + 1, bool))
    wide = np.zeros((n_hot + 1, program.n_variables))
    wide[:n_hot, columns] = draws[:, hot].T
    wide[:n_hot, eta] = -1.0
    wide[np.arange(n_hot), eta + 1 + np.arange(n_hot)] = 1.0
    wide[n_hot, eta], wide[n_hot, eta + 1 :] = 1.0, -1.0 / (risk.level * risk.block.n_draws)
    lower = np.zeros(n_hot + 1)
    if risk.column >= 0:
        wide[n_hot, risk.column] = -1.0
    else:
        lower[n_hot] = risk.floor_gbp
    rows = [f"hot: {risk.name} {n}" for n in hot] + [f"hot: {risk.name}"]
    return program.with_rows(sparse.csr_array(wide), (lower, np.full(n_hot + 1, np.inf)), rows)


def draw_weight(draws: np.ndarray, level: float) -> np.ndarray:
    """Return the weight of each draw in the CVaR of `draws`, shape (n_draws,), sum 1; equal draws by number.

    Examples
    --------
    >>> draw_weight(np.array([5.0, 1.0, 3.0, 7.0]), 0.5).tolist()
    [0.0, 0.5, 0.5, 0.0]
    """
    weight = np.zeros(len(draws))
    weight[np.argsort(draws, kind="stable")] = tail_weight(len(draws), level)
    return weight
