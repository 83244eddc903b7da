"""Arrangements that cannot be: beyond the horizon, of councils without the service, with hosts that may not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

from sharesim.study.doubt import Case
from sharesim.study.places import Placed


def _days(case: Case) -> Iterator[Placed]:
    about = case.model.study
    if case.doubt.about("study.start", "study.horizon_years"):
        return
    first, last = about.start, about.start.replace(year=about.start.year + about.horizon_years)
    for table, columns in (("arrangements", ("start", "joins")), ("stages", ("first", "starts", "gate"))):
        for index, row in case.rows(table):
            for column in columns:
                for day in _listed(getattr(row, column)):
                    if not first <= day < last:
                        yield case.place(table, index, column).fault(
                            "a day outside the horizon", str(day), f"{first} to before {last}", ""
                        )
    for index, row in case.rows("arrangements"):
        start = row.start or first
        if late := [day for day in row.joins if day <= start]:
            yield case.place("arrangements", index, "joins").fault(
                "a joiner that joins before the start", str(late[0]), f"after {start}", "Name it among the partners."
            )
    for index, row in case.rows("existing"):
        if row.ends is not None and row.ends <= first:
            yield case.place("existing", index, "ends").fault(
                "an arrangement that is over before the study begins", str(row.ends), f"after {first}", "Drop it."
            )


def _breaks(case: Case) -> Iterator[Placed]:
    """A break by months left of what has no end."""
    for index, row in case.rows("existing"):
        monthly = row.break_gbp_per_month_left
        if row.ends is None and (monthly.driver is not None or monthly.support != (0.0, 0.0)):
            yield case.place("existing", index, "break_gbp_per_month_left").fault(
                "months left of an arrangement without an end", "no ends", "the day on which it ends", "Give `ends`."
            )


def _listed(value: Any) -> Iterable[date]:
    return () if value is None else value if isinstance(value, tuple) else (value,)


def _members(case: Case, name: str) -> tuple[str, ...]:
    """The services of a service or package; none for an unknown name, which is told elsewhere."""
    named = {row.id: row.services for _, row in case.rows("packages")}
    return named.get(name, (name,) if name in case.services else ())


def _held(case: Case) -> Iterator[Placed]:
    """Councils that take part with a service that they do not have."""
    if not case.doubt.is_whole("baseline") or not case.doubt.is_whole("services"):
        return
    held = {(row.council, row.service) for _, row in case.rows("baseline")}
    wanted: list[tuple[str, int, str, tuple[str, ...], tuple[str, ...]]] = []
    for index, row in case.rows("arrangements"):
        services = _members(case, row.service)
        wanted += [("arrangements", index, "partners", row.partners, services)]
        wanted += [("arrangements", index, "joiners", row.joiners, services)]
    for index, row in case.rows("stages"):
        services = tuple(service for name in row.services for service in _members(case, name))
        wanted.append(("stages", index, "council", (row.council,), services))
    wanted += [("existing", index, "partners", row.partners, row.services) for index, row in case.rows("existing")]
    for table, index, column, councils, services in wanted:
        for council in councils:
            missing = [name for name in services if (council, name) not in held and name in case.services]
            if missing and council in case.councils:
                yield case.place(table, index, column).fault(
                    "a council without the service",
                    f"{council!r} has no baseline row for {missing[0]!r}",
                    "councils that have it",
                    "Add the baseline row, or leave the council out.",
                )


def _hosts(case: Case) -> Iterator[Placed]:
    may = {row.id for _, row in case.rows("councils") if row.can_host}
    for index, row in case.rows("arrangements"):
        for host in row.hosts:
            if host not in may and host in case.councils and case.doubt.is_whole("councils"):
                yield case.place("arrangements", index, "hosts").fault(
                    "a host that may not host", repr(host), "a council with can_host = true", "Name another host."
                )


def _notice(case: Case) -> Iterator[Placed]:
    """Named starts of councils that are still bound by what exists."""
    about = case.model.study
    if case.doubt.about("study.start", "study.decision") or not case.model.existing:
        return
    decision = about.decision or about.start
    named: list[tuple[str, int, str, date, tuple[str, ...], tuple[str, ...]]] = []
    for index, row in case.rows("arrangements"):
        services = _members(case, row.service)
        named.append(("arrangements", index, "start", row.start or about.start, row.partners, services))
        joining = zip(row.joiners, row.joining_days(), strict=True)
        named += [("arrangements", index, "joins", day, (joiner,), services) for joiner, day in joining]
    for index, row in case.rows("stages"):
        services = tuple(service for name in row.services for service in _members(case, name))
        named.append(("stages", index, "first", row.first, (row.council,), services))
    for table, index, column, start, partners, services in named:
        for _, entry in case.rows("existing"):
            if not set(services) & set(entry.services) or not set(partners) & set(entry.partners):
                continue
            free = entry.free_from(decision)
            if start < free:
                yield case.place(table, index, column).fault(
                    f"before the notice of {entry.name!r} has run out", str(start), f"{free} or later", ""
                )


def _income(case: Case) -> Iterator[Placed]:
    """Income that is to change where no council has any."""
    if not case.doubt.is_whole("baseline"):
        return
    paid = {row.service for _, row in case.rows("baseline") if row.income_gbp is not None}
    for index, row in case.rows("services"):
        if row.income_change_share is not None and row.id not in paid:
            yield case.place("services", index, "income_change_share").fault(
                "a change of income that nobody has", "no income_gbp in the baseline", "an income", "Add it there."
            )


def _nothing_listed(case: Case) -> Iterator[Placed]:
    if case.model.bundles.listed_only and not case.model.arrangements and not case.model.stages:
        whole = case.doubt.is_whole("arrangements") and case.doubt.is_whole("stages")
        if whole:
            yield case.here.at(("bundles", "listed_only")).fault(
                "nothing is listed", "listed_only = true", "[[arrangements]] or [[stages]]", "List some, or drop it."
            )


ARRANGEMENT_CHECKS: tuple[Callable[[Case], Iterator[Placed]], ...] = (
    _days,
    _breaks,
    _held,
    _hosts,
    _notice,
    _income,
    _nothing_listed,
)
