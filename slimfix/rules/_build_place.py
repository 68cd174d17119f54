"""Where in a RUN a command can be added, and how the file would write it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.knowledge import table
from slimfix.layout import layout, line_start
from slimfix.patterns import lazy
from slimfix.records import NamedTuple
from slimfix.shell import Command, Opaque, Script
from slimfix.shell.call import unwrapped
from slimfix.shell.failure import fates, sets_errexit
from slimfix.shell.nodes import AndOr, Compound, Node, Sequence, Simple, children
from slimfix.text import Edit, Span

_STOPS = frozenset(("exec", "exit", "trap", "return", "set"))


PRAGMA = lazy(r"#\s*(?:hadolint|tally|shellcheck|checkov|slimfix:|check=|syntax=|escape=)", re.IGNORECASE)
"""Comments that are meant for a tool, and for the instruction below them."""
_DEEP = 8


class Place(NamedTuple):
    """A RUN whose top is a list of commands, one after the other."""

    run: Instruction
    script: Script
    items: tuple[Node, ...]
    glue: str
    """What joins two of them so that a failure of the first stops the build as before: ``&&``, ``;`` or a
    line end."""
    apart: str
    """What joins a further command to the last: ``&&`` where a list of ``;`` goes on after a failure."""

    def at(self, command: Command) -> int | None:
        """Which of the items a command is."""
        return next((i for i, item in enumerate(self.items) if item is command.node), None)


def listed(run: Instruction) -> Place | str:
    """The list that a whole RUN is, if commands can be added anywhere in it; or why that is not so."""
    script = run.script
    if isinstance(script, Opaque):
        return script.reason
    root = _bare(script.root)
    if isinstance(root, AndOr) and "||" not in root.operators:
        return Place(run, script, root.items, "&&", "&&")
    if isinstance(root, Sequence) and _checked(root) and set(root.terminators[:-1]) == {";"}:
        if root.terminators[-1] != "":
            return "it ends in a separator"
        return Place(run, script, root.items, ";", ";")
    if isinstance(root, Simple):
        return Place(run, script, (root,), "&&", "&&")
    return "the commands are not joined by && alone"


def _bare(root: Node) -> Node:
    """The one item of a script that ends in a line end, else the script."""
    if isinstance(root, Sequence) and len(root.items) == 1 and root.terminators[0] in ("", "\n"):
        return root.items[0]
    return root


def _checked(root: Sequence) -> bool:
    """Whether ``set -e`` comes first, and nothing takes it back."""
    words = [[w.value for w in item.words] if isinstance(item, Simple) else [] for item in root.items]
    start = words[0]
    if start[:1] != ["set"] or not any(re.fullmatch(r"-[a-z]*e[a-z]*", word or "$") for word in start[1:2]):
        return False
    return not any(each[:1] == ["set"] for each in words[1:])


def place(run: Instruction, command: Command) -> Place | str:
    """The list that *command* stands in, or why nothing can be added to it."""
    script = run.script
    if isinstance(script, Opaque):
        return script.reason
    options = run.state.shell.options
    if not any(fate.fatal for fate in fates(script.root, options) if fate.command is command.node):
        return "a failure of apk add would not stop the build"
    return _stopped(script) or _top(run, script, command)


def beginning(run: Instruction) -> Place | str:
    """The list that a whole RUN is, so that a command can go before it."""
    script = run.script
    if isinstance(script, Opaque):
        return script.reason
    root = script.root
    if run.heredocs or isinstance(root, Sequence) or (isinstance(root, AndOr) and "||" in root.operators):
        return "the RUN that needs the packages is more than commands joined by &&"
    items = root.items if isinstance(root, AndOr) else (root,)
    return _stopped(script) or Place(run, script, items, "&&", "&&")


def _stopped(script: Script) -> str | None:
    """What would keep a command at the end of the script from being reached, or from being added."""
    for each in script.commands:
        if any(redirect.heredoc is not None for redirect in each.node.redirects):
            return "the script holds a heredoc"
        arguments, wrappers = unwrapped(each)
        name = arguments[0].value if arguments else None
        stops = name in _STOPS and not (name == "set" and not each.nesting)
        if (stops and "subshell" not in each.nesting) or "exec" in wrappers:
            name = "exec" if "exec" in wrappers else name
            return f"the script calls {name}, which ends it or changes how it fails"
    return None


def _top(run: Instruction, script: Script, command: Command) -> Place | str:
    root = _bare(script.root)
    if isinstance(root, Sequence):
        return _sequence(run, script, root, command)
    items = root.items if isinstance(root, AndOr) else (root,)
    problem = _in_list(root, command)
    return problem or Place(run, script, items, "&&", "&&")


def _in_list(node: Node, command: Command) -> str | None:
    """Why *command* cannot become two in the ``&&`` list *node*."""
    if not isinstance(node, AndOr):
        return None if node is command.node else "apk add stands within another command"
    if command.node not in node.items:
        return "apk add stands within another command"
    if "||" in node.operators[: node.items.index(command.node)]:
        return "apk add stands behind ||"
    return None


def _sequence(run: Instruction, script: Script, root: Sequence, command: Command) -> Place | str:
    if "&" in root.terminators:
        return "a job is left in the background"
    at = next((i for i, item in enumerate(root.items) if _holds(item, command)), None)
    if at is None:
        return "apk add stands within another command"
    item = root.items[at]
    strict = "e" in run.state.shell.options
    for before in root.items[:at]:
        if isinstance(before, Simple) and sets_errexit(before):
            strict = "+" not in script.text[before.start : before.end]
        elif sets_errexit(before):
            return "it is not plain how the script fails"
    if any(sets_errexit(later) for later in root.items[at:]):
        return "it is not plain how the script fails"
    line = "\n" in root.terminators
    if isinstance(item, AndOr):
        problem = _in_list(item, command)
        if problem or (strict and item.items[-1] is command.node):
            return problem or "apk add is the last of a list under set -e"
        return Place(run, script, root.items, "&&", ("\n" if line else ";") if strict else "&&")
    glue = ("\n" if line else ";") if strict else "&&"
    return Place(run, script, root.items, glue, glue)


def _holds(item: Node, command: Command) -> bool:
    return item is command.node or (isinstance(item, AndOr) and command.node in item.items)


def before(dockerfile: Dockerfile, where: Place, commands: list[str]) -> Edit:
    """Add commands before everything else, but behind the options that a first ``set`` turns on."""
    glue = joint(dockerfile, where.run, "&&")
    first = where.items[0]
    if len(where.items) > 1 and isinstance(first, Simple) and first.words and first.words[0].value == "set":
        at = where.script.span(first).end
        return Edit(Span(at, at), "".join(glue + command for command in commands))
    at = where.script.span(where.script.root).start
    return Edit(Span(at, at), "".join(command + glue for command in commands))


def behind(dockerfile: Dockerfile, where: Place, commands: list[str]) -> Edit:
    """Add commands behind the last one of the list that is more than tidying up.

    Under ``set -e`` a list of ``&&`` that fails early stops a script only by being its end, so at the end
    it goes on as a list. Elsewhere its last command, like a subshell, stops the script by failing, which it
    would not within a list that goes on.
    """
    root = where.script.root
    at = len(where.items)
    free = not (isinstance(root, AndOr) and "||" in root.operators)
    while free and at > 1 and _tidies(where.items[at - 1]):
        at -= 1
    item = where.items[at - 1]
    listed = isinstance(item, (AndOr, Compound)) and at == len(where.items) and not _sequential(item)
    glue = joint(dockerfile, where.run, "&&" if listed else where.apart)
    end = where.script.span(item).end
    return Edit(Span(end, end), "".join(glue + command for command in commands))


def _sequential(node: Node) -> bool:
    """Whether a compound command holds a list of ``;``, in which ``set -e`` may stop the script."""
    if not isinstance(node, Compound):
        return False
    return any(isinstance(part, Sequence) and len(part.items) > 1 for part in node.parts)


def only_tells(node: Node) -> bool:
    """Whether a group of commands does no more than to write given text, which needs no package.

    As the last one of a list under ``set -e`` it stops at the first of its commands that fails; with another
    command behind it, it would not. So nothing is added behind it.
    """
    if not isinstance(node, Compound) or node.kind not in ("group", "subshell"):
        return False
    simple = list(_leaves(node))
    tells = table("consumers")["base-image"]["speakers"]
    return all(
        isinstance(each, Simple)
        and bool(each.words)
        and each.words[0].value in tells
        and not any(word.substitutions for word in each.words)
        for each in simple
    )


def _leaves(node: Node) -> Iterator[Node]:
    below = children(node)
    for each in below:
        yield from _leaves(each)
    if not below:
        yield node


def _tidies(node: Node) -> bool:
    return only_tells(node) or (
        isinstance(node, Simple)
        and bool(node.words)
        and not system_path([word.value for word in node.words[1:]])
        and node.words[0].value in table("consumers")["base-image"]["tidying"]
        and not any(word.substitutions for word in node.words)
    )


def system_path(values: Iterable[str | None]) -> bool:
    """Whether one of the values is a path at which packages lie, or not known."""
    for value in values:
        if value is None or (
            value.startswith(("/usr", "/lib", "/bin", "/sbin", "/etc/apk"))
            and not value.startswith(("/usr/local", "/usr/src", "/usr/app"))
        ):
            return True
    return False


def joint(dockerfile: Dockerfile, run: Instruction, glue: str) -> str:
    """What this RUN writes between two commands of a list, with the line break."""
    look = layout(dockerfile)
    source = dockerfile.source(run.text_span).replace("\r", "")
    lines = source.split("\n")
    mark = dockerfile.escape
    if run.heredocs:
        script = run.script
        assert isinstance(script, Script)
        start = script.span(script.root).start
        white = dockerfile.source(Span(line_start(dockerfile.text, start), start))
        return f"\n{white}" if glue == "\n" else f" {glue} "
    if glue == ";":
        return f"; {mark}\n{_following(lines, ';', mark) or look.indent}"
    leading = [_white(line) for line in lines[1:] if line.lstrip().startswith("&&")]
    if leading:
        return f" {mark}\n{leading[0]}&& "
    trailing = _following(lines, "&&", mark)
    if trailing is not None:
        return f" && {mark}\n{trailing}"
    if len(lines) == 1 or look.leading:
        # A deep indent is that of lists of packages.
        indent = look.indent if look.leading or len(look.indent) < _DEEP else "    "
        return f" {mark}\n{indent}&& "
    return look.joint()


def _following(lines: list[str], operator: str, mark: str) -> str | None:
    """The indent of the line after the first that ends in *operator*."""
    for i, line in enumerate(lines[:-1]):
        if line.rstrip().removesuffix(mark).rstrip().endswith(operator):
            rest = [each for each in lines[i + 1 :] if each.strip() and not each.strip().startswith("#")]
            if rest:
                return _white(rest[0])
    return None


def _white(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def comments_above(text: str, start: int) -> int:
    """Where the comment lines begin that stand right above *start*, itself if there are none."""
    while start and text[line_start(text, start - 1) : start].lstrip().startswith("#"):
        start = line_start(text, start - 1)
    return start
