"""Tables against exact quantiles: within 1e-7 standard deviations for |z| <= 6, and exact in the tails beyond."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtr

from sharesim.uncertainty.distributions import Distribution, beta, gamma, mixture, normal, pert
from sharesim.uncertainty.tables import TABLE_REACH, build_table
from tests.unit.uncertainty.laws import ALL, HEAVY, JUMPING, STEPPED

RANDOM = np.random.default_rng(20261122)
WIDE = np.concatenate([RANDOM.uniform(-6, 6, 6000), RANDOM.standard_normal(4000), np.arange(-384, 385) / 64])
PROMISED = 1e-7


def worst_error(law: Distribution, z: np.ndarray) -> float:
    scale = law.sd if math.isfinite(law.sd) and law.sd > 0 else float(np.ptp(law.quantile([0.1, 0.9]))) or 1.0
    return float(np.abs(law.quantile_normal(z) - law._exact_normal(z)).max() / scale)


@pytest.mark.parametrize("law", [law for law in ALL if law not in HEAVY], ids=lambda law: law.text()[:60])
def test_error_is_within_what_is_promised(law: Distribution) -> None:
    assert worst_error(law, WIDE) < PROMISED


@pytest.mark.parametrize("law", HEAVY, ids=lambda law: law.text()[:60])
def test_error_of_a_heavy_tail_is_a_share_of_its_values(law: Distribution) -> None:
    exact = law._exact_normal(WIDE)
    scale = float(np.ptp(law.quantile([0.1, 0.9])))
    assert np.all(np.abs(law.quantile_normal(WIDE) - exact) <= PROMISED * scale + 1e-11 * np.abs(exact))


@pytest.mark.parametrize("law", [law for law in ALL if law not in HEAVY], ids=lambda law: law.text()[:60])
def test_tails_beyond_the_table_are_exact(law: Distribution) -> None:
    z = np.array([-30.0, -8.0, -TABLE_REACH - 1e-6, TABLE_REACH + 1e-6, 7.0, 8.0])
    np.testing.assert_allclose(law.quantile_normal(z), law._exact_normal(z), rtol=1e-12, atol=1e-13 * (law.sd or 1.0))


@pytest.mark.parametrize("shape", [0.2, 0.5, 1.0, 1.7, 4.0, 12.0, 60.0])
@pytest.mark.parametrize("other", [0.3, 1.0, 5.0, 80.0])
def test_beta_of_every_shape(shape: float, other: float) -> None:
    assert worst_error(beta(shape, other), WIDE) < PROMISED


@pytest.mark.parametrize("shape", [0.1, 0.5, 1.0, 3.0, 40.0, 900.0])
def test_gamma_of_every_shape(shape: float) -> None:
    assert worst_error(gamma(shape, 2.0), WIDE) < PROMISED


def test_a_jump_or_bend_in_the_middle_of_a_cell_is_found() -> None:
    # Break points at places that are no node of any level.
    for share in (0.1234567, 0.5, 0.87654321):
        law = mixture([normal(0, 1), normal(30, 0.01)], [share, 1 - share])
        assert worst_error(law, WIDE) < PROMISED


@pytest.mark.parametrize("law", [*STEPPED, *JUMPING], ids=lambda law: law.text()[:60])
def test_values_with_a_probability_of_their_own_come_out_as_themselves(law: Distribution) -> None:
    found = law.quantile_normal(WIDE)
    for atom in law._atoms():
        just_below, at = law._cdf(np.array([np.nextafter(atom, -math.inf), atom]))
        share = np.mean((ndtr(WIDE) > just_below) & (ndtr(WIDE) <= at))
        assert np.mean(found == atom) == pytest.approx(share, abs=2 / WIDE.size)


def test_a_jump_next_to_the_end_of_a_stretch_is_found() -> None:
    # Stretches of the table run from -6.5 in steps of 1; the jump lies a thousandth before one of their ends.
    for gap in (1e-3, 1e-5, 1e-7):
        share = float(ndtr(0.5 - gap))
        law = mixture([0, normal(10, 0.1)], [share, 1 - share])
        z = np.concatenate([0.5 + gap * np.linspace(-3, 3, 241), WIDE])
        np.testing.assert_allclose(law.quantile_normal(z), law._exact_normal(z), atol=PROMISED * law.sd)


def test_affine_copies_share_a_table() -> None:
    first, second = pert(0, 1, 3), pert(100, 120, 160)
    z = RANDOM.standard_normal(100)
    np.testing.assert_allclose(second.quantile_normal(z), 100 + 20 * first.quantile_normal(z), rtol=1e-13)


def test_the_check_would_catch_a_wrong_cubic() -> None:
    # A quantile that wiggles faster than any cell: every cell misses, so the exact function is asked.
    table = build_table(lambda z: z + 1e-3 * np.sin(1e5 * z), 1.0)
    z = RANDOM.standard_normal(200)
    out = np.empty(200)
    table.evaluate(z, out)
    np.testing.assert_array_equal(out, z + 1e-3 * np.sin(1e5 * z))


def test_not_a_number_stays_one() -> None:
    with np.errstate(invalid="ignore"):
        assert math.isnan(float(pert(0, 1, 3).quantile_normal(math.nan)))
