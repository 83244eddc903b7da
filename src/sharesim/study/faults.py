"""Pydantic's findings in the words of the analyst's own files; its own wording never reaches anybody."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from sharesim.study.labels import nearest
from sharesim.study.places import Directory, Placed, Places
from sharesim.study.plain import shown
from sharesim.study.rules import Rule
from sharesim.study.schema import StudyModel, fields_at

KINDS = {model.model_fields["kind"].annotation.__args__[0]: model for model in get_args(get_args(Rule)[0])}
_BOUNDS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}
_TAGS = frozenset({"rate", "schedule", *KINDS})
_NOT_A_TABLE = ("model_type", "model_attributes_type", "dict_type", "mapping_type", "dataclass_type")
_NOT_A_LIST = ("tuple_type", "list_type", "set_type", "iterable_type")


def findings(error: ValidationError, absent: Collection[tuple[str, str]] = ()) -> list[Mapping[str, Any]]:
    """Return the findings of a validation without those that only follow from others.

    Parameters
    ----------
    error : ValidationError
    absent : collection of (table, column)
        Columns that a table has not at all; that is told once, at its heading.
    """
    items = error.errors(include_url=False)
    deeper = {tuple(item["loc"][:-1]) for item in items}
    return [
        item
        for item in items
        if not (item["type"] == "too_short" and tuple(item["loc"]) in deeper)
        and not (item["type"] == "missing" and (item["loc"][0], item["loc"][-1]) in absent)
    ]


def fault_of(item: Mapping[str, Any], here: Directory) -> Placed:
    """Return the fault for one pydantic finding.

    Parameters
    ----------
    item : mapping
        One entry of ``ValidationError.errors()``.
    here : Directory
        Where things stand.
    """
    loc = plain_loc(item["loc"])
    where, context, got = here.at(loc), item.get("ctx") or {}, shown(item.get("input"))
    kind, tag = str(item["type"]), item["loc"][2] if len(item["loc"]) > 2 else None
    if kind == "refused":
        return where.fault(*(str(context.get(part, "")) for part in ("problem", "got", "allowed", "remedy")))
    if kind == "missing":
        return where.fault("required, but not given", "", "", _what_it_is(_info(loc, tag)))
    if kind in _BOUNDS:
        got = str(item["input"]).strip() if isinstance(item["input"], str) else got
        return where.fault("out of bounds", got, _bounds(_info(loc, tag), context), "")
    if kind == "extra_forbidden":
        return where.fault(*_unknown(loc, tag))
    if kind in ("literal_error", "union_tag_invalid", "enum"):
        return where.fault(*_choice(item, context))
    if kind == "union_tag_not_found":
        allowed = ", ".join(KINDS) if loc[:1] == ("rules",) else ""
        return where.fault("kind is not given", "", allowed, "Say what the rule demands.")
    return where.fault(*_shape(kind, loc, context, got))


def plain_loc(loc: Any) -> tuple[Any, ...]:
    """Drop what pydantic adds to a location: the kind of a rule, the branch of a union, the key of a mapping."""
    parts = tuple(part for part in loc if part != "[key]")
    if len(parts) > 2 and parts[0] in ("rules", "study") and parts[2] in _TAGS:
        return (*parts[:2], *parts[3:])
    return parts


def _info(loc: tuple[Any, ...], kind: Any = None) -> FieldInfo | None:
    """Return the field at a location; rules have the fields of their kind."""
    if not loc:
        return None
    fields = KINDS[kind].model_fields if kind in KINDS else fields_at(loc[:-1])
    return fields.get(str(loc[-1]))


def _what_it_is(info: FieldInfo | None) -> str:
    said = info.description if info is not None else None
    return f"Give it: {said[0].lower()}{said[1:]}" if said else "Give it."


def _bounds(info: FieldInfo | None, context: Mapping[str, Any]) -> str:
    """Both bounds of the field, or the one that was broken."""
    told = {name: context[name] for name, _ in _BOUNDS.values() if name in context}
    for part in info.metadata if info is not None else ():
        told |= {name: getattr(part, name) for name in ("gt", "ge", "lt", "le") if hasattr(part, name)}
    low = f"above {_figure(told['gt'])}" if "gt" in told else _figure(told["ge"]) if "ge" in told else ""
    high = f"below {_figure(told['lt'])}" if "lt" in told else _figure(told["le"]) if "le" in told else ""
    if low and high:
        return f"{low} {'and' if 'lt' in told else 'to'} {high}"
    if low:
        return low if "gt" in told else f"{low} or more"
    return high if "lt" in told else f"{high} or less"


def _figure(value: Any) -> str:
    return f"{value:.10g}".replace("e+", "e") if isinstance(value, (int, float)) else str(value)


def _unknown(loc: tuple[Any, ...], tag: Any) -> tuple[str, str, str, str]:
    name = str(loc[-1])
    allowed = [*(KINDS[tag].model_fields if tag in KINDS else fields_at(loc[:-1]))]
    word = "section" if len(loc) == 1 else "field"
    close = nearest(name, allowed)
    remedy = f"Did you mean {close!r}?" if close else f"Remove it; allowed here: {_some(allowed)}."
    return f"unknown {word}", "", "", remedy


def _some(names: list[str]) -> str:
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "") if names else "nothing"


def _choice(item: Mapping[str, Any], context: Mapping[str, Any]) -> tuple[str, str, str, str]:
    raw = context["tag"] if "tag" in context else item.get("input")
    listed = str(context.get("expected") or context.get("expected_tags") or "")
    choices = [part.strip(" '") for part in listed.replace(" or ", ",").split(",") if part.strip(" '")]
    close = nearest(str(raw), choices)
    close = close or next(iter(difflib.get_close_matches(str(raw).replace(" ", "_"), choices, n=1)), None)
    return "not one of the choices", shown(raw), ", ".join(choices), f"Did you mean {close!r}?" if close else ""


def _shape(kind: str, loc: tuple[Any, ...], context: Mapping[str, Any], got: str) -> tuple[str, str, str, str]:
    """What is left: length, pattern, and a table or a list where the other belongs."""
    if kind == "string_too_long":
        return "too long", got, f"at most {context.get('max_length', '?')} characters", "Shorten it."
    if kind == "string_too_short":
        return "empty", "", "some text", ""
    if kind == "too_short":
        return "too few", str(context.get("actual_length", "?")), f"at least {context.get('min_length', '?')}", ""
    if kind == "too_long":
        return "too many", str(context.get("actual_length", "?")), f"at most {context.get('max_length', '?')}", ""
    if kind == "string_pattern_mismatch":
        return "characters that may not stand here", got, "no round brackets and no star", "Leave them out."
    if kind in _NOT_A_LIST:
        doubled = f"Write [[{loc[0]}]] with double brackets." if len(loc) == 1 and got == "a table" else ""
        return "not a list", got, "a list", doubled
    if kind in _NOT_A_TABLE:
        return "not a table of fields", got, "field = value", ""
    return "not what belongs here", got, "see docs/reference.md", ""


__all__ = ["KINDS", "Placed", "Places", "StudyModel", "fault_of"]
