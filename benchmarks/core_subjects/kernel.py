"""The appraisal as one compiled pass: bundle by bundle and draw by draw, the work that bundles share done once.

What a group of partners gains is worked out once a draw for all its starts, and all that no host or form changes once
a start for all its bundles. Draws are worked a few hundred at a time, so that the tables stay in the cache from one
group to the next; nothing is sliced or allocated in the loop. Without numba the same code runs as plain Python, which
is how the tests hold it to the other subjects.
"""

from __future__ import annotations

import math

import numpy as np

from benchmarks.core_subjects.inputs import BY_COUNCIL, BY_DRAW, SUMS, Bundles, Inputs

try:
    import numba

    # Fused multiply-add where the processor has it; nothing that changes what infinity means.
    compiled = numba.njit(fastmath={"contract"}, error_model="numpy", nogil=True)
    COMPILED = True
except ImportError:
    COMPILED = False

    def compiled(function):
        """Leave a function as it is."""
        return function


#: Draws worked from group to group, and the most partners of a bundle.
BLOCK, MOST = 256, 8
(
    COST,
    POOLED,
    APART,
    POSTS,
    POSTS_PER_POUND,
    EMPTY,
    UNBUDGETED,
    FILLED,
    PAY,
    GOVERNANCE,
    CLIENT,
    FEE,
    STRANDED,
    TAXED,
    FUND,
    EXIT_COST,
    ONCE,
    LOG_STAYING,
    PATIENCE,
    WALKS,
    REFUSES,
    WILL,
) = range(len(BY_COUNCIL))
(
    ELASTICITY,
    FACTOR,
    LOSS,
    INCREASE,
    CASHABLE,
    RAMP,
    POSTS_SHARE,
    ACTUAL,
    JOINING,
    OFFICERS,
    MONTHLY,
    RECEIPTS,
    WAIT,
    WILL_DELAY,
    EVENT,
    FAILS,
    FAILS_FACTOR,
    FAILS_GBP,
    BEFORE,
    AFTER,
    UPLIFT,
    NOTICE_YEARS,
    REDEPLOYMENT,
    VOLUNTARY,
    SUNK,
    LIFT,
) = range(len(BY_DRAW))
(
    S_NPV,
    S_CASHABLE,
    S_NON_CASHABLE,
    S_TRANSITION,
    S_STAFF,
    S_STRAIN,
    S_COMPULSORY,
    S_VOLUNTARY,
    S_REDEPLOYED,
    S_REMOVED,
    S_STARTED,
    _,
) = range(len(SUMS))
#: Rows of what is worked out for the partners of a group in one draw.
(
    SAVING,
    EXTRA,
    REMOVED,
    UNPAID,
    SHARE,
    PAID,
    STRAIN,
    COMPULSORY,
    LEFT,
    REDEPLOYED,
    CASH,
    TIME,
    COMMON,
    GUEST,
    DRIFT,
    N_ROWS,
) = range(16)


@compiled
def until(cumulative, yearly, time, d):
    """Integral of the weight from 0 to a time."""
    year = min(int(time), len(yearly) - 1)
    return cumulative[year, d] + yearly[year, d] * (time - year)


@compiled
def area_until(cumulative, area, yearly, time, d):
    """Integral of `until`."""
    year = min(int(time), len(yearly) - 1)
    part = time - year
    return area[year, d] + part * (cumulative[year, d] + 0.5 * part * yearly[year, d])


@compiled
def ramped(cumulative, area, yearly, start, ramp, end, until_end, until_start, area_start, d):
    """Value of 1 a year that ramps up from the start and stops at an end."""
    if ramp < 1e-6:
        return until_end - until_start
    full = min(end, start + ramp)
    gone = until(cumulative, yearly, full, d) * (1.0 - (full - start) / ramp)
    return until_end - gone - (area_until(cumulative, area, yearly, full, d) - area_start) / ramp


@compiled
def worth(cumulative, area, yearly, draw, start, end, until_end, until_start, area_start, d):
    """Value of a saving of 1 a year from the start to an end, with its ramp, less what failing systems take from it."""
    ramp, fails = draw[RAMP, d], draw[FAILS, d]
    value = ramped(cumulative, area, yearly, start, ramp, end, until_end, until_start, area_start, d)
    if fails < end:
        since = max(fails, start)
        until_since = until(cumulative, yearly, since, d)
        before = ramped(cumulative, area, yearly, start, ramp, since, until_since, until_start, area_start, d)
        value += (draw[FAILS_FACTOR, d] - 1.0) * (value - before)
    return value


