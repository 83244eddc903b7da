"""The command line: arguments in, exit code out.

Exit codes: 0 done; 2 the study or the command is at fault; 3 no portfolio satisfies the rules; 1 anything else.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sharesim.cli.arguments import parser
from sharesim.cli.commands import AT_FAULT, ELSE
from sharesim.errors import SharesimError, StudyError, UsageError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    words = parser()
    options = words.parse_args(arguments)
    if not hasattr(options, "command"):
        words.print_help()
        return AT_FAULT
    try:
        return options.command(options)
    except (StudyError, UsageError) as error:
        return _tell(error, AT_FAULT)
    except SharesimError as error:
        return _tell(error, ELSE)
    except KeyboardInterrupt:
        print("Interrupted; nothing was written.", file=sys.stderr)
        return ELSE
    except BrokenPipeError:
        # Whoever read our output has gone, such as `head`; there is nobody left to tell.
        sys.stderr.close()
        return ELSE
    except MemoryError:
        print("Not enough memory. Ask for fewer draws with --draws, or fewer bundles under [bundles].", file=sys.stderr)
        return ELSE


def _tell(error: SharesimError, code: int) -> int:
    for fault in error.faults:
        print(fault, file=sys.stderr)
    if len(error.faults) > 1:
        print(f"{len(error.faults)} faults.", file=sys.stderr)
    return code


__all__ = ["main"]
