"""What GitHub answers, as what the bot works with."""

from __future__ import annotations

from typing import Any

from slimfix.bot import names
from slimfix.bot.forge import Ahead, Pull


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
    )


def ahead_of(found: dict[str, Any]) -> Ahead:
    """A commit."""
    commit = found["commit"]
    return Ahead(names.sha(found["sha"]), str(commit["message"]), commit["author"] == commit["committer"])
