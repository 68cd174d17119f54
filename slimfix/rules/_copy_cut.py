"""RUNs that only begin with an install: cut in two, or made to leave a part for later."""

from __future__ import annotations

from slimfix import knowledge
from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.layout import insert_after
from slimfix.rules._copy_run import Judged
from slimfix.rules._copy_write import Target
from slimfix.rules._installers import called, tools
from slimfix.shell import Command, Opaque, Script
from slimfix.shell.nodes import AndOr, Sequence, Simple
from slimfix.text import Edit, Span


def end_of(dockerfile: Dockerfile, run: Instruction, seen: Judged) -> tuple[Target, tuple[Edit, ...]] | str:
    """How a RUN ends that only begins with an install."""
    two_step = [one for one in seen.installs if one.reads.early]
    items = _list(run.script)
    if two_step:
        return _two_steps(dockerfile, run, seen, items)
    if items is None:
        return f"{seen.reason}, and the RUN cannot be cut before it"
    return _cut(dockerfile, run, seen, items)


def _list(script: Script | Opaque) -> tuple[Simple, ...] | None:
    """The commands of a script that is ``a && b && c``, None for another."""
    if isinstance(script, Opaque):
        return None
    root = script.root
    if isinstance(root, Sequence) and len(root.items) == 1 and root.terminators[0] in ("", "\n"):
        root = root.items[0]
    if isinstance(root, Simple):
        return (root,)
    if not isinstance(root, AndOr) or set(root.operators) != {"&&"}:
        return None
    nodes = tuple(item for item in root.items if isinstance(item, Simple))
    return nodes if len(nodes) == len(root.items) else None


def _words(key: str) -> frozenset[str]:
    return frozenset(knowledge.table("manifests")["run"][key])


def _head(dockerfile: Dockerfile, run: Instruction) -> str:
    """``RUN`` with its flags, up to the first command."""
    return dockerfile.source(Span(run.text_span.start, run.args.span(0, 1).start))


def _cut(
    dockerfile: Dockerfile, run: Instruction, seen: Judged, items: tuple[Simple, ...]
) -> tuple[Target, tuple[Edit, ...]] | str:
    """Cut ``install && rest`` in two."""
    script = run.script
    assert isinstance(script, Script) and seen.reason is not None
    commands = script.commands
    last = seen.known - 1
    if not all(one.command.node in items for one in seen.installs) or len(commands) != len(items):
        return seen.reason
    # A `cd` at the very beginning can be said again; anything else that counts for the rest cannot.
    entered = commands[0].name == "cd"
    if any(map(_lasting, commands[entered : last + 1])):
        return f"{seen.reason}, and what comes before it in the RUN counts for it too"
    cleaning = _cleaning(run, commands[last + 1 :])
    if cleaning is not None:
        return f"`{cleaning}` in the same RUN may clean up behind the install"
    cut = Span(script.span(items[last]).end, script.span(items[last + 1]).start)
    if "#" in dockerfile.source(cut):
        return "a comment stands where the RUN would be cut"
    again = dockerfile.source(Span(commands[0].span.start, commands[1].span.start)) if entered else ""
    return Target(run, (_head(dockerfile, run) + again,), cut), ()


def _lasting(command: Command) -> bool:
    """Whether a command leaves something in the shell."""
    return not command.arguments or command.name in _words("state")


def _cleaning(run: Instruction, commands: tuple[Command, ...]) -> str | None:
    """The first of some commands that may take away what an install has left in the layer, if any."""
    if run.stage is None or not run.stage.ships:
        return None
    for command in commands:
        words = [v.rpartition("/")[2] for v in command.values[:3] if v is not None]
        again = any(
            found is not None and found.verb is not None and found.verb.value in table["verbs"]
            for table in tools().values()
            for found in [called(command, table)]
        )
        if again or _words("cleaning") & set(words) or "-delete" in command.values:
            return " ".join(words)
    return None


def _two_steps(
    dockerfile: Dockerfile, run: Instruction, seen: Judged, items: tuple[Simple, ...] | None
) -> tuple[Target, tuple[Edit, ...]] | str:
    """Let the install leave the project itself for later, and do the rest behind the COPY."""
    one = seen.installs[-1]
    script = run.script
    assert isinstance(script, Script)
    if len(seen.installs) > 1 or items is None or one.call.verb is None or run.comments:
        return "the RUN does more than install"
    place = next((i for i, item in enumerate(items) if item is one.command.node), None)
    if place is None or one.moved or any(map(_lasting, script.commands[: place + 1])):
        return "what comes before the install in the RUN counts for it too"
    rest = script.commands[place + 1 :]
    if len(script.commands) != len(items) or _cleaning(run, rest) is not None:
        return "the RUN may clean up behind the install"
    again = one.reads.later or dockerfile.source(one.command.span)
    cut = Span(one.command.span.end, one.command.span.end)
    words = " ".join(one.reads.early)
    tail = (_head(dockerfile, run) + again,)
    if one.call.verb.span.end == cut.start:
        return Target(run, tail, cut, f" {words}"), ()
    return Target(run, tail, cut), (insert_after(one.call.verb, words),)
