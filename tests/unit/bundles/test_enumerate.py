"""Candidates against a plain enumeration: every arrangement that the settings allow, once, in one order."""

from __future__ import annotations

import copy
from itertools import combinations
from typing import Any

import numpy as np
import pytest

import sharesim.bundles.enumerate as enumerate_module
from sharesim.bundles.enumerate import candidates, connected_sets, neighbours
from sharesim.errors import StudyError
from sharesim.examples import from_dict
from sharesim.study.study import Study

SERVICES = ("hr", "legal", "payroll")
HOLDERS = {"hr": "abcde", "legal": "abd", "payroll": "ce"}
BORDERS = [("a", "b"), ("c", "b"), ("c", "d"), ("e", "a")]
HOSTED = {
    "lead_authority": True,
    "section_113": True,
    "joint_committee": True,
    "company": False,
    "private_partner": False,
}


def raw_study(**bundles: Any) -> dict[str, Any]:
    """Five councils, three services of which one package of two, and a chain of neighbours."""
    return copy.deepcopy({
        "study": {"name": "five", "title": "Five", "start": "2025-04-01", "price_base": "2025-26"},
        "councils": [{"id": name, "name": name.upper(), "can_host": name != "d"} for name in "edcba"],
        "services": [
            {"id": "payroll", "name": "Payroll"},
            {"id": "hr", "name": "HR", "forms": "joint_committee;company", "starts": "2026-04-01;2025-10-01"},
            {"id": "legal", "name": "Legal", "hosts": "a;d"},
        ],
        "baseline": [
            {"council": council, "service": service, "cost_gbp": 1000, "posts_fte": 1}
            for service in reversed(SERVICES)
            for council in HOLDERS[service]
        ],
        "packages": [{"id": "both", "name": "Both", "services": ["legal", "hr"]}],
        "neighbours": [{"council": one, "neighbour": other} for one, other in BORDERS],
        "bundles": bundles,
    })  # fmt: skip


def three(**bundles: Any) -> Study:
    """The study with default bundles."""
    return from_dict(raw_study(**bundles))


def connected(members: tuple[str, ...]) -> bool:
    """Whether councils form one area, by walking from the first."""
    pairs = {frozenset(pair) for pair in BORDERS}
    reached, todo = {members[0]}, [members[0]]
    while todo:
        here = todo.pop()
        for other in members:
            if other not in reached and frozenset((here, other)) in pairs:
                reached.add(other)
                todo.append(other)
    return reached == set(members)


def by_hand(study: Study) -> list[str]:
    """Every bundle's id by plain loops, written apart from the code that it judges."""
    model, settings = study.model, study.model.bundles
    rows = {row.id: row for row in model.services}
    packages = [(name, (name,)) for name in sorted(rows)] + [(p.id, tuple(sorted(p.services))) for p in model.packages]
    found = []
    for package, services in packages:
        holders = sorted(set.intersection(*(set(HOLDERS[service]) for service in services)))
        starts = set.intersection(*(set(rows[s].starts or settings.starts or (model.study.start,)) for s in services))
        forms = set.intersection(*(set(rows[s].forms or settings.forms) for s in services))
        hosts = set.intersection(*(set(rows[s].hosts or "abcde") for s in services)) - {"d"}
        if settings.internal:
            found += [f"{package}|{c}|-|internal|{start}" for c in holders for start in sorted(starts)]
        for size in range(settings.least_partners, settings.most_partners + 1):
            for partners in combinations(holders, size):
                if settings.adjacent == "connected" and not connected(partners):
                    continue
                for start in sorted(starts):
                    for form in sorted(forms, key=study.forms.index):
                        for host in (name for name in partners if name in hosts) if HOSTED[form] else ["-"]:
                            found.append(f"{package}|{'+'.join(partners)}|{host}|{form}|{start}")
    return found


