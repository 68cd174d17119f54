"""What comes later, in this image or one that is FROM it, and needs what lies in a cache."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from slimfix.dockerfile import Dockerfile, Instruction, Stage
from slimfix.knowledge.managers import Manager, manager
from slimfix.records import NamedTuple
from slimfix.rules._clean import REMOVERS, removals
from slimfix.rules._managers import calls, covers, does, within
from slimfix.shell import Command, Opaque, Script
from slimfix.shell.call import Call, unwrapped

_NOTHING = "may fail if there is nothing to delete"
STARTS = ("CMD", "ENTRYPOINT", "HEALTHCHECK")


def following(instruction: Instruction) -> Iterator[Instruction]:
    """What is built after an instruction, and upon it: the rest of its stage, and the stages FROM that."""
    stage = instruction.stage
    assert stage is not None
    for later in stage.instructions:
        if later.index > instruction.index or (later.onbuild and not instruction.onbuild):
            yield later
    yield from _upon(stage)


def _upon(stage: Stage) -> Iterator[Instruction]:
    for child in stage.used_by:
        yield from child.instructions
        yield from _upon(child)


def before(instruction: Instruction) -> Iterator[Instruction]:
    """What an instruction is built upon: the stages that its own is FROM, and the beginning of that."""
    stage = instruction.stage
    while stage is not None:
        for earlier in stage.instructions:
            if earlier.stage is not instruction.stage or earlier.index < instruction.index:
                yield earlier
        stage = stage.parent


class _Facts(NamedTuple):
    """What a Dockerfile does with the cache of one manager. Mostly there is nothing."""

    purpose: tuple[Instruction, ...]
    """RUNs that fill it for later."""
    wanting: tuple[Instruction, ...]
    """Instructions that may read it."""
    fragile: tuple[tuple[Instruction, int], ...]
    """RUNs that fail if it is empty, with the place of the command."""
    reading: tuple[tuple[Instruction, int], ...]
    """RUNs that name its directory, with the place of the command."""
    copied: Instruction | None
    """A COPY of it."""


@lru_cache(maxsize=32)
def _facts(dockerfile: Dockerfile, name: str) -> _Facts:
    table = manager(name)
    paths = (*table.cache, *(table.lists.paths if table.lists else ()))
    purpose: list[Instruction] = []
    wanting: list[Instruction] = []
    fragile: list[tuple[Instruction, int]] = []
    reading: list[tuple[Instruction, int]] = []
    copied: Instruction | None = None
    offline = re.compile(rf"(?<!\S)(?:{'|'.join(map(re.escape, table.offline))})(?![\w-])")
    for each in dockerfile.instructions:
        text = dockerfile.source(each.span)
        if each.name in ("RUN", *STARTS) and _mention(table).search(text):
            if table.reused or (table.offline and offline.search(text)):
                wanting.append(each)
        if each.name == "COPY" and each.flag("from") and each.parts and copied is None:
            if any(covers(path, (part.text,)) for part in each.parts[:-1] for path in paths):
                copied = each
        script = each.script if each.name == "RUN" else None
        if script is None or isinstance(script, Opaque):
            continue
        found = [c for c in removals(script, paths, table.dirs) if not forced(c)]
        reading += [(each, command.node.start) for command in _naming(script, paths, table)]
        for command, call in calls(each, table):
            if does(call, table.purpose):
                purpose.append(each)
            if does(call, table.purges):
                found.append(command)
        fragile += [(each, command.node.start) for command in found]
    return _Facts(tuple(purpose), tuple(wanting), tuple(fragile), tuple(reading), copied)


def _naming(script: Script, paths: Sequence[str], table: Manager) -> Iterator[Command]:
    """The commands of a script that name one of *paths* or what lies in it, and do not delete or make it."""
    ends = [path.removeprefix("~").partition("*")[0] for path in paths]
    if not any(end in script.text for end in ends):
        return
    for command in script.commands:
        arguments, _ = unwrapped(command)
        name = (arguments[0].value or "").rpartition("/")[2] if arguments else ""
        if name == "mkdir" or (name in REMOVERS and forced(command)):
            continue
        words = [argument.raw for argument in arguments[1:]]
        words += [redirect.target.raw for redirect in command.node.redirects if redirect.target]
        if any(within(word, paths) and not within(word, table.stays) for word in words):
            yield command


def _builds_upon(later: Instruction, instruction: Instruction) -> bool:
    """Whether *later* is among what follows *instruction*."""
    if later.stage is instruction.stage:
        return later.index > instruction.index or (later.onbuild and not instruction.onbuild)
    stage = later.stage
    while stage is not None and stage is not instruction.stage:
        stage = stage.parent
    return stage is not None


def needed(dockerfile: Dockerfile, instruction: Instruction, command: Command, table: Manager) -> str | None:
    """Why the cache that *command* has filled is not to be emptied behind it."""
    facts = _facts(dockerfile, table.name)
    if any(each is instruction or _builds_upon(instruction, each) for each in facts.purpose):
        return f"{table.name} is called to fill its cache for later"
    for other, call in calls(instruction, table):
        if other.node.start > command.node.start and call.option(*table.offline):
            return "a later command needs what lies in the cache"
    for later in facts.wanting:
        if _builds_upon(later, instruction):
            return f"line {dockerfile.lines.at(later.span.start)[0]} may need what lies in the cache"
    return None


def missed(dockerfile: Dockerfile, instruction: Instruction, command: Command, table: Manager) -> str | None:
    """What would fail without the cache: ``rm`` without ``-f``, ``pip cache purge``, a copy of it."""
    facts = _facts(dockerfile, table.name)
    for places, reason in ((facts.fragile, _NOTHING), (facts.reading, "names the directory of the cache")):
        for later, start in places:
            behind = start > command.node.start if later is instruction else _builds_upon(later, instruction)
            if behind:
                return f"line {dockerfile.lines.at(later.span.start)[0]} {reason}"
    if facts.copied is not None:
        return f"line {dockerfile.lines.at(facts.copied.span.start)[0]} copies what lies in it"
    return None


def _mention(table: Manager) -> re.Pattern[str]:
    """What finds the manager in any text."""
    return re.compile(rf"(?<![\w-])(?:{'|'.join((re.escape(table.name), *table.programs))})(?![\w-])")


def replaced(dockerfile: Dockerfile, instruction: Instruction, call: Call, table: Manager) -> str | None:
    """Why one more call may fail: this one installs another version of the program, and none follows.

    (npm in its latest version starts on no old Node.js. A call that follows would fail with it.)
    """
    own = re.compile(rf"(?:{'|'.join(table.programs)})(?:@.*)?")
    if "{}" not in table.clean or not any(own.fullmatch(o.value or "") for o in call.operands):
        return None
    for later in following(instruction):
        if later.name in ("RUN", *STARTS) and _mention(table).search(dockerfile.source(later.span)):
            return None
    return "it replaces itself, by a version that nothing calls here"


def forced(command: Command) -> bool:
    """Whether a removal succeeds when there is nothing to remove."""
    options = [value for value in command.values if value and value.startswith("-")]
    return any(o == "--force" or (not o.startswith("--") and "f" in o) for o in options) and (
        "find" not in command.values
    )
