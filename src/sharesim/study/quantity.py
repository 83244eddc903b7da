"""A number in a study: a plain figure, a distribution, or a reference to a driver that the study names.

Wherever the schema says *quantity* an analyst may write ``120``, ``{pert = [80, 120, 220]}`` (in a CSV cell:
``pert(80, 120, 220)``) or ``{driver = "ict market", times = 1.2}`` (in a cell: ``driver(ict market) * 1.2``).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, AfterValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from sharesim.errors import SharesimError
from sharesim.uncertainty.distributions import Distribution
from sharesim.uncertainty.notation import parse

_DRIVER_CELL = re.compile(r"^\s*driver\(\s*(?P<name>[^()]{1,120}?)\s*\)\s*(?:\*\s*(?P<times>[-+0-9.eE]+))?\s*$")


@dataclass(frozen=True)
class Quantity:
    """One number of a study, certain or not.

    Parameters
    ----------
    value : float
        The figure when it is certain; otherwise the single figure a person would have put (its central value).
    distribution : Distribution or None
        How uncertain it is, when it has a distribution of its own.
    driver : str or None
        Name of a driver in ``[[drivers]]`` that it follows; the number is then the driver's value x ``times``.
    times : float
        Factor on the named driver.

    Examples
    --------
    >>> Quantity.of("pert(80, 120, 220)").value
    120.0
    >>> Quantity.of({"driver": "ict market", "times": 2}).driver
    'ict market'
    """

    value: float
    distribution: Distribution | None = None
    driver: str | None = None
    times: float = 1.0

    @classmethod
    def of(cls, raw: Any) -> Quantity:
        """Read a quantity from a number, a table or text; SharesimError with the reason when it is none."""
        if isinstance(raw, Quantity):
            return raw
        if isinstance(raw, str) and (match := _DRIVER_CELL.match(raw)):
            raw = {"driver": match["name"], "times": float(match["times"] or 1.0)}
        if isinstance(raw, dict) and set(raw) <= {"driver", "times"} and isinstance(raw.get("driver"), str):
            return cls(math.nan, None, raw["driver"], float(raw.get("times", 1.0)))
        parsed = parse(raw)
        if isinstance(parsed, Distribution):
            low, high = parsed.support
            return cls(float(low)) if low == high else cls(float(parsed.central), parsed)
        return cls(float(parsed))

    @property
    def is_certain(self) -> bool:
        return self.distribution is None and self.driver is None

    def dump(self) -> float | dict[str, Any]:
        """Return the TOML notation of the quantity."""
        if self.driver is not None:
            return {"driver": self.driver, "times": self.times}
        return self.value if self.distribution is None else self.distribution.to_dict()

    def text(self) -> str:
        """Return the quantity as a person would write it in a cell."""
        if self.driver is not None:
            return f"driver({self.driver})" + (f" * {self.times:g}" if self.times != 1.0 else "")
        return f"{self.value:,.6g}" if self.distribution is None else self.distribution.text()

    @property
    def support(self) -> tuple[float, float]:
        """Lowest and highest value possible (nan, nan for a named driver: the study checks those)."""
        if self.distribution is not None:
            low, high = self.distribution.support
            return float(low), float(high)
        return self.value, self.value


def _read(raw: Any) -> Quantity:
    try:
        return Quantity.of(raw)
    except SharesimError as error:
        fault = error.faults[0]
        raise PydanticCustomError(
            "quantity",
            "{problem}",
            {"problem": fault.problem, "got": fault.got, "allowed": fault.allowed, "remedy": fault.remedy},
        ) from None


def quantity(low: float = -math.inf, high: float = math.inf, *, open_low: bool = False) -> Any:
    """Return the schema type of a quantity whose every possible value lies between `low` and `high`.

    Unbounded laws (normal, log-normal) are held to the bound by their 0.1% and 99.9% points only where the bound is
    infinite on that side; a finite bound must hold for every draw, so such a law has to be truncated.
    """
    shown = _bounds(low, high, open_low)

    def check(number: Quantity) -> Quantity:
        least, most = number.support
        if least < low or most > high or (open_low and least <= low):
            got = f"{number.value:g}" if number.distribution is None else f"{number.text()}, which runs from {least:g} to {most:g}"
            remedy = "" if number.distribution is None else "Narrow it, or write truncated(..., low=, high=)."
            raise PydanticCustomError(
                "bound", "{problem}", {"problem": "out of bounds", "got": got, "allowed": shown, "remedy": remedy}
            )
        return number

    schema = {
        "anyOf": [
            {"type": "number"},
            {"type": "string", "description": "Cell notation, such as pert(80, 120, 220)."},
            {"type": "object", "description": "A distribution, such as {pert = [80, 120, 220]}, or {driver = 'name', times = 1}."},
        ],
        "allowed": shown,
    }
    return Annotated[
        Quantity,
        BeforeValidator(_read),
        AfterValidator(check),
        PlainSerializer(lambda number: number.dump()),
        WithJsonSchema(schema),
    ]


def _bounds(low: float, high: float, open_low: bool) -> str:
    if math.isinf(low) and math.isinf(high):
        return "any number"
    if math.isinf(high):
        return f"above {low:g}" if open_low else f"{low:g} or more"
    if math.isinf(low):
        return f"{high:g} or less"
    return f"above {low:g} to {high:g}" if open_low else f"{low:g} to {high:g}"


AnyNumber = quantity()
Money = quantity(0.0)
SignedMoney = quantity()
Share = quantity(0.0, 1.0)
SignedShare = quantity(-1.0, 1.0)
Probability = quantity(0.0, 1.0)
Hazard = quantity(0.0, 0.9)
Months = quantity(0.0, 120.0)
Years = quantity(0.0, 20.0)
Posts = quantity(0.0)
Days = quantity(0.0)
Factor = quantity(0.0)
Elasticity = quantity(0.0, 3.0, open_low=True)
Growth = quantity(-0.2, 0.2)
Bias = quantity(0.0, 3.0)
