"""Files from strangers: whatever they hold ends in a result or in faults, never in a traceback, and nothing is run."""

from __future__ import annotations

import importlib.util
import os
import pickle
import random
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties.hostile_inputs import Readers, expect_faults, seeds

SECONDS = int(os.environ.get("SHARESIM_FUZZ_SECONDS", "20"))


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Readers:
    return Readers(tmp_path_factory.mktemp("hostile"))


def test_sound_inputs_are_read(readers: Readers) -> None:
    for data in seeds(readers):
        readers.one(data)


@settings(max_examples=150)
@given(which=st.integers(0, 40), dice=st.randoms(use_true_random=False), n_changes=st.integers(1, 8))
def test_any_file_with_anything_changed(readers: Readers, which: int, dice: random.Random, n_changes: int) -> None:
    found = seeds(readers)
    data = bytearray(found[which % len(found)])
    pieces = [
        b"\x00",
        b"\xff\xfe",
        b'"',
        b"[",
        b"{",
        b"=",
        b",",
        b"\n",
        b"1e999",
        b"nan",
        b"-",
        b"'''",
        b"\x1b[2J",
        b"../",
        b"\xe2\x80\xae",
        b"9" * 400,
    ]
    for _ in range(n_changes):
        at = dice.randrange(1, len(data) + 1)
        kind = dice.randrange(4)
        if kind == 0:
            data[at:at] = dice.choice(pieces)
        elif kind == 1:
            del data[at : at + dice.randrange(1, 40)]
        elif kind == 2 and at < len(data):
            data[at] = dice.randrange(256)
        else:
            other = dice.choice(found)
            begin = dice.randrange(len(other))
            data[at:at] = other[begin : begin + dice.randrange(1, 60)]
    readers.one(bytes(data))


@settings(max_examples=60)
@given(data=st.binary(max_size=300))
def test_any_bytes(readers: Readers, data: bytes) -> None:
    readers.one(data)


@settings(max_examples=60)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["run", "runs", "files", "settings", "name", "key", "chosen", "notes", "seconds"]), inner, max_size=4),
        max_leaves=12,
    )
)  # fmt: skip
def test_any_json_where_our_own_is_expected(readers: Readers, value: object) -> None:
    import json

    data = json.dumps(value).encode()
    readers.batch_file(data)
    readers.record_file(data)


class Bomb:
    """Goes off when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple:
        return Path.touch, (self.file,)


def test_nothing_in_a_file_is_run(readers: Readers, tmp_path: Path) -> None:
    gone_off = tmp_path / "gone off"
    attacks = [
        pickle.dumps(Bomb(gone_off)),
        f"__import__('pathlib').Path({str(gone_off)!r}).touch()".encode(),
        f'[study]\nname = "{{{{ open({str(gone_off)!r}, "w") }}}}"'.encode(),
        f"!!python/object/apply:os.system ['touch {gone_off}']".encode(),
        b"@import url(file:///etc/passwd)",
        f"id,name\na,\"=cmd|'/c touch {gone_off}'!A0\"".encode(),
    ]
    for attack in attacks:
        for at in range(len(readers.readers)):
            readers.one(bytes([at]) + attack)
    assert not gone_off.exists()


def test_a_workbook_that_unpacks_to_more_than_memory_is_refused(readers: Readers) -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", b"0" * 400_000_000)
    readers.workbook(packed.getvalue())


def test_files_are_looked_for_in_the_studys_folder_only(readers: Readers, tmp_path: Path) -> None:
    from sharesim.errors import StudyError
    from sharesim.study.load import load

    (tmp_path / "secret.csv").write_text("id,name\nsecret,Secret\n")
    for name in (
        str(tmp_path / "secret.csv"),
        "../secret.csv",
        "x/../../secret.csv",
        "//host/share.csv",
        "/dev/zero",
        "\\\\host\\share.csv",
    ):
        with pytest.raises(StudyError):
            load(readers.study, assignments=[("tables.councils", name)])
        expect_faults(lambda name=name: load(readers.study, assignments=[("tables.councils", name)]))


@pytest.mark.slow
def test_a_fuzzer_that_watches_the_code_finds_nothing(root: Path, readers: Readers, tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("needs atheris (pip install atheris), which is not there.")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for at, data in enumerate(seeds(readers)):
        (corpus / f"{at}").write_bytes(data)
    options = [
        f"-max_total_time={SECONDS}",
        "-seed=20261122",
        "-timeout=20",
        "-rss_limit_mb=4096",
        f"-artifact_prefix={tmp_path}/",
        "-max_len=20000",
        "-len_control=0",
    ]
    command = [sys.executable, root / "tests" / "properties" / "fuzz_readers.py", *options, corpus]
    path = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=SECONDS + 300,
        env=os.environ | {"PYTHONPATH": path},
        errors="replace",
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Done " in done.stderr
