"""The tree of a shell script, in offsets of the logical text. All of it is immutable."""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.records import NamedTuple


class Word(NamedTuple):
    """One word of a command."""

    start: int
    end: int
    raw: str
    """As it is written, quotes and all."""
    value: str | None
    """After quote removal; None when the shell would expand a variable or a command in it."""
    glob: bool
    """Whether an unquoted ``*``, ``?``, ``[``, brace or tilde may make other words of it."""
    substitutions: tuple[Node, ...]
    """The command substitutions in it."""


class Redirect(NamedTuple):
    """One redirection, such as ``2>/dev/null`` or ``<<EOF``."""

    start: int
    end: int
    operator: str
    fd: int | None
    target: Word | None
    heredoc: str | None
    """Body and terminator of a here-document, None for any other redirection."""
    body: tuple[int, int] | None
    """Where the here-document stands."""


class Simple(NamedTuple):
    """A simple command: assignments, then words; either may be absent."""

    start: int
    end: int
    assignments: tuple[Word, ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...]


class Pipeline(NamedTuple):
    """``a | b``, ``! a`` or ``! a | b``."""

    start: int
    end: int
    commands: tuple[Node, ...]
    negated: bool


class AndOr(NamedTuple):
    """``a && b || c``: ``operators[i]`` stands between ``items[i]`` and the next."""

    start: int
    end: int
    items: tuple[Node, ...]
    operators: tuple[str, ...]


class Sequence(NamedTuple):
    """``a; b & c``: ``terminators[i]`` follows ``items[i]``: ``;``, ``&``, a line end, or nothing."""

    start: int
    end: int
    items: tuple[Node, ...]
    terminators: tuple[str, ...]


class Compound(NamedTuple):
    """A compound command; *kind* is group, subshell, if, while, until, for, case, function or test.

    The parts of ``if`` are condition, body, condition, body, ..., and, if there is one, the else
    body; those of ``while`` and ``until`` are condition and body; of the others, the body. A
    ``case`` is shown as the sequence of its clauses. ``test`` is a ``[[ ]]`` or ``(( ))``.
    """

    start: int
    end: int
    kind: str
    parts: tuple[Node, ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...]


Node = Simple | Pipeline | AndOr | Sequence | Compound


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below, command substitutions aside."""
    if isinstance(node, Pipeline):
        return node.commands
    if isinstance(node, (AndOr, Sequence)):
        return node.items
    if isinstance(node, Compound):
        return node.parts
    return ()


def words_of(node: Node) -> Iterator[Word]:
    """Every word that belongs to *node* itself: of the command, its assignments and redirections."""
    if isinstance(node, Simple):
        yield from node.assignments
        yield from node.words
    elif isinstance(node, Compound):
        yield from node.words
    if isinstance(node, (Simple, Compound)):
        for redirect in node.redirects:
            if redirect.target is not None:
                yield redirect.target


def grouped(items: list[Node], operators: list[str]) -> Node | None:
    """A flat list as one node, ``&&`` and ``||`` bound tighter than ``;``. None if it ends in one of them."""
    result: list[Node] = []
    terminators: list[str] = []
    begun = 0
    for i, operator in enumerate(operators):
        if operator in ("&&", "||"):
            continue
        chunk = items[begun : i + 1]
        if len(chunk) == 1:
            result.append(chunk[0])
        else:
            joints = tuple(operators[begun:i])
            result.append(AndOr(chunk[0].start, chunk[-1].end, tuple(chunk), joints))
        terminators.append(operator)
        begun = i + 1
    if begun != len(items):
        return None
    if len(result) == 1 and not terminators[0]:
        return result[0]
    return Sequence(result[0].start, result[-1].end, tuple(result), tuple(terminators))
