"""A clock that one can turn."""

from __future__ import annotations

import time


class Clock:
    """Time passes only when someone sleeps."""

    def __init__(self, start: float | None = None) -> None:
        self.time = time.time() if start is None else start
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
