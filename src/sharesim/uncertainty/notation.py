"""How laws are written: as a number, as a TOML table, or as the text of one CSV cell; never evaluated as code."""

from __future__ import annotations

import difflib
import inspect
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import Any, NoReturn, SupportsFloat

import numpy as np

from sharesim.errors import Fault, StudyError
from sharesim.uncertainty import cells
from sharesim.uncertainty.distributions import LAWS, Distribution
from sharesim.uncertainty.observed import observed

#: Longest text that is read as a law; longer lists of values belong in a CSV file of their own.
LONGEST_TEXT = 10_000
#: Deepest nesting of laws within laws.
DEEPEST = 20

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_PERCENT = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))\s*%")
_CURRENCY = re.compile(r"[£$€]\s*(\S.*)|(\S.*?)\s*(?:[£$€]|GBP|gbp)")
_NO_SUMS = "Write numbers, not sums or formulas."
_FORMS = "a number, or a law such as pert(80, 120, 220)"


def parse(value: Any, where: str = "", folder: str | Path | None = None) -> Distribution | float:
    """Return the number or the law that a value of a study stands for.

    Parameters
    ----------
    value : number, mapping, str or Distribution
        ``120``, ``{"pert": [80, 120, 220]}``, ``{"lognormal": {"mean": 4, "sd": 2}}`` or ``"pert(80, 120, 220)"``.
        Laws may stand inside laws.
    where : str
        File, row and column, for the message.
    folder : str or Path, optional
        Where files of observed values lie, for ``{"empirical": {"file": "overruns.csv", "column": "overrun"}}``, which
        is read when it is the whole value.

    Returns
    -------
    Distribution or float
        A float for a plain number.

    Raises
    ------
    StudyError
        With one fault, when the value is neither a number nor a law.

    Examples
    --------
    >>> parse("120"), parse({"pert": [80, 120, 220], "shape": 3}).text()
    (120.0, 'pert(80, 120, 220, shape=3)')
    >>> parse("12%", where="services.csv, row 3, column rate")
    Traceback (most recent call last):
    sharesim.errors.StudyError: services.csv, row 3, column rate: a percentage: got '12%'; allowed a share. Write 0.12.
    """
    try:
        if isinstance(value, Mapping) and set(value) == {"empirical"} and isinstance(value["empirical"], Mapping):
            if "file" in value["empirical"]:
                return _from_file(value["empirical"], folder)
        return _from_text(value) if isinstance(value, str) else _from_data(value, 0)
    except StudyError as error:
        if not where:
            raise
        (fault,) = error.faults
        problem = f"{fault.where}: {fault.problem}" if fault.where in LAWS else fault.problem
        raise StudyError(replace(fault, where=where, problem=problem)) from None


def _refuse(problem: str, got: Any, allowed: str = _FORMS, remedy: str = "") -> NoReturn:
    shown = got if isinstance(got, str) else repr(got).partition("\n")[0]
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    raise StudyError(Fault("value", problem, repr(shown) if isinstance(got, str) else shown, allowed, remedy))


def _number(value: SupportsFloat) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        _refuse("not a finite number", str(number), "a finite number")
    return number


# From TOML or Python data


def _from_data(value: Any, depth: int) -> Distribution | float:
    if isinstance(value, Distribution):
        return value
    if isinstance(value, Real) and not isinstance(value, (bool, np.bool_)):
        return _number(value)
    if not isinstance(value, Mapping):
        _refuse("neither a number nor a law", value)
    if depth >= DEEPEST:
        _refuse("laws are nested too deeply", f"more than {DEEPEST} levels", f"{DEEPEST} levels")
    laws = [key for key in value if key in LAWS]
    if len(laws) != 1:
        _not_one_law(value, laws)
    positional, named = _arguments(value[laws[0]], depth)
    for key, item in value.items():
        if key in named:
            _refuse(f"{laws[0]}: {key} is given twice", key, "each argument once")
        if key != laws[0]:
            named[str(key)] = _argument(item, depth)
    return build(laws[0], positional, named)


def _not_one_law(value: Mapping[Any, Any], laws: list[str]) -> NoReturn:
    if laws:
        _refuse("more than one law", " and ".join(laws), "one law", "Put laws together with mixture or pooled.")
    keys = [str(key) for key in value]
    _unknown_law(keys[0] if keys else "", keys)


def _unknown_law(name: str, keys: list[str]) -> NoReturn:
    close = next((found[0] for key in keys if (found := difflib.get_close_matches(key.casefold(), LAWS, n=1))), None)
    remedy = f"Did you mean {close!r}?" if close else ""
    _refuse("unknown law", name, ", ".join(LAWS), remedy)


def _arguments(value: Any, depth: int) -> tuple[list[Any], dict[str, Any]]:
    if isinstance(value, Mapping) and not any(key in LAWS for key in value):
        return [], {str(key): _argument(item, depth) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_argument(item, depth) for item in value], {}
    return [_argument(value, depth)], {}


def _argument(value: Any, depth: int) -> Any:
    if isinstance(value, (list, tuple)):
        return tuple(_argument(item, depth + 1) for item in value)
    if isinstance(value, str) and "(" in value:
        return _from_text(value)  # a law as text among data; other words are choices such as "quantiles"
    return value if isinstance(value, (str, bool)) else _from_data(value, depth + 1)


