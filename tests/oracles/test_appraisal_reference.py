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

from tests.oracles.appraisal_studies import random_study, three_councils
from tests.oracles.reference_model import Arrangement, Reference

# Pounds by year are differences of sums of many years; a millionth of a pound is far above their rounding.
POUND, SHARE = 1e-6, 1e-9


def appraised(raw: dict[str, Any], n_draws: int = 1024) -> Outcomes:
    study = from_dict(raw)
    return appraise(study, candidates(study), seed=20_25, purpose="choose", n_draws=n_draws)


def yearly_lines(outcomes: Outcomes) -> dict[str, np.ndarray]:
    """Lines of all bundles in the first chunk, shape (bundle, partner slot, year, draw)."""
    found: dict[str, np.ndarray] = {}
    run = next(iter(outcomes.chunks([0])))
    shape = (len(outcomes.table), outcomes.npv.shape[1], outcomes.study.n_years, 1024)
    for rows, year, lines in run.years(tiles_of(outcomes.table)):
        for name, line in lines.items():
            found.setdefault(name, np.zeros(shape))[rows, : line.shape[1], year] = line
    return found


def rows_to_check(outcomes: Outcomes, n_rows: int, seed: int) -> list[int]:
    """Some bundles of every number of partners."""
    at = np.random.default_rng(seed)
    sizes = outcomes.table.n_partners
    parts = [at.permutation(np.flatnonzero(sizes == size))[: -(-n_rows // len(set(sizes.tolist())))] for size in sorted(set(sizes.tolist()))]
    return sorted(int(row) for part in parts for row in part)


def compare(outcomes: Outcomes, rows: list[int], draws: list[int]) -> None:
    lines, values, names = yearly_lines(outcomes), outcomes.plan.chunk(0), outcomes.plan.names
    discount = outcomes.study.discount()
    for draw in draws:
        reference = Reference(outcomes.study, dict(zip(names, values[:, draw].tolist(), strict=True)))
        assert np.allclose(reference.discount(), discount, rtol=1e-12)
        for row in rows:
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
                want = np.array([expected[name][council] for council in bundle.partners]) if name in expected else np.zeros_like(got)
                np.testing.assert_allclose(got, want, rtol=SHARE, atol=POUND, err_msg=f"{where}: {name}")
                if name in CASH_LINES:
                    npv += want @ discount
                    gross += np.abs(want).sum()
            np.testing.assert_allclose(outcomes.npv[row, order, draw], npv, rtol=0, atol=SHARE * max(gross, 1.0), err_msg=where)
            assert counts["started"][bundle.partners[0]] in (0.0, 1.0)


def compare_activations(outcomes: Outcomes, draws: list[int]) -> None:
    values, names, discount = outcomes.plan.chunk(0), outcomes.plan.names, outcomes.study.discount()
    for draw in draws:
        reference = Reference(outcomes.study, dict(zip(names, values[:, draw].tolist(), strict=True)))
        for at, column in enumerate(outcomes.activations.columns):
            expected = reference.activation(column.id)
            for index, council in enumerate(outcomes.study.councils):
                want = float(np.dot(expected.get(council, [0.0] * len(discount)), discount))
                assert outcomes.activation_npv[at, index, draw] == pytest.approx(want, rel=SHARE, abs=POUND), f"{column.id}, {council}, draw {draw}"


def some_draws(outcomes: Outcomes, n_draws: int) -> list[int]:
    """Half from the start, half those in which bundles most differ from their usual worth: lives of their own."""
    whole = outcomes.npv.sum(axis=1)
    odd = np.abs(whole - np.median(whole, axis=1, keepdims=True)).max(axis=0)
    return sorted({*range(n_draws // 2), *np.argsort(odd)[-(n_draws // 2) :].tolist()})


def test_two_councils_agree_in_every_line() -> None:
    outcomes = appraised(two_councils_raw())
    compare(outcomes, list(range(len(outcomes.table))), some_draws(outcomes, 120))


def test_three_councils_agree_in_every_line() -> None:
    outcomes = appraised(three_councils())
    draws = some_draws(outcomes, 24)
    compare(outcomes, rows_to_check(outcomes, 30, 1), draws)
    compare_activations(outcomes, draws)


@pytest.mark.parametrize("seed", range(24))
def test_drawn_studies_agree_in_every_line(seed: int) -> None:
    outcomes = appraised(random_study(seed))
    draws = some_draws(outcomes, 12)
    compare(outcomes, rows_to_check(outcomes, 14, seed), draws)
    compare_activations(outcomes, draws)
