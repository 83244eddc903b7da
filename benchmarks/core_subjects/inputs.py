"""What depends on drivers and councils, not on bundles, packed for the plain loop and the compiled kernel.

The library's own tables serve all three subjects, so that each starts from the same factoring out of shared work and
the comparison is about bundles. The subjects know the study of `benchmarks.core_study`: one service a bundle, its four
kinds of event, costs divided by base cost, each council keeping its own saving.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sharesim.appraisal.context import Context
from sharesim.appraisal.flows import Plan
from sharesim.appraisal.register import Strikes
from sharesim.appraisal.sheets import MEASURES
from sharesim.appraisal.tables import Package
from sharesim.appraisal.tiles import tile_weights
from sharesim.bundles.table import BundleTable

#: By council and draw. `pooled` is what is added up before the power of scale, `apart` what it is held against.
BY_COUNCIL = (
    "cost",
    "pooled",
    "apart",
    "posts",
    "posts_per_pound",
    "empty",
    "unbudgeted",
    "filled",
    "pay",
    "governance",
    "client",
    "fee",
    "stranded",
    "taxed",
    "fund",
    "exit_cost",
    "once",
    "log_staying",
    "patience",
    "walks",
    "refuses",
    "will",
)
#: By start, council and draw.
BY_START = ("redundancy", "strain", "notice")
#: By draw.
BY_DRAW = (
    "elasticity",
    "factor",
    "loss",
    "increase",
    "cashable",
    "ramp",
    "posts_share",
    "actual",
    "joining",
    "officers",
    "monthly",
    "receipts",
    "wait",
    "will_delay",
    "event",
    "fails",
    "fails_factor",
    "fails_gbp",
    "before",
    "after",
    "uplift",
    "notice_years",
    "redeployment",
    "voluntary",
    "sunk",
    "lift",
)
#: By form and draw.
BY_FORM = ("yearly", "set_up", "vat")
#: Sums over draws that every subject gives, by bundle and partner.
SUMS = ("npv", *MEASURES)


@dataclass(frozen=True)
class Inputs:
    """Tables of one service in a block of draws.

    Parameters
    ----------
    council : ndarray, shape (BY_COUNCIL, council, draw)
    start : ndarray, shape (BY_START, start, council, draw)
    draw : ndarray, shape (BY_DRAW, draw)
    form : ndarray, shape (BY_FORM, form, draw)
    cumulative, area, yearly : ndarray, shape (year, draw)
        The clock's integrals and weights.
    one_off : ndarray, shape (year,)
    elections : ndarray, shape (council, year + 1)
    transfers : ndarray, shape (form,), bool
    plan, outlay : ndarray, shape (start,) and (3, start)
        Planned starts, and weights of transition, redundancy and strain.
    limits : ndarray
        Partners without whom an arrangement ends, years that overhead stays, years from now to the decision.
    """

    council: np.ndarray
    start: np.ndarray
    draw: np.ndarray
    form: np.ndarray
    cumulative: np.ndarray
    area: np.ndarray
    yearly: np.ndarray
    one_off: np.ndarray
    elections: np.ndarray
    transfers: np.ndarray
    plan: np.ndarray
    outlay: np.ndarray
    limits: np.ndarray

    @classmethod
    def of(cls, context: Context, package: Package, starts: np.ndarray, n_draws: int) -> Inputs:
        """Pack a package's tables, the first so many draws of them."""
        study = context.study
        shape = (len(study.councils), n_draws)
        council = _stack(_by_council(context, package), BY_COUNCIL, shape)
        draw = _stack(_by_draw(context, package), BY_DRAW, shape[1:])
        plans = [Plan.of(study, float(start)) for start in starts]
        years = [plan.staff_year(study.n_years) for plan in plans]
        exits = [package.exits_in(context, 0, study.first_year + year) for year in years]
        start = np.stack([np.stack([table[name][:, :n_draws] for table in exits]) for name in BY_START])
        forms = {
            name: context.number(f"forms.{full}")
            for name, full in zip(BY_FORM, ("yearly_gbp", "set_up_gbp", "vat_share"), strict=True)
        }
        clock = context.clock
        outlay = [
            [plan.spending @ clock.one_off, clock.one_off[year], plan.strain @ clock.one_off]
            for plan, year in zip(plans, years, strict=True)
        ]
        limits = [
            study.model.exit.smallest_partners,
            study.model.services[package.services[0]].stranded_years,
            context.fixed.decision_years,
        ]
        return cls(
            council,
            start,
            draw,
            _stack(forms, BY_FORM, (context.fixed.transfers.size, shape[1])),
            *(_wide(part, n_draws) for part in (clock.cumulative, clock.area, clock.yearly)),
            clock.one_off,
            context.fixed.elections,
            context.fixed.transfers,
            np.array(starts, float),
            np.array(outlay).T.copy(),
            np.array(limits, float),
        )


def _stack(parts: dict[str, np.ndarray], names: tuple[str, ...], shape: tuple[int, ...]) -> np.ndarray:
    result = np.empty((len(names), *shape))
    for row, name in zip(result, names, strict=True):
        row[...] = parts[name][..., : shape[-1]]
    return result


