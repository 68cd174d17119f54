"""Add `--no-cache-dir` to `pip install`, so that wheels and downloads do not stay in the layer.

pip keeps whatever it downloads or builds under `~/.cache/pip` for a next time that an image never
sees. The flag goes behind the verb of every `pip`, `pip3`, `pip3.11` and `python -m pip`.

A call is left alone when it already has the flag or names a `--cache-dir`, when `PIP_NO_CACHE_DIR` is
set for it, when a mount lies on the cache or a later command empties it, and on Debian 8 and Ubuntu
14.04 or older, whose own pip does not know the flag.

Before:
    RUN pip install -r requirements.txt
After:
    RUN pip install --no-cache-dir -r requirements.txt

Clears hadolint's DL3042.
"""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile
from slimfix.fix import Fix, Skip
from slimfix.layout import insert_after
from slimfix.rules._later import missed
from slimfix.rules._managers import calls, does, manager, reason_to_keep, runs, turned_off
from slimfix.rules._mounts import mount

CODE = "SF102"
ORDER = 20


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every `pip install` (or `download`, `wheel`) that would leave its cache behind."""
    table = manager("pip")
    for instruction in runs(dockerfile, table.name):
        for command, call in calls(instruction, table):
            verb = does(call, table.fills)
            if verb is None or call.option(table.flag) or turned_off(instruction, command, table):
                continue
            reason = reason_to_keep(dockerfile, instruction, call, table)
            reason = reason or missed(dockerfile, instruction, command, table)
            if reason:
                yield Skip(reason, command.span)
                continue
            instead = mount(dockerfile, instruction, command, call, table)
            if instead is not None:
                yield instead
                break
            message = f"add {table.flag} to {call.program} {verb.value}"
            yield Fix((insert_after(verb, table.flag),), message, command.span)
