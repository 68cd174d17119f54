"""Facts as data: the TOML tables beside this file, read only when asked for, and large ones in parts."""

from __future__ import annotations

import os
import re
from functools import cache
from typing import Any

_HERE = os.path.dirname(__file__)
_HEADER = re.compile(r'^\[\[?([\w-]+)(?:\.("[^"\n]*"|[\w-]+))?[^\n]*\]$', re.MULTILINE)


@cache
def table(name: str) -> dict[str, Any]:
    """The content of ``<name>.toml``. It is shared: do not change it.

    Raises:
        FileNotFoundError: there is no such table.
    """
    return _parsed(_text(name))


@cache
def entry(name: str, *keys: str) -> dict[str, Any] | None:
    """The table under one or two keys of ``<name>.toml``, or None. It is shared: do not change it.

    No more of the file is parsed than those lines: a Dockerfile names a dozen packages of many hundreds.

    Raises:
        FileNotFoundError: there is no such file.
    """
    found = "".join(_sections(name).get(keys, ()))
    if not found:
        return None
    content = _parsed(found)
    for key in keys:
        content = content[key]
    return content


def names(name: str, key: str) -> list[str]:
    """The second keys of the tables ``[key.*]`` of ``<name>.toml``, in the order of the file."""
    return [keys[1] for keys in _sections(name) if len(keys) == 2 and keys[0] == key]


@cache
def _sections(name: str) -> dict[tuple[str, ...], list[str]]:
    """The lines of each table with its header, by the first two keys of the header."""
    text = _text(name)
    found: dict[tuple[str, ...], list[str]] = {}
    headers = list(_HEADER.finditer(text))
    for i, header in enumerate(headers):
        end = headers[i + 1].start() if i + 1 < len(headers) else len(text)
        keys = tuple(key.strip('"') for key in header.groups() if key is not None)
        found.setdefault(keys, []).append(text[header.start() : end])
    return found


def _text(name: str) -> str:
    with open(os.path.join(_HERE, f"{name}.toml"), encoding="utf-8") as file:
        return file.read()


def _parsed(text: str) -> dict[str, Any]:
    import sys

    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    content: dict[str, Any] = tomllib.loads(text)
    return content
