"""Secrets, kept out of whatever is printed, raised or stored."""

from __future__ import annotations

import base64
import re

HIDDEN = "***"

_SHAPES = re.compile(
    r"\b(?:gh[oprsu]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{20,}|gl(?:pat|dt|cbt|rt|ptt)-[A-Za-z0-9_.-]{16,}"
    r"|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,})"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[A-Za-z0-9+/=\\\s]+(?:-----END [A-Z ]*PRIVATE KEY-----)?"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)|(?i:(?<=bearer )|(?<=basic )|(?<=authorization: token ))[^\s\"']{8,}"
)
"""What tokens of GitHub and GitLab, JSON web tokens, private keys, and passwords in addresses and headers
look like."""


class Secrets:
    """What must not be seen, and the way to hide it."""

    def __init__(self, *values: str | None) -> None:
        self._known: set[str] = set()
        for value in values:
            self.add(value)

    def add(self, value: str | None) -> None:
        """One more secret, in every form in which we send it."""
        if value and len(value) >= 8:  # less is no secret, and would be found in any text
            self._known.add(value)
            self._known.add(basic(value))
            # In the middle of something longer, the first characters of its base64 depend on the offset.
            self._known |= {_inner(value, offset) for offset in range(3)}

    def forget(self, value: str) -> None:
        """One that has ended: it is hidden by its shape alone from now on."""
        self._known -= {value, basic(value), *(_inner(value, offset) for offset in range(3))}

    def hide(self, text: str) -> str:
        """The text with every secret, and everything that looks like one, replaced."""
        for secret in sorted(self._known.copy(), key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return _SHAPES.sub(HIDDEN, text)


def basic(token: str, user: str = "x-access-token") -> str:
    """The token as git sends it to a forge: user and password in base64."""
    return base64.b64encode(f"{user}:{token}".encode()).decode()


def _inner(value: str, offset: int) -> str:
    """What every base64 has in it that holds *value* at that offset (modulo three)."""
    coded = base64.b64encode(b"\0" * offset + value.encode()).decode().rstrip("=")
    start = 0 if offset == 0 else 4
    return coded[start : len(coded) - 1]
