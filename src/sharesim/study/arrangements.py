"""Sections of study.toml on arrangements: named ones, staged programmes, existing ones; and how flows are read."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import Any, Literal

from pydantic import create_model, model_validator

from sharesim.study.fields import (
    ID_SENTENCE,
    Day,
    Days,
    Flag,
    Frozen,
    Id,
    Line,
    Names,
    Number,
    Shares,
    Whole,
    field,
    refusal,
)
from sharesim.study.quantity import Money
from sharesim.study.rows import ZERO
from sharesim.study.sections import AnyForm


class Arrangement(Frozen):
    """A candidate that is named one by one: with several hosts, with joiners, or simply this one and no other."""

    id: Id = field(ID_SENTENCE)
    name: Line = field("Name as printed.", default="", max_length=120)
    service: Line = field("Its service or package.", min_length=1, max_length=60)
    partners: Names = field("Councils that begin it; one alone reorganises by itself.", min_length=1, max_length=20)
    hosts: Names = field("Partners that host it; empty for none.", default=())
    host_shares: Shares = field(
        "Share of the service that each host provides, in the order of `hosts`; they sum to 1. Absent: equal shares.",
        unit="share",
        default=(),
    )
    form: AnyForm = field('Delivery form; "internal" for one council alone.', default="lead_authority")
    start: Day | None = field("Planned start. Absent: the first day of the study.", default=None)
    joiners: Names = field("Councils that join later, besides the partners.", default=())
    joins: Days = field(
        "Planned day on which each joiner joins, in the order of `joiners`; one day for all.", default=()
    )
    joining_fee_gbp: Money = field(
        "Fee that each joiner pays to those who are in already, when it joins.", unit="GBP per joiner", **ZERO
    )

    @model_validator(mode="after")
    def _hosts_add_up(self) -> Arrangement:
        if self.host_shares:
            if len(self.host_shares) != len(self.hosts):
                got, allowed = f"{len(self.host_shares)} for {len(self.hosts)} hosts", "one for each host"
                raise refusal("host shares do not match the hosts", got, allowed)
            if min(self.host_shares) <= 0 or abs(sum(self.host_shares) - 1.0) > 1e-9:
                got = f"a sum of {sum(self.host_shares):.10g}" if min(self.host_shares) > 0 else "one of 0 or less"
                raise refusal("host shares do not add up", got, "above 0 each, 1 in all", "Scale them.")
        return self

    @model_validator(mode="after")
    def _joiners_have_days(self) -> Arrangement:
        if len(self.joins) not in ({len(self.joiners), 1} if self.joiners else {0}):
            got = f"{len(self.joins)} days for {len(self.joiners)} joiners"
            raise refusal("joining days do not match the joiners", got, "one day for each, or one for all")
        if twice := sorted(set(self.joiners) & set(self.partners)):
            raise refusal("a partner that joins later as well", repr(twice[0]), "a partner or a joiner", "Drop one.")
        if outside := sorted(set(self.hosts) - set(self.partners)):
            raise refusal("a host that is no partner from the start", repr(outside[0]), ", ".join(self.partners))
        if self.joiners and len(self.partners) < 2:
            raise refusal("joiners of a council that is alone", self.partners[0], "two partners or more to join")
        if (self.form == "internal") != (len(self.partners) == 1):
            alone = f"{len(self.partners)} partners in form {self.form!r}"
            raise refusal("form and partners do not go together", alone, 'one partner alone with form "internal"')
        return self

    def joining_days(self) -> tuple[date, ...]:
        """Return the planned day of each joiner."""
        return self.joins * len(self.joiners) if len(self.joins) == 1 else self.joins


class Stage(Frozen):
    """A staged programme: one council consolidates alone first, and partners follow on what that left."""

    id: Id = field(ID_SENTENCE)
    name: Line = field("Name as printed.", min_length=1, max_length=120)
    council: Line = field("Council that consolidates first.", min_length=1, max_length=60)
    services: Names = field("Services or packages; each has a first stage and follow-ons of its own.", min_length=1)
    first: Day = field("Planned start of the first stage.")
    starts: Days = field("Planned starts of the follow-ons, after the first stage.", min_length=1)
    gate: Day | None = field(
        "Stage gate: the day on which it is decided whether to go on with what follows. Absent: no gate.", default=None
    )
    stop_gbp: Number = field("What stopping at the gate costs all partners.", unit="GBP", default=0.0, ge=0, le=1e12)
    known: Names = field(
        "Drivers that are known by the gate, or patterns such as services.*.realisation_share. Absent: those of its "
        "services and of its council.",
        default=(),
    )

    @model_validator(mode="after")
    def _in_order(self) -> Stage:
        early = min(self.starts)
        if early <= self.first:
            raise refusal(
                "a follow-on before its first stage", str(early), f"after {self.first}", "Move `starts` or `first`."
            )
        if self.gate is not None and not self.first <= self.gate <= early:
            raise refusal("a gate outside its programme", str(self.gate), f"{self.first} to {early}", "Move the gate.")
        return self


class _Held(Frozen):
    """What is held today, and by whom."""

    id: Id = field(ID_SENTENCE)
    name: Line = field("Name as printed.", min_length=1, max_length=120)
    services: Names = field("Services that it covers.", min_length=1)
    partners: Names = field("Councils of the study that are in it.", min_length=1)


#: A field whose name is a word of Python's own can only be given by `create_model`.
_WITH: dict[str, Any] = {
    "with": (
        Literal["supplier", "councils"] | None,
        field(
            "Who stands on the other side: `supplier`, who stays behind, so that every partner that leaves pays; "
            "or `councils`, who end it by agreement and pay nothing where all its partners move together. Absent: "
            "a supplier where one council stands alone, else councils.",
            default=None,
        ),
    )
}
_HeldWith = create_model("_HeldWith", __base__=_Held, **_WITH)


class Existing(_HeldWith):
    """An arrangement that is there already; the baseline's figures include it."""

    host: Line = field("Who hosts it, for the report.", default="", max_length=60)
    ends: Day | None = field("Day on which it ends by itself. Absent: it goes on.", default=None)
    notice_months: Number = field(
        "Notice, given on the day of the decision; no partner starts anew before it has run out.",
        unit="months",
        default=0.0,
        ge=0,
        le=120,
    )
    break_gbp: Money = field(
        "What each partner pays once, in full, whose part in a new arrangement starts before its end; in the year of "
        "the decision.",
        unit="GBP per partner",
        **ZERO,
    )
    break_gbp_per_month_left: Money = field(
        "What it pays besides for every month, begun ones in full, from its earliest planned start to the end.",
        unit="GBP per partner per month",
        **ZERO,
    )
    paid_to: Names = field(
        "Councils of the study that receive it, in equal shares and without the leaver; empty: it goes outside.",
        default=(),
    )
    novated: Flag = field(
        "The new partnership takes it over, so that nothing is due; notice holds all the same.", default=False
    )

    @property
    def party(self) -> Literal["supplier", "councils"]:
        """Who stands on the other side, said or taken for granted."""
        return getattr(self, "with") or ("supplier" if len(self.partners) == 1 else "councils")

    def free_from(self, decision: date) -> date:
        """Return the first day on which a partner may start anew: after notice, or when it ends, whichever is first."""
        months = int(self.notice_months)
        year, month = divmod(decision.year * 12 + decision.month - 1 + months, 12)
        last = monthrange(year, month + 1)[1]
        over = date(year, month + 1, min(decision.day, last))
        over += timedelta(days=round((self.notice_months - months) * 365.25 / 12))
        return over if self.ends is None else min(over, self.ends)

    def months_left(self, start: date) -> int:
        """Return how many months, begun ones in full, are left from a day to its end; 1 where it has none.

        Examples
        --------
        >>> there = Existing(id="it", name="IT", services="ict", partners="east", ends="2031-03-31")
        >>> [there.months_left(date(2029, month, 1)) for month in (3, 4)], there.months_left(date(2031, 3, 31))
        ([25, 24], 0)
        """
        if self.ends is None:
            return 1
        months = 12 * (self.ends.year - start.year) + self.ends.month - start.month
        return max(0, months + (self.ends.day > start.day))


