"""Whether a cache is emptied in the layer that filled it, and the command and place to do so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from slimfix.dockerfile import Instruction
from slimfix.knowledge.managers import Lists, Manager
from slimfix.records import NamedTuple
from slimfix.rules._managers import ROOT, calls, covers, does
from slimfix.shell import Command, Opaque, Script
from slimfix.shell.call import AS_ANOTHER, Call, unwrapped
from slimfix.shell.insert import Place, behind

REMOVERS = ("rm", "find", "rmdir", "unlink")


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
        arguments, _ = unwrapped(command)
        name = (arguments[0].value or "").rpartition("/")[2] if arguments else ""
        if name not in REMOVERS:
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
    own = {repeated(command, call, table) for command, call in calls(instruction, table)}
    found += [c for c in script.commands if script.text[c.node.start : c.node.end] in own]
    return sorted(found, key=lambda command: command.node.start)


def lists_removed(instruction: Instruction, command: Command, table: Manager, lists: Lists) -> bool:
    """Whether something behind *command* removes the package lists that it has fetched."""
    script = instruction.script
    assert not isinstance(script, Opaque)
    removing = list(removals(script, lists.paths))
    removing += [other for other, call in calls(instruction, table) if does(call, lists.cleaned_by)]
    return any(other.node.start > command.node.start for other in removing)


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


def repeated(command: Command, call: Call, table: Manager) -> str | None:
    """The command that empties the cache, by the same user as *call*; None when it cannot be told how.

    A ``{}`` at its beginning is the call up to the program, ``sudo`` and all; elsewhere it is the program.
    A wrapper that chooses the user goes with the command, one that gives it time or arguments does not.
    """
    if "exec" in call.wrapped:
        return None
    words = command.arguments
    wrappers = len(words) - len(unwrapped(command)[0])
    another = AS_ANOTHER.intersection(call.wrapped)
    if another and not AS_ANOTHER.issuperset(call.wrapped):
        return None
    end = next(i for i, word in enumerate(words) if word.span == call.head.span)
    before = [word.raw for word in words[: wrappers if another else 0]]
    program = " ".join(word.raw for word in words[wrappers : end + 1])
    if not table.clean.startswith("{}") and another - {"sudo"}:
        return None
    carried = [option.raw for option, _ in call.options if option.value in table.carried]
    text = " ".join([*before, table.clean.replace("{}", program), *carried])
    return None if "\n" in text else text


def elsewhere(instruction: Instruction, command: Command, call: Call, table: Manager) -> str | None:
    """Why the cache of a call may not lie where a command behind it would look for it."""
    script = instruction.script
    assert not isinstance(script, Opaque)
    names = ["HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", *table.dirs]
    own = [word.raw.partition("=")[0] for word in command.node.assignments]
    if set(own) & {*names, "PATH"}:
        return f"{own[0]} is set for this call alone"
    if not table.clean.startswith("{}"):
        environment = instruction.state.environment()
        before = script.text[: command.node.start]
        home = "~" in table.clean or "HOME" in table.clean
        for name in names if home else table.dirs:
            if (name != "HOME" and name in environment) or re.search(rf"\b{name}=", before):
                return f"{name} says where the cache lies"
        if home and call.wrapped and {"sudo", "gosu", "su-exec", "env"}.intersection(call.wrapped):
            return f"whose home directory {call.wrapped[0]} leaves to it is not known"
        if re.search(r'\s"?(/|\$\()', table.clean) and not table.root and not _root(instruction, call):
            return "it may lie in a directory of root's"
    return None


def _root(instruction: Instruction, call: Call) -> bool:
    """Whether a call is root's for certain; official images leave their user at that."""
    if "sudo" in call.wrapped:
        return True
    user = instruction.state.user
    assert instruction.stage is not None
    return user in ROOT and (user != "" or "/" not in instruction.stage.root.name)


def unread(script: Script, command: Command) -> list[str]:
    """The words behind *command* that may be scripts, but are not read as such: ``bash -c "rm \\$X"``."""
    later = [c for c in script.commands if c.span.start > command.span.start]
    return [a.raw for c in later for a in c.arguments if a.value is None or " " in a.value]
