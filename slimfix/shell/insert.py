"""Where one more command can be put into a script without changing what the others do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from slimfix.records import NamedTuple
from slimfix.shell.failure import fates
from slimfix.shell.nodes import AndOr, Compound, Node, Pipeline, Sequence, Simple, children
from slimfix.shell.read import Opaque, read
from slimfix.shell.script import Script


class Place(NamedTuple):
    """A place behind a command."""

    node: Node
    """What it is behind: the command, or the pipeline that it is part of."""
    scope: tuple[int, ...]
    """The branches that it lies in, from the outside in: what must have been entered to get there."""


def path(root: Node, target: Node) -> tuple[Node, ...]:
    """The nodes from *root* down to *target*, both included; empty when it is not below it."""
    if root is target:
        return (root,)
    for child in children(root):
        below = path(child, target)
        if below:
            return (root, *below)
    return ()


def behind(script: Script, command: Simple, alike: Collection[Simple] | None = None) -> Place | str:
    """The place directly behind *command*, or why there is none.

    Args:
        script: the script.
        command: one of its commands.
        alike: commands after any of which the place may be reached, too: ``a || b`` and what follows is
            reached when ``a`` succeeds. All of them if it is None.
    """
    nodes = path(script.root, command)
    if not nodes:
        return "it is called in a substitution"
    at = next((i for i, node in enumerate(nodes) if isinstance(node, Pipeline)), len(nodes) - 1)
    if any(isinstance(node, Pipeline) and node.negated for node in nodes):
        return "its failure is what is wanted"
    if at < len(nodes) - 2:
        return "it is called deep in a pipeline"
    for above, node in zip(nodes, nodes[1:]):
        if isinstance(above, Sequence) and above.terminators[_index(above.items, node)] == "&":
            return "it is called in the background"
        if isinstance(above, Compound) and above.kind == "function":
            return "it is called in a function"
        if isinstance(above, Compound) and _tested(above, node):
            return "it is called in a condition"
    innermost = nodes[at - 1] if at else None
    if isinstance(innermost, AndOr) and alike is not None:
        i = _index(innermost.items, nodes[at])
        before = innermost.items[:i] if "||" in innermost.operators[:i] else ()
        if any(not any(path(item, each) for each in alike) for item in before):
            return "it is called only if something else fails"
    return Place(nodes[at], tuple(_scope(nodes[: at + 1])))


def precedes(script: Script, first: Simple, second: Simple) -> bool:
    """Whether *first* has certainly been run when *second* is reached."""
    one, two = path(script.root, first), path(script.root, second)
    depth = next((i for i, (a, b) in enumerate(zip(one, two)) if a is not b), 0)
    if not depth:
        return False
    fork = one[depth - 1]
    above = one[depth - 2] if depth > 1 else None
    if isinstance(above, Compound) and above.kind == "case":
        return False  # they may stand in different clauses
    if isinstance(fork, AndOr):
        i, j = _index(fork.items, one[depth]), _index(fork.items, two[depth])
        reached = i < j and (i == 0 or "||" not in fork.operators[:j])
    elif isinstance(fork, Sequence):
        i = _index(fork.items, one[depth])
        reached = i < _index(fork.items, two[depth]) and fork.terminators[i] != "&"
    else:
        reached = False
    return reached and all(map(_runs, one[depth:], one[depth + 1 :]))


def always(script: Script, command: Simple) -> bool:
    """Whether *command* is run whenever the script is, and none of it has failed."""
    nodes = path(script.root, command)
    return bool(nodes) and all(map(_runs, nodes, nodes[1:]))


def _runs(node: Node, child: Node) -> bool:
    """Whether *child* is run whenever *node* is."""
    if isinstance(node, AndOr):
        before = node.items[: _index(node.items, child)]
        return all(
            isinstance(item, Simple) and (not item.words or item.words[0].value in _HARDLY_FAIL)
            for item in before
        )
    if isinstance(node, Sequence):
        return node.terminators[_index(node.items, child)] != "&"
    return isinstance(node, Pipeline) or (isinstance(node, Compound) and node.kind in ("group", "subshell"))


_HARDLY_FAIL = ("export", "set", "echo", "cd", ":", "true", "mkdir", "printf")


def at_end(script: Script) -> Place | str:
    """The place behind everything that the script does, or why there is none."""
    root = script.root
    if isinstance(root, Sequence):
        if root.terminators[-1] == "&":
            return "it ends in a background job"
        root = root.items[-1]
    last = root
    while isinstance(last, AndOr):
        last = last.items[-1]
    if isinstance(last, Simple) and last.words and last.words[0].value in ("exec", "exit", "return"):
        return f"it ends in {last.words[0].value}"
    if isinstance(last, Compound) and last.kind == "function":
        return "it ends in a function"
    return Place(root, ())


def operator(
    script: Script,
    options: Collection[str],
    place: Place,
    text: str,
    written: Callable[[str], str] = " {} ".format,
) -> str | None:
    """``&&`` or ``;``: how *text* can follow, so that each other command fails the build as before.

    Args:
        script: the script.
        options: the options with which its shell is started.
        place: where *text* is to stand.
        text: the command; without line breaks, comments and here-documents.
        written: what stands before the command, given the operator, when it is in its place.
    """
    before = list(_fates(script.root, script.text, options))
    for joint in ("&&", ";"):
        if joint == ";" and "$?" in script.text:
            continue
        added = f"{written(joint)}{text}"
        after = script.text[: place.node.end] + added + script.text[place.node.end :]
        tree = read(after)
        if isinstance(tree, Opaque):
            return None
        own = range(place.node.end, place.node.end + len(added))
        found = list(_fates(tree.root, after, options))
        if [f[1:] for f in found if f[0] not in own] == [f[1:] for f in before]:
            if text in [f[1] for f in found if f[0] in own]:
                return joint
    return None


def in_front(script: Script, options: Collection[str], command: Simple, text: str) -> str | None:
    """``&&`` or ``;``: how *text* can precede *command*, so that the failure of either stops the build.

    None if the failure of *command* does not stop it now, or another's would count for more or less then.

    Args:
        script: the script.
        options: the options with which its shell is started.
        command: one of its commands, that is no part of a pipeline.
        text: as for :func:`operator`.
    """
    before = list(_fates(script.root, script.text, options))
    if not any(start == command.start and fatal for start, _, fatal in before):
        return None
    for joint in (" &&", ";"):
        added = f"{text}{joint} "
        after = script.text[: command.start] + added + script.text[command.start :]
        tree = read(after)
        if isinstance(tree, Opaque):
            return None
        own = (command.start, text, True)
        found = list(_fates(tree.root, after, options))
        if own in found and [f[1:] for f in found if f != own] == [f[1:] for f in before]:
            return joint.strip()
    return None


def _fates(root: Node, text: str, options: Collection[str]) -> Iterator[tuple[int, str, bool]]:
    for fate in fates(root, options):
        yield fate.command.start, text[fate.command.start : fate.command.end], fate.fatal


def _index(items: tuple[Node, ...], node: Node) -> int:
    return next(i for i, item in enumerate(items) if item is node)


def _tested(node: Compound, part: Node) -> bool:
    """Whether *part* is a condition of an if or a loop."""
    i = _index(node.parts, part)
    if node.kind == "if":
        return i % 2 == 0 and i + 1 < len(node.parts)
    return node.kind in ("while", "until") and i == 0


def _scope(nodes: tuple[Node, ...]) -> Iterator[int]:
    """What decides whether the last of *nodes* is reached at all: its branch in every compound."""
    for above, node in zip(nodes, nodes[1:]):
        if isinstance(above, Compound) and above.kind == "case":
            yield id(above)  # its clauses are not told apart
        elif isinstance(above, Compound) and above.kind not in ("group", "subshell"):
            yield id(node)
