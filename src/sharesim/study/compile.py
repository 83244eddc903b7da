"""From a checked model to arrays and drivers: the last step before anything is drawn."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from pydantic import ValidationError, create_model

from sharesim.errors import Fault, StudyError
from sharesim.study.faults import Places, fault_of
from sharesim.study.fields import Frozen
from sharesim.study.labels import Labels
from sharesim.study.overrides import KEYS, Change
from sharesim.study.priors import FORM_FACTS, PRIORS, WORKFORCE_ASSUMED
from sharesim.study.quantity import Quantity
from sharesim.study.rows import BaselineRow, CouncilRow, RiskRow, ServiceRow
from sharesim.study.schema import Costs, Exit, Form, Gate, Grant, SharedItem, Staff, StudyModel
from sharesim.study.study import Assumption, Events, Quantities, RiskEvent, Study
from sharesim.uncertainty.dependence import Dependence, RankCorrelation
from sharesim.uncertainty.distributions import uniform
from sharesim.uncertainty.draws import DriverSpec

ASSUMED_PROFILE = "(assumed)"
SAVING_FIELDS = ("elasticity", "saving_rate_share", "amount_per_partnership_gbp", "amount_per_partner_gbp", "posts_removed_per_extra_partner")
ONE_OFF_FIELDS = ("team_gbp", "ict_gbp", "premises_gbp", "dual_running_gbp", "joining_gbp")


@dataclass
class _Collector:
    """Gathers drivers, numbers, assumptions and faults while the model is walked once."""

    model: StudyModel
    places: Places
    drivers: dict[str, DriverSpec] = field(default_factory=dict)
    position: dict[str, int] = field(default_factory=dict)
    assumed: dict[str, list[str]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def add_driver(self, spec: DriverSpec) -> int:
        if spec.name not in self.position:
            self.position[spec.name] = len(self.drivers)
            self.drivers[spec.name] = spec
        return self.position[spec.name]

    def event(self, name: str) -> int:
        return self.add_driver(DriverSpec(name, uniform(0.0, 1.0)))

    def entry(self, number: Quantity | None, path: str, annotation: Any) -> tuple[float, int, float]:
        """Return (base, driver, times) of one number."""
        if number is None:
            return np.nan, -1, 1.0
        if number.driver is not None:
            named = next(item for item in self.model.drivers if item.name == number.driver)
            value = named.value
            self._recheck(value, number.times, path, annotation)
            if value.distribution is None:
                return value.value * number.times, -1, 1.0
            at = self.add_driver(DriverSpec(named.name, value.distribution, named.id))
            return value.value * number.times, at, number.times
        if number.distribution is None:
            return number.value, -1, 1.0
        return number.value, self.add_driver(DriverSpec(path, number.distribution)), 1.0

    def _recheck(self, value: Quantity, times: float, path: str, annotation: Any) -> None:
        """A number that follows a driver must keep its own bound in every draw, times its factor."""
        scaled = Quantity(value.value * times) if value.distribution is None else None
        try:
            if scaled is None:
                if times <= 0:
                    raise StudyError(Fault(path, "times must be above 0", f"{times:g}", "above 0", ""))
                law = value.distribution.scaled(times)
                scaled = Quantity(float(law.central), law)
            create_model("Recheck", __base__=Frozen, value=(annotation, ...))(value=scaled)
        except ValidationError as error:
            item = error.errors(include_url=False)[0]
            fault = fault_of({**item, "loc": ()}, {}, self.places)
            self.faults.append(Fault(path, fault.problem, fault.got, fault.allowed, fault.remedy))
        except StudyError as error:
            self.faults.extend(error.faults)

    def prior(self, path: str, where: str) -> Quantity:
        self.assumed.setdefault(path, []).append(where)
        law = PRIORS[path].value
        low, high = law.support
        return Quantity(float(law.central), None if low == high else law)


def compile_study(model: StudyModel, places: Places, changes: tuple[Change, ...] = ()) -> Study:
    """Return the study as labelled arrays and drivers; StudyError when a named driver breaks a field's bound."""
    model = _in_canonical_order(model)
    collect = _Collector(model, places)
    councils = Labels(tuple(row.id for row in model.councils), tuple(row.name for row in model.councils))
    services = Labels(tuple(row.id for row in model.services), tuple(row.name for row in model.services))
    packages, package_services = _packages(model, services)
    forms = Labels(tuple(FORM_FACTS), tuple(name.replace("_", " ") for name in FORM_FACTS))
    present = np.zeros((len(councils), len(services)), bool)
    for row in model.baseline:
        present[councils.index(row.council), services.index(row.service)] = True
    numbers: dict[str, Quantities] = {}
    for table, kind in (("councils", CouncilRow), ("services", ServiceRow), ("risks", RiskRow), ("gates", Gate), ("grants", Grant), ("shared_items", SharedItem)):
        rows = [(row, getattr(row, KEYS[table][0])) for row in getattr(model, table)]
        numbers.update(_columns(collect, table, kind, rows, (len(rows),)))
    numbers.update(_columns(collect, "quality", type(model.quality[0]), [(row, f"{row.service}/{row.criterion}") for row in model.quality], (len(model.quality),)) if model.quality else {})
    numbers.update(_baseline(collect, councils, services))
    for section, kind in (("staff", Staff), ("costs", Costs), ("exit", Exit)):
        numbers.update(_columns(collect, section, kind, [(getattr(model, section), "")], ()))
    numbers.update(_columns(collect, "forms", Form, [(model.forms.get(form, Form()), form) for form in FORM_FACTS], (len(FORM_FACTS),)))
    numbers.update(_columns(collect, "study", type(model.study), [(model.study, "")], ()))
    events = _events(collect, councils, services, packages, package_services, present)
    if collect.faults:
        raise StudyError(collect.faults)
    drivers = tuple(collect.drivers.values())
    return Study(
        model, councils, services, packages, forms, package_services, present, numbers, drivers,
        _dependence(model, drivers, places), events, _assumptions(collect), changes, content_hash(model),
    )  # fmt: skip


