"""The schema for readers: JSON Schema for editors, and the tables of docs/reference.md."""

from __future__ import annotations

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from sharesim.study.faults import KINDS
from sharesim.study.fields import Frozen
from sharesim.study.priors import PRIORS
from sharesim.study.quantity import Bounds
from sharesim.study.rules import RuleBase
from sharesim.study.schema import ROWS, StudyModel
from sharesim.uncertainty.distributions import LAWS

SCHEMA = "https://json-schema.org/draft/2020-12/schema"
_LIST_SECTIONS = (
    "gates", "packages", "arrangements", "stages", "existing", "shared_items", "grants", "drivers", "published",
    "medium_term_plan", "assumption_log",
)  # fmt: skip
_INNER = {"study": ("RateFrom", "discount_rate_per_year"), "dependence": ("Correlation", "correlations")}
_PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of study.toml, for editors and other tools.

    An editor that knows TOML and JSON Schema takes it from a first line ``#:schema study.schema.json``.

    Returns
    -------
    dict
        JSON Schema, draft 2020-12; every field has its sentence, bounds, and a ``unit`` where it has one.

    Examples
    --------
    >>> json_schema()["properties"]["study"]["description"]
    'What is asked.'
    """
    schema = StudyModel.model_json_schema()
    return {
        "$schema": SCHEMA,
        "title": "A sharesim study",
        **{key: part for key, part in schema.items() if key != "title"},
    }


def markdown() -> str:
    """Return docs/reference.md: every section, table, rule and field with unit, bound, default and meaning."""
    return "\n".join([*_opening(), *_sections(), *_tables(), *_rules(), *_assumed(), ""])


def _opening() -> Iterator[str]:
    yield "# Reference: every field of a study"
    yield ""
    yield "Printed from the schema by `python -m sharesim.study.reference`; a test keeps it current. A number marked"
    yield "*uncertain* may be a plain figure, a law such as `{pert = [80, 120, 220]}` (in a cell:"
    yield "`pert(80, 120, 220)`), or follow a named driver: `{driver = 'name', times = 1.2}` (in a cell:"
    yield "`driver(name) * 1.2`)."
    yield ""
    yield f"Laws: {', '.join(f'`{name}`' for name in LAWS)}."
    yield ""
    yield "A field with no default is required. *assumed* means: where the study is silent, a prior is taken and listed"
    yield "by `sharesim check` and in the report with the pounds that its range moves (see the end of this page)."
    yield ""


def _sections() -> Iterator[str]:
    yield "## study.toml"
    yield ""
    for name, info in StudyModel.model_fields.items():
        if name in ROWS or name == "rules":
            continue
        model = _model_of(info.annotation)
        heading = (
            f"[[{name}]]"
            if name in _LIST_SECTIONS
            else f"[{name}.NAME]"
            if name in ("forms", "scenarios")
            else f"[{name}]"
        )
        yield f"### `{heading}`"
        yield ""
        yield (model.__doc__ or "").strip().split("\n")[0] if model else str(info.description)
        yield ""
        if model is not None:
            yield from _fields(model, name)
        if name in _INNER:
            inner = _model_of(model.model_fields[_INNER[name][1]].annotation) if model else None
            if inner is not None:
                yield f"Each entry of `{_INNER[name][1]}`: {(inner.__doc__ or '').strip()}"
                yield ""
                yield from _fields(inner, "")


def _tables() -> Iterator[str]:
    yield "## Tables"
    yield ""
    yield "One CSV file each beside study.toml, or a sheet of a workbook (`book.xlsx#sheet`). The first line holds the"
    yield "column names. Lists in a cell are separated by semicolons. An empty cell is absent."
    yield ""
    for name, model in ROWS.items():
        yield f"### {name}.csv"
        yield ""
        yield (model.__doc__ or "").strip().split("\n")[0]
        yield ""
        yield from _fields(model, name)


def _rules() -> Iterator[str]:
    yield "## `[[rules]]`"
    yield ""
    yield "Every rule has these fields, and those of its kind."
    yield ""
    yield from _fields(RuleBase, "")
    for kind, model in KINDS.items():
        yield f'### kind = "{kind}"'
        yield ""
        yield (model.__doc__ or "").strip().split("\n")[0]
        yield ""
        yield from _fields(model, "", leave_out=(*RuleBase.model_fields, "kind"))


def _assumed() -> Iterator[str]:
    yield "## What is assumed where a study is silent"
    yield ""
    yield "| field | law | range priced | unit | source | why |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for prior in PRIORS.values():
        law = prior.value.text() if prior.path != "councils.workforce" else "a profile of our own"
        cells = (
            f"`{prior.path}`",
            f"`{law}`",
            f"{prior.low:g} to {prior.high:g}",
            prior.unit,
            prior.source,
            prior.reasoning,
        )
        yield f"| {' | '.join(map(_escaped, cells))} |"


def _fields(model: type[Frozen], section: str, leave_out: tuple[str, ...] = ()) -> Iterator[str]:
    yield "| field | value | unit | default | meaning |"
    yield "| --- | --- | --- | --- | --- |"
    for name, info in model.model_fields.items():
        if name in leave_out:
            continue
        unit = (info.json_schema_extra or {}).get("unit", "") if isinstance(info.json_schema_extra, dict) else ""
        cells = (f"`{name}`", _kind(info), unit, _default(info, f"{section}.{name}"), info.description or "")
        yield f"| {' | '.join(_escaped(str(part)) for part in cells)} |"
    yield ""


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _default(info: FieldInfo, path: str) -> str:
    if info.is_required():
        return "**required**"
    if path in PRIORS and info.default is None:
        return "assumed"
    value = info.default
    if isinstance(value, (Frozen, NoneType)) or value in ((), {}, ""):
        return ""
    if isinstance(value, bool):
        shown = str(value).lower()
    elif isinstance(value, tuple):
        shown = ", ".join(f"{part:g}" if isinstance(part, float) else str(part) for part in value)
    else:
        shown = f"{value:g}" if isinstance(value, float) else str(value)
    return f"`{shown}`" + (", listed as assumed" if path in PRIORS else "")


def _kind(info: FieldInfo) -> str:
    """Return what may stand in a field, bounds included."""
    bounds = next((part for part in _metadata(info) if isinstance(part, Bounds)), None)
    if bounds is not None:
        return str(bounds) + ("" if bounds.certain else ", *uncertain*")
    limits = {
        name: getattr(part, name)
        for part in _metadata(info)
        for name in ("gt", "ge", "lt", "le", "pattern")
        if getattr(part, name, None) is not None
    }
    return _worded(info.annotation, limits)


def _metadata(info: FieldInfo) -> list[Any]:
    inner = [extra for part in get_args(info.annotation) for extra in getattr(part, "__metadata__", ())]
    return [*info.metadata, *inner]


def _worded(annotation: Any, limits: dict[str, Any]) -> str:
    if get_origin(annotation) in (Union, UnionType):
        options = [part for part in get_args(annotation) if part is not NoneType]
        return " or ".join(dict.fromkeys(_worded(part, limits) for part in options))
    if hasattr(annotation, "__metadata__"):
        return _worded(get_args(annotation)[0], limits)
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(annotation))
    if get_origin(annotation) is tuple:
        return f"list of {_worded(get_args(annotation)[0], {})}"
    if get_origin(annotation) is dict:
        key, value = get_args(annotation)
        return f"table of {_worded(key, {})} = {_worded(value, {})}"
    if isinstance(annotation, type) and issubclass(annotation, Frozen):
        return "table"
    word = _PLAIN.get(annotation, "date" if getattr(annotation, "__name__", "") == "date" else "value")
    return _limited(word, limits)


def _limited(word: str, limits: dict[str, Any]) -> str:
    if word not in ("number", "whole number", "date"):
        return word
    low = f"above {_figure(limits['gt'])}" if "gt" in limits else _figure(limits["ge"]) if "ge" in limits else ""
    high = f"below {_figure(limits['lt'])}" if "lt" in limits else _figure(limits["le"]) if "le" in limits else ""
    span = f"{low} {'and' if 'lt' in limits else 'to'} {high}" if low and high else low or high
    return f"{word}, {span}" if span else word


def _figure(value: Any) -> str:
    return f"{value:.10g}".replace("e+", "e") if isinstance(value, (int, float)) else str(value)


def _model_of(annotation: Any) -> type[Frozen] | None:
    if isinstance(annotation, type) and issubclass(annotation, Frozen):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_of(part)) is not None), None)


if __name__ == "__main__":
    import sys

    sys.stdout.write(markdown())
