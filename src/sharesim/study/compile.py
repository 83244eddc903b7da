"""From a checked model to arrays and drivers: the last step before anything is drawn."""

from __future__ import annotations

import hashlib
import json
from fnmatch import fnmatchcase

import numpy as np

from sharesim.errors import StudyError
from sharesim.study.collect import Collector, Row
from sharesim.study.conventions import conventions_of
from sharesim.study.events import Names, events_of
from sharesim.study.fields import Frozen
from sharesim.study.labels import Labels
from sharesim.study.overrides import KEYS, Change
from sharesim.study.places import Directory, Placed, Places, in_order
from sharesim.study.priors import FORM_FACTS, PLAIN_SETTINGS, PRIORS, WORKFORCE_ASSUMED
from sharesim.study.rows import BaselineRow, CouncilRow, QualityRow, RiskRow, ServiceRow
from sharesim.study.schema import Arrangement, Costs, Existing, Exit, Form, Gate, Grant, SharedItem, Staff, StudyModel
from sharesim.study.sections import About, Correlation
from sharesim.study.study import Assumption, Convention, Quantities, Study
from sharesim.uncertainty.dependence import CommonFactor, Dependence, RankCorrelation
from sharesim.uncertainty.draws import DriverSpec

_LISTS: dict[str, type[Frozen]] = {
    "councils": CouncilRow, "services": ServiceRow, "risks": RiskRow, "gates": Gate, "grants": Grant,
    "shared_items": SharedItem, "quality": QualityRow, "arrangements": Arrangement, "existing": Existing,
}  # fmt: skip
_SECTIONS: dict[str, type[Frozen]] = {"staff": Staff, "costs": Costs, "exit": Exit, "study": About}
WORKFORCE_KEY = ("profile", "age_low", "age_high", "service_low", "service_high", "share")
#: What is resolved before a study is compiled, and so says nothing more about the answer.
_RESOLVED = {"tables", "defaults", "scenarios"}


def compile_study(model: StudyModel, places: Places | Directory, changes: tuple[Change, ...] = ()) -> Study:
    """Return the study as labelled arrays and drivers.

    Parameters
    ----------
    model : StudyModel
        Validated and cross-checked.
    places : Places or Directory
        For messages.
    changes : tuple of Change

    Raises
    ------
    StudyError
        When a number breaks its bound by the driver that it follows, or a correlation matches no driver.
    """
    here = places.about(model.model_dump()) if isinstance(places, Places) else places
    original, model = model, _in_canonical_order(model)
    collect = Collector(model, here)
    names = _names(model)
    numbers = _numbers(collect, names, original)
    events = events_of(collect, names)
    drivers = tuple(collect.drivers.values())
    dependence = _dependence(collect, drivers)
    if collect.faults:
        raise StudyError(in_order(collect.faults))
    forms = Labels(tuple(FORM_FACTS), tuple(name.replace("_", " ") for name in FORM_FACTS))
    assumptions, conventions = _assumptions(collect), conventions_of(model)
    return Study(
        model, names.councils, names.services, names.packages, forms, names.package_services, names.present, numbers,
        drivers, dependence, events, assumptions, changes, content_hash(model, assumptions, conventions), conventions,
        names.stage_packages,
    )  # fmt: skip


def _in_canonical_order(model: StudyModel) -> StudyModel:
    """Sort every list by its key, so that the order of rows in a file moves no bit of any result."""
    keyed = {**KEYS, "workforce": WORKFORCE_KEY, "neighbours": ("council", "neighbour")}
    ordered = {
        table: tuple(sorted(getattr(model, table), key=lambda row: tuple(_sortable(getattr(row, key)) for key in keys)))
        for table, keys in keyed.items()
        if table not in ("rules", "published")
    }
    return model.model_copy(update=ordered)


def _sortable(value: object) -> tuple[int, float, str]:
    return (0, value, "") if isinstance(value, float) else (1, 0.0, str(value))


