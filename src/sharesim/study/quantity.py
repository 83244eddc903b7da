"""A number in a study: a plain figure, a distribution, or a reference to a driver that the study names.

Wherever the schema says *quantity* an analyst may write ``120``, ``{pert = [80, 120, 220]}`` (in a CSV cell:
``pert(80, 120, 220)``) or ``{driver = "ict market", times = 1.2}`` (in a cell: ``driver(ict market) * 1.2``).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from sharesim.errors import Fault, StudyError
from sharesim.study import plain
from sharesim.study.fields import refusal
from sharesim.study.observations import Unread
from sharesim.study.plain import Unreadable, shown
from sharesim.study.slips import slip
from sharesim.uncertainty.distribution import show
from sharesim.uncertainty.distributions import LAWS, Distribution
from sharesim.uncertainty.notation import parse

_DRIVER_CELL = re.compile(r"\s*driver\(\s*(?P<name>[^()*]{1,120}?)\s*\)\s*(?:\*\s*(?P<times>\S+))?\s*")
#: Beyond a million million nobody means the figure.
LARGEST = 1e12


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
    >>> Quantity.of({"driver": "ict market", "times": 2}).text()
    'driver(ict market) * 2'
    """

    value: float
    distribution: Distribution | None = None
    driver: str | None = None
    times: float = 1.0

    @classmethod
    def of(cls, raw: Any) -> Quantity:
        """Read a quantity from a number, a table or text.

        Raises
        ------
        Unreadable
            With problem, what was got, what is allowed and a remedy.
        """
        if isinstance(raw, Quantity):
            return raw
        if type(raw) is float and math.isfinite(raw):
            return cls(raw)  # what most cells that were left empty stand for
        if isinstance(raw, Unread):
            raise raw.refused()
        if isinstance(raw, str) and (match := _DRIVER_CELL.fullmatch(raw)):
            raw = {"driver": match["name"], "times": match["times"] or 1.0}
        if isinstance(raw, dict) and "driver" in raw:
            return _following(raw)
        if isinstance(raw, str) and (found := slip(raw)) is not None:
            raise Unreadable(*found)
        try:
            parsed = parse(raw)
        except StudyError as error:
            raise Unreadable(*_law_fault(error.faults[0], raw)) from None
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
        """Return the quantity as a person would write it in a cell; no digit is lost."""
        if self.driver is not None:
            return f"driver({self.driver})" + (f" * {show(self.times)}" if self.times != 1.0 else "")
        return show(self.value) if self.distribution is None else self.distribution.text()

    @property
    def support(self) -> tuple[float, float]:
        """Lowest and highest value possible (nan, nan for a named driver: the study checks those)."""
        if self.distribution is not None:
            low, high = self.distribution.support
            return float(low), float(high)
        return self.value, self.value

    def following(self, value: Quantity) -> Quantity:
        """Return what this number is when the driver that it follows has the given value."""
        if value.distribution is None:
            return Quantity(value.value * self.times)
        law = value.distribution.scaled(self.times)
        return Quantity(float(law.central), law)


def _law_fault(fault: Fault, raw: Any) -> tuple[str, str, str, str]:
    """Return the parts of a fault of the notation, in words for a table."""
    problem = f"{fault.where}: {fault.problem}" if fault.where in LAWS else fault.problem
    got = fault.got or shown(raw)
    if fault.problem.endswith("wrong number of arguments"):
        count = re.search(r"\d+", got)
        problem, got = problem.replace("arguments", "figures"), count[0] if count else got
    if fault.problem == "not a finite number":
        got = shown(raw)
    return problem, got, fault.allowed, fault.remedy


def _following(raw: dict[str, Any]) -> Quantity:
    name, form = raw["driver"], '{driver = "name", times = 1.2}'
    if not isinstance(name, str) or not name.strip() or set(raw) - {"driver", "times"}:
        raise Unreadable(
            "not a reference to a driver",
            shown(name) if not isinstance(name, str) else ", ".join(map(str, raw)),
            form,
            "",
        )
    factor = raw.get("times", 1.0)
    try:
        times = plain.number(factor)
    except Unreadable:
        times = math.nan
    if not times > 0:
        raise Unreadable("not a factor on a driver", shown(factor), "a number above 0", "")
    return Quantity(math.nan, None, plain.visible(name), times)


