"""Blank out what bashlex cannot read, with text of the same length that it can.

bashlex raises on ``case``, ``$(( ))``, ``(( ))``, ``[[ ]]``, arrays, ``time``, here-documents with a
quoted marker and lists in a command substitution. Each such construct is replaced by a stand-in of
equal length, so that every offset stays true: an expression becomes a word, a substitution a
variable (its inside is read on its own), a here-document white space, and a ``case`` a group that
holds its clauses, so that the commands in it are still seen.

``case $x in a) one ;; *) two ;; esac``
``{ :  $x \\n  :\\n one \\n\\n :\\n two \\n\\n }   ``
"""

from __future__ import annotations

import re
from functools import lru_cache

from slimfix.patterns import lazy
from slimfix.records import NamedTuple
from slimfix.shell._word_scanner import Heredoc, Unreadable, WordScanner
from slimfix.shell.quoting import literal

_NEEDED = lazy(r"\bcase\b|\[\[|\(\(|=\(|\btime\b|<<|\$\(|`")
_WORD = lazy(r"[^\s;&|()<>\"'`$\\#][^\s;&|()<>\"'`$\\]*")
_HEREDOC = lazy(r"<<(-?)[ \t]*((?:\\.|'[^'\n]*'|\"[^\"\n]*\"|[^\s;&|()<>'\"\\])+)")
_ARRAY = lazy(r"[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=\(")
_BEFORE_COMMAND = frozenset(
    ["if", "then", "else", "elif", "while", "until", "do", "!", "{", "time"]
)  # after these a command begins


class Blanked(NamedTuple):
    """A text of the same length, and where it differs."""

    text: str
    holes: tuple[tuple[int, int, str], ...] = ()
    """Start, end and construct of every stand-in."""
    cases: tuple[tuple[int, int], ...] = ()
    """Start and end of each ``case``, which the text shows as a ``{ }`` group."""
    heredocs: tuple[Heredoc, ...] = ()


def blank(text: str) -> Blanked:
    """Replace every construct that bashlex lacks.

    Raises:
        Unreadable: a quote, bracket or ``case`` is not closed.
    """
    if not _NEEDED.search(text):
        return Blanked(text)
    scanner = _Scanner(text)
    scanner.commands(0, "")
    if scanner.pending:
        raise Unreadable("here-document without a body")
    return Blanked(scanner.result, tuple(scanner.holes), tuple(scanner.cases), tuple(scanner.heredocs))


@lru_cache(maxsize=4096)
def whole(raw: str, after: str) -> tuple[str | None, bool] | None:
    """What :func:`literal` says of a word without substitutions; None if *after* is part of it.

    Cached: the same words recur, for a script is read again after each step.
    """
    return literal(raw) if word_end(raw + after, 0) == len(raw) else None


def word_end(text: str, start: int) -> int:
    """Where the shell word that begins at *start* ends.

    Raises:
        Unreadable: a quote or bracket in it is not closed.
    """
    return _Scanner(text).rest(start)


