"""Which function answers which request: for the forges that are not GitHub."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.bot.forge.world import Pull, Repo, World

Answer = tuple[int, Any]
Given = tuple[dict[str, str], dict[str, str], Any]
"""Fields of the path, the query, and the body."""


class Failure(Exception):
    """An answer that is none."""

    def __init__(self, status: int, body: Any) -> None:
        self.answer: Answer = status, body


class Redirect(Exception):
    """It is elsewhere."""

    def __init__(self, status: int, place: str) -> None:
        self.status = status
        self.place = place


class Routes:
    """Templates such as ``/repos/{owner}/{repo}/pulls``; ``{rest}`` may hold slashes."""

    def __init__(self) -> None:
        self._found: list[tuple[str, re.Pattern[str], Callable[..., Answer]]] = []

    def add(self, method: str, template: str) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
        pattern = re.compile(
            re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template).replace("(?P<rest>[^/]+)", "(?P<rest>.+)")
            + r"\Z"
        )

        def register(handler: Callable[..., Answer]) -> Callable[..., Answer]:
            self._found.append((method, pattern, handler))
            return handler

        return register

    def find(self, method: str, path: str) -> tuple[Callable[..., Answer], dict[str, str]] | None:
        for wanted, pattern, handler in self._found:
            match = pattern.match(path)
            if wanted == method and match:
                return handler, match.groupdict()
        return None


class Front:
    """What the APIs of the forges have in common. The address is without a slash at its end."""

    prefix = ""

    def __init__(self, world: World, address: str) -> None:
        self.world = world
        self.address = address

    def page(self, query: dict[str, str]) -> tuple[int, int]:
        """Items a page, and the number of the page."""
        raise NotImplementedError

    def answer(self, method: str, path: str, query: dict[str, str], body: Any, login: str | None) -> Answer:
        """Status and JSON; the path is that after the prefix. Raises Redirect."""
        raise NotImplementedError

    @staticmethod
    def numbered(repo: Repo, number: str) -> Pull | None:
        return next((pull for pull in repo.pulls if pull.number == int(number)), None)


def commit_of(repo: Repo, sha: str) -> dict[str, str]:
    """The parts of a commit."""
    text = repo.git("show", "-s", "--format=%an%n%ae%n%aI%n%cn%n%ce%n%cI%n%B", sha)
    keys = ("an", "ae", "ad", "cn", "ce", "cd", "message")
    return dict(zip(keys, text.split("\n", 6)))
