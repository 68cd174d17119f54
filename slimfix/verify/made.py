"""What a builder makes on the way and does not name: read off what it prints.

The classic builder of Docker names images and containers; podman and buildah the images of single steps,
and their containers they remove by themselves. BuildKit keeps all of that in its cache, which it clears
by itself.
"""

from __future__ import annotations

import re

_MADE = re.compile(r"^ ---> ([0-9a-f]{12})$")
_CONTAINER = re.compile(
    r"^(?: ---> Running in ([0-9a-f]{12})|.*Removing intermediate container ([0-9a-f]{12}))$"
)
_FROM = re.compile(r"^step \d+/\d+ : from ", re.IGNORECASE)
_COMMITTED = re.compile(r"^--> ([0-9a-f]{11,12})$")


class Made:
    """Listens to a builder for the images and containers that it makes on the way."""

    def __init__(self, kind: str = "docker") -> None:
        self._kind = kind
        self.ids: list[str] = []
        """Ids of images, 11 or 12 digits each; those it took from its cache are not among them."""
        self.containers: list[str] = []
        """Ids of containers that it has not yet said it removed."""
        self._before = ""

    def hear(self, line: str) -> None:
        """Take in the next line of its output."""
        if self._kind == "docker":
            self._hear_classic(line)
        elif self._kind in ("podman", "buildah"):
            match = _COMMITTED.match(line)
            if match and not self._before.startswith("--> Using cache"):
                self.ids.append(match[1])
        self._before = line

    def _hear_classic(self, line: str) -> None:
        container = _CONTAINER.match(line)
        if container and container[1]:
            self.containers.append(container[1])
        elif container and container[2] in self.containers:
            self.containers.remove(container[2])
        match = _MADE.match(line)
        if match and self._before.strip() != "---> Using cache" and not _FROM.match(self._before):
            self.ids.append(match[1])
