"""What the right to stop at a stage gate is worth (docs/model.md section 8, decision 081).

At the gate the programme goes on only if what it can still be expected to bring, given what is known by then, is more
than stopping costs. The expectation is a regression on the choosing futures; it is put to work on fresh ones, so the
right is never credited with foresight. A rule that does not plainly beat going on whatever is known, on choosing
futures that its own fit left out, is not put to work: the programme then always goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd

from sharesim.appraisal.flows import Plan
from sharesim.appraisal.outcomes import Outcomes, appraise_again
from sharesim.display import record
from sharesim.measures import estimate
from sharesim.report.tables import is_event
from sharesim.study.schema import Stage
from sharesim.study.study import Study
from sharesim.workflow.records import JudgedRecord
from sharesim.workflow.words import money

#: What a first stage shows of its services by the time it runs, where the study does not say what is known.
SHOWN = (
    "internal_saving_share", "internal_one_off_gbp", "realisation_share", "ramp_years", "delay_months",
    "overrun_factor", "cashable_share", "structure_share",
)  # fmt: skip
#: Penalties tried, in units of a term's own weight: from next to none to next to nothing left.
PENALTIES = (1e-6, 1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0, 1e6)
#: Parts that the choosing draws are cut into; what is said of one is fitted on the others.
PARTS = 5
#: Standard errors by which a rule must beat always going on in the draws that its fit left out. By luck alone one rule
#: in forty does; with one error instead of two a case of 512 draws lost up to 160 thousand pounds by such luck.
LEAST_ERRORS = 2.0
#: More known drivers than this are regressed without their products.
MOST_CROSSED = 8


@record
class RightToStop:
    """The right to stop one staged programme at its gate; GBP discounted to the first year, over all partners.

    Parameters
    ----------
    stage : str
        Its id.
    follow_ons : tuple of str
        Ids of the bundles that follow on: the chosen ones, or the best where none was chosen.
    chosen : bool
    always_gbp : float
        What is left from the gate on when going on whatever is known.
    with_right_gbp : float
        The same when it is stopped where the rule says so.
    right_gbp, error_gbp, reach_gbp : float
        The difference, its Monte Carlo standard error, and how far its 95% interval reaches.
    foresight_gbp : float
        What is left with perfect foresight: going on or stopping, whichever is better, in each of the same futures. No
        rule can bring more, so it is never below `with_right_gbp`.
    stopped_share : float
        Share of futures in which it is stopped.
    known : tuple of str
        What the rule looks at.
    n_draws : int
        Fresh futures on which it was judged.
    """

    stage: str
    follow_ons: tuple[str, ...]
    chosen: bool
    always_gbp: float
    with_right_gbp: float
    right_gbp: float
    error_gbp: float
    reach_gbp: float
    foresight_gbp: float
    stopped_share: float
    known: tuple[str, ...]
    n_draws: int

    @property
    def is_used(self) -> bool:
        """Whether it is stopped in any future."""
        return self.stopped_share > 0

    @property
    def is_plain(self) -> bool:
        """Whether the right differs from nothing by more than chance does in nineteen cases of twenty."""
        return self.is_used and abs(self.right_gbp) > self.reach_gbp


def rights_to_stop(judged: JudgedRecord) -> list[RightToStop]:
    """Return what the right to stop is worth at every stage gate of a study.

    Parameters
    ----------
    judged : JudgedRecord
    """
    return [_right(judged, at, stage) for at, stage in enumerate(judged.study.model.stages) if stage.gate is not None]


def right_to_stop_table(judged: JudgedRecord) -> pd.DataFrame:
    """Return one row per stage gate: going on always, with the right to stop, and what the right is worth."""
    names = list(RightToStop.__dataclass_fields__)
    rows = [{name: getattr(found, name) for name in names} for found in rights_to_stop(judged)]
    for row in rows:
        row |= {name: "; ".join(row[name]) for name in ("follow_ons", "known")}
    return pd.DataFrame(rows, columns=names)


def gate_line(found: RightToStop) -> str:
    """Return one stage gate in words."""
    about = "what follows" if found.chosen else "the best that could follow (not chosen)"
    line = f"At the gate of {found.stage}, {about} is worth {money(found.always_gbp)} if it always goes on"
    if not found.is_used:
        return f"{line}; {right_words(found)}."
    return (
        f"{line} and {money(found.with_right_gbp)} with the right to stop, which is used in {found.stopped_share:.0%} "
        f"of futures: {right_words(found)}."
    )


def right_words(found: RightToStop) -> str:
    """Return what the right is worth in words, and whether that can be told from nothing.

    Examples
    --------
    >>> words = lambda right, share: right_words(
    ...     RightToStop("own", (), True, 1e6, 1e6 + right, right, 10_000.0, 20_000.0, 3e6, share, (), 1024)
    ... )
    >>> print(words(50_000.0, 0.2))
    the right is worth £50k (± £20k)
    >>> print(words(-5_000.0, 0.2))
    the right is worth -£5,000 (± £20k), which cannot be told from nothing
    >>> print(words(0.0, 0.0))
    no rule on what is known by then plainly beats that, so the right counts for nothing
    """
    if not found.is_used:
        return "no rule on what is known by then plainly beats that, so the right counts for nothing"
    if found.error_gbp != found.error_gbp:
        return f"the right is worth {money(found.right_gbp)}"
    doubt = "" if found.is_plain else ", which cannot be told from nothing"
    return f"the right is worth {money(found.right_gbp)} (± {money(found.reach_gbp)}){doubt}"


def stop_value(
    known: tuple[np.ndarray, np.ndarray], remaining: tuple[np.ndarray, np.ndarray], stop_gbp: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return what the right to stop brings in each fresh draw, GBP, and whether it goes on there.

    Where the rule does not beat always going on by `LEAST_ERRORS` errors, in draws of the fit that were left out, it
    always goes on.

    Parameters
    ----------
    known : pair of ndarray, shape (feature, draw)
        What is known by the gate, on the draws that fit the rule and on fresh ones.
    remaining : pair of ndarray, shape (draw,)
        What going on brings from the gate on.
    stop_gbp : float
        What stopping costs.

    Examples
    --------
    >>> fit, fresh = np.linspace(-2.0, 2.0, 100)[None], np.array([[-1.0, 1.0, -2.0, 2.0]])
    >>> worth, on = stop_value((fit, fresh), (10 * fit[0], 10 * fresh[0]), 5.0)
    >>> worth.tolist(), on.tolist()
    ([5.0, 0.0, 15.0, 0.0], [False, True, False, True])
    """
    centre, spread = known[0].mean(axis=1, keepdims=True), known[0].std(axis=1, keepdims=True)
    varies = spread[:, 0] > 1e-12 * np.maximum(np.abs(centre[:, 0]), 1e-12)
    fit, fresh = (_terms(np.clip((part[varies] - centre[varies]) / spread[varies], -4.0, 4.0)) for part in known)
    left_out, expected = _expected(fit, remaining[0], fresh)
    gain = np.where(left_out > -stop_gbp, 0.0, -stop_gbp - remaining[0])
    pays = gain.mean() > LEAST_ERRORS * gain.std() / np.sqrt(len(gain))
    goes_on = (expected > -stop_gbp) | (not pays)
    return np.where(goes_on, 0.0, -stop_gbp - remaining[1]), goes_on


