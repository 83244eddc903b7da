"""Linear rows of the choice, rule family by rule family (docs/model.md section 8), as sparse triplets.

A rule adds rows under its own number, so that it can be taken out again as one group, named, and priced. A row's key
says of what kind it is; its name reads ``rule: subject`` and is for people only (docs/decisions/089). Rows that no rule
owns (slots, follow-ons, activations) carry the number -1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from sharesim.choice.amounts import AMOUNTS
from sharesim.choice.candidates import SHARED
from sharesim.choice.keys import RowKey, RowKind
from sharesim.choice.view import View
from sharesim.study import rules as r

STRUCTURE = -1


@dataclass
class RowList:
    """Rows and extra variables as they are gathered; `matrix` turns them into one sparse array.

    Parameters
    ----------
    n_variables : int
        Columns so far; `variable` adds one.
    """

    n_variables: int
    keys: list[RowKey] = field(default_factory=list)
    rule: list[int] = field(default_factory=list)
    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    extra: list[tuple[str, float, float, bool, float]] = field(default_factory=list)
    _rows: list[np.ndarray] = field(default_factory=list)
    _columns: list[np.ndarray] = field(default_factory=list)
    _values: list[np.ndarray] = field(default_factory=list)

    def add(self, key: RowKey, rule: int, columns: ArrayLike, values: ArrayLike, bounds: tuple[float, float]) -> None:
        """Add one row: bounds[0] <= sum of values x columns <= bounds[1]."""
        columns = np.atleast_1d(np.asarray(columns, dtype=np.int64))
        values = np.broadcast_to(np.asarray(values, dtype=float), columns.shape)
        kept = values != 0.0
        self._rows.append(np.full(int(kept.sum()), len(self.keys)))
        self._columns.append(columns[kept])
        self._values.append(values[kept])
        self._describe([key], rule, bounds)

    def add_many(
        self,
        keys: Sequence[RowKey],
        rule: int,
        entries: tuple[np.ndarray, np.ndarray, np.ndarray],
        bounds: tuple[float, float],
    ) -> None:
        """Add many rows of equal bounds; entries are (row from 0, column, value)."""
        row, column, value = entries
        self._rows.append(row + len(self.keys))
        self._columns.append(column)
        self._values.append(value)
        self._describe(keys, rule, bounds)

    def _describe(self, keys: Sequence[RowKey], rule: int, bounds: tuple[float, float]) -> None:
        self.keys.extend(keys)
        self.rule.extend([rule] * len(keys))
        self.lower.extend([bounds[0]] * len(keys))
        self.upper.extend([bounds[1]] * len(keys))

    def variable(self, name: str, lower: float, upper: float, *, integer: bool = False, objective: float = 0.0) -> int:
        """Add a variable and return its column."""
        self.extra.append((name, lower, upper, integer, objective))
        self.n_variables += 1
        return self.n_variables - 1

    def matrix(self) -> sparse.csr_array:
        """Return all rows, shape (rows, variables)."""
        if not self._rows:
            return sparse.csr_array((0, self.n_variables))
        row, column = np.concatenate(self._rows), np.concatenate(self._columns)
        entries = (np.concatenate(self._values), (row, column))
        found = sparse.coo_array(entries, shape=(len(self.keys), self.n_variables)).tocsr()
        found.sort_indices()
        return found


AT_MOST_ONE = (-np.inf, 1.0)


def structure(view: View, rows: RowList) -> None:
    """Add what holds without any rule: one bundle per slot, follow-ons after their predecessor, activations."""
    _slots(view, rows)
    _one_base(view, rows)
    _follow_ons(view, rows)
    _activations(view, rows)


def _slots(view: View, rows: RowList) -> None:
    bundle, key = view.slot_keys()
    slot, row, count = np.unique(key, return_inverse=True, return_counts=True)
    crowded = count > 1
    number = np.cumsum(crowded) - 1
    kept = crowded[row]
    keys = [_built_in(f"slot: {view.slot_name(item)}") for item in slot[crowded]]
    rows.add_many(keys, STRUCTURE, (number[row[kept]], bundle[kept], np.ones(int(kept.sum()))), AT_MOST_ONE)


def _one_base(view: View, rows: RowList) -> None:
    """An internal bundle and a shared one that does not follow on both stand on the whole cost: never both."""
    bundle, key = view.slot_keys()
    kept, candidates = view.on_whole_cost(), view.candidates
    bundle, cell, stage = bundle[kept], key[kept] // 2, key[kept] % 2
    both = np.intersect1d(cell[stage == 0], cell[stage == 1])
    inside = np.isin(cell, both)
    row = np.searchsorted(both, cell[inside])
    keys = [_built_in(f"base: {_cell(view, *divmod(int(item), len(candidates.services)))}") for item in both]
    rows.add_many(keys, STRUCTURE, (row, bundle[inside], np.ones(int(inside.sum()))), AT_MOST_ONE)


def _follow_ons(view: View, rows: RowList) -> None:
    """Follow-ons of one predecessor that share its slot exclude each other, so one row holds their sum."""
    candidates = view.candidates
    followers = np.flatnonzero(candidates.requires >= 0)
    for before in np.unique(candidates.requires[followers]):
        after = followers[candidates.requires[followers] == before]
        council, service = candidates.partners[before, 0], candidates.services_of[before][0]
        covers = view.in_council[after, council] & view.in_service[after, service]
        covers &= candidates.stage[after] == SHARED
        groups = [after[covers]] * bool(covers.any()) + [np.array([item]) for item in after[~covers]]
        for number, group in enumerate(groups):
            row = _built_in(f"follows: {candidates.bundle_ids[before]} {number}")
            rows.add(row, STRUCTURE, np.append(group, before), np.append(np.ones(len(group)), -1.0), (-np.inf, 0.0))


def _activations(view: View, rows: RowList) -> None:
    """y = 1 exactly when a bundle that needs it is chosen; one row per slot, so rows do not grow with bundles."""
    candidates = view.candidates
    bundle, key = view.slot_keys()
    needs = candidates.activations_of.take(bundle)
    pair = needs.owner()
    n_slots = 2 * len(candidates.councils) * len(candidates.services)
    combined = needs.item.astype(np.int64) * n_slots + key[pair]
    found, row = np.unique(combined, return_inverse=True)
    keys = [
        _built_in(f"activates: {candidates.activations.ids[item // n_slots]} {view.slot_name(item % n_slots)}")
        for item in found
    ]
    row = np.concatenate([row, np.arange(len(found))])
    column = np.concatenate([bundle[pair], candidates.n_bundles + found // n_slots])
    value = np.concatenate([np.ones(len(pair)), -np.ones(len(found))])
    rows.add_many(keys, STRUCTURE, (row, column, value), (-np.inf, 0.0))
    owner, item = candidates.activations_of.owner(), candidates.activations_of.item
    for activation in range(len(candidates.activations)):
        bundles = owner[item == activation]
        columns, values = np.append(bundles, candidates.n_bundles + activation), np.append(-np.ones(len(bundles)), 1.0)
        # Without this a column that brings money would be switched on with no bundle behind it.
        needed = _built_in(f"needed: {candidates.activations.ids[activation]}")
        rows.add(needed, STRUCTURE, columns, values, (-np.inf, 0.0))


def _built_in(name: str) -> RowKey:
    return RowKey(RowKind.STRUCTURE, name)


def forbidden(rule: r.RuleBase, view: View) -> np.ndarray | None:
    """Return the bundles that a rule rules out by itself, shape (B,), bool; None for other kinds of rule."""
    found = FORBIDDEN.get(rule.kind)
    return found(rule, view) if found else None


def _never_share(rule: r.NeverShare, view: View) -> np.ndarray:
    return view.shared & view.in_council[:, view.councils(rule.councils)].any(axis=1) & view.touching(rule.services)


def _forbid_partners(rule: r.ForbidPartners, view: View) -> np.ndarray:
    return (view.in_council[:, view.councils(rule.councils)].sum(axis=1) >= 2) & view.touching(rule.services)


def _link_partners(rule: r.LinkPartners, view: View) -> np.ndarray:
    held = view.in_council[:, view.councils(rule.councils)]
    return view.shared & held.any(axis=1) & ~held.all(axis=1) & view.touching(rule.services)


def _forbid_form(rule: r.ForbidForm, view: View) -> np.ndarray:
    forms = [view.candidates.forms.index(name) for name in rule.forms]
    return np.isin(view.candidates.form, forms) & view.touching(rule.services)


def _control_groups(rule: r.ControlGroups, view: View) -> np.ndarray:
    held = [view.in_council[:, view.councils(members)].any(axis=1) for members in rule.groups.values() if members]
    mixed = np.sum(held, axis=0) >= 2 if held else np.zeros(view.candidates.n_bundles, dtype=bool)
    return mixed & view.touching(rule.services)


# By the kind of a rule, so that each function is given the one class that it is about.
FORBIDDEN: dict[str, Callable[[Any, View], np.ndarray]] = {
    "never_share": _never_share,
    "forbid_partners": _forbid_partners,
    "link_partners": _link_partners,
    "forbid_form": _forbid_form,
    "control_groups": _control_groups,
}


@dataclass(frozen=True)
class Demand:
    """A rule's wish that at least (or exactly) so many of some bundles be chosen.

    Parameters
    ----------
    subject : str
        For whom or what.
    bundles : ndarray of int
    count : ndarray
        How much each bundle counts.
    least, most : float
    """

    subject: str
    bundles: np.ndarray
    count: np.ndarray
    least: float
    most: float = np.inf


def demands(rule: r.RuleBase, view: View) -> list[Demand]:
    """Return what a rule demands to be chosen; empty for other kinds of rule."""
    found = DEMANDS.get(rule.kind)
    return found(rule, view) if found else []


def _must_share(rule: r.MustShare, view: View) -> list[Demand]:
    found = []
    for service in view.services(rule.services):
        for council in view.councils(rule.councils):
            if r.ALL in rule.councils and not view.has_service[council, service]:
                continue
            bundles = view.covering(council, service)
            found.append(Demand(_cell(view, council, service), bundles, np.ones(len(bundles)), 1.0, 1.0))
    return found


def _cell(view: View, council: int, service: int) -> str:
    return f"{view.candidates.councils.ids[council]}|{view.candidates.services.ids[service]}"


def _force_partners(rule: r.ForcePartners, view: View) -> list[Demand]:
    together = view.shared & view.in_council[:, view.councils(rule.councils)].all(axis=1)
    if r.ALL in rule.services:
        bundles = np.flatnonzero(together)
        return [Demand("any service", bundles, np.ones(len(bundles)), 1.0)]
    found = []
    for service in view.services(rule.services):
        bundles = np.flatnonzero(together & view.in_service[:, service])
        found.append(Demand(view.candidates.services.ids[service], bundles, np.ones(len(bundles)), 1.0))
    return found


def _hosted(view: View, council: int) -> np.ndarray:
    """Services that each bundle has this council host, shape (B,); a part share of a host counts in full."""
    hosts = ((view.candidates.partners == council) & (view.candidates.host_share > 0)).any(axis=1) & view.shared
    return hosts * view.in_service.sum(axis=1)


def _hosting(rule: r.MostHosted | r.LeastHosted, view: View) -> list[Demand]:
    least, most = (rule.limit, np.inf) if rule.kind == "least_hosted" else (-np.inf, rule.limit)
    found = []
    for council in view.councils(rule.councils):
        count = _hosted(view, council)
        bundles = np.flatnonzero(count)
        found.append(Demand(view.candidates.councils.ids[council], bundles, count[bundles], least, most))
    return found


DEMANDS: dict[str, Callable[[Any, View], list[Demand]]] = {
    "must_share": _must_share,
    "force_partners": _force_partners,
    "most_hosted": _hosting,
    "least_hosted": _hosting,
}


def add_rule(rule: r.RuleBase, number: int, view: View, rows: RowList) -> None:
    """Add the rows of one rule; rules on draws are left to `choice.risk`."""
    mask = forbidden(rule, view)
    if mask is not None:
        rows.add(RowKey(RowKind.BAN, f"{rule.name}: none of these"), number, np.flatnonzero(mask), 1.0, (-np.inf, 0.0))
    for demand in demands(rule, view):
        key = RowKey(RowKind.LIMIT, f"{rule.name}: {demand.subject}")
        rows.add(key, number, demand.bundles, demand.count, (demand.least, demand.most))
    if rule.kind in AMOUNTS:
        for amount in AMOUNTS[rule.kind](rule, view):
            key = RowKey(RowKind.LIMIT, f"{rule.name}: {amount.subject}")
            rows.add(key, number, np.arange(len(amount.column)), amount.column, amount.bounds)
    if isinstance(rule, r.LinkServices):
        _link_services(rule, number, view, rows)
    if isinstance(rule, r.MostPartners):
        _most_partners(rule, number, view, rows)


def _link_services(rule: r.LinkServices, number: int, view: View, rows: RowList) -> None:
    everybody = range(len(view.candidates.councils))
    for council in view.councils(rule.councils):
        own = [service for service in view.services(rule.services) if view.has_service[council, service]]
        for first, other in pairwise(own):
            names = f"{rule.name}: {_cell(view, council, first)} {view.candidates.services.ids[other]}"
            _balance(rows, names, number, view.covering(council, first), view.covering(council, other))
            for partner in (item for item in everybody if rule.same_partners and item != council):
                pair = [
                    bundles[view.in_council[bundles, partner]]
                    for bundles in (view.covering(council, first), view.covering(council, other))
                ]
                if len(pair[0]) or len(pair[1]):
                    _balance(rows, f"{names} with {view.candidates.councils.ids[partner]}", number, pair[0], pair[1])


def _balance(rows: RowList, name: str, number: int, left: np.ndarray, right: np.ndarray) -> None:
    """As many of the left bundles as of the right ones; a package that is in both cancels out."""
    columns = np.union1d(left, right)
    values = np.isin(columns, left).astype(float) - np.isin(columns, right)
    rows.add(RowKey(RowKind.LINK, name), number, columns, values, (0.0, 0.0))


def _most_partners(rule: r.MostPartners, number: int, view: View, rows: RowList) -> None:
    """Pair variable z = 1 as soon as council and partner are together in any service."""
    ids = view.candidates.councils.ids
    for council in view.councils(rule.councils):
        own = np.flatnonzero(view.shared & view.in_council[:, council])
        partners = np.flatnonzero(view.in_council[own].any(axis=0))
        partners = partners[partners != council]
        columns = []
        for partner in partners:
            both = own[view.in_council[own, partner]]
            pair = rows.variable(f"z[{rule.name}|{ids[council]}|{ids[partner]}]", 0.0, 1.0)
            columns.append(pair)
            for service in np.flatnonzero(view.in_service[both].any(axis=0)):
                bundles = both[view.in_service[both, service]]
                name = f"{rule.name}: {ids[council]} {ids[partner]} {view.candidates.services.ids[service]}"
                values = np.append(np.ones(len(bundles)), -1.0)
                rows.add(RowKey(RowKind.TOGETHER, name), number, np.append(bundles, pair), values, (-np.inf, 0.0))
        if columns:
            key = RowKey(RowKind.LIMIT, f"{rule.name}: {ids[council]} partners")
            rows.add(key, number, columns, 1.0, (-np.inf, float(rule.limit)))
