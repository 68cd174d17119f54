"""How the seams between merged scripts are written: as the file writes them, comments kept."""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile
from slimfix.layout import body_indent, layout, line_start, list_indent
from slimfix.rules import _join
from slimfix.rules._parts import Part
from slimfix.text import Edit, Span


def edits(dockerfile: Dockerfile, chain: list[Part]) -> list[Edit]:
    """The edits that make one RUN of those of *chain*."""
    pen = _Pen(dockerfile, chain)
    return list(pen.edits())


def comments(dockerfile: Dockerfile, span: Span) -> list[str]:
    """The comment lines of a stretch between two instructions."""
    return [line.strip() for line in dockerfile.source(span).split("\n") if line.strip()]


class _Pen:
    def __init__(self, dockerfile: Dockerfile, chain: list[Part]) -> None:
        self.dockerfile = dockerfile
        self.chain = chain
        self.pieces = _join.pieces(chain)
        self.strict = _join.strict(chain)
        habits = layout(dockerfile)
        self.leading = habits.leading and not self.strict
        self.break_ = f" {dockerfile.escape}\n"
        own = [body_indent(dockerfile, part.instruction) for part in chain]
        lists = [list_indent(dockerfile, part.instruction) or habits.indent for part in chain]
        self.indents = [
            next((white for white in (one, two) if white is not None), min(listed, habits.indent, key=len))
            for one, two, listed in zip(own, own[1:], lists)
        ]

    def edits(self) -> Iterator[Edit]:
        opening = self.pieces[0].opening
        if self.strict and self.chain[0].head is None:
            head = next(part for part in self.chain if part.head)
            assert head.head is not None
            said = head.script.text[head.head.start : head.head.end]
            opening = f"{said};{self.break_}{self.indents[0]}{opening}"
        if opening:
            yield Edit(_at(self.chain[0].body_span.start), opening)
        for i in range(1, len(self.chain)):
            yield from self.raised(i - 1)
            yield from self.seam(i)
        yield from self.end()

    def end(self) -> Iterator[Edit]:
        """The end of the last script, where a separator would stand before the closing of a group."""
        part, closing = self.chain[-1], self.pieces[-1].closing
        if closing:
            end = part.body_span.end
            rest = part.script.text[part.body.end :]
            stop = part.instruction.text_span.end if rest.strip() == ";" else end
            yield Edit(Span(end, stop), closing)

    def seam(self, i: int) -> Iterator[Edit]:
        """What becomes of everything between two scripts."""
        two, piece = self.chain[i], self.pieces[i]
        body = two.body_span.start
        stop = two.instruction.args.span(0, 1).start
        begun = ";" if self.strict else ("" if self.leading else " &&")
        resumed = self.indents[i - 1] + ("&& " if self.leading else "")
        if piece.headless:
            begun, resumed, stop = self.beheaded(two, begun, resumed)
        notes = "".join(f"{self.indents[i - 1]}{note}\n" for note in self.notes(i, stop))
        one, closing = self.chain[i - 1], self.pieces[i - 1].closing
        start = one.body_span.end
        if begun == ";" and any(comment.start > start for comment in one.instruction.comments):
            # the last of a list, `# not yet \`, keeps its place before the semicolon
            start, closing = one.instruction.text_span.end, closing.lstrip("; ")
            closing, begun = (f" {closing}", ";") if closing else ("", "")
        text = closing + begun + self.break_ + notes + resumed
        if stop == body:
            text += piece.opening
        elif piece.opening:
            yield Edit(_at(body), piece.opening)
        yield Edit(Span(start, stop), text)

    def beheaded(self, two: Part, begun: str, resumed: str) -> tuple[str, str, int]:
        """The same for a script without its ``set``, whose own line break is kept where it has one."""
        assert two.head is not None
        head, body = two.script.span(two.head).end, two.body_span.start
        sign = two.script.text.index(two.operator, two.head.end)
        operator = two.script.logical.span(sign, sign + len(two.operator))
        before = self.dockerfile.source(Span(head, operator.start))
        behind = self.dockerfile.source(Span(operator.end, body))
        if two.operator == "&&" and not self.strict and "\n" in before:
            return "", "", head + before.index("\n") + 1
        if "\n" in behind:
            return ";" if self.strict else " &&", "", operator.end + behind.index("\n") + 1
        return begun, resumed, body

    def notes(self, i: int, stop: int) -> list[str]:
        """The comments that stand between the end of a script and the place where the next goes on."""
        one, two = self.chain[i - 1], self.chain[i]
        found = comments(self.dockerfile, Span(one.instruction.span.end, two.instruction.span.start))
        inner = [span for span in two.instruction.comments if span.start < stop]
        found += [self.dockerfile.source(span).strip() for span in inner]
        return found + (_trailing(two) if self.leads(i) else [])

    def leads(self, i: int) -> bool:
        """Whether the comment at the end of a script goes above all of it: they share a line."""
        return 0 < i < len(self.chain) - 1 and self.line(i) <= self.chain[i].body_span.start

    def raised(self, i: int) -> Iterator[Edit]:
        """The comment at the end of a script goes above its line: below, it would seem to be of the next."""
        if not self.leads(i):
            at = self.line(i)
            text = self.dockerfile.text[at:]
            indent = text[: len(text) - len(text.lstrip(" \t"))]
            for note in _trailing(self.chain[i]):
                yield Edit(_at(at), f"{indent}{note}\n")

    def line(self, i: int) -> int:
        """Where the line begins on which the comment at the end of a script does; of none, the script's."""
        part = self.chain[i]
        starts = [start for start, _ in part.script.tree.comments]
        at = part.script.logical.span(starts[0], starts[0] + 1).start if starts else part.body_span.start
        return line_start(self.dockerfile.text, at)


def _trailing(part: Part) -> list[str]:
    return [part.script.text[start:end].strip() for start, end in part.script.tree.comments]


def _at(offset: int) -> Span:
    return Span(offset, offset)
