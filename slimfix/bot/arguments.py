"""What the options of the commands mean."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slimfix.bot import names
from slimfix.bot.errors import BotError
from slimfix.bot.settings import Policy
from slimfix.console import err

if TYPE_CHECKING:
    from slimfix.bot.connect import Place
    from slimfix.bot.jobs import Runtime


def runtime_of(options: dict[str, Any]) -> Runtime:
    """The forge, and how to treat it. Raises BotError."""
    from slimfix.bot.connect import connect
    from slimfix.bot.jobs import Runtime
    from slimfix.bot.pace import SystemClock
    from slimfix.bot.redact import Secrets
    from slimfix.bot.terms import Terms

    secrets = Secrets()
    forge = connect(place_of(options), options["pace"], secrets, SystemClock())
    deny = options.get("deny", ())
    terms = Terms(options["docs_url"], options["forks"], lambda name: denied(name, deny))
    return Runtime(forge, policy_of(options), terms, secrets)


def place_of(options: dict[str, Any]) -> Place:
    """The forge that is meant: by name, by address, or by that of a repository. Raises BotError."""
    from slimfix.bot.connect import named, place

    given = (named(text)[0] for text in options.get("repos", ()))
    return place(options["forge"] or "", options["api_url"] or next(filter(None, given), ""))


def policy_of(options: dict[str, Any]) -> Policy:
    """What the operator allows. Raises BotError."""
    from slimfix.rules import UnknownRule, select

    def listed(key: str) -> tuple[str, ...]:
        return tuple(
            name.strip() for value in options.get(key, ()) for name in value.split(",") if name.strip()
        )

    chosen = listed("select") or None
    try:
        select(chosen, listed("ignore"))
    except UnknownRule as error:
        raise BotError("bad-config", str(error)) from None
    return Policy(
        chosen,
        listed("ignore"),
        options.get("safe_only", False),
        options.get("group", "repository"),
        options.get("rebase", "auto"),
        tuple(options.get("labels", ())),
        options.get("draft", False),
        options.get("open_limit", 1),
        options.get("onboarding", False),
        tuple(options.get("assignees", ())),
        options.get("automerge", "never"),
    )


def repositories(runtime: Runtime, options: dict[str, Any]) -> Iterator[str]:
    """The repositories that are meant, each once, without those that are denied."""
    from slimfix.bot.connect import named, place

    found = list(options["repos"])
    for file in options["lists"]:
        try:
            lines = Path(file).read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise BotError("bad-name", f"{file}: {getattr(error, 'strerror', None) or 'not UTF-8'}") from None
        found += [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    for owner in options["owners"]:
        found += runtime.forge.repositories(owner)
    if not found and not options["owners"]:
        raise click.UsageError("name a repository: --repo, --owner or --list")
    for text in dict.fromkeys(found):
        address, name = named(text)
        names.repository(name)
        if address and place(options["forge"] or "", address) != place_of(options):
            raise BotError("bad-name", f"{text}: of another forge than {place_of(options).api}")
        if denied(name, options["deny"]):
            err(f"{name}: skipped (denied)")
        else:
            yield name


def denied(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether the operator wants a repository left alone."""
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)


def quiet_hours(hours: str | None) -> Callable[[], bool]:
    """Whether it is now between the hours such as ``22-7``."""
    if hours is None:
        return lambda: False
    first, _, last = hours.partition("-")
    if not (first.isdigit() and last.isdigit() and int(first) < 24 and int(last) <= 24):
        raise click.UsageError("--quiet-hours: two hours such as 22-7")
    start, end = int(first), int(last)

    def quiet() -> bool:
        now = time.gmtime().tm_hour
        return start <= now < end if start <= end else now >= start or now < end

    return quiet


def default_state() -> str:
    """The file in which jobs are kept where nothing else is said."""
    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(home, "slimfix", "bot.sqlite")
