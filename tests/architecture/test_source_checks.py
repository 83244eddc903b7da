"""The checks themselves: each finds what it is for in a small made-up package, and lets the rest pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture import source_checks as checks

DECLARED = {"numpy", "pandas", "pydantic", "pulp", "highspy", "matplotlib", "dask"}


def package(folder: Path, files: dict[str, str]) -> tuple[checks.Module, ...]:
    """Write files below a folder as a package called sharesim and read them."""
    for name, text in {"__init__.py": "", "errors.py": "", **files}.items():
        path = folder / "sharesim" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        (path.parent / "__init__.py").touch()
    return checks.read_modules(folder / "sharesim")


@pytest.mark.parametrize(
    ("name", "text", "key"),
    [
        ("choice/a.py", "import sharesim.appraisal.b", "sharesim.choice.a -> sharesim.appraisal.b"),
        ("choice/a.py", "from sharesim.appraisal import b", "sharesim.choice.a -> sharesim.appraisal.b"),
        ("choice/a.py", "from sharesim.appraisal.b import thing", "sharesim.choice.a -> sharesim.appraisal.b"),
        ("choice/a.py", "from ..appraisal import b", "sharesim.choice.a -> sharesim.appraisal.b"),
        ("choice/a.py", "def f():\n    from ..workflow.x import y", "sharesim.choice.a -> sharesim.workflow.x"),
        ("choice/a.py", "from sharesim import workflow", "sharesim.choice.a -> sharesim.workflow"),
        ("choice/a.py", "from sharesim import choose", "sharesim.choice.a -> sharesim.choose"),
        ("choice/a.py", "import sharesim", "sharesim.choice.a -> sharesim"),
        ("choice/a.py", "import sharesim.testing", "sharesim.choice.a -> sharesim.testing"),
        ("choice/__init__.py", "from ..report import html", "sharesim.choice -> sharesim.report"),
        ("errors.py", "import sharesim.measures", "sharesim.errors -> sharesim.measures"),
        ("uncertainty/a.py", "from sharesim.measures import mean", "sharesim.uncertainty.a -> sharesim.measures"),
        ("testing.py", "from sharesim.cli import main", "sharesim.testing -> sharesim.cli"),
        ("choice/a.py", "importlib.import_module('sharesim.report')", "sharesim.choice.a -> sharesim.report"),
        ("choice/a.py", "importlib.import_module('..report', __package__)", "sharesim.choice.a -> sharesim.report"),
        ("choice/a.py", "import pulp", "sharesim.choice.a -> pulp"),
        ("choice/solver_more.py", "import highspy", "sharesim.choice.solver_more -> highspy"),
        ("study/schema.py", "def f():\n    import pandas as pd", "sharesim.study.schema -> pandas"),
        ("report/html.py", "from matplotlib import pyplot", "sharesim.report.html -> matplotlib"),
        ("workflow/a.py", "from pydantic import BaseModel", "sharesim.workflow.a -> pydantic"),
        ("batch/a.py", "import requests", "sharesim.batch.a -> requests"),
        ("stray.py", "import sharesim.errors", "sharesim.stray -> sharesim.errors"),
    ],
)
def test_finds_a_wrong_import(tmp_path: Path, name: str, text: str, key: str) -> None:
    modules = package(tmp_path, {"appraisal/b.py": "", "workflow/x.py": "", name: text})
    assert list(checks.import_violations(modules, DECLARED)) == [key]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cli.py", "import sharesim.errors, sharesim.batch, sharesim.examples, argparse"),
        ("workflow/a.py", "from sharesim.choice.solver import solve\nfrom . import b"),
        ("workflow/a.py", "from sharesim import __version__"),
        ("workflow/a.py", "import pandas\nimport numpy.linalg"),
        ("study/load.py", "import pandas"),
        ("study/load/tables.py", "import pandas"),
        ("choice/solver.py", "import pulp, highspy"),
        ("report/figures.py", "import matplotlib.pyplot"),
        ("__init__.py", "from sharesim.workflow import run"),
        ("testing.py", "from sharesim.workflow import run"),
    ],
)
def test_lets_a_right_import_pass(tmp_path: Path, name: str, text: str) -> None:
    modules = package(tmp_path, {"workflow/b.py": "", name: text})
    assert checks.import_violations(modules, DECLARED) == {}


def test_finds_circles_of_imports_whatever_way_they_go(tmp_path: Path) -> None:
    files = {
        "study/a.py": "from sharesim.study.b import x",
        "study/b.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from sharesim.study import c",
        "study/c.py": "def f():\n    from sharesim.study.a import x",
        "study/d.py": "from sharesim.study import a",
    }
    found = checks.import_circles(package(tmp_path, files))
    names = [f"sharesim.study.{letter}" for letter in "abc"]
    assert sorted(found) == names
    assert found[names[0]] == " -> ".join([*names, names[0]])
    assert checks.import_circles(package(tmp_path, {"study/c.py": ""})) == {}


def test_finds_folders_and_names_outside_the_layout(tmp_path: Path) -> None:
    package(tmp_path, {"choice/a.py": "", "helpers/a.py": ""})
    (tmp_path / "sharesim" / "choice" / "__init__.py").unlink()
    assert sorted(checks.folder_violations(checks.read_modules(tmp_path / "sharesim"))) == ["choice/", "helpers"]


def test_sizes_are_counted_at_their_limits(tmp_path: Path) -> None:
    lines = "\n".join(["    x = 1"] * checks.FUNCTION_LINES)
    text = (
        f'def at_limit(a, b, c, d, e, f, g):\n    """Doc\n\n    more."""\n{lines}\n'
        f"def over():\n{lines}\n    y = 2\n"
        "class Thing:\n    def at_limit(self, a, b, c, d, e, f, *g):\n        def inner(a, b, c, d, e, f, g, *, h):\n"
        "            pass\n    def over(self, a, b, c, d, e, f, g, **h):\n        pass\n"
    )
    short, long = "#\n" * checks.MODULE_LINES, "#\n" * (checks.MODULE_LINES + 1)
    modules = package(tmp_path, {"measures.py": text, "cli.py": short, "errors.py": long})
    assert checks.long_modules(modules) == {"sharesim.errors": "601 lines; allowed 600"}
    assert checks.long_functions(modules) == {"sharesim.measures::over": "body of 61 lines; allowed 60"}
    assert checks.many_parameters(modules) == {
        "sharesim.measures::Thing.at_limit.inner": "8 parameters; allowed 7",
        "sharesim.measures::Thing.over": "8 parameters; allowed 7",
    }


def test_finds_missing_docstrings_of_what_is_public(tmp_path: Path) -> None:
    text = (
        '"""Doc."""\nimport typing\ndef bare(): ...\ndef _private(): ...\n'
        "if True:\n    def conditional(): ...\n"
        'class Thing:\n    """Doc."""\n    def method(self):\n        def inner(): ...\n    def _hidden(self): ...\n'
        "    def __len__(self): ...\n    @typing.overload\n    def over(self): ...\n"
        "    @property\n    def plain(self): return 1\n"
        "    @property\n    def longer(self):\n        x = 1\n        return x\n"
        "class _Private:\n    def method(self): ...\n"
    )
    modules = package(tmp_path, {"measures.py": text, "errors.py": "x = 1\n"})
    assert sorted(checks.missing_docstrings(modules)) == [
        "sharesim.errors",
        "sharesim.measures::Thing.longer",
        "sharesim.measures::Thing.method",
        "sharesim.measures::bare",
        "sharesim.measures::conditional",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "open(p)", "open(p, 'w')", "p.open('a')", "p.read_text(errors='strict')", "p.write_text('b')", "frame.to_csv(p)", "pd.read_csv(p)",
        "subprocess.run(x, text=True)", "io.TextIOWrapper(b)", "tempfile.NamedTemporaryFile(mode='w')",
    ],
)  # fmt: skip
def test_finds_text_whose_encoding_is_not_stated(tmp_path: Path, line: str) -> None:
    found = checks.unstated_encodings(package(tmp_path, {"measures.py": f"{line}\n"}))
    assert list(found.values()) == ["line 1: no encoding is stated"]
    stated = f"{line[:-1]}, encoding='utf-8')"
    assert not checks.unstated_encodings(package(tmp_path, {"measures.py": f"{stated}\nopen(p, 'rb')\nread_text(p)\n"}))


def test_a_method_that_a_base_class_documents_need_not_say_it_again(tmp_path: Path) -> None:
    base = '"""Doc."""\nclass Law:\n    """Doc."""\n    def mean(self):\n        """Doc."""\n    def bare(self): ...\n'
    heir = '"""Doc."""\nclass Normal(base.Law):\n    """Doc."""\n    def mean(self): ...\n    def bare(self): ...\n'
    modules = package(tmp_path, {"measures.py": base, "errors.py": heir})
    assert sorted(checks.missing_docstrings(modules)) == ["sharesim.errors::Normal.bare", "sharesim.measures::Law.bare"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("see " + "/" + "home/somebody/x", "path of one machine"),
        ('open("' + "/" + 'tmp/x")', "path of one machine"),
        ("C:\\" + "Users\\x", "path of one Windows machine"),
        ("pip install --" + "index-" + "url x", "address of a package index"),
        ("from " + "pypi." + "org", "address of a package index"),
        ("# TO" + "DO later", "unfinished work"),
        ("see iss" + "ue 12", "number of an issue"),
    ],
)
def test_finds_words_that_do_not_belong(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "fine.md").write_text("https://example.gov.uk/home/work and ~/x and ../shared/data\n", encoding="utf-8")
    (tmp_path / "wrong.md").write_text(f"first line\n{text}\n", encoding="utf-8")
    found = checks.forbidden_text(tmp_path)
    assert list(found) == [f"wrong.md: {what}"]
    assert found[f"wrong.md: {what}"].startswith("line 2: ")
