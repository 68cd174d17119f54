"""Drop `rm -rf /var/cache/apk/*` where `--no-cache` has left nothing to remove.

With `apk add --no-cache` the index never reaches the layer, so the removal is a line to read and nothing
else. It is dropped where every call of apk in the RUN keeps no cache; other operands of the same `rm` stay.

It stays where another program of the RUN may have called apk, where the list goes on when it fails, and
where a comment belongs to it.

Before:
    FROM alpine:3.20
    RUN apk add --no-cache curl && rm -rf /var/cache/apk/*
After:
    FROM alpine:3.20
    RUN apk add --no-cache curl

Fix safety: always safe.
"""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.fix import Fix, Skip
from slimfix.knowledge.managers import Manager
from slimfix.rules._managers import at_home, cache_mounted, calls, does, manager, runs
from slimfix.shell import Argument, Command, Opaque, Script
from slimfix.shell.insert import path
from slimfix.shell.nodes import AndOr, Sequence
from slimfix.text import Edit, Span

CODE = "SF105"
ORDER = 65
WORDS = ("apk",)

_SEALED = ("sh", "bash", "ash", "dash", ".", "source", "eval", "chroot", "make", "python", "python3")


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every removal of apk's cache in a RUN that fills none."""
    table = manager("apk")
    emptied = {f"{place}/*" for place in table.cache}
    for run in runs(dockerfile, table.name):
        script = run.script
        if isinstance(script, Opaque) or run.heredocs or not at_home(run, table):
            continue
        for command in script.commands:
            if command.name != "rm" or command.node.redirects or command.node.assignments:
                continue
            found = [argument for argument in command.arguments[1:] if argument.raw in emptied]
            if found and _fills_nothing(run, script, command, table):
                yield from _fix(dockerfile, run, script, command, found)


def _fills_nothing(run: Instruction, script: Script, removal: Command, table: Manager) -> bool:
    """Whether a RUN calls apk before the removal, and nothing in it can have filled the cache."""
    assert table.lists is not None
    before = False
    own = list(calls(run, table))
    for command, call in own:
        if call.option(table.flag) and not call.option(*table.chosen):
            before = before or command.node.start < removal.node.start
        elif not does(call, ("del", "info", "--version")):
            return False
    for command in script.commands:
        known = command.name is not None and command.name not in _SEALED and "/" not in command.name
        words = " ".join(argument.raw for argument in command.arguments)
        if command.node.words and command not in [c for c, _ in own]:
            if not known or (command is not removal and ("apk" in words or "*" in (command.name or ""))):
                return False
    return before and not cache_mounted(run, table.cache, table)


def _fix(
    dockerfile: Dockerfile, run: Instruction, script: Script, command: Command, found: list[Argument]
) -> Iterator[Fix | Skip]:
    """The fix for one `rm`: without the operand, or gone."""
    options = [argument for argument in command.arguments[1:] if argument.raw.startswith("-")]
    if not any("f" in (option.value or "") for option in options):
        return
    message = "drop the removal of a cache that --no-cache has not filled"
    gone: tuple[Span, ...] = ()
    if len(command.arguments) > 1 + len(options) + len(found):
        places = [command.arguments.index(argument) for argument in found]
        spans = [Span(command.arguments[i - 1].span.end, command.arguments[i].span.end) for i in places]
    else:
        above = path(script.root, command.node)[-2:-1]
        if not above or not isinstance(above[0], AndOr) or set(above[0].operators) != {"&&"}:
            return
        items = above[0].items
        i = next(i for i, item in enumerate(items) if item is command.node)
        last = script.root.items[-1] if isinstance(script.root, Sequence) else script.root
        if i == len(items) - 1 and above[0] is not last:
            return  # the failure of what would then be the last of the list might count for more
        start, end = (
            (script.span(items[i - 1]).end, command.span.end)
            if i
            else (
                command.span.start,
                script.span(items[1]).start,
            )
        )
        spans, gone = [Span(start, end)], (command.span,)
    if any(span.start <= comment.start < span.end for span in spans for comment in run.comments):
        yield Skip("the removal of a cache stays: a comment stands beside it", command.span)
        return
    yield Fix(tuple(Edit(span, "") for span in spans), message, command.span, removes=gone)
