"""Every figure of a bundle comes with its error, or with none where the draws give none."""

from __future__ import annotations

import numpy as np
import pytest

import sharesim
from sharesim.appraisal.figures import FIGURES, figures_of
from sharesim.errors import StudyError, UsageError
from sharesim.examples import from_dict, two_councils_raw
from sharesim.measures import estimate, standard_errors
from sharesim.uncertainty.distributions import normal
from sharesim.uncertainty.draws import DrawPlan, DriverSpec

MEASURED = [name for name in FIGURES if not name.endswith("_error")]


def study_with(**run: object):
    raw = two_councils_raw()
    raw["run"] = {**raw.get("run", {}), **run}
    return from_dict(raw)


@pytest.mark.parametrize("method", ["monte_carlo", "latin_hypercube"])
@pytest.mark.parametrize("name", MEASURED)
def test_figures_and_errors_are_those_of_measures(name: str, method: str) -> None:
    plan = DrawPlan([DriverSpec("a", normal(3, 10)), DriverSpec("b", normal(-500, 1))], seed=5, method=method)
    draws = plan.values(0, 9)
    found = figures_of(draws, plan)
    for row in range(2):
        expected = estimate(draws[row], name, method)
        assert found[name][row] == pytest.approx(expected.value, rel=1e-12)
        assert found[f"{name}_error"][row] == pytest.approx(expected.standard_error, rel=1e-9)


def test_ties_on_the_boundary_count_alike_sorted_or_not() -> None:
    plan = DrawPlan([DriverSpec("a", normal(0, 1))], seed=5)
    draws = np.round(plan.values(0, 4))
    for name in MEASURED:
        expected = standard_errors(draws, name)
        np.testing.assert_allclose(figures_of(draws, plan)[f"{name}_error"], expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("run", "available"),
    [
        ({"draws": 1024}, True),
        ({"draws": 7168, "method": "latin_hypercube"}, False),
        ({"draws": 8192, "method": "latin_hypercube"}, True),
        ({"draws": 8192, "method": "sobol"}, False),
        ({"draws": 8192, "method": "sobol", "scrambles": 4}, False),
        ({"draws": 8192, "method": "sobol", "scrambles": 8}, True),
    ],
)
def test_tables_have_errors_where_the_draws_give_them(run: dict[str, object], available: bool) -> None:
    found = sharesim.appraise(study_with(**run, judge_draws=run["draws"]), seed=3)
    judged = sharesim.judge(sharesim.choose(found))
    for frame in (found.bundles(), judged.bundles(), judged.councils()):
        errors = [name for name in frame if "_error" in name]
        assert len(errors) >= 5
        for name in errors:
            assert frame[name].notna().all() == available, name
            assert frame[name.replace("_error", "")].notna().all()
    for name, value in judged.figures().items():
        if name.endswith("_error"):
            assert (value is not None) == available, name
    assert ("not available" in found.outcomes.plan.standard_error_source) != available


def test_scrambles_among_the_draws_move_no_bit_whatever_the_threads() -> None:
    study = study_with(draws=16_384, judge_draws=8192, method="sobol", scrambles=8)
    one, two = (sharesim.appraise(study, seed=3, jobs=jobs).outcomes for jobs in (1, 2))
    np.testing.assert_array_equal(one.npv, two.npv)
    assert one.plan.scrambles == 8 and (one.figures["mean_error"] > 0).all()
    by_scramble = one.npv.sum(axis=1).reshape(len(one.table), 8, 2048).mean(axis=-1)
    expected = by_scramble.std(axis=-1, ddof=1) / np.sqrt(8)
    np.testing.assert_allclose(one.figures["mean_error"], expected, rtol=1e-9)
    # Draws that the scrambles cannot share are one scramble, and say that they have no error.
    few = sharesim.appraise(study, draws=4096, seed=3).outcomes
    assert few.plan.scrambles == 1 and np.isnan(few.figures["mean_error"]).all()


@pytest.mark.parametrize(
    ("run", "use"),
    [
        ({"method": "sobol", "draws": 3000}, "Use 4096"),
        ({"method": "sobol", "draws": 4096, "scrambles": 8}, "Use 8192"),
        ({"method": "sobol", "draws": 8192, "scrambles": 6}, "Use 12288"),
        ({"method": "latin_hypercube", "draws": 3000}, "Use 3072"),
    ],
)
def test_draws_that_a_method_cannot_balance_are_a_fault_of_the_study(run: dict[str, object], use: str) -> None:
    with pytest.raises(StudyError) as caught:
        study_with(**{"judge_draws": 49_152, **run})
    assert "run.draws" in str(caught.value) and use in str(caught.value)


def test_any_draw_is_replayed_by_number_kept_or_not() -> None:
    from sharesim.appraisal.outcomes import appraise
    from sharesim.appraisal.resources import Resources
    from sharesim.bundles.enumerate import candidates
    from sharesim.workflow.results import Appraisal

    study = study_with()
    outcomes = appraise(
        study, candidates(study), seed=2, purpose="choose", n_draws=102_400, resources=Resources(keep="nothing")
    )
    future = Appraisal(study, outcomes, 2).replay(draw=83_112)
    assert outcomes.kept is None and future.drivers == outcomes.plan.draw(83_112)
    worth = outcomes.draws(np.arange(len(outcomes.table)))[:, 83_112]
    for name, value in zip(outcomes.table.ids, worth, strict=True):
        assert future.npv_gbp[name] == pytest.approx(value, abs=1e-6)
    for wrong in (True, 1.5, "3", 102_400, -1):
        with pytest.raises(UsageError, match="^(draw|replay): "):
            Appraisal(study, outcomes, 2).replay(draw=wrong)  # type: ignore[arg-type]
