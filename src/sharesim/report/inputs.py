"""Inputs in words: what a driver is called in a meeting, and the tables of what moves the answer."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from sharesim.insight.drivers import DriverEffect
from sharesim.report.contents import Contents, Effect
from sharesim.report import tables
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


def tornado(study: Study, effects: Sequence[DriverEffect], most: int = 10) -> pd.DataFrame:
    """Return the inputs that move the value most: mean value in their lowest and highest tenth, and rank correlation."""
    ranges = {spec.name: (spec.distribution.quantile(0.05), spec.distribution.quantile(0.95)) for spec in study.drivers}
    rows = [
        {
            "input": input_words(study, effect.name), "driver": effect.name, "driver_p5": float(ranges[effect.name][0]), "driver_p95": float(ranges[effect.name][1]),
            "low_gbp": effect.low_gbp, "high_gbp": effect.high_gbp, "swing_gbp": effect.swing_gbp,
            "rank_correlation": effect.rank_correlation, "rank_correlation_error": effect.rank_correlation_error,
            "gains_at_worst": min(effect.low_gbp, effect.high_gbp) > 0,
        }
        for effect in list(effects)[:most]
    ]  # fmt: skip
    columns = [
        "input", "driver", "driver_p5", "driver_p95", "low_gbp", "high_gbp", "swing_gbp", "rank_correlation", "rank_correlation_error", "gains_at_worst",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def assumed(contents: Contents) -> pd.DataFrame:
    """Return what the study does not say and was therefore assumed, with the pounds that each range moves, most first.

    Returns
    -------
    DataFrame
        Columns of `tables.assumptions`, input (in words), and effect_low_gbp, effect_high_gbp (nan where not worked out).
    """
    frame = tables.assumptions(contents.study)
    effects: dict[str, Effect] = {effect.assumption.path: effect for effect in contents.assumption_effects}
    frame.insert(0, "input", [input_words(contents.study, path) for path in frame.assumption])
    for end in ("low", "high"):
        frame[f"effect_{end}_gbp"] = [getattr(effects[path], f"{end}_gbp") if path in effects else float("nan") for path in frame.assumption]
    size = (frame.effect_high_gbp - frame.effect_low_gbp).abs().fillna(-1.0)
    return frame.assign(size=size).sort_values(["size", "assumption"], ascending=[False, True], ignore_index=True).drop(columns="size")


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