class _Scanner(WordScanner):
    # -- lists of commands -------------------------------------------------------------------

    def commands(self, i: int, closer: str) -> int:
        """Scan commands from *i* up to *closer* (``)``, ``esac``, or the end).

        Returns the offset of the closer. ``esac`` also stops at ``;;`` and its kin.
        """
        text, n = self.text, len(self.text)
        start_of_command = True
        while i < n:
            c = text[i]
            if c == "\n":
                i, start_of_command = self._bodies(i + 1), True
            elif c in " \t\r":
                i += 1
            elif c == closer:
                return i
            elif c == "#":
                end = text.find("\n", i)
                i = n if end < 0 else end
            elif closer == "esac" and text.startswith((";;", ";&"), i):
                return i
            elif c in ";&|":
                i, start_of_command = i + 1, True
            elif c == "(":
                if text.startswith("((", i) and (end := self.arithmetic(i + 2)) > 0:
                    self.fill(i, end, ":" + "_" * (end - i - 1), "((")
                    i, start_of_command = end, False
                else:
                    i, start_of_command = self.commands(i + 1, ")") + 1, False
            elif c == ")":
                if closer:
                    raise Unreadable("unbalanced )")
                i, start_of_command = i + 1, True
            elif c in "<>":
                i = self._redirect(i)
            else:
                i, start_of_command = self._word(i, start_of_command, closer)
                if i < 0:
                    return -i
        if closer:
            raise Unreadable(f"no {closer}")
        return i

    def _word(self, i: int, first: bool, closer: str) -> tuple[int, bool]:
        """One word; also the constructs that a word begins. ``(-offset, _)`` means: stop there."""
        text = self.text
        match = _WORD.match(text, i)
        plain = match.group() if match else ""
        end = match.end() if match else i
        whole = bool(plain) and (end == len(text) or text[end] in " \t\r\n;&|()<>")
        if first and whole:
            if plain == "case":
                return self._case(i), False
            if plain == "esac" and closer == "esac":
                return -i, False
            if plain == "[[":
                return self._condition(i), False
            if plain == "time":
                self.fill(i, end, " " * 4, "time")
                option = re.compile(r"[ \t]+-p(?=[ \t])").match(text, end)
                if option:
                    self.fill(end, option.end(), " " * (option.end() - end), "time")
                return end, True
            if plain in _BEFORE_COMMAND:
                return end, True
        array = _ARRAY.match(text, i) if plain else None
        if array:
            close = self.commands(array.end(), ")") + 1
            self.fill(array.end() - 1, close, "_" * (close - array.end() + 1), "array")
            return self.rest(close), first
        assignment = first and bool(re.match(r"[A-Za-z_]\w*\+?=", plain))
        return self.rest(i), assignment

    # -- redirections and here-documents -------------------------------------------------------

    def _redirect(self, i: int) -> int:
        text = self.text
        if text.startswith("<<<", i):
            return i + 3
        if text.startswith(("<(", ">("), i):
            return self.commands(i + 2, ")") + 1
        match = _HEREDOC.match(text, i)
        if match:
            name = re.sub(r"['\"\\]", "", match.group(2))
            self.pending.append((name, bool(match.group(1)), i, match.end()))
            self.fill(i, match.end(), " " * (match.end() - i), "<<")
            return match.end()
        return i + 1

    def _bodies(self, i: int) -> int:
        """Skip the here-document bodies that begin with the line at *i*."""
        pending, self.pending = self.pending, []
        for name, tabs, operator, marker_end in pending:
            begun, found = i, False
            while i < len(self.text) and not found:
                end = self.text.find("\n", i)
                end = len(self.text) if end < 0 else end
                line = self.text[i:end]
                i = min(end + 1, len(self.text))
                found = (line.lstrip("\t") if tabs else line) == name
            if not found:
                raise Unreadable(f"here-document without its {name}")
            self.fill(begun, i, " " * (i - begun), "heredoc")
            self.heredocs.append(Heredoc(operator, marker_end, begun, i))
        return i

    # -- the constructs ------------------------------------------------------------------------

    def _condition(self, i: int) -> int:
        text = self.text
        j = i + 2
        while j < len(text):
            if text[j] in " \t\n" and re.match(r"[ \t\n]\]\](?=[\s;&|)]|$)", text[j:]):
                self.fill(i, j + 3, ":" + "_" * (j + 2 - i), "[[")
                return j + 3
            j = self.piece(j)
        raise Unreadable("no ]]")

    def _blanks(self, i: int) -> int:
        text = self.text
        while i < len(text) and text[i] in " \t\r\n#":
            if text[i] == "#":
                end = text.find("\n", i)
                end = len(text) if end < 0 else end
                self.fill(i, end, " " * (end - i), "comment")
                i = end
            else:
                i += 1
        return i

    def _case(self, i: int) -> int:
        """Turn ``case W in P) L ;; esac`` into ``{ : W \\n :\\n L \\n\\n }``; returns its end."""
        text, begun = self.text, i
        if self.pending:  # the line ends added below would begin their bodies
            raise Unreadable("case after a here-document on its line")
        self.fill(i, i + 4, "{ : ", "case")
        i = self.rest(self._blanks(i + 4))
        i = self._blanks(i)
        if not re.match(r"in(?=\s)", text[i:]):
            raise Unreadable("case without in")
        self.fill(i, i + 2, "\n ", "case")
        i = self._blanks(i + 2)
        while not re.match(r"esac(?=[\s;&|)`]|$)", text[i:]):
            start = i
            if text.startswith("(", i):
                i += 1
            while i < len(text) and text[i] != ")":
                i = self.piece(i)
            if i >= len(text):
                raise Unreadable("case pattern without )")
            if i == start:
                raise Unreadable("case without a pattern")
            self.fill(start, i + 1, ":\n" + " " * (i - 1 - start), "pattern")
            i = self.commands(i + 1, "esac")
            for operator in (";;&", ";;", ";&"):
                if text.startswith(operator, i):
                    self.fill(i, i + len(operator), "\n" * len(operator), "case")
                    i += len(operator)
                    break
            i = self._blanks(i)
            if i >= len(text):
                raise Unreadable("no esac")
        self.fill(i, i + 4, "}   ", "case")
        self.cases.append((begun, i + 4))
        return i + 4
