"""A Dask scheduler that is not there, is something else, goes away, or lets in only who has a certificate."""

from __future__ import annotations

import json
import logging
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sharesim.batch import cluster
from sharesim.batch.cluster import DaskEngine, address_of, is_open
from sharesim.batch.execute import BatchOptions, run_batch
from sharesim.batch.manifest import digest
from sharesim.batch.status import status
from sharesim.errors import OutputError, UsageError
from tests.unit.batch.studies import write_plan

ROLES = ("scheduler", "worker", "client")
ALLOWED = "allowed tcp://host:8786, tls://host:8786, a scheduler file, or local"


def digests(folder: Path) -> dict[str, str]:
    return {item.name: digest(item) for item in (folder / "runs").iterdir()}


def test_without_dask_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError) as caught:
        DaskEngine("tcp://127.0.0.1:1", 1)
    assert str(caught.value) == "--scheduler: Dask is not installed. pip install 'sharesim[cluster]'"


@pytest.mark.parametrize("address", ["rubbish://nowhere:1", "nowhere", "tcp://", "inproc://1"])
def test_where_no_scheduler_answers_it_is_said(address: str) -> None:
    pytest.importorskip("distributed", reason="needs sharesim[cluster]")
    with pytest.raises(UsageError) as caught:
        DaskEngine(address, 1)
    text = str(caught.value)
    assert text.startswith(f"--scheduler {address}: no Dask scheduler answers there: got ") and "\n" not in text
    assert text.endswith(f"; {ALLOWED}. Start one: dask scheduler.")


def test_what_listens_there_and_never_says_a_word_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="needs sharesim[cluster]")
    monkeypatch.setattr(cluster, "ANSWER_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as other:
        with pytest.raises(UsageError, match="something that does not answer as Dask does, within 1 s"):
            DaskEngine(f"tcp://127.0.0.1:{other.getsockname()[1]}", 1)


@pytest.mark.parametrize(
    "content",
    [b"", b'{"type": "Sched', b"\x00\xff\x81", b"{}", b"[]", b'{"address": 5}', b'{"address": "x"}', b"[" * 100_000],
    ids=["empty", "half", "binary", "no address", "a list", "a number", "no protocol", "deep"],
)
def test_a_damaged_scheduler_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "scheduler.json"
    file.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        address_of(str(file))
    assert str(caught.value) == (
        f'--scheduler {file}: not a scheduler file: allowed JSON with an "address". '
        "A scheduler writes it when it starts: dask scheduler --scheduler-file FILE."
    )


def test_a_scheduler_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps({"type": "Scheduler", "address": "tcp://10.0.0.1:8786"}))
    assert address_of(str(tmp_path / "s.json")) == "tcp://10.0.0.1:8786"


def test_an_empty_address_does_not_quietly_work_on_this_machine() -> None:
    with pytest.raises(UsageError) as caught:
        BatchOptions(scheduler="")
    assert str(caught.value) == "scheduler: not text: got ''; allowed some text."


# -- a scheduler that goes away ----------------------------------------------------------------------------------------


class Client:
    """A cluster of one worker whose scheduler is gone when it is asked a certain thing."""

    def __init__(self, gone_at: str) -> None:
        self.gone_at = gone_at

    def _ask(self, name: str) -> None:
        if name == self.gone_at:
            raise OSError("Timed out during handshake\nwhile connecting")

    def run(self, function):
        self._ask("run")
        return {"tcp://worker": function()}

    def ncores(self) -> dict[str, int]:
        self._ask("ncores")
        return {"tcp://worker": 1}

    def submit(self, function, *arguments, pure: bool) -> None:
        self._ask("submit")

    def cancel(self, futures, force: bool) -> None:
        raise OSError("gone")

    def close(self) -> None:
        raise TimeoutError("gone")


