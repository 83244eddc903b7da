"""What a chunk of draws says of every council and service, worked out once before any bundle is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sharesim.appraisal.risks import elections_until, partner_hazard, strike_time, strikes_once
from sharesim.appraisal.staff import WEEKS_PER_YEAR, pension_age, profile_strain, profile_weeks, weekly_pay
from sharesim.appraisal.timing import Clock
from sharesim.appraisal.transition import residual_bias
from sharesim.study.priors import FORM_FACTS, WEEKLY_PAY_CAP_GBP, WORKFORCE_ASSUMED
from sharesim.study.study import Quantities, RiskEvent, Study

BIASED_LINES = ("team_gbp", "ict_gbp", "dual_running_gbp", "joining_gbp")


@dataclass(frozen=True)
class Fixed:
    """What is certain for a study, whatever is drawn.

    Parameters
    ----------
    study : Study
    cost_gbp, workload : ndarray, shape (council, service)
        Stated figures by which agreements divide; 0 where absent.
    stated : ndarray, shape (council,)
    weeks : ndarray, shape (council,)
        Expected statutory weeks of the council's workforce profile.
    bias : ndarray, shape (service,)
        Residual optimism bias.
    elections : ndarray, shape (council, year + 1)
        Elections passed, weighted by the chance that control changes.
    cap_years : ndarray, shape (council,)
        When the council is abolished, in years; inf for never.
    decision_years : float
    transfers, has_host : ndarray, shape (form,), bool
    strain_units : dict of int to ndarray, shape (council,)
        By calendar year: expected pension strain of a council's workforce, in units of a member with 20 years' service.
    """

    study: Study
    cost_gbp: np.ndarray
    workload: np.ndarray
    stated: np.ndarray
    weeks: np.ndarray
    bias: np.ndarray
    elections: np.ndarray
    cap_years: np.ndarray
    decision_years: float
    transfers: np.ndarray
    has_host: np.ndarray
    strain_units: dict[int, np.ndarray]

    @classmethod
    def of(cls, study: Study) -> Fixed:
        """Work out what is certain for a study."""
        model, present = study.model, study.present
        elections = [
            row.control_change_share * elections_until([int(year) for year in row.election_years], study.first_year, study.n_years)
            for row in model.councils
        ]
        day = model.study.decision
        entries = [model.forms.get(form) for form in FORM_FACTS]
        facts = [
            tuple(fact if entry is None or (said := getattr(entry, name)) is None else said for name, fact in zip(("transfers_terms", "has_host"), default, strict=True))
            for entry, default in zip(entries, FORM_FACTS.values(), strict=True)
        ]
        profiles = {row.workforce: profile_of(study, row.workforce) for row in model.councils}
        weeks = {name: profile_weeks(profile) for name, profile in profiles.items()}
        return cls(
            study,
            np.where(present, np.nan_to_num(study.numbers["baseline.cost_gbp"].base), 0.0),
            np.where(present, np.nan_to_num(study.numbers["baseline.workload"].base), 0.0),
            np.array([np.nan if row.stated_share is None else row.stated_share for row in model.councils]),
            np.array([weeks[row.workforce] for row in model.councils]),
            np.array([service_bias(study, service) for service in range(len(study.services))]),
            np.array(elections),
            np.array([np.inf if row.ends is None else max(0.0, study.years_since_start(row.ends)) for row in model.councils]),
            0.0 if day is None else study.years_since_start(day),
            np.array([fact[0] for fact in facts]),
            np.array([fact[1] for fact in facts]),
            _strain_units(study, profiles),
        )


def _strain_units(study: Study, profiles: dict[str | None, list]) -> dict[int, np.ndarray]:
    """Return the strain units of every council for each year of the horizon."""
    result, known = {}, {}
    for year in range(study.first_year, study.first_year + study.n_years):
        age = pension_age(year)
        if age not in known:
            units = {name: profile_strain(profile, year) for name, profile in profiles.items()}
            known[age] = np.array([units[row.workforce] for row in study.model.councils])
        result[year] = known[age]
    return result


def profile_of(study: Study, name: str | None) -> list[tuple[float, float, float, float, float]]:
    """Return a workforce profile as (age low, age high, service low, service high, share) cells."""
    if name is None:
        return list(WORKFORCE_ASSUMED)
    rows = [row for row in study.model.workforce if row.profile == name]
    return [(row.age_low, row.age_high, row.service_low, row.service_high, row.share) for row in rows]


def mean_of(study: Study, number: Quantities) -> float:
    """Return the expectation of one study number over its own distribution."""
    driver = int(number.driver)
    if driver < 0:
        return float(np.nan_to_num(number.base))
    return float(study.drivers[driver].distribution.mean * number.times)


def service_bias(study: Study, service: int) -> float:
    """Return a service's residual optimism bias on one-off cost (docs/model.md section 4)."""
    numbers = study.numbers
    bias = float(np.nan_to_num(numbers["services.optimism_bias_share"].base[service]))
    # Premises stay out: a receipt among them would shrink what the bias is a share of.
    lines = [numbers[f"services.{name}"][service] for name in BIASED_LINES]
    partners = 2.0  # joining is per partner; two is the least arrangement and the ratio hardly moves with it
    weight = [partners if name == "joining_gbp" else 1.0 for name in BIASED_LINES]
    planned = sum(w * float(np.nan_to_num(line.base)) for w, line in zip(weight, lines, strict=True))
    overrun = numbers["services.overrun_factor"][service]
    factor = 1.0 if np.isnan(overrun.base) else mean_of(study, overrun)
    expected = factor * sum(w * mean_of(study, line) for w, line in zip(weight, lines, strict=True))
    register = sum(
        _chance(study, event.row) * mean_of(study, numbers["risks.one_off_gbp"][event.row])
        for event in study.events.risks
        # What is already in the cost distributions has moved their mean and is not netted off a second time.
        if event.scope == "service" and event.target == (service,) and not study.model.risks[event.row].in_costs
    )
    return residual_bias(bias, planned, expected, register)