@compiled
def leave_time(patience, start, decision, before, after, uplift, elections, a):
    """When a partner decides to leave; inf for never."""
    horizon = elections.shape[1] - 1
    left = patience - before * max(start - decision, 0.0)
    if left < 0.0:
        return decision + patience / before
    if after <= 0.0:
        return np.inf
    # What the partner still bears is used up year by year from the start on, faster after elections.
    goal = left / after
    for year in range(int(min(start, float(horizon))), horizon):
        begin = max(start, float(year))
        length = (1.0 + uplift * (elections[a, year + 1] - elections[a, year])) * (year + 1 - begin)
        if goal < length:
            return begin + goal / length * (year + 1 - begin)
        goal -= length
    return np.inf


@compiled
def out_times(council, draw, elections, decision, who, n, start, d, out):
    """Fill in when each partner is out: at once before the start, after notice later."""
    horizon = elections.shape[1] - 1
    before, after, uplift = draw[BEFORE, d], draw[AFTER, d], draw[UPLIFT, d]
    ahead, sooner = horizon - min(start, float(horizon)), before * max(start - decision, 0.0)
    for i in range(n):
        a = who[i]
        patience, decided = council[PATIENCE, a, d], np.inf
        # Who bears more than the hazard ahead stays: most do.
        if patience < sooner + after * (ahead + uplift * elections[a, horizon]):
            decided = leave_time(patience, start, decision, before, after, uplift, elections, a)
        decided = min(decided, council[WALKS, a, d])
        out[i] = decided if decided < start else decided + draw[NOTICE_YEARS, d]


@compiled
def rates(council, draw, who, weight, n, inside, d, rate):
    """Fill in yearly saving, extra cost and posts of those inside, and how they share what nobody planned."""
    n_inside, pooled, apart, whole = 0, 0.0, 0.0, 0.0
    for i in range(n):
        if inside[i]:
            n_inside += 1
            pooled += council[POOLED, who[i], d]
            apart += council[APART, who[i], d]
            whole += weight[i]
    gain_rate = 1.0 - (pooled ** draw[ELASTICITY, d] / apart if apart > 0.0 else 1.0)
    factor = draw[FACTOR, d]
    for _ in range(n_inside - 2):
        factor *= 1.0 - draw[LOSS, d]
    for i in range(n):
        a = who[i]
        if not inside[i]:
            rate[SAVING, i] = rate[EXTRA, i] = rate[REMOVED, i] = rate[UNPAID, i] = rate[SHARE, i] = 0.0
            continue
        cost, fund = council[COST, a, d], council[FUND, a, d]
        scale = gain_rate * cost
        gain = max(scale, 0.0)
        removed = min(gain * council[POSTS_PER_POUND, a, d], council[POSTS, a, d])
        unpaid = min(removed, council[EMPTY, a, d]) * council[UNBUDGETED, a, d]
        lost = draw[POSTS_SHARE, d] * gain * (unpaid / removed) if removed > 0.0 else 0.0
        rate[SAVING, i] = max(factor * (gain - lost), 0.0) * council[ONCE, a, d] * fund
        rate[EXTRA, i] = (gain - scale + draw[INCREASE, d] * cost) * fund
        rate[REMOVED, i], rate[UNPAID, i], rate[SHARE, i] = removed, unpaid, weight[i] / whole * fund
    return n_inside


@compiled
def staff(council, per_start, draw, who, n, inside, s, lead, d, rate):
    """Fill in exits of staff and their cost."""
    for i in range(n):
        rate[PAID, i] = rate[STRAIN, i] = rate[COMPULSORY, i] = rate[LEFT, i] = rate[REDEPLOYED, i] = 0.0
        if not inside[i]:
            continue
        a, removed = who[i], rate[REMOVED, i]
        rest = removed - min(removed, council[EMPTY, a, d])
        rest -= min(rest, council[FILLED, a, d] * (1.0 - math.exp(council[LOG_STAYING, a, d] * lead)))
        redeployed = draw[REDEPLOYMENT, d] * rest
        rest -= redeployed
        voluntary = draw[VOLUNTARY, d] * rest
        rate[PAID, i] = rest * per_start[0, s, a, d] + (rest - voluntary) * per_start[2, s, a, d]
        rate[STRAIN, i] = rest * per_start[1, s, a, d]
        rate[COMPULSORY, i], rate[LEFT, i], rate[REDEPLOYED, i] = rest - voluntary, voluntary, redeployed


