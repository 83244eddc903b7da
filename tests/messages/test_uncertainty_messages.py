"""Every message of laws, dependence, draws, measures and stop rules: each is raised here once and read as a sentence."""

# ruff: noqa: E501 - a message is read as one line

from __future__ import annotations

import ast
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sharesim.errors import Fault, SharesimError
from sharesim.measures import cvar, estimate, mean, measure_named, payback_years, percentile, percentile_of
from sharesim.uncertainty.copula import resolve
from sharesim.uncertainty.dependence import CommonFactor, Dependence, RankCorrelation
from sharesim.uncertainty.distributions import (
    beta,
    discrete,
    empirical,
    gamma,
    lognormal,
    metalog,
    mixture,
    normal,
    pareto_tail,
    pert,
    pooled,
    truncated,
    uniform,
)
from sharesim.uncertainty.draws import DrawPlan, DriverSpec
from sharesim.uncertainty.goal import goal
from sharesim.uncertainty.notation import parse
from sharesim.uncertainty.sample import propagate, sample
from sharesim.uncertainty.stop import PrecisionRule, RankingRule, run_until_ranked

SOURCE = Path(__file__).resolve().parents[2] / "src" / "sharesim"
A, B = DriverSpec("a", normal(0, 1)), DriverSpec("b", normal(0, 1))
KEYS = {"alpha": "alpha", "beta": "beta"}


def plan(*specs: DriverSpec, **given: Any) -> DrawPlan:
    return DrawPlan(specs or (A, B), **({"seed": 1} | given))


def tie(first: str, second: str, rank: float) -> RankCorrelation:
    return RankCorrelation(between=(first, second), rank=rank)


def from_file(content: str | None, **asked: Any) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        if content is not None:
            (Path(folder) / "o.csv").write_text(content, encoding="utf-8")
        return parse({"empirical": {"file": "o.csv", "column": "a"} | asked}, folder=folder)