def _wide(values: np.ndarray, n_draws: int) -> np.ndarray:
    return np.ascontiguousarray(np.broadcast_to(values[:, :n_draws], (len(values), n_draws)))


def _strikes(context: Context, name: str) -> Strikes:
    return next(strikes for strikes in context.strikes if context.study.model.risks[strikes.row].id == name)


def _by_council(context: Context, package: Package) -> dict[str, np.ndarray]:
    service, n_councils = package.tables[0], len(context.study.councils)
    rates, staff = service.rates, service.staff
    by_work = "workload" in rates
    will, walks = (_strikes(context, name) for name in ("will", "leaves"))
    parts = {name: package.yearly[name] for name in ("governance", "client", "fee", "stranded", "fund")}
    return parts | {
        "cost": rates["cost"],
        "pooled": rates["workload" if by_work else "power"],
        "apart": rates["power" if by_work else "cost"],
        "posts": rates["posts"],
        "posts_per_pound": rates["posts_per_pound"],
        "empty": rates["empty"],
        "unbudgeted": rates["unbudgeted_share"],
        "filled": staff["filled"],
        "pay": staff["pay"],
        "taxed": package.yearly["cost"],
        "exit_cost": package.leaving["exit_cost"],
        "once": package.once[0],
        "log_staying": context.log_staying,
        "patience": context.patience(package.index),
        "refuses": context.refused[0],
        "walks": walks.by_council(np.where(walks.struck, walks.time, np.inf), n_councils, np.inf),
        "will": will.by_council(will.struck, n_councils, False),
    }


def _by_draw(context: Context, package: Package) -> dict[str, np.ndarray]:
    service = package.services[0]
    will, people, systems = (_strikes(context, name) for name in ("will", "people", "systems"))
    struck = people.struck[people.position((service,))]
    names = ("elasticity", "factor", "loss", "increase", "cashable", "ramp", "posts_share")
    numbers = {name: package.tables[0].numbers[name] for name in names}
    shares = {name: context.number(f"staff.{name}_share") for name in ("redeployment", "voluntary")}
    return (
        numbers
        | shares
        | {name: package.one_off[name] for name in ("actual", "joining", "officers", "monthly", "receipts")}
        | {
            "wait": package.delay + context.number("gates.wait_months", 0) / 12.0 + struck * people.delay_years,
            "will_delay": will.delay_years,
            "event": struck * people.one_off_gbp,
            "fails": systems.time[systems.position((service,))],
            "fails_factor": systems.saving_factor,
            "fails_gbp": systems.one_off_gbp,
            "before": context.hazard_before,
            "after": context.hazard_after,
            "uplift": context.uplift,
            "notice_years": context.number("exit.notice_months") / 12.0,
            "sunk": np.nan_to_num(context.number("costs.sunk_share")),
            "lift": (1.0 + context.number("staff.on_cost_share")) * context.number("staff.harmonisation_share"),
        }
    )


@dataclass(frozen=True)
class Bundles:
    """The bundles of one service and one number of partners, those of one group and start side by side.

    Parameters
    ----------
    rows : ndarray of int, shape (bundle,)
        Rows of the table, in this order.
    members : ndarray of int, shape (group, partner slot)
    weight : ndarray, shape (group, partner slot)
        Share of cost that is divided by base cost.
    span : ndarray of int, shape (group, start + 1)
        Where the bundles of each group and start begin.
    host, form : ndarray of int, shape (bundle,)
        Slot of the host, -1 for nobody; position of the form.
    """

    rows: np.ndarray
    members: np.ndarray
    weight: np.ndarray
    span: np.ndarray
    host: np.ndarray
    form: np.ndarray


def bundles_of(context: Context, table: BundleTable, starts: np.ndarray) -> list[tuple[int, Bundles]]:
    """Return the bundles of a table by service, and by number of partners."""
    result = []
    for package in np.unique(table.package):
        for n_slots in np.unique(table.n_partners[table.package == package]):
            rows = np.flatnonzero((table.package == package) & (table.n_partners == n_slots))
            at = np.searchsorted(starts, table.start_years[rows])
            rows = rows[np.lexsort((table.form[rows], at, table.group[rows]))]
            at = np.searchsorted(starts, table.start_years[rows])
            groups, group = np.unique(table.group[rows], return_inverse=True)
            edges = np.searchsorted(group * len(starts) + at, np.arange(len(groups) * len(starts) + 1))
            span = np.stack(
                [edges[number * len(starts) : (number + 1) * len(starts) + 1] for number in range(len(groups))]
            )
            members = table.groups.partners[groups, :n_slots]
            shares = table.host_share[rows]
            host = np.where(shares.any(axis=1), shares.argmax(axis=1), -1)
            weight = tile_weights(context, int(package), members)["one_off"]
            result.append((int(package), Bundles(rows, members, weight, span, host, table.form[rows].astype(np.int64))))
    return result
