"""The Python door: public functions are called with what users get wrong, and answer or say what they want.

The functions are found, not listed: the public names, what the documents import, and the methods of every result that
these return. A new one fails here until it says in `RIGHT` how it is called right.
"""

# ruff: noqa: E501 - a call is read as one line

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Iterator
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sharesim
from sharesim import batch, measures
from sharesim.arguments import a_path, as_float, floats, number, several, takes, whole
from sharesim.errors import SharesimError, UsageError
from sharesim.examples import two_councils
from sharesim.study.rules import Exits
from sharesim.uncertainty.distributions import normal, pert
from sharesim.uncertainty.draws import DriverSpec
from sharesim.workflow.again import read_run
from sharesim.workflow.run import RunOptions, run_study

ROOT = Path(__file__).resolve().parents[2]
QUICK = RunOptions(draws=64, judge_draws=64, report=False)
RULE = {"kind": "exits", "name": "few", "limit_posts": 3}
#: Public beside what `sharesim`, its measures, its batches and the documents name.
BESIDE = (
    ("sharesim.workflow.run", ("RunOptions", "appraise_study")), ("sharesim.workflow.again", ("read_run", "judged_again", "report_run")),
    ("sharesim.workflow.cases", ("new_like",)), ("sharesim.workflow.track", ("write_track",)), ("sharesim.choice.choose", ("ChoiceOptions",)),
    ("sharesim.uncertainty.draws", ("DrawPlan", "DriverSpec")), ("sharesim.uncertainty.goal", ("goal",)),
    ("sharesim.uncertainty.stop", ("PrecisionRule", "RankingRule")),
)  # fmt: skip
IMPORTED = re.compile(r"from (sharesim(?:\.[a-z_]+)*) import ((?:\w+, )*\w+)")
#: What one part of sharesim asks of another, though its class is public; and what notebooks take from below the door.
INNER = {"Study.first_stage", "Study.years_since_start", "Resources.cut", "Resources.kept"}
NO_DOORS = {"calibration_plot", "ranges_plot", "axes_of", "build_case", "law", "realisation", "realised_rate", "EVIDENCE"}


