"""What an install command reads from the build context, one module an ecosystem.

Each answers :class:`Reads`, when every file is known, or :class:`Unknown` with the reason. Whoever asks may
only act on the first: an install that reads more than we know of cannot be moved before the files.
"""

from __future__ import annotations

from slimfix.records import NamedTuple

__all__ = ["Cannot", "Reads", "Unknown"]


class Reads(NamedTuple):
    """The command reads exactly these files of the context, and nothing else in it."""

    files: tuple[str, ...]
    """Their paths in the context, each once, a file before those that it includes. A slash at the end of
    one means a directory with all that is in it."""
    assumptions: tuple[str, ...] = ()
    """What must hold for that, clauses without a full stop; none when the files show it all."""
    early: tuple[str, ...] = ()
    """Words that make the command leave for later what needs the rest of the tree."""
    later: str | None = None
    """With *early*: the command that does the rest. None means the same command, without those words."""


class Unknown(NamedTuple):
    """The command reads more of the context, or it cannot be told what."""

    reason: str
    """A clause without a full stop, fit to be shown."""


class Cannot(Exception):
    """Carries the reason of an :class:`Unknown`."""

    def __init__(self, reason: str, placed: bool = False) -> None:
        super().__init__(reason)
        self.placed = placed
        """Whether the reason says in which line of which file it was met."""
