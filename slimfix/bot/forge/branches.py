"""What Gitea and GitLab have in common: branches that are written with git, pages with numbers."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from slimfix.bot import names
from slimfix.bot.command import Login
from slimfix.bot.commits import Commit
from slimfix.bot.errors import BotError
from slimfix.bot.forge import Exists, Repository
from slimfix.bot.forge.push import Person, Workshop
from slimfix.bot.forge.refusal import typed
from slimfix.bot.http import Client, Refused


class Account(NamedTuple):
    """Whose token it is."""

    login: str
    id: int
    person: Person


class Branches(ABC):
    """A part of such a forge."""

    client: Client
    _size = "per_page"
    """The name of the parameter for items a page."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._workshop = Workshop(client.secrets, client.pace)
        self._account: Account | None = None
        self._lock = threading.Lock()

    def account(self) -> Account:
        """Whose token it is; asked for once. Raises BotError."""
        with self._lock:
            if self._account is None:
                self._account = self._asked(f"slimfix@noreply.{urlsplit(self.client.base).hostname}")
            return self._account

    @abstractmethod
    def _asked(self, email: str) -> Account:
        """The answer of the forge; *email* is for an account that shows none."""

    def me(self, repository: Repository) -> str:
        """See :class:`slimfix.bot.forge.Forge`, here and below."""
        return self.account().login

    def login(self, repository: Repository) -> Login | None:
        return self.client.login(repository.name)

    def commit(
        self, repository: Repository, base: str, commits: tuple[Commit, ...], messages: list[str]
    ) -> str:
        try:
            person = self.account().person
        except BotError as error:
            if error.kind not in ("no-permission", "gone"):  # it may do its work and not read this
                raise
            person = Person("slimfix", f"slimfix@noreply.{urlsplit(self.client.base).hostname}")
        return self._workshop.commit(repository, self.login(repository), base, commits, messages, person)

    def create_branch(self, repository: Repository, name: str, commit: str) -> None:
        self._workshop.push(repository, self.login(repository), name, None, commit)

    def move_branch(self, repository: Repository, name: str, old: str, new: str) -> None:
        self._workshop.push(repository, self.login(repository), name, old, new)

    def delete_branch(self, repository: Repository, name: str, old: str) -> None:
        self._workshop.push(repository, self.login(repository), name, old, None)

    def _opened(self, path: str, branch: str, body: dict[str, Any]) -> Any:
        """What the forge says of a new pull request. Raises Exists."""
        if not names.ours(branch):
            raise BotError("bad-name", f"not a branch of the bot: {branch!r}")
        try:
            return self.client.write("POST", path, body, notifies=True)
        except Refused as error:
            if error.status == 409 and "already exists" in error.text:
                raise Exists(branch) from None
            raise typed(error) from None

    # -- requests ------------------------------------------------------------------------------

    def _get(self, path: str, query: Mapping[str, str] | None = None, follow: bool = False) -> Any:
        try:
            return self.client.get(path, query, follow)
        except Refused as error:
            raise typed(error) from None

    def _pages(
        self, path: str, query: Mapping[str, str] | None = None, most: int = 50, follow: bool = False
    ) -> Iterator[Any]:
        try:
            yield from self.client.numbered(path, query, most, self._size, follow)
        except Refused as error:
            raise typed(error) from None

    def _write(
        self, method: str, path: str, body: dict[str, Any] | None = None, notifies: bool = False
    ) -> Any:
        try:
            return self.client.write(method, path, body, notifies)
        except Refused as error:
            raise typed(error) from None