CASES: list[tuple[Callable[[], Any], str]] = [
    # Laws
    (lambda: normal("3", 1), "normal: mean is not a number: got '3'; allowed a finite number. Give mean as a plain number."),
    (lambda: normal(float("inf"), 1), "normal: mean is not finite: got inf; allowed a finite number. Give mean as a plain number."),
    (lambda: uniform(2, 1), "uniform: low is not below high: got low = 2, high = 1; allowed low < high. Give the smaller value first."),
    (lambda: pert(1, 5, 3), "pert: the mode lies outside low to high: got low = 1, mode = 5, high = 3; allowed low <= mode <= high. Give lowest, most likely and highest value in this order."),
    (lambda: pert(1, 2, 3, shape=0), "pert: the shape is not positive: got 0; allowed above 0. 4 is the usual one."),
    (lambda: normal(1, -1), "normal: sd is negative: got -1; allowed 0 or more."),
    (lambda: beta(0, 1), "beta: a is not positive: got 0; allowed above 0."),
    (lambda: gamma(0, 1), "gamma: shape is not positive: got 0; allowed above 0."),
    (lambda: gamma(1, mean=3), "gamma: does not have the two figures that fix it: got shape, mean; allowed shape and scale, or mean and sd."),
    (lambda: gamma(mean=0, sd=1), "gamma: mean or sd is too low: got mean = 0, sd = 1; allowed a mean above 0, an sd of 0 or more."),
    (lambda: parse("bernoulli(12)"), "bernoulli: p is not a probability: got 12; allowed 0 to 1. Write a share: 0.12, not 12."),
    (lambda: empirical("abc"), "empirical: values is not a list: got 'abc'; allowed a list of numbers."),
    (lambda: empirical([]), "empirical: values is empty: got no value; allowed one or more."),
    (lambda: discrete([1, 2], [1]), "discrete: there is not one weight for each part: got 1 weights; allowed 2 weights."),
    (lambda: discrete([1, 2], [0, 0]), "discrete: the weights cannot be used: got ['0', '0']; allowed 0 or more each, above 0 in all."),
    (lambda: normal(0, 1).scaled(-1), "normal: cannot be scaled: got -1; allowed a factor above 0."),
    (lambda: normal(0, 1).quantile(1.0), "quantile: a probability is out of range: allowed above 0 and below 1."),
    (lambda: lognormal(p10=1), "lognormal: does not have the two figures that fix it: got p10; allowed mean and sd, or two quantiles such as p10 and p90."),
    (lambda: lognormal(mean=0, sd=1), "lognormal: mean or sd is too low: got mean = 0, sd = 1; allowed a mean above 0, an sd of 0 or more."),
    (lambda: lognormal(p10=-1, p90=2), "lognormal: a quantile is not positive: got -1; allowed above 0. Use a metalog or a normal law."),
    (lambda: lognormal(p0=1, p90=2), "lognormal: unknown quantile: got 'p0'; allowed p and a percentage above 0 and below 100, such as p10, p50, p2_5, or median."),
    (lambda: metalog(p10=1, p10_0=2), "metalog: a quantile is given twice: got P10; allowed each once."),
    (lambda: metalog(p10=2, p90=1), "metalog: the quantiles do not rise: got P10 = 2, P90 = 1; allowed a higher value for a higher percentage."),
    (lambda: metalog(p10=1), "metalog: cannot use this many quantiles: got 1; allowed 2 to 12."),
    (lambda: metalog(p10=1, p90=3, high=2), "metalog: a bound does not lie beyond the quantiles: got 2; allowed below 1 for low, above 3 for high."),
    (lambda: metalog(p10=1, p50=9, p90=10), "metalog: no metalog goes through these quantiles: got P10 = 1, P50 = 9, P90 = 10; allowed P50 between 2.4992 and 8.5008 with the others as they are. Ask the expert again, or leave a quantile out."),
    (lambda: metalog(p10=1, p25=2, p50=2.1, p75=2.2, p90=10), "metalog: no metalog goes through these quantiles: got P10 = 1, P25 = 2, P50 = 2.1, P75 = 2.2, P90 = 10; allowed P10, P25, P90 alone, among others. Leave the others out, or ask the expert again."),
    (lambda: truncated(normal(0, 1)), "truncated: has no bound: got neither low nor high; allowed low, high or both."),
    (lambda: truncated(normal(0, 1), low=2, high=1), "truncated: low is not below high: got low = 2, high = 1; allowed low < high."),
    (lambda: truncated(uniform(0, 1), low=5), "truncated: the bounds leave next to nothing: got a chance of 0.0e+00 that uniform(0, 1) lies inside; allowed 1e-09 or more. That law runs from 0 to 1; move the bounds."),
    (lambda: pareto_tail(normal(9, 1), 90, 2), "pareto_tail: above is not a probability: got 90; allowed above 0 and below 1. Write 0.9 for P90."),
    (lambda: pareto_tail(normal(9, 1), 0.9, 0), "pareto_tail: the tail index is not positive: got 0; allowed above 0."),
    (lambda: pareto_tail(uniform(-1, 1), 0.25, 2), "pareto_tail: the tail does not start above 0: got -0.5 at 0.25. A power law needs a positive start; begin the tail at a higher quantile."),
    (lambda: pareto_tail(uniform(0, 1), 0.5, 2, cap=0.2), "pareto_tail: the cap lies below the tail: got 0.2; allowed above 0.5."),
    (lambda: mixture(3, [1]), "mixture: parts is not a list: got 3; allowed a list of laws."),
    (lambda: mixture([], []), "mixture: has no part: got an empty list; allowed one law or more."),
    (lambda: pooled(3), "pooled: experts is not a list: got 3; allowed a list of laws."),
    (lambda: pooled([]), "pooled: has no expert: got an empty list; allowed one law or more."),
    (lambda: pooled([1], average="both"), "pooled: unknown way to average: got 'both'; allowed 'probabilities' or 'quantiles'."),
    # Notation
    (lambda: parse("1,250", where="x.csv, row 2"), "x.csv, row 2: a number with commas: got '1,250'; allowed digits and one point. Write 1250."),
    (lambda: parse("12%"), "value: a percentage: got '12%'; allowed a share. Write 0.12."),
    (lambda: parse("£1,200"), "value: a number with a currency sign: got '£1,200'; allowed digits and one point. Write 1200."),
    (lambda: parse("nan"), "value: not a finite number: got 'nan'; allowed a finite number."),
    (lambda: parse(" "), "value: empty: got ' '; allowed a number, or a law such as pert(80, 120, 220)."),
    (lambda: parse("1" * 20_000), "value: the text is too long: got '20,000 characters'; allowed 10,000 characters. Keep long lists of values in a CSV file of their own."),
    (lambda: parse(None), "value: neither a number nor a law: got None; allowed a number, or a law such as pert(80, 120, 220)."),
    (lambda: parse("prt(1, 2, 3)"), "value: unknown law: got 'prt'; allowed constant, uniform, triangular, pert, normal, lognormal, truncated, beta, gamma, bernoulli, discrete, pareto_tail, mixture, empirical, metalog, pooled. Did you mean 'pert'?"),
    (lambda: parse({"pert": [1, 2, 3], "normal": [1, 2]}), "value: more than one law: got 'pert and normal'; allowed one law. Put laws together with mixture or pooled."),
    (lambda: parse({"normal": {"mean": 1, "sd": 2}, "sd": 2}), "value: normal: sd is given twice: got 'sd'; allowed each argument once."),
    (lambda: parse("pert(1, 2, 3, shap=4)"), "value: pert: unknown argument: got 'shap'; allowed low, mode, high, shape. Did you mean 'shape'?"),
    (lambda: parse("pert(1, 2)"), "value: pert: wrong number of arguments: got \"2 arguments (missing a required argument: 'high')\"; allowed pert(low, mode, high, shape=)."),
    (lambda: parse("pert"), "value: a word where a number or a law should be: got 'pert'; allowed a number, or a law such as pert(80, 120, 220). Did you mean 'pert' with its figures in brackets?"),
    (lambda: mixture([1] * 101, [1] * 101), "mixture: has too many parts: got 101; allowed at most 100. Observed values are an empirical law."),
    (lambda: from_file(",".join(f"c{at}" for at in range(1001)) + "\n"), "empirical: too many columns in o.csv: got 1,001; allowed at most 1,000."),
    (lambda: parse("not " * 2400), "value: cannot be read: got '" + ("not " * 20)[:77] + "...'; allowed a number, or a law such as pert(80, 120, 220). Look for a missing bracket or comma."),
    (lambda: parse("-" * 400 + "1"), "value: laws are nested too deeply: got '" + "-" * 77 + "...'; allowed 20 levels."),
    (lambda: parse("1 + 2"), "value: cannot be read: got '1 + 2'; allowed a number, or a law such as pert(80, 120, 220). Write numbers, not sums or formulas."),
    (lambda: parse("pert(1, 2"), "value: cannot be read: got 'pert(1, 2'; allowed a number, or a law such as pert(80, 120, 220). Look for a missing bracket or comma."),
    (lambda: parse("[" * 70 + "]" * 70), f"value: laws are nested too deeply: got '{'[' * 70}]]]]]]]...'; allowed 20 levels."),
    (lambda: parse("pert(3, 2, 1)", where="x.csv"), "x.csv: pert: low is not below high: got low = 3, high = 1; allowed low < high. Give the smaller value first."),
    (lambda: parse({"empirical": {"file": "o.csv"}}), "value: empirical: a file cannot be read here: got 'o.csv'; allowed values. Write the values themselves."),
    (lambda: from_file("a\n1\n", colum="a"), "value: empirical: unknown argument: got 'colum'; allowed file, column."),
    (lambda: from_file("a\n1\n", file="../o.csv"), "value: empirical: the file lies outside the study: got '../o.csv'; allowed a file in the folder of the study."),
    (lambda: from_file(None), "empirical: the file cannot be read: got o.csv: No such file or directory; allowed a CSV file. Check its name and place."),
    (lambda: from_file("b,c\n1,2\n"), "empirical: no such column in o.csv: got 'a'; allowed b, c. Name the column."),
    (lambda: from_file("a\n12%\n"), "empirical: o.csv, row 2, column a: not a number: got '12%'; allowed a finite number, or nothing."),
    (lambda: goal("mean < 5000"), "until: not a stop rule: got 'mean < 5000'; allowed such as 'mean within 5000', 'p10 within 20000', 'cvar within 20000', 'p_loss within 0.01' or 'best 3 settled'."),
    (lambda: goal("p_loss within 0"), "until: not a precision: got 0; allowed above 0. Give it in pounds; for p_loss as a share."),
    (lambda: from_file('a\n"' + "x" * 200_000), "empirical: o.csv, line 2: cannot be read as CSV: got field larger than field limit (131072); allowed a CSV file."),
    (lambda: from_file("a\n"), "empirical: cannot use this many values: got 0 in o.csv, column a; allowed 1 to 1,000,000."),
    # Dependence
    (lambda: tie("a", "b", 1.5), "rank correlation: not a rank correlation: got 1.5; allowed -1 to 1. Give Spearman's rank correlation."),
    (lambda: RankCorrelation(among=(), rank=0.1), "rank correlation: not a list of driver names: got a tuple of 0; allowed names of drivers."),
    (lambda: RankCorrelation(among=("a", "a"), rank=0.1), "rank correlation: a driver is named twice: got a, a; allowed each once."),
    (lambda: RankCorrelation(rank=0.1), "rank correlation: needs between or among: got neither; allowed one of them."),
    (lambda: RankCorrelation(among=("a",), rank=0.1), "rank correlation: a group of one has no pair: got 'a'; allowed two drivers or more."),
    (lambda: RankCorrelation(between="ab", rank=0.1), "rank correlation: between does not name two: got 'ab'; allowed two drivers or two groups."),
    (lambda: tie("a", "a", 0.1), "rank correlation: a driver stands on both sides: got a; allowed two different sides."),
    (lambda: Dependence(factors=[CommonFactor("x", {"a": 0.1}), CommonFactor("x", {"b": 0.1})]), "dependence: two factors have one name: got x, x; allowed a name each."),
    (lambda: Dependence(copula="clayton"), "dependence: unknown copula: got 'clayton'; allowed 'gaussian' or 't'."),
    (lambda: Dependence(degrees_of_freedom=4), "dependence: a Gaussian copula has no degrees of freedom: got 4. Write copula = 't'."),
    (lambda: Dependence(copula="t"), "dependence: the t copula needs degrees of freedom: got None; allowed 2 to 1000. 4 is a common choice."),
    (lambda: resolve(Dependence([tie("alpa", "beta", 0.1)]), KEYS), "dependence: unknown driver: got 'alpa'; allowed alpha, beta. Did you mean 'alpha'?"),
    (lambda: resolve(Dependence(factors=[CommonFactor("alpha", {"beta": 0.1})]), KEYS), "dependence: a factor has the name of a driver: got 'alpha'; allowed a name of its own. Rename the factor."),
    (lambda: resolve(Dependence(factors=[CommonFactor("x", {"beta": 0.9}), CommonFactor("y", {"beta": 0.9})]), KEYS), "dependence: the factors explain more than all of beta: got 1.649 as the sum of squared loadings; allowed 1 or less. Lower a loading."),
    (lambda: resolve(Dependence([tie("alpha", "beta", 0.1), tie("beta", "alpha", 0.2)]), KEYS), "dependence: two figures for alpha with beta: got 0.1 (between alpha and beta: 0.1) and 0.2 (between beta and alpha: 0.2); allowed one. Leave one of them out."),
    (lambda: resolve(Dependence([tie("a", "b", 0.9), tie("b", "c", 0.9), tie("a", "c", -0.5)], strict=True), {k: k for k in "abc"}), "dependence: the rank correlations of a, b, c cannot all hold: got a matrix with lowest eigenvalue -0.5687; allowed 0 or more. The nearest possible: a with b: asked 0.9000, used 0.5871; b with c: asked 0.9000, used 0.5871; a with c: asked -0.5000, used -0.2562. Use it, or leave strict off."),
    # Draws
    (lambda: DriverSpec("a", 3.0), "driver a: no law: got 3.0; allowed a Distribution. Use notation.parse, or constant() for a sure figure."),  # type: ignore[arg-type]
    (lambda: plan(seed=-1), "seed: not usable: got -1; allowed a whole number from 0 to below 2**64. Give one; the same one gives the same draws."),
    (lambda: plan(purpose="play"), "purpose: unknown: got 'play'; allowed choose, judge, sampling_gap."),
    (lambda: plan(method="halton"), "method: unknown: got 'halton'; allowed monte_carlo, latin_hypercube, sobol."),
    (lambda: plan(method="sobol"), "n_draws: missing: allowed a power of two from 1,024. Sobol' draws need their number."),
    (lambda: plan(n_draws=0), "n_draws: no draw: got 0; allowed 1 or more."),
    (lambda: plan(method="latin_hypercube", n_draws=1500), "n_draws: does not fill whole designs: got 1,500; allowed a multiple of 1,024. Use 2,048."),
    (lambda: plan(method="sobol", n_draws=3000), "n_draws: breaks the balance: got 3,000; allowed a power of two from 1,024. Use 4,096."),
    (lambda: plan().chunk(0, out=np.empty(3)), "out: does not fit the chunk: got float64 (3,); allowed float64 (2, 1024)."),
    (lambda: plan(A, A), "drivers: two drivers have one name: got 'a'; allowed each its own.\ndrivers: two drivers have one id: got 'a'; allowed each its own."),
    (lambda: plan(DriverSpec("a\n", normal(0, 1), id="a")), "drivers: the name cannot be printed: got 'a\\n'; allowed one or more letters."),
    (lambda: plan(DriverSpec("a", normal(0, 1), id="x"), DriverSpec("c", normal(0, 1), id="a")), "drivers: an id is the name of another driver: got 'a'; allowed ids apart from other drivers' names."),
    (lambda: parse("pert 1 2 3"), "value: cannot be read: got 'pert 1 2 3'; allowed a number, or a law such as pert(80, 120, 220). Did you mean 'pert' with its figures in brackets?"),
    # Samples
    (lambda: sample({}, draws=1, seed=1), "drivers: none given: allowed one or more. Give a mapping of names to laws."),
    (lambda: sample("a", draws=1, seed=1), 'drivers: not a mapping of names to laws: got \'a\'; allowed such as {"saving": "pert(80, 120, 220)"}.'),
    (lambda: CommonFactor(3, {"a": 0.5}), "factor: its name is not text: got 3; allowed a name."),
    (lambda: CommonFactor("market", "a"), "factor market: not loadings by driver: got 'a'; allowed such as {\"fees\": 0.6}."),
    (lambda: lognormal(mean=1, sd=1e300), "lognormal: sd is beyond all bounds: got mean = 1, sd = 1e+300; allowed 1e100 times the mean."),
    (lambda: percentile_of(np.zeros(4), 0.0, np.zeros(3)), "amounts: do not fit the draws: got (3,); allowed (4,)."),
    (lambda: payback_years(np.zeros((2, 0))), "cumulative: no year or no draw: got (2, 0); allowed one of each or more."),
    (lambda: sample({"a": 1, "b": 2}, draws=1, seed=1, correlation="x"), "correlation: cannot be read: got a list of 1; allowed a symmetric 2 x 2 array with ones on its diagonal, or one of the other forms."),
    (lambda: sample({"a": 1, "b": 2}, draws=1, seed=1, correlation=[[1]]), "correlation: is no correlation matrix of the drivers: got (1, 1); allowed a symmetric 2 x 2 array with ones on its diagonal, or one of the other forms."),
    (lambda: propagate(lambda x: x["a"][:3], {"a": 1}, draws=1, seed=1), "function, output value: wrong shape: got (3,); allowed (1024,). Write it with array operations: one value for each draw."),
    (lambda: propagate(lambda x: 1, {"a": 1}, draws=1, seed=1, replicates=3), "replicates: not usable: got 3; allowed 1, or more under sobol. Use more draws."),
    # Measures
    (lambda: mean([]), "draws: nothing to measure: got (0,); allowed one draw or more on the last axis."),
    (lambda: percentile([1.0], 100), "percentile: out of range: got 100; allowed above 0 and below 100. P5 is 5, not 0.05."),
    (lambda: cvar([1.0], 5), "cvar level: out of range: got 5; allowed above 0 and at most 1. Write 0.05 for 5%."),
    (lambda: measure_named("median"), "measure: unknown: got 'median'; allowed mean, sd, p5, p10, p50, p90, p95, cvar, p_loss. Percentiles are p1, p2.5 ... p99."),
    (lambda: estimate([1.0], "mean", "halton"), "method: unknown: got 'halton'; allowed monte_carlo, latin_hypercube, sobol."),
    # Stop rules
    (lambda: PrecisionRule("mean", 0.0), "standard_error: the target is no standard error: got 0.0; allowed above 0. Give it in the unit of the measure."),
    (lambda: PrecisionRule("mean", 1.0, fewest_parts=4), "fewest_parts: too few parts before the first look: got 4; allowed 8 or more."),
    (lambda: PrecisionRule("mean", 1.0, most_draws=5000), "stop rule: no room for the first look: got 5,000 draws; allowed 8,192 or more."),
    (lambda: RankingRule(n_best=0), "n_best: no number of bundles to rank: got 0; allowed 1 or more."),
    (lambda: RankingRule(confidence=1.0), "confidence: out of range: got 1.0; allowed 0.5 to below 1."),
    (lambda: RankingRule(indifference=-1), "indifference: not a tie: got -1; allowed 0 or more."),
    (lambda: run_until_ranked(lambda i, j: np.zeros(5), RankingRule()), "stop rule: the chunks have the wrong shape: got (5,); allowed (bundle, 8192)."),
]  # fmt: skip


