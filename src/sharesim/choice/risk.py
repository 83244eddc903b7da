"""Rules on draws: CVaR and chance rows, as what they add up and, where draws are few, as full rows.

With z the draws of the chosen columns added up (benefit positive), a CVaR rule says that the mean of the worst share of
z is at least a floor, and a chance rule that no more than so many draws of z fall below it. Few draws become rows
(Rockafellar and Uryasev for CVaR; one binary a draw for chance). Many draws are left to `choice.cuts`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import numpy as np

from sharesim.choice.candidates import DrawSource
from sharesim.choice.keys import RowKey, RowKind
from sharesim.choice.rows import RowList
from sharesim.choice.view import View
from sharesim.study import rules as r

CHUNK = 256


class Block(Protocol):
    """What a rule on draws adds up, over bundle and activation columns."""

    @property
    def n_draws(self) -> int: ...

    def total(self, weight: np.ndarray) -> np.ndarray:
        """Sum of columns times weight (B + K,) in every draw, shape (n_draws,)."""

    def weighted(self, weight: np.ndarray) -> np.ndarray:
        """Sum over draws times weight (n_draws,) of every column, shape (B + K,)."""

    def matrix(self) -> tuple[np.ndarray, np.ndarray]:
        """Columns that count and their draws, shapes (C,) and (C, n_draws)."""


@dataclass(frozen=True)
class HeldBlock:
    """Draws kept in memory for the columns that count.

    Parameters
    ----------
    columns : ndarray of int, shape (C,)
    draws : ndarray, shape (C, n_draws)
    n_columns : int
        B + K.
    """

    columns: np.ndarray
    draws: np.ndarray
    n_columns: int

    @property
    def n_draws(self) -> int:
        return self.draws.shape[1]

    def total(self, weight: np.ndarray) -> np.ndarray:
        """See `Block`."""
        used = weight[self.columns]
        kept = np.flatnonzero(used)
        # The sum runs in column order whatever else is a candidate, so a portfolio's draws are the same bits anywhere.
        return used[kept] @ self.draws[kept] if len(kept) else np.zeros(self.n_draws)

    def weighted(self, weight: np.ndarray) -> np.ndarray:
        """See `Block`."""
        found = np.zeros(self.n_columns)
        kept = np.flatnonzero(weight)
        found[self.columns] = self.draws[:, kept] @ weight[kept] if 4 * len(kept) < len(weight) else self.draws @ weight
        return found

    def matrix(self) -> tuple[np.ndarray, np.ndarray]:
        """See `Block`."""
        return self.columns, self.draws


@dataclass(frozen=True)
class PortfolioBlock:
    """The portfolio's NPV, asked of the source as needed, so that the draws of all bundles are held once or never."""

    source: DrawSource
    n_bundles: int

    @property
    def n_draws(self) -> int:
        return self.source.n_draws

    @cached_property
    def activations(self) -> np.ndarray:
        return self.source.activation_draws().sum(axis=1)

    def total(self, weight: np.ndarray) -> np.ndarray:
        """See `Block`."""
        found = weight[self.n_bundles :] @ self.activations
        chosen = np.flatnonzero(weight[: self.n_bundles])
        for start in range(0, len(chosen), CHUNK):
            ids = chosen[start : start + CHUNK]
            found = found + weight[ids] @ self.source.draws(ids)
        return found

    def weighted(self, weight: np.ndarray) -> np.ndarray:
        """See `Block`."""
        return np.concatenate([self.source.weighted(weight), self.activations @ weight])

    def matrix(self) -> tuple[np.ndarray, np.ndarray]:
        """See `Block`."""
        ids = np.arange(self.n_bundles)
        return np.arange(self.n_bundles + len(self.activations)), np.vstack([self.source.draws(ids), self.activations])


def council_block(view: View, source: DrawSource, council: int) -> HeldBlock:
    """Return the draws of one council's own NPV over the bundles it is in and the activations."""
    ids = np.flatnonzero(view.in_council[:, council])
    return _held(
        view, ids, _at_council(view, ids, council, source.partner_draws), source.activation_draws()[:, council]
    )


