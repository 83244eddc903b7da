"""Studies for the second opinion on the appraisal: every feature of the model, stated or drawn by a generator."""

from __future__ import annotations

import random
from typing import Any

from sharesim.examples import two_councils_raw

DAYS = ("2025-04-01", "2025-10-01", "2026-10-01", "2028-04-01", "2033-07-01")


def three_councils() -> dict[str, Any]:
    """Three councils, two services and their package, risks of every kind, exits, grants, a council that ends."""
    raw = two_councils_raw()
    raw["councils"].append(
        {
            "id": "northam",
            "name": "Northam",
            "population": 60_000,
            "turnover_per_year": 0.12,
            "terms_gbp": 28_000,
            "election_years": "2027;2031",
            "control_change_share": 0.4,
            "ends": "2033-04-01",
        }
    )
    raw["services"].append(
        {
            "id": "hr",
            "name": "HR",
            "saving_rate_share": 0.05,
            "amount_per_partner_gbp": 3_000,
            "posts_removed_per_extra_partner": 1.0,
            "host_fee_share": 0.03,
            "stranded_share": 0.5,
            "client_gbp_per_year": 4_000,
            "delay_cost_gbp_per_month": 500,
            "joining_gbp": 2_000,
            "premises_gbp": -5_000,
        }
    )
    for council, workload, posts, cost in (
        ("eastham", 900, 7, 300e3),
        ("westham", 1200, 9, 400e3),
        ("northam", 600, 5, 200e3),
    ):
        raw["baseline"].append(
            {
                "council": council,
                "service": "hr",
                "cost_gbp": cost,
                "workload": workload,
                "posts_fte": posts,
                "vacant_fte": 1,
                "unbudgeted_vacant_fte": 0.5,
                "overhead_share": 0.1,
                "client_side_share": 0.05,
                "gf_share": 0.9,
            }
        )
    raw["baseline"].append(
        {
            "council": "northam",
            "service": "payroll",
            "cost_gbp": 200e3,
            "workload": 600,
            "posts_fte": 5,
            "gf_share": 1.0,
        }
    )
    raw["packages"] = [{"id": "back", "name": "Back office", "services": ["hr", "payroll"]}]
    raw["bundles"] = {
        "most_partners": 3,
        "internal": True,
        "forms": ["lead_authority", "company"],
        "starts": ["2025-04-01", "2026-10-01"],
    }
    raw["forms"] = {"company": {"set_up_gbp": 30_000, "yearly_gbp": 5_000, "vat_share": 0.01}}
    raw["gates"] = [{"id": "cab", "name": "Cabinet", "wait_months": 2, "refusal": 0.05}]
    raw["split"] = {"host_premium_share": 0.05, "saving": "base_cost", "exit": "equal", "overspend": "equal"}
    raw["risks"] = [
        {"id": "will", "name": "Political will", "scope": "council", "probability": 0.03, "per": "year", "exit": True},
        {
            "id": "hr",
            "name": "HR issues",
            "scope": "service",
            "probability": 0.3,
            "delay_months": 6,
            "one_off_gbp": 20_000,
        },
        {
            "id": "slow",
            "name": "slow",
            "scope": "programme",
            "probability": 0.1,
            "per": "year",
            "saving_factor": 0.8,
            "one_off_gbp": 10_000,
            "delay_months": 3,
        },
        {
            "id": "pair",
            "name": "pair quarrel",
            "scope": "pair",
            "targets": "eastham;westham",
            "probability": 0.2,
            "saving_factor": 0.7,
            "delay_months": 2,
        },
        {
            "id": "staff",
            "name": "staff",
            "scope": "council",
            "probability": 0.1,
            "saving_factor": 0.9,
            "per": "year",
            "one_off_gbp": 5_000,
        },
    ]
    raw["costs"] = {"governance_gbp_per_partner": 2_000, "profile": [0.6, 0.4]}
    raw["shared_items"] = [
        {"id": "po", "name": "Programme office", "one_off_gbp": 50_000},
        {
            "id": "sys",
            "name": "HR system",
            "services": ["hr"],
            "per_council": True,
            "one_off_gbp": 10_000,
            "yearly_gbp": 1_000,
            "year": 1,
        },
    ]
    raw["grants"] = [{"id": "g", "name": "Grant", "amount_gbp": 40_000, "chance": 0.8, "clawback_chance": 0.1}]
    raw["study"]["cost_growth_per_year"] = "pert(-0.01, 0.005, 0.02)"
    return raw


