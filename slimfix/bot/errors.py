"""Why the bot leaves a repository alone: one type, with a kind that programs can tell apart."""

from __future__ import annotations

from typing import Literal

Kind = Literal[
    "archived",
    "bad-config",
    "bad-name",
    "bad-plan",
    "denied",
    "disabled",
    "empty",
    "fork",
    "forge-down",
    "forge-error",
    "git",
    "gone",
    "moved",
    "no-engine",
    "no-permission",
    "opted-out",
    "protected",
    "rate-limited",
    "too-large",
]


class BotError(Exception):
    """Something that ends the work on one repository, and on no other."""

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind: Kind = kind

    @property
    def passing(self) -> bool:
        """Whether it may go well another time, with nothing changed."""
        return self.kind in ("forge-down", "moved", "rate-limited", "git")


class Renamed(BotError):
    """The repository has another name than it had a moment ago: whoever meets this looks at it again."""

    def __init__(self, message: str) -> None:
        super().__init__("moved", message)
