"""Unified diffs, byte for byte such as ``git apply`` and ``patch`` take them."""

from __future__ import annotations

import os
from collections.abc import Iterator

from slimfix.records import NamedTuple
from slimfix.text import decode, encode, split_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from unidiff.patch import PatchSet

CONTEXT = 3
"""Unchanged lines around a change."""

_NO_NEWLINE = "\n\\ No newline at end of file\n"
_RESET = "\033[0m"
_COLOURS = {"-": "\033[31m", "+": "\033[32m", "@": "\033[36m"}
_BOLD = "\033[1m"


def unified(before: str, after: str, path: str, new: bool = False) -> str:
    """The diff of two texts; empty when they are equal.

    Args:
        before: the old text.
        after: the new text.
        path: what to call the file, with slashes; ``a/`` and ``b/`` go before it.
        new: whether the file is not there yet.
    """
    if before == after:
        return ""
    old = "/dev/null" if new else _name("a/" + path)
    pieces = [f"--- {old}\n", f"+++ {_name('b/' + path)}\n"]
    pieces += _hunks(split_lines(before), split_lines(after))
    return "".join(pieces)


def diff(before: str, after: str, path: str, colour: bool = False, new: bool = False) -> bytes:
    """The diff of two texts as bytes to print, in colour if wanted; see :func:`unified`."""
    text = unified(before, after, path, new)
    return encode("".join(map(_coloured, _numbered(text))) if colour else text)


class Counts(NamedTuple):
    """How much a diff changes."""

    added: int
    removed: int
    hunks: int


def parse(data: bytes) -> PatchSet:
    """A diff without colours read back: its files, their hunks, their lines."""
    from unidiff.patch import PatchSet

    return PatchSet(split_lines(decode(data)))


def counts(data: bytes) -> Counts:
    """How many lines a diff without colours adds and removes, and in how many hunks."""
    files = parse(data)
    return Counts(sum(f.added for f in files), sum(f.removed for f in files), sum(map(len, files)))


def label(path: str) -> str:
    """What a diff calls a file: its path from the current directory, or else from the root, with slashes."""
    try:
        below = os.path.relpath(path)
    except ValueError:  # another drive
        below = path
    else:
        if below == os.pardir or below.startswith(os.pardir + os.sep):  # no tool applies such a path
            below = os.path.abspath(path)
    return below.replace(os.sep, "/").lstrip("/")


def _name(name: str) -> str:
    """A name in a header, quoted as git does it where it could be misread."""
    data = os.fsencode(name)
    if any(byte < 32 or byte > 126 or byte in b'"\\' for byte in data):
        named = {9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 92: "\\\\"}
        quoted = (named.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}") for byte in data)
        return '"' + "".join(quoted) + '"'
    return name + "\t" * (" " in name)


def _hunks(old: list[str], new: list[str]) -> Iterator[str]:
    from difflib import SequenceMatcher

    first = 0
    while first < min(len(old), len(new)) and old[first] == new[first]:
        first += 1
    last = 0
    while last < min(len(old), len(new)) - first and old[-1 - last] == new[-1 - last]:
        last += 1
    # All but a few of the lines that both begin or end with are left out: they cost time.
    head, tail = max(0, first - CONTEXT), max(0, last - CONTEXT)
    left, right = old[head : len(old) - tail], new[head : len(new) - tail]
    matcher = SequenceMatcher(None, left, right, autojunk=len(left) > 2000)
    for group in matcher.get_grouped_opcodes(CONTEXT):
        start, end = group[0], group[-1]
        places = _place(head + start[1], head + end[2]), _place(head + start[3], head + end[4])
        yield f"@@ -{places[0]} +{places[1]} @@\n"
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from (_line(" ", line) for line in left[i1:i2])
            else:
                yield from (_line("-", line) for line in left[i1:i2])
                yield from (_line("+", line) for line in right[j1:j2])


def _place(start: int, end: int) -> str:
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


def _line(mark: str, line: str) -> str:
    return mark + line if line.endswith("\n") else mark + line + _NO_NEWLINE


def _numbered(text: str) -> Iterator[tuple[int, str]]:
    return enumerate(split_lines(text))


def _coloured(numbered: tuple[int, str]) -> str:
    number, line = numbered
    colour = _BOLD if number < 2 else _COLOURS.get(line[0])
    if colour is None:
        return line
    body = line.rstrip("\r\n")
    return colour + body + _RESET + line[len(body) :]
