"""Whatever a study's files hold, loading ends in a study or in faults that can be read; never in anything else."""

from __future__ import annotations

import copy
import datetime
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from sharesim.errors import SharesimError, StudyError, UsageError
from sharesim.examples import two_councils_raw
from sharesim.study.dump import write
from sharesim.study.load import build, load
from sharesim.study.overrides import read_assignment
from sharesim.study.places import MOST_FAULTS, Places
from sharesim.study.plain import visible
from sharesim.study.quantity import Quantity
from sharesim.study.schema import ROWS, StudyModel
from tests.messages.study_cases import FILES
from tests.unit.bundles.test_enumerate import raw_study

odd_text = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "",
            " ",
            "nan",
            "inf",
            "1e999",
            "-1",
            "0",
            "1,5",
            "5%",
            "=1+1",
            "../x",
            "\x00",
            "\x1b[0m",
            "\u202e",
            "\ud800",
            "a;b",
        ]
    ),
    st.sampled_from(["pert(1, 2, 3)", "pert(", "driver(x) * 2", "normal(0, 1)", "truncated(" * 50, "hr", "2025-04-01"]),
)
scalars = st.one_of(
    odd_text, st.integers(), st.floats(), st.booleans(), st.none(), st.dates(), st.datetimes(), st.times(),
    st.integers(min_value=10**300, max_value=10**310),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(odd_text | st.sampled_from(["pert", "driver"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def rich() -> dict[str, Any]:
    """A study with something in every section, in the notation of study.toml."""
    raw = raw_study(internal=True, most_partners=3)
    raw |= {
        "gates": [{"id": "g", "name": "G", "wait_months": 2, "refusal": 0.1}],
        "shared_items": [{"id": "s", "name": "S", "one_off_gbp": "uniform(1, 2)"}],
        "grants": [{"id": "m", "name": "M", "amount_gbp": 5}],
        "drivers": [{"name": "pay", "value": {"pert": [0.9, 1, 1.3]}}],
        "risks": [{"id": "r", "name": "R", "scope": "pair", "targets": "a;b", "probability": 0.1}],
        "workforce": [{"profile": "p", "age_low": 20, "age_high": 60, "service_low": 0, "service_high": 9, "share": 1}],
        "quality": [{"service": "hr", "criterion": "Speed", "weight": 1, "before": 5, "after": 6}],
        "rules": [
            {"kind": "must_share", "name": "must", "services": ["hr"]},
            {"kind": "budget", "name": "money", "limit_gbp": 9, "years": [2026]},
            {"kind": "control_groups", "name": "groups", "groups": {"one": ["a"], "two": ["b"]}},
        ],
        "objective": {"kind": "mean_cvar", "risk_weight": 0.5},
        "dependence": {"correlations": [{"drivers": ["exit.*"], "rank": 0.3}]},
        "published": [{"label": "p", "measure": "npv_gbp", "value": 1}],
        "staff": {"on_cost_share": {"pert": [0.2, 0.25, 0.3]}, "weekly_pay_cap_gbp": {"2026": 700}},
        "costs": {"profile": [0.5, 0.5]},
        "forms": {"company": {"set_up_gbp": 5}},
        "split": {"running": "equal"},
        "defaults": {"services.ramp_years": 1},
        "scenarios": {"long": {"study.horizon_years": 12}},
    }
    return raw


def spots(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a nested document."""
    found = [path] if path else []
    for key, item in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        found += spots(item, (*path, key))
    return found


SPOTS = spots(rich())


def readable(error: SharesimError) -> None:
    """Demand faults that a person can read."""
    assert error.faults
    assert len(error.faults) <= MOST_FAULTS + 1
    for fault in error.faults:
        line = str(fault)
        assert fault.where and fault.problem
        assert "Input should" not in line and "validation error" not in line and "Traceback" not in line
        assert len(line) < 4000
        assert visible(line) == line, line


def attempt(raw: dict[str, Any]) -> StudyModel | None:
    """Build a study, or check what is said about it."""
    try:
        return build(raw, Places("study.toml", {})).model
    except (StudyError, UsageError) as error:
        readable(error)
        return None


def test_the_rich_study_is_sound() -> None:
    assert attempt(rich()) is not None


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(SPOTS), values), min_size=1, max_size=3))
@example([(("study", "horizon_years"), 10**309)])
@example([(("study", "start"), datetime.date(9999, 12, 31))])
@example([(("rules", 0, "kind"), ["budget"])])
@example([(("defaults",), {"services": {"ramp_years": {"pert": [1, 2, 3]}}})])
@example([(("scenarios", "long"), {"rules.must.services": 5, "study": 3})])
@example([(("councils", 0, "id"), "\ud800")])
def test_any_value_in_any_place(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    raw = rich()
    for path, value in changes:
        target: Any = raw
        for part in path[:-1]:
            target = (
                target[part]
                if isinstance(target, list) and part < len(target)
                else target.get(part)
                if isinstance(target, dict)
                else None
            )
            if target is None:
                break
        if isinstance(target, dict) or (
            isinstance(target, list) and isinstance(path[-1], int) and path[-1] < len(target)
        ):
            target[path[-1]] = copy.deepcopy(value)
    attempt(raw)


@settings(max_examples=80)
@given(st.sampled_from(SPOTS), odd_text, values)
def test_any_unknown_key_in_any_table(path: tuple[Any, ...], key: str, value: Any) -> None:
    raw = rich()
    target: Any = raw
    for part in path:
        target = target[part]
    if isinstance(target, dict):
        target[key] = value
    attempt(raw)


@settings(max_examples=150)
@given(st.sampled_from(sorted(FILES)), st.binary(max_size=60), st.integers(0, 400), st.integers(0, 40))
@example("councils.csv", b"\xff\xfe", 0, 0)
@example("study.toml", b"[[", 0, 0)
def test_any_bytes_in_any_file(name: str, junk: bytes, at: int, cut: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for other, text in FILES.items():
            (folder / other).write_text(text, encoding="utf-8")
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[:at] + junk + data[at + cut :])
        try:
            load(folder)
        except StudyError as error:
            readable(error)


@settings(max_examples=100)
@given(
    st.sampled_from(["study.horizon_years", "services.hr.elasticity", "rules.must.active", "baseline.a/hr.cost_gbp"])
    | st.lists(odd_text | st.sampled_from([*StudyModel.model_fields, "hr", "1"]), min_size=1, max_size=4).map(".".join),
    values,
)
def test_any_override(path: str, value: Any) -> None:
    try:
        build(rich(), Places("study.toml", {}), assignments=[(path, value)])
    except (StudyError, UsageError) as error:
        readable(error)


@settings(max_examples=100)
@given(odd_text | st.text(alphabet="=.\"'[]{}# \nabc1", max_size=20))
def test_any_assignment(text: str) -> None:
    try:
        path, _ = read_assignment(text)
    except UsageError as error:
        readable(error)
    else:
        assert path == path.strip() != ""


numbers = st.one_of(
    st.floats(0.001, 1e6).map(Quantity),
    st.tuples(st.floats(0.1, 100), st.floats(0.1, 100), st.floats(0.1, 100)).map(
        lambda parts: Quantity.of({"pert": [parts[0], parts[0] + parts[1], parts[0] + parts[1] + parts[2]]})
    ),
    st.tuples(st.floats(0.5, 100), st.floats(0.1, 2)).map(
        lambda parts: Quantity.of({"lognormal": {"mean": parts[0], "sd": parts[1]}})
    ),
)
names = st.text(alphabet=st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=40).filter(
    lambda text: visible(text) != ""
)


@settings(max_examples=60)
@given(st.lists(st.tuples(names, numbers, numbers), min_size=2, max_size=4), names, st.booleans())
def test_what_is_written_is_read_again(rows: list[tuple[str, Quantity, Quantity]], title: str, alone: bool) -> None:
    raw = two_councils_raw()
    raw["study"]["title"] = title
    raw["bundles"]["internal"] = alone
    raw["councils"] = [{"id": f"c{at}", "name": name, "terms_gbp": terms} for at, (name, terms, _) in enumerate(rows)]
    raw["baseline"] = [
        {"council": f"c{at}", "service": "payroll", "cost_gbp": cost, "source": name}
        for at, (name, _, cost) in enumerate(rows)
    ]
    before = build(raw, Places("study", {}))
    with tempfile.TemporaryDirectory() as place:
        write(before.model, place)
        after = load(place)
    assert after.content_hash == before.content_hash
    assert after.drivers == before.drivers
    assert after.councils == before.councils


def test_every_table_is_fuzzed() -> None:
    assert set(ROWS) <= {path[0] for path in SPOTS}
