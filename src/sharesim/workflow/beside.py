"""What stands beside a judged portfolio: the do-minimum, three readings, mitigations on offer, carbon, quality."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sharesim.appraisal.engine import tiles_of
from sharesim.appraisal.flows import CASH_LINES
from sharesim.appraisal.outcomes import Outcomes, appraise_again
from sharesim.bundles.table import INTERNAL
from sharesim.choice.choose import choose
from sharesim.measures import Design, estimate, percentile
from sharesim.report.budget import price_index
from sharesim.report.public import public_value
from sharesim.report.tables import year_label
from sharesim.study.compile import compile_study
from sharesim.study.places import Places
from sharesim.study.rules import NeverShare, Objective
from sharesim.study.study import Study
from sharesim.workflow.records import JudgedRecord


def do_minimum(judged: JudgedRecord) -> pd.DataFrame:
    """Return what each council gains from the portfolio over the best that it can do alone.

    The do-minimum is the most valuable set of bundles in which nobody shares, chosen on the choosing futures; both are
    judged on the same fresh ones, so their difference carries little noise.

    Returns
    -------
    DataFrame
        council (empty for all together), name, do_minimum_gbp, portfolio_gbp, over_gbp, over_error_gbp,
        better_share (of futures); no rows where no bundle of one council alone is a candidate.
    """
    study, found = judged.study, judged.portfolio.appraisal
    columns = ["council", "name", "do_minimum_gbp", "portfolio_gbp", "over_gbp", "over_error_gbp", "better_share"]
    if not (found.outcomes.table.stage == INTERNAL).any():
        return pd.DataFrame(columns=columns)
    nobody = NeverShare(kind="never_share", name="do-minimum", services=study.services.ids)
    chosen = choose(found.candidates, found.outcomes, (nobody,), Objective()).chosen
    fresh = appraise_again(judged.outcomes, found.outcomes.table.take(chosen))
    least = _by_council(fresh)
    rows = []
    for at in range(-1, len(study.councils)):
        one, other = ((part.sum(axis=0) if at < 0 else part[at]) for part in (least, judged.council_npv))
        # Where the portfolio is the do-minimum, what is left is rounding.
        gain = np.where(np.abs(other - one) < 0.005, 0.0, other - one)
        over = estimate(gain, "mean", judged.outcomes.plan)
        council = ("", "All together") if at < 0 else (study.councils.ids[at], study.councils.name(at))
        rows.append((*council, one.mean(), other.mean(), over.value, over.standard_error, float((gain > 0).mean())))
    return pd.DataFrame(rows, columns=columns)


def _by_council(outcomes: Outcomes) -> np.ndarray:
    """NPV by council of bundles chosen together, GBP, shape (council, draw)."""
    shape = (len(outcomes.study.councils), outcomes.n_draws)
    result: np.ndarray = outcomes.activation_npv[outcomes.needed].sum(axis=0) + np.zeros(shape)
    partners = outcomes.table.partners
    for row, draws in enumerate(outcomes.partner_draws(np.arange(len(outcomes.table)))):
        for slot in np.flatnonzero(partners[row] >= 0):
            result[partners[row, slot]] += draws[slot]
    return result


def readings(judged: JudgedRecord) -> pd.DataFrame:
    """Return the three readings of the same flows side by side, never mixed (docs/model.md section 1).

    Returns
    -------
    DataFrame
        reading (council cash, council value, public value), what, mean_gbp, error_gbp, p5_gbp, p95_gbp. Council cash is
        nominal and undiscounted, by fund; council value real and discounted, the General Fund's; public value real and
        discounted, without transfers, all funds, with valued time, quality and carbon. The last row is a ratio.
    """
    study, design, years = judged.study, judged.outcomes.plan, judged.study.n_years
    index = price_index(study)
    cash = np.einsum("t,atn->n", index, judged.account.net)
    rows = [
        ("council cash", f"General Fund, nominal, {years} years", *_spread(cash, design)),
        ("council cash", "Other funds (housing, ring-fenced, fees), nominal", _other_funds(judged, index), *_none(3)),
        ("council value", "General Fund, real, discounted", *_spread(judged.npv, design)),
    ]
    if not len(judged.outcomes.table):
        return pd.DataFrame(rows, columns=_COLUMNS)
    public = public_value(judged.outcomes)
    low, high = public.npsv_p5_gbp, public.npsv_p95_gbp
    rows += [
        ("public value", "Net present social value", public.npsv_mean_gbp, float("nan"), low, high),
        ("public value", "Benefits", public.benefits_gbp, *_none(3)),
        ("public value", "Costs", public.costs_gbp, *_none(3)),
        ("public value", "Benefit-cost ratio", public.bcr, *_none(3)),
    ]
    return pd.DataFrame(rows, columns=_COLUMNS)


_COLUMNS = ["reading", "what", "mean_gbp", "error_gbp", "p5_gbp", "p95_gbp"]


def _none(count: int) -> tuple[float, ...]:
    return (float("nan"),) * count


def _spread(draws: np.ndarray, design: Design) -> tuple[float, float, float, float]:
    found = estimate(draws, "mean", design)
    return found.value, found.standard_error, float(percentile(draws, 5)), float(percentile(draws, 95))


def _other_funds(judged: JudgedRecord, index: np.ndarray) -> float:
    """Mean nominal pounds that fall on other funds than the General Fund."""
    outcomes, total = judged.outcomes, 0.0
    shares = outcomes.study.numbers["baseline.gf_share"]
    if shares.is_certain and (np.nan_to_num(shares.base, nan=1.0) == 1.0).all():
        return total
    tiles = tiles_of(outcomes.table)
    for run in outcomes.blocks():
        for sign, every in ((1.0, True), (-1.0, False)):
            for _, year, lines in run.years(tiles, all_funds=every):
                cash = sum(line[..., : run.used].sum() for name, line in lines.items() if name in CASH_LINES)
                total += sign * index[year] * float(cash) / outcomes.n_draws
    return total


def mitigations(judged: JudgedRecord) -> pd.DataFrame:
    """Return what each mitigation in the register is worth to the portfolio: bought against not bought, same futures.

    Returns
    -------
    DataFrame
        risk, name, bought, effect_gbp (what it moves without its cost), cost_gbp (discounted, positive), worth_gbp,
        worth_error_gbp; one row for each mitigation that changes a chance or an effect.
    """
    rows = []
    for at, row in enumerate(judged.study.model.risks):
        if row.mitigation_probability_factor == 1.0 and row.mitigation_effect_factor == 1.0:
            continue
        with_it, without = (_simulated(judged, _with_mitigation(judged.study, at, bought=on)) for on in (True, False))
        cost = -with_it.activation_npv[_column(with_it, row.id)].sum(axis=(0, 1))
        worth = _by_council(with_it).sum(axis=0) - _by_council(without).sum(axis=0)
        found = estimate(worth, "mean", judged.outcomes.plan)
        figures = (found.value + float(cost.mean()), float(cost.mean()), found.value, found.standard_error)
        rows.append((row.id, row.name, row.mitigated, *figures))
    columns = ["risk", "name", "bought", "effect_gbp", "cost_gbp", "worth_gbp", "worth_error_gbp"]
    return pd.DataFrame(rows, columns=columns)


def _with_mitigation(study: Study, at: int, *, bought: bool) -> Study:
    risks = list(study.model.risks)
    risks[at] = risks[at].model_copy(update={"mitigated": bought})
    return compile_study(study.model.model_copy(update={"risks": tuple(risks)}), Places("study.toml", {}))


def _simulated(judged: JudgedRecord, study: Study) -> Outcomes:
    return appraise_again(judged.outcomes, judged.outcomes.table, study=study)


def _column(outcomes: Outcomes, risk: str) -> np.ndarray:
    """Where the mitigation of a risk is needed by the portfolio, shape (activation,), bool."""
    mine = [column.id == f"mitigation.{risk}" for column in outcomes.activations.columns]
    found: np.ndarray = np.array(mine, bool) & outcomes.needed
    return found


def metrics(judged: JudgedRecord) -> pd.DataFrame:
    """Return what is not money: carbon avoided by year, and the change of each scored criterion where it is shared.

    Returns
    -------
    DataFrame
        measure (carbon, or the service), what (the year, or the criterion), value, unit.
    """
    study, account = judged.study, judged.account
    tonnes = account.line_means.get("carbon_tonnes")
    rows: list[tuple[str, str, float, str]] = []
    if tonnes is not None:
        by_year = tonnes.sum(axis=(0, 1))
        rows += [("carbon", year_label(study, year), float(by_year[year]), "tonnes") for year in range(study.n_years)]
    table = judged.outcomes.table
    shared = {service for row in np.flatnonzero(table.n_partners > 1) for service in table.service_ids(int(row))}
    for at, row in enumerate(study.model.quality):
        if row.service in shared:
            after = float(study.numbers["quality.after"].base[at])
            rows.append((row.service, row.criterion, after - row.before, "points, where it is shared"))
    return pd.DataFrame(rows, columns=["measure", "what", "value", "unit"])


__all__ = ["do_minimum", "metrics", "mitigations", "readings"]
