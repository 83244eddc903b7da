"""The compiled study: names, labelled arrays with units, and the drivers behind every uncertain number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from sharesim.display import record, shortened
from sharesim.study.labels import Labels
from sharesim.study.overrides import Change
from sharesim.study.schema import StudyModel
from sharesim.uncertainty.dependence import Dependence
from sharesim.uncertainty.draws import DriverSpec


@record
class Quantities:
    """An array of study numbers, each certain or following a driver.

    Parameters
    ----------
    base : ndarray, any shape
        The figure where it is certain; the central value where it is not; nan where the study has none.
    driver : ndarray of int32, same shape
        Position of the driver that it follows, -1 where it is certain.
    times : ndarray, same shape
        Factor on the driver's value.
    """

    base: np.ndarray
    driver: np.ndarray
    times: np.ndarray

    @property
    def is_certain(self) -> bool:
        return not (self.driver >= 0).any()

    def __getitem__(self, index: Any) -> Quantities:
        """Return a part of the array, driver and factor with it."""
        return Quantities(np.asarray(self.base[index]), np.asarray(self.driver[index]), np.asarray(self.times[index]))

    def on(self, values: np.ndarray) -> np.ndarray:
        """Return the numbers in each draw.

        Parameters
        ----------
        values : ndarray, shape (driver, draw)

        Returns
        -------
        ndarray, shape (..., draw), or (..., 1) when nothing here is uncertain
        """
        if self.is_certain:
            return self.base[..., None]
        result = np.empty((*self.base.shape, values.shape[-1]))
        result[...] = self.base[..., None]
        follows = self.driver >= 0
        result[follows] = values[self.driver[follows]] * self.times[follows][:, None]
        return result


@dataclass(frozen=True)
class Assumption:
    """Something that decides the answer, that the study does not say, and that was therefore assumed.

    Parameters
    ----------
    path : str
        What was assumed, such as ``services.cashable_share``.
    value : str
        The assumed distribution, as text.
    low, high : float
        The range whose effect is reported.
    unit, source, reasoning : str
    where : tuple of str
        The rows it was assumed for.
    """

    path: str
    value: str
    low: float
    high: float
    unit: str
    source: str
    reasoning: str
    where: tuple[str, ...]


@dataclass(frozen=True)
class Convention:
    """A setting that shapes the answer and that the study left as it is.

    Parameters
    ----------
    path : str
        The setting, such as ``split.saving``.
    value : str
        What is in force, as text.
    meaning : str
        What that means, in a sentence.
    where : tuple of str
        The rows that leave it open; empty for a setting of the whole study.
    """

    path: str
    value: str
    meaning: str
    where: tuple[str, ...]


@dataclass(frozen=True)
class RiskEvent:
    """One way in which a row of the register can strike.

    Parameters
    ----------
    row : int
        Position of the row in the register.
    scope : str
        ``programme``, ``service``, ``council`` or ``pair``.
    target : tuple of int
        Service or council index (two for a pair); empty for the programme.
    strike : int
        Position of the uniform driver that decides whether and when it strikes.
    """

    row: int
    scope: str
    target: tuple[int, ...]
    strike: int


@record
class Events:
    """Positions of the uniform drivers that decide what happens (not how large it is); -1 where there is none.

    Parameters
    ----------
    exit : ndarray, shape (council, package), int32
        A council's willingness to stay in arrangements for a package.
    refusal : ndarray, shape (gate, council), int32
    grant, clawback : ndarray, shape (grant,), int32
    risks : tuple of RiskEvent
    """

    exit: np.ndarray
    refusal: np.ndarray
    grant: np.ndarray
    clawback: np.ndarray
    risks: tuple[RiskEvent, ...]


@record
class Study:
    """A study ready to be appraised.

    Parameters
    ----------
    model : StudyModel
        What the files say, validated, overrides and the study's own defaults applied.
    councils, services, packages, forms : Labels
        Every service is a package of its own; named packages follow.
    package_services : tuple of tuple of int
        Services of each package.
    present : ndarray, shape (council, service), bool
        Whether the council has the service.
    numbers : mapping of str to Quantities
        Arrays by path: ``services.elasticity`` (service,), ``baseline.cost_gbp`` (council, service),
        ``councils.turnover_per_year`` (council,), ``staff.on_cost_share`` (), ``risks.probability`` (risk,) ...
    drivers : tuple of DriverSpec
    dependence : Dependence or None
    events : Events
    assumptions : tuple of Assumption
    changes : tuple of Change
    content_hash : str
        Hash of everything that can change the answer, seed and draw counts included.
    conventions : tuple of Convention
        Settings in force that the study did not give.
    stage_packages : tuple of (int, int)
        Position of the stage, and the package that its first stage is about, for each of the last packages: those of
        follow-ons in staged programmes.
    source : str
        Folder or file that it was read from, from the root; empty where it was read from none.
    scenario : str
        The scenario of its own that was taken.
    """

    model: StudyModel
    councils: Labels
    services: Labels
    packages: Labels
    forms: Labels
    package_services: tuple[tuple[int, ...], ...]
    present: np.ndarray
    numbers: Mapping[str, Quantities]
    drivers: tuple[DriverSpec, ...]
    dependence: Dependence | None
    events: Events
    assumptions: tuple[Assumption, ...]
    changes: tuple[Change, ...]
    content_hash: str
    conventions: tuple[Convention, ...] = ()
    stage_packages: tuple[tuple[int, int], ...] = ()
    source: str = ""
    scenario: str = ""

    def __repr__(self) -> str:
        about, rules = self.model.study, len(self.model.rules)
        return shortened(
            f"Study '{about.name}': {about.title}\n"
            f"  {len(self.councils)} councils, {len(self.services)} services, {about.horizon_years} years from {about.start}\n"
            f"  {len(self.drivers)} uncertain numbers and events, {len(self.assumptions)} numbers assumed, {rules} rules\n"
            f"  {len(self.changes)} changes, content {self.content_hash[:12]}"
        )

    def first_stage(self, package: int) -> tuple[int, int, int] | None:
        """Return stage, council and package of the first stage that a package's bundles follow; None for none."""
        at = package - len(self.packages) + len(self.stage_packages)
        if at < 0:
            return None
        stage, base = self.stage_packages[at]
        return stage, self.councils.index(self.model.stages[stage].council), base

    @property
    def n_years(self) -> int:
        return self.model.study.horizon_years

    @property
    def first_year(self) -> int:
        return self.model.study.start.year

    def years_since_start(self, day: date) -> float:
        """Return a date as years since the first day of the study (365.25 days each, whole years exact)."""
        start = self.model.study.start
        whole = day.year - start.year
        anniversary = start.replace(year=day.year)
        return whole + (day - anniversary).days / 365.25

    def discount(self) -> np.ndarray:
        """Return the discount factor of each year, shape (year,); year 0 is not discounted (Green Book)."""
        rate = self.model.study.discount_rate_per_year
        rates = np.zeros(self.n_years)
        if isinstance(rate, tuple):
            for step in sorted(rate, key=lambda step: step.from_year):
                rates[step.from_year :] = step.rate_per_year
        else:
            rates[:] = rate
        return np.concatenate([[1.0], np.cumprod(1.0 / (1.0 + rates[1:]))])

    def _repr_html_(self) -> str:
        from html import escape

        about = self.model.study
        counts = (
            f"{len(self.councils)} councils, {len(self.services)} services, {len(self.drivers)} drivers, "
            f"{len(self.model.rules)} rules; {about.horizon_years} years from {about.start.isoformat()}, "
            f"{escape(about.price_base)} prices, {len(self.assumptions)} assumptions"
        )
        return f"<p><strong>{escape(about.title)}</strong><br>{counts}</p>"
