"""What a package costs once, by kind, as it turns out and as planned (docs/model.md section 4)."""

from __future__ import annotations

import numpy as np

from sharesim.appraisal.context import Context
from sharesim.appraisal.service_tables import ServiceTables

POOLED = ("team_gbp", "ict_gbp", "dual_running_gbp", "premises_gbp")
KINDS = ("actual", "joining", "officers", "monthly", "receipts", "alone", "alone_receipts")


def one_off_costs(
    context: Context, services: tuple[int, ...], tables: tuple[ServiceTables, ...]
) -> tuple[dict[str, np.ndarray], float]:
    """Return what a package costs once by kind (`KINDS`), GBP, each (draw or 1,), and what was planned of it."""
    totals: dict[str, np.ndarray] = dict.fromkeys(KINDS, np.zeros(1))
    planned, centre = 0.0, context.study.numbers
    for service, table in zip(services, tables, strict=True):
        parts = _parts(context, service, table)
        totals = {name: total + parts[name] for name, total in totals.items()}
        planned += sum(max(float(centre[f"services.{name}"].base[service]), 0.0) for name in POOLED)
    return totals, planned


def _parts(context: Context, service: int, table: ServiceTables) -> dict[str, np.ndarray]:
    team, ict, dual, premises = (context.number(f"services.{name}", service) for name in POOLED)
    joining, days, monthly, alone = (
        context.number(f"services.{name}", service)
        for name in ("joining_gbp", "officer_days", "delay_cost_gbp_per_month", "internal_one_off_gbp")
    )
    # Premises overrun as the rest does; a receipt does not grow with it, nor come before they are given up.
    actual, receipts = (team + ict + dual + np.maximum(premises, 0.0)) * table.overrun, np.maximum(-premises, 0.0)
    stated = not np.isnan(alone).any()
    return {
        "actual": actual,
        "receipts": receipts,
        "joining": joining * table.overrun,
        "officers": days * np.nan_to_num(context.number("staff.officer_day_gbp")),
        "monthly": monthly,
        "alone": alone * table.overrun if stated else actual,
        "alone_receipts": np.zeros(1) if stated else receipts,
    }


__all__ = ["KINDS", "one_off_costs"]
