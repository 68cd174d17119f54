r"""Docker's ``.dockerignore``: which paths of a directory the builder never sees.

A rule is a glob (see :mod:`slimfix.globs`) with ``**`` besides; ``!`` makes an exception, the last
rule that fits decides, and a rule for a directory holds for all below it. It is not the language of
gitignore (there ``a`` is an ``a`` at any depth), and no maintained library for our Pythons has it.

Facts from moby/patternmatcher and from fsutil's filtered walk, by which BuildKit reads a context.
Two habits of theirs matter. A rule is asked about a directory only while it could still change the
answer for that directory, and what it said then it says for all below: order counts at every level.
And a pattern with a wildcard becomes a regular expression half escaped, so that ``\d`` or ``a|b``
mean more than they say; such a pattern is refused instead of guessed.

Matching takes time linear in the path whatever the pattern: a context may come from a stranger.
Pure: text in, answers out. The Dockerfile and the ignore file are paths like any other to BuildKit.
"""

from __future__ import annotations

import posixpath
import re

from slimfix.globs import BadPattern, Token, clean, tokens_of
from slimfix.patterns import lazy

__all__ = ["BadPattern", "DockerIgnore"]

_BOM = "\ufeff"
# What Go calls space; str.strip() would also take the separators \x1c to \x1f.
_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_REPEAT = lazy(r"\{\d+(,\d*)?\}")
_TRAILING_GLOB = lazy(r"/\*\*?$")


class DockerIgnore:
    """The rules of one ignore file."""

    def __init__(self, patterns: tuple[str, ...] = ()) -> None:
        """*patterns*: the rules as :meth:`parse` leaves them. Raises BadPattern."""
        self.patterns = patterns
        """The rules as Docker keeps them, in order: trimmed, cleaned, exceptions with ``!``."""
        self._rules = tuple(map(_Rule, patterns))
        self._exceptions = tuple(rule for rule in self._rules if rule.exception)
        self._holding: dict[str, tuple[bool, ...]] = {"": (False,) * len(patterns)}

    @classmethod
    def parse(cls, text: str) -> DockerIgnore:
        """The rules in the text of a ``.dockerignore``.

        Raises:
            BadPattern: Docker would stop at this file, or we cannot be sure of what a line means.
        """
        patterns: list[str] = []
        for line in text.removeprefix(_BOM).split("\n"):
            pattern = line.strip(_SPACE)
            if line.startswith("#") or not pattern:
                continue
            mark = "!" if pattern.startswith("!") else ""
            pattern = pattern[len(mark) :].strip(_SPACE)
            if pattern:
                pattern = _go_clean(pattern)
                pattern = pattern[1:] if len(pattern) > 1 and pattern[0] == "/" else pattern
            # Docker trims and cleans on reading and once more on compiling: "/!a" ends as "!a".
            pattern = (mark + pattern).strip(_SPACE)
            if pattern:
                patterns.append(_go_clean(pattern))
        return cls(tuple(patterns))

    def excludes(self, path: str) -> bool:
        """Whether the rules leave out *path*, which is relative to the context.

        An excluded directory exists for the builder all the same when something in it is kept.
        """
        path = clean(path)
        if not path or not self._rules:
            return False
        parent, holding = "", self._holding[""]
        for part in path.split("/")[:-1]:
            parent = f"{parent}/{part}" if parent else part
            known = self._holding.get(parent)
            if known is None:
                known = self._holding[parent] = self._judge(parent, holding)[1]
            holding = known
        return self._judge(path, holding)[0]

    def _judge(self, path: str, above: tuple[bool, ...]) -> tuple[bool, tuple[bool, ...]]:
        """The verdict on *path*, and which rules hold for all below it; *above*: the parent's."""
        excluded = False
        holding: list[bool] = []
        for rule, inherited in zip(self._rules, above):
            holds = inherited or (rule.exception == excluded and rule.matches(path))
            holding.append(holds)
            if holds:
                excluded = not rule.exception
        return excluded, tuple(holding)

    def may_keep_below(self, directory: str) -> bool:
        """Whether an exception might keep something below an excluded *directory*."""
        return any(rule.reaches_below(clean(directory)) for rule in self._exceptions)


