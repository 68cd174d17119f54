"""Add `--no-cache-dir` to `pip install`, so that wheels and downloads do not stay in the layer.

pip keeps whatever it downloads or builds under `~/.cache/pip` for a next time that an image never
sees. The flag goes behind the verb of every `pip`, `pip3`, `pip3.11` and `python -m pip`.

A call is left alone when it already has the flag or names a `--cache-dir`, when `PIP_NO_CACHE_DIR` is
set for it, when a mount lies on the cache, when a later command would fail on an empty one (`rm` without
`-f`, and `pip cache purge` of old), and on Debian 8 and Ubuntu 14.04 or older, whose own pip does not
know the flag.

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
from slimfix.rules._flag import without_cache
from slimfix.rules._managers import manager, runs

CODE = "SF102"
ORDER = 20
WORDS = ("pip",)


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every `pip install` (or `download`, `wheel`) that would leave its cache behind."""
    table = manager("pip")
    for instruction in runs(dockerfile, table.name):
        yield from without_cache(dockerfile, instruction, table)
