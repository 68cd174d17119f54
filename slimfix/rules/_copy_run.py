"""What the commands of a RUN have to do with a tree that was copied before it.

Each is one that installs from manifests in the tree, one that does not look into it, or one of which
neither is known; the first of the last kind ends what can be said.
"""

from __future__ import annotations

import importlib
import posixpath

from slimfix.dockerfile import Instruction
from slimfix.manifests import Cannot, Reads
from slimfix.manifests.site import Install, Site
from slimfix.patterns import lazy
from slimfix.records import NamedTuple
from slimfix.rules._copy_env import named
from slimfix.rules._copy_neutral import Place, neutral
from slimfix.rules._copy_tree import resolve
from slimfix.rules._installers import called, tools
from slimfix.shell import Command, Opaque
from slimfix.shell.call import Call
from slimfix.shell.nodes import Redirect
from slimfix.shell.script import Argument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_VARIABLE = lazy(r"\"?\$(?:\{(\w+)\}|(\w+))\"?")


class Found(NamedTuple):
    """A command that installs from the tree."""

    tool: str
    command: Command
    call: Call
    reads: Reads
    moved: bool
    """Whether a ``cd`` before it counts for it."""


class Judged(NamedTuple):
    """What is known of a RUN."""

    installs: tuple[Found, ...]
    known: int
    """How many commands there are up to the first of which nothing is known."""
    reason: str | None
    """Why nothing is known of that; None if there is none."""
    entered: tuple[str, ...] = ()
    """Directories of the context that a ``cd`` needs to be there."""


def judge(run: Instruction, site: Site) -> Judged:
    """Look at the commands of *run* one after the other."""
    script = run.script
    if isinstance(script, Opaque):
        return Judged((), 0, f"a RUN in between is not understood ({script.reason})")
    if run.heredocs:
        return Judged((), 0, "a RUN in between holds a heredoc")
    problem = _flags(run, site)
    if problem:
        return Judged((), 0, problem)
    return _Judge(run, site).judge(script.commands)


class _Judge:
    def __init__(self, run: Instruction, site: Site) -> None:
        self.run = run
        self.site = site
        self.directory = resolve(run, ".")
        self.moved = False
        self.environment: dict[str, str | None] = dict(run.state.environment())
        self.installs: list[Found] = []
        self.entered: list[str] = []

    def judge(self, commands: tuple[Command, ...]) -> Judged:
        known, reason = 0, None
        try:
            for command in commands:
                self.step(command)
                known += 1
        except Cannot as why:
            reason = str(why)
        return Judged(tuple(self.installs), known, reason, tuple(self.entered))

    def step(self, command: Command) -> None:
        """Take one command; raises Cannot at one of which too little is known."""
        for redirect in command.node.redirects:
            if not self.harmless(redirect):
                raise Cannot(f"`{_short(command)}` writes or reads a file that may lie in the tree")
        plain = not command.nesting
        if not command.arguments or command.name == "export":
            words = command.node.words[1:] if command.arguments else command.node.assignments
            self.assign((word.raw, word.value) for word in words)
        elif command.name == "cd":
            self.enter(command, plain)
        else:
            self.call(command)

    def assign(self, words: Any) -> None:
        for raw, value in words:
            name, equals, _ = raw.partition("=")
            if equals:
                self.environment[name] = None if value is None else value.partition("=")[2]

    def enter(self, command: Command, plain: bool) -> None:
        target = self.value(command.arguments[1]) if len(command.arguments) == 2 else None
        self.moved = True
        if not plain or target is None or target.startswith(("-", "~")):
            self.directory = None
            return
        if not target.startswith("/") and self.directory is None:
            return
        self.directory = posixpath.normpath(posixpath.join(self.directory or "/", target))
        inside = self.site.locate(self.directory) if self.directory.startswith("/") else None
        if inside:
            self.entered.append(inside)

    def place(self) -> Place:
        return Place(self.site, self.directory)

    def call(self, command: Command) -> None:
        self.foreign(command.arguments[0])
        environment = dict(self.environment)
        for word in command.node.assignments:
            name = word.raw.partition("=")[0]
            environment[name] = None if word.value is None else word.value.partition("=")[2]
        image = self.run.stage.root.reference if self.run.stage is not None else ""
        for name, table in tools().items():
            found = called(command, table)
            if found is None:
                continue
            if found.wrapped and found.wrapped != ("exec",):
                raise Cannot(f"`{_short(command)}` runs by way of {found.wrapped[0]}")
            self.foreign(found.head)
            words = command.arguments[command.arguments.index(found.head) + 1 :]
            install = Install(
                found, tuple(w.value for w in words), self.directory, environment, self.site, image
            )
            module = importlib.import_module(f"slimfix.manifests.{table['ecosystem']}")
            reads: Reads | None = module.reads(install)
            if reads is not None and reads.files:
                program = (command.name or name).rpartition("/")[2]
                why = named(self.run, self.site, environment, self.directory, program, reads.files)
                if why is not None:
                    raise Cannot(why)
                self.installs.append(Found(name, command, found, reads, self.moved))
                return
            if reads is not None:
                return
            break
        name = (command.name or "").rpartition("/")[2]
        if not neutral(name, [self.value(a) for a in command.arguments[1:]], self.place()):
            raise Cannot(f"`{_short(command)}` may read the copied files")

    def foreign(self, program: Argument) -> None:
        """Raise at a program that the tree brings."""
        path = self.value(program) or ""
        if "/" in path and self.place().holds(path):
            raise Cannot(f"{path} is a program of the tree")

    def value(self, argument: Argument) -> str | None:
        """The value of a word, also of one that is nothing but a variable that we know."""
        variable = _VARIABLE.fullmatch(argument.raw)
        if argument.value is not None or variable is None:
            return argument.value
        value = self.environment.get(variable[1] or variable[2])
        return None if value is None or any(c.isspace() or c in "*?[\\" for c in value) else value

    def harmless(self, redirect: Redirect) -> bool:
        if redirect.heredoc is not None or redirect.target is None:
            return redirect.heredoc is not None or redirect.operator in (">&", "<&")
        value = redirect.target.value
        return redirect.operator in (">&", "<&") or (value is not None and self.place().away(value))


def _flags(run: Instruction, site: Site) -> str | None:
    """What is wrong with the flags of a RUN."""
    for kind, target, _ in run.mounts:
        if kind not in ("cache", "tmpfs", "secret", "ssh"):
            return "a RUN in between mounts files of the build context or of another stage"
        if target and ("$" in target or site.locate(resolve(run, target) or site.root) is not None):
            return f"a RUN in between mounts {target}, which may lie in the tree"
    return None


def _short(command: Command) -> str:
    text = " ".join(argument.raw for argument in command.arguments)
    return text if len(text) <= 50 else text[:47] + "..."
