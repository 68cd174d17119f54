"""Requests to GitHub, with its answers and refusals as what the bot works with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from slimfix.bot.forge import Repository
from slimfix.bot.forge.refusal import typed
from slimfix.bot.http import Client, Interrupted, Refused

_LATE = ("tree sha does not exist", "could not resolve to a node", "object does not exist", "no commit found")
"""What GitHub says of something that was made a moment ago, and has not come round to all its machines."""


class Answer(NamedTuple):
    """What a GraphQL request gave."""

    data: dict[str, Any]
    errors: str
    """In words; empty for none."""


class Requests:
    """What all parts of :class:`slimfix.bot.forge.github.GitHub` send."""

    client: Client

    def _get(self, path: str, follow: bool = False) -> Any:
        try:
            return self.client.get(path, follow=follow)
        except Refused as error:
            raise typed(error) from None

    def _pages(
        self, path: str, query: Mapping[str, str] | None = None, most: int = 50, follow: bool = False
    ) -> Iterator[Any]:
        try:
            yield from self.client.pages(path, query, most, follow)
        except Refused as error:
            raise typed(error) from None

    def _write(
        self, method: str, path: str, body: dict[str, Any], notifies: bool = False, about: str = ""
    ) -> Any:
        try:
            return self.client.write(method, path, body, notifies, about)
        except Refused as error:
            raise typed(error) from None

    def _soon(self, path: str, body: dict[str, Any]) -> Any:
        """A write that may need what was made a moment ago."""
        for number in range(3):
            try:
                return self.client.write("POST", path, body)
            except Refused as error:
                if not any(words in error.text for words in _LATE):
                    raise typed(error) from None
            self.client.pace.clock.sleep(2.0**number)
        raise Interrupted(f"POST {path}: the forge does not find what was made a moment ago")

    def _graphql(self, repository: Repository, query: str, variables: dict[str, Any]) -> Answer:
        # Enterprise has its REST API under /api/v3, and this beside it.
        address = self.client.base.removesuffix("/v3") + "/graphql"
        body = {"query": query, "variables": variables}
        found = self._write("POST", address, body, about=f"/repos/{repository.name}")
        if not isinstance(found, dict):
            return Answer({}, "no answer")
        errors = found.get("errors") or ()
        text = " ".join(str(error.get("message")) for error in errors)
        return Answer(found.get("data") or {}, self.client.secrets.hide(text))
