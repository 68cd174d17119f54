"""Add `--no-cache` to `apk add`, so that the package index does not stay in the layer.

Without it apk writes the index of every repository to `/var/cache/apk`, a few megabytes that the
running program never reads. The flag makes apk fetch the index, use it, and keep nothing; it also
makes `--update` superfluous, which may stay. `apk upgrade` and `apk fix` get it too, and so does an
`apk update` whose index nothing else reads.

A call is left alone when it already has the flag, when a mount lies on the cache or `--cache-dir`
names one, when the program or its verb is not plain text, and in Alpine before 3.3, whose apk does not
know the flag.

Before:
    RUN apk add curl
After:
    RUN apk add --no-cache curl

Clears hadolint's DL3019.
"""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.fix import Fix, Skip
from slimfix.knowledge.managers import Manager
from slimfix.rules._clean import lists_removed
from slimfix.rules._flag import flagged
from slimfix.rules._later import following, missed
from slimfix.rules._managers import calls, does, manager, reason_to_keep, runs
from slimfix.rules._mounts import mount
from slimfix.shell import Command, Opaque

CODE = "SF101"
ORDER = 10
WORDS = ("apk",)


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every `apk add` (or `upgrade`, `fix`, `update`) that would leave its index behind."""
    table = manager("apk")
    assert table.lists is not None
    for instruction in runs(dockerfile, table.name):
        for command, call in calls(instruction, table):
            update = does(call, table.lists.fills)
            verb = does(call, table.fills) or update
            if verb is None or call.option(table.flag):
                continue
            reason = reason_to_keep(dockerfile, instruction, call, table)
            reason = reason or missed(dockerfile, instruction, command, table)
            if update and reason is None:
                if lists_removed(instruction, command, table, table.lists):
                    continue
                reason = _read(dockerfile, instruction, command, table)
            if reason:
                yield Skip(reason, command.span)
                continue
            instead = mount(dockerfile, instruction, command, call, table)
            if instead is not None:
                yield instead
                break
            yield flagged(command, call, verb, table)


def _read(dockerfile: Dockerfile, instruction: Instruction, command: Command, table: Manager) -> str | None:
    """What needs the index that an update fetches. (`apk add` will get the flag, where it ships.)"""
    assert table.lists is not None
    for later in (instruction, *following(instruction)):
        line = dockerfile.lines.at(later.span.start)[0]
        if later.name != "RUN" or table.name not in dockerfile.source(later.span):
            continue
        if isinstance(later.script, Opaque):
            return f"line {line} may read the index that it fetches"
        for other, call in calls(later, table):
            if later is instruction and other.node.start <= command.node.start:
                continue
            fetches = call.option(table.flag, "-U", "--update-cache", "--update", "-u")
            ships = later.stage is not None and later.stage.ships
            if call.option(*table.chosen) or not does(call, table.lists.harmless):
                return f"line {line} reads the index that it fetches"
            if does(call, table.fills) and not ships and not fetches:
                return f"line {line} reads the index that it fetches"
    return None
