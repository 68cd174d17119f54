"""Empty the cache of a package manager in the layer that fills it, or keep it from being filled.

npm, yarn, gem, composer, yum, conda and their kind keep what they download for a next time that an
image never sees. Where the manager has an option against that, its calls get it; else the command that
empties the cache is put behind the last call that fills it, with the same wrapper (`sudo`) and the same
spelling of the program, and such that every other command still fails the build when it did before.

A call is left alone when its cache lies on a mount or where an option or variable says, when it is
emptied already, when something later may need it, and when the release in the base image may not know
the option or command.

Before:
    RUN npm ci && npm run build
After:
    RUN npm ci && npm cache clean --force && npm run build

Fix safety: safe for most managers. Assumed where the cache may be more than one: for yarn (version 1
is assumed), and for the build tools whose cache a later build would read (go, cargo, Maven, Gradle,
sbt, dotnet), which are left alone when anything that is in sight calls them later.

Clears hadolint's DL3032, DL3036, DL3040 and DL3060.
"""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.fix import Fix, Safety, Skip
from slimfix.knowledge.managers import Manager
from slimfix.layout import command_at
from slimfix.rules._clean import Filled, elsewhere, emptied, repeated, unclean
from slimfix.rules._flag import without_cache
from slimfix.rules._later import missed, needed, replaced
from slimfix.rules._managers import at_home, calls, does, mentioned, reason_to_keep, runs, turned_off
from slimfix.rules._mounts import mount
from slimfix.shell import Opaque
from slimfix.shell.insert import behind

CODE = "SF103"
ORDER = 70
OWN_RULE = ("apk", "pip")
"""Managers whose flag has a rule of its own."""


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every call that leaves a cache behind, of every manager that has a table."""
    for table in mentioned(dockerfile.text):
        if table.name in OWN_RULE or not (table.flag or table.clean):
            continue
        for instruction in runs(dockerfile, table.name):
            if not isinstance(instruction.script, Opaque) and at_home(instruction, table):
                yield from (without_cache if table.flag else _cleaning)(dockerfile, instruction, table)


def _cleaning(dockerfile: Dockerfile, instruction: Instruction, table: Manager) -> Iterator[Fix | Skip]:
    script = instruction.script
    assert not isinstance(script, Opaque)
    found = [
        (command, call)
        for command, call in calls(instruction, table)
        if does(call, table.fills) and not turned_off(instruction, command, table)
    ]
    if not found:
        return
    if table.reused:  # whatever else is called may read the cache
        cleaning = {command.node for command in emptied(instruction, table)}
        found = [(c, k) for c, k in calls(instruction, table) if c.node not in cleaning]
    alike = [command.node for command, _ in found] if "{}" in table.clean else None
    filled = [Filled(c, k, behind(script, c.node, alike)) for c, k in reversed(found)]
    for each in unclean(instruction, filled, emptied(instruction, table)):
        answer = _emptied(dockerfile, instruction, each, table)
        if isinstance(answer, str):
            yield Skip(f"the cache of {table.name} stays: {answer}", each.command.span)
        else:
            yield answer


def _emptied(dockerfile: Dockerfile, instruction: Instruction, filled: Filled, table: Manager) -> Fix | str:
    """The fix for one call, or why there is none."""
    script = instruction.script
    assert not isinstance(script, Opaque)
    command, call, place = filled
    reason = reason_to_keep(dockerfile, instruction, call, table)
    reason = reason or elsewhere(instruction, command, call, table)
    reason = reason or needed(dockerfile, instruction, command, table)
    reason = reason or missed(dockerfile, instruction, command, table)
    reason = reason or replaced(dockerfile, instruction, call, table)
    if reason or isinstance(place, str):
        return reason or str(place)
    instead = mount(dockerfile, instruction, command, call, table)
    if instead is not None:
        return instead
    if instruction.heredocs and not instruction.heredoc_script:
        return "the RUN holds a heredoc"
    text = repeated(command, call, table)
    if text is None:
        return "how it is called is not known"
    edit = command_at(dockerfile, instruction, place, text)
    if edit is None:
        return "a command behind it would change what fails the build"
    return Fix(
        (edit,),
        f"empty the cache of {table.name}",
        command.span,
        Safety.ASSUMED if table.assumes else Safety.SAFE,
        table.assumes or None,
    )
