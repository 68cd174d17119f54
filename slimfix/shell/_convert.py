"""bashlex's tree to ours, with every word of bashlex's checked.

The leaves of its tree must cover every character that is not white space or a comment, and each of
its words must end where a second lexer says that it ends.
"""

from __future__ import annotations

import re

from slimfix.patterns import lazy
from slimfix.records import NamedTuple
from slimfix.shell import _plain, blank
from slimfix.shell._word_scanner import Heredoc
from slimfix.shell.nodes import Compound, Node, Pipeline, Redirect, Sequence, Simple, Word, grouped
from slimfix.shell.quoting import literal, simple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_BETWEEN = lazy(r"(?:[ \t\r\n]|\\\n|(?<![^\s;&|()])#[^\n]*)*")


class _Tree(NamedTuple):
    text: str
    root: Node
    comments: tuple[tuple[int, int], ...]
    """Start and end of each shell comment."""


class Tree(_Tree):
    """What a shell text says."""


class Misread(Exception):
    """bashlex and we do not read the text alike."""


def parse(text: str, base: int = 0) -> Tree:
    """The tree of *text*, with *base* added to every offset.

    Raises:
        Misread, Unreadable, and whatever bashlex raises.
    """
    blanked = blank.blank(text)
    array = any(kind == "array" for _, _, kind in blanked.holes)
    trees = None if array else _plain.trees(blanked.text)
    if trees is None:
        from slimfix.shell import _bashlex

        trees = _bashlex.parse(blanked.text)
    return _Converter(text, blanked, base).tree(trees)


