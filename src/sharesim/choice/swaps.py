"""One change at a time: all portfolios next to a given one, judged on every draw at once.

A change puts one bundle in (what it collides with goes out, what it follows on from comes in) or takes one out. Used to
find good portfolios under chance rules, and to see which rules stand in the way of a better one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from sharesim.choice.portfolio import Portfolio, tail_weight
from sharesim.choice.risk import Block, Risk
from sharesim.choice.search import Judge
from sharesim.choice.view import View

# Beyond this many bundles looking at all changes costs more than an integer program.
MOST_BUNDLES = 2000
MOST_STEPS = 200
PRICES = (0.5, 1.0, 2.0, 5.0, 20.0, 100.0)


@dataclass(frozen=True)
class Swaps:
    """Changes of portfolios of one program.

    Parameters
    ----------
    judge : Judge
    target : int
    risks : tuple of Risk
        Chance rules to be kept.
    """

    judge: Judge
    target: int
    risks: tuple[Risk, ...] = ()

    @cached_property
    def clash(self) -> sparse.csr_array:
        """Bundles that cannot be chosen together, shape (B, B)."""
        candidates = self.judge.program.candidates
        view = View(candidates)
        slots = view.slot_conflicts()
        bundle, key = view.slot_keys()
        whole = view.on_whole_cost()
        shape = (len(candidates.councils) * len(candidates.services), candidates.n_bundles)
        base = sparse.csr_array((np.ones(int(whole.sum())), (key[whole] // 2, bundle[whole])), shape=shape)
        return (slots.T @ slots + base.T @ base).tocsr()

    @cached_property
    def _needs(self) -> sparse.csr_array:
        """Activations that bundles need, shape (B, K)."""
        candidates = self.judge.program.candidates
        owner, item = candidates.activations_of.owner(), candidates.activations_of.item
        shape = (candidates.n_bundles, len(candidates.activations))
        return sparse.csr_array((np.ones(len(item)), (owner, item)), shape=shape)

    @cached_property
    def _draws(self) -> dict[int, np.ndarray]:
        """Draws of all columns of each block in use, by the block's identity; shape (B + K, n_draws)."""
        found = {}
        for block in (risk.block for risk in (*self.risks, *self._terms)):
            columns, draws = block.matrix()
            wide = np.zeros((self.judge.program.n_columns, draws.shape[1]))
            wide[columns] = draws
            found[id(block)] = wide
        return found

    @property
    def _terms(self) -> list[Risk]:
        column = self.judge.program.targets[self.target].column
        return [risk for risk in self.judge.program.risks if risk.column >= 0 and column[risk.column]]

    def neighbours(self, chosen: np.ndarray) -> np.ndarray:
        """Return all portfolios one change away, shape (changes, B), bool."""
        requires = self.judge.program.candidates.requires
        here = np.zeros(len(requires), dtype=bool)
        here[chosen] = True
        found = [self._without(here, [bundle]) for bundle in chosen]
        for bundle in np.flatnonzero(~here):
            new = [bundle] if requires[bundle] < 0 or here[requires[bundle]] else [bundle, requires[bundle]]
            out = np.unique(np.concatenate([self.clash[[item]].indices for item in new]))
            there = self._without(here, [item for item in out if item not in new])
            there[new] = True
            found.append(there)
        return np.array(found).reshape(-1, len(requires))

    def _without(self, here: np.ndarray, out: Sequence[int]) -> np.ndarray:
        requires, there = self.judge.program.candidates.requires, here.copy()
        there[list(out)] = False
        # What followed on from a bundle that left goes too.
        there &= (requires < 0) | there[np.maximum(requires, 0)]
        return there

    def columns(self, portfolios: np.ndarray) -> np.ndarray:
        """Return portfolios over bundle and activation columns, shape (changes, B + K)."""
        return np.hstack([portfolios, (portfolios.astype(float) @ self._needs) > 0]).astype(float)

    def totals(self, block: Block, columns: np.ndarray) -> np.ndarray:
        """Return z of each portfolio, shape (changes, n_draws)."""
        # Few bundles are in any one portfolio, so most of a dense product would be work for nothing.
        return sparse.csr_array(columns) @ self._draws[id(block)]

    def values(self, columns: np.ndarray) -> np.ndarray:
        """Return the target of each portfolio, shape (changes,)."""
        column = self.judge.program.targets[self.target].column
        found = columns @ column[: columns.shape[1]]
        for risk in self._terms:
            draws = np.sort(self.totals(risk.block, columns), axis=1)
            found = found + column[risk.column] * (draws @ tail_weight(draws.shape[1], risk.level))
        return found

    def short(self, columns: np.ndarray) -> np.ndarray:
        """Return by how much the draw that must not miss misses, added over chance rules, shape (changes,) [GBP]."""
        found = np.zeros(len(columns))
        for risk in self.risks:
            draws = self.totals(risk.block, columns)
            if risk.allowed < draws.shape[1]:
                found += np.maximum(risk.floor_gbp - np.partition(draws, risk.allowed, axis=1)[:, risk.allowed], 0.0)
        return found

    def portfolio(self, there: np.ndarray) -> Portfolio:
        """Return one row of `neighbours` as a portfolio."""
        return Portfolio(self.judge.program.candidates, np.flatnonzero(there), self.judge.source)

    def good(self, there: np.ndarray) -> bool:
        """True when a portfolio keeps every rule."""
        return all(check.holds for check in self.judge.checks(self.portfolio(there)))

    def climb(self, chosen: np.ndarray, price: float) -> np.ndarray | None:
        """Walk to a portfolio that keeps every rule, paying `price` for each pound that chance rules are short.

        Returns
        -------
        ndarray of int or None
            Chosen bundles, or None when the walk ends at a broken rule.
        """
        n_bundles = self.judge.program.candidates.n_bundles
        here = np.zeros(n_bundles, dtype=bool)
        here[chosen] = True
        for _ in range(MOST_STEPS):
            around = np.vstack([here[None], self.neighbours(np.flatnonzero(here))])
            columns = self.columns(around)
            score = self.values(columns) - price * self.short(columns)
            better = np.argsort(-score, kind="stable")
            better = better[score[better] > score[0] + 1e-9 * max(abs(score[0]), 1.0)]
            step = next((item for item in better if self._allowed(around[item])), None)
            if step is None:
                return np.flatnonzero(here) if self.good(here) else None
            here = around[step]
        return np.flatnonzero(here) if self.good(here) else None

    def _allowed(self, there: np.ndarray) -> bool:
        """True when every rule but the chance rules holds; those are paid for by the score."""
        names = {self.judge.program.rules[risk.rule].name for risk in self.risks}
        return all(check.passes(names) for check in self.judge.checks(self.portfolio(there)))

    def best_climb(self, starts: Sequence[np.ndarray]) -> Portfolio | None:
        """Return the best portfolio that climbs from several starts at several prices reach."""
        best, value = None, -np.inf
        for chosen in starts:
            for price in PRICES:
                found = self.climb(chosen, price)
                if found is None:
                    continue
                portfolio = Portfolio(self.judge.program.candidates, found, self.judge.source)
                if self.judge.value(portfolio, self.target) > value:
                    best, value = portfolio, self.judge.value(portfolio, self.target)
        return best

    def in_the_way(self, chosen: np.ndarray) -> tuple[str, ...]:
        """Return the rules that alone keep some single change from making a portfolio better, in the rules' order."""
        around = self.neighbours(chosen)
        if not len(around):
            return ()
        here = np.zeros((1, around.shape[1]), dtype=bool)
        here[0, chosen] = True
        now = self.values(self.columns(here))[0]
        values = self.values(self.columns(around))
        better = np.argsort(-values, kind="stable")
        better = better[values[better] > now + 1e-9 * max(abs(now), 1.0)][:MOST_STEPS]
        found = set()
        for item in better:
            checks = [check for check in self.judge.checks(self.portfolio(around[item])) if not check.holds]
            broken = {check.rule for check in checks}
            if len(broken) == 1 and all(check.by_rule for check in checks):
                found |= broken
        return tuple(rule.name for rule in self.judge.program.rules if rule.name in found)
