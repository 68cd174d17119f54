"""Paths as a script writes them: words with plain variables, and whether two may be the same file."""

from __future__ import annotations

import posixpath
import re
from fnmatch import fnmatchcase

from slimfix.patterns import lazy
from slimfix.shell import Argument

_VARIABLE = lazy(r"\$(?:\{(\w+)\}|(\w+))")
_CHANGING = frozenset(("_", "PWD", "OLDPWD", "RANDOM", "SECONDS", "LINENO", "EPOCHSECONDS"))
"""Variables that the shell itself changes from command to command."""
_PLAIN = lazy(r"(?:[\w./:@%+~,=?&-]|\$\w+|\$\{\w+\})+")


def text(argument: Argument) -> str | None:
    """A word as one path or address: plain text in which ``$NAME`` and ``${NAME}`` may stand."""
    if argument.glob:
        return None
    if argument.value is not None:
        return argument.value if "$" not in argument.value else None
    raw = argument.raw
    if len(raw) > 1 and raw[0] == raw[-1] == '"':
        raw = raw[1:-1]
    return raw if is_plain(raw) else None


def is_plain(raw: str) -> bool:
    """Whether nothing in a word but plain variables is for the shell to expand."""
    return _PLAIN.fullmatch(raw) is not None and not _CHANGING.intersection(variables(raw))


def variables(path: str) -> set[str]:
    """The names of the variables in a path."""
    return {match[1] or match[2] for match in _VARIABLE.finditer(path)}


def pattern(path: str) -> str:
    """A path with ``*`` for each variable, as a pattern."""
    return _VARIABLE.sub("*", path)


UNKNOWN = "?"
"""A directory that only the running shell knows."""


def join(directory: str, path: str) -> str:
    """A path seen from a directory, in one spelling; it begins with UNKNOWN if it cannot be told.

    That is so behind a ``..`` that leads out of a variable, which may hold several directories.
    """
    whole = posixpath.join(directory, path)
    if "$" in whole and ".." in path.split("/"):
        return posixpath.join(UNKNOWN, posixpath.basename(path))
    return posixpath.normpath(whole)


def within(path: str, directory: str) -> bool:
    """Whether *path* is *directory* or lies in it."""
    return directory in ("/", ".", path) or path.startswith(directory.rstrip("/") + "/")


def names(word: str, directory: str, path: str) -> bool:
    """Whether a word of a command that runs in *directory* may name the file at *path*."""
    for part in re.split(r"[=,:]", word.strip("'\"()[]{};`")) if "://" not in word else ():
        wanted, given = pattern(posixpath.basename(path)), pattern(posixpath.basename(part))
        if not given:
            continue
        if not re.search(r"[*?\[]", given):
            if fnmatchcase(given, wanted):
                return True
        elif fnmatchcase(re.sub(r"\*", "x", wanted), given) or fnmatchcase(
            re.sub(r"[*?\[\]]", "x", given), wanted
        ):
            where = pattern(join(directory, posixpath.dirname(part) or "."))
            if fnmatchcase(posixpath.dirname(path) or ".", where) or not re.sub(r"[*?$]", "", where):
                return True
    return False
