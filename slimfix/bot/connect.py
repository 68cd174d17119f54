"""Which forge is meant, where it is, and who we are there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from slimfix.bot import auth, pace
from slimfix.bot.errors import BotError
from slimfix.bot.redact import Secrets

if TYPE_CHECKING:
    from slimfix.bot.forge import Forge
    from slimfix.bot.http import Auth

KINDS = ("github", "gitlab", "gitea")
APIS = {"github": "/api/v3", "gitlab": "/api/v4", "gitea": "/api/v1"}
"""Where a server of one's own has its API."""
APP_ID, APP_KEY, APP_KEY_FILE = "SLIMFIX_APP_ID", "SLIMFIX_APP_KEY", "SLIMFIX_APP_KEY_FILE"

_PUBLIC = {
    "github.com": ("github", "https://api.github.com"),
    "www.github.com": ("github", "https://api.github.com"),
    "api.github.com": ("github", "https://api.github.com"),
    "gitlab.com": ("gitlab", "https://gitlab.com/api/v4"),
    "gitea.com": ("gitea", "https://gitea.com/api/v1"),
    "codeberg.org": ("gitea", "https://codeberg.org/api/v1"),
}
_WORDS = {"github": "github", "ghe": "github", "gitlab": "gitlab", "gitea": "gitea", "forgejo": "gitea"}
"""What the first part of a server's name may be."""


class Place(NamedTuple):
    """A forge."""

    kind: str
    api: str


def place(kind: str, url: str) -> Place:
    """The forge at an address: that of its API, of its pages, or none for the public one of its kind.

    Args:
        kind: one of KINDS; empty to tell it from the address.
        url: may be empty.

    Raises:
        BotError: it cannot be told which kind of forge it is.
    """
    if not url:
        if kind == "gitea":
            raise BotError("bad-name", "which Gitea or Forgejo? give its address with --api-url")
        return Place(*_PUBLIC["gitlab.com" if kind == "gitlab" else "github.com"])
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if host in _PUBLIC and kind in ("", _PUBLIC[host][0]):
        return Place(*_PUBLIC[host])
    path = parts.path.rstrip("/")
    found = kind or next((one for one, end in APIS.items() if path.endswith(end)), "")
    found = found or next((_WORDS[word] for word in host.split(".") if word in _WORDS), "")
    if not found:
        raise BotError("bad-name", f"what kind of forge is {host or url}? say it with --forge")
    end = APIS[found]
    return Place(found, url.rstrip("/") if path.endswith(end) else url.rstrip("/") + end)


def named(text: str) -> tuple[str, str]:
    """What names a repository: the address of its forge, empty where it has none, and its name.

    A repository may be given by the address of its page.
    """
    if "://" not in text:
        return "", text
    parts = urlsplit(text)
    path = parts.path.strip("/").removesuffix(".git")
    return f"{parts.scheme}://{parts.netloc}", path.partition("/-/")[0]


def connect(where: Place, limits: str, secrets: Secrets, clock: pace.Clock) -> Forge:
    """The forge, with whatever the environment says of who we are. Raises BotError."""
    chosen = {"forge": pace.LIMITS[where.kind], "github": pace.GITHUB, "none": pace.UNLIMITED}[limits]
    speed = pace.Pace(clock, chosen)
    who: Auth
    if _app(where.kind):
        who = _as_app(where, speed, secrets)
    else:
        who = auth.from_environment(where.kind, secrets)
    if where.kind == "gitlab":
        from slimfix.bot.forge.gitlab import GitLab

        return GitLab(where.api, who, speed, secrets)
    if where.kind == "gitea":
        from slimfix.bot.forge.gitea import Gitea

        return Gitea(where.api, who, speed, secrets)
    from slimfix.bot.forge.github import GitHub

    return GitHub(where.api, who, speed, secrets)


def _app(kind: str) -> bool:
    """Whether we are a GitHub App. A token that was given to us by name is not passed over in silence."""
    if kind != "github" or not os.environ.get(APP_ID, "").strip():
        return False
    if os.environ.get("SLIMFIX_TOKEN", "").strip():
        raise BotError("no-permission", f"set either SLIMFIX_TOKEN or {APP_ID}, not both")
    return True


def _as_app(where: Place, speed: pace.Pace, secrets: Secrets) -> Auth:
    from slimfix.bot.app import App

    key, file = os.environ.get(APP_KEY, ""), os.environ.get(APP_KEY_FILE, "")
    if file:
        try:
            key = Path(file).read_text("ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise BotError("no-permission", f"{APP_KEY_FILE}: {_reason(error)}") from None
    if not key.strip():
        raise BotError("no-permission", f"no private key of the App: set {APP_KEY} or {APP_KEY_FILE}")
    # Many services keep variables on one line.
    pem = key.replace("\\n", "\n").strip() + "\n"
    return App(where.api, os.environ[APP_ID].strip(), pem, speed, secrets)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or "not text"
