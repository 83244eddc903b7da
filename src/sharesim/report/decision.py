"""The decision in three sentences: what to do, what it is worth, and what may go wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sharesim.appraisal.account import Account
from sharesim.choice.solution import Status
from sharesim.measures import estimate
from sharesim.report import words
from sharesim.report.contents import Contents
from sharesim.report.correlations import warning
from sharesim.report.matrix import Arrangement
from sharesim.report.tables import councils
from sharesim.report.worth import payback
from sharesim.uncertainty.draws import DrawPlan


@dataclass(frozen=True)
class Figure:
    """A figure in a sentence: what is written, what stands behind it, and where it is taken apart.

    Parameters
    ----------
    name : str
        Where a test, or a reader of ``summary.json``, finds it.
    value : float
    shown : str
    link : str
        Id of the element that takes it apart; empty for none.
    """

    name: str
    value: float
    shown: str
    link: str = ""


Sentence = tuple[str | Figure, ...]


def text_of(sentence: Sentence) -> str:
    """Return a sentence as plain text."""
    return "".join(part if isinstance(part, str) else part.shown for part in sentence)


def gbp(name: str, value: float, link: str = "") -> Figure:
    """Return a figure of money."""
    return Figure(name, float(value), words.money(float(value)), link)


def chance(name: str, value: float, link: str = "") -> Figure:
    """Return a figure that is a share of futures."""
    return Figure(name, float(value), words.share(float(value)), link)


def decision(contents: Contents, chosen: tuple[Arrangement, ...]) -> tuple[Sentence, ...]:
    """Return the decision in three sentences, fewer where there is nothing to decide on; a warning goes first."""
    said = warning(contents.study, contents.outcomes.plan.changes)
    return (*((said,) if said else ()), *_decision(contents, chosen))


def _decision(contents: Contents, chosen: tuple[Arrangement, ...]) -> tuple[Sentence, ...]:
    judged, account, npv = contents.judged, contents.account, contents.council_npv
    if judged is None:
        return _refused(contents)
    if account is None or npv is None or not chosen or not contents.is_judged:
        return _nothing(contents)
    return (_what(contents, chosen), _worth(contents, judged.plan), _risk(contents, account, npv, judged.plan))


def _refused(contents: Contents) -> tuple[Sentence, ...]:
    said = {
        Status.INFEASIBLE: "No portfolio keeps all rules: this is proven, not a failure of the search.",
        Status.UNPROVEN: "The search stopped before it found a portfolio that keeps all rules; there may be one.",
        Status.UNBOUNDED: "The program has no finite best answer: something in the study is at fault.",
        Status.FAILED: "The solver failed, so there is no answer.",
    }
    lead = said.get(contents.solution.status, f"There is no portfolio to show: {contents.solution.status.value}.")
    looked_at = words.sentence_case(words.count(len(contents.outcomes.table), "candidate arrangement"))
    seen = f"{looked_at} were simulated on {contents.outcomes.n_draws:,} futures."
    notes = tuple((note if note.endswith(".") else f"{note}.",) for note in contents.solution.notes)
    return ((lead,), (seen,), *notes)


def _nothing(contents: Contents) -> tuple[Sentence, ...]:
    n_bundles = len(contents.outcomes.table)
    if not n_bundles:
        return (("Share nothing: the study has no candidate arrangement.",),)
    candidates, solution = words.count(n_bundles, "candidate arrangement"), contents.solution
    lead = f"Share nothing: under these rules no set of the {candidates} is worth more than leaving things as they are."
    if solution.status is not Status.OPTIMAL:
        lead = (
            f"Share nothing yet: the search was stopped before it found a set of the {candidates} that is worth more "
            f"than leaving things as they are; up to {words.money(solution.bound_gbp)} by the objective is possible."
        )
    best = gbp("best_alone_npv_mean_gbp", float(contents.outcomes.npv_mean.max()))
    alone = (
        "The most valuable one taken alone is worth ",
        best,
        " on average, before what several would pay for together.",
    )
    return ((lead,), alone)


def _what(contents: Contents, chosen: tuple[Arrangement, ...]) -> Sentence:
    """Return what to share with whom; what councils improve alone is no sharing, and is said after it."""
    shared = tuple(item for item in chosen if len(item.partners) > 1)
    if not shared or len(shared) == len(chosen):
        return _of_one_kind(contents, chosen)
    names = contents.study.services.names
    parts = []
    for partner in dict.fromkeys(item.partners[0] for item in chosen if len(item.partners) == 1):
        own = {at for item in chosen if item.partners == (partner,) for at in item.services}
        parts.append(f"{words.listing([names[at] for at in sorted(own)])} by {contents.study.councils.name(partner)}")
    (lead,) = _of_one_kind(contents, shared)
    return (f"{str(lead).removesuffix('.')}; improved alone: {words.listing(parts)}.",)


def _of_one_kind(contents: Contents, chosen: tuple[Arrangement, ...]) -> Sentence:
    study = contents.study
    services = {service for item in chosen for service in item.services}
    share = study.services.names[0] if len(study.services) == 1 else _so_many(len(services), len(study.services))
    together = {item.partners for item in chosen}
    everybody = len(together) == 1
    names = words.listing([study.councils.name(at) for at in chosen[0].partners])
    alone = all(len(item.partners) == 1 for item in chosen)
    verb = "reorganise" if alone else "share"
    lead = f"{words.sentence_case(verb)} {share} in {words.count(len(chosen), 'arrangement')}"
    if everybody:
        lead = f"{names} should {verb} {share}"
    if len(chosen) > 6:
        first, last = (words.month(pick(item.start for item in chosen)) for pick in (min, max))
        when = f"from {first}" if first == last else f"starting between {first} and {last}"
        return (f"{lead}, {when}; the matrix shows who with whom.",)
    if len(study.services) == 1 and everybody:
        return (f"{lead}, {_how(contents, chosen[0], everybody)}.",)
    parts = [f"{item.title} ({_how(contents, item, everybody)})" for item in chosen]
    return (f"{lead}: {words.listing(parts)}.",)


def _so_many(chosen: int, of: int) -> str:
    return (
        f"all {words.number_word(of)} services"
        if chosen == of
        else f"{words.number_word(chosen)} of {words.number_word(of)} services"
    )


def _how(contents: Contents, item: Arrangement, everybody: bool) -> str:
    names = contents.study.councils.name
    who = "" if everybody else f"{words.listing([names(at) for at in item.partners])}, "
    hosts = f"hosted by {words.listing([names(at) for at in item.hosts])}" if item.hosts else item.form
    return f"{who}{hosts}, from {words.month(item.start)}"


def _worth(contents: Contents, plan: DrawPlan) -> Sentence:
    study, figures = contents.study, contents.figures
    error = estimate(contents.npv, "mean", plan)
    sure: Sentence = ()
    if error.available:
        sure = (
            " (give or take ",
            gbp("npv_mean_reach_gbp", error.reach()),
            ", the error of simulating)",
        )
    about = study.model.study
    rate = about.discount_rate_per_year
    discounted = (
        f"discounted at {words.share(rate, 1)} a year"
        if isinstance(rate, float)
        else "discounted at the study's schedule"
    )
    years = words.count(study.n_years, "year")
    return (
        f"Over {years} from {words.month(about.start)} that is worth ",
        gbp("npv_mean_gbp", figures["npv_mean_gbp"], "from-value"),
        " to the councils' General Funds on average",
        *sure,
        f", in {about.price_base} prices, {discounted}; nine futures in ten lie between ",
        gbp("npv_p5_gbp", figures["npv_p5_gbp"]),
        " and ",
        gbp("npv_p95_gbp", figures["npv_p95_gbp"]),
        ".",
    )


def _risk(contents: Contents, account: Account, council_npv: np.ndarray, plan: DrawPlan) -> Sentence:
    study, figures = contents.study, contents.figures
    frame = councils(study, account, council_npv, plan)
    peak = float(payback(study, account).peak_funding_mean_gbp.iloc[0])
    worst = frame.iloc[frame.probability_of_loss.argmax()]
    tail = Figure("cvar_gbp", float(figures["cvar_gbp"]), words.money(abs(figures["cvar_gbp"])))
    ends: Sentence = (
        ("; the worst twentieth of futures lose ", tail, " on average")
        if figures["cvar_gbp"] < 0
        else ("; even the worst twentieth of futures gain ", tail, " on average")
    )
    found: Sentence = (
        ("; ", gbp("payback.peak_funding_mean_gbp", peak, "from-peak"), " has to be found before it pays for itself")
        if peak >= 0.5
        else ()
    )
    losers = [name for name, mean in zip(frame["name"], frame.npv_mean_gbp, strict=True) if mean < 0]
    who: Sentence = ()
    if len(frame) > 1:
        who = (
            f"; {worst['name']} is the council most likely to lose (",
            chance(f"councils.{worst.council}.probability_of_loss", worst.probability_of_loss),
            " of futures)",
        )
        who += (
            (f", and {words.listing(losers)} {'loses' if len(losers) == 1 else 'lose'} on average",) if losers else ()
        )
    return (
        "It loses money in ",
        chance("probability_of_loss", figures["probability_of_loss"]),
        " of futures",
        *ends,
        *found,
        *who,
        ".",
    )
