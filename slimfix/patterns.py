"""Patterns that are compiled when they are first used: most rules never come to theirs."""

from __future__ import annotations

import re
from collections.abc import Iterable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, AnyStr


class _Pattern:
    """Has the methods of a compiled pattern."""

    def __init__(self, pattern: Any, flags: int) -> None:
        self._given = pattern, flags

    def __getattr__(self, name: str) -> Any:
        # Asked once for each name: then the object has it.
        found = getattr(re.compile(*self._given), name)
        setattr(self, name, found)
        return found


def lazy(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """The pattern, not compiled yet.

    ``re.error`` comes when it is used, not here: a test has every one compiled.
    """
    made: Any = _Pattern(pattern, flags)
    found: re.Pattern[AnyStr] = made
    return found


class Names:
    """Names given as regular expressions, each over a whole name.

    Most are plain words, and of the others only those are compiled whose plain beginning a name shares: to
    compile them all takes milliseconds.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        given = tuple(patterns)
        self._plain = frozenset(each for each in given if each.replace("-", "").isalnum())
        others = (each for each in given if each not in self._plain)
        self._others = tuple((_beginning(each), lazy(each)) for each in others)

    def hold(self, name: str) -> bool:
        """Whether *name* is one of them."""
        if name in self._plain:
            return True
        for beginning, pattern in self._others:
            if name.startswith(beginning) and pattern.fullmatch(name):
                return True
        return False


_BEGINNING = lazy(r"(?:[A-Za-z0-9_-](?![?*+{]))*")


def _beginning(pattern: str) -> str:
    """What every text begins with that is matched."""
    match = None if "|" in pattern else _BEGINNING.match(pattern)
    return match.group() if match else ""
