"""Settings from ``slimfix.toml`` or the ``[tool.slimfix]`` table of ``pyproject.toml``."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterable, Mapping

from slimfix.records import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FILES = ("slimfix.toml", "pyproject.toml")
"""What is looked for in a directory, the first found wins."""

LISTS = ("select", "ignore", "exclude")
FLAGS = ("safe-only", "unsafe", "all-stages")
TEXTS = ("target",)
SHARED = {"cache-style": ("delete", "mount", "auto")}
"""Settings that several rules share, each with its values; the first is the default."""


class ConfigError(Exception):
    """Settings that cannot be used."""

    def __init__(self, path: str, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.path = path
        self.line = line
        """Counted from 1; 0 when it is not known."""

    @property
    def place(self) -> str:
        """The file, with the line if that is known."""
        return f"{self.path}:{self.line}" if self.line else self.path


class Config(NamedTuple):
    """What a configuration file says; None for what it does not."""

    path: str | None = None
    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    safe_only: bool = False
    unsafe: bool = False
    all_stages: bool = False
    target: str | None = None
    options: Mapping[str, Any] = {}
    """Tables of settings by rule name, and what rules share by its own name."""
    bot: Mapping[str, Any] = {}
    """The table of the bot, which reads it itself."""

    @property
    def directory(self) -> str:
        """Where the file stands: ``exclude`` is relative to it."""
        return os.path.dirname(os.path.abspath(self.path)) if self.path else os.getcwd()


def load(path: str | None = None, start: str = ".") -> Config:
    """The settings of *path*, else of the nearest file in *start* or above it, up to the repository's root.

    Raises:
        ConfigError: the file cannot be read, or says something that has no meaning.
    """
    if path is not None:
        table = _table(path, _read(path))
        if table is None:
            raise ConfigError(path, "no [tool.slimfix] table")
        return _config(path, table)
    directory: str | None = os.path.abspath(start)
    while directory is not None:
        found = at(directory)
        if found is not None:
            return found
        directory = above(directory)
    return Config()


def at(directory: str) -> Config | None:
    """The settings of the files in one directory (an absolute path), None if they say nothing of us.

    Raises:
        ConfigError: as :func:`load`.
    """
    for name in FILES:
        candidate = os.path.join(directory, name)
        if os.path.isfile(candidate):
            shown = name if directory == os.getcwd() else candidate
            settings = parse(shown, _read(shown))
            if settings is not None:
                return settings
    return None


def parse(path: str, data: bytes) -> Config | None:
    """The settings in the bytes of one of :data:`FILES`, None if they say nothing of us.

    Raises:
        ConfigError: as :func:`load`.
    """
    # Another tool's file is none of our business, not even when it is broken.
    own = os.path.basename(path) == "slimfix.toml" or b"slimfix" in data
    table = _table(path, data) if own else None
    return None if table is None else _config(path, table)


def above(directory: str) -> str | None:
    """Where to look next for settings; None at the root of the repository and of the file system."""
    parent = os.path.dirname(directory)
    if parent == directory or os.path.lexists(os.path.join(directory, ".git")):
        return None
    return parent


def _read(path: str) -> bytes:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ConfigError(path, "not a regular file")
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ConfigError(path, (error.strerror or str(error)).lower()) from None


def _table(path: str, data: bytes) -> dict[str, Any] | None:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        content: dict[str, Any] = tomllib.loads(data.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(path, "not UTF-8", line) from None
    except ValueError as error:
        match = re.search(r"\s*\(at line (\d+), column \d+\)$", str(error))
        message = str(error)[: match.start()] if match else str(error)
        raise ConfigError(path, message, int(match[1]) if match else 0) from None
    except RecursionError:
        raise ConfigError(path, "nested too deeply") from None
    tool = content.get("tool")
    table = tool.get("slimfix") if isinstance(tool, dict) else None
    if table is None and os.path.basename(path) != "pyproject.toml":
        table = content
    if table is not None and not isinstance(table, dict):
        raise ConfigError(path, "tool.slimfix must be a table")
    return table


def _config(path: str, table: dict[str, Any]) -> Config:
    values: dict[str, Any] = {}
    options: dict[str, Any] = {}
    for key, value in table.items():
        if key in LISTS:
            values[key] = tuple(_strings(path, key, value))
        elif key in FLAGS:
            values[key.replace("-", "_")] = _typed(path, key, value, bool, "true or false")
        elif key in TEXTS:
            values[key] = _typed(path, key, value, str, "a string")
        elif key == "bot":
            values[key] = _typed(path, key, value, dict, "a table")
        elif key in SHARED:
            if value not in SHARED[key]:
                raise ConfigError(path, f"{key} must be one of {', '.join(map(repr, SHARED[key]))}")
            options[key] = value
        elif _is_rule(key):
            own = {"policy": value} if isinstance(value, str) else _typed(path, key, value, dict, "a table")
            options[key] = _options(path, key, own)
        else:
            raise ConfigError(path, f"unknown key: {key}{_like(key, (*LISTS, *FLAGS, *TEXTS, *SHARED))}")
    if values.get("safe_only") and values.get("unsafe"):
        raise ConfigError(path, "safe-only and unsafe exclude each other")
    return Config(path, options=options, **values)


def _is_rule(key: str) -> bool:
    from slimfix.rules import all_rules

    return any(rule.name == key for rule in all_rules())


def _options(path: str, rule: str, table: dict[str, Any]) -> dict[str, Any]:
    """The settings of one rule, of which its module declares the names and values in ``OPTIONS``."""
    import importlib

    module = importlib.import_module(f"slimfix.rules.{rule.replace('-', '_')}")
    known: Mapping[str, tuple[Any, ...]] = getattr(module, "OPTIONS", {})
    for key, value in table.items():
        if key not in known:
            raise ConfigError(path, f"unknown key: {rule}.{key}{_like(key, known)}")
        if value not in known[key]:
            values = ", ".join(str(v).lower() if isinstance(v, bool) else repr(v) for v in known[key])
            raise ConfigError(path, f"{rule}.{key} must be one of {values}")
    return table


def _like(key: str, known: Iterable[str]) -> str:
    """What *key* may have been meant for."""
    import difflib

    close = difflib.get_close_matches(key, tuple(known), 1)
    return f" (did you mean {close[0]}?)" if close else ""


def _typed(path: str, key: str, value: Any, kind: type, words: str) -> Any:
    if not isinstance(value, kind):
        raise ConfigError(path, f"{key} must be {words}")
    return value


def _strings(path: str, key: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigError(path, f"{key} must be a list of strings")
    return value
