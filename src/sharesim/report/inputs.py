"""Inputs in words: what a driver is called in a meeting, and the tables of what moves the answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pandas as pd

from sharesim.insight.drivers import DriverEffect
from sharesim.report import tables, words
from sharesim.report.contents import Contents, Effect
from sharesim.report.log import with_log
from sharesim.report.names import assumption_words, input_words, rows_words
from sharesim.study.quantity import Quantity
from sharesim.study.study import Study


def spoken(number: Quantity, form: Callable[[float], str]) -> str:
    """Return a number of the study as one says it: its middle, and the range it may take.

    Parameters
    ----------
    number : Quantity
    form : callable
        Writes a figure.

    Examples
    --------
    >>> spoken(Quantity.of("pert(0.1, 0.2, 0.35)"), words.share), spoken(Quantity.of(3), "{:g}".format)
    ('20% (10% to 35%)', '3')
    """
    if number.driver is not None:
        return f"follows “{number.driver}”"
    if number.distribution is None:
        return form(number.value)
    low, high = number.distribution.support
    if not math.isfinite(low):
        low = float(number.distribution.quantile(0.05))
    if not math.isfinite(high):
        high = float(number.distribution.quantile(0.95))
    return f"{form(number.value)} ({form(low)} to {form(high)})"


def range_words(low: float, high: float, unit: str) -> str:
    """Return a range in its unit.

    Examples
    --------
    >>> range_words(0.03, 0.08, "share per year"), range_words(200, 450, "GBP per day"), range_words(1, 3, "years")
    ('3% to 8% per year', '£200 to £450 per day', '1 to 3 years')
    """
    if unit.startswith("share"):
        return f"{words.share(low)} to {words.share(high)}{unit.removeprefix('share')}"
    if unit.startswith("GBP"):
        return f"{words.pounds(low)} to {words.pounds(high)}{unit.removeprefix('GBP')}"
    return f"{low:g} to {high:g} {'' if unit == 'ratio' else unit}".strip()


def tornado(study: Study, effects: Sequence[DriverEffect], services: Sequence[int], most: int = 10) -> pd.DataFrame:
    """Return the inputs that move the value most.

    Parameters
    ----------
    effects : sequence of DriverEffect
    services : sequence of int
        Services of the portfolio: what is said of others cannot move it, however much it moves along.
    most : int

    Returns
    -------
    DataFrame
        own_low_gbp, own_high_gbp: mean value with the input in its lowest and highest tenth, others as they come;
        low_gbp, high_gbp: the same with what moves along with it; rank correlation with its standard error.
    """
    spec = {item.name: item for item in study.drivers}
    found = sorted(
        (effect for effect in effects if _concerns(study, effect.name, services)),
        key=lambda effect: (-abs(effect.own_swing_gbp), effect.name),
    )
    rows = [
        {
            "input": input_words(study, effect.name),
            "driver": effect.name,
            "driver_p5": float(spec[effect.name].distribution.quantile(0.05)),
            "driver_p95": float(spec[effect.name].distribution.quantile(0.95)),
            "own_low_gbp": effect.own_low_gbp,
            "own_high_gbp": effect.own_high_gbp,
            "own_swing_gbp": effect.own_swing_gbp,
            "low_gbp": effect.low_gbp,
            "high_gbp": effect.high_gbp,
            "swing_gbp": effect.swing_gbp,
            "rank_correlation": effect.rank_correlation,
            "rank_correlation_error": effect.rank_correlation_error,
            "gains_at_worst": min(effect.own_low_gbp, effect.own_high_gbp) > 0,
        }
        for effect in found[:most]
    ]
    columns = [
        "input",
        "driver",
        "driver_p5",
        "driver_p95",
        "own_low_gbp",
        "own_high_gbp",
        "own_swing_gbp",
        "low_gbp",
        "high_gbp",
        "swing_gbp",
        "rank_correlation",
        "rank_correlation_error",
        "gains_at_worst",
    ]
    return pd.DataFrame(rows, columns=columns)


def _concerns(study: Study, name: str, services: Sequence[int]) -> bool:
    """Whether a driver can move the value of a portfolio of these services."""
    section, _, rest = name.partition(".")
    row = rest.rpartition(".")[0]
    held = {study.services.ids[service] for service in services}
    if section == "quality":
        return False
    if section == "services":
        return row in held
    if section == "baseline":
        return row.partition("/")[2] in held
    return True


def assumed(contents: Contents) -> pd.DataFrame:
    """Return what the study does not say and was therefore assumed, with the pounds that each range moves, most first.

    Returns
    -------
    DataFrame
        Columns of `tables.assumptions`, input (in words), effect_low_gbp, effect_high_gbp (nan where not worked out).
    """
    frame = tables.assumptions(contents.study)
    effects: dict[str, Effect] = {effect.assumption.path: effect for effect in contents.assumption_effects}
    frame.insert(0, "input", [assumption_words(path) for path in frame.assumption])
    frame["range"] = [
        range_words(low, high, unit) for low, high, unit in zip(frame.low, frame.high, frame.unit, strict=True)
    ]
    frame["for_words"] = [rows_words(contents.study, item.path, item.where) for item in contents.study.assumptions]
    for end in ("low", "high"):
        frame[f"effect_{end}_gbp"] = [
            getattr(effects[path], f"{end}_gbp") if path in effects else float("nan") for path in frame.assumption
        ]
    size = (frame.effect_high_gbp - frame.effect_low_gbp).abs().fillna(-1.0)
    frame = with_log(contents.study, frame, "assumption")
    return (
        frame.assign(size=size)
        .sort_values(["size", "assumption"], ascending=[False, True], ignore_index=True)
        .drop(columns="size")
    )


def drivers(study: Study) -> pd.DataFrame:
    """Return `tables.drivers` with every driver in words, and where its figures come from."""
    frame = tables.drivers(study)
    frame.insert(0, "input", [input_words(study, name) for name in frame.driver])
    given = {item.name: item.source for item in study.model.drivers}
    assumed_from = {item.path: item.source for item in study.assumptions}
    frame["source"] = [
        given.get(name) or (assumed_from.get(_path(name), "") if origin == "assumed" else _row_source(study, name))
        for name, origin in zip(frame.driver, frame.origin, strict=True)
    ]
    return with_log(study, frame, "driver")


def _path(name: str) -> str:
    """Return the path of a driver without its row: services.payroll.ict_gbp is services.ict_gbp."""
    parts = name.split(".")
    return name if len(parts) < 3 else f"{parts[0]}.{parts[-1]}"


def _row_source(study: Study, name: str) -> str:
    """Return what the row of a table that a driver stands in says of its source."""
    section, _, rest = name.partition(".")
    row, _, _ = rest.rpartition(".")
    keys = {
        "services": ("id",),
        "risks": ("id",),
        "baseline": ("council", "service"),
        "quality": ("service", "criterion"),
    }
    if section not in keys:
        return ""
    for item in getattr(study.model, section):
        if "/".join(getattr(item, key) for key in keys[section]) == row:
            return item.source
    return ""
