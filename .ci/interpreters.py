"""Find Python interpreters of given versions: on PATH, then among pyenv's versions.

``python3 .ci/interpreters.py 3.13 3.12`` prints the path of the first that works, and exits 1 where none does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


def candidates(version: str) -> Iterator[Path]:
    """Yield where an interpreter of a version such as ``3.12`` might be."""
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield Path(on_path)
    for root in dict.fromkeys((os.environ.get("PYENV_ROOT") or "", str(Path.home() / ".pyenv"))):
        if root:
            yield from sorted(Path(root, "versions").glob(f"{version}*/bin/python{version}"), reverse=True)


def works(interpreter: Path, version: str) -> bool:
    """Tell whether it starts, is of that version and can make environments (a pyenv shim may do none of these)."""
    probe = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([interpreter, "-c", probe], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and answer.stdout.strip() == version


def find(version: str) -> Path | None:
    """Return an interpreter of that version, or None."""
    return next((found for found in candidates(version) if works(found, version)), None)


if __name__ == "__main__":
    first = next((found for version in sys.argv[1:] if (found := find(version))), None)
    if first is None:
        sys.exit(1)
    print(first)
