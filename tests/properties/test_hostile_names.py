"""Names that are formulas, markup, paths or control characters end as text in everything that a run writes."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sharesim.cli import main
from sharesim.study.load import load
from sharesim.workflow.new import new

EVIL = {
    "formula": "=cmd|' /C calc'!A0", "markup": "<img src=x onerror=alert(1)>", "script": "</title><script>alert(1)</script>",
    "plus": "+1+1", "at": "@SUM(A1:A9)", "minus": "-2+3", "quote": '"><svg onload=alert(1)>', "template": "{{ 7*7 }}{% raw %}",
    "path": "../../../etc/passwd", "escape": "a\x1b[2Jb", "turned": "\u202egnp.exe", "tab": "\t=1+1", "dollar": "$\\frac{1}{2}$", "math": "a_b^c {x}",
    "lines": "one\r\n=two", "full": "＝1+1",
}  # fmt: skip
FORMULA = ("=", "+", "@", "\t", "\r", "\n", "＝", "＋", "＠")


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, with its report, of a study in which everything that has a name has an evil one."""
    folder = tmp_path_factory.mktemp("evil")
    new(folder / "mine")
    names = iter(list(EVIL.values()) * 3)
    rules = [f"rules.{name}.sentence" for name in ("everyone breaks even", "first-year budget", "few compulsory exits")]
    paths = [
        *(f"councils.{name}.{field}" for name in ("eastham", "northam", "westham") for field in ("name", "control")),
        *(f"services.{name}.{field}" for name in ("audit", "payroll", "procurement") for field in ("name", "category", "source")),
        *(f"risks.{name}.{field}" for name in ("political-will", "officer-time", "hr-issues") for field in ("name", "owner")),
        "study.title", "study.question", "gates.cabinets.name", "shared_items.office.name", *rules,
    ]  # fmt: skip
    changes = [(path, next(names)) for path in paths]
    load(folder / "mine", assignments=changes)
    changes.append(("run.draws", 1024))
    arguments = [word for path, value in changes for word in ("--set", f"{path}={json.dumps(value)}")]
    out = folder / "out"
    assert main(["run", str(folder / "mine"), "--out", str(out), "--judge-draws", "1024", "--quiet", *arguments]) == 0
    assert sorted(item.name for item in folder.iterdir()) == ["mine", "out"]
    return out


def test_no_cell_of_a_csv_is_a_formula(run_folder: Path) -> None:
    files = list(run_folder.rglob("*.csv"))
    assert len(files) >= 9
    for file in files:
        with open(file, newline="", encoding="utf-8") as stream:
            for row in csv.reader(stream):
                for cell in row:
                    assert not cell.startswith(FORMULA), (file.name, cell)
                    assert not cell.startswith("-") or re.fullmatch(r"-[\d.e+-]+|-inf", cell), (file.name, cell)


def test_the_study_kept_with_a_run_reads_back_as_it_was(run_folder: Path) -> None:
    kept = load(run_folder / "study")
    manifest = json.loads((run_folder / "manifest.json").read_text(encoding="utf-8"))
    assert kept.content_hash == manifest["study_hash"]
    assert EVIL["formula"] in {row.name for row in (*kept.model.councils, *kept.model.services)}


class Page(HTMLParser):
    """What a page is made of: elements with their attributes, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_page_holds_them_as_text(run_folder: Path) -> None:
    page = Page()
    page.feed((run_folder / "report.html").read_text(encoding="utf-8"))
    text = "".join(page.words)
    assert sum(tag == "script" for tag, _ in page.elements) <= 1
    for tag, attributes in page.elements:
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        for name in ("src", "href", "srcset"):
            address = attributes.get(name) or "#"
            assert address.startswith(("#", "data:image/svg+xml;base64,")), (tag, address[:80])
    assert not any(tag in ("iframe", "object", "embed", "form", "base", "link") for tag, _ in page.elements)
    assert EVIL["markup"] in text or EVIL["script"] in text
    assert "\x1b" not in text and "\u202e" not in text


def test_pictures_are_sound_and_hold_no_script(run_folder: Path) -> None:
    pictures = list(run_folder.rglob("*.svg"))
    assert pictures
    for picture in pictures:
        for element in ElementTree.parse(picture).iter():
            name = str(element.tag).rpartition("}")[2]
            assert name not in ("script", "foreignObject", "image", "a"), (picture.name, name)
            assert not any(key.rpartition("}")[2].startswith("on") for key in element.attrib), picture.name


def test_workbooks_hold_no_formula_of_theirs(run_folder: Path) -> None:
    from openpyxl import load_workbook

    for file in run_folder.rglob("*.xlsx"):
        for sheet in load_workbook(file):
            for cell in (cell for row in sheet.iter_rows() for cell in row):
                if cell.data_type == "f":
                    assert not any(evil.strip() and evil.strip() in str(cell.value) for evil in EVIL.values()), (
                        file.name,
                        cell.value,
                    )
                assert cell.hyperlink is None or cell.hyperlink.target is None, cell.hyperlink.target


def test_json_can_be_read(run_folder: Path) -> None:
    for file in run_folder.rglob("*.json"):
        json.loads(file.read_text(encoding="utf-8"))


def lines_of(capsys: pytest.CaptureFixture[str]) -> Iterator[str]:
    told = capsys.readouterr()
    yield from (told.out + told.err).split("\n")


def test_no_terminal_is_steered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new(tmp_path / "mine")
    evil = [
        f"--set=councils.eastham.name={json.dumps(EVIL['escape'])}",
        f"--set=study.title={json.dumps(EVIL['turned'])}",
    ]
    assert main(["check", str(tmp_path / "mine"), *evil]) == 0
    assert main(["check", str(tmp_path / "mine"), "--set", "study.no\x1b[2Jfield=1"]) == 2
    assert main(["check", str(tmp_path / "mine"), "--scenario", "\x1b[2J\u202e"]) == 2
    for line in lines_of(capsys):
        assert all(sign.isprintable() or sign == "\t" for sign in line) and "\u202e" not in line, line
