"""Statements of dependence turned into groups of drivers, and independent normal values into dependent ones."""

from __future__ import annotations

import difflib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr

from sharesim.errors import Fault, StudyError
from sharesim.uncertainty.correlation import nearest_correlation, triangular_root
from sharesim.uncertainty.dependence import Dependence, RankCorrelation
from sharesim.uncertainty.shaped import Gamma
from sharesim.uncertainty.spearman import ranks_of_scores, scores_of_rank
from sharesim.uncertainty.tables import NormalTable, build_table

Array = NDArray[np.float64]

#: Begins the keys of draws that belong to no driver: common factors and the t copula's mixing variable.
LATENT = "\x1f"
#: Rows of a triangular product that are taken together; the columns right of the diagonal are left out.
_ROWS = 32


#: A rank correlation that was changed by more is a warning, not a note.
FAR_CORRELATION = 0.1


@dataclass(frozen=True)
class ChangedPair:
    """A rank correlation that could not be had with the others, and the one that was used."""

    first: str
    second: str
    asked: float
    used: float

    @property
    def size(self) -> float:
        """How far the one used lies from the one asked for."""
        return abs(self.asked - self.used)

    @property
    def is_far(self) -> bool:
        """Whether the change is one that a reader of results has to be warned of."""
        return self.size > FAR_CORRELATION

    def __str__(self) -> str:
        return f"{self.first} with {self.second}: asked {self.asked:.4f}, used {self.used:.4f}"


def far(changes: Iterable[ChangedPair]) -> list[ChangedPair]:
    """Return the changes that a reader has to be warned of, the largest first.

    Examples
    --------
    >>> [str(pair) for pair in far([ChangedPair("a", "b", 0.9, 0.48), ChangedPair("a", "c", 0.5, 0.45)])]
    ['a with b: asked 0.9000, used 0.4800']
    """
    return sorted((pair for pair in changes if pair.is_far), key=lambda pair: -pair.size)


@dataclass(frozen=True)
class TScores:
    """From t-distributed scores to standard normal values, in place.

    The table is over s = sign(t) sqrt(v log(1 + t^2 / v)), in which the map is nearly a straight line.
    """

    freedom: float
    table: NormalTable
    mixing: Gamma

    def apply(self, scores: Array, mixing_normal: Array) -> None:
        """Divide normal scores (driver, draw) by the mixing root and make each margin standard normal again."""
        root = self.mixing.quantile_normal(mixing_normal)
        np.sqrt(root, out=root)
        for row in scores:
            row /= root
            bent = np.sqrt(self.freedom * np.log1p(row * row / self.freedom))
            np.copysign(bent, row, out=bent)
            self.table.evaluate(bent, row)


def t_scores(freedom: float) -> TScores:
    """Return the map for a number of degrees of freedom."""

    def exact(bent: Array) -> Array:
        t = np.sqrt(freedom * np.expm1(np.minimum(bent * bent / freedom, 600.0)))
        return np.copysign(ndtri(stdtr(freedom, -t)), bent)

    return TScores(freedom, build_table(exact, 1.0), Gamma(freedom / 2, 2 / freedom))