def build(name: str, positional: list[Any], named: dict[str, Any]) -> Distribution:
    """Return the law of a name with its arguments, naming those that are missing or unknown."""
    maker: Callable[..., Distribution] = LAWS[name]
    if name in ("discrete", "empirical"):
        positional = _values_first(name, positional, named)
    signature = inspect.signature(maker)
    known = [key for key, kind in signature.parameters.items() if kind.kind is not inspect.Parameter.VAR_KEYWORD]
    takes_any = len(known) < len(signature.parameters)
    for key in named:
        if key not in known and not takes_any:
            close = difflib.get_close_matches(key, known, n=1)
            remedy = f"Did you mean {close[0]!r}?" if close else ""
            _refuse(f"{name}: unknown argument", key, ", ".join(known), remedy)
    try:
        signature.bind(*positional, **named)
    except TypeError as error:
        got = f"{len(positional) + len(named)} arguments ({error})"
        _refuse(f"{name}: wrong number of arguments", got, f"{name}{_shown_signature(signature)}")
    return maker(*positional, **named)


def _values_first(name: str, positional: list[Any], named: dict[str, Any]) -> list[Any]:
    """Let plain values stand for one list argument, as in ``empirical(3, 1, 2)`` and ``{"empirical": [3, 1, 2]}``."""
    plain_values = bool(positional) and not any(isinstance(item, (tuple, list)) for item in positional)
    return [tuple(positional)] if plain_values and (name == "empirical" or "weights" in named) else positional


def _shown_signature(signature: inspect.Signature) -> str:
    parts = []
    for parameter in signature.parameters.values():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            parts.append("p10=, p50=, p90=, ...")
        else:
            parts.append(parameter.name if parameter.default is inspect.Parameter.empty else f"{parameter.name}=")
    return f"({', '.join(parts)})"


def _from_file(asked: Mapping[str, Any], folder: str | Path | None) -> Distribution:
    """Return the law of observed values that lie in a file below the folder."""
    unknown = sorted(set(asked) - {"file", "column"})
    if unknown:
        _refuse("empirical: unknown argument", unknown[0], "file, column")
    if folder is None:
        _refuse("empirical: a file cannot be read here", str(asked["file"]), "values", "Write the values themselves.")
    path, home = (Path(folder) / str(asked["file"])).resolve(), Path(folder).resolve()
    if not path.is_relative_to(home):
        _refuse("empirical: the file lies outside the study", str(asked["file"]), "a file in the folder of the study")
    return observed(path, asked.get("column"))


# From the text of a cell


def _from_text(text: str) -> Distribution | float:
    stripped = text.strip()
    if not stripped:
        _refuse("empty", text)
    if len(stripped) > LONGEST_TEXT:
        remedy = "Keep long lists of values in a CSV file of their own."
        _refuse("the text is too long", f"{len(stripped):,} characters", f"{LONGEST_TEXT:,} characters", remedy)
    if _NUMBER.fullmatch(stripped):
        return _number(float(stripped))
    _common_slips(stripped)
    return _from_node(_node_of(stripped), stripped, 0)


def _common_slips(text: str) -> None:
    """Refuse what people type for a number with the number they should type."""
    percent = _PERCENT.fullmatch(text)
    if percent:
        _refuse("a percentage", text, "a share", f"Write {float(percent.group(1)) / 100:.10g}.")
    if _THOUSANDS.fullmatch(text):
        _refuse("a number with commas", text, "digits and one point", f"Write {text.replace(',', '')}.")
    currency = _CURRENCY.fullmatch(text)
    if currency:
        bare = (currency.group(1) or currency.group(2)).replace(",", "")
        _refuse("a number with a currency sign", text, "digits and one point", f"Write {bare}.")
    if text.casefold() in ("nan", "inf", "-inf", "+inf", "infinity", "-infinity"):
        _refuse("not a finite number", text, "a finite number")


def _node_of(text: str) -> cells.Node:
    try:
        return cells.read(text, DEEPEST)
    except cells.Unread as error:
        if str(error) == "deep":
            _refuse("laws are nested too deeply", text, f"{DEEPEST} levels")
        if str(error) == "sum":
            _refuse("cannot be read", text, remedy=_NO_SUMS)
        close = [] if "(" in text else difflib.get_close_matches(text.split()[0].casefold(), LAWS, n=1)
        bracket = "Look for a missing bracket or comma."
        remedy = f"Did you mean {close[0]!r} with its figures in brackets?" if close else bracket
        _refuse("cannot be read", text, remedy=remedy)


def _from_node(node: cells.Node, text: str, depth: int) -> Any:
    """Return the law, number, list or text that a part of a cell stands for; anything else is refused."""
    if isinstance(node, float):
        return _number(node)
    if isinstance(node, str) and depth > 0:
        return node
    if isinstance(node, tuple) and depth > 0:
        return tuple(_from_node(item, text, depth + 1) for item in node)
    if isinstance(node, cells.Call):
        if node.name not in LAWS:
            _unknown_law(node.name, [node.name])
        positional = [_from_node(item, text, depth + 1) for item in node.positional]
        return build(node.name, positional, {key: _from_node(item, text, depth + 1) for key, item in node.named})
    if isinstance(node, cells.Word):
        close = difflib.get_close_matches(node.name.casefold(), LAWS, n=1)
        remedy = f"Did you mean {close[0]!r} with its figures in brackets?" if close else ""
        _refuse("a word where a number or a law should be", node.name, remedy=remedy)
    _refuse("cannot be read", text, remedy=_NO_SUMS)
