"""Every benchmark, one after the other: ``python -m benchmarks`` (or ``make bench``).

Each runs by its own command in a process of its own and leaves NAME.json in the folder of results; then results.json
with all of them and the versions, a page of plots (index.html), and docs/performance.md are written from those files.
A benchmark that fails is named at the end, and the others go on.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import performance, plots
from benchmarks.peers import ONE_THREAD, machine
from sharesim.workflow.versions import versions

ROOT = Path(__file__).parents[1]
#: Where environments of peers and compilers stay between runs.
ENVIRONMENTS = Path(tempfile.gettempdir()) / "sharesim-benchmarks"
#: Arguments of each benchmark beside --json, from quick to slow.
ARGUMENTS: dict[str, list[str]] = {
    "laws": ["--write", str(ROOT / "docs" / "uncertainty.md")],
    "phases": [],
    "sobol": [],
    "batch": [],
    "core": ["--env", str(ENVIRONMENTS)],
    "peers": ["--env", str(ENVIRONMENTS)],
    "choice": ["--environments", str(ENVIRONMENTS)],
}


def run(name: str, out: Path) -> bool:
    """Run one benchmark into its JSON file; return whether it went well."""
    command = [sys.executable, "-m", f"benchmarks.{name}", "--json", str(out / f"{name}.json"), *ARGUMENTS[name]]
    print(f"\n== {name}: {' '.join(command[1:])}", flush=True)
    path = os.pathsep.join([str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(command, cwd=ROOT, env=os.environ | ONE_THREAD | {"PYTHONPATH": path}, check=False)
    return done.returncode == 0


def write(out: Path, page: Path | None) -> None:
    """Write what is made from all results that lie in a folder."""
    results = performance.read(out)
    about = {"versions": versions(), "machine": machine()}
    (out / "results.json").write_text(json.dumps(about | results, indent=1) + "\n", encoding="utf-8")
    (out / "index.html").write_text(plots.page(results, about["versions"]), encoding="utf-8")
    if page is not None:
        performance.write(page, results)


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "benchmarks", help="folder of the results")
    parser.add_argument("--only", action="append", choices=list(ARGUMENTS), help="this one; may be given again")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "performance.md", help="page to write")
    parser.add_argument("--no-run", action="store_true", help="measure nothing; write the pages from the results there")
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    names = [] if chosen.no_run else chosen.only or list(ARGUMENTS)
    failed = [name for name in names if not run(name, chosen.out)]
    write(chosen.out, chosen.page)
    print(f"\nPlots: {chosen.out / 'index.html'}\nFigures: {chosen.out / 'results.json'}\nPage: {chosen.page}")
    if failed:
        print(f"Failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
