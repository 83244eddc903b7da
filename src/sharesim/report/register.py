"""The risk register with what each row does to the portfolio: simulated again without it, on the same futures."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd

from sharesim.appraisal.outcomes import Outcomes, appraise_again
from sharesim.insight.register import risk_effect
from sharesim.report import words
from sharesim.report.inputs import spoken
from sharesim.study.schema import RiskRow
from sharesim.study.study import Quantities, Study
from sharesim.uncertainty.amounts import first_of
from sharesim.uncertainty.draws import CHUNK

#: Futures simulated again, and bundle-draws for all rows together; differences on the same futures need few.
MOST_DRAWS, BUDGET = 4096, 1_500_000
LEAVING = "A partner leaves (beyond the register)"
COLUMNS = [
    "risk",
    "name",
    "strikes",
    "chance",
    "does",
    "owner",
    "mitigation",
    "source",
    "is_exposed",
    "n_draws",
    "struck_share",
    "mean_cost_gbp",
    "mean_cost_error_gbp",
    "cost_when_struck_gbp",
    "p5_cost_gbp",
    "cvar_cost_gbp",
    "spread_share",
]


def risks(study: Study, judged: Outcomes) -> pd.DataFrame:
    """Return the register's rows, the dearest first, and partners who leave for other reasons.

    Parameters
    ----------
    study : Study
    judged : Outcomes
        The chosen bundles on the judging draws.

    Returns
    -------
    DataFrame
        Columns of `insight.register.RiskEffect` beside the row's own; `is_exposed` says whether the portfolio has
        anything that the row can strike.
    """
    n_draws = draws_used(judged, len(study.model.risks) + 1)
    same = simulated(study, judged, n_draws)
    base, strikes = worth(same), strike_counts(study, same)
    rows = []
    for at, row in enumerate(study.model.risks):
        effect = risk_effect(row.name, base, worth(simulated(without_risk(study, at), judged, n_draws)), strikes[at])
        own = {
            "risk": row.id,
            "strikes": _targets(study, row),
            "chance": _chance(row),
            "does": _does(row),
            "owner": row.owner,
            "mitigation": row.mitigation,
            "source": row.source,
            "is_exposed": bool(_exposed(study, judged, at)),
            "n_draws": n_draws,
        }
        rows.append(own | dataclasses.asdict(effect))
    if judged.table.groups.partners.shape[1] > 1:
        rows.append(_leaving(study, judged, base))
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.sort_values(["is_exposed", "mean_cost_gbp", "name"], ascending=[False, False, True], ignore_index=True)


def draws_used(judged: Outcomes, n_variants: int) -> int:
    """Return how many of the judging draws are simulated again: as many as the budget allows.

    A power of two chunks, which every way of drawing accepts, or whole scrambles; all of them where there are no more.
    """
    most = min(MOST_DRAWS, BUDGET // max(1, n_variants * len(judged.table)))
    if judged.plan.scrambles > 1:
        return first_of(judged.n_draws, judged.plan.scrambles, most)[0]
    return min(judged.n_draws, CHUNK * 2 ** max(0, int(np.log2(max(most, CHUNK) / CHUNK))))


def simulated(study: Study, judged: Outcomes, n_draws: int) -> Outcomes:
    """Return the judged bundles simulated again, in this study, on the first of the same futures."""
    return appraise_again(judged, judged.table, study=study, n_draws=n_draws)


def worth(outcomes: Outcomes) -> np.ndarray:
    """Return the NPV of all bundles together and of what they need, GBP, shape (draw,)."""
    return outcomes.npv.sum(axis=(0, 1)) + outcomes.needed @ outcomes.activation_npv.sum(axis=1)


def without_risk(study: Study, row: int) -> Study:
    """Return the study with one row of the register switched off; every driver keeps its futures."""
    return _certain(study, {"risks.probability": row})


def _certain(study: Study, zeros: Mapping[str, int | tuple[()]]) -> Study:
    numbers = dict(study.numbers)
    for path, index in zeros.items():
        old = numbers[path]
        base, driver = old.base.copy(), old.driver.copy()
        base[index], driver[index] = 0.0, -1
        numbers[path] = Quantities(base, driver, old.times)
    return dataclasses.replace(study, numbers=numbers)


def _leaving(study: Study, judged: Outcomes, base: np.ndarray) -> dict[str, object]:
    hazard = study.model.exit.hazard_per_year
    stays = _certain(study, {"exit.hazard_per_year": (), "exit.before_start_hazard_per_year": ()})
    without = worth(simulated(stays, judged, base.size))
    effect = risk_effect(LEAVING, base, without, (base != without).astype(int))
    own = {
        "risk": "",
        "strikes": "any arrangement",
        "chance": f"{spoken(hazard, words.share)} a year" if hazard else "assumed, see below",
        "does": "Savings fall away, leaving costs, the rest go on or stop",
        "owner": "",
        "mitigation": "",
        "source": "",
        "is_exposed": True,
        "n_draws": base.size,
    }
    return own | dataclasses.asdict(effect)


def strike_counts(study: Study, outcomes: Outcomes) -> np.ndarray:
    """Return how many things of the portfolio each row of the register struck, int, shape (risk, draw)."""
    result = np.zeros((len(study.model.risks), outcomes.n_draws), int)
    for run in outcomes.blocks():
        for strikes in run.context.strikes:
            exposed = [_event_exposed(outcomes, strikes.scope, target) for target in strikes.targets]
            struck = strikes.struck[exposed, : run.used].sum(axis=0)
            result[strikes.row, run.first : run.first + run.used] = struck
    return result


def _exposed(study: Study, judged: Outcomes, row: int) -> bool:
    return any(event.row == row and _event_exposed(judged, event.scope, event.target) for event in study.events.risks)


def _event_exposed(judged: Outcomes, scope: str, target: tuple[int, ...]) -> bool:
    table = judged.table
    if not len(table):
        return False
    if scope == "programme":
        return True
    if scope == "service":
        return any(target[0] in table.package_services[package] for package in table.package)
    return bool(np.logical_and.reduce([(table.partners == council).any(axis=1) for council in target]).any())


def _targets(study: Study, row: RiskRow) -> str:
    if row.scope == "programme":
        return "the programme"
    labels = study.services if row.scope == "service" else study.councils
    if not row.targets:
        return f"every {row.scope}"
    names = [labels.name(labels.index(item)) for item in row.targets]
    return words.listing(names) if row.scope == "pair" else ", ".join(names)


def _chance(row: RiskRow) -> str:
    return spoken(row.probability, words.share) + (" a year" if row.per == "year" else "")


def _does(row: RiskRow) -> str:
    parts = []
    if row.delay_months.support != (0.0, 0.0):
        parts.append(f"delays by {spoken(row.delay_months, '{:g}'.format)} months")
    if row.saving_factor.support != (1.0, 1.0):
        parts.append(f"leaves {spoken(row.saving_factor, words.share)} of savings")
    if row.one_off_gbp.support != (0.0, 0.0):
        parts.append(f"costs {spoken(row.one_off_gbp, words.money)} once")
    if row.exit:
        parts.append("the council leaves")
    return words.sentence_case("; ".join(parts)) or "Nothing counted"
