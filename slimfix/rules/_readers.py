"""Who reads the package lists that a RUN has fetched: later RUNs, stages FROM its own, the container."""

from __future__ import annotations

import re

from slimfix.dockerfile import Dockerfile, Instruction, Stage
from slimfix.knowledge.managers import Lists, Manager
from slimfix.patterns import lazy
from slimfix.records import NamedTuple
from slimfix.rules._later import STARTS, following
from slimfix.rules._managers import as_call, cache_mounted, calls, does
from slimfix.shell import Command, Opaque, Script
from slimfix.shell.call import unwrapped
from slimfix.shell.insert import always, precedes

_KNOWN = lazy(r"/(?:usr/)?(?:local/)?s?bin/[\w.+-]+$")
_TOOLS = lazy(
    r"(?:.*/)?(?:configure|autogen\.sh|gradlew|mvnw|bootstrap\.sh|buildconf|Configure|config|activate|nvm\.sh)"
)
_SHELLS = ("sh", "bash", "dash", "ash", "zsh", ".", "source", "make", "ansible-playbook", "puppet")
_SPEAKERS = ("echo", "printf", "sed", "grep", "rm", "mkdir", "chmod", "cat", "touch", "ln", "tee", "awk")


class Readers(NamedTuple):
    """What comes later and reads the package lists."""

    line: int | None
    """The line of an instruction that does so and does not fetch them itself; None if there is none."""
    unknown: tuple[str, ...]
    """Programs that may do so."""


def readers(dockerfile: Dockerfile, instruction: Instruction, table: Manager, lists: Lists) -> Readers:
    """Who reads the lists that *instruction* has fetched."""
    assert instruction.stage is not None
    rest = [i for i in following(instruction) if i.stage is instruction.stage]
    unknown: list[str] = []
    line = _scan(dockerfile, rest, instruction.stage, table, lists, unknown)
    return Readers(line, tuple(dict.fromkeys(unknown)))


def _scan(
    dockerfile: Dockerfile,
    instructions: list[Instruction],
    stage: Stage,
    table: Manager,
    lists: Lists,
    unknown: list[str],
) -> int | None:
    """The line of a reader among *instructions* and in the stages FROM theirs; adds to *unknown*."""
    for later in instructions:
        line = dockerfile.lines.at(later.span.start)[0]
        if later.name in STARTS and _word(table).search(dockerfile.source(later.span)):
            return line
        if later.name != "RUN" or cache_mounted(later, lists.paths, table):
            continue
        found = _reads(dockerfile, later, table, lists)
        if found is None:
            return line
        unknown += found
        if not later.onbuild and _fetches(later, table, lists):
            return None  # what comes behind it reads those
    for child in stage.used_by:
        line_there = _scan(dockerfile, child.instructions, child, table, lists, unknown)
        if line_there is not None:
            return line_there
    return None


def _fetches(instruction: Instruction, table: Manager, lists: Lists) -> bool:
    """Whether a RUN certainly fetches the lists anew."""
    script = instruction.script
    if isinstance(script, Opaque):
        return False
    updates = [command for command, call in calls(instruction, table) if does(call, lists.fills)]
    return any(always(script, c.node) and not _partial(script, c, lists) for c in updates)


def _partial(script: Script, command: Command, lists: Lists) -> bool:
    """Whether an update leaves some of the lists as they are."""
    text = script.text[command.node.start : command.node.end]
    return any(re.search(pattern, text) for pattern in lists.partial)


def _word(table: Manager) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w./-])(?:{'|'.join(table.programs)})(?![\w./-])")


def _reads(
    dockerfile: Dockerfile, instruction: Instruction, table: Manager, lists: Lists
) -> list[str] | None:
    """None when a RUN reads lists that it has not fetched; else the programs that may do so."""
    script = instruction.script
    source = dockerfile.source(instruction.span)
    if isinstance(script, Opaque):
        fresh = any(re.search(rf"\b{re.escape(verb)}\b", source) for verb in lists.fills)
        return None if _word(table).search(source) and not fresh else []
    unknown: list[str] = []
    fetched: list[Command] = []
    brought = _brought(dockerfile)
    for command in script.commands:
        if any(precedes(script, other.node, command.node) for other in fetched):
            continue  # from here on they are this RUN's own
        if any(re.search(p, script.text[command.node.start : command.node.end]) for p in lists.updaters):
            fetched.append(command)
            continue
        call = as_call(command, table)
        if call is not None:
            if does(call, lists.fills):
                if _partial(script, command, lists):
                    return None
                fetched.append(command)
            elif call.verb is not None and not does(call, lists.harmless):
                return None
            continue
        answer = _may_read(command, table, lists, brought)
        if answer is None:
            return None
        unknown += answer
    return unknown


def _brought(dockerfile: Dockerfile) -> set[str]:
    """The names of the files that the build context gives: some may be programs."""
    files: set[str] = set()
    for each in dockerfile.instructions:
        if each.name in ("COPY", "ADD") and each.flag("from") is None:
            files.update(part.text.rstrip("/").rpartition("/")[2].strip('"[],') for part in each.parts)
    return files - {"", ".", "*"}


def _may_read(command: Command, table: Manager, lists: Lists, brought: set[str]) -> list[str] | None:
    """None when another program reads the lists; its name, as a list, when it may."""
    arguments, _ = unwrapped(command)
    if not command.arguments:
        return []
    if not arguments or arguments[0].value is None:
        return [command.arguments[0].raw]
    name = arguments[0].value
    base = name.rpartition("/")[2]
    if any(re.fullmatch(pattern, base) for pattern in lists.reads):
        return None
    inner = " ".join(argument.raw for argument in arguments[1:])
    if base not in _SPEAKERS and _word(table).search(inner):
        return [] if any(re.search(rf"\b{re.escape(verb)}\b", inner) for verb in lists.fills) else None
    if base in _SHELLS:
        files = [a.raw for a in arguments[1:] if not a.raw.startswith("-")]
        if not files or not _TOOLS.fullmatch(files[0].strip("\"'")):
            inline = any(a.value in ("-c", "-lc", "-xc", "-ec", "-ic") for a in arguments[1:])
            return [] if inline else [" ".join([base, *files[:1]])]
        return []
    if base in brought:
        return [name]
    if "/" in name and not _KNOWN.match(name) and not _TOOLS.fullmatch(name):
        return [name]
    return []
