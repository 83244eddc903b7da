"""Whether an absent cell matters; what does not matter is not assumed and not listed."""

from __future__ import annotations

from typing import Any

from sharesim.study.schema import StudyModel

SAVING_FIELDS = (
    "elasticity", "saving_rate_share", "amount_per_partnership_gbp", "amount_per_partner_gbp",
    "posts_removed_per_extra_partner", "income_change_share",
)  # fmt: skip
ONE_OFF_FIELDS = ("team_gbp", "ict_gbp", "premises_gbp", "dual_running_gbp", "joining_gbp")


def decides(model: StudyModel, table: str, name: str, row: Any) -> bool:
    """Return whether an absent cell of this row would change the answer.

    Parameters
    ----------
    model : StudyModel
    table, name : str
        The column.
    row : schema model
        The row that has no such cell.
    """
    if table == "services":
        return _decides_service(model, name, row)
    if (table, name) == ("staff", "pay_gbp"):
        given = {council.id for council in model.councils if council.terms_gbp is not None}
        return any(line.terms_gbp is None and line.council not in given for line in model.baseline)
    if (table, name) == ("staff", "officer_day_gbp"):
        return any(service.officer_days.support != (0.0, 0.0) for service in model.services)
    if (table, name) == ("exit", "control_change_uplift"):
        return any(council.control_change_share > 0 and council.election_years for council in model.councils)
    return True


def _decides_service(model: StudyModel, name: str, row: Any) -> bool:
    if name == "elasticity":
        return all(getattr(row, form) is None for form in SAVING_FIELDS)
    if name == "internal_saving_share":
        return model.bundles.internal or row.id in _alone(model)
    if name in ("realisation_share", "coordination_loss_share", "cost_increase_share"):
        return row.saving_kind == "planned"
    if name in ("overrun_factor", "optimism_bias_share"):
        return any(getattr(row, part).support != (0.0, 0.0) for part in ONE_OFF_FIELDS)
    if name == "labour_share":
        return any(line.service == row.id and line.posts_fte is None for line in model.baseline)
    return True


def _alone(model: StudyModel) -> set[str]:
    """Services that a named arrangement or the first stage of a programme leaves to one council alone."""
    named = [item.service for item in model.arrangements if len(item.partners) == 1]
    named += [name for item in model.stages for name in item.services]
    members = {item.id: item.services for item in model.packages}
    return {service for name in named for service in members.get(name, (name,))}
