"""Requests to a forge: paced, tried again where that is harmless, and without a secret in any message.

A read is tried again when the connection is cut or the forge is ill. A write is not: nobody knows whether
it was carried out. It fails with :class:`Interrupted`, and who sent it looks at the forge before going on.

A redirect means that a repository has another name now. It is followed where a repository is looked for by
its name, and never away from the API; anywhere else it ends what is being done, as :class:`Renamed`, since
half of it would be done under a name and half under another.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

import httpx

from slimfix import __version__
from slimfix.bot.command import Login
from slimfix.bot.errors import BotError, Renamed
from slimfix.bot.pace import Pace
from slimfix.bot.redact import Secrets

TRIES = 4
"""How often a read is sent at most, and a request that came too soon."""
MAX_BYTES = 32 << 20
TIMEOUT = 30.0
REDIRECTS = (301, 302, 303, 307, 308)


class Interrupted(BotError):
    """A write of which it is not known whether it was carried out."""

    def __init__(self, message: str) -> None:
        super().__init__("forge-down", message)


class Refused(Exception):
    """The forge understood, and said no."""

    def __init__(self, status: int, message: str, text: str) -> None:
        super().__init__(message)
        self.status = status
        self.text = text
        """Everything that it said, in lower case."""


class Auth(Protocol):
    """Says who we are."""

    def headers(self, path: str) -> Mapping[str, str]:
        """What a request to that path says of us."""

    def login(self, repository: str) -> Login:
        """Who git is, for that repository."""


class Client:
    """The API of a forge."""

    def __init__(
        self,
        base: str,
        auth: Auth | None,
        pace: Pace,
        secrets: Secrets,
        headers: Mapping[str, str],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        parts = urlsplit(base)
        if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise BotError("bad-name", "the address of the API must begin with https://")
        if parts.username or parts.password:
            raise BotError("bad-name", "the address of the API must hold no password")
        self.base = base.rstrip("/")
        self.pace = pace
        self.secrets = secrets
        self.sent = 0
        self.skew = 0.0
        """Seconds by which the forge's clock is ahead of ours."""
        self._auth = auth
        self._client = httpx.Client(
            headers={"User-Agent": f"slimfix/{__version__}", **headers},
            timeout=TIMEOUT,
            follow_redirects=False,
            transport=transport,
        )

    def login(self, repository: str) -> Login | None:
        """Who git is, for that repository."""
        return self._auth.login(repository) if self._auth else None

    def close(self) -> None:
        """End all connections."""
        self._client.close()

    def get(self, path: str, query: Mapping[str, str] | None = None, follow: bool = False) -> Any:
        """What the forge answers, read as JSON. Raises Refused, Renamed, BotError.

        *follow* is for what is looked for by a name that may be an old one.
        """
        return self._read(path, query, follow=follow).json()

    def pages(
        self, path: str, query: Mapping[str, str] | None = None, most: int = 50, follow: bool = False
    ) -> Iterator[Any]:
        """The items of all pages of a list. *follow* is as that of :meth:`get`, here and below."""
        address = path
        wanted = {**(query or {}), "per_page": "100"} if query is not None or "?" not in path else None
        for _ in range(most):
            answer = self._read(address, wanted, path, follow)
            yield from answer.json()
            following = answer.links.get("next", {}).get("url")
            if following is None:
                return
            if not following.startswith(self.base + "/"):
                # It would be given our token; without it the list would be cut short unnoticed.
                raise BotError("forge-error", self._told("GET", path, "its next page is at another place"))
            address, wanted = following, None
        raise BotError("too-large", self._told("GET", path, f"more than {most} pages"))

    def numbered(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        most: int = 50,
        size: str = "per_page",
        follow: bool = False,
    ) -> Iterator[Any]:
        """The items of all pages of a list whose pages are told apart by number.

        Only whether there is a next page is taken from the answer: what its address begins with is often
        set up wrongly on a server of one's own. *size* is the name of the parameter for items a page,
        of which a server may give fewer.
        """
        for number in range(1, most + 1):
            answer = self._read(path, {**(query or {}), size: "100", "page": str(number)}, follow=follow)
            yield from answer.json()
            if "next" not in answer.links:
                return
        raise BotError("too-large", self._told("GET", path, f"more than {most} pages"))

    def write(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        notifies: bool = False,
        about: str = "",
    ) -> Any:
        """Send a write; what the forge answers. Raises Refused, Interrupted, BotError.

        *about* is a path that tells which repository it is about, where that of the request does not.
        """
        for number in range(TRIES):
            with self.pace.write(method == "POST", notifies):
                try:
                    answer = self._send(method, path, None, body, about)
                except httpx.TransportError as error:
                    raise Interrupted(self._told(method, path, type(error).__name__)) from None
            if answer.status_code >= 500:
                raise Interrupted(self._told(method, path, f"status {answer.status_code}"))
            if answer.status_code in REDIRECTS:
                raise self._elsewhere(method, path, answer)
            if not self._too_soon(answer, number):
                return self._checked(answer).json() if answer.content else None
        raise BotError("rate-limited", self._told(method, path, "the forge asks us to wait again and again"))

    def _read(
        self, path: str, query: Mapping[str, str] | None, about: str = "", follow: bool = False
    ) -> httpx.Response:
        """*about* is a path that tells which repository it is about, as later addresses may not."""
        problem, about = "", about or path
        for number in range(TRIES):
            self.pace.read()
            try:
                answer = self._send("GET", path, query, None, about)
            except httpx.TransportError as error:
                problem = type(error).__name__
            else:
                if answer.status_code in REDIRECTS:
                    renamed = self._elsewhere("GET", path, answer)
                    if not (follow and isinstance(renamed, Renamed) and number < TRIES - 1):
                        raise renamed
                    path, query = self._place(answer), None
                    continue
                if answer.status_code < 500:
                    if not self._too_soon(answer, number):
                        return self._checked(answer)
                    continue
                problem = f"status {answer.status_code}"
            self.pace.clock.sleep(2.0**number)
        raise BotError(
            "forge-down", self._told("GET", path, problem or "the forge asks us to wait again and again")
        )

    def _send(self, method: str, path: str, query: Any, body: Any, about: str = "") -> httpx.Response:
        headers = self._auth.headers(about or path) if self._auth else {}
        address = path if path.startswith("http") else self.base + path
        self.sent += 1
        answer = self._client.request(method, address, params=query, json=body, headers=headers)
        self.skew = self._their_time(answer) - self.pace.clock.now()
        if len(answer.content) > MAX_BYTES:
            raise BotError("too-large", self._told(method, path, "too long an answer"))
        return answer

    def _place(self, answer: httpx.Response) -> str:
        """The address that a redirect names."""
        return urljoin(str(answer.request.url), str(answer.headers.get("location", "")))

    def _elsewhere(self, method: str, path: str, answer: httpx.Response) -> BotError:
        """What a redirect means. Our token goes nowhere but to the API."""
        place = self._place(answer)
        if place.startswith(self.base + "/"):
            return Renamed(self._told(method, path, "the repository has another name now"))
        host = urlsplit(place).netloc or "nowhere"
        return BotError("forge-error", self._told(method, path, f"sent to {host}, and not followed"))

    def _too_soon(self, answer: httpx.Response, number: int) -> bool:
        """Whether the forge asks us to wait; nothing is sent until then."""
        headers = answer.headers
        # GitHub's name of these headers, and that of GitLab, which is to become a standard.
        prefix = "x-ratelimit" if "x-ratelimit-remaining" in headers else "ratelimit"
        exhausted = headers.get(f"{prefix}-remaining") == "0"
        reset = headers.get(f"{prefix}-reset")
        text = answer.text.lower() if answer.status_code in (403, 429) else ""
        limited = answer.status_code == 429 or (
            text and (exhausted or "rate limit" in text or "retry-after" in headers)
        )
        if exhausted and reset is not None:
            # By the forge's clock, not by ours.
            self.pace.close_for(_number(reset) - self._their_time(answer) + 1)
        if not limited:
            return False
        if "retry-after" in headers:
            self.pace.close_for(_number(headers["retry-after"], 60))
        elif not exhausted:
            self.pace.close_for(60.0 * 2**number)
        return True

    def _their_time(self, answer: httpx.Response) -> float:
        with contextlib.suppress(KeyError, TypeError, ValueError):
            return parsedate_to_datetime(answer.headers["date"]).timestamp()
        return self.pace.clock.now()

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code < 300:
            try:
                answer.json() if answer.content else None
            except ValueError:
                raise BotError(
                    "forge-error", self._told(answer.request.method, answer.url.path, "no JSON")
                ) from None
            return answer
        message = self._told(
            answer.request.method, answer.url.path, f"{answer.status_code}: {_message(answer)}"
        )
        if answer.status_code == 401:
            raise BotError("no-permission", message)
        raise Refused(answer.status_code, message, self.secrets.hide(answer.text).lower())

    def _told(self, method: str, path: str, what: str) -> str:
        return self.secrets.hide(f"{method} {urlsplit(path).path}: {what}")


def _message(answer: httpx.Response) -> str:
    try:
        found = answer.json()
    except ValueError:
        return answer.reason_phrase
    message = found.get("message") or found.get("error") if isinstance(found, dict) else None
    return str(message or answer.reason_phrase)[:200]


def _number(text: str, otherwise: float = 0.0) -> float:
    try:
        return float(text)
    except ValueError:
        return otherwise