def _chance(study: Study, row: int) -> float:
    chance = mean_of(study, study.numbers["risks.probability"][row])
    return chance if study.model.risks[row].per == "once" else 1.0 - (1.0 - chance) ** study.n_years


@dataclass(frozen=True)
class Strike:
    """A register event in a chunk of draws: when it strikes and what it does then.

    Parameters
    ----------
    event : RiskEvent
    per_year : bool
    struck : ndarray, shape (draw,), bool
    time : ndarray, shape (draw,)
        inf where it does not strike.
    delay_years, saving_factor, one_off_gbp : ndarray, shape (draw,) or (1,)
    """

    event: RiskEvent
    per_year: bool
    struck: np.ndarray
    time: np.ndarray
    delay_years: np.ndarray
    saving_factor: np.ndarray
    one_off_gbp: np.ndarray


class Context:
    """One chunk of draws, seen by council and service.

    Parameters
    ----------
    fixed : Fixed
    values : ndarray, shape (driver, draw)
    """

    def __init__(self, fixed: Fixed, values: np.ndarray) -> None:
        self.fixed, self.values = fixed, values
        self.study = fixed.study
        self.n_draws = values.shape[1]
        self.horizon = float(fixed.study.n_years)
        self._numbers: dict[object, np.ndarray] = {}

    def number(self, path: str, index: object = ...) -> np.ndarray:
        """Return a study number in each draw, shape (..., draw) or (..., 1) when it is certain; read, never written to."""
        key = (path, repr(index))
        if key not in self._numbers:
            numbers = self.study.numbers[path]
            self._numbers[key] = (numbers if index is ... else numbers[index]).on(self.values)
        return self._numbers[key]

    def uniform(self, position: int) -> np.ndarray:
        """Return the uniform driver at a position, shape (draw,)."""
        return self.values[position]

    @cached_property
    def clock(self) -> Clock:
        """The council-value clock: 3.5% real or what the study says, and the growth of the services' cost."""
        discount = self.study.discount()
        return Clock.of(discount[:, None] * self.growth, discount)

    def year_clock(self, year: int) -> Clock:
        """The clock of one year's undiscounted real flows."""
        only = np.zeros(self.study.n_years)
        only[year] = 1.0
        return Clock.of(only[:, None] * self.growth, only)

    @cached_property
    def growth(self) -> np.ndarray:
        """Index of real cost by year, shape (year, draw or 1)."""
        rate = self.number("study.cost_growth_per_year")
        return (1.0 + rate)[None, :] ** np.arange(self.study.n_years)[:, None]

    @cached_property
    def strikes(self) -> tuple[Strike, ...]:
        """Every event of the register in this chunk."""
        return tuple(self._strike(event) for event in self.study.events.risks)

    def _strike(self, event: RiskEvent) -> Strike:
        row, per_year = event.row, self.study.model.risks[event.row].per == "year"
        uniform, chance = self.uniform(event.strike), self.number("risks.probability", row)
        time = strike_time(uniform, chance, per_year=per_year, horizon=self.horizon)
        struck = time < self.horizon if per_year else strikes_once(uniform, chance)
        cost = np.zeros(1) if self.study.model.risks[row].in_costs else self.number("risks.one_off_gbp", row)
        return Strike(
            event, per_year, struck, time, self.number("risks.delay_months", row) / 12.0, self.number("risks.saving_factor", row), cost
        )

    @cached_property
    def risk_exit(self) -> np.ndarray:
        """When the register makes each council leave, shape (council, draw or 1); inf for never."""
        leaving = [strike for strike in self.strikes if self.study.model.risks[strike.event.row].exit]
        if not leaving:
            return np.full((len(self.study.councils), 1), np.inf)
        result = np.full((len(self.study.councils), self.n_draws), np.inf)
        for strike in leaving:
            council = strike.event.target[0]
            result[council] = np.minimum(result[council], np.where(strike.struck, strike.time, np.inf))
        return result

    def patience(self, package: int) -> np.ndarray:
        """How much hazard each council bears before it leaves a package, unit exponential, shape (council, draw)."""
        at = self.study.events.exit[:, package]
        result = np.full((len(at), self.n_draws), np.inf)
        held = at >= 0
        result[held] = -np.log(self.values[at[held]])
        return result

    @cached_property
    def hazard_before(self) -> np.ndarray:
        return partner_hazard(self.number("exit.before_start_hazard_per_year"))

    @cached_property
    def hazard_after(self) -> np.ndarray:
        return partner_hazard(self.number("exit.hazard_per_year"))

    @cached_property
    def uplift(self) -> np.ndarray:
        """Extra hazard per election that certainly changes control, shape (draw or 1,)."""
        return np.nan_to_num(self.number("exit.control_change_uplift"))

    @cached_property
    def refused(self) -> dict[int, np.ndarray]:
        """For each gate that may refuse: whether each council does, shape (council, draw)."""
        result = {}
        for gate, row in enumerate(self.study.events.refusal):
            if (row >= 0).any():
                result[gate] = self.values[row] < self.number("gates.refusal", gate)
        return result

    def quality(self, service: int) -> np.ndarray:
        """What one council's sharing of a service adds to the weighted change of scored quality, shape (draw or 1,).

        change = sum w (after - before) / sum w before over the criteria; services weighted, and divided by the councils
        that have the service, so that the measure is 1 x the change when everybody shares everything that is scored.
        """
        model = self.study.model
        scored = {row.service for row in model.quality}
        total = sum(row.quality_weight for row in model.services if row.id in scored)
        rows = [at for at, row in enumerate(model.quality) if row.service == self.study.services.ids[service]]
        if not rows or total <= 0:
            return np.zeros(1)
        weight = np.array([model.quality[at].weight for at in rows])
        before = np.array([model.quality[at].before for at in rows])
        if weight @ before <= 0:
            return np.zeros(1)
        after = self.number("quality.after", np.array(rows))
        change = (weight[:, None] * (after - before[:, None])).sum(axis=0) / (weight @ before)
        return model.services[service].quality_weight / total / self.study.present[:, service].sum() * change

    def service(self, service: int) -> ServiceTables:
        """Return the tables of one service in this chunk."""
        return ServiceTables.of(self, service)


