"""What GitLab answers, as what the bot works with."""

from __future__ import annotations

import re
from typing import Any

from slimfix.bot import names
from slimfix.bot.forge import Ahead, Comment, Issue, Pull, Repository

DRAFT = "Draft: "
"""Begins the title of a draft."""
NOWHERE = "0" * 40
DEVELOPER = 30
"""The least role that may push."""

_DRAFT = re.compile(r"(?:draft:|\[draft\]|\(draft\))\s*", re.IGNORECASE)
_OFF = "disabled"


def repository_of(found: dict[str, Any], address: str) -> Repository:
    """A project; *address* is that of the forge."""
    name = names.repository(found["path_with_namespace"])
    off = _OFF in (found.get("merge_requests_access_level"), found.get("repository_access_level"))
    # A project about to be deleted takes no more writes.
    gone = found.get("marked_for_deletion_on") is not None
    return Repository(
        name,
        str(found.get("default_branch") or ""),
        f"{address}/{name}.git",
        str(found["id"]),
        bool(found.get("archived")),
        off or gone,
        found.get("forked_from_project") is not None,
        bool(found.get("empty_repo")) or not found.get("default_branch"),
        False if found.get("mirror") else _can_push(found.get("permissions")),
        tuple(found.get("topics") or ()),
        found.get("issues_access_level") != _OFF and found.get("issues_enabled") is not False,
        # Its number is without merge requests; that there are none is told all the same.
        0 if found.get("open_issues_count") == 0 else None,
    )


def _can_push(permissions: dict[str, Any] | None) -> bool | None:
    """Whether the role is enough; None where there is none: an administrator may push all the same."""
    roles = [
        int(one["access_level"])
        for one in ((permissions or {}).get(key) for key in ("project_access", "group_access"))
        if one
    ]
    return max(roles) >= DEVELOPER if roles else None


def pull_of(found: dict[str, Any]) -> Pull:
    """A merge request. While it is being merged its state is ``locked``."""
    title = str(found.get("title") or "")
    mark = _DRAFT.match(title)
    known = found.get("merge_status") in ("can_be_merged", "cannot_be_merged")
    return Pull(
        int(found["iid"]),
        str(found["web_url"]),
        found["state"] in ("opened", "locked"),
        found["state"] == "merged",
        found["state"] == "locked" or bool(found.get("discussion_locked")),
        title[mark.end() :] if mark else title,
        str(found.get("description") or ""),
        str(found["source_branch"]),
        names.sha(found.get("sha") or NOWHERE),
        str(found["target_branch"]),
        tuple(str(label) for label in found.get("labels") or ()),
        bool(found.get("has_conflicts")) if known else None,
        found.get("detailed_merge_status") == "need_rebase",
        mark is not None,
        "",
        found.get("user_notes_count"),
        bool(found.get("merge_when_pipeline_succeeds")),
    )


def comment_of(found: dict[str, Any]) -> Comment:
    """A note; that of an account that is gone has no author."""
    author = found.get("author") or {}
    return Comment(int(found["id"]), str(author.get("username") or ""), str(found.get("body") or ""))


def issue_of(found: dict[str, Any]) -> Issue:
    """An issue."""
    return Issue(
        int(found["iid"]),
        str(found["web_url"]),
        found["state"] == "opened",
        str(found.get("title") or ""),
        str(found.get("description") or ""),
    )


def ahead_of(found: dict[str, Any]) -> Ahead:
    """A commit."""
    same = (
        all(found[f"author_{key}"] == found[f"committer_{key}"] for key in ("name", "email"))
        and found["authored_date"] == found["committed_date"]
    )
    return Ahead(names.sha(found["id"]), str(found["message"]), same)
