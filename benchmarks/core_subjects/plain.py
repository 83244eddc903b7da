"""The appraisal as an analyst would first write it: a loop over bundles, every formula once for all draws of a bundle.

Nothing is shared between bundles but the tables of councils and services. Partners who leave are followed stay by stay,
with masks over all draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.core_subjects.inputs import BY_COUNCIL, BY_DRAW, BY_FORM, BY_START, SUMS, Bundles, Inputs


def appraise(inputs: Inputs, bundles: Bundles, npv: np.ndarray) -> np.ndarray:
    """Fill the NPV, (bundle, partner slot, draw), and return the sums, (SUMS, bundle, partner slot)."""
    sums = np.zeros((len(SUMS), *npv.shape[:2]))
    for group, edges in enumerate(bundles.span):
        for start in range(len(inputs.plan)):
            for bundle in range(edges[start], edges[start + 1]):
                one = OneBundle(inputs, bundles, group, start, bundle)
                npv[bundle] = one.work()
                sums[0, bundle] = npv[bundle].sum(axis=-1)
                for row, name in enumerate(SUMS[1:], 1):
                    sums[row, bundle] = np.broadcast_to(one.measures.get(name, 0.0), npv.shape[1:]).sum(axis=-1)
    return sums


@dataclass
class Rates:
    """Yearly flows of those inside, each (partner, draw)."""

    saving: np.ndarray
    extra: np.ndarray
    removed: np.ndarray
    unpaid: np.ndarray
    share: np.ndarray


class OneBundle:
    """One bundle in all draws of a block."""

    def __init__(self, inputs: Inputs, bundles: Bundles, group: int, start: int, bundle: int) -> None:
        self.inputs, self.who, self.weight = inputs, bundles.members[group], bundles.weight[group][:, None]
        self.host, self.form, self.plan, self.outlay = (
            bundles.host[bundle],
            bundles.form[bundle],
            inputs.plan[start],
            inputs.outlay[:, start],
        )
        self.own = {name: inputs.council[row, self.who] for row, name in enumerate(BY_COUNCIL)}
        self.exit = {name: inputs.start[row, start][self.who] for row, name in enumerate(BY_START)}
        self.number = {name: inputs.draw[row] for row, name in enumerate(BY_DRAW)}
        self.terms = {name: inputs.form[row, self.form] for row, name in enumerate(BY_FORM)}
        self.elections = inputs.elections[self.who]
        self.n_draws, self.horizon = inputs.draw.shape[1], float(len(inputs.one_off))
        self.fewest = min(int(inputs.limits[0]), len(self.who))
        self.measures: dict[str, np.ndarray] = {}

    # -- time ----------------------------------------------------------------------------------------------------------

    def until(self, time: np.ndarray) -> np.ndarray:
        """Integral of the weight from 0 to a time."""
        year, draw = np.minimum(time.astype(int), len(self.inputs.yearly) - 1), np.arange(self.n_draws)
        return self.inputs.cumulative[year, draw] + self.inputs.yearly[year, draw] * (time - year)

    def area_until(self, time: np.ndarray) -> np.ndarray:
        """Integral of `until`."""
        year, draw = np.minimum(time.astype(int), len(self.inputs.yearly) - 1), np.arange(self.n_draws)
        part = time - year
        return self.inputs.area[year, draw] + part * (
            self.inputs.cumulative[year, draw] + 0.5 * part * self.inputs.yearly[year, draw]
        )

    def when(self, time: np.ndarray) -> np.ndarray:
        """Weight of a pound paid once."""
        return np.where(
            time < self.horizon, self.inputs.one_off[np.where(time < self.horizon, time, 0.0).astype(int)], 0.0
        )

    def ramped(self, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Value of 1 a year that ramps up from a beginning and stops at an end."""
        ramp = self.number["ramp"]
        full, length = np.minimum(end, begin + ramp), np.where(ramp < 1e-6, 1.0, ramp)
        gone = (
            self.until(full) * (1.0 - (full - begin) / length)
            + (self.area_until(full) - self.area_until(begin)) / length
        )
        return self.until(end) - np.where(ramp < 1e-6, self.until(begin), gone)

    def worth(self, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Value of a saving of 1 a year, less what failing systems take from it."""
        value, since = self.ramped(begin, end), np.clip(self.number["fails"], begin, end)
        return value + (self.number["fails_factor"] - 1.0) * (value - self.ramped(begin, since))

    # -- who is in -----------------------------------------------------------------------------------------------------

    def start(self) -> np.ndarray:
        """When the arrangement starts."""
        return self.plan + self.number["wait"] + self.number["will_delay"] * (self.own["will"] > 0).any(axis=0)

    def out_times(self, start: np.ndarray) -> np.ndarray:
        """When each partner is out."""
        number, decision, patience = self.number, self.inputs.limits[2], self.own["patience"]
        left = patience - number["before"] * np.maximum(start - decision, 0.0)
        early = decision + patience / number["before"]
        goal, begun = left / number["after"], np.minimum(start, self.horizon)
        time, spent = np.zeros(patience.shape), 0.0
        lengths = 1.0 + number["uplift"] * np.diff(self.elections, axis=1)[..., None]
        for year in range(int(self.horizon)):
            goal = goal + lengths[:, year] * np.clip(begun - year, 0.0, 1.0)
        for year in range(int(self.horizon)):
            time += np.clip((goal - spent) / lengths[:, year], 0.0, 1.0)
            spent = spent + lengths[:, year]
        late = np.where((goal < spent) & (time < self.horizon), time, np.inf)
        decided = np.minimum(np.where(left < 0, early, late), self.own["walks"])
        return np.where(decided < start, decided, decided + number["notice_years"])

    def rates(self, inside: np.ndarray) -> Rates:
        """What those inside save and pay a year."""
        own, number, n_inside = self.own, self.number, inside.sum(axis=0)
        pooled, apart = (own["pooled"] * inside).sum(axis=0), (own["apart"] * inside).sum(axis=0)
        ratio = np.where(apart > 0, pooled ** number["elasticity"] / np.where(apart > 0, apart, 1.0), 1.0)
        scale = (1.0 - ratio) * own["cost"] * inside
        gain = np.maximum(scale, 0.0)
        removed = np.minimum(gain * own["posts_per_pound"], own["posts"])
        unpaid = np.minimum(removed, own["empty"]) * own["unbudgeted"]
        lost = number["posts_share"] * gain * (unpaid / np.where(removed > 0, removed, 1.0))
        factor = number["factor"] * (1.0 - number["loss"]) ** np.maximum(n_inside - 2, 0)
        saving = np.maximum(factor * (gain - lost), 0.0) * own["once"] * own["fund"]
        extra = (gain - scale + number["increase"] * own["cost"] * inside) * own["fund"]
        weight = self.weight * inside
        share = weight / np.where(n_inside > 0, weight.sum(axis=0), 1.0) * own["fund"]
        return Rates(saving, extra, removed, unpaid, share)

    # -- pounds --------------------------------------------------------------------------------------------------------

    def work(self) -> np.ndarray:
        """Return the NPV by partner, (partner, draw), and leave the measures."""
        start = self.start()
        out, refused = self.out_times(start), (self.own["refuses"] > 0).any(axis=0)
        inside = out >= start
        starts = (inside.sum(axis=0) >= self.fewest) & ~refused
        if self.host >= 0:
            starts &= inside[self.host]
        npv = self.transition(start, out, starts, refused)
        inside = inside & starts
        rates, begin = self.rates(inside), np.minimum(start, self.horizon)
        npv += self.at_start(start, begin, inside, starts, rates)
        on, begun, value = starts, begin, np.zeros(self.n_draws)
        self.measures |= {"cashable_gbp": np.zeros(out.shape), "non_cashable_gbp": np.zeros(out.shape)}
        while on.any():
            end = np.maximum(np.minimum(np.where(inside, out, np.inf).min(axis=0), self.horizon), begin)
            to_end = self.worth(begun, end)
            npv += self.stay(begun, (begin, end), to_end - value, inside, rates)
            after = inside & (out > end)
            goes_on = on & (after.sum(axis=0) >= self.fewest) & (end < self.horizon)
            if self.host >= 0:
                goes_on &= after[self.host]
            leaves = inside & (~goes_on | (out <= end))
            npv -= self.own["exit_cost"] * self.own["fund"] * leaves * self.when(end)
            inside, on, begin, value = after & goes_on, goes_on, end, to_end
            rates = self.rates(inside)
        return npv

    def transition(self, start: np.ndarray, out: np.ndarray, starts: np.ndarray, refused: np.ndarray) -> np.ndarray:
        """One-off costs on their planned dates, whether or not the bundle starts."""
        number = self.number
        early = np.where(out < start, out, np.inf)
        given_up = np.sort(early, axis=0)[len(out) - self.fewest]
        if self.host >= 0:
            given_up = np.minimum(given_up, early[self.host])
        given_up = np.where(refused, -np.inf, np.where(starts, np.inf, given_up))
        times = np.where(given_up < self.plan, number["sunk"], 1.0)
        late = np.maximum(np.minimum(start, given_up) - self.plan, 0.0)
        pooled = number["actual"] + self.terms["set_up"] + 12.0 * number["monthly"] * late
        cost = times * (pooled * self.weight + number["joining"] + number["officers"]) * self.own["fund"]
        self.measures["transition_gbp"] = cost
        return -cost * self.outlay[0]

    def at_start(
        self, start: np.ndarray, begin: np.ndarray, inside: np.ndarray, starts: np.ndarray, rates: Rates
    ) -> np.ndarray:
        """Exits of staff, receipts, what struck, and pay that is lifted."""
        own, number = self.own, self.number
        held = rates.removed - np.minimum(rates.removed, own["empty"])
        lead = np.maximum(start + number["ramp"] - self.inputs.limits[2], 0.0)
        rest = held - np.minimum(held, own["filled"] * (1.0 - np.exp(own["log_staying"] * lead)))
        redeployed = number["redeployment"] * rest
        rest = rest - redeployed
        voluntary = number["voluntary"] * rest
        paid, strain = (
            rest * self.exit["redundancy"] + (rest - voluntary) * self.exit["notice"],
            rest * self.exit["strain"],
        )
        self.measures |= {
            "staff_gbp": paid,
            "strain_gbp": strain,
            "compulsory_exits": rest - voluntary,
            "voluntary_exits": voluntary,
            "redeployments": redeployed,
            "posts_removed": rates.removed,
            "started": starts.astype(float),
        }
        flow = rates.share * (number["receipts"] * self.when(start) - number["event"] * self.outlay[1])
        flow = flow - paid * self.outlay[1] - strain * self.outlay[2]
        if self.inputs.transfers[self.form]:
            gap = np.where(inside, own["pay"], 0.0).max(axis=0) - own["pay"]
            posts = own["posts"] - rates.removed - np.maximum(own["empty"] * own["unbudgeted"] - rates.unpaid, 0.0)
            length = self.inputs.cumulative[-1] - self.until(begin)
            flow = flow - posts * gap * number["lift"] * own["fund"] * length * inside
        return flow * starts

    def stay(
        self,
        begun: np.ndarray,
        span: tuple[np.ndarray, np.ndarray],
        value: np.ndarray,
        inside: np.ndarray,
        rates: Rates,
    ) -> np.ndarray:
        """What those inside gain and pay while they are together."""
        own, number, (begin, end) = self.own, self.number, span
        length = self.until(end) - self.until(begin)
        stranded = self.until(np.maximum(np.minimum(end, begun + self.inputs.limits[1]), begin)) - self.until(begin)
        saving, extra = rates.saving * value, rates.extra * length
        cash = number["cashable"] * saving
        self.measures["cashable_gbp"] += (cash - extra) * inside
        self.measures["non_cashable_gbp"] += (saving - cash) * inside
        struck = (number["fails"] >= begin) & (number["fails"] < end)
        event = number["fails_gbp"] * self.when(number["fails"]) * struck
        flow = cash - extra - own["governance"] * length - event * rates.share
        flow -= (
            self.terms["yearly"] / np.maximum(inside.sum(axis=0), 1) * own["fund"] * length
            + self.terms["vat"] * own["taxed"] * length
        )
        guest = own["client"] * length + own["stranded"] * stranded
        if self.host >= 0:
            guest = guest + own["fee"] * own["fund"] * length
            fees = (own["fee"] * inside).sum(axis=0) - own["fee"][self.host]
            guest[self.host] = -fees * own["fund"][self.host] * length
        return (flow - guest) * inside
