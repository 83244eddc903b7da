"""What `check` says of rules and of figures that are possible but unlikely."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from sharesim.examples import from_dict
from sharesim.report.demands import _DEMANDS, demand
from sharesim.study import rules as r
from sharesim.workflow.check import check
from sharesim.workflow.questions import questions
from tests.unit.certain import certain_raw

BOTH = {"councils": ["ashby", "brook"]}
RULES: dict[str, tuple[dict[str, Any], str]] = {
    "must_share": ({"services": ["audit"], **BOTH}, "Ashby and Brook: Audit must be shared, each in one arrangement"),
    "never_share": ({"services": ["audit"]}, "every council: Audit may not be shared"),
    "force_partners": (BOTH, "Ashby and Brook are together in at least one service"),
    "forbid_partners": ({**BOTH, "services": ["audit"]}, "no two of Ashby and Brook are in one arrangement in Audit"),
    "link_partners": (BOTH, "where one of Ashby and Brook shares, all of them are in it"),
    "link_services": (
        {"services": ["audit", "payroll"], "same_partners": True},
        "every council: all or none of Audit and Payroll are shared, with the same partners in each",
    ),
    "forbid_form": ({"forms": ["company"]}, "company may not be chosen"),
    "budget": (
        {"limit_gbp": 123_456, "years": [2027], "council": "brook", "percentile": 90, "net_of_grants": True},
        "one-off cost of Brook, less the grants of the same year, is at most £123,456 in 2027-28, in at least 90% of futures",
    ),
    "officer_days": ({"limit_days": 110, "council": "ashby"}, "the change takes at most 110 officer days of Ashby in every year"),
    "exits": ({"limit_posts": 1}, "compulsory exits of all councils together are at most 1 post, on average"),
    "redeployments": (
        {"limit_posts": 2.5, "years": [2026, 2027]},
        "at most 2.5 posts of all councils together are redeployed in each of 2026-27 and 2027-28, on average",
    ),
    "most_partners": ({"limit": 2}, "every council: at most 2 different partners over all services"),
    "most_hosted": ({"limit": 1, "councils": ["brook"]}, "Brook: at most 1 service hosted"),
    "least_hosted": ({"limit": 1}, "every council: at least 1 service hosted"),
    "control_groups": (
        {"groups": {"red": ["ashby"], "blue": ["brook"]}},
        "no arrangement mixes councils of different groups (red: Ashby; blue: Brook)",
    ),
    "smallest_share": ({"share": 0.125}, "every council: at least 12.5% of the whole value each, on average"),
    "break_even": (
        {"measure": "probability", "probability": 0.85, "floor_gbp": -5_000, "councils": ["ashby"]},
        "Ashby: each one's own value is at least −£5,000 in at least 85% of futures",
    ),
    "cvar_floor": (
        {"floor_gbp": -680_000},
        "the worst 5% of futures are worth at least −£680,000 on average, all councils together",
    ),
    "loss_probability": ({"most": 0.2}, "all councils together lose in at most 20% of futures"),
    "target": ({"target_gbp": 1_000_000, "probability": 0.6}, "the whole is worth at least £1,000,000 in at least 60% of futures"),
    "risk_points": ({"limit_points": 12}, "what is chosen carries at most 12 points of the risk register"),
}


def two_services() -> dict[str, Any]:
    raw = certain_raw()
    raw["services"].append(raw["services"][0] | {"id": "payroll", "name": "Payroll"})
    raw["baseline"] += [row | {"service": "payroll"} for row in raw["baseline"]]
    return raw


def test_every_kind_of_rule_has_its_words() -> None:
    kinds = {kind.model_fields["kind"].annotation.__args__[0] for kind in get_args(get_args(r.Rule)[0])}
    assert kinds == set(_DEMANDS) == set(RULES)


@pytest.mark.parametrize("kind", RULES)
def test_a_rule_is_read_back_with_its_limit_and_its_names(kind: str) -> None:
    fields, expected = RULES[kind]
    raw = two_services()
    raw["rules"] = [{"kind": kind, "name": "mine", **fields}]
    study = from_dict(raw)
    assert demand(study.model.rules[0], study).replace("-£", "−£") == expected


def test_check_reads_a_rule_back_beside_its_owners_words() -> None:
    raw = certain_raw()
    sentence = "We can find ninety thousand."
    raw["rules"] = [{"kind": "budget", "name": "money", "owner": "ashby", "limit_gbp": 90_000, "sentence": sentence}]
    lines = check(from_dict(raw)).splitlines()
    at = lines.index("1 rule:")
    assert lines[at + 1 : at + 3] == [
        "  money (Ashby): one-off cost of all councils together, before grants and receipts, is at most £90,000 over all "
        "years together, on average.",
        f'    In its own words: "{sentence}"',
    ]


def asked(change: Any) -> list[str]:
    raw = certain_raw()
    for row in raw["baseline"]:
        row["posts_fte"] = 8
    change(raw)
    return questions(from_dict(raw))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"cost_gbp": 420, "posts_fte": 9}, "A post costs less than £"),
        ({"cost_gbp": 0, "posts_fte": 9}, "Posts without any cost: Audit at Ashby (£0 for 9 posts). Is the cost missing?"),
        ({"cost_gbp": 700_000, "posts_fte": 1}, "A post costs more than £"),
        ({"cost_gbp": 700_000, "posts_fte": 0}, "Cost without any post, where posts of the service matter: Audit at Ashby"),
    ],
)
def test_posts_and_cost_that_do_not_fit_are_asked_about(row: dict[str, Any], expected: str) -> None:
    [line] = asked(lambda raw: raw["baseline"][0].update(row))
    assert line.startswith(expected) and "Audit at Ashby" in line and line.endswith("?")


def test_what_a_post_may_cost_is_in_the_studys_prices() -> None:
    """9,000 a post is little today; in the money of 1990 it is usual, and 100,000 is much."""

    def old(cost: int) -> Any:
        def change(raw: dict[str, Any]) -> None:
            raw["study"] |= {"start": "1990-04-01", "price_base": "1990-91"}
            raw["baseline"][0].update(cost_gbp=cost, posts_fte=1)

        return change

    assert asked(lambda raw: raw["baseline"][0].update(cost_gbp=9_000, posts_fte=1)) != []
    assert asked(old(9_000)) == []
    assert asked(old(150_000)) != [] and asked(lambda raw: raw["baseline"][0].update(cost_gbp=150_000, posts_fte=1)) == []


def test_usual_figures_and_posts_left_out_raise_no_question() -> None:
    assert asked(lambda raw: None) == []
    assert asked(lambda raw: [row.pop("posts_fte") for row in raw["baseline"]]) == []


def test_one_service_that_is_most_of_a_council_is_asked_about() -> None:
    def change(raw: dict[str, Any]) -> None:
        for name in ("hr", "legal", "ict"):
            raw["services"].append(raw["services"][0] | {"id": name, "name": name.upper()})
            raw["baseline"].append({"council": "ashby", "service": name, "cost_gbp": 100_000})
        raw["baseline"] += [{"council": "brook", "service": name, "cost_gbp": 1e5} for name in ("hr", "legal")]

    [line] = asked(change)
    assert line.startswith("One service is more than half of all that is given for its council: Audit at Ashby (70% of £1.00m)")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda raw: raw["councils"][1].update(name="ashby "),
            "Several councils are printed under one name, but for capitals and spaces: ashby, brook. Which is which?",
        ),
        (
            lambda raw: raw.update(drivers=[{"name": name, "value": "uniform(0, 1)"} for name in ("Pay", "pay")]),
            "Names in drivers differ in capitals only: Pay, pay. Are they different things?",
        ),
        (
            lambda raw: raw.update(scenarios={"High": {"study.horizon_years": 5}, "high": {"study.horizon_years": 4}}),
            "Scenarios differ in capitals only: High, high. Some disks keep their runs in one folder. Rename one?",
        ),
    ],
)
def test_names_that_look_alike_are_asked_about(change: Any, expected: str) -> None:
    assert expected in asked(change)


def test_ids_that_differ_in_capitals_are_asked_about_and_check_counts_questions() -> None:
    raw = certain_raw()
    raw["councils"][1]["id"] = "Ashby"
    raw["baseline"][1]["council"] = "Ashby"
    said = check(from_dict(raw)).splitlines()
    at = said.index("1 question (nothing is refused for them):")
    assert said[at + 1] == "  Names in councils differ in capitals only: Ashby, ashby. Are they different things?"
