"""Inputs in words: what a driver is called in a meeting, and the tables of what moves the answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pandas as pd

from sharesim.insight.drivers import DriverEffect
from sharesim.report import tables, words
from sharesim.report.contents import Contents, Effect
from sharesim.study.quantity import Quantity
from sharesim.study.study import Study

UNITS = ("_gbp_per_partner", "_gbp_per_month", "_gbp_per_year", "_per_year", "_gbp", "_share", "_years", "_months", "_fte")
FIELDS = {
    "addressable_gbp": "spend that the saving applies to", "after": "score when shared", "amount_gbp": "amount", "amount_per_partner_gbp": "saving of each partner",
    "amount_per_partnership_gbp": "saving of the partnership", "cashable_share": "share that is cash", "client_gbp_per_year": "client side kept",
    "control_change_uplift": "effect of a change of control", "coordination_loss_share": "saving lost per further partner", "cost_gbp": "cost today",
    "cost_growth_per_year": "growth of costs", "cost_increase_share": "extra cost of working together", "cost_share": "cost of leaving",
    "delay_months": "delay", "dual_running_gbp": "dual running", "elasticity": "elasticity of cost to workload", "exit_cost_factor": "cost per exit against its table",
    "gf_share": "share on the General Fund", "governance_gbp_per_partner": "governance cost per partner", "harmonisation_share": "how far pay drifts to the best terms",
    "hazard_per_year": "chance per year that an arrangement ends", "before_start_hazard_per_year": "chance per year of an end before the start",
    "host_fee_share": "host's fee", "ict_gbp": "ICT integration", "internal_saving_share": "saving alone", "joining_gbp": "joining cost",
    "labour_share": "share of cost that is pay", "notice_months": "notice of leaving", "notice_weeks": "weeks of notice paid", "officer_day_gbp": "cost of an officer's day",
    "officer_days": "officers' days", "on_cost_share": "employer's on-costs", "one_off_gbp": "one-off cost", "overrun_factor": "overrun of one-off cost",
    "pay_gbp": "average pay", "planned_saving_gbp": "savings already planned", "posts_fte": "posts", "posts_removed_per_extra_partner": "posts no longer needed",
    "posts_share": "share of the saving that is posts", "premises_gbp": "premises", "probability": "chance of striking", "ramp_years": "years to full effect",
    "realisation_share": "share of the plan that comes about", "redeployment_share": "share redeployed", "redundancy_multiple": "pay-out over the statutory one",
    "saving_factor": "factor on savings", "saving_rate_share": "saving rate", "scheme_member_share": "pension scheme members", "set_up_gbp": "setting up",
    "strain_multiple": "pension strain", "structure_share": "posts cut against plan", "sunk_share": "cost sunk if cancelled", "team_gbp": "programme team",
    "terms_gbp": "average pay", "turnover_per_year": "staff turnover", "vat_share": "irrecoverable VAT", "voluntary_share": "share of exits by agreement",
    "wait_months": "wait", "workload": "workload", "yearly_gbp": "yearly cost", "refusal": "chance of refusal", "chance": "chance of award", "clawback_chance": "chance of clawback",
}  # fmt: skip
SECTIONS = {
    "staff": "staff", "costs": "all arrangements", "exit": "leaving", "study": "all services", "services": "services", "baseline": "baseline",
    "councils": "councils",
}  # fmt: skip


def input_words(study: Study, name: str) -> str:
    """Return what a driver or an assumption is, in words; a driver that the study names keeps its name.

    Parameters
    ----------
    study : Study
    name : str
        Such as ``services.payroll.elasticity`` or ``exit.hazard_per_year``.

    Examples
    --------
    >>> from sharesim.examples import two_councils
    >>> study = two_councils()
    >>> input_words(study, "services.payroll.ict_gbp"), input_words(study, "staff.on_cost_share")
    ('Payroll: ICT integration', "staff: employer's on-costs")
    >>> input_words(study, "market for systems")
    'market for systems'
    """
    section, _, rest = name.partition(".")
    row, _, column = rest.rpartition(".")
    if not rest or (column not in FIELDS and row == "" and column not in SECTIONS and section not in SECTIONS):
        return name
    what = FIELDS.get(column) or _plain(column)
    where = _where(study, section, row)
    return f"{where}: {what}" if where else what


def _plain(column: str) -> str:
    for unit in UNITS:
        column = column.removesuffix(unit)
    return column.replace("_", " ")


def _where(study: Study, section: str, row: str) -> str:
    if not row:
        return SECTIONS.get(section, section)
    if section == "services" and row in study.services:
        return study.services.name(study.services.index(row))
    if section == "councils" and row in study.councils:
        return study.councils.name(study.councils.index(row))
    if section == "baseline":
        council, _, service = row.partition("/")
        if council in study.councils and service in study.services:
            return f"{study.services.name(study.services.index(service))} at {study.councils.name(study.councils.index(council))}"
    if section == "forms":
        return row.replace("_", " ")
    if section == "quality":
        service, _, criterion = row.partition("/")
        known = study.services.name(study.services.index(service)) if service in study.services else service
        return f"{known}, {criterion}"
    named = {item.id: item.name for item in getattr(study.model, section, ()) if hasattr(item, "id")}
    return named.get(row, row).split(":")[0]


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
        own_low_gbp, own_high_gbp: mean value with the input in its lowest and highest tenth and the others as they come;
        low_gbp, high_gbp: the same with what moves along with it; rank correlation with its standard error.
    """
    spec = {item.name: item for item in study.drivers}
    found = sorted((effect for effect in effects if _concerns(study, effect.name, services)), key=lambda effect: (-abs(effect.own_swing_gbp), effect.name))
    rows = [
        {
            "input": input_words(study, effect.name), "driver": effect.name, "driver_p5": float(spec[effect.name].distribution.quantile(0.05)),
            "driver_p95": float(spec[effect.name].distribution.quantile(0.95)), "own_low_gbp": effect.own_low_gbp, "own_high_gbp": effect.own_high_gbp,
            "own_swing_gbp": effect.own_swing_gbp, "low_gbp": effect.low_gbp, "high_gbp": effect.high_gbp, "swing_gbp": effect.swing_gbp,
            "rank_correlation": effect.rank_correlation, "rank_correlation_error": effect.rank_correlation_error,
            "gains_at_worst": min(effect.own_low_gbp, effect.own_high_gbp) > 0,
        }
        for effect in found[:most]
    ]  # fmt: skip
    columns = [
        "input", "driver", "driver_p5", "driver_p95", "own_low_gbp", "own_high_gbp", "own_swing_gbp", "low_gbp", "high_gbp", "swing_gbp",
        "rank_correlation", "rank_correlation_error", "gains_at_worst",
    ]  # fmt: skip
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
        Columns of `tables.assumptions`, input (in words), and effect_low_gbp, effect_high_gbp (nan where not worked out).
    """
    frame = tables.assumptions(contents.study)
    effects: dict[str, Effect] = {effect.assumption.path: effect for effect in contents.assumption_effects}
    frame.insert(0, "input", [_assumed_words(path) for path in frame.assumption])
    frame["range"] = [range_words(row.low, row.high, row.unit) for row in frame.itertuples()]
    frame["for_words"] = [_rows_words(contents.study, item.path, item.where) for item in contents.study.assumptions]
    for end in ("low", "high"):
        frame[f"effect_{end}_gbp"] = [getattr(effects[path], f"{end}_gbp") if path in effects else float("nan") for path in frame.assumption]
    size = (frame.effect_high_gbp - frame.effect_low_gbp).abs().fillna(-1.0)
    return frame.assign(size=size).sort_values(["size", "assumption"], ascending=[False, True], ignore_index=True).drop(columns="size")


def _assumed_words(path: str) -> str:
    section, _, column = path.partition(".")
    what = words.sentence_case(FIELDS.get(column) or _plain(column))
    return "Workforce by age and service" if path == "councils.workforce" else what if section in ("services", "baseline", "councils") else f"{what} ({SECTIONS.get(section, section)})"


def _rows_words(study: Study, path: str, rows: Sequence[str]) -> str:
    """Return the rows that an assumption fills, by name; nothing where it has no rows."""
    section = path.partition(".")[0]
    if section == "baseline":
        return f"{len(rows)} of {int(study.present.sum())} lines of the baseline"
    if section not in ("services", "councils"):
        return ""
    labels = study.services if section == "services" else study.councils
    if set(rows) == set(labels.ids):
        return f"every {section.removesuffix('s')}"
    return ", ".join(labels.name(labels.index(row)) for row in rows)


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
    return frame


def _path(name: str) -> str:
    """Return the path of a driver without its row: services.payroll.ict_gbp is services.ict_gbp."""
    parts = name.split(".")
    return name if len(parts) < 3 else f"{parts[0]}.{parts[-1]}"


def _row_source(study: Study, name: str) -> str:
    """Return what the row of a table that a driver stands in says of its source."""
    section, _, rest = name.partition(".")
    row, _, _ = rest.rpartition(".")
    keys = {"services": ("id",), "risks": ("id",), "baseline": ("council", "service"), "quality": ("service", "criterion")}
    if section not in keys:
        return ""
    for item in getattr(study.model, section):
        if "/".join(getattr(item, key) for key in keys[section]) == row:
            return item.source
    return ""
