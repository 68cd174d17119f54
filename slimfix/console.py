"""Bytes to the terminal, or to whatever stands in for it."""

from __future__ import annotations

import errno
import os
import sys

FAILED = 2
"""Exit status when something could not be done."""
INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""
CLOSED = 141
"""Exit status when nobody reads what we print, as shells have it."""


def in_colour() -> bool:
    """Whether standard output is a terminal whose user has nothing against colours."""
    if sys.stdout is None or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.stdout.isatty()


def out(data: bytes) -> None:
    """Print to standard output. Ends the program, quietly, when nobody reads it.

    Raises:
        OSError: it cannot be written to.
    """
    if sys.stdout is None:
        raise OSError(errno.EBADF, "standard output is closed")
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(CLOSED)


def err(line: str) -> None:
    """Print a line to standard error, if that is possible."""
    if sys.stderr is not None:
        try:
            sys.stderr.buffer.write(line.encode("utf-8", "surrogateescape") + b"\n")
            sys.stderr.buffer.flush()
        except OSError:
            pass
