"""Which heredocs a Dockerfile line opens.

As BuildKit's ``heredocsFromLine`` does: the line is split into words at white space outside quotes,
and a word that is ``[fd]<<[-]NAME`` opens one.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_HEREDOC = re.compile(r"(\d*)<<(-?)\s*([^<]*)\Z")


class Marker(NamedTuple):
    """What a line says of one heredoc."""

    name: str
    strip_tabs: bool
    """``<<-``: leading tabs of the body do not count."""
    expand: bool
    """Whether variables in the body are expanded: no part of the marker was quoted."""
    fd: int


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


def markers(line: str) -> list[Marker]:
    """The heredocs that *line* (a whole logical instruction) opens, in their order."""
    result = []
    for word in _words(line):
        match = _HEREDOC.match(word)
        if match is None or not match.group(3):
            continue
        raw = match.group(3)
        name = re.sub(r"\\(.)", r"\1", raw)
        quoted = "'" in raw or '"' in raw
        name = re.sub(r"['\"]", "", name)
        if not name or re.search(r"\s", name):
            continue
        fd = int(match.group(1) or 0)
        result.append(Marker(name, match.group(2) == "-", not quoted, fd))
    return result
