"""Chance rules by branching on who shares what with whom: a tree of linear programs, judged portfolio by portfolio.

Most rules on chance are loose for the linear program, so a program with a binary for every draw searches blindly. Where
few portfolios come near the best one, it is quicker to take them in order of value. The tree branches on groups of
bundles with the same services and partners. Once it is settled which groups are there, every host, form and start of
them is judged at once, on all draws, and that set of groups never comes again.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy import sparse

from sharesim.choice.portfolio import Portfolio
from sharesim.choice.program import Program
from sharesim.choice.risk import Risk
from sharesim.choice.search import Control
from sharesim.choice.solution import Progress, Status
from sharesim.choice.solver import LinearSession, LinearSolution
from sharesim.choice.swaps import Swaps

# Nodes, not seconds, so that every machine does the same.
MOST_NODES = 6000
# Hosts, forms and starts of one set of groups that are judged at once.
MOST_VARIANTS = 20_000
AT_ONCE = 512
WHOLE = 1e-6


@dataclass(frozen=True)
class Node:
    """Part of all portfolios.

    Parameters
    ----------
    open : ndarray of bool, shape (B,)
        Bundles that may be chosen.
    chosen : frozenset of int
        Bundles that are.
    groups : frozenset of int
        Groups of which one bundle is.
    """

    open: np.ndarray
    chosen: frozenset[int] = frozenset()
    groups: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Found:
    """What the tree says.

    Parameters
    ----------
    portfolio : Portfolio or None
        Better than the one known before; None when there is none.
    value, bound : float
        Of the best portfolio known, and what none that keeps the rules can exceed.
    complete : bool
        True: nothing is left to search.
    """

    portfolio: Portfolio | None
    value: float
    bound: float
    complete: bool


@dataclass
class Tree:
    """Search of one program, best bound first.

    Parameters
    ----------
    program : Program
        Linear rows with all cuts found so far; chance rules are not in it.
    swaps : Swaps
        Judges whole portfolios on the chance rules.
    risks : tuple of Risk
    control : Control
    value : float
        Only portfolios worth more are of interest.
    gap : float
        Distance from the bound, as a share, at which to stop.
    """

    program: Program
    swaps: Swaps
    risks: tuple[Risk, ...]
    control: Control
    value: float = -np.inf
    gap: float = 0.0
    best: Portfolio | None = None
    n_nodes: int = 0
    _seen: set[frozenset[int]] = field(default_factory=set)
    _draws: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    _at: Node | None = None

    @property
    def n_bundles(self) -> int:
        return self.group_of.shape[0]

    @cached_property
    def group_of(self) -> np.ndarray:
        """Number of the group of each bundle: same services, partners and stage, shape (B,)."""
        candidates = self.swaps.judge.program.candidates
        numbers: dict[tuple[tuple[int, ...], tuple[int, ...], int], int] = {}
        found = np.zeros(candidates.n_bundles, dtype=int)
        for bundle in range(candidates.n_bundles):
            services, partners = candidates.services_of[bundle].tolist(), candidates.partners[bundle].tolist()
            key = (tuple(services), tuple(partners), int(candidates.stage[bundle]))
            found[bundle] = numbers.setdefault(key, len(numbers))
        return found

    @cached_property
    def members(self) -> list[np.ndarray]:
        """Bundles of each group."""
        order = np.argsort(self.group_of, kind="stable")
        return np.split(order, np.flatnonzero(np.diff(self.group_of[order])) + 1)

    @cached_property
    def _rivals(self) -> list[np.ndarray]:
        """Bundles outside a group that cannot be chosen beside any bundle of it."""
        clash = self.swaps.clash
        found = []
        for group, bundles in enumerate(self.members):
            against = np.flatnonzero(np.asarray((clash[bundles] > 0).sum(axis=0)).ravel() == len(bundles))
            found.append(against[self.group_of[against] != group])
        return found

    @cached_property
    def _linear(self) -> tuple[sparse.csr_array, np.ndarray, np.ndarray]:
        """Rows over bundles and activations alone, for sifting whole portfolios before they are judged."""
        width = self.swaps.judge.program.n_columns
        extra = np.asarray((abs(self.program.matrix[:, width:]) > 0).sum(axis=1)).ravel() > 0
        kept = self.program.matrix[~extra][:, :width].tocsr()
        margin = 1e-6 * np.maximum(np.asarray(abs(kept).sum(axis=1)).ravel(), 1.0)
        return kept, self.program.row_lower[~extra] - margin, self.program.row_upper[~extra] + margin

    @cached_property
    def _session(self) -> LinearSession:
        """The relaxation with a row for each group, free unless a node holds it, and solved from the last basis."""
        n_groups, n_bundles = len(self.members), self.n_bundles
        entries = (np.ones(n_bundles), (self.group_of, np.arange(n_bundles)))
        rows = sparse.csr_array(entries, shape=(n_groups, self.program.n_variables))
        free = (np.full(n_groups, -np.inf), np.full(n_groups, np.inf))
        return LinearSession.of(self.program.with_rows(rows, free, [f"group {n}" for n in range(n_groups)]))

    def run(self, most_nodes: int = MOST_NODES) -> Found:
        """Search until nothing is left, or nodes or time run out."""
        everything = Node(self.program.upper[: self.n_bundles] > 0, self._fixed())
        heap, count, bound = [(-np.inf, 0, everything)], 0, np.inf
        while heap:
            minus, _, node = heapq.heappop(heap)
            bound = -minus
            if bound <= self.value + max(self.gap, 1e-9) * max(abs(self.value), 1.0):
                return Found(self.best, self.value, max(bound, self.value), True)
            if self.n_nodes >= most_nodes or self.control.left <= 0 or self._told(bound):
                return Found(self.best, self.value, bound, False)
            self.n_nodes += 1
            for child, reach in self._children(node, bound):
                count += 1
                heapq.heappush(heap, (-reach, count, child))
        return Found(self.best, self.value, self.value, True)

    def _fixed(self) -> frozenset[int]:
        return frozenset(np.flatnonzero(self.program.lower[: self.n_bundles] > 0).tolist())

    def _told(self, bound: float) -> bool:
        """Tell how far the search is; True when it is to stop."""
        told: Callable[[Progress], bool | None] | None = self.control.options.progress
        if told is None or self.n_nodes % 50:
            return False
        if told(Progress(self.control.elapsed, self.value, bound)):
            self.control.told.interrupted = True
        return self.control.told.interrupted

    def _children(self, node: Node, before: float) -> Iterator[tuple[Node, float]]:
        found = self._solve(node)
        if found.status is not Status.OPTIMAL:
            if found.status is not Status.INFEASIBLE:
                # No answer proves nothing: the node is kept as it was, and time is up.
                yield node, before
            return
        reach = min(found.objective, before)
        if reach <= self.value + 1e-9 * max(abs(self.value), 1.0):
            return
        done = self._leaf(node, found.values[: self.n_bundles])
        if reach <= self.value + 1e-9 * max(abs(self.value), 1.0):
            return
        fixed = node.open.copy()
        if np.isfinite(self.value):
            # A bundle that costs more than the distance to the best known is in no better portfolio of this node.
            margin = reach - self.value + 1e-6 * max(abs(reach), 1.0)
            fixed &= (found.reduced[: self.n_bundles] >= -margin) | (found.values[: self.n_bundles] > 0.5)
        for child in self._split(Node(fixed, node.chosen, node.groups), found, done):
            yield child, reach

    def _solve(self, node: Node) -> LinearSolution:
        """Solve the relaxation of a node from the basis of the last one."""
        session, last = self._session, self._at or Node(self.program.upper[: self.n_bundles] > 0, self._fixed())
        moved = np.flatnonzero(node.open != last.open)
        moved = np.union1d(moved, np.array(sorted(node.chosen ^ last.chosen), dtype=int))
        if len(moved):
            lower = np.isin(moved, list(node.chosen)).astype(float)
            session.set_bounds(moved, lower, node.open[moved].astype(float))
        for group in sorted(node.groups ^ last.groups):
            session.set_row(self.program.n_rows + group, 1.0 if group in node.groups else -np.inf, np.inf)
        self._at = node
        return session.solve(self.control.left)

    def _leaf(self, node: Node, values: np.ndarray) -> bool:
        """Judge the portfolios that the relaxation points at; True when its set of groups is done with."""
        weight = np.bincount(self.group_of, weights=values, minlength=len(self.members))
        if ((weight > WHOLE) & (weight < 1 - WHOLE)).any():
            return False
        there = frozenset(np.flatnonzero(weight > 0.5).tolist())
        count = np.prod([float(len(self.members[group])) for group in there]) if there else 1.0
        if count <= MOST_VARIANTS:
            if there not in self._seen:
                self._seen.add(there)
                self._judge(self._variants([self.members[group] for group in sorted(there)]))
            return True
        if ((values > WHOLE) & (values < 1 - WHOLE)).any():
            return False
        chosen = np.flatnonzero(values > 0.5)
        self._judge(self._variants([np.array([bundle]) for bundle in chosen]))
        return all(node.open[self.members[self.group_of[bundle]]].sum() == 1 for bundle in chosen)

    @staticmethod
    def _variants(choices: list[np.ndarray]) -> np.ndarray:
        """Return every way to take one bundle of each list, shape (ways, lists)."""
        if not choices:
            return np.zeros((1, 0), dtype=int)
        return np.array(np.meshgrid(*choices, indexing="ij")).reshape(len(choices), -1).T

    def _judge(self, ways: np.ndarray) -> None:
        """Keep the best of these portfolios (bundles, one portfolio a row) that keeps every rule and beats the best."""
        if self._hopeless(ways):
            return
        for start in range(0, len(ways), AT_ONCE):
            part = ways[start : start + AT_ONCE]
            portfolios = np.zeros((len(part), self.n_bundles), dtype=bool)
            portfolios[np.arange(len(part))[:, None], part] = True
            self._judge_part(portfolios)

    def _hopeless(self, ways: np.ndarray) -> bool:
        """True when too many draws miss even if each draw had the best bundle of every group."""
        for risk in self.risks:
            columns, draws = self._held(risk)
            best = np.maximum(draws[columns >= self.n_bundles], 0.0).sum(axis=0)
            for bundles in ways.T:
                there = np.isin(columns, bundles)
                if there.any():
                    own = draws[there].max(axis=0)
                    # A bundle that the rule does not count is worth nothing to it.
                    best = best + (own if there.sum() == len(np.unique(bundles)) else np.maximum(own, 0.0))
            if (best < risk.floor_gbp).sum() > risk.allowed:
                return True
        return False

    def _held(self, risk: Risk) -> tuple[np.ndarray, np.ndarray]:
        if risk.key not in self._draws:
            self._draws[risk.key] = risk.block.matrix()
        return self._draws[risk.key]

    def _judge_part(self, portfolios: np.ndarray) -> None:
        columns = self.swaps.columns(portfolios)
        rows, low, high = self._linear
        worth = self.swaps.values(columns)
        kept = np.flatnonzero(worth > self.value)
        sums = (rows @ sparse.csc_array(columns[kept].T)).T.toarray()
        kept = kept[((sums >= low) & (sums <= high)).all(axis=1)]
        kept = kept[np.argsort(-worth[kept], kind="stable")]
        for item in kept[self.swaps.short(columns[kept]) <= 0.0] if len(kept) else []:
            if self.swaps.good(portfolios[item]):
                self.best = self.swaps.portfolio(portfolios[item])
                self.value = self.swaps.judge.value(self.best, self.swaps.target)
                return

    def _split(self, node: Node, found: LinearSolution, done: bool) -> list[Node]:
        values = found.values[: self.n_bundles]
        weight = np.bincount(self.group_of, weights=values, minlength=len(self.members))
        new = np.array([group for group in range(len(self.members)) if group not in node.groups], dtype=int)
        part = new[(weight[new] > WHOLE) & (weight[new] < 1 - WHOLE)]
        if len(part):
            return self._by_group(node, int(part[np.argmin(np.abs(weight[part] - 0.5))]))
        whole = new[weight[new] > 0.5]
        if len(whole):
            return self._by_group(node, int(whole[0]))
        if not done:
            taken = np.flatnonzero((values > WHOLE) & node.open).tolist()
            loose = [item for item in taken if item not in node.chosen and self._rivalled(node, item)]
            if loose:
                return self._by_bundle(node, loose[int(np.argmin(np.abs(values[loose] - 0.5)))])
        more = np.array([group for group in new if node.open[self.members[group]].any()], dtype=int)
        if not len(more) or not self._room(np.concatenate([self.members[group] for group in more])):
            return []
        price = [found.reduced[self.members[group]][node.open[self.members[group]]].max() for group in more]
        return self._by_group(node, int(more[int(np.argmax(price))]))

    def _room(self, bundles: np.ndarray) -> bool:
        """True unless the rows leave no room for any of these bundles in the node at hand."""
        cost = np.zeros(self.program.n_variables)
        cost[bundles] = 1.0
        self._session.set_cost(cost)
        found = self._session.solve(self.control.left)
        self._session.set_cost(self.program.objective)
        return found.status is not Status.OPTIMAL or found.objective > 1 - 1e-6

    def _rivalled(self, node: Node, bundle: int) -> bool:
        return bool(node.open[self.members[self.group_of[bundle]]].sum() > 1)

    def _by_group(self, node: Node, group: int) -> list[Node]:
        without, beside = node.open.copy(), node.open.copy()
        without[self.members[group]] = False
        beside[self._rivals[group]] = False
        return [Node(without, node.chosen, node.groups), Node(beside, node.chosen, node.groups | {group})]

    def _by_bundle(self, node: Node, bundle: int) -> list[Node]:
        without, beside = node.open.copy(), node.open.copy()
        without[bundle] = False
        against = self.swaps.clash[[bundle]].indices
        beside[against[against != bundle]] = False
        return [Node(without, node.chosen, node.groups), Node(beside, node.chosen | {bundle}, node.groups)]