def cost_block(view: View, source: DrawSource, rule: r.Budget) -> HeldBlock:
    """Return minus the draws of one-off cost that a budget is about; less grants where it is net, of its one year."""
    council, years = rule.council, [int(year) for year in view.years(rule.years)]

    def draws(ids: np.ndarray) -> np.ndarray:
        return source.one_off_draws(ids, years)

    activations = source.activation_one_off_draws(years)
    if rule.net_of_grants:
        activations = activations - source.activation_grant_draws(years)
    if council == r.PROGRAMME:
        ids = np.arange(view.candidates.n_bundles)
        found = np.empty((len(ids), source.n_draws))
        for start in range(0, len(ids), CHUNK):
            found[start : start + CHUNK] = draws(ids[start : start + CHUNK]).sum(axis=1)
        return _held(view, ids, -found, -activations.sum(axis=1))
    position = view.candidates.councils.index(council)
    ids = np.flatnonzero(view.in_council[:, position])
    return _held(view, ids, -_at_council(view, ids, position, draws), -activations[:, position])


def _held(view: View, ids: np.ndarray, draws: np.ndarray, activations: np.ndarray) -> HeldBlock:
    n_bundles, n_activations = view.candidates.n_bundles, len(view.candidates.activations)
    columns = np.concatenate([ids, n_bundles + np.arange(n_activations)])
    return HeldBlock(columns, np.vstack([draws, activations]), n_bundles + n_activations)


