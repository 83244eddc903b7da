"""A process that has imported sharesim and forks a command whenever it is asked to, so that no call waits for imports.

Reads one JSON list a line: ``["start", "LOG", "batch", "PLAN", ...]`` forks a command and prints its process number,
``["wait", NUMBER]`` prints how it ended.
"""

from __future__ import annotations

import json
import os
import sys


def serve() -> None:
    """Answer until nobody asks any more."""
    import sharesim.batch
    from sharesim.cli import main

    assert sharesim.batch
    print("ready", flush=True)
    for line in sys.stdin:
        word, *rest = json.loads(line)
        if word == "start":
            process = os.fork()
            if process == 0:
                command(main, *rest)
            print(process, flush=True)
        else:
            _, state = os.waitpid(rest[0], 0)
            print(os.waitstatus_to_exitcode(state), flush=True)


def command(main, log: str, *arguments: str) -> None:
    """Run a command with its output in a file, and leave."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(handle, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    code = 70
    try:
        code = main(arguments)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 70
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve()
