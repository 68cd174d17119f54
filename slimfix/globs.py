r"""Docker's path patterns: the language of Go's ``filepath.Match``, which COPY takes as globs.

``*`` and ``?`` stop at a slash, ``[a-c]`` and ``[^a]`` are classes (which do not stop there), a
backslash makes the next character literal; Python's fnmatch differs in all four. What
``.dockerignore`` adds to this is in :mod:`slimfix.dockerignore`. Nothing here reads a file. Paths
are as on Linux and macOS: a backslash is never a separator.
"""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache

from slimfix.records import NamedTuple


class BadPattern(ValueError):
    """Docker rejects this pattern, or reads it in a way that we cannot vouch for."""


class Class(NamedTuple):
    """A bracket expression."""

    negated: bool
    ranges: tuple[tuple[str, str], ...]

    def has(self, char: str) -> bool:
        """Whether *char* belongs to it."""
        return any(low <= char <= high for low, high in self.ranges) != self.negated


class Token(NamedTuple):
    """One piece of a pattern: a wildcard, named by *kind*, or one character to be met."""

    kind: str
    """``char``, ``any`` (?), ``class``, ``star`` (*); rule files add ``deep`` and ``all`` (**)."""
    char: str = ""
    escaped: bool = False
    members: Class | None = None
    odd: bool = False
    """A class that says something else to a regular expression engine."""

    def takes(self, char: str) -> bool:
        """Whether *char* can be the one character that this token stands for."""
        if self.kind == "char":
            return char == self.char
        if self.members is not None:
            return self.members.has(char)
        return char != "/"


def clean(path: str) -> str:
    """A path in the context without ``.``, ``..``, doubled or outer slashes; the root is ``""``.

    A leading slash means the root of the context, and ``..`` never leads above it, as in COPY.
    """
    return posixpath.normpath("/" + path).lstrip("/")


def has_wildcard(text: str) -> bool:
    """Whether COPY takes this path, or this part of one, for a glob."""
    return any(char in "*?[" for char in re.sub(r"\\.", "", text, flags=re.DOTALL))


def match(pattern: str, name: str) -> bool:
    """Whether the whole of *name* fits *pattern*; ``**`` is no more than ``*`` here.

    Raises:
        BadPattern: an open bracket, an empty class or range, or a backslash at the end.
    """
    simple = _simple(pattern)
    if simple is not None:
        before, star, after = simple
        if not star:
            return name == before
        start, end = len(before), len(name) - len(after)
        fits = start <= end and name.startswith(before) and name.endswith(after)
        return fits and "/" not in name[start:end]
    chunks = _chunks(pattern)
    at = 0
    for starred, tokens in chunks:
        last = tokens is chunks[-1][1]
        if starred and not tokens:
            return "/" not in name[at:]
        if last and starred:
            # Only the end of the name can fit what has to end the name.
            end = len(name) - len(tokens)
            return at <= end and "/" not in name[at:end] and _fits(tokens, name, end, last)
        # The first fit is taken for good, as in Go; a later star makes up for what it left.
        while not _fits(tokens, name, at, last):
            if not starred or at >= len(name) or name[at] == "/":
                return False
            at += 1
        at += len(tokens)
    return True


@lru_cache(maxsize=256)  # a glob is asked about every name of a directory
def _simple(pattern: str) -> tuple[str, str, str] | None:
    """What stands around the one star of a pattern that has no other mark; None for any other pattern."""
    if pattern.count("*") > 1 or not {"?", "[", "\\"}.isdisjoint(pattern):
        return None
    return pattern.partition("*")


@lru_cache(maxsize=256)
def _chunks(pattern: str) -> list[tuple[bool, list[Token]]]:
    """The pattern cut before its stars: whether a star comes first, and what follows it."""
    chunks: list[tuple[bool, list[Token]]] = [(False, [])]
    for token in tokens_of(pattern):
        if token.kind != "star":
            chunks[-1][1].append(token)
        elif chunks[-1] != (True, []):
            chunks.append((True, []))
    return chunks


def _fits(tokens: list[Token], name: str, at: int, last: bool) -> bool:
    end = at + len(tokens)
    if end > len(name) or (last and end < len(name)):
        return False
    return all(token.takes(char) for token, char in zip(tokens, name[at:end]))


def tokens_of(pattern: str) -> list[Token]:
    """The pattern in pieces, each star for itself; raises BadPattern as :func:`match` does."""
    tokens: list[Token] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            tokens.append(Token("star"))
        elif char == "?":
            tokens.append(Token("any"))
        elif char == "[":
            token, at = _bracket(pattern, at)
            tokens.append(token)
        elif char == "\\":
            if at == len(pattern):
                raise BadPattern(f"{pattern!r} ends in a backslash")
            tokens.append(Token("char", pattern[at], escaped=True))
            at += 1
        else:
            tokens.append(Token("char", char))
    return tokens


def _bracket(pattern: str, at: int) -> tuple[Token, int]:
    """The class whose ``[`` stands before *at*, and the place after its ``]``."""
    odd = False

    def member() -> str:
        nonlocal at, odd
        char = pattern[at : at + 1]
        if char == "\\":
            at += 1
            char = pattern[at : at + 1]
            odd |= char.isalnum() or char > "\x7f"
        elif char in ("-", "]"):
            raise BadPattern(f"{pattern!r} has an empty class or range")
        else:
            odd |= char in ("*", "?", "[")
        at += 1
        # What follows can be the closing bracket at the earliest.
        if at >= len(pattern):
            raise BadPattern(f"{pattern!r} has an open bracket")
        return char

    negated = pattern.startswith("^", at)
    at += negated
    ranges: list[tuple[str, str]] = []
    while not ranges or not pattern.startswith("]", at):
        low = high = member()
        if pattern[at] == "-":
            at += 1
            high = member()
        odd |= low > high
        ranges.append((low, high))
    return Token("class", members=Class(negated, tuple(ranges)), odd=odd), at + 1
