"""A command as a call of a program: wrappers taken off, verb, options and operands told apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache

from slimfix.patterns import Names, lazy
from slimfix.records import NamedTuple
from slimfix.shell.nodes import Word
from slimfix.shell.script import Argument, Command

_ASSIGNMENT = lazy(r"[A-Za-z_]\w*=.*", re.DOTALL)
_PYTHON = lazy(r"(?:.*/)?(?:python|pypy)[0-9.]*")

# Programs that run the command in their arguments, with those of their options that take a value.
_WRAPPERS: dict[str, Collection[str]] = {
    "sudo": ("-u", "--user", "-g", "--group", "-h", "--host", "-p", "--prompt", "-C", "-D", "-R", "-T"),
    "env": ("-u", "--unset", "-C", "--chdir"),
    "command": (),
    "exec": ("-a",),
    "nice": ("-n",),
    "ionice": ("-c", "-n"),
    "nohup": (),
    "eatmydata": (),
    "gosu": (),
    "su-exec": (),
    "time": ("-f", "-o"),
    "timeout": ("-k", "--kill-after", "-s", "--signal"),
    "xargs": ("-n", "-I", "-L", "-P", "-d", "-a", "-s", "-E", "--max-args", "--max-procs", "--delimiter"),
    "xvfb-run": ("-n", "-s", "-e", "-f", "-w", "-p", "--server-num", "--server-args"),
}
_OPERANDS = {"gosu": 1, "su-exec": 1, "timeout": 1}
"""How many words of their own some wrappers take before the command."""
AS_ANOTHER = frozenset(("sudo", "gosu", "su-exec", "env", "command"))
"""Wrappers that choose the user, the environment or the program: to do the same again takes them, too."""


class Call(NamedTuple):
    """A program and what it is given."""

    program: str
    """As called, directories and all; ``pip`` for ``python -m pip``."""
    head: Argument
    """The last word that names the program."""
    verb: Argument | None
    """The first operand, for programs that have verbs."""
    options: tuple[tuple[Argument, Argument | None], ...]
    """Each option with the value that follows it as a word of its own."""
    operands: tuple[Argument, ...]
    """What is left, behind the verb."""
    wrapped: tuple[str, ...]
    """The wrappers before it: ``sudo``, ``env``, ..."""

    def option(self, *names: str) -> bool:
        """Whether one of the options is given, in whatever form (``--x``, ``--x=v``, ``-x``)."""
        return any(_named(argument.value, names) for argument, _ in self.options)

    def option_value(self, *names: str) -> str | None:
        """The value of the last of the options that is given with a known one."""
        found: str | None = None
        for argument, value in self.options:
            text = argument.value or ""
            for name in names:
                if text == name and value is not None:
                    found = value.value
                elif text.startswith(name + "=") and name.startswith("--"):
                    found = text.partition("=")[2]
                elif not name.startswith("--") and text.startswith(name) and len(text) > len(name):
                    found = text[len(name) :]
        return found

    @property
    def unknown(self) -> bool:
        """Whether a word of it is known to the running shell alone."""
        everything = [a for pair in self.options for a in pair if a is not None]
        return any(a.value is None for a in (*everything, *self.operands))


def _named(text: str | None, names: Collection[str]) -> bool:
    if text is None:
        return False
    return any(text == name or (name.startswith("--") and text.startswith(name + "=")) for name in names)


def unwrap(words: Sequence[Word | Argument]) -> tuple[int, tuple[str, ...]]:
    """At which word the program stands, and the wrappers (``sudo -E``, ``env A=b``) before it.

    All words are taken for a wrapper's own where one of them, which might be an option, is not known.
    """
    wrappers: list[str] = []
    start = 0
    while start < len(words) and (name := words[start].value) is not None:
        base = name.rpartition("/")[2]
        valued = _WRAPPERS.get(base)
        if valued is None:
            break
        i = start + 1
        while i < len(words):
            value = words[i].value
            if value is None:
                return len(words), tuple(wrappers)
            if value.startswith("-") and len(value) > 1:
                i += 2 if value in valued else 1
            elif base in ("sudo", "env") and _ASSIGNMENT.fullmatch(value):
                i += 1
            else:
                break
        wrappers.append(base)
        start = i + _OPERANDS.get(base, 0)
    return min(start, len(words)), tuple(wrappers)


def call(
    command: Command,
    programs: Collection[str],
    valued: Collection[str] | Callable[[], Collection[str]],
    module: str = "",
    interpreter: str = "",
) -> Call | None:
    """*command* as a call of one of *programs*, or None if it is none.

    Args:
        command: the command.
        programs: names, as regular expressions over the word without its directory.
        valued: options that take the next word as their value; a function is asked only when they count.
        module: the name under which ``python -m`` runs the program, if it does.
        interpreter: a program that may be given this one as its file, as a regular expression.
    """
    start, wrappers = _unwrapped(command)
    words = command.node.words
    if start == len(words) or (program := words[start].value) is None:
        return None
    name = program.rpartition("/")[2]
    own = one_of(name, tuple(programs))
    python = module and _PYTHON.fullmatch(program)
    if not own and not python and not interpreter:
        return None  # as most are not: the words are not asked where they stand
    head, *others = command.arguments[start:]
    rest = tuple(others)
    if python:
        at = _module(rest, module)
        if at is None:
            return None
        head, rest, name = rest[at], rest[at + 1 :], module
    elif interpreter and one_of(name, (interpreter,)):
        at = _file(rest)
        if at is None:
            return None
        head, rest, name = rest[at], rest[at + 1 :], (rest[at].value or "").rpartition("/")[2]
        if not one_of(name, tuple(programs)):
            return None
    elif not own:
        return None
    return _parse(name, head, rest, valued() if callable(valued) else valued, wrappers)


def is_one_of(command: Command, programs: tuple[str, ...]) -> bool:
    """Whether *command* runs one of these programs, which are given as :func:`call` takes them."""
    start, _ = _unwrapped(command)
    words = command.node.words
    return start < len(words) and one_of((words[start].value or "").rpartition("/")[2], programs)


def runs_modules(program: str) -> bool:
    """Whether a program is a Python, which runs others with ``-m``."""
    return _PYTHON.fullmatch(program) is not None


def unwrapped(command: Command) -> tuple[tuple[Argument, ...], tuple[str, ...]]:
    """The words from the program on, and the wrappers before it: see :func:`unwrap`."""
    start, wrappers = _unwrapped(command)
    return command.arguments[start:], wrappers


def _unwrapped(command: Command) -> tuple[int, tuple[str, ...]]:
    """What :func:`unwrap` says of a command, found once: every rule asks for it."""
    found: tuple[int, tuple[str, ...]] | None = command.held.get("unwrapped")
    if found is None:
        found = command.held["unwrapped"] = unwrap(command.node.words)
    return found


@lru_cache(maxsize=4096)
def one_of(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether one of the regular expressions is that of the whole name. Cached: few words recur."""
    return _names(patterns).hold(name)


