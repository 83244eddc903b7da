"""What a set of partners gains and pays, whenever it starts: worked out once for each set and put to every start."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sharesim.appraisal import flows
from sharesim.appraisal.context import Context
from sharesim.appraisal.flows import Terms
from sharesim.appraisal.rates import Rows, ServiceRates
from sharesim.appraisal.tables import Package
from sharesim.appraisal.valuation import Factors, holds, quarrels
from sharesim.appraisal.views import View


@dataclass(frozen=True)
class OneOff:
    """What partners pay once, before its dates.

    Parameters
    ----------
    transition, delay : Terms
        Whoever hosts and in whatever form; the cost of a year's delay.
    set_up : dict of int to Terms
        By form.
    """

    transition: Terms
    delay: Terms
    set_up: dict[int, Terms]


class Partnership:
    """The terms of the partners in a view, worked out when they are first asked for.

    Parameters
    ----------
    context : Context
    package : Package
    view : View
    structure : bool
        Whether posts removed are wanted: where the arrangement starts with these partners.
    rates : tuple of ServiceRates, optional
        Rates of every service, where they are known.
    """

    def __init__(
        self, context: Context, package: Package, view: View, *, structure: bool,
        rates: tuple[ServiceRates, ...] | None = None,
    ) -> None:  # fmt: skip
        self.context, self.package, self.view, self.structure = context, package, view, structure
        self._rates = rates
        self._kept: dict[object, Terms] = {}

    @cached_property
    def rows(self) -> Rows:
        """What the package's councils pay a year."""
        return self.view.rows(self.package.yearly)

    @cached_property
    def fund(self) -> Rows:
        """Share of the General Fund, where not all of it is."""
        if self.package.fund is None or "rows" in self.__dict__:
            return self.rows if self.package.fund is not None else {}
        return {"fund": self.view.council(self.package.fund)}

    @cached_property
    def rates(self) -> tuple[ServiceRates, ...]:
        """Rates of every service."""
        if self._rates is not None:
            return self._rates
        return flows.rates_of(self.context, self.package, self.view, structure=self.structure)

    def starting(self, keep: np.ndarray) -> Partnership:
        """Return the partners of some cells as those who start together there.

        Parameters
        ----------
        keep : ndarray, shape (cell,), bool
        """
        known = all(rate.removed is not None for rate in self.rates)
        rates = tuple(rate.some(keep) for rate in self.rates) if known else None
        return Partnership(self.context, self.package, self.view.some(keep), structure=True, rates=rates)

    def one_off(self, forms: tuple[int, ...]) -> OneOff:
        """Return what is paid once."""
        return OneOff(self.transition, self.delay, {form: self.set_up(form) for form in forms})

    @cached_property
    def saving(self) -> tuple[np.ndarray, ...]:
        """Yearly saving of every service at full effect, with what struck it for good, not yet cut to the fund."""
        quarrel = quarrels(self.context, self.view.among(None))
        result = []
        for rate, once in zip(self.rates, self.package.once, strict=True):
            saving = rate.saving
            if once is not None:
                saving = saving * (self.view.scalar(once[0]) if len(once) == 1 else self.view.council(once))
            result.append(saving if quarrel is None else saving * quarrel)
        return tuple(result)

    @cached_property
    def fund_saving(self) -> tuple[np.ndarray, ...]:
        """The same, as far as it falls on the General Fund."""
        return tuple(flows.to_fund(self.rows, saving) for saving in self.saving)

    @cached_property
    def running(self) -> Terms:
        """Yearly flows that depend on neither host nor form."""
        return flows.running_terms(self.view, self.rows, self.rates)

    @cached_property
    def extra_cost(self) -> Terms:
        """Yearly extra cost, negative."""
        return flows.extra_cost(self.rows, self.rates)

    @cached_property
    def stranded(self) -> Terms:
        """Yearly overhead that stays for a while with those whose service is provided elsewhere."""
        return flows.stranded_terms(self.view, self.rows)

    def guest(self, *, hosted: bool) -> Terms:
        """Return yearly flows of those whose service is provided elsewhere."""
        return self._once(("guest", hosted), lambda: flows.guest_terms(self.view, self.rows, hosted=hosted))

    def host(self, pattern: bytes, slot: int) -> Terms:
        """Return yearly flows of a host.

        Parameters
        ----------
        pattern : bytes
            Shares hosted by each partner, as an array of float64.
        slot : int
        """
        shares = np.frombuffer(pattern)[:, None]
        return self._once(("host", pattern, slot), lambda: flows.host_terms(self.view, self.rows, shares, slot))

    def form(self, form: int) -> Terms:
        """Return the yearly flows of a form."""
        return self._once(("form", form), lambda: flows.form_terms(self.context, self.view, self.rows, form))

    def set_up(self, form: int) -> Terms:
        """Return the one-off cost of a form."""
        return self._once(("set up", form), lambda: flows.set_up_terms(self.context, self.view, self.fund, form))

    def _once(self, key: object, make) -> Terms:
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    @cached_property
    def transition(self) -> Terms:
        """One-off cost, whoever hosts and in whatever form."""
        return flows.transition_terms(self.package, self.view, self.fund)

    @cached_property
    def receipts(self) -> Terms:
        """What premises bring once the arrangement has started."""
        return flows.receipts_terms(self.package, self.view, self.fund)

    @cached_property
    def delay(self) -> Terms:
        """Cost of a year's delay."""
        return flows.delay_terms(self.package, self.view, self.fund)

    @cached_property
    def drift(self) -> Terms:
        """Yearly cost of lifting pay, were terms to transfer."""
        return flows.drift_terms(self.context, self.package, self.view, self.fund, self.rates)

    @cached_property
    def leaving(self) -> Rows:
        """What leaving costs, and the share of the General Fund."""
        return {"exit_cost": self.view.row(self.package.leaving, "exit_cost"), **self.fund}

    @cached_property
    def everybody_out(self) -> Terms:
        """What all who are in pay together when the arrangement ends."""
        return flows.exit_terms(self.context, self.view, self.leaving, None)

    @cached_property
    def factors(self) -> tuple[Factors, ...]:
        """What strikes the savings of every service in the course of time."""
        signed = self.view.among(None)
        return tuple(Factors.of(self.context, service, signed) for service in self.package.services)

    @cached_property
    def overspend(self) -> np.ndarray:
        """How those who are in share what nobody planned, as far as it falls on the General Fund, negative."""
        return -flows.to_fund(self.fund, self.view.weight("overspend"))

    def risk_costs(self, *, per_year: bool) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return what the register's service and pair events cost once: amount, and when or whether, by cell.

        Returns
        -------
        list of (amount, time or struck)
            Amount in GBP, 0 where it does not concern those who are in; the time in years, or 1 where it struck.
        """
        found = []
        for strikes in self.context.strikes:
            if strikes.scope not in ("service", "pair") or strikes.per_year != per_year or not strikes.costs:
                continue
            for at, target in enumerate(strikes.targets):
                both: np.ndarray | None = None
                if strikes.scope == "service":
                    if target[0] not in self.package.services:
                        continue
                elif not (both := holds(self.view, target, active=True)).any():
                    continue
                row = strikes.time[at] if per_year else strikes.struck[at].astype(float)
                amount = self.view.scalar(strikes.one_off_gbp)
                found.append((amount if both is None else amount * both, self.view.scalar(row)))
        return found


__all__ = ["Partnership"]
