"""What GitLab has for people: notes, awards, assignees, issues, auto-merge, roles."""

from __future__ import annotations

from urllib.parse import quote

from slimfix.bot.errors import BotError
from slimfix.bot.forge import Comment, Issue, Pull, Repository
from slimfix.bot.forge.branches import Account, Branches
from slimfix.bot.forge.gitlab_read import DEVELOPER, comment_of, issue_of
from slimfix.bot.forge.push import Person
from slimfix.bot.forge.refusal import typed
from slimfix.bot.http import Refused

_ACTIVE = ("created", "waiting_for_resource", "preparing", "pending", "running", "scheduled")
"""States of a pipeline that has not ended."""
_WAITING = ("not_approved", "ci_still_running")
"""What a merge request may wait for."""


class People(Branches):
    """A part of :class:`slimfix.bot.forge.gitlab.GitLab`."""

    def _asked(self, email: str) -> Account:
        """Commits get the address that the account has for them: a project may refuse all others."""
        found = self._get("/user")
        login = str(found["username"])
        address = found.get("commit_email") or found.get("email") or email
        return Account(login, int(found["id"]), Person(str(found.get("name") or login), str(address)))

    def may_write(self, repository: Repository, user: str) -> bool:
        """See :class:`slimfix.bot.forge.Forge`, here and below."""
        ids, _ = self._ids((user,))
        try:
            return bool(ids) and (
                int(self._get(f"{at(repository)}/members/all/{ids[0]}")["access_level"]) >= DEVELOPER
            )
        except BotError as error:
            if error.kind == "gone":  # no member
                return False
            raise

    def comments(self, repository: Repository, pull: Pull) -> list[Comment]:
        query = {"sort": "asc", "order_by": "created_at"}
        found = self._pages(f"{_merge_request(repository, pull)}/notes", query)
        return [comment_of(one) for one in found if not one.get("system")]

    def comment(self, repository: Repository, pull: Pull, text: str) -> None:
        self._write("POST", f"{_merge_request(repository, pull)}/notes", {"body": text}, notifies=True)

    def edit_comment(self, repository: Repository, pull: Pull, comment: Comment, text: str) -> None:
        self._write("PUT", f"{_merge_request(repository, pull)}/notes/{comment.id}", {"body": text})

    def acknowledge(self, repository: Repository, pull: Pull, comment: Comment) -> None:
        place = f"{_merge_request(repository, pull)}/notes/{comment.id}/award_emoji"
        try:
            self.client.write("POST", place, {"name": "thumbsup"})
        except Refused as error:
            if "already been taken" not in error.text:
                raise typed(error) from None

    def assign(self, repository: Repository, pull: Pull, users: tuple[str, ...]) -> list[str]:
        return self._add(repository, pull, "assignee", users)

    def _add(self, repository: Repository, pull: Pull, role: str, users: tuple[str, ...]) -> list[str]:
        """Add users to those who are to assign or to review; what could not be done, in words."""
        place = _merge_request(repository, pull)
        try:
            ids, unknown = self._ids(users)
            if ids:
                # What is sent replaces who was there.
                found = self._get(place).get(f"{role}s") or ()
                wanted = list(dict.fromkeys([*(int(one["id"]) for one in found), *ids]))
                self._write("PUT", place, {f"{role}_ids": wanted}, notifies=True)
        except BotError as error:
            if error.passing:
                raise
            return [str(error)]
        return [f"no such user: {name}" for name in unknown]

    def _ids(self, logins: tuple[str, ...]) -> tuple[list[int], list[str]]:
        """The numbers of users, and the names that are of none, as those of groups."""
        ids, unknown = [], []
        for login in logins:
            found = [] if "/" in login else self._get("/users", {"username": login})
            if found:
                ids.append(int(found[0]["id"]))
            else:
                unknown.append(login)
        return ids, unknown

    def automerge(self, repository: Repository, pull: Pull, on: bool) -> None:
        place = _merge_request(repository, pull)
        try:
            if not on:
                self.client.write("POST", f"{place}/cancel_merge_when_pipeline_succeeds")
                return
            found = self.client.get(place)
            pipeline = (found.get("head_pipeline") or {}).get("status")
            if pipeline not in _ACTIVE and found.get("detailed_merge_status") not in _WAITING:
                raise BotError("forge-error", "auto-merge: nothing is to be waited for")
            # The second name is that of versions before 17.11.
            given = {"sha": pull.head, "auto_merge": True, "merge_when_pipeline_succeeds": True}
            self.client.write("PUT", f"{place}/merge", given, notifies=True)
        except Refused as error:
            if on or error.status not in (405, 406):  # it is off, or merged
                raise typed(error) from None

    def issues(self, repository: Repository) -> list[Issue]:
        mine = {"author_id": str(self.account().id), "scope": "all"}
        query = {**mine, "order_by": "created_at", "sort": "desc"}
        return [issue_of(one) for one in self._pages(f"{at(repository)}/issues", query)]

    def open_issue(self, repository: Repository, title: str, body: str) -> Issue:
        given = {"title": title, "description": body}
        return issue_of(self._write("POST", f"{at(repository)}/issues", given, notifies=True))

    def edit_issue(self, repository: Repository, issue: Issue, title: str, body: str, open: bool) -> None:
        given = {"title": title, "description": body}
        if open != issue.open:
            given["state_event"] = "reopen" if open else "close"
        place = f"{at(repository)}/issues/{issue.number}"
        self._write("PUT", place, given, notifies=open != issue.open)


def at(repository: Repository) -> str:
    """The path of a project: by its number, which stays when it is renamed, else by its name."""
    return f"/projects/{repository.id if repository.id.isdigit() else quote(repository.name, safe='')}"


def _merge_request(repository: Repository, pull: Pull) -> str:
    return f"{at(repository)}/merge_requests/{pull.number}"
