"""What GitHub answers, as what the bot works with."""

from __future__ import annotations

from typing import Any

from slimfix.bot import names
from slimfix.bot.forge import Ahead, Comment, Issue, Merge, Pull


def pull_of(found: dict[str, Any]) -> Pull:
    """A pull request."""
    mergeable = found.get("mergeable")
    return Pull(
        int(found["number"]),
        str(found["html_url"]),
        found["state"] == "open",
        bool(found.get("merged") or found.get("merged_at")),
        bool(found.get("locked")),
        str(found.get("title") or ""),
        str(found.get("body") or ""),
        str(found["head"]["ref"]),
        names.sha(found["head"]["sha"]),
        str(found["base"]["ref"]),
        tuple(str(label["name"]) for label in found.get("labels") or ()),
        None if mergeable is None else not mergeable,
        found.get("mergeable_state") == "behind",
        bool(found.get("draft")),
        str(found.get("node_id") or ""),
        found.get("comments"),
        bool(found.get("auto_merge")),
    )


def ahead_of(found: dict[str, Any]) -> Ahead:
    """A commit."""
    commit = found["commit"]
    return Ahead(names.sha(found["sha"]), str(commit["message"]), commit["author"] == commit["committer"])


def merges_of(
    found: dict[str, Any], merge: str = "allow_merge_commit", rebase: str = "allow_rebase_merge"
) -> tuple[Merge, ...]:
    """How a repository lets pull requests be merged; what keeps a commit for each rule comes first.

    *merge* and *rebase* are the names of the forge for two of its switches.
    """
    ways: tuple[tuple[str, Merge], ...] = (
        (merge, "merge"),
        (rebase, "rebase"),
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
