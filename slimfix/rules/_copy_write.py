"""The edits that put manifests before an install, and the COPY of the whole tree behind it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.patterns import lazy
from slimfix.records import NamedTuple
from slimfix.rules._copy_tree import Tree
from slimfix.text import Edit, Span

_OF_INSTALL = lazy(
    r"dependenc|install|requirement|packag|manifest|modules|restore|csproj|\bgems?\b|\bdeps\b|lock ?file",
    re.IGNORECASE,
)


def manifest_lines(dockerfile: Dockerfile, tree: Tree, files: Sequence[str]) -> list[str]:
    """A COPY for each directory of *files*, written as the one of the tree is."""
    folders: dict[str, list[str]] = {}
    for file in files:
        whole = file.endswith("/")
        below = posixpath.relpath(file, tree.source or ".")
        folders.setdefault(below + "/" if whole else posixpath.dirname(below), []).append(file.rstrip("/"))
    copy, dest = tree.copy, tree.dest
    start = dockerfile.source(Span(copy.text_span.start, copy.part_span(copy.parts[0]).start))
    if copy.flag("exclude") is not None:
        kept = [
            dockerfile.source(copy.logical.span(f.start, f.end)) for f in copy.flags if f.name != "exclude"
        ]
        start = " ".join([dockerfile.source(copy.keyword_span), *kept, ""])
    lines = []
    for folder, group in folders.items():
        if dest in (".", "./") and not folder:
            target = dest if len(group) == 1 else "./"
        else:
            target = dest.rstrip("/") + "/" + (folder.rstrip("/") + "/" if folder else "")
        lines.append(start + _arguments(copy, [*group, target]))
    return lines


def _arguments(copy: Instruction, words: list[str]) -> str:
    """Sources and a destination in the form in which the COPY has its own."""
    if copy.exec_form is None:
        return " ".join(words)
    import json

    return json.dumps(words, ensure_ascii=False)


class Target(NamedTuple):
    """Where the COPY goes."""

    last: Instruction
    """The RUN that goes before it."""
    tail: tuple[str, ...] = ()
    """Lines that follow it."""
    cut: Span | None = None
    """With a RUN that is cut in two: what stood between its halves. The last line of *tail* then ends
    where the second half begins."""
    words: str = ""
    """What is added at the end of the first half."""


def edits(dockerfile: Dockerfile, tree: Tree, manifests: Sequence[str], target: Target) -> tuple[Edit, ...]:
    """The edits that put *manifests* in the place of the tree, and the tree behind the install."""
    copy = tree.copy
    number = _number(dockerfile, copy)
    comments, blank = _above(dockerfile, number)
    below = dockerfile.tiles[number + 1] if number + 1 < len(dockerfile.tiles) else None
    spaced = blank or (below is not None and below.kind == "blank")
    indent = indent_of(dockerfile, copy)
    # Comments come with the indent of their lines.
    start = copy.text_span.start - len(indent) if comments is None else comments
    lines = [_moved(dockerfile, tree, target.last), *target.tail]
    above = dockerfile.source(Span(start, copy.text_span.start))
    block = "\n" * spaced + above + indented(dockerfile, copy, lines)
    end = copy.text_span.end
    if not manifests:
        end = below.span.end if below is not None and below.kind == "blank" and blank else copy.span.end
    first = Edit(Span(start, end), indent * bool(manifests) + indented(dockerfile, copy, manifests))
    if target.cut is not None:
        return first, Edit(target.cut, f"{target.words}\n{block}")
    end = target.last.span.end
    if dockerfile.text[end - 1] == "\n":
        return first, Edit(Span(end, end), block + "\n")
    return first, Edit(Span(end, end), "\n" + block)


def indent_of(dockerfile: Dockerfile, copy: Instruction) -> str:
    """What stands before an instruction on its line."""
    start = copy.text_span.start
    return dockerfile.text[dockerfile.text.rfind("\n", 0, start) + 1 : start]


def indented(dockerfile: Dockerfile, copy: Instruction, lines: Sequence[str]) -> str:
    """Lines to stand in the place of a COPY, each but the first indented as that is."""
    return ("\n" + indent_of(dockerfile, copy)).join(lines)


def _moved(dockerfile: Dockerfile, tree: Tree, last: Instruction) -> str:
    """The COPY for its new place, where another working directory may hold."""
    copy = tree.copy
    whole = dockerfile.source(copy.text_span)
    if tree.dest.startswith(("/", "$")) or last.state.workdir == copy.state.workdir:
        return whole
    if copy.exec_form is not None:
        start = copy.part_span(copy.parts[0]).start - copy.text_span.start
        return whole[:start] + _arguments(copy, [*copy.exec_form[:-1], tree.root])
    place = copy.part_span(copy.parts[1]).start - copy.text_span.start
    return whole[:place] + tree.root + whole[place + len(tree.dest) :]


def before_comments(dockerfile: Dockerfile, copy: Instruction) -> int:
    """Where the line of a COPY begins, or the comments that go with it."""
    comments, _ = _above(dockerfile, _number(dockerfile, copy))
    return copy.text_span.start - len(indent_of(dockerfile, copy)) if comments is None else comments


def _number(dockerfile: Dockerfile, copy: Instruction) -> int:
    """That of its tile."""
    return next(i for i, tile in enumerate(dockerfile.tiles) if tile.span == copy.span)


def _above(dockerfile: Dockerfile, number: int) -> tuple[int | None, bool]:
    """Where the comments that go with the COPY at tile *number* begin; whether a blank line is above.

    A comment that speaks of installing stays where the manifests now are.
    """
    first = number
    while first and dockerfile.tiles[first - 1].kind == "comment":
        first -= 1
    blank = bool(first) and dockerfile.tiles[first - 1].kind == "blank"
    start = dockerfile.tiles[first].span.start
    stays = _OF_INSTALL.search(dockerfile.source(Span(start, dockerfile.tiles[number].span.start)))
    return (None if first == number or stays else start), blank
