"""Record the guarded runs anew, and print what changed, file by file: ``python -m tests.golden.runs [NAME ...] [--check]``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.golden.runs.record import NAMES, RECORDED, Record, can_run, run


def main(arguments: list[str] | None = None) -> int:
    """Run, compare and record; with ``--check`` compare only, exit code 1 where something differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.golden.runs", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)} (default: all)")
    parser.add_argument("--check", action="store_true", help="compare, and record nothing")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; allowed {', '.join(NAMES)}")
    differs = False
    for name in options.names or NAMES:
        if not can_run(name):
            sys.stdout.write(f"{name}: left out: the returns it is built from are not at hand\n")
            continue
        with tempfile.TemporaryDirectory() as folder:
            now = run(name, Path(folder))
        before = Record.read(name) if (RECORDED / f"{name}.txt").is_file() else Record(now.platform, {})
        found = before.differences(now)
        differs |= bool(found)
        sys.stdout.write(f"{name}: {'nothing changed' if not found else f'{len(found)} parts'}\n")
        sys.stdout.writelines(f"  {line}\n" for line in found)
        if not options.check:
            now.write(name)
    return int(differs and options.check)


if __name__ == "__main__":
    sys.exit(main())
