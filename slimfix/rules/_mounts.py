"""Cache mounts of BuildKit: the other way to keep a cache out of a layer (setting ``cache-style``)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.fix import Fix
from slimfix.knowledge.managers import Manager
from slimfix.layout import add_flags
from slimfix.patterns import lazy
from slimfix.records import NamedTuple
from slimfix.rules._later import before
from slimfix.rules._managers import ROOT, cache_mounted
from slimfix.shell import Command, Opaque
from slimfix.shell.call import Call, call

STYLE = "cache-style"
_VERSION = lazy(r"docker/dockerfile(?:-upstream)?:(?:v?(\d+)(?:\.(\d+))?)?(\S*)")
_ADDERS = {
    "useradd": (
        "-u",
        "--uid",
        "-d",
        "--home-dir",
        "--home",
        "-g",
        "--gid",
        "-s",
        "--shell",
        "-G",
        "-c",
        "-b",
    ),
    "adduser": ("-u", "--uid", "-h", "--home", "-G", "--ingroup", "-s", "--shell", "-g", "--gecos", "--gid"),
}
_OFFICIAL = {"node": ("/home/node", "1000")}
"""Users that come with an official image of that name: https://github.com/nodejs/docker-node."""


class Account(NamedTuple):
    """A user."""

    home: str
    uid: str


def wanted(dockerfile: Dockerfile) -> bool:
    """Whether caches are to be mounted rather than deleted: by the setting, or as the file does."""
    style = dockerfile.options.get(STYLE, "delete")
    if style == "mount":
        return _allowed(dockerfile)
    return style == "auto" and any(
        mount.kind == "cache" for each in dockerfile.instructions for mount in each.mounts
    )


def _allowed(dockerfile: Dockerfile) -> bool:
    """Whether the frontend that the file asks for knows cache mounts: 1.2 and later, and the default."""
    for tile in dockerfile.tiles:
        text = dockerfile.source(tile.span)
        if tile.kind != "directive" or not re.match(r"#\s*syntax\s*=", text, re.IGNORECASE):
            continue
        found = _VERSION.search(text)
        if found is None:
            return False
        major, minor, rest = found.groups()
        known = major is None or minor is None or (int(major), int(minor)) >= (1, 2)
        return known or "experimental" in rest
    return True


def mount(
    dockerfile: Dockerfile, instruction: Instruction, command: Command, found: Call, table: Manager
) -> Fix | None:
    """The fix that mounts the cache of a manager for a RUN; None where that cannot be done right."""
    if not table.mount or not wanted(dockerfile) or instruction.exec_form is not None:
        return None
    if "sudo" in found.wrapped or {"gosu", "su-exec"}.intersection(found.wrapped):
        return None
    account = _account(instruction)
    environment = instruction.state.environment()
    if any(name in environment for name in (*table.dirs, "XDG_CACHE_HOME", "HOME")):
        return None
    places = table.mount
    if table.mount_if and not any(re.search(pattern, dockerfile.text) for pattern in table.mount_if):
        places = table.mount[:1]
    flags = []
    for place in places:
        if cache_mounted(instruction, (place,), table):
            continue
        if place.startswith("~"):
            if account is None:
                return None
            place = account.home + place[1:]
        elif account is None or account.uid != "0":
            return None
        flag = f"--mount=type=cache,target={place}"
        if table.locked:
            flag += ",sharing=locked"
        if account.uid != "0":
            flag += f",uid={account.uid}"
        flags.append(flag)
    if not flags:
        return None
    edit = add_flags(dockerfile, instruction, flags)
    return Fix((edit,), f"mount the cache of {table.name}", command.span)


def _account(instruction: Instruction) -> Account | None:
    """The user of a RUN, if home and number are known."""
    user = instruction.state.user
    assert instruction.stage is not None
    root = instruction.stage.root
    if user in ROOT:
        return Account("/root", "0") if user or "/" not in root.name else None
    if user is None:
        return None
    for earlier in before(instruction):
        for adder in _added(earlier):
            if user in (operand.value for operand in (adder.verb, *adder.operands) if operand):
                home = adder.option_value("-d", "--home-dir", "--home", "-h") or f"/home/{user}"
                uid = adder.option_value("-u", "--uid")
                return Account(home, uid) if uid and uid.isdigit() else None
    if user in _OFFICIAL and root.name == user:
        return Account(*_OFFICIAL[user])
    return None


def _added(instruction: Instruction) -> Iterator[Call]:
    script = instruction.script
    if instruction.name != "RUN" or isinstance(script, Opaque):
        return
    for command in script.commands:
        for program, valued in _ADDERS.items():
            found = call(command, (program,), valued)
            if found is not None:
                yield found
