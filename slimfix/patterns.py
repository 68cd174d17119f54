"""Patterns that are compiled when they are first used: most rules never come to theirs."""

from __future__ import annotations

import re

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
