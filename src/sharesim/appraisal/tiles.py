"""A tile: bundles of one package, one number of partners and one start, through a chunk of draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sharesim.appraisal.context import Context
from sharesim.appraisal.flows import (
    CASH_LINES,
    Attendance,
    Package,
    Plan,
    Stage,
    StaffCosts,
    actual_start,
    by_form,
    harmonisation_term,
    rates_of,
    risk_one_off,
    running_terms,
    saving_lines,
    staff_lines,
    staff_terms,
    transition_terms,
    variant_terms,
)
from sharesim.appraisal.lives import Life, live, picked
from sharesim.appraisal.rates import View
from sharesim.appraisal.shares import split_weights
from sharesim.appraisal.timing import Clock, flat_value

PURPOSES = ("one_off", "exit", "running", "saving", "overspend")


@dataclass(frozen=True)
class Tile:
    """Which bundles are worked out together.

    Parameters
    ----------
    package : int
    start_years : float
    councils : ndarray, shape (group, partner slot)
    group : ndarray, shape (bundle,)
        Position of each bundle's partners in `councils`.
    form : ndarray, shape (bundle,)
    host_share : ndarray, shape (bundle, partner slot)
    """

    package: int
    start_years: float
    councils: np.ndarray
    group: np.ndarray
    form: np.ndarray
    host_share: np.ndarray


#: Measures kept beside the NPV, each by bundle, partner slot and draw before it is averaged.
MEASURES = ("cashable_gbp", "non_cashable_gbp", "transition_gbp", "staff_gbp", "strain_gbp", "compulsory_exits", "voluntary_exits", "redeployments", "posts_removed", "started", "quality_change")


@dataclass(frozen=True)
class TileResult:
    """What a tile brings in a chunk.

    Parameters
    ----------
    lines : dict of str to ndarray, shape (bundle, partner slot, draw)
        Pounds by line, weighted by the clock; only when asked for by line.
    npv : ndarray, shape (bundle, partner slot, draw)
        Sum of the cash lines.
    measures : dict of str to ndarray, shape (bundle, partner slot, draw)
    """

    lines: dict[str, np.ndarray]
    npv: np.ndarray
    measures: dict[str, np.ndarray]


def tile_weights(context: Context, package: int, councils: np.ndarray) -> dict[str, np.ndarray]:
    """Return the split weights of each purpose, shape (group, partner slot)."""
    fixed, split = context.fixed, context.study.model.split
    services = list(context.study.package_services[package])
    cost, work = fixed.cost_gbp[:, services].sum(axis=1)[councils], fixed.workload[:, services].sum(axis=1)[councils]
    inside, stated = np.ones(councils.shape, bool), fixed.stated[councils]
    weights = {purpose: split_weights(getattr(split, purpose), cost, work, stated, inside) for purpose in PURPOSES}
    # What a partnership as such saves belongs to nobody, so even "each keeps its own" divides it.
    return weights | {"saving_pool": weights["saving"]}


class TileRun:
    """Works a tile through one chunk; rates and times once, lines for as many clocks as are asked for."""

    def __init__(self, context: Context, package: Package, tile: Tile) -> None:
        self.context, self.package, self.tile = context, package, tile
        self.plan = Plan.of(context.study, tile.start_years)
        self.view = View(tile.councils, None, tile_weights(context, tile.package, tile.councils))
        self.start = actual_start(context, package, self.view, self.plan)
        caps = np.minimum(context.fixed.cap_years[tile.councils], context.horizon)[..., None]
        self.stage = Stage(self.view, self.start, caps, rates_of(context, package, self.view, self.start))
        self.staff = staff_terms(context, package, self.view, self.stage.rates, self.plan)
        self._pick()

    def _pick(self) -> None:
        """Find the draws with a life of their own and follow them."""
        tile, patience = self.tile, self.context.patience(self.tile.package)
        special = picked(self.context, self.package, self.view, self.start, patience)
        special = np.broadcast_to(special, (len(tile.councils), self.context.n_draws))
        self.pair_row, self.pair_draw = np.nonzero(special[tile.group])
        group = tile.group[self.pair_row]
        start = np.broadcast_to(self.start, (len(tile.councils), 1, self.context.n_draws))[group, 0, self.pair_draw][None, :]
        weights = {purpose: weight[group].T for purpose, weight in self.view.weights.items()}
        self.flat = View(tile.councils[group].T, self.pair_draw, weights)
        self.flat_start, self.flat_host = start, tile.host_share[self.pair_row].T
        self.life: Life | None = None
        if len(self.pair_row):
            self.life = live(self.context, self.package, self.flat, start, self.flat_host, patience)
            self.flat_staff = staff_terms(self.context, self.package, self.life.stages[0].view, self.life.stages[0].rates, self.plan)

    # -- lines -------------------------------------------------------------------------------------------------------

    def lines(self, clock: Clock) -> dict[str, np.ndarray]:
        """Return pounds by line, each (bundle, partner slot, draw), General Fund share taken."""
        shape = (len(self.tile.group), self.view.n_slots, self.context.n_draws)
        gf = self.view.council(self.package.gf)
        dense = {name: line * gf for name, line in self._shared_lines(clock).items()}
        result = {name: np.broadcast_to(line, (len(self.tile.councils), *shape[1:]))[self.tile.group] for name, line in dense.items()}
        for name, line in self._variant_lines(clock).items():
            result[name] = (result[name] if name in result else 0.0) + np.broadcast_to(line * gf[self.tile.group], shape)
        if self.life is not None:
            flat_gf = self.flat.council(self.package.gf)
            for name, line in self._flat_lines(clock).items():
                result[name][self.pair_row, :, self.pair_draw] = np.broadcast_to(line * flat_gf, (shape[1], len(self.pair_row))).T
        return result

    def _shared_lines(self, clock: Clock) -> dict[str, np.ndarray]:
        """Lines that depend on services, partners and start only, for draws in which nobody leaves."""
        context, package = self.context, self.package
        lines = saving_lines(context, package, self.stage, self.start, clock)
        length = flat_value(clock, self.start, self.stage.end)
        lines |= {name: term * length for name, term in running_terms(context, package, self.stage).items()}
        spending = float(self.plan.spending @ clock.one_off)
        terms = transition_terms(context, package, self.view, self.start - self.plan.start_years, self.plan)
        lines |= {name: term * spending for name, term in terms.items()}
        lines["risk_one_off"] = risk_one_off(context, package, Attendance(self.view, self.start, None, self.stage.end), self.plan, clock)
        lines |= staff_lines(self.staff, self.plan, clock)
        lines["exit_cost"] = np.zeros(1)
        return lines

    def _variant_lines(self, clock: Clock) -> dict[str, np.ndarray]:
        """Lines that depend on host and form, by bundle."""
        context, package, tile = self.context, self.package, self.tile
        view = View(tile.councils[tile.group], None, {purpose: weight[tile.group] for purpose, weight in self.view.weights.items()})
        terms = variant_terms(context, package, view, tile.host_share[..., None], tile.form)
        start, end = self.start[tile.group] if len(self.start) > 1 else self.start, self.stage.end[tile.group]
        length = flat_value(clock, start, end)
        lines = {name: term * length for name, term in terms.items() if name != "stranded_overhead"}
        lines["stranded_overhead"] = terms["stranded_overhead"] * flat_value(clock, start, np.minimum(end, start + self._stranded_years()))
        drift = harmonisation_term(context, package, self.stage)
        if drift.any():
            transfers = context.fixed.transfers[tile.form][:, None, None]
            lines["harmonisation"] = np.broadcast_to(drift, (*tile.councils.shape, drift.shape[-1]))[tile.group] * length * transfers
        else:
            lines["harmonisation"] = np.zeros(1)
        lines["transition"] = -by_form(context, "forms.set_up_gbp", tile.form, view) * view.weight("one_off") * float(self.plan.spending @ clock.one_off)
        premium = context.study.model.split.host_premium_share
        if premium > 0:
            lines |= self._premium(clock, premium)
        return lines

    def _premium(self, clock: Clock, premium: float) -> dict[str, np.ndarray]:
        """Shift the host's premium of the savings: taken from all, given to hosts."""
        tile, lines = self.tile, {}
        for name in ("saving_cashable", "saving_non_cashable"):
            saving = saving_lines(self.context, self.package, self.stage, self.start, clock)[name]
            saving = np.broadcast_to(saving, (*tile.councils.shape, self.context.n_draws))[tile.group]
            lines[name] = _to_hosts(saving, tile.host_share[..., None], premium)
        return lines

    def _stranded_years(self) -> float:
        return max(self.context.study.model.services[service].stranded_years for service in self.package.services)

    def _flat_lines(self, clock: Clock) -> dict[str, np.ndarray]:
        """All lines of the picked-out draws, each (partner slot, pair)."""
        assert self.life is not None
        context, package, life, start = self.context, self.package, self.life, self.flat_start
        lines: dict[str, np.ndarray] = {}
        for stage in life.stages:
            for name, line in self._stage_lines(stage, clock).items():
                lines[name] = lines[name] + line if name in lines else line
        # Money is spent on planned dates, so only what is cancelled before the planned start saves the rest of it.
        early = life.cancelled_at < self.plan.start_years
        stays = np.where(early, np.nan_to_num(self.flat.scalar(context.number("costs.sunk_share"))), 1.0)
        spending = float(self.plan.spending @ clock.one_off)
        terms = transition_terms(context, package, self.flat, np.minimum(start, life.cancelled_at) - self.plan.start_years, self.plan)
        set_up = by_form(context, "forms.set_up_gbp", self.tile.form[self.pair_row], self.flat) * self.flat.weight("one_off")
        terms["transition"] = terms["transition"] - set_up
        lines |= {name: term * spending * stays for name, term in terms.items()}
        starts, ends = ~life.cancelled, np.minimum(context.fixed.cap_years[self.flat.councils], context.horizon)
        who = Attendance(life.stages[0].view, start, life.own_end, ends)
        lines["risk_one_off"] = risk_one_off(context, package, who, self.plan, clock) * starts
        # Pay once lifted stays lifted, whoever leaves later.
        lifted = harmonisation_term(context, package, life.stages[0]) * context.fixed.transfers[self.tile.form[self.pair_row]]
        lines["harmonisation"] = lifted * flat_value(clock, start, ends, self.pair_draw) * starts
        lines |= {name: line * starts for name, line in staff_lines(self.flat_staff, self.plan, clock).items()}
        lines["exit_cost"] = self._exit_cost(clock)
        return lines

    def _stage_lines(self, stage: Stage, clock: Clock) -> dict[str, np.ndarray]:
        context, package, start, draws = self.context, self.package, self.flat_start, self.pair_draw
        form = self.tile.form[self.pair_row]
        lines = saving_lines(context, package, stage, start, clock)
        premium = context.study.model.split.host_premium_share
        if premium > 0:
            hosts = self.flat_host * stage.view.active
            lines |= {name: lines[name] + _to_hosts(lines[name] + 0.0 * hosts, hosts, premium) for name in ("saving_cashable", "saving_non_cashable")}
        terms = running_terms(context, package, stage) | variant_terms(context, package, stage.view, self.flat_host, form)
        present = stage.view.active
        length = flat_value(clock, stage.begin, stage.end, draws) * present
        for name, term in terms.items():
            if name == "stranded_overhead":
                until = np.minimum(stage.end, start + self._stranded_years())
                lines[name] = term * flat_value(clock, stage.begin, until, draws) * present
            else:
                lines[name] = term * length
        return lines

    def _exit_cost(self, clock: Clock) -> np.ndarray:
        """What it costs those who are out before their time to take the service back."""
        assert self.life is not None
        share = np.nan_to_num(self.flat.scalar(self.context.number("exit.cost_share")))
        cost = sum(self.flat.council(tables.cost) for tables in self.package.tables)
        own = -share * cost * self.life.left * clock.when(self.life.own_end)
        if self.context.study.model.split.exit == "own":
            return own
        first, out = self.life.stages[0].view, self.life.own_end
        ends = np.minimum(self.context.fixed.cap_years[self.flat.councils], self.context.horizon)
        total: np.ndarray = np.zeros(1)
        for cost, leaver in zip(own, out, strict=True):
            # An exit is paid by those who are in until then; who left earlier has settled already.
            there = first.among(first.active * (out >= leaver))
            total = total + cost * there.weight("exit") * (leaver < ends)
        return total

    # -- measures ----------------------------------------------------------------------------------------------------

    def result(self, clock: Clock, *, by_line: bool = False) -> TileResult:
        """Return NPV and measures of the tile's bundles in this chunk."""
        lines = self.lines(clock)
        shape = (len(self.tile.group), self.view.n_slots, self.context.n_draws)
        npv = np.zeros(shape)
        for name in CASH_LINES:
            if name in lines:
                npv += lines[name]
        return TileResult(lines if by_line else {}, npv, self.measures(lines))

    def measures(self, lines: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return what is kept beside the NPV, each (bundle, partner slot, draw)."""
        shape = (len(self.tile.group), self.view.n_slots, self.context.n_draws)
        gf = np.broadcast_to(self.view.council(self.package.gf), (len(self.tile.councils), *shape[1:]))[self.tile.group]
        spent = self.context.clock
        spending = float(self.plan.spending @ spent.one_off)
        transition = sum(lines[name] for name in ("transition", "joining", "officers", "delay_cost")) / (spending if spending else 1.0)
        result = {
            "cashable_gbp": lines["saving_cashable"] + lines["extra_cost"],
            "non_cashable_gbp": lines["saving_non_cashable"],
            "transition_gbp": -transition,
            "started": np.ones(shape),
        }
        staff = {
            "staff_gbp": lambda costs: -(costs.redundancy + costs.notice), "strain_gbp": lambda costs: -costs.pension_strain,
            "compulsory_exits": lambda costs: costs.compulsory, "voluntary_exits": lambda costs: costs.voluntary,
            "redeployments": lambda costs: costs.redeployed, "posts_removed": lambda costs: costs.removed,
        }  # fmt: skip
        for name, pick in staff.items():
            full = np.broadcast_to(pick(self.staff), (len(self.tile.councils), *shape[1:]))[self.tile.group]
            result[name] = full * gf if name.endswith("_gbp") else full.copy()
        if self.life is not None:
            self._flat_measures(result, staff)
        change = sum(self.context.quality(service) for service in self.package.services)
        result["quality_change"] = result["started"] * change
        return result

    def _flat_measures(self, result: dict[str, np.ndarray], staff: dict) -> None:
        assert self.life is not None
        starts = ~self.life.cancelled
        gf = self.flat.council(self.package.gf)
        shape = (self.view.n_slots, len(self.pair_row))
        result["started"][self.pair_row, :, self.pair_draw] = np.broadcast_to(starts, shape).T
        for name, pick in staff.items():
            value = pick(self.flat_staff) * starts * (gf if name.endswith("_gbp") else 1.0)
            result[name][self.pair_row, :, self.pair_draw] = np.broadcast_to(value, shape).T


def _to_hosts(saving: np.ndarray, host_share: np.ndarray, premium: float) -> np.ndarray:
    """Return what the host's premium moves: away from every partner, to the hosts; sums to zero."""
    hosted = host_share.sum(axis=-2, keepdims=True)
    there = hosted > 0
    return np.where(there, premium * (saving.sum(axis=-2, keepdims=True) * host_share / np.where(there, hosted, 1.0) - saving), 0.0)


__all__ = ["MEASURES", "StaffCosts", "Tile", "TileResult", "TileRun"]