@dataclass(frozen=True)
class ServiceTables:
    """One service in one chunk; council tables are (council, draw or 1), the rest (draw or 1,).

    Costs are net of the retained client side, recharged overhead and savings already in the plan: what sharing can act on.
    """

    cost: np.ndarray
    overhead: np.ndarray
    posts: np.ndarray
    vacant: np.ndarray
    unbudgeted: np.ndarray
    pay: np.ndarray
    cost_per_post: np.ndarray
    workload: np.ndarray | None
    power: np.ndarray | None
    elasticity: np.ndarray
    line_rate_gain: np.ndarray | None
    bought_rate_gain: np.ndarray | None
    amount_per_partner: np.ndarray
    amount_per_partnership: np.ndarray
    posts_per_extra_partner: np.ndarray
    form_cost_per_post: np.ndarray
    internal_share: np.ndarray
    realisation: np.ndarray
    coordination_loss: np.ndarray
    increase_share: np.ndarray
    cashable: np.ndarray
    ramp: np.ndarray
    delay: np.ndarray
    posts_share: np.ndarray
    structure: np.ndarray
    overrun: np.ndarray
    by_pooled_cost: bool

    @classmethod
    def of(cls, context: Context, service: int) -> ServiceTables:
        """Work out the tables of one service."""
        row = context.study.model.services[service]

        def line(name: str) -> np.ndarray:
            return np.nan_to_num(context.number(f"baseline.{name}", (slice(None), service)))

        def own(name: str) -> np.ndarray:
            return np.nan_to_num(context.number(f"services.{name}", service))

        full = line("cost_gbp")
        cost = np.maximum(full * (1.0 - line("client_side_share") - line("overhead_share")) - line("planned_saving_gbp"), 0.0)
        pay, on_cost = _pay(context, service), context.number("staff.on_cost_share")
        cost_per_post = pay * (1.0 + on_cost)
        given = context.number("baseline.posts_fte", (slice(None), service))
        derived = cost * own("labour_share") / np.where(cost_per_post > 0, cost_per_post, np.inf)
        posts = np.where(np.isnan(given), derived, given)
        scale = not np.isnan(context.study.numbers["services.elasticity"].base[service])
        workload, power, elasticity = _scale(context, service, cost) if scale else (None, None, np.ones(1))
        on_line, bought = _rate_gains(context, service, cost)
        planned = row.saving_kind == "planned"
        post_cost = context.number("services.cost_per_post_gbp", service)
        return cls(
            cost=cost, overhead=full * line("overhead_share"), posts=posts, vacant=line("vacant_fte"),
            unbudgeted=line("unbudgeted_vacant_fte"), pay=pay, cost_per_post=cost_per_post, workload=workload, power=power,
            elasticity=elasticity, line_rate_gain=on_line, bought_rate_gain=bought,
            amount_per_partner=own("amount_per_partner_gbp"), amount_per_partnership=own("amount_per_partnership_gbp"),
            posts_per_extra_partner=own("posts_removed_per_extra_partner"),
            form_cost_per_post=np.where(np.isnan(post_cost), cost_per_post, post_cost), internal_share=own("internal_saving_share"),
            realisation=own("realisation_share") if planned else np.ones(1),
            coordination_loss=own("coordination_loss_share") if planned else np.zeros(1),
            increase_share=own("cost_increase_share") if planned else np.zeros(1), cashable=own("cashable_share"),
            ramp=own("ramp_years"), delay=own("delay_months") / 12.0, posts_share=own("posts_share"),
            structure=own("structure_share"), overrun=_overrun(context, service), by_pooled_cost=row.gain_by == "pooled_cost",
        )  # fmt: skip