class World:
    """One of each result, made once."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.n_new = folder, 0
        self.study = two_councils()
        self.path = sharesim.write_study(self.study, folder / "study")
        self.outcomes = sharesim.appraise(self.study, draws=64, seed=1)
        self.portfolio = sharesim.choose(self.outcomes)
        self.judged = sharesim.judge(self.portfolio, draws=64)
        self.ran = run_study(self.study, folder / "run", QUICK)
        self.run = read_run(self.ran.folder)
        self.sample = sharesim.sample({"a": pert(1, 2, 4), "b": 3}, draws=64, seed=1)
        self.summary = sharesim.propagate(lambda x: x["a"], {"a": pert(1, 2, 4)}, draws=64, seed=1)
        self.plan = folder / "plan.toml"
        self.plan.write_text('[batch]\nstudies = ["study"]\ndraws = 64\njudge_draws = 64\n', encoding="utf-8")
        self.batch = batch.run_batch(self.plan, batch.BatchOptions(out=folder / "batch", jobs=0))
        (folder / "actuals.csv").write_text("period,measure,gbp\n2026-27,net,1000\n", encoding="utf-8")
        self.tracked = sharesim.track(self.ran.folder, folder / "actuals.csv")
        register = "id,partners,services,start_year,planned_annual_saving_gbp\none,Eastham; Westham,payroll,2012,100000\n"
        (folder / "register.csv").write_text(register, encoding="utf-8")
        self.backtest = sharesim.backtest(folder / "register.csv", draws=256)

    @property
    def results(self) -> list[Any]:
        """What public functions return."""
        return [
            self.study, self.outcomes, self.portfolio, self.judged, self.judged.plot, self.ran, self.run, self.sample, self.summary,
            self.summary["mean"], self.sample.plan, self.batch, self.tracked, self.backtest, batch.status(self.batch.folder),
            batch.compare(self.batch.folder), pert(1, 2, 4), self.outcomes.replay(0), sharesim.Resources(), sharesim.cases()[0],
        ]  # fmt: skip

    @property
    def new(self) -> Path:
        """A path that is not there yet."""
        self.n_new += 1
        return self.folder / f"new-{self.n_new}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


TWO = [[1.0, 2.0], [3.0, 4.0]]
THREE_POINTS = {"low": 1, "mode": 2, "high": 4}
#: How each is called right; what is left out has a default.
RIGHT: dict[str, Callable[[World], dict[str, Any]]] = {
    "load": lambda w: {"path": w.path, "scenario": None, "set": ()},
    "appraise": lambda w: {"study": w.study, "draws": 64, "seed": 1, "jobs": 1},
    "choose": lambda w: {"outcomes": w.outcomes},
    "judge": lambda w: {"portfolio": w.portfolio, "draws": 64, "jobs": 1},
    "report": lambda w: {"judged": w.judged, "out": w.new, "formats": "md"},
    "run_study": lambda w: {"study": w.study, "folder": w.new, "options": QUICK},
    "appraise_study": lambda w: {"study": w.study, "folder": w.new, "options": QUICK},
    "new": lambda w: {"folder": w.new},
    "new_like": lambda w: {"folder": w.new, "name": "chesterfield-2007"},
    "case": lambda w: {"name": "chesterfield-2007"},
    "check": lambda w: {"study": w.study},
    "convert": lambda w: {"source": w.path, "out": w.new},
    "write_study": lambda w: {"study": w.study, "out": w.new},
    "template": lambda w: {"out": w.new, "councils": ["East", "West"], "services": "HR", "today": date(2026, 4, 1)},
    "track": lambda w: {"run": w.ran.folder, "actuals": w.folder / "actuals.csv"},
    "write_track": lambda w: {"tracked": w.tracked, "folder": w.new},
    "backtest": lambda w: {"table": w.folder / "register.csv", "draws": 256},
    "read_run": lambda w: {"folder": w.ran.folder},
    "judged_again": lambda w: {"run": w.run},
    "report_run": lambda w: {"folder": w.ran.folder, "formats": "md", "out": w.folder / "again"},
    "sample": lambda w: {"drivers": {"a": "pert(1, 2, 4)", "b": 3}, "draws": 64, "seed": 1},
    "propagate": lambda w: {"function": lambda x: x["a"], "drivers": {"a": "pert(1, 2, 4)"}, "draws": 64, "seed": 1},
    "goal": lambda w: {"text": "mean within 5"},
    "PrecisionRule": lambda w: {"measure": "mean", "standard_error": 5.0},
    "DrawPlan": lambda w: {"specs": [DriverSpec("a", pert(1, 2, 4))], "seed": 1},
    "DriverSpec": lambda w: {"name": "a", "distribution": pert(1, 2, 4)},
    "parse": lambda w: {"value": "pert(1, 2, 4)"},
    "RankCorrelation": lambda w: {"among": ("a", "b"), "rank": 0.4},
    "CommonFactor": lambda w: {"name": "market", "loadings": {"a": 0.4}},
    "from_dict": lambda w: {"raw": {"study": {"name": "x"}}},
    "study_toml": lambda w: {"model": w.study.model},
    "run_batch": lambda w: {"plan": w.plan, "options": batch.BatchOptions(out=w.folder / "batch", jobs=0)},
    "read_plan": lambda w: {"path": w.plan}, "status": lambda w: {"folder": w.batch.folder}, "compare": lambda w: {"folder": w.batch.folder},
    "bernoulli": lambda w: {"probability": 0.5}, "beta": lambda w: {"a": 2, "b": 3}, "constant": lambda w: {"value": 1},
    "discrete": lambda w: {"values": [1, 2], "weights": [0.5, 0.5]}, "empirical": lambda w: {"values": [1, 2, 3]},
    "gamma": lambda w: {"shape": 2, "scale": 1}, "lognormal": lambda w: {"mean": 4, "sd": 2}, "metalog": lambda w: {"p10": 1, "p50": 2, "p90": 4},
    "mixture": lambda w: {"parts": [1, normal(0, 1)], "weights": [0.5, 0.5]}, "normal": lambda w: {"mean": 0, "sd": 1},
    "pareto_tail": lambda w: {"body": normal(0, 1), "above": 0.9, "index": 3}, "pert": lambda w: THREE_POINTS, "triangular": lambda w: THREE_POINTS,
    "pooled": lambda w: {"experts": [normal(0, 1), normal(1, 1)]}, "truncated": lambda w: {"body": normal(0, 1), "low": 0}, "uniform": lambda w: {"low": 0, "high": 1},
    **{name: lambda w: {"x": TWO} for name in ("chunk_sums", "cvar", "mean", "probability_below", "standard_deviation", "total", "estimate")},
    "percentile_of": lambda w: {"x": TWO, "value": 2.0},
    "percentile": lambda w: {"x": TWO, "q": 50}, "standard_errors": lambda w: {"x": TWO, "measure": "mean"},
    **{name: lambda w: {"cumulative": TWO} for name in ("payback_years", "peak_funding")},
    "cvar_measure": lambda w: {}, "percentile_measure": lambda w: {"q": 5}, "measure_named": lambda w: {"name": "p10"},
    "Appraisal.replay": lambda w: {"draw": 3}, "Judged.replay": lambda w: {"draw": 3}, "Sample.draw": lambda w: {"n": 3}, "Sample.estimate": lambda w: {"name": "a"},
    "Backtest.write": lambda w: {"folder": w.new}, "DrawPlan.chunk": lambda w: {"k": 0}, "DrawPlan.draw": lambda w: {"n": 0}, "DrawPlan.values": lambda w: {"start_chunk": 0, "stop_chunk": 1},
    "Pert.quantile": lambda w: {"u": 0.5}, "Pert.quantile_normal": lambda w: {"z": 0.5}, "Pert.scaled": lambda w: {"factor": 2.0},
    "Plots.of": lambda w: {"portfolio": w.portfolio}, "Comparison.levels": lambda w: {"factor": "study"}, "Tracked.what": lambda w: {"series": next(iter(w.tracked.flows))},
    "Portfolio.how_sure": lambda w: {"n_sets": 20, "draws": 64}, "Comparison.write": lambda w: {"folder": w.new},
}  # fmt: skip


def documented() -> Iterator[tuple[str, str]]:
    """Yield module and name of everything that the documents import or call."""
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("notebooks/*.ipynb")]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for module, names in IMPORTED.findall(text):
            yield from ((module, name) for name in names.split(", "))


def doors(world: World) -> dict[str, Callable[..., Any]]:
    """Return every public function, class and method of a result, by its name."""
    named = [("sharesim", name) for name in (*sharesim.__all__, *sharesim._LAWS)]
    named += [(module.__name__, name) for module in (measures, batch) for name in module.__all__]
    named += [*((module, name) for module, names in BESIDE for name in names), *documented()]
    found = {}
    for module, name in dict.fromkeys(named):
        thing = getattr(import_module(module), name)
        is_error = inspect.isclass(thing) and issubclass(thing, Exception)
        # Classes of results are met by their methods; those that users make have a check of their own.
        if callable(thing) and name not in NO_DOORS and not is_error and (not inspect.isclass(thing) or name in MADE):
            found[name] = thing
    for result in world.results:
        for name, method in inspect.getmembers(result, inspect.ismethod):
            owner = getattr(method.__func__, "__module__", "")
            if not name.startswith("_") and owner.startswith("sharesim") and inspect.signature(method).parameters:
                found[f"{type(result).__name__}.{name}"] = method
    return {name: door for name, door in found.items() if name not in INNER}


#: Classes that users make themselves.
MADE = {
    "Resources", "RunOptions", "ChoiceOptions", "BatchOptions", "DrawPlan", "DriverSpec", "PrecisionRule", "RankingRule", "RankCorrelation",
    "CommonFactor", "Dependence",
}  # fmt: skip
#: Not called here, and why.
SLOW = {
    "report_run": "its path, formats and options are those of `read_run` and `report`",
    "judged_again": "its options are those of a run", "Portfolio.how_sure": "20 appraisals where its numbers are right",
}  # fmt: skip


def wrong(world: World) -> list[Any]:
    """Return what a user may give for something else; some of it is right somewhere."""
    return [
        None, True, np.bool_(True), -1, 0, 2, float("nan"), float("inf"), 10**30, 1e300, np.int64(20), np.float32(0.5), np.float64("nan"),
        "some text", b"bytes", "", "a\0b", Path("a-path"), [], [None], ["some text"], {}, RULE, {"kind": "exitss"}, Exits(**RULE), object(), lambda *_: None,
        np.zeros(3), np.array(["a"]), 1j, date(2026, 4, 1), world.study, world.outcomes, world.portfolio, world.judged,
    ]  # fmt: skip


def tried(door: Callable[..., Any], given: dict[str, Any]) -> str:
    """Return what is wrong with how a call ends; empty where it answers, or says in one readable line what it wants."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a score that is no number has a quantile that is none
            door(**given)
    except SharesimError as error:
        lines = [str(fault) for fault in error.faults]
        unreadable = [line for line in lines if not line.isprintable() or len(line) > 700 or not re.match(r"[^:]+: .+", line)]
        return f"unreadable: {unreadable[0]!r}" if unreadable or not lines else ""
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:100]}"
    return ""


