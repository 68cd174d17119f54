"""A GitHub App: for each repository a token of its own, with no more than it takes, for an hour.

The App proves itself with a JSON web token that it signs with its private key (RS256, RFC 7515), and is
given a token for one repository. That is asked for anew before it ends, by the forge's clock: ours may be
wrong, by hours even, and the first answer tells by how much.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from slimfix.bot.command import Login
from slimfix.bot.errors import BotError
from slimfix.bot.http import Client, Refused
from slimfix.bot.pace import Pace
from slimfix.bot.redact import Secrets

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

API = "https://api.github.com"
PERMISSIONS = {"contents": "write", "pull_requests": "write", "issues": "write", "metadata": "read"}
"""What is asked for; ``issues`` is left out where the owner did not grant it. Never ``workflows``."""
HOUR = 3600.0
"""How long a token lives."""
MARGIN = 900.0
"""Seconds before its end from which a token is not used any more: a clone may take ten minutes."""
_SKEW = 60.0
_LIFE = 540.0
"""Of a JSON web token; GitHub takes ten minutes at most."""
_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_REPOSITORY = re.compile(r"/repos/([^/?]+/[^/?]+)")


class _Token(NamedTuple):
    value: str
    ends: float
    """By the forge's clock."""


class _Signed:
    """The App itself, which may do little but ask for tokens."""

    def __init__(self, app: str, key: RSAPrivateKey, pace: Pace) -> None:
        self._app = app
        self._key = key
        self._pace = pace
        self.client: Client | None = None

    def headers(self, path: str) -> dict[str, str]:
        now = self._pace.clock.now() + (self.client.skew if self.client else 0.0)
        claims = {"iat": int(now - _SKEW), "exp": int(now + _LIFE), "iss": self._app}
        return {"Authorization": f"Bearer {self._token(claims)}"}

    def _token(self, claims: dict[str, Any]) -> str:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        parts = ({"alg": "RS256", "typ": "JWT"}, claims)
        text = ".".join(_coded(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
        return f"{text}.{_coded(self._key.sign(text.encode(), PKCS1v15(), SHA256()))}"

    def login(self, repository: str) -> Login:
        raise BotError("no-permission", "the App itself reads no repository")


class App:
    """An :class:`slimfix.bot.http.Auth` by the installations of an App."""

    def __init__(self, api: str, app: str, pem: str, pace: Pace, secrets: Secrets) -> None:
        """*app* is its id or client id, *pem* its private key.

        Raises:
            BotError: that is no key.
        """
        for line in pem.splitlines():
            secrets.add(None if line.startswith("-----") else line.strip())
        signed = _Signed(app, _key(pem), pace)
        self._client = signed.client = Client(api or API, signed, pace, secrets, _HEADERS)
        self._secrets = secrets
        self._pace = pace
        self._lock = threading.RLock()
        self._installations: dict[str, int] = {}
        self._tokens: dict[str, _Token] = {}

    def headers(self, path: str) -> dict[str, str]:
        """What a request about a repository says of us. Raises BotError where the App is not installed."""
        found = _REPOSITORY.search(path)
        if found is None:
            raise BotError("forge-error", f"an App has no token for {path}")
        return {"Authorization": f"Bearer {self._token(found[1])}"}

    def login(self, repository: str) -> Login:
        """Who git is, for that repository."""
        return Login("x-access-token", self._token(repository))

    def repositories(self, owner: str) -> Iterator[str]:
        """The repositories of an account that the App may work on."""
        for kind in ("orgs", "users"):
            try:
                installation = int(self._asked("GET", f"/{kind}/{quote(owner, safe='')}/installation")["id"])
                break
            except Refused as error:
                if error.status != 404:
                    raise BotError("no-permission", str(error)) from None
        else:
            raise BotError("no-permission", f"the App is not installed for {owner}")
        token = self._made(installation, {"permissions": {"metadata": "read"}})
        client = Client(self._client.base, _Plain(token.value), self._pace, self._secrets, _HEADERS)
        try:
            for number in range(1, 1000):
                query = {"per_page": "100", "page": str(number)}
                found = client.get("/installation/repositories", query)["repositories"]
                yield from (str(one["full_name"]) for one in found)
                if len(found) < 100:
                    return
        except Refused as error:
            raise BotError("no-permission", str(error)) from None
        finally:
            client.close()
            self._secrets.forget(token.value)

    def _now(self) -> float:
        """The time, by the forge's clock."""
        return self._pace.clock.now() + self._client.skew

    def _token(self, repository: str) -> str:
        key = repository.lower()
        with self._lock:
            found = self._tokens.get(key)
            if found is not None and self._now() < found.ends - MARGIN:
                return found.value
            name = repository.rpartition("/")[2]
            try:
                made = self._for(self._installation(repository), name)
            except Refused as error:
                self._installations.pop(key, None)
                if error.status == 404 or "does not exist" in error.text:
                    told = f"{repository}: no such name now, or the App is not installed for it"
                    raise BotError("gone", told) from None
                raise BotError("no-permission", str(error)) from None
            if found is not None:
                self._secrets.forget(found.value)
            self._tokens[key] = made
            self._forget_ended()
            return made.value

    def _for(self, installation: int, name: str) -> _Token:
        try:
            return self._made(installation, {"repositories": [name], "permissions": PERMISSIONS})
        except Refused as error:
            if error.status != 422 or "permissions" not in error.text:
                raise
        fewer = {key: value for key, value in PERMISSIONS.items() if key != "issues"}
        return self._made(installation, {"repositories": [name], "permissions": fewer})

    def _installation(self, repository: str) -> int:
        key = repository.lower()
        if key not in self._installations:
            self._installations[key] = int(self._asked("GET", f"/repos/{repository}/installation")["id"])
        return self._installations[key]

    def _made(self, installation: int, body: dict[str, Any]) -> _Token:
        found = self._asked("POST", f"/app/installations/{installation}/access_tokens", body)
        value = str(found["token"])
        self._secrets.add(value)
        ends = datetime.fromisoformat(str(found["expires_at"]).replace("Z", "+00:00"))
        return _Token(value, ends.timestamp())

    def _asked(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """What GitHub tells the App itself; once more where our clock was too wrong for it."""
        before = self._client.skew
        try:
            return self._client.write(method, path, body) if body else self._client.get(path)
        except BotError as error:
            if error.kind != "no-permission" or abs(self._client.skew - before) < _SKEW / 2:
                raise
        return self._client.write(method, path, body) if body else self._client.get(path)

    def _forget_ended(self) -> None:
        """A service sees many repositories in its life, and needs the token of few at a time."""
        now = self._now()
        for name in [name for name, token in self._tokens.items() if token.ends < now]:
            self._secrets.forget(self._tokens.pop(name).value)


class _Plain:
    def __init__(self, token: str) -> None:
        self._token = token

    def headers(self, path: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def login(self, repository: str) -> Login:
        return Login("x-access-token", self._token)


def _key(pem: str) -> RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey):
        # Nothing of what it is instead: it may be half of the key.
        raise BotError("no-permission", "the private key of the App is no RSA key in PEM")
    return key


def _coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
