"""A table of bundles keeps its promises when a part of it is taken, and when lists are of uneven length."""

from __future__ import annotations

import numpy as np
import pytest

from sharesim.bundles.enumerate import candidates
from sharesim.bundles.ragged import Ragged
from tests.unit.bundles.test_enumerate import three


def test_taking_rows_keeps_what_they_are() -> None:
    table = candidates(three(internal=True, most_partners=4, forms=["lead_authority", "company"]))
    rows = np.sort(np.random.default_rng(3).choice(len(table), 40, replace=False))
    part = table.take(rows)
    assert part.ids == tuple(table.ids[row] for row in rows)
    assert [part.describe(at) for at in range(5)] == [table.describe(int(row)) for row in rows[:5]]
    assert np.array_equal(part.partners, table.partners[rows])
    assert np.array_equal(part.start_years, table.start_years[rows])
    assert len(part.groups) == len(np.unique(part.group)) == len(np.unique(table.group[rows]))
    again = part.take(np.arange(len(part)))
    assert again.ids == part.ids
    assert np.array_equal(again.group, part.group)


def test_taking_nothing_gives_an_empty_table() -> None:
    part = candidates(three()).take(np.array([], np.int64))
    assert (len(part), len(part.groups), part.ids) == (0, 0, ())


def test_a_bundle_in_words() -> None:
    table = candidates(three(internal=True))
    assert table.describe(0) == "HR: A (internal, from 2025-10-01)"
    at = (
        table.ids.index("both|a+b|a|joint_committee|2025-10-01")
        if "both|a+b|a|joint_committee|2025-10-01" in table.ids
        else -1
    )
    hosted = next(row for row in range(len(table)) if table.host_ids(row) and table.service_ids(row) == ["legal"])
    assert table.describe(hosted) == "Legal: A, B (lead authority, hosted by A, from 2025-04-01)"
    assert at == -1 or table.service_ids(at) == ["hr", "legal"]


@pytest.mark.parametrize("seed", range(5))
def test_ragged_lists_are_lists(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lists = [rng.integers(0, 9, size=rng.integers(0, 4)).tolist() for _ in range(rng.integers(0, 8))]
    ragged = Ragged.of(lists)
    assert len(ragged) == len(lists)
    assert [ragged[row].tolist() for row in range(len(lists))] == lists
    assert ragged.owner().tolist() == [row for row, items in enumerate(lists) for _ in items]
    if lists:
        rows = rng.integers(0, len(lists), size=6)
        assert [items.tolist() for items in map(ragged.take(rows).__getitem__, range(6))] == [
            lists[row] for row in rows
        ]
