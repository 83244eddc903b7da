"""What a study asks, in words, and what it leaves to be assumed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from sharesim.arguments import a_function, takes
from sharesim.bundles.enumerate import candidates
from sharesim.choice.formulation import contradictions
from sharesim.errors import StudyError
from sharesim.report.demands import demand
from sharesim.report.existing import existing_sentences
from sharesim.report.readings import owner_words
from sharesim.report.tables import is_event
from sharesim.study.given import a_study
from sharesim.study.study import Study
from sharesim.uncertainty.draws import DrawPlan
from sharesim.workflow.assumed import assumption_effects, effect_line, watched
from sharesim.workflow.doors import appraise, choose
from sharesim.workflow.questions import questions
from sharesim.workflow.results import Appraisal
from sharesim.workflow.words import active, correlation_lines, money, money_note

LOOK_DRAWS = 1024


@takes(study=a_study, progress=a_function)
def check(study: Study | str | Path, progress: Callable[[str, int, int], None] | None = None) -> str:
    """Return what a study asks, in words; every contradiction between its rules is a fault.

    Parameters
    ----------
    study : Study, str or Path
        As `load` returned it, or the path of one.
    progress : callable (stage, done, of), optional

    Raises
    ------
    StudyError
        When no bundle is possible, or rules contradict each other.
    """
    assert isinstance(study, Study)  # a path was read before this began
    stage = None if progress is None else lambda done, of: progress("simulating", done, of)
    outcomes = appraise(study, draws=LOOK_DRAWS, progress=stage)
    if faults := contradictions(active(study.model.rules), outcomes.candidates):
        raise StudyError(faults)
    parts = [
        *_what(study), *_existing(study), *_bundles(study), *_drivers(study), *_rules(study), *_questions(study),
        *_assumptions(study, outcomes), *_conventions(study),
    ]  # fmt: skip
    return "\n".join(parts)


def _what(study: Study) -> list[str]:
    about = study.model.study
    lines = [f"{about.title} ({about.name}): no faults."]
    if about.question:
        lines.append(about.question)
    councils = [f"{name} ({int(study.present[at].sum())})" for at, name in enumerate(study.councils.names)]
    lines.append(f"{_count(councils, 'council')} (services): {_some(councils)}.")
    services = [f"{name} ({int(study.present[:, at].sum())})" for at, name in enumerate(study.services.names)]
    lines.append(f"{_count(services, 'service')} (councils): {_some(services)}.")
    total = float(np.nansum(study.numbers["baseline.cost_gbp"].base))
    return [*lines, f"Together they cost {money(total)} a year today. {money_note(study)}"]


def _count(items: list[str], word: str) -> str:
    return f"{len(items)} {word}{'' if len(items) == 1 else 's'}"


def _some(items: list[str], most: int = 20) -> str:
    return ", ".join(items[:most]) + (f" and {len(items) - most} more" if len(items) > most else "")


def _existing(study: Study) -> list[str]:
    """What is there already: who leaves it pays, and nobody starts anew before its notice."""
    lines = existing_sentences(study)
    return [f"{_count(lines, 'existing arrangement')}:", *(f"  {line}." for line in lines)] if lines else []


def _bundles(study: Study) -> list[str]:
    table = candidates(study)
    sizes = [
        f"{int((table.n_partners == size).sum())} with {size} partner{'' if size == 1 else 's'}"
        for size in np.unique(table.n_partners)
    ]
    forms = sorted({table.forms.name(int(form)) for form in table.form})
    starts = sorted(set(table.start_date.astype(str)))
    return [f"{len(table)} candidate bundles: {', '.join(sizes)}; {', '.join(forms)}; starting {', '.join(starts)}."]


def _drivers(study: Study) -> list[str]:
    names = [spec.name for spec in study.drivers]
    events = [name for name in names if is_event(name)]
    lines = [
        f"{len(names) - len(events)} uncertain numbers, and {len(events)} events that may strike (risks, refusals, partners leaving)."
    ]
    plan = DrawPlan(study.drivers, seed=0, dependence=study.dependence, n_draws=LOOK_DRAWS)
    return lines + correlation_lines(plan.changes)


def _rules(study: Study) -> list[str]:
    rules = active(study.model.rules)
    if not rules:
        return ["No rules: the choice is by value alone."]
    lines = [f"{_count([rule.name for rule in rules], 'rule')}:"]
    for rule in rules:
        lines.append(f"  {rule.name} ({owner_words(study, rule.owner)}): {demand(rule, study)}.")
        lines += [f'    In its own words: "{rule.sentence}"'] if rule.sentence else []
    return lines


def _questions(study: Study) -> list[str]:
    """What is possible but unlikely: asked, never refused."""
    found = questions(study)
    return [f"{_count(found, 'question')} (nothing is refused for them):", *(f"  {text}" for text in found)] if found else []


def _conventions(study: Study) -> list[str]:
    """Settings that shape the answer and that the study left as they are."""
    if not study.conventions:
        return []
    lines = ["Left as they are (settings without a range; write them into the study to make them its own):"]
    for item in study.conventions:
        where = f" ({_some(list(item.where), 5)})" if item.where else ""
        lines.append(f"  {item.path} = {item.value}: {item.meaning}{where}")
    return lines


def _assumptions(study: Study, outcomes: Appraisal) -> list[str]:
    if not study.assumptions:
        return ["Nothing that decides the answer was assumed."]
    portfolio = choose(outcomes)
    table, chosen = outcomes.outcomes.table, portfolio.solution.chosen
    use = table.take(chosen) if len(chosen) else watched(table, outcomes.outcomes.npv_mean)
    about = (
        "the best portfolio on a first look"
        if len(chosen)
        else "the most valuable bundle of each service, since nothing was chosen"
    )
    effects = assumption_effects(study, use, seed=outcomes.seed)
    return [
        f"Not in the study, so assumed ({_count([e.assumption.path for e in effects], 'number')}; effect on the mean NPV of {about}, {LOOK_DRAWS:,} futures):",
        *(f"  {effect_line(effect, money)}" for effect in effects),
        "Put your own figure into the table, or under [defaults], and it is no longer assumed.",
    ]
