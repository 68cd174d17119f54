"""GitHub and GitHub Enterprise.

Commits are made with the Git data API: it alone keeps the mode of a file and lets a branch be rebuilt.
They name no author, so that GitHub signs those of an App. Branches are moved with the mutation
``updateRefs``, which compares and swaps; the REST API can only overwrite.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from slimfix.bot import names
from slimfix.bot.app import API, App
from slimfix.bot.codeowners import Kind
from slimfix.bot.command import Login
from slimfix.bot.commits import Commit
from slimfix.bot.errors import BotError
from slimfix.bot.errors import Kind as Reason
from slimfix.bot.forge import Ahead, Exists, Moved, New, Pull, Repository
from slimfix.bot.forge.github_people import People
from slimfix.bot.forge.github_read import ahead_of, merges_of, pull_of
from slimfix.bot.forge.refusal import typed
from slimfix.bot.http import Auth, Client, Refused
from slimfix.bot.pace import Pace
from slimfix.bot.redact import Secrets
from slimfix.text import encode

NOWHERE = "0" * 40
_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_UPDATE = "mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }"


class GitHub(People):
    """The forge at one address."""

    kind: Kind = "github"
    body_limit = 65_535

    def __init__(self, api: str, auth: Auth | None, pace: Pace, secrets: Secrets) -> None:
        self.client = Client(api or API, auth, pace, secrets, _HEADERS)
        self._app = auth if isinstance(auth, App) else None

    # -- what there is -------------------------------------------------------------------------

    def login(self, repository: Repository) -> Login | None:
        """See :class:`slimfix.bot.forge.Forge`, here and below."""
        return self.client.login(repository.name)

    def repository(self, name: str) -> Repository:
        found = self._get(f"/repos/{names.repository(name)}", follow=True)
        return Repository(
            names.repository(found["full_name"]),
            found["default_branch"],
            found["clone_url"],
            found["node_id"],
            bool(found.get("archived")),
            bool(found.get("disabled")),
            bool(found.get("fork")),
            False,
            (found.get("permissions") or {}).get("push"),
            tuple(found.get("topics") or ()),
            found.get("has_issues") is not False,
            found.get("open_issues_count"),
            merges_of(found),
        )

    def repositories(self, owner: str) -> Iterator[str]:
        if self._app is not None:  # it sees those alone for which it was installed
            yield from self._app.repositories(owner)
            return
        kind = self._get(f"/users/{quote(owner, safe='')}", follow=True)["type"]
        place = "orgs" if kind == "Organization" else "users"
        path, query = f"/{place}/{quote(owner, safe='')}/repos", {"sort": "full_name"}
        for found in self._pages(path, query, 1000, True):
            yield str(found["full_name"])

    def pulls(self, repository: Repository, branch: str) -> list[Pull]:
        query = {
            "head": f"{repository.owner}:{branch}",
            "state": "all",
            "sort": "created",
            "direction": "desc",
        }
        return [pull for pull in self._pulls(repository, query) if pull.branch == branch]

    def open_pulls(self, repository: Repository) -> list[Pull]:
        return [pull for pull in self._pulls(repository, {"state": "open"}) if names.ours(pull.branch)]

    def _pulls(self, repository: Repository, query: dict[str, str]) -> Iterator[Pull]:
        for found in self._pages(f"/repos/{repository.name}/pulls", query):
            head = found["head"].get("repo")
            # A fork may have a branch of the same name.
            if head is not None and head["full_name"] == repository.name:
                yield pull_of(found)

    def detail(self, repository: Repository, pull: Pull) -> Pull:
        return pull_of(self._get(f"/repos/{repository.name}/pulls/{pull.number}"))

    def branch(self, repository: Repository, name: str) -> str | None:
        try:
            return names.sha(
                self.client.get(f"/repos/{repository.name}/git/ref/heads/{_quoted(name)}")["object"]["sha"]
            )
        except Refused as error:
            if error.status == 404:
                return None
            raise typed(error) from None

    def branches(self, repository: Repository) -> dict[str, str]:
        place = f"/repos/{repository.name}/git/matching-refs/heads/{names.PREFIX}"
        found = {
            one["ref"].removeprefix("refs/heads/"): names.sha(one["object"]["sha"])
            for one in self._get(place)
        }
        return {name: sha for name, sha in found.items() if names.ours(name)}

    def ahead(self, repository: Repository, base: str, head: str) -> list[Ahead]:
        found = self._get(f"/repos/{repository.name}/compare/{names.sha(base)}...{names.sha(head)}")
        if found["total_commits"] > len(found["commits"]):
            raise BotError("forge-error", "more commits on a branch than can be looked at")
        return [ahead_of(one) for one in found["commits"]]

    # -- writing -------------------------------------------------------------------------------

    def commit(
        self, repository: Repository, base: str, commits: tuple[Commit, ...], messages: list[str]
    ) -> str:
        place = f"/repos/{repository.name}/git"
        parent = names.sha(base)
        tree = self._get(f"{place}/commits/{parent}")["tree"]["sha"]
        for commit, message in zip(commits, messages):
            entries = [self._entry(place, file.path, file.mode, file.text) for file in commit.files]
            tree = self._soon(f"{place}/trees", {"base_tree": tree, "tree": entries})["sha"]
            parent = self._soon(f"{place}/commits", {"message": message, "tree": tree, "parents": [parent]})[
                "sha"
            ]
        return names.sha(parent)

    def _entry(self, place: str, path: str, mode: str, text: str) -> dict[str, str]:
        entry = {"path": path, "mode": mode, "type": "blob"}
        data = encode(text)
        try:
            return {**entry, "content": data.decode("utf-8")}
        except UnicodeDecodeError:
            content = base64.b64encode(data).decode()
            blob = self._write("POST", f"{place}/blobs", {"content": content, "encoding": "base64"})
            return {**entry, "sha": blob["sha"]}

    def create_branch(self, repository: Repository, name: str, commit: str) -> None:
        body = {"ref": f"refs/heads/{_mine(name)}", "sha": commit}
        try:
            self._soon(f"/repos/{repository.name}/git/refs", body)
        except BotError as error:
            if "reference already exists" in str(error).lower():
                raise Exists(name) from None
            raise

    def move_branch(self, repository: Repository, name: str, old: str, new: str) -> None:
        self._swap(repository, name, old, new)

    def delete_branch(self, repository: Repository, name: str, old: str) -> None:
        self._swap(repository, name, old, NOWHERE)

    def _swap(self, repository: Repository, name: str, old: str, new: str) -> None:
        update = {"name": f"refs/heads/{_mine(name)}", "beforeOid": old, "afterOid": new, "force": True}
        variables = {"input": {"repositoryId": repository.id, "refUpdates": [update]}}
        errors = self._graphql(repository, _UPDATE, variables).errors
        if errors:
            text = errors
            if self.branch(repository, name) != (old if new != old else None):
                raise Moved(name)
            kind: Reason = (
                "protected" if "protect" in text.lower() or "rule" in text.lower() else "forge-error"
            )
            raise BotError(kind, self.client.secrets.hide(f"updateRefs: {text[:200]}"))

    def open_pull(self, repository: Repository, new: New) -> Pull:
        body: dict[str, Any] = {
            "title": new.title,
            "body": new.body,
            "head": _mine(new.branch),
            "base": new.base,
        }
        if new.draft:
            body["draft"] = True
        place = f"/repos/{repository.name}/pulls"
        try:
            return pull_of(self.client.write("POST", place, body, notifies=True))
        except Refused as error:
            if error.status == 422 and "already exists" in error.text:
                raise Exists(new.branch) from None
            if error.status == 422 and "draft" in error.text and new.draft:
                return self.open_pull(
                    repository, new._replace(draft=False)
                )  # this plan of theirs has no drafts
            raise typed(error) from None

    def edit_pull(
        self,
        repository: Repository,
        pull: Pull,
        title: str | None = None,
        body: str | None = None,
        close: bool = False,
    ) -> None:
        given = {"title": title, "body": body, "state": "closed" if close else None}
        changes = {key: value for key, value in given.items() if value is not None}
        self._write("PATCH", f"/repos/{repository.name}/pulls/{pull.number}", changes, notifies=close)

    def decorate(
        self, repository: Repository, pull: Pull, labels: tuple[str, ...], reviewers: tuple[str, ...]
    ) -> list[str]:
        problems = []
        place = f"/repos/{repository.name}"
        missing = [label for label in labels if label not in pull.labels]
        users = [name for name in reviewers if "/" not in name]
        teams = [name.rpartition("/")[2] for name in reviewers if "/" in name]
        asked = {"reviewers": users, "team_reviewers": teams}
        for wanted, path, body in (
            (missing, f"{place}/issues/{pull.number}/labels", {"labels": missing}),
            (users + teams, f"{place}/pulls/{pull.number}/requested_reviewers", asked),
        ):
            if wanted:
                try:
                    self._write("POST", path, body, notifies=True)
                except BotError as error:
                    if error.passing:
                        raise
                    problems.append(str(error))
        return problems


def _mine(name: str) -> str:
    """The last look at a branch before it is written to."""
    if not names.ours(name):
        raise BotError("bad-name", f"not a branch of the bot: {name!r}")
    return name


def _quoted(name: str) -> str:
    return quote(name, safe="/")
