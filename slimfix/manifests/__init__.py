"""What an install command reads from the build context, one module an ecosystem.

Each answers :class:`Reads`, when every file is known, or :class:`Unknown` with the reason. Whoever asks may
only act on the first: an install that reads more than we know of cannot be moved before the files.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Reads", "Unknown"]


class Reads(NamedTuple):
    """The command reads exactly these files of the context, and nothing else in it."""

    files: tuple[str, ...]
    """Their paths in the context, each once, a file before those that it includes."""


class Unknown(NamedTuple):
    """The command reads more of the context, or it cannot be told what."""

    reason: str
    """A clause without a full stop, fit to be shown."""
