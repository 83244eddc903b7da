"""What inputs are called in a meeting: names of drivers and assumptions in words."""

from __future__ import annotations

from collections.abc import Sequence

from sharesim.report import words
from sharesim.study.study import Study

UNITS = (
    "_gbp_per_partner",
    "_gbp_per_month",
    "_gbp_per_year",
    "_per_year",
    "_gbp",
    "_share",
    "_years",
    "_months",
    "_fte",
)
FIELDS = {
    "addressable_gbp": "spend that the saving applies to",
    "after": "score when shared",
    "amount_gbp": "amount",
    "amount_per_partner_gbp": "saving of each partner",
    "amount_per_partnership_gbp": "saving of the partnership",
    "cashable_share": "share that is cash",
    "client_gbp_per_year": "client side kept",
    "control_change_uplift": "effect of a change of control",
    "coordination_loss_share": "saving lost per further partner",
    "cost_gbp": "cost today",
    "cost_growth_per_year": "growth of costs",
    "cost_increase_share": "extra cost of working together",
    "cost_share": "cost of leaving",
    "delay_months": "delay",
    "dual_running_gbp": "dual running",
    "elasticity": "elasticity of cost to workload",
    "exit_cost_factor": "cost per exit against its table",
    "gf_share": "share on the General Fund",
    "governance_gbp_per_partner": "governance cost per partner",
    "harmonisation_share": "how far pay drifts to the best terms",
    "hazard_per_year": "chance per year that an arrangement ends",
    "before_start_hazard_per_year": "chance per year of an end before the start",
    "host_fee_share": "host's fee",
    "ict_gbp": "ICT integration",
    "break_gbp": "cost of leaving early",
    "break_gbp_per_month_left": "cost of leaving early, for every month left",
    "carbon_tonnes_per_partner": "carbon avoided by each partner",
    "income_change_share": "change of fee income",
    "income_gbp": "fee income",
    "internal_one_off_gbp": "one-off cost alone",
    "internal_saving_share": "saving alone",
    "joining_gbp": "joining cost",
    "labour_share": "share of cost that is pay",
    "notice_months": "notice of leaving",
    "notice_weeks": "weeks of notice paid",
    "officer_day_gbp": "cost of an officer's day",
    "officer_days": "officers' days",
    "on_cost_share": "employer's on-costs",
    "one_off_gbp": "one-off cost",
    "overrun_factor": "overrun of one-off cost",
    "pay_gbp": "average pay",
    "planned_saving_gbp": "savings already planned",
    "posts_fte": "posts",
    "posts_removed_per_extra_partner": "posts no longer needed",
    "posts_share": "share of the saving that is posts",
    "premises_gbp": "premises",
    "probability": "chance of striking",
    "ramp_years": "years to full effect",
    "realisation_share": "share of the plan that comes about",
    "redeployment_share": "share redeployed",
    "redundancy_multiple": "pay-out over the statutory one",
    "saving_factor": "factor on savings",
    "saving_rate_share": "saving rate",
    "scheme_member_share": "pension scheme members",
    "set_up_gbp": "setting up",
    "strain_multiple": "pension strain",
    "structure_share": "posts cut against plan",
    "sunk_share": "cost sunk if cancelled",
    "team_gbp": "programme team",
    "terms_gbp": "average pay",
    "turnover_per_year": "staff turnover",
    "vat_share": "irrecoverable VAT",
    "voluntary_share": "share of exits by agreement",
    "wait_months": "wait",
    "workload": "workload",
    "yearly_gbp": "yearly cost",
    "refusal": "chance of refusal",
    "chance": "chance of award",
    "clawback_chance": "chance of clawback",
}
SECTIONS = {
    "staff": "staff",
    "costs": "all arrangements",
    "exit": "leaving",
    "study": "all services",
    "services": "services",
    "baseline": "baseline",
    "councils": "councils",
}


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
            where = study.councils.name(study.councils.index(council))
            return f"{study.services.name(study.services.index(service))} at {where}"
    if section == "forms":
        return row.replace("_", " ")
    if section == "quality":
        service, _, criterion = row.partition("/")
        known = study.services.name(study.services.index(service)) if service in study.services else service
        return f"{known}, {criterion}"
    named = {item.id: item.name for item in getattr(study.model, section, ()) if hasattr(item, "id")}
    return named.get(row, row).split(":")[0]


def assumption_words(path: str) -> str:
    """Return what an assumption is, in words.

    Examples
    --------
    >>> assumption_words("services.ramp_years"), assumption_words("exit.notice_months")
    ('Years to full effect', 'Notice of leaving (leaving)')
    """
    section, _, column = path.partition(".")
    what = words.sentence_case(FIELDS.get(column) or _plain(column))
    return (
        "Workforce by age and service"
        if path == "councils.workforce"
        else what
        if section in ("services", "baseline", "councils")
        else f"{what} ({SECTIONS.get(section, section)})"
    )


def rows_words(study: Study, path: str, rows: Sequence[str]) -> str:
    """Return the rows that an assumption fills, by name; nothing where it has no rows."""
    section = path.partition(".")[0]
    if section == "baseline":
        return f"{len(rows)} of {int(study.present.sum())} lines of the baseline"
    if section == "existing":
        named = {row.id: row.name for row in study.model.existing}
        return ", ".join(named[row] for row in rows)
    if section not in ("services", "councils"):
        return ""
    labels = study.services if section == "services" else study.councils
    if set(rows) == set(labels.ids):
        return f"every {section.removesuffix('s')}"
    return ", ".join(labels.name(labels.index(row)) for row in rows)
