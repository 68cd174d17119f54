"""What came of each file, told for people (:mod:`.text`) or for programs (:mod:`.json`)."""

from __future__ import annotations

from slimfix.engine import Rewrite
from slimfix.records import NamedTuple


class Problem(NamedTuple):
    """Why a path could not be worked on."""

    path: str
    message: str
    line: int = 0
    """Counted from 1; 0 when it is about no line."""
    detail: str = ""
    """The traceback of an internal error."""

    def __str__(self) -> str:
        message = printable(" ".join(self.message.split()))
        place = printable(self.path)
        return f"{place}:{self.line}: {message}" if self.line else f"{place}: {message}"


class Outcome(NamedTuple):
    """What came of one file: a rewrite, or a problem, or both when it could not be written."""

    path: str
    """As it was given; ``-`` for standard input."""
    rewrite: Rewrite | None = None
    problem: Problem | None = None
    called: str | None = None
    """The name that was given for standard input."""

    @property
    def changed(self) -> bool:
        """Whether there is something to change in it, and nothing in the way."""
        return self.problem is None and self.rewrite is not None and self.rewrite.changed

    @property
    def name(self) -> str:
        """What to call it."""
        return self.called or shown(self.path)


def shown(path: str) -> str:
    """What to call a path in a message."""
    return "<stdin>" if path == "-" else path


def printable(text: str) -> str:
    """The text with control characters escaped: a name must neither break a line nor steer a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c >= " " and not "\x7f" <= c <= "\x9f" else f"\\x{ord(c):02x}" for c in text)
