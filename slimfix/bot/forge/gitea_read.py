"""What Gitea and Forgejo answer, as what the bot works with."""

from __future__ import annotations

import re
from typing import Any

from slimfix.bot import names
from slimfix.bot.forge import Pull, Repository
from slimfix.bot.forge.github_read import ahead_of, comment_of, issue_of, merges_of

__all__ = ["DRAFT", "ahead_of", "comment_of", "issue_of", "pull_of", "repository_of"]
"""Some of it they answer as GitHub does."""

DRAFT = "WIP: "
"""Begins the title of a draft. A server can be set up to take other words; these are the usual ones."""
NOWHERE = "0" * 40

_DRAFT = re.compile(r"(?:wip:|\[wip\])\s*", re.IGNORECASE)


def repository_of(found: dict[str, Any], address: str) -> Repository:
    """A repository; *address* is that of the forge."""
    name = names.repository(found["full_name"])
    permissions = found.get("permissions") or {}
    can_push = permissions.get("push")
    if found.get("mirror"):  # the forge overwrites whatever is pushed there
        can_push = False
    issues = found.get("open_issues_count")
    return Repository(
        name,
        str(found.get("default_branch") or ""),
        f"{address}/{name}.git",
        str(found["id"]),
        bool(found.get("archived")),
        found.get("has_pull_requests") is False,
        bool(found.get("fork")),
        bool(found.get("empty")),
        can_push,
        tuple(found.get("topics") or ()),
        found.get("has_issues") is not False,
        None if issues is None else int(issues) + int(found.get("open_pr_counter") or 0),
        merges_of(found, "allow_merge_commits", "allow_rebase"),
    )


def pull_of(found: dict[str, Any]) -> Pull:
    """A pull request."""
    title = str(found.get("title") or "")
    mark = _DRAFT.match(title)
    mergeable = found.get("mergeable")
    head = found["head"]
    return Pull(
        int(found["number"]),
        str(found["html_url"]),
        found["state"] == "open",
        bool(found.get("merged")),
        bool(found.get("is_locked")),
        title[mark.end() :] if mark else title,
        str(found.get("body") or ""),
        # Its ref is another once the branch is gone; the label stays.
        str(head["label"]),
        names.sha(head.get("sha") or NOWHERE),
        str(found["base"]["ref"]),
        tuple(str(label["name"]) for label in found.get("labels") or ()),
        # A draft is never mergeable, conflict or not.
        None if mark or mergeable is None else not mergeable,
        False,
        mark is not None,
        "",
        found.get("comments"),
    )
