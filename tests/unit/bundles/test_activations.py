"""Which bundles switch on which shared items, grants and risk events: by hand, bundle by bundle."""

from __future__ import annotations

from typing import Any

from sharesim.bundles.activations import activations
from sharesim.bundles.enumerate import candidates
from sharesim.examples import from_dict
from tests.unit.bundles.test_enumerate import raw_study


def rich() -> dict[str, Any]:
    """Shared items of every kind, a grant and a register."""
    raw = raw_study(internal=True, most_partners=3)
    raw["shared_items"] = [
        {"id": "office", "name": "Office", "one_off_gbp": 5},
        {"id": "alone", "name": "Alone too", "one_off_gbp": 5, "least_partners": 1, "services": ["hr"]},
        {"id": "system", "name": "System", "services": ["legal"], "per_council": True, "yearly_gbp": 5},
    ]
    raw["grants"] = [
        {"id": "prize", "name": "Prize", "amount_gbp": 9, "least_partners": 3, "services": ["hr", "payroll"]}
    ]
    raw["risks"] = [
        {"id": "all", "name": "All", "scope": "programme", "probability": 0.1, "one_off_gbp": 10},
        {"id": "will", "name": "Will", "scope": "council", "targets": "a;c", "probability": 0.1, "one_off_gbp": 10},
        {
            "id": "told", "name": "Told", "scope": "council", "targets": "b", "probability": 0.1, "one_off_gbp": 10,
            "in_costs": True,
        },
        {"id": "free", "name": "Free", "scope": "council", "targets": "d", "probability": 0.1, "delay_months": 3},
        {"id": "hr", "name": "HR", "scope": "service", "targets": "hr", "probability": 0.1, "one_off_gbp": 10},
    ]  # fmt: skip
    return raw


def test_members_by_hand() -> None:
    study = from_dict(rich())
    table = candidates(study)
    found = activations(study, table)
    assert found.labels.ids == (
        "item.alone", "item.office",
        *(f"item.system/{name}" for name in "abcde"),
        "grant.prize", "risk.programme", "risk.a", "risk.c",
    )  # fmt: skip
    for row in range(len(table)):
        partners, services = table.partner_ids(row), table.service_ids(row)
        shared = len(partners) > 1
        expected = {
            "item.alone": "hr" in services,
            "item.office": shared,
            **{f"item.system/{name}": shared and "legal" in services and name in partners for name in "abcde"},
            "grant.prize": len(partners) >= 3 and bool({"hr", "payroll"} & set(services)),
        }
        own = {found.columns[at].id for at in found.of_bundle[row]}
        assert {name for name in own if not name.startswith("risk.")} == {name for name, on in expected.items() if on}
        councils = {name.removeprefix("risk.") for name in own if name.startswith("risk.")} - {"programme"}
        assert councils <= {"a", "c"} & set(partners)
        if shared:
            assert "risk.programme" in own
            assert councils == {"a", "c"} & set(partners)


def test_columns_know_whose_they_are() -> None:
    study = from_dict(rich())
    columns = {item.id: item for item in activations(study, candidates(study)).columns}
    assert (columns["item.system/c"].kind, columns["item.system/c"].council) == ("item", 2)
    assert (columns["item.office"].index, columns["item.office"].council) == (1, -1)
    assert study.model.shared_items[columns["item.alone"].index].id == "alone"
    assert (columns["risk.c"].kind, columns["risk.c"].council) == ("risk", 2)


def test_a_study_without_shared_costs_has_no_columns() -> None:
    study = from_dict(raw_study())
    found = activations(study, candidates(study))
    assert (found.columns, len(found.of_bundle)) == ((), len(candidates(study)))
    assert len(found.of_bundle.item) == 0