def several_hosts() -> dict[str, Any]:
    """The three councils with arrangements that two of them host, alike and not, and that go on without one host."""
    raw = three_councils()
    everybody = ["eastham", "westham", "northam"]
    named = {"service": "hr", "partners": everybody, "start": "2025-04-01"}
    raw["bundles"]["listed_only"] = True
    raw["exit"] = {"hazard_per_year": 0.25, "before_start_hazard_per_year": 0.2, "cost_share": 0.2}
    raw["arrangements"] = [
        {"id": "alike", "hosts": ["eastham", "westham"], "form": "joint_committee", **named},
        {"id": "unlike", "hosts": everybody[1:], "host_shares": [0.7, 0.3], **named},
        {"id": "pair", **named, "service": "back", "partners": everybody[:2], "hosts": everybody[:2]},
    ]
    return raw


def trading() -> dict[str, Any]:
    """The three councils with fee income, carbon, and one-off cost of their own where a council stays alone."""
    raw = three_councils()
    raw["services"][0] |= {"income_change_share": "pert(-0.2, 0.05, 0.3)", "carbon_tonnes_per_partner": 12}
    raw["services"][0] |= {"internal_one_off_gbp": "pert(5000, 8000, 20000)", "internal_saving_share": 0.03}
    raw["services"][1] |= {"internal_one_off_gbp": 6_000, "carbon_tonnes_per_partner": "pert(-3, 2, 4)"}
    for row in raw["baseline"]:
        row["income_gbp"] = 40_000 if row["service"] == "payroll" else 5_000
    return raw


def bound() -> dict[str, Any]:
    """The three councils with an arrangement to leave, and risks whose mitigation is bought."""
    raw = three_councils()
    raw["study"]["decision"] = "2026-05-01"
    raw["existing"] = [
        {"id": "old", "name": "Old", "services": ["hr"], "partners": ["eastham", "northam"]},
        {"id": "far", "name": "Far", "services": ["payroll"], "partners": ["westham"], "ends": "2026-09-01"},
    ]
    raw["existing"][0] |= {"notice_months": 3, "paid_to": ["northam", "westham"]}
    raw["existing"][0] |= {"break_gbp": "pert(8000, 9000, 20000)"}
    raw["existing"][1] |= {"notice_months": 40, "break_gbp": 7_000}
    for row in raw["risks"]:
        row |= {"mitigated": True, "mitigation_probability_factor": 0.5, "mitigation_effect_factor": 0.4}
        row |= {"mitigation_gbp": "pert(1000, 2000, 5000)", "mitigation_gbp_per_year": 300}
    raw["risks"][1]["mitigated"] = False
    return raw


def leaving() -> dict[str, Any]:
    """The three councils with contracts of every kind, left at several starts, by who joins later among them."""
    raw = three_councils()
    raw["bundles"]["starts"] = ["2025-04-01", "2026-10-01", "2028-04-01"]
    council = {"id": "shared", "name": "Shared", "services": ["hr"], "partners": ["eastham", "westham"]}
    one = {"id": "deal", "name": "Deal", "services": ["hr", "payroll"], "partners": ["northam"], "ends": "2029-06-20"}
    raw["existing"] = [
        council | {"break_gbp": 6_000, "ends": "2028-04-01", "paid_to": ["northam", "westham"]},
        one | {"break_gbp": 3_000, "break_gbp_per_month_left": "pert(100, 150, 400)", "paid_to": ["eastham"]},
        council | {"id": "firm", "name": "Firm", "with": "supplier", "services": ["payroll"], "break_gbp": 5_000},
        one | {"id": "taken", "name": "Taken over", "novated": True, "break_gbp": 9e6},
        one | {"id": "none", "name": "No charge"},
    ]
    named = {"service": "hr", "partners": ["eastham", "northam"], "hosts": ["eastham"], "joiners": ["westham"]}
    raw["arrangements"] = [
        named | {"id": "apart", "joins": "2027-04-01"},
        named | {"id": "after", "joins": "2028-04-01"},
        named | {"id": "late", "partners": ["eastham", "westham"], "joiners": ["northam"], "joins": "2029-04-15"},
    ]
    return raw