@dataclass(frozen=True)
class Bounds:
    """What a quantity may be, in every draw.

    Parameters
    ----------
    low, high : float
        Every possible value lies between them, so a law that goes beyond a finite bound has to be truncated.
    certain : bool
        Whether it must be one figure.
    """

    low: float = -math.inf
    high: float = math.inf
    certain: bool = False

    def __str__(self) -> str:
        if math.isinf(self.low) and math.isinf(self.high):
            return "any number"
        if math.isinf(self.high):
            return f"{self.low:g} or more"
        return f"{self.low:g} to {self.high:g}"

    def broken_by(self, number: Quantity) -> tuple[str, str, str, str] | None:
        """Return (problem, got, allowed, remedy) where a quantity breaks the bounds, else None.

        Examples
        --------
        >>> Bounds(0, 1).broken_by(Quantity(1.2))
        ('out of bounds', '1.2', '0 to 1', '')
        """
        if number.driver is not None:
            return None
        if self.certain and number.distribution is not None:
            return "a law where one figure belongs", shown_law(number), f"a figure, {self}", "Give its central value."
        least, most = number.support
        outside = least < self.low or most > self.high
        if number.distribution is None:
            if outside:
                percent = f"Write {number.value / 100:.10g} if {show(number.value)}% is meant."
                remedy = percent if self.high == 1.0 and 2.0 <= number.value <= 100.0 else ""
                return "out of bounds", show(number.value), str(self), remedy
            if abs(number.value) > LARGEST:
                return (
                    "too large to be meant",
                    f"{number.value:g}".replace("e+", "e"),
                    "at most 1e12",
                    "Check the unit and the number of zeros.",
                )
            return None
        if outside:
            got = f"{shown_law(number)}, which runs from {least:g} to {most:g}"
            return "out of bounds", got, str(self), "Narrow it, or write truncated(..., low=, high=)."
        if abs(number.value) > LARGEST:
            return (
                "too large to be meant",
                shown_law(number),
                "at most 1e12",
                "Check the unit and the number of zeros.",
            )
        return None

    def read(self, raw: Any) -> Quantity:
        """Return the quantity that a raw value stands for, held to the bounds; pydantic's error otherwise."""
        try:
            number = Quantity.of(raw)
        except Unreadable as error:
            raise refusal(*self._as_told(*error.args)) from None
        if (broken := self.broken_by(number)) is not None:
            raise refusal(*broken)
        return number

    def _as_told(self, problem: str, got: str, allowed: str, remedy: str) -> tuple[str, str, str, str]:
        """A percentage may be meant as a share only where a share can stand."""
        if problem == "a percentage" and self.high > 1.0:
            return problem, got, f"a number, {self}", ""
        return problem, got, allowed, remedy

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        written = core_schema.plain_serializer_function_ser_schema(lambda number: number.dump())
        return core_schema.no_info_plain_validator_function(self.read, serialization=written)

    def __get_pydantic_json_schema__(
        self, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        figure: dict[str, Any] = {"type": "number"}
        if not math.isinf(self.low):
            figure["minimum"] = self.low
        if not math.isinf(self.high):
            figure["maximum"] = self.high
        text = {"type": "string", "description": "Cell notation, such as pert(80, 120, 220)."}
        table = {
            "type": "object",
            "description": 'A law such as {pert = [80, 120, 220]}, or {driver = "name", times = 1}.',
        }
        return {"anyOf": [figure, text, table]}


def shown_law(number: Quantity) -> str:
    """Return a law as a message shows it."""
    text = number.text()
    return text if len(text) <= 80 else f"{text[:77]}..."


AnyNumber = Annotated[Quantity, Bounds()]
Money = Annotated[Quantity, Bounds(0.0)]
SignedMoney = Annotated[Quantity, Bounds()]
Share = Annotated[Quantity, Bounds(0.0, 1.0)]
SignedShare = Annotated[Quantity, Bounds(-1.0, 1.0)]
Probability = Annotated[Quantity, Bounds(0.0, 1.0)]
Hazard = Annotated[Quantity, Bounds(0.0, 0.9)]
Months = Annotated[Quantity, Bounds(0.0, 120.0)]
Years = Annotated[Quantity, Bounds(0.0, 20.0)]
Posts = Annotated[Quantity, Bounds(0.0)]
OfficerDays = Annotated[Quantity, Bounds(0.0)]
Factor = Annotated[Quantity, Bounds(0.0)]
Elasticity = Annotated[Quantity, Bounds(0.01, 3.0)]
Growth = Annotated[Quantity, Bounds(-0.2, 0.2)]
Bias = Annotated[Quantity, Bounds(0.0, 3.0, certain=True)]
