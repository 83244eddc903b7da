"""The building blocks of the schema: a frozen model, and fields that state their unit, bound and meaning."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """Base of every schema model: immutable, and a key that it does not know is a fault, never ignored."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=False, arbitrary_types_allowed=True
    )


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
    extra = {"unit": unit} if unit else None
    if default is ...:
        return Field(description=sentence, json_schema_extra=extra, **bounds)
    return Field(default, description=sentence, json_schema_extra=extra, **bounds)