def joined() -> dict[str, Any]:
    """The three councils, two of which begin and one of which joins: soon, late, in a form that moves staff."""
    raw = three_councils()
    raw["bundles"]["listed_only"] = True
    raw["exit"] = {"hazard_per_year": 0.2, "before_start_hazard_per_year": 0.15, "cost_share": 0.2}
    raw["split"]["one_off"] = "base_cost"
    named = {"service": "hr", "partners": ["eastham", "westham"], "joiners": ["northam"], "joining_fee_gbp": 9_000}
    raw["arrangements"] = [
        {"id": "soon", "hosts": ["westham"], "joins": "2027-10-01", **named},
        {"id": "late", "form": "company", "joins": "2032-04-01", **named, "start": "2026-10-01"},
        {"id": "both", "hosts": ["eastham", "westham"], "joins": "2028-07-01", **named, "service": "back"},
        {"id": "pair", "hosts": ["eastham"], "service": "hr", "partners": ["eastham", "westham"]},
    ]
    for row in raw["councils"]:
        row["turnover_per_year"] = 0.03
    return raw


def staged() -> dict[str, Any]:
    """The three councils with programmes in which one of them consolidates first: a service, and a package."""
    raw = three_councils()
    raw["services"][0] |= {"internal_saving_share": "pert(-0.05, 0.06, 0.12)", "realisation_share": 0.8}
    raw["services"][1] |= {"internal_saving_share": 0.08, "cashable_share": 0.7}
    raw["exit"] = {"hazard_per_year": 0.1}
    # Few leave, so that whom the first stage used up is missed later.
    for council in raw["councils"]:
        council["turnover_per_year"] = 0.02
    programme = {"name": "Own house first", "first": "2025-04-01", "starts": ["2027-04-01"]}
    raw["stages"] = [
        {"id": "own", "council": "eastham", "services": ["hr", "back"], **programme},
        {"id": "north", "council": "northam", "services": ["hr"], **programme},
    ]
    raw["bundles"]["listed_only"] = True
    return raw


class _Maker:
    """Draws a study feature by feature; the same seed gives the same study."""

    def __init__(self, seed: int) -> None:
        self.at = random.Random(seed)

    def maybe(self, chance: float = 0.5) -> bool:
        return self.at.random() < chance

    def number(self, low: float, high: float) -> Any:
        """A figure, or one of several laws, within the bounds."""
        a, b, c = sorted(round(self.at.uniform(low, high), 4) for _ in range(3))
        if b == a or c == b:
            return b
        return self.at.choice([b, b, f"pert({a}, {b}, {c})", f"triangular({a}, {b}, {c})", f"uniform({a}, {c})"])

    def optional(self, row: dict[str, Any], chance: float, **bounds: tuple[float, float]) -> None:
        for name, (low, high) in bounds.items():
            if self.maybe(chance):
                row[name] = self.number(low, high)


def random_study(seed: int) -> dict[str, Any]:
    """Return a study in which each feature of the model is there or not, with figures or distributions."""
    make = _Maker(seed)
    raw: dict[str, Any] = {
        "study": {
            "name": f"random-{seed}",
            "title": "Drawn",
            "start": "2025-04-01",
            "price_base": "2025-26",
            "horizon_years": make.at.choice([6, 10]),
            "report_years": [5],
            "cost_growth_per_year": make.number(-0.02, 0.03),
            "discount_rate_per_year": make.at.choice(
                [0.035, [{"from_year": 0, "rate_per_year": 0.035}, {"from_year": 4, "rate_per_year": 0.01}]]
            ),
        }
    }
    if make.maybe():
        raw["study"]["decision"] = "2025-09-01"
    names = ["ashby", "burton", "corby", "derwent"][: make.at.choice([2, 3, 3, 4])]
    raw["councils"] = [_council(make, name) for name in names]
    raw["services"] = [_service(make, name) for name in ("audit", "legal")]
    raw["baseline"] = _baseline(make, names)
    if make.maybe(0.6):
        raw["packages"] = [{"id": "both", "name": "Both", "services": ["audit", "legal"]}]
    _settings(make, raw)
    _events(make, raw, names)
    return raw


