"""Who we are to a forge: a token from the environment, or a GitHub App's installation."""

from __future__ import annotations

import os

from slimfix.bot.command import Login
from slimfix.bot.errors import BotError
from slimfix.bot.redact import Secrets

VARIABLES = {
    "github": ("SLIMFIX_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"),
    "gitlab": ("SLIMFIX_TOKEN", "GITLAB_TOKEN"),
    "gitea": ("SLIMFIX_TOKEN", "GITEA_TOKEN", "FORGEJO_TOKEN"),
}
"""Where a token is looked for, in this order. There is no option for it: arguments can be seen by anyone."""


_HOW = {
    "github": ("Bearer", "x-access-token"),
    "gitlab": ("Bearer", "oauth2"),
    "gitea": ("token", "oauth2"),
}
"""The scheme in a header, and the name that goes with it to git."""


class Token:
    """A token that stays the same, whatever it is used for."""

    def __init__(self, value: str, scheme: str = "Bearer", user: str = "x-access-token") -> None:
        """*user* is who git says it is: forges know by the token alone, but want a name."""
        self._value = value
        self._scheme = scheme
        self._user = user

    def headers(self, path: str) -> dict[str, str]:
        """What a request to that path says of us."""
        return {"Authorization": f"{self._scheme} {self._value}"}

    def login(self, repository: str) -> Login:
        """Who git is, for that repository."""
        return Login(self._user, self._value)


def from_environment(kind: str, secrets: Secrets) -> Token:
    """The token for a kind of forge. Raises BotError if there is none, or it cannot be one."""
    for name in VARIABLES[kind]:
        value = os.environ.get(name, "").strip()
        if value:
            secrets.add(value)
            if not value.isascii() or not value.isprintable() or " " in value:
                raise BotError("no-permission", f"the variable {name} holds no token")
            return Token(value, *_HOW[kind])
    if kind == "gitlab" and os.environ.get("CI_JOB_TOKEN"):
        raise BotError(
            "no-permission",
            "the token of a CI job may not open merge requests: make an access token of the project (role "
            f"Developer, scopes api and write_repository), and set the variable {VARIABLES[kind][0]}",
        )
    raise BotError("no-permission", f"no token: set the variable {VARIABLES[kind][0]}")
