"""The engine gives what the plain-Python reference gives: by bundle, line, council, year and draw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sharesim.appraisal.engine import tiles_of
from sharesim.appraisal.flows import CASH_LINES
from sharesim.appraisal.outcomes import Outcomes, appraise
from sharesim.bundles.enumerate import candidates
from sharesim.examples import from_dict, two_councils_raw
from tests.oracles.appraisal_studies import (
    bound,
    joined,
    leaving,
    random_study,
    several_hosts,
    staged,
    three_councils,
    trading,
)
from tests.oracles.reference_model import Arrangement, Reference

# Pounds by year are differences of sums of many years; a millionth of a pound is far above their rounding.
POUND, SHARE = 1e-6, 1e-9
#: What the engine counts beside the NPV, and what the reference calls it.
MEASURES = {
    "compulsory_exits": "compulsory",
    "voluntary_exits": "voluntary",
    "redeployments": "redeployed",
    "posts_removed": "removed",
    "started": "started",
}
#: What counts against a budget for the change.
SPENT = ("transition", "joining", "officers", "delay_cost", "redundancy", "pension_strain", "notice")


def appraised(raw: dict[str, Any], n_rows: int = 1000) -> Outcomes:
    """Appraise some of a study's bundles, of every number of partners alike."""
    study = from_dict(raw)
    table = candidates(study)
    at, sizes = np.random.default_rng(1), np.unique(table.n_partners)
    parts = [at.permutation(np.flatnonzero(table.n_partners == size))[: -(-n_rows // len(sizes))] for size in sizes]
    return appraise(study, table.take(np.sort(np.concatenate(parts))), seed=20_25, purpose="choose", n_draws=1024)


def yearly_lines(outcomes: Outcomes) -> dict[str, np.ndarray]:
    """Lines of all bundles in the first chunk, shape (bundle, partner slot, year, draw)."""
    found: dict[str, np.ndarray] = {}
    run = next(iter(outcomes.chunks([0])))
    shape = (len(outcomes.table), outcomes.npv.shape[1], outcomes.study.n_years, 1024)
    for rows, year, lines in run.years(tiles_of(outcomes.table)):
        for name, line in lines.items():
            found.setdefault(name, np.zeros(shape))[rows, : line.shape[1], year] = line
    return found


def measured(outcomes: Outcomes) -> dict[str, np.ndarray]:
    """Measures of all bundles in the first chunk, shape (bundle, partner slot, draw)."""
    found = {name: np.zeros((len(outcomes.table), outcomes.npv.shape[1], 1024)) for name in MEASURES}
    for rows, result in next(iter(outcomes.chunks([0]))).results(tiles_of(outcomes.table)):
        for name, values in found.items():
            values[rows, : result.npv.shape[1]] = result.measures[name]
    return found


def compare(outcomes: Outcomes, draws: list[int]) -> None:
    lines, values, names = yearly_lines(outcomes), outcomes.plan.chunk(0), outcomes.plan.names
    measures, every = measured(outcomes), np.arange(len(outcomes.table))
    n_years = outcomes.study.n_years
    spans = [[0], [1], list(range(2, n_years))]
    spent = np.stack([outcomes.one_off_draws(every, span) for span in spans], axis=2)
    discount = outcomes.study.discount()
    for draw in draws:
        reference = Reference(outcomes.study, dict(zip(names, values[:, draw].tolist(), strict=True)))
        assert np.allclose(reference.discount(), discount, rtol=1e-12)
        for row in range(len(outcomes.table)):
            bundle = Arrangement.of(outcomes.table.id_of(row))
            expected, counts = reference.arrangement(bundle)
            where = f"{outcomes.table.id_of(row)}, draw {draw}"
            assert set(expected) <= set(lines), where
            npv = np.zeros(len(bundle.partners))
            gross = 0.0
            slots = [outcomes.study.councils.index(council) for council in bundle.partners]
            order = [list(outcomes.table.partners[row]).index(council) for council in slots]
            for name in sorted(lines):
                got = lines[name][row][order, :, draw]
                want = (
                    np.array([expected[name][council] for council in bundle.partners])
                    if name in expected
                    else np.zeros_like(got)
                )
                np.testing.assert_allclose(got, want, rtol=SHARE, atol=POUND, err_msg=f"{where}: {name}")
                if name in CASH_LINES:
                    npv += want @ discount
                    gross += np.abs(want).sum()
            np.testing.assert_allclose(
                outcomes.npv[row, order, draw], npv, rtol=0, atol=SHARE * max(gross, 1.0), err_msg=where
            )
            for name, of in MEASURES.items():
                want = [counts[of][council] for council in bundle.partners]
                np.testing.assert_allclose(
                    measures[name][row, order, draw], want, rtol=SHARE, atol=SHARE, err_msg=f"{where}: {name}"
                )
            once = sum(
                np.array([expected[name][council] for council in bundle.partners]) for name in SPENT if name in expected
            )
            once = np.stack([once[:, span].sum(axis=1) for span in spans], axis=1)
            np.testing.assert_allclose(
                -spent[row, order, :, draw], once, rtol=SHARE, atol=POUND, err_msg=f"{where}: one-off by year"
            )


def compare_activations(outcomes: Outcomes, draws: list[int]) -> None:
    values, names, discount = outcomes.plan.chunk(0), outcomes.plan.names, outcomes.study.discount()
    for draw in draws:
        reference = Reference(outcomes.study, dict(zip(names, values[:, draw].tolist(), strict=True)))
        for at, column in enumerate(outcomes.activations.columns):
            if column.kind == "existing":
                continue
            expected = reference.activation(column.id)
            for index, council in enumerate(outcomes.study.councils):
                want = float(np.dot(expected.get(council, [0.0] * len(discount)), discount))
                assert outcomes.activation_npv[at, index, draw] == pytest.approx(want, rel=SHARE, abs=POUND), (
                    f"{column.id}, {council}, draw {draw}"
                )


def compare_breaks(outcomes: Outcomes, draws: list[int], n_sets: int = 25) -> set[tuple[float, ...]]:
    """What is paid for leaving by sets of bundles, of one and more; returns what councils pay, to the pound."""
    values, names, discount = outcomes.plan.chunk(0), outcomes.plan.names, outcomes.study.discount()
    columns, needs = outcomes.activations.columns, outcomes.activations.of_bundle
    leaving = np.array([column.kind == "existing" for column in columns])
    bundles = [Arrangement.of(name) for name in outcomes.table.ids]
    pick, found = np.random.default_rng(3), set()
    sets = [[row] for row in range(len(bundles))]
    sets += [pick.permutation(len(bundles))[:size].tolist() for size in pick.integers(2, 6, n_sets)]
    for draw in draws:
        reference = Reference(outcomes.study, dict(zip(names, values[:, draw].tolist(), strict=True)))
        for rows in sets:
            needed = np.zeros(len(columns), bool)
            needed[np.concatenate([needs[row] for row in rows]).astype(int)] = True
            paid = outcomes.activation_npv[needed & leaving, :, draw].sum(axis=0)
            expected = reference.breaks([bundles[row] for row in rows])
            want = [float(np.dot(expected[council], discount)) for council in outcomes.study.councils]
            np.testing.assert_allclose(paid, want, rtol=SHARE, atol=POUND, err_msg=f"{rows}, draw {draw}")
            found.add(tuple(np.round(want)))
    return found


def some_draws(outcomes: Outcomes, n_draws: int) -> list[int]:
    """Half from the start, half those in which bundles most differ from their usual worth: lives of their own."""
    whole = outcomes.npv.sum(axis=1)
    odd = np.abs(whole - np.median(whole, axis=1, keepdims=True)).max(axis=0)
    return sorted({*range(n_draws // 2), *np.argsort(odd)[-(n_draws // 2) :].tolist()})


def test_two_councils_agree_in_every_line() -> None:
    outcomes = appraised(two_councils_raw())
    compare(outcomes, some_draws(outcomes, 120))


def test_three_councils_agree_in_every_line() -> None:
    outcomes = appraised(three_councils(), n_rows=18)
    draws = some_draws(outcomes, 16)
    compare(outcomes, draws)
    compare_activations(outcomes, draws)


def test_several_hosts_agree_in_every_line() -> None:
    outcomes = appraised(several_hosts())
    assert [len(outcomes.table.host_ids(row)) for row in range(len(outcomes.table))] == [2, 2, 2]
    compare(outcomes, some_draws(outcomes, 24))


def test_staged_programmes_agree_in_every_line() -> None:
    outcomes = appraised(staged(), n_rows=24)
    assert (outcomes.table.n_partners == 1).sum() == 3 and any("back/own" in name for name in outcomes.table.ids)
    compare(outcomes, some_draws(outcomes, 16))


def test_income_carbon_and_cost_of_one_alone_agree_in_every_line() -> None:
    outcomes = appraised(trading(), n_rows=18)
    compare(outcomes, some_draws(outcomes, 16))


def test_existing_arrangements_and_mitigations_agree_in_every_line() -> None:
    outcomes = appraised(bound(), n_rows=12)
    columns = {column.id for column in outcomes.activations.columns}
    assert {"existing.old/eastham", "mitigation.pair"} <= columns and "mitigation.hr" not in columns
    # Nobody starts before the notice of what exists has run out.
    bound_by = {"hr|eastham", "hr|northam", "back|eastham", "payroll|westham"}
    starts = [name.split("|")[-1] for name in candidates(outcomes.study).ids if name.split("+")[0] in bound_by]
    assert len(starts) > 3 and set(starts) == {"2026-10-01"}
    draws = some_draws(outcomes, 12)
    compare(outcomes, draws)
    compare_activations(outcomes, draws)
    compare_breaks(outcomes, draws)


def test_what_is_paid_for_leaving_agrees_for_every_set_of_bundles() -> None:
    outcomes = appraised(leaving(), n_rows=60)
    months = {column.months for column in outcomes.activations.columns if column.kind == "existing"}
    # To 20 June 2029 from 15 April 2029, and from Aprils and Octobers before: begun months count in full.
    assert months == {(0, 0), (0, 3), (3, 15), (15, 27), (27, 33), (33, 51)}
    assert len(compare_breaks(outcomes, some_draws(outcomes, 6), n_sets=60)) > 20


def test_arrangements_that_others_join_agree_in_every_line() -> None:
    outcomes = appraised(joined())
    assert sum("northam@" in name for name in outcomes.table.ids) == 3
    draws = some_draws(outcomes, 30)
    compare(outcomes, draws)
    lines = yearly_lines(outcomes)
    # While Northam is there, what it pays is what the others get, but for the funds; then its successor pays them.
    assert np.abs(lines["joining_fee"].sum(axis=1)[:, :8]).max() < 4_000 and lines["joining_fee"].min() < -8_000
    assert np.abs(lines["joining_fee"].sum(axis=1)[:, 8:]).max() > 8_000


def check_drawn(seed: int, n_rows: int, n_draws: int) -> None:
    outcomes = appraised(random_study(seed), n_rows)
    draws = some_draws(outcomes, n_draws)
    compare(outcomes, draws)
    compare_activations(outcomes, draws)


@pytest.mark.parametrize("seed", range(6))
def test_drawn_studies_agree_in_every_line(seed: int) -> None:
    check_drawn(seed, 9, 10)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6, 18))
def test_many_drawn_studies_agree_in_every_line(seed: int) -> None:
    check_drawn(seed, 18, 24)
