"""The logical text: what remains of some source lines once Docker has joined them.

Docker drops continuation characters, comment lines and blank lines before anyone else reads an
instruction. :class:`Logical` is that text together with the way back: each of its characters
knows where it stands in the file.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from slimfix.text import Span


class Logical:
    """An immutable text whose characters map to offsets in a source text."""

    __slots__ = ("_sources", "_starts", "text")

    def __init__(self, text: str, starts: tuple[int, ...], sources: tuple[int, ...]) -> None:
        """*text* in runs: from ``starts[i]`` on, its characters stand at ``sources[i]`` and after."""
        self.text = text
        self._starts = starts
        self._sources = sources

    @classmethod
    def of(cls, source: str, spans: Iterable[Span]) -> Logical:
        """The text of *spans*, in their order, joined without anything between."""
        pieces: list[str] = []
        starts: list[int] = []
        sources: list[int] = []
        length = 0
        for start, end in spans:
            if start < end:
                starts.append(length)
                sources.append(start)
                pieces.append(source[start:end])
                length += end - start
        return cls("".join(pieces), tuple(starts), tuple(sources))

    def offset(self, index: int) -> int:
        """Where the character at *index* stands in the source; one past the last is its end there."""
        if not self._starts:
            return 0
        if index == len(self.text) and index > 0:
            return self.offset(index - 1) + 1
        run = bisect_right(self._starts, index) - 1
        return self._sources[run] + index - self._starts[run]

    def span(self, start: int, end: int) -> Span:
        """The stretch of source from the character at *start* to the one before *end*.

        It may hold continuations and comment lines that the logical text does not.
        """
        if start >= end:
            here = self.offset(start)
            return Span(here, here)
        run = bisect_right(self._starts, start) - 1
        at = self._sources[run] + start - self._starts[run]
        if run + 1 == len(self._starts) or end <= self._starts[run + 1]:
            return Span(at, at + end - start)
        return Span(at, self.offset(end - 1) + 1)

    def slice(self, start: int, end: int) -> Logical:
        """The part from *start* to *end*, with its own way back."""
        if start >= end:
            here = self.offset(start) if self.text else 0
            return Logical("", (0,), (here,))
        first = bisect_right(self._starts, start) - 1
        last = bisect_right(self._starts, end - 1)
        starts = [max(0, s - start) for s in self._starts[first:last]]
        sources = list(self._sources[first:last])
        sources[0] += start - self._starts[first]
        return Logical(self.text[start:end], tuple(starts), tuple(sources))

    def strip(self) -> Logical:
        """Without the white space at both ends."""
        stripped = self.text.strip()
        start = len(self.text) - len(self.text.lstrip())
        return self.slice(start, start + len(stripped))
