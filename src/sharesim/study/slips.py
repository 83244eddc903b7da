"""What people type where a number belongs, recognised, with what they should type instead."""

from __future__ import annotations

import re

_DIGITS = r"[+-]?\d+(?:\.\d+)?"
_FACTOR = {"k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}
_NOTHING = frozenset(
    {"n/a", "na", "-", "--", "\u2013", "\u2014", "?", "tbc", "tbd", "none", "null", "nil", "unknown", "x", ".", "#"}
)
_SPACES = " \u00a0\u2009\u202f'\u2019_"

_SUFFIX = re.compile(rf"[£$€]?\s*({_DIGITS})\s*({'|'.join(sorted(_FACTOR, key=len, reverse=True))})\.?", re.IGNORECASE)
_GROUPED = re.compile(rf"([£$€]?)\s*([+-]?\d{{1,3}}(?:[{_SPACES}]\d{{3}})+(?:\.\d+)?)")
_COMMA = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+),\d+")
_ENGLISH = re.compile(r"[+-]?\d{1,3}(,\d{3})+")
_DASH = re.compile(r"[\u2010-\u2015\u2212]\s*\d+(?:\.\d+)?")
_BRACKETS = re.compile(r"\(\s*£?\s*([\d,]+(?:\.\d+)?)\s*\)")
_WORDS = re.compile(rf"({_DIGITS})\s+[A-Za-z][A-Za-z ./]*")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}.*|\d{1,2}/\d{1,2}/\d{2,4}")
_SENTENCE = re.compile(r"[A-Za-z]+(?:[ '/&-]+[A-Za-z]+)+[.!?]?")
_ERROR = re.compile(r"#(REF!|DIV/0!|N/A|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!)", re.IGNORECASE)

Refusal = tuple[str, str, str, str]


def slip(text: str) -> Refusal | None:
    """Return (problem, got, allowed, remedy) where text is a known way to miss a number, else None.

    Percentages, currency signs and thousands with commas are told by `sharesim.uncertainty.notation`.

    Examples
    --------
    >>> slip("1.2m")[3], slip("0,35")[3], slip("12") is None
    ('Write 1200000.', 'Write 0.35.', True)
    """
    bare = text.strip()
    if len(bare) > 60:
        return None
    if _ERROR.fullmatch(bare):
        return "a formula's error", repr(bare), "a number", "Mend the formula in the workbook and save it again."
    if bare.startswith("="):
        return "a formula", repr(bare), "a number", "Put its result in the cell."
    if bare.casefold() in _NOTHING:
        return (
            "no number",
            repr(bare),
            "a number, or an empty cell where the column is optional",
            "Leave the cell empty.",
        )
    return _nearly(bare)


def _nearly(bare: str) -> Refusal | None:
    """Return the slip of text that is a number but for its dress."""
    allowed = "digits and one point"
    if found := _SUFFIX.fullmatch(bare):
        value = float(found[1]) * _FACTOR[found[2].lower()]
        return f"a number with {found[2]!r} for its size", repr(bare), allowed, f"Write {value:.10g}."
    if found := _GROUPED.fullmatch(bare):
        return "a number with gaps", repr(bare), allowed, f"Write {re.sub(f'[{_SPACES}]', '', found[2])}."
    if _COMMA.fullmatch(bare) and not _ENGLISH.fullmatch(bare):
        return "a decimal comma", repr(bare), allowed, f"Write {bare.replace('.', '').replace(',', '.')}."
    if _DASH.fullmatch(bare):
        return "a dash for a minus sign", repr(bare), allowed, f"Write -{bare[1:].strip()}."
    if found := _BRACKETS.fullmatch(bare):
        return "a negative number in brackets", repr(bare), allowed, f"Write -{found[1].replace(',', '')}."
    if _DATE.fullmatch(bare):
        return (
            "a date where a number belongs",
            repr(bare),
            "a number",
            "Check the column, and its format in the workbook.",
        )
    if _SENTENCE.fullmatch(bare):
        return "text where a number belongs", repr(bare), "a number", "Put remarks in the column source."
    if found := _WORDS.fullmatch(bare):
        return "a number with words", repr(bare), "a number alone; its unit is that of the column", f"Write {found[1]}."
    return None
