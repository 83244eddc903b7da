"""How a command is asked to end: SIGTERM and SIGHUP do what Ctrl-C does, so that nothing half-written is left."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: As batch systems and service managers send it, and a terminal that is closed; Windows has no second.
ASKED = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def asked_to_end() -> Iterator[None]:
    """Turn a request to end into KeyboardInterrupt while the block runs; what is ignored (nohup) stays ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in ASKED}
    changed = [number for number, handler in before.items() if handler == signal.SIG_DFL]
    for number in changed:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)


__all__ = ["asked_to_end"]
