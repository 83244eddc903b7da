"""Candidates seen from the rules: who is in which bundle, and ids turned into positions with every bad id reported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

import numpy as np
from scipy import sparse

from sharesim.choice.candidates import INTERNAL, SHARED, Candidates
from sharesim.errors import Fault
from sharesim.study.labels import unknown_name
from sharesim.study.rules import ALL, PROGRAMME, Budget, ControlGroups, Exits, OfficerDays, Redeployments, RuleBase

#: Most years with grants that a budget net of grants may cover.
MOST_GRANT_YEARS = 6


@dataclass(frozen=True)
class View:
    """Incidence of candidates, worked out once and asked often.

    Parameters
    ----------
    candidates : Candidates
    """

    candidates: Candidates

    @cached_property
    def shared(self) -> np.ndarray:
        """Bundles that share with somebody, shape (B,), bool."""
        return self.candidates.stage == SHARED

    @cached_property
    def in_council(self) -> np.ndarray:
        """Bundle holds council, shape (B, A), bool."""
        candidates = self.candidates
        held = np.zeros((candidates.n_bundles, len(candidates.councils)), dtype=bool)
        bundle, slot = np.nonzero(candidates.partners >= 0)
        held[bundle, candidates.partners[bundle, slot]] = True
        return held

    @cached_property
    def in_service(self) -> np.ndarray:
        """Bundle holds service, shape (B, S), bool."""
        candidates = self.candidates
        held = np.zeros((candidates.n_bundles, len(candidates.services)), dtype=bool)
        held[candidates.services_of.owner(), candidates.services_of.item] = True
        return held

    @cached_property
    def cells(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Every (bundle, council, service) that a bundle covers, as three index arrays, bundle by bundle."""
        candidates = self.candidates
        bundle, slot = np.nonzero(candidates.partners >= 0)
        council = candidates.partners[bundle, slot]
        services = candidates.services_of.take(bundle)
        pair = services.owner()
        return bundle[pair], council[pair].astype(np.int64), services.item.astype(np.int64)

    @cached_property
    def has_service(self) -> np.ndarray:
        """Council appears with the service in some candidate, shape (A, S), bool."""
        _, council, service = self.cells
        held = np.zeros((len(self.candidates.councils), len(self.candidates.services)), dtype=bool)
        held[council, service] = True
        return held

    def slot_keys(self) -> tuple[np.ndarray, np.ndarray]:
        """Return bundle and slot number of every covered slot; slot = (council x services + service) x 2 + stage."""
        bundle, council, service = self.cells
        stage = (self.candidates.stage[bundle] == SHARED).astype(np.int64)
        return bundle, (council * len(self.candidates.services) + service) * 2 + stage

    def on_whole_cost(self) -> np.ndarray:
        """Return for each entry of `slot_keys` whether the council comes in with its whole cost, bool.

        A follow-on stands on the cost that its first stage left, but only for the councils of that stage: its other
        partners bring the whole of theirs.
        """
        bundle, key = self.slot_keys()
        council, before = key // 2 // len(self.candidates.services), self.candidates.requires[bundle]
        return (before < 0) | ~self.in_council[np.maximum(before, 0), council]

    def slot_name(self, key: int) -> str:
        """Return a slot as council|service|stage ids."""
        cell, stage = divmod(int(key), 2)
        council, service = divmod(cell, len(self.candidates.services))
        word = "shared" if stage else "internal"
        return f"{self.candidates.councils.ids[council]}|{self.candidates.services.ids[service]}|{word}"

    def slot_conflicts(self) -> sparse.csr_array:
        """Return slot x bundle incidence, shape (2 A S, B)."""
        bundle, key = self.slot_keys()
        shape = (2 * len(self.candidates.councils) * len(self.candidates.services), self.candidates.n_bundles)
        return sparse.csr_array((np.ones(len(key)), (key, bundle)), shape=shape)

    def councils(self, names: Sequence[str]) -> np.ndarray:
        """Return council positions for ids; ('all',) means everybody."""
        labels = self.candidates.councils
        return np.arange(len(labels)) if ALL in names else np.array([labels.index(name) for name in names], dtype=int)

    def services(self, names: Sequence[str]) -> np.ndarray:
        """Return service positions for ids; ('all',) means every service."""
        labels = self.candidates.services
        return np.arange(len(labels)) if ALL in names else np.array([labels.index(name) for name in names], dtype=int)

    def covering(self, council: int, service: int) -> np.ndarray:
        """Return the shared bundles that hold this council for this service, as indices."""
        return np.flatnonzero(self.shared & self.in_council[:, council] & self.in_service[:, service])

    def touching(self, services: Sequence[str]) -> np.ndarray:
        """Return the bundles that hold any of these services, shape (B,), bool."""
        return np.any(self.in_service[:, self.services(services)], axis=1)

    def own(self, values: np.ndarray, council: int) -> np.ndarray:
        """Return each bundle's value at one council's partner slot, shape (B,); 0 where it is not a partner."""
        return np.where(self.candidates.partners == council, values, 0.0).sum(axis=1)

    def years(self, years: Sequence[int]) -> np.ndarray:
        """Return year positions for calendar years; none given means all."""
        return np.array(
            [year - self.candidates.first_year for year in years] or range(self.candidates.n_years), dtype=int
        )