@compiled
def given_up_at(out, n, start, host, refused, fewest):
    """When an arrangement that never starts is given up; inf where it starts."""
    if refused:
        return -np.inf
    # The one whose leaving brings the number below the fewest, or the host.
    result = np.inf if host < 0 or out[host] >= start else out[host]
    for i in range(n):
        n_before = 0
        for j in range(n):
            n_before += out[j] < out[i] or (out[j] == out[i] and j < i)
        if n_before == n - fewest and out[i] < start:
            result = min(result, out[i])
    return result


@compiled
def enter_transition(council, draw, who, weight, n, late, set_up, times, spending, d, npv, sums, v, b):
    """Enter one-off costs of a bundle, and of its delay."""
    pooled, each = draw[ACTUAL, d] + set_up + 12.0 * draw[MONTHLY, d] * late, draw[JOINING, d] + draw[OFFICERS, d]
    for i in range(n):
        cost = times * (pooled * weight[i] + each) * council[FUND, who[i], d]
        npv[v, i] -= cost * spending
        sums[b, S_TRANSITION, i] += cost


@compiled
def enter_start(
    council, draw, forms, transfers, who, n, host, form, first, last, inside, outlay, s, when, to_horizon, d, rate, npv
):
    """Enter what the start brings those inside: exits of staff, receipts, what struck, and pay that is lifted."""
    best = 0.0
    for i in range(n):
        if inside[i]:
            best = max(best, council[PAY, who[i], d])
    once = draw[RECEIPTS, d] * when - draw[EVENT, d] * outlay[1, s]
    for i in range(n):
        a, rate[COMMON, i], rate[DRIFT, i] = who[i], 0.0, 0.0
        if inside[i]:
            rate[COMMON, i] = once * rate[SHARE, i] - rate[PAID, i] * outlay[1, s] - rate[STRAIN, i] * outlay[2, s]
            gone = max(council[EMPTY, a, d] * council[UNBUDGETED, a, d] - rate[UNPAID, i], 0.0)
            paid = council[POSTS, a, d] - rate[REMOVED, i] - gone
            rate[DRIFT, i] = paid * (best - council[PAY, a, d]) * draw[LIFT, d] * council[FUND, a, d] * to_horizon
    for v in range(last - first):
        h = host[first + v]
        if h < 0 or inside[h]:
            for i in range(n):
                npv[v, i] += rate[COMMON, i] - (rate[DRIFT, i] if transfers[form[first + v]] else 0.0)


@compiled
def count_start(n, rate, sums, b):
    """Count exits, posts and a start."""
    for i in range(n):
        sums[b, S_STAFF, i] += rate[PAID, i]
        sums[b, S_STRAIN, i] += rate[STRAIN, i]
        sums[b, S_COMPULSORY, i] += rate[COMPULSORY, i]
        sums[b, S_VOLUNTARY, i] += rate[LEFT, i]
        sums[b, S_REDEPLOYED, i] += rate[REDEPLOYED, i]
        sums[b, S_REMOVED, i] += rate[REMOVED, i]
        sums[b, S_STARTED, i] += 1.0


@compiled
def enter_stay(
    council, draw, forms, who, n, host, form, first, last, inside, n_inside, event, length, left, value, d, rate, npv
):
    """Enter what those inside gain and pay while they are together."""
    fees = 0.0
    for i in range(n):
        a = who[i]
        saving, extra = rate[SAVING, i] * value, rate[EXTRA, i] * length
        cash = draw[CASHABLE, d] * saving
        rate[CASH, i], rate[TIME, i] = cash - extra, saving - cash
        rate[COMMON, i] = rate[GUEST, i] = 0.0
        if inside[i]:
            fees += council[FEE, a, d]
            rate[COMMON, i] = cash - extra - council[GOVERNANCE, a, d] * length - event * rate[SHARE, i]
            rate[GUEST, i] = council[CLIENT, a, d] * length + council[STRANDED, a, d] * left
    for v in range(last - first):
        h, f = host[first + v], form[first + v]
        if h >= 0 and not inside[h]:
            continue
        vehicle, vat = forms[0, f, d] / n_inside * length, forms[2, f, d] * length
        for i in range(n):
            a = who[i]
            if inside[i]:
                flow = rate[COMMON, i] - vehicle * council[FUND, a, d] - vat * council[TAXED, a, d]
                if i == h:
                    flow += (fees - council[FEE, a, d]) * council[FUND, a, d] * length
                else:
                    flow -= rate[GUEST, i]
                    if h >= 0:
                        flow -= council[FEE, a, d] * council[FUND, a, d] * length
                npv[v, i] += flow


