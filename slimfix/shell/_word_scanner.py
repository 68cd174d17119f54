"""Where the words of a shell text end: quotes, escapes, expansions and substitutions.

What bashlex cannot read within a word is blanked on the way; see :mod:`slimfix.shell.blank`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from slimfix.patterns import lazy
from slimfix.records import NamedTuple

_PLAIN = lazy(r"[^ \t\r\n;&|()<>\\'\"`$]+")
_QUOTED = lazy(r"[^\"\\`$]+")


class Heredoc(NamedTuple):
    """A here-document: its operator and marker, and its body with the terminator line."""

    start: int
    end: int
    body_start: int
    body_end: int


class Unreadable(ValueError):
    """The text is not shell that this reader can follow (a quote or bracket stays open)."""


class WordScanner(ABC):
    """Follows words from a place on. Lists of commands are its subclass's to follow."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._out: list[str] | None = None
        self.holes: list[tuple[int, int, str]] = []
        self.cases: list[tuple[int, int]] = []
        self.heredocs: list[Heredoc] = []
        self.pending: list[tuple[str, bool, int, int]] = []

    @property
    def result(self) -> str:
        """The text with its stand-ins."""
        return self.text if self._out is None else "".join(self._out)

    @abstractmethod
    def commands(self, i: int, closer: str) -> int:
        """Scan commands from *i* up to *closer*, and return its offset."""

    def rest(self, i: int) -> int:
        """The end of the word that goes on at *i*."""
        text, n = self.text, len(self.text)
        begun = i
        while i < n:
            c = text[i]
            if c in " \t\r\n;&|()<>":
                break
            plain = _PLAIN.match(text, i)
            i = plain.end() if plain else self.piece(i)
        return max(i, begun + 1) if i == begun and i < n and text[i] not in " \t\r\n;&|()" else i

    def piece(self, i: int) -> int:
        """One quoted string, escape, expansion or plain character of a word."""
        text = self.text
        c = text[i]
        if c == "\\":
            return i + 2
        if c == "'":
            end = text.find("'", i + 1)
            if end < 0:
                raise Unreadable("no closing '")
            return end + 1
        if c == '"':
            return self._double(i + 1)
        if c == "`":
            return self._backquoted(i + 1)
        if c == "$":
            return self._dollar(i)
        return i + 1

    def _double(self, i: int) -> int:
        text, n = self.text, len(self.text)
        while i < n:
            c = text[i]
            if c == '"':
                return i + 1
            quoted = _QUOTED.match(text, i)
            i = quoted.end() if quoted else self.piece(i)
        raise Unreadable('no closing "')

    def _backquoted(self, i: int) -> int:
        begun = i
        while i < len(self.text):
            if self.text[i] == "`":
                self.fill(begun - 1, i + 1, "$" + "_" * (i + 1 - begun), "`")
                return i + 1
            i += 2 if self.text[i] == "\\" else 1
        raise Unreadable("no closing `")

    def _dollar(self, i: int) -> int:
        text = self.text
        if text.startswith("$((", i):
            end = self.arithmetic(i + 3)
            if end > 0:
                self.fill(i, end, "$" + "_" * (end - i - 1), "$((")
                return end
        if text.startswith("$(", i):
            return self._substitution(i)
        if text.startswith("${", i):
            i += 2
            while i < len(text):
                if text[i] == "}":
                    return i + 1
                i = self.piece(i)
            raise Unreadable("no closing }")
        if text.startswith("$'", i):
            return self._ansi(i + 2)
        return i + 1

    def _substitution(self, i: int) -> int:
        """Hide ``$(...)``: what lies in it is blanked and read on its own."""
        before = len(self.holes), len(self.cases), len(self.heredocs)
        pending, self.pending = self.pending, []
        end = self.commands(i + 2, ")") + 1
        if self.pending:
            raise Unreadable("here-document without a body")
        self.pending = pending
        del self.holes[before[0] :], self.cases[before[1] :], self.heredocs[before[2] :]
        self.fill(i, end, "$" + "_" * (end - i - 1), "$(")
        return end

    def _ansi(self, i: int) -> int:
        while i < len(self.text):
            if self.text[i] == "'":
                return i + 1
            i += 2 if self.text[i] == "\\" else 1
        raise Unreadable("no closing '")

    def arithmetic(self, i: int) -> int:
        """The end of ``))`` of an expression that begins at *i*; -1 when it is no arithmetic."""
        text, depth = self.text, 0
        while i < len(text):
            c = text[i]
            if c == "(":
                depth += 1
            elif c == ")":
                if depth == 0:
                    return i + 2 if text.startswith("))", i) else -1
                depth -= 1
            elif c in "'\";\n":
                return -1
            i += 1
        return -1

    def fill(self, start: int, end: int, new: str, kind: str) -> None:
        """Put a stand-in of the same length in the place of a construct."""
        assert len(new) == end - start
        if self._out is None:  # most words need none, and a text may be long
            self._out = list(self.text)
        self._out[start:end] = new
        self.holes.append((start, end, kind))
