"""What each forge says of its own API, or failing that, what a client that is not ours knows of it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Protocol

from tests.bot.forge import contract as github


class Contract(Protocol):
    """Checks messages."""

    def request(self, method: str, path: str, query: dict[str, str], body: Any) -> list[str]:
        """What is wrong with a request."""

    def response(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """What is wrong with an answer."""

    def filled(self, method: str, path: str, status: int, real: Any) -> Any:
        """An answer with whatever else there must be in it."""


@lru_cache
def contract(kind: str) -> Contract | None:
    """The contract of a kind of forge; None where it cannot be had."""
    if kind == "github":
        return github.contract()
    try:
        if kind == "gitea":
            from tests.bot.forge.contract_gitea import GiteaContract

            return GiteaContract()
        from tests.bot.forge.contract_gitlab import GitLabContract

        return GitLabContract()
    except ImportError:
        return None
