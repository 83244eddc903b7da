"""Predictions for one arrangement from general evidence, its own figures left out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sharesim.display import record
from sharesim.measures import percentile_of
from sharesim.study.priors_evidence import cases_in, hazard, hazard_of, law, realisation, realised_rate
from sharesim.study.priors_sizes import COST_SPREAD, cost_per_head, lines_in, price_factor, residents
from sharesim.study.study import Study
from sharesim.uncertainty.distributions import lognormal, uniform
from sharesim.uncertainty.sample import sample
from sharesim.workflow.backtest.bases import Partner, Places, partners_of, stated_base
from sharesim.workflow.backtest.table import Arrangement, claim_in

FIGURES = ("planned saving a year", "realised saving a year", "one-off cost", "years lived")


@record
class Prediction:
    """A published figure beside the simulated one.

    Parameters
    ----------
    id, figure : str
        The arrangement, and one of `FIGURES`.
    published : float
        GBP, or years.
    draws : ndarray (draw,)
        What was simulated.
    basis : str
        What the prediction rests on.
    left_out : tuple of str
        Cases whose own figures were left out.
    """

    id: str
    figure: str
    published: float
    draws: np.ndarray
    basis: str
    left_out: tuple[str, ...]

    @property
    def percentile(self) -> float:
        """Where the published figure lies among the simulated ones, 0 to 100."""
        return float(percentile_of(self.draws, self.published))


@dataclass(frozen=True)
class NotPredicted:
    """A figure that is not predicted, and why."""

    id: str
    figure: str
    why: str


@record
class Life:
    """The chance that an arrangement had ended by the year of observation, by draw, and whether it had."""

    id: str
    chance: np.ndarray
    ended: bool


@record
class Settings:
    """How to predict: draws, seed, the year that the register's writer could see, and what is known besides."""

    draws: int
    seed: int
    as_of: int
    studies: tuple[Study, ...] = ()
    places: Places | None = None


class _Row:
    """One arrangement: its drivers drawn when first asked for."""

    def __init__(self, row: Arrangement, settings: Settings) -> None:
        self.row, self.settings = row, settings
        self.without = cases_in(f"{row.id} {row.texts['partners']}")
        self.partners = partners_of(row, settings.places)
        self.lines = lines_in(row.texts["services"])
        self.stated = stated_base(row, self.partners, settings.studies)

    def draw(self, laws: dict[str, Any]) -> dict[str, np.ndarray]:
        """Return draws by name; the hazard's stream is common to all rows, everything else the row's own."""
        named = {name if name == "hazard" else f"{self.row.id}.{name}": value for name, value in laws.items()}
        drawn = sample(named, draws=self.settings.draws, seed=self.settings.seed)
        return {name: drawn[key] for name, key in zip(laws, named, strict=True)}

    def base(self) -> tuple[dict[str, np.ndarray], str] | str:
        """Return yearly cost by service family, GBP of the start year, and its basis; or why there is none."""
        money = self.row.money
        if self.stated is not None:
            fixed = {family: np.full(self.settings.draws, cost) for family, cost in self.stated.by_family.items()}
            return fixed, f"costs in the study {self.stated.study}"
        estimated = self._estimated()
        if "base_cost_gbp" in money:
            if isinstance(estimated, str):
                return {"support": np.full(self.settings.draws, money["base_cost_gbp"])}, "its stated base cost"
            total = sum(estimated.values())
            scaled = {family: money["base_cost_gbp"] * cost / total for family, cost in estimated.items()}
            return scaled, "its stated base cost"
        if isinstance(estimated, str):
            return estimated
        return estimated, "names of partners and services"

    def _estimated(self) -> dict[str, np.ndarray] | str:
        if not self.lines:
            got = self.row.texts["services"][:60]
            return f"no known service in {got!r}" if got else "no services are named"
        if not self.partners and "population" not in self.row.money:
            return "neither partners nor their number are given"
        laws: dict[str, Any] = {"cost": lognormal(mean=math.exp(COST_SPREAD**2 / 2), sd=_sd(COST_SPREAD))}
        people = self._people_laws()
        drawn = self.draw({**laws, **{name: value for name, (value, _) in people.items()}})
        factor = drawn["cost"] * price_factor(self.row.start or self.settings.as_of)
        found: dict[str, np.ndarray] = {}
        for line in self.lines:
            cost = sum(drawn[name] * cost_per_head(line, partner.kind) for name, (_, partner) in people.items())
            found[line.family] = found.get(line.family, 0.0) + factor * cost
        found = {family: cost for family, cost in found.items() if cost.max() > 0}
        return found or "its partners do not run these services"

    def _people_laws(self) -> dict[str, tuple[Any, Partner]]:
        total = self.row.money.get("population")
        if total is not None:
            many = self.partners or (Partner("not named", "unknown"),)
            return {
                f"people.{at}": (lognormal(mean=max(total / len(many), 1.0), sd=0.01 * max(total / len(many), 1.0)), p)
                for at, p in enumerate(many)
            }
        return {
            f"people.{at}": (
                lognormal(mean=partner.residents, sd=0.05 * partner.residents)
                if partner.residents
                else residents(partner.kind),
                partner,
            )
            for at, partner in enumerate(self.partners)
        }

    def planned(self) -> tuple[np.ndarray, str] | str:
        """Return what a plan would promise a year, and on what basis; or why it cannot be said."""
        base = self.base()
        if isinstance(base, str):
            return base
        costs, basis = base
        rates = self.draw({f"rate.{family}": law(f"planned_rate.{family}", self.without) for family in costs})
        return sum(costs[family] * rates[f"rate.{family}"] for family in costs), basis

    def realised(self) -> tuple[np.ndarray, str] | str:
        """Return what comes out a year: from its own plan where there is one, else from costs and realised rates."""
        share = self.draw({"realisation": realisation(self.without)})["realisation"]
        plan = self.row.money.get("planned_annual_saving_gbp")
        if plan is not None:
            return plan * share, "its own plan"
        base = self.base()
        if isinstance(base, str):
            return base
        costs, basis = base
        direct = {family for family in costs if family in ("support", "tax")}
        laws = {f"realised.{family}": realised_rate(family) for family in direct}
        laws |= {
            f"rate.{family}": law(f"planned_rate.{family}", self.without) for family in costs if family not in direct
        }
        drawn = self.draw(laws)
        parts = [
            costs[family] * (drawn[f"realised.{family}"] if family in direct else drawn[f"rate.{family}"] * share)
            for family in costs
        ]
        return sum(parts), basis

    def one_off(self) -> tuple[np.ndarray, str] | str:
        """Return what the change costs once."""
        ratio = self.draw({"one_off": law("one_off_to_saving", self.without)})["one_off"]
        plan = self.row.money.get("planned_annual_saving_gbp")
        if plan is not None:
            return plan * ratio, "its own plan"
        planned = self.planned()
        return planned if isinstance(planned, str) else (planned[0] * ratio, planned[1])

    def life(self) -> tuple[np.ndarray, np.ndarray] | str:
        """Return years lived given that it ended by the year of observation, and the chance that it had ended."""
        if self.row.start is None:
            return "no start year"
        # The whole of the last year was seen.
        window = float(self.settings.as_of + 1 - self.row.start)
        if window <= 0:
            return f"it begins in {self.row.start}, after what the register could see ({self.settings.as_of})"
        drawn = self.draw({"hazard": hazard(self.without), "life": uniform(0, 1)})
        n_partners = len(self.partners) or 2
        rate = -np.log1p(-np.array([hazard_of(h, n_partners) for h in drawn["hazard"]]))
        chance = -np.expm1(-rate * window)
        return -np.log1p(-drawn["life"] * chance) / rate, chance


