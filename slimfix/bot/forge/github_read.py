"""What GitHub answers, as what the bot works with."""

from __future__ import annotations

from typing import Any

from slimfix.bot import names
from slimfix.bot.errors import BotError
from slimfix.bot.forge import Ahead, Pull
from slimfix.bot.http import Refused


def typed(error: Refused) -> BotError:
    """Why GitHub said no."""
    text = error.text
    if error.status == 404:
        return BotError("gone", str(error))
    if error.status == 451 or "repository access blocked" in text:
        return BotError("disabled", str(error))
    if "archived" in text:
        return BotError("archived", str(error))
    if "protected" in text or "rule violations" in text or "ruleset" in text:
        return BotError("protected", str(error))
    if error.status == 409 and "empty" in text:
        return BotError("empty", str(error))
    if error.status == 403:
        return BotError("no-permission", str(error))
    detail = " ".join(text.split())[:200] if error.status == 422 else ""
    return BotError("forge-error", f"{error}{' ' + detail if detail else ''}")


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
    )


def ahead_of(found: dict[str, Any]) -> Ahead:
    """A commit."""
    commit = found["commit"]
    return Ahead(names.sha(found["sha"]), str(commit["message"]), commit["author"] == commit["committer"])
