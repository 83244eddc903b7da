"""Staged programmes: what the first stage takes off a service before partners follow on (docs/model.md section 2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sharesim.appraisal.context import Context
from sharesim.appraisal.rates import service_rates
from sharesim.appraisal.staff import by_vacancies
from sharesim.appraisal.tables import Package, ServiceTables
from sharesim.appraisal.valuation import actual_start
from sharesim.appraisal.views import View


@dataclass(frozen=True)
class Left:
    """What the first stage of a programme has taken off one service, each (council, draw), 0 for councils without one.

    Parameters
    ----------
    cost_gbp : ndarray, GBP per year
        Below 0 where the first stage made it dearer.
    posts, empty : ndarray
        Posts removed, and those of them that were vacant.
    leavers_from : ndarray, years
        Full effect of the first stage: who left before has met its posts. The decision for the others.
    """

    cost_gbp: np.ndarray
    posts: np.ndarray
    empty: np.ndarray
    leavers_from: np.ndarray


def package_of(context: Context, index: int, *, all_funds: bool = False) -> Package:
    """Return a package's tables in a block of draws; those of follow-ons on the cost that their first stage left.

    Parameters
    ----------
    all_funds : bool
        Count every pound, whatever fund it falls on.
    """
    found = context.study.first_stage(index)
    if found is None:
        return Package.of(context, index, all_funds=all_funds)
    stage, council, base = found
    before = Package.of(context, base)
    view = View(np.array([[council]]), None, context.n_draws, {})
    years = context.study.years_since_start(context.study.model.stages[stage].first)
    start = actual_start(context, before, view, years)[0]
    left = [_left(context, tables, once, view, start) for tables, once in zip(before.tables, before.once, strict=True)]
    return Package.of(context, index, all_funds=all_funds, left=left)


def _left(context: Context, tables: ServiceTables, once: np.ndarray | None, view: View, start: np.ndarray) -> Left:
    """Return what a first stage takes off one service at full effect, cash and posts; time set free stays."""
    council, shape = int(view.councils[0, 0]), (len(tables.cost), context.n_draws)
    rates = service_rates(view, tables, saving_rule="own", structure=True)
    saving = rates.saving if once is None else rates.saving * (once if len(once) == 1 else view.council(once))
    cash = rates.numbers["cashable"] * saving - rates.extra_cost
    assert rates.removed is not None
    staff = view.rows(tables.staff)
    vacancies, _ = by_vacancies(rates.removed, staff["empty"], staff["unbudgeted_share"])

    def only(value: np.ndarray, others: float = 0.0) -> np.ndarray:
        result = np.full(shape, others)
        result[council] = np.broadcast_to(value, (1, 1, shape[1]))[0, 0]
        return result

    decision = context.fixed.decision_years
    full = np.maximum(start + rates.numbers["ramp"], decision)
    return Left(only(cash), only(rates.removed), only(vacancies), only(full, decision))


__all__ = ["Left", "package_of"]
