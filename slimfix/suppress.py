"""Comments that hold rules back.

``# slimfix: ignore`` (every rule) or ``# slimfix: ignore=merge-runs,SF001`` on the line above an
instruction, or among its lines, is for that instruction; ``# slimfix: ignore-file`` anywhere, with
or without a list, is for the whole file.
"""

from __future__ import annotations

import re
from functools import lru_cache

from slimfix.dockerfile import Dockerfile
from slimfix.patterns import lazy
from slimfix.rules import Rule
from slimfix.text import Span

_COMMENT = lazy(r"#\s*slimfix:\s*(ignore-file|ignore)\s*(?:=\s*([\w\s,-]+))?", re.IGNORECASE)


def suppressed(dockerfile: Dockerfile, rule: Rule, *spans: Span) -> bool:
    """Whether a comment forbids *rule* to touch any of *spans*."""
    if "slimfix:" not in dockerfile.text.lower():
        return False
    whole, parts = _comments(dockerfile.text, dockerfile)
    if any(_names(names, rule) for names in whole):
        return True
    return any(
        _names(names, rule) and any(max(s.start, place.start) <= min(s.end, place.end - 1) for s in spans)
        for place, names in parts
    )


def alone(dockerfile: Dockerfile, place: Span, name: str) -> bool:
    """Whether a comment keeps the rule called *name* away from the instruction at *place*."""
    if "slimfix:" not in dockerfile.text.lower():
        return False
    _, parts = _comments(dockerfile.text, dockerfile)
    return any(at == place and (not names or name in names) for at, names in parts)


def _names(names: tuple[str, ...], rule: Rule) -> bool:
    if not names:
        return True
    return any(
        name == rule.name or rule.name.startswith(name + "-") or rule.code.lower().startswith(name)
        for name in names
    )


@lru_cache(maxsize=8)
def _comments(
    text: str, dockerfile: Dockerfile
) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[Span, tuple[str, ...]], ...]]:
    """The lists of names for the file, and for single instructions with their place."""
    whole: list[tuple[str, ...]] = []
    parts: list[tuple[Span, tuple[str, ...]]] = []
    waiting: list[tuple[str, ...]] = []
    for tile in dockerfile.tiles:
        inside = [dockerfile.source(c) for c in tile.comments]
        if tile.kind == "comment":
            inside = [dockerfile.source(tile.span)]
        for comment in inside:
            match = _COMMENT.search(comment)
            if match is None:
                continue
            names = tuple(n for n in re.split(r"[\s,]+", (match.group(2) or "").lower()) if n)
            if match.group(1).lower() == "ignore-file":
                whole.append(names)
            elif tile.kind == "comment":
                waiting.append(names)
            else:
                parts.append((tile.span, names))
        if tile.kind == "instruction":
            parts += [(tile.span, names) for names in waiting]
            waiting = []
    return tuple(whole), tuple(parts)
