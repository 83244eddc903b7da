"""What a block of draws says of one service, council by council, before any bundle is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sharesim.appraisal.context import Context
from sharesim.appraisal.views import Table


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


@dataclass(frozen=True)
class ServiceTables:
    """One service in a block of draws.

    Costs are net of the retained client side, recharged overhead and savings already in the plan: what sharing can act
    on.

    Parameters
    ----------
    rates : Table, by council and draw
        ``cost`` (GBP per year) and, where the service has them: ``power`` (workload or cost to the power that the scale
        form adds up), ``workload``, ``line`` and ``bought`` (gains of the share form, GBP per year), ``posts``,
        ``income`` (change of fee income), ``posts_per_pound`` (what a pound of yearly gain on the line takes off the
        structure), ``empty`` and ``unbudgeted_share`` (vacant posts, and the share of them without a budget),
        ``form_cost_per_post``.
    staff : Table, by council and draw
        ``empty``, ``unbudgeted_share``, ``filled`` (posts), and where pay differs ``posts`` and ``pay``.
    numbers : Table, by draw
        ``elasticity``, ``factor`` (what is realised of a gain), ``loss`` (share lost by coordinating each partner
        beyond two), ``increase``, ``posts_share``, ``structure``, ``cashable``, ``ramp``, ``internal``,
        ``per_partner``, ``per_partnership`` and ``posts_off`` (posts removed for each further partner), as far as they
        are not 0.
    by_pooled_cost : bool
    delay : ndarray, shape (draw or 1,)
        Years.
    overhead, pay, cost_per_post : ndarray, shape (council, draw or 1)
        GBP per year.
    overrun : ndarray, shape (draw or 1,)
    leavers_from : ndarray or None, shape (council, draw)
        Years from which leavers count; None where that is the decision for everybody.
    """

    rates: Table
    staff: Table
    numbers: Table
    by_pooled_cost: bool
    delay: np.ndarray
    overhead: np.ndarray
    pay: np.ndarray
    cost_per_post: np.ndarray
    overrun: np.ndarray
    leavers_from: np.ndarray | None = None

    @property
    def cost(self) -> np.ndarray:
        """Yearly cost, shape (council, draw)."""
        return self.rates["cost"]

    @cached_property
    def staff_beside(self) -> Table:
        """What `staff` holds beside `rates`, so that nothing is looked up twice."""
        beside = [at for at, name in enumerate(self.staff.names) if name not in self.rates]
        return Table(tuple(self.staff.names[at] for at in beside), self.staff.values[beside])

    @property
    def ramp(self) -> np.ndarray:
        """Years to full effect, shape (draw,)."""
        return self.numbers["ramp"]

    @classmethod
    def of(cls, context: Context, service: int, left: Left | None = None) -> ServiceTables:
        """Work out the tables of one service; `left` is what a first stage has taken off it."""
        line = lambda name: np.nan_to_num(context.number(f"baseline.{name}", (slice(None), service)))  # noqa: E731
        own = lambda name: np.nan_to_num(context.number(f"services.{name}", service))  # noqa: E731
        full = line("cost_gbp")
        cost = np.maximum(
            full * (1.0 - line("client_side_share") - line("overhead_share")) - line("planned_saving_gbp"), 0.0
        )
        pay = _pay(context, service)
        per_post = pay * (1.0 + context.number("staff.on_cost_share"))
        given = context.number("baseline.posts_fte", (slice(None), service))
        posts = np.where(np.isnan(given), cost * own("labour_share") / np.where(per_post > 0, per_post, np.inf), given)
        empty, share = _vacant(line("vacant_fte"), line("unbudgeted_vacant_fte"))
        if left is not None:
            cost, posts, empty = np.maximum(cost - left.cost_gbp, 0.0), posts - left.posts, empty - left.empty
        scale = _scale(context, service, cost)
        stated = context.number("services.cost_per_post_gbp", service)
        extra = {} if (pay == pay[:1]).all() else {"posts": posts, "pay": pay}
        shape = (len(cost), context.n_draws)
        rates = {"cost": cost, **scale, **_rate_gains(context, service, cost), "posts": posts}
        if not np.isnan(context.study.numbers["services.income_change_share"].base[service]):
            rates["income"] = own("income_change_share") * line("income_gbp")
        rates["posts_per_pound"] = (
            own("structure_share") * own("posts_share") / np.where(per_post > 0, per_post, np.inf)
        )
        if share.any():
            rates |= {"empty": empty, "unbudgeted_share": share}
        if own("posts_removed_per_extra_partner").any():
            rates["form_cost_per_post"] = np.where(np.isnan(stated), per_post, stated)
        return cls(
            Table.of(rates, shape),
            Table.of(
                {"empty": empty, "unbudgeted_share": share, "filled": np.maximum(posts - empty, 0.0), **extra}, shape
            ),
            Table.of(_numbers(context, service), shape[1:]),
            context.study.model.services[service].gain_by == "pooled_cost",
            own("delay_months") / 12.0,
            full * line("overhead_share"),
            pay,
            per_post,
            _overrun(context, service),
            None if left is None else left.leavers_from,
        )


def _vacant(vacant: np.ndarray, unbudgeted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    empty = vacant + unbudgeted
    return empty, unbudgeted / np.where(empty > 0, empty, 1.0)


def _numbers(context: Context, service: int) -> dict[str, np.ndarray]:
    own = lambda name: np.nan_to_num(context.number(f"services.{name}", service))  # noqa: E731
    planned = context.study.model.services[service].saving_kind == "planned"
    kept = {
        "cashable": own("cashable_share"),
        "ramp": own("ramp_years"),
        "posts_share": own("posts_share"),
        "structure": own("structure_share"),
    }
    if planned:
        kept["factor"] = own("realisation_share")
    maybe = {
        "elasticity": own("elasticity"),
        "internal": own("internal_saving_share"),
        "carbon": own("carbon_tonnes_per_partner"),
        "per_partner": own("amount_per_partner_gbp"),
        "per_partnership": own("amount_per_partnership_gbp"),
        "posts_off": own("posts_removed_per_extra_partner"),
        "loss": own("coordination_loss_share") if planned else np.zeros(1),
        "increase": own("cost_increase_share") if planned else np.zeros(1),
    }
    return kept | {name: number for name, number in maybe.items() if number.any()}


def _pay(context: Context, service: int) -> np.ndarray:
    """Average pay of a post: the line's terms, else the council's, else the study's, shape (council, draw or 1)."""
    line = context.number("baseline.terms_gbp", (slice(None), service))
    council = context.number("councils.terms_gbp")
    return np.nan_to_num(
        np.where(np.isnan(line), np.where(np.isnan(council), context.number("staff.pay_gbp"), council), line)
    )


