"""Source text to tiles: directives, comments, blank lines and instructions that cover every character.

Where an instruction is nothing but consecutive lines, these say where it ends. Elsewhere dockerfile-parse
finds the instructions: see ``shadow.py``.

The reading follows BuildKit's ``frontend/dockerfile/parser`` (parser.go, directives.go).
"""

from __future__ import annotations

import re
from functools import lru_cache

from slimfix.dockerfile.heredoc import Marker, markers
from slimfix.patterns import lazy
from slimfix.records import NamedTuple
from slimfix.shell.logical import Logical
from slimfix.text import BOM, Span, split_lines

_SPACE = "\t\n\v\f\r \x85\xa0"  # Go's unicode.IsSpace, below U+0100
_DIRECTIVE = lazy(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")
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
        bare = line.rstrip("\r\n").lstrip(_SPACE)
        match = _DIRECTIVE.match(bare) if bare.startswith("#") else None
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


_LONG = 1000
"""Characters of a line from which it is not remembered: many such would fill the memory."""


class Line(NamedTuple):
    """What a line says when nothing is known of those around it."""

    kind: str
    """``comment``, ``blank`` or ``words``."""
    length: int
    """Without its end."""
    indent: int
    mark: int | None
    """Where the mark stands that makes it go on in the next, if there is one."""


@lru_cache(maxsize=16384)
def _look(line: str, escape: str) -> Line:
    """Look at a line. Cached: a file is read again after every step."""
    bare = line.rstrip("\r\n")
    words = bare.lstrip(_SPACE)
    match = continuation(escape).search(bare)
    kind = "comment" if words.startswith("#") else "words" if words.strip(_SPACE) else "blank"
    return Line(kind, len(bare), len(bare) - len(words), match.start(1) if match else None)


class _Reader:
    def __init__(self, lines: list[str], escape: str, offset: int, head: int) -> None:
        self.lines = lines
        self.escape = escape
        self.looked = [
            _look(line, escape) if len(line) < _LONG else _look.__wrapped__(line, escape) for line in lines
        ]
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

    def instructions(self, masked: set[int]) -> list[tuple[int, int]]:
        """First and last line (from 0) of each instruction; lines that are *masked* belong to none."""
        plain = None if masked else self.plain()
        if plain is not None:
            return plain
        from slimfix.dockerfile.shadow import instructions

        return instructions(self.looked, masked, self.head, self.escape)

    def plain(self) -> list[tuple[int, int]] | None:
        """The same where nothing stands within any instruction but its own lines; else None.

        The import of dockerfile-parse takes a tenth of the time that a small file does.
        """
        found: list[tuple[int, int]] = []
        first = -1
        for number, line in enumerate(self.looked):
            if number < self.head:
                continue
            if line.kind != "words":
                if first >= 0:
                    return None
            else:
                first = number if first < 0 else first
                if line.mark is None:
                    found.append((first, number))
                    first = -1
        if first >= 0:  # the file ends in a mark
            found.append((first, len(self.looked) - 1))
        return found

    # -- instructions --------------------------------------------------------------------------

    def logical(self, first: int, last: int) -> tuple[Logical, tuple[Span, ...]]:
        """The joined text of an instruction, and the comment lines within."""
        comments: list[Span] = []
        source: list[str] = []
        starts: list[int] = []
        offsets: list[int] = []
        position = 0
        for number in range(first, last + 1):
            line = self.looked[number]
            start = self.starts[number]
            if number > first and line.kind == "comment":
                comments.append(Span(start, start + line.length))
                continue
            if number > first and line.kind == "blank":
                continue
            end = line.length if line.mark is None else line.mark
            begin = line.indent if number == first else 0
            if begin < end:
                starts.append(position)
                offsets.append(start + begin)
                source.append(self.lines[number][begin:end])
                position += end - begin
        return Logical("".join(source), tuple(starts), tuple(offsets)), tuple(comments)

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
            kind = "directive" if number < self.head else self.looked[number].kind
            if kind == "words":
                raise ParseError("unexpected text", number + 1)
            result.append(Tile(kind, Span(self.starts[number], self.starts[number + 1])))
        return result
