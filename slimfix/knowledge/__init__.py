"""Facts as data: the TOML tables beside this file, read once and only when asked for."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_HERE = os.path.dirname(__file__)


@cache
def table(name: str) -> dict[str, Any]:
    """The content of ``<name>.toml``. It is shared: do not change it.

    Raises:
        FileNotFoundError: there is no such table.
    """
    with open(os.path.join(_HERE, f"{name}.toml"), "rb") as file:
        content: dict[str, Any] = tomllib.load(file)
    return content
