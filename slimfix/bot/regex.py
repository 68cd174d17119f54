"""Regular expressions as Go reads them (RE2), of strangers: matched in a time that grows with the text alone.

Python's own would try one way after the other, and a stranger's expression can have more ways than there is
time. Here all ways are followed at once. What is seldom written, such as classes of Unicode by name, is not
read; whoever asks is told so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

MAX_STATES = 2_000
_DEEP = 50
"""Groups within groups."""

_Test = Callable[[str], bool]


class BadRegex(ValueError):
    """It cannot be read, or is too large."""


class _State(NamedTuple):
    """Where a match may stand: a character that leads on, or other places to be at without one."""

    test: _Test | None
    to: list[int]


class _Node(NamedTuple):
    """A part of an expression: a character, parts behind or beside each other, or one that is repeated."""

    kind: str
    test: _Test | None = None
    parts: tuple[_Node, ...] = ()
    least: int = 1
    most: int | None = 1


class Regex:
    """An expression that a whole text must match."""

    def __init__(self, pattern: str) -> None:
        """Raises BadRegex."""
        self._states: list[_State] = []
        self._steps = 0
        self._end = self._state(None)
        self._start = self._built(_Reader(pattern).read(), self._end)

    def matches(self, text: str) -> bool:
        """Whether all of *text* matches."""
        now = self._reach({self._start})
        for char in text:
            now = self._reach({to for at in now for to in self._on(at, char)})
            if not now:
                return False
        return self._end in now

    def _on(self, at: int, char: str) -> Iterable[int]:
        state = self._states[at]
        return state.to if state.test is not None and state.test(char) else ()

    def _reach(self, places: set[int]) -> set[int]:
        """These, and all to which they lead without a character."""
        todo = list(places)
        while todo:
            state = self._states[todo.pop()]
            if state.test is None:
                todo += (new := [to for to in state.to if to not in places])
                places.update(new)
        return places

    # -- each part is built in front of the state that follows it ------------------------------------

    def _state(self, test: _Test | None, *to: int) -> int:
        self._states.append(_State(test, list(to)))
        return len(self._states) - 1

    def _built(self, node: _Node, then: int) -> int:
        self._steps += 1
        if self._steps > MAX_STATES:
            raise BadRegex("too large")
        if node.kind == "one":
            return self._state(node.test, then)
        if node.kind == "choice":
            return self._state(None, *(self._built(part, then) for part in node.parts))
        if node.kind == "sequence":
            for part in reversed(node.parts):
                then = self._built(part, then)
            return then
        (part,) = node.parts
        if node.most is None:
            again = self._state(None, then)
            self._states[again].to.append(self._built(part, again))
            then = again
        else:
            for _ in range(node.most - node.least):
                then = self._state(None, then, self._built(part, then))
        for _ in range(node.least):
            then = self._built(part, then)
        return then


class _Reader:
    """Reads an expression."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def read(self) -> _Node:
        """All of it. Raises BadRegex."""
        found = self._choice()
        if self._at < len(self._text):
            raise BadRegex(f"an unexpected {self._text[self._at]!r}")
        return found

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        char = self._peek()
        if not char:
            raise BadRegex("it ends too soon")
        self._at += 1
        return char

    def _choice(self) -> _Node:
        """Alternatives, to the end of their group."""
        ways = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            ways.append(self._sequence())
        return ways[0] if len(ways) == 1 else _Node("choice", None, tuple(ways))

    def _sequence(self) -> _Node:
        parts = []
        while self._peek() not in ("", "|", ")"):
            part = self._atom()
            least, most = self._repeat()
            parts.append(part if (least, most) == (1, 1) else _Node("repeat", None, (part,), least, most))
        return _Node("sequence", None, tuple(parts))

    def _repeat(self) -> tuple[int, int | None]:
        found: tuple[int, int | None] | None
        if self._peek() in _REPEATS:
            found = _REPEATS[self._next()]
        else:
            found = self._counted() if self._peek() == "{" else None
        if found is None:
            return 1, 1
        if self._peek() == "?":  # as few as can be: the same for a whole text
            self._at += 1
        if self._peek() in _REPEATS:
            raise BadRegex("repeated twice")
        return found

    def _counted(self) -> tuple[int, int | None] | None:
        """``{2}``, ``{2,}`` or ``{2,5}``; None where the brace is one to be met."""
        inner, close, _ = self._text[self._at + 1 :].partition("}")
        low, comma, high = inner.partition(",")
        if not close or not _is_number(low) or (high and not _is_number(high)):
            return None
        self._at += len(inner) + 2
        least = int(low)
        most = int(high or low) if high or not comma else None
        if least > 1000 or (most is not None and not least <= most <= 1000):
            raise BadRegex("repeated too often")
        return least, most

    def _atom(self) -> _Node:
        char = self._next()
        if char == "(":
            return self._group()
        if char == "[":
            return _Node("one", self._members())
        if char == ".":
            return _Node("one", lambda given: given != "\n")
        if char in _REPEATS:
            raise BadRegex("nothing to repeat")
        if char in "^$":
            raise BadRegex("an anchor within")  # at both ends there is one already
        if char == "\\":
            return _Node("one", self._escaped())
        return _Node("one", lambda given: given == char)

    def _group(self) -> _Node:
        self._depth += 1
        if self._depth > _DEEP:
            raise BadRegex("too deep")
        if self._peek() == "?":
            self._at += 1
            if self._next() != ":":
                raise BadRegex("a group of an unusual kind")
        found = self._choice()
        if self._next() != ")":
            raise BadRegex("a group without an end")
        self._depth -= 1
        return found

    def _escaped(self) -> _Test:
        char = self._next()
        if char in _CLASSES:
            return _CLASSES[char]
        if char.isascii() and char.isalnum():
            raise BadRegex(f"an unusual escape, \\{char}")
        return lambda given: given == char

    def _members(self) -> _Test:
        negated = self._peek() == "^"
        self._at += negated
        tests: list[_Test] = []
        while self._peek() != "]" or not tests:
            low = self._next()
            if low == "[" and self._peek() == ":":
                raise BadRegex("a class by name")
            if low == "\\" and self._peek() in _CLASSES:
                tests.append(_CLASSES[self._next()])
                continue
            low = self._literal(low)
            high = low
            if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                high = self._literal(self._next())
                if high < low:
                    raise BadRegex("a range that ends before it begins")
            tests.append(_between(low, high))
        self._at += 1
        return lambda given: any(test(given) for test in tests) != negated

    def _literal(self, char: str) -> str:
        if char != "\\":
            return char
        char = self._next()
        if char.isascii() and char.isalnum():
            raise BadRegex(f"an unusual escape, \\{char}")
        return char


_REPEATS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 9


def _between(low: str, high: str) -> _Test:
    return lambda given: low <= given <= high


def _digit(char: str) -> bool:
    return "0" <= char <= "9"


def _word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")


def _space(char: str) -> bool:
    return char in "\t\n\f\r "


_CLASSES: dict[str, _Test] = {
    "d": _digit,
    "D": lambda char: not _digit(char),
    "w": _word,
    "W": lambda char: not _word(char),
    "s": _space,
    "S": lambda char: not _space(char),
}
"""Of ASCII alone, as in Go."""