SETTINGS: dict[str, dict[str, Any]] = {
    "usual": {},
    "pairs": {"most_partners": 2},
    "three to five": {"least_partners": 3, "most_partners": 5},
    "neighbours": {"adjacent": "connected", "most_partners": 5},
    "several starts": {"starts": ["2027-04-01", "2025-04-01", "2026-04-01"]},
    "all forms": {"forms": list(HOSTED)},
    "alone too": {"internal": True, "most_partners": 3},
    "only alone": {"internal": True, "most_partners": 1},
    "all at once": {"internal": True, "adjacent": "connected", "forms": list(HOSTED), "most_partners": 4},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_candidates_are_those_of_plain_loops(name: str) -> None:
    study = three(**SETTINGS[name])
    table = candidates(study)
    assert list(table.ids) == by_hand(study)
    assert len(set(table.ids)) == len(table)


def test_columns_say_what_the_ids_say() -> None:
    study = three(**SETTINGS["all at once"])
    table = candidates(study)
    for row, name in enumerate(table.ids):
        package, partners, hosts, form, start = name.split("|")
        assert study.packages.ids[table.package[row]] == package
        slots = [study.councils.ids[council] for council in table.partners[row] if council >= 0]
        assert slots == partners.split("+") == sorted(slots)
        assert table.n_partners[row] == len(slots)
        assert table.stage[row] == (len(slots) > 1)
        share = table.host_share[row]
        assert [slots[slot] for slot in np.flatnonzero(share)] == [host for host in hosts.split("+") if host != "-"]
        assert share.sum() in (0.0, 1.0)
        assert study.forms.ids[table.form[row]] == form
        assert str(table.start_date[row]) == start
        assert table.start_years[row] == pytest.approx(study.years_since_start(table.start_date[row].item()))
    assert (np.diff(table.group) >= 0).all()
    assert (table.requires == -1).all()
    pairs = set(zip(table.groups.package.tolist(), map(tuple, table.groups.partners.tolist()), strict=True))
    assert len(pairs) == len(table.groups) == table.group[-1] + 1


def test_ids_outlive_other_rows_orders_and_names() -> None:
    raw = raw_study(adjacent="connected")
    ids = candidates(from_dict(raw)).ids
    for table in ("councils", "services", "baseline", "neighbours"):
        raw[table].reverse()
    raw["councils"][0]["name"] = "Something else"
    assert candidates(from_dict(raw)).ids == ids
    raw["councils"].append({"id": "bb", "name": "New"})
    raw["baseline"].append({"council": "bb", "service": "hr", "cost_gbp": 1})
    raw["neighbours"].append({"council": "bb", "neighbour": "a"})
    more = candidates(from_dict(raw)).ids
    assert set(ids) < set(more)
    assert [name for name in more if name in set(ids)] == list(ids)


def test_neighbours_count_both_ways() -> None:
    study = three()
    named = [{study.councils.ids[other] for other in around} for around in neighbours(study)]
    assert named == [{"b", "e"}, {"a", "c"}, {"b", "d"}, {"c"}, {"a"}]


@pytest.mark.parametrize("size", range(1, 7))
def test_connected_sets_against_all_sets(size: int) -> None:
    rng = np.random.default_rng(size)
    borders: dict[int, set[int]] = {council: set() for council in range(9)}
    for one, other in combinations(range(9), 2):
        if rng.random() < 0.25:
            borders[one].add(other)
            borders[other].add(one)

    def joined(members: tuple[int, ...]) -> bool:
        reached = {members[0]}
        for _ in members:
            reached |= {other for one in reached for other in borders[one] if other in members}
        return len(reached) == len(members)

    assert connected_sets(borders, size) == {members for members in combinations(range(9), size) if joined(members)}


def _without_holders() -> dict[str, Any]:
    raw = raw_study()
    raw["baseline"] = [row for row in raw["baseline"] if row["council"] == "a"]
    raw["services"] = [row for row in raw["services"] if row["id"] != "payroll"]
    return raw


def _changed(**services: Any) -> dict[str, Any]:
    """HR and legal only as a package: the services alone have too few councils."""
    raw = raw_study(least_partners=3, most_partners=3)
    raw["baseline"] = [row for row in raw["baseline"] if row["council"] in "abd" and row["service"] != "payroll"]
    raw["services"] = [{**row, **services} for row in raw["services"] if row["id"] != "payroll"]
    return raw


def _apart() -> dict[str, Any]:
    raw = raw_study(adjacent="connected")
    raw["neighbours"] = [{"council": "d", "neighbour": "e"}]
    raw["services"] = [{"id": "legal", "name": "Legal"}]
    raw["baseline"] = [row for row in raw["baseline"] if row["service"] == "legal"]
    del raw["packages"]
    return raw


def _alone() -> dict[str, Any]:
    raw = raw_study(most_partners=1)
    return raw


def _nothing_in_common() -> dict[str, Any]:
    raw = _changed(hosts="d", forms="lead_authority")
    raw["services"][0] |= {"forms": "lead_authority", "starts": "2025-04-01"}
    raw["services"][1] |= {"forms": "joint_committee", "starts": "2026-04-01"}
    return raw


def _bound() -> dict[str, Any]:
    """Everybody in an arrangement that takes three years' notice."""
    raw = _apart()
    del raw["bundles"], raw["neighbours"]
    raw["existing"] = [
        {"id": "old", "name": "Old", "services": ["legal"], "notice_months": 36, "partners": sorted(HOLDERS["legal"])}
    ]
    return raw


EMPTY = {
    "bound": _bound(),
    "too few": _without_holders(),
    "nobody hosts": _changed(hosts="d", forms="lead_authority"),
    "apart": _apart(),
    "no partners": _alone(),
    "nothing in common": _nothing_in_common(),
}


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "bound",
            [
                "candidate bundles of legal: too few are free of what exists by the last start. Name a later start, or "
                "a shorter notice."
            ],
        ),
        (
            "too few",
            [
                f"candidate bundles of {name}: too few councils have it: got 1 with a baseline row for it; allowed at "
                "least 2. Add baseline rows, or write internal = true."
                for name in ("hr", "legal", "both")
            ],
        ),
        (
            "nobody hosts",
            [
                *(
                    f"candidate bundles of {name}: no council may host it. Let a council host (can_host, hosts), or "
                    "name a form without a host."
                    for name in ("hr", "legal")
                ),
                "candidate bundles of both: its services have no start in common. Give one start to all of them.",
            ],
        ),
        (
            "apart",
            [
                "candidate bundles of legal: no councils with it are neighbours. Add rows to the neighbours table, or "
                'write adjacent = "any".'
            ],
        ),
        (
            "no partners",
            [
                f"candidate bundles of {name}: no partnership is allowed: got most_partners = 1; allowed at least 2. "
                "Raise most_partners, or write internal = true."
                for name in ("hr", "legal", "payroll", "both")
            ],
        ),
        (
            "nothing in common",
            [
                "candidate bundles of hr: no council may host it. Let a council host (can_host, hosts), or name a form "
                "without a host.",
                "candidate bundles of legal: no council may host it. Let a council host (can_host, hosts), or name a "
                "form without a host.",
                "candidate bundles of both: its services have no delivery form in common. Give one form to all of "
                "them.",
            ],
        ),
    ],
)
def test_an_empty_set_of_candidates_says_why(name: str, lines: list[str]) -> None:
    with pytest.raises(StudyError) as caught:
        candidates(from_dict(EMPTY[name]))
    assert [str(fault) for fault in caught.value.faults] == lines


def test_too_many_candidates_are_refused_before_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    remedy = 'Lower most_partners, write adjacent = "connected", or name fewer forms, starts and hosts.'
    monkeypatch.setattr(enumerate_module, "MOST_BUNDLES", 30)
    with pytest.raises(StudyError) as caught:
        candidates(three(most_partners=3))
    assert str(caught.value) == (
        f"study.toml: bundles: too many candidate bundles: got more than 30; allowed at most 30 bundles. {remedy}"
    )
    monkeypatch.setattr(enumerate_module, "MOST_BUNDLES", 12)
    with pytest.raises(StudyError) as caught:
        candidates(three(most_partners=3))
    assert str(caught.value) == (
        "study.toml: bundles: too many candidate bundles: got 20 sets of partners; allowed at most 12 bundles. "
        + remedy
    )
