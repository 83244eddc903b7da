"""JSON files that tell whether they are whole: each holds the digest of what else it holds.

A file cut short by a power cut or a full disk, or changed on the disk or by hand, is not taken for what was written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sharesim.workflow.folder import write_json

#: Beyond what a hundred thousand runs of many settings come to; what is larger is none of ours.
MOST_JSON = 400_000_000
SEAL = "sha256"


def write_sealed(path: Path, content: Mapping[str, Any]) -> None:
    """Write content with its digest."""
    write_json(path, content)
    # As it reads back: what JSON has no word for has become null.
    plain = json.loads(path.read_bytes())
    write_json(path, plain | {SEAL: _digest(plain)})


def read_sealed(path: Path) -> dict[str, Any] | None:
    """Return the content of a sealed file, or None where it is not there, cannot be read or is not as it was written.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "plan.json"
    >>> write_sealed(file, {"runs": 3})
    >>> read_sealed(file)
    {'runs': 3}
    >>> _ = file.write_text(file.read_text().replace("3,", "4,"))
    >>> read_sealed(file) is None
    True
    """
    try:
        if path.stat().st_size > MOST_JSON:
            return None
        found = json.loads(path.read_bytes())
        whole = isinstance(found, dict) and found.pop(SEAL, None) == _digest(found)
    except (OSError, ValueError, RecursionError):
        return None
    return found if whole else None


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


__all__ = ["SEAL", "read_sealed", "write_sealed"]
