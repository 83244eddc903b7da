"""From rates and times to pounds by line: the same formulas for the NPV and for one year's account.

Signs: what a council gains is positive, what it pays is negative. Arrays are (..., partner slot, draw).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sharesim.appraisal.context import Context, ServiceTables, Strike, exit_costs
from sharesim.appraisal.rates import ServiceRates, StaffPolicy, View, service_rates
from sharesim.appraisal.timing import Clock, flat_value, instalments, planned_years, ramp_value
from sharesim.appraisal.transition import host_fee_gbp, stranded_gbp
from sharesim.study.study import Study

#: Lines that count in the NPV, in the order of reports.
CASH_LINES = (
    "saving_cashable", "extra_cost", "harmonisation", "governance", "vehicle", "client_side", "cost_sharing", "host_fee",
    "stranded_overhead", "vat", "transition", "joining", "officers", "delay_cost", "risk_one_off", "redundancy", "pension_strain", "notice", "exit_cost",
)  # fmt: skip
ONE_OFF_LINES = ("transition", "joining", "officers", "delay_cost", "risk_one_off", "redundancy", "pension_strain", "notice")


@dataclass(frozen=True)
class Package:
    """A package in one chunk: its services' tables and what they cost to set up.

    Parameters
    ----------
    index : int
    services : tuple of int
    tables : tuple of ServiceTables
    gf : ndarray, shape (council, draw or 1)
        Share of the package's cost that falls on the General Fund.
    """

    index: int
    services: tuple[int, ...]
    tables: tuple[ServiceTables, ...]
    gf: np.ndarray

    @classmethod
    def of(cls, context: Context, index: int) -> Package:
        """Work out a package's tables in a chunk."""
        services = context.study.package_services[index]
        base = context.fixed.cost_gbp[:, list(services)]
        total = base.sum(axis=1, keepdims=True)
        weight = np.where(total > 0, base / np.where(total > 0, total, 1.0), 1.0 / len(services))
        shares = [np.nan_to_num(context.number("baseline.gf_share", (slice(None), service)), nan=1.0) for service in services]
        gf = sum(weight[:, at, None] * share for at, share in enumerate(shares))
        return cls(index, services, tuple(context.service(service) for service in services), np.asarray(gf))


@dataclass(frozen=True)
class Plan:
    """What was planned for a start: dates that do not slip.

    Parameters
    ----------
    start_years : float
    spending : ndarray, shape (year,)
        Shares of one-off cost by year.
    strain : ndarray, shape (year,)
        Shares of pension strain by year.
    """

    start_years: float
    spending: np.ndarray
    strain: np.ndarray

    @classmethod
    def of(cls, study: Study, start_years: float) -> Plan:
        """Return the planned dates of a start."""
        costs, n_years = study.model.costs, study.n_years
        return cls(
            start_years,
            planned_years(start_years, costs.lead_years, costs.profile, n_years),
            instalments(start_years, study.model.staff.strain_years, n_years),
        )

    def staff_year(self, n_years: int) -> int:
        """The year in which redundancy is paid."""
        return min(int(self.start_years), n_years - 1)


@dataclass(frozen=True)
class Stage:
    """A stretch of an arrangement's life with the same partners in.

    Parameters
    ----------
    view : View
    begin, end : ndarray
        Years; broadcastable to (..., partner slot, draw). An end before the begin is no time at all.
    rates : tuple of ServiceRates
        One for each service of the package.
    """

    view: View
    begin: np.ndarray
    end: np.ndarray
    rates: tuple[ServiceRates, ...]


def policy(context: Context, view: View, lead_years: np.ndarray) -> StaffPolicy:
    """Return how posts are met, given the years between decision and full effect."""
    turnover = view.council(context.number("councils.turnover_per_year"))
    # Of those in post at the decision; who has left cannot leave again.
    leaving = 1.0 - (1.0 - turnover) ** np.maximum(lead_years, 0.0)
    return StaffPolicy(leaving, context.number("staff.redeployment_share"), context.number("staff.voluntary_share"))


def rates_of(context: Context, package: Package, view: View, start: np.ndarray) -> tuple[ServiceRates, ...]:
    """Return the rates of every service of a package for the partners in a view."""
    rule = context.study.model.split.saving
    return tuple(
        service_rates(view, tables, policy(context, view, start + view.scalar(tables.ramp) - context.fixed.decision_years), saving_rule=rule)
        for tables in package.tables
    )


# -- when ------------------------------------------------------------------------------------------------------------


