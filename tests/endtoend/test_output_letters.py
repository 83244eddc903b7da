"""What is printed arrives: in every code page, in a pipe that nobody reads any more; a full disk is told in one line."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from sharesim.cli import main
from sharesim.cli.arguments import parser
from sharesim.cli.voice import Voice

NAMES = {"eastham": "Tŷ Ddewi", "northam": "Северный", "westham": "Łódź – £"}
CODE_PAGES = ("ascii", "cp437", "cp850", "cp1252", "latin-1", "cp1251", "utf-8")
FULL = Path("/dev/full")


class Page:
    """Standard output and standard error in a code page that raises at a letter that it has not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
        self.bytes, self.encoding = io.BytesIO(), encoding
        for name in ("stdout", "stderr"):
            monkeypatch.setattr(sys, name, io.TextIOWrapper(self.bytes, encoding, errors="strict"))

    def said(self, arguments: Sequence[object]) -> tuple[int, str]:
        """Carry out a command; return its exit code and all that it printed."""
        before = self.bytes.seek(0, io.SEEK_END)
        code = main([str(part) for part in arguments])
        return code, self.bytes.getvalue()[before:].decode(self.encoding)


@pytest.fixture(scope="module")
def welsh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small study whose councils have names that few code pages know, in a folder that has one too."""
    from sharesim.workflow.new import new

    folder = new(tmp_path_factory.mktemp("letters") / "Gŵyr")
    text = (folder / "councils.csv").read_text(encoding="utf-8")
    for ident, name in NAMES.items():
        text = text.replace(f"{ident},{ident.title()},", f"{ident},{name},")
    (folder / "councils.csv").write_text(text, encoding="utf-8")
    return folder


def commands(study: Path, work: Path) -> Iterator[list[object]]:
    """Every command of the command line, in an order in which each finds what it needs."""
    few = ["--draws", 128]
    yield ["new", work / "Ynys"]
    yield ["cases"]
    yield ["check", study]
    yield ["run", study, "--out", work / "ŵ", *few, "--judge-draws", 128, "--explain", 0, "--format", "all"]
    yield ["report", work / "ŵ", "--format", "md", "--out", work / "ỳ"]
    yield ["appraise", study, "--out", work / "all", *few]
    yield ["frontier", study, "--out", work / "f", "--points", 2, *few]
    yield ["explain", study, "--out", work / "e", *few]
    yield ["template", work / "t.xlsx", "--councils", "Tŷ,Северный", "--services", "HR"]
    yield ["convert", study, work / "ŵ.xlsx"]
    (work / "actuals.csv").write_text("period,measure,gbp\n2026-27,net,5000\n", encoding="utf-8")
    yield ["track", work / "ŵ", work / "actuals.csv", "--out", work / "tracked"]
    (work / "plan.toml").write_text(f"[batch]\nname = 'б'\nstudies = ['{study}']\nseeds = [1]\n", encoding="utf-8")
    yield ["batch", work / "plan.toml", "--out", work / "б", "--jobs", 0]
    yield ["status", work / "б"]
    yield ["compare", work / "б"]
    register = "id,name,services,partners,started,ended\na,Tŷ – Łódź,hr,2,2010,2014\nb,Северный,hr,3,2011,\n"
    (work / "register.csv").write_text(register, encoding="utf-8")
    yield ["backtest", work / "register.csv", "--draws", 256, "--out", work / "back"]
    yield ["schema"]


@pytest.mark.slow
def test_no_command_fails_for_the_letters_that_it_prints(
    welsh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, tried = Page(monkeypatch, "ascii"), []
    for arguments in commands(welsh, tmp_path):
        code, text = page.said(arguments)
        tried.append(arguments[0])
        assert code in (0, 2) and text.strip(), (arguments, text)
        assert "?" * 3 not in text and "Traceback" not in text
    known = next(action for action in parser()._actions if action.dest == "==SUPPRESS==" or action.choices)
    assert set(tried) == set(known.choices or ())


@pytest.mark.parametrize("encoding", CODE_PAGES)
def test_a_name_that_the_code_page_has_not_is_printed_readably(
    welsh: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    page = Page(monkeypatch, encoding)
    code, text = page.said(["check", welsh])
    named = next(line for line in text.splitlines() if line.startswith("3 councils"))
    assert code == 0
    assert ("Tŷ Ddewi" if encoding == "utf-8" else "Ty Ddewi") in named
    is_known = encoding in ("utf-8", "cp1251")
    assert ("Северный" in named) == is_known and ("\\u0421\\u0435\\u0432" in named) != is_known
    code, text = page.said(["check", welsh.parent / "Caerfŷrddin"])
    assert code == 2 and ("Caerfŷrddin" if encoding == "utf-8" else "Caerfyrddin") in text


def test_streams_are_given_back_as_they_were_found(welsh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(monkeypatch, "cp1252")
    before = sys.stdout, sys.stderr
    assert page.said(["check", welsh])[0] == 0
    assert (sys.stdout, sys.stderr) == before and not sys.stdout.closed and sys.stdout.errors == "strict"


def shell(words: str, *arguments: object, **names: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a shell with what is done to its output."""
    command = f'"{sys.executable}" -m sharesim "$@" {words}'
    return subprocess.run(
        ["bash", "-c", command, "bash", *map(str, arguments)], capture_output=True, text=True, encoding="utf-8",
        env=os.environ | names, timeout=120, check=False,
    )  # fmt: skip


def test_a_reader_who_has_gone_is_no_fault() -> None:
    done = shell('| head -1; echo "${PIPESTATUS[0]}"', "schema")
    assert done.stdout.split() == ["{", "0"] and done.stderr == ""


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [["schema"], ["--help"]])
def test_a_full_disk_is_told_in_one_line(arguments: list[str]) -> None:
    done = shell(f"> {FULL}", *arguments)
    told = "standard output: cannot be written: got no space left on device. Make room, or print elsewhere.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", told)


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_a_full_disk_behind_standard_error_keeps_the_exit_code() -> None:
    done = shell(f"2> {FULL}", "check", "/nowhere/at-all")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


def test_the_package_itself_is_the_command() -> None:
    assert shell("", "--version").stdout.startswith("sharesim 0.")
    done = shell("2>&1", "report", "/nowhere/at-all")
    assert done.returncode == 2 and done.stdout.count("\n") == 1


def test_bars_are_drawn_in_a_code_page_that_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    from sharesim.cli import progress as bars

    class Terminal(io.BytesIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    stream = io.TextIOWrapper(terminal, "cp437", errors="strict")
    voice = Voice(stream)
    monkeypatch.setattr(sys, "stderr", voice)
    monkeypatch.setattr(bars, "QUIET_SECONDS", -1.0)
    with bars.progress(False) as tell:
        assert tell is not None
        tell("Łódź ŷ", 1, 2)
    voice.leave()
    assert not stream.closed and "Lódz y" in terminal.getvalue().decode("cp437")
