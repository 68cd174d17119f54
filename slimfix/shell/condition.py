"""In what condition a command of a script finds its shell: what those before it have left there.

Two texts of a script run a command alike only if it finds the shell in the same condition. What a
command cannot notice is not part of its condition: a directory that it leaves at once, a variable
that it does not name, options that change nothing for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from slimfix.records import NamedTuple
from slimfix.shell.leaks import CONFINED, UNCONFINED, command_name, may_be_unset, options_of, unseen, variable
from slimfix.shell.nodes import AndOr, Compound, Node, Pipeline, Sequence, Simple, words_of


class Condition(NamedTuple):
    """What is left by the commands that ran before in the same shell."""

    directories: tuple[str, ...] = ()
    """The ``cd`` commands since the last one to an absolute directory, that one first."""
    variables: tuple[tuple[str, str], ...] = ()
    """Names that were given a value, with the command that did."""
    options: frozenset[str] = frozenset()
    """Options that were turned on, those of :func:`slimfix.shell.failure.fates` aside."""
    others: tuple[str, ...] = ()
    """All other builtins that leave something, as they stand."""

    def noticed(self, text: str, exported: Collection[str], given: Collection[str]) -> Condition:
        """As much of it as a command that reads *text* can notice.

        Args:
            text: the command, with what is expanded and run in it.
            exported: the variables that are in the environment.
            given: those among them that surely have a value.
        """
        if text.startswith("set "):
            return Condition()
        directories = () if _goes_to_root(text) else self.directories
        variables = tuple(pair for pair in self.variables if not unseen(pair[0], (text,), exported))
        options = self.options if may_be_unset(text, given) else frozenset()
        return Condition(directories, variables, options, self.others)


def conditions(root: Node, text: str) -> Iterator[tuple[Simple, Condition]]:
    """Every simple command below *root* with the condition in which it finds its shell.

    In the order of :func:`slimfix.shell.failure.fates`. What may have run counts as if it had.

    Args:
        root: the tree of a script.
        text: the text whose offsets the tree has.
    """
    yield from _Walker(text).visit(root)


def _goes_to_root(text: str) -> bool:
    words = text.split(None, 2)
    return len(words) == 2 and words[0] == "cd" and words[1].startswith("/")


class _Walker:
    def __init__(self, text: str) -> None:
        self.text = text
        self.now = Condition()

    def visit(self, node: Node) -> Iterator[tuple[Simple, Condition]]:
        for word in words_of(node):
            for inner in word.substitutions:
                yield from self.apart(inner)
        if isinstance(node, Simple):
            yield node, self.now
            self.note(node)
        elif isinstance(node, Pipeline):
            for command in node.commands:
                yield from self.apart(command) if len(node.commands) > 1 else self.visit(command)
        elif isinstance(node, AndOr):
            for item in node.items:
                yield from self.visit(item)
        elif isinstance(node, Sequence):
            for item, terminator in zip(node.items, node.terminators):
                yield from self.apart(item) if terminator == "&" else self.visit(item)
        else:
            yield from self.compound(node)

    def apart(self, node: Node) -> Iterator[tuple[Simple, Condition]]:
        """What runs in a shell of its own leaves nothing in this one."""
        before = self.now
        yield from self.visit(node)
        self.now = before

    def compound(self, node: Compound) -> Iterator[tuple[Simple, Condition]]:
        before = self.now
        if node.kind == "for" and node.words:
            self.assign(node.words[0].value or "", self.text[node.start : node.words[-1].end])
        elif node.kind in ("function", "test"):
            self.now = self.now._replace(others=(*self.now.others, self.text[node.start : node.end]))
        for part in node.parts:
            yield from self.visit(part)
        if node.kind == "subshell":
            self.now = before

    def note(self, command: Simple) -> None:
        """What a command leaves behind."""
        said = " ".join(self.text[command.start : command.end].split())
        name = command_name(command)
        if not command.words:
            for word in command.assignments:
                self.assign(variable(word), said)
        elif name == "cd":
            trail = () if _goes_to_root(said) else self.now.directories
            self.now = self.now._replace(directories=(*trail, said))
        elif (options := options_of(command)) is not None:
            # -e and pipefail show in the fates, a trace in nothing but messages
            self.now = self.now._replace(options=self.now.options | (options & {"u"}))
        elif name in CONFINED or name in UNCONFINED:
            self.now = self.now._replace(others=(*self.now.others, said))

    def assign(self, name: str, said: str) -> None:
        kept = tuple(pair for pair in self.now.variables if pair[0] != name)
        self.now = self.now._replace(variables=(*kept, (name, said)))
