"""How much a study may hold: counted before any of it is checked, since some checks look at every pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sharesim.study.places import Placed, Places
from sharesim.study.plain import visible
from sharesim.study.schema import ROWS

#: Rows of councils, services and risks, and entries of any section or list of study.toml: Britain has 380 councils.
MOST_ENTRIES = 2_000
MOST_SCENARIOS = 200
#: Councils times services: each pair has a place in the arrays of the baseline.
MOST_PAIRS = 400_000
#: Rows of a table beyond what its councils and services have room for that are still told one by one.
MOST_TOO_MANY = 1_000
_LONG = frozenset(ROWS) - {"councils", "services", "risks"}
_REMEDY = "Check that it is the right file."


def oversized(raw: Mapping[str, Any], places: Places) -> list[Placed]:
    """Return a fault for each part of a raw study that is larger than any study needs.

    Examples
    --------
    >>> from sharesim.study.places import Places
    >>> [found.fault.where for found in oversized({"gates": [{}] * 3_000, "run": {"draws": 1}}, Places("study.toml", {}))]
    ['study.toml: gates']
    """
    return [*_entries(raw, places), *_pairs(raw, places)]


def _entries(raw: Mapping[str, Any], places: Places) -> Iterator[Placed]:
    here = places.about({})
    for section, part in [("", raw), *raw.items()]:
        most = MOST_SCENARIOS if section == "scenarios" else MOST_ENTRIES
        if section in _LONG or not isinstance(part, (Mapping, list, tuple)):
            continue
        place = here.at((section,) if section else ())
        if len(part) > most:
            yield place.fault("too many entries", f"{len(part):,}", f"at most {most:,}", _REMEDY)
        for name, inner in part.items() if isinstance(part, Mapping) and section else ():
            if isinstance(inner, (Mapping, list, tuple)) and len(inner) > MOST_ENTRIES:
                got = f"{len(inner):,} in {visible(str(name))[:60]}"
                yield place.fault("too many entries", got, f"at most {MOST_ENTRIES:,}", _REMEDY)


def _pairs(raw: Mapping[str, Any], places: Places) -> Iterator[Placed]:
    councils, services = (raw.get(table) for table in ("councils", "services"))
    if isinstance(councils, (list, tuple)) and isinstance(services, (list, tuple)):
        if (pairs := len(councils) * len(services)) > MOST_PAIRS:
            got, allowed = f"{pairs:,} pairs of council and service", f"at most {MOST_PAIRS:,}"
            yield places.about({}).at(("services",)).fault("too many entries", got, allowed, "Split the study.")
        room_of = {"baseline": pairs, "neighbours": len(councils) ** 2} if pairs else {}
        for table, room in room_of.items():
            rows = raw.get(table)
            if isinstance(rows, (list, tuple)) and len(rows) > room + MOST_TOO_MANY:
                got, allowed = f"{len(rows):,} rows", f"at most {room:,}, one for each pair"
                yield places.about({}).at((table,)).fault("too many rows", got, allowed, _REMEDY)
