"""Run the long checks and date their figures in docs/verification.md: ``python -m tests.verify``, or ``make verify``.

Each part is a module of this folder with a function ``verify(full: bool) -> Part``; ``full=False`` is the sample of at
most 60 seconds that stands in the suite. A part that is run alone (``--only``) leaves the sections of the others as they are.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.verify.part import Part

PAGE = Path(__file__).parents[2] / "docs" / "verification.md"
#: Module of this folder -> heading of its section.
PARTS: dict[str, str] = {
    "kills": "Runs that are killed",
    "fuzz": "Fuzzed studies",
    "coverage": "Intervals hold the truth as often as they say",
}
HEAD = """# Verification

What the long checks found, and when. `make verify` runs them all, `python -m tests.verify --only NAME` one of them; each writes
its own section. A sample of each stands in the test suite.
"""


def section(name: str, part: Part, seconds: float) -> str:
    """Return the section of a part, between marks by which it is found again."""
    dated = f"{datetime.now(UTC):%Y-%m-%d}, {seconds:,.0f} CPU seconds: {'passed' if part.passed else 'FAILED'}."
    body = "\n".join([f"## {PARTS[name]}", "", f"`python -m tests.verify --only {name}`, {dated}", "", *part.lines])
    return f"<!-- {name}: begin -->\n{body}\n<!-- {name}: end -->\n"


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])


def put(page: str, name: str, text: str) -> str:
    """Return the page with the section of a part replaced, or added at its end."""
    mark = re.compile(rf"<!-- {name}: begin -->.*?<!-- {name}: end -->\n", re.DOTALL)
    return mark.sub(lambda _: text, page) if mark.search(page) else f"{page.rstrip()}\n\n{text}"


def main(arguments: list[str] | None = None) -> int:
    """Run the parts asked for; exit code 1 when one does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.verify", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(PARTS), help="this one; may be given again")
    asked = parser.parse_args(arguments).only or list(PARTS)
    failed = []
    for name in asked:
        before = cpu_seconds()
        part: Part = importlib.import_module(f"tests.verify.{name}").verify(full=True)
        page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else HEAD
        PAGE.write_text(put(page, name, section(name, part, cpu_seconds() - before)), encoding="utf-8")
        sys.stdout.write(f"{name}: {'passed' if part.passed else 'FAILED'}\n")
        failed += [] if part.passed else [name]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