def test_everything_public_is_called_here(world: World) -> None:
    for name, door in doors(world).items():
        needed = {
            key for key, item in inspect.signature(door).parameters.items()
            if item.default is item.empty and item.kind not in (item.VAR_KEYWORD, item.VAR_POSITIONAL)
        }  # fmt: skip
        given = RIGHT.get(name, lambda w: {})(world)
        assert needed <= set(given), f"{name}: say in RIGHT how it is called"


def test_a_wrong_argument_is_told_in_one_line(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    failed = []
    for name, door in doors(world).items():
        if name in SLOW:
            continue
        right = RIGHT.get(name, lambda w: {})(world)
        for key, item in inspect.signature(door).parameters.items():
            if item.kind in (item.VAR_KEYWORD, item.VAR_POSITIONAL):
                continue
            # What an argument is when it is left out is right, and may take its time.
            for value in (value for value in wrong(world) if value is not item.default):
                told = tried(door, {**right, key: value})
                if told:
                    failed.append(f"{name}({key}={type(value)!s}): {told}")
    assert not failed, f"{len(failed)} calls\n" + "\n".join(failed)


def test_numbers_of_numpy_and_paths_as_text_are_taken(world: World) -> None:
    outcomes = sharesim.appraise(str(world.path), draws=np.int64(64), seed=np.uint8(1), jobs=np.int32(1))
    assert np.array_equal(outcomes.outcomes.npv, world.outcomes.outcomes.npv)
    judged = sharesim.judge(sharesim.choose(outcomes), draws=np.int16(64), seed=np.int64(1))
    assert np.array_equal(judged.npv, world.judged.npv)
    found = run_study(str(world.path), str(world.new), RunOptions(draws=np.int64(64), judge_draws=64, report=np.bool_(False)))
    assert isinstance(found.folder, Path) and (found.folder / "summary.json").is_file() and found.report is None
    frame = outcomes.frontier("cvar", n_points=np.int64(3), level=np.float32(0.5))
    assert frame.equals(outcomes.frontier("cvar", n_points=3, level=0.5))
    assert outcomes.replay(np.int64(3), np.int32(0)).npv_gbp == outcomes.replay(3, 0).npv_gbp
    tied = sharesim.sample({"a": "normal(0, 1)", "b": np.float32(2)}, draws=np.int64(64), seed=1, correlation=np.float32(0.5))
    assert tied.n_draws == 64 and tied.draw(np.int64(3))["b"] == 2.0
    assert sharesim.backtest(str(world.folder / "register.csv"), studies=str(world.path), draws=np.int64(256)).settings.studies[0].n_years == 10


def test_rules_are_taken_as_a_study_says_them(world: World) -> None:
    none = {"kind": "exits", "name": "none", "exit_kind": "all", "limit_posts": np.int64(0)}
    as_rule = Exits(**{**none, "limit_posts": 0})
    found = [sharesim.choose(world.outcomes, rules=rules) for rules in (none, [none], as_rule, (as_rule,), iter([none]))]
    assert all(item.rules == (as_rule,) for item in found)
    assert len(world.portfolio.chosen()) == 1 and all(item.chosen() == [] for item in found)
    assert sharesim.choose(world.outcomes, rules=[]).chosen() == world.portfolio.chosen()
    assert world.outcomes.frontier(n_points=2, rules=none).n_bundles.max() == 0
    assert "none" in world.outcomes.why_not([none, {"kind": "must_share", "name": "all", "services": "payroll"}])


def test_an_objective_is_taken_as_a_study_says_it(world: World) -> None:
    assert sharesim.choose(world.outcomes, objective="mean").value_gbp == world.portfolio.value_gbp
    careful = sharesim.choose(world.outcomes, objective={"kind": "mean_cvar", "risk_weight": 1, "level": 0.05})
    assert careful.objective.kind == "mean_cvar" and careful.value_gbp < world.portfolio.value_gbp
    assert any("risk_weight = 0" in note for note in sharesim.choose(world.outcomes, objective="mean_cvar").solution.notes)


@pytest.mark.parametrize(("call", "told"), [
    (lambda w: sharesim.choose(w.study), "outcomes: not an appraisal: got a Study; allowed what appraise returned. Call appraise(study) first."),
    (lambda w: sharesim.judge("a study"), "portfolio: not a portfolio: got 'a study'; allowed what choose returned. Call choose(appraise(study)) first."),
    (lambda w: sharesim.report(w.portfolio), "judged: not a judged portfolio: got a Portfolio; allowed what judge returned. Call judge(portfolio) first."),
    (lambda w: sharesim.choose(w.judged), "outcomes: not an appraisal: got a Judged; allowed what appraise returned. Give its .appraisal."),
    (lambda w: sharesim.appraise(w.outcomes), "study: not a study: got an Appraisal; allowed what load returned, or the path of a study. Give its .study."),
    (lambda w: sharesim.choose(w.outcomes, rules="few"), "choose: rules: neither rules nor tables of their fields: got 'few'; allowed a rule, or a list of rules. "
     'Give a rule such as {"kind": "exits", "name": "few", "limit_posts": 3}.'),
    (lambda w: sharesim.choose(w.outcomes, rules={"kind": "must_share", "name": "all", "services": "payrol"}),
     "choose: rules 1 (all), services: unknown service: got 'payrol'; allowed payroll. Did you mean 'payroll'?"),
    (lambda w: sharesim.choose(w.outcomes, objective="mean_cvr"),
     "choose: objective.kind: not one of the choices: got 'mean_cvr'; allowed mean, mean_cvar, weights, lexicographic. Did you mean 'mean_cvar'?"),
    (lambda w: run_study(w.study, 5), "folder: not a path: got 5; allowed text or a Path."),
    (lambda w: sharesim.load(w.path, set=5), 'set: not changes of a study: got 5; allowed "path=value", or a list of such.'),
])  # fmt: skip
def test_what_is_wanted_is_said(world: World, call: Callable[[World], Any], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        call(world)
    assert str(caught.value) == told


def test_nothing_is_simulated_before_every_argument_is_looked_at(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sharesim.workflow.doors.simulate", lambda *args, **given: pytest.fail("simulated"))
    with pytest.raises(UsageError) as caught:
        run_study(world.study, 5, RunOptions(draws=64))
    assert len(caught.value.faults) == 1
    with pytest.raises(UsageError) as caught:
        RunOptions(draws=3, judge_draws=4, until="soon", explain_seconds=float("nan"), formats="pdf")
    assert [fault.where for fault in caught.value.faults] == ["draws", "judge_draws", "--format", "until", "explain_seconds"]


def test_all_faults_of_a_call_are_told_together() -> None:
    @takes(draws=whole(1, 10), level=number(0.0, 1.0, above=True), out=a_path, names=several(a_path, str, "not paths", "paths"), x=floats(1))
    def look(draws, level=0.5, out=None, names=(), x=(0.0,)):
        return draws, level, out, names, x

    assert look(np.int8(3))[:4] == (3, 0.5, None, ())
    assert look(3, np.float32(0.5), "a", "b")[1:4] == (0.5, Path("a"), (Path("b"),))
    with pytest.raises(UsageError) as caught:
        look(True, float("nan"), "", ["b", 5], "text")
    assert [fault.where for fault in caught.value.faults] == ["draws", "level", "out", "names, item 2", "x"]
    with pytest.raises(TypeError):
        look(3, colour="red")
    assert np.isnan(as_float("3")) and np.isnan(as_float(True)) and as_float(10**400) == np.inf