def _sd(spread: float) -> float:
    return math.exp(spread**2 / 2) * math.sqrt(math.expm1(spread**2))


def predict(rows: Iterable[Arrangement], settings: Settings) -> tuple[list[Prediction], list[NotPredicted], list[Life]]:
    """Predict every figure that a register publishes, each arrangement's own figures left out of its priors.

    Returns
    -------
    predictions : list of Prediction
    missing : list of NotPredicted
    lives : list of Life
        For the count of endings.
    """
    predictions: list[Prediction] = []
    missing: list[NotPredicted] = []
    lives: list[Life] = []
    for row in rows:
        found = _Row(row, settings)
        for figure, value, simulate in (
            (FIGURES[0], _published(row, "planned_annual_saving_gbp", "planned_other"), found.planned),
            (FIGURES[1], _published(row, "realised_annual_saving_gbp", "realised_claim"), found.realised),
            (FIGURES[2], row.money.get("one_off_cost_gbp", "not published"), found.one_off),
        ):
            _add(predictions, missing, found, (figure, value, simulate))
        _add_life(predictions, missing, lives, found)
    return predictions, missing, lives


def _published(row: Arrangement, column: str, words: str) -> float | str:
    if column in row.money:
        return row.money[column]
    if not row.texts[words]:
        return "not published"
    value, why = claim_in(row.texts[words])
    return value if value is not None else f"only in words, and {why}; put the figure into {column}"


def _add(
    predictions: list[Prediction],
    missing: list[NotPredicted],
    found: _Row,
    asked: tuple[str, float | str, Callable[[], tuple[np.ndarray, str] | str]],
) -> None:
    figure, value, simulate = asked
    if isinstance(value, str):
        missing.append(NotPredicted(found.row.id, figure, value))
        return
    simulated = simulate()
    if isinstance(simulated, str):
        missing.append(NotPredicted(found.row.id, figure, simulated))
    else:
        predictions.append(Prediction(found.row.id, figure, value, simulated[0], simulated[1], found.without))


def _add_life(predictions: list[Prediction], missing: list[NotPredicted], lives: list[Life], found: _Row) -> None:
    row, simulated = found.row, found.life()
    if isinstance(simulated, str) or row.ended is None:
        why = simulated if isinstance(simulated, str) else "whether it still runs is not said"
        missing.append(NotPredicted(row.id, FIGURES[3], why))
        return
    assert row.start is not None  # without it `life` says why there is none
    years, chance = simulated
    ended = row.ended and not (row.end is not None and row.end > found.settings.as_of)
    lives.append(Life(row.id, chance, ended))
    if not row.ended:
        missing.append(NotPredicted(row.id, FIGURES[3], "still running; counted among the endings below"))
    elif row.end is None:
        missing.append(NotPredicted(row.id, FIGURES[3], "ended, but in which year is not said"))
    elif row.end > found.settings.as_of:
        missing.append(NotPredicted(row.id, FIGURES[3], f"ends after {found.settings.as_of}, the year of observation"))
    else:
        # Years are whole: half a year stands for an end in the year of the start.
        lived = max(float(row.end - row.start), 0.5)
        basis = f"that it had ended by {found.settings.as_of}"
        predictions.append(Prediction(row.id, FIGURES[3], lived, years, basis, found.without))


__all__ = ["FIGURES", "Life", "NotPredicted", "Prediction", "Settings", "predict"]
