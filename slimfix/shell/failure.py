"""Which commands of a script stop it when they fail.

A command is *fatal* when its failure makes the script end at once with a failure: Docker then stops
the build. The rules are those of POSIX (2.9.3 and the description of ``set -e``), which bash, dash
and busybox ash share: ``-e`` counts for nothing on the left of ``&&`` and ``||``, in a condition and
behind ``!``, and what is in such a place stays there however deep it is nested.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from slimfix.records import NamedTuple
from slimfix.shell.nodes import AndOr, Compound, Node, Pipeline, Sequence, Simple, words_of


class Fate(NamedTuple):
    """A simple command, and whether its failure ends the script with a failure."""

    command: Simple
    fatal: bool


def fates(root: Node, options: Collection[str] = ()) -> Iterator[Fate]:
    """Every simple command below *root*, in the order of the text, with its fate.

    Args:
        root: the tree of a whole script.
        options: the options with which the shell is started: ``e``, ``pipefail``, ...
    """
    reader = _Reader("e" in options, "pipefail" in options)
    yield from reader.visit(root, last=True, tested=False)


def sets_errexit(node: Node) -> bool:
    """Whether a ``set`` with ``-e`` or ``errexit`` is among the commands of *node*."""
    return any(isinstance(command, Simple) and _errexit(command) is not None for command in _simple(node))


def _simple(node: Node) -> Iterator[Simple]:
    if isinstance(node, Simple):
        yield node
    elif isinstance(node, Pipeline):
        for item in node.commands:
            yield from _simple(item)
    elif isinstance(node, (AndOr, Sequence)):
        for item in node.items:
            yield from _simple(item)
    else:
        for item in node.parts:
            yield from _simple(item)


def _errexit(command: Simple) -> bool | None:
    """True or False when the command turns ``-e`` on or off."""
    values = [word.value or "" for word in command.words]
    if not values or values[0] != "set":
        return None
    result = None
    for i, value in enumerate(values[1:], 1):
        if value[:1] in "-+" and len(value) > 1:
            if "e" in value[1:] and not value.startswith("--"):
                result = value[0] == "-"
            if value[1:].endswith("o") and i + 1 < len(values) and values[i + 1] == "errexit":
                result = value[0] == "-"
    return result


class _Reader:
    """Walks a script in the order in which it runs, with the options as they are then."""

    def __init__(self, errexit: bool, pipefail: bool) -> None:
        self.errexit = errexit
        self.pipefail = pipefail

    def visit(self, node: Node, last: bool, tested: bool) -> Iterator[Fate]:
        """*last*: the status of the node is that of the script. *tested*: ``-e`` does not count."""
        if not isinstance(node, Simple):
            yield from self.inside_words(node)
        if isinstance(node, Simple):
            yield from self.inside_words(node)
            yield Fate(node, last or (self.errexit and not tested))
            self.note(node)
        elif isinstance(node, Pipeline):
            count = len(node.commands)
            for i, command in enumerate(node.commands):
                status = i == count - 1 or self.pipefail
                off = tested or node.negated or not status
                yield from self.visit(command, last and status and not node.negated, off)
        elif isinstance(node, AndOr):
            for i, item in enumerate(node.items):
                rescued = "||" in node.operators[i:]
                final = i == len(node.items) - 1
                yield from self.visit(item, last and not rescued, tested or not final)
        elif isinstance(node, Sequence):
            for i, (item, terminator) in enumerate(zip(node.items, node.terminators)):
                apart = terminator == "&"
                yield from self.visit(item, last and i == len(node.items) - 1 and not apart, tested or apart)
        else:
            yield from self.compound(node, last, tested)

    def compound(self, node: Compound, last: bool, tested: bool) -> Iterator[Fate]:
        before = self.errexit, self.pipefail
        if node.kind == "subshell":  # -e sees it as one command, however it comes to fail
            last = last or (self.errexit and not tested)
        for i, part in enumerate(node.parts):
            if node.kind == "if":
                condition = i % 2 == 0 and i + 1 < len(node.parts)
            else:
                condition = node.kind in ("while", "until") and i == 0
            looped = node.kind in ("for", "while", "until", "function", "case")
            yield from self.visit(part, last and not condition and not looped, tested or condition)
        if node.kind == "subshell":
            self.errexit, self.pipefail = before

    def inside_words(self, node: Node) -> Iterator[Fate]:
        """Commands in substitutions: their failure is at most that of an assignment, so never fatal."""
        before = self.errexit, self.pipefail
        for word in words_of(node):
            for inner in word.substitutions:
                for fate in self.visit(inner, last=False, tested=True):
                    yield Fate(fate.command, False)
        self.errexit, self.pipefail = before

    def note(self, command: Simple) -> None:
        turned = _errexit(command)
        if turned is not None:
            self.errexit = turned
        values = [word.value or "" for word in command.words]
        if values[:1] == ["set"] and "pipefail" in values:
            self.pipefail = values[values.index("pipefail") - 1].startswith("-")