def unused_name(wanted: str, rules: Iterable[RuleBase]) -> str:
    """Return a name for one more rule that none of the others has, whatever the study calls its own.

    Examples
    --------
    >>> from sharesim.study.rules import RiskPoints
    >>> unused_name("frontier", [RiskPoints(kind="risk_points", name="frontier", limit_points=3)])
    'frontier (2)'
    """
    taken = {rule.name for rule in rules}
    numbered = (f"{wanted} ({number})" for number in count(2))
    return wanted if wanted not in taken else next(name for name in numbered if name not in taken)


def name_faults(candidates: Candidates, rules: Iterable[RuleBase]) -> list[Fault]:
    """Return a fault for every id, year or owner in the rules that the candidates do not know.

    Examples
    --------
    >>> from sharesim.study.rules import NeverShare
    >>> from sharesim.testing import small_case
    >>> rule = NeverShare(kind="never_share", name="keep it", services=("payrol",))
    >>> print(name_faults(small_case().candidates, [rule])[0])
    rule 'keep it', field services: unknown service: got 'payrol'; allowed hr, payroll. Did you mean 'payroll'?
    """
    faults: list[Fault] = []
    seen: set[str] = set()
    for rule in rules:
        where = f"rule {rule.name!r}"
        if rule.name in seen:
            faults.append(Fault(where, "two rules have this name", remedy="Give every rule a name of its own."))
        seen.add(rule.name)
        faults += _id_faults(candidates, rule, where) + _year_faults(candidates, rule, where)
        faults += _grant_faults(candidates, rule, where)
        if isinstance(rule, ControlGroups):
            faults += _group_faults(candidates, rule, where)
    return faults


def _id_faults(candidates: Candidates, rule: RuleBase, where: str) -> list[Fault]:
    checks: list[tuple[str, str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]]
    checks = [("owner", "council", (rule.owner,), candidates.councils.ids, (PROGRAMME,))]
    for name in ("councils", "services", "forms"):
        if hasattr(rule, name):
            allowed = getattr(candidates, name).ids
            checks.append(
                (name, name.removesuffix("s"), getattr(rule, name), allowed, () if name == "forms" else (ALL,))
            )
    if isinstance(rule, Budget | OfficerDays | Exits | Redeployments):
        checks.append(("council", "council", (rule.council,), candidates.councils.ids, (PROGRAMME,)))
    return [
        unknown_name(f"{where}, field {name}", kind, value, allowed)
        for name, kind, values, allowed, words in checks
        for value in values
        if value not in allowed and value not in words
    ]


def _year_faults(candidates: Candidates, rule: RuleBase, where: str) -> list[Fault]:
    first, last = candidates.first_year, candidates.first_year + candidates.n_years - 1
    return [
        Fault(
            f"{where}, field years", "outside the study's years", str(year), f"{first} to {last}", "Name another year."
        )
        for year in getattr(rule, "years", ())
        if not first <= year <= last
    ]


def _grant_faults(candidates: Candidates, rule: RuleBase, where: str) -> list[Fault]:
    """A net budget has a row for each set of years with grants, so there may not be many such years."""
    if not isinstance(rule, Budget) or not rule.net_of_grants:
        return []
    granted = np.flatnonzero((candidates.activation_grant_gbp > 0).any(axis=(0, 1))) + candidates.first_year
    years = [year for year in granted.tolist() if not rule.years or year in rule.years]
    if len(years) <= MOST_GRANT_YEARS:
        return []
    got = f"grants in {', '.join(map(str, years))}"
    remedy = "Name fewer years, in rules of their own."
    return [
        Fault(f"{where}, field years", "grants come in too many years", got, f"{MOST_GRANT_YEARS} or fewer", remedy)
    ]


def _group_faults(candidates: Candidates, rule: ControlGroups, where: str) -> list[Fault]:
    faults: list[Fault] = []
    group_of: dict[str, str] = {}
    for group, members in rule.groups.items():
        for council in members:
            if council not in candidates.councils:
                faults.append(unknown_name(f"{where}, group {group}", "council", council, candidates.councils.ids))
            elif group_of.setdefault(council, group) != group:
                problem = "a council can be in one group only"
                got = f"{council!r} in {group_of[council]!r} and {group!r}"
                faults.append(Fault(where, problem, got, remedy="Take it out of one of them."))
    return faults


__all__ = ["INTERNAL", "SHARED", "View", "name_faults", "unused_name"]
