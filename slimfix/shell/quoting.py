"""Quote removal: what a word is once the shell has read it."""

from __future__ import annotations

import re
from functools import lru_cache

from slimfix.patterns import lazy

_SIMPLE = lazy(r"[\w@%+=:,./{}*?~!-]+", re.ASCII)
_PLAIN = lazy(r"[\w@%+=:,./-]*", re.ASCII)
_QUOTED = lazy(r"[^$`\\]*")
"""What may stand between double quotes and means itself."""
_GLOB = frozenset("*?[{")


@lru_cache(maxsize=4096)
def simple(raw: str) -> tuple[str | None, bool] | None:
    """What :func:`literal` says of a word without quotes and expansions. Cached: the same words recur."""
    return literal(raw) if _SIMPLE.fullmatch(raw) else None


def literal(raw: str) -> tuple[str | None, bool]:
    """The value of a word as written, and whether it may expand to other file names or words.

    The value is None when a parameter, command or arithmetic expansion takes part, for then only
    the running shell knows it.
    """
    if _PLAIN.fullmatch(raw):
        return raw, False
    out: list[str] = []
    glob = raw.startswith("~")
    i, n = 0, len(raw)
    while i < n:
        c = raw[i]
        if c == "\\":
            if i + 1 < n and raw[i + 1] != "\n":
                out.append(raw[i + 1])
            i += 2
        elif c == "'":
            end = raw.find("'", i + 1)
            if end < 0:
                return None, glob
            out.append(raw[i + 1 : end])
            i = end + 1
        elif c == '"':
            end = raw.find('"', i + 1)
            if end > 0 and _QUOTED.fullmatch(raw, i + 1, end):
                out.append(raw[i + 1 : end])
                i = end + 1
                continue
            i += 1
            while i < n and raw[i] != '"':
                if raw[i] in "$`":
                    return None, glob
                if raw[i] == "\\" and i + 1 < n and raw[i + 1] in '$`"\\\n':
                    if raw[i + 1] != "\n":
                        out.append(raw[i + 1])
                    i += 2
                else:
                    out.append(raw[i])
                    i += 1
            if i >= n:
                return None, glob
            i += 1
        elif (c == "$" and i + 1 < n and (raw[i + 1].isalnum() or raw[i + 1] in "_{(@*#?$!-'\"")) or c == "`":
            return None, glob
        else:
            glob = glob or c in _GLOB
            out.append(c)
            i += 1
    return "".join(out), glob
