"""Bundles of which at most one can be chosen although no single slot says so.

Take three councils and one service: any two bundles that each hold two of the three have a council in common, so at
most one of them is chosen (subset-row cuts of Jepsen et al. 2008). The linear relaxation likes to take halves of three.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from sharesim.choice.view import View

BROKEN_BY = 1e-3
MOST_A_ROUND = 200


def broken_cliques(view: View, values: np.ndarray, known: set[tuple[int, ...]]) -> list[np.ndarray]:
    """Return the bundles of each such group that a fractional point takes more than once, worst first.

    Parameters
    ----------
    view : View
    values : ndarray, shape (B,)
        How much of each bundle the relaxation takes.
    known : set of tuple
        (service, three councils) found before; new ones are added.

    Returns
    -------
    list of ndarray
        Bundle indices; at most 200 groups.
    """
    support = np.flatnonzero((values > 1e-9) & view.shared)
    found: list[tuple[float, tuple[int, ...]]] = []
    for service in np.flatnonzero(view.in_service[support].any(axis=0)):
        taken = support[view.in_service[support, service]]
        held, weight = view.in_council[taken].astype(float), values[taken]
        for triple in _triples(held, weight):
            key = (int(service), *triple)
            total = float(weight[held[:, triple].sum(axis=1) >= 2].sum())
            if total > 1.0 + BROKEN_BY and key not in known:
                found.append((total, key))
    found.sort(key=lambda item: (-item[0], item[1]))
    known.update(key for _, key in found[:MOST_A_ROUND])
    return [_bundles(view, key) for _, key in found[:MOST_A_ROUND]]


def _triples(held: np.ndarray, weight: np.ndarray) -> set[tuple[int, ...]]:
    """Councils a, b, c whose pairs could add up to more than one; a pair alone never does, so two must meet."""
    together = (held * weight[:, None]).T @ held
    np.fill_diagonal(together, 0.0)
    found: set[tuple[int, ...]] = set()
    for centre in np.flatnonzero(together.any(axis=0)):
        near = np.flatnonzero(together[centre])
        for one, other in combinations(near.tolist(), 2):
            if together[centre, one] + together[centre, other] + together[one, other] > 1.0 + BROKEN_BY:
                found.add(tuple(sorted((int(centre), one, other))))
    return found


def _bundles(view: View, key: tuple[int, ...]) -> np.ndarray:
    service, *triple = key
    return np.flatnonzero(view.shared & view.in_service[:, service] & (view.in_council[:, triple].sum(axis=1) >= 2))
