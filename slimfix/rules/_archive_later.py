"""What becomes of a file after a command: the directory of a script, deletions, and later uses."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from slimfix.dockerfile import Dockerfile, Instruction, Stage
from slimfix.knowledge import table
from slimfix.rules import _paths
from slimfix.rules._later import forced
from slimfix.shell import Command, Script
from slimfix.shell.nodes import Compound, Node, Simple, children
from slimfix.text import Span


def cwd_after(node: Node, directory: str) -> str:
    """The directory in which a script goes on behind *node*."""
    if isinstance(node, Compound) and node.kind in ("subshell", "test"):
        return directory
    if not isinstance(node, Simple):
        moved = any(cwd_after(child, directory) != directory for child in children(node))
        return _paths.UNKNOWN if moved else directory
    values = [word.value for word in node.words]
    if not values or values[0] not in ("cd", "pushd", "popd", "eval", ".", "source"):
        return directory
    if values[0] != "cd" or len(values) != 2 or node.words[1].glob or values[1] == "-":
        return _paths.UNKNOWN
    target = values[1] if values[1] is not None else node.words[1].raw.strip('"')
    known = values[1] is not None or _paths.is_plain(target)
    return _paths.join(directory, target) if known else _paths.UNKNOWN


class Later:
    """The commands that run behind a place in a script, each with its directory."""

    def __init__(self, commands: Iterable[tuple[Command, str]]) -> None:
        self.commands = list(commands)

    def deletes(self, path: str) -> bool:
        """Whether one of them deletes the file at *path*, or may."""
        for command, directory in self.commands:
            if command.name not in table("archives")["later"]["deletes"] and "-delete" not in command.values:
                continue
            for argument in command.arguments[1:]:
                word = _paths.text(argument) or argument.value or argument.raw.strip("\"'")
                if word.startswith("-"):
                    continue
                target = _paths.pattern(_paths.join(directory, word))
                if (
                    _paths.names(word, directory, path)
                    or _paths.within(path, target)
                    or fnmatchcase(path, target + "*")
                ):
                    return True
        return False

    def uses(self, path: str) -> str | None:
        """How one of them may use the file at *path*."""
        takers = table("archives")["later"]["takes_directory"]
        for command, directory in self.commands:
            words = [word.raw for word in command.node.words + command.node.assignments]
            words += [r.target.raw for r in command.node.redirects if r.target is not None]
            for word in words:
                if _paths.names(word, directory, path):
                    return f"{word} may name it later in the RUN"
                whole = word.strip("\"'")
                if command.name in takers and whole != "/" and not whole.startswith("-"):
                    if "*" not in whole and _paths.within(path, _paths.join(directory, whole)):
                        return f"{command.name} reads its directory later in the RUN"
        return None


def used_elsewhere(dockerfile: Dockerfile, run: Instruction, path: str) -> str | None:
    """How a later instruction, of this stage or another, may use the file at *path* of *run*'s stage."""
    assert run.stage is not None
    family = [run.stage, *_descendants(run.stage)]
    for stage in family:
        for instruction in stage.instructions:
            if instruction.index <= run.index or instruction.name == "FROM":
                continue
            directory = instruction.state.workdir or "."
            if any(_paths.names(word, directory, path) for word in _words(dockerfile, instruction)):
                return f"{instruction.name} may name it later"
    sources = {stage.name for stage in family if stage.name} | {str(stage.index) for stage in family}
    for instruction in dockerfile.instructions:
        if any(mount.source in sources for mount in instruction.mounts):
            return "another stage mounts this one"
        if instruction.name != "COPY" or (instruction.flag("from") or "").lower() not in sources:
            continue
        words = instruction.exec_form or [part.text for part in instruction.parts]
        for word in words[:-1]:
            place = posixpath.normpath("/" + word.lstrip("/"))
            if _paths.within(path, place) or not path.startswith("/") or _paths.names(word, "/", path):
                return "another stage copies what may hold it"
    return None


def _words(dockerfile: Dockerfile, instruction: Instruction) -> list[str]:
    """The words of an instruction, without those of an ``rm -f``, to which nothing matters what is there."""
    text, end = "", instruction.span.start
    script = instruction.script if instruction.name == "RUN" else None
    commands = script.commands if isinstance(script, Script) else ()
    for command in sorted(commands, key=lambda each: each.span.start):
        if command.name == "rm" and forced(command) and command.span.start >= end:
            text += dockerfile.source(Span(end, command.span.start)) + " "
            end = command.span.end
    return (text + dockerfile.source(Span(end, instruction.span.end))).split()


def _descendants(stage: Stage) -> Iterator[Stage]:
    for child in stage.used_by:
        yield child
        yield from _descendants(child)
