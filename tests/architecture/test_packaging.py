"""What a newcomer gets: pins without addresses, one version everywhere, a wheel with all that the code reads."""

from __future__ import annotations

import doctest
import importlib.util
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import sharesim

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PINS = [
    line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")
]


def canonical(name: str) -> str:
    """Return the one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_constraints_hold_exact_versions_and_nothing_else() -> None:
    pin = re.compile(r'[a-z0-9-]+==[0-9][\w.+]*(; python_version (<|>=) "3\.\d+"( and python_version < "3\.\d+")?)?')
    assert [line for line in PINS if not pin.fullmatch(line)] == []


def test_constraints_cover_every_declared_package() -> None:
    extras = PROJECT["project"]["optional-dependencies"].values()
    named = [*PROJECT["build-system"]["requires"], *PROJECT["project"]["dependencies"], *(r for e in extras for r in e)]
    declared = {canonical(re.split(r"[^\w.-]", requirement)[0]) for requirement in named}
    assert declared - {line.split("==")[0] for line in PINS} == set()


def test_changelog_starts_with_the_version_of_the_package() -> None:
    first = re.search(r"^## \[?([\d.]+\w*)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.M)
    assert first is not None
    assert first.group(1) == sharesim.__version__


def test_vision_has_five_lines() -> None:
    assert len((ROOT / "VISION.md").read_text(encoding="utf-8").splitlines()) == 5


def test_examples_in_the_script_that_writes_constraints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / ".ci"))
    spec = importlib.util.spec_from_file_location("write_constraints", ROOT / ".ci" / "constraints.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    results = doctest.testmod(script)
    assert results.attempted > 0
    assert results.failed == 0


@pytest.mark.slow
def test_wheel_holds_every_file_of_the_package(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name == f"sharesim-{sharesim.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
        papers = {Path(name).name for name in archive.namelist() if ".dist-info/licenses/" in name}
        entry = next(archive.read(n).decode() for n in archive.namelist() if n.endswith("entry_points.txt"))
    source = ROOT / "src"
    expected = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    # The worked cases go along, for `sharesim new DIR --like NAME`.
    configs = ROOT / "configs"
    expected |= {
        f"sharesim/cases/{path.relative_to(configs).as_posix()}"
        for path in configs.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == expected
    assert "sharesim/py.typed" in packed
    assert papers == {"LICENSE", "NOTICE"}
    assert "sharesim = sharesim.cli:main" in entry