def _in_canonical_order(model: StudyModel) -> StudyModel:
    """Sort every list by its key, so that the order of rows in a file moves no bit of any result."""
    ordered = {
        table: tuple(sorted(getattr(model, table), key=lambda row: tuple(str(getattr(row, key)) for key in keys)))
        for table, keys in (*KEYS.items(), ("workforce", ("profile", "age_low", "age_high", "service_low", "service_high", "share")))
        if table not in ("rules", "published")
    }
    return model.model_copy(update=ordered)


def content_hash(model: StudyModel) -> str:
    """Return a hash of everything in a study, the same for the same content whatever the files looked like."""
    text = json.dumps(model.model_dump(mode="json"), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _packages(model: StudyModel, services: Labels) -> tuple[Labels, tuple[tuple[int, ...], ...]]:
    named = model.packages
    labels = Labels(services.ids + tuple(item.id for item in named), services.names + tuple(item.name for item in named))
    members = tuple((at,) for at in range(len(services)))
    return labels, members + tuple(tuple(sorted(services.index(name) for name in item.services)) for item in named)


def _number_fields(kind: type[Frozen]) -> list[tuple[str, Any]]:
    """Return the quantity fields of a schema model with their annotations."""
    from typing import Annotated, get_args, get_origin

    found = []
    for name, info in kind.model_fields.items():
        parts = [info.annotation, *get_args(info.annotation)]
        inner = [part for part in parts if part is Quantity or (get_origin(part) is Annotated and get_args(part)[0] is Quantity)]
        if inner:
            bare = inner[0] if get_origin(inner[0]) is Annotated else Annotated[(Quantity, *info.metadata)] if info.metadata else Quantity
            found.append((name, bare))
    return found


def _columns(collect: _Collector, table: str, kind: type[Frozen], rows: list[tuple[Any, str]], shape: tuple[int, ...]) -> dict[str, Quantities]:
    """Return one Quantities per numeric column, priors put where a deciding cell is absent."""
    result = {}
    for name, annotation in _number_fields(kind):
        path = f"{table}.{name}"
        entries = []
        for row, label in rows:
            cell = getattr(row, name)
            where = f"{table}.{label}.{name}" if label else path
            if cell is None and path in PRIORS and _decides(collect.model, table, name, row):
                cell = collect.prior(path, label or table)
            entries.append(collect.entry(cell, where, annotation))
        result[path] = _quantities(entries, shape)
    return result


def _quantities(entries: list[tuple[float, int, float]], shape: tuple[int, ...]) -> Quantities:
    base, driver, times = (np.array(part) for part in zip(*entries, strict=True)) if entries else (np.empty(0), np.empty(0), np.empty(0))
    return Quantities(base.astype(float).reshape(shape), driver.astype(np.int32).reshape(shape), times.astype(float).reshape(shape))


def _decides(model: StudyModel, table: str, name: str, row: Any) -> bool:
    """Whether an absent cell matters here; what does not matter is not assumed."""
    if table == "services":
        forms = [form for form in SAVING_FIELDS if getattr(row, form) is not None]
        if name == "elasticity":
            return not forms
        if name == "internal_saving_share":
            return model.bundles.internal
        if name in ("realisation_share", "coordination_loss_share", "cost_increase_share"):
            return row.saving_kind == "planned"
        if name in ("overrun_factor", "optimism_bias_share"):
            return any(getattr(row, part).support != (0.0, 0.0) for part in ONE_OFF_FIELDS)
        if name == "labour_share":
            return any(line.service == row.id and line.posts_fte is None for line in model.baseline)
    if table == "staff" and name == "pay_gbp":
        given = {council.id for council in model.councils if council.terms_gbp is not None}
        return any(line.terms_gbp is None and line.council not in given for line in model.baseline)
    if table == "staff" and name == "officer_day_gbp":
        return any(service.officer_days.support != (0.0, 0.0) for service in model.services)
    if (table, name) == ("exit", "control_change_uplift"):
        return any(council.control_change_share > 0 and council.election_years for council in model.councils)
    return True


def _baseline(collect: _Collector, councils: Labels, services: Labels) -> dict[str, Quantities]:
    shape = (len(councils), len(services))
    at = [(councils.index(row.council), services.index(row.service)) for row in collect.model.baseline]
    rows = [(row, f"{row.council}/{row.service}") for row in collect.model.baseline]
    flat = _columns(collect, "baseline", BaselineRow, rows, (len(rows),))
    result = {}
    for path, column in flat.items():
        full = Quantities(np.full(shape, np.nan), np.full(shape, -1, np.int32), np.ones(shape))
        if at:
            where = tuple(np.array(at).T)
            for target, source in ((full.base, column.base), (full.driver, column.driver), (full.times, column.times)):
                target[where] = source
        result[path] = full
    return result


def _events(collect: _Collector, councils: Labels, services: Labels, packages: Labels, package_services: Any, present: np.ndarray) -> Events:
    model = collect.model
    leave = np.full((len(councils), len(packages)), -1, np.int32)
    for package, members in enumerate(package_services):
        for council in np.flatnonzero(present[:, list(members)].all(axis=1)):
            leave[council, package] = collect.event(f"exit.{councils.ids[council]}/{packages.ids[package]}")
    refusal = np.full((len(model.gates), len(councils)), -1, np.int32)
    for index, gate in enumerate(model.gates):
        if gate.refusal.support[1] > 0 or gate.refusal.driver is not None:
            for council, name in enumerate(councils):
                refusal[index, council] = collect.event(f"gates.{gate.id}.refusal/{name}")
    grant = np.array([collect.event(f"grants.{item.id}.award") for item in model.grants], np.int32)
    clawback = np.array([collect.event(f"grants.{item.id}.clawback") for item in model.grants], np.int32)
    risks = []
    for row, item in enumerate(model.risks):
        for scope, target in _targets(item, councils, services):
            ids = [(services if scope == "service" else councils).ids[index] for index in target]
            risks.append(RiskEvent(row, scope, target, collect.event("/".join([f"risks.{item.id}.strike", *ids]))))
    return Events(leave, refusal, grant, clawback, tuple(risks))


def _targets(row: RiskRow, councils: Labels, services: Labels) -> list[tuple[str, tuple[int, ...]]]:
    if row.scope == "programme":
        return [("programme", ())]
    if row.scope == "pair":
        return [("pair", tuple(sorted(councils.index(name) for name in row.targets)))]
    labels = services if row.scope == "service" else councils
    return [(row.scope, (labels.index(name),)) for name in row.targets or labels.ids]


def _dependence(model: StudyModel, drivers: tuple[DriverSpec, ...], places: Places) -> Dependence | None:
    if not model.dependence.correlations:
        return None
    names = [driver.name for driver in drivers]
    groups, faults = [], []
    for index, item in enumerate(model.dependence.correlations):
        where = f"{places.study}: dependence.correlations {index + 1}"
        members: list[str] = []
        for pattern in item.drivers:
            found = [name for name in names if fnmatchcase(name, pattern) and name not in members]
            if not found and pattern not in members:
                faults.append(Fault(where, "matches no driver", repr(pattern), "a driver's name or a pattern with *", "`sharesim check` lists the drivers."))
            members += found
        if len(members) < 2:
            if members:
                faults.append(Fault(where, "matches a single driver", members[0], "two or more", "Add the other driver."))
            continue
        groups.append(RankCorrelation(among=tuple(members), rank=item.rank))
    if faults:
        raise StudyError(faults)
    settings = model.dependence
    freedom = settings.degrees_of_freedom if settings.copula == "t" else None
    return Dependence(tuple(groups), copula=settings.copula, degrees_of_freedom=freedom, strict=settings.strict)


def _assumptions(collect: _Collector) -> tuple[Assumption, ...]:
    missing = [row.id for row in collect.model.councils if row.workforce is None]
    if missing:
        collect.assumed["councils.workforce"] = missing
    result = []
    for path, where in collect.assumed.items():
        prior = PRIORS[path]
        value = prior.value.text() if path != "councils.workforce" else f"a profile of our own, {len(WORKFORCE_ASSUMED)} cells of age and service"
        result.append(Assumption(path, value, prior.low, prior.high, prior.unit, prior.source, prior.reasoning, tuple(where)))
    return tuple(sorted(result, key=lambda item: item.path))