class Readings(Frozen):
    """What counts for the public besides cash, and at what value."""

    non_cashable_value_share: Number = field(
        "What a pound's worth of time set free is valued at, for the public.", unit="share", default=1.0, ge=0, le=2
    )
    carbon_gbp_per_tonne: Number = field(
        "Value of a tonne of carbon dioxide equivalent avoided.", unit="GBP per tonne", default=0.0, ge=0, le=1e5
    )
    quality_gbp: Number = field(
        "Value of a whole unit (100%) of quality change over the horizon.", unit="GBP", default=0.0, ge=0, le=1e12
    )


class Published(Frozen):
    """A figure published elsewhere, set beside the simulated range; never an input."""

    label: Line = field("What was published.", min_length=1, max_length=200)
    measure: Literal["cashable_gbp", "non_cashable_gbp", "quality_change_share", "one_off_gbp", "npv_gbp"] = field(
        "What it measures, as the report does: cashable savings with the extra cost of working together taken off, "
        "one-off cost before grants and receipts. What is paid once for several services counts where `services` is "
        "empty."
    )
    value: Number = field("The figure: GBP in total over the years given, or a share.", unit="GBP", ge=-1e12, le=1e12)
    years: Whole = field("Over how many years from the start of the study.", unit="years", default=5, ge=1, le=60)
    per_year: Flag = field(
        "True: the figure is a yearly one at full effect, compared with the last of those years.", default=False
    )
    services: Names = field("Services it covers; empty for all.", default=())
    councils: Names = field("Councils it covers; empty for all.", default=())
    kind: Literal["planned", "realised"] = field("Whether it was a plan or an out-turn.", default="planned")
    source: Line = field("Where it was published.", default="", max_length=400)


__all__ = ["Arrangement", "Existing", "Published", "Readings", "Stage"]
