"""Whom to ask for a review: the owners of code, by the rules of the forge that the code is on.

GitHub: the last pattern that matches a path counts; patterns are those of ``.gitignore`` but for ``!`` and
``[ ]``, and ``docs/*`` stops at the next slash. GitLab: the same, for each section by itself, and a section
may name owners for its patterns. Gitea and Forgejo: every rule that matches counts; rules are regular
expressions of Go for a whole path, ``!`` before one is for all other paths, and a backslash takes from the
next character what it means to the file itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Literal, NamedTuple

from slimfix.bot.names import too_wild
from slimfix.bot.regex import BadRegex, Regex
from slimfix.search import ignore_spec

Kind = Literal["github", "gitlab", "gitea"]
PLACES: dict[Kind, tuple[str, ...]] = {
    "github": (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"),
    "gitlab": ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"),
    "gitea": ("CODEOWNERS", "docs/CODEOWNERS", ".gitea/CODEOWNERS", ".forgejo/CODEOWNERS"),
}
"""Where the file is, by forge; the first found counts."""

MAX_BYTES = 3 << 20
"""GitHub ignores a larger file."""
MAX_RULES = 5_000
"""A file with more is not read."""
MAX_REVIEWERS = 5
"""More are not asked: who is asked with all others does not feel asked."""

_OWNER = re.compile(r"@[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*\Z")
_SECTION = re.compile(r"\^?\[([^\]]+)\](?:\[\d+\])?((?:\s.*)?)\Z")


class _Rule(NamedTuple):
    matches: Callable[[str], bool]
    owners: list[str]
    section: str = ""


def reviewers(text: str, paths: Iterable[str], kind: Kind = "github") -> tuple[str, ...]:
    """The owners of *paths* (``user`` or ``owner/team``, without ``@``), the most concerned first."""
    if len(text) > MAX_BYTES:
        return ()
    read = _go_rules(text) if kind == "gitea" else _glob_rules(text, kind == "gitlab")
    rules = list(islice(read, MAX_RULES + 1))
    if len(rules) > MAX_RULES:
        return ()
    counts: dict[str, int] = {}
    for path in paths:
        found = [rule for rule in rules if rule.matches(path)]
        if kind != "gitea":  # the last of each section
            found = list({rule.section: rule for rule in found}.values())
        for owner in dict.fromkeys(owner for rule in found for owner in rule.owners):
            counts[owner] = counts.get(owner, 0) + 1
    order = sorted(counts, key=lambda owner: -counts[owner])
    return tuple(order[:MAX_REVIEWERS])


def _named(words: Iterable[str]) -> list[str]:
    return [word[1:] for word in words if _OWNER.match(word)]


def _glob_rules(text: str, sections: bool) -> Iterator[_Rule]:
    section, owners = "", []
    for line in text.splitlines():
        line = line.split("#", 1)[0].strip()
        heading = _SECTION.match(line) if sections else None
        if heading:
            section, owners = heading[1].lower(), _named(heading[2].split())
            continue
        pattern, *names = line.split() or [""]
        if not pattern or pattern.startswith("!") or "[" in pattern or too_wild(pattern):
            continue
        yield _Rule(_glob(pattern), _named(names) if names else owners, section)


def _glob(pattern: str) -> Callable[[str], bool]:
    spec = ignore_spec([pattern])
    if not pattern.endswith("/*") or "**" in pattern:
        return spec.match_file
    level = pattern.lstrip("/").count("/")
    return lambda path: path.count("/") == level and spec.match_file(path)


def _go_rules(text: str) -> Iterator[_Rule]:
    for line in text.splitlines():
        pattern, *names = _tokens(line) or [""]
        negated = pattern.startswith("!")
        if not names:
            continue
        try:
            expression = Regex(pattern.removeprefix("!"))
        except BadRegex:
            continue
        yield _Rule(_whole(expression, negated), _named(f"@{name.removeprefix('@')}" for name in names))


def _whole(expression: Regex, negated: bool) -> Callable[[str], bool]:
    return lambda path: expression.matches(path) != negated


def _tokens(line: str) -> list[str]:
    r"""The words of a line of Gitea's; ``\`` before a blank, ``#`` or ``\`` makes it a part of one."""
    words, word, escaped = [], "", False
    for char in line.strip().replace("\t", " "):
        if escaped:
            word, escaped = word + char, False
        elif char == "\\":
            escaped = True
        elif char == "#":
            break
        elif char == " ":
            words += [word] if word else []
            word = ""
        else:
            word += char
    return words + ([word] if word else [])
