"""What GitHub has for people: comments, reactions, assignees, issues, auto-merge, permissions."""

from __future__ import annotations

from urllib.parse import quote

from slimfix.bot.errors import BotError
from slimfix.bot.forge import Comment, Issue, Pull, Repository
from slimfix.bot.forge.github_read import comment_of, issue_of
from slimfix.bot.forge.github_requests import Requests

_VIEWER = "query { viewer { login } }"
_ON = """\
mutation($input: EnablePullRequestAutoMergeInput!) {
  enablePullRequestAutoMerge(input: $input) { clientMutationId }
}"""
_OFF = """\
mutation($input: DisablePullRequestAutoMergeInput!) {
  disablePullRequestAutoMerge(input: $input) { clientMutationId }
}"""
_IS_OFF = "not enabled", "not in the correct state"
_WRITERS = ("admin", "write")
"""Permissions, as the API knows them: ``maintain`` is shown as write, ``triage`` as read."""


class People(Requests):
    """A part of :class:`slimfix.bot.forge.github.GitHub`."""

    _me: str | None = None

    def me(self, repository: Repository) -> str:
        """See :class:`slimfix.bot.forge.Forge`, here and below."""
        if self._me is None:
            # The REST API tells nobody but users who they are; this tells Apps and workflows, too.
            answer = self._graphql(repository, _VIEWER, {})
            login = (answer.data.get("viewer") or {}).get("login")
            if not isinstance(login, str) or not login:
                raise BotError("forge-error", f"viewer: {answer.errors[:200]}")
            self._me = login
        return self._me

    def may_write(self, repository: Repository, user: str) -> bool:
        place = f"/repos/{repository.name}/collaborators/{quote(user, safe='')}/permission"
        try:
            return self._get(place)["permission"] in _WRITERS
        except BotError as error:
            if error.kind == "gone":  # an account that is not there any more, or an App
                return False
            raise

    def comments(self, repository: Repository, pull: Pull) -> list[Comment]:
        return [comment_of(one) for one in self._pages(f"{_issue(repository, pull)}/comments", {})]

    def comment(self, repository: Repository, pull: Pull, text: str) -> None:
        self._write("POST", f"{_issue(repository, pull)}/comments", {"body": text}, notifies=True)

    def edit_comment(self, repository: Repository, pull: Pull, comment: Comment, text: str) -> None:
        self._write("PATCH", f"/repos/{repository.name}/issues/comments/{comment.id}", {"body": text})

    def acknowledge(self, repository: Repository, pull: Pull, comment: Comment) -> None:
        place = f"/repos/{repository.name}/issues/comments/{comment.id}/reactions"
        self._write("POST", place, {"content": "+1"})

    def assign(self, repository: Repository, pull: Pull, users: tuple[str, ...]) -> list[str]:
        try:
            found = self._write(
                "POST", f"{_issue(repository, pull)}/assignees", {"assignees": list(users)}, notifies=True
            )
        except BotError as error:
            if error.passing:
                raise
            return [str(error)]
        # Whom it does not know, or may not assign, it leaves out without a word.
        there = {str(one["login"]).lower() for one in found.get("assignees") or ()}
        return [f"cannot be assigned: {user}" for user in users if user.lower() not in there]

    def automerge(self, repository: Repository, pull: Pull, on: bool) -> None:
        given: dict[str, str] = {"pullRequestId": pull.id}
        if on:
            given |= {"mergeMethod": repository.merges[0].upper(), "expectedHeadOid": pull.head}
        errors = self._graphql(repository, _ON if on else _OFF, {"input": given}).errors
        if errors and (on or not any(words in errors.lower() for words in _IS_OFF)):
            raise BotError("forge-error", f"auto-merge: {errors[:200]}")

    def issues(self, repository: Repository) -> list[Issue]:
        query = {"creator": self.me(repository), "state": "all", "sort": "created", "direction": "desc"}
        found = self._pages(f"/repos/{repository.name}/issues", query)
        return [issue_of(one) for one in found if "pull_request" not in one]

    def open_issue(self, repository: Repository, title: str, body: str) -> Issue:
        given = {"title": title, "body": body}
        return issue_of(self._write("POST", f"/repos/{repository.name}/issues", given, notifies=True))

    def edit_issue(self, repository: Repository, issue: Issue, title: str, body: str, open: bool) -> None:
        given = {"title": title, "body": body, "state": "open" if open else "closed"}
        place = f"/repos/{repository.name}/issues/{issue.number}"
        self._write("PATCH", place, given, notifies=open != issue.open)


def _issue(repository: Repository, pull: Pull) -> str:
    """A pull request is an issue, too."""
    return f"/repos/{repository.name}/issues/{pull.number}"
