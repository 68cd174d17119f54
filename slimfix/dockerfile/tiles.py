"""Source text to tiles: directives, comments, blank lines and instructions that cover every character.

dockerfile-parse finds the instructions. It knows no heredocs, takes a blank line in a continuation
for the end of the instruction, and reads some continuations unlike BuildKit, so it is shown a
*shadow*: the same number of lines, with those it would misread made harmless.

The reading follows BuildKit's ``frontend/dockerfile/parser`` (parser.go, directives.go).
"""

from __future__ import annotations

import io
import re
from typing import NamedTuple

from slimfix.dockerfile.heredoc import Marker, markers
from slimfix.shell.logical import Logical
from slimfix.text import BOM, Span, split_lines

_SPACE = "\t\n\v\f\r \x85\xa0"  # Go's unicode.IsSpace, below U+0100
_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")
_HEREDOC_INSTRUCTIONS = frozenset(("RUN", "COPY", "ADD"))
MAX_LINE = 65_535
"""Bytes of the longest line that BuildKit's scanner takes."""


class ParseError(ValueError):
    """A Dockerfile that BuildKit would refuse."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line
        """The line it is about, counted from 1; 0 for the file as a whole."""


class Heredoc(NamedTuple):
    """A heredoc of a Dockerfile instruction, with its body."""

    marker: Marker
    body: Span
    """The lines of the body, without the terminator."""
    terminator: Span
    """The line that ends it."""


class Tile(NamedTuple):
    """A stretch of whole lines. The tiles of a file, joined, are its text."""

    kind: str
    """``bom``, ``directive``, ``comment``, ``blank`` or ``instruction``."""
    span: Span
    logical: Logical | None = None
    """Of an instruction: its text as Docker joins it, heredoc bodies aside."""
    heredocs: tuple[Heredoc, ...] = ()
    comments: tuple[Span, ...] = ()
    """Comment lines within the instruction, without their line end."""


def is_comment(line: str) -> bool:
    """Whether Docker drops the line as a comment, also within an instruction."""
    return line.lstrip(_SPACE).startswith("#")


def continuation(escape: str) -> re.Pattern[str]:
    """Matches a line (without its end) that goes on in the next: group 1 is the mark and after.

    A mark that stands behind another one is an escaped character, as in BuildKit since 0.14.
    """
    mark = re.escape(escape)
    return re.compile(rf"(?:^|[^{mark}])({mark}[ \t]*)\Z")


def directives(lines: list[str]) -> tuple[dict[str, str], int]:
    """The parser directives at the top of a file, and how many lines they take.

    Raises:
        ParseError: a directive is repeated, or ``escape`` is neither backslash nor backtick.
    """
    found: dict[str, str] = {}
    count = 0
    for number, line in enumerate(lines, 1):
        match = _DIRECTIVE.match(line.rstrip("\r\n").lstrip(_SPACE))
        name = match.group(1).lower() if match else ""
        if match is None or name not in ("syntax", "escape", "check"):
            break
        if name in found:
            raise ParseError(f"only one {name} parser directive can be used", number)
        if name == "escape" and match.group(2) not in ("\\", "`"):
            raise ParseError(f"invalid escape token '{match.group(2)}' (only ` or \\)", number)
        found[name] = match.group(2)
        count = number
    return found, count


def tiles(text: str) -> tuple[list[Tile], str]:
    """The tiles of a Dockerfile, and its escape character.

    Raises:
        ParseError: the file has no instruction, or BuildKit would refuse to read it.
    """
    bom = text.startswith(BOM)
    lines = split_lines(text[1:] if bom else text)
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE // 4 and len(line.encode("utf-8", "surrogateescape")) > MAX_LINE:
            raise ParseError(f"line longer than {MAX_LINE} bytes, which Docker refuses", number)
    found, head = directives(lines)
    escape = found.get("escape", "\\")
    reader = _Reader(lines, escape, 1 if bom else 0, head)
    result = reader.read()
    if bom:
        result.insert(0, Tile("bom", Span(0, 1)))
    return result, escape


class _Reader:
    def __init__(self, lines: list[str], escape: str, offset: int, head: int) -> None:
        self.lines = lines
        self.escape = escape
        self.continued = continuation(escape)
        self.head = head
        self.starts = [offset]
        for line in lines:
            self.starts.append(self.starts[-1] + len(line))

    def read(self) -> list[Tile]:
        masked: set[int] = set()
        result: list[Tile] = []
        done = 0
        ranges = self.instructions(masked)
        i = 0
        while i < len(ranges):
            first, last = ranges[i]
            logical, comments = self.logical(first, last)
            heredocs: tuple[Heredoc, ...] = ()
            end = last
            found = self.markers(logical)
            if found:
                heredocs, end = self.bodies(found, last, first)
                masked.update(range(last + 1, end + 1))
                ranges[i + 1 :] = [r for r in self.instructions(masked) if r[0] > end]
            result += self.between(done, first)
            span = Span(self.starts[first], self.starts[end + 1])
            result.append(Tile("instruction", span, logical, heredocs, comments))
            done = end + 1
            i += 1
        result += self.between(done, len(self.lines))
        if not ranges:
            raise ParseError("file with no instructions", 0)
        return result

    # -- dockerfile-parse and its shadow -------------------------------------------------------

    def instructions(self, masked: set[int]) -> list[tuple[int, int]]:
        """First and last line (from 0) of each instruction, as dockerfile-parse finds them."""
        from dockerfile_parse import DockerfileParser

        shadow = "".join(self.shadow(masked)).encode("ascii", "replace")
        parser = DockerfileParser(fileobj=io.BytesIO(shadow))
        return [
            (entry["startline"], entry["endline"])
            for entry in parser.structure
            if entry["instruction"] != "COMMENT"
        ]

    def shadow(self, masked: set[int]) -> list[str]:
        """The lines as dockerfile-parse may see them.

        Heredoc bodies become comments, and so do comments and blank lines within an instruction.
        Every other line keeps its words; whether it goes on is said by BuildKit's rule alone.
        """
        out: list[str] = []
        going_on = False
        last = -1
        for number, line in enumerate(self.lines):
            bare = line.rstrip("\r\n")
            if number < self.head:
                out.append(f"# escape={self.escape}\n" if number == 0 else "# syntax=x\n")
            elif number in masked or is_comment(bare):
                out.append("#\n")
            elif not bare.strip(_SPACE):
                out.append("#\n" if going_on else "\n")
            else:
                match = self.continued.search(bare)
                words = bare[: match.start(1)] if match else bare
                words = words.strip(_SPACE).rstrip(self.escape) or "x"
                going_on = match is not None
                out.append(f"{words} x {self.escape}\n" if going_on else f"{words} x\n")
                last = number
        if going_on and last >= 0:  # nothing follows any more, so the instruction ends here
            out[last] = out[last][:-2] + "\n"
        return out

    # -- instructions --------------------------------------------------------------------------

    def logical(self, first: int, last: int) -> tuple[Logical, tuple[Span, ...]]:
        """The joined text of an instruction, and the comment lines within."""
        pieces: list[Span] = []
        comments: list[Span] = []
        source: list[str] = []
        for number in range(first, last + 1):
            line = self.lines[number]
            bare = line.rstrip("\r\n")
            start = self.starts[number]
            if number > first and is_comment(bare):
                comments.append(Span(start, start + len(bare)))
                continue
            if number > first and not bare.strip(_SPACE):
                continue
            match = self.continued.search(bare)
            end = match.start(1) if match else len(bare)
            begin = len(bare) - len(bare.lstrip(_SPACE)) if number == first else 0
            if begin < end:
                pieces.append(Span(start + begin, start + end))
                source.append(bare[begin:end])
        starts: list[int] = []
        position = 0
        for piece in source:
            starts.append(position)
            position += len(piece)
        offsets = tuple(piece.start for piece in pieces)
        return Logical("".join(source), tuple(starts), offsets), tuple(comments)

    def markers(self, logical: Logical) -> list[Marker]:
        if "<<" not in logical.text:
            return []
        words = logical.text.split(None, 2)
        name = words[0].upper()
        if name == "ONBUILD" and len(words) > 1:
            name = words[1].upper()
        return markers(logical.text) if name in _HEREDOC_INSTRUCTIONS else []

    def bodies(self, wanted: list[Marker], last: int, first: int) -> tuple[tuple[Heredoc, ...], int]:
        """The heredoc bodies that follow line *last*, and the line that ends the last of them."""
        result: list[Heredoc] = []
        number = last + 1
        for marker in wanted:
            begun = number
            found = False
            while not found and number < len(self.lines):
                line = self.lines[number].rstrip("\r\n")
                number += 1
                found = (line.lstrip("\t") if marker.strip_tabs else line) == marker.name
            if not found and marker.spaced:  # ``$((1 << 3))``, which older releases build
                number = begun
                continue
            if not found:
                raise ParseError(f"unterminated heredoc {marker.name}", first + 1)
            body = Span(self.starts[begun], self.starts[number - 1])
            terminator = Span(self.starts[number - 1], self.starts[number])
            result.append(Heredoc(marker, body, terminator))
        return tuple(result), number - 1

    def between(self, first: int, end: int) -> list[Tile]:
        """The lines that belong to no instruction."""
        result = []
        for number in range(first, end):
            line = self.lines[number]
            kind = "comment"
            if number < self.head:
                kind = "directive"
            elif not line.strip(_SPACE):
                kind = "blank"
            elif not is_comment(line):
                raise ParseError("unexpected text", number + 1)
            result.append(Tile(kind, Span(self.starts[number], self.starts[number + 1])))
        return result
