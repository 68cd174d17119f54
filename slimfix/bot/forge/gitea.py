"""Gitea and Forgejo, from Gitea 1.20 and Forgejo 7.

Their API looks like GitHub's, but it makes no trees and commits, and cannot find pull requests by their
branch. So branches are written with git (see :mod:`.push`), and pull requests are looked through. The
endpoint that changes several files at once makes one commit at a time, on a branch, and compares only the
branch's name; a push keeps modes, brings all commits at once and compares what it replaces.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from urllib.parse import quote

from slimfix.bot import names
from slimfix.bot.codeowners import Kind
from slimfix.bot.errors import BotError
from slimfix.bot.forge import Ahead, New, Pull, Repository
from slimfix.bot.forge.gitea_people import People
from slimfix.bot.forge.gitea_read import DRAFT, ahead_of, pull_of, repository_of
from slimfix.bot.forge.refusal import typed
from slimfix.bot.http import Auth, Client, Refused
from slimfix.bot.pace import Pace
from slimfix.bot.redact import Secrets

_HEADERS = {"Accept": "application/json"}
_PAGES = 100
"""Pages of pull requests that are looked through; more are too many to tell what was turned down."""
_CHECKING = 3
"""How often we ask whether a pull request can be merged: it says no while the forge is finding out."""


class Gitea(People):
    """The forge at one address, such as ``https://codeberg.org/api/v1``."""

    kind: Kind = "gitea"
    body_limit = 65_535
    """They have none; no one reads more."""

    def __init__(self, api: str, auth: Auth | None, pace: Pace, secrets: Secrets) -> None:
        super().__init__(Client(api, auth, pace, secrets, _HEADERS))

    # -- what there is -------------------------------------------------------------------------

    def repository(self, name: str) -> Repository:
        """See :class:`slimfix.bot.forge.Forge`, here and below."""
        found = self._get(f"/repos/{names.repository(name)}", follow=True)
        # The address that the forge gives may be another than that at which we reach it.
        return repository_of(found, self.client.base.removesuffix("/api/v1"))

    def repositories(self, owner: str) -> Iterator[str]:
        quoted = quote(owner, safe="")
        try:
            self.client.get(f"/orgs/{quoted}", follow=True)
            place = f"/orgs/{quoted}/repos"
        except Refused as error:
            if error.status != 404:
                raise typed(error) from None
            place = f"/users/{quoted}/repos"
        for found in self._pages(place, most=200, follow=True):
            yield str(found["full_name"])

    def pulls(self, repository: Repository, branch: str) -> list[Pull]:
        found = [pull for pull in self._pulls(repository, "all") if pull.branch == branch]
        return sorted(found, key=lambda pull: -pull.number)

    def open_pulls(self, repository: Repository) -> list[Pull]:
        return [pull for pull in self._pulls(repository, "open") if names.ours(pull.branch)]

    def _pulls(self, repository: Repository, state: str) -> Iterator[Pull]:
        place = f"/repos/{repository.name}/pulls"
        for found in self._pages(place, {"state": state}, _PAGES):
            # A fork may have a branch of the same name.
            if found["head"]["repo_id"] == found["base"]["repo_id"]:
                yield pull_of(found)

    def detail(self, repository: Repository, pull: Pull) -> Pull:
        for number in range(_CHECKING):
            if number:
                self.client.pace.clock.sleep(2.0**number)
            found = self._get(f"/repos/{repository.name}/pulls/{pull.number}")
            result = pull_of(found)
            if not result.conflicted:
                break
        outdated = found.get("merge_base") != found["base"]["sha"]
        return result._replace(
            behind=outdated and self._strict(repository, result.base),
            automerge=self.scheduled(repository, result),
        )

    def _strict(self, repository: Repository, base: str) -> bool:
        """Whether a branch must be up to date before it is merged, where we may know."""
        place = f"/repos/{repository.name}"
        try:
            branch = self.client.get(f"{place}/branches/{quote(base, safe='/')}")
            rule = branch.get("effective_branch_protection_name")
            if not rule:
                return False
            found = self.client.get(f"{place}/branch_protections/{quote(rule, safe='')}")
        except Refused:
            return False
        return bool(found.get("block_on_outdated_branch"))

    def branch(self, repository: Repository, name: str) -> str | None:
        try:
            found = self.client.get(f"/repos/{repository.name}/branches/{quote(name, safe='/')}")
        except Refused as error:
            if error.status == 404:
                return None
            raise typed(error) from None
        return names.sha(found["commit"]["id"])

    def branches(self, repository: Repository) -> dict[str, str]:
        try:
            found = self.client.get(f"/repos/{repository.name}/git/refs/heads/{names.PREFIX.rstrip('/')}")
        except Refused as error:
            if error.status == 404:  # none begins so
                return {}
            raise typed(error) from None
        refs = {
            one["ref"].removeprefix("refs/heads/"): one["object"]["sha"]
            for one in (found if isinstance(found, list) else [found])
        }
        return {name: names.sha(sha) for name, sha in refs.items() if names.ours(name)}

    def ahead(self, repository: Repository, base: str, head: str) -> list[Ahead]:
        plain = {"stat": "false", "verification": "false", "files": "false"}
        query = {"sha": names.sha(head), "not": names.sha(base), **plain}
        try:
            return [ahead_of(one) for one in self._pages(f"/repos/{repository.name}/commits", query, most=5)]
        except BotError as error:
            if error.kind == "gone":  # so it says where there are none
                return []
            raise

    # -- writing -------------------------------------------------------------------------------

    def open_pull(self, repository: Repository, new: New) -> Pull:
        title = DRAFT + new.title if new.draft else new.title
        body = {"title": title, "body": new.body, "head": new.branch, "base": new.base}
        return pull_of(self._opened(f"/repos/{repository.name}/pulls", new.branch, body))

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
        given = {"title": title, "body": body, "state": "closed" if close else None}
        changes = {key: value for key, value in given.items() if value is not None}
        self._write("PATCH", f"/repos/{repository.name}/pulls/{pull.number}", changes, notifies=close)

    def decorate(
        self, repository: Repository, pull: Pull, labels: tuple[str, ...], reviewers: tuple[str, ...]
    ) -> list[str]:
        problems = []
        place = f"/repos/{repository.name}"
        missing = [label for label in labels if label not in pull.labels]
        if missing:
            try:
                body = {"labels": self._labels(repository, missing)}
                self._write("POST", f"{place}/issues/{pull.number}/labels", body, notifies=True)
            except BotError as error:
                if error.passing:
                    raise
                problems.append(str(error))
        if reviewers:
            users = [name for name in reviewers if "/" not in name]
            teams = [name.rpartition("/")[2] for name in reviewers if "/" in name]
            asked = {"reviewers": users, "team_reviewers": teams}
            try:
                self._write("POST", f"{place}/pulls/{pull.number}/requested_reviewers", asked, notifies=True)
            except BotError as error:
                if error.passing:
                    raise
                problems.append(str(error))
        return problems

    def _labels(self, repository: Repository, wanted: list[str]) -> list[int]:
        """The numbers of labels; one that is not there is made."""
        place = f"/repos/{repository.name}/labels"
        known = {str(one["name"]): int(one["id"]) for one in self._pages(place)}
        with contextlib.suppress(BotError):  # the owner may be no organisation
            for one in self._pages(f"/orgs/{repository.owner}/labels"):
                known.setdefault(str(one["name"]), int(one["id"]))
        for name in wanted:
            if name not in known:
                made = self._write("POST", place, {"name": name, "color": "#ededed"})
                known[name] = int(made["id"])
        return [known[name] for name in wanted]