def _pay(context: Context, service: int) -> np.ndarray:
    """Average pay of a post: the line's terms, else the council's, else the study's, shape (council, draw or 1)."""
    line = context.number("baseline.terms_gbp", (slice(None), service))
    council = context.number("councils.terms_gbp")
    return np.nan_to_num(np.where(np.isnan(line), np.where(np.isnan(council), context.number("staff.pay_gbp"), council), line))


def _scale(context: Context, service: int, cost: np.ndarray) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
    elasticity = context.number("services.elasticity", service)
    workload = context.number("baseline.workload", (slice(None), service))
    held = context.study.present[:, service]
    if np.isnan(workload[held]).any():
        return None, cost ** (1.0 / elasticity), elasticity
    workload = np.nan_to_num(workload)
    return workload, workload**elasticity * held[:, None], elasticity


def _rate_gains(context: Context, service: int, cost: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Gains of the share form: on the line itself (posts go with it) and on spend that is bought in (none do)."""
    rate = context.number("services.saving_rate_share", service)
    if np.isnan(rate).any():
        return None, None
    spend = context.number("baseline.addressable_gbp", (slice(None), service))
    given = ~np.isnan(spend)
    return (rate * np.where(given, 0.0, cost) if not given.all() else None), (rate * np.nan_to_num(spend) if given.any() else None)


def _overrun(context: Context, service: int) -> np.ndarray:
    factor = context.number("services.overrun_factor", service)
    return np.where(np.isnan(factor), 1.0, factor) * (1.0 + context.fixed.bias[service])


def exit_costs(context: Context, tables: ServiceTables, calendar_year: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return redundancy, pension strain and notice per exit, GBP, shape (council, draw or 1).

    Parameters
    ----------
    calendar_year : int
        Year in which the financial year of the planned start begins: the weekly cap and the pension age are of that year.
    """
    study, staff = context.study, context.study.model.staff
    caps = WEEKLY_PAY_CAP_GBP | staff.weekly_pay_cap_gbp
    # The last one set by then: a cap stands until the next.
    cap = caps[max((year for year in caps if year <= calendar_year), default=min(caps))] if staff.pay_is_capped else None
    factor = context.number("staff.exit_cost_factor")
    redundancy = context.fixed.weeks[:, None] * weekly_pay(tables.pay, cap) * context.number("staff.redundancy_multiple") * factor
    strain = context.fixed.strain_units[calendar_year][:, None] * tables.pay * context.number("staff.scheme_member_share") * context.number("staff.strain_multiple") * factor
    notice = tables.cost_per_post / WEEKS_PER_YEAR * context.number("staff.notice_weeks")
    return redundancy, strain, notice


__all__ = ["Context", "Fixed", "ServiceTables", "Strike", "exit_costs"]