@pytest.mark.parametrize("gone_at", ["run", "ncores", "submit"])
def test_a_scheduler_that_goes_away_at_any_moment_is_one_line_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone_at: str
) -> None:
    plan = write_plan(tmp_path, seeds=[1, 2])
    run_batch(write_plan(tmp_path, seeds=[1]), BatchOptions(out=tmp_path / "out", jobs=0))
    write_plan(tmp_path, seeds=[1, 2])
    monkeypatch.setattr(cluster, "_connect", lambda *_: (None, Client(gone_at)))
    with pytest.raises(OutputError) as caught:
        run_batch(plan, BatchOptions(out=tmp_path / "out", scheduler="tcp://127.0.0.1:8786"))
    assert str(caught.value) == (
        "--scheduler tcp://127.0.0.1:8786: the scheduler went away (Timed out during handshake; while connecting). "
        "Start it again, then give the same command again: what is done stays done."
    )
    assert status(tmp_path / "out").counts == {"done": 1, "unproven": 0, "running": 0, "failed": 0, "missing": 1}
    assert run_batch(plan, BatchOptions(out=tmp_path / "out", jobs=0)).n_found == 1


# -- who may connect ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("tcp://10.1.2.3:8786", True), ("tcp://head-node:8786", True), ("head-node:8786", True),
        ("tcp://[2001:db8::1]:8786", True), ("tcp://0.0.0.0:8786", True), ("ws://head-node:80", True),
        ("tls://10.1.2.3:8786", False), ("wss://head-node:443", False), ("tcp://127.0.0.1:8786", False),
        ("tcp://localhost:8786", False), ("tcp://[::1]:8786", False),
    ],
)  # fmt: skip
def test_which_schedulers_others_can_reach(address: str, found: bool) -> None:
    assert is_open(address) is found


def test_an_open_scheduler_on_another_machine_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("distributed", reason="needs sharesim[cluster]")

    def nobody(ask) -> None:
        raise OSError("nobody there")

    monkeypatch.setattr(cluster, "_in_time", nobody)
    for address in ("tcp://127.0.0.1:8786", "tls://198.51.100.7:8786", "tcp://198.51.100.7:8786"):
        with caplog.at_level(logging.WARNING), pytest.raises(UsageError):
            DaskEngine(address, 1)
    assert [record.getMessage() for record in caplog.records] == [
        "tcp://198.51.100.7:8786 is not encrypted: whoever reaches it can run code on the workers and read the "
        "studies. Use it on a network that you trust, or TLS (SECURITY.md)."
    ]


def self_made(folder: Path) -> dict[str, str]:
    """Make a certificate that vouches for itself, for this machine only; return its files by Dask's words for them."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl command to make a certificate")
    folder.mkdir()
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=sharesim test"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return {"cert": str(folder / "cert.pem"), "key": str(folder / "key.pem")}


@contextmanager
def settings(mine: dict[str, str]) -> Iterator[None]:
    """Dask's own settings for TLS, as its configuration files have them."""
    import dask

    found = {f"distributed.comm.tls.{role}.{name}": mine[name] for role in ROLES for name in ("cert", "key")}
    found |= {"distributed.comm.tls.ca-file": mine["cert"], "distributed.comm.require-encryption": True}
    with dask.config.set(found):
        yield


def test_tls_lets_in_who_has_the_certificate_and_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    distributed = pytest.importorskip("distributed", reason="needs sharesim[cluster]")
    plan = write_plan(tmp_path, seeds=[1, 2])
    run_batch(plan, BatchOptions(out=tmp_path / "alone", jobs=0))
    mine, another = self_made(tmp_path / "mine"), self_made(tmp_path / "another")
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 2)
    with settings(mine):
        lent = distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, protocol="tls://", host="127.0.0.1",
            security=distributed.security.Security(), dashboard_address=None, silence_logs=50,
        )  # fmt: skip
        with lent:
            address = lent.scheduler_address
            assert address.startswith("tls://127.0.0.1:")
            assert run_batch(plan, BatchOptions(out=tmp_path / "out", scheduler=address)).n_done == 2
            assert digests(tmp_path / "out") == digests(tmp_path / "alone")
            with settings(another), pytest.raises(UsageError, match="no Dask scheduler answers there"):
                DaskEngine(address, 1)
            with pytest.raises(UsageError, match="no Dask scheduler answers there"):
                DaskEngine(address.replace("tls:", "tcp:"), 1)
    with pytest.raises(UsageError) as caught:
        DaskEngine(address, 1)
    assert str(caught.value).endswith(
        "Start one, and give Dask its certificates here too: distributed.comm.tls in its settings."
    )
    assert "not encrypted" not in caplog.text
