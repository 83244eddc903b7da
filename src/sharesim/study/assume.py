"""A study with one assumption moved: what `sharesim check` and the report use to price each of them."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np

from sharesim.errors import Fault, UsageError
from sharesim.study.labels import unknown_name
from sharesim.study.priors import PLAIN_SETTINGS, WORKFORCE_ASSUMED, stretched_workforce
from sharesim.study.rows import WorkforceRow
from sharesim.study.schema import StudyModel
from sharesim.study.study import Assumption, Quantities, Study

WORKFORCE = "councils.workforce"


def variant(study: Study, path: str, value: float) -> Study:
    """Return the study with one assumption at a given figure, for certain, in every cell that it fills.

    The drivers stay as they are, used or not, so both studies meet the same futures and the difference between their
    results is the effect of the assumption and nothing else.

    Parameters
    ----------
    study : Study
    path : str
        Path of one of ``study.assumptions``, such as ``services.cashable_share``.
    value : float
        The figure, in the assumption's unit. For ``councils.workforce`` a factor on the lengths of service of the
        assumed profile; 1 is the profile itself.

    Raises
    ------
    UsageError
        When the study assumes no such thing, or the value is not a finite number.

    Examples
    --------
    >>> from sharesim.examples import two_councils
    >>> study = two_councils()
    >>> float(variant(study, "staff.on_cost_share", 0.25).numbers["staff.on_cost_share"].base)
    0.25
    """
    by_path = {item.path: item for item in study.assumptions}
    if path not in by_path:
        raise UsageError(unknown_name("variant", "assumption", path, by_path))
    if not np.isfinite(value):
        raise UsageError(Fault(f"variant: {path}", "not a finite number", str(value), "a number", ""))
    content = _hash(study, path, value)
    if path == WORKFORCE:
        return dataclasses.replace(study, model=_with_workforce(study, by_path[path], value), content_hash=content)
    if path in PLAIN_SETTINGS:
        return dataclasses.replace(study, model=_with_setting(study, path, value), content_hash=content)
    number = _fixed(study, by_path[path], float(value))
    return dataclasses.replace(study, numbers={**study.numbers, path: number}, content_hash=content)


def _fixed(study: Study, assumption: Assumption, value: float) -> Quantities:
    """Return the numbers of a path with the assumed cells certain."""
    old = study.numbers[assumption.path]
    base, driver, times = old.base.copy(), old.driver.copy(), old.times.copy()
    table = assumption.path.partition(".")[0]
    for where in assumption.where:
        cell = _cell(study, table, where)
        base[cell], driver[cell], times[cell] = value, -1, 1.0
    return Quantities(base, driver, times)


def _cell(study: Study, table: str, where: str) -> tuple[int, ...]:
    if table == "services":
        return (study.services.index(where),)
    if table == "councils":
        return (study.councils.index(where),)
    if table == "baseline":
        council, _, service = where.partition("/")
        return study.councils.index(council), study.services.index(service)
    return ()


def _with_workforce(study: Study, assumption: Assumption, factor: float) -> StudyModel:
    """Return the model with the assumed profile, stretched, given to the councils that have none of their own."""
    name = f"(assumed, service x {factor:g})"
    cells = stretched_workforce(WORKFORCE_ASSUMED, factor)
    columns = ("age_low", "age_high", "service_low", "service_high", "share")
    rows = tuple(WorkforceRow(profile=name, **dict(zip(columns, cell, strict=True))) for cell in cells)
    councils = tuple(
        row.model_copy(update={"workforce": name}) if row.id in assumption.where else row
        for row in study.model.councils
    )
    return study.model.model_copy(update={"councils": councils, "workforce": study.model.workforce + rows})


def _with_setting(study: Study, path: str, value: float) -> StudyModel:
    section, _, name = path.partition(".")
    part = getattr(study.model, section)
    figure = round(value) if isinstance(getattr(part, name), int) else float(value)
    return study.model.model_copy(update={section: part.model_copy(update={name: figure})})


def _hash(study: Study, path: str, value: float) -> str:
    return hashlib.blake2b(f"{study.content_hash}|{path}|{float(value)!r}".encode(), digest_size=16).hexdigest()
