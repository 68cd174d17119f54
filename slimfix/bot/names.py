"""Names that come from outside: those of repositories, branches and files, and what is refused."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from slimfix.bot.errors import BotError

PREFIX = "slimfix/"
"""Every branch of the bot begins with it; it never touches another."""
MAX_BRANCH = 100

_PART = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*\Z")
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")


def repository(name: str) -> str:
    """*name* (``owner/name``, on GitLab also ``group/subgroup/name``) if it is one.

    Raises:
        BotError: it is none, or could be taken for an option or another path.
    """
    parts = name.split("/")
    if len(parts) < 2 or not all(_PART.match(part) and part.strip(".") for part in parts):
        raise BotError("bad-name", f"not a repository's name: {name!r}")
    return name


def sha(value: object) -> str:
    """*value* if it is the name of a git object, else a BotError."""
    if not isinstance(value, str) or not _SHA.match(value):
        raise BotError("bad-name", f"not the name of a commit: {value!r}")
    return value


MAX_PATH = 512
"""Characters of a path that is worked on; people's have fewer, and patterns take long for long ones."""
_WILD = 3


def too_wild(pattern: str) -> bool:
    """Whether a pattern as in ``.gitignore`` has so many wildcards that matching it could last for hours.

    What stands before it in any directory, or behind it at any depth, does not count.
    """
    inner = pattern.lstrip("!").removeprefix("**/").removesuffix("/**").removesuffix("/*")
    return len(re.findall(r"\*+", inner)) > _WILD


def bad_path(path: str) -> str | None:
    """Why a path of a repository is not worked on; None if there is nothing against it."""
    if any(0xDC80 <= ord(char) <= 0xDCFF for char in path):
        return "its name is not UTF-8"
    if any(unicodedata.category(char) in ("Cc", "Cf") for char in path):
        return "its name has control characters"
    if len(path) > MAX_PATH:
        return "its name is too long"
    parts = path.split("/")
    if any(part in ("", ".", "..") or part.lower() == ".git" for part in parts):
        return "its name leads elsewhere"
    if any(part.startswith("-") for part in parts):
        return "its name begins with a hyphen"
    if path.lower().startswith(".github/workflows/"):
        return "a workflow is never written"
    return None


def branch(group: str, unit: str = "") -> str:
    """The branch for a group of fixes, and for one directory of a repository with several.

    A function of its arguments alone, so that the same fixes are always found on the same branch.
    """
    name = PREFIX + (re.sub(r"[^a-z0-9]+", "-", group.lower()).strip("-") or "fixes")[:60]
    if unit:
        slug = re.sub(r"[^a-z0-9]+", "-", unit.lower()).strip("-")[:20].strip("-")
        name += "-" + "-".join(filter(None, (slug, hashlib.sha256(unit.encode()).hexdigest()[:8])))
    return name[:MAX_BRANCH]


def ours(name: str) -> bool:
    """Whether a branch is one that the bot may write to, as far as its name tells."""
    return name.startswith(PREFIX) and len(name) <= MAX_BRANCH
