"""A RUN's script as merge-runs sees it: a ``set`` at its head, and the rest."""

from __future__ import annotations

from slimfix.dockerfile import Instruction
from slimfix.records import NamedTuple
from slimfix.shell import Opaque, Script
from slimfix.shell.leaks import Leak, leaks, may_be_unset, options_of
from slimfix.shell.nodes import AndOr, Compound, Node, Pipeline, Sequence, Simple
from slimfix.text import Span


class Part(NamedTuple):
    """The script of one RUN."""

    instruction: Instruction
    script: Script
    head: Simple | None
    """The ``set`` with which it begins."""
    options: frozenset[str]
    """The options that the head turns on."""
    operator: str
    """What follows the head: ``&&`` or ``;``."""
    body: Node
    """What follows that, or the whole script; a separator at its end is no part of it."""

    @property
    def strict(self) -> bool:
        """Whether it is a list of commands of which ``set -e`` makes each one count."""
        return "e" in self.options and self.operator == ";"

    @property
    def leaks(self) -> list[Leak]:
        """What the body leaves in its shell."""
        return leaks(self.body)

    @property
    def text(self) -> str:
        """The text of the body."""
        return self.script.text[self.body.start : self.body.end]

    @property
    def body_span(self) -> Span:
        """Where the body stands in the file."""
        return self.script.span(self.body)

    def sensitive(self, options: frozenset[str]) -> str | None:
        """Why the script would not do the same with these further options; None when it would."""
        further = options - self.options
        if "e" in further and not steady(self.body):
            return "it is not written for set -e"
        given = [name for name, _ in self.instruction.state.env]
        if "u" in further and may_be_unset(self.text, given):
            return "it may use a variable that is not set, at which set -u stops"
        if "pipefail" in further and "|" in self.text.replace("||", ""):
            return "it is not written for pipefail"
        if "x" in further and ("$" in self.text or "`" in self.text):
            return "set -x would show what its variables hold"
        if "x" in further and _redirects_messages(self.body):
            return "set -x would write into what it redirects"
        return None


def part(instruction: Instruction) -> Part | None:
    """The script of *instruction*, None when it is not understood."""
    script = instruction.script
    if isinstance(script, Opaque):
        return None
    root = script.root
    if isinstance(root, Sequence):
        if root.terminators[-1] == ";":
            root = root._replace(terminators=(*root.terminators[:-1], ""))
        if len(root.items) == 1 and not root.terminators[0]:
            root = root.items[0]
    head, operator, body = _split(root)
    options = options_of(head) if head else None
    if options is None:
        return Part(instruction, script, None, frozenset(), "", root)
    return Part(instruction, script, head, options, operator, body)


def _split(root: Node) -> tuple[Simple | None, str, Node]:
    if isinstance(root, (AndOr, Sequence)) and len(root.items) > 1:
        first, rest = root.items[0], root.items[1:]
        if isinstance(root, AndOr):
            operator, others = root.operators[0], root.operators[1:]
            more: Node = AndOr(rest[0].start, root.end, rest, others)
        else:
            operator, others = root.terminators[0], root.terminators[1:]
            more = Sequence(rest[0].start, root.end, rest, others)
        if isinstance(first, Simple) and operator in ("&&", ";"):
            return first, operator, more if len(rest) > 1 else rest[0]
    return None, "", root


def steady(node: Node) -> bool:
    """Whether a node, as a whole script, does the same with ``set -e`` and without.

    So it is with one list of simple commands: that which ends it with a failure is what it ends with.
    """
    if isinstance(node, Simple):
        return True
    if isinstance(node, AndOr):
        return all(map(steady, node.items))
    if isinstance(node, Pipeline):
        return all(isinstance(item, Simple) for item in node.commands)
    if isinstance(node, Compound):
        return node.kind in ("subshell", "group") and all(map(steady, node.parts))
    return False


def exact(node: Node) -> bool:
    """Whether a node that fails sets off ``set -e`` in every case in which it fails."""
    if isinstance(node, Pipeline):
        return not node.negated
    return isinstance(node, Simple) or (isinstance(node, Compound) and node.kind == "subshell")


def _redirects_messages(node: Node) -> bool:
    """Whether a compound command sends its messages elsewhere, a trace of ``set -x`` with them."""
    if isinstance(node, Compound):
        return bool(node.redirects) or any(map(_redirects_messages, node.parts))
    if isinstance(node, Pipeline):
        return any(map(_redirects_messages, node.commands))
    if isinstance(node, (AndOr, Sequence)):
        return any(map(_redirects_messages, node.items))
    return False
