"""What in a study is possible but unlikely, as questions to whoever knows; nothing here is a fault (decision 095)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np

from sharesim.appraisal.context import mean_of
from sharesim.study.priors_sizes import PRICE_YEAR, price_factor
from sharesim.study.study import Study
from sharesim.workflow.words import money

#: Cost of a post, pounds of 2024-25, outside which a row is asked about.
POST_GBP = (10_000.0, 200_000.0)
#: Of how many services a council's rows must be before their sum is taken for what it spends.
FEWEST_SERVICES, LARGE_SHARE = 4, 0.5
#: Rows that one question names.
MOST_NAMED = 5
#: Tables whose ids are names, and the field that holds them.
NAMED = {
    "councils": "id", "services": "id", "packages": "id", "gates": "id", "arrangements": "id", "existing": "id",
    "stages": "id", "shared_items": "id", "grants": "id", "risks": "id", "drivers": "name", "rules": "name",
}  # fmt: skip


def questions(study: Study) -> list[str]:
    """Return what is asked of a study, one line for each kind of question.

    Examples
    --------
    >>> from sharesim.examples import from_dict, two_councils_raw
    >>> raw = two_councils_raw()
    >>> raw["councils"][1]["name"] = "eastham"
    >>> questions(from_dict(raw))
    ['Several councils are printed under one name, but for capitals and spaces: eastham, westham. Which is which?']
    """
    return [*_posts(study), *_shares(study), *_names(study)]


def _posts(study: Study) -> Iterator[str]:
    """Cost and posts of each row against each other."""
    factor = price_factor(int(study.model.study.price_base[:4])) / price_factor(PRICE_YEAR)
    low, high = (limit * factor for limit in POST_GBP)
    rows = {name: [] for name in ("cheap", "dear", "free", "empty")}  # type: dict[str, list[str]]
    staffed = _staffed(study)
    for council, service in zip(*np.nonzero(study.present), strict=True):
        cost, posts = _mean(study, "cost_gbp", council, service), _posts_of(study, council, service)
        if np.isnan(posts):
            continue
        kind = ""
        if posts > 0:
            kind = "free" if cost <= 0 else "cheap" if cost / posts < low else "dear" if cost / posts > high else ""
        elif cost > 0 and staffed[service]:
            kind = "empty"
        if kind:
            many = f"{posts:,.10g} post{'' if posts == 1 else 's'}"
            rows[kind].append(f"{_row(study, council, service)} ({money(cost)} for {many})")
    base = f"at {study.model.study.price_base} prices"
    for kind, said, asked in (
        ("free", "Posts without any cost", "Is the cost missing?"),
        ("cheap", f"A post costs less than {money(low)} a year {base}", "Are these pounds, and all of them?"),
        ("dear", f"A post costs more than {money(high)} a year {base}", "Are these all posts, and all cost of theirs?"),
        ("empty", "Cost without any post, where posts of the service matter", "Are the posts missing?"),
    ):
        if rows[kind]:
            yield f"{said}: {_some(rows[kind])}. {asked}"


def _staffed(study: Study) -> np.ndarray:
    """Services for which posts matter, shape (service,): some council has posts in it, or posts are what it saves."""
    found = np.zeros(len(study.services), bool)
    for council, service in zip(*np.nonzero(study.present), strict=True):
        found[service] |= _posts_of(study, council, service) > 0
    found |= np.array([row.posts_removed_per_extra_partner is not None for row in study.model.services], dtype=bool)
    return found


def _shares(study: Study) -> Iterator[str]:
    """A service that is most of what a council spends, where its rows are many enough to be taken for all."""
    found = []
    for council in range(len(study.councils)):
        held = np.flatnonzero(study.present[council]).tolist()
        costs = np.array([_mean(study, "cost_gbp", council, service) for service in held])
        if len(held) < FEWEST_SERVICES or costs.sum() <= 0:
            continue
        for service, cost in zip(held, costs, strict=True):
            if cost > LARGE_SHARE * costs.sum():
                found.append(f"{_row(study, council, service)} ({cost / costs.sum():.0%} of {money(costs.sum())})")
    if found:
        yield f"One service is more than half of all that is given for its council: {_some(found)}. Is a unit wrong?"


def _names(study: Study) -> Iterator[str]:
    """Names that people, or disks that take capitals for small letters, cannot tell apart."""
    for table in ("councils", "services"):
        for alike in _alike((row.name, row.id) for row in getattr(study.model, table)):
            ids = ", ".join(alike)
            yield f"Several {table} are printed under one name, but for capitals and spaces: {ids}. Which is which?"
    for table, field in NAMED.items():
        names = [getattr(row, field) for row in getattr(study.model, table)]
        for alike in _alike((name, name) for name in names):
            yield f"Names in {table} differ in capitals only: {', '.join(alike)}. Are they different things?"
    for alike in _alike((name, name) for name in study.model.scenarios):
        yield f"Scenarios differ in capitals only: {', '.join(alike)}. Some disks keep their runs in one folder. Rename one?"


def _alike(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Return what is told apart by capitals or spaces only: lists of the second of each pair."""
    groups = defaultdict(list)
    for shown, told in pairs:
        groups[" ".join(shown.casefold().split())].append(told)
    return [told for told in groups.values() if len(told) > 1]


def _mean(study: Study, column: str, council: int, service: int) -> float:
    return mean_of(study, study.numbers[f"baseline.{column}"][council, service])


def _posts_of(study: Study, council: int, service: int) -> float:
    """Posts of a row; NaN where it gives none, so that they are worked out from its cost."""
    number = study.numbers["baseline.posts_fte"][council, service]
    if int(number.driver) < 0 and np.isnan(number.base):
        return float("nan")
    return mean_of(study, number)


def _row(study: Study, council: int, service: int) -> str:
    return f"{study.services.name(service)} at {study.councils.name(council)}"


def _some(items: list[str]) -> str:
    more = f" and {len(items) - MOST_NAMED} more" if len(items) > MOST_NAMED else ""
    return ", ".join(items[:MOST_NAMED]) + more


__all__ = ["questions"]
