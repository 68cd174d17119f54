"""Whether an `apk add` may be made later, in the RUN that needs it."""

from __future__ import annotations

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.knowledge import table
from slimfix.rules._build_between import APK, blocking
from slimfix.rules._build_consumers import builds_nothing, consumers
from slimfix.rules._build_later import building
from slimfix.rules._build_place import Place, system_path
from slimfix.shell import Argument, Command, Opaque
from slimfix.shell.call import unwrapped


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
        elif between.onbuild:
            problem = "ONBUILD stands in between"
        else:
            problem = blocking(dockerfile, between, APK, longer=True)
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
        arguments, _ = unwrapped(command)
        if not arguments or not (_harmless(arguments) or builds_nothing(command)):
            return reason
    return None


def _harmless(arguments: tuple[Argument, ...]) -> bool:
    """Whether a command neither needs a build package nor touches what one holds."""
    if arguments[0].value not in table("consumers")["base-image"]["harmless"]:
        return False
    return not system_path(a.value for a in arguments[1:])


def follows(source: Place, add: Command) -> str | None:
    """A command behind the `apk add` in its own RUN that may need what would move."""
    for command in source.script.commands:
        if command.span.start <= add.span.start:
            continue
        arguments, _ = unwrapped(command)
        apk = bool(arguments) and arguments[0].value == "apk"
        if not arguments or not (apk or _harmless(arguments) or builds_nothing(command)):
            return "other commands follow apk add in its RUN, and may need the packages"
    return None
