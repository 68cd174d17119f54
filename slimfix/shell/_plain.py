"""bashlex's trees of plain scripts, without its general parser.

Most RUN instructions are simple commands in lists, at times with an ``if`` or a loop. Reading those with
the whole grammar of bash took half the time of a run over many files. This reader knows only what it is
sure of and leaves all else to bashlex; tests hold it to give the very trees that bashlex gives.
"""

from __future__ import annotations

from slimfix.shell._plain_tokens import (
    AFTER_WORD,
    ASSIGNMENT,
    BEGINS_WORD,
    CLOSES,
    FUNCTION,
    LINES,
    LOOP_NAME,
    MORE_SPACE,
    OPERATOR,
    OTHER,
    PLAIN_WORD,
    REDIRECT,
    REDIRECTS,
    SPACE,
    WORD,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from typing import Any


class _Beyond(Exception):
    """The script is not so plain, or none at all: that is for bashlex to say."""


class Tree:
    """A node of the shape that bashlex gives it; attributes that do not apply are absent."""

    word: str
    op: str

    def __init__(self, kind: str, start: int, end: int, **more: Any) -> None:
        self.kind = kind
        self.pos = (start, end)
        self.__dict__.update(more)


def trees(text: str) -> list[Tree] | None:
    """What ``bashlex.parse`` makes of *text*; None if that takes bashlex."""
    if "\r" in text:
        return None
    try:
        reader = _Reader(text)
        reader.lines()
        found = [reader.sequence()]
        while reader.at < len(text):
            if text[reader.at] != "\n":
                return None
            reader.lines()
            if reader.at < len(text):
                found.append(reader.sequence())
        return found
    except _Beyond:
        return None


class _Reader:
    """Reads from ``at`` on; white space before the next token is always passed already."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.functions = "(" in text or "function" in text  # most scripts have none
        self.move(0)

    def move(self, end: int) -> None:
        """Go on behind *end*."""
        if self.text[end : end + 1] == " " and self.text[end + 1 : end + 2] not in MORE_SPACE:
            self.at = end + 1
            return
        match = SPACE.match(self.text, end)
        self.at = match.end() if match else end

    def lines(self) -> None:
        """Pass line ends, too."""
        match = LINES.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def word(self, at: int) -> Tree | None:
        """The word that begins at *at*."""
        match = PLAIN_WORD.match(self.text, at)
        if match is None or self.text[match.end() : match.end() + 1] not in AFTER_WORD:
            match = WORD.match(self.text, at)
        if match is None:
            return None
        word, end = match.group(), match.end()
        if self.text[end : end + 1] not in AFTER_WORD:
            raise _Beyond
        if "=" in word and not word.isascii():
            raise _Beyond  # bashlex has its own ideas of names
        found = Tree.__new__(Tree)  # without its constructor, which costs more than all else here
        found.kind, found.pos, found.word = "word", (at, end), word
        return found

    def reserved(self, *words: str) -> Tree:
        """One of the *words*, which has to come now."""
        for word in words:
            end = self.at + len(word)
            if self.text.startswith(word, self.at) and (
                word in "();" or self.text[end : end + 1] in " \t\n;&|)"
            ):
                found = Tree("reservedword", self.at, end, word=word)
                self.move(end)
                return found
        raise _Beyond

    # -- lists ---------------------------------------------------------------------------------

    def inner(self, closed: bool = True) -> Tree:
        """The list within a compound command; *closed*: an operator or a line end must stand at its end."""
        self.lines()
        parts = [self.pipeline()]
        end = None
        while True:
            match = OPERATOR.match(self.text, self.at)
            operator = match.group() if match else "\n"
            if match is None and not self.text.startswith("\n", self.at):
                break
            mark = Tree("operator", self.at, self.at + len(operator), op=operator)
            self.move(self.at + len(operator))
            self.lines()
            if operator in (";", "&", "\n") and self.ended():
                end = mark
                break
            parts += [mark, self.pipeline()]
        if end is not None and (end.op != "\n" or len(parts) > 1):
            parts.append(end)  # bashlex drops a line end behind a single command
        if closed and end is None and not (parts[-1].kind == "compound" and self.ended()):
            raise _Beyond
        return self.joined(parts)

    def sequence(self) -> Tree:
        """Pipelines and the operators between them, up to the end of the line."""
        parts = [self.pipeline()]
        while match := OPERATOR.match(self.text, self.at):
            parts.append(Tree("operator", *match.span(), op=match.group()))
            self.move(match.end())
            if match.group() not in (";", "&"):
                self.lines()
            elif self.text.startswith("\n", self.at) or self.ended():
                break
            parts.append(self.pipeline())
        return self.joined(parts)

    def joined(self, parts: list[Tree]) -> Tree:
        return parts[0] if len(parts) == 1 else Tree("list", parts[0].pos[0], parts[-1].pos[1], parts=parts)

    def ended(self) -> bool:
        """Whether the list ends here."""
        if self.text[self.at : self.at + 1] in ("", ")", "}"):
            return True
        word = self.word(self.at)
        return word is not None and word.word in CLOSES

    def pipeline(self) -> Tree:
        parts = []
        while self.text.startswith(("! ", "!\t"), self.at):
            parts.append(self.reserved("!"))
        parts.append(self.command())
        while (match := OPERATOR.match(self.text, self.at)) and match.group() == "|":
            parts.append(Tree("pipe", *match.span(), pipe="|"))
            self.move(match.end())
            self.lines()
            parts.append(self.command())
        if len(parts) == 1:
            return parts[0]
        return Tree("pipeline", parts[0].pos[0], parts[-1].pos[1], parts=parts)

    # -- commands ------------------------------------------------------------------------------

    def command(self) -> Tree:
        if BEGINS_WORD.match(self.text, self.at):
            return self.compound()
        function = FUNCTION.match(self.text, self.at) if self.functions else None
        if function:
            return self.function(function)
        parts: list[Tree] = []
        named = False
        while found := self.redirect() or self.word(self.at):
            if found.kind == "word" and not named:
                if found.word in OTHER or found.word in CLOSES:
                    raise _Beyond
                if not ASSIGNMENT.match(found.word):
                    named = True
                elif any(part.kind == "redirect" for part in parts):
                    raise _Beyond
                else:
                    found.kind = "assignment"
            parts.append(found)
            self.move(found.pos[1])
        if not parts:
            raise _Beyond
        return Tree("command", parts[0].pos[0], parts[-1].pos[1], parts=parts)

    def redirect(self) -> Tree | None:
        begun = self.text[self.at : self.at + 1] in REDIRECTS
        match = REDIRECT.match(self.text, self.at) if begun else None
        if match is None:
            return None
        fd, duplicate, source, operator = match.groups()
        end = match.end()
        output: Any = source
        if duplicate is None:
            output = self.word(end)
            if output is None:
                raise _Beyond
            end = output.pos[1]
        number = int(fd) if fd else None
        return Tree("redirect", match.start(), end, type=duplicate or operator, input=number, output=output)

    def compound(self) -> Tree:
        start = self.at
        if self.text[start] in "({":
            opener = self.reserved("(", "{")
            body = self.inner(closed=opener.word == "{")
            inner = [opener, body, self.reserved(")" if opener.word == "(" else "}")]
        else:
            parts = self.loop() if self.text[start] == "f" else self.block()
            kind = parts[0].word
            inner = [Tree(kind, start, parts[-1].pos[1], parts=parts)]
        end = inner[-1].pos[1]
        redirects: list[Tree] = []
        while found := self.redirect():
            redirects.append(found)
            self.move(found.pos[1])
            end = found.pos[1]
        more = self.at < len(self.text) and self.text[self.at] not in ";&|)\n"
        if more and (redirects or not self.ended()):  # but ``fi fi`` is right
            raise _Beyond
        return Tree("compound", start, end, list=inner, redirects=redirects)

    def function(self, match: re.Match[str]) -> Tree:
        """``NAME() COMPOUND``, also with the word ``function``."""
        name = match.group(2) or match.group(5)
        parts = [
            Tree("word" if word == name else "reservedword", *match.span(group), word=word)
            for group, word in enumerate(match.groups(), 1)
            if word
        ]
        self.move(match.end())
        self.lines()
        begun = self.text.startswith("{" if len(parts) == 2 else ("{", "("), self.at)
        if not begun or name in OTHER or name in CLOSES:
            raise _Beyond
        parts.append(self.compound())
        return Tree("function", parts[0].pos[0], parts[-1].pos[1], parts=parts)

    def loop(self) -> list[Tree]:
        """``for NAME in WORDS; do LIST done``"""
        parts = [self.reserved("for")]
        name = LOOP_NAME.match(self.text, self.at)
        if name is None or name.group() in OTHER or name.group() in CLOSES:
            raise _Beyond
        parts.append(Tree("word", *name.span(), word=name.group()))
        self.move(name.end())
        parts.append(self.reserved("in"))
        while word := self.word(self.at):
            if word.word in OTHER or word.word in CLOSES:
                raise _Beyond
            parts.append(word)
            self.move(word.pos[1])
        parts += [self.reserved(";"), self.reserved("do"), self.inner(), self.reserved("done")]
        return parts

    def block(self) -> list[Tree]:
        """``if``, ``while`` or ``until``, with lists and the words between them."""
        parts = [self.reserved("if", "while", "until")]
        if parts[0].word != "if":
            condition = self.inner()
            if condition.kind != "list":
                raise _Beyond  # a single command and a line end: bashlex fails
            return [*parts, condition, self.reserved("do"), self.inner(), self.reserved("done")]
        while parts[-1].word in ("if", "elif"):
            parts += [self.inner(), self.reserved("then"), self.inner()]
            parts.append(self.reserved("elif", "else", "fi"))
        if parts[-1].word == "else":
            parts += [self.inner(), self.reserved("fi")]
        return parts
