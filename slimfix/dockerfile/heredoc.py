"""Which heredocs a Dockerfile line opens.

As BuildKit's ``heredocsFromLine`` does: the line is split into words at white space outside quotes,
and a word that is ``[fd]<<[-]NAME`` opens one.
"""

from __future__ import annotations

from slimfix.patterns import lazy
from slimfix.records import NamedTuple

_HEREDOC = lazy(r"(\d*)<<(-?)(\s*)([^<]*)\Z")


class Marker(NamedTuple):
    """What a line says of one heredoc."""

    name: str
    strip_tabs: bool
    """``<<-``: leading tabs of the body do not count."""
    expand: bool
    """Whether variables in the body are expanded: no part of the marker was quoted."""
    fd: int
    spaced: bool = False
    """White space stands before the name. Older releases of BuildKit see no heredoc in that."""


def _words(line: str) -> list[str]:
    """Words with their quotes and escapes kept; a heredoc operator draws in the word after it."""
    words: list[str] = []
    current = ""
    i, n = 0, len(line)
    while i < n:
        c = line[i]
        if c == "\\":
            current += line[i : i + 2]
            i += 2
        elif c in "'\"":
            j = i + 1
            while j < n and line[j] != c:
                j += 2 if c == '"' and line[j] == "\\" else 1
            if j >= n:
                return []  # as BuildKit, which then sees no heredoc at all
            current += line[i : j + 1]
            i = j + 1
        elif c.isspace():
            if current:
                words.append(current)
            current = ""
            i += 1
        elif line.startswith("<<", i):
            j = i + 2
            while j < n and line[j] in " \t":
                j += 1
            current += line[i:j]
            i = j
        else:
            current += c
            i += 1
    if current:
        words.append(current)
    return words


def is_whole(text: str) -> bool:
    """Whether *text* is one heredoc and nothing else."""
    return len(_words(text)) == 1 and len(markers(text)) == 1


def _unquoted(raw: str) -> str:
    """*raw* without its quotes and escapes, as BuildKit compares it with the line that ends a body."""
    out = ""
    i, quote = 0, ""
    while i < len(raw):
        c = raw[i]
        if c == "\\" and quote != "'" and (not quote or raw[i + 1 : i + 2] in ('"', "$", "\\")):
            out += raw[i + 1 : i + 2]
            i += 1
        elif c == quote:
            quote = ""
        elif not quote and c in "'\"":
            quote = c
        else:
            out += c
        i += 1
    return out


def markers(line: str) -> list[Marker]:
    """The heredocs that *line* (a whole logical instruction) opens, in their order."""
    result = []
    for word in _words(line):
        match = _HEREDOC.match(word)
        if match is None or not match.group(4):
            continue
        raw = match.group(4)
        name = _unquoted(raw)
        if not name:
            continue
        expand = sum(name.count(q) - raw.count(q) for q in "'\"") == 0
        fd = int(match.group(1) or 0)
        result.append(Marker(name, match.group(2) == "-", expand, fd, bool(match.group(3))))
    return result
