"""Packages that a build stage installs for itself: those that only a build needs, and no others."""

from __future__ import annotations

import re

from slimfix.knowledge import alpine, debian, table
from slimfix.knowledge.managers import manager
from slimfix.records import NamedTuple
from slimfix.rules._apt_calls import apt
from slimfix.shell import Command
from slimfix.shell.call import call

_QUIET = ("update", "clean", "autoclean", "autoremove", "purge", "remove", "del", "cache", "upgrade")


class Installed(NamedTuple):
    """What a call of apk or apt-get does to the stage."""

    names: tuple[str, ...] = ()
    problem: str | None = None
    """Why the program may need it."""


def installs(command: Command) -> Installed | None:
    """What a command installs; None where it is no call of apk or apt-get."""
    on_alpine = call(command, ("apk",), manager("apk").valued)
    found = on_alpine or apt(command)
    if found is None or found.verb is None:
        return None
    verb = found.verb.value
    if verb in _QUIET:
        return Installed()
    if verb not in ("add", "install"):
        return None
    names = []
    for operand in found.operands:
        match = re.match(r"[A-Za-z0-9][\w.+-]*", operand.value or "")
        if match is None:
            return Installed(problem="a RUN installs packages from a variable")
        name = match[0]
        if not _builds(name, on_alpine is not None):
            return Installed(problem=f"a RUN installs {name}, which the program may need")
        names.append(name)
    return Installed(tuple(names))


def _builds(name: str, on_alpine: bool) -> bool:
    """Whether a program needs nothing of a package, or files alone that are taken along."""
    row = table("stages")["packages"]
    if name in (*row["build"], *row["certificates"], *row["zones"], *row["cxx"]):
        return True
    if on_alpine:
        entry = alpine.package(name)
        return entry is not None and entry["kind"] in ("compiler", "build-tool", "meta")
    return debian.kind(name) in ("compiler", "build-tool")
