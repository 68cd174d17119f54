"""The program: reads the commonest command lines itself, and has click read all others.

The import of click takes a fifth of the time that a small file does.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from slimfix.console import FAILED, INTERRUPTED, err

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

_FLAGS = {
    "--diff": "show_diff",
    "--write": "write",
    "--check": "check",
    "--safe-only": "safe_only",
    "--unsafe": "unsafe",
    "-q": "quiet",
    "--quiet": "quiet",
    "-v": "verbose",
    "--verbose": "verbose",
}
_COMMANDS = frozenset(("fix", "rules", "explain", "bot", "verify"))


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    status: Any = FAILED
    gc.set_threshold(500_000)  # many small objects, few cycles: a seventh of the time went there
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        status = _carried_out(given)
    except KeyboardInterrupt:
        status = INTERRUPTED
    except Exception as error:  # a bug of ours, or a full disk: one line, no traceback
        what = f"internal error: {type(error).__name__}"
        err(f"slimfix: {error.strerror.lower() if isinstance(error, OSError) and error.strerror else what}")
        if "-v" in given or "--verbose" in given:
            import traceback

            err(traceback.format_exc().rstrip())
    if arguments is None and "click" not in sys.modules:
        _end(status)
    sys.exit(status)


def _carried_out(given: Sequence[str]) -> Any:
    plain = read(given)
    if plain is None:
        from slimfix.cli import command

        return command(given)
    from slimfix.run import Run

    return Run(plain[0], **plain[1]).run()


def _end(status: int) -> None:
    """End the process at once, unless somebody looks on: Python would free every object first."""
    monitoring: Any = getattr(sys, "monitoring", None)  # since Python 3.12
    tools = [monitoring.get_tool(number) for number in range(6)] if monitoring else []
    if sys.gettrace() is not None or sys.getprofile() is not None or any(tools):
        return
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError:  # Python says so, and exits as it does
        return
    os._exit(status)


def read(arguments: Sequence[str]) -> tuple[tuple[str, ...], dict[str, Any]] | None:
    """The paths and options of a command line of paths and plain flags; None for all others.

    What it says is what click says of the same line.
    """
    options: dict[str, Any] = dict.fromkeys(_FLAGS.values(), False)
    options |= {"verify": False, "style": "text", "jobs": None, "stdin_filename": None}
    options |= {"select": (), "ignore": (), "all_stages": False} | dict.fromkeys(
        ("context", "target", "config")
    )
    paths: list[str] = []
    for argument in arguments:
        if argument in _FLAGS:
            options[_FLAGS[argument]] = True
        elif argument.startswith("-") or argument in _COMMANDS:
            return None
        else:
            paths.append(argument)
    if not paths or (options["safe_only"] and options["unsafe"]) or "_SLIMFIX_COMPLETE" in os.environ:
        return None
    return tuple(paths), options
