"""Figures that contradict each other: shares that do not add up, dates beyond the horizon, rules without a measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sharesim.study.doubt import Case
from sharesim.study.places import Place, Placed
from sharesim.study.quantity import Quantity, shown_law
from sharesim.uncertainty.amounts import allowed_draws, balanced, fitting
from sharesim.uncertainty.goal import goal
from sharesim.uncertainty.stop import Parts, first_look

YEARS_BEFORE = 10


def _workforce(case: Case) -> Iterator[Placed]:
    totals: dict[str, float] = {}
    first: dict[str, Place] = {}
    for index, row in case.rows("workforce"):
        totals[row.profile] = totals.get(row.profile, 0.0) + row.share
        if row.profile not in first:
            first[row.profile] = case.place("workforce", index, "share")
        for low, high, what in ((row.age_low, row.age_high, "age"), (row.service_low, row.service_high, "service")):
            if low > high:
                place = case.place("workforce", index, f"{what}_low")
                yield place.fault(
                    f"{what}_low is above {what}_high", f"{low:g} and {high:g}", "low at most high", "Swap them."
                )
        if row.service_high > row.age_high - 14:
            place = case.place("workforce", index, "service_high")
            yield place.fault(
                "service that began before the age of 14",
                f"{row.service_high:g} years at {row.age_high:g}",
                f"at most {max(row.age_high - 14, 0):g}",
                "",
            )
    if case.doubt.is_whole("workforce"):
        for profile, total in totals.items():
            if abs(total - 1.0) > 1e-6:
                yield first[profile].fault(
                    f"the shares of profile {profile!r} do not sum to 1", f"{total:.6g}", "1", "Scale them."
                )


def _baseline(case: Case) -> Iterator[Placed]:
    by_service: dict[str, list[bool]] = {}
    first: dict[str, Place] = {}
    for index, row in case.rows("baseline"):
        given = row.workload is not None
        by_service.setdefault(row.service, []).append(given)
        if not given and row.service not in first:
            first[row.service] = case.place("baseline", index, "workload")
        if given and row.workload.support[0] <= 0:
            got = shown_law(row.workload)
            yield case.place("baseline", index, "workload").fault(
                "not above 0", got, "above 0", "Leave it empty where it is not known."
            )
        yield from _line_adds_up(case, index, row)
    if not case.doubt.is_whole("baseline"):
        return
    for service, filled in by_service.items():
        if any(filled) and not all(filled):
            got = f"{sum(filled)} of {len(filled)} councils have one"
            yield first[service].fault(
                f"workload of {service!r} is missing here",
                got,
                "all or none",
                "Scale needs one measure for all: fill it in, or leave it out for all.",
            )


def _line_adds_up(case: Case, index: int, row: Any) -> Iterator[Placed]:
    """Parts of a baseline line that exceed the whole whatever is drawn."""
    kept, overhead = _least(row.client_side_share), _least(row.overhead_share)
    if kept + overhead > 1.0 + 1e-9:
        place = case.place("baseline", index, "client_side_share")
        yield place.fault(
            "client side and overhead together are more than the line", f"{kept + overhead:.4g}", "at most 1", ""
        )
    if _least(row.planned_saving_gbp) > _most(row.cost_gbp) > 0:
        place = case.place("baseline", index, "planned_saving_gbp")
        yield place.fault(
            "more than the line costs", shown_law(row.planned_saving_gbp), f"at most {_most(row.cost_gbp):g}", ""
        )
    if row.posts_fte is None:
        return
    empty, posts = _least(row.vacant_fte) + _least(row.unbudgeted_vacant_fte), _most(row.posts_fte)
    if empty > posts:
        place = case.place("baseline", index, "vacant_fte")
        yield place.fault(
            "more vacant posts than posts",
            f"{empty:g} of {posts:g}",
            f"at most {posts:g}",
            "Posts in the establishment include the vacant ones.",
        )


def _least(number: Quantity) -> float:
    return number.support[0] if number.driver is None else 0.0


def _most(number: Quantity) -> float:
    return number.support[1] if number.driver is None else float("inf")


def _quality(case: Case) -> Iterator[Placed]:
    totals: dict[str, float] = {}
    first: dict[str, Place] = {}
    for index, row in case.rows("quality"):
        totals[row.service] = totals.get(row.service, 0.0) + row.weight
        if row.service not in first:
            first[row.service] = case.place("quality", index, "weight")
    for service, total in totals.items():
        if total <= 0 and case.doubt.is_whole("quality"):
            yield first[service].fault(f"the weights of {service!r} are all 0", "0", "one above 0", "")
    scored = [row for _, row in case.rows("services") if row.id in totals]
    if scored and all(row.quality_weight == 0 for row in scored) and case.doubt.is_whole("services"):
        index = next(at for at, row in case.rows("services") if row.id in totals)
        yield case.place("services", index, "quality_weight").fault(
            "all scored services have weight 0", "0", "one above 0", ""
        )


def _dates(case: Case) -> Iterator[Placed]:
    about = case.model.study
    if case.doubt.about("study.start", "study.horizon_years"):
        return
    first, last = about.start, about.start.replace(year=about.start.year + about.horizon_years)
    allowed = f"{first} to before {last}"
    for index, row in case.rows("services"):
        for day in row.starts:
            if not first <= day < last:
                yield case.place("services", index, "starts").fault(
                    "a start outside the horizon", str(day), allowed, ""
                )
    for day in case.model.bundles.starts:
        if not first <= day < last:
            yield case.here.at(("bundles", "starts")).fault("a start outside the horizon", str(day), allowed, "")
    for index, row in case.rows("councils"):
        if row.ends is not None and row.ends <= first:
            yield case.place("councils", index, "ends").fault(
                "abolished before the study begins", str(row.ends), f"after {first}", "Drop the council."
            )
    if about.decision is not None:
        earliest = first.replace(year=first.year - YEARS_BEFORE)
        if not earliest <= about.decision < last:
            yield case.here.at(("study", "decision")).fault(
                "not a day of decision for this horizon", str(about.decision), f"{earliest} to before {last}", ""
            )


def _years(case: Case) -> Iterator[Placed]:
    if case.doubt.about("study.horizon_years"):
        return
    horizon = case.model.study.horizon_years
    columns = (("shared_items", "year"), ("grants", "year"), ("grants", "clawback_year"), ("published", "years"))
    for table, column in columns:
        for index, row in case.rows(table):
            most = horizon if table == "published" else horizon - 1
            value, idle = getattr(row, column), column == "clawback_year" and row.clawback_chance.support[1] == 0
            if value > most and not idle and not (column == "clawback_year" and column not in row.model_fields_set):
                yield case.place(table, index, column).fault("beyond the horizon", str(value), f"at most {most}", "")


def _tails(case: Case) -> Iterator[Placed]:
    remedy = "Give the Pareto tail a cap: the largest cost you would let happen before you stop."
    listed = list(case.quantities())
    listed += [(("drivers", index, "value"), row.value) for index, row in case.rows("drivers")]
    for loc, number in listed:
        index = None if number.distribution is None else number.distribution.heaviest_tail_index
        if index is not None and index <= 2:
            yield case.at(loc).fault(
                "a tail too heavy for a mean and its error", f"tail index {index:g}", "above 2, or a cap", remedy
            )


def _splits(case: Case) -> Iterator[Placed]:
    """A division by a measure that some councils do not have."""
    rules: list[tuple[tuple[Any, ...], Any]] = [
        (("split", name), getattr(case.model.split, name))
        for name in ("one_off", "exit", "running", "saving", "overspend")
    ]
    rules += [
        ((table, index, "split"), row.split) for table in ("shared_items", "grants") for index, row in case.rows(table)
    ]
    bare = [row.id for _, row in case.rows("councils") if row.stated_share is None]
    idle = all(row.workload is None for _, row in case.rows("baseline"))
    for loc, rule in rules:
        place = case.here.at(loc) if loc[0] == "split" else case.place(*loc)
        if rule == "stated" and bare and case.doubt.is_whole("councils"):
            remedy = "Give them in the councils table."
            yield place.fault("stated shares are not stated", f"none for {_few(bare)}", "one for every council", remedy)
        if rule == "workload" and idle and case.doubt.is_whole("baseline"):
            remedy = "Give them, or divide by base_cost."
            yield place.fault("division by workload without workloads", "none in the baseline", "workloads", remedy)


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _partners(case: Case) -> Iterator[Placed]:
    settings = case.model.bundles
    if settings.least_partners > max(settings.most_partners, 1) and settings.most_partners > 1:
        got = f"{settings.least_partners} and {settings.most_partners}"
        yield case.here.at(("bundles", "least_partners")).fault(
            "least_partners is above most_partners", got, "least at most most", ""
        )
    if settings.adjacent == "connected" and not case.model.neighbours and case.doubt.is_whole("neighbours"):
        remedy = 'Give it under [tables], or write adjacent = "any".'
        yield case.here.at(("bundles", "adjacent")).fault(
            "connected areas without a table of neighbours", "no neighbours", "a neighbours table", remedy
        )


def _first_look(case: Case, name: str, until: str) -> Iterator[Placed]:
    """Under sobol a stop rule adds scrambles as long as those that `draws` would be divided among."""
    run = case.model.run
    first = first_look(goal(until), Parts.of(run.method, getattr(run, name), run.scrambles))
    if first > run.most_draws and not case.doubt.about("run.most_draws", "run.until", "run.judge_until"):
        remedy = f"Raise it, or lower run.{name}." if run.method == "sobol" else "Raise it."
        yield case.here.at(("run", "most_draws")).fault(
            "no room for the stop rule's first look", f"{run.most_draws:,}", f"{first:,} or more", remedy
        )


def _run(case: Case) -> Iterator[Placed]:
    run = case.model.run
    if case.doubt.about("run.method", "run.scrambles"):
        return
    for name, until in (("draws", run.until), ("judge_draws", run.judge_until)):
        number = getattr(run, name)
        if case.doubt.about(f"run.{name}"):
            continue
        if until:
            yield from _first_look(case, name, until)
            continue
        if balanced(run.method, number, run.scrambles):
            continue
        remedy = f"Use {fitting(run.method, number, run.scrambles)}."
        yield case.here.at(("run", name)).fault(
            f"draws that {run.method} cannot be balanced with",
            f"{number:,}",
            allowed_draws(run.method, run.scrambles),
            remedy,
        )


VALUE_CHECKS: tuple[Callable[[Case], Iterator[Placed]], ...] = (
    _workforce, _baseline, _quality, _dates, _years, _tails, _splits, _partners, _run,
)  # fmt: skip
