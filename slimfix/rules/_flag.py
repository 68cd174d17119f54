"""The option that keeps a cache from being filled, for every call of a manager that has one."""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.fix import Fix, Skip
from slimfix.knowledge.managers import Manager
from slimfix.layout import insert_after
from slimfix.rules._later import missed
from slimfix.rules._managers import calls, does, reason_to_keep, turned_off
from slimfix.rules._mounts import mount
from slimfix.shell import Argument, Command
from slimfix.shell.call import Call


def without_cache(dockerfile: Dockerfile, instruction: Instruction, table: Manager) -> Iterator[Fix | Skip]:
    """Every call in a RUN that would fill the cache."""
    for command, call in calls(instruction, table):
        verb = does(call, table.fills)
        if verb is None or call.option(table.flag, *table.spelled) or turned_off(instruction, command, table):
            continue
        reason = reason_to_keep(dockerfile, instruction, call, table)
        reason = reason or missed(dockerfile, instruction, command, table)
        instead = None if reason else mount(dockerfile, instruction, command, call, table)
        if reason:
            yield Skip(reason, command.span)
        elif instead is not None:
            yield instead
            return
        else:
            yield flagged(command, call, verb, table)


def flagged(command: Command, call: Call, verb: Argument, table: Manager) -> Fix:
    """The fix that gives one call the option."""
    words = [w for w in (call.verb, *call.operands) if w is not None and w.span <= verb.span]
    message = f"add {table.flag} to {' '.join([call.program, *(w.raw for w in words)])}"
    return Fix((insert_after(verb, table.flag),), message, command.span)
