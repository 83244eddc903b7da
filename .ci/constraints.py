"""Write constraints.txt anew: what pip resolves for every extra, on each Python that sharesim supports.

``make constraints`` runs it. It needs all of them on this machine and writes nothing where one is missing.
Where the versions differ between Pythons the line carries a marker; a package that only some need has none.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from interpreters import find

PYTHONS = ("3.11", "3.12", "3.13")
ROOT = Path(__file__).resolve().parent.parent
HEADER = """\
# The exact versions that sharesim is tested with, on Linux with Python 3.11 to 3.13. Written by `make constraints`.
# Packages that only Windows or macOS need are not pinned. Python 3.11 gets PuLP 3.3, newer ones PuLP 4.
"""


def wanted() -> list[str]:
    """Return every requirement of pyproject.toml: the core's, each extra's and the build backend's."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    named = [*project["build-system"]["requires"], *project["project"]["dependencies"], *(r for e in extras for r in e)]
    return sorted(set(named))


def resolve(version: str, requirements: list[str]) -> dict[str, str]:
    """Return package -> version as pip would install them into an empty environment of that Python."""
    interpreter = find(version)
    if interpreter is None:
        sys.exit(f"constraints: Python {version} was not found: allowed on PATH or under pyenv's versions. Install it.")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        subprocess.run([interpreter, "-m", "venv", f"{folder}/venv"], check=True)
        install = [f"{folder}/venv/bin/python", "-m", "pip", "install", "--quiet", "--quiet", "--only-binary", ":all:"]
        subprocess.run([*install, "--dry-run", "--report", report, *requirements], check=True)
        installed = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {canonical(item["metadata"]["name"]): item["metadata"]["version"] for item in installed}


def canonical(name: str) -> str:
    """Return the one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def lines_of(name: str, by_python: dict[str, str]) -> list[str]:
    """Return the lines that pin one package, with markers only where Pythons differ.

    >>> lines_of("pulp", {"3.11": "3.3.2", "3.12": "4.2.0", "3.13": "4.2.0"})
    ['pulp==3.3.2; python_version < "3.12"', 'pulp==4.2.0; python_version >= "3.12"']
    >>> lines_of("orloge", {"3.12": "1.0.0", "3.13": "1.0.0"})
    ['orloge==1.0.0']
    """
    runs: list[tuple[str, str]] = []  # the first Python of each run of equal versions, and that version
    for python in PYTHONS:
        if python in by_python and (not runs or runs[-1][1] != by_python[python]):
            runs.append((python, by_python[python]))
    if len(runs) == 1:
        return [f"{name}=={runs[0][1]}"]
    lines = []
    for i, (python, version) in enumerate(runs):
        bounds = [f'python_version >= "{python}"'] if i else []
        if i + 1 < len(runs):
            bounds.append(f'python_version < "{runs[i + 1][0]}"')
        lines.append(f"{name}=={version}; {' and '.join(bounds)}")
    return lines


def main() -> None:
    """Resolve for each Python and write the file."""
    requirements = wanted()
    resolved: dict[str, dict[str, str]] = {}
    for python in PYTHONS:
        for name, version in resolve(python, requirements).items():
            resolved.setdefault(name, {})[python] = version
    pins = [line for name in sorted(resolved) for line in lines_of(name, resolved[name])]
    (ROOT / "constraints.txt").write_text(HEADER + "\n".join(pins) + "\n", encoding="utf-8")
    print(f"constraints.txt: {len(resolved)} packages pinned for Python {', '.join(PYTHONS)}.")


if __name__ == "__main__":
    main()
