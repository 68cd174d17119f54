"""What Gitea and Forgejo answer, as what the bot works with."""

from __future__ import annotations

import re
from typing import Any

from slimfix.bot import names
from slimfix.bot.forge import Ahead, Comment, Issue, Merge, Pull, Repository

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
        merges_of(found),
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


def merges_of(found: dict[str, Any]) -> tuple[Merge, ...]:
    """How a repository lets pull requests be merged; what keeps a commit for each rule comes first."""
    ways: tuple[tuple[str, Merge], ...] = (
        ("allow_merge_commits", "merge"),
        ("allow_rebase", "rebase"),
        ("allow_squash_merge", "squash"),
    )
    return tuple(way for key, way in ways if found.get(key) is not False) or ("merge",)


def comment_of(found: dict[str, Any]) -> Comment:
    """A comment; that of an account that is gone has no author."""
    author = found.get("user") or {}
    return Comment(int(found["id"]), str(author.get("login") or ""), str(found.get("body") or ""))


def issue_of(found: dict[str, Any]) -> Issue:
    """An issue."""
    return Issue(
        int(found["number"]),
        str(found["html_url"]),
        found["state"] == "open",
        str(found.get("title") or ""),
        str(found.get("body") or ""),
    )


def ahead_of(found: dict[str, Any]) -> Ahead:
    """A commit."""
    commit = found["commit"]
    return Ahead(names.sha(found["sha"]), str(commit["message"]), commit["author"] == commit["committer"])
