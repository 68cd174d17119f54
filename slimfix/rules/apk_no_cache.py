"""Add `--no-cache` to `apk add`, so that the package index does not stay in the layer.

Without it apk writes the index of every repository to `/var/cache/apk`, a few megabytes that the
running program never reads. The flag makes apk fetch the index, use it, and keep nothing; it also
makes `--update` superfluous, which may stay.

A call is left alone when it already has the flag, when a cache mount lies on the cache or
`--cache-dir` names one, and when the program or its verb is not plain text.

Before:
    RUN apk add curl
After:
    RUN apk add --no-cache curl

Clears hadolint's DL3019.
"""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile
from slimfix.fix import Fix, Skip
from slimfix.layout import insert_after
from slimfix.rules._managers import cache_mounted, calls, manager, runs

CODE = "SF101"
ORDER = 10


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every `apk add` (or `upgrade`, `fix`) that would leave its index behind."""
    table = manager("apk")
    for instruction in runs(dockerfile, "apk"):
        mounted = cache_mounted(instruction, table)
        for command, call in calls(instruction, table):
            if call.verb is None or call.verb.value not in table["cached_verbs"]:
                continue
            if call.option(table["no_cache"]):
                continue
            if mounted or call.option(*table["wants_cache"]):
                yield Skip("the cache is kept on purpose", command.span)
                continue
            message = f"add {table['no_cache']} to apk {call.verb.value}"
            yield Fix((insert_after(call.verb, table["no_cache"]),), message, command.span)
