"""What in and before a RUN stands against removing what it installed with apt, or asks for more care."""

from __future__ import annotations

import re

from slimfix.dockerfile import Instruction
from slimfix.knowledge import table
from slimfix.patterns import lazy
from slimfix.records import NamedTuple
from slimfix.rules._apt_calls import Install, installs, runs_scripts, verbs
from slimfix.rules._build_later import chain
from slimfix.shell import Opaque, Script

_STATE = lazy(r"/var/lib/(?:dpkg|apt)(?:/(?:\*|dpkg.*|info.*|status.*|extended_states.*))?/?")
_MOUNTS = lazy(r"/(?:usr|etc|bin|lib|var|var/lib|var/lib/(?:apt|dpkg)(?:/.*)?)?/?")


class Earlier(NamedTuple):
    """What earlier RUNs of the stage, and of those that it is FROM, did with apt."""

    names: frozenset[str]
    """What they install."""
    plain: bool
    """Whether that is all that they may do to packages."""


def before(run: Instruction) -> Earlier:
    names: set[str] = set()
    plain = True
    assert run.stage is not None
    for stage in chain(run.stage):
        for other in stage.instructions:
            if other.name != "RUN" or (stage is run.stage and other.index >= run.index):
                continue
            script = other.script
            if isinstance(script, Opaque):
                plain = False
                continue
            plain = plain and not runs_scripts(script) and verbs(script) <= {"update", "install", "clean"}
            for install in installs(script):
                names.update(w.name for w in install.wanted)
                plain = plain and all(w.name for w in install.wanted)
    return Earlier(frozenset(names - {""}), plain)


def unfit(run: Instruction, found: list[Install], gone: set[str]) -> str | None:
    """What of the RUN itself stands against it."""
    if run.state.user is None or run.state.user.split(":")[0] not in ("", "root", "0"):
        return "the packages are not installed by root"
    if run.heredocs:
        return "the RUN holds a heredoc"
    for kind, target, _ in run.mounts:
        if kind not in ("secret", "ssh") and _MOUNTS.fullmatch(target):
            return "a mount lies where apt keeps its state"
    script = run.script
    assert isinstance(script, Script)
    for command in script.commands:
        if "background" in command.nesting:
            return "it leaves a job in the background"
        if command.name in ("exec", "exit", "trap", "return"):
            return f"{command.name} may end the RUN before its last command"
        if any(value and _STATE.fullmatch(value) for value in command.values[1:]):
            return "apt's own state is removed"
        if command.name in ("update-alternatives", "ln") and any(
            re.fullmatch(r"/usr/bin/python3?", value or "") for value in command.values
        ):
            return "/usr/bin/python3 is replaced, which the removal of packages calls"
    asked = verbs(script)
    if asked & {"purge", "remove", "build-dep", "markauto", "auto-remove"} or any(
        c.name == "apt-mark" for c in script.commands
    ):
        return "the RUN removes packages itself"
    for install in found:
        if not any(w.name in gone for w in install.wanted):
            continue
        if install.call.wrapped:
            return f"apt-get is called through {install.call.wrapped[0]}"
        if install.call.option(*table("debian_images")["apt"]["special"]):
            return "the packages are wanted from another release, or not for good"
        if install.call.unknown:
            return "the install is not plain text"
    return None
