"""Settings that shape the answer and that the study left as they are: not uncertain figures, but choices.

Figures that were assumed are `Study.assumptions`, each with a range whose effect can be priced. What is listed here has
no range: rules of division, which arrangements are considered, what is taken as nothing (docs/decisions/004).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sharesim.study.schema import StudyModel
from sharesim.study.study import Convention

_SETTINGS: dict[str, str] = {
    "study.horizon_years": "Ten years; shorter horizons are reported besides.",
    "study.decision": "Leavers count from the first day of the study.",
    "staff.pay_is_capped": "A week's pay in the redundancy formula is capped as in the statute.",
    "staff.weekly_pay_cap_gbp": "The statutory cap by year, from the built-in table; later years take its last.",
    "costs.profile": "One-off costs fall in the year of the planned start.",
    "exit.smallest_partners": "An arrangement ends when fewer than two councils are left.",
    "split.one_off": "One-off costs are divided by base cost.",
    "split.exit": "A council that leaves pays what that costs.",
    "split.running": "Running costs are divided equally.",
    "split.saving": "Each council keeps its own saving.",
    "split.overspend": "Over- and underspend is divided by base cost.",
    "split.host_premium_share": "The host gets no premium.",
    "bundles.most_partners": "No bundle has more than four partners.",
    "bundles.forms": "Only a lead authority is considered.",
    "bundles.starts": "Every bundle starts on the first day of the study.",
    "bundles.internal": "No council reorganises alone.",
    "bundles.adjacent": "Partners need not be neighbours.",
    "objective.kind": "The choice maximises the mean NPV; risk enters through rules only.",
    "finance.inflation_per_year": "Prices rise by 2% a year where pounds are set beside a plan.",
    "finance.receipts_fund_change": "Capital receipts that are set aside pay for the change before reserves do.",
    "dependence.correlations": "Drivers move independently of each other, but where they are one and the same.",
}
_ROWS: dict[str, str] = {
    "services.saving_kind": "Savings are plans, so realisation, coordination and cost increase are taken off.",
    "services.gain_by": "Each council gains by its own cost.",
    "services.officer_days": "The change takes none of the officers' days.",
    "services.client_gbp_per_year": "No client side is paid for beyond what the baseline keeps back.",
    "services.host_fee_share": "The host charges no fee.",
    "services.delay_cost_gbp_per_month": "A delay costs nothing but the savings put off.",
    "baseline.vacant_fte": "No post is vacant.",
    "baseline.planned_saving_gbp": "No saving is in the plan already.",
    "councils.can_host": "The council may host.",
    "councils.ends": "The council lasts through the horizon.",
}
_PARTIES: dict[str, str] = {
    "supplier": "A council that stands alone in it has a contract with a supplier, who is paid for leaving early.",
    "councils": "Councils that are in it together end it by agreement where all move together.",
}
_ONE_OFF = ("team_gbp", "ict_gbp", "premises_gbp", "dual_running_gbp", "joining_gbp")


def conventions_of(model: StudyModel) -> tuple[Convention, ...]:
    """Return the settings in force that the study did not give.

    Parameters
    ----------
    model : StudyModel

    Returns
    -------
    tuple of Convention
        By path.

    Examples
    --------
    >>> from sharesim.examples import two_councils
    >>> [item.path for item in conventions_of(two_councils().model) if item.path.startswith("split")]
    ['split.exit', 'split.host_premium_share', 'split.one_off', 'split.overspend', 'split.running', 'split.saving']
    """
    found = (
        *_settings(model), *_rows(model), *_parties(model), *_costless(model), *_equal_for_want_of_workload(model),
    )  # fmt: skip
    return tuple(sorted(found, key=lambda item: item.path))


def _settings(model: StudyModel) -> Iterator[Convention]:
    for path, meaning in _SETTINGS.items():
        section, _, name = path.partition(".")
        part = getattr(model, section)
        if name not in part.model_fields_set:
            yield Convention(path, _text(getattr(part, name)), meaning, ())


def _rows(model: StudyModel) -> Iterator[Convention]:
    for path, meaning in _ROWS.items():
        table, _, name = path.partition(".")
        absent = [row for row in getattr(model, table) if name not in row.model_fields_set]
        if absent:
            yield Convention(path, _text(getattr(absent[0], name)), meaning, tuple(_label(row) for row in absent))


def _parties(model: StudyModel) -> Iterator[Convention]:
    """Existing arrangements that do not say who stands on the other side."""
    for party, meaning in _PARTIES.items():
        absent = tuple(row.id for row in model.existing if getattr(row, "with") is None and row.party == party)
        if absent:
            yield Convention("existing.with", party, meaning, absent)


def _costless(model: StudyModel) -> Iterator[Convention]:
    """Services for which no one-off cost of any kind is given; the others have told what they have."""
    absent = tuple(row.id for row in model.services if not set(_ONE_OFF) & row.model_fields_set)
    if absent:
        yield Convention(
            "services.team_gbp and the other one-off costs", "0", "The change costs nothing at all.", absent
        )


def _equal_for_want_of_workload(model: StudyModel) -> Iterator[Convention]:
    """Services without workloads where something is divided by workload."""
    if "workload" not in (getattr(model.split, name) for name in type(model.split).model_fields):
        return
    bare = tuple(dict.fromkeys(row.service for row in model.baseline if row.workload is None))
    if bare:
        yield Convention("split by workload", "equal", "Where no workload is given, it is divided equally.", bare)


def _label(row: Any) -> str:
    return row.id if hasattr(row, "id") else f"{row.council}/{row.service}"


def _text(value: Any) -> str:
    """Return a setting as it would be written."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(map(_text, value)) or "none"
    if isinstance(value, dict):
        return "none" if not value else f"{len(value)} given"
    if hasattr(value, "text"):
        return value.text()
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None else str(value)