@pytest.mark.parametrize(("cause", "message"), CASES, ids=[message[:60] for _, message in CASES])
def test_message(cause: Callable[[], Any], message: str) -> None:
    with pytest.raises(SharesimError) as caught:
        cause()
    assert str(caught.value) == message


def problems_in_source() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield where each fault is made and a pattern of the problem it states."""
    for path in [*SOURCE.glob("uncertainty/*.py"), *SOURCE.glob("measures/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            position = {"Fault": 1, "refuse": 1, "_refuse": 0 if path.stem == "notation" else 1}.get(node.func.id)
            if position is None or len(node.args) <= position:
                continue
            written = node.args[position]
            if isinstance(written, ast.Constant):
                yield f"{path.name}, line {node.lineno}", re.compile(re.escape(str(written.value)))
            elif isinstance(written, ast.JoinedStr):
                parts = (re.escape(p.value) if isinstance(p, ast.Constant) else ".*" for p in written.values)
                yield f"{path.name}, line {node.lineno}", re.compile("".join(parts))


def test_every_problem_in_the_source_is_read_above() -> None:
    stated: set[str] = set()
    for cause, _ in CASES:
        with pytest.raises(SharesimError) as caught:
            cause()
        stated |= {fault.problem for fault in caught.value.faults}
    found = list(problems_in_source())
    assert len(found) > 60
    unread = [
        f"{place}: {pattern.pattern}"
        for place, pattern in found
        if not any(pattern.fullmatch(problem) for problem in stated)
    ]
    assert not unread, "\n".join(unread)


def test_a_fault_reads_as_a_sentence() -> None:
    for _, message in CASES:
        for line in message.splitlines():
            assert re.match(r"[^:]+: .+[.?]$", line), line
            assert "  " not in line and " ;" not in line and "None given" not in line
    assert str(Fault("x", "y")) == "x: y."
