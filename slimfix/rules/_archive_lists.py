"""The `&&` lists of a script, each with what may be added to it, and the directory of every command."""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.records import NamedTuple
from slimfix.rules._archive_later import cwd_after
from slimfix.rules._paths import UNKNOWN
from slimfix.shell import Command, Script
from slimfix.shell.nodes import AndOr, Compound, Node, Sequence


class List(NamedTuple):
    """Commands that are joined by `&&` alone."""

    items: tuple[Node, ...]
    directories: tuple[str, ...]
    """The one in which each of them starts."""
    open: bool
    """Whether another one behind the last changes nothing in when the script fails.

    Not where ``set -e`` may watch the last: it would not, if another followed.
    """


class Reading:
    """What is found in one script, begun in a known directory."""

    def __init__(self, script: Script, directory: str) -> None:
        self.script = script
        self.lists: list[List] = []
        self.commands: list[tuple[Command, str]] = []
        """Every command, with its directory; of a loop, that in which the loop starts."""
        self._nodes = [(command.node.start, command.node.end, command) for command in script.commands]
        self._walk(script.root, directory, True)

    def _walk(self, node: Node, directory: str, open_: bool) -> None:
        if isinstance(node, AndOr):
            begins = tuple(_directories(node.items, directory))
            if "||" not in node.operators:
                self.lists.append(List(node.items, begins, open_))
            for item, begin in zip(node.items, begins):
                self._walk(item, begin, open_ and "||" not in node.operators)
        elif isinstance(node, Sequence):
            for i, (item, begin) in enumerate(zip(node.items, _directories(node.items, directory))):
                if node.terminators[i] == "&":
                    self._leaf(item, begin)
                else:
                    self._walk(item, begin, open_ and i == len(node.items) - 1)
        elif isinstance(node, Compound) and node.kind in ("group", "subshell", "if"):
            for i, (part, begin) in enumerate(zip(node.parts, _directories(node.parts, directory))):
                if node.kind == "if" and i % 2 == 0 and i + 1 < len(node.parts):
                    self._leaf(part, begin)
                else:
                    self._walk(part, begin, open_)
        else:
            self._leaf(node, directory)

    def _leaf(self, node: Node, directory: str) -> None:
        start, end = node.start, node.end
        self.commands += [(c, directory) for s, e, c in self._nodes if start <= s and e <= end]


def _directories(nodes: tuple[Node, ...], directory: str) -> Iterator[str]:
    """The directory in which each of *nodes* starts; unknown behind a branch that may have changed it."""
    for node in nodes:
        yield directory
        after = cwd_after(node, directory)
        directory = after if after == directory or not isinstance(node, Compound) else UNKNOWN