class _Rule:
    """One line of a rule file, ready to be asked about a path."""

    __slots__ = ("_automaton", "_shape", "_text", "exception")

    def __init__(self, pattern: str) -> None:
        self.exception = pattern.startswith("!")
        self._text = pattern[1:] if self.exception else pattern
        if not self._text:
            raise BadPattern("'!' stands alone")
        tokens = _widen(tokens_of(self._text))
        if _plain(tokens):
            self._shape = "whole"
        elif tokens[0].kind in ("deep", "all") and _plain(tokens[1:]):
            self._shape = "end"
        elif tokens[-1].kind == "all" and _plain(tokens[:-1]):
            self._shape = "start"
        else:
            self._shape = "wild"
            self._automaton = _Automaton(self._text, tokens)

    def matches(self, path: str) -> bool:
        if self._shape == "wild":
            return self._automaton.matches(path)
        if self._shape == "end":
            # "**name" is any path that ends so, even "my-name"; "**/name" needs the whole name.
            rest = self._text[2:]
            return path.endswith(rest) or (rest[:1] == "/" and path == rest[1:])
        if self._shape == "start":
            return path.startswith(self._text[:-2])
        return path == self._text

    def reaches_below(self, directory: str) -> bool:
        """Whether this rule might match something below *directory*."""
        fixed = _TRAILING_GLOB.sub("", self._text)
        return bool(re.search(r"[*?\[\]\\]", fixed)) or f"{fixed}/".startswith(f"{directory}/")


def _plain(tokens: list[Token]) -> bool:
    """Whether these are characters that Docker compares as text, without a regular expression."""
    return all(token.kind == "char" and not token.escaped and token.char != "]" for token in tokens)


def _widen(tokens: list[Token]) -> list[Token]:
    """Pairs of stars joined: ``**/`` or ``**`` before something is ``deep``, at the end ``all``."""
    result: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        at += 1
        if token.kind == "star" and at < len(tokens) and tokens[at].kind == "star":
            at += 1
            if at < len(tokens) and tokens[at] == Token("char", "/"):
                at += 1
            token = Token("deep" if at < len(tokens) else "all")
        result.append(token)
    return result


class _Automaton:
    """A pattern with wildcards, run as a set of places held in the bits of one integer."""

    __slots__ = ("_jumps", "_literals", "_moves", "_steps")

    def __init__(self, pattern: str, tokens: list[Token]) -> None:
        # A wildcard stands in as a line end, which no pattern can contain.
        text = "".join(token.char or "\n" for token in tokens)
        for at, token in enumerate(tokens):
            if token.odd or (token.escaped and (token.char.isalnum() or token.char > "\x7f")):
                raise BadPattern(f"{pattern!r} has a class or an escape with a meaning of its own")
            if not token.escaped and (token.char in ("|", "^") or _REPEAT.match(text, at)):
                raise BadPattern(f"{pattern!r} is a regular expression to Docker")
        # Text that must occur somewhere; it settles most paths without running the automaton.
        self._literals = [run for run in text.split("\n") if run]
        self._steps: list[Token] = []
        self._jumps: list[tuple[int, int]] = []
        for token in tokens:
            here = 1 << len(self._steps)
            self._steps.append(token)
            if token.kind in ("star", "deep", "all"):
                self._jumps.append((here, here << 1))
            if token.kind == "deep":
                # Either nothing at all, or anything up to a slash.
                self._jumps.append((here, here << 2))
                self._steps.append(Token("all", "/"))
        self._moves: dict[str, tuple[int, int]] = {}

    def matches(self, path: str) -> bool:
        if not all(literal in path for literal in self._literals):
            return False
        places = self._jump(1)
        for char in path:
            on, stay = self._moves.get(char) or self._move(char)
            places = self._jump((places & on) << 1 | places & stay)
            if not places:
                return False
        return bool(places >> len(self._steps))

    def _jump(self, places: int) -> int:
        """*places*, and those that can be reached from them without reading a character."""
        for start, end in self._jumps:
            if places & start:
                places |= end
        return places

    def _move(self, char: str) -> tuple[int, int]:
        """The places that *char* leads on from, and those that it may stay at."""
        on = stay = 0
        for at, token in enumerate(self._steps):
            if token.kind == "star":
                stay |= (char != "/") << at
            elif token.kind == "all":
                stay |= (char != "\n") << at
                on |= (char == token.char) << at
            elif token.kind != "deep":
                on |= token.takes(char) << at
        self._moves[char] = on, stay
        return on, stay


def _go_clean(pattern: str) -> str:
    """Go's ``filepath.Clean``; posixpath alone keeps a double slash at the start."""
    return posixpath.normpath(re.sub("^//+", "/", pattern))