def actual_start(context: Context, package: Package, view: View, plan: Plan) -> np.ndarray:
    """Return when the arrangement starts, years, shape (..., 1, draw): plan + gate waits + delays (model section 1)."""
    services = {context.study.services.ids[service] for service in package.services}
    wait: np.ndarray = np.full(1, plan.start_years)
    for gate, row in enumerate(context.study.model.gates):
        if not row.services or services & set(row.services):
            wait = wait + context.number("gates.wait_months", gate) / 12.0
    delay = package.tables[0].delay
    for tables in package.tables[1:]:
        delay = np.maximum(delay, tables.delay)
    start = view.scalar(wait + delay)
    start = start + np.zeros((len(view.councils), 1, 1)) if view.draws is None else start + np.zeros(len(view.draws))
    for strikes in _by_row(context.strikes):
        if strikes[0].delay_years.any():
            start = start + _row_delay(package, view, plan, strikes)
    return start


def _by_row(strikes: Sequence[Strike]) -> Iterator[list[Strike]]:
    rows: dict[int, list[Strike]] = {}
    for strike in strikes:
        rows.setdefault(strike.event.row, []).append(strike)
    yield from rows.values()


def _row_delay(package: Package, view: View, plan: Plan, strikes: list[Strike]) -> np.ndarray:
    """Delay from one row of the register: what it strikes at the same time delays by the longest, not the sum."""
    longest: np.ndarray = np.zeros(1)
    for strike in strikes:
        hit = strike.struck & ((strike.time < plan.start_years) if strike.per_year else True)
        here = view.scalar(np.where(hit, strike.delay_years, 0.0)) * touches(package, view, strike)
        longest = np.maximum(longest, here)
    return longest.max(axis=-2, keepdims=True)


def touches(package: Package, view: View, strike: Strike, service: int | None = None) -> np.ndarray:
    """Return 1 where a strike concerns a partner of the bundle, shape (..., partner slot or 1, 1) or flat alike."""
    scope, target = strike.event.scope, strike.event.target
    axis = 1 if view.draws is None else 0
    if scope == "programme":
        return np.ones((1, 1))
    if scope == "service":
        return np.full((1, 1), float(target[0] in package.services if service is None else target[0] == service))
    if scope == "council":
        hit = view.councils == target[0]
    else:
        inside = True if view.active is None else view.active > 0
        both = ((view.councils == target[0]) & inside).any(axis=axis) & ((view.councils == target[1]) & inside).any(axis=axis)
        hit = np.expand_dims(both, axis)
    return hit.astype(float)[..., None] if view.draws is None else hit.astype(float)


# -- savings and what they cost to run -------------------------------------------------------------------------------


def saving_lines(context: Context, package: Package, stage: Stage, start: np.ndarray, clock: Clock) -> dict[str, np.ndarray]:
    """Return cashable and non-cashable savings of a stage."""
    view, draws = stage.view, stage.view.draws
    lines: dict[str, np.ndarray] = {"saving_cashable": np.zeros(1), "saving_non_cashable": np.zeros(1)}
    for service, tables, rates in zip(package.services, package.tables, stage.rates, strict=True):
        ramp = view.scalar(tables.ramp)
        plain = ramp_value(clock, start, ramp, stage.end, draws)
        if stage.begin is not start:
            plain = plain - ramp_value(clock, start, ramp, np.minimum(stage.begin, stage.end), draws)
        saving = rates.saving * (_struck_value(context, package, stage, start, ramp, clock, service, plain))
        cashable = view.scalar(tables.cashable)
        lines["saving_cashable"] = lines["saving_cashable"] + cashable * saving
        lines["saving_non_cashable"] = lines["saving_non_cashable"] + (1.0 - cashable) * saving
    return lines


def _struck_value(
    context: Context, package: Package, stage: Stage, start: np.ndarray, ramp: np.ndarray, clock: Clock, service: int, plain: np.ndarray
) -> np.ndarray:  # fmt: skip
    """Return the value of 1 a year with the register's factors on savings: at once, or from the strike on."""
    view = stage.view
    once: np.ndarray = np.ones(1)
    later: list[tuple[np.ndarray, np.ndarray]] = []
    for strike in context.strikes:
        if (strike.saving_factor == 1.0).all():
            continue
        # A quarrel between two who signed outlasts the one who leaves first.
        here = touches(package, view.among(None), strike, service)
        if not here.any():
            continue
        factor = view.scalar(strike.saving_factor)
        if strike.per_year:
            later.append((np.where(here > 0, view.scalar(strike.time), np.inf), factor))
        else:
            once = once * (1.0 + here * view.scalar(strike.struck.astype(float)) * (factor - 1.0))
    if not later:
        return once * plain
    return once * _with_later_factors(plain, later, stage, start, ramp, clock)


