"""What an image starts: the words of ENTRYPOINT and CMD, where they call one program plainly."""

from __future__ import annotations

import posixpath
import re

from slimfix.dockerfile import Dockerfile, Instruction, Stage
from slimfix.dockerfile.words import pairs
from slimfix.knowledge import table
from slimfix.records import NamedTuple
from slimfix.shell import Opaque
from slimfix.shell.call import unwrapped

_SYSTEM = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


class Start(NamedTuple):
    """How an image starts its program."""

    words: tuple[str | None, ...]
    """None where the shell expands a word."""
    directory: str
    path: tuple[str, ...]
    """The directories in which the program is looked for, if it has none: those that the file adds first."""

    @property
    def program(self) -> str:
        """The first word, as it is written."""
        return self.words[0] or ""

    def places(self, more: tuple[str, ...] = ()) -> list[str]:
        """The paths at which the program may lie; *more* are directories on the builder's PATH."""
        if "/" in self.program:
            return [posixpath.normpath(posixpath.join(self.directory, self.program))]
        return [posixpath.join(directory, self.program) for directory in (*self.path, *more, *_SYSTEM)]

    def reach(self, word: str) -> str:
        """The path of the image that a word stands for, if it stands for one."""
        return posixpath.normpath(posixpath.join(self.directory, word))


def absolute(stage: Stage, path: str | None) -> str | None:
    """A path of the image, from one that may be relative to the directory that the base image sets."""
    if path is None:
        return None
    name = stage.base.name.rpartition("/")[2]
    return posixpath.normpath(posixpath.join(table("stages")["directories"].get(name, "/"), path))


def start(dockerfile: Dockerfile, stage: Stage) -> Start | str:
    """What an image starts, or why that is not plain."""
    last: dict[str, Instruction] = {}
    for each in stage.instructions:
        if each.name in ("CMD", "ENTRYPOINT", "HEALTHCHECK"):
            last[each.name] = each
    entry, command = last.get("ENTRYPOINT"), last.get("CMD")
    if entry is None and command is None:
        return "the image starts no program of its own"
    lost = next((n for part in (entry, command) if part and (n := _lost(stage, part))), None)
    if lost:
        return f"what is started needs {lost}, which the builder's image sets"
    words: list[str | None] = []
    shell = entry is not None and entry.exec_form is None  # which takes no further words
    for part in (entry, None if shell else command):
        if part is None:
            continue
        found = _words(part)
        if isinstance(found, str):
            return found
        words += found
    state = dockerfile.end(stage)
    directory = absolute(stage, state.workdir)
    if not words or not words[0] or directory is None:
        return "what the image starts, or where, is not known"
    if directory != state.workdir and directory != "/":
        return "it starts in a directory that the base image sets: a WORKDIR would tell it"
    result = Start(tuple(words), directory, tuple(_added(stage)))
    check = last.get("HEALTHCHECK")
    if check is not None and check.args.text.strip().upper() != "NONE" and not _same(check, result):
        return "HEALTHCHECK may call what only the builder has"
    return result


def _lost(stage: Stage, part: Instruction) -> str | None:
    """A variable in a start command that the builder's image sets, and the stage does not."""
    set_here = [each for each in stage.instructions if each.name == "ENV"]
    own = {n for each in set_here for n, _ in pairs(each.args.text, each.escape)}
    named = re.findall(r"\$\{?(\w+)", part.args.text)
    return next((n for n in named if n in table("stages")["variables"]["set"] and n not in own), None)


def _words(instruction: Instruction) -> list[str | None] | str:
    """The words of a CMD or ENTRYPOINT."""
    if instruction.exec_form is not None:
        return list(instruction.exec_form)
    script = instruction.script
    if isinstance(script, Opaque) or len(script.commands) != 1:
        return f"{instruction.name} is more than one command"
    only = script.commands[0]
    words, wrappers = unwrapped(only)
    if only.nesting or only.node.redirects or only.node.assignments or set(wrappers) - {"exec"}:
        return f"{instruction.name} is more than one command"
    return [word.value for word in words]


def _added(stage: Stage) -> list[str]:
    """The directories that ENV puts on PATH."""
    found: list[str] = []
    for each in stage.instructions:
        if each.name == "ENV":
            for name, value in pairs(each.args.text, each.escape):
                if name == "PATH":
                    found += [part for part in value.strip("\"'").split(":") if re.fullmatch(r"/[^$]*", part)]
    return found


def _same(check: Instruction, start: Start) -> bool:
    """Whether a HEALTHCHECK calls nothing but the program itself."""
    text = re.sub(r"\s*\|\|\s*exit 1\s*$", "", check.args.text.strip())
    match = re.match(r"CMD\s+(?:\[\s*\"([^\"]+)\"|([^\s\[;&|$`]+)(?=[^;&|$`]*$))", text, re.IGNORECASE)
    called = (match[1] or match[2]) if match else None
    return called is not None and called == start.program