def content_hash(
    model: StudyModel, assumptions: tuple[Assumption, ...], conventions: tuple[Convention, ...]
) -> str:
    """Return a hash of everything in a study that can change the answer or the report.

    Files, defaults and scenarios are resolved by now and left out, so that the same content has the same hash whatever
    the files looked like. A figure that the study gives and one that is taken where it gives none are different content
    even where they are equal: a report prices what was assumed (docs/decisions/006-content-hash.md).
    """
    content = model.model_dump(mode="json", exclude=_RESOLVED)
    left_open: tuple[Assumption | Convention, ...] = (*assumptions, *conventions)
    content["left open"] = [[item.path, list(item.where)] for item in left_open]
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _names(model: StudyModel) -> Names:
    councils = Labels(tuple(row.id for row in model.councils), tuple(row.name for row in model.councils))
    services = Labels(tuple(row.id for row in model.services), tuple(row.name for row in model.services))
    named = model.packages
    packages = Labels(
        services.ids + tuple(item.id for item in named), services.names + tuple(item.name for item in named)
    )
    members: tuple[tuple[int, ...], ...] = tuple((at,) for at in range(len(services)))
    members += tuple(tuple(sorted(services.index(name) for name in item.services)) for item in named)
    packages, members, staged = _with_stages(model, councils, packages, members)
    present = np.zeros((len(councils), len(services)), bool)
    for row in model.baseline:
        present[councils.index(row.council), services.index(row.service)] = True
    return Names(councils, services, packages, members, present, staged)


def _with_stages(
    model: StudyModel, councils: Labels, packages: Labels, members: tuple[tuple[int, ...], ...]
) -> tuple[Labels, tuple[tuple[int, ...], ...], tuple[tuple[int, int], ...]]:
    """Add a package for each service or package of a staged programme: the same services, on the cost that is left."""
    staged = tuple((at, packages.index(name)) for at, stage in enumerate(model.stages) for name in stage.services)
    ids = tuple(f"{packages.ids[base]}/{model.stages[at].id}" for at, base in staged)
    first = [councils.name(councils.index(model.stages[at].council)) for at, _ in staged]
    names = tuple(f"{packages.name(base)} after {name}'s own" for (_, base), name in zip(staged, first, strict=True))
    more = tuple(members[base] for _, base in staged)
    return Labels(packages.ids + ids, packages.names + names), members + more, staged


def _numbers(collect: Collector, names: Names, original: StudyModel) -> dict[str, Quantities]:
    """Return the arrays of a study by path; `original` is the model in the order of the files, for messages."""
    model = collect.model
    numbers: dict[str, Quantities] = {}
    for table, kind in _LISTS.items():
        rows = _rows_of(model, original, table)
        numbers.update(collect.columns(table, kind, rows, (len(rows),)))
    numbers.update(_mitigated(model, numbers))
    numbers.update(_baseline(collect, names, original))
    for section, kind in _SECTIONS.items():
        numbers.update(collect.columns(section, kind, [Row(getattr(model, section), "", (section,))], ()))
    forms = [Row(model.forms.get(form, Form()), form, ("forms", form)) for form in FORM_FACTS]
    return numbers | collect.columns("forms", Form, forms, (len(forms),))


def _mitigated(model: StudyModel, numbers: dict[str, Quantities]) -> dict[str, Quantities]:
    """Scale chance, delay and cost of the risks whose mitigation is bought."""
    if not any(row.mitigated for row in model.risks):
        return {}
    chance = np.array([row.mitigation_probability_factor if row.mitigated else 1.0 for row in model.risks])
    effect = np.array([row.mitigation_effect_factor if row.mitigated else 1.0 for row in model.risks])
    factors = {"probability": chance, "delay_months": effect, "one_off_gbp": effect}
    return {
        (path := f"risks.{name}"): Quantities(
            numbers[path].base * factor, numbers[path].driver, numbers[path].times * factor
        )
        for name, factor in factors.items()
    }


def _rows_of(model: StudyModel, original: StudyModel, table: str) -> list[Row]:
    where = {id(row): at for at, row in enumerate(getattr(original, table))}
    keys = KEYS[table]
    return [
        Row(row, "/".join(str(getattr(row, key)) for key in keys), (table, where[id(row)]))
        for row in getattr(model, table)
    ]