class _Converter:
    """Offsets are those of *text* within, and get *base* added where a node is made."""

    def __init__(self, text: str, blanked: blank.Blanked, base: int) -> None:
        self.text = text
        self.blanked = blanked
        self.base = base
        self.covered: list[tuple[int, int]] = []
        self.hidden = [hole for hole in blanked.holes if hole[2] in ("$(", "`")]
        self.arrays = [hole for hole in blanked.holes if hole[2] == "array"]
        self.cases = dict(blanked.cases)
        self.tests = {s: e for s, e, kind in blanked.holes if kind in ("[[", "((")}
        self.fillers = {s for s, _, kind in blanked.holes if kind in ("case", "pattern")}

    def tree(self, trees: list[Any]) -> Tree:
        items = [self.node(tree) for tree in trees]
        items = [item for item in items if item is not None]
        if not items:
            raise Misread("nothing in it")
        root = items[0] if len(items) == 1 else self.joined(items)
        return Tree(self.text, root, self.check_cover())

    def joined(self, items: list[Node]) -> Node:
        """The command lines of a script as one sequence."""
        flat: list[Node] = []
        terminators: list[str] = []
        for item in items:
            if isinstance(item, Sequence):
                flat += item.items
                terminators += item.terminators
            else:
                flat.append(item)
                terminators.append("")
            if not terminators[-1]:
                terminators[-1] = "\n"
        terminators[-1] = terminators[-1].strip("\n")
        return Sequence(items[0].start, items[-1].end, tuple(flat), tuple(terminators))

    def check_cover(self) -> tuple[tuple[int, int], ...]:
        """Fail unless only white space, comments and stand-ins lie between the leaves."""
        covered = self.covered + [(s, e) for s, e, kind in self.blanked.holes]
        covered.sort()
        if "#" not in self.text:  # then it is white space, or misread
            position, gaps = 0, []
            for start, end in covered:
                gaps.append(self.text[position:start])
                position = end if end > position else position
            if not "".join(gaps).strip() and not self.text[position:].strip():
                return ()
        comments: list[tuple[int, int]] = []
        position = 0
        for start, end in [*covered, (len(self.text), len(self.text))]:
            if start > position:
                gap = self.text[position:start]
                if not gap.isspace():
                    match = _BETWEEN.match(self.text, position, start)
                    if match is None or match.end() != start:
                        raise Misread(f"misread at {position}")
                    for comment in re.finditer(r"#[^\n]*", gap):
                        begin = position + comment.start() + self.base
                        comments.append((begin, begin + len(comment.group())))
            position = max(position, end)
        return tuple(comments)

    def leaf(self, pos: tuple[int, int]) -> None:
        self.covered.append(pos)

    # -- bashlex node kinds -------------------------------------------------------------------

    def node(self, n: Any) -> Node:
        method = getattr(self, "on_" + n.kind, None)
        if method is None:
            raise Misread(f"a {n.kind}")
        result: Node = method(n)
        return result

    def on_command(self, n: Any) -> Node:
        assignments, words, redirects = [], [], []
        start, end = n.pos
        test_end = self.tests.get(start)
        for part in n.parts:
            if test_end and part.pos[0] == start:
                continue
            if part.kind == "word":
                words.append(self.word(part))
            elif part.kind == "assignment":
                assignments.append(self.word(part))
            elif part.kind == "redirect":
                redirects.append(self.redirect(part))
            else:
                raise Misread(f"a {part.kind} in a command")
        if test_end:
            end = test_end
            return Compound(start + self.base, end + self.base, "test", (), (), tuple(redirects))
        for doc in self.blanked.heredocs:
            if self.owns(start, end, doc.start):
                redirects.append(self.heredoc(doc))
                end = max(end, doc.end)
        return Simple(start + self.base, end + self.base, tuple(assignments), tuple(words), tuple(redirects))

    def owns(self, start: int, end: int, operator: int) -> bool:
        """Whether a here-document whose operator was blanked belongs to the command at hand."""
        if start <= operator < end:
            return True
        return operator >= end and not self.blanked.text[end:operator].strip(" \t")

    def heredoc(self, doc: Heredoc) -> Redirect:
        self.leaf((doc.start, doc.end))
        body = self.text[doc.body_start : doc.body_end]
        b = self.base
        span = (doc.body_start + b, doc.body_end + b)
        return Redirect(doc.start + b, doc.end + b, "<<", None, None, body, span)

    def on_list(self, n: Any) -> Node:
        items: list[Node] = []
        operators: list[str] = []
        for part in n.parts:
            if part.kind == "operator":
                self.leaf(part.pos)
                operators.append(part.op)
            else:
                items.append(self.node(part))
        operators += [""] * (len(items) - len(operators))
        if len(operators) != len(items):
            raise Misread("an odd list")
        found = grouped(items, operators)
        if found is None:
            raise Misread("a list that ends in an operator")
        return found

    def on_pipeline(self, n: Any) -> Node:
        commands, negated = [], False
        for part in n.parts:
            if part.kind == "reservedword":
                self.leaf(part.pos)
                negated = not negated
            elif part.kind == "pipe":
                self.leaf(part.pos)
            else:
                commands.append(self.node(part))
        end = commands[-1].end if commands else n.pos[1] + self.base
        return Pipeline(n.pos[0] + self.base, end, tuple(commands), negated)

    def on_compound(self, n: Any) -> Node:
        redirects = tuple(self.redirect(r) for r in n.redirects)
        inner = n.list[0]
        start, end = n.pos
        if inner.kind != "reservedword":
            node = self.node(inner)
            assert isinstance(node, Compound)
            return node._replace(start=start + self.base, end=end + self.base, redirects=redirects)
        body = []
        for part in n.list:
            if part.kind == "reservedword":
                self.leaf(part.pos)
            else:
                body.append(self.node(part))
        kind = "group" if inner.word == "{" else "subshell"
        if start in self.cases:
            kind = "case"
            end = max(end, self.cases[start])
        for doc in self.blanked.heredocs:
            if doc.start >= end and self.owns(start, end, doc.start):
                redirects += (self.heredoc(doc),)
        return Compound(start + self.base, end + self.base, kind, tuple(body), (), redirects)

    def on_if(self, n: Any) -> Node:
        return self.block(n, "if")

    def on_while(self, n: Any) -> Node:
        return self.block(n, "while")

    def on_until(self, n: Any) -> Node:
        return self.block(n, "until")

    def on_for(self, n: Any) -> Node:
        return self.block(n, "for")

    def on_function(self, n: Any) -> Node:
        return self.block(n, "function")

    def block(self, n: Any, kind: str) -> Node:
        parts: list[Node] = []
        words: list[Word] = []
        for part in n.parts:
            if part.kind == "reservedword":
                self.leaf(part.pos)
            elif part.kind == "word":
                words.append(self.word(part))
            else:
                parts.append(self.node(part))
        start, end = n.pos[0] + self.base, n.pos[1] + self.base
        end = max([end, *(part.end for part in parts)])
        return Compound(start, end, kind, tuple(parts), tuple(words), ())

    # -- leaves -------------------------------------------------------------------------------

    def word(self, n: Any) -> Word:
        start, end = n.pos
        b = self.base
        self.covered.append(n.pos)
        if self.fillers and (
            start in self.fillers or (start - 2 in self.fillers and self.blanked.text[start:end] == ":")
        ):
            return Word(start + b, end + b, ":", ":", False, ())
        raw = self.text[start:end]
        known = simple(raw)
        if known is None and not self.arrays and "`" not in raw and "$(" not in raw:
            known = blank.whole(raw, self.text[end : end + 1])
        if known is not None:
            return Word(start + b, end + b, raw, *known, ())
        array = any(start <= h[0] and h[1] <= end for h in self.arrays)
        if blank.word_end(self.blanked.text if array else self.text, start) != end:
            raise Misread(f"a word at {start + b}")
        value, glob = (None, False) if array else literal(raw)
        inner = tuple(self.substitution(h) for h in self.hidden if start <= h[0] and h[1] <= end)
        return Word(start + b, end + b, raw, value, glob, inner)

    def substitution(self, hole: tuple[int, int, str]) -> Node:
        start, end, kind = hole
        start, end = (start + 2, end - 1) if kind == "$(" else (start + 1, end - 1)
        text = self.text[start:end]
        if kind == "`" and "\\" in text:
            raise Misread("a backslash in backquotes")
        if not text.strip():
            return Simple(start + self.base, end + self.base, (), (), ())
        return parse(text, start + self.base).root

    def redirect(self, n: Any) -> Redirect:
        start, end = n.pos
        self.leaf((start, end))
        target = self.word(n.output) if hasattr(n.output, "kind") else None
        fd = n.input if isinstance(n.input, int) else None
        return Redirect(start + self.base, end + self.base, n.type, fd, target, None, None)