@compiled
def count_savings(n, rate, sums, b):
    """Count savings."""
    for i in range(n):
        sums[b, S_CASHABLE, i] += rate[CASH, i]
        sums[b, S_NON_CASHABLE, i] += rate[TIME, i]


@compiled
def enter_exits(council, who, n, host, first, last, inside, out, end, goes_on, weight, d, npv):
    """Enter what leaving costs: those who leave, and all where too few are left or the host is among them."""
    for v in range(last - first):
        h = host[first + v]
        if h < 0 or inside[h]:
            ends = not goes_on or (h >= 0 and out[h] <= end)
            for i in range(n):
                if inside[i] and (ends or out[i] <= end):
                    npv[v, i] -= council[EXIT_COST, who[i], d] * council[FUND, who[i], d] * weight


@compiled
def appraise_groups(
    council,
    per_start,
    draw,
    forms,
    cumulative,
    area,
    yearly,
    one_off,
    elections,
    transfers,
    plan,
    outlay,
    limits,
    members,
    weights,
    span,
    host,
    form,
    begin_draw,
    end_draw,
    npv,
    sums,
):
    """Work all bundles through some draws: `npv` is (bundle, partner slot, draw), `sums` (bundle, sum, partner
    slot)."""
    n, n_starts, n_years = members.shape[1], len(plan), len(one_off)
    fewest, stranded_years, decision, horizon = min(int(limits[0]), n), limits[1], limits[2], float(n_years)
    full, rate, cells = np.zeros((N_ROWS, MOST)), np.zeros((N_ROWS, MOST)), np.zeros((len(host), MOST))
    everybody, inside, out = np.ones(MOST, np.bool_), np.ones(MOST, np.bool_), np.zeros(MOST)
    shared, who, weight = np.zeros((n_starts, sums.shape[1], n)), np.zeros(MOST, np.int64), np.zeros(MOST)
    for g in range(len(members)):
        shared[:] = 0.0
        for i in range(n):
            who[i], weight[i] = members[g, i], weights[g, i]
        for d in range(begin_draw, end_draw):
            rates(council, draw, who, weight, n, everybody, d, full)
            will, refused = False, False
            for i in range(n):
                will |= council[WILL, who[i], d] > 0.0
                refused |= council[REFUSES, who[i], d] > 0.0
            for s in range(n_starts):
                first, last = span[g, s], span[g, s + 1]
                if first == last:
                    continue
                for v in range(last - first):
                    for i in range(n):
                        cells[v, i] = 0.0
                start = plan[s] + draw[WAIT, d] + (draw[WILL_DELAY, d] if will else 0.0)
                out_times(council, draw, elections, decision, who, n, start, d, out)
                n_inside = 0
                for i in range(n):
                    inside[i] = out[i] >= start
                    n_inside += inside[i]
                regular = n_inside == n and not refused
                for v in range(last - first):
                    # Money is spent on planned dates, so only what is given up before the planned start saves the rest.
                    b, times, late = first + v, 1.0, max(start - plan[s], 0.0)
                    if not regular:
                        given_up = given_up_at(out, n, start, host[b], refused, fewest)
                        times = draw[SUNK, d] if given_up < plan[s] else 1.0
                        late = max(min(start, given_up) - plan[s], 0.0)
                    enter_transition(
                        council,
                        draw,
                        who,
                        weight,
                        n,
                        late,
                        forms[1, form[b], d],
                        times,
                        outlay[0, s],
                        d,
                        cells,
                        sums,
                        v,
                        b,
                    )
                if not refused and n_inside >= fewest:
                    if regular:
                        for i in range(n):
                            for row in range(SHARE + 1):
                                rate[row, i] = full[row, i]
                    else:
                        rates(council, draw, who, weight, n, inside, d, rate)
                    staff(
                        council, per_start, draw, who, n, inside, s, max(start + draw[RAMP, d] - decision, 0.0), d, rate
                    )
                    begin = min(start, horizon)
                    until_start, area_start = (
                        until(cumulative, yearly, begin, d),
                        area_until(cumulative, area, yearly, begin, d),
                    )
                    when = one_off[int(start)] if start < horizon else 0.0
                    to_horizon = cumulative[n_years, d] - until_start
                    enter_start(
                        council,
                        draw,
                        forms,
                        transfers,
                        who,
                        n,
                        host,
                        form,
                        first,
                        last,
                        inside,
                        outlay,
                        s,
                        when,
                        to_horizon,
                        d,
                        rate,
                        cells,
                    )
                    if regular:
                        count_start(n, rate, shared, s)
                    else:
                        for b in range(first, last):
                            if host[b] < 0 or inside[host[b]]:
                                count_start(n, rate, sums, b)
                    begun, until_begin, value_begin, alike = begin, until_start, 0.0, regular
                    while True:
                        end = horizon
                        for i in range(n):
                            if inside[i]:
                                end = min(end, out[i])
                        end = max(end, begin)
                        until_end = until(cumulative, yearly, end, d)
                        value = worth(cumulative, area, yearly, draw, begun, end, until_end, until_start, area_start, d)
                        stranded = (
                            until(cumulative, yearly, max(min(end, begun + stranded_years), begin), d) - until_begin
                        )
                        fails = draw[FAILS, d]
                        event = draw[FAILS_GBP, d] * one_off[int(fails)] if begin <= fails < end else 0.0
                        enter_stay(
                            council,
                            draw,
                            forms,
                            who,
                            n,
                            host,
                            form,
                            first,
                            last,
                            inside,
                            n_inside,
                            event,
                            until_end - until_begin,
                            stranded,
                            value - value_begin,
                            d,
                            rate,
                            cells,
                        )
                        if alike:
                            count_savings(n, rate, shared, s)
                        else:
                            for b in range(first, last):
                                if host[b] < 0 or inside[host[b]]:
                                    count_savings(n, rate, sums, b)
                        if end >= horizon:
                            break
                        n_left = 0
                        for i in range(n):
                            n_left += inside[i] and out[i] > end
                        enter_exits(
                            council,
                            who,
                            n,
                            host,
                            first,
                            last,
                            inside,
                            out,
                            end,
                            n_left >= fewest,
                            one_off[int(end)],
                            d,
                            cells,
                        )
                        if n_left < fewest:
                            break
                        for i in range(n):
                            inside[i] = inside[i] and out[i] > end
                        n_inside = rates(council, draw, who, weight, n, inside, d, rate)
                        begin, until_begin, value_begin, alike = end, until_end, value, False
                for v in range(last - first):
                    for i in range(n):
                        npv[first + v, i, d] = cells[v, i]
                        sums[first + v, S_NPV, i] += cells[v, i]
        for s in range(n_starts):
            for b in range(span[g, s], span[g, s + 1]):
                for m in range(sums.shape[1]):
                    for i in range(n):
                        sums[b, m, i] += shared[s, m, i]


def appraise(inputs: Inputs, bundles: Bundles, npv: np.ndarray) -> np.ndarray:
    """Fill the NPV, (bundle, partner slot, draw), and return the sums, (SUMS, bundle, partner slot)."""
    sums = np.zeros((len(bundles.rows), len(SUMS), bundles.members.shape[1]))
    for begin in range(0, npv.shape[-1], BLOCK):
        appraise_groups(
            inputs.council,
            inputs.start,
            inputs.draw,
            inputs.form,
            inputs.cumulative,
            inputs.area,
            inputs.yearly,
            inputs.one_off,
            inputs.elections,
            inputs.transfers,
            inputs.plan,
            inputs.outlay,
            inputs.limits,
            bundles.members,
            bundles.weight,
            bundles.span,
            bundles.host,
            bundles.form,
            begin,
            min(begin + BLOCK, npv.shape[-1]),
            npv,
            sums,
        )
    return np.moveaxis(sums, 1, 0)
