"""A study whose names look like formulas, links and markup: simulated once for every form of report."""

from __future__ import annotations

import copy
from functools import cache

from sharesim.report.material import Material
from tests.unit.report import studies

ODD_NAMES = ("=1+1", "@SUM(A1)", studies.HOSTILE)
LINK = "https://example.org"


@cache
def hostile() -> Material:
    """Return its tables, sentences and figures."""
    raw = copy.deepcopy(studies.trio_raw())
    for row, name in zip(raw["councils"], ODD_NAMES, strict=True):
        row["name"] = name
    raw["services"][0]["name"] = LINK
    raw["study"]["title"] = '=HYPERLINK("http://example.org")'
    return Material(studies.contents(raw))
