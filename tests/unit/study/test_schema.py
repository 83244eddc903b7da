"""The schema keeps its form: frozen, unknown keys refused, and a sentence, unit and bound for every field."""

from __future__ import annotations

import datetime
import json
import math
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import jsonschema
import pydantic
import pytest
from pydantic.fields import FieldInfo

from sharesim.errors import StudyError
from sharesim.examples import from_dict, two_councils, two_councils_raw
from sharesim.study.faults import KINDS
from sharesim.study.fields import Frozen
from sharesim.study.quantity import Bounds, Quantity
from sharesim.study.reference import json_schema, markdown
from sharesim.study.rules import RuleBase
from sharesim.study.schema import ROWS, StudyModel, fields_at

ROOT = Path(__file__).resolve().parents[3]


def models() -> list[type[Frozen]]:
    """Every model of the schema, those inside others included."""
    found: dict[type[Frozen], None] = {}

    def visit(annotation: Any) -> None:
        if isinstance(annotation, type) and issubclass(annotation, Frozen):
            if annotation not in found:
                found[annotation] = None
                for info in annotation.model_fields.values():
                    visit(info.annotation)
        for part in get_args(annotation):
            visit(part)

    visit(StudyModel)
    return list(found)


def fields() -> Iterator[tuple[str, FieldInfo]]:
    """Every field with its model."""
    for model in models():
        for name, info in model.model_fields.items():
            yield f"{model.__name__}.{name}", info


FIELDS = dict(fields())
# What holds other models or free parts, and so has no bound or unit of its own.
HOLDERS = {name for name in FIELDS if name.startswith("StudyModel.")} | {
    "Dependence.correlations", "Staff.weekly_pay_cap_gbp", "ControlGroups.groups",
}  # fmt: skip


def metadata(info: FieldInfo) -> list[Any]:
    """What is annotated on a field, inside an optional too."""
    return [
        *info.metadata,
        *(extra for part in get_args(info.annotation) for extra in getattr(part, "__metadata__", ())),
    ]


def kinds(info: FieldInfo) -> set[Any]:
    """The bare types that a field may have."""

    def bare(annotation: Any) -> Iterator[Any]:
        if hasattr(annotation, "__metadata__"):
            yield from bare(get_args(annotation)[0])
        elif get_origin(annotation) in (Union, UnionType):
            for part in get_args(annotation):
                yield from bare(part)
        elif get_origin(annotation) is Literal:
            yield Literal
        else:
            yield get_origin(annotation) or annotation

    return set(bare(info.annotation)) - {NoneType}


def test_all_models_are_found() -> None:
    assert {*ROWS.values(), *KINDS.values()} <= set(models())
    assert len(models()) > 40


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_models_are_frozen_and_refuse_unknown_keys(model: type[Frozen]) -> None:
    assert model.model_config["frozen"] is True
    assert model.model_config["extra"] == "forbid"
    assert (model.__doc__ or "").strip()
    with pytest.raises(pydantic.ValidationError, match="Extra inputs"):
        model.model_validate({"no_such_field": 1})


def test_every_field_has_a_sentence() -> None:
    rules = {model.__name__ for model in KINDS.values()}
    wrong = {}
    for name, info in FIELDS.items():
        said = info.description or ""
        if name.endswith(".kind") and name.partition(".")[0] in rules:
            continue  # the kind is what the rule's own sentence says
        begins = said[:1].isupper() or said.split(":")[0].split(",")[0] in str(info.annotation)
        if len(said) <= 5 or not begins or not said.endswith("."):
            wrong[name] = said
    assert wrong == {}


def test_every_number_has_a_unit_and_a_bound() -> None:
    ending = {
        "_gbp": "GBP",
        "_share": "share",
        "_years": "years",
        "_months": "months",
        "_days": "days",
        "_fte": "posts",
    }
    wrong = {}
    for name, info in FIELDS.items():
        if not kinds(info) & {int, float, Quantity}:
            continue
        extra = info.json_schema_extra
        unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
        due = next((word for end, word in ending.items() if name.endswith(end)), "")
        bounds = next((part for part in metadata(info) if isinstance(part, Bounds)), None)
        sides = {
            side
            for part in metadata(info)
            for side in ("gt", "ge", "lt", "le")
            if getattr(part, side, None) is not None
        }
        bounded = bounds is not None or (sides & {"gt", "ge"} and sides & {"lt", "le"})
        # The rate's bounds depend on its form; test_study_messages shows them at work.
        if not unit.startswith(due) or not unit or not (bounded or name == "About.discount_rate_per_year"):
            wrong[name] = (unit, sides)
    assert wrong == {}