@dataclass(frozen=True)
class CopulaGroup:
    """Drivers that hang together, directly or through others.

    Parameters
    ----------
    keys : tuple of str
        Their keys in sorted order.
    latents : tuple of str
        Keys of the factors' draws, and last that of the t copula's mixing variable if there is one.
    root : ndarray (driver, driver) or None
        Triangular root of the scores' correlation; None for a group that common factors explain.
    loadings : ndarray (driver, factor) or None
        Correlation of scores with each factor.
    t : TScores or None
        The t copula's map.
    changes : tuple of ChangedPair
        What the repair of an impossible matrix changed.
    """

    keys: tuple[str, ...]
    latents: tuple[str, ...]
    root: Array | None
    loadings: Array | None
    t: TScores | None
    changes: tuple[ChangedPair, ...] = ()

    @cached_property
    def correlation(self) -> Array:
        """Correlation of the scores (driver, driver)."""
        if self.root is not None:
            return np.einsum("ij,kj->ik", self.root, self.root)
        matrix = np.einsum("ij,kj->ik", self._by_factor, self._by_factor)
        np.fill_diagonal(matrix, 1.0)
        return matrix

    @property
    def _by_factor(self) -> Array:
        """The loadings of a group that common factors explain (driver, factor)."""
        assert self.loadings is not None  # a group has a root or loadings
        return self.loadings

    @cached_property
    def _own(self) -> Array:
        return np.sqrt(np.clip(1.0 - np.einsum("ij,ij->i", self._by_factor, self._by_factor), 0.0, None))

    @cached_property
    def _loaded(self) -> list[tuple[int, int, float]]:
        loadings = self._by_factor
        return [
            (int(row), int(factor), float(loadings[row, factor]))
            for row, factor in zip(*np.nonzero(loadings), strict=True)
        ]

    def mix(self, own: Array, latent: Array) -> None:
        """Make independent standard normal values dependent, in place.

        Parameters
        ----------
        own : ndarray (driver, draw)
            Each driver's own values, in the order of the keys. The number of draws is always the library's chunk, and
            no BLAS is called: sums are in one order whatever the block, the threads and the machine's library.
        latent : ndarray (latent, draw)
            Values of the latents.
        """
        if self.root is not None:
            free = own.copy()
            for start in range(0, len(self.keys), _ROWS):
                stop = min(start + _ROWS, len(self.keys))
                np.einsum("ij,jk->ik", self.root[start:stop, :stop], free[:stop], out=own[start:stop])
        else:
            own *= self._own[:, None]
            scaled = np.empty(own.shape[1])
            for row, factor, loading in self._loaded:
                np.multiply(latent[factor], loading, out=scaled)
                own[row] += scaled
        if self.t is not None:
            self.t.apply(own, latent[-1])


def resolve(dependence: Dependence | None, keys: Mapping[str, str]) -> tuple[CopulaGroup, ...]:
    """Return the connected groups that a dependence makes of some drivers.

    Parameters
    ----------
    dependence : Dependence or None
        What is said; None means that all are independent.
    keys : mapping of str to str
        Key by driver name or id.

    Raises
    ------
    StudyError
        When a driver is unknown, two statements disagree, loadings are too large, or (strict) a matrix is impossible.
    """
    return () if dependence is None else _resolved(dependence, tuple(sorted(keys.items())))


@lru_cache(maxsize=32)
def _resolved(dependence: Dependence, pairs: tuple[tuple[str, str], ...]) -> tuple[CopulaGroup, ...]:
    """Return the groups, remembered by value: every purpose and replicate of a study has the same ones."""
    keys = dict(pairs)
    faults = [_unknown(name, keys) for name in dependence.names if name not in keys]
    faults += [_clash(factor.name) for factor in dependence.factors if factor.name in keys]
    if faults:
        raise StudyError(faults)
    t = None if dependence.degrees_of_freedom is None else t_scores(dependence.degrees_of_freedom)
    return tuple(_group(members, dependence, keys, t) for members in _connected(dependence, keys))


def _unknown(name: str, keys: Mapping[str, str]) -> Fault:
    close = difflib.get_close_matches(name, keys, n=1)
    shown = ", ".join(list(keys)[:12]) + (f" and {len(keys) - 12} more" if len(keys) > 12 else "")
    return Fault("dependence", "unknown driver", repr(name), shown, f"Did you mean {close[0]!r}?" if close else "")


def _clash(name: str) -> Fault:
    return Fault(
        "dependence", "a factor has the name of a driver", repr(name), "a name of its own", "Rename the factor."
    )


