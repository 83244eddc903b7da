"""What a set of partners gains and pays, whenever it starts: worked out once for each set and put to every start."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from sharesim.appraisal import flows
from sharesim.appraisal.context import Context
from sharesim.appraisal.flows import Terms
from sharesim.appraisal.rates import ServiceRates
from sharesim.appraisal.tables import Package
from sharesim.appraisal.valuation import Factors, holds
from sharesim.appraisal.views import View


class Partnership:
    """The terms of the partners in a view, worked out when they are first asked for.

    Parameters
    ----------
    context : Context
    package : Package
    view : View
    patterns : ndarray, shape (pattern, partner slot)
        Ways in which the hosting is shared out.
    structure : bool
        Whether posts removed are wanted: where the arrangement starts with these partners.
    """

    def __init__(self, context: Context, package: Package, view: View, patterns: np.ndarray, *, structure: bool) -> None:
        self.context, self.package, self.view, self.patterns = context, package, view, patterns[..., None]
        self.structure = structure
        self._forms: dict[tuple[str, int], Terms] = {}

    @cached_property
    def rates(self) -> tuple[ServiceRates, ...]:
        """Rates of every service."""
        return flows.rates_of(self.context, self.package, self.view, structure=self.structure)

    @cached_property
    def saving(self) -> tuple[np.ndarray, ...]:
        """Yearly saving of every service at full effect, as far as it falls on the General Fund."""
        return tuple(flows.to_fund(self.package, self.view, rate.saving) for rate in self.rates)

    @cached_property
    def running(self) -> Terms:
        """Yearly flows that depend on neither host nor form."""
        return flows.running_terms(self.package, self.view, self.rates)

    @cached_property
    def extra_cost(self) -> Terms:
        """Yearly extra cost, negative."""
        return {"extra_cost": flows.extra_cost(self.package, self.view, self.rates)}

    @cached_property
    def host(self) -> list[Terms]:
        """Yearly flows of each host pattern."""
        return [flows.host_terms(self.package, self.view, pattern) for pattern in self.patterns]

    @cached_property
    def stranded(self) -> list[Terms]:
        """Yearly overhead left behind in each host pattern."""
        terms = [flows.stranded_term(self.package, self.view, pattern) for pattern in self.patterns]
        return [{} if term is None else {"stranded_overhead": term} for term in terms]

    def form(self, form: int) -> Terms:
        """Return the yearly flows of a form."""
        key = ("yearly", form)
        if key not in self._forms:
            self._forms[key] = flows.form_terms(self.context, self.package, self.view, form)
        return self._forms[key]

    def set_up(self, form: int) -> Terms:
        """Return the one-off cost of a form."""
        key = ("once", form)
        if key not in self._forms:
            term = flows.set_up_term(self.context, self.package, self.view, form)
            self._forms[key] = {} if term is None else {"transition": term}
        return self._forms[key]

    @cached_property
    def transition(self) -> Terms:
        """One-off cost, whoever hosts and in whatever form."""
        return flows.transition_terms(self.package, self.view)

    @cached_property
    def receipts(self) -> Terms:
        """What premises bring once the arrangement has started."""
        term = flows.receipts_term(self.package, self.view)
        return {} if term is None else {"receipts": term}

    @cached_property
    def delay(self) -> Terms:
        """Cost of a year's delay."""
        term = flows.delay_term(self.package, self.view)
        return {} if term is None else {"delay_cost": term}

    @cached_property
    def drift(self) -> Terms:
        """Yearly cost of lifting pay, were terms to transfer."""
        term = flows.drift_term(self.context, self.package, self.view, self.rates)
        return {} if term is None else {"harmonisation": term}

    @cached_property
    def everybody_out(self) -> Terms:
        """What all who are in pay together when the arrangement ends."""
        return {"exit_cost": flows.exit_term(self.context, self.package, self.view, np.ones((1, 1)))}

    @cached_property
    def factors(self) -> tuple[Factors, ...]:
        """What the register does to the savings of every service."""
        signed = self.view.among(None)
        return tuple(Factors.of(self.context, service, signed) for service in self.package.services)

    @cached_property
    def overspend(self) -> np.ndarray:
        """How those who are in share what nobody planned, as far as it falls on the General Fund."""
        return flows.to_fund(self.package, self.view, self.view.weight("overspend"))

    def risk_costs(self, *, per_year: bool) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return what the register's service and pair events cost once: amount, and when or whether, by cell.

        Returns
        -------
        list of (amount, time or struck)
            Amount in GBP, 0 where it does not concern those who are in; the time in years, or 1 where it struck.
        """
        found = []
        for strikes in self.context.strikes:
            if strikes.scope not in ("service", "pair") or strikes.per_year != per_year or not strikes.one_off_gbp.any():
                continue
            table, amount = strikes.time if per_year else strikes.struck.astype(float), self.view.scalar(strikes.one_off_gbp)
            for target, row in zip(strikes.targets, table, strict=True):
                if strikes.scope == "service":
                    if target[0] in self.package.services:
                        found.append((amount, self.view.scalar(row)))
                elif (both := holds(self.view, target, active=True)).any():
                    found.append((amount * both, self.view.scalar(row)))
        return found


__all__ = ["Partnership"]