def _baseline(collect: Collector, names: Names, original: StudyModel) -> dict[str, Quantities]:
    shape = names.present.shape
    rows = _rows_of(collect.model, original, "baseline")
    at = [(names.councils.index(row.model.council), names.services.index(row.model.service)) for row in rows]
    where = tuple(np.array(at, dtype=int).reshape(-1, 2).T)
    result = {}
    for path, column in collect.columns("baseline", BaselineRow, rows, (len(rows),)).items():
        full = Quantities(np.full(shape, np.nan), np.full(shape, -1, np.int32), np.ones(shape))
        for target, source in ((full.base, column.base), (full.driver, column.driver), (full.times, column.times)):
            target[where] = source
        result[path] = full
    return result


def _dependence(collect: Collector, drivers: tuple[DriverSpec, ...]) -> Dependence | None:
    settings = collect.model.dependence
    if not settings.correlations:
        return None
    names = [driver.name for driver in drivers]
    groups: list[RankCorrelation] = []
    loadings: dict[str, dict[str, float]] = {}
    for index, item in enumerate(settings.correlations):
        members, faults = _members(collect, index, item, names)
        if item.factor and not faults:
            faults = _enter_factor(collect, index, item, members, loadings.setdefault(item.factor, {}))
        elif not faults:
            groups.append(RankCorrelation(among=tuple(members), rank=item.rank))
        collect.faults += faults
    freedom = settings.degrees_of_freedom if settings.copula == "t" else None
    factors = tuple(CommonFactor(name, ranks) for name, ranks in loadings.items() if ranks)
    return Dependence(tuple(groups), factors, settings.copula, freedom, settings.strict)


def _enter_factor(
    collect: Collector, index: int, item: Correlation, members: list[str], ranks: dict[str, float]
) -> list[Placed]:
    """Enter the drivers that a common factor moves; return what is wrong with that."""
    place = collect.place("dependence", "correlations", index, "factor")
    if item.factor in collect.drivers:
        return [place.fault("the name of a driver", repr(item.factor), "a name of its own", "Rename the factor.")]
    faults = []
    for name in members:
        if ranks.setdefault(name, item.rank) != item.rank:
            got = f"{ranks[name]:g} and {item.rank:g} for {name}"
            faults.append(place.fault("two ranks of one driver", got, "one rank", "Leave one of them out."))
    return faults


def _members(
    collect: Collector, index: int, item: Correlation, names: list[str]
) -> tuple[list[str], list[Placed]]:
    """Return the drivers that a correlation is about, and what is wrong with it."""
    place = collect.place("dependence", "correlations", index, "drivers")
    members: dict[str, None] = {}
    faults = []
    for pattern in item.drivers:
        found = [name for name in names if fnmatchcase(name, pattern)]
        if not found:
            remedy = "`sharesim check` lists the drivers; a figure that is certain is none."
            faults.append(
                place.fault("matches no driver", repr(pattern), "a driver's name, or a pattern with *", remedy)
            )
        members.update(dict.fromkeys(found))
    if len(members) == 1 and not item.factor:
        faults.append(place.fault("matches a single driver", next(iter(members)), "two or more", "Add the other one."))
    return list(members), faults


def _assumptions(collect: Collector) -> tuple[Assumption, ...]:
    missing = [row.id for row in collect.model.councils if row.workforce is None]
    if missing:
        collect.assumed["councils.workforce"] = missing
    for path in PLAIN_SETTINGS:
        section, _, name = path.partition(".")
        if name not in getattr(collect.model, section).model_fields_set:
            collect.assumed[path] = [section]
    result = []
    for path, where in sorted(collect.assumed.items()):
        prior = PRIORS[path]
        value = prior.value.text()
        if path == "councils.workforce":
            value = f"a profile of our own, {len(WORKFORCE_ASSUMED)} cells of age and service"
        parts = (prior.low, prior.high, prior.unit, prior.source, prior.reasoning)
        result.append(Assumption(path, value, *parts, tuple(where)))
    return tuple(result)