def test_every_text_is_bounded_and_every_field_of_a_known_type() -> None:
    known = {int, float, Quantity, str, bool, datetime.date, Literal, tuple}
    wrong = {}
    for name, info in FIELDS.items():
        bounded = any(getattr(part, "max_length", None) or getattr(part, "pattern", None) for part in metadata(info))
        if name not in HOLDERS and ((kinds(info) & {str} and not bounded) or not kinds(info) <= known):
            wrong[name] = kinds(info)
    assert wrong == {}


def test_ids_are_held_to_their_pattern() -> None:
    for bad in ("", " ", "a b", "a/b", "-a", "é", "a" * 61, "a\n", "=1"):
        raw = two_councils_raw()
        raw["councils"][0]["id"] = raw["baseline"][0]["council"] = bad
        if bad == "a\n":  # a line break at the end is no part of the name
            from_dict(raw)
            continue
        with pytest.raises(StudyError, match="not an id"):
            from_dict(raw)
    for section in ("gates", "packages", "shared_items", "grants"):
        raw = two_councils_raw()
        raw[section] = [{"id": "a b", "name": "x", "services": ["payroll", "x"], "amount_gbp": 1}]
        with pytest.raises(StudyError, match="not an id"):
            from_dict(raw)
    raw = two_councils_raw()
    raw["drivers"] = [{"name": "a", "id": "a b", "value": 1}]
    with pytest.raises(StudyError, match="not an id"):
        from_dict(raw)


def test_named_drivers_take_every_notation() -> None:
    for value in (3, "3", "pert(1, 2, 3)", {"pert": [1, 2, 3]}, {"normal": {"mean": 2, "sd": 1}}):
        raw = two_councils_raw()
        raw["drivers"] = [{"name": "market", "value": value}]
        assert isinstance(from_dict(raw).model.drivers[0].value, Quantity)


def test_models_cannot_be_changed() -> None:
    model = two_councils().model
    with pytest.raises(pydantic.ValidationError):
        model.study.horizon_years = 3  # type: ignore[misc]


# -- JSON Schema and the printed reference


def plain(value: Any) -> Any:
    """A TOML document as JSON knows it."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime.date) else value


def cases() -> list[Path]:
    """Every study file of the project."""
    return sorted([*ROOT.glob("configs/*/study.toml"), *ROOT.glob("src/sharesim/starter/study.toml")])


def test_json_schema_is_one() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize("file", cases(), ids=lambda file: file.parent.name)
def test_json_schema_accepts_the_projects_studies(file: Path) -> None:
    document = plain(tomllib.loads(file.read_text(encoding="utf-8")))
    jsonschema.Draft202012Validator(json_schema()).validate(document)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("study", "horizon_years"), 100),
        (("study", "horizon_year"), 10),
        (("study", "title"), 3),
        (("staff", "on_cost_share"), 1.5),
        (("bundles", "forms"), ["lead authority"]),
        (("rules",), [{"kind": "must_shar", "name": "x", "services": ["hr"]}]),
        (("rules",), [{"kind": "budget", "name": "x", "limit_gbp": -1}]),
        (("nothing",), 1),
    ],
)
def test_json_schema_refuses_what_the_study_refuses(path: tuple[str, ...], value: object) -> None:
    raw = plain(two_councils_raw())
    for section in ("councils", "services", "baseline"):
        raw.pop(section)
    jsonschema.Draft202012Validator(json_schema()).validate(raw)
    target = raw
    for part in path[:-1]:
        target = target.setdefault(part, {})
    target[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(json_schema()).validate(raw)


def test_json_schema_carries_units_and_bounds() -> None:
    staff = json_schema()["$defs"]["Staff"]["properties"]["on_cost_share"]
    assert (staff["unit"], staff["description"][:10]) == ("share", "Employer's")
    assert '{"maximum": 1.0, "minimum": 0.0, "type": "number"}' in json.dumps(staff)


def test_printed_reference_is_current() -> None:
    printed = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert printed == markdown(), "print it anew: python -m sharesim.study.reference > docs/reference.md"


def test_printed_reference_names_every_field() -> None:
    text = markdown()
    for model in models():
        for name in model.model_fields:
            assert f"`{name}`" in text or f"`[{name}]`" in text or f"`[[{name}]]`" in text or model is StudyModel, name
    assert [line for line in text.splitlines() if "| value |" in line and line.startswith("| `")] == []


def test_fields_at_a_location() -> None:
    assert "limit_gbp" not in fields_at(("rules", 0))
    assert set(RuleBase.model_fields) == set(fields_at(("rules", 0)))
    assert "set_up_gbp" in fields_at(("forms", "company"))
    assert "rank" in fields_at(("dependence", "correlations", 0))
    assert "rate_per_year" in fields_at(("study", "discount_rate_per_year", 0))
    assert "horizon_years" in fields_at(("study",))
    assert math.isinf(Bounds().high)