def _with_later_factors(
    plain: np.ndarray, later: list[tuple[np.ndarray, np.ndarray]], stage: Stage, start: np.ndarray, ramp: np.ndarray, clock: Clock
) -> np.ndarray:
    """Add up the stretches between strikes, each with the product of the factors struck before it."""
    draws, horizon = stage.view.draws, float(clock.n_years)
    shape = np.broadcast_shapes(*(part.shape for pair in later for part in pair), plain.shape)
    times = np.stack([np.broadcast_to(time, shape) for time, _ in later])
    factors = np.stack([np.broadcast_to(factor, shape) for _, factor in later])
    order = np.argsort(times, axis=0, kind="stable")
    times, factors = np.take_along_axis(times, order, axis=0), np.cumprod(np.take_along_axis(factors, order, axis=0), axis=0)
    total, before = plain, np.ones(1)
    end = np.minimum(stage.end, horizon)
    to_end = ramp_value(clock, start, ramp, end, draws)
    for time, product in zip(times, factors, strict=True):
        since = np.clip(np.maximum(time, stage.begin), 0.0, np.maximum(end, 0.0))
        total = total + (product - before) * (to_end - ramp_value(clock, start, ramp, since, draws))
        before = product
    return total


def running_terms(context: Context, package: Package, stage: Stage) -> dict[str, np.ndarray]:
    """Return yearly flows of a stage that no host or form changes; they come in full at once, whatever savings do."""
    view, shape = stage.view, np.zeros_like(stage.view.council(package.tables[0].cost))
    present = 1.0 if view.active is None else view.active
    # One council alone has nobody to govern with.
    governance = -view.scalar(context.number("costs.governance_gbp_per_partner")) * present if view.n_slots > 1 else 0.0
    return {
        "governance": governance + shape,
        "extra_cost": -sum((rates.extra_cost for rates in stage.rates), shape),
        "cost_sharing": sum((rates.cost_sharing for rates in stage.rates), shape),
    }


def harmonisation_term(context: Context, package: Package, stage: Stage) -> np.ndarray:
    """Return the yearly cost of lifting pay to the best terms of those in, were terms to transfer."""
    view, drift = stage.view, np.zeros(1)
    for tables, rates in zip(package.tables, stage.rates, strict=True):
        pay = view.council(tables.pay)
        if (tables.pay == tables.pay[:1]).all():
            continue
        gap = pay.max(axis=-2, keepdims=True) - pay
        gap = gap if view.active is None else gap * view.active
        drift = drift - rates.remaining * gap * view.scalar(
            (1.0 + context.number("staff.on_cost_share")) * context.number("staff.harmonisation_share")
        )
    return drift


def variant_terms(context: Context, package: Package, view: View, host_share: np.ndarray, form: np.ndarray) -> dict[str, np.ndarray]:
    """Return yearly costs that depend on host and form, and the overhead stranded for a while.

    Parameters
    ----------
    host_share : ndarray, shape (..., partner slot, draw or 1)
    form : ndarray of int, shape (...,) dense or (pair,) flat
    """
    cost = sum(view.council(tables.cost) for tables in package.tables)
    is_host = host_share > 0
    # A company or private partner is a provider outside the council as much as a host elsewhere is.
    elsewhere = ~is_host if view.n_slots > 1 else np.zeros_like(is_host)
    yearly, vat = (by_form(context, name, form, view) for name in ("forms.yearly_gbp", "forms.vat_share"))
    lines = {"vehicle": -yearly * view.weight("running"), "vat": -vat * cost}
    client, fee, stranded = np.zeros(1), np.zeros(1), np.zeros(1)
    present = 1.0 if view.active is None else view.active
    for service, tables in zip(package.services, package.tables, strict=True):
        client = client - view.scalar(context.number("services.client_gbp_per_year", service)) * elsewhere * present
        share = context.number("services.host_fee_share", service)
        if share.any():
            fee = fee - host_fee_gbp(view.scalar(share), view.council(tables.cost), host_share * present)
        left = context.number("services.stranded_share", service)
        if left.any():
            stranded = stranded - stranded_gbp(view.scalar(left), view.council(tables.overhead), elsewhere)
    return lines | {"client_side": client, "host_fee": fee, "stranded_overhead": stranded}


def by_form(context: Context, path: str, form: np.ndarray, view: View) -> np.ndarray:
    """Return a number of the form, shaped to go with partner slot and draw."""
    table = context.number(path)
    if view.draws is None:
        return table[form][:, None, :]
    return (table[form, 0] if table.shape[1] == 1 else table[form, view.draws])[None, :]


# -- one-off ---------------------------------------------------------------------------------------------------------


