"""Add `--no-cache-dir` to `pip install`, so that wheels and downloads do not stay in the layer.

pip keeps whatever it downloads or builds under `~/.cache/pip` for a next time that an image never
sees. The flag goes behind the verb of every `pip`, `pip3`, `pip3.11` and `python -m pip`.

A call is left alone when it already has the flag or names a `--cache-dir`, when `PIP_NO_CACHE_DIR` is
set for it, and when a cache mount lies on the cache.

Before:
    RUN pip install -r requirements.txt
After:
    RUN pip install --no-cache-dir -r requirements.txt

Clears hadolint's DL3042.
"""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.fix import Fix, Skip
from slimfix.layout import insert_after
from slimfix.rules._managers import cache_mounted, calls, manager, runs
from slimfix.shell import Command

CODE = "SF102"
ORDER = 20


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every `pip install` (or `download`, `wheel`) that would leave its cache behind."""
    table = manager("pip")
    for instruction in runs(dockerfile, "pip"):
        mounted = cache_mounted(instruction, table)
        for command, call in calls(instruction, table):
            if call.verb is None or call.verb.value not in table["cached_verbs"]:
                continue
            if call.option(table["no_cache"]) or _disabled(instruction, command, table["variable"]):
                continue
            if mounted or call.option(*table["wants_cache"]):
                yield Skip("the cache is kept on purpose", command.span)
                continue
            message = f"add {table['no_cache']} to {call.program} {call.verb.value}"
            yield Fix((insert_after(call.verb, table["no_cache"]),), message, command.span)


def _disabled(instruction: Instruction, command: Command, variable: str) -> bool:
    """Whether the variable turns the cache off already, or may (its value is not known).

    pip reads any value of it, even ``0`` and ``off``, as a wish for no cache directory: before
    pip 19.0 because of a bug, and since then because the negative values are mapped to it.
    """
    script = instruction.script
    if any(word.raw.startswith(variable + "=") for word in command.node.assignments):
        return True
    if variable in getattr(script, "text", ""):
        return True
    value = instruction.state.environment().get(variable, "")
    return value != ""
