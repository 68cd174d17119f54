"""A shell script bound to its place in the file: commands and words with file spans."""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.records import NamedTuple
from slimfix.shell.logical import Logical
from slimfix.shell.nodes import AndOr, Compound, Node, Pipeline, Sequence, Simple, Word, words_of
from slimfix.shell.read import Opaque, Tree, read
from slimfix.text import Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Argument(NamedTuple):
    """A word of a command in the file."""

    value: str | None
    """After quote removal; None when the shell would expand something in it."""
    raw: str
    span: Span
    glob: bool


class Command:
    """A simple command in the file, and how it is reached."""

    __slots__ = ("_arguments", "_logical", "_span", "held", "nesting", "node")

    def __init__(self, logical: Logical, node: Simple, nesting: tuple[str, ...]) -> None:
        self.node = node
        self.nesting = nesting
        """From the outside in: ``subshell``, ``group``, ``if``, ``loop``, ``case``, ``function``,
        ``pipeline``, ``condition``, ``negated``, ``background``, ``substitution``."""
        self.held: dict[str, Any] = {}
        """As :attr:`Script.held`."""
        self._logical = logical
        self._span: Span | None = None
        self._arguments: tuple[Argument, ...] | None = None

    @property
    def span(self) -> Span:
        """Where it stands in the file."""
        if self._span is None:
            self._span = self._logical.span(self.node.start, self.node.end)
        return self._span

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """Its words, the name first. Empty for a bare assignment or redirection."""
        if self._arguments is None:  # of most commands nobody asks
            at = self._logical.span
            self._arguments = tuple(
                [Argument(w.value, w.raw, at(w.start, w.end), w.glob) for w in self.node.words]
            )
        return self._arguments

    @property
    def name(self) -> str | None:
        """The command's name; None when it has none or only the shell knows it."""
        words = self.node.words
        return words[0].value if words else None

    @property
    def values(self) -> tuple[str | None, ...]:
        """The values of all its words."""
        return tuple([word.value for word in self.node.words])


_NESTING = {"while": "loop", "until": "loop", "for": "loop"}


class Script:
    """The tree of a script together with the way back to the file."""

    __slots__ = ("_commands", "held", "logical", "tree")

    def __init__(self, logical: Logical, tree: Tree) -> None:
        self.logical = logical
        self.tree = tree
        self._commands: tuple[Command, ...] | None = None
        self.held: dict[str, Any] = {}
        """What others have found in it, each under a name of its own: it never changes, so they ask once."""

    @classmethod
    def read(cls, logical: Logical) -> Script | Opaque:
        """The script of a logical text, or why it is not understood."""
        tree = read(logical.text)
        return tree if isinstance(tree, Opaque) else cls(logical, tree)

    @property
    def root(self) -> Node:
        """The whole script as one node."""
        return self.tree.root

    @property
    def text(self) -> str:
        """The logical text."""
        return self.logical.text

    def span(self, node: Node | Word) -> Span:
        """Where a node or word stands in the file."""
        return self.logical.span(node.start, node.end)

    def argument(self, word: Word) -> Argument:
        """A word of the tree, bound to the file."""
        return Argument(word.value, word.raw, self.span(word), word.glob)

    @property
    def commands(self) -> tuple[Command, ...]:
        """Every simple command, in the order of the text, those within substitutions too."""
        if self._commands is None:
            self._commands = tuple(
                [Command(self.logical, node, nesting) for node, nesting in _walked(self.tree)]
            )
        return self._commands


def _walked(tree: Tree) -> tuple[tuple[Simple, tuple[str, ...]], ...]:
    """:func:`walk` of a whole tree, found once: the same texts are read again and again."""
    held = vars(tree)
    if "walked" not in held:
        held["walked"] = tuple(walk(tree.root))
    found: tuple[tuple[Simple, tuple[str, ...]], ...] = held["walked"]
    return found


def walk(node: Node, nesting: tuple[str, ...] = ()) -> Iterator[tuple[Simple, tuple[str, ...]]]:
    """Every simple command below *node* with its nesting, in the order of the text."""
    for word in words_of(node):
        for inner in word.substitutions:
            yield from walk(inner, (*nesting, "substitution"))
    if isinstance(node, Simple):
        yield node, nesting
    elif isinstance(node, Pipeline):
        inside = (*nesting, "pipeline") if len(node.commands) > 1 else nesting
        if node.negated:
            inside = (*inside, "negated")
        for command in node.commands:
            yield from walk(command, inside)
    elif isinstance(node, AndOr):
        for i, item in enumerate(node.items):
            conditional = "||" in node.operators[:i] or "||" in node.operators[i:]
            yield from walk(item, (*nesting, "condition") if conditional else nesting)
    elif isinstance(node, Sequence):
        for item, terminator in zip(node.items, node.terminators):
            yield from walk(item, (*nesting, "background") if terminator == "&" else nesting)
    elif isinstance(node, Compound):
        kind = _NESTING.get(node.kind, node.kind)
        for i, part in enumerate(node.parts):
            tested = node.kind in ("while", "until") and i == 0
            tested = tested or (node.kind == "if" and i % 2 == 0 and i + 1 < len(node.parts))
            yield from walk(part, (*nesting, kind, "condition") if tested else (*nesting, kind))
