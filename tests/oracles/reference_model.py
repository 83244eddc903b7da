"""The maths of docs/model.md once more, in plain Python: one draw, one bundle, one council, one year at a time.

Nothing of ``sharesim.appraisal`` is imported. Numbers are looked up by the names of the study's own file, times are
followed event by event, and what flows over time is added up between the instants at which anything changes. There a
flow is a straight line, so that length x value at the middle is its integral exactly. It is slow and meant to be read.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from typing import Any

from sharesim.study.priors import FORM_FACTS, PRIORS, WEEKLY_PAY_CAP_GBP, WORKFORCE_ASSUMED
from sharesim.study.quantity import Quantity
from sharesim.study.study import Study

WEEKS = 365.25 / 7
FAR = math.inf
Lines = dict[str, dict[str, list[float]]]


@dataclass(frozen=True)
class Arrangement:
    """One bundle in words, as its content id says it."""

    package: str
    partners: tuple[str, ...]
    hosts: Mapping[str, float]
    form: str
    start: date
    #: Years in which partners join later.
    joins: Mapping[str, float] = field(default_factory=dict)

    @property
    def first(self) -> tuple[str, ...]:
        """Who begins it."""
        return tuple(name for name in self.partners if name not in self.joins)

    @classmethod
    def of(cls, text: str) -> Arrangement:
        package, partners, hosts, form, start = text.split("|")
        named = [] if hosts == "-" else hosts.split("+")
        shares = {name.partition(":")[0]: float(name.partition(":")[2] or 1 / len(named)) for name in named}
        joins = {name.partition("@")[0]: float(name.partition("@")[2]) for name in partners.split("+") if "@" in name}
        names = tuple(name.partition("@")[0] for name in partners.split("+"))
        return cls(package, names, shares, form, date.fromisoformat(start), joins)


@dataclass
class Stay:
    """A stretch of time in which the same councils are in."""

    begin: float
    end: float
    inside: tuple[str, ...]


class Reference:
    """One future of a study: what each arrangement brings in it, by line, council and year."""

    def __init__(self, study: Study, future: Mapping[str, float]) -> None:
        self.study, self.model, self.future = study, study.model, future
        self.years = self.model.study.horizon_years
        #: By council and service: cost, posts and vacancies that a first stage took, and when it was at full effect.
        self.taken: dict[tuple[str, str], dict[str, float]] = {}
        self.councils = {row.id: row for row in self.model.councils}
        self.services = {row.id: row for row in self.model.services}
        self.lines = {(row.council, row.service): row for row in self.model.baseline}
        self.risks = {row.id: row for row in self.model.risks}
        # Nothing changes within a future, so what was worked out once need not be again.
        for name in (
            "service",
            "line",
            "staff",
            "risk",
            "members",
            "discount",
            "cost",
            "pay",
            "posts",
            "per_exit",
            "struck",
            "ends",
            "overrun",
        ):
            setattr(self, name, cache(getattr(self, name)))

    # -- numbers by name ---------------------------------------------------------------------------------------------

    def value(self, row: Any, field: str, where: str, prior: str) -> float | None:
        """What a cell is in this future; None where it is absent and nothing is assumed for it."""
        cell: Quantity | None = getattr(row, field)
        if cell is None:
            if f"{where}.{field}" in self.future:
                return self.future[f"{where}.{field}"]
            law = PRIORS.get(f"{prior}.{field}")
            if law is None or law.value.support[0] != law.value.support[1]:
                return None
            return float(law.value.support[0])
        if cell.driver is not None:
            named = next(item for item in self.model.drivers if item.name == cell.driver)
            return (self.future[named.name] if named.value.distribution is not None else named.value.value) * cell.times
        return cell.value if cell.distribution is None else self.future[f"{where}.{field}"]

    def service(self, name: str, field: str) -> float:
        return self.value(self.services[name], field, f"services.{name}", "services") or 0.0

    def line(self, council: str, service: str, field: str) -> float | None:
        return self.value(self.lines[council, service], field, f"baseline.{council}/{service}", "baseline")

    def staff(self, field: str) -> float:
        return self.value(self.model.staff, field, "staff", "staff") or 0.0

    def risk(self, name: str, field: str) -> float:
        row, value = self.risks[name], self.value(self.risks[name], field, f"risks.{name}", "risks") or 0.0
        if not row.mitigated:
            return value
        if field == "saving_factor":
            return 1 + row.mitigation_effect_factor * (value - 1)
        return value * (row.mitigation_probability_factor if field == "probability" else row.mitigation_effect_factor)

    def form(self, form: str, field: str) -> float:
        entry = self.model.forms.get(form)
        return 0.0 if entry is None else self.value(entry, field, f"forms.{form}", "forms") or 0.0

    def central(self, cell: Quantity) -> float:
        if cell.driver is None:
            return cell.value
        return next(item for item in self.model.drivers if item.name == cell.driver).value.value * cell.times

    def mean(self, cell: Quantity) -> float:
        if cell.driver is not None:
            named = next(item for item in self.model.drivers if item.name == cell.driver).value
            return (named.value if named.distribution is None else named.distribution.mean) * cell.times
        return cell.value if cell.distribution is None else float(cell.distribution.mean)

    def members(self, package: str) -> tuple[str, ...]:
        named = {item.id: tuple(sorted(item.services)) for item in self.model.packages}
        return named.get(package, (package,))

    # -- money over time ---------------------------------------------------------------------------------------------

    def instant(self, day: date) -> float:
        start = self.model.study.start
        return day.year - start.year + (day - start.replace(year=day.year)).days / 365.25

    def discount(self) -> list[float]:
        stated = self.model.study.discount_rate_per_year
        factors = [1.0]
        for year in range(1, self.years):
            if isinstance(stated, float):
                rate = stated
            else:
                rate = (
                    [0.0]
                    + [
                        step.rate_per_year
                        for step in sorted(stated, key=lambda s: s.from_year)
                        if step.from_year <= year
                    ]
                )[-1]
            factors.append(factors[-1] / (1 + rate))
        return factors

    def flow(
        self, begin: float, end: float, rate: Callable[[float], float], bends: Iterable[float] = ()
    ) -> list[float]:
        """Pounds by year of a yearly rate that is a straight line between bends, the services' real growth included."""
        growth = 1 + (self.value(self.model.study, "cost_growth_per_year", "study", "study") or 0.0)
        result = [0.0] * self.years
        end = min(end, float(self.years))
        if begin >= end:
            return result
        points = sorted({begin, end, *(t for t in (*bends, *range(1, self.years)) if begin < t < end)})
        for left, right in itertools.pairwise(points):
            middle = 0.5 * (left + right)
            result[int(middle)] += (right - left) * rate(middle) * growth ** int(middle)
        return result

    def once(self, amount: float, year: float) -> list[float]:
        """Pounds by year of a payment; nothing beyond the horizon."""
        result = [0.0] * self.years
        if year < self.years:
            result[int(year)] = amount
        return result

    def spread(self, amount: float, shares: Sequence[float]) -> list[float]:
        return [amount * share for share in shares]

    def planned(self, first: int, shares: Sequence[float]) -> list[float]:
        result = [0.0] * self.years
        for step, share in enumerate(shares):
            result[min(max(first + step, 0), self.years - 1)] += share
        return result

    # -- section 2: what is saved ------------------------------------------------------------------------------------

    def cost(self, council: str, service: str) -> float:
        """What sharing can act on: without client side, recharged overhead and savings already planned."""
        taken = self.taken.get((council, service), {}).get("cost", 0.0)
        return max(0.0, self.whole_cost(council, service) - taken) if taken else self.whole_cost(council, service)

    def whole_cost(self, council: str, service: str) -> float:
        get = lambda field: self.line(council, service, field) or 0.0  # noqa: E731
        return max(
            0.0, get("cost_gbp") * (1 - get("client_side_share") - get("overhead_share")) - get("planned_saving_gbp")
        )

    def pay(self, council: str, service: str) -> float:
        own = self.line(council, service, "terms_gbp")
        general = self.value(self.councils[council], "terms_gbp", f"councils.{council}", "councils")
        return own if own is not None else general if general is not None else self.staff("pay_gbp")

    def post_cost(self, council: str, service: str) -> float:
        return self.pay(council, service) * (1 + self.staff("on_cost_share"))

    def posts(self, council: str, service: str) -> float:
        posts, each = self.line(council, service, "posts_fte"), self.post_cost(council, service)
        if posts is None:
            whole = self.whole_cost(council, service) * self.service(service, "labour_share")
            posts = whole / each if each > 0 else 0.0
        return posts - self.taken.get((council, service), {}).get("posts", 0.0)

    def scale(self, service: str, inside: Sequence[str]) -> tuple[float, dict[str, float]]:
        """Pooled over separate cost, and each one's share of the pooled workload."""
        elasticity = self.value(self.services[service], "elasticity", f"services.{service}", "services")
        assert elasticity is not None
        costs = {council: self.cost(council, service) for council in inside}
        work = {council: self.line(council, service, "workload") for council in inside}
        if all(self.lines[key].workload is not None for key in self.lines if key[1] == service):
            measure = {council: float(work[council] or 0.0) for council in inside}
            apart = sum(w**elasticity for w in measure.values())
            together = sum(measure.values()) ** elasticity
        else:
            measure = {council: cost ** (1 / elasticity) for council, cost in costs.items()}
            apart = sum(costs.values())
            together = sum(measure.values()) ** elasticity
        total = sum(measure.values())
        ratio = together / apart if apart > 0 else 1.0
        return ratio, {council: measure[council] / total if total > 0 else 0.0 for council in inside}

    def gains(self, service: str, arrangement: Arrangement, inside: Sequence[str]) -> dict[str, dict[str, float]]:
        """Planned yearly gain by form and council: scale, share of the line, share of bought spend, amount, posts."""
        row, alone = self.services[service], len(arrangement.partners) == 1
        result: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(inside, 0.0))
        if alone:
            rate = self.value(row, "internal_saving_share", f"services.{service}", "services") or 0.0
            return {"line": {council: rate * self.cost(council, service) for council in inside}}
        if self.value(row, "elasticity", f"services.{service}", "services") is not None:
            ratio, _ = self.scale(service, inside)
            result["scale"] = {council: (1 - ratio) * self.cost(council, service) for council in inside}
        rate = self.value(row, "saving_rate_share", f"services.{service}", "services")
        if rate is not None:
            for council in inside:
                spend = self.line(council, service, "addressable_gbp")
                result["line" if spend is None else "bought"][council] = rate * (
                    self.cost(council, service) if spend is None else spend
                )
        weights = self.weights(self.model.split.saving, arrangement, inside)
        for council in inside:
            change = self.value(row, "income_change_share", f"services.{service}", "services") or 0.0
            result["income"][council] = change * (self.line(council, service, "income_gbp") or 0.0)
            result["amount"][council] = self.service(service, "amount_per_partner_gbp")
            result["pooled amount"][council] = self.service(service, "amount_per_partnership_gbp") * weights[council]
        return result

    def posts_form(self, service: str, inside: Sequence[str], alone: bool) -> dict[str, float]:
        total = sum(self.posts(council, service) for council in inside)
        most = 0.0 if alone else self.service(service, "posts_removed_per_extra_partner") * max(len(inside) - 1, 0)
        gone = min(most, total)
        return {council: gone * self.posts(council, service) / total if total > 0 else 0.0 for council in inside}

    def rates(
        self, service: str, arrangement: Arrangement, inside: Sequence[str], start: float
    ) -> dict[str, dict[str, float]]:
        """Everything yearly about one service while these councils are in, by name and council."""
        row, alone = self.services[service], len(arrangement.partners) == 1
        planned = row.saving_kind == "planned"
        softened = self.service(service, "realisation_share") if planned else 1.0
        softened *= (1 - (self.service(service, "coordination_loss_share") if planned else 0.0)) ** max(
            len(inside) - 2, 0
        )
        gains, form_posts = self.gains(service, arrangement, inside), self.posts_form(service, inside, alone)
        stated = self.value(row, "cost_per_post_gbp", f"services.{service}", "services")
        result: dict[str, dict[str, float]] = defaultdict(dict)
        pooled, own_loss = {}, {}
        for council in inside:
            each = self.post_cost(council, service)
            form_gain = form_posts[council] * (each if stated is None else stated)
            good = {name: max(part[council], 0.0) for name, part in gains.items()}
            on_posts = self.service(service, "posts_share") * (good.get("scale", 0.0) + good.get("line", 0.0))
            structure = self.service(service, "structure_share")
            met = self.meet_posts(
                service, council, structure * ((on_posts / each if each > 0 else 0.0) + form_posts[council]), start
            )
            gain = sum(good.values()) + form_gain
            saving = softened * gain
            if met["removed"] > 0:
                saving = max(0.0, saving - softened * (on_posts + form_gain) * met["unbudgeted"] / met["removed"])
            by_scale = good.get("scale", 0.0) / gain if gain > 0 else 0.0
            pooled[council] = saving * by_scale
            own_loss[council] = max(-gains["scale"][council], 0.0) if "scale" in gains else 0.0
            result["saving"][council] = saving
            loss = sum(max(-part[council], 0.0) for part in gains.values())
            increase = self.service(service, "cost_increase_share") if planned and not alone else 0.0
            result["extra"][council] = loss + increase * self.cost(council, service)
            result["charge"][council] = 0.0
            for name, number in met.items():
                result[name][council] = number
        if row.gain_by == "pooled_cost" and self.model.split.saving == "own" and "scale" in gains:
            _, share = self.scale(service, inside)
            total = sum(self.cost(council, service) for council in inside)
            for council in inside:
                result["saving"][council] += share[council] * sum(pooled.values()) - pooled[council]
                result["extra"][council] += share[council] * sum(own_loss.values()) - own_loss[council]
                result["charge"][council] = self.cost(council, service) - share[council] * total
        if self.model.split.saving != "own":
            whole, weights = sum(result["saving"].values()), self.weights(self.model.split.saving, arrangement, inside)
            result["saving"] = {council: whole * weights[council] for council in inside}
        return result

    # -- section 3: posts --------------------------------------------------------------------------------------------

    def meet_posts(self, service: str, council: str, wanted: float, start: float) -> dict[str, float]:
        posts = self.posts(council, service)
        removed = min(wanted, posts)
        vacant, without = (self.line(council, service, name) or 0.0 for name in ("vacant_fte", "unbudgeted_vacant_fte"))
        before = self.taken.get((council, service), {"vacant": 0.0, "since": 0.0})
        gone = before["vacant"] / (vacant + without) if vacant + without > 0 else 0.0
        vacant, without = vacant * (1 - gone), without * (1 - gone)
        by_vacancy = min(removed, vacant + without)
        unbudgeted = by_vacancy * without / (vacant + without) if vacant + without > 0 else 0.0
        turnover = self.value(self.councils[council], "turnover_per_year", f"councils.{council}", "councils") or 0.0
        lead = max(0.0, start + self.service(service, "ramp_years") - max(self.decision(), before["since"]))
        leavers = min(removed - by_vacancy, (1 - (1 - turnover) ** lead) * max(posts - vacant - without, 0.0))
        rest = removed - by_vacancy - leavers
        moved = self.staff("redeployment_share") * rest
        agreed = self.staff("voluntary_share") * (rest - moved)
        return {
            "removed": removed,
            "vacant": by_vacancy,
            "unbudgeted": unbudgeted,
            "redeployed": moved,
            "voluntary": agreed,
            "compulsory": rest - moved - agreed,
            "paid_posts": posts - removed - max(without - unbudgeted, 0.0),
        }

    def decision(self) -> float:
        day = self.model.study.decision
        return 0.0 if day is None else self.instant(day)

    def per_exit(self, service: str, council: str, year: int) -> dict[str, float]:
        """Redundancy, pension strain and notice of one exit in a financial year."""
        name, pay = self.councils[council].workforce, self.pay(council, service)
        cells = (
            WORKFORCE_ASSUMED
            if name is None
            else [
                (row.age_low, row.age_high, row.service_low, row.service_high, row.share)
                for row in self.model.workforce
                if row.profile == name
            ]
        )
        retire = 50 if year < 2010 else 55 if year < 2028 else 57
        weeks = strain = 0.0
        for young, old, short, long, share in cells:
            for i, j in itertools.product(range(4), range(4)):
                age, served = young + (i + 0.5) / 4 * (old - young), short + (j + 0.5) / 4 * (long - short)
                weeks += share / 16 * statutory_weeks(age, served)
                strain += share / 16 * (served / 20 if age >= retire else 0.0)
        caps = {**WEEKLY_PAY_CAP_GBP, **self.model.staff.weekly_pay_cap_gbp}
        known = [y for y in sorted(caps) if y <= year]
        weekly = pay / WEEKS
        if self.model.staff.pay_is_capped:
            weekly = min(weekly, caps[known[-1] if known else min(caps)])
        factor = self.staff("exit_cost_factor")
        return {
            "redundancy": weeks * weekly * self.staff("redundancy_multiple") * factor,
            "pension_strain": strain * pay * self.staff("scheme_member_share") * self.staff("strain_multiple") * factor,
            "notice": self.post_cost(council, service) / WEEKS * self.staff("notice_weeks"),
        }

    # -- section 1 and 5: when ---------------------------------------------------------------------------------------

    def struck(self) -> list[tuple[str, str, tuple[str, ...], float, bool]]:
        """Every way in which a row may strike: row, scope, whom, when (inf: never), whether at all."""
        found = []
        for name, row in self.risks.items():
            if row.scope == "programme":
                whom: list[tuple[str, ...]] = [()]
            elif row.scope == "pair":
                whom = [tuple(sorted(row.targets))]
            else:
                whom = [
                    (target,) for target in row.targets or (self.services if row.scope == "service" else self.councils)
                ]
            chance = self.risk(name, "probability")
            for target in whom:
                u = self.future["/".join([f"risks.{name}.strike", *target])]
                if row.per == "year":
                    when = math.log(1 - u) / math.log(1 - chance) if 0 < chance < 1 else 0.0 if chance == 1 else FAR
                    found.append((name, row.scope, target, when, when < self.years))
                else:
                    found.append((name, row.scope, target, u / chance * self.years if u < chance else FAR, u < chance))
        return found

    def concerns(self, scope: str, target: tuple[str, ...], package: str, inside: Sequence[str]) -> bool:
        if scope == "service":
            return target[0] in self.members(package)
        return all(council in inside for council in target)

    def starts_at(self, arrangement: Arrangement) -> float:
        services = self.members(arrangement.package)
        planned = self.instant(arrangement.start)
        result = planned + max(self.service(name, "delay_months") for name in services) / 12
        for gate in self.model.gates:
            if not gate.services or set(gate.services) & set(services):
                result += (self.value(gate, "wait_months", f"gates.{gate.id}", "gates") or 0.0) / 12
        longest: dict[str, float] = defaultdict(float)
        for name, scope, target, when, at_all in self.struck():
            if (
                at_all
                and (self.risks[name].per == "once" or when < planned)
                and self.concerns(scope, target, arrangement.package, arrangement.first)
            ):
                longest[name] = max(longest[name], self.risk(name, "delay_months") / 12)
        return result + sum(longest.values())

    def refused(self, arrangement: Arrangement, whom: Sequence[str] = ()) -> bool:
        for gate in self.model.gates:
            if gate.services and not set(gate.services) & set(self.members(arrangement.package)):
                continue
            chance = self.value(gate, "refusal", f"gates.{gate.id}", "gates") or 0.0
            if any(
                self.future.get(f"gates.{gate.id}.refusal/{council}", 1.0) < chance
                for council in whom or arrangement.first
            ):
                return True
        return False

    def out_at(self, council: str, arrangement: Arrangement, start: float) -> float:
        """When a partner is out: hazard used up year by year until its patience is spent, then notice."""
        if len(arrangement.partners) == 1:
            return FAR
        patience = -math.log(self.future[f"exit.{council}/{arrangement.package}"])
        exits = self.model.exit
        get = lambda field: self.value(exits, field, "exit", "exit") or 0.0  # noqa: E731
        before, after = (1 - (1 - get(name)) ** (1 / 3) for name in ("before_start_hazard_per_year", "hazard_per_year"))
        before, after = -math.log(1 - before), -math.log(1 - after)
        row, decided = self.councils[council], FAR
        time = self.decision()
        if time < start:
            if patience < before * (start - time):
                decided = time + patience / before
            else:
                patience -= before * (start - time)
        time = start
        while decided == FAR and time < self.years:
            elections = [int(year) for year in row.election_years].count(self.model.study.start.year + int(time))
            rate = after * (1 + get("control_change_uplift") * row.control_change_share * elections)
            stop = float(int(time) + 1)
            if rate > 0 and patience < rate * (stop - time):
                decided = time + patience / rate
            patience -= rate * (stop - time)
            time = stop
        for name, scope, target, when, at_all in self.struck():
            if at_all and scope == "council" and target == (council,) and self.risks[name].exit:
                decided = min(decided, when)
        return decided if decided < start else decided + get("notice_months") / 12

    def viable(self, inside: Sequence[str], arrangement: Arrangement) -> bool:
        fewest = 1 if len(arrangement.partners) == 1 else self.model.exit.smallest_partners
        return len(inside) >= fewest and (
            not arrangement.hosts or any(host in inside for host in arrangement.hosts)
        )

    def life(self, arrangement: Arrangement, start: float) -> tuple[list[Stay], dict[str, float], float]:
        """Stretches with the same councils in, when each was out, and when all was cancelled (inf: it was not)."""
        entry = self.entries(arrangement, start)
        out = {council: self.out_at(council, arrangement, entry[council]) for council in arrangement.partners}
        if self.refused(arrangement):
            return [], out, -FAR
        inside = arrangement.first
        for council in sorted(inside, key=lambda name: out[name]):
            if out[council] >= start:
                break
            inside = tuple(name for name in inside if name != council)
            if not self.viable([name for name in arrangement.first if out[name] > out[council]], arrangement):
                return [], out, out[council]
        coming = {
            name: entry[name]
            for name in arrangement.joins
            if out[name] >= entry[name] and not self.refused(arrangement, (name,))
        }
        stays, begin = [], start
        while True:
            end = min([*(out[council] for council in inside), *coming.values(), float(self.years)])
            stays.append(Stay(begin, end, inside))
            left = tuple(council for council in inside if out[council] > end)
            if end >= self.years or not self.viable(left, arrangement):
                return stays, {council: min(out[council], end) for council in out}, FAR
            new = {name for name, when in coming.items() if when <= end}
            inside, begin = tuple(name for name in arrangement.partners if name in {*left, *new}), end
            coming = {name: when for name, when in coming.items() if name not in new}

    def entries(self, arrangement: Arrangement, start: float) -> dict[str, float]:
        """When each partner is in; a late start puts off who joins as well."""
        slip = start - self.instant(arrangement.start)
        return {
            name: arrangement.joins[name] + slip if name in arrangement.joins else start
            for name in arrangement.partners
        }

    # -- section 6: who gets what ------------------------------------------------------------------------------------

    def weights(
        self, rule: str, arrangement: Arrangement, inside: Sequence[str], *, signed: bool = False
    ) -> dict[str, float]:
        services = self.members(arrangement.package)
        measure: dict[str, float] = {}
        for council in arrangement.partners:
            rows = [self.lines[council, service] for service in services]
            measure[council] = {
                "equal": 1.0,
                "workload": sum(0.0 if row.workload is None else self.central(row.workload) for row in rows),
                "stated": self.councils[council].stated_share or 0.0,
            }.get(rule, sum(self.central(row.cost_gbp) for row in rows))
        if sum(measure.values()) == 0:
            measure = dict.fromkeys(measure, 1.0)
        if signed:
            measure |= dict.fromkeys(arrangement.joins, 0.0)
        total = sum(measure[council] for council in inside)
        even = 1 / len(inside)
        return {
            council: (measure[council] / total if total > 0 else even) * (council in inside)
            for council in arrangement.partners
        }

    def fund_share(self, council: str, package: str) -> float:
        services = self.members(package)
        base = [self.central(self.lines[council, service].cost_gbp) for service in services]
        shares = [self.line(council, service, "gf_share") for service in services]
        if sum(base) == 0:
            base = [1.0] * len(services)
        return sum(b * (1.0 if share is None else share) for b, share in zip(base, shares, strict=True)) / sum(base)

    # -- the whole of an arrangement ---------------------------------------------------------------------------------

    def arrangement(self, arrangement: Arrangement) -> tuple[Lines, dict[str, dict[str, float]]]:
        """Undiscounted pounds by line, council and year, General Fund share taken; and counts by council."""
        base, staged, stage = arrangement.package.partition("/")
        if staged:
            return self.after(base, stage).arrangement(replace(arrangement, package=base))
        start = self.starts_at(arrangement)
        stays, out, cancelled = self.life(arrangement, start)
        lines: Lines = defaultdict(lambda: {council: [0.0] * self.years for council in arrangement.partners})

        def add(name: str, council: str, pounds: Sequence[float]) -> None:
            fund = self.fund_share(council, arrangement.package)
            lines[name][council] = [old + fund * new for old, new in zip(lines[name][council], pounds, strict=True)]

        for stay in stays:
            self._running(arrangement, stay, start, add)
        self._one_off(arrangement, start, cancelled, add)
        counts: dict[str, dict[str, float]] = {
            name: dict.fromkeys(arrangement.partners, 0.0)
            for name in ("removed", "redeployed", "voluntary", "compulsory", "started")
        }
        if stays:
            first = {
                name: self.rates(name, arrangement, stays[0].inside, start)
                for name in self.members(arrangement.package)
            }
            self._staff(arrangement, first, add, counts)
            self._harmonise(arrangement, first, stays[0], start, add)
            self._receive(arrangement, stays[0], start, add)
            self._risks_cost(arrangement, stays, start, add)
            self._exits(arrangement, stays, out, start, add)
            for earlier, stay in itertools.pairwise(stays):
                for council in sorted(set(stay.inside) - set(earlier.inside)):
                    self._join(arrangement, council, earlier, stay, add, counts)
            counts["started"] = dict.fromkeys(arrangement.partners, 1.0)
        return lines, counts

    def after(self, package: str, name: str) -> Reference:
        """The same future on what the first stage of a programme left to its council (section 2)."""
        stage = next(item for item in self.model.stages if item.id == name)
        council, result = stage.council, Reference(self.study, self.future)
        alone = Arrangement(package, (council,), {}, "internal", stage.first)
        start = self.starts_at(alone)
        for service in self.members(package):
            rates, factor = self.rates(service, alone, (council,), start), 1.0
            for risk, scope, target, _, at_all in self.struck():
                about = scope == "programme" or (scope, target) in (("service", (service,)), ("council", (council,)))
                if at_all and about and self.risks[risk].per == "once":
                    factor *= self.risk(risk, "saving_factor")
            cash = self.service(service, "cashable_share") * rates["saving"][council] * factor
            result.taken[council, service] = {
                "cost": cash - rates["extra"][council],
                "posts": rates["removed"][council],
                "vacant": rates["vacant"][council],
                "since": start + self.service(service, "ramp_years"),
            }
        return result

    def _running(self, arrangement: Arrangement, stay: Stay, start: float, add: Callable) -> None:
        shared, inside, form = len(arrangement.partners) > 1, stay.inside, arrangement.form
        services, split = self.members(arrangement.package), self.model.split
        running = self.weights(split.running, arrangement, inside)
        until = {council: min(stay.end, self.ends(council)) for council in inside}
        entry = self.entries(arrangement, start)
        stranded_for = max(self.services[name].stranded_years for name in services)
        governance = (self.value(self.model.costs, "governance_gbp_per_partner", "costs", "costs") or 0.0) * shared
        flat: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(inside, 0.0))
        stranded = dict.fromkeys(inside, 0.0)
        savings: dict[str, list[tuple[str, str, list[float]]]] = defaultdict(list)
        lasts = {council: self.ends(council) for council in inside}
        for service in services:
            rates = self.rates(service, arrangement, inside, start)
            fee = self.service(service, "host_fee_share")
            for council in inside:
                cost = self.cost(council, service)
                flat["extra_cost"][council] -= rates["extra"][council]
                flat["cost_sharing"][council] += rates["charge"][council]
                flat["vat"][council] -= self.form(form, "vat_share") * cost
                if shared and council not in arrangement.hosts:
                    flat["client_side"][council] -= self.service(service, "client_gbp_per_year")
                    overhead = (self.line(council, service, "cost_gbp") or 0.0) * (
                        self.line(council, service, "overhead_share") or 0.0
                    )
                    stranded[council] -= self.service(service, "stranded_share") * overhead
                hosts = {name: share for name, share in arrangement.hosts.items() if name in inside}
                # A host carries its own share for itself and pays the fee on the rest, which those who host receive.
                part = fee * cost * (1 - hosts.get(council, 0.0))
                for host, share in hosts.items():
                    flat["host_fee"][council] -= part * share / sum(hosts.values())
                    flat["host_fee"][host] += part * share / sum(hosts.values())
                # What this council saves, as each of those inside lives to see it: its own end cuts its own lines only.
                for seen_by, last in lasts.items():
                    years = self._saving(arrangement, service, council, rates["saving"][council], stay, entry, last)
                    savings[seen_by].append((service, council, years))
        for council in inside:
            flat["governance"][council] = -governance
            flat["vehicle"][council] = -self.form(form, "yearly_gbp") * running[council]
        for name, amounts in flat.items():
            for council, amount in amounts.items():
                add(name, council, self.flow(stay.begin, until[council], lambda _, a=amount: a))
        for council in inside:
            add(
                "stranded_overhead",
                council,
                self.flow(
                    stay.begin, min(until[council], entry[council] + stranded_for), lambda _, c=council: stranded[c]
                ),
            )
        self._pay_savings(arrangement, savings, add)
        growth = 1 + (self.value(self.model.study, "cost_growth_per_year", "study", "study") or 0.0)
        for service in services:
            tonnes = self.value(self.services[service], "carbon_tonnes_per_partner", f"services.{service}", "services")
            for council in inside if tonnes else ():
                years = self._saving(arrangement, service, council, tonnes, stay, entry, lasts[council], once=False)
                # No fund and no growth of cost: tonnes are tonnes.
                fund = self.fund_share(council, arrangement.package)
                add("carbon_tonnes", council, [value / growth**year / fund for year, value in enumerate(years)])

    def _pay_savings(
        self, arrangement: Arrangement, savings: dict[str, list[tuple[str, str, list[float]]]], add: Callable
    ) -> None:
        """Savings by year, the host's premium taken from everybody and given to the host.

        `savings` says for each council what everybody saves until that council's own end: the saver's successor pays a
        host that is still there, and a host that is gone receives nothing.
        """
        premium = self.model.split.host_premium_share if arrangement.hosts else 0.0
        hosts = {name: share for name, share in arrangement.hosts.items() if name in savings}
        for kind in ("saving_cashable", "saving_non_cashable"):
            for council, parts in savings.items():
                own, everybody = [0.0] * self.years, [0.0] * self.years
                for service, saver, years in parts:
                    cash = self.service(service, "cashable_share")
                    share = cash if kind == "saving_cashable" else 1 - cash
                    for year, pounds in enumerate(years):
                        everybody[year] += share * pounds
                        own[year] += share * pounds * (saver == council)
                carried = hosts.get(council, 0.0) / (sum(hosts.values()) or 1.0)
                kept = 1.0 - premium * bool(hosts)
                add(kind, council, [kept * a + premium * carried * b for a, b in zip(own, everybody, strict=True)])

    def _saving(
        self,
        arrangement: Arrangement,
        service: str,
        council: str,
        yearly: float,
        stay: Stay,
        entry: Mapping[str, float],
        last: float,
        *,
        once: bool = True,
    ) -> list[float]:
        """A saving until `last` that ramps up from a council's own start and shrinks by what strikes."""
        start = entry[council]
        ramp, factors = self.service(service, "ramp_years"), []
        for name, scope, target, when, at_all in self.struck():
            about = (
                target == (service,)
                if scope == "service"
                else target == (council,)
                if scope == "council"
                else self.concerns(scope, target, arrangement.package, arrangement.partners)
            )
            if at_all and about and (once or self.risks[name].per == "year"):
                factors.append((when if self.risks[name].per == "year" else -1.0, self.risk(name, "saving_factor")))

        def rate(time: float) -> float:
            up = 1.0 if ramp < 1e-6 or time >= start + ramp else (time - start) / ramp
            return yearly * up * math.prod(factor for when, factor in factors if when <= time)

        return self.flow(stay.begin, min(stay.end, last), rate, [start + ramp, *(when for when, _ in factors)])

    def ends(self, council: str) -> float:
        day = self.councils[council].ends
        return float(self.years) if day is None else min(float(self.years), max(0.0, self.instant(day)))

    def _one_off(self, arrangement: Arrangement, start: float, cancelled: float, add: Callable) -> None:
        services, costs = self.members(arrangement.package), self.model.costs
        planned_start = self.instant(arrangement.start)
        shares = self.planned(int(planned_start) - costs.lead_years, costs.profile)
        if cancelled < planned_start:
            sunk = self.value(costs, "sunk_share", "costs", "costs") or 0.0
            shares = [share * sunk for share in shares]
        months = 12 * max(min(start, cancelled) - planned_start, 0.0)
        actual = planned = monthly = joining = officers = 0.0
        for name in services:
            row, over = self.services[name], self.overrun(name)
            pooled = ("team_gbp", "ict_gbp", "dual_running_gbp", "premises_gbp")
            alone = self.value(row, "internal_one_off_gbp", f"services.{name}", "services")
            if len(arrangement.partners) == 1 and alone is not None:
                actual, planned = actual + over * alone, planned + alone
                joining += self.service(name, "joining_gbp") * over
                monthly += self.service(name, "delay_cost_gbp_per_month")
                officers += self.service(name, "officer_days") * self.staff("officer_day_gbp")
                continue
            actual += over * sum(max(self.service(name, field), 0.0) for field in pooled)
            planned += sum(max(self.central(getattr(row, field)), 0.0) for field in pooled)
            joining += self.service(name, "joining_gbp") * over
            officers += self.service(name, "officer_days") * self.staff("officer_day_gbp")
            monthly += self.service(name, "delay_cost_gbp_per_month")
        by_plan = self.weights(self.model.split.one_off, arrangement, arrangement.first, signed=True)
        by_over = self.weights(self.model.split.overspend, arrangement, arrangement.first, signed=True)
        set_up = self.form(arrangement.form, "set_up_gbp")
        for council in arrangement.first:
            own = by_plan[council] * (planned + set_up) + by_over[council] * (actual - planned)
            add("transition", council, self.spread(-own, shares))
            add("joining", council, self.spread(-joining if len(arrangement.partners) > 1 else 0.0, shares))
            add("officers", council, self.spread(-officers, shares))
            add("delay_cost", council, self.spread(-by_over[council] * monthly * months, shares))

    def overrun(self, service: str) -> float:
        """Overrun factor x residual optimism bias (section 4)."""
        row = self.services[service]
        drawn = self.value(row, "overrun_factor", f"services.{service}", "services")
        bias = (
            PRIORS["services.optimism_bias_share"].value.support[0]
            if row.optimism_bias_share is None
            else self.central(row.optimism_bias_share)
        )
        driver = {spec.name: spec for spec in self.study.drivers}.get(f"services.{service}.overrun_factor")
        mean_factor = (
            self.mean(row.overrun_factor)
            if row.overrun_factor is not None
            else float(driver.distribution.mean)
            if driver
            else 1.0
        )
        fields = {"team_gbp": 1, "ict_gbp": 1, "dual_running_gbp": 1, "joining_gbp": 2}
        planned = sum(n * self.central(getattr(row, field)) for field, n in fields.items())
        expected = mean_factor * sum(n * self.mean(getattr(row, field)) for field, n in fields.items())
        for risk in self.risks.values():
            if risk.scope == "service" and not risk.in_costs and (not risk.targets or service in risk.targets):
                chance = self.mean(risk.probability) * (risk.mitigation_probability_factor if risk.mitigated else 1)
                chance = chance if risk.per == "once" else 1 - (1 - chance) ** self.years
                left = risk.mitigation_effect_factor if risk.mitigated else 1
                expected += chance * self.mean(risk.one_off_gbp) * left
        left = max(0.0, bias - (expected - planned) / planned) if planned > 0 else 0.0
        return (1.0 if drawn is None else drawn) * (1 + left)

    def _staff(
        self, arrangement: Arrangement, first: dict[str, dict], add: Callable, counts: dict[str, dict[str, float]]
    ) -> None:
        planned_start = self.instant(arrangement.start)
        year = min(int(planned_start), self.years - 1)
        for service, rates in first.items():
            for council in rates["removed"]:
                each = self.per_exit(service, council, self.model.study.start.year + year)
                gone = rates["voluntary"][council] + rates["compulsory"][council]
                add("redundancy", council, self.once(-gone * each["redundancy"], year))
                years = self.model.staff.strain_years
                add(
                    "pension_strain",
                    council,
                    self.spread(-gone * each["pension_strain"], self.planned(int(planned_start), [1 / years] * years)),
                )
                add("notice", council, self.once(-rates["compulsory"][council] * each["notice"], year))
                for name in ("removed", "redeployed", "voluntary", "compulsory"):
                    counts[name][council] += rates[name][council]

    def _harmonise(
        self, arrangement: Arrangement, first: dict[str, dict], stay: Stay, start: float, add: Callable
    ) -> None:
        """Pay once lifted stays lifted, whoever leaves later."""
        entry = self.model.forms.get(arrangement.form)
        transfers = (
            FORM_FACTS[arrangement.form][0] if entry is None or entry.transfers_terms is None else entry.transfers_terms
        )
        if not transfers:
            return
        for service, rates in first.items():
            best = max(self.pay(council, service) for council in stay.inside)
            for council in stay.inside:
                gap = (
                    (best - self.pay(council, service))
                    * (1 + self.staff("on_cost_share"))
                    * self.staff("harmonisation_share")
                )
                add(
                    "harmonisation",
                    council,
                    self.flow(start, self.ends(council), lambda _, c=council, g=gap, r=rates: -r["paid_posts"][c] * g),
                )

    def _join(
        self,
        arrangement: Arrangement,
        council: str,
        earlier: Stay,
        stay: Stay,
        add: Callable,
        counts: dict[str, dict[str, float]],
    ) -> None:
        """What one council brings and pays when it joins: its posts and costs, its pay, its fee to the others."""
        services, entry = self.members(arrangement.package), stay.begin
        year = min(int(arrangement.joins[council]), self.years - 1)
        strain_years, joining, officers = self.model.staff.strain_years, 0.0, 0.0
        for service in services:
            rates = self.rates(service, arrangement, stay.inside, entry)
            each = self.per_exit(service, council, self.model.study.start.year + year)
            gone = rates["voluntary"][council] + rates["compulsory"][council]
            add("redundancy", council, self.once(-gone * each["redundancy"], year))
            parts = self.planned(int(arrangement.joins[council]), [1 / strain_years] * strain_years)
            add("pension_strain", council, self.spread(-gone * each["pension_strain"], parts))
            add("notice", council, self.once(-rates["compulsory"][council] * each["notice"], year))
            for name in ("removed", "redeployed", "voluntary", "compulsory"):
                counts[name][council] += rates[name][council]
            joining += self.service(service, "joining_gbp") * self.overrun(service)
            officers += self.service(service, "officer_days") * self.staff("officer_day_gbp")
            if self.transfers(arrangement.form):
                best = max(self.pay(name, service) for name in stay.inside)
                lift = (1 + self.staff("on_cost_share")) * self.staff("harmonisation_share")
                gap = rates["paid_posts"][council] * (best - self.pay(council, service)) * lift
                add("harmonisation", council, self.flow(entry, self.ends(council), lambda _, g=gap: -g))
        add("joining", council, self.once(-joining, year))
        add("officers", council, self.once(-officers, year))
        named = next(item for item in self.model.arrangements if council in item.joiners)
        fee = self.value(named, "joining_fee_gbp", f"arrangements.{named.id}", "arrangements") or 0.0
        share = self.weights(self.model.split.one_off, arrangement, earlier_in(earlier, stay), signed=True)
        for other in arrangement.partners:
            if entry < self.ends(other):
                add("joining_fee", other, self.once(fee * (share[other] - (other == council)), entry))

    def transfers(self, form: str) -> bool:
        entry = self.model.forms.get(form)
        return FORM_FACTS[form][0] if entry is None or entry.transfers_terms is None else entry.transfers_terms

    def _receive(self, arrangement: Arrangement, stay: Stay, start: float, add: Callable) -> None:
        """Premises are given up by those who start, when they do."""
        services = self.members(arrangement.package)
        receipt = 0.0
        for name in services:
            stated = self.services[name].internal_one_off_gbp is not None and len(arrangement.partners) == 1
            receipt += 0.0 if stated else max(-self.service(name, "premises_gbp"), 0.0)
        share = self.weights(self.model.split.one_off, arrangement, stay.inside, signed=True)
        for council in stay.inside:
            if start < self.ends(council):
                add("receipts", council, self.once(share[council] * receipt, start))

    def _risks_cost(self, arrangement: Arrangement, stays: list[Stay], start: float, add: Callable) -> None:
        """Service and pair events, paid by those who are in when they strike."""
        for name, scope, target, when, at_all in self.struck():
            if not at_all or scope not in ("service", "pair") or self.risks[name].in_costs:
                continue
            once = self.risks[name].per == "once"
            now = stays[0] if once else next((stay for stay in stays if stay.begin <= when < stay.end), None)
            if now is None or not self.concerns(scope, target, arrangement.package, now.inside):
                continue
            share = self.weights(self.model.split.overspend, arrangement, now.inside, signed=True)
            year = min(int(self.instant(arrangement.start)), self.years - 1) if once else when
            for council in now.inside:
                if once or when < self.ends(council):
                    add("risk_one_off", council, self.once(-share[council] * self.risk(name, "one_off_gbp"), year))

    def _exits(
        self, arrangement: Arrangement, stays: list[Stay], out: dict[str, float], start: float, add: Callable
    ) -> None:
        rate = self.value(self.model.exit, "cost_share", "exit", "exit") or 0.0
        for council in sorted({name for stay in stays for name in stay.inside}):
            if out[council] >= self.years:
                continue
            cost = rate * sum(self.cost(council, service) for service in self.members(arrangement.package))
            there = next(stay.inside for stay in stays if council in stay.inside and stay.end >= out[council])
            share = (
                {council: 1.0}
                if self.model.split.exit == "own"
                else self.weights(self.model.split.exit, arrangement, there)
            )
            for payer in share:
                if out[council] < self.ends(payer):
                    add("exit_cost", payer, self.once(-cost * share[payer], out[council]))

    # -- what is paid once for many bundles --------------------------------------------------------------------------

    def activation(self, key: str) -> dict[str, list[float]]:
        """Undiscounted pounds by council and year of one activation column, by its id."""
        kind, _, rest = key.partition(".")
        if kind == "risk":
            return self._activated_risks(rest)
        name, _, council = rest.partition("/")
        if kind == "mitigation":
            get = lambda field: self.value(self.risks[name], field, f"risks.{name}", "risks") or 0.0  # noqa: E731
            once = self.once(-get("mitigation_gbp"), 0)
            yearly = lambda _: -get("mitigation_gbp_per_year")  # noqa: E731
            return self._among_all("equal", lambda last: added(once, self.flow(0.0, last, yearly)))
        if kind == "grant":
            grant = next(item for item in self.model.grants if item.id == name)
            get = lambda field: self.value(grant, field, f"grants.{name}", "grants") or 0.0  # noqa: E731
            dated = []
            if self.future[f"grants.{name}.award"] < get("chance"):
                dated.append((grant.year, get("amount_gbp")))
                if self.future[f"grants.{name}.clawback"] < get("clawback_chance"):
                    dated.append((min(grant.clawback_year, self.years - 1), -get("amount_gbp")))
            return self._among_all(grant.split, lambda last: self._until(last, dated))
        item = next(item for item in self.model.shared_items if item.id == name)
        get = lambda field: self.value(item, field, f"shared_items.{name}", "shared_items") or 0.0  # noqa: E731
        planned = self.once(-get("one_off_gbp"), item.year)

        def until(last: float) -> list[float]:
            return added(planned, self.flow(float(item.year), last, lambda _: -get("yearly_gbp")))

        return {council: until(self.ends(council))} if council else self._among_all(item.split, until)

    def breaks(self, chosen: Sequence[Arrangement]) -> dict[str, list[float]]:
        """Undiscounted pounds by council and year of leaving what is there for these arrangements, taken together."""
        result = {name: [0.0] * self.years for name in self.councils}
        for entry in self.model.existing:
            for council in () if entry.novated else entry.partners:
                left = [self._left_for(entry, council, arrangement) for arrangement in chosen]
                months = max((number for number in left if number is not None), default=None)
                if months is None:
                    continue
                get = lambda field, e=entry: self.value(e, field, f"existing.{e.id}", "existing") or 0.0  # noqa: E731
                due, year = get("break_gbp") + months * get("break_gbp_per_month_left"), max(self.decision(), 0.0)
                result[council] = added(result[council], self.once(-due, year))
                others = [name for name in entry.paid_to if name != council]
                for name in others:
                    if int(year) < self.ends(name):
                        result[name] = added(result[name], self.once(due / len(others), year))
        return result

    def _left_for(self, entry: Any, council: str, arrangement: Arrangement) -> int | None:
        """Months left, begun ones in full, of what a council leaves for an arrangement; None where it leaves none."""
        base = arrangement.package.partition("/")[0]
        if council not in arrangement.partners or not set(self.members(base)) & set(entry.services):
            return None
        begins = self._takes_part(arrangement, council)
        if entry.ends is not None and begins >= entry.ends:
            return None
        behind = getattr(entry, "with") or ("supplier" if len(entry.partners) == 1 else "councils")
        together = set(entry.partners) <= set(arrangement.partners) and all(
            self._takes_part(arrangement, name) == begins for name in entry.partners
        )
        if behind == "councils" and together:
            return None
        months = 0
        while entry.ends is not None and months_after(begins, months) < entry.ends:
            months += 1
        return months

    def _takes_part(self, arrangement: Arrangement, council: str) -> date:
        """Planned day from which a council is in."""
        if council not in arrangement.joins:
            return arrangement.start
        first, years = self.model.study.start, arrangement.joins[council]
        anniversary = first.replace(year=first.year + int(years))
        return anniversary + timedelta(days=round((years - int(years)) * 365.25))

    def _until(self, last: float, dated: Iterable[tuple[float, float]]) -> list[float]:
        """Pounds by year of payments on their days; a council that is gone by then has no part in them."""
        result = [0.0] * self.years
        for when, pounds in dated:
            if when < last:
                result[int(when)] += pounds
        return result

    def _among_all(self, rule: str, until: Callable[[float], list[float]]) -> dict[str, list[float]]:
        """Each council's share of what is paid `until` its own end; the shares are those of all, gone or not."""
        measure = {}
        for name, row in self.councils.items():
            cost = sum(self.central(line.cost_gbp) for (council, _), line in self.lines.items() if council == name)
            measure[name] = {"equal": 1.0, "stated": row.stated_share or 0.0}.get(rule, cost)
        if sum(measure.values()) == 0:
            measure = dict.fromkeys(measure, 1.0)
        total = sum(measure.values())
        return {name: [part / total * pounds for pounds in until(self.ends(name))] for name, part in measure.items()}

    def _activated_risks(self, whose: str) -> dict[str, list[float]]:
        planned, dated = 0.0, []
        for name, scope, target, when, at_all in self.struck():
            wanted = scope == "programme" if whose == "programme" else (scope, target) == ("council", (whose,))
            if at_all and wanted and not self.risks[name].in_costs:
                if self.risks[name].per == "year":
                    dated.append((when, -self.risk(name, "one_off_gbp")))
                else:
                    planned -= self.risk(name, "one_off_gbp")

        def until(last: float) -> list[float]:
            return added(self.once(planned, 0), self._until(last, dated))

        return self._among_all("equal", until) if whose == "programme" else {whose: until(self.ends(whose))}


def months_after(day: date, months: int) -> date:
    """The same day of a later month, or the last that this month has."""
    year, month = day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1
    for number in range(day.day, 27, -1):
        try:
            return date(year, month, number)
        except ValueError:
            continue
    return date(year, month, day.day)


def added(one: Sequence[float], other: Sequence[float]) -> list[float]:
    """Pounds by year of both."""
    return [a + b for a, b in zip(one, other, strict=True)]


def earlier_in(earlier: Stay, stay: Stay) -> tuple[str, ...]:
    """Who was in already and still is."""
    return tuple(name for name in stay.inside if name in earlier.inside)


def statutory_weeks(age: float, served: float) -> float:
    """Weeks of pay: the last 20 complete years, each by the age at which it began."""
    complete = min(int(served), 20)
    if complete < 2:
        return 0.0
    weeks = 0.0
    for year in range(complete):
        began_at = age - complete + year
        weeks += 0.5 if began_at < 22 else 1.0 if began_at < 41 else 1.5
    return weeks
