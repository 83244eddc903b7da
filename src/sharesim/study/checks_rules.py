"""Rules that name what is not there, or that no portfolio can meet whatever the numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from typing import Any

from sharesim.study.doubt import Case
from sharesim.study.places import Placed
from sharesim.study.rules import ALL, PROGRAMME
from sharesim.study.schema import FORMS


def _rule_names(case: Case) -> Iterator[Placed]:
    councils, services = case.councils, case.services
    for index, rule in case.rows("rules"):
        lists = (("councils", "council", councils), ("services", "service", services))
        for column, kind, allowed in lists:
            for name in _unless_all(getattr(rule, column, ())):
                yield from case.unknown(("rules", index, column), kind, name, column, allowed)
        for name in getattr(rule, "forms", ()):
            yield from case.unknown(("rules", index, "forms"), "delivery form", name, "", list(FORMS))
        for column in ("owner", "council"):
            name = getattr(rule, column, PROGRAMME)
            if name != PROGRAMME:
                yield from case.unknown(("rules", index, column), "council", name, "councils", [PROGRAMME, *councils])
        for name in (name for group in getattr(rule, "groups", {}).values() for name in group):
            yield from case.unknown(("rules", index, "groups"), "council", name, "councils", councils)


def _rule_years(case: Case) -> Iterator[Placed]:
    if case.doubt.about("study.start", "study.horizon_years"):
        return
    first = case.model.study.start.year
    last = first + case.model.study.horizon_years - 1
    for index, rule in case.rows("rules"):
        for year in getattr(rule, "years", ()):
            if not first <= year <= last:
                yield case.place("rules", index, "years").fault(
                    "a year outside the horizon", str(year), f"{first} to {last}", ""
                )


def _unless_all(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name != ALL)


def _covers(names: Iterable[str], every: list[str]) -> set[str]:
    """The names that a rule binds: those named, or all."""
    return set(every) if ALL in tuple(names) else set(names)


def _active(case: Case, kind: str) -> list[tuple[int, Any]]:
    return [(index, rule) for index, rule in case.rows("rules") if rule.active and rule.kind == kind]


def _partners_apart(case: Case) -> Iterator[Placed]:
    """Partners forced here and kept apart by another rule."""
    services = [row.id for row in case.model.services]
    for index, rule in _active(case, "force_partners"):
        place = case.place("rules", index, "councils")
        needed = set(_unless_all(rule.services))
        for _, other in _active(case, "forbid_partners"):
            both = sorted(set(rule.councils) & set(other.councils))
            barred = _covers(other.services, services)
            # A rule for all services asks for one of them, a rule that names some asks for each.
            impossible = bool(needed & barred) if needed else barred >= set(services)
            if len(both) >= 2 and impossible:
                yield place.fault(
                    f"partners are forced here and forbidden by rule {other.name!r}",
                    ", ".join(both),
                    "one or the other",
                    "Drop one of the two rules.",
                )
        for _, other in _active(case, "control_groups"):
            groups = {name: group for group, names in other.groups.items() for name in names}
            mixed = sorted(name for name in rule.councils if name in groups)
            barred = _covers(other.services, services)
            impossible = bool(needed & barred) if needed else barred >= set(services)
            if len({groups[name] for name in mixed}) > 1 and impossible:
                yield place.fault(
                    f"partners are forced here and kept apart by rule {other.name!r}",
                    ", ".join(mixed),
                    "one or the other",
                    "Drop one of the two rules.",
                )


def _shared_and_not(case: Case) -> Iterator[Placed]:
    """Services that must be shared here and never by another rule, or by a council that does not have them."""
    councils = [row.id for row in case.model.councils]
    has = {(row.council, row.service) for row in case.model.baseline}
    for index, rule in _active(case, "must_share"):
        place = case.place("rules", index, "services")
        for _, other in _active(case, "never_share"):
            same = sorted(set(rule.services) & set(other.services))
            if same and _covers(rule.councils, councils) & _covers(other.councils, councils):
                yield place.fault(
                    f"services must be shared here and never by rule {other.name!r}",
                    ", ".join(same),
                    "one or the other",
                    "Drop one of the two rules.",
                )
        if not case.doubt.is_whole("baseline"):
            continue
        for council in _unless_all(rule.councils):
            for service in rule.services:
                if council in councils and service in case.services and (council, service) not in has:
                    yield place.fault(
                        "a council must share what it does not have",
                        f"{council}, {service}",
                        "services in its baseline",
                        "Add a baseline row, or leave it out of the rule.",
                    )


def _too_many_partners(case: Case) -> Iterator[Placed]:
    """More councils forced together than a bundle may have."""
    most = case.model.bundles.most_partners
    for index, rule in _active(case, "force_partners"):
        if len(rule.councils) > most and not case.doubt.about("bundles.most_partners"):
            place, allowed = case.place("rules", index, "councils"), f"at most {most}, by bundles.most_partners"
            yield place.fault(
                "more partners forced than a bundle may have",
                str(len(rule.councils)),
                allowed,
                "Raise that, or name fewer.",
            )


def _hosting(case: Case) -> Iterator[Placed]:
    """A council that must host more than it may."""
    councils = [row.id for row in case.model.councils]
    for index, least in _active(case, "least_hosted"):
        for _, most in _active(case, "most_hosted"):
            both = sorted(_covers(least.councils, councils) & _covers(most.councils, councils))
            if both and least.limit > most.limit:
                place = case.place("rules", index, "limit")
                yield place.fault(
                    f"more than rule {most.name!r} lets a council host",
                    f"{least.limit} for {both[0]}",
                    f"at most {most.limit}",
                    "Change one of the two.",
                )
        for name in _covers(least.councils, councils):
            row = next((row for row in case.model.councils if row.id == name), None)
            if row is not None and not row.can_host and ALL not in least.councils:
                place = case.place("rules", index, "councils")
                yield place.fault(
                    "a council must host that cannot",
                    repr(name),
                    "councils with can_host true",
                    "Change one of the two.",
                )


def _grouped_twice(case: Case) -> Iterator[Placed]:
    for index, rule in _active(case, "control_groups"):
        for (one, first), (other, second) in combinations(rule.groups.items(), 2):
            for name in sorted(set(first) & set(second)):
                place = case.place("rules", index, "groups")
                yield place.fault(
                    "a council in two groups", f"{name} in {one} and {other}", "one group each", "Take it out of one."
                )


#: What a rule names is there; the others look for rules that cannot hold together.
RULE_NAME_CHECKS: tuple[Callable[[Case], Iterator[Placed]], ...] = (_rule_names, _rule_years)
RULE_CHECKS: tuple[Callable[[Case], Iterator[Placed]], ...] = (
    *RULE_NAME_CHECKS, _partners_apart, _shared_and_not, _too_many_partners, _hosting, _grouped_twice,
)  # fmt: skip
