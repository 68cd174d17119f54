"""Whether a cache is emptied in the layer that filled it, and the command and place to do so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from slimfix.dockerfile import Instruction
from slimfix.knowledge.managers import Manager
from slimfix.rules._managers import calls, covers, does
from slimfix.shell import Command, Opaque, Script
from slimfix.shell.call import AS_ANOTHER, Call, unwrap
from slimfix.shell.insert import Place, behind

_REMOVERS = ("rm", "find", "rmdir", "unlink")


class Filled(NamedTuple):
    """A call that leaves something in the layer."""

    command: Command
    call: Call
    place: Place | str
    """Behind it, or why nothing can be put there."""


def removals(script: Script, paths: Iterable[str], dirs: Iterable[str] = ()) -> Iterator[Command]:
    """The commands of a script that remove one of *paths*."""
    wanted = tuple(paths)
    for command in script.commands:
        arguments, _ = unwrap(command.arguments)
        name = (arguments[0].value or "").rpartition("/")[2] if arguments else ""
        if name not in _REMOVERS:
            continue
        operands = [a.raw for a in arguments[1:] if not a.raw.startswith("-")]
        if any(covers(each, wanted, dirs) for raw in operands for each in _braces(raw)):
            yield command


def _braces(raw: str) -> list[str]:
    """What bash makes of ``a/{b,c}``; a shell that knows no braces would not, and then nothing is lost."""
    match = re.search(r"\{([^{}]*,[^{}]*)\}", raw)
    if match is None:
        return [raw]
    rest = [raw[: match.start()] + each + raw[match.end() :] for each in match.group(1).split(",")]
    return [one for each in rest for one in _braces(each)]


def emptied(instruction: Instruction, table: Manager) -> list[Command]:
    """The commands of a RUN that empty the manager's cache, in their order."""
    script = instruction.script
    assert not isinstance(script, Opaque)
    found = [command for command, call in calls(instruction, table) if does(call, table.cleaned_by)]
    found += removals(script, table.cache, table.dirs)
    return sorted(found, key=lambda command: command.node.start)


def unclean(instruction: Instruction, filled: list[Filled], cleaned: list[Command]) -> Iterator[Filled]:
    """Of calls that fill a cache, those behind which it must be emptied: the last in each branch.

    What is done in one branch of the script is no help to another. The calls are given from the last.
    """
    script = instruction.script
    assert not isinstance(script, Opaque)
    done: list[tuple[int, tuple[int, ...]]] = []
    for command in cleaned:
        place = behind(script, command.node)
        done.append((command.node.start, place.scope if isinstance(place, Place) else ()))
    for each in filled:
        scope = each.place.scope if isinstance(each.place, Place) else ()
        start = each.command.node.start
        if any(start < at and scope[: len(there)] == there for at, there in done):
            continue
        if isinstance(each.place, Place):
            done.append((start + 1, scope))
        yield each


def repeated(command: Command, call: Call, template: str) -> str | None:
    """*template* with ``{}`` replaced by the program as *call* names it; None when that is not known.

    A wrapper that chooses the user goes with it, one that gives it time or arguments does not.
    """
    if "exec" in call.wrapped:
        return None
    words = list(command.arguments)
    start = 0
    if not AS_ANOTHER.issuperset(call.wrapped):
        if AS_ANOTHER.intersection(call.wrapped):
            return None
        start = len(words) - len(unwrap(command.arguments)[0])
    end = next(i for i, word in enumerate(words) if word.span == call.head.span)
    own = [word.raw for word in words[start : end + 1]]
    if "\n" in "".join(own):
        return None
    if "{}" in template:
        return template.replace("{}", " ".join(own))
    prefix = [word.raw for word in words[: len(words) - len(unwrap(command.arguments)[0])]]
    return " ".join([*(prefix if call.wrapped == ("sudo",) else ()), template])


def elsewhere(instruction: Instruction, command: Command, call: Call, table: Manager) -> str | None:
    """Why the cache of a call may not lie where a command behind it would look for it."""
    script = instruction.script
    assert not isinstance(script, Opaque)
    names = ["HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", *table.dirs]
    own = [word.raw.partition("=")[0] for word in command.node.assignments]
    if set(own) & {*names, "PATH"}:
        return f"{own[0]} is set for this call alone"
    if "{}" not in table.clean:
        environment = instruction.state.environment()
        before = script.text[: command.node.start]
        home = "~" in table.clean or "HOME" in table.clean
        for name in names if home else table.dirs:
            if (name != "HOME" and name in environment) or re.search(rf"\b{name}=", before):
                return f"{name} says where the cache lies"
        if home and call.wrapped and {"sudo", "gosu", "su-exec", "env"}.intersection(call.wrapped):
            return f"whose home directory {call.wrapped[0]} leaves to it is not known"
        if not home and {"gosu", "su-exec"}.intersection(call.wrapped):
            return "what another user has written is not removed"
    return None
