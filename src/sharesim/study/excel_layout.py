"""Which sheets a study has as a workbook, and what may stand in each of their columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from sharesim.study.fields import Frozen
from sharesim.study.quantity import Bounds
from sharesim.study.rules import Rule, RuleBase
from sharesim.study.schema import ROWS, StudyModel, fields_at
from sharesim.study.sections import AnyForm, Correlation

INSTRUCTIONS, SETTINGS, DEFAULTS, SCENARIOS, CORRELATIONS = (
    "Instructions",
    "settings",
    "defaults",
    "scenarios",
    "correlations",
)
#: The order of sheets and of sections of settings; what the schema has beyond these follows in its own order.
_LISTS_FIRST = ("gates", "rules", "shared_items", "grants", "packages", "drivers", "published")
_SECTIONS_FIRST = ("study", "run", "bundles", "costs", "split", "staff", "exit", "objective", "dependence")
FORMS: tuple[str, ...] = get_args(AnyForm)
TITLES = {
    "councils": "Councils",
    "services": "Services",
    "baseline": "What each council spends on each service today",
    "risks": "Risk register",
    "workforce": "Workforce profiles: shares of staff by age and length of service",
    "quality": "Scored quality criteria",
    "neighbours": "Councils that border on each other",
    "gates": "Decisions on the way",
    "rules": "Rules of the choice: what councils and the programme insist on",
    "shared_items": "Costs paid once for several arrangements",
    "grants": "Grants",
    "packages": "Services that can only be shared together",
    "drivers": "Uncertain inputs that several numbers follow",
    "published": "Published figures to set beside the result",
    CORRELATIONS: "What moves together",
    DEFAULTS: "One value for every cell left empty in a column",
    SCENARIOS: "Scenarios: named sets of changes",
    SETTINGS: "Settings",
}
_UNITS = ("_gbp_per_partner", "_gbp_per_month", "_gbp_per_year", "_per_year", "_gbp", "_share", "_months", "_years")


@dataclass(frozen=True)
class Field:
    """What may stand in a column, or in a setting.

    Parameters
    ----------
    key : str
        Its name in the schema.
    kind : {"text", "list", "flag", "date", "whole", "number", "quantity", "other"}
        quantity: a number or a law; list: items with semicolons between; other: what only TOML notation can say.
    sentence, unit : str
    choices : tuple of str
        Where only these may stand.
    low, high : float or None
        Bounds of a plain number.
    is_required : bool
    """

    key: str
    kind: str
    sentence: str = ""
    unit: str = ""
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    is_required: bool = False

    @property
    def title(self) -> str:
        """Its name in words.

        Examples
        --------
        >>> Field("cost_gbp", "quantity").title, Field("x_km", "number").title
        ('Cost', 'X km')
        """
        plain = self.key
        for unit in _UNITS:
            plain = plain.removesuffix(unit) or plain
        words = plain.replace("_", " ")
        return words[:1].upper() + words[1:]


def field_of(key: str, info: FieldInfo) -> Field:
    """Return what may stand in a field of the schema.

    Examples
    --------
    >>> field_of("cost_gbp", ROWS["baseline"].model_fields["cost_gbp"]).kind
    'quantity'
    >>> field_of("kind", ROWS["councils"].model_fields["kind"]).choices[:2]
    ('district', 'county')
    """
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    kind, choices = _kind(info)
    limits = {
        name: getattr(part, name) for part in info.metadata for name in ("ge", "gt", "le", "lt") if _has(part, name)
    }
    low, high = limits.get("ge", limits.get("gt")), limits.get("le", limits.get("lt"))
    numbers = isinstance(low, (int, float, NoneType)) and isinstance(high, (int, float, NoneType))
    return Field(
        key,
        kind,
        info.description or "",
        str(extra.get("unit", "")),
        choices,
        low if numbers else None,
        high if numbers else None,
        info.is_required(),
    )


def _has(part: Any, name: str) -> bool:
    return getattr(part, name, None) is not None


def _kind(info: FieldInfo) -> tuple[str, tuple[str, ...]]:
    if any(isinstance(part, Bounds) for part in _metadata(info)):
        return "quantity", ()
    found = _plain_types(info.annotation)
    literals = tuple(part for part in found if isinstance(part, str))
    if literals:
        return ("list", ()) if _is_list(info.annotation) else ("text", literals)
    if _is_list(info.annotation):
        return (
            ("other", ())
            if any(isinstance(part, type) and issubclass(part, Frozen) for part in found)
            else ("list", ())
        )
    named = {bool: "flag", int: "whole", float: "number", str: "text"}
    types = [part for part in found if part is not NoneType]
    if len(types) != 1:
        return "other", ()
    return named.get(types[0], "date" if types[0].__name__ == "date" else "other"), ()


def _metadata(info: FieldInfo) -> list[Any]:
    inner = [extra for part in get_args(info.annotation) for extra in getattr(part, "__metadata__", ())]
    return [*info.metadata, *inner]


def _is_list(annotation: Any) -> bool:
    if hasattr(annotation, "__metadata__"):
        return _is_list(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return any(_is_list(part) for part in get_args(annotation))
    return get_origin(annotation) is tuple


def _plain_types(annotation: Any) -> list[Any]:
    """Return the types inside an annotation, and the texts of its literals."""
    if hasattr(annotation, "__metadata__"):
        return _plain_types(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    if get_origin(annotation) is dict:
        return [dict]
    if get_args(annotation):
        return [found for part in get_args(annotation) if part is not Ellipsis for found in _plain_types(part)]
    return [annotation] if isinstance(annotation, type) else []


def columns_of(sheet: str) -> tuple[Field, ...]:
    """Return the columns that a sheet of rows may have, in their order.

    Examples
    --------
    >>> [field.key for field in columns_of("neighbours")], columns_of("rules")[0].key
    (['council', 'neighbour'], 'kind')
    """
    if sheet == DEFAULTS:
        return (
            Field(
                "field", "text", "A column of a table, or a setting, such as services.cashable_share.", is_required=True
            ),
            Field("value", "quantity", "Its value wherever a cell of that column is empty."),
        )
    if sheet == SCENARIOS:
        return (
            Field("scenario", "text", "Name of the scenario.", is_required=True),
            Field("path", "text", "What changes, such as study.horizon_years or services.hr.elasticity."),
            Field("value", "other", "Its value in this scenario."),
        )
    if sheet == CORRELATIONS:
        return tuple(field_of(key, info) for key, info in Correlation.model_fields.items())
    if sheet == "rules":
        return _rule_columns()
    return tuple(field_of(key, info) for key, info in fields_at((sheet,)).items())


def rule_kinds() -> dict[str, type[RuleBase]]:
    """Return every kind of rule by its name."""
    found = (part for part in get_args(get_args(Rule)[0]))
    return {get_args(kind.model_fields["kind"].annotation)[0]: kind for kind in found}


def _rule_columns() -> tuple[Field, ...]:
    kinds = rule_kinds()
    found = {
        "kind": Field(
            "kind", "text", "What it demands; docs/reference.md has every kind.", "", tuple(kinds), is_required=True
        )
    }
    for kind in kinds.values():
        for key, info in kind.model_fields.items():
            if key not in found:
                own = field_of(key, info)
                found[key] = own if key == "name" else Field(own.key, own.kind, own.sentence, own.unit, own.choices)
    return tuple(found.values())


def settings_of(section: str) -> tuple[Field, ...]:
    """Return the fields of a section of settings; ``forms.company`` for one of the forms.

    Examples
    --------
    >>> [field.key for field in settings_of("forms.company")][:2]
    ['transfers_terms', 'set_up_gbp']
    """
    loc = tuple(section.split("."))
    fields = fields_at(loc) if loc[0] in StudyModel.model_fields else {}
    return tuple(
        field_of(key, info) for key, info in fields.items() if not (section == "dependence" and key == "correlations")
    )


def _in_schema(is_wanted: Callable[[Any], bool], first: tuple[str, ...]) -> tuple[str, ...]:
    """Return the parts of a study that are of one sort, those named first before the others."""
    found = [name for name, info in StudyModel.model_fields.items() if is_wanted(info.annotation)]
    return (*(name for name in first if name in found), *(name for name in found if name not in first))


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Frozen)


#: Sections of study.toml that stand on the sheet of settings, one row for each field.
SECTIONS = (*(name for name in _in_schema(_is_section, _SECTIONS_FIRST) if name != "tables"), "forms")
#: Sections that are lists: a sheet each, like the tables.
LISTS = tuple(name for name in _in_schema(_is_list, _LISTS_FIRST) if name not in ROWS)
SHEETS = (SETTINGS, *ROWS, *LISTS, CORRELATIONS, DEFAULTS, SCENARIOS)
#: Where the rows of a sheet stand in the study.
HOMES: dict[str, tuple[str, ...]] = {name: (name,) for name in (*ROWS, *LISTS)} | {
    CORRELATIONS: ("dependence", "correlations")
}


def title_of(sheet: str) -> str:
    """Return what stands at the top of a sheet.

    Examples
    --------
    >>> title_of("risks"), title_of("scenarios")
    ('Risk register', 'Scenarios: named sets of changes')
    """
    if sheet in TITLES:
        return TITLES[sheet]
    said = StudyModel.model_fields[sheet].description or sheet.replace("_", " ")
    return said.rstrip(".")
