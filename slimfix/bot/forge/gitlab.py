"""GitLab, on gitlab.com or a server of one's own.

Its commits API keeps modes, but makes one commit at a time, on a branch, and can only overwrite what
stands there; so branches are written with git (see :mod:`.push`). A project is named by its whole path,
with every slash quoted.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

from slimfix.bot import names
from slimfix.bot.command import Login
from slimfix.bot.commits import Commit
from slimfix.bot.errors import BotError
from slimfix.bot.forge import Ahead, Exists, New, Pull, Repository
from slimfix.bot.forge.gitlab_read import DRAFT, ahead_of, pull_of, repository_of
from slimfix.bot.forge.push import Person, Workshop
from slimfix.bot.forge.refusal import typed
from slimfix.bot.http import Auth, Client, Refused
from slimfix.bot.pace import Pace
from slimfix.bot.redact import Secrets

API = "https://gitlab.com/api/v4"
_HEADERS = {"Accept": "application/json"}


class GitLab:
    """The forge at one address, such as ``https://gitlab.com/api/v4``."""

    body_limit = 1_048_576

    def __init__(self, api: str, auth: Auth | None, pace: Pace, secrets: Secrets) -> None:
        self.client = Client(api or API, auth, pace, secrets, _HEADERS)
        self._workshop = Workshop(secrets, pace)
        self._person: Person | None = None
        self._lock = threading.Lock()

    # -- what there is -------------------------------------------------------------------------

    def login(self, repository: Repository) -> Login | None:
        """See :class:`slimfix.bot.forge.Forge`, here and below."""
        return self.client.login(repository.name)

    def repository(self, name: str) -> Repository:
        found = self._get(f"/projects/{quote(names.repository(name), safe='')}")
        # The address that the forge gives may be another than that at which we reach it.
        return repository_of(found, self.client.base.removesuffix("/api/v4"))

    def repositories(self, owner: str) -> Iterator[str]:
        quoted = quote(owner, safe="")
        order = {"order_by": "id", "sort": "asc"}
        group = {"include_subgroups": "true", "with_shared": "false", **order}
        try:
            self.client.get(f"/groups/{quoted}/projects", {**group, "per_page": "1"})
            place, query = f"/groups/{quoted}/projects", group
        except Refused as error:
            if error.status != 404:
                raise typed(error) from None
            place, query = f"/users/{quoted}/projects", order
        for found in self._pages(place, query, most=400):
            yield str(found["path_with_namespace"])

    def pulls(self, repository: Repository, branch: str) -> list[Pull]:
        query = {"source_branch": branch, "state": "all", "order_by": "created_at", "sort": "desc"}
        return [pull for pull in self._pulls(repository, query) if pull.branch == branch]

    def open_pulls(self, repository: Repository) -> list[Pull]:
        found = self._pulls(repository, {"state": "opened", "order_by": "created_at", "sort": "desc"})
        return [pull for pull in found if names.ours(pull.branch)]

    def _pulls(self, repository: Repository, query: dict[str, str]) -> Iterator[Pull]:
        for found in self._pages(f"{_at(repository)}/merge_requests", query, most=100):
            # A fork may have a branch of the same name.
            if found["source_project_id"] == found["target_project_id"]:
                yield pull_of(found)

    def detail(self, repository: Repository, pull: Pull) -> Pull:
        return pull_of(self._get(f"{_at(repository)}/merge_requests/{pull.number}"))

    def branch(self, repository: Repository, name: str) -> str | None:
        try:
            found = self.client.get(f"{_at(repository)}/repository/branches/{quote(name, safe='')}")
        except Refused as error:
            if error.status == 404:
                return None
            raise typed(error) from None
        return names.sha(found["commit"]["id"])

    def branches(self, repository: Repository) -> dict[str, str]:
        query = {"search": f"^{names.PREFIX}"}
        found = {
            str(one["name"]): names.sha(one["commit"]["id"])
            for one in self._pages(f"{_at(repository)}/repository/branches", query)
        }
        return {name: sha for name, sha in found.items() if names.ours(name)}

    def ahead(self, repository: Repository, base: str, head: str) -> list[Ahead]:
        query = {"from": names.sha(base), "to": names.sha(head)}
        found = self._get(f"{_at(repository)}/repository/compare", query)
        return [ahead_of(one) for one in found["commits"]]

    # -- writing -------------------------------------------------------------------------------

    def commit(
        self, repository: Repository, base: str, commits: tuple[Commit, ...], messages: list[str]
    ) -> str:
        login = self.login(repository)
        return self._workshop.commit(repository, login, base, commits, messages, self._who())

    def _who(self) -> Person:
        """Whose token it is. A rule of a project may want commits to be of the account that pushes them."""
        with self._lock:
            if self._person is None:
                host = urlsplit(self.client.base).hostname or "localhost"
                self._person = Person("slimfix", f"slimfix@noreply.{host}")
                with contextlib.suppress(Refused):  # the token may do its work and not read this
                    found = self.client.get("/user")
                    email = found.get("commit_email") or found.get("email") or self._person.email
                    self._person = Person(str(found.get("name") or found["username"]), str(email))
            return self._person

    def create_branch(self, repository: Repository, name: str, commit: str) -> None:
        self._workshop.push(repository, self.login(repository), name, None, commit)

    def move_branch(self, repository: Repository, name: str, old: str, new: str) -> None:
        self._workshop.push(repository, self.login(repository), name, old, new)

    def delete_branch(self, repository: Repository, name: str, old: str) -> None:
        self._workshop.push(repository, self.login(repository), name, old, None)

    def open_pull(self, repository: Repository, new: New) -> Pull:
        if not names.ours(new.branch):
            raise BotError("bad-name", f"not a branch of the bot: {new.branch!r}")
        body = {
            "title": DRAFT + new.title if new.draft else new.title,
            "description": new.body,
            "source_branch": new.branch,
            "target_branch": new.base,
        }
        try:
            found = self.client.write("POST", f"{_at(repository)}/merge_requests", body, notifies=True)
        except Refused as error:
            if error.status == 409 and "already exists" in error.text:
                raise Exists(new.branch) from None
            raise typed(error) from None
        return pull_of(found)

    def edit_pull(
        self,
        repository: Repository,
        pull: Pull,
        title: str | None = None,
        body: str | None = None,
        close: bool = False,
    ) -> None:
        if title is not None and pull.draft:
            title = DRAFT + title
        given = {"title": title, "description": body, "state_event": "close" if close else None}
        changes = {key: value for key, value in given.items() if value is not None}
        self._write("PUT", f"{_at(repository)}/merge_requests/{pull.number}", changes, notifies=close)

    def comments(self, repository: Repository, pull: Pull) -> list[str]:
        found = self._pages(f"{_at(repository)}/merge_requests/{pull.number}/notes", most=20)
        return [str(one.get("body") or "") for one in found if not one.get("system")]

    def comment(self, repository: Repository, pull: Pull, text: str) -> None:
        place = f"{_at(repository)}/merge_requests/{pull.number}/notes"
        self._write("POST", place, {"body": text}, notifies=True)

    def decorate(
        self, repository: Repository, pull: Pull, labels: tuple[str, ...], reviewers: tuple[str, ...]
    ) -> list[str]:
        problems = []
        place = f"{_at(repository)}/merge_requests/{pull.number}"
        missing = [label for label in labels if label not in pull.labels and "," not in label]
        problems += [f"GitLab has no label with a comma: {label}" for label in labels if "," in label]
        if missing:
            try:
                self._write("PUT", place, {"add_labels": ",".join(missing)}, notifies=True)
            except BotError as error:
                problems.append(str(error))
        try:
            ids, unknown = self._ids(reviewers)
            problems += [f"no such user: {name}" for name in unknown]
            if ids:
                # They replace those who were asked before.
                found = self._get(place).get("reviewers") or ()
                asked = list(dict.fromkeys([*(int(one["id"]) for one in found), *ids]))
                self._write("PUT", place, {"reviewer_ids": asked}, notifies=True)
        except BotError as error:
            problems.append(str(error))
        return problems

    def _ids(self, logins: tuple[str, ...]) -> tuple[list[int], list[str]]:
        """The numbers of users, and the names that are of none. A group cannot be asked for a review."""
        ids, unknown = [], []
        for login in logins:
            found = [] if "/" in login else self._get("/users", {"username": login})
            if found:
                ids.append(int(found[0]["id"]))
            else:
                unknown.append(login)
        return ids, unknown

    # -- requests ------------------------------------------------------------------------------

    def _get(self, path: str, query: dict[str, str] | None = None) -> Any:
        try:
            return self.client.get(path, query)
        except Refused as error:
            raise typed(error) from None

    def _pages(self, path: str, query: dict[str, str] | None = None, most: int = 50) -> Iterator[Any]:
        try:
            yield from self.client.numbered(path, query, most)
        except Refused as error:
            raise typed(error) from None

    def _write(self, method: str, path: str, body: dict[str, Any], notifies: bool = False) -> Any:
        try:
            return self.client.write(method, path, body, notifies)
        except Refused as error:
            raise typed(error) from None


def _at(repository: Repository) -> str:
    return f"/projects/{quote(repository.name, safe='')}"
