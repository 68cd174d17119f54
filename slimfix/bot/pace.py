"""When the next request to a forge may be sent. The figures are those of GitHub's documentation.

Writes go one at a time, a second apart, three after one that notifies people; no more than 80 requests a
minute and 500 an hour may create something. All waiting is done by a clock that can be replaced.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol


class Clock(Protocol):
    """The time, and a way to let it pass."""

    def now(self) -> float:
        """Seconds since 1970."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class Limits(NamedTuple):
    """How fast a forge lets us go."""

    write: float = 1.0
    """Seconds between two writes."""
    notify: float = 3.0
    """Seconds after a write that people are told of."""
    windows: tuple[tuple[float, int], ...] = ((60.0, 80), (3600.0, 500))
    """In so many seconds, so many requests that create something."""


GITHUB = Limits()
GITLAB = Limits(0.5, 1.0, ((60.0, 60),))
"""gitlab.com takes 60 notes a minute of a user; everything else may be more."""
GITEA = Limits(0.2, 1.0, ((60.0, 60),))
"""They name no limits; a small server is to stay well."""
LIMITS = {"github": GITHUB, "gitlab": GITLAB, "gitea": GITEA}
UNLIMITED = Limits(0, 0, ())
"""For a server of one's own."""


class Pace:
    """Lets requests pass when it is their time. Shared by all threads of a process."""

    def __init__(self, clock: Clock, limits: Limits = GITHUB) -> None:
        self.clock = clock
        self.limits = limits
        self.waited = 0.0
        self._write = threading.Lock()
        self._state = threading.Lock()
        self._closed_until = 0.0
        self._next_write = 0.0
        self._created: deque[float] = deque()

    def close_for(self, seconds: float) -> None:
        """Send nothing for a while: the forge said so."""
        with self._state:
            self._closed_until = max(self._closed_until, self.clock.now() + seconds)

    def read(self) -> None:
        """Wait until a request that only reads may be sent."""
        self._wait(lambda: self._closed_until)

    @contextmanager
    def write(self, creates: bool, notifies: bool) -> Iterator[None]:
        """Wait until a write may be sent, and let no other be sent meanwhile."""
        with self._write:
            self._wait(lambda: max(self._closed_until, self._next_write, self._room() if creates else 0.0))
            if creates:
                self._created.append(self.clock.now())
            try:
                yield
            finally:
                self._next_write = self.clock.now() + (self.limits.notify if notifies else self.limits.write)

    def _room(self) -> float:
        """When one more may be created."""
        result = 0.0
        for seconds, number in self.limits.windows:
            if len(self._created) >= number:
                result = max(result, self._created[-number] + seconds)
        longest = max((seconds for seconds, _ in self.limits.windows), default=0.0)
        while self._created and self._created[0] + longest < self.clock.now():
            self._created.popleft()
        return result

    def _wait(self, until: _Time) -> None:
        while True:
            with self._state:
                seconds = until() - self.clock.now()
            if seconds <= 0:
                return
            self.waited += seconds
            self.clock.sleep(seconds)


class _Time(Protocol):
    def __call__(self) -> float: ...
