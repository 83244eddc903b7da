"""What no single field can show: names that lead nowhere, rows that stand twice, demands that contradict each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sharesim.study.checks_arrangements import ARRANGEMENT_CHECKS
from sharesim.study.checks_rules import RULE_CHECKS, RULE_NAME_CHECKS
from sharesim.study.checks_values import VALUE_CHECKS
from sharesim.study.doubt import Case, Doubt
from sharesim.study.overrides import KEYS
from sharesim.study.places import Directory, Placed
from sharesim.study.rules import ALL, PROGRAMME
from sharesim.study.schema import FORMS, StudyModel

Check = Callable[[Case], Iterator[Placed]]


def cross_check(
    model: StudyModel, here: Directory, doubt: Doubt, checks: Sequence[Check] | None = None
) -> list[Placed]:
    """Return every fault that lies between fields, tables and rules.

    Parameters
    ----------
    model : StudyModel
        The study, or what is left of it without its faulty rows.
    here : Directory
    doubt : Doubt
        What was left out, so that nothing is reported only because of that.
    checks : sequence of callable, optional
        All of them where left out.
    """
    case = Case(model, here, doubt)
    return [fault for check in checks or ALL_CHECKS for fault in check(case)]


def label(table: str, row: Any) -> str:
    """Return what a row is recognised by, such as ``bolsover/hr``."""
    return "/".join(str(getattr(row, key)) for key in KEYS[table])


def _repeated(case: Case) -> Iterator[Placed]:
    for table in KEYS:
        first: dict[str, int] = {}
        for index, row in case.rows(table):
            name = label(table, row)
            if name in first:
                place, before = case.place(table, index), case.place(table, first[name]).words
                yield place.fault("stands twice", f"first at {before}", "one row each", "Drop or rename one.")
            else:
                first[name] = index
    for index, row in case.rows("neighbours"):
        if row.council == row.neighbour:
            yield case.place("neighbours", index, "neighbour").fault(
                "a council that borders on itself", repr(row.council), "another council", "Drop the row."
            )
    services = set(case.services)
    for index, row in case.rows("packages"):
        if row.id in services:
            yield case.place("packages", index, "id").fault(
                "an id that a service has", repr(row.id), "an id of its own", "Rename the package."
            )
    yield from _reserved(case)
    yield from _twin_keys(case)


def _reserved(case: Case) -> Iterator[Placed]:
    """Ids that are words of the rules: a rule on "all" could not tell one council of that id from everybody."""
    words = {"councils": (ALL, PROGRAMME), "services": (ALL,), "packages": (ALL,)}
    for table, taken in words.items():
        for index, row in case.rows(table):
            if row.id in taken:
                allowed = f"an id other than {' or '.join(taken)}"
                yield case.place(table, index, "id").fault("an id that is a word of rules", repr(row.id), allowed, "")


def _twin_keys(case: Case) -> Iterator[Placed]:
    """Named drivers whose futures would be the same by accident."""
    seen: dict[str, str] = {}
    for index, row in case.rows("drivers"):
        key = row.id or row.name
        if key in seen and seen[key] != row.name:
            place = case.place("drivers", index, "id" if row.id else "name")
            yield place.fault(
                "an id that another driver has", repr(key), "an id of its own", f"Driver {seen[key]!r} has it."
            )
        seen.setdefault(key, row.name)
        if "." in row.name and row.name.partition(".")[0] in StudyModel.model_fields:
            place, allowed = case.place("drivers", index, "name"), "a name of its own, without the dots of a path"
            yield place.fault("a name like that of a field", repr(row.name), allowed, "Rename the driver.")


def _empty(case: Case) -> Iterator[Placed]:
    for table in ("councils", "services", "baseline"):
        if not getattr(case.model, table) and case.doubt.is_whole(table):
            yield case.here.table(table).fault(f"no {table}", "an empty table", "at least one row", "Add rows.")
    if case.model.baseline and case.doubt.is_whole("baseline"):
        held = {row.service for row in case.model.baseline}
        for index, row in case.rows("services"):
            if row.id not in held:
                place = case.place("services", index)
                yield place.fault(
                    "a service that nobody has",
                    "no row in the baseline",
                    "at least one council with it",
                    "Add baseline rows or drop the service.",
                )


def _names(case: Case) -> Iterator[Placed]:
    councils, services = case.councils, case.services
    forms = [form for form in FORMS if form != "internal"]
    profiles = case.doubt.believed(case.model, "workforce", "profile")
    profiles = sorted(set(profiles))
    either = [*services, *case.doubt.believed(case.model, "packages")]
    known: tuple[tuple[str, str, str, str, list[str]], ...] = (
        ("councils", "workforce", "profile", "workforce", profiles),
        ("services", "forms", "delivery form", "", forms),
        ("services", "hosts", "council", "councils", councils),
        ("baseline", "council", "council", "councils", councils),
        ("baseline", "service", "service", "services", services),
        ("quality", "service", "service", "services", services),
        ("neighbours", "council", "council", "councils", councils),
        ("neighbours", "neighbour", "council", "councils", councils),
        ("gates", "services", "service", "services", services),
        ("packages", "services", "service", "services", services),
        ("arrangements", "service", "service or package", "services", either),
        ("arrangements", "partners", "council", "councils", councils),
        ("arrangements", "joiners", "council", "councils", councils),
        ("stages", "council", "council", "councils", councils),
        ("stages", "services", "service or package", "services", either),
        ("existing", "services", "service", "services", services),
        ("existing", "partners", "council", "councils", councils),
        ("existing", "paid_to", "council", "councils", councils),
        ("shared_items", "services", "service", "services", services),
        ("grants", "services", "service", "services", services),
        ("published", "services", "service", "services", services),
        ("published", "councils", "council", "councils", councils),
        ("medium_term_plan", "council", "council", "councils", councils),
    )
    for table, column, kind, source, allowed in known:
        for index, row in case.rows(table):
            value = getattr(row, column)
            for name in (value,) if isinstance(value, str) else value or ():
                yield from case.unknown((table, index, column), kind, name, source, allowed)


def _targets(case: Case) -> Iterator[Placed]:
    for index, row in case.rows("risks"):
        loc = ("risks", index, "targets")
        place = case.at(loc)
        if row.scope == "programme" and row.targets:
            yield place.fault(
                "targets of a risk to the whole programme",
                ";".join(row.targets),
                "an empty cell",
                "Empty it, or change the scope.",
            )
        table, allowed = ("services", case.services) if row.scope == "service" else ("councils", case.councils)
        for name in row.targets if row.scope != "programme" else ():
            yield from case.unknown(loc, "service" if table == "services" else "council", name, table, allowed)
        if row.scope == "pair" and len(row.targets) != 2:
            yield place.fault("a pair is two councils", f"{len(row.targets)} named", "two", "Write first;second.")
        if row.exit and row.scope != "council":
            yield case.place("risks", index, "exit").fault(
                "an exit without a council that leaves",
                f"scope {row.scope}",
                "scope council",
                "Change the scope, or write exit false.",
            )


def _drivers(case: Case) -> Iterator[Placed]:
    named = case.doubt.believed(case.model, "drivers", "name")
    for loc, number in case.quantities():
        if number.driver is not None:
            yield from case.unknown(loc, "driver", number.driver, "drivers", sorted(named))
    for index, row in case.rows("drivers"):
        if row.value.driver is not None:
            yield case.place("drivers", index, "value").fault(
                "a driver that follows a driver",
                row.value.text(),
                "a number or a law",
                f"Let the numbers follow {row.value.driver!r} themselves.",
            )


ALL_CHECKS: tuple[Check, ...] = (
    _repeated, _empty, _names, _targets, _drivers, *VALUE_CHECKS, *ARRANGEMENT_CHECKS, *RULE_CHECKS,
)  # fmt: skip
#: Of rules given beside a study: their names, and what they name. Whether they can hold together, the choice says.
CHOICE_CHECKS: tuple[Check, ...] = (_repeated, *RULE_NAME_CHECKS)