_names = lru_cache(maxsize=256)(Names)


def _module(rest: tuple[Argument, ...], module: str) -> int | None:
    """Where ``module`` stands behind ``python [options] -m``."""
    for i, argument in enumerate(rest):
        value = argument.value
        if value is None or not value.startswith("-"):
            return None
        if value == "-m" or (not value.startswith("--") and value.endswith("m") and "c" not in value):
            following = rest[i + 1] if i + 1 < len(rest) else None
            return i + 1 if following is not None and following.value == module else None
        if value in ("-c", "-"):
            return None
    return None


def _file(rest: tuple[Argument, ...]) -> int | None:
    """Where the file stands that an interpreter is given; None when it runs something else."""
    i = 0
    while i < len(rest):
        value = rest[i].value
        if value is None:
            return None
        if not value.startswith("-"):
            return i
        if value in ("-r", "-m", "-c", "-e", "-"):
            return None
        i += 2 if value in ("-d", "-c", "-z") else 1
    return None


def _parse(
    name: str,
    head: Argument,
    rest: tuple[Argument, ...],
    valued: Collection[str],
    wrappers: tuple[str, ...],
) -> Call:
    verb: Argument | None = None
    options: list[tuple[Argument, Argument | None]] = []
    operands: list[Argument] = []
    i, ended = 0, False
    while i < len(rest):
        argument = rest[i]
        value = argument.value
        i += 1
        text = value if value is not None else argument.raw
        if not ended and text == "--":
            ended = True
        elif not ended and text.startswith("-") and len(text) > 1:
            following = rest[i] if text in valued and i < len(rest) else None
            i += following is not None
            options.append((argument, following))
        elif verb is None:
            verb = argument
        else:
            operands.append(argument)
    return Call(name, head, verb, tuple(options), tuple(operands), wrappers)
