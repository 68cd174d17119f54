"""What Gitea has for people: comments, reactions, assignees, issues, auto-merge, permissions."""

from __future__ import annotations

from urllib.parse import quote

from slimfix.bot.errors import BotError
from slimfix.bot.forge import Comment, Issue, Pull, Repository
from slimfix.bot.forge.branches import Account, Branches
from slimfix.bot.forge.gitea_read import comment_of, issue_of
from slimfix.bot.forge.push import Person
from slimfix.bot.forge.refusal import typed
from slimfix.bot.http import Refused

_WRITERS = ("owner", "admin", "write")
_SCHEDULED = {"pull_scheduled_merge": True, "pull_cancel_scheduled_merge": False}


class People(Branches):
    """A part of :class:`slimfix.bot.forge.gitea.Gitea`."""

    _size = "limit"

    def _asked(self, email: str) -> Account:
        found = self._get("/user")
        login = str(found["login"])
        person = Person(str(found.get("full_name") or login), str(found.get("email") or email))
        return Account(login, int(found["id"]), person)

    def may_write(self, repository: Repository, user: str) -> bool:
        """See :class:`slimfix.bot.forge.Forge`, here and below.

        Only who administers a repository may ask for the permissions of others; for anyone else nobody
        but the owner is known to have them.
        """
        if user.lower() == repository.owner.lower():
            return True
        place = f"/repos/{repository.name}/collaborators/{quote(user, safe='')}/permission"
        try:
            return self._get(place)["permission"] in _WRITERS
        except BotError as error:
            if error.kind in ("gone", "no-permission"):
                return False
            raise

    def comments(self, repository: Repository, pull: Pull) -> list[Comment]:
        found = self._get(f"/repos/{repository.name}/issues/{pull.number}/comments")
        return [comment_of(one) for one in found]

    def comment(self, repository: Repository, pull: Pull, text: str) -> None:
        place = f"/repos/{repository.name}/issues/{pull.number}/comments"
        self._write("POST", place, {"body": text}, notifies=True)

    def edit_comment(self, repository: Repository, pull: Pull, comment: Comment, text: str) -> None:
        self._write("PATCH", f"/repos/{repository.name}/issues/comments/{comment.id}", {"body": text})

    def acknowledge(self, repository: Repository, pull: Pull, comment: Comment) -> None:
        place = f"/repos/{repository.name}/issues/comments/{comment.id}/reactions"
        self._write("POST", place, {"content": "+1"})

    def assign(self, repository: Repository, pull: Pull, users: tuple[str, ...]) -> list[str]:
        """One at a time: a single name that it does not know would lose them all."""
        problems: list[str] = []
        place = f"/repos/{repository.name}/pulls/{pull.number}"
        try:
            there = [str(one["login"]) for one in self._get(place).get("assignees") or ()]
        except BotError as error:
            if error.passing:
                raise
            return [str(error)]
        for user in users:
            if user.lower() in map(str.lower, there):
                continue
            try:
                self._write("PATCH", place, {"assignees": [*there, user]}, notifies=True)
                there.append(user)
            except BotError as error:
                if error.passing:
                    raise
                problems.append(f"cannot be assigned: {user} ({error})")
        return problems

    def automerge(self, repository: Repository, pull: Pull, on: bool) -> None:
        place = f"/repos/{repository.name}/pulls/{pull.number}/merge"
        if on:
            self._must_wait(repository, pull)
        given = {
            # Described as ``Do`` by older versions, which take either.
            "do": repository.merges[0],
            "merge_when_checks_succeed": True,
            "head_commit_id": pull.head,
        }
        try:
            self.client.write("POST" if on else "DELETE", place, given if on else None, notifies=on)
        except Refused as error:
            # It is as wanted already: scheduled before, or not.
            if error.status != (409 if on else 404) or (on and "already" not in error.text):
                raise typed(error) from None

    def _must_wait(self, repository: Repository, pull: Pull) -> None:
        """Raises BotError where nothing is to be waited for: it would be merged at once."""
        base = self._get(f"/repos/{repository.name}/branches/{quote(pull.base, safe='/')}")
        if base.get("enable_status_check") and base.get("status_check_contexts"):
            found = self._get(f"/repos/{repository.name}/commits/{pull.head}/status")
            if found.get("state") != "success":
                return
        raise BotError("forge-error", "auto-merge: no check is to be waited for")

    def scheduled(self, repository: Repository, pull: Pull) -> bool:
        """Whether it is merged once its checks succeed: told by what happened alone."""
        result = False
        for event in self._pages(f"/repos/{repository.name}/issues/{pull.number}/timeline"):
            result = _SCHEDULED.get(str((event or {}).get("type")), result)
        return result

    def issues(self, repository: Repository) -> list[Issue]:
        query = {"type": "issues", "state": "all", "created_by": self.me(repository)}
        found = self._pages(f"/repos/{repository.name}/issues", query)
        return sorted(map(issue_of, found), key=lambda issue: -issue.number)

    def open_issue(self, repository: Repository, title: str, body: str) -> Issue:
        given = {"title": title, "body": body}
        return issue_of(self._write("POST", f"/repos/{repository.name}/issues", given, notifies=True))

    def edit_issue(self, repository: Repository, issue: Issue, title: str, body: str, open: bool) -> None:
        given = {"title": title, "body": body, "state": "open" if open else "closed"}
        place = f"/repos/{repository.name}/issues/{issue.number}"
        self._write("PATCH", place, given, notifies=open != issue.open)