def _expected(fit: np.ndarray, remaining: np.ndarray, fresh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the expectation of what remains, given what is known, on the draws of the fit and on fresh ones, (draw,).

    Least squares held back by a penalty (ridge); how much is found by leaving out each part of the draws in turn. So
    what says nothing of the future gets no weight, however much of it is known. On the draws of the fit it is what was
    expected of each while its part was left out.
    """
    centre, mean = fit.mean(axis=1, keepdims=True), remaining.mean()
    spread = np.maximum(fit.std(axis=1, keepdims=True), 1e-12)
    terms, target = (fit - centre) / spread, remaining - mean
    penalties = fit.shape[1] * np.array(PENALTIES)
    part_of, left_out = np.arange(fit.shape[1]) % PARTS, np.empty((len(penalties), fit.shape[1]))
    for part in range(PARTS):
        left = part_of == part
        left_out[:, left] = _ridge(terms[:, ~left], target[~left], penalties) @ terms[:, left]
    best = int(np.argmin(((left_out - target) ** 2).sum(axis=1)))
    (slopes,) = _ridge(terms, target, penalties[best : best + 1])
    return mean + left_out[best], mean + slopes @ ((fresh - centre) / spread)


def _ridge(terms: np.ndarray, target: np.ndarray, penalties: np.ndarray) -> np.ndarray:
    """Return the slopes for each penalty, shape (penalty, term)."""
    value, vector = np.linalg.eigh(terms @ terms.T)
    along = vector.T @ (terms @ target)
    slopes: np.ndarray = (along / (np.maximum(value, 0.0) + penalties[:, None])) @ vector.T
    return slopes


def _terms(known: np.ndarray) -> np.ndarray:
    """Return the features, their squares and, where they are few, their products, shape (term, draw)."""
    terms = [known, known**2]
    if len(known) <= MOST_CROSSED:
        terms += [known[at : at + 1] * known[at + 1 :] for at in range(len(known) - 1)]
    return np.concatenate(terms) if len(known) else np.zeros((1, known.shape[1]))


def _right(judged: JudgedRecord, at: int, stage: Stage) -> RightToStop:
    outcomes, study = judged.portfolio.appraisal.outcomes, judged.study
    chosen = judged.portfolio.solution.chosen
    mine = np.array([(found := study.first_stage(int(package))) is not None and found[0] == at
                     for package in outcomes.table.package])  # fmt: skip
    rows = np.array([row for row in chosen if mine[row]], int)
    was_chosen = len(rows) > 0
    rows = rows if was_chosen else _best(outcomes, np.flatnonzero(mine))
    alone = _alone(outcomes, rows, chosen)
    few = outcomes.table.take(np.sort(rows))
    assert stage.gate is not None
    gate = study.years_since_start(stage.gate)
    fresh = appraise_again(judged.outcomes, few)
    names, before = _known(study, stage, outcomes, gate)
    _, after = _known(study, stage, fresh, gate)
    remaining = (_remaining(outcomes, np.sort(rows), alone, gate), _remaining(fresh, np.arange(len(few)), alone, gate))
    worth, goes_on = stop_value((before, after), remaining, stage.stop_gbp)
    found = estimate(worth, "mean", fresh.plan)
    # All three are means over the same fresh draws, the second and third of the same two ways in each.
    ways = (remaining[1], np.where(goes_on, remaining[1], -stage.stop_gbp), np.maximum(remaining[1], -stage.stop_gbp))
    always, with_right, foresight = (float(way.mean()) for way in ways)
    return RightToStop(
        stage.id, tuple(outcomes.table.id_of(int(row)) for row in np.sort(rows)), was_chosen, always,
        with_right, found.value, found.standard_error, found.reach(), foresight, float(1.0 - goes_on.mean()), names,
        fresh.n_draws,
    )  # fmt: skip


def _best(outcomes: Outcomes, rows: np.ndarray) -> np.ndarray:
    """Return the best follow-ons that can be had together: highest mean first, no service of a council twice."""
    table, result = outcomes.table, []
    taken: set[tuple[str, str]] = set()
    for row in rows[np.argsort(-outcomes.npv_mean[rows], kind="stable")]:
        cells = {(council, service) for council in table.partner_ids(row) for service in table.service_ids(row)}
        if not cells & taken:
            taken |= cells
            result.append(int(row))
    return np.array(result, int)


def _alone(outcomes: Outcomes, rows: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the activation columns that only these bundles need, shape (activation,), bool."""
    needs, wanted = outcomes.activations.of_bundle, np.zeros(len(outcomes.activations.columns), bool)
    wanted[needs.take(np.asarray(rows, int)).item] = True
    before = outcomes.table.requires[rows]
    others = np.union1d(np.setdiff1d(chosen, rows), before[before >= 0]).astype(int)
    wanted[needs.take(others).item] = False
    return wanted


def _remaining(outcomes: Outcomes, rows: np.ndarray, alone: np.ndarray, gate: float) -> np.ndarray:
    """Return what going on brings from the gate on, GBP, shape (draw,): their value, less what was spent before."""
    worth: np.ndarray = outcomes.draws(rows).sum(axis=0)
    if alone.any():
        worth = worth + outcomes.activation_npv[alone].sum(axis=(0, 1))
    study = outcomes.study
    plans = [Plan.of(study, start) for start in outcomes.table.start_years[rows]]
    early = [year for year in range(int(gate)) if any(plan.spending[year] > 0 for plan in plans)]
    for year in early:
        # Money that is gone by the gate comes back by neither way.
        worth = worth + study.discount()[year] * outcomes.one_off_draws(rows, [year]).sum(axis=(0, 1))
    return worth


def _known(study: Study, stage: Stage, outcomes: Outcomes, gate: float) -> tuple[tuple[str, ...], np.ndarray]:
    """Return what is known by the gate: drivers, and which of the register's events have struck by then."""
    at = [place for place, spec in enumerate(study.drivers) if _is_known(study, stage, spec.name)]
    parts, struck = [], study.events.risks
    for run in outcomes.blocks():
        used = run.context.values[:, : run.used]
        events = [row for strikes in run.context.strikes for row in (strikes.time < gate)[:, : run.used]]
        parts.append(np.concatenate([used[at], np.array(events, float).reshape(len(struck), run.used)]))
    names = [study.drivers[place].name for place in at] + list(_event_names(study))
    values = np.concatenate(parts, axis=1)
    return tuple(names), values


def _is_known(study: Study, stage: Stage, name: str) -> bool:
    if is_event(name):
        return False
    if stage.known:
        return any(fnmatchcase(name, pattern) for pattern in stage.known)
    members = {item.id: item.services for item in study.model.packages}
    services = [service for item in stage.services for service in members.get(item, (item,))]
    shown = {f"services.{service}.{field}" for service in services for field in SHOWN}
    return name in shown or name == f"councils.{stage.council}.turnover_per_year"


def _event_names(study: Study) -> Iterator[str]:
    """Yield the register's events in the order of `Context.strikes`."""
    by_row: dict[int, list[str]] = {}
    for event in study.events.risks:
        name = study.drivers[event.strike].name.removeprefix("risks.").replace(".strike", "")
        by_row.setdefault(event.row, []).append(f"{name} by the gate")
    for names in by_row.values():
        yield from names


__all__ = ["RightToStop", "gate_line", "right_to_stop_table", "right_words", "rights_to_stop", "stop_value"]