def _connected(dependence: Dependence, keys: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Return the connected groups as sorted keys, in sorted order. Under a t copula even rank 0 shares the extremes."""
    parent: dict[str, str] = {}

    def top(key: str) -> str:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    for part in dependence.statements:
        if isinstance(part, RankCorrelation):
            linked = part.names if part.rank != 0.0 or dependence.copula == "t" else ()
        else:
            linked = tuple(name for name, loading in part.loadings if loading != 0.0 or dependence.copula == "t")
        for name in linked:
            parent[top(keys[name])] = top(keys[linked[0]])
    members: dict[str, list[str]] = defaultdict(list)
    for key in parent:
        members[top(key)].append(key)
    return sorted(tuple(sorted(group)) for group in members.values())


def _group(members: tuple[str, ...], dependence: Dependence, keys: Mapping[str, str], t: TScores | None) -> CopulaGroup:
    freedom = dependence.degrees_of_freedom
    row = {key: position for position, key in enumerate(members)}
    stated = [part for part in dependence.correlations if all(keys[name] in row for name in part.names)]
    factors = [factor for factor in dependence.factors if any(keys[name] in row for name in factor.names)]
    loadings = np.zeros((len(members), len(factors)))
    for column, factor in enumerate(factors):
        for name, loading in factor.loadings:
            if keys[name] in row:
                loadings[row[keys[name]], column] = scores_of_rank(loading, freedom)
    _check_loadings(members, loadings)
    mixing = (f"{LATENT}t:{members[0]}",) if t is not None else ()
    names = tuple(f"{LATENT}factor:{factor.name}" for factor in factors)
    if not stated:
        return CopulaGroup(members, names + mixing, None, loadings, t)
    if not factors and len(stated) == 1 and stated[0].among is not None and stated[0].rank > 0.0:
        # One rank among all is one common factor: a sum for each driver instead of a matrix product.
        loading = math.sqrt(scores_of_rank(stated[0].rank, freedom))
        return CopulaGroup(
            members, (f"{LATENT}among:{members[0]}", *mixing), None, np.full((len(members), 1), loading), t
        )
    asked = _asked_matrix(members, row, keys, stated, loadings, freedom)
    root, changes = _root_of(members, asked, dependence)
    return CopulaGroup(members, mixing, root, None, t, changes)


def _check_loadings(members: tuple[str, ...], loadings: Array) -> None:
    explained = np.einsum("ij,ij->i", loadings, loadings)
    faults = [
        Fault(
            "dependence",
            f"the factors explain more than all of {members[row]}",
            f"{explained[row]:.3f} as the sum of squared loadings",
            "1 or less",
            "Lower a loading.",
        )
        for row in np.flatnonzero(explained > 1.0 + 1e-12)
    ]
    if faults:
        raise StudyError(faults)


def _asked_matrix(
    members: Sequence[str],
    row: Mapping[str, int],
    keys: Mapping[str, str],
    stated: Sequence[RankCorrelation],
    loadings: Array,
    freedom: float | None,
) -> Array:
    """Return the correlation of scores as asked: factors first, groups above them, single pairs above groups."""
    matrix = np.einsum("ij,kj->ik", loadings, loadings)
    np.fill_diagonal(matrix, 1.0)
    faults = []
    for single in (False, True):
        said: dict[tuple[int, int], RankCorrelation] = {}
        for part in stated:
            if part.single is not single:
                continue
            score = scores_of_rank(part.rank, freedom)
            for first, second in part.pairs():
                a, b = sorted((row[keys[first]], row[keys[second]]))
                other = said.setdefault((a, b), part)
                if other.rank != part.rank:
                    got = f"{other.rank:g} ({other}) and {part.rank:g} ({part})"
                    problem = f"two figures for {members[a]} with {members[b]}"
                    faults.append(Fault("dependence", problem, got, "one", "Leave one of them out."))
                matrix[a, b] = matrix[b, a] = score
    if faults:
        raise StudyError(faults)
    return matrix


def _root_of(
    members: tuple[str, ...], asked: Array, dependence: Dependence
) -> tuple[Array, tuple[ChangedPair, ...]]:
    root = triangular_root(asked)
    if root is not None:
        return root, ()
    possible = nearest_correlation(asked)
    first, second = np.nonzero(np.triu(np.abs(asked - possible) > 1e-6, 1))
    before = ranks_of_scores(np.clip(asked[first, second], -1.0, 1.0), dependence.degrees_of_freedom)
    after = ranks_of_scores(possible[first, second], dependence.degrees_of_freedom)
    changes = tuple(
        ChangedPair(members[a], members[b], float(was), float(now))
        for a, b, was, now in zip(first, second, before, after, strict=True)
    )
    if dependence.strict:
        shown = ", ".join(members[:8]) + (" ..." if len(members) > 8 else "")
        worst = "; ".join(map(str, sorted(changes, key=lambda pair: -abs(pair.asked - pair.used))[:5]))
        raise StudyError(
            Fault(
                "dependence",
                f"the rank correlations of {shown} cannot all hold",
                f"a matrix with lowest eigenvalue {float(np.linalg.eigvalsh(asked)[0]):.4f}",
                "0 or more",
                f"The nearest possible: {worst}. Use it, or leave strict off.",
            )
        )
    root = triangular_root(possible)
    assert root is not None  # the repair keeps its lowest eigenvalue above rounding
    return root, changes