def _council(make: _Maker, name: str) -> dict[str, Any]:
    row: dict[str, Any] = {"id": name, "name": name.title(), "stated_share": make.at.choice([0.1, 0.2, 0.5])}
    make.optional(row, 0.6, turnover_per_year=(0.0, 0.4), terms_gbp=(22_000, 45_000))
    if make.maybe(0.4):
        row |= {"election_years": make.at.choice(["2026;2030", "2027", "2027;2027;2029"]), "control_change_share": 0.5}
    if make.maybe(0.3):
        row["ends"] = make.at.choice(["2028-04-01", "2030-10-01", "2040-04-01"])
    if make.maybe(0.3):
        row["workforce"] = "older"
    return row


def _service(make: _Maker, name: str) -> dict[str, Any]:
    row: dict[str, Any] = {"id": name, "name": name.title(), "gain_by": make.at.choice(["own_cost", "pooled_cost"])}
    row["saving_kind"] = make.at.choice(["planned", "planned", "realised"])
    make.optional(row, 0.6, elasticity=(0.55, 1.25), internal_saving_share=(-0.05, 0.1))
    make.optional(
        row,
        0.4,
        saving_rate_share=(-0.05, 0.1),
        amount_per_partnership_gbp=(-9_000, 20_000),
        amount_per_partner_gbp=(-6_000, 9_000),
    )
    make.optional(row, 0.4, posts_removed_per_extra_partner=(0.5, 3), cost_per_post_gbp=(30_000, 60_000))
    make.optional(
        row,
        0.5,
        realisation_share=(0.2, 1.1),
        coordination_loss_share=(0.0, 0.2),
        cost_increase_share=(0.0, 0.05),
        cashable_share=(0.2, 1.0),
        delay_months=(0, 30),
        labour_share=(0.3, 0.8),
        posts_share=(0.3, 1.0),
        structure_share=(0.5, 1.2),
        team_gbp=(0, 60_000),
        ict_gbp=(0, 90_000),
        premises_gbp=(-40_000, 40_000),
        dual_running_gbp=(0, 30_000),
        joining_gbp=(0, 9_000),
        officer_days=(0, 90),
        delay_cost_gbp_per_month=(0, 3_000),
        overrun_factor=(0.8, 1.8),
        client_gbp_per_year=(0, 9_000),
        host_fee_share=(0.0, 0.1),
        stranded_share=(0.0, 0.8),
    )
    if make.maybe():
        row["optimism_bias_share"] = round(make.at.uniform(0, 0.6), 3)
    row["ramp_years"] = make.at.choice([0, 0.75, 2.5, "uniform(0.5, 3)"])
    row["stranded_years"] = make.at.choice([0.5, 2.0, 9.0])
    return row


def _baseline(make: _Maker, names: list[str]) -> list[dict[str, Any]]:
    rows = []
    for service in ("audit", "legal"):
        with_workload = make.maybe()
        for council in names:
            row: dict[str, Any] = {"council": council, "service": service, "cost_gbp": make.number(60_000, 700_000)}
            if with_workload:
                row["workload"] = make.number(200, 2_000)
            make.optional(
                row,
                0.5,
                posts_fte=(2, 14),
                addressable_gbp=(20_000, 90_000),
                gf_share=(0.4, 1.0),
                terms_gbp=(20_000, 50_000),
            )
            make.optional(row, 0.3, vacant_fte=(0, 2), unbudgeted_vacant_fte=(0, 2), planned_saving_gbp=(0, 40_000))
            make.optional(row, 0.5, client_side_share=(0.0, 0.2), overhead_share=(0.0, 0.25))
            rows.append(row)
    return rows


