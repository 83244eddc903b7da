"""What README shows works as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest


def test_the_python_example_runs(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (root / "README.md").read_text(encoding="utf-8"), re.S)
    assert len(blocks) == 1
    code = (
        blocks[0]
        .replace('"runs/mine"', repr(str(tmp_path / "mine")))
        .replace("draws=4096", "draws=1024")
        .replace("draws=2048", "draws=1024")
    )
    monkeypatch.chdir(root)
    exec(compile(code, "README.md", "exec"), {})
    said = capsys.readouterr().out
    assert "fresh futures" in said and "chesterfield" in said
    assert (tmp_path / "mine" / "report.html").exists()


def test_every_link_of_the_papers_leads_somewhere(root: Path) -> None:
    broken = []
    for paper in [*root.glob("*.md"), *root.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", paper.read_text(encoding="utf-8")):
            if not target.startswith(("http://", "https://", "mailto:")) and not (paper.parent / target).exists():
                broken.append(f"{paper.relative_to(root)}: {target}")
    assert not broken, "\n".join(broken)
