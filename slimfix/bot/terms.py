"""What holds for every pull request of a run, and what became of one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple


class Result(NamedTuple):
    """What became of one pull request."""

    branch: str
    action: str
    """One of those of :mod:`.decide`, in lower case, or ``delete-branch``."""
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