def transition_terms(context: Context, package: Package, view: View, delay_years: np.ndarray, plan: Plan) -> dict[str, np.ndarray]:
    """Return one-off costs, undiscounted and before their profile over years."""
    actual, planned, joining, officers, monthly = (np.zeros(1) for _ in range(5))
    for service, tables in zip(package.services, package.tables, strict=True):
        number = lambda name, at=service: context.number(f"services.{name}", at)  # noqa: E731
        over = number("team_gbp") + number("ict_gbp") + number("dual_running_gbp")
        premises = number("premises_gbp")
        # Premises overrun as the rest does; a receipt does not grow with it.
        actual = actual + (over + np.maximum(premises, 0.0)) * tables.overrun + np.minimum(premises, 0.0)
        centre = context.study.numbers
        planned = planned + sum(float(centre[f"services.{name}"].base[service]) for name in ("team_gbp", "ict_gbp", "dual_running_gbp", "premises_gbp"))
        joining = joining + (number("joining_gbp") * tables.overrun if view.n_slots > 1 else np.zeros(1))
        officers = officers + number("officer_days") * np.nan_to_num(context.number("staff.officer_day_gbp"))
        monthly = monthly + number("delay_cost_gbp_per_month")
    one_off, over_rule = view.weight("one_off"), view.weight("overspend")
    return {
        "transition": -(over_rule * view.scalar(actual) + (one_off - over_rule) * view.scalar(planned)),
        "joining": -view.scalar(joining),
        "officers": -view.scalar(officers),
        "delay_cost": -over_rule * view.scalar(monthly) * 12.0 * np.maximum(delay_years, 0.0),
    }


@dataclass(frozen=True)
class Attendance:
    """Who is in an arrangement when.

    Parameters
    ----------
    view : View
        Those who are in at the start.
    start : ndarray
        Years.
    out : ndarray, shape (partner slot, pair), or None when nobody leaves
        When each partner was out; before the start for those who never were in.
    ends : ndarray
        When the councils are abolished, or the horizon.
    """

    view: View
    start: np.ndarray
    out: np.ndarray | None
    ends: np.ndarray

    def at(self, time: np.ndarray) -> View:
        """Return the view of those who are in at a time."""
        return self.view if self.out is None else self.view.among((self.out > time).astype(float))


def risk_one_off(context: Context, package: Package, who: Attendance, plan: Plan, clock: Clock) -> np.ndarray:
    """Return one-off costs of the register's service and pair events, weighted by the clock, paid by those who are in."""
    total: np.ndarray = np.zeros(1)
    for strike in context.strikes:
        if strike.event.scope not in ("service", "pair") or not strike.one_off_gbp.any():
            continue
        if not touches(package, who.view, strike).any():
            continue
        if strike.per_year:
            time = who.view.scalar(strike.time)
            now, weight = who.at(time), clock.when(time) * ((time >= who.start) & (time < who.ends))
        else:
            now, weight = who.view, who.view.scalar(strike.struck * clock.one_off[plan.staff_year(clock.n_years)])
        total = total - now.weight("overspend") * touches(package, now, strike) * now.scalar(strike.one_off_gbp) * weight
    return total


@dataclass(frozen=True)
class StaffCosts:
    """One-off cost of exits, undiscounted, and how many there are, each (..., partner slot, draw)."""

    redundancy: np.ndarray
    pension_strain: np.ndarray
    notice: np.ndarray
    voluntary: np.ndarray
    compulsory: np.ndarray
    redeployed: np.ndarray
    removed: np.ndarray


def staff_terms(context: Context, package: Package, view: View, rates: Sequence[ServiceRates], plan: Plan) -> StaffCosts:
    """Return exits and their cost for the structure that is implemented at the start."""
    totals = [np.zeros(1) for _ in range(7)]
    year = context.study.first_year + plan.staff_year(context.study.n_years)
    for tables, rate in zip(package.tables, rates, strict=True):
        per_redundancy, per_strain, per_notice = (view.council(table) for table in exit_costs(context, tables, year))
        leave = rate.staff.voluntary + rate.staff.compulsory
        parts = (
            -leave * per_redundancy, -leave * per_strain, -rate.staff.compulsory * per_notice, rate.staff.voluntary,
            rate.staff.compulsory, rate.staff.redeployed, rate.staff.removed,
        )  # fmt: skip
        totals = [total + part for total, part in zip(totals, parts, strict=True)]
    return StaffCosts(*totals)


def staff_lines(costs: StaffCosts, plan: Plan, clock: Clock) -> dict[str, np.ndarray]:
    """Return the cost of exits weighted by the clock: on planned dates, strain in instalments."""
    when = clock.one_off[plan.staff_year(clock.n_years)]
    strain = float(plan.strain @ clock.one_off)
    return {"redundancy": costs.redundancy * when, "pension_strain": costs.pension_strain * strain, "notice": costs.notice * when}


__all__ = [
    "CASH_LINES", "ONE_OFF_LINES", "Attendance", "Package", "Plan", "Stage", "StaffCosts", "actual_start", "by_form", "flat_value",
    "harmonisation_term", "rates_of", "risk_one_off", "running_terms", "saving_lines", "staff_lines", "staff_terms", "touches", "transition_terms", "variant_terms",
]  # fmt: skip