def _settings(make: _Maker, raw: dict[str, Any]) -> None:
    by_work = any("workload" in row for row in raw["baseline"])
    rules = ("own", "equal", "base_cost", "stated", *["workload"] * by_work)
    raw["split"] = {name: make.at.choice(rules) for name in ("one_off", "exit", "running", "overspend")}
    raw["split"] |= {"saving": make.at.choice(("own", "own", *rules)), "host_premium_share": make.at.choice([0.0, 0.1])}
    forms = ["lead_authority", "section_113", "joint_committee", "company", "private_partner"]
    starts = sorted(make.at.sample(DAYS if raw["study"]["horizon_years"] == 10 else DAYS[:4], 2))
    raw["bundles"] = {
        "most_partners": len(raw["councils"]),
        "internal": make.maybe(0.7),
        "forms": sorted(make.at.sample(forms, 2)),
        "starts": starts,
    }
    raw["forms"] = {}
    for form in forms:
        entry: dict[str, Any] = {}
        make.optional(entry, 0.5, set_up_gbp=(0, 50_000), yearly_gbp=(0, 15_000), vat_share=(0.0, 0.03))
        if make.maybe(0.2):
            entry["transfers_terms"] = make.maybe()
        raw["forms"][form] = entry
    raw["costs"] = {"profile": make.at.choice([[1.0], [0.3, 0.5, 0.2]]), "lead_years": make.at.choice([0, 1])}
    make.optional(raw["costs"], 0.6, governance_gbp_per_partner=(0, 5_000), sunk_share=(0.1, 0.9))
    raw["exit"] = {"smallest_partners": make.at.choice([2, 2, 3])}
    make.optional(
        raw["exit"],
        0.7,
        hazard_per_year=(0.05, 0.4),
        before_start_hazard_per_year=(0.05, 0.4),
        notice_months=(0, 20),
        cost_share=(0.0, 0.4),
    )
    raw["staff"] = {"pay_is_capped": make.maybe(0.7), "strain_years": make.at.choice([1, 3, 5])}
    make.optional(
        raw["staff"],
        0.5,
        redeployment_share=(0, 0.6),
        voluntary_share=(0, 1),
        redundancy_multiple=(1, 2.2),
        pay_gbp=(25_000, 40_000),
    )
    make.optional(
        raw["staff"],
        0.5,
        on_cost_share=(0.2, 0.4),
        notice_weeks=(4, 12),
        strain_multiple=(0.5, 1.5),
        harmonisation_share=(0, 1),
        exit_cost_factor=(0.6, 1.6),
    )
    if make.maybe(0.4):
        raw["staff"]["weekly_pay_cap_gbp"] = {2030: 860.0}
    raw["workforce"] = [
        {"profile": "older", "age_low": 20, "age_high": 45, "service_low": 0, "service_high": 12, "share": 0.4},
        {"profile": "older", "age_low": 45, "age_high": 66, "service_low": 3, "service_high": 33, "share": 0.6},
    ]


def _events(make: _Maker, raw: dict[str, Any], names: list[str]) -> None:
    raw["gates"] = [{"id": "one", "name": "Cabinet"}, {"id": "two", "name": "Budget", "services": ["legal"]}]
    for gate in raw["gates"]:
        make.optional(gate, 0.6, wait_months=(0, 8), refusal=(0.0, 0.15))
    raw["risks"] = []
    for number in range(make.at.choice([0, 3, 6])):
        scope = make.at.choice(["programme", "service", "council", "council", "pair"])
        row: dict[str, Any] = {
            "id": f"risk{number}",
            "name": "A risk",
            "scope": scope,
            "probability": make.number(0.02, 0.5),
        }
        row["per"] = make.at.choice(["once", "year"])
        make.optional(row, 0.5, delay_months=(0, 20), saving_factor=(0.3, 1.2), one_off_gbp=(0, 60_000))
        if scope == "pair":
            row["targets"] = ";".join(make.at.sample(names, 2))
        elif scope != "programme" and make.maybe():
            row["targets"] = "legal" if scope == "service" else make.at.choice(names)
        if scope == "council":
            row["exit"] = make.maybe()
        row["in_costs"] = make.maybe(0.2)
        raw["risks"].append(row)
    raw["shared_items"] = [
        {
            "id": "office",
            "name": "Office",
            "one_off_gbp": make.number(0, 80_000),
            "yearly_gbp": make.number(0, 9_000),
            "year": 1,
            "split": make.at.choice(["equal", "base_cost", "stated"]),
        },
        {
            "id": "deed",
            "name": "Deed",
            "services": ["legal"],
            "per_council": True,
            "one_off_gbp": make.number(0, 8_000),
            "yearly_gbp": make.number(0, 900),
        },
    ]
    raw["grants"] = [
        {
            "id": "g",
            "name": "Grant",
            "amount_gbp": make.number(0, 50_000),
            "chance": 0.7,
            "clawback_chance": 0.4,
            "clawback_year": 4,
            "least_partners": 3,
        }
    ]
