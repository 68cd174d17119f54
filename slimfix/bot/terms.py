"""What holds for every pull request of a run, and what became of one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

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


class Terms(NamedTuple):
    """What holds for every pull request of a run."""

    docs: str = ""
    """The address under which there is a page for each rule."""
    forks: bool = False
    dry: bool = False
    pause: Callable[[float], None] = time.sleep
    quiet: Callable[[], bool] = lambda: False
    hour_full: Callable[[str], bool] = lambda owner: False
    """Whether the owner of a repository, or everyone, has had enough for this hour."""
    opened: Callable[[str], None] = lambda owner: None
    """Told when a pull request has been opened."""
