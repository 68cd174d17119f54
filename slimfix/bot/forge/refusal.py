"""Why a forge said no, as a reason that the bot knows."""

from __future__ import annotations

from slimfix.bot.errors import BotError
from slimfix.bot.http import Refused


def typed(error: Refused) -> BotError:
    """The reason."""
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
