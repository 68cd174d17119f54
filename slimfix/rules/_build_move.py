"""Whether an `apk add` may be made later, in the RUN that needs it."""

from __future__ import annotations

import posixpath
import re

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.dockerfile.words import pairs
from slimfix.rules._build_consumers import consumers
from slimfix.rules._build_place import Place
from slimfix.shell import Command, Opaque
from slimfix.shell.call import unwrap

_PASSED = frozenset(
    "WORKDIR ENV ARG COPY ADD LABEL EXPOSE MAINTAINER STOPSIGNAL CMD ENTRYPOINT HEALTHCHECK VOLUME".split()
)
_HARMLESS = frozenset("mkdir adduser addgroup chown chmod touch ln echo true rm cp mv".split())
_VARIABLES = re.compile(r"(?:https?|ftp|no|all)_proxy|LD_\w+|APK_\w+|SSL_\w+|PATH|IFS|ENV|HOME|TMPDIR", re.IGNORECASE)
_OURS = re.compile(r"/(?:app|src|srv|opt|home|root|code|work|workspace|data|tmp|usr/src|usr/local|usr/app)(?:/.*)?")
_SYSTEM = frozenset("bin boot dev etc home lib lib64 media mnt opt proc root run sbin srv sys tmp usr var".split())


def destination(dockerfile: Dockerfile, start: Instruction) -> Instruction | str | None:
    """The RUN that first consumes what *start* installs, None if there is none; or why it cannot go there."""
    assert start.stage is not None
    for run in start.stage.instructions:
        if run.index <= start.index or run.onbuild:
            continue
        if run.name != "RUN":
            continue
        if not isinstance(run.script, Opaque) and consumers(run.script):
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
        elif between.name not in _PASSED or between.onbuild:
            problem = f"{between.name} stands between apk add and its use"
        elif between.name in ("COPY", "ADD"):
            problem = _copy(dockerfile, between)
        elif between.name in ("ENV", "ARG"):
            problem = _variable(between)
        else:
            problem = None
        if problem:
            return problem
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
        if not arguments or arguments[0].value not in _HARMLESS:
            return reason
        if any((a.value or "").startswith(("/etc/apk", "/lib/apk", "/usr", "/sbin", "/bin")) for a in arguments[1:]):
            return reason
    return None


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
    target = copy.state.resolve(words[-1])
    if target is not None and _OURS.fullmatch(target):
        return None
    if target is None or "$" in target or copy.flag("from") is not None or copy.heredocs:
        return reason
    if target.startswith("/") and target != "/":
        top = target.split("/")[1]
        return reason if top in _SYSTEM else None
    if copy.name == "ADD" and any(re.search(r"\.(?:tar|tgz|tbz|txz|gz|xz|bz2|zip)|://", w) for w in words[:-1]):
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
        name = arguments[0].value if arguments else None
        inside = any((a.value or "/usr").startswith(("/usr/", "/lib/", "/etc/apk")) for a in arguments[1:])
        if name != "apk" and (name not in _HARMLESS or inside):
            return "other commands follow apk add in its RUN, and may need the packages"
    return None
