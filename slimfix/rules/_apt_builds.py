"""Which commands build native code, after the table of consumers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from slimfix.knowledge import table
from slimfix.knowledge.managers import manager
from slimfix.knowledge.managers import words as managers
from slimfix.shell import Command
from slimfix.shell.call import call, unwrap


class Build(NamedTuple):
    """A command that may build."""

    program: str
    """Its name in the table."""
    verb: str | None
    operands: tuple[str, ...]


@cache
def _programs() -> tuple[tuple[str, dict[str, Any], re.Pattern[str]], ...]:
    rows = []
    for name, row in table("consumers").items():
        if "programs" in row:
            valued = manager(name).valued if name in managers() else ()
            row = {"valued": valued, **row}
            rows.append((name, row, re.compile("|".join(row["programs"]))))
    return tuple(rows)


def build(command: Command) -> Build | None:
    """*command* as a build, or None where it is not known to be one."""
    words, _ = unwrap(command.arguments)
    if not words or words[0].value is None:
        return None
    name = words[0].value.rpartition("/")[2]
    python = re.fullmatch(r"(?:python|pypy)[0-9.]*", name) is not None
    for program, row, pattern in _programs():
        if not pattern.fullmatch(name) and not (python and row.get("module")):
            continue
        found = call(command, row["programs"], row["valued"], row.get("module", ""))
        if found is None:
            continue
        verb = found.verb.value if found.verb else None
        if _builds(row, found.verb is not None, verb, [o.value for o in found.operands]):
            return Build(program, verb, tuple(o.value or "" for o in found.operands))
    return None


def _builds(row: dict[str, Any], given: bool, verb: str | None, operands: list[str | None]) -> bool:
    if "script" in row:
        return verb is not None and verb.rpartition("/")[2] in row["script"]
    if "verbs" not in row:
        return verb is None or verb not in row.get("not", ())
    if not given:
        return bool(row.get("bare"))
    if verb is None or verb in row["verbs"]:
        return True
    return bool(operands) and operands[0] in row.get("second", {}).get(verb, ())


def builds(commands: tuple[Command, ...]) -> Iterator[tuple[Command, Build]]:
    """The commands among these that build."""
    for command in commands:
        found = build(command)
        if found is not None:
            yield command, found


def compiles_at_run_time(found: Build) -> str | None:
    """A package among the operands of an install that calls a compiler when the program runs."""
    names = table("consumers")["runtime-compilers"]
    registry = {"pip": "pypi", "uv": "pypi", "pipenv": "pypi", "poetry": "pypi", "gem": "gem"}.get(
        found.program
    )
    wanted = set(names.get(registry, ())) if registry else set()
    return next((o for o in found.operands if re.split(r"[<>=~!\[; ]", o)[0].lower() in wanted), None)
