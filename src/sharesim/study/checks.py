"""What no single field can show: names that lead nowhere, rows that stand twice, demands that contradict each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

from sharesim.errors import Fault
from sharesim.study.faults import Places
from sharesim.study.labels import unknown_name
from sharesim.study.overrides import KEYS
from sharesim.study.quantity import Quantity
from sharesim.study.rules import ALL, PROGRAMME
from sharesim.study.schema import FORMS, ROWS, StudyModel


def cross_check(model: StudyModel, places: Places) -> list[Fault]:
    """Return every fault that lies between fields, tables and rules."""
    checks: tuple[Callable[[StudyModel, Places], Iterator[Fault]], ...] = (
        _repeated, _empty, _names, _rule_names, _opposites, _workforce, _workload, _dates, _tails, _years,
    )
    return [fault for check in checks for fault in check(model, places)]


def _rows(model: StudyModel, table: str) -> Iterator[tuple[int, Any, str]]:
    for index, row in enumerate(getattr(model, table)):
        yield index, row, "/".join(str(getattr(row, key)) for key in KEYS.get(table, ()))


def _repeated(model: StudyModel, places: Places) -> Iterator[Fault]:
    for table in KEYS:
        seen: Counter[str] = Counter()
        for index, _, label in _rows(model, table):
            seen[label] += 1
            if seen[label] == 2:
                yield Fault(places.row(table, index, label), "stands twice", label, "one row each", "Drop or rename one.")


def _empty(model: StudyModel, places: Places) -> Iterator[Fault]:
    for table in ("councils", "services", "baseline"):
        if not getattr(model, table):
            name = places.files.get(table, places.study)
            yield Fault(f"{name}", f"no {table}", "an empty table", "at least one row", "Add rows.")
    held = {row.service for row in model.baseline}
    if model.baseline:
        for index, row, label in _rows(model, "services"):
            if row.id not in held:
                yield Fault(
                    places.row("services", index, label), "a service nobody has", "no row in the baseline",
                    "at least one council with it", "Add baseline rows or drop the service.",
                )


def _names(model: StudyModel, places: Places) -> Iterator[Fault]:
    councils, services = [row.id for row in model.councils], [row.id for row in model.services]
    profiles = sorted({row.profile for row in model.workforce})

    def known(table: str, field: str, kind: str, allowed: list[str]) -> Iterator[Fault]:
        for index, row, label in _rows(model, table):
            value = getattr(row, field)
            for name in (value,) if isinstance(value, str) else value or ():
                if name not in allowed:
                    yield unknown_name(f"{places.row(table, index, label)}, {field}", kind, name, allowed)

    yield from known("baseline", "council", "council", councils)
    yield from known("baseline", "service", "service", services)
    yield from known("quality", "service", "service", services)
    yield from known("neighbours", "council", "council", councils)
    yield from known("neighbours", "neighbour", "council", councils)
    yield from known("services", "forms", "delivery form", [form for form in FORMS if form != "internal"])
    yield from known("services", "hosts", "council", councils)
    for table in ("gates", "packages", "shared_items", "grants", "published"):
        yield from known(table, "services", "service", services)
    yield from known("published", "councils", "council", councils)
    for index, row, label in _rows(model, "councils"):
        if row.workforce is not None and row.workforce not in profiles:
            yield unknown_name(f"{places.row('councils', index, label)}, workforce", "profile", row.workforce, profiles)
    for index, row, label in _rows(model, "risks"):
        allowed = {"service": services, "council": councils, "pair": councils, "programme": []}[row.scope]
        for name in row.targets:
            if name not in allowed:
                yield unknown_name(f"{places.row('risks', index, label)}, targets", row.scope, name, allowed)
        if row.scope == "pair" and len(row.targets) != 2:
            yield Fault(f"{places.row('risks', index, label)}, targets", "a pair names two councils", str(len(row.targets)), "2", "Write a;b.")
        if row.exit and row.scope != "council":
            yield Fault(f"{places.row('risks', index, label)}, exit", "exit needs a council", row.scope, "scope council", "Say who leaves.")
    named = {driver.name for driver in model.drivers}
    for where, number in _quantities(model, places):
        if number.driver is not None and number.driver not in named:
            yield unknown_name(where, "driver", number.driver, sorted(named))


def _quantities(model: StudyModel, places: Places) -> Iterator[tuple[str, Quantity]]:
    for table in (*ROWS, "gates", "shared_items", "grants", "drivers"):
        for index, row, label in _rows(model, table):
            for field in type(row).model_fields:
                if isinstance(value := getattr(row, field), Quantity):
                    yield f"{places.row(table, index, label)}, {field}", value
    for section in ("study", "staff", "costs", "exit"):
        part = getattr(model, section)
        for field in type(part).model_fields:
            if isinstance(value := getattr(part, field), Quantity):
                yield f"{places.study}: {section}.{field}", value
    for form, entry in model.forms.items():
        for field in type(entry).model_fields:
            if isinstance(value := getattr(entry, field), Quantity):
                yield f"{places.study}: forms.{form}.{field}", value


def _rule_names(model: StudyModel, places: Places) -> Iterator[Fault]:
    councils, services = [row.id for row in model.councils], [row.id for row in model.services]
    first, last = model.study.start.year, model.study.start.year + model.study.horizon_years - 1
    for index, rule in enumerate(model.rules):
        where = places.row("rules", index, rule.name)
        if rule.owner != PROGRAMME and rule.owner not in councils:
            yield unknown_name(f"{where}, owner", "council", rule.owner, [PROGRAMME, *councils])
        for field, kind, allowed in (("councils", "council", councils), ("services", "service", services), ("forms", "delivery form", list(FORMS))):
            for name in _unless_all(getattr(rule, field, ())):
                if name not in allowed:
                    yield unknown_name(f"{where}, {field}", kind, name, allowed)
        if (council := getattr(rule, "council", PROGRAMME)) != PROGRAMME and council not in councils:
            yield unknown_name(f"{where}, council", "council", council, [PROGRAMME, *councils])
        for name in (name for group in getattr(rule, "groups", {}).values() for name in group):
            if name not in councils:
                yield unknown_name(f"{where}, groups", "council", name, councils)
        for year in getattr(rule, "years", ()):
            if not first <= year <= last:
                yield Fault(f"{where}, years", "year outside the horizon", str(year), f"{first} to {last}", "")


def _unless_all(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name != ALL)


def _opposites(model: StudyModel, places: Places) -> Iterator[Fault]:
    """Demands that no portfolio can meet whatever the numbers."""
    active = [(index, rule) for index, rule in enumerate(model.rules) if rule.active]
    every = [row.id for row in model.services]
    for index, rule in active:
        where = places.row("rules", index, rule.name)
        for _, other in active:
            if rule.kind == "force_partners" and other.kind == "forbid_partners":
                both = sorted(set(rule.councils) & set(other.councils))
                forced, forbidden = _unless_all(rule.services) or None, _unless_all(other.services) or tuple(every)
                if len(both) >= 2 and (set(forbidden) >= set(forced or every)):
                    yield Fault(where, f"partners are forced here and forbidden by rule {other.name!r}", ", ".join(both), "one or the other", "Drop one of the two rules.")
            if rule.kind == "must_share" and other.kind == "never_share":
                same = sorted(set(rule.services) & set(other.services))
                councils = [set(_unless_all(side.councils)) for side in (rule, other)]
                if same and (not councils[0] or not councils[1] or councils[0] & councils[1]):
                    yield Fault(where, f"services must be shared here and never by rule {other.name!r}", ", ".join(same), "one or the other", "Drop one of the two rules.")


def _workforce(model: StudyModel, places: Places) -> Iterator[Fault]:
    totals: dict[str, float] = {}
    for index, row in enumerate(model.workforce):
        totals[row.profile] = totals.get(row.profile, 0.0) + row.share
        for low, high, what in ((row.age_low, row.age_high, "age"), (row.service_low, row.service_high, "service")):
            if low > high:
                yield Fault(places.row("workforce", index, row.profile), f"{what}_low above {what}_high", f"{low:g} > {high:g}", "low at most high", "Swap them.")
    for profile, total in totals.items():
        if abs(total - 1.0) > 1e-6:
            yield Fault(f"{places.files.get('workforce', places.study)}, profile {profile}", "shares do not sum to 1", f"{total:g}", "1", "Scale them.")


def _workload(model: StudyModel, places: Places) -> Iterator[Fault]:
    by_service: dict[str, list[bool]] = {}
    for row in model.baseline:
        by_service.setdefault(row.service, []).append(row.workload is not None)
        if row.workload is not None and row.workload.support[0] <= 0:
            index = model.baseline.index(row)
            yield Fault(f"{places.row('baseline', index, f'{row.council}/{row.service}')}, workload", "must be above 0", row.workload.text(), "above 0", "")
    for service, given in by_service.items():
        if any(given) and not all(given):
            yield Fault(
                f"{places.files.get('baseline', places.study)}, service {service}", "workload given for some councils only",
                f"{sum(given)} of {len(given)}", "all or none", "Scale needs one measure for all; fill it in or leave it out.",
            )


def _dates(model: StudyModel, places: Places) -> Iterator[Fault]:
    first = model.study.start
    last = first.replace(year=first.year + model.study.horizon_years)
    for index, row, label in _rows(model, "services"):
        for text in row.starts:
            where = f"{places.row('services', index, label)}, starts"
            try:
                day = date.fromisoformat(text)
            except ValueError:
                yield Fault(where, "not a date", repr(text), "YYYY-MM-DD", "")
                continue
            if not first <= day < last:
                yield Fault(where, "start outside the horizon", text, f"{first} to {last}", "")
    for day in model.bundles.starts:
        if not first <= day < last:
            yield Fault(f"{places.study}: bundles.starts", "start outside the horizon", str(day), f"{first} to {last}", "")
    for index, row, label in _rows(model, "councils"):
        for text in row.election_years:
            if not text.isdigit():
                yield Fault(f"{places.row('councils', index, label)}, election_years", "not a year", repr(text), "years such as 2011;2015", "")


def _tails(model: StudyModel, places: Places) -> Iterator[Fault]:
    for where, number in _quantities(model, places):
        index = None if number.distribution is None else number.distribution.heaviest_tail_index
        if index is not None and index <= 2:
            yield Fault(
                where, "tail too heavy for a mean and its error", f"tail index {index:g}", "above 2, or a cap",
                "Give the Pareto tail a cap: the largest cost you would let happen before you stop.",
            )


def _years(model: StudyModel, places: Places) -> Iterator[Fault]:
    horizon = model.study.horizon_years
    for table, field in (("shared_items", "year"), ("grants", "year"), ("grants", "clawback_year"), ("published", "years")):
        for index, row, label in _rows(model, table):
            most = horizon if table == "published" else horizon - 1
            if getattr(row, field) > most and not (field == "clawback_year" and row.clawback_chance.support[1] == 0):
                yield Fault(f"{places.row(table, index, label)}, {field}", "beyond the horizon", str(getattr(row, field)), f"at most {most}", "")