def _at_council(view: View, ids: np.ndarray, council: int, draws: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    parts = []
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        slot = np.argmax(view.candidates.partners[part] == council, axis=1)
        parts.append(draws(part)[np.arange(len(part)), slot])
    return np.vstack(parts) if parts else np.zeros((0, draws(ids).shape[-1]))


@dataclass(frozen=True)
class Risk:
    """One rule (or objective term) on draws.

    Parameters
    ----------
    name : str
        Rule name and subject, for people; `key` tells risks apart.
    rule : int
        Number of the rule; STRUCTURE for a term of the objective.
    block : Block
    floor_gbp : float
        What z is held against.
    level : float
        CVaR: the worst share averaged. 0 for a chance row.
    allowed : int
        Chance: how many draws may fall below the floor. -1 for CVaR.
    column : int
        CVaR only: the variable that stands for the CVaR (an objective term), or -1 when the floor is a number.
    council : int
        Whose draws they are; -1 for the portfolio's or a cost.
    full : bool
        Its rows are in the program; otherwise it is held by cuts.
    """

    name: str
    rule: int
    block: Block
    floor_gbp: float
    level: float = 0.0
    allowed: int = -1
    column: int = -1
    council: int = -1
    full: bool = False

    @property
    def key(self) -> tuple[int, int]:
        """Number of the rule, and the council: what no other risk of a program has."""
        return self.rule, self.council

    @property
    def is_chance(self) -> bool:
        return self.allowed >= 0


def allowed_misses(share: float, n_draws: int) -> int:
    """Return how many of `n_draws` may miss when a share may: floor, safe against 0.1 x 10 = 0.9999.

    Examples
    --------
    >>> allowed_misses(1 - 0.9, 10), allowed_misses(0.05, 250)
    (1, 12)
    """
    return int(np.floor(share * n_draws + 1e-9))


def risks_of(rule: r.RuleBase, number: int, view: View, source: DrawSource) -> list[Risk]:
    """Return the rules on draws that one rule of the study states; empty for linear rules."""
    whole, n_draws = PortfolioBlock(source, view.candidates.n_bundles), source.n_draws
    if isinstance(rule, r.CvarFloor):
        return [Risk(rule.name, number, whole, rule.floor_gbp, level=rule.level)]
    if isinstance(rule, r.LossProbability):
        return [Risk(rule.name, number, whole, 0.0, allowed=allowed_misses(rule.most, n_draws))]
    if isinstance(rule, r.Target):
        return [Risk(rule.name, number, whole, rule.target_gbp, allowed=allowed_misses(1 - rule.probability, n_draws))]
    if isinstance(rule, r.Budget) and rule.percentile is not None:
        block = cost_block(view, source, rule)
        return [
            Risk(rule.name, number, block, -rule.limit_gbp, allowed=allowed_misses(1 - rule.percentile / 100, n_draws))
        ]
    if isinstance(rule, r.BreakEven) and rule.measure != "mean":
        return [_council_risk(rule, number, view, source, council) for council in view.councils(rule.councils)]
    return []


def _council_risk(rule: r.BreakEven, number: int, view: View, source: DrawSource, council: int) -> Risk:
    name, block = f"{rule.name}: {view.candidates.councils.ids[council]}", council_block(view, source, council)
    if rule.measure == "cvar":
        return Risk(name, number, block, rule.floor_gbp, level=rule.level, council=int(council))
    allowed = allowed_misses(1 - rule.probability, source.n_draws)
    return Risk(name, number, block, rule.floor_gbp, allowed=allowed, council=int(council))


def needs_draws(rule: r.RuleBase) -> bool:
    """Return True when a rule can only be judged on draws."""
    if isinstance(rule, r.Budget):
        return rule.percentile is not None
    if isinstance(rule, r.BreakEven):
        return rule.measure != "mean"
    return isinstance(rule, r.CvarFloor | r.LossProbability | r.Target)


def extent(view: View, block: Block) -> tuple[np.ndarray, np.ndarray]:
    """Return what z can be at least and at most in every draw, two arrays of shape (n_draws,).

    A chosen bundle's value is spread evenly over its slots, and a slot is used once: so z is at most the sum over slots
    of the largest share found there (and at least the sum of the smallest), activations added if they help.
    """
    columns, draws = block.matrix()
    n_bundles, n_draws = view.candidates.n_bundles, draws.shape[1]
    is_bundle = columns < n_bundles
    position = np.full(n_bundles, -1)
    position[columns[is_bundle]] = np.flatnonzero(is_bundle)
    bundle, key = view.slot_keys()
    n_slots = np.bincount(bundle, minlength=n_bundles)
    kept = position[bundle] >= 0
    bundle, key = bundle[kept], key[kept]
    order = np.argsort(key, kind="stable")
    bundle, key = bundle[order], key[order]
    edges = np.append(np.flatnonzero(np.diff(key, prepend=-1)), len(key))
    low, high = np.zeros(n_draws), np.zeros(n_draws)
    for start, end in pairwise(edges):
        at = bundle[start:end]
        share = draws[position[at]] / n_slots[at, None]
        low += np.minimum(share.min(axis=0), 0.0)
        high += np.maximum(share.max(axis=0), 0.0)
    activations = draws[~is_bundle]
    return low + np.minimum(activations, 0).sum(axis=0), high + np.maximum(activations, 0).sum(axis=0)


def add_full_rows(risk: Risk, view: View, rows: RowList) -> None:
    """Add a risk's rows for every draw."""
    low, high = extent(view, risk.block)
    if risk.is_chance:
        _chance_rows(risk, rows, low, high)
    else:
        _cvar_rows(risk, rows, float(low.min()), float(high.max()))


def _cvar_rows(risk: Risk, rows: RowList, low: float, high: float) -> None:
    """CVaR = max over eta of eta - mean shortfall below eta / level."""
    columns, draws = risk.block.matrix()
    n_draws = draws.shape[1]
    eta = rows.variable(f"eta[{risk.name}]", low, high)
    short = [rows.variable(f"short[{risk.name}|{n}]", 0.0, np.inf) for n in range(n_draws)]
    row = np.concatenate([np.tile(np.arange(n_draws), len(columns)), np.arange(n_draws), np.arange(n_draws)])
    column = np.concatenate([np.repeat(columns, n_draws), short, np.full(n_draws, eta)])
    value = np.concatenate([draws.ravel(), np.ones(n_draws), -np.ones(n_draws)])
    keys = [RowKey(RowKind.DRAW, f"{risk.name}: shortfall {n}") for n in range(n_draws)]
    rows.add_many(keys, risk.rule, (row, column, value), (0.0, np.inf))
    values, floor = np.append(np.full(n_draws, -1.0 / (risk.level * n_draws)), 1.0), risk.floor_gbp
    entries = np.append(short, eta)
    if risk.column >= 0:
        entries, values, floor = np.append(entries, risk.column), np.append(values, -1.0), 0.0
    rows.add(RowKey(RowKind.LIMIT, f"{risk.name}: cvar"), risk.rule, entries, values, (floor, np.inf))


def _chance_rows(risk: Risk, rows: RowList, low: np.ndarray, high: np.ndarray) -> None:
    """z >= floor - (floor - least z) x miss, and no more misses than allowed."""
    columns, draws = risk.block.matrix()
    at_risk = np.flatnonzero(low < risk.floor_gbp)
    misses = []
    for n in at_risk:
        miss = rows.variable(f"miss[{risk.name}|{n}]", float(high[n] < risk.floor_gbp), 1.0, integer=True)
        misses.append(miss)
        entries, values = np.append(columns, miss), np.append(draws[:, n], risk.floor_gbp - low[n])
        key = RowKey(RowKind.DRAW, f"{risk.name}: draw {n}")
        rows.add(key, risk.rule, entries, values, (risk.floor_gbp, np.inf))
    if misses:
        key = RowKey(RowKind.LIMIT, f"{risk.name}: misses")
        rows.add(key, risk.rule, misses, 1.0, (-np.inf, float(risk.allowed)))
