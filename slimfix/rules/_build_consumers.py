"""Which commands consume build packages: those of ``knowledge/consumers.toml``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

from slimfix.knowledge import table
from slimfix.knowledge.managers import manager, words
from slimfix.patterns import Names, lazy
from slimfix.records import NamedTuple
from slimfix.shell import Argument, Command, Opaque, Script
from slimfix.shell.call import call, runs_modules, unwrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WORD = lazy(r"[\w.+/-]+")
_TOKEN = lazy(r"[\w.+/-]+|[;&|]")
_BIN = lazy(r"(?:/usr(?:/local)?)?/s?bin/")
_SCRIPT = lazy(r"\.{1,2}/.+|.*\.(?:sh|bash|ash|ksh)")


class Consumer(NamedTuple):
    """A command that builds, or may."""

    name: str
    """The table in ``consumers.toml``."""
    command: Command
    certain: bool
    """False when it only runs what the project says (``npm run``)."""


def consumer(command: Command) -> Consumer | None:
    """*command* as one that consumes build packages, None if it is not known as one."""
    arguments, _ = unwrapped(command)
    if not arguments or arguments[0].value is None:
        return None
    for name, entry in _tables_of(arguments[0].value):
        found = _judged(name, entry, command, arguments)
        if found is not None:
            return Consumer(name, command, found)
    return None


def _judged(name: str, entry: dict[str, Any], command: Command, rest: tuple[Argument, ...]) -> bool | None:
    """True for a call that builds, False for one that may, None for neither."""
    valued = manager(name).valued if "valued" not in entry and name in words() else entry.get("valued", ())
    found = call(command, entry["programs"], valued, entry.get("module", ""))
    if found is None:
        return None
    if "script" in entry:
        names = [(a.value or "").rpartition("/")[2] for a in rest[1:]]
        return True if any(n in entry["script"] for n in names) else None
    verb = None if found.verb is None else found.verb.value
    if found.verb is not None and verb is None:
        return False  # a verb that only the shell knows
    if verb in entry.get("second", {}):
        operand = next((o.value for o in found.operands), None)
        return True if operand in entry["second"][verb] else None
    if entry.get("only_runs") or verb in entry.get("runs", ()):
        return False
    if verb == "install" and found.operands and not found.unknown:
        named = {re.split(r"[<>=~!\[]", operand.value or "")[0] for operand in found.operands}
        if named <= set(entry.get("pure", ())) and not found.option(
            "-r", "--requirement", "-e", "--no-binary"
        ):
            return None
    if "verbs" not in entry or (verb is None and entry.get("bare") and not found.option("--version", "-v")):
        return True
    return True if verb in entry["verbs"] else None


def builds_nothing(command: Command) -> bool:
    """Whether it is an install of what is pure Python."""
    found = call(command, table("consumers")["pip"]["programs"], manager("pip").valued, "pip")
    return found is not None and found.verb is not None and consumer(command) is None


def consumers(script: Script) -> list[Consumer]:
    """Every command of a script that builds or may, in the order of the text."""
    return [found for command in script.commands if (found := consumer(command)) is not None]


def builders(script: Script) -> list[Consumer]:
    """Those of them that compile, or may: not such as Composer, which only runs scripts of the project."""
    return [found for found in consumers(script) if "calls" not in table("consumers")[found.name]]


def texts(command: Command) -> Iterator[str]:
    """The arguments in which another command may stand: of shells, xargs, find, ``python -c``."""
    arguments, _ = unwrapped(command)
    if not arguments:
        return
    name = (arguments[0].value or "").rpartition("/")[2]
    callers = table("consumers")["callers"]
    runs = name in callers["shells"] or name in callers["runners"]
    for argument in arguments[1:]:
        text = argument.value if argument.value is not None else argument.raw
        if runs or " " in text:
            yield text


def called_script(command: Command) -> str | None:
    """The script file that a command runs, if it runs one: ``./build.sh``, ``sh build.sh``, ``/x/y.sh``."""
    arguments, _ = unwrapped(command)
    values = [a.value if a.value is not None else a.raw for a in arguments]
    if not values:
        return None
    if _SCRIPT.fullmatch(values[0]):
        return values[0]
    if values[0].rpartition("/")[2] not in table("consumers")["callers"]["shells"]:
        return None
    if "-c" in values[1:] or any(re.fullmatch(r"-\w*c", v) for v in values[1:2]):
        return None
    return next((v for v in values[1:] if not v.startswith("-")), "-")


def names_in(text: str) -> set[str]:
    """The words of a text as names of programs: without their directories."""
    return {word.rpartition("/")[2] for word in _WORD.findall(text)}


def may_build(text: str) -> str | None:
    """The first program in a text (not read as shell) that consumes build packages when it installs."""
    words: list[str] = [word.rpartition("/")[2] for word in _TOKEN.findall(text)]
    for i, word in enumerate(words):
        if any(_installs(entry, word, words[i + 1 : i + 6]) for entry in _named(word)):
            return word
    return None


def _installs(entry: dict[str, Any], word: str, following: list[str]) -> bool:
    if "script" in entry:
        return True
    if word in table("consumers")["common-words"]["names"] or entry.get("only_runs") or entry.get("ordinary"):
        return False
    if entry.get("bare") and (not following or following[0][:1] in ("-", ";", "&", "|")):
        return True
    verbs = {*entry.get("verbs", ()), *entry.get("second", ())}
    return not verbs or bool(verbs & set(following))


def calls_any(script: Script | Opaque, text: str, tools: Iterable[str], after: int = 0) -> str | None:
    """The first of *tools* that a script calls, or names to a command that may call it or look for it.

    By its words where the script is not understood. What is only told (``echo make``) does not count, and
    neither does what stands before *after* in the file.
    """
    wanted = set(tools)
    if isinstance(script, Opaque):
        return _least(wanted & names_in(text))
    spoken = table("consumers")["base-image"]["speakers"]
    named = wanted - set(table("consumers")["common-words"]["names"])
    for command in script.commands:
        arguments, _ = unwrapped(command)
        if not arguments or command.span.start < after:
            continue
        name = (arguments[0].value or "").rpartition("/")[2]
        if name in wanted:
            return str(name)
        for inner in texts(command):
            used = wanted & names_in(inner)
            if used:
                return _least(used)
        for argument in arguments[1:] if name not in spoken else ():
            value = argument.value or argument.raw
            if value in named or (_BIN.match(value) and value.rpartition("/")[2] in wanted):
                return value.rpartition("/")[2]
    return None


def _least(names: set[str]) -> str | None:
    return str(min(names)) if names else None


@cache
def _tables() -> tuple[tuple[str, dict[str, Any]], ...]:
    return tuple((name, entry) for name, entry in table("consumers").items() if "programs" in entry)


@lru_cache(maxsize=16384)
def _named(word: str) -> tuple[dict[str, Any], ...]:
    """The tables that a word of a text may be about: of the script, or the program, of that name."""
    return tuple(
        entry
        for name, entry in _tables()
        if (word in entry["script"] if "script" in entry else _programs(name).hold(word))
    )


@lru_cache(maxsize=4096)
def _tables_of(program: str) -> tuple[tuple[str, dict[str, Any]], ...]:
    """The tables that a command may be of, by the program that it calls."""
    base, modules = program.rpartition("/")[2], runs_modules(program)
    return tuple(
        (name, entry)
        for name, entry in _tables()
        if _programs(name).hold(base) or (modules and entry.get("module"))
    )


@cache
def _programs(name: str) -> Names:
    return Names(table("consumers")[name]["programs"])
