"""Which paths of an image are caches, records or bytecode; the table is ``paths.toml``."""

from __future__ import annotations

import os
import re
import sys
from functools import lru_cache
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def kind(path: str) -> str | None:
    """``cache``, ``record`` or ``bytecode``; None for everything else."""
    for name, pattern in _patterns():
        if pattern.fullmatch(path):
            return name
    return None


def seldom_edited() -> tuple[str, ...]:
    """Names of files that are seldom edited, with ``*``."""
    return tuple(_table()["touch"]["seldom"])


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    with open(os.path.join(os.path.dirname(__file__), "paths.toml"), "rb") as file:
        table: dict[str, Any] = tomllib.load(file)
    return table


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    joined: dict[str, list[str]] = {}
    for one in _table()["set"]:
        joined.setdefault(one["kind"], []).extend(map(_expression, one["paths"]))
    return tuple((name, re.compile("|".join(parts), re.DOTALL)) for name, parts in joined.items())


def _expression(pattern: str) -> str:
    """A pattern of the table as a regular expression; ``a/**`` is also ``a`` itself."""
    text = pattern
    end = ""
    if text.endswith("/**"):
        text, end = text[:-3], "(?:/.*)?"
    text = re.escape(text).replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
    return text + end
