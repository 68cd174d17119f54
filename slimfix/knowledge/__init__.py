"""Facts as data: the TOML tables beside this file, each read only when asked for.

Parsing TOML took a fifth of the time of a run over one file, so ``compiled/`` holds the same tables as
modules, each with the checksum of the TOML that it was made of by ``scripts/compile_tables.py``. A table that
has no such module, or has changed since, is read from the TOML: to add or change one takes nothing more.
"""

from __future__ import annotations

import os
import sys
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HERE = os.path.dirname(__file__)
_COMPILED = __name__ + ".compiled"
_SLACK = 2.0
"""Seconds."""


@cache
def table(name: str) -> dict[str, Any]:
    """The content of ``<name>.toml``. It is shared: do not change it.

    Raises:
        FileNotFoundError: there is no such table.
    """
    path = os.path.join(_HERE, f"{name}.toml")
    changed = os.stat(path).st_mtime
    try:
        made = os.stat(module_path(name)).st_mtime
    except OSError:
        made = 0
    if made:
        called = f"{_COMPILED}.{_module(name)}"
        __import__(called)
        module: Any = sys.modules[called]
        content: dict[str, Any] = module.TABLE
        # Whoever copies both may leave the module the older one, but not by much; else it has to be read.
        if changed <= made + _SLACK or checksum(_bytes(path)) == module.CHECKSUM:
            return content
    return parsed(_bytes(path))


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


def module_path(name: str) -> str:
    """Where the module of ``<name>.toml`` lies."""
    return os.path.join(_HERE, "compiled", _module(name) + ".py")


def _module(name: str) -> str:
    return name.replace("/", "_").replace(".", "_")


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def checksum(source: bytes) -> str:
    """What is noted of a TOML file in the module made of it; CRLF does not change it."""
    import zlib

    return format(zlib.crc32(source.replace(b"\r\n", b"\n")), "08x")


def parsed(source: bytes) -> dict[str, Any]:
    """The content of a TOML file."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    content: dict[str, Any] = tomllib.loads(source.decode())
    return content
