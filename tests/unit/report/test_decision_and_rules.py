"""The decision in sentences, the matrix, the rules, and choosing beside judging."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sharesim.choice.solution import About, Check, Solution, Status, StoppedBy
from sharesim.examples import from_dict
from sharesim.measures import estimate
from sharesim.report import grounds, options, readings, tables, words
from sharesim.report.contents import Contents
from sharesim.report.decision import decision, text_of
from sharesim.report.figures.who import matrix_plot
from sharesim.report.figures.why import published_plot
from sharesim.report.material import Material
from sharesim.report.matrix import arrangements, letter_of
from sharesim.study.rules import Objective
from sharesim.workflow.doors import appraise, choose, judge
from tests.unit.report.studies import trio_raw


def sentences(contents: Contents) -> list[str]:
    return [text_of(part) for part in Material(contents).decision]


def test_first_sentence_says_what_with_whom_where_and_when(trio: Contents) -> None:
    first = sentences(trio)[0]
    for item in Material(trio).chosen:
        assert item.title in first
    assert "hosted by" in first and "from April 2025" in first
    assert first.startswith(("Share two of three services", "Share three of three services", "Eastham"))


def test_second_sentence_has_price_base_horizon_and_error(trio: Contents) -> None:
    second = sentences(trio)[1]
    for part in (
        "six years from April 2025",
        "2025-26 prices",
        "discounted at 3.5% a year",
        "give or take",
        "General Funds",
    ):
        assert part in second


def test_third_sentence_names_the_council_most_likely_to_lose(trio: Contents, trio_material: Material) -> None:
    frame = trio_material.tables["councils"]
    worst = frame.loc[frame.probability_of_loss.idxmax(), "name"]
    assert f"{worst} is the council most likely to lose" in sentences(trio)[2]


def test_a_council_that_loses_on_average_is_named(trio: Contents) -> None:
    npv = np.asarray(trio.council_npv).copy()
    npv[1] -= npv[1].mean() + 5e4
    assert sentences(dataclasses.replace(trio, council_npv=npv))[2].endswith(", and Northam loses on average.")


@pytest.mark.parametrize("status", [status for status in Status if not status.has_portfolio])
def test_every_status_without_a_portfolio_has_a_sentence(status: Status, infeasible: Contents) -> None:
    solution = dataclasses.replace(infeasible.solution, status=status, notes=("what the solver said",))
    found = sentences(dataclasses.replace(infeasible, solution=solution))
    assert found[-1] == "what the solver said."
    assert len(found) == 3 and all(text.endswith(".") for text in found)


def test_nothing_to_share(nothing: Contents) -> None:
    found = sentences(nothing)
    assert found[0] == (
        "Share nothing: under these rules no set of the two candidate arrangements is worth more than leaving "
        "things as they are."
    )
    assert "−£" in found[1]


def test_letters_go_on_after_z() -> None:
    assert [letter_of(at) for at in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]


def test_matrix_says_for_each_cell_who_is_in_what(trio: Contents, trio_material: Material) -> None:
    assert trio.judged is not None
    frame, chosen = trio_material.tables["matrix"], arrangements(trio.study, trio.judged.table)
    assert len(frame) == 9
    for row in frame.itertuples():
        inside = [
            item.letter
            for item in chosen
            if row.service in [trio.study.services.ids[at] for at in item.services]
            and row.council in [trio.study.councils.ids[at] for at in item.partners]
        ]
        assert row.arrangement == (" ".join(inside) or "own")
        assert (row.group >= 0) == bool(inside)
    for item in chosen:
        assert sorted(trio.study.councils.ids[at] for at in item.hosts) == trio.judged.table.host_ids(item.row)
        assert item.start == str(trio.judged.table.start_date[item.row])
    assert 0 < frame.hosts.sum() == sum(len(item.hosts) * len(item.services) for item in chosen)


def test_partners_of_the_same_councils_share_a_colour(trio_material: Material) -> None:
    groups: dict[tuple[int, ...], set[int]] = {}
    for item in trio_material.chosen:
        groups.setdefault(item.partners, set()).add(item.group)
    assert all(len(found) == 1 for found in groups.values())
    assert len({next(iter(found)) for found in groups.values()}) == len(groups)


def test_choosing_figures_are_those_of_the_choosing_draws(trio: Contents) -> None:
    frame = readings.readings(trio).set_index("measure")
    assert np.isclose(frame.loc["mean", "choosing"], trio.solution.mean_npv_gbp, rtol=1e-9)
    assert np.isclose(frame.loc["mean", "judging"], trio.figures["npv_mean_gbp"], rtol=1e-12)
    assert np.isclose(frame.loc["p_loss", "judging"], trio.figures["probability_of_loss"])
    assert np.allclose(frame.choosing - frame.judging, frame.difference)
    flattered, reach = readings.luck(readings.readings(trio))
    reaches = [estimate(draws, "mean").reach() for draws in (readings.choosing_draws(trio), trio.npv)]
    assert np.isclose(reach, np.hypot(*reaches))
    assert np.isclose(flattered, trio.solution.mean_npv_gbp - trio.npv.mean())


def test_rules_show_their_tightest_subject(trio: Contents) -> None:
    checks = (
        Check("cap", "eastham", "eastham 2025", "<=", 50.0, 100.0, "GBP", about=About("eastham", year=2025)),
        Check("cap", "eastham", "northam 2026", "<=", 99.0, 100.0, "GBP", about=About("northam", year=2026)),
        Check("built in thing", "programme", "", "<=", 1.0, 1.0, "bundles", by_rule=False),
    )
    rule = dataclasses.replace(trio, solution=dataclasses.replace(trio.solution, checks=checks, binding=("cap",)))
    frame = readings.rules(rule).set_index("rule")
    assert frame.loc["cap", "subject"] == "Northam 2026"
    assert frame.loc["cap", "owner"] == "Eastham"
    assert frame.loc["cap", "n_subjects"] == 2 and frame.loc["cap", "binding"] and frame.loc["cap", "holds"]


def test_a_broken_rule_is_the_one_shown(trio: Contents) -> None:
    checks = (
        Check("cap", "eastham", "eastham", "<=", 99.9, 100.0, "GBP", about=About("eastham")),
        Check("cap", "eastham", "westham", "<=", 150.0, 100.0, "GBP", about=About("westham")),
    )
    frame = readings.rules(dataclasses.replace(trio, solution=dataclasses.replace(trio.solution, checks=checks)))
    assert frame.subject.iloc[0] == "Westham" and not frame.holds.iloc[0]


def test_objectives_in_words() -> None:
    assert grounds.objective_words(Objective()) == "the value on average"
    ordered = Objective(kind="lexicographic", order=("npv", "exits"))
    assert grounds.objective_words(ordered) == "first npv, then exits"
    weights = Objective(kind="weights", non_cashable_weight=0.5, quality_weight_gbp=1000)
    assert grounds.objective_words(weights) == "1 x value + 0.5 x time saved + £1,000 x change of quality"


def test_where_a_published_figure_falls(trio_material: Material) -> None:
    frame = trio_material.tables["published"]
    assert [grounds.falls(row) for row in frame.itertuples()][1] == "above every future"
    assert list(frame.covers)[1] == "Payroll; Eastham; in year 3"


def test_stopping_is_in_words() -> None:
    assert set(grounds.STOPPED) == set(StoppedBy)


def test_decision_of_an_empty_study(nothing: Contents) -> None:
    empty = dataclasses.replace(nothing.outcomes, table=nothing.outcomes.table.take(np.array([], dtype=np.int64)))
    made = dataclasses.replace(nothing, outcomes=empty)
    assert [text_of(part) for part in decision(made, ())] == ["Share nothing: the study has no candidate arrangement."]
    assert isinstance(nothing.solution, Solution)


def test_a_published_figure_of_what_is_not_shared_says_so(trio: Contents, trio_material: Material) -> None:
    judged = trio.judged
    assert judged is not None and trio.account is not None
    without = [row for row in range(len(judged.table)) if "payroll" not in judged.table.service_ids(row)]
    frame = tables.published(trio.study, judged.table.take(np.array(without, dtype=np.int64)), trio.account)
    assert frame.simulated_mean.isna().tolist() == [False, True, False]
    assert np.isnan(frame.percentile_of_published[1])
    assert grounds.falls(next(frame.iloc[1:2].itertuples())) == "not shared in this choice"
    assert grounds.figure_words(float("nan"), "GBP") == "–"
    plot = published_plot(frame)
    assert plot is not None and "of 2 published figures" in plot.title
    assert published_plot(frame.iloc[1:2]) is None
    none = tables.published(trio.study, judged.table.take(np.array([], dtype=np.int64)), trio.account)
    assert none.simulated_mean.isna().all() and published_plot(none) is None
    material = Material(trio)
    material.tables["published"] = frame
    table = grounds.published_table(material)
    assert table is not None and "not shared in this choice" in str(table)
    assert "£0" not in str([grounds.falls(row) for row in frame.itertuples()])


def test_what_a_council_improves_alone_is_not_called_shared(trio: Contents, trio_material: Material) -> None:
    """One arrangement of the choice is taken as internal: it counts among the shared ones no more."""
    chosen = trio_material.chosen
    last = dataclasses.replace(chosen[-1], services=(2,), partners=(0,), hosts=())
    mixed = (*(item for item in chosen[:-1]), last)
    shared = {at for item in chosen[:-1] for at in item.services}
    lead = text_of(decision(trio, mixed)[0])
    name, service = trio.study.councils.name(0), trio.study.services.name(2)
    assert lead.endswith(f"; improved alone: {service} by {name}.")
    assert last.title not in lead.split("improved alone")[0] or chosen[-1].title in {i.title for i in chosen[:-1]}
    title = matrix_plot(trio.study, trio_material.tables["matrix"], mixed).title  # type: ignore[union-attr]
    of = words.count(len(shared), "service").capitalize()
    assert title.startswith(f"{of} of three shared, in ") and title.endswith("; one improved alone")


def test_an_option_counts_only_what_two_or_more_share() -> None:
    raw = trio_raw()
    raw["bundles"] = {"internal": True, "most_partners": 1}
    raw["rules"] = []
    for service in raw["services"]:
        service |= {"internal_saving_share": 0.2, "internal_one_off_gbp": 1_000}
    judged = judge(choose(appraise(from_dict(raw))))
    assert len(judged.portfolio.chosen()) > 0
    option = options.Option("do_minimum", "Do minimum", "alone", judged.outcomes, judged.account)
    frame = options.options_table(judged.study, [option])
    assert frame.n_services.tolist() == frame.n_arrangements.tolist() == [0.0]
