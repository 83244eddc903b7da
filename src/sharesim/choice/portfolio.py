"""A finished portfolio as plain sets and sums, for judging it without the program that found it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sharesim.choice.candidates import SHARED, Candidates, DrawSource
from sharesim.study import rules as r


@dataclass(frozen=True)
class Held:
    """One chosen bundle as plain sets."""

    index: int
    services: frozenset[str]
    councils: tuple[str, ...]
    hosts: frozenset[str]
    form: str
    shared: bool


@dataclass(frozen=True)
class Portfolio:
    """Chosen bundles with everything that a rule may ask of them.

    Parameters
    ----------
    candidates : Candidates
    chosen : ndarray of int
    source : DrawSource or None
    """

    candidates: Candidates
    chosen: np.ndarray
    source: DrawSource | None

    @cached_property
    def bundles(self) -> list[Held]:
        """The chosen bundles as plain sets, in index order."""
        candidates, found = self.candidates, []
        for index in self.chosen.tolist():
            partners = [(slot, int(council)) for slot, council in enumerate(candidates.partners[index]) if council >= 0]
            hosts = [
                candidates.councils.ids[council] for slot, council in partners if candidates.host_share[index, slot] > 0
            ]
            found.append(
                Held(
                    index=index,
                    services=frozenset(candidates.services.ids[item] for item in candidates.services_of[index]),
                    councils=tuple(candidates.councils.ids[council] for _, council in partners),
                    hosts=frozenset(hosts),
                    form=candidates.forms.ids[candidates.form[index]],
                    shared=bool(candidates.stage[index] == SHARED),
                )
            )
        return found

    @cached_property
    def activations(self) -> np.ndarray:
        """Indices of the activation columns that the chosen bundles need."""
        needed = [self.candidates.activations_of[index] for index in self.chosen.tolist()]
        return np.unique(np.concatenate(needed)).astype(np.int64) if needed else np.zeros(0, dtype=np.int64)

    @cached_property
    def mean_npv_gbp(self) -> float:
        """Mean NPV of bundles and activations together [GBP]."""
        own = self.candidates.npv_gbp[self.chosen].sum() + self.candidates.activation_npv_gbp[self.activations].sum()
        return float(own)

    def slots_of(self, council: str) -> list[tuple[int, int]]:
        """Return (bundle, partner slot) of each chosen bundle that holds a council."""
        position = self.candidates.councils.index(council)
        return [
            (index, int(np.flatnonzero(self.candidates.partners[index] == position)[0]))
            for index in self.chosen.tolist()
            if (self.candidates.partners[index] == position).any()
        ]

    def council_terms(self, council: str) -> np.ndarray:
        """Return the mean NPVs that add up to a council's own."""
        position = self.candidates.councils.index(council)
        own = [self.candidates.partner_npv_gbp[index, slot] for index, slot in self.slots_of(council)]
        return np.array([*own, *self.candidates.activation_council_npv_gbp[self.activations, position]])

    @property
    def _draw_source(self) -> DrawSource:
        assert self.source is not None  # `formulation.build` refuses rules and objectives on draws where there are none
        return self.source

    @cached_property
    def draws(self) -> np.ndarray:
        """NPV of the portfolio in every draw, shape (n_draws,) [GBP]."""
        total: np.ndarray = self._draw_source.activation_draws()[self.activations].sum(axis=(0, 1))
        return total + self._draw_source.draws(self.chosen).sum(axis=0) if len(self.chosen) else total

    def council_draws(self, council: str) -> np.ndarray:
        """NPV of one council in every draw, shape (n_draws,) [GBP]."""
        position = self.candidates.councils.index(council)
        total: np.ndarray = self._draw_source.activation_draws()[self.activations, position].sum(axis=0)
        for index, slot in self.slots_of(council):
            total = total + self._draw_source.partner_draws(np.array([index]))[0, slot]
        return total

    def cost_draws(self, council: str, years: list[int], *, net_of_grants: bool) -> np.ndarray:
        """One-off cost over year positions of one council or of all in every draw, shape (n_draws,); net of grants it
        is of one year."""
        total = self._at(council, self._draw_source.activation_one_off_draws(years))
        if council == r.PROGRAMME:
            if len(self.chosen):
                total = total + self._draw_source.one_off_draws(self.chosen, years).sum(axis=(0, 1))
        else:
            for index, slot in self.slots_of(council):
                total = total + self._draw_source.one_off_draws(np.array([index]), years)[0, slot]
        if not net_of_grants:
            return total
        net: np.ndarray = np.maximum(total - self._at(council, self._draw_source.activation_grant_draws(years)), 0.0)
        return net

    def grants_gbp(self, council: str, year: int) -> float:
        """Grants of a year at chance x amount, less clawback, of one council or of all."""
        return float(self._at(council, self.candidates.activation_grant_gbp)[year])

    def _at(self, council: str, activations: np.ndarray) -> np.ndarray:
        """Sum over the activation columns needed, (K, A, ...), of one council or of all."""
        own = activations[self.activations]
        whole = council == r.PROGRAMME
        total: np.ndarray = own.sum((0, 1)) if whole else own[:, self.candidates.councils.index(council)].sum(0)
        return total

    def amount_terms(self, values: np.ndarray, council: str) -> np.ndarray:
        """Return what adds up to a yearless amount such as exits, values of shape (B, P)."""
        if council == r.PROGRAMME:
            by_bundle: np.ndarray = values[self.chosen].sum(axis=1)
            return by_bundle
        return np.array([values[index, slot] for index, slot in self.slots_of(council)])

    def services_of_council(self, council: str) -> list[str]:
        """Return the services that a council could have in some candidate."""
        position = self.candidates.councils.index(council)
        holds = np.flatnonzero((self.candidates.partners == position).any(axis=1))
        return [self.candidates.services.ids[item] for item in np.unique(self.candidates.services_of.take(holds).item)]


def cvar(draws: np.ndarray, level: float) -> float:
    """Return the mean of the worst share of draws, the draw at the boundary counted in part.

    Parameters
    ----------
    draws : ndarray, shape (n_draws,)
        GBP, higher is better.
    level : float
        Share of draws, such as 0.05.

    Examples
    --------
    >>> cvar(np.array([5.0, 1.0, 3.0, 7.0]), 0.5), round(cvar(np.array([5.0, 1.0, 3.0, 7.0]), 0.375), 6)
    (2.0, 1.666667)
    """
    return float(np.sort(draws) @ tail_weight(len(draws), level))


def tail_weight(n_draws: int, level: float) -> np.ndarray:
    """Return the weight of each sorted draw in a CVaR, worst first, shape (n_draws,), sum 1."""
    count = level * n_draws
    weight: np.ndarray = np.clip(count - np.arange(n_draws), 0.0, 1.0) / count
    return weight
