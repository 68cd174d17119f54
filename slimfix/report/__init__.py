"""What came of each file, told for people (:mod:`.text`) or for programs (:mod:`.json`)."""

from __future__ import annotations

from typing import NamedTuple

from slimfix.engine import Rewrite


class Problem(NamedTuple):
    """Why a path could not be worked on."""

    path: str
    message: str
    line: int = 0
    """Counted from 1; 0 when it is about no line."""
    detail: str = ""
    """The traceback of an internal error."""

    def __str__(self) -> str:
        message = " ".join(self.message.split())
        return f"{self.path}:{self.line}: {message}" if self.line else f"{self.path}: {message}"


class Outcome(NamedTuple):
    """What came of one file: a rewrite, or a problem, or both when it could not be written."""

    path: str
    """As it was given; ``-`` for standard input."""
    rewrite: Rewrite | None = None
    problem: Problem | None = None

    @property
    def changed(self) -> bool:
        """Whether there is something to change in it, and nothing in the way."""
        return self.problem is None and self.rewrite is not None and self.rewrite.changed

    @property
    def name(self) -> str:
        """What to call it."""
        return shown(self.path)


def shown(path: str) -> str:
    """What to call a path in a message."""
    return "<stdin>" if path == "-" else path
