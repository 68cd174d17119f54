"""Edits that were made at once: what they touch, and where everything else went.

A file may have thousands of edits, so each question is a bisection.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

from slimfix.text import Edit, Span


class Changes:
    """The edits of one step, as :func:`slimfix.text.fitted` gives them."""

    __slots__ = ("_ends", "_grown", "_new_starts", "_starts", "edits")

    def __init__(self, edits: Sequence[Edit]) -> None:
        self.edits = edits
        self._starts = [edit.span.start for edit in edits]
        self._ends = [edit.span.end for edit in edits]
        grown = (len(edit.text) - (edit.span.end - edit.span.start) for edit in edits)
        self._grown = [0, *accumulate(grown)]
        self._new_starts = [start + grown for start, grown in zip(self._starts, self._grown)]

    def touch(self, span: Span) -> bool:
        """Whether an edit changes something within *span*; an insertion at its very edge does not."""
        i = bisect_right(self._ends, span.start)
        return i < len(self.edits) and self._starts[i] < span.end

    def cover(self, span: Span) -> bool:
        """Whether one edit replaces all of *span*."""
        i = bisect_right(self._ends, span.start)
        return i < len(self.edits) and self._starts[i] <= span.start and span.end <= self._ends[i]

    def at(self, offset: int) -> Edit | None:
        """The edit that begins at *offset*, if one does."""
        i = bisect_left(self._starts, offset)
        return self.edits[i] if i < len(self.edits) and self._starts[i] == offset else None

    def moved(self, offset: int, before: bool = False) -> int:
        """Where what stood at *offset* stands now; with *before*, ahead of an insertion at that very place.

        The end of the new text, for an offset within what was replaced.
        """
        i = bisect_left(self._ends, offset) if before else bisect_right(self._ends, offset)
        if i < len(self.edits) and self._starts[i] < offset:
            return self._new_starts[i] + len(self.edits[i].text)
        return offset + self._grown[i]

    def original(self, offset: int) -> int:
        """Where a character of the new text stood before; new text maps to what it replaced."""
        i = bisect_right(self._new_starts, offset) - 1
        if i < 0:
            return offset
        if offset < self._new_starts[i] + len(self.edits[i].text):
            return self._starts[i]
        return offset - self._grown[i + 1]
