"""The source text, places in it, and the one function that makes new text from it.

A file is decoded as UTF-8 with ``surrogateescape``, so any sequence of bytes survives
``decode(encode())`` unchanged. Offsets count characters of that text, never bytes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from slimfix.records import NamedTuple

BOM = "\ufeff"


class Span(NamedTuple):
    """A half-open range of character offsets in a source text."""

    start: int
    end: int

    def contains(self, other: Span) -> bool:
        """Whether *other* lies wholly within this span."""
        return self.start <= other.start and other.end <= self.end


class Edit(NamedTuple):
    """Replace the text at *span* by *text*. An insertion has an empty span, a deletion an empty text.

    *text* is written with ``\\n`` as its line end: :func:`apply` gives it the file's own.
    """

    span: Span
    text: str


class EditConflict(ValueError):
    """Two edits touch the same characters, or an edit lies outside the text."""


def decode(data: bytes) -> str:
    """The text of a file's bytes; every byte sequence is accepted and can be restored."""
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The bytes of a text that :func:`decode` made, with whatever was not UTF-8 restored."""
    return text.encode("utf-8", "surrogateescape")


def split_lines(text: str) -> list[str]:
    """The lines of *text* with their ends, split at ``\\n`` alone, as Docker splits them."""
    lines = text.split("\n")
    last = lines.pop()
    result = [line + "\n" for line in lines]
    if last:
        result.append(last)
    return result


class Lines:
    """Maps character offsets of one text to 1-based lines and columns."""

    __slots__ = ("_starts",)

    def __init__(self, text: str) -> None:
        starts = [0]
        position = text.find("\n")
        while position >= 0:
            starts.append(position + 1)
            position = text.find("\n", position + 1)
        self._starts = starts

    def at(self, offset: int) -> tuple[int, int]:
        """``(line, column)`` of a character offset, both counted from 1."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def range(self, span: Span) -> tuple[int, int]:
        """First and last line of a span; an empty span is on the one line that it stands in."""
        first = self.at(span.start)[0]
        return first, max(first, self.at(max(span.start, span.end - 1))[0])


def newline_at(text: str, offset: int) -> str:
    """The line end in use around *offset*: that of its own line, else the nearest before, else ``\\n``."""
    end = text.find("\n", offset)
    if end < 0:
        end = text.rfind("\n", 0, offset)
    if end < 0:
        return "\n"
    return "\r\n" if end and text[end - 1] == "\r" else "\n"


def ordered(edits: Iterable[Edit]) -> list[Edit]:
    """The edits from first to last.

    Raises:
        EditConflict: two of them overlap, or insert at the same place.
    """
    result = sorted(edits)
    for before, after in zip(result, result[1:]):
        if before.span.end > after.span.start or before.span.start == after.span.start:
            raise EditConflict(f"edits overlap at {after.span.start}")
    return result


def fitted(text: str, edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """The edits in order, each with its line ends turned into those that the file uses there.

    Raises:
        EditConflict: edits overlap, or one lies outside the text.
    """
    result = []
    for span, new in ordered(edits):
        if not 0 <= span.start <= span.end <= len(text):
            raise EditConflict(f"no such place: {span}")
        if "\n" in new:
            new = new.replace("\r\n", "\n").replace("\n", newline_at(text, span.start))
        result.append(Edit(span, new))
    return tuple(result)


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text with every edit made; each new line end becomes the one used around it.

    Raises:
        EditConflict: edits overlap, or one lies outside the text.
    """
    pieces: list[str] = []
    position = 0
    for span, new in fitted(text, edits):
        pieces += (text[position : span.start], new)
        position = span.end
    pieces.append(text[position:])
    return "".join(pieces)