def _scale(context: Context, service: int, cost: np.ndarray) -> dict[str, np.ndarray]:
    if np.isnan(context.study.numbers["services.elasticity"].base[service]):
        return {}
    elasticity = context.number("services.elasticity", service)
    workload = context.number("baseline.workload", (slice(None), service))
    held = context.study.present[:, service]
    if np.isnan(workload[held]).any():
        return {"power": cost ** (1.0 / elasticity)}
    workload = np.nan_to_num(workload)
    return {"power": workload**elasticity * held[:, None], "workload": workload}


def _rate_gains(context: Context, service: int, cost: np.ndarray) -> dict[str, np.ndarray]:
    """Gains of the share form: on the line itself (posts go with it) and on spend that is bought in (none do)."""
    rate = context.number("services.saving_rate_share", service)
    if np.isnan(rate).any():
        return {}
    spend = context.number("baseline.addressable_gbp", (slice(None), service))
    given = ~np.isnan(spend)
    gains = {} if given.all() else {"line": rate * np.where(given, 0.0, cost)}
    return gains | {"bought": rate * np.nan_to_num(spend)} if given.any() else gains


def _overrun(context: Context, service: int) -> np.ndarray:
    factor = context.number("services.overrun_factor", service)
    return np.where(np.isnan(factor), 1.0, factor) * (1.0 + context.fixed.bias[service])


__all__ = ["Left", "ServiceTables"]
