"""GitLab, on gitlab.com or a server of one's own.

Its commits API keeps modes, but makes one commit at a time, on a branch, and can only overwrite what
stands there; so branches are written with git (see :mod:`.push`). A project is looked for by its whole
path, with every slash quoted, and then named by its number: of a path that has changed it says only to
reads where the project is now, and to writes that there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from slimfix.bot import names
from slimfix.bot.codeowners import Kind
from slimfix.bot.errors import BotError
from slimfix.bot.forge import Ahead, New, Pull, Repository
from slimfix.bot.forge.gitlab_people import People, at
from slimfix.bot.forge.gitlab_read import DRAFT, ahead_of, pull_of, repository_of
from slimfix.bot.forge.refusal import typed
from slimfix.bot.http import Auth, Client, Refused
from slimfix.bot.pace import Pace
from slimfix.bot.redact import Secrets

API = "https://gitlab.com/api/v4"
_HEADERS = {"Accept": "application/json"}


class GitLab(People):
    """The forge at one address, such as ``https://gitlab.com/api/v4``."""

    kind: Kind = "gitlab"
    body_limit = 1_048_576

    def __init__(self, api: str, auth: Auth | None, pace: Pace, secrets: Secrets) -> None:
        super().__init__(Client(api or API, auth, pace, secrets, _HEADERS))

    # -- what there is -------------------------------------------------------------------------

    def repository(self, name: str) -> Repository:
        """See :class:`slimfix.bot.forge.Forge`, here and below."""
        found = self._get(f"/projects/{quote(names.repository(name), safe='')}", follow=True)
        # The address that the forge gives may be another than that at which we reach it.
        return repository_of(found, self.client.base.removesuffix("/api/v4"))

    def repositories(self, owner: str) -> Iterator[str]:
        quoted = quote(owner, safe="")
        order = {"order_by": "id", "sort": "asc"}
        group = {"include_subgroups": "true", "with_shared": "false", **order}
        try:
            self.client.get(f"/groups/{quoted}/projects", {**group, "per_page": "1"}, True)
            place, query = f"/groups/{quoted}/projects", group
        except Refused as error:
            if error.status != 404:
                raise typed(error) from None
            place, query = f"/users/{quoted}/projects", order
        for found in self._pages(place, query, 400, True):
            yield str(found["path_with_namespace"])

    def pulls(self, repository: Repository, branch: str) -> list[Pull]:
        query = {"source_branch": branch, "state": "all", "order_by": "created_at", "sort": "desc"}
        return [pull for pull in self._pulls(repository, query) if pull.branch == branch]

    def open_pulls(self, repository: Repository) -> list[Pull]:
        found = self._pulls(repository, {"state": "opened", "order_by": "created_at", "sort": "desc"})
        return [pull for pull in found if names.ours(pull.branch)]

    def _pulls(self, repository: Repository, query: dict[str, str]) -> Iterator[Pull]:
        for found in self._pages(f"{at(repository)}/merge_requests", query, most=100):
            # A fork may have a branch of the same name.
            if found["source_project_id"] == found["target_project_id"]:
                yield pull_of(found)

    def detail(self, repository: Repository, pull: Pull) -> Pull:
        return pull_of(self._get(f"{at(repository)}/merge_requests/{pull.number}"))

    def branch(self, repository: Repository, name: str) -> str | None:
        try:
            found = self.client.get(f"{at(repository)}/repository/branches/{quote(name, safe='')}")
        except Refused as error:
            if error.status == 404:
                return None
            raise typed(error) from None
        return names.sha(found["commit"]["id"])

    def branches(self, repository: Repository) -> dict[str, str]:
        query = {"search": f"^{names.PREFIX}"}
        found = {
            str(one["name"]): names.sha(one["commit"]["id"])
            for one in self._pages(f"{at(repository)}/repository/branches", query)
        }
        return {name: sha for name, sha in found.items() if names.ours(name)}

    def ahead(self, repository: Repository, base: str, head: str) -> list[Ahead]:
        query = {"from": names.sha(base), "to": names.sha(head)}
        found = self._get(f"{at(repository)}/repository/compare", query)
        return [ahead_of(one) for one in found["commits"]]

    # -- writing -------------------------------------------------------------------------------

    def open_pull(self, repository: Repository, new: New) -> Pull:
        body = {
            "title": DRAFT + new.title if new.draft else new.title,
            "description": new.body,
            "source_branch": new.branch,
            "target_branch": new.base,
        }
        return pull_of(self._opened(f"{at(repository)}/merge_requests", new.branch, body))

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
        self._write("PUT", f"{at(repository)}/merge_requests/{pull.number}", changes, notifies=close)

    def decorate(
        self, repository: Repository, pull: Pull, labels: tuple[str, ...], reviewers: tuple[str, ...]
    ) -> list[str]:
        problems = []
        place = f"{at(repository)}/merge_requests/{pull.number}"
        missing = [label for label in labels if label not in pull.labels and "," not in label]
        problems += [f"GitLab has no label with a comma: {label}" for label in labels if "," in label]
        if missing:
            try:
                self._write("PUT", place, {"add_labels": ",".join(missing)}, notifies=True)
            except BotError as error:
                if error.passing:
                    raise
                problems.append(str(error))
        # A group cannot be asked for a review.
        return problems + self._add(repository, pull, "reviewer", reviewers)
