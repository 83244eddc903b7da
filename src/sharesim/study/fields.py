"""The building blocks of the schema: a frozen model, fields that state unit, bound and meaning, and plain values.

Plain values are read by functions of our own and not by the library, so that text in a cell, a value in TOML and a cell
of a workbook are judged alike and a refusal says what to write instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from sharesim.study import plain


class Frozen(BaseModel):
    """Base of every schema model: immutable, and a key that it does not know is a fault, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        # What was given; the rest is as the schema says, and there is much of it.
        yield from ((name, value) for name, value in super().__repr_args__() if name in self.model_fields_set)

    def __hash__(self) -> int:
        parts = (getattr(self, name) for name in type(self).model_fields)
        return hash((type(self), *(part for part in parts if not isinstance(part, dict))))


def field(sentence: str, *, unit: str = "", default: Any = ..., **bounds: Any) -> Any:
    """Return a pydantic field whose JSON Schema carries its sentence and unit.

    Parameters
    ----------
    sentence : str
        What the field means, for a reader who has not seen the model.
    unit : str
        Unit of the number: ``GBP``, ``GBP per year``, ``share``, ``years``, ``months``, ``posts``, ``days``.
    default : object
        Value when absent; required when left out.
    **bounds
        ``ge``, ``gt``, ``le``, ``lt``, ``min_length`` ... as pydantic takes them.
    """
    extra: dict[str, Any] | None = {"unit": unit} if unit else None
    if default is ...:
        return Field(description=sentence, json_schema_extra=extra, **bounds)
    return Field(default, description=sentence, json_schema_extra=extra, **bounds)


def refusal(problem: str, got: str = "", allowed: str = "", remedy: str = "") -> PydanticCustomError:
    """Return the error that a validator raises; `faults` turns it into a Fault word for word."""
    return PydanticCustomError(
        "refused", "{problem}", {"problem": problem, "got": got, "allowed": allowed, "remedy": remedy}
    )


#: What an id is, wherever one stands.
ID_SENTENCE = "Short id: letters, digits, - and _; stays the same when the name changes."


def _reader(read: Any) -> BeforeValidator:
    def run(raw: Any) -> Any:
        try:
            return read(raw)
        except plain.Unreadable as error:
            raise refusal(*error.args) from None

    return BeforeValidator(run)


def _names(raw: Any) -> tuple[str, ...]:
    names = tuple(plain.text(item) for item in plain.items(raw))
    if (twice := next((name for name in names if names.count(name) > 1), None)) is not None:
        raise plain.Unreadable("a name stands twice", repr(twice), "each name once", "Drop one.")
    return names


_LIST = {"anyOf": [{"type": "array"}, {"type": "string", "description": "Separated by semicolons."}]}


def _list_schema(item: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [{"type": "array", "items": item}, *_LIST["anyOf"][1:], item]})


Line = Annotated[str, _reader(plain.text)]
Number = Annotated[float, _reader(plain.number)]
Whole = Annotated[int, _reader(plain.whole)]
Flag = Annotated[bool, _reader(plain.flag)]
Day = Annotated[date, _reader(plain.day)]
Names = Annotated[tuple[str, ...], _reader(_names), WithJsonSchema(
    {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string", "description": "Separated by ;"}]}
)]  # fmt: skip
Days = Annotated[
    tuple[date, ...],
    _reader(lambda raw: tuple(plain.day(item) for item in plain.items(raw))),
    _list_schema({"type": "string", "format": "date"}),
]
CalendarYears = Annotated[
    tuple[int, ...],
    _reader(lambda raw: tuple(plain.year(item) for item in plain.items(raw))),
    _list_schema({"type": "integer", "minimum": plain.FIRST_YEAR, "maximum": plain.LAST_YEAR}),
]
Counts = Annotated[
    tuple[int, ...], _reader(lambda raw: tuple(plain.whole(item) for item in plain.items(raw))),
    _list_schema({"type": "integer"}),
]  # fmt: skip
Shares = Annotated[
    tuple[float, ...], _reader(lambda raw: tuple(plain.number(item) for item in plain.items(raw))),
    _list_schema({"type": "number"}),
]  # fmt: skip
FinancialYear = Annotated[int, _reader(plain.year)]
PayCap = Annotated[float, _reader(plain.number), Field(gt=0, le=100_000)]
PriceBase = Annotated[str, _reader(plain.price_base), StringConstraints(pattern=plain.PRICE_BASE_PATTERN)]
FileName = Annotated[str, _reader(plain.text), StringConstraints(max_length=200)]
Id = Annotated[str, _reader(plain.ident), StringConstraints(pattern=plain.ID_PATTERN)]
