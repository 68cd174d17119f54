"""What the rules for package managers share: finding calls, and reasons to leave a cache alone."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.knowledge.managers import Manager, manager, mentioned
from slimfix.shell import Argument, Command, Opaque, Script
from slimfix.shell.call import Call, call, one_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Manager", "calls", "manager", "mentioned", "runs"]

KEPT = "the cache is kept on purpose"
ROOT = ("", "root", "0", "root:root", "0:0")
_ASKING = ("--version", "-v", "-V", "--help", "-h", "-version")


def runs(dockerfile: Dockerfile, word: str) -> Iterator[Instruction]:
    """The RUN instructions that ship and whose text holds *word* (a quick look before parsing)."""
    for instruction in dockerfile.instructions:
        if instruction.name != "RUN" or instruction.stage is None or not instruction.stage.ships:
            continue
        text = instruction.logical.text
        if word in text or any(word in dockerfile.source(h.body) for h in instruction.heredocs):
            yield instruction


def calls(instruction: Instruction, table: Manager | Mapping[str, Any]) -> Iterator[tuple[Command, Call]]:
    """Every call of a package manager in an instruction.

    The table may be one that the caller has made for itself: a mapping with ``programs``, ``valued`` and,
    where that is so, ``module``.
    """
    script = instruction.script
    if not isinstance(script, Opaque):
        yield from _called(script, table)


def _called(script: Script, table: Manager | Mapping[str, Any]) -> list[tuple[Command, Call]]:
    """The calls of a manager in a script, found once: several rules ask for them."""
    key = f"calls {id(table)}"
    held: tuple[Any, list[tuple[Command, Call]]] | None = script.held.get(key)
    if held is None:
        each = ((command, as_call(command, table)) for command in script.commands)
        # kept with the table, so that no other gets its id
        held = script.held[key] = (table, [(command, one) for command, one in each if one is not None])
    return held[1]


def as_call(command: Command, table: Manager | Mapping[str, Any]) -> Call | None:
    """A command as a call of the manager, if it is one."""
    if not isinstance(table, Manager):
        return call(command, table["programs"], table["valued"], table.get("module", ""))
    return call(command, table.programs, table.valued, table.module, table.interpreter)


def does(found: Call, verbs: Iterable[str]) -> Argument | None:
    """The last word of the verb, if the call's verb is one of *verbs* (see :class:`Manager`)."""
    words: tuple[Argument, ...] = found.operands if found.verb is None else (found.verb, *found.operands)
    for verb in verbs:
        if verb.startswith("-"):
            for option, _ in found.options:
                if one_of(option.value or "", (verb,)):
                    return option
            continue
        patterns = verb.split()
        if not patterns:
            if found.verb is None and not any(option.value in _ASKING for option, _ in found.options):
                return found.head
            continue
        if len(words) >= len(patterns) and all(
            word.value is not None and one_of(word.value, (pattern,))
            for pattern, word in zip(patterns, words)
        ):
            return words[len(patterns) - 1]
    return None


def at_home(instruction: Instruction, table: Manager) -> bool:
    """Whether the base image may have the manager at all."""
    assert instruction.stage is not None
    family = instruction.stage.root.family
    return not (table.families and family) or family in table.families


def lacking(instruction: Instruction, table: Manager) -> str | None:
    """Why the manager of this base image may not know the flag or command that is meant for it."""
    assert instruction.stage is not None
    root = instruction.stage.root
    image = f"{root.name}:{root.tag}"
    if any(re.match(pattern, image) for pattern in table.lacks):
        return f"the {table.name} of {root.reference} is too old for it"
    if table.only and not any(re.match(pattern, image) for pattern in table.only):
        return f"it is not known whether {table.name} in {root.reference} can do that"
    return None


def reason_to_keep(
    dockerfile: Dockerfile, instruction: Instruction, found: Call, table: Manager
) -> str | None:
    """Why a call that fills the cache is to be left alone, as far as can be told from where it stands."""
    if cache_mounted(instruction, table.cache, table) or found.option(*table.chosen):
        return KEPT
    if any(re.search(pattern, dockerfile.text) for pattern in table.unless):
        return f"{table.name} may need what lies in its cache"
    if any(_beside(dockerfile, pattern, content) for pattern, content in table.beside.items()):
        return f"{table.name} is set up to need what lies in its cache"
    text = getattr(instruction.script, "text", "")
    if table.needs and not any(re.search(pattern, text) for pattern in table.needs):
        return f"{table.name} may still be at work on its cache"
    return lacking(instruction, table)


def _beside(dockerfile: Dockerfile, pattern: str, content: str) -> bool:
    """Whether the build context, if it is known, has a file with such content."""
    context = dockerfile.context
    if context is None:
        return False
    return any(re.search(content, context.read_text(path) or "") for path in context.glob(pattern))


def turned_off(instruction: Instruction, command: Command, table: Manager) -> bool:
    """Whether a variable turns the cache off already, or may (its value is not known)."""
    script = instruction.script
    environment = instruction.state.environment()
    for variable, without in table.off.items():
        if any(word.raw.startswith(variable + "=") for word in command.node.assignments):
            return True
        if variable in getattr(script, "text", ""):
            return True
        if variable in environment and environment[variable] not in without:
            return True
    return any(environment.get(variable) == "/dev/null" for variable in table.dirs)


# -- directories -----------------------------------------------------------------------------------


def at_rest(path: str, dirs: Iterable[str] = ()) -> str:
    """A path as it is written in the tables: ``~`` for a home, no quotes, no star at its end."""
    path = re.sub(r"[\"']", "", path)
    path = re.sub(r"^(\$HOME|\$\{HOME\}|~\w*|/root|/home/[^/]+)(?=/|$)", "~", path)
    for variable in dirs:
        path = re.sub(rf"^\$(?:{variable}\b|\{{{variable}[^}}]*\}})", "$", path)
    path = re.sub(r"(/\.?\*[^/]*)+$", "", path)
    return path.rstrip("/") or "/"


def covers(written: str, paths: Iterable[str], dirs: Iterable[str] = ()) -> bool:
    """Whether *written* is one of *paths*, or a directory above it."""
    place = at_rest(written, dirs)
    if place == "$":
        return True
    wanted = [at_rest(path) for path in paths]
    return place != "~" and any(
        fnmatchcase(place, each) or each.startswith(place.rstrip("/") + "/") for each in wanted
    )


def within(written: str, paths: Iterable[str]) -> bool:
    """Whether *written* is one of *paths*, or lies in it."""
    place = at_rest(written)
    wanted = [at_rest(path) for path in paths]
    return any(fnmatchcase(place, each) or fnmatchcase(place, each + "/*") for each in wanted)


def cache_mounted(instruction: Instruction, paths: Iterable[str], table: Manager) -> bool:
    """Whether a mount lies on one of *paths*, so that what is written there is not in the layer."""
    environment = instruction.state.environment()
    named = [value for name in table.dirs if (value := environment.get(name))]
    for kind, target, _ in instruction.mounts:
        if kind not in ("cache", "tmpfs", "bind"):
            continue
        if "$" in target:
            return True
        if target.startswith("/root") and instruction.state.user not in (*ROOT, None):
            continue  # not the home of whoever calls
        if covers(target, paths) or any(covers(target, (value,)) for value in named):
            return True
        if posixpath.basename(target.rstrip("/")) in {posixpath.basename(at_rest(path)) for path in paths}:
            return True
    return False
