"""What python-gitlab, the client that most programs in Python use, knows of GitLab's API.

It names the parameters of lists and the fields of what is made and changed. It says nothing of answers:
those are held to what :mod:`tests.bot.test_contract` reads through the client itself.
"""

from __future__ import annotations

import re
from typing import Any

MORE = {
    "ProjectMergeRequestManager": {"update": {"add_labels", "assignee_ids"}},
    "ProjectBranchManager": {"list": {"search"}},
    "ProjectMergeRequestNoteManager": {"list": {"sort", "order_by"}},
}
"""What the documentation of GitLab has besides."""

_MERGE = {"sha", "auto_merge", "merge_when_pipeline_succeeds"}
"""Of the documentation; the client gives it a method, with these names among its arguments."""
_PAGES = {"page", "per_page"}
_ONE = {
    r"/projects/[^/]+": set(),
    r"/projects/[^/]+/repository/branches/[^/]+": set(),
    r"/projects/[^/]+/repository/compare": {"from", "to", "straight"},
    r"/projects/[^/]+/merge_requests/\d+": set(),
    r"/projects/[^/]+/members/all/\d+": set(),
    r"/user": set(),
}
"""What is read and is no list, with the parameters that it takes."""


class GitLabContract:
    """Checks requests."""

    def __init__(self) -> None:
        from gitlab.v4 import objects

        self._lists: dict[str, Any] = {
            r"/projects/[^/]+/merge_requests": objects.ProjectMergeRequestManager,
            r"/projects/[^/]+/merge_requests/\d+/notes": objects.ProjectMergeRequestNoteManager,
            r"/projects/[^/]+/merge_requests/\d+/notes/\d+/award_emoji": (
                objects.ProjectMergeRequestNoteAwardEmojiManager
            ),
            r"/projects/[^/]+/issues": objects.ProjectIssueManager,
            r"/projects/[^/]+/repository/branches": objects.ProjectBranchManager,
            r"/groups/[^/]+/projects": objects.GroupProjectManager,
            r"/users/[^/]+/projects": objects.UserProjectManager,
            r"/users": objects.UserManager,
        }

    def request(self, method: str, path: str, query: dict[str, str], body: Any) -> list[str]:
        told = f"{method} {path}"
        single = path.rpartition("/")[0] if method == "PUT" else path
        if path.endswith(("/merge", "/cancel_merge_when_pipeline_succeeds")):
            return [f"{told}: unknown field {name}" for name in body or () if name not in _MERGE]
        manager = next((one for pattern, one in self._lists.items() if re.fullmatch(pattern, single)), None)
        more = MORE.get(manager.__name__, {}) if manager else {}
        if method == "GET":
            known = next((names for pattern, names in _ONE.items() if re.fullmatch(pattern, path)), None)
            if known is None and manager is not None:
                known = {*manager._list_filters, *_PAGES, *more.get("list", ())}
            if known is None:
                return [f"{told}: no such operation"]
            return [f"{told}: unknown query {name}" for name in query if name not in known]
        if manager is None or method not in ("POST", "PUT") or not isinstance(body, dict):
            return [f"{told}: no such operation"]
        attributes = manager._create_attrs if method == "POST" else manager._update_attrs
        known = {*attributes.required, *attributes.optional, *more.get("update", ())}
        wrong = [f"{told}: {name} is missing" for name in attributes.required if name not in body]
        return wrong + [f"{told}: unknown field {name}" for name in body if name not in known]

    def response(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """Nothing: the client does not say."""
        return []

    def filled(self, method: str, path: str, status: int, real: Any) -> Any:
        """*real*."""
        return real
