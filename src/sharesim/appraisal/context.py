"""What a chunk of draws says of every council and service, worked out once before any bundle is looked at."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from sharesim.appraisal.register import Strikes, strikes_of
from sharesim.appraisal.risks import elections_until, partner_hazard
from sharesim.appraisal.staff import pension_age, profile_strain, profile_weeks
from sharesim.appraisal.timing import Clock
from sharesim.appraisal.transition import residual_bias
from sharesim.display import record
from sharesim.study.priors import FORM_FACTS, WORKFORCE_ASSUMED
from sharesim.study.schema import Form
from sharesim.study.study import Quantities, Study

BIASED_LINES = ("team_gbp", "ict_gbp", "dual_running_gbp", "joining_gbp")


@record
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
            row.control_change_share
            * elections_until([int(year) for year in row.election_years], study.first_year, study.n_years)
            for row in model.councils
        ]
        day = model.study.decision
        stated: dict[str, Form] = dict(model.forms.items())
        entries = [stated.get(form) for form in FORM_FACTS]
        facts = [
            tuple(
                fact if entry is None or (said := getattr(entry, name)) is None else said
                for name, fact in zip(("transfers_terms", "has_host"), default, strict=True)
            )
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
            np.array(
                [np.inf if row.ends is None else max(0.0, study.years_since_start(row.ends)) for row in model.councils]
            ),
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
        self._last: tuple[object, object, Any] = (None, None, None)
        self._patience: tuple[int, np.ndarray] | None = None

    def remembered(self, key: object, owner: object, make: Callable[[], Any]) -> Any:
        """Return what was made last under this key, or make it; the owner is held so that its identity stays its
        own."""
        if self._last[0] != key:
            self._last = (key, owner, make())
        return self._last[2]

    def forget(self) -> None:
        """Let go of what is remembered: it holds this context in turn, and would stay until it is swept up."""
        self._last = (None, None, None)

    def number(self, path: str, index: object = ...) -> np.ndarray:
        """Return a study number in each draw, shape (..., draw) or (..., 1) when it is certain; read, never written
        to."""
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
        result = np.repeat((1.0 + rate)[None, :], self.study.n_years, axis=0)
        result[0] = 1.0
        # Year by year, and not by numpy's power: with years cast to floats in its buffer, that squares or raises a row
        # by how many draws there are, and so the last bit of the third year depended on the block.
        return np.multiply.accumulate(result, axis=0)

    @cached_property
    def strikes(self) -> tuple[Strikes, ...]:
        """The rows of the register in these draws."""
        return strikes_of(self.study, self.values, self.number)

    @cached_property
    def risk_exit(self) -> np.ndarray | None:
        """When the register makes each council leave, shape (council, draw), inf for never; None where it never
        does."""
        n_councils, result = len(self.study.councils), None
        for strikes in self.strikes:
            if strikes.exit:
                time = strikes.by_council(np.where(strikes.struck, strikes.time, np.inf), n_councils, np.inf)
                result = time if result is None else np.minimum(result, time)
        return result

    def patience(self, package: int) -> np.ndarray:
        """How much hazard each council bears before it leaves a package, unit exponential, shape (council, draw)."""
        if self._patience is None or self._patience[0] != package:
            at = self.study.events.exit[:, package]
            result = np.full((len(at), self.n_draws), np.inf)
            held = at >= 0
            result[held] = -np.log(self.values[at[held]])
            self._patience = package, result
        return self._patience[1]

    @cached_property
    def hazard_before(self) -> np.ndarray:
        return partner_hazard(self.number("exit.before_start_hazard_per_year"))

    @cached_property
    def hazard_after(self) -> np.ndarray:
        return partner_hazard(self.number("exit.hazard_per_year"))

    @cached_property
    def log_staying(self) -> np.ndarray | None:
        """Logarithm of the share of staff who stay a year, shape (council, draw or 1); None where nobody ever
        leaves."""
        turnover = self.number("councils.turnover_per_year")
        return np.log(np.maximum(1.0 - turnover, 1e-300)) if turnover.any() else None

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


__all__ = ["BIASED_LINES", "Context", "Fixed", "mean_of", "profile_of", "service_bias"]
