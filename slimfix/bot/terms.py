"""What holds for every pull request of a run, and what became of one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

TRIES = 5
"""How often we look again after a call that was cut, or when someone else was at work at the same time."""


class Result(NamedTuple):
    """What became of one pull request."""

    branch: str
    """Empty where it is about the whole repository."""
    action: str
    """One of :mod:`.decide`, in lower case, or ``delete-branch``; of settings ``tell`` or ``mend``."""
    why: str = ""
    url: str = ""
    problems: tuple[str, ...] = ()
    """What did not work and is not worth failing for: a label, a reviewer."""


class Place(NamedTuple):
    """What a pull request takes a place of the hour for."""

    repository: str
    branch: str

    @property
    def owner(self) -> str:
        """Who owns the repository."""
        return self.repository.rpartition("/")[0]


class Hour(Protocol):
    """How many pull requests may be opened in an hour."""

    def take(self, place: Place) -> bool:
        """Take a place, if one is free; the same one again where it was taken and not used."""

    def used(self, place: Place) -> None:
        """The pull request was opened."""

    def free(self, place: Place) -> None:
        """It was not opened, and is not going to be."""


class NoLimit:
    """An hour with places for all."""

    def take(self, place: Place) -> bool:
        return True

    def used(self, place: Place) -> None:
        """Nothing is counted."""

    def free(self, place: Place) -> None:
        """Nothing is counted."""


class Terms(NamedTuple):
    """What holds for every pull request of a run."""

    docs: str = ""
    """The address under which there is a page for each rule."""
    forks: bool = False
    denied: Callable[[str], bool] = lambda name: False
    """Whether the operator wants a repository of that name left alone: asked of the name that it has now."""
    dry: bool = False
    pause: Callable[[float], None] = time.sleep
    quiet: Callable[[], bool] = lambda: False
    hour: Hour = NoLimit()
