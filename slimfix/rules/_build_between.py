"""What stands between an install and its use: whether the install may be made behind it."""

from __future__ import annotations

import posixpath
import re

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.dockerfile.words import expand, pairs
from slimfix.knowledge import table
from slimfix.patterns import lazy
from slimfix.records import NamedTuple

_PASSED = frozenset(
    ("WORKDIR", "LABEL", "EXPOSE", "MAINTAINER", "STOPSIGNAL", "CMD", "ENTRYPOINT", "HEALTHCHECK")
)
_SYSTEM = frozenset(
    (
        "bin",
        "boot",
        "dev",
        "etc",
        "lib",
        "lib32",
        "lib64",
        "libx32",
        "proc",
        "run",
        "sbin",
        "sys",
        "usr",
        "var",
    )
)
_MORE = lazy(r"\$(?:PATH\b|\{PATH\})")
_OWNERS = lazy(r"(?:\d+|root|www-data|nobody)(?::(?:\d+|root|www-data|nogroup|nobody)?)?")
"""Users whom every system has."""
_LOCAL = ("/usr/local/bin", "/usr/local/sbin")
_ARCHIVE = lazy(r"\.(?:tar|tgz|tbz|txz|gz|xz|bz2|zip)|://")


class Manager(NamedTuple):
    """A package manager, as far as it notices what is done before it runs."""

    ours: re.Pattern[str]
    """Directories of the system in which its packages have nothing, and which it does not read."""
    counts: re.Pattern[str]
    """Variables that it, or what its packages run, would notice."""
    aside: bool
    """Whether what its packages run looks for programs in /usr/local."""


APK = Manager(
    lazy(r"/(?:usr/(?:src|local|app)|var/www|etc/(?!apk/|ssl/|pki/|ca-cert)[^/]+/)(?:/?.*)?"),
    lazy(r"(?:https?|ftp|no|all)_proxy|(?:LD|APK|SSL)_\w+|PATH|IFS|ENV|TMPDIR", re.IGNORECASE),
    False,
)
APT = Manager(
    lazy(r"/(?:usr/(?:src|app|local/etc|local/src)|var/www)(?:/.*)?"),
    lazy(
        r"(?:https?|ftp|no|all)_proxy|(?:LD|APT|DPKG|DEBCONF|SSL|PERL)_?\w*|PATH|IFS|ENV|BASH_ENV|TMPDIR|HOME"
        r"|PYTHON(?:PATH|HOME)",
        re.IGNORECASE,
    ),
    True,
)


def blocking(
    dockerfile: Dockerfile, other: Instruction, manager: Manager, longer: bool = False
) -> str | None:
    """Why an install cannot be made behind an instruction before which it stands; RUN is not judged here.

    Args:
        longer: PATH may become longer.
    """
    if other.name in _PASSED:
        return None
    if other.name in ("ENV", "ARG"):
        return variables(other, manager, longer)
    if other.name not in ("COPY", "ADD"):
        return f"{other.name} stands in between"
    return _copied(dockerfile, other, manager)


def variables(other: Instruction, manager: Manager, longer: bool = False) -> str | None:
    """Whether ENV or ARG sets what the manager, or what its packages run, would notice.

    Args:
        longer: PATH may become longer: what compilers and headers run when they are installed does not lie
            in a directory of the author's.
    """
    if other.name == "ENV":
        given = pairs(other.args.text, other.escape)
        names = [name for name, value in given if not (longer and name == "PATH" and _MORE.search(value))]
    else:
        names = [part.text.partition("=")[0] for part in other.parts]
    return next((f"{n} is set in between" for n in names if manager.counts.fullmatch(n)), None)


def _copied(dockerfile: Dockerfile, copy: Instruction, manager: Manager) -> str | None:
    """Whether what is copied may change what is installed, or be changed by it."""
    owner = copy.flag("chown")
    if owner is not None and not _OWNERS.fullmatch(owner):
        return f"{copy.name} in between names a user whom a package may bring"
    words = copy.exec_form or [part.text for part in copy.parts]
    target = into(copy)
    reason = f"{copy.name} in between may write to the directories of the system"
    if target is not None and target.startswith("/") and target != "/":
        if target.split("/")[1] not in _SYSTEM or manager.ours.fullmatch(target):
            return None
        return None if manager.aside and _aside(dockerfile, copy, words, target) else reason
    if target is None or copy.flag("from") is not None or copy.heredocs:
        return reason
    if copy.name == "ADD" and any(_ARCHIVE.search(word) for word in words[:-1]):
        return reason
    return reason if any(_may_hold_system(dockerfile, word) for word in words[:-1]) else None


def into(copy: Instruction) -> str | None:
    """Where a COPY or ADD copies to; None where that is not known."""
    words = copy.exec_form or [part.text for part in copy.parts]
    written = expand(words[-1], copy.state.variables(), copy.escape)
    return None if written is None else copy.state.resolve(written)


def _aside(dockerfile: Dockerfile, copy: Instruction, words: list[str], target: str) -> bool:
    """Whether one program is copied to /usr/local/bin that no package would run in its place."""
    if not target.startswith(_LOCAL) or copy.heredocs:
        return False
    inside = words[-1].endswith("/") or target in _LOCAL
    one = len(words) == 2 and (not inside or is_file(dockerfile, copy, words[0]))
    name = posixpath.basename(words[0] if inside else target)
    return one and re.fullmatch("|".join(table("debian_images")["aside"]["programs"]), name) is not None


def _may_hold_system(dockerfile: Dockerfile, source: str) -> bool:
    """Whether what is copied to ``/`` (or to a directory that is not known) may hold ``etc`` or ``usr``."""
    context = dockerfile.context
    if context is not None:
        found = context.glob(source)
        below = [child for path in found if context.is_dir(path) for child in context.iterdir(path)]
        if found:
            return any(posixpath.basename(path) in _SYSTEM for path in below)
    return not looks_like_a_file(source)


def looks_like_a_file(source: str) -> bool:
    """Whether a name, of which nothing is known, is rather that of a file than of a directory."""
    name = posixpath.basename(source.rstrip("/"))
    return re.fullmatch(r"[\w*-][\w*.-]*\.[A-Za-z*]+|[A-Z]\w+file(?:\.lock)?", name) is not None


def is_file(dockerfile: Dockerfile, copy: Instruction, source: str) -> bool:
    """Whether a source is a file, as far as can be told."""
    if dockerfile.context is not None and copy.flag("from") is None:
        found = dockerfile.context.glob(source)
        if found:
            return not any(map(dockerfile.context.is_dir, found))
    return not source.endswith("/") and looks_like_a_file(source)
