"""What the bot notes in the body of a pull request, unseen: the last line, as JSON in an HTML comment.

The forge itself keeps our memory in this way. A bot that lost its own, or another process, knows from it
which commits are ours, what a maintainer turned down, and why we closed something.
"""

from __future__ import annotations

import json
import re
from typing import Literal, NamedTuple, get_args

Closed = Literal["", "obsolete", "superseded", "disabled", "unneeded", "unproved"]

_LINE = re.compile(r"^<!-- slimfix-bot:(\{[^\n]*\}) -->\s*\Z", re.MULTILINE)
_HEADS = 3
_CLOSED = get_args(Closed)


class Marker(NamedTuple):
    """The notes."""

    key: str
    """The group of fixes; the branch is a function of it."""
    fingerprint: str
    content: str
    rules: tuple[str, ...]
    heads: tuple[str, ...]
    """Where we have put the branch: the last first, and before it where it stood until then."""
    title: str
    """As we gave it: one that people changed is left to them."""
    onto: str
    """The commit of the base that the branch was built on."""
    dressed: bool = True
    """Whether labels and reviewers have been seen to; they are asked for once, and then left to people."""
    closed: Closed = ""
    """Why we closed it; empty when someone else did, or wanted it."""
    heard: int = 0
    """The number of the last comment whose order was carried out."""
    ignored: tuple[str, ...] = ()
    """The rules that an order turned down, here and in what follows."""
    measured: bool = False
    """Whether the text tells of both versions being built."""


def text(marker: Marker) -> str:
    """The line."""
    data = marker._asdict()
    data["heads"] = data["heads"][:_HEADS]
    plain = json.dumps(data, separators=(",", ":"))
    return "<!-- slimfix-bot:" + plain.replace("--", "\\u002d\\u002d").replace(">", "\\u003e") + " -->"


def find(body: str) -> Marker | None:
    """The notes at the end of a body; None if there are none that we wrote."""
    match = _LINE.search(body.replace("\r\n", "\n"))
    if match is None:
        return None
    try:
        found = json.loads(match[1])
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not _NEEDED <= found.keys() <= set(Marker._fields):
        return None
    found = {**Marker._field_defaults, **found}
    flags = found["dressed"], found["measured"]
    if found["closed"] not in _CLOSED or not all(isinstance(flag, bool) for flag in flags):
        return None
    if type(found["heard"]) is not int:
        return None
    lists = {name: found[name] for name in ("rules", "heads", "ignored")}
    if not all(
        isinstance(one, (list, tuple)) and all(isinstance(item, str) for item in one)
        for one in lists.values()
    ):
        return None
    if not all(isinstance(found[name], str) for name in ("key", "fingerprint", "content", "title", "onto")):
        return None
    return Marker(**{**found, **{name: tuple(one) for name, one in lists.items()}})


_NEEDED = set(Marker._fields) - Marker._field_defaults.keys()
"""Notes of an earlier version may lack the others."""


def without(body: str) -> str:
    """The body without its notes."""
    return _LINE.sub("", body.replace("\r\n", "\n")).rstrip()
