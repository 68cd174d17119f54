"""Shell text to a tree of our own nodes, by way of bashlex; what cannot be read is ``Opaque``."""

from __future__ import annotations

import re
from functools import lru_cache

from slimfix.records import NamedTuple
from slimfix.shell._convert import Misread, Tree, parse
from slimfix.shell._word_scanner import Unreadable

MAX_LENGTH = 200_000
"""Longer scripts (in characters) are not read."""
MAX_DEPTH = 60
"""Nor are scripts that nest deeper: the parsers are recursive."""


class Opaque(NamedTuple):
    """Something that slimfix does not understand, and steps around."""

    reason: str


Reading = Tree | Opaque


@lru_cache(maxsize=8192)
def read(text: str) -> Reading:
    """The tree of a shell script, or why there is none. Cached, for texts recur.

    Every failure of the parser becomes an ``Opaque``; nothing is raised.
    """
    if not text.strip():
        return Opaque("empty command")
    if len(text) > MAX_LENGTH:
        return Opaque("script too long")
    if _depth(text) > MAX_DEPTH:
        return Opaque("nested too deeply")
    try:
        return parse(text)
    except (Unreadable, Misread) as error:
        return Opaque(f"shell not understood ({error})")
    except (RecursionError, AssertionError):
        return Opaque("shell not understood")
    except Exception as error:  # bashlex raises errors of many kinds, and none of them is ours
        lines = str(error).splitlines() or [type(error).__name__]
        return Opaque(f"shell not understood ({lines[0]})")


def _depth(text: str) -> int:
    """An upper bound of the nesting: the deepest run of brackets, and words that open a block."""
    count = text.count
    if count("(") + count("{") + count("if") + count("do") + count("case") <= MAX_DEPTH:
        return 0  # whichever of them they are, they cannot be too many
    depth = deepest = 0
    for match in re.finditer(r"[({]|[)}]|\b(?:if|do|case)\b|\b(?:fi|done|esac)\b|`", text):
        found = match.group()
        if found in ("(", "{", "if", "do", "case"):
            depth += 1
            deepest = max(deepest, depth)
        elif found != "`":
            depth -= 1
    return deepest


__all__ = ["Opaque", "Reading", "Tree", "read"]
