"""Whether an `apk add` may be made later, in the RUN that needs it."""

from __future__ import annotations

import posixpath
import re

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.dockerfile.words import expand, pairs
from slimfix.knowledge import table
from slimfix.rules._build_consumers import builds_nothing, consumers
from slimfix.rules._build_later import building
from slimfix.rules._build_place import Place, system_path
from slimfix.shell import Argument, Command, Opaque
from slimfix.shell.call import unwrap

_STAYS = frozenset(("RUN", "USER", "SHELL", "FROM", "ONBUILD"))
_VARIABLES = re.compile(r"(?:https?|ftp|no|all)_proxy|(?:LD|APK|SSL)_\w+|PATH|IFS|ENV|TMPDIR", re.IGNORECASE)
_OURS = re.compile(
    r"/(?:srv|opt|home|root|tmp|usr/(?:src|local|app)|var/www|etc/(?!apk/|ssl/|pki/|ca-cert)[^/]+/)(?:/?.*)?"
)
_SYSTEM = frozenset(("bin", "boot", "dev", "etc", "lib", "lib64", "proc", "run", "sbin", "sys", "usr", "var"))


def destination(dockerfile: Dockerfile, start: Instruction) -> Instruction | str | None:
    """The RUN that first consumes what *start* installs, None if there is none; or why it cannot go there."""
    assert start.stage is not None
    for run in start.stage.instructions:
        if run.index <= start.index or run.onbuild:
            continue
        if run.name != "RUN":
            continue
        if (not isinstance(run.script, Opaque) and consumers(run.script)) or building(dockerfile, run):
            return _way(dockerfile, start, run) or run
    return None


def _way(dockerfile: Dockerfile, start: Instruction, end: Instruction) -> str | None:
    """What stands in the way from *start* to *end*."""
    assert start.stage is not None
    for between in start.stage.instructions:
        if not start.index < between.index < end.index:
            continue
        if between.name == "RUN":
            problem = _run(between)
        elif between.name in _STAYS or between.onbuild:
            problem = f"{between.name} stands between apk add and its use"
        elif between.name in ("COPY", "ADD"):
            problem = _copy(dockerfile, between)
        elif between.name in ("ENV", "ARG"):
            problem = _variable(between)
        else:
            problem = None
        if problem:
            return problem
    if start.flags or any(flag.name != "mount" for flag in end.flags):
        return "a flag of RUN would come to hold for apk add, or no longer"
    if start.state.user != end.state.user or start.state.shell != end.state.shell:
        return "the user or the shell changes between apk add and its use"
    return None


def _run(run: Instruction) -> str | None:
    script = run.script
    reason = "another RUN stands between apk add and its use"
    if isinstance(script, Opaque) or run.heredocs:
        return reason
    for command in script.commands:
        arguments, _ = unwrap(command.arguments)
        if not arguments or not (_harmless(arguments) or builds_nothing(command)):
            return reason
    return None


def _harmless(arguments: tuple[Argument, ...]) -> bool:
    """Whether a command neither needs a build package nor touches what one holds."""
    if arguments[0].value not in table("consumers")["base-image"]["harmless"]:
        return False
    return not system_path(a.value for a in arguments[1:])


def _variable(instruction: Instruction) -> str | None:
    if instruction.name == "ARG":
        names = [(part.text.partition("=")[0], "") for part in instruction.parts]
    else:
        names = pairs(instruction.args.text, instruction.escape)
    for name, value in names:
        if _VARIABLES.fullmatch(name) and not (name == "PATH" and re.search(r"\$\{?PATH\b", value)):
            return f"{name} is set between apk add and its use"
    return None


def _copy(dockerfile: Dockerfile, copy: Instruction) -> str | None:
    """Whether what is copied may change what apk installs, or be changed by it."""
    reason = f"{copy.name} between apk add and its use may write to the directories of the system"
    words = copy.exec_form or [part.text for part in copy.parts]
    written = expand(words[-1], copy.state.variables(), copy.escape)
    target = None if written is None else copy.state.resolve(written)
    if target is not None and _OURS.fullmatch(target):
        return None
    if target is None or copy.flag("from") is not None or copy.heredocs:
        return reason
    if target.startswith("/") and target != "/":
        top = target.split("/")[1]
        return reason if top in _SYSTEM else None
    archive = re.compile(r"\.(?:tar|tgz|tbz|txz|gz|xz|bz2|zip)|://")
    if copy.name == "ADD" and any(archive.search(word) for word in words[:-1]):
        return reason
    return reason if any(_may_hold_system(dockerfile, word) for word in words[:-1]) else None


def _may_hold_system(dockerfile: Dockerfile, source: str) -> bool:
    """Whether what is copied to ``/`` (or to a directory that is not known) may hold ``etc`` or ``usr``."""
    name = posixpath.basename(source.rstrip("/"))
    context = dockerfile.context
    if context is not None:
        found = context.glob(source)
        below = [child for path in found if context.is_dir(path) for child in context.iterdir(path)]
        if found:
            return any(posixpath.basename(path) in _SYSTEM for path in below)
    return not re.fullmatch(r"[\w*-][\w*.-]*\.[A-Za-z*]+|[A-Z][a-z]+file(?:\.lock)?", name)


def follows(source: Place, add: Command) -> str | None:
    """A command behind the `apk add` in its own RUN that may need what would move."""
    for command in source.script.commands:
        if command.span.start <= add.span.start:
            continue
        arguments, _ = unwrap(command.arguments)
        apk = bool(arguments) and arguments[0].value == "apk"
        if not arguments or not (apk or _harmless(arguments) or builds_nothing(command)):
            return "other commands follow apk add in its RUN, and may need the packages"
    return None
