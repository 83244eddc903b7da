"""What a rule demands, in full: its limit with the unit, and the councils, services and years that it is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sharesim.report import words
from sharesim.report.tables import year_label
from sharesim.study import rules as r
from sharesim.study.labels import Labels
from sharesim.study.study import Study


def demand(rule: r.RuleBase, study: Study) -> str:
    """Return what a rule demands, as a sentence without its full stop.

    Examples
    --------
    >>> from sharesim.examples import two_councils
    >>> budget = r.Budget(kind="budget", name="money", limit_gbp=50_000, years=(2025,))
    >>> demand(budget, two_councils())
    'one-off cost of all councils together, before grants and receipts, is at most £50,000 in 2025-26, on average'
    """
    return _DEMANDS[rule.kind](rule, _Names(study))


class _Names:
    """Names of a study in place of ids."""

    def __init__(self, study: Study) -> None:
        self.study = study

    def councils(self, ids: Sequence[str]) -> str:
        """Councils by name; ``all`` is every council."""
        return self._listed(ids, self.study.councils, "every council")

    def services(self, ids: Sequence[str]) -> str:
        """Services by name; ``all`` is every service."""
        return self._listed(ids, self.study.services, "every service")

    def within(self, ids: Sequence[str]) -> str:
        """Return where a rule holds; nothing where it holds in every service."""
        return "" if r.ALL in ids else f" in {self.services(ids)}"

    def forms(self, ids: Sequence[str]) -> str:
        """Delivery forms by name."""
        return words.listing([self.study.forms.name(self.study.forms.index(item)) for item in ids])

    def whose(self, council: str) -> str:
        """Return whose sum is bounded."""
        return "all councils together" if council == r.PROGRAMME else self.councils([council])

    def years(self, years: Sequence[int]) -> str:
        """Financial years by their usual names."""
        return words.listing([year_label(self.study, year - self.study.first_year) for year in years])

    @staticmethod
    def _listed(ids: Sequence[str], labels: Labels, everything: str) -> str:
        if r.ALL in ids:
            return everything
        return words.listing([labels.name(labels.index(item)) if item in labels else item for item in ids])


def _percent(share: float) -> str:
    return f"{round(100 * share, 6):g}%"


def _amount(value: float, unit: str) -> str:
    return f"{value:,.10g} {unit.removesuffix('s') if value == 1 else unit}"


def _budget(rule: r.Budget, names: _Names) -> str:
    net = "less the grants of the same year" if rule.net_of_grants else "before grants and receipts"
    when = f"in {names.years(rule.years)}" if rule.years else "over all years"
    when += " together" if len(rule.years) != 1 else ""
    sure = "on average" if rule.percentile is None else f"in at least {rule.percentile:g}% of futures"
    most = words.pounds(rule.limit_gbp)
    return f"one-off cost of {names.whose(rule.council)}, {net}, is at most {most} {when}, {sure}"


def _each_year(years: Sequence[int], names: _Names) -> str:
    return (
        f"in each of {names.years(years)}"
        if len(years) > 1
        else f"in {names.years(years)}"
        if years
        else "in every year"
    )


def _exits(rule: r.Exits, names: _Names) -> str:
    kind = {"compulsory": "compulsory exits", "voluntary": "exits by agreement", "all": "exits of both kinds"}[
        rule.exit_kind
    ]
    return f"{kind} of {names.whose(rule.council)} are at most {_amount(rule.limit_posts, 'posts')}, on average"


def _break_even(rule: r.BreakEven, names: _Names) -> str:
    who, floor = names.councils(rule.councils), words.pounds(rule.floor_gbp)
    if rule.measure == "mean":
        return f"{who}: each one's own value is at least {floor} on average"
    if rule.measure == "cvar":
        worst = _percent(rule.level)
        return f"{who}: each one's own value is at least {floor} on average over its worst {worst} of futures"
    return f"{who}: each one's own value is at least {floor} in at least {_percent(rule.probability)} of futures"


def _linked(rule: r.LinkServices, names: _Names) -> str:
    with_whom = ", with the same partners in each" if rule.same_partners else ""
    return f"{names.councils(rule.councils)}: all or none of {names.services(rule.services)} are shared{with_whom}"


def _together(rule: r.ForcePartners, names: _Names) -> str:
    where = "at least one service" if r.ALL in rule.services else names.services(rule.services)
    return f"{names.councils(rule.councils)} are together in {where}"


def _groups(rule: r.ControlGroups, names: _Names) -> str:
    groups = "; ".join(f"{group}: {names.councils(members)}" for group, members in rule.groups.items())
    return f"no arrangement{names.within(rule.services)} mixes councils of different groups ({groups})"


_DEMANDS: dict[str, Callable[..., str]] = {
    "must_share": lambda rule, names: (
        f"{names.councils(rule.councils)}: {names.services(rule.services)} must be shared, each in one arrangement"
    ),
    "never_share": lambda rule, names: (
        f"{names.councils(rule.councils)}: {names.services(rule.services)} may not be shared"
    ),
    "force_partners": _together,
    "forbid_partners": lambda rule, names: (
        f"no two of {names.councils(rule.councils)} are in one arrangement{names.within(rule.services)}"
    ),
    "link_partners": lambda rule, names: (
        f"where one of {names.councils(rule.councils)} shares{names.within(rule.services)}, all of them are in it"
    ),
    "link_services": _linked,
    "forbid_form": lambda rule, names: f"{names.forms(rule.forms)} may not be chosen{names.within(rule.services)}",
    "budget": _budget,
    "officer_days": lambda rule, names: (
        f"the change takes at most {_amount(rule.limit_days, 'officer days')} of {names.whose(rule.council)} "
        f"{_each_year(rule.years, names)}"
    ),
    "exits": _exits,
    "redeployments": lambda rule, names: (
        f"at most {_amount(rule.limit_posts, 'posts')} of {names.whose(rule.council)} are redeployed "
        f"{_each_year(rule.years, names)}, on average"
    ),
    "most_partners": lambda rule, names: (
        f"{names.councils(rule.councils)}: at most {_amount(rule.limit, 'different partners')} over all services"
    ),
    "most_hosted": lambda rule, names: (
        f"{names.councils(rule.councils)}: at most {_amount(rule.limit, 'services')} hosted"
    ),
    "least_hosted": lambda rule, names: (
        f"{names.councils(rule.councils)}: at least {_amount(rule.limit, 'services')} hosted"
    ),
    "control_groups": _groups,
    "smallest_share": lambda rule, names: (
        f"{names.councils(rule.councils)}: at least {_percent(rule.share)} of the whole value each, on average"
    ),
    "break_even": _break_even,
    "cvar_floor": lambda rule, names: (
        f"the worst {_percent(rule.level)} of futures are worth at least {words.pounds(rule.floor_gbp)} on average, "
        "all councils together"
    ),
    "loss_probability": lambda rule, names: f"all councils together lose in at most {_percent(rule.most)} of futures",
    "target": lambda rule, names: (
        f"the whole is worth at least {words.pounds(rule.target_gbp)} in at least {_percent(rule.probability)} "
        "of futures"
    ),
    "risk_points": lambda rule, names: (
        f"what is chosen carries at most {_amount(rule.limit_points, 'points')} of the risk register"
    ),
}

__all__ = ["demand"]
