"""Facts as data: the TOML tables beside this file, each read only when asked for.

Parsing TOML took a fifth of the time of a run over one file, so ``compiled/`` holds the same tables as JSON,
each with the checksum of the TOML that it was made of by ``scripts/compile_tables.py``. A table that has no
such file, or has changed since, is read from the TOML: to add or change one takes nothing more.
"""

from __future__ import annotations

import json
import os
import zlib
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HERE = os.path.dirname(__file__)


@cache
def table(name: str) -> dict[str, Any]:
    """The content of ``<name>.toml``. It is shared: do not change it.

    Raises:
        FileNotFoundError: there is no such table.
    """
    with open(os.path.join(_HERE, f"{name}.toml"), "rb") as file:
        source = file.read()
    try:
        with open(compiled(name), "rb") as file:
            if file.readline().strip().decode("ascii", "replace") == checksum(source):
                content: dict[str, Any] = json.load(file)
                return content
    except OSError:
        pass
    return parsed(source)


@cache
def entry(name: str, *keys: str) -> dict[str, Any] | None:
    """The table under some keys of ``<name>.toml``, or None. It is shared: do not change it.

    Raises:
        FileNotFoundError: there is no such file.
    """
    found: Any = table(name)
    for key in keys:
        found = found.get(key, {})
    return found or None


def compiled(name: str) -> str:
    """Where the JSON of ``<name>.toml`` lies."""
    return os.path.join(_HERE, "compiled", name.replace("/", "-") + ".json")


def checksum(source: bytes) -> str:
    """What is noted of a TOML file in the JSON made of it. A Git that checks out CRLF does not change it."""
    return format(zlib.crc32(source.replace(b"\r\n", b"\n")), "08x")


def parsed(source: bytes) -> dict[str, Any]:
    """The content of a TOML file."""
    import sys

    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    content: dict[str, Any] = tomllib.loads(source.decode())
    return content
