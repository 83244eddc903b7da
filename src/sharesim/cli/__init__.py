"""The command line: arguments in, exit code out.

Exit codes: 0 done; 2 the study or the command is at fault; 3 no portfolio satisfies the rules; 1 anything else.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sharesim.cli.arguments import parser
from sharesim.cli.commands import AT_FAULT, DONE, ELSE
from sharesim.cli.endings import asked_to_end
from sharesim.cli.voice import Voice, voices
from sharesim.errors import Fault, SharesimError, StudyError, UsageError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    What was printed and could not be written counts too: a full disk is told, and makes a good end 1; a reader who has
    gone, such as `head`, changes nothing.
    """
    with voices() as said:
        try:
            code = _carried_out(arguments)
        except SystemExit as end:  # how argparse ends, after help as after a word that it does not know
            code = end.code if isinstance(end.code, int) else DONE if end.code is None else ELSE
        for voice in said:
            voice.flush()
        return _told_if_full(said, code)


def _carried_out(arguments: Sequence[str] | None) -> int:
    words = parser()
    options = words.parse_args(arguments)
    if not hasattr(options, "command"):
        words.print_help()
        return AT_FAULT
    try:
        with asked_to_end():
            return options.command(options)
    except (StudyError, UsageError) as error:
        return _tell(error, AT_FAULT)
    except SharesimError as error:
        return _tell(error, ELSE)
    except KeyboardInterrupt:
        print("Interrupted; nothing half-written is left.", file=sys.stderr)
        return ELSE
    except MemoryError:
        print("Not enough memory. Ask for fewer draws with --draws, or fewer bundles under [bundles].", file=sys.stderr)
        return ELSE


def _told_if_full(said: Sequence[Voice], code: int) -> int:
    full = next((voice.failed for voice in said if voice.is_full and voice.failed is not None), None)
    if full is None:
        return code
    reason = (full.strerror or str(full)).lower()
    print(Fault("standard output", "cannot be written", reason, "", "Make room, or print elsewhere."), file=sys.stderr)
    return code or ELSE


def _tell(error: SharesimError, code: int) -> int:
    for fault in error.faults:
        print(fault, file=sys.stderr)
    if len(error.faults) > 1:
        print(f"{len(error.faults)} faults.", file=sys.stderr)
    return code


__all__ = ["main"]
